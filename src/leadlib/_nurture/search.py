"""The search: the way of one touch from the day that is wanted to the instant at which it goes."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING

import attrs

from leadlib import _instants
from leadlib._nurture.happened import Pause
from leadlib._nurture.hours import DAY
from leadlib._nurture.lanes import Lane
from leadlib._nurture.steps import Happening, Step
from leadlib._nurture.touches import TouchReason, TouchState, is_marketing
from leadlib.model import Lead
from leadlib.qualification import Criterion, LeadDefinition, Outcome

if TYPE_CHECKING:
    from leadlib._nurture.walk import Walk

__all__ = ["Search"]


_Stop = tuple[TouchState, TouchReason, str]
_Move = Callable[[int], None]  # to an instant, or as soon after it as may be


class _NoDay(Exception):
    """Within ten years there is no day on which the touch could go out."""


@attrs.define
class Search:
    """
    One touch on its way; it only ever goes later.

    Args:
        walk: Over the steps, of which this is one.
        step: What is to be sent.
        day: The local day on which it is wanted, as an ordinal.
        now: What should have gone out before goes out from now on; None if nobody asks.
        until: When the step is wanted again: it is outdated by then, and nobody need search on.
        moves: Why it was moved or stopped.
    """

    walk: "Walk"
    step: Step
    day: int
    now: int | None = attrs.field(kw_only=True)
    until: int | None = attrs.field(kw_only=True, default=None)
    moves: list[tuple[TouchReason, str]] = attrs.field(init=False, factory=list)
    lane: Lane = attrs.field(init=False)
    at: int = attrs.field(init=False, default=0)

    @lane.default
    def _own_lane(self) -> Lane:
        return self.walk.planner.lane(self.walk.case.zone, self.step.channel)

    def found(self) -> tuple[int, TouchState]:
        """The instant, and what becomes of the touch there."""
        try:
            self._start()
            held = self._ended() or self._paused() or self._behind_others()
            stop = self._ended() or self._condition() or held or self._refused()
        except _NoDay:
            words = f"no allowed day within ten years of {date.fromordinal(self.day)}"
            self.at = self.lane.wanted(self.day)
            stop = TouchState.HELD, TouchReason.NO_DAY, words
        if stop is None:
            return self.at, TouchState.PLANNED
        state, reason, why = stop
        self.moves = [(reason, why)]
        return self.at, state

    def _start(self) -> None:
        """The first open day, the first allowed hour, and not before what it waits for."""
        wanted = self.walk.enrolled if self.step.at_once else self.lane.wanted(self.day)
        self._slot(wanted if self.step.at_once else 0)
        if self.at != wanted:
            self._say(self._shut())
        answer = self.walk.happened.answered(self.step.only_after)
        if answer is not None:
            self._not_before(answer[1], TouchReason.WAITED, f"waited for {_named(answer[0])}")
        self._not_before(self.walk.enrolled, TouchReason.HOUR_PASSED)

    def _behind_others(self) -> _Stop | None:
        """Behind the step before it, where the caps have room, and not before now."""
        self._queue()
        return self._settled(self._slot) or self._late()

    def _late(self) -> _Stop | None:
        """What should have gone out goes out from now on, at the next instant that is allowed."""
        if self.now is None or self.at >= self.now:
            return None
        self._soon(self.now)
        self._say(TouchReason.LATE)
        return self._settled(self._soon)

    def _settled(self, move: _Move) -> _Stop | None:
        """Where the caps have room and no pause is."""
        self._find_room(move)
        return self._quiet(move)

    def _queue(self) -> None:
        """
        What would have been before the step before it goes out on a later day than that, so that
        nobody gets the mails of a week in a minute; on the same day, right behind it.
        """
        before = self.walk.before[is_marketing(self.step)]
        if self.at >= before:
            return
        day = self.lane.local_day(before)
        if is_marketing(self.step) and self.lane.local_day(self.at) < day:
            self._go(day + 1, before)
        else:
            self._soon(before)
        self._say(TouchReason.ORDER)

    def _shut(self) -> TouchReason:
        day, planner = date.fromordinal(self.day), self.walk.planner
        if planner.is_open(day):
            return TouchReason.QUIET
        return TouchReason.HOLIDAY if planner.is_holiday(day) else TouchReason.CLOSED

    def _go(self, day: int, floor: int) -> None:
        """To the first slot on a day or later that is not before an instant."""
        found = self.lane.place(day, floor)
        if found is None:
            raise _NoDay
        slots, place = found
        self.at = slots.at[place]

    def _slot(self, floor: int) -> None:
        """To its hour, or to any if it goes at once."""
        if self.step.at_once:
            self._soon(floor)
        else:
            self._go(self.day, floor)

    def _soon(self, floor: int) -> None:
        """To the first instant from one on at which anything may be sent."""
        soonest = self.lane.soonest(floor)
        if soonest is None:
            raise _NoDay
        self.at = soonest

    def _not_before(self, floor: int, reason: TouchReason, why: str | None = None) -> None:
        if self.at < floor:
            self._slot(floor)
            self._say(reason, why)

    def _say(self, reason: TouchReason, why: str | None = None) -> None:
        self.moves.append((reason, why or reason.value))

    def _ended(self) -> _Stop | None:
        end = self.walk.happened.end_for(self.step)
        if end is not None and self.at >= end.at:
            return TouchState.CANCELLED, end.reason, end.why
        return None

    def _condition(self) -> _Stop | None:
        step, seen = self.step, self.walk.happened
        if (answer := seen.answered(step.unless)) is not None:
            when = _instants.from_micros(answer[1])
            why = f"{_named(answer[0])} on {when:%Y-%m-%d}"
            return TouchState.CANCELLED, TouchReason.ANSWERED, why
        if step.only_after and seen.answered(step.only_after) is None:
            why = f"waits for {_any_of(step.only_after)}"
            return TouchState.HELD, TouchReason.WAITS, why
        if step.only_if is not None and not _holds(step.only_if, self.walk.case.lead, self.at):
            why = f"not known to hold: {step.only_if}"
            return TouchState.HELD, TouchReason.CONDITION, why
        return None

    def _paused(self) -> _Stop | None:
        """
        Marketing waits as long as sales has the lead, or they asked it to, and goes on where it
        stood; the next time of a step that comes again comes anyway.
        """
        if not is_marketing(self.step):
            return None
        waited = self.walk.enrolled  # until then: pauses at the same time count once
        wanted, away = self.day, 0
        for pause in self.walk.happened.pauses:
            over = pause.end is not None and pause.end <= waited
            if over or self.at < pause.begin:
                continue
            if pause.end is None:
                return _held(pause)
            if self.step.every is None:
                away += self.lane.wall(pause.end) - self.lane.wall(max(pause.begin, waited))
                self.day = wanted + (away + DAY // 2) // DAY
                self._wait(pause, pause.end)
                waited = pause.end
            elif pause.holds(self.at):
                is_wish = pause.reason is TouchReason.WISH
                reason = pause.reason if is_wish else TouchReason.HAND_OFF
                return TouchState.CANCELLED, reason, pause.why
        return None

    def _wait(self, pause: Pause, end: int) -> None:
        at = self.at
        self._slot(end)
        if self.at != at:
            self._say(pause.reason, f"{pause.reason} ({pause.why})")

    def _quiet(self, move: _Move) -> _Stop | None:
        """What was moved into a pause waits for its end."""
        while is_marketing(self.step):
            pause = self.walk.happened.paused_at(self.at)
            if pause is None:
                break
            if pause.end is None:
                return _held(pause)
            move(pause.end)
            self._say(pause.reason, f"{pause.reason} ({pause.why})")
            self._find_room(move)
        return None

    def _find_room(self, move: _Move) -> None:
        """To where the caps have room."""
        walk, step = self.walk, self.step
        while is_marketing(step) and (self.until is None or self.at < self.until):
            wall = self.lane.wall(self.at)
            full = walk.ledger.full(self.at, wall, step.channel)
            if full is None:
                break
            alone = walk.alone.full(self.at, wall, step.channel)
            reason = TouchReason.PRIORITY if alone is None else TouchReason.CAP
            self._say(reason, _full_in_words(reason, str(full.cap)))
            freed = self._freed(full.until) if full.cap.is_of_the_calendar else full.until
            if freed <= self.at:  # the clocks were put back: what is freed comes a second time
                freed = self.at + full.until - wall
            if not self._freed_on_its_day(freed):
                move(freed)

    def _freed_on_its_day(self, freed: int) -> bool:
        """
        Go when the room comes, if its day has no later hour of sending: that the touch before was
        late by minutes must not cost a day.
        """
        day, soonest = self.lane.local_day(freed), self.lane.soonest(freed)
        hour = self.lane.place(day, 0)
        if hour is None or soonest is None:
            return False
        slots, place = hour
        is_over = slots.at[place] < freed and self.lane.local_day(slots.at[place]) == day
        if not is_over or self.lane.local_day(soonest) != day:
            return False
        self.at = soonest
        return True

    def _freed(self, until: int) -> int:
        """The instant at which the clock on the wall first shows a time."""
        return self.lane.around(self.lane.day_at(until)).offsets.placed(until)

    def _refused(self) -> _Stop | None:
        permit = self.walk.case.permit
        refusal = None if permit is None else permit(self.step, _instants.from_micros(self.at))
        return None if refusal is None else (refusal.state, refusal.reason, refusal.why)


def _held(pause: Pause) -> _Stop:
    return TouchState.HELD, TouchReason.HAND_OFF, pause.why


def _full_in_words(reason: TouchReason, cap: str) -> str:
    return cap if reason is TouchReason.CAP else f"{reason}: {cap}"


def _named(kind: Happening) -> str:
    return kind if isinstance(kind, str) else kind.__name__


def _any_of(kinds: Iterable[Happening]) -> str:
    return " or ".join(map(_named, kinds))


def _holds(condition: Criterion, lead: Lead, at: int) -> bool:
    """Only what is known to hold lets a step out: unknown is not yes, either."""
    now = _instants.from_micros(at)
    return LeadDefinition("condition", condition).judge(lead, now=now).outcome is Outcome.QUALIFIED
