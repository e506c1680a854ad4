"""The paths of all leads of a log in Python: what a single pass over its columns knows of each."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from statistics import median

import attrs

from leadlib._metrics.counting import Counting, Entries, any_order, in_order, strict
from leadlib._metrics.log import StageLog
from leadlib._metrics.tables import HOUR, MISSING, Fate, Journeys, PathTable, Question, Window

__all__ = ["Paths"]

_NEVER = 2**62  # microseconds


@attrs.define(kw_only=True, slots=False)
class Paths:
    """What one pass over the log knows of every lead; all counts are sums over it."""

    log: StageLog
    question: Question
    closed: frozenset[str]
    closed_by: str
    places: list[int]  # of the stage of each visible event, among all places of the question
    first: list[Entries]  # by index in the waterfall: of each lead the first entry
    last: dict[int, int]  # of each lead the row of its last event

    @classmethod
    def read(cls, log: StageLog, question: Question) -> "Paths":
        places = log.places(question.cut, question.ranks(log.stages))
        paths = cls(
            log=log,
            question=question,
            closed=frozenset(),
            closed_by=question.closed_by if question.closed is not None else "nobody came back",
            places=places,
            first=_entries(log, question, places),
            last=dict(zip(log.lead, range(len(places)), strict=False)),  # the last one stays
        )
        return attrs.evolve(paths, closed=frozenset(paths._ended()))

    def _ended(self) -> set[str]:
        """The stages off the way in which a story has ended: as declared, or nobody came back."""
        names, inside = self.question.places, len(self.question.index)
        outside = {place for place in {*self.places} if place >= inside}
        if self.question.closed is not None:
            return {names[place] for place in outside} & self.question.closed
        return {names[place] for place in outside - self._returned(inside)}

    def _returned(self, inside: int) -> set[int]:
        """The places off the way from which some lead came back onto it."""
        back, on_way = set[int](), set[int]()
        rows = zip(reversed(self.places), self._leads_backwards, strict=True)
        for place, lead in rows:
            if place < inside:
                on_way.add(lead)
            elif lead in on_way:
                back.add(place)
        return back

    @property
    def _leads_backwards(self) -> Iterator[int]:
        return reversed(self.log.lead[: len(self.places)])

    @cached_property
    def reach(self) -> dict[int, int]:
        """The furthest index that each lead on the way entered."""
        reach: dict[int, int] = {}
        for i, entries in enumerate(self.first):
            reach.update(dict.fromkeys(entries, i))
        return reach

    def now(self, lead: int) -> str:
        """The latest stage of a lead."""
        return self.question.places[self.places[self.last[lead]]]

    def groups(self, by: str) -> Mapping[str, "Paths"]:
        labels = self.log.labels[by]
        codes = labels.at(self.question.cut)
        last, first = _parted(self.last, codes), [_parted(own, codes) for own in self.first]
        return {
            label: attrs.evolve(
                self,
                question=attrs.evolve(self.question, only=(by, label)),
                first=[parts.get(code, {}) for parts in first],
                last=last.get(code, {}),
            )
            for code, label in {**dict(enumerate(labels.names)), -1: MISSING}.items()
        }

    def tables(
        self, by: str | None, *, times: bool = True
    ) -> tuple[PathTable, Mapping[str, PathTable]]:
        whole = self._table(self.reach, self.first, times=times)
        whole = attrs.evolve(whole, outside=len(self.last) - len(self.reach))
        return whole, {} if by is None else dict(self._groups(by, times=times))

    def _groups(self, by: str, *, times: bool) -> Iterator[tuple[str, PathTable]]:
        """The leads of each group; one that nobody has seen yet is in none."""
        labels = self.log.labels[by]
        codes = labels.at(self.question.cut)
        outside = Counter(codes[lead] for lead in self.last.keys() - self.reach.keys())
        reach, first = _parted(self.reach, codes), [_parted(own, codes) for own in self.first]
        for code, own in reach.items():
            entries = [parts.get(code, {}) for parts in first]
            label = labels.names[code] if code >= 0 else MISSING
            table = self._table(own, entries, times=times)
            yield label, attrs.evolve(table, outside=outside[code])

    def _table(
        self, reach: Mapping[int, int], first: Sequence[Mapping[int, int]], *, times: bool
    ) -> PathTable:
        waits: dict[tuple[int, int], list[int]] = defaultdict(list)
        places, ats, cut = self.places, self.log.at, self.question.cut
        for lead, far in reach.items():
            row = self.last[lead]
            waits[far, places[row]].append(cut - ats[row])
        names = self.question.places
        gaps, backwards = _gaps(first)
        return PathTable(
            stopped={(far, names[now]): len(own) for (far, now), own in waits.items()},
            waited={(far, names[now]): median(own) for (far, now), own in waits.items() if times},
            entered=[len(own) for own in first],
            gaps=[median(own) if own and times else None for own in gaps],
            backwards=backwards,
            outside=0,
        )

    @cached_property
    def _entry(self) -> dict[int, int]:
        """When each lead entered the first stage of the waterfall that it has a date for."""
        entry: dict[int, int] = {}
        for own in reversed(self.first):
            entry |= own
        return entry

    @property
    def _arrival(self) -> dict[int, int]:
        """When each lead entered the last stage, of those that did."""
        return self.first[-1]

    def span(self) -> tuple[int, int] | None:
        found = [*self._entry.values(), *self._arrival.values()]
        return (min(found), max(found)) if found else None

    def journeys(self, edges: Sequence[int]) -> Journeys:
        entered, arrived = self._entry, self._arrival
        took = sorted(max(at - entered[lead], 0) for lead, at in arrived.items())
        since = min(arrived.values(), default=None)
        return Journeys(
            fates=Counter(
                (bisect_right(edges, at) - 1, lead in arrived, self.now(lead) in self.closed)
                for lead, at in entered.items()
            ),
            ripe=took[-(-9 * len(took) // 10) - 1] if took else None,
            since=since,
            early=Counter(self._early(since or 0)),
            late=Counter(self._late(since or 0)),
        )

    def _early(self, since: int) -> Iterator[int]:
        return ((since - at) // HOUR for at in self._entry.values() if at < since)

    def _late(self, since: int) -> Iterator[tuple[int, bool]]:
        for lead, at in self._entry.items():
            if at >= since:
                end = self._arrival.get(lead, self.question.cut)
                yield max(end - at, 0) // HOUR, lead in self._arrival

    def arrivals(self, edges: Sequence[int]) -> Counter[int]:
        return Counter(bisect_right(edges, at) - 1 for at in self._arrival.values())

    def in_time(self, edges: Sequence[int], window: Window) -> Counter[Fate]:
        counts = Counter[Fate]()
        for lead, at in self._entry.items():
            end = window.after(at)
            arrival = self._arrival.get(lead, end + 1)
            period = bisect_right(edges, at) - 1
            counts[period, end <= self.question.cut, arrival <= end] += 1
        return counts


def _entries(log: StageLog, question: Question, places: Sequence[int]) -> list[Entries]:
    """By index in the waterfall: of each lead the entry that counts."""
    index = [question.index.get(name) for name in question.places]
    match question.counting:
        case Counting.IN_ORDER:
            rows = zip(log.lead, map(index.__getitem__, places), log.at, strict=False)
            return in_order(rows, len(question.waterfall))
        case Counting.STRICT:
            stories = log.stories(question.cut, question.ranks(log.stages))
            return strict(stories, index, len(question.waterfall))
        case Counting.ANY_ORDER:
            return any_order(_first_entries(log, question))
    return _first_entries(log, question)


def _first_entries(log: StageLog, question: Question) -> list[Entries]:
    found = next((own for cut, own in [*log.kept] if cut == question.cut), None)
    entries: list[Entries] = found or _first_by_stage(log, question.cut)
    log.kept[:] = [own for own in log.kept if not isinstance(own[0], int)]  # another instant's
    log.kept.append((question.cut, entries))
    by_name = dict(zip(log.stages, entries, strict=True))
    return [by_name.get(name, {}) for name in question.waterfall]


def _first_by_stage(log: StageLog, cut: int) -> list[Entries]:
    """The first entry of each lead into each stage, which serves every way through them."""
    entries: list[Entries] = [{} for _ in log.stages]
    end = log.visible(cut)
    # The hot loop of most metrics: backwards, so that the first entry is written last.
    rows = zip(
        reversed(log.lead[:end]),
        map(entries.__getitem__, reversed(log.stage[:end])),
        reversed(log.at[:end]),
        strict=True,
    )
    for lead, own, at in rows:
        own[lead] = at
    return entries


def _parted(entries: Mapping[int, int], codes: Sequence[int]) -> dict[int, dict[int, int]]:
    """What is known of the leads of each group."""
    parts: dict[int, dict[int, int]] = defaultdict(dict)
    for lead, own in entries.items():
        parts[codes[lead]][lead] = own
    return parts


def _gaps(first: Sequence[Mapping[int, int]]) -> tuple[list[list[int]], int]:
    """The times from each stage to the first later one, and how many leads went back in time."""
    gaps: list[list[int]] = []
    later: dict[int, int] = {}
    back = set[int]()
    for own in reversed(first):
        took = []
        for lead, at in own.items():
            until = later.get(lead, _NEVER)
            if at <= until:
                later[lead] = at
            else:
                back.add(lead)
            if until < _NEVER:
                took.append(max(until - at, 0))
        gaps.append(took)
    return gaps[::-1], len(back)
