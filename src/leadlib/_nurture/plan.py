"""A plan: the touches of one lead as a value that is printed, drawn, measured and compared."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import chain, islice, pairwise
from math import sqrt
from typing import Any, overload

import attrs

from leadlib import _fields, _instants, _text, limits
from leadlib._nurture.drawing import timeline
from leadlib._nurture.mix import ChannelMix, channel_mix
from leadlib._nurture.policy import as_zone
from leadlib._nurture.touches import Touch, TouchState
from leadlib.errors import InvalidValue, LimitExceeded

__all__ = ["ChangeKind", "Plan", "PlanChange"]

_DAY = timedelta(days=1)


def _as_touches(touches: Iterable[Touch]) -> tuple[Touch, ...]:
    _fields.check_type(touches, Iterable, "touches")
    taken = tuple(islice(touches, limits.PLANNED + 1))
    for touch in taken:
        _fields.check_type(touch, Touch, "touches")
    if len(taken) > limits.PLANNED:
        expected = f"at most {limits.PLANNED:,} touches"
        raise LimitExceeded(expected=expected, got="more", where="touches")
    return taken


class ChangeKind(StrEnum):
    """
    What became of a touch from one plan to the next.

    Example:
        >>> print(ChangeKind.DROPPED)
        dropped
    """

    ADDED = "added"
    DROPPED = "dropped"
    MOVED = "moved"
    CHANGED = "changed"


@attrs.frozen(kw_only=True)
class PlanChange:
    """
    One difference between two plans.

    Args:
        kind: What became of the touch.
        before, after: The touch in each of them; None where it is in one only.
    """

    kind: ChangeKind
    before: Touch | None
    after: Touch | None

    def __str__(self) -> str:
        touch = self.after or self.before
        named = "" if touch is None else f"{touch.send!r} of {touch.lead}"
        return f"{named}: {' -> '.join(_moments(self.before, self.after))}"


def _moments(before: Touch | None, after: Touch | None) -> Iterator[str]:
    yield "nothing" if before is None else f"{before.state} {before.at:%Y-%m-%d %H:%M} UTC"
    if after is None:
        yield "nothing"
    else:
        why = f" ({after.why})" if after.why else ""
        yield f"{after.state} {after.at:%Y-%m-%d %H:%M} UTC{why}"


@attrs.frozen(kw_only=True)
class Plan:
    """
    The touches of a plan in order; a tuple with a view.

    Args:
        touches: Of one lead, or of several.
        zone: In which the table and the picture show them.

    Example:
        >>> print(Plan(touches=[Touch(id="t-1", lead="i-1", cadence="welcome", send="thank-you",
        ...                           channel="mail", at=datetime(2026, 3, 2, 10, tzinfo=UTC))]))
        when (UTC)            what       by    state    why
        ────────────────────  ─────────  ────  ───────  ───
        Mon 2026-03-02 10:00  thank-you  mail  planned
    """

    touches: tuple[Touch, ...] = attrs.field(converter=_as_touches)
    zone: tzinfo = attrs.field(default=UTC, converter=as_zone, repr=False)

    def __iter__(self) -> Iterator[Touch]:
        return iter(self.touches)

    def __len__(self) -> int:
        return len(self.touches)

    @overload
    def __getitem__(self, place: int) -> Touch: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Touch, ...]: ...

    def __getitem__(self, place: int | slice) -> Touch | tuple[Touch, ...]:
        return self.touches[place]

    @property
    def planned(self) -> tuple[Touch, ...]:
        """The touches that are to go out."""
        return tuple(touch for touch in self if touch.state is TouchState.PLANNED)

    @property
    def by_state(self) -> Mapping[TouchState, int]:
        """How many touches are in each state."""
        counts = {state: sum(touch.state is state for touch in self) for state in TouchState}
        return _fields.FrozenDict(counts)

    @property
    def gaps(self) -> tuple[timedelta, ...]:
        """The times between the contacts of each lead, sent and planned."""
        pairs = chain.from_iterable(map(pairwise, self._contacts().values()))
        return tuple(later - earlier for earlier, later in pairs)

    def _contacts(self) -> Mapping[str, Sequence[datetime]]:
        """When each lead was and is to be contacted, in order."""
        contacts: dict[str, list[datetime]] = {}
        for touch in sorted(self._live, key=lambda touch: touch.at):
            contacts.setdefault(touch.lead, []).append(touch.at)
        return contacts

    @property
    def _live(self) -> Iterator[Touch]:
        return (touch for touch in self if touch.state in _LIVE)

    @property
    def irregularity(self) -> float | None:
        """
        The coefficient of variation of the gaps: 0 is a clockwork; None for fewer than two gaps.
        """
        days = [gap / _DAY for gap in self.gaps]
        if len(days) < 2 or not sum(days):  # noqa: PLR2004  # one gap does not vary
            return None
        mean = sum(days) / len(days)
        return sqrt(sum((day - mean) ** 2 for day in days) / len(days)) / mean

    @property
    def mix(self) -> ChannelMix:
        """By which channels the contacts go out."""
        return channel_mix(self._live)

    def silences(
        self, longer_than: timedelta, *, until: datetime | None = None
    ) -> tuple[timedelta, ...]:
        """
        The gaps of each lead longer than a limit, up to *until* if given: campaigns that are no
        conversation.

        Raises:
            InvalidValue: No time above zero.
        """
        _fields.check_type(longer_than, timedelta, "longer_than")
        if longer_than <= timedelta(0):
            raise InvalidValue(expected="a time above zero", got="none", where="longer_than")
        last: list[timedelta] = []
        if until is not None:
            end = _instants.aware(until, where="until")
            last = [end - contacts[-1] for contacts in self._contacts().values()]
        return tuple(gap for gap in (*self.gaps, *last) if gap > longer_than)

    def changes_to(self, later: "Plan") -> tuple[PlanChange, ...]:
        """
        Say what is different in another plan, touch by touch, by their ids.

        Args:
            later: The plan to compare with, such as that of tomorrow.
        """
        _fields.check_type(later, Plan, "later")
        new = {touch.id: touch for touch in later}
        old = {touch.id: touch for touch in self}
        ids = dict.fromkeys((*old, *new))
        found = (_change(old.get(touch), new.get(touch)) for touch in ids)
        return tuple(change for change in found if change is not None)

    def __str__(self) -> str:
        named = len({touch.lead for touch in self}) > 1
        rows = [_cells(touch, self.zone, named=named) for touch in self]
        head = (f"when ({self.zone})", "what", "by", "state", "why")
        return _text.text_table(("lead", *head) if named else head, rows, left=6)

    def _repr_html_(self) -> str:
        return self.picture()

    def picture(self) -> str:
        """Draw the touches on a line of time, as a small static SVG."""
        return timeline(self.touches, self.zone)

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain data."""
        return {"touches": [touch.to_dict() for touch in self]}


def _change(before: Touch | None, after: Touch | None) -> PlanChange | None:
    if before is None or after is None:
        kind = ChangeKind.ADDED if before is None else ChangeKind.DROPPED
    elif _standing(before) != _standing(after):
        kind = ChangeKind.CHANGED
    elif before.state in _LIVE and before.at != after.at:
        kind = ChangeKind.MOVED
    else:
        return None
    return PlanChange(kind=kind, before=before, after=after)


def _standing(touch: Touch) -> tuple[Any, ...]:
    """What does not go out stands as it did while its reasons do, whenever it would have."""
    return (touch.state, *(() if touch.state in _LIVE else touch.reasons))


_LIVE = frozenset({TouchState.PLANNED, TouchState.SENT})


def _cells(touch: Touch, zone: tzinfo, *, named: bool) -> tuple[str, ...]:
    local = touch.at.astimezone(zone)
    cells = (f"{_DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M}", touch.send, touch.channel)
    row = (*cells, touch.state.value, touch.why)
    return (touch.lead, *row) if named else row


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # of no locale
