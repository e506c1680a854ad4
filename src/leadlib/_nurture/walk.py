"""The walk: the steps of a cadence in order for one lead, and what it remembers on its way."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from heapq import merge
from itertools import chain, pairwise, takewhile
from typing import TYPE_CHECKING

import attrs

from leadlib import _instants
from leadlib._nurture.caps import Ledger
from leadlib._nurture.happened import Happened, happened
from leadlib._nurture.hours import DAY
from leadlib._nurture.permits import Permit
from leadlib._nurture.search import Search
from leadlib._nurture.steps import Step
from leadlib._nurture.touches import (
    SentTouch,
    Touch,
    TouchReason,
    TouchState,
    touch_id,
)
from leadlib.lifecycle import LeadEvent
from leadlib.model import Lead

if TYPE_CHECKING:
    from leadlib._nurture.planner import Planner

__all__ = ["Case", "Walk"]

_EPOCH_DAY = _instants.EARLIEST.toordinal()
_NEVER = 2**31


@attrs.frozen(kw_only=True)
class Case:
    """One lead in one cadence: all that a plan depends on."""

    lead: Lead
    enrolled: datetime
    zone: tzinfo | None
    history: Sequence[LeadEvent] = ()
    sent: Mapping[str, SentTouch | None] = attrs.field(factory=dict)
    permit: Permit | None = None
    taken: Sequence[Touch] = ()  # planned by cadences that go first


@attrs.frozen
class _Time:
    """
    One time of one step.

    Args:
        step, day, id: The step, the day that it is wanted on, and the id of its touch.
        is_known: Not if there are not so many working days.
        following: When the same step is wanted again.
    """

    step: Step
    day: int
    id: str
    is_known: bool = True
    following: int | None = None


@attrs.define
class Walk:
    """
    One walk over the steps.

    Args:
        enrolled: No touch is earlier.
        now: What should have gone out before goes out from now on; None if nobody asks.
        alone: The contacts that there were, and those that this cadence plans.
        ledger: The same, and those that cadences plan that go first.
        before: The touch before, which none may overtake.
    """

    planner: "Planner"
    case: Case
    happened: Happened
    enrolled: int
    now: int | None
    alone: Ledger
    ledger: Ledger
    before: int = 0

    @classmethod
    def of(cls, planner: "Planner", case: Case, *, now: datetime | None = None) -> "Walk":
        """Read the history, and count what the person has got, whoever sent it."""
        cadence = planner.cadence
        seen = happened(cadence, case.lead, case.history, cadence.steps, case.enrolled)
        if case.permit is not None:  # it knows the opt-outs, and what has cleared them
            seen = attrs.evolve(seen, opted_out={})
        enrolled = _instants.micros(case.enrolled)
        until = None if now is None else _instants.micros(now)
        caps = planner.policy.all_caps if planner.policy is not None else ()
        walk = cls(planner, case, seen, enrolled, until, Ledger(caps), Ledger(caps))
        if caps:
            walk._count_what_was()
        return walk

    def _count_what_was(self) -> None:
        """Attempts of sales count, too: the person was contacted."""
        for touch in self.case.sent.values():
            if touch is not None:
                self._count(_instants.micros(touch.at), touch.channel, self.alone)
        for instant, channel in self.happened.attempts:
            self._count(instant, channel, self.alone)
        self.ledger = self.alone.copy()
        for planned in self.case.taken:
            self._count(_instants.micros(planned.at), planned.channel)

    def _count(self, at: int, channel: str, *ledgers: Ledger) -> None:
        if not self.ledger.caps:
            return
        wall = self.planner.lane(self.case.zone, channel).wall(at)
        for ledger in ledgers or (self.ledger,):
            ledger.add(at, wall, channel)

    def touches(self, until: int | None) -> Iterator[Touch]:
        """Every touch, or those before an instant: none is earlier than the day it is wanted on."""
        last_day = _NEVER if until is None else until // DAY + _EPOCH_DAY + 1
        for touch in self._touches(last_day):
            if until is None or _instants.micros(touch.at) < until:
                yield touch

    def _touches(self, last_day: int) -> Iterator[Touch]:
        """
        The touches that are wanted until a day.

        Single steps need not be wanted in their order, for a month may be shorter than thirty days.
        """
        times, last = self._times()
        single = sum(step.every is None for step in self.planner.cadence.steps)
        for number, time in enumerate(times):
            single -= time.step.every is None
            if time.day <= last_day:
                yield self._touch(time, is_passed=number < last)
            elif not single:
                return

    def _times(self) -> tuple[Iterable[_Time], int]:
        """All times of all steps in order, and the place of the last one that was sent."""
        times = self._wanted()
        if not self.case.sent:
            return times, -1
        known = [touch.at for touch in self.case.sent.values() if touch is not None]
        bound = max(map(_instants.micros, known), default=0) // DAY + _EPOCH_DAY + 1
        single = sum(step.every is None for step in self.planner.cadence.steps)
        looked: list[_Time] = []
        last = -1
        for time in times:
            looked.append(time)
            single -= time.step.every is None
            if time.id in self.case.sent:
                last = len(looked) - 1
            if single <= 0 and time.day > bound:  # no touch goes out before its day
                break
        return chain(looked, times), last

    def _wanted(self) -> Iterator[_Time]:
        """
        Single steps in the order of the cadence, and those that come again among them by their
        days.
        """
        steps = self.planner.cadence.steps
        home = self.planner.lane(self.case.zone, steps[0].channel)
        enrolled = home.local_day(self.enrolled)
        single = self._singles([step for step in steps if step.every is None], enrolled)
        again = [self._again(step, enrolled) for step in steps if step.every is not None]
        for _, _, time in merge(single, *again, key=lambda each: each[:2]):
            yield time

    def _singles(self, steps: Iterable[Step], enrolled: int) -> Iterator[tuple[int, int, _Time]]:
        latest = enrolled
        for number, step in enumerate(steps):
            day = self.planner.wanted_day(step, enrolled)
            latest = max(latest, day or 0)
            is_known = day is not None
            yield latest, number, _Time(step, day or latest, self._id(step, None), is_known)

    def _again(self, step: Step, enrolled: int) -> Iterator[tuple[int, int, _Time]]:
        first = self.planner.wanted_day(step, enrolled)
        if first is None:
            return
        place = len(self.planner.cadence.steps)
        days = step.days(date.fromordinal(enrolled), date.fromordinal(first))
        in_time = takewhile(lambda day: day.year < _instants.LATEST.year, days)
        for day, later in pairwise(chain(in_time, [None])):
            if day is not None:
                at, following = day.toordinal(), None if later is None else later.toordinal()
                yield at, place, _Time(step, at, self._id(step, day), following=following)

    def _id(self, step: Step, day: date | None) -> str:
        case, cadence = self.case, self.planner.cadence
        again = None if day is None else day.isoformat()
        return touch_id(case.lead.id, cadence.name, step.send, case.enrolled, again)

    def _touch(self, time: _Time, *, is_passed: bool) -> Touch:
        if time.id in self.case.sent:
            return self._sent(time, self.case.sent[time.id])
        if is_passed:
            return self._passed_over(time)
        if not time.is_known:
            why = f"no {time.step.after} within ten years of the enrolment"
            return self._stopped(time, TouchState.HELD, TouchReason.NO_DAY, why)
        search = Search(self, time.step, time.day, now=self.now)
        at, state = search.found()
        if state is not TouchState.CANCELLED and self._is_outdated(time, at):
            return self._passed_over(time)
        if state is TouchState.PLANNED:
            self.before = max(self.before, at)
            self._count(at, time.step.channel, self.alone, self.ledger)
        return self._made(time, at, state, search.moves)

    def _is_outdated(self, time: _Time, at: int) -> bool:
        """Whether its step is wanted again by then, or by now: only the latest time goes out."""
        if time.following is None:
            return False
        lane = self.planner.lane(self.case.zone, time.step.channel)
        return lane.wanted(time.following) <= max(at, self.now or at)

    def _passed_over(self, time: _Time) -> Touch:
        reason = TouchReason.PASSED_OVER
        return self._stopped(time, TouchState.CANCELLED, reason, reason.value)

    def _sent(self, time: _Time, record: SentTouch | None) -> Touch:
        """Of a bare id nobody knows when: then it went out as planned."""
        if record is None:
            at, _ = Search(self, time.step, time.day, now=None).found()
            self._count(at, time.step.channel, self.alone, self.ledger)
        else:
            at = _instants.micros(record.at)
        self.before = max(self.before, at)
        return self._made(time, at, TouchState.SENT, [])

    def _stopped(self, time: _Time, state: TouchState, reason: TouchReason, why: str) -> Touch:
        """Where it was wanted, which nobody looked at any closer."""
        at = self.planner.lane(self.case.zone, time.step.channel).wanted(time.day)
        return self._made(time, at, state, [(reason, why)])

    def _made(
        self, time: _Time, at: int, state: TouchState, moves: Sequence[tuple[TouchReason, str]]
    ) -> Touch:
        step, cadence = time.step, self.planner.cadence
        words = ", ".join(dict.fromkeys(why for _, why in moves))
        if moves and state is TouchState.PLANNED:
            words = f"moved from {date.fromordinal(time.day)}: {words}"
        return Touch(
            id=time.id,
            lead=self.case.lead.id,
            cadence=cadence.name,
            send=step.send,
            channel=step.channel,
            purpose=step.purpose,
            at=_instants.from_micros(at),
            state=state,
            reasons=tuple(dict.fromkeys(reason for reason, _ in moves)),
            why=words,
            owner=cadence.owner,
        )

    def due(self, now: int) -> Touch | None:
        """The first touch that waits to be sent, if it is planned for now and not for later."""
        for touch in self._touches(now // DAY + _EPOCH_DAY + 1):
            if touch.state is TouchState.PLANNED:
                return touch if _instants.micros(touch.at) <= now else None
        return None
