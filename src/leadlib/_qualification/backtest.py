"""
A definition tried on history: what it would have handed off, turned down and missed.

Each past lead is judged by what was known at its instant, and set against how it ended.  Open leads
have not ended: they are counted beside the rates and never in them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from html import escape
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._qualification.definition import LeadDefinition
from leadlib._qualification.past import (
    Ends,
    JudgedLead,
    PastLead,
    assessed,
    fingerprint_of,
    in_order,
)
from leadlib._qualification.verdict import Assessment, Outcome
from leadlib._rates import Comparison, Rate, compare, whole_number
from leadlib.errors import InvalidValue

__all__ = ["BackTest", "Workload", "back_test", "rate_to_dict"]

_WEEK = timedelta(days=7)


def _as_weeks(weeks: Mapping[date, int]) -> "_fields.FrozenDict[date, int]":
    return _fields.FrozenDict(weeks)


@attrs.frozen(kw_only=True)
class Workload:
    """
    How many leads would have been handed off each week, against what sales can touch.

    Args:
        weeks: The Monday of each week to its hand-offs, from the first past lead to the last; weeks
            without any count, and the two at the ends may be cut.
        capacity: Leads that sales can touch in a week; None if nobody said.

    Example:
        >>> march = [date(2026, 3, day) for day in (2, 9, 16)]
        >>> work = Workload(weeks=dict(zip(march, [12, 20, 11])), capacity=13)
        >>> print(work)
        14.3 hand-offs a week over 3 weeks, 20 in the busiest (2026-W11); 1 week above 13, \
overload 4
    """

    weeks: Mapping[date, int] = attrs.field(converter=_as_weeks, hash=False)
    capacity: int | None = None

    @property
    def supply(self) -> int:
        """All hand-offs."""
        return sum(self.weeks.values())

    @property
    def mean(self) -> float | None:
        """Hand-offs a week; None without a week."""
        return self.supply / len(self.weeks) if self.weeks else None

    @property
    def highest(self) -> int:
        """The hand-offs of the busiest week."""
        return max(self.weeks.values(), default=0)

    @property
    def busiest(self) -> date | None:
        """The Monday of the busiest week, the first of several; None without a week."""
        return max(self.weeks, key=self.weeks.__getitem__, default=None)

    @property
    def above(self) -> tuple[date, ...]:
        """The weeks with more than sales can touch; none without a capacity."""
        most = self.highest if self.capacity is None else self.capacity
        return tuple(monday for monday, count in self.weeks.items() if count > most)

    @property
    def overload(self) -> int | None:
        """Hand-offs beyond what sales can touch in all weeks together; None without a capacity."""
        if self.capacity is None:
            return None
        return max(self.supply - self.capacity * len(self.weeks), 0)

    def __str__(self) -> str:
        if self.mean is None or self.busiest is None:
            return "-"
        text = f"{self.mean:,.1f} hand-offs a week over {_text.plural(len(self.weeks), 'week')}"
        text += f", {self.highest:,} in the busiest ({_iso_week(self.busiest)})"
        if self.capacity is None:
            return text
        above = _text.plural(len(self.above), "week")
        return f"{text}; {above} above {self.capacity:,}, overload {self.overload:,}"

    def to_dict(self) -> dict[str, Any]:
        """The weeks and what they add up to, as plain data."""
        return {
            "weeks": {_iso_week(monday): count for monday, count in self.weeks.items()},
            "capacity": self.capacity,
            "mean": self.mean,
            "highest": self.highest,
            "above": [_iso_week(monday) for monday in self.above],
            "overload": self.overload,
        }


def _iso_week(monday: date) -> str:
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


@attrs.frozen(kw_only=True, repr=False, slots=False)
class BackTest:
    """
    What a definition would have done with a history; made by :func:`back_test`.

    Only *qualified* is handed off.  Undecided is not no: such leads count neither as handed off nor
    as turned down, and stand in a row of their own.

    Args:
        definition: What judged.
        judged: One for each past lead, by id; no facts.
        only_won: What was known of won leads only.  That often means that it was written down after
            the win, and then the history knows the answer beforehand.
        fingerprint: SHA-256 over the past leads, whatever their order and whatever judged them;
            equal history, equal fingerprint.
        capacity: Hand-offs that sales can touch in a week, if given.
        zone: Whose weeks are counted.
    """

    definition: LeadDefinition
    judged: tuple[JudgedLead, ...]
    only_won: tuple[str, ...]
    fingerprint: str
    capacity: int | None = None
    zone: tzinfo = UTC

    # -- how they ended --

    @cached_property
    def ends(self) -> Mapping[Outcome, Ends]:
        """How the leads of each verdict ended."""
        return _fields.FrozenDict(
            {o: Ends.of(lead for lead in self.judged if lead.outcome is o) for o in Outcome}
        )

    @cached_property
    def all(self) -> Ends:
        """How all leads ended; the rate to beat is ``all.rate``."""
        return Ends.of(self.judged)

    @property
    def qualified(self) -> Ends:
        """Those that would have been handed off."""
        return self.ends[Outcome.QUALIFIED]

    @property
    def undecided(self) -> Ends:
        """Those of whom too little was known: neither handed off nor turned down."""
        return self.ends[Outcome.UNDECIDED]

    @cached_property
    def turned_down(self) -> Ends:
        """Those judged not qualified, or disqualified."""
        return Ends.of(lead for lead in self.judged if lead.outcome in _NO)

    # -- how good it is --

    @property
    def precision(self) -> Rate:
        """The won of those that it would have handed off and that are closed."""
        return self.qualified.rate

    @property
    def recall(self) -> Rate:
        """Those that it would have handed off, of all that were won."""
        return Rate(self.qualified.won, self.all.won)

    @property
    def against_the_rest(self) -> Comparison:
        """The win rate of the qualified against that of all others: whether it tells them apart."""
        rest = Rate(self.all.won - self.qualified.won, self.all.closed - self.qualified.closed)
        return compare(self.precision, rest)

    @property
    def false_outs(self) -> tuple[str, ...]:
        """The leads that it would have turned down and that were won, by id (004-29)."""
        return tuple(lead.id for lead in self.judged if lead.won and lead.outcome in _NO)

    # -- what it asks of sales --

    @cached_property
    def a_week(self) -> Workload:
        """The hand-offs of each week, leads without an instant left out."""
        dated = [(_monday(j.at, self.zone), j.outcome) for j in self.judged if j.at is not None]
        counts = Counter(monday for monday, outcome in dated if outcome is Outcome.QUALIFIED)
        mondays = [monday for monday, _ in dated]
        weeks = {monday: counts[monday] for monday in _weeks(mondays)}
        return Workload(weeks=weeks, capacity=self.capacity)

    # -- what to mind, and how it prints --

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the figures must mind."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        if self.judged and all(lead.outcome is Outcome.UNDECIDED for lead in self.judged):
            yield "Nobody could be judged: do the past leads have the fields of the definition?"
        if self.all.won and not self.all.lost:
            yield "No past lead was lost: the precision says nothing."
        for key in self.only_won:
            yield f"Only won leads have {key!r}: was it known before they were won?"
        undated = sum(lead.at is None for lead in self.judged)
        if undated:
            yield f"Nobody knows when {_text.plural(undated, 'lead')} came: they are in no week."

    def __repr__(self) -> str:
        count = _text.plural(len(self.judged), "past lead")
        return f"<BackTest of {self.definition.title} on {count}>"

    def __str__(self) -> str:
        lines = [
            f"precision: {self.precision}, against {self.all.rate} of all",
            f"recall: {self.recall}",
            f"turned down and won: {_text.plural(self.turned_down.won, 'lead')}",
            f"workload: {self.a_week}",
            *self.notes,
        ]
        table = _text.text_table(_HEAD, self._rows())
        return "\n".join([repr(self)[1:-1], "", table, "", *lines])

    def _rows(self) -> list[tuple[str, ...]]:
        named = [*self.ends.items(), ("all", self.all)]
        return [
            (name, f"{e.leads:,}", f"{e.won:,}", f"{e.lost:,}", f"{e.open:,}", str(e.rate))
            for name, e in named
        ]

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data; ids, and no facts."""
        return {
            "definition": self.definition.title,
            "content_hash": self.definition.content_hash,
            "fingerprint": self.fingerprint,
            "ends": {o.value: attrs.asdict(ends) for o, ends in self.ends.items()},
            "precision": rate_to_dict(self.precision),
            "recall": rate_to_dict(self.recall),
            "win_rate": rate_to_dict(self.all.rate),
            "false_outs": list(self.false_outs),
            "only_won": list(self.only_won),
            "a_week": self.a_week.to_dict(),
            "notes": list(self.notes),
        }


_NO = (Outcome.NOT_QUALIFIED, Outcome.DISQUALIFIED)
_HEAD = ("verdict", "leads", "won", "lost", "open", "won of closed")


def rate_to_dict(rate: Rate) -> dict[str, Any]:
    """A rate as plain data, with its count, its base and its interval."""
    interval = list(rate.interval) if rate.interval else None
    return {"k": rate.k, "n": rate.n, "rate": rate.value, "interval": interval}


def _monday(at: datetime, zone: tzinfo) -> date:
    day = at.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def _weeks(mondays: list[date]) -> Iterator[date]:
    """Every week from the first to the last."""
    if mondays:
        monday, last = min(mondays), max(mondays)
        while monday <= last:
            yield monday
            monday += _WEEK


def back_test(
    definition: LeadDefinition,
    past: Iterable[PastLead],
    *,
    capacity: int | None = None,
    zone: tzinfo = UTC,
) -> BackTest:
    """
    Try a definition on history.

    Args:
        definition: Signed or not.
        past: The leads of the past in any order, open ones included; each once.
        capacity: Leads that sales can touch in a week.
        zone: Whose weeks are counted.

    Returns:
        Counts, precision, recall and workload, which print as a table.

    Raises:
        InvalidValue: A past lead has no instant although the definition depends on it, or the
            capacity is no whole number from 0 on.
        ConflictError: Two past leads have one id.

    Example:
        >>> from leadlib import Field
        >>> history = [
        ...     PastLead(id="a", values={"staff": 60}, won=True),
        ...     PastLead(id="b", values={"staff": 70}, won=False),
        ...     PastLead(id="c", values={"staff": 80}, won=None),
        ...     PastLead(id="d", values={"staff": 20}, won=True),
        ... ]
        >>> tried = back_test(LeadDefinition("d", Field("staff", int) >= 50), history)
        >>> print(tried.precision.k, tried.precision.n, tried.qualified.open, tried.false_outs)
        1 2 1 ('d',)
    """
    _fields.check_type(definition, LeadDefinition, "definition")
    _fields.check_type(zone, tzinfo, "zone")
    leads = in_order(past)
    assessments = [*assessed(definition, leads)]
    pairs = zip(leads, assessments, strict=True)
    judged = [JudgedLead(id=p.id, outcome=a.outcome, won=p.won, at=p.at) for p, a in pairs]
    return BackTest(
        definition=definition,
        judged=tuple(judged),
        only_won=_only_won(leads, assessments),
        fingerprint=fingerprint_of(leads),
        capacity=None if capacity is None else _as_capacity(capacity),
        zone=zone,
    )


def _as_capacity(value: object) -> int:
    capacity = whole_number(value)
    if capacity < 0:
        got = "a negative one"
        raise InvalidValue(expected="a number from 0 on", got=got, where="capacity")
    return capacity


def _only_won(leads: tuple[PastLead, ...], assessments: list[Assessment]) -> tuple[str, ...]:
    """What some won leads have, and not one of the others."""
    unknown: Counter[tuple[bool, str]] = Counter()
    for lead, assessment in zip(leads, assessments, strict=True):
        unknown.update((lead.won is True, key) for key in assessment.unknown)
    won = sum(lead.won is True for lead in leads)
    others = len(leads) - won
    keys = dict.fromkeys(key for _, key in unknown)
    found = (k for k in keys if unknown[False, k] == others > 0 and unknown[True, k] < won)
    return tuple(sorted(found))
