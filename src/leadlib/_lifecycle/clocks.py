"""
The queue: what has to happen to a lead, by whom, until when, and what follows.

It is asked with ``now`` and never saved as a flag.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from numbers import Real
from typing import Any

import attrs

from leadlib import _text
from leadlib._lifecycle.deadlines import (
    Deadline,
    ends,
    follow_up,
    is_through,
    runs_through,
    since_start,
    started,
)
from leadlib._lifecycle.events import Escalated, LeadEvent, Parked
from leadlib._lifecycle.standing import Stage, Standing
from leadlib.errors import InvalidValue
from leadlib.model import Team
from leadlib.worktime import WorkCalendar

__all__ = ["Clocks", "Due", "DueState", "Orphan"]

_SOON = timedelta(hours=4)
_LOWEST = float("-inf")


class DueState(StrEnum):
    """
    How a clock stands.

    Example:
        >>> print(DueState.AT_RISK)
        at risk
    """

    OVERDUE = "overdue"
    AT_RISK = "at risk"
    OPEN = "open"


@attrs.frozen(kw_only=True)
class Due:
    """
    One entry of the queue: what has to happen to a lead, by whom, until when, and what follows.

    Args:
        lead: Its id.
        stage: Where it is now.
        owner: The team that is answerable.
        rep: To whom the lead was given last, if to anybody.
        action: What has to happen.
        since: When the clock started.
        at: Until when; exactly then is still met.
        state: Overdue, at risk or open.
        then: The event that follows a breach.
        reason: The reason that this event gives, if it needs one.
        escalated: When somebody was told of this breach, if anybody was.
    """

    lead: str
    stage: Stage
    owner: Team
    rep: str | None = attrs.field(default=None, repr=False)
    action: str
    since: datetime
    at: datetime
    state: DueState
    then: type[LeadEvent] = Escalated
    reason: str | None = None
    escalated: datetime | None = None

    @property
    def overdue(self) -> bool:
        """Whether the time is over."""
        return self.state is DueState.OVERDUE

    def event(self, *, at: datetime, seq: int = 0, by: str | None = None) -> LeadEvent:
        """
        Give the event that follows if nothing happens: append it once the time is over.

        :meth:`Lifecycle.consequences` gives those of a whole queue.
        """
        common = {"lead": self.lead, "at": at, "seq": seq, "by": by}
        return follow_up(self.then, self.reason, self.action, **common)

    def __str__(self) -> str:
        state = {DueState.OVERDUE: "overdue since", DueState.AT_RISK: "at risk, due"}
        when = f"{state.get(self.state, 'due')} {self.at:%Y-%m-%d %H:%M} UTC"
        return f"{self.lead}: {self.action} ({self.owner}), {when}"


@attrs.frozen(kw_only=True)
class Orphan:
    """An open lead that could be forgotten, and what it lacks (002-24)."""

    lead: str
    stage: Stage
    lacks: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.lead} in {self.stage}: no {', no '.join(self.lacks)}"


@attrs.frozen(kw_only=True)
class Clocks:
    """The deadlines of a lifecycle, by the stage that starts them."""

    here: Mapping[Stage, Sequence[Deadline]]
    through: Sequence[Deadline]
    passes: int | None
    parking: Collection[Stage]  # from where a lead can be parked

    @classmethod
    def of(
        cls, deadlines: Iterable[Deadline], *, passes: int | None, parking: Collection[Stage]
    ) -> "Clocks":
        here: dict[Stage, list[Deadline]] = {}
        through = []
        for deadline in deadlines:
            if is_through(deadline):
                through.append(deadline)
            else:
                here.setdefault(deadline.stage, []).append(deadline)
        return cls(here=here, through=through, passes=passes, parking=frozenset(parking))

    def queue(
        self,
        standings: Iterable[Standing],
        *,
        now: datetime,
        calendars: Mapping[Team, WorkCalendar],
        soon: timedelta = _SOON,
        rank: Mapping[str, float] | None = None,
    ) -> tuple[Due, ...]:
        """What is due, overdue first, then what ranks highest, then what is due first."""
        ranks = _checked(rank or {})
        entries = [
            entry
            for standing in standings
            for entry in self.entries(standing, now=now, calendars=calendars, soon=soon)
        ]
        entries.sort(
            key=lambda due: (not due.overdue, -ranks.get(due.lead, _LOWEST), due.at, due.lead)
        )
        return tuple(entries)

    def entries(
        self,
        standing: Standing,
        *,
        now: datetime,
        calendars: Mapping[Team, WorkCalendar],
        soon: timedelta = _SOON,
    ) -> Iterator[Due]:
        """What is due of one lead, in the order of the clocks."""
        for deadline, start, at in self._ends(standing, calendars):
            yield self._entry(standing, deadline, start, at, now, soon)

    def consequences(
        self,
        standing: Standing,
        *,
        now: datetime,
        calendars: Mapping[Team, WorkCalendar],
        legal: Collection[type[LeadEvent]],
        by: str | None,
    ) -> tuple[LeadEvent, ...]:
        """The one move that follows from what is overdue, else who is to be told, each once."""
        entries = self.entries(standing, now=now, calendars=calendars)
        late = [due for due in entries if due.overdue and due.then in legal]
        late.sort(key=lambda due: due.at)
        moving = [due for due in late if due.then is not Escalated][:1]
        telling = [due for due in late if due.then is Escalated and due.escalated is None]
        seq = standing.events[-1].seq + 1
        return tuple(
            due.event(at=now, seq=seq + number, by=by)
            for number, due in enumerate(moving or telling)
        )

    def _entry(
        self,
        standing: Standing,
        deadline: Deadline,
        start: datetime,
        at: datetime,
        now: datetime,
        soon: timedelta,
    ) -> Due:
        action, then, reason = deadline.action, deadline.otherwise, deadline.reason
        if self._is_worn_out(standing, deadline):
            often = f"offered to sales {standing.offers} times"
            action = f"park or rule out, {often}"
            if standing.stage in self.parking:
                then, reason = Parked, often
        late = DueState.AT_RISK if at - now <= soon else DueState.OPEN
        return Due(
            lead=standing.lead,
            stage=standing.stage,
            owner=deadline.owner,
            rep=standing.rep,
            action=action,
            since=start,
            at=at,
            state=DueState.OVERDUE if now > at else late,
            then=then,
            reason=reason,
            escalated=_told(standing, start, action),
        )

    def _is_worn_out(self, standing: Standing, deadline: Deadline) -> bool:
        """Whether a lead came back from sales so often that it is to be parked."""
        if self.passes is None or deadline.owner is not Team.MARKETING or standing.stage.nurture:
            return False
        entered = standing.entered(standing.stage)
        from_sales = entered > 0 and standing.stages[entered - 1].is_with_sales
        return from_sales and standing.offers >= self.passes

    def _ends(
        self, standing: Standing, calendars: Mapping[Team, WorkCalendar]
    ) -> Iterator[tuple[Deadline, datetime, datetime]]:
        """The clocks that run for a lead: when each started and when its time is over."""
        for deadline, events in self.running(standing):
            begun = started(deadline, events)
            if begun is None:
                continue
            yield deadline, begun, ends(deadline, begun, events, standing, calendars)

    def running(self, standing: Standing) -> Iterator[tuple[Deadline, Sequence[LeadEvent]]]:
        """The clocks that run for a lead, each with the events from the one that entered on."""
        stage = standing.stage
        for deadline in self.here.get(stage, ()):
            events = since_start(deadline, standing.events[standing.entered(stage) :])
            if events:
                yield deadline, events
        if stage.is_with_sales:
            for deadline in self.through:
                if deadline.stage in standing.stages:
                    entered = standing.entered(deadline.stage)
                    if runs_through(deadline, standing, entered):
                        yield deadline, standing.events[entered:]

    def orphans(
        self, standings: Iterable[Standing], calendars: Mapping[Team, WorkCalendar]
    ) -> tuple[Orphan, ...]:
        """The open leads without an owner, or without a next action and its date."""
        found = []
        for standing in standings:
            if not standing.stage.closed:
                due = next(self._ends(standing, calendars), None)
                checks = {"owner": standing.owner is None, "next action": due is None}
                lacks = tuple(part for part, is_missing in checks.items() if is_missing)
                if lacks:
                    found.append(Orphan(lead=standing.lead, stage=standing.stage, lacks=lacks))
        return tuple(found)


def _told(standing: Standing, since: datetime, action: str) -> datetime | None:
    """When it was last escalated that this was not done, since the clock started."""
    told = (event for event in reversed(standing.events) if isinstance(event, Escalated))
    return next((e.at for e in told if e.at >= since and e.action == action), None)


def _checked(ranks: Mapping[str, Any]) -> Mapping[str, float]:
    """What is no number has no place in an order."""
    return {lead: _number(value, f"rank[{lead!r}]") for lead, value in ranks.items()}


def _number(value: Any, where: str) -> float:
    """As a float: numbers of other libraries may wrap where they are turned around."""
    is_number = isinstance(value, Real | Decimal) and not isinstance(value, bool)
    try:
        number = float(value) if is_number else math.nan
    except (ArithmeticError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise InvalidValue(expected="a number", got=_text.kind_of(value), where=where)
    return number
