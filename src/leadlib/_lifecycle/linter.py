"""The linter: where leads could vanish by the design of a lifecycle."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from leadlib._lifecycle.deadlines import Deadline
from leadlib._lifecycle.events import Disqualified, Escalated, LeadEvent
from leadlib._lifecycle.standing import Stage
from leadlib.model import Team

if TYPE_CHECKING:
    from leadlib._lifecycle.table import Lifecycle

__all__ = ["Leak", "LeakKind", "leaks_of"]


class LeakKind(StrEnum):
    """
    What can be wrong with a lifecycle.

    Example:
        >>> print(LeakKind.NO_WAY_BACK)
        sales cannot hand the lead back
    """

    UNREACHABLE = "no move leads here"
    DEAD_END = "open, but no move leads on"
    NO_END = "open, but no way leads to an end"
    NO_OWNER = "open, but nobody owns it"
    NO_DEADLINE = "open, but no clock runs"
    NO_WAY_BACK = "sales cannot hand the lead back"
    NO_ACCEPTANCE = "offered to sales, but no clock of sales runs"
    NO_NURTURE = "handed back, but no way leads to a nurture"
    ENDLESS = "handed back and offered again without end"
    NOBODY_MAY = "a move that no team may make"
    NO_CONSEQUENCE = "what follows a breach is no move from here"
    DEAF_CLOCK = "a clock waits for an event that cannot happen here"


@attrs.frozen
class Leak:
    """
    A finding of the linter: a stage where leads can vanish.

    Args:
        kind: What is wrong.
        stage: Where.
        event: The move, if it is about one.
    """

    kind: LeakKind
    stage: Stage
    event: type[LeadEvent] | None = None

    def __str__(self) -> str:
        move = f" ({self.event.__name__})" if self.event is not None else ""
        return f"{self.stage}: {self.kind}{move}"


def leaks_of(lifecycle: "Lifecycle") -> tuple[Leak, ...]:
    """Every finding, stage by stage in the order of the table."""
    graph = _Graph(lifecycle)
    return tuple(leak for stage in lifecycle.table for leak in graph.leaks(stage))


def _heard(deadline: Deadline) -> tuple[type[LeadEvent], ...]:
    """The events that a clock waits for in its own stage."""
    own = deadline.first if deadline.starts else ()
    return (*deadline.again, *deadline.starts, *own)


@attrs.frozen
class _Graph:
    """The moves of a lifecycle as ways from stage to stage."""

    lifecycle: "Lifecycle"

    def leaks(self, stage: Stage) -> Iterator[Leak]:
        checks: Mapping[LeakKind, Callable[[Stage], bool]] = {
            LeakKind.UNREACHABLE: self._is_unreachable,
            LeakKind.DEAD_END: self._is_dead_end,
            LeakKind.NO_END: self._has_no_end,
            LeakKind.NO_OWNER: lambda at: not at.closed and at.owner is None,
            LeakKind.NO_DEADLINE: lambda at: not at.closed and not self._clocks(at),
            LeakKind.NO_WAY_BACK: self._is_stuck_in_sales,
            LeakKind.NO_ACCEPTANCE: self._waits_for_nobody,
            LeakKind.NO_NURTURE: self._is_never_nurtured,
            LeakKind.ENDLESS: self._is_endless,
        }
        for kind, is_so in checks.items():
            if is_so(stage):
                yield Leak(kind, stage)
        for event in self.lifecycle.table[stage]:
            if not self.lifecycle.may(stage, event):
                yield Leak(LeakKind.NOBODY_MAY, stage, event)
        for event in dict.fromkeys(d.otherwise for d in self._own(stage)):
            # Nobody need be told where the process does not know how.
            if event is not Escalated and event not in self.lifecycle.legal(stage):
                yield Leak(LeakKind.NO_CONSEQUENCE, stage, event)
        for event in dict.fromkeys(event for d in self._own(stage) for event in _heard(d)):
            if event not in self.lifecycle.legal(stage):
                yield Leak(LeakKind.DEAF_CLOCK, stage, event)
        if any(self._has_no_date(deadline) for deadline in self._own(stage)):
            yield Leak(LeakKind.DEAF_CLOCK, stage)
        if stage == self.lifecycle.start:
            for event, teams in self.lifecycle.actors.items():
                if event in self.lifecycle.anywhere and not teams:
                    yield Leak(LeakKind.NOBODY_MAY, stage, event)

    def _has_no_date(self, deadline: Deadline) -> bool:
        """Whether no event that starts the clock carries the date that it starts at."""
        stage, date = deadline.stage, deadline.since
        table = self.lifecycle.table
        entering = [kind for row in table.values() for kind, to in row.items() if to == stage]
        return date is not None and not any(
            hasattr(kind, date) for kind in (*entering, *deadline.again, *deadline.starts)
        )

    def _own(self, stage: Stage) -> list[Deadline]:
        return [deadline for deadline in self.lifecycle.deadlines if deadline.stage == stage]

    def _following(self, stage: Stage) -> set[Stage]:
        """Where moves of this stage's own lead; to be merged or erased is no way on."""
        return set(self.lifecycle.table[stage].values()) - {stage}

    def _reached(self, begin: Iterable[Stage], within: Callable[[Stage], bool]) -> set[Stage]:
        """All stages on ways from *begin* whose stages are all *within*; begin itself included."""
        reached, todo = set(begin), [*begin]
        while todo:
            for stage in self._following(todo.pop()):
                if stage not in reached and within(stage):
                    reached.add(stage)
                    todo.append(stage)
        return reached

    def _is_unreachable(self, stage: Stage) -> bool:
        anywhere = [to for to in self.lifecycle.anywhere.values() if to is not None]
        return stage not in self._reached([self.lifecycle.start, *anywhere], lambda _: True)

    def _is_dead_end(self, stage: Stage) -> bool:
        return not stage.closed and not self._following(stage)

    def _has_no_end(self, stage: Stage) -> bool:
        if stage.closed or self._is_dead_end(stage):
            return False
        return not any(to.closed for to in self._reached([stage], lambda _: True))

    def _clocks(self, stage: Stage) -> list[Team]:
        """Who owns the clocks that run for as long as a lead is here."""
        clocks = [clock for clock in self._own(stage) if not clock.starts]
        row = self.lifecycle.table[stage]
        return [c.owner for c in clocks if all(row.get(kind, stage) != stage for kind in c.first)]

    def _is_stuck_in_sales(self, stage: Stage) -> bool:
        """Sales must be able to give a lead back in one move; ruling it out is not giving back."""
        if not stage.is_with_sales or self._is_dead_end(stage):
            return False
        moves = self.lifecycle.table[stage].items()
        return not any(
            to.is_with_marketing
            and event is not Disqualified
            and Team.SALES in self.lifecycle.may(stage, event)
            for event, to in moves
        )

    def _came(self, stage: Stage, before: Callable[[Stage], bool]) -> bool:
        """Whether a move leads here from a stage of that sort."""
        table = self.lifecycle.table
        return any(before(at) and stage in row.values() for at, row in table.items())

    def _waits_for_nobody(self, stage: Stage) -> bool:
        """Sales got it, the clocks that run are of marketing."""
        if not (stage.is_with_sales and self._came(stage, lambda at: at.is_with_marketing)):
            return False
        owners = self._clocks(stage)
        return bool(owners) and set(owners) == {Team.MARKETING}

    def _is_returned_to(self, stage: Stage) -> bool:
        return stage.is_with_marketing and self._came(stage, lambda at: at.is_with_sales)

    def _is_never_nurtured(self, stage: Stage) -> bool:
        if not self._is_returned_to(stage) or self._is_dead_end(stage):
            return False
        ways = self._reached([stage], lambda at: at.is_with_marketing)
        return not any(at.nurture for at in ways)

    def _is_endless(self, stage: Stage) -> bool:
        """Back from sales, and to sales again, with no number of passes after which it ends."""
        if self.lifecycle.passes is not None or not self._is_returned_to(stage):
            return False
        ways = self._reached([stage], lambda at: not at.closed)
        return any(at.is_with_sales for at in ways)
