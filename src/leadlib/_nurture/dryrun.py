"""The dry run: who of a segment would get what when, and how much that is on a day."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._nurture.bulk import Instants, instants_of
from leadlib._nurture.drawing import per_day
from leadlib._nurture.enrolment import Enrolment, checked
from leadlib._nurture.given import as_events, given_records, laws_of, survivors_of
from leadlib._nurture.laws import Subscriber, as_subscriber
from leadlib._nurture.plan import Plan
from leadlib._nurture.policy import ContactPolicy, as_zone
from leadlib._nurture.together import plan_together
from leadlib._nurture.touches import SentTouch, TouchReason, TouchState
from leadlib.errors import UnknownName
from leadlib.lifecycle import LeadEvent
from leadlib.model import ConsentRecord

__all__ = ["DryRun", "dry_run"]

_Past = Mapping[str, tuple[Any, ...]]
_SHOWN = 31  # days of the table


@attrs.frozen(kw_only=True)
class DryRun:
    """
    The plans of many leads; made by :func:`dry_run`.

    Args:
        zone: In which days are counted.
        stopped: How many touches are held or cancelled, by their reason.
        instants: When the touches of each lead are to go out, in microseconds since 1970.
    """

    zone: tzinfo
    stopped: Mapping[TouchReason, int] = attrs.field(hash=False)
    instants: Sequence[Instants] = attrs.field(repr=False, hash=False)
    _single: Mapping[str, Enrolment] = attrs.field(repr=False, hash=False)
    _several: Mapping[str, Sequence[Enrolment]] = attrs.field(repr=False, hash=False)
    _policy: ContactPolicy | None = attrs.field(repr=False)
    _survivors: Mapping[str, str] = attrs.field(repr=False, hash=False)
    _history: _Past = attrs.field(repr=False, hash=False)
    _sent: _Past = attrs.field(repr=False, hash=False)
    _consents: Mapping[str, Sequence[ConsentRecord]] | None = attrs.field(repr=False, hash=False)
    _subscribers: Mapping[str, Subscriber] = attrs.field(repr=False, hash=False)
    _now: datetime | None = attrs.field(repr=False)
    _until: datetime | None = attrs.field(repr=False)

    def __iter__(self) -> Iterator[str]:
        """The ids of the leads, in the order of *instants*."""
        return iter(self._single)

    @property
    def leads(self) -> int:
        """How many leads there are."""
        return len(self._single)

    @property
    def planned(self) -> int:
        """How many touches are to go out."""
        return sum(map(len, self.instants))

    @property
    def per_day(self) -> Mapping[date, int]:
        """How many touches are planned for each day, in order."""
        days: Counter[date] = Counter()
        for instants, leads in Counter(self.instants).items():
            for at in instants:
                days[_instants.from_micros(at).astimezone(self.zone).date()] += leads
        return _fields.FrozenDict(dict(sorted(days.items())))

    @property
    def busiest(self) -> date | None:
        """The first of the days with the most touches."""
        days = self.per_day
        return max(days, key=lambda day: days[day], default=None)

    def plan(self, lead: str) -> Plan:
        """
        The plan of one lead, with the reasons.

        Raises:
            UnknownName: No such lead is among them.
        """
        if lead not in self._single:
            raise UnknownName(expected="a lead of the dry run", got="another", where="lead")
        person = self._survivors.get(lead, lead)
        return plan_together(
            self._several.get(lead, (self._single[lead],)),
            policy=self._policy,
            history=self._history.get(person, ()),
            sent=self._sent.get(person, ()),
            consents=None if self._consents is None else self._consents.get(lead, ()),
            subscriber=self._subscribers.get(lead, Subscriber.UNKNOWN),
            now=self._now,
            until=self._until,
        )

    def is_known(self, lead: str) -> bool:
        """Whether anything has happened to a lead, or it is in several cadences."""
        person = self._survivors.get(lead, lead)
        return person in self._history or person in self._sent or lead in self._several

    def plans(self) -> Iterator[Plan]:
        """The plan of each lead, made when it is asked for."""
        return map(self.plan, self)

    def __str__(self) -> str:
        days = [*self.per_day.items()]
        rows = [(f"{day:%Y-%m-%d}", f"{count:,}") for day, count in days[:_SHOWN]]
        table = _text.text_table((f"day ({self.zone})", "touches"), rows)
        touches = f"{self.planned:,} touch{'' if self.planned == 1 else 'es'}"
        total = f"{_text.plural(self.leads, 'lead')}, {touches}"
        more = f"and {len(days) - _SHOWN:,} more days\n" if len(days) > _SHOWN else ""
        stopped = "".join(f"\n{reason}: {count:,}" for reason, count in self.stopped.items())
        return f"{table}\n{more}{total}{stopped}"

    def _repr_html_(self) -> str:
        return self.picture()

    def picture(self) -> str:
        """Draw how much it is on each day, as a small static SVG."""
        return per_day(self.per_day)

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data, without any lead."""
        return {
            "leads": self.leads,
            "planned": self.planned,
            "per_day": {day.isoformat(): count for day, count in self.per_day.items()},
            "stopped": {reason.name.lower(): count for reason, count in self.stopped.items()},
        }


def dry_run(
    enrolments: Iterable[Enrolment],
    *,
    policy: ContactPolicy | None = None,
    history: Iterable[LeadEvent] = (),
    sent: Iterable[SentTouch] = (),
    consents: Mapping[str, Sequence[ConsentRecord]] | None = None,
    subscribers: Mapping[str, Subscriber | str] | None = None,
    now: datetime | None = None,
    until: datetime | None = None,
    zone: tzinfo | str = UTC,
) -> DryRun:
    """
    Plan a whole segment, and send nothing.

    Args:
        enrolments: Of many leads; those of one lead are planned together.
        policy: At which hours and how often anybody is contacted.
        history: The events of all of them, in any order.
        sent: What they got.
        consents: What each of them allowed and refused, by the id of the lead.
        subscribers: Who has the address, for the laws, by the id of the lead; others are unknown.
        now: What should have gone out before goes out from now on.
        until: Where the plans end.
        zone: In which days are counted.

    Returns:
        How much it would be on each day, and the plan of each lead for those who ask.

    Example:
        >>> from datetime import UTC, datetime
        >>> from dateutil.relativedelta import relativedelta
        >>> from leadlib import Cadence, Inquiry, Step, consolidate
        >>> monday = datetime(2026, 3, 2, 9, tzinfo=UTC)
        >>> leads = consolidate(
        ...     Inquiry(id=f"i-{n}", at=monday, source="web", mail=f"{n}@example.com")
        ...     for n in range(3))
        >>> welcome = Cadence("welcome", steps=[
        ...     Step(send="thank-you", after=relativedelta()),
        ...     Step(send="case study", after=relativedelta(days=5)),
        ... ])
        >>> print(dry_run(Enrolment(lead=lead, cadence=welcome, at=monday) for lead in leads))
        day (UTC)   touches
        ──────────  ───────
        2026-03-02        3
        2026-03-09        3
        3 leads, 6 touches
    """
    laws_of(policy)  # which checks it
    records = None if consents is None else _by_person(consents)
    single, several = _grouped(checked(enrolments))
    events = as_events(history)
    survivors = survivors_of(events)
    run = DryRun(
        zone=as_zone(zone),
        stopped={},
        instants=(),
        single=single,
        several=several,
        policy=policy,
        survivors=survivors,
        history=_by_lead(events, survivors),
        sent=_by_lead(_fields.all_of(SentTouch, sent, "sent touches", "sent"), survivors),
        consents=records,
        subscribers=_by_kind(subscribers),
        now=now,
        until=until,
    )
    is_plain = now is None and until is None and consents is None
    found = instants_of([*single.values()], policy) if is_plain else [None] * len(single)
    return _counted(run, found)


def _by_person(consents: Any) -> Mapping[str, Sequence[ConsentRecord]]:
    """Of whom nothing is on record, there is no record: that is no permission."""
    _fields.check_type(consents, Mapping, "consents")
    return _fields.by_name(consents, given_records)


def _by_kind(subscribers: Any) -> Mapping[str, Subscriber]:
    if subscribers is None:
        return {}
    _fields.check_type(subscribers, Mapping, "subscribers")
    return _fields.by_name(subscribers, as_subscriber)


def _counted(run: DryRun, found: Iterable[Instants | None]) -> DryRun:
    """With the instants that are known already, and the plans of all others."""
    stopped: Counter[TouchReason] = Counter()
    instants: list[Instants] = []
    for lead, own in zip(run, found, strict=True):
        if own is not None and not run.is_known(lead):
            instants.append(own)
            continue
        plan = run.plan(lead)
        instants.append(tuple(_instants.micros(touch.at) for touch in plan.planned))
        stopped.update(_stops(plan))
    return attrs.evolve(run, stopped=_fields.FrozenDict(stopped), instants=instants)


def _grouped(
    enrolments: Sequence[Enrolment],
) -> tuple[dict[str, Enrolment], dict[str, list[Enrolment]]]:
    """By lead: one each, and all of those who have several."""
    single = {each.lead.id: each for each in enrolments}
    several: dict[str, list[Enrolment]] = {}
    if len(single) < len(enrolments):
        counts = Counter(each.lead.id for each in enrolments)
        for each in enrolments:
            if counts[each.lead.id] > 1:
                several.setdefault(each.lead.id, []).append(each)
    return single, several


def _stops(plan: Plan) -> Iterator[TouchReason]:
    for touch in plan:
        if touch.state in {TouchState.HELD, TouchState.CANCELLED}:
            yield from touch.reasons[:1]


def _by_lead(values: Iterable[Any], survivors: Mapping[str, str]) -> dict[str, tuple[Any, ...]]:
    """By the lead that goes on after all merges."""
    grouped: dict[str, list[Any]] = defaultdict(list)
    for value in values:
        grouped[survivors.get(value.lead, value.lead)].append(value)
    return {lead: tuple(own) for lead, own in grouped.items()}
