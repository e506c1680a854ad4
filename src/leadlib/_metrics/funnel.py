"""
The funnel: how many reached each stage, went on, left, or are still on the way.

Whatever counts as having reached a stage (:class:`Counting`), who reached one has reached the
earlier ones, so that ``reached = advanced + left + open`` holds at every stage and ``advanced`` is
what the next stage reached.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import attrs

from leadlib import _instants, _text
from leadlib._markup import html_table
from leadlib._metrics import pictures
from leadlib._metrics.conversion import Conversion
from leadlib._metrics.counting import Counting
from leadlib._metrics.log import AnyStage, Log, stage_names
from leadlib._metrics.origin import Defines, Origin
from leadlib._metrics.reading import read_paths
from leadlib._metrics.splits import as_groups, by_label
from leadlib._metrics.tables import (
    DAY,
    NO_LABEL,
    LeadPaths,
    PathTable,
    Question,
    check_column,
)
from leadlib._rates import Rate
from leadlib._results import Result, labelled, plain_data, records
from leadlib.errors import InvalidValue, UnknownName

__all__ = ["Funnel", "FunnelDefinition", "FunnelStep", "Stop", "funnel"]


@attrs.frozen(kw_only=True)
class FunnelStep:
    """
    One stage of a funnel, in leads.

    Args:
        stage: Its name.
        reached: Entered it, or a later one; or as the definition of the funnel counts.
        advanced: Reached the next one, too.
        left: Did not, and their story has ended elsewhere.
        open: Did not yet: still on the way.
        skipped: Reached it only by entering a later one.
        median_days: Days of 24 h from the first entry to the first later one, over those that made
            both; None if nobody did.
        is_last: Whether nothing can follow.
    """

    stage: str
    reached: int
    advanced: int
    left: int
    open: int
    skipped: int
    median_days: float | None
    is_last: bool = False

    @property
    def rate(self) -> Rate | None:
        """Advanced of reached: a lower bound while leads are open; None for the last stage."""
        return None if self.is_last else Rate(self.advanced, self.reached)

    @property
    def rate_of_closed(self) -> Rate | None:
        """
        Advanced of those whose fate at this stage is known: open leads kept apart.

        None where nobody is known to have left: if losses are not on record, only winners are
            known.
        """
        return Rate(self.advanced, self.advanced + self.left) if self.left else None

    def to_dict(self) -> dict[str, Any]:
        """The step as plain data; *rate* and *interval* are None where there is no rate."""
        rate = self.rate or Rate(0, 0)
        return {
            "stage": self.stage,
            "reached": self.reached,
            "advanced": self.advanced,
            "left": self.left,
            "open": self.open,
            "rate": rate.value,
            "interval": list(rate.interval) if rate.interval else None,
            "median_days": self.median_days,
        }


@attrs.frozen(kw_only=True)
class Stop:
    """
    Leads that got to a stage and no further, and where they are now: one line of the leak ledger.

    Args:
        stage: The furthest stage they reached.
        now: The stage they are in: the same one, or another outside the way ahead.
        leads: How many.
        reached: Of how many that reached the stage.
        ended: Whether their story is over; otherwise they are open.
        days_there: Median days since they entered that stage.

    The stops of a stage add up to ``reached - advanced``.
    """

    stage: str
    now: str
    leads: int
    reached: int
    ended: bool
    days_there: float

    @property
    def share(self) -> Rate:
        """Of those who reached the stage."""
        return Rate(self.leads, self.reached)

    def to_dict(self) -> dict[str, Any]:
        """The stop as plain data."""
        return attrs.asdict(self) | {"share": self.share.value}


@attrs.frozen(kw_only=True)
class FunnelDefinition(Defines):
    """
    What the numbers of a funnel mean; numbers under different definitions are different numbers.

    Args:
        stages: The waterfall, first stage first.
        closed: The stages outside it in which a story ends.
        closed_by: Who says so: ``given``, ``lifecycle``, or ``nobody came back``.
        counting: When a lead counts for a stage: see :class:`Counting`.
        ties: How events of one instant are ordered.
    """

    stages: tuple[str, ...]
    closed: tuple[str, ...]
    closed_by: str
    counting: str = Counting.AT_LEAST.value
    ties: str = "seq, then stage order"


@attrs.frozen(kw_only=True, repr=False, slots=False)
class Funnel(Result):
    """
    A funnel with its definition; prints as a table.

    Args:
        steps: One for each stage.
        stops: Where leads stopped and where they are now, most leads first; for the last stage,
            where nobody is expected to go on, only those who are elsewhere.
        definition: What the numbers mean.
        as_of: The last visible instant.
        leads: How many leads are in the funnel.
        outside: How many leads of the log entered none of its stages.
        reversed_times: Leads whose later stage is dated before an earlier one; their time counts
            as 0.
        by: The label column of *groups*.
        label: The group that this is the funnel of; None for the whole.
        groups: One funnel for each group; leads without a label are under the empty text.
    """

    steps: tuple[FunnelStep, ...]
    stops: tuple[Stop, ...]
    definition: FunnelDefinition
    as_of: datetime
    leads: int
    outside: int
    reversed_times: int
    by: str | None = None
    label: str | None = None
    groups: Mapping[str, "Funnel"] = attrs.field(factory=dict, converter=as_groups)
    _log: Log = attrs.field(eq=False)

    def __getitem__(self, stage: AnyStage) -> FunnelStep:
        return self.steps[self._place(stage)]

    def _place(self, stage: AnyStage) -> int:
        [name] = stage_names([stage], "stage")
        legal = self.definition.stages
        if name not in legal:
            raise UnknownName(expected="a stage of the funnel", got=repr(name), legal=legal)
        return legal.index(name)

    def conversion(self, start: AnyStage, goal: AnyStage) -> Conversion:
        """
        Count how many leads got from one stage of the funnel to a later one.

        Lead to quote, lead to close and quote to close are three such pairs.  As everywhere in the
        funnel a lead counts once, and who reached *goal* has reached *start*.

        Args:
            start: The stage that they come from.
            goal: The stage that they go to.

        Raises:
            UnknownName: The funnel has no such stage.
            InvalidValue: *goal* does not come after *start*.

        Example:
            >>> from datetime import UTC, datetime
            >>> from leadlib.metrics import StageLog
            >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
            >>> log = StageLog.from_rows([
            ...     ("a", "lead", day(2)), ("b", "lead", day(2)), ("c", "lead", day(2)),
            ...     ("a", "quoted", day(4)), ("a", "won", day(9)), ("c", "lost", day(5))])
            >>> counted = funnel(log, stages=["lead", "quoted", "won"])
            >>> print(counted.conversion("lead", "won"))
            lead to won: 33.3 % [6.1, 79.2]; of closed 50.0 % [9.5, 90.5]; 1 left, 1 open
        """
        first, last = self._place(start), self._place(goal)
        if first >= last:
            expected = f"a stage after {self.steps[first].stage!r}"
            raise InvalidValue(expected=expected, got=repr(self.steps[last].stage), where="goal")
        return Conversion(
            start=self.steps[first].stage,
            goal=self.steps[last].stage,
            entered=self.steps[first].reached,
            arrived=self.steps[last].reached,
            left=sum(step.left for step in self.steps[first:last]),
            origin=self._origin(self.steps[first].stage, self.steps[last].stage),
        )

    def _origin(self, start: str, goal: str) -> Origin:
        definition = {"metric": "conversion", "start": start, "goal": goal}
        return Origin(
            definition={**definition, **attrs.asdict(self.definition)},
            as_of=self.as_of,
            by=self.by,
            label=self.label,
            log=self._log,
        )

    def split(self, boundary: AnyStage) -> tuple[Conversion, Conversion]:
        """
        Look at the funnel as two: up to *boundary* and from there on.

        With sales-ready as the boundary the first is the funnel of marketing, the second that of
        sales; the product of both rates is the rate of the whole.

        Raises:
            UnknownName: The funnel has no such stage.
            InvalidValue: It is the first or the last stage.

        Source:
            Seed 003: marketing and sales have a funnel each.
        """
        first, last = self.steps[0].stage, self.steps[-1].stage
        return self.conversion(first, boundary), self.conversion(boundary, last)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the definition, *as_of* and the visible events: equal input, equal print."""
        content = [attrs.asdict(self.definition), self.as_of.isoformat(), self.by, self.label]
        text = json.dumps(
            [*content, self._log.fingerprint(self.as_of, by=self.by)], ensure_ascii=False
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def __repr__(self) -> str:
        return f"<Funnel of {_text.plural(self.leads, 'lead')}, {len(self.steps)} stages>"

    def __str__(self) -> str:
        steps = "\n".join(
            [_text.text_table(_HEAD, [_cells(step) for step in self.steps]), *self.notes]
        )
        if not self.groups:
            return steps
        head, *rows = self.group_rows()
        return f"{steps}\n\n{_text.text_table(head, rows)}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before trusting the numbers; none if nothing is odd."""
        entries = sum(step.reached - step.skipped for step in self.steps)
        if _MANY * self.reversed_times <= entries - self.leads:
            return ()
        went = f"{_text.plural(self.reversed_times, 'lead')} went against this order of stages"
        return (f"Note: {went}, more than one in {_MANY} that went on: is it the right way round?",)

    def group_rows(self) -> list[tuple[str, ...]]:
        """The groups side by side, from the first stage to the last, as text; the head first."""
        first, last = self.steps[0].stage, self.steps[-1].stage
        head = (self.by or "", first, last, "left", "open", "rate", "95 % interval")
        return [head, *(_group_cells(name, group) for name, group in self.groups.items())]

    def __format__(self, form: str) -> str:
        match form:
            case "md":
                return _text.markdown_table(_HEAD, [_cells(step) for step in self.steps])
            case "":
                return str(self)
        raise InvalidValue(expected="a format", got=repr(form), legal=("md",))

    def _repr_html_(self) -> str:
        """A picture and the table, for notebooks: nothing to load, no script."""
        table = html_table(_HEAD, [_cells(step) for step in self.steps], below=self.notes)
        groups = ""
        if self.groups:
            head, *rows = self.group_rows()
            groups = html_table(head, rows[:_SHOWN])
        return f"<div>{self._picture()}{table}{groups}</div>"

    def _picture(self) -> str:
        counted = f"{_text.plural(self.leads, 'lead')}, counted {self.definition.counting}"
        title = f"{counted}, as of {self.as_of:%Y-%m-%d %H:%M} UTC"
        rows = [(s.stage, (s.advanced, s.open, s.left)) for s in self.steps]
        return pictures.bars(title, rows, parts=("advanced", "open", "left"))

    def to_records(self) -> list[dict[str, Any]]:
        """The steps as rows of a table; of groups, all rows with their label."""
        if self.by is None:
            return records(step.to_dict() for step in self.steps)
        groups = self.groups.items()
        rows = {label: [step.to_dict() for step in group.steps] for label, group in groups}
        return labelled(self.by, rows)

    def to_dict(self) -> dict[str, Any]:
        """The funnel as plain data: JSON knows all of it."""
        plain: dict[str, Any] = {
            "funnel": [step.to_dict() for step in self.steps],
            "leaks": [stop.to_dict() for stop in self.stops],
            "closed": [_closed_dict(step) for step in self.steps],
            "skipped": [
                {"stage": step.stage, "leads": step.skipped} for step in self.steps if step.skipped
            ],
            "leads": self.leads,
            "outside": self.outside,
            "reversed_times": self.reversed_times,
            "definition": plain_data(self.definition),
            "as_of": self.as_of.isoformat(),
            "fingerprint": self.fingerprint,
        }
        if self.by is not None:
            plain["by"] = {
                name: [step.to_dict() for step in group.steps]
                for name, group in self.groups.items()
            }
        return plain


_MANY = 10  # so many leads as one in this number against the order make the order doubtful
_SHOWN = 24  # groups of a page; all of them are in the records


def _group_cells(name: str, group: "Funnel") -> tuple[str, ...]:
    *way, goal = group.steps
    whole = Rate(goal.reached, group.steps[0].reached)
    counts = (whole.n, whole.k, sum(step.left for step in way), sum(step.open for step in way))
    return (name or NO_LABEL, *(f"{n:,}" for n in counts), whole.percent, whole.bounds)


_HEAD = (
    "stage",
    "reached",
    "advanced",
    "left",
    "open",
    "rate",
    "95 % interval",
    "of closed",
    "median days",
)


def _cells(step: FunnelStep) -> tuple[str, ...]:
    counts = [f"{n:,}" for n in (step.reached, step.advanced, step.left, step.open)]
    if step.is_last:  # nothing follows: who is here has not advanced, and is not waiting either
        counts[1] = counts[3] = "-"
    rate, closed = step.rate or Rate(0, 0), step.rate_of_closed or Rate(0, 0)
    return (step.stage, *counts, rate.percent, rate.bounds, closed.percent, days(step.median_days))


def days(count: float | None) -> str:
    """Days for people."""
    return "-" if count is None else f"{count:,.1f}"


def _closed_dict(step: FunnelStep) -> dict[str, Any]:
    rate = step.rate_of_closed or Rate(0, 0)
    interval = list(rate.interval) if rate.interval else None
    return {"stage": step.stage, "closed": rate.n, "rate": rate.value, "interval": interval}


def funnel(
    log: Log,
    *,
    stages: Sequence[AnyStage],
    by: str | None = None,
    as_of: datetime | None = None,
    closed: Iterable[AnyStage] | None = None,
    counting: Counting | str = Counting.AT_LEAST,
) -> Funnel:
    """
    Count how many leads reached each stage, advanced, left, or are still open.

    Args:
        log: Rows in any order; ties of one instant are broken by *seq*, then by the order of
            stages.
        stages: The waterfall, first stage first.
        by: A label column of the log: one more funnel for each group; every lead is in one.
        as_of: The last visible instant; the last event unless given.
        closed: The stages in which a story ends; those of the waterfall may be named, too, and
            nobody has left by being there.  Unless given, those of the lifecycle that made the log;
            without one, the stages outside the waterfall from which nobody came back.
        counting: When a lead counts for a stage: it entered it or a later one, unless given.

    Returns:
        One step for each stage, ``reached = advanced + left + open``, all counts in leads.

    Raises:
        UnknownName: A stage or column is not in the log, or there is no such *counting*.
        InvalidValue: Fewer than one stage, or one stage twice.

    Note:
        Open leads may still advance: the rate of a young log is a lower bound.  Linear in events.

    Source:
        Stage-to-stage conversion of the demand waterfall; seeds 000 and 001.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.metrics import StageLog
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> log = StageLog.from_rows([
        ...     ("a", "inquiry", day(2)), ("b", "inquiry", day(2)), ("c", "inquiry", day(2)),
        ...     ("a", "qualified", day(4)), ("c", "lost", day(5))])
        >>> print(funnel(log, stages=["inquiry", "qualified"])["inquiry"].rate)
        33.3 % [6.1, 79.2]
    """
    check_column(log, by)
    question = Question.of(log, stages, as_of=as_of, closed=closed, counting=counting)
    paths = read_paths(log, question)
    table, groups = paths.tables(by)
    whole = _funnel(log, paths, table, by)
    split = {
        label: attrs.evolve(_funnel(log, paths, groups[label], by), label=label)
        for label in sorted(groups, key=by_label)
    }
    return attrs.evolve(whole, groups=split)


def _funnel(log: Log, paths: LeadPaths, table: PathTable, by: str | None) -> Funnel:
    reached = table.reached()
    return Funnel(
        steps=tuple(_steps(paths, table, reached)),
        stops=_stops(paths, table, reached),
        definition=FunnelDefinition(
            stages=paths.question.waterfall,
            closed=tuple(sorted(paths.closed)),
            closed_by=paths.closed_by,
            counting=paths.question.counting.value,
        ),
        as_of=_instants.from_micros(paths.question.cut),
        leads=reached[0],
        outside=table.outside,
        reversed_times=table.backwards,
        by=by,
        log=log,
    )


def _steps(paths: LeadPaths, table: PathTable, reached: Sequence[int]) -> Iterator[FunnelStep]:
    left = table.left(paths.closed)
    for i, stage in enumerate(paths.question.waterfall):
        gap = table.gaps[i]
        yield FunnelStep(
            stage=stage,
            reached=reached[i],
            advanced=reached[i + 1],
            left=left[i],
            open=reached[i] - reached[i + 1] - left[i],
            skipped=reached[i] - table.entered[i],
            median_days=None if gap is None else gap / DAY,
            is_last=i == paths.question.goal,
        )


def _stops(paths: LeadPaths, table: PathTable, reached: Sequence[int]) -> tuple[Stop, ...]:
    waterfall = paths.question.waterfall
    stops = [
        Stop(
            stage=waterfall[furthest],
            now=now,
            leads=leads,
            reached=reached[furthest],
            ended=now in paths.closed,
            days_there=table.waited[furthest, now] / DAY,
        )
        for (furthest, now), leads in table.stopped.items()
        if furthest < paths.question.goal or now not in waterfall
    ]
    return tuple(sorted(stops, key=lambda stop: (-stop.leads, stop.stage, stop.now)))
