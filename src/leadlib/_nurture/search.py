"""The search: the way of one touch from the day that is wanted to the instant at which it goes."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

import attrs

from leadlib import _instants
from leadlib._nurture.happened import Pause
from leadlib._nurture.lanes import Lane
from leadlib._nurture.steps import Happening, Step
from leadlib._nurture.touches import TouchReason, TouchState
from leadlib.model import Lead, Purpose
from leadlib.qualification import Criterion, LeadDefinition, Outcome

if TYPE_CHECKING:
    from leadlib._nurture.walk import Walk

__all__ = ["Search"]


_Stop = tuple[TouchState, TouchReason, str]


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
        moves: Why it was moved or stopped.
    """

    walk: "Walk"
    step: Step
    day: int
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
            stop = self._ended() or self._condition() or self._paused() or self._room()
            stop = self._ended() or stop  # it may have moved beyond the end
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
        """The first open day, the first allowed hour, and not before what came before."""
        wanted = self.lane.wanted(self.day)
        self._go(0)
        if self.at != wanted:
            self._say(self._shut())
        answer = self.walk.happened.answered(self.step.only_after)
        if answer is not None:
            self._not_before(answer[1], TouchReason.WAITED, f"waited for {_named(answer[0])}")
        for reason, floor in self.walk.floors:
            if self.at < floor and reason is TouchReason.LATE:
                self._one_a_day()
            self._not_before(floor, reason)
        self._not_before(self.walk.before, TouchReason.ORDER)

    def _one_a_day(self) -> None:
        """Of what is late, the next goes out on the day after the one before it."""
        if self.walk.before:
            self.day = max(self.day, self.lane.local_day(self.walk.before) + 1)

    def _shut(self) -> TouchReason:
        day, planner = date.fromordinal(self.day), self.walk.planner
        if planner.is_open(day):
            return TouchReason.QUIET
        return TouchReason.HOLIDAY if planner.is_holiday(day) else TouchReason.CLOSED

    def _go(self, floor: int) -> None:
        """To the first slot on the wanted day or later that is not before an instant."""
        found = self.lane.place(self.day, floor)
        if found is None:
            raise _NoDay
        slots, place = found
        self.at = slots.at[place]

    def _not_before(self, floor: int, reason: TouchReason, why: str | None = None) -> None:
        if self.at < floor:
            self._go(floor)
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
        if self.step.purpose is not Purpose.MARKETING:
            return None
        enrolled = _instants.micros(self.walk.case.enrolled)
        for pause in self.walk.happened.pauses:
            over = pause.end is not None and pause.end <= enrolled
            if over or self.at < pause.begin:
                continue
            if pause.end is None:
                return TouchState.HELD, TouchReason.HAND_OFF, pause.why
            if self.step.every is None:
                self._wait(pause, pause.end, max(pause.begin, enrolled))
            elif self.at < pause.end:
                is_wish = pause.reason is TouchReason.WISH
                reason = pause.reason if is_wish else TouchReason.HAND_OFF
                return TouchState.CANCELLED, reason, pause.why
        return None

    def _wait(self, pause: Pause, end: int, begin: int) -> None:
        self.day += self.lane.local_day(end) - self.lane.local_day(begin)
        at = self.at
        self._go(max(end, self.walk.before))
        if self.at != at:
            self._say(pause.reason, f"{pause.reason} ({pause.why})")

    def _room(self) -> _Stop | None:
        """To where the caps have room, and then: may the person be contacted there?"""
        walk, step = self.walk, self.step
        while step.purpose is Purpose.MARKETING:
            wall = self.lane.wall(self.at)
            full = walk.ledger.full(self.at, wall, step.channel)
            if full is None:
                break
            alone = walk.alone.full(self.at, wall, step.channel)
            reason = TouchReason.PRIORITY if alone is None else TouchReason.CAP
            self._say(reason, _full_in_words(reason, str(full.cap)))
            self._go(max(self._freed(full.until, full.cap.is_of_the_calendar), self.at + 1))
        return self._refused()

    def _freed(self, until: int, is_wall: bool) -> int:  # noqa: FBT001  # of this class alone
        if not is_wall:
            return until
        return self.lane.around(self.lane.day_at(until)).offsets.placed(until)

    def _refused(self) -> _Stop | None:
        permit = self.walk.case.permit
        refusal = None if permit is None else permit(self.step, _instants.from_micros(self.at))
        return None if refusal is None else (refusal.state, refusal.reason, refusal.why)


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
