"""The walk: the steps of a cadence in order for one lead, and what it remembers on its way."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from heapq import merge
from itertools import chain, pairwise, takewhile
from typing import TYPE_CHECKING

import attrs

from leadlib import _instants
from leadlib._nurture.caps import Ledger
from leadlib._nurture.happened import Happened, happened
from leadlib._nurture.hours import DAY
from leadlib._nurture.past import Past, Sent, Time, past_of
from leadlib._nurture.permits import Permit
from leadlib._nurture.search import Search
from leadlib._nurture.steps import Step
from leadlib._nurture.touches import (
    SentTouch,
    Touch,
    TouchReason,
    TouchState,
    is_marketing,
    touch_id,
)
from leadlib.lifecycle import LeadEvent
from leadlib.model import Lead

if TYPE_CHECKING:
    from leadlib._nurture.planner import Planner

__all__ = ["Case", "Walk"]

_EPOCH_DAY = _instants.EARLIEST.toordinal()
_NEVER = 2**31
_AROUND = 3  # days by which what was sent may lie before the day it is wanted on in another zone


@attrs.frozen(kw_only=True)
class Case:
    """One lead in one cadence: all that a plan depends on."""

    lead: Lead
    enrolled: datetime
    zone: tzinfo | None
    history: Sequence[LeadEvent] = ()
    sent: Sent = attrs.field(factory=dict)
    permit: Permit | None = None
    taken: Sequence[Touch] = ()  # planned by cadences that go first


@attrs.define
class Walk:
    """
    One walk over the steps.

    Marketing and what the person asked for are two kinds of contacts: neither waits for the other,
    is passed over for it, or takes its room.

    Args:
        enrolled: No touch is earlier.
        now: What should have gone out before goes out from now on; None if nobody asks.
        alone: The contacts that there were, and those that this cadence plans.
        ledger: The same, and those that cadences plan that go first.
        before: The touch before of each kind, which none of its kind may overtake.
    """

    planner: "Planner"
    case: Case
    happened: Happened
    enrolled: int
    now: int | None
    alone: Ledger
    ledger: Ledger
    before: dict[bool, int] = attrs.field(factory=lambda: {True: 0, False: 0})

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
            if touch is not None and is_marketing(touch):
                self._count(_instants.micros(touch.at), touch.channel, self.alone)
        for instant, channel in self.happened.attempts:
            self._count(instant, channel, self.alone)
        self.ledger = self.alone.copy()
        for planned in self.case.taken:
            if is_marketing(planned):
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
        times, past = self._times()
        single = sum(step.every is None for step in self.planner.cadence.steps)
        for number, time in enumerate(times):
            single -= time.step.every is None
            if time.day <= last_day:
                yield self._touch(number, time, past)
            elif not single:
                return

    def _times(self) -> tuple[Iterable[Time], Past]:
        """All times of all steps in order, and which of them have been."""
        times = self._wanted()
        if not self.case.sent:
            return times, Past()
        known = [touch.at for touch in self.case.sent.values() if touch is not None]
        latest = max(map(_instants.micros, known), default=0) // DAY + _EPOCH_DAY
        single = sum(step.every is None for step in self.planner.cadence.steps)
        looked: list[Time] = []
        for time in times:
            looked.append(time)
            single -= time.step.every is None
            if single <= 0 and time.day > latest + _AROUND:  # no touch goes out before its day
                break
        return chain(looked, times), past_of(looked, self.case.sent, self._wanted_at, self._is_own)

    def _wanted_at(self, time: Time) -> int:
        """When it was wanted, which nobody looked at any closer."""
        return self.planner.lane(self.case.zone, time.step.channel).wanted(time.day)

    def _is_own(self, record: SentTouch) -> bool:
        """Whether it is of this enrolment, whatever its id says."""
        return record.cadence == self.planner.cadence.name and record.at >= self.case.enrolled

    def _wanted(self) -> Iterator[Time]:
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

    def _singles(self, steps: Iterable[Step], enrolled: int) -> Iterator[tuple[int, int, Time]]:
        latest = enrolled
        for number, step in enumerate(steps):
            day = self.planner.wanted_day(step, enrolled)
            latest = max(latest, day or 0)
            is_known = day is not None
            yield latest, number, Time(step, day or latest, self._id(step, None), is_known)

    def _again(self, step: Step, enrolled: int) -> Iterator[tuple[int, int, Time]]:
        first = self.planner.wanted_day(step, enrolled)
        if first is None:
            return
        place = len(self.planner.cadence.steps)
        days = step.days(date.fromordinal(enrolled), date.fromordinal(first))
        in_time = takewhile(lambda day: day.year < _instants.LATEST.year, days)
        by_date = step.falls_on_dates
        for number, (day, later) in enumerate(pairwise(chain(in_time, [None]))):
            if day is not None:
                at, following = day.toordinal(), None if later is None else later.toordinal()
                id_ = self._id(step, day.isoformat() if by_date else str(number))
                yield at, place, Time(step, at, id_, following=following)

    def _id(self, step: Step, time: str | None) -> str:
        """
        The id of one time, whatever zone is known: in another one the enrolment may be a day
        earlier or later, but the n-th time is the n-th, and a date is a date.
        """
        case, cadence = self.case, self.planner.cadence
        return touch_id(case.lead.id, cadence.name, step.send, case.enrolled, time)

    def _touch(self, number: int, time: Time, past: Past) -> Touch:
        if number in past.sent:
            return self._sent(time, past.sent[number])
        if number < past.last[is_marketing(time.step)]:
            return self._passed_over(time)
        if not time.is_known:
            why = f"no {time.step.after} within ten years of the enrolment"
            return self._stopped(time, TouchState.HELD, TouchReason.NO_DAY, why)
        again = self._wanted_again(time)
        search = Search(self, time.step, time.day, now=self.now, until=again)
        at, state = search.found()
        is_outdated = again is not None and again <= max(at, self.now or at)
        if state is not TouchState.CANCELLED and is_outdated:
            return self._passed_over(time)
        if state is TouchState.PLANNED:
            self._goes(time, at)
        return self._made(time, at, state, search.moves)

    def _goes(self, time: Time, at: int) -> None:
        """It takes room, if it is marketing; what was sent is counted already."""
        self._leads(time, at)
        if is_marketing(time.step):
            self._count(at, time.step.channel, self.alone, self.ledger)

    def _leads(self, time: Time, at: int) -> None:
        """None of its kind overtakes it."""
        kind = is_marketing(time.step)
        self.before[kind] = max(self.before[kind], at)

    def _wanted_again(self, time: Time) -> int | None:
        """When its step is wanted again: only the latest time goes out."""
        if time.following is None:
            return None
        return self.planner.lane(self.case.zone, time.step.channel).wanted(time.following)

    def _passed_over(self, time: Time) -> Touch:
        reason = TouchReason.PASSED_OVER
        return self._stopped(time, TouchState.CANCELLED, reason, reason.value)

    def _sent(self, time: Time, record: SentTouch | None) -> Touch:
        """Of a bare id nobody knows when: then it went out as planned."""
        if record is None:
            at, _ = Search(self, time.step, time.day, now=None).found()
            self._goes(time, at)
        else:
            at = _instants.micros(record.at)
            self._leads(time, at)
            time = attrs.evolve(time, id=record.id)
        return self._made(time, at, TouchState.SENT, [])

    def _stopped(self, time: Time, state: TouchState, reason: TouchReason, why: str) -> Touch:
        return self._made(time, self._wanted_at(time), state, [(reason, why)])

    def _made(
        self, time: Time, at: int, state: TouchState, moves: Sequence[tuple[TouchReason, str]]
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
        """The first touch that is planned for now; of each kind only the first one that waits."""
        waits = set()
        for touch in self._touches(now // DAY + _EPOCH_DAY + 1):
            if touch.state is not TouchState.PLANNED:
                continue
            if _instants.micros(touch.at) <= now:
                return touch
            waits.add(is_marketing(touch))
            if len(waits) == len(self.before):
                return None
        return None
