"""
Many leads at once: the planned instants of a cadence, for leads to which nothing has happened yet.

Two leads that come in on one local day get the same touches, so a plan is made once for each day
and zone; and where the clocks on the walls of two zones show the same, once for both.  It is the
plain walk without its reasons; the tests hold the two to the same instants.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Protocol

import attrs

from leadlib import _instants
from leadlib._nurture.cadence import Cadence, planner_of
from leadlib._nurture.caps import AnyCap
from leadlib._nurture.lanes import Lane, Slots
from leadlib._nurture.planner import Planner
from leadlib._nurture.policy import ContactPolicy
from leadlib._nurture.steps import Step
from leadlib._nurture.touches import is_marketing
from leadlib.model import Lead
from leadlib.worktime import Span

__all__ = ["Instants", "instants_of"]

_EPOCH_DAY = _instants.EARLIEST.toordinal()
_DAY = 86_400_000_000
_NEVER = 2**63
_CHANGE = 2 * 3_600_000_000  # no clocks are put back by more in a day

Instants = tuple[int, ...]
_Places = tuple[int, ...]
_Find = Callable[[int], Instants | None]


class _Enrolled(Protocol):
    @property
    def lead(self) -> Lead: ...

    @property
    def cadence(self) -> Cadence: ...

    @property
    def at(self) -> datetime: ...

    @property
    def zone(self) -> tzinfo | None: ...


def instants_of(
    enrolments: Sequence[_Enrolled], policy: ContactPolicy | None
) -> list[Instants | None]:
    """
    When the touches of each go out; None where that takes the plain walk.

    With one call for each day and one look-up for each lead, a million touches take a fifth of a
    second; the walk, which can say why, takes half a minute.
    """
    epoch, micro = _instants.EARLIEST, _instants.MICROSECOND
    enrolled = [(each.at - epoch) // micro for each in enrolments]
    moulds: dict[int, _Moulds] = {}
    found: list[Instants | None] = []
    cadence, finds, answers = None, {}, frozenset[str]()
    for each, at in zip(enrolments, enrolled, strict=True):
        if each.cadence is not cadence:
            cadence = each.cadence
            if id(cadence) not in moulds:
                planner = planner_of(cadence, policy)
                moulds[id(cadence)] = _Moulds(planner, min(enrolled), max(enrolled))
            finds = moulds[id(cadence)].finds
            answers = moulds[id(cadence)].answers
        if each.zone not in finds:
            finds[each.zone] = moulds[id(cadence)].made(each.zone)
        has_answered = answers and any(form.kind in answers for form in each.lead.inquiries)
        found.append(None if has_answered else finds[each.zone](at))
    return found


def _is_plain(planner: Planner) -> bool:
    """Whether every step is sent once, to everybody, at the same hours of all channels."""
    steps, policy = planner.cadence.steps, planner.policy
    if policy is not None and policy.laws is not None:
        return False
    plain = all(
        step.every is None
        and step.only_if is None
        and not step.only_after
        and is_marketing(step)
        and not step.at_once
        for step in steps
    )
    channels = {step.channel for step in steps}
    return plain and (policy is None or len({policy.pattern(c) for c in channels}) == 1)


@attrs.define
class _Moulds:
    """
    The plans of one cadence, by zone and by the day on which a lead comes in.

    Args:
        planner: The cadence and the policy.
        first, last: The first and the last lead come in then.
        answers: What a lead may have sent that makes a step needless.
        finds: For each zone, what gives the touches of a lead by the instant it comes in.
    """

    planner: Planner
    first: int
    last: int
    answers: frozenset[str] = attrs.field(init=False)
    finds: dict[tzinfo | None, _Find] = attrs.field(init=False, factory=dict)
    _shared: dict[tuple[int, ...], dict[int, _Places | None]] = attrs.field(
        init=False, factory=dict
    )

    @answers.default
    def _unless(self) -> frozenset[str]:
        kinds = {kind for step in self.planner.cadence.steps for kind in step.unless}
        return frozenset(kind for kind in kinds if isinstance(kind, str))

    def made(self, zone: tzinfo | None) -> _Find:
        """What gives the touches in one zone."""
        if not _is_plain(self.planner):
            return lambda _: None
        lane = self.planner.lane(zone, self.planner.cadence.steps[0].channel)
        slots = _covering(lane, self.first, self.last, self.planner.cadence.steps)
        policy = self.planner.policy
        caps = () if policy is None else policy.all_caps
        is_of_the_wall = all(cap.is_of_the_calendar for cap in caps)
        key = (slots.first, *(slots.wall if is_of_the_wall else slots.at))
        return self._find(slots, self._shared.setdefault(key, {}))

    def _find(self, slots: Slots, places: dict[int, _Places | None]) -> _Find:
        made: dict[int, Instants | None] = {}
        starts, offsets = slots.offsets.starts, slots.offsets.offsets
        following, first = slots.following, slots.first - _EPOCH_DAY
        sending = [*slots.at, _NEVER]  # so that whoever comes after the last slot finds an end

        def find(at: int) -> Instants | None:
            day = (at + offsets[bisect_right(starts, at) - 1]) // _DAY - first
            place = following[day]
            while sending[place] < at:
                place += 1
            key = day << 32 | place
            if key not in made:
                if key not in places:
                    places[key] = self._places(slots, day + slots.first, place)
                own = places[key]
                made[key] = None if own is None else tuple([sending[each] for each in own])
            return made[key]

        return find

    def _places(self, slots: Slots, day: int, first: int) -> _Places | None:
        """The walk over the steps, with places of the table instead of instants."""
        caps = _Caps.of(self.planner, slots)
        places: list[int] = []
        before = first
        for step in self.planner.cadence.steps:
            wanted = self.planner.wanted_day(step, day)
            if wanted is None or not slots.first <= wanted < slots.last:
                return None
            own = _behind(slots, max(slots.following[wanted - slots.first], first), before)
            place = caps.room(own, step.channel)
            if place is None:
                return None
            places.append(place)
            before = _first_at(slots.at, place)
        return tuple(places)


def _behind(slots: Slots, place: int, before: int) -> int:
    """What would be before the step before it: on a later day than that, or right behind it."""
    if place == len(slots.at) or slots.at[place] >= slots.at[before]:
        return place
    own, other = (slots.wall[each] // _DAY + _EPOCH_DAY for each in (place, before))
    if own == other:
        return before
    day = other + 1 - slots.first
    return slots.following[day] if day < len(slots.following) else len(slots.at)


def _first_at(at: Sequence[int], place: int) -> int:
    """The first slot that is not before one: two days may share an instant."""
    while place and at[place - 1] == at[place]:
        place -= 1
    return place


def _covering(lane: Lane, first: int, last: int, steps: Iterable[Step]) -> Slots:
    """A table from the day before the first instant to two months beyond the last touch."""
    days = max(map(_reach, steps)) + 60
    return lane.covering(first // _DAY + _EPOCH_DAY - 2, last // _DAY + _EPOCH_DAY + days)


def _reach(step: Step) -> int:
    """About how many days after the enrolment."""
    if isinstance(step.after, Span):
        return 2 * step.after.length.days
    return step.after.days + 31 * step.after.months + 366 * step.after.years


@attrs.define
class _Caps:
    """The caps over touches that come one after the other, by places of the table."""

    caps: Sequence[tuple[AnyCap, Sequence[int], list[int]]]
    wall: Sequence[int]
    end: int

    @classmethod
    def of(cls, planner: Planner, slots: Slots) -> "_Caps":
        caps = () if planner.policy is None else planner.policy.all_caps
        times = [slots.wall if cap.is_of_the_calendar else slots.at for cap in caps]
        known: list[tuple[AnyCap, Sequence[int], list[int]]]
        known = [(cap, own, []) for cap, own in zip(caps, times, strict=True)]
        return cls(known, slots.wall, len(slots.at))

    def room(self, place: int, channel: str) -> int | None:
        """
        The first place from one on with room, which is taken; None if room comes on a day whose
        hour is over, or if the table is too short.
        """
        own = [each for each in self.caps if each[0].covers(channel)]
        while place < self.end:
            later = place
            for cap, times, taken in own:
                until = _full_until(cap, times, taken, place)
                if until is None:
                    continue
                freed = bisect_left(times, until, place)
                if self._is_same_day(freed - 1, until - times[freed - 1]):
                    return None
                later = max(later, freed)
            if later == place:
                for _, times, taken in own:
                    taken.append(times[place])
                return place
            place = later
        return None

    def _is_same_day(self, place: int, wait: int) -> bool:
        """Whether a wait may end on the day of a place, whatever the clocks do meanwhile."""
        wall = self.wall[place]
        return (wall + wait - _CHANGE) // _DAY == wall // _DAY


def _full_until(cap: AnyCap, times: Sequence[int], taken: Sequence[int], place: int) -> int | None:
    """From when on there is room; None if there is."""
    if len(taken) < cap.most:
        return None
    until = taken[-cap.most] + cap.micros
    return None if times[place] >= until else until
