"""
Leakage: the leads that were lost before they became opportunities, and what they were lost to.

While leads are open nobody knows the leakage.  What is known are its bounds, and the share among
those whose story has ended.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._metrics.frames import FrameLog
from leadlib._metrics.log import AnyStage, Log, StageLog
from leadlib._metrics.offers import plain
from leadlib._metrics.origin import Origin, origin_of_paths
from leadlib._metrics.paths import Paths
from leadlib._metrics.reading import read_paths
from leadlib._metrics.splits import Split, as_groups, split
from leadlib._metrics.tables import MISSING, LeadPaths, PathTable, Question, check_column
from leadlib._rates import Benchmark, Rate, whole_number
from leadlib._results import records
from leadlib.errors import InvalidValue

__all__ = ["Leakage", "leakage"]


def _as_causes(causes: Mapping[str, int]) -> Mapping[str, int]:
    return _fields.by_name(causes, whole_number)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Leakage(Split):
    """
    A number of leads in buckets: each lead is in one.

    Counted by :func:`leakage`, or given.

    Args:
        arrived: How many reached the goal.
        open: How many are still on the way.
        lost: How many ended elsewhere.
        ruled_out: How many were qualified out: they are no leak, and stay in the base.
        causes: To what the lost ones were lost, each to one cause, in your order; those that are in
            none are lost to nobody knows what.
        by: The label column of *groups*.
        groups: The leakage of each group; leads without a label are under the empty text.
        origin: What the numbers mean, and what they were read from; None if they were given.

    Raises:
        InvalidValue: Less than nothing, or more causes than losses.

    Example:
        >>> print(Leakage(arrived=230, open=150, lost=620, causes={"quality": 260, "cold": 360}))
        1,000 leads: 230 arrived, 150 open, 620 lost, 0 ruled out
        leakage       lost     of      rate     95 % interval
        ────────────  ────  ─────  ────────  ────────────────
        of resolved    620    850    72.9 %      [69.9, 75.8]
        open as lost   770  1,000  77.000 %  [74.291, 79.502]
        open as kept   620  1,000  62.000 %  [58.951, 64.957]
          quality      260    620    41.9 %      [38.1, 45.9]
          cold         360    620    58.1 %      [54.1, 61.9]
    """

    arrived: int = attrs.field(converter=whole_number)
    open: int = attrs.field(converter=whole_number)
    lost: int = attrs.field(converter=whole_number)
    ruled_out: int = attrs.field(default=0, converter=whole_number)
    causes: Mapping[str, int] = attrs.field(factory=dict, converter=_as_causes)
    by: str | None = None
    groups: Mapping[str, "Leakage"] = attrs.field(factory=dict, converter=as_groups, repr=False)
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        counts = (self.arrived, self.open, self.lost, self.ruled_out, *self.causes.values())
        if min(counts) < 0:
            raise InvalidValue(expected="numbers of leads from 0 on", got="less")
        explained = sum(self.causes.values())
        if explained > self.lost:
            expected = f"causes of at most {self.lost:,} losses"
            raise InvalidValue(expected=expected, got=f"{explained:,}", where="$.causes")

    @property
    def entered(self) -> int:
        """All leads: arrived, open, lost and ruled out."""
        return self.arrived + self.open + self.lost + self.ruled_out

    @property
    def of_resolved(self) -> Rate:
        """Lost of those whose story has ended: open leads kept apart."""
        return Rate(self.lost, self.entered - self.open)

    @property
    def open_as_lost(self) -> Rate:
        """The upper bound: as if every open lead would be lost, too."""
        return Rate(self.lost + self.open, self.entered)

    @property
    def open_as_kept(self) -> Rate:
        """The lower bound: as if no open lead would be lost."""
        return Rate(self.lost, self.entered)

    @property
    def shares(self) -> Mapping[str, Rate]:
        """Each cause, of all that were lost; those without one under the empty text."""
        unknown = self.lost - sum(self.causes.values())
        counts = {**self.causes, **({MISSING: unknown} if unknown else {})}
        return _fields.FrozenDict({cause: Rate(n, self.lost) for cause, n in counts.items()})

    def against(self, low: float = 0.4, high: float = 0.8) -> Benchmark:
        """
        Say where the leakage stands against a range, by what all three rates say of it.

        ``INCONCLUSIVE`` if they do not agree: then it hangs on what becomes of the open leads.

        Args:
            low: A share from 0 to 1.
            high: A share from *low* to 1.

        Raises:
            InvalidValue: No such range.

        Source:
            Seed 000: 40 to 80 % of the original leads are lost before they become opportunities.

        Example:
            >>> print(Leakage(arrived=230, open=150, lost=620).against())
            within
        """
        rates = (self.of_resolved, self.open_as_lost, self.open_as_kept)
        said = {rate.against(low, high) for rate in rates}
        return said.pop() if len(said) == 1 else Benchmark.INCONCLUSIVE

    @property
    def _rates(self) -> tuple[tuple[str, Rate], ...]:
        return (
            ("of resolved", self.of_resolved),
            ("open as lost", self.open_as_lost),
            ("open as kept", self.open_as_kept),
        )

    def _words(self) -> str:
        causes = ((f"  {cause or 'cause not known'}", rate) for cause, rate in self.shares.items())
        rows = [_cells(*row) for row in (*self._rates, *causes)]
        return f"{self._buckets}\n{_text.text_table(_HEAD, rows)}"

    @property
    def _buckets(self) -> str:
        return (
            f"{_text.plural(self.entered, 'lead')}: {self.arrived:,} arrived, {self.open:,} open, "
            f"{self.lost:,} lost, {self.ruled_out:,} ruled out"
        )

    def _rows(self) -> list[dict[str, Any]]:
        """One row for each rate, and one for each cause; without a cause it is not known."""
        rates = [*self._rates, *((cause or None, rate) for cause, rate in self.shares.items())]
        return records({"leakage": name, **plain(rate)} for name, rate in rates)

    def to_dict(self) -> dict[str, Any]:
        """The buckets, rates and causes as plain data."""
        return {
            "entered": self.entered,
            "arrived": self.arrived,
            "open": self.open,
            "lost": self.lost,
            "ruled_out": self.ruled_out,
            **{name.replace(" ", "_"): plain(rate) for name, rate in self._rates},
            "causes": {cause: plain(rate) for cause, rate in self.shares.items()},
            **self._said(),
        }


_HEAD = ("leakage", "lost", "of", "rate", "95 % interval")


def _cells(name: str, rate: Rate) -> tuple[str, ...]:
    return (name, f"{rate.k:,}", f"{rate.n:,}", rate.percent, rate.bounds)


_Causes = str | Mapping[str, str | None] | None


def leakage(
    log: Log,
    *,
    stages: Sequence[AnyStage],
    causes: _Causes = None,
    by: str | None = None,
    as_of: datetime | None = None,
    closed: Iterable[AnyStage] | None = None,
    ruled_out: Iterable[AnyStage] = (),
) -> Leakage:
    """
    Count the leads that were lost on the way to the last of *stages*, and to what.

    Args:
        log: The stage log.
        stages: The waterfall; :func:`funnel` shows for the same stages where they leaked.
        causes: A label column of the log, or the cause of each lead; exclusive by nature, so what
            comes first if several apply is yours to say.  The causes of leads that are not lost
            are not looked at.
        by: A label column of the log: one more result for each group with a lead on the way.
        as_of: The last visible instant; the last event unless given.
        closed: The stages outside the waterfall in which a story ends, as for :func:`funnel`.
        ruled_out: Those of them that are no leak, such as a stage for leads that were qualified
            out.

    Returns:
        Every lead of the funnel in one bucket; the causes of a column in alphabetical order, those
        of a mapping in the order in which it first names them.

    Raises:
        UnknownName: A stage or the column is not in the log.
        InvalidValue: No stages, one of them twice, or a cause that is no text.

    Source:
        Seed 000: the funnel leaks along its sides.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.metrics import StageLog
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> log = StageLog.from_rows([
        ...     ("a", "inquiry", day(2)), ("b", "inquiry", day(2)), ("c", "inquiry", day(2)),
        ...     ("a", "opportunity", day(4)), ("c", "lost", day(5))])
        >>> leaks = leakage(log, stages=["inquiry", "opportunity"], causes={"c": "went cold"})
        >>> print(leaks.of_resolved, leaks.causes)
        50.0 % [9.5, 90.5] {'went cold': 1}
    """
    column = causes if isinstance(causes, str) else None
    if causes is not None and column is None:
        _fields.check_type(causes, Mapping, "causes")
    check_column(log, column)
    check_column(log, by)
    question = Question.of(log, stages, as_of=as_of, closed=closed)
    paths = _by_name(log, question) if isinstance(causes, Mapping) else read_paths(log, question)
    out = {*log.named(ruled_out)}
    return split(paths, by, lambda own: _leakage(log, own, causes, out))


def _leakage(log: Log, paths: LeadPaths, causes: _Causes, out: Collection[str]) -> Leakage:
    column = causes if isinstance(causes, str) else None
    whole, groups = paths.tables(column, times=False)
    if isinstance(causes, Mapping) and isinstance(paths, Paths):
        found = _by_lead(paths, causes, out)
    else:
        lost = {name: _fates(paths, groups[name], out)["lost"] for name in sorted(groups)}
        found = {name: leads for name, leads in lost.items() if leads and name != MISSING}
    kind = causes if isinstance(causes, str) or causes is None else "given"
    origin = origin_of_paths(log, paths, "leakage", ruled_out=sorted(out), causes=kind)
    fates = _fates(paths, whole, out)
    return Leakage(
        arrived=fates["arrived"],
        open=fates["open"],
        lost=fates["lost"],
        ruled_out=fates["ruled_out"],
        causes=found,
        origin=origin,
    )


def _fates(paths: LeadPaths, table: PathTable, out: Collection[str]) -> dict[str, int]:
    """How many of a group arrived, are open, were lost, or were ruled out."""
    fates = dict.fromkeys(("arrived", "open", "lost", "ruled_out"), 0)
    for (furthest, now), leads in table.stopped.items():
        fates[_fate(paths, furthest, now, out)] += leads
    return fates


def _fate(paths: LeadPaths, furthest: int, now: str, out: Collection[str]) -> str:
    if furthest == paths.question.goal:
        return "arrived"
    if now in out:
        return "ruled_out"
    return "lost" if now in paths.closed else "open"


def _by_name(log: Log, question: Question) -> Paths:
    """The paths of leads whose names are known."""
    here = log.here if isinstance(log, FrameLog) else log
    if not isinstance(here, StageLog):
        expected = "a column of causes, or a log in Python: log.collect()"
        raise InvalidValue(expected=expected, got="causes by lead", where="causes")
    return Paths.read(here, question)


def _by_lead(
    paths: Paths, causes: Mapping[str, str | None], out: Collection[str]
) -> Mapping[str, int]:
    """How many of the lost ones were lost to each cause that is named for a lead."""
    lost = {
        paths.log.leads[lead]
        for lead, reach in paths.reach.items()
        if _fate(paths, reach, paths.now(lead), out) == "lost"
    }
    known = (causes[lead] for lead in causes if lead in lost)
    return Counter(_fields.identifier(cause) for cause in known if not _text.is_missing(cause))
