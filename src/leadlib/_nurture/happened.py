"""What has happened to one lead, as a cadence sees it: what ends it, pauses it, answers it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Protocol

import attrs

from leadlib import _instants
from leadlib._nurture.steps import Happening, Step
from leadlib._nurture.touches import TouchReason, is_marketing
from leadlib.lifecycle import Attempted, Deferred, Erased, LeadEvent, OptedOut, Parked
from leadlib.model import Lead

__all__ = ["End", "Happened", "Pause", "Rules", "happened"]

Kinds = tuple[type[LeadEvent], ...]


class Rules(Protocol):
    """The events that a cadence listens to."""

    @property
    def ends_on(self) -> Kinds: ...

    @property
    def goal(self) -> Kinds: ...

    @property
    def pauses_on(self) -> Kinds: ...

    @property
    def resumes_on(self) -> Kinds: ...


@attrs.frozen
class End:
    """From when on nothing goes out, why, and in what words."""

    at: int
    reason: TouchReason
    why: str


@attrs.frozen
class Pause:
    """
    A time in which marketing is quiet: sales has the lead, or they asked to hear later.

    Args:
        begin, end: From when until when; None while sales has it.
        reason: Why what was wanted then is moved.
        why: The event that began it.
    """

    begin: int
    end: int | None
    reason: TouchReason
    why: str

    def holds(self, at: int) -> bool:
        """Whether an instant is in it."""
        return self.begin <= at and (self.end is None or at < self.end)


@attrs.frozen
class Happened:
    """
    The history of one lead, read once.

    Args:
        ended: The first event that ends the cadence.
        erased: That nothing may be sent at all, whatever for.
        opted_out: From all channels (None) or from single ones.
        pauses: In order.
        attempts: When and by what channel people of sales tried.
        answers: When each kind of inquiry or event happened first since the enrolment.
    """

    ended: End | None = None
    erased: End | None = None
    opted_out: Mapping[str | None, End] = attrs.field(factory=dict)
    pauses: tuple[Pause, ...] = ()
    attempts: tuple[tuple[int, str], ...] = ()
    answers: Mapping[Happening, int] = attrs.field(factory=dict)

    def end_for(self, step: Step) -> End | None:
        """What ends this step; an opt-out is one of marketing."""
        ends = [self.erased, self.ended]
        if is_marketing(step):
            ends += [self.opted_out.get(None), self.opted_out.get(step.channel)]
        return min((end for end in ends if end is not None), key=lambda end: end.at, default=None)

    def answered(self, kinds: Iterable[Happening]) -> tuple[Happening, int] | None:
        """Which of these happened first."""
        known = [
            (self.answers[kind], place, kind)
            for place, kind in enumerate(kinds)
            if kind in self.answers
        ]
        if not known:
            return None
        at, _, kind = min(known, key=lambda each: each[:2])
        return kind, at

    def paused_at(self, at: int) -> Pause | None:
        """The pause that an instant is in."""
        return next((pause for pause in self.pauses if pause.holds(at)), None)


_NOTHING = Happened()


def happened(
    rules: Rules, lead: Lead, events: Sequence[LeadEvent], steps: Iterable[Step], since: datetime
) -> Happened:
    """
    Read the events of one lead in their order, and its inquiries as far as a step waits for them.
    """
    kinds = {kind for step in steps for kind in (*step.only_after, *step.unless)}
    if not events and not kinds:
        return _NOTHING
    own = [event for event in events if event.lead == lead.id]  # no lead that was merged
    ended = [end for event in own if (end := _end(rules, event, since)) is not None]
    return Happened(
        ended=ended[0] if ended else None,
        erased=next(
            (_as_end(e, TouchReason.ERASED) for e in events if isinstance(e, Erased)), None
        ),
        opted_out=_opt_outs(events),
        pauses=tuple(sorted((*_pauses(rules, own), *_wishes(events)), key=_begin)),
        attempts=tuple((_at(e), e.channel) for e in events if isinstance(e, Attempted)),
        answers=_answers(kinds, lead, own, since),
    )


def _at(event: LeadEvent) -> int:
    return _instants.micros(event.at)


def _as_end(event: LeadEvent, reason: TouchReason) -> End:
    return End(_at(event), reason, f"{type(event).__name__} on {event.at:%Y-%m-%d}")


def _end(rules: Rules, event: LeadEvent, since: datetime) -> End | None:
    """Opt-outs and erasures are looked at apart: no cadence may ignore them."""
    if event.at < since or isinstance(event, OptedOut | Erased):
        return None
    if isinstance(event, rules.goal):
        return _as_end(event, TouchReason.GOAL)
    return _as_end(event, TouchReason.EXIT) if isinstance(event, rules.ends_on) else None


def _opt_outs(events: Iterable[LeadEvent]) -> dict[str | None, End]:
    """The first of each channel, whenever it was: an opt-out does not wear off."""
    outs: dict[str | None, End] = {}
    for event in events:
        if isinstance(event, OptedOut):
            outs.setdefault(event.channel, _as_end(event, TouchReason.OPT_OUT))
    return outs


def _pauses(rules: Rules, events: Iterable[LeadEvent]) -> Iterable[Pause]:
    begun: LeadEvent | None = None
    for event in events:
        if begun is None and isinstance(event, rules.pauses_on):
            begun = event
        elif begun is not None and isinstance(event, rules.resumes_on):
            yield _pause(begun, _at(event))
            begun = None
    if begun is not None:
        yield _pause(begun, None)


def _pause(begun: LeadEvent, end: int | None) -> Pause:
    why = f"{type(begun).__name__} on {begun.at:%Y-%m-%d}"
    return Pause(_at(begun), end, TouchReason.RESUMED, why)


def _begin(pause: Pause) -> int:
    return pause.begin


def _wishes(events: Iterable[LeadEvent]) -> Iterable[Pause]:
    """When they want to hear from us again; what they said last counts."""
    said = [event for event in events if isinstance(event, Deferred | Parked)]
    for event, later in zip_longest(said, said[1:]):
        if event.not_before is not None:
            end = _instants.micros(event.not_before)
            end = end if later is None else min(end, _at(later))
            why = f"not before {event.not_before:%Y-%m-%d}"
            yield Pause(_at(event), end, TouchReason.WISH, why)


def _answers(
    kinds: set[Happening], lead: Lead, events: Iterable[LeadEvent], since: datetime
) -> dict[Happening, int]:
    """An event of a kind derived from the one asked for is one of it."""
    found: dict[Happening, int] = {}
    for inquiry in lead.inquiries:
        if inquiry.kind in kinds and inquiry.at >= since:
            found.setdefault(inquiry.kind, _instants.micros(inquiry.at))
    for event in events:
        for kind in kinds:
            if isinstance(kind, type) and isinstance(event, kind) and event.at >= since:
                found.setdefault(kind, _at(event))
    return found
