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
from leadlib.model import Lead, Purpose

if TYPE_CHECKING:
    from leadlib._nurture.planner import Planner

__all__ = ["Case", "Walk"]

_EPOCH_DAY = _instants.EARLIEST.toordinal()
_NEVER = _instants.LATEST.toordinal() - 10


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
        had: The contacts that there were.
        alone: The same, and those that this cadence plans.
        ledger: The same, and those that cadences plan that go first.
        floors: What no touch may be before, and why.
        before: The touch before, which none may overtake.
    """

    planner: "Planner"
    case: Case
    happened: Happened
    had: Ledger
    alone: Ledger
    ledger: Ledger
    floors: tuple[tuple[TouchReason, int], ...]
    before: int = 0
    times: dict[str, _Time] = attrs.field(factory=dict)  # by the id of their touch

    @classmethod
    def of(cls, planner: "Planner", case: Case, *, now: datetime | None = None) -> "Walk":
        """Read the history, and count what the person has got, whoever sent it."""
        cadence = planner.cadence
        seen = happened(cadence, case.lead, case.history, cadence.steps, case.enrolled)
        if case.permit is not None:  # it knows the opt-outs, and what has cleared them
            seen = attrs.evolve(seen, opted_out={})
        floors = [(TouchReason.HOUR_PASSED, _instants.micros(case.enrolled))]
        if now is not None:
            floors.append((TouchReason.LATE, _instants.micros(now)))
        caps = planner.policy.all_caps if planner.policy is not None else ()
        had, alone, both = Ledger(caps), Ledger(caps), Ledger(caps)
        walk = cls(planner, case, seen, had, alone, both, tuple(floors))
        if caps:
            walk._count_what_was()
        return walk

    def _count_what_was(self) -> None:
        """Attempts of sales count, too: the person was contacted."""
        for touch in self.case.sent.values():
            if touch is not None:
                self._count(_instants.micros(touch.at), touch.channel, self.had, self.alone)
        for instant, channel in self.happened.attempts:
            self._count(instant, channel, self.had, self.alone)
        self.ledger = self.alone.copy()
        for planned in self.case.taken:
            self._count(_instants.micros(planned.at), planned.channel)

    def _count(self, at: int, channel: str, *ledgers: Ledger) -> None:
        if not self.ledger.caps:
            return
        wall = self.planner.lane(self.case.zone, channel).wall(at)
        for ledger in ledgers or (self.ledger,):
            ledger.add(at, wall, channel)

    def __iter__(self) -> Iterator[Touch]:
        return self.touches(None)

    def touches(self, until: int | None) -> Iterator[Touch]:
        """Every touch, or those before an instant: none is earlier than the day it is wanted on."""
        times, last = self._times()
        last_day = _NEVER if until is None else until // DAY + _EPOCH_DAY + 1
        for number, time in enumerate(times):
            if until is not None and time.day > last_day:
                if time.step.every is not None:
                    return
                continue  # a month may be shorter than thirty days: the next may be wanted earlier
            touch = self._touch(time, is_passed=number < last)
            if until is None or _instants.micros(touch.at) < until:
                yield touch

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
        enrolled = home.local_day(_instants.micros(self.case.enrolled))
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
        if is_passed or self._is_outdated(time):
            why = TouchReason.PASSED_OVER.value
            return self._stopped(time, TouchState.CANCELLED, TouchReason.PASSED_OVER, why)
        if not time.is_known:
            why = f"no {time.step.after} within ten years of the enrolment"
            return self._stopped(time, TouchState.HELD, TouchReason.NO_DAY, why)
        search = Search(self, time.step, time.day)
        at, state = search.found()
        if state is TouchState.PLANNED:
            self.before = max(self.before, at)
            self._count(at, time.step.channel, self.alone, self.ledger)
        return self._made(time, at, state, search.moves)

    def _is_outdated(self, time: _Time) -> bool:
        """Whether its step is due again by now: only the latest time goes out."""
        now = dict(self.floors).get(TouchReason.LATE)
        if now is None or time.following is None:
            return False
        lane = self.planner.lane(self.case.zone, time.step.channel)
        return lane.wanted(time.following) <= now

    def _sent(self, time: _Time, record: SentTouch | None) -> Touch:
        """Of a bare id nobody knows when: then it went out as planned."""
        if record is None:
            at, _ = Search(self, time.step, time.day).found()
            self._count(at, time.step.channel, self.had, self.alone, self.ledger)
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
        self.times[time.id] = time
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

    def first_until(self, now: int) -> Touch | None:
        """The first touch that waits to be confirmed; of one that comes again, the latest time."""
        waiting: dict[str, Touch] = {}
        for touch in self:
            is_later = _instants.micros(touch.at) > now
            if touch.state is TouchState.PLANNED and not is_later:
                if not self._is_over(touch, now):  # else it would hold up the others for ever
                    waiting[touch.send] = touch
            elif is_later and (touch.state is TouchState.PLANNED or self._comes_again(touch)):
                break  # held touches of an endless step must not be walked for ever
        return min(waiting.values(), key=lambda touch: touch.at, default=None)

    def _comes_again(self, touch: Touch) -> bool:
        return self.times[touch.id].step.every is not None

    def _is_over(self, touch: Touch, now: int) -> bool:
        step, permit = self.times[touch.id].step, self.case.permit
        end = self.happened.end_for(step)
        if end is not None and end.at <= now:
            return True
        return permit is not None and permit(step, _instants.from_micros(now)) is not None

    def may_go(self, touch: Touch, now: datetime) -> bool:
        """Ask everything again at the moment of sending."""
        step, at = self.times[touch.id].step, _instants.micros(now)
        lane = self.planner.lane(self.case.zone, step.channel)
        if not lane.allows(at):
            return False
        if step.purpose is not Purpose.MARKETING:
            return True
        if self.happened.paused_at(at) is not None or self._is_one_too_many(touch, at):
            return False
        return self.had.full(at, lane.wall(at), step.channel) is None

    def _is_one_too_many(self, touch: Touch, now: int) -> bool:
        """Of what is late, one a day goes out: nobody gets the mails of a week in a minute."""
        lane = self.planner.lane(self.case.zone, touch.channel)
        today = lane.local_day(now)
        if self._is_of_today(touch, today):
            return False
        own = [each for each in self.case.sent.values() if each and each.cadence == touch.cadence]
        return any(lane.local_day(_instants.micros(each.at)) == today for each in own)

    def _is_of_today(self, touch: Touch, today: int) -> bool:
        """Whether it is wanted today, or on a day before on which nothing goes out."""
        lane = self.planner.lane(self.case.zone, touch.channel)
        found = lane.place(self.times[touch.id].day, 0)
        if found is None:
            return False
        slots, place = found
        return lane.local_day(slots.at[place]) == today
