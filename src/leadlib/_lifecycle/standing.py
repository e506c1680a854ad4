"""Where a lead can be, and where one stands: its events, checked, and the stage after each."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from operator import attrgetter
from typing import TypeVar

import attrs

from leadlib import _fields, _instants, _text
from leadlib._lifecycle.events import (
    HAND_OFFS,
    Accepted,
    Attempted,
    CallbackScheduled,
    Deferred,
    HandedBack,
    HandedOff,
    LeadEvent,
    Merged,
    Overridden,
    Parked,
    PassedOn,
    Qualified,
    Reassigned,
    Rejected,
    Triaged,
)
from leadlib.errors import ConflictError, InvalidValue
from leadlib.model import Team

__all__ = ["Stage", "Standing", "Stay", "as_team", "survivor_of"]

_Event = TypeVar("_Event", bound=LeadEvent)


def as_team(value: object) -> Team:
    """The team, given as such or by its name."""
    return _fields.member(Team, value, expected="a team", where="owner")


def _as_owner(value: object) -> Team | None:
    return None if value is None else as_team(value)


def _as_meaning(value: object) -> str:
    return _text.clean(value, where="$.meaning", empty=True)


def _is_flag(_: object, field: "attrs.Attribute[bool]", value: object) -> None:
    if not isinstance(value, bool):
        got, where = _text.kind_of(value), f"$.{field.name}"
        raise InvalidValue(expected="yes or no", got=got, where=where)


@attrs.frozen(cache_hash=True, repr=False)
class Stage:
    """
    Where a lead can be, who answers for it there, and whether its story has ended.

    Args:
        name: Such as ``handed_off``.
        owner: The team that answers; None only where nothing is left to answer for.
        meaning: What it means that a lead is here, in a few words.
        closed: Whether the story has ended; moves may still lead out of it.
        nurture: Whether leads are developed here until they are ready.

    Example:
        >>> from leadlib import Team
        >>> print(Stage("handed_back", Team.MARKETING, "returned by sales with a reason"))
        handed_back
    """

    name: str = attrs.field(converter=_fields.identifier)
    owner: Team | None = attrs.field(converter=_as_owner)
    meaning: str = attrs.field(default="", converter=_as_meaning)
    closed: bool = attrs.field(default=False, kw_only=True, validator=_is_flag)
    nurture: bool = attrs.field(default=False, kw_only=True, validator=_is_flag)

    def __repr__(self) -> str:
        return f"<Stage {self.name}>"

    def __str__(self) -> str:
        return self.name

    @property
    def is_final(self) -> bool:
        """Whether nobody answers for what is here any more: merged, erased."""
        return self.closed and self.owner is None

    @property
    def is_with_sales(self) -> bool:
        """Whether sales has the lead in hand, alone or with marketing, and it is open."""
        return not self.closed and self.owner in {Team.SALES, Team.BOTH}

    @property
    def is_with_marketing(self) -> bool:
        """Whether marketing alone has the lead in hand, and it is open."""
        return not self.closed and self.owner is Team.MARKETING


@attrs.frozen(kw_only=True)
class Stay:
    """
    One stay of a lead in a stage; it ends when the next begins.

    Args:
        stage: Where.
        since: When it began, inclusive.
        until: When it ended, exclusive; None if it lasts.
    """

    stage: Stage
    since: datetime
    until: datetime | None


@attrs.frozen(weakref_slot=False)
class Standing:
    """
    Where one lead stands: its events, checked, and the stage after each.

    A lifecycle makes it: see :meth:`Lifecycle.replay`.

    Args:
        events: In order, each once.
        stages: The stage after each event.
    """

    events: tuple[LeadEvent, ...] = attrs.field(repr=lambda events: str(len(events)))
    stages: tuple[Stage, ...] = attrs.field(repr=lambda stages: str(stages[-1]))

    @property
    def lead(self) -> str:
        """The id of the lead."""
        return self.events[0].lead

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return self.stages[-1]

    @property
    def owner(self) -> Team | None:
        """Who answers for the lead now."""
        return self.stage.owner

    @property
    def since(self) -> datetime:
        """When the lead entered its present stage."""
        return self.events[self.entered(self.stage)].at

    @property
    def is_lead(self) -> bool:
        """
        Whether a certificate ever called this a lead; before that it is an inquiry (seed 003).
        """
        return self.pass_no > 0

    @property
    def pass_no(self) -> int:
        """How often the lead has been certified: 2 after the first recycling."""
        return sum(isinstance(event, Qualified) for event in self.events)

    @property
    def offers(self) -> int:
        """How often the lead came from the hands of marketing into those of sales."""
        return sum(
            before.is_with_marketing and stage.is_with_sales
            for before, stage in pairwise(self.stages)
        )

    @property
    def rep(self) -> str | None:
        """
        Who has the lead, or had it last: the rep who accepted it, else to whom it was given.
        """
        for event in reversed(self.events):
            if isinstance(event, HandedOff | PassedOn | Overridden | Reassigned):
                return event.to
            if isinstance(event, Accepted) and event.by is not None:
                return event.by
        return None

    @property
    def not_before(self) -> datetime | None:
        """
        When the lead may be taken up again: the date they named when they were deferred or parked
        last, else the one that sales named when it handed back.
        """
        for event in reversed(self.events):
            if isinstance(event, Deferred | Parked | HandedBack) and event.not_before is not None:
                return event.not_before
            if isinstance(event, HandedBack | Triaged):
                return None
        return None

    @property
    def callback(self) -> datetime | None:
        """When the prospect asked to be called, if that is what the lead waits for."""
        last = self.events[self.entered(self.stage) :][::-1]
        asked = (event.due for event in last if isinstance(event, CallbackScheduled))
        return next(asked, None)

    @property
    def activities(self) -> tuple[Attempted, ...]:
        """
        The attempts of people since the last offer to sales: who, when, by what, and the outcome.
        """
        offered = [n for n, event in enumerate(self.events) if isinstance(event, HAND_OFFS)]
        since = self.events[offered[-1] :] if offered else self.events
        return tuple(event for event in since if isinstance(event, Attempted))

    @property
    def last_activity(self) -> Attempted | None:
        """The last of :attr:`activities`; None if nobody tried."""
        return self.activities[-1] if self.activities else None

    @property
    def returned(self) -> tuple[HandedBack | Rejected, ...]:
        """What sales said each time it gave the lead back."""
        return tuple(event for event in self.events if isinstance(event, HandedBack | Rejected))

    def last(self, kind: type[_Event]) -> _Event | None:
        """The last event of that kind, or None."""
        return next((event for event in reversed(self.events) if isinstance(event, kind)), None)

    def visits(self) -> Iterator[tuple[LeadEvent, Stage]]:
        """Yield the events that entered a stage, with the stage; loops within one are left out."""
        before = (None, *self.stages)
        for event, stage, last in zip(self.events, self.stages, before, strict=False):
            if stage != last:
                yield event, stage

    @property
    def stays(self) -> tuple[Stay, ...]:
        """
        All stays in order, without a gap: at every instant a lead is in one stage (004-22).
        """
        visits = [*self.visits()]
        ends = [event.at for event, _ in visits[1:]]
        return tuple(
            Stay(stage=stage, since=event.at, until=until)
            for (event, stage), until in zip(visits, [*ends, None], strict=True)
        )

    def as_of(self, now: datetime) -> "Standing | None":
        """
        The lead as it stood at an instant: nothing after it is visible.

        Args:
            now: The last visible instant.

        Returns:
            The standing by then; None before the first event.

        Raises:
            InvalidValue: *now* has no time zone.

        Example:
            >>> from datetime import UTC, datetime
            >>> from leadlib.lifecycle import STANDARD, Inquired, Triaged
            >>> monday, tuesday = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
            >>> standing = STANDARD.replay(
            ...     [Inquired(lead="L", at=monday), Triaged(lead="L", at=tuesday)])
            >>> print(standing.stage, standing.as_of(monday).stage)
            qualifying inquiry
        """
        now = _instants.aware(now, where="now")
        if self.events[-1].at <= now:
            return self
        count = bisect_right(self.events, now, key=attrgetter("at"))
        return Standing(self.events[:count], self.stages[:count]) if count else None

    def entered(self, stage: Stage) -> int:
        """The index of the event that began the last visit to *stage*."""
        index = len(self.stages) - 1 - self.stages[::-1].index(stage)
        while index and self.stages[index - 1] == stage:
            index -= 1
        return index


def survivor_of(lead: str, standings: Mapping[str, Standing]) -> str:
    """
    The lead that goes on for a merged one, through any number of merges; itself if it was not.

    Raises:
        ConflictError: The merges run in a circle.
    """
    seen = {lead: None}
    while lead in standings and (merged := standings[lead].last(Merged)) is not None:
        lead = merged.into
        if lead in seen:
            raise ConflictError(
                expected="merges that end in a lead", got="a circle", where=" -> ".join(seen)[:200]
            )
        seen[lead] = None
    return lead
