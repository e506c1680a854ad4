"""
Cohorts: leads by the month they came in, followed to one goal.

Two artefacts make trends lie, and both are named here: leads of young cohorts are still open, and
a log that began to record the goal later than the entries makes its first cohorts look bad (left
truncation).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from math import exp, log1p
from typing import Any

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _fields, _instants, _text
from leadlib._metrics import pictures
from leadlib._metrics.conversion import Conversion
from leadlib._metrics.log import AnyStage, Log
from leadlib._metrics.origin import Origin, origin_of_paths
from leadlib._metrics.reading import read_paths
from leadlib._metrics.splits import Split, as_groups, split
from leadlib._metrics.tables import DAY, Journeys, LeadPaths, Question, check_column
from leadlib._rates import Rate
from leadlib.errors import InvalidValue, UnknownName

__all__ = ["Cohort", "Cohorts", "cohorts", "month_begins", "month_of", "months_between"]

_UNBELIEVABLE = 0.001  # a silence this improbable is a gap in the record, not bad luck
_ENOUGH = 20  # arrivals; with fewer the pace of the later leads is itself a guess
_TINY = 1e-5
_MONTH = relativedelta(months=1)


@attrs.frozen(kw_only=True)
class Cohort:
    """
    The leads that came in during one month.

    Args:
        month: Its first day.
        entered: How many leads.
        reached: How many of them are known to have reached the goal.
        left: How many ended elsewhere.
        open: How many are still on the way.
        is_truncated: Whether the month began before the goal was recorded at all.
        is_young: Whether its leads had less time than nine of ten arrivals took.
    """

    month: date
    entered: int
    reached: int
    left: int
    open: int
    is_truncated: bool
    is_young: bool

    @property
    def rate(self) -> Rate | None:
        """Reached of entered: a lower bound while leads are open; None if not on record."""
        return None if self.is_truncated else Rate(self.reached, self.entered)

    @property
    def share(self) -> str:
        """The rate for people: ``≥`` before that of a young cohort."""
        if self.rate is None:
            return "not on record"
        return f"≥ {self.rate.percent}" if self.is_young else self.rate.percent

    def to_dict(self) -> dict[str, Any]:
        """The cohort as plain data; a truncated one has no rate."""
        rate = self.rate or Rate(0, 0)
        return {
            "month": f"{self.month:%Y-%m}",
            "entered": self.entered,
            "reached": self.reached,
            "left": self.left,
            "open": self.open,
            "rate": rate.value,
            "interval": list(rate.interval) if rate.interval else None,
            "left_truncated": self.is_truncated,
            "young": self.is_young,
        }


@attrs.frozen(kw_only=True)
class Cohorts(Split):
    """
    Cohorts by month, first month first; prints as a table with the notes a reader needs.

    Args:
        goal: The stage they are followed to.
        months: One cohort for each month in which leads came in.
        recorded_since: When the goal was first recorded, if the silence before is unbelievable.
        silence: The probability that nobody reached the goal before its first record, if earlier
            leads had done as later ones do; None if there is nothing to compare.
        ripe_days: The time within which nine of ten arrivals came; None if nobody has arrived.
        by: The label column of *groups*.
        groups: The cohorts of each group; leads without a label are under the empty text.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "months"

    goal: str
    months: tuple[Cohort, ...]
    recorded_since: datetime | None
    silence: float | None
    ripe_days: float | None
    by: str | None = None
    groups: Mapping[str, "Cohorts"] = attrs.field(factory=dict, converter=as_groups, repr=False)
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    def _words(self) -> str:
        head = ("month", "entered", self.goal, "left", "open", "rate", "95 % interval")
        return "\n".join([_text.text_table(head, [_cells(c) for c in self.months]), *self.notes])

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before comparing the months."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        if self.recorded_since is not None:
            yield (
                f"No {self.goal!r} is on record before {self.recorded_since:%Y-%m-%d}, although "
                f"earlier leads should have got there by then (chance {_chance(self.silence)}): "
                "months that began before have no rate. "
                "This is where the record starts, not a drop."
            )
        if any(month.is_young for month in self.months):
            took = "nobody has arrived yet"
            if self.ripe_days is not None:
                took = f"nine of ten arrivals took up to {self.ripe_days:,.1f} days"
            yield (
                f"≥ marks young months: {took}, and these leads have not had that long. "
                "They are open, not lost."
            )

    def conversion(self, month: date) -> Conversion:
        """
        One month as a conversion that carries its definition, so that :func:`compare` can check it.

        Args:
            month: Any day of it.

        Raises:
            UnknownName: Nobody came in during that month.
            InvalidValue: The month began before the goal was recorded: it has no rate.
        """
        _fields.check_type(month, date, "month")
        own = {(cohort.month.year, cohort.month.month): cohort for cohort in self.months}
        cohort = own.get((month.year, month.month))
        if cohort is None:
            legal = [f"{known.month:%Y-%m}" for known in self.months]
            raise UnknownName(expected="a month", got=f"'{month:%Y-%m}'", legal=legal)
        if cohort.is_truncated:
            got = "one that began before the goal was recorded"
            raise InvalidValue(expected="a month on record", got=got, where="month")
        return Conversion(
            start="entry",
            goal=self.goal,
            entered=cohort.entered,
            arrived=cohort.reached,
            left=cohort.left,
            is_young=cohort.is_young,
            origin=self.origin,
        )

    def _picture(self) -> str:
        rows = [(f"{cohort.month:%Y-%m}", _shares(cohort)) for cohort in self.months]
        title = f"Of the leads of each month, to {self.goal}"
        return pictures.heat(title, rows, columns=(self.goal, "open", "left"))

    def _remarks(self) -> tuple[str, ...]:
        return self.notes

    def to_dict(self) -> dict[str, Any]:
        """The cohorts as plain data."""
        since = self.recorded_since
        return {
            "goal": self.goal,
            "months": [cohort.to_dict() for cohort in self.months],
            "recorded_since": since.isoformat() if since else None,
            "silence": self.silence,
            "ripe_days": self.ripe_days,
            **self._said(),
        }


def _shares(cohort: Cohort) -> tuple[float | None, ...]:
    if cohort.is_truncated:
        return (None, None, None)
    counts = (cohort.reached, cohort.open, cohort.left)
    return tuple(count / cohort.entered for count in counts)


def _chance(silence: float | None) -> str:
    return "below 0.001 %" if silence is None or silence < _TINY else f"{100 * silence:.3f} %"


def _cells(cohort: Cohort) -> tuple[str, ...]:
    counts = [f"{n:,}" for n in (cohort.entered, cohort.reached, cohort.left, cohort.open)]
    rate = cohort.rate or Rate(0, 0)
    return (f"{cohort.month:%Y-%m}", *counts, cohort.share, rate.bounds)


def cohorts(
    log: Log,
    *,
    stages: Sequence[AnyStage],
    by: str | None = None,
    as_of: datetime | None = None,
    closed: Iterable[AnyStage] | None = None,
    zone: tzinfo = UTC,
) -> Cohorts:
    """
    Follow leads by the month of their entry to the last of *stages*.

    Args:
        log: The stage log.
        stages: The waterfall; a lead enters with the first of them it has a date for.
        by: A label column of the log: one more result for each group with a lead on the way.
        as_of: The last visible instant; the last event unless given.
        closed: The stages in which a story ends, as for :func:`funnel`.
        zone: Where months begin.

    Returns:
        The cohorts; they add up to the leads of the funnel over the same stages.  Whether the first
        months are truncated is tested: if leads from before the first record of the goal had done
        as those after it do (Kaplan-Meier), how probable is it that none got there before?  Below
        one in a thousand the record is taken to begin there.  With fewer than 20 arrivals after the
        first nothing is said: the pace is not known well enough.

    Raises:
        UnknownName: A stage or column is not in the log.
        InvalidValue: No stages, or one of them twice.

    Source:
        Left truncation: Putter, Fiocco, Geskus, Statist. Med. 26 (2007) 2389.
    """
    _fields.check_type(zone, tzinfo, "zone")
    check_column(log, by)
    paths = read_paths(log, Question.of(log, stages, as_of=as_of, closed=closed))
    return split(paths, by, lambda own: cohorts_of(log, own, zone))


def cohorts_of(log: Log, paths: LeadPaths, zone: tzinfo) -> Cohorts:
    """The cohorts of leads that were read."""
    firsts = months_between(paths.span(), zone)
    found = paths.journeys([month_begins(month, zone) for month in firsts])
    silence = _silence(found)
    since = found.since if silence is not None and silence < _UNBELIEVABLE else None
    return Cohorts(
        goal=paths.question.waterfall[-1],
        months=tuple(_months(paths.question.cut, found, firsts, zone, since)),
        recorded_since=None if since is None else _instants.from_micros(since),
        silence=silence,
        ripe_days=None if found.ripe is None else found.ripe / DAY,
        origin=origin_of_paths(log, paths, "cohorts", zone=str(zone)),
    )


def _months(
    cut: int, found: Journeys, firsts: Sequence[date], zone: tzinfo, since: int | None
) -> Iterator[Cohort]:
    for place, month in enumerate(firsts):
        begins, ends = month_begins(month, zone), month_begins(month + _MONTH, zone)
        reached = sum(found.fates.get((place, True, ended), 0) for ended in (True, False))
        left = found.fates.get((place, False, True), 0)
        still = found.fates.get((place, False, False), 0)
        if reached + left + still:
            yield Cohort(
                month=month,
                entered=reached + left + still,
                reached=reached,
                left=left,
                open=still,
                is_truncated=since is not None and begins < since,
                is_young=bool(still) and (found.ripe is None or ends + found.ripe > cut),
            )


def months_between(span: tuple[int, int] | None, zone: tzinfo) -> list[date]:
    """The first days of all months that a span of time touches."""
    if span is None:
        return []
    month, last = (month_of(at, zone) for at in span)
    months = [month]
    while months[-1] < last:
        months.append(months[-1] + _MONTH)
    return months


def month_of(at: int, zone: tzinfo) -> date:
    """The first day of the month that an instant lies in."""
    local = _instants.from_micros(at).astimezone(zone)
    return date(local.year, local.month, 1)


def month_begins(month: date, zone: tzinfo) -> int:
    """The instant at which a month begins, by its first day."""
    midnight = datetime(month.year, month.month, 1)  # noqa: DTZ001  # placed in its zone below
    return _instants.micros(_instants.placed(midnight, zone))


def _silence(found: Journeys) -> float | None:
    """How probable it is that nobody had arrived before the first record, if that can be said."""
    arrivals = sum(count for (_, arrived), count in found.late.items() if arrived)
    enough = arrivals >= _ENOUGH
    return _none_arrived(found.early, found.late) if found.early and enough else None


def _none_arrived(ages: Mapping[int, int], known: Mapping[tuple[int, bool], int]) -> float:
    """
    The chance that none of leads of these ages has arrived, at the pace of those known.

    The product over the ages of the survival just before each, in logarithms.  Each factor of the
    Kaplan-Meier product is taken with one more lead at risk, so that no finite sample says never.
    """
    at_risk, log_survival, total = sum(known.values()), 0.0, 0.0
    later = sorted({time for time, _ in known}, reverse=True)
    for age in sorted(ages):
        while later and later[-1] < age:
            time = later.pop()
            # Of one hour arrivals come first: who is censored then was still at risk.
            for _ in range(known.get((time, True), 0)):
                log_survival += log1p(-1 / (at_risk + 1))
                at_risk -= 1
            at_risk -= known.get((time, False), 0)
        total += ages[age] * log_survival
    return exp(total)
