"""The paths of all leads of a log in Python: what a single pass over its columns knows of each."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from statistics import median

import attrs

from leadlib._metrics.counting import Counting, chains
from leadlib._metrics.log import StageLog
from leadlib._metrics.tables import HOUR, MISSING, Fate, Journeys, PathTable, Question, Window

__all__ = ["Paths"]

_Moment = tuple[int, int, int]  # at, seq, place of the stage


@attrs.define(kw_only=True, slots=False)
class Paths:
    """What one pass over the log knows of every lead; all counts are sums over it."""

    log: StageLog
    question: Question
    closed: frozenset[str]
    closed_by: str
    reach: list[int]  # the furthest index entered, -1 for none
    entries_of: list[list[tuple[int, int]]]  # of each lead: index, first entry; last index first
    last: list[_Moment]  # the latest

    @classmethod
    def read(cls, log: StageLog, question: Question) -> "Paths":
        paths = cls(
            log=log,
            question=question,
            closed=frozenset(),
            closed_by=question.closed_by,
            reach=[-1] * len(log.leads),
            entries_of=[],
            last=[(-1, 0, 0)] * len(log.leads),
        )
        index = {log.stages.index(name): i for name, i in question.index.items()}
        place = {log.stages.index(name): i for i, name in enumerate(question.places)}
        inside, entered = paths._scan(index, place)
        if question.counting is not Counting.AT_LEAST:
            paths._count(index, place)
        if question.closed is None:
            paths.closed_by = "nobody came back"
            entered -= paths._returned(index, inside)
        names = {log.stages[code] for code in entered - index.keys()}
        paths.closed = frozenset(names if question.closed is None else names & question.closed)
        return paths

    def _scan(
        self, index: Mapping[int, int], place: Mapping[int, int]
    ) -> tuple[list[_Moment], set[int]]:
        """Fill the columns; give each lead's latest moment inside, and the stages seen outside."""
        k, reach, last = len(self.question.waterfall), self.reach, self.last
        first: dict[int, int] = {}
        inside, entered = [(-1, 0, 0)] * len(reach), set[int]()
        # The hot loop of every metric: plain comparisons, since max() costs a call an event.
        for lead, stage, at, seq in self.log.events(self.question.cut):
            latest = (at, seq, place[stage])
            if latest > last[lead]:  # noqa: PLR1730
                last[lead] = latest
            i = index.get(stage)
            if i is None:
                entered.add(stage)
                continue
            if i > reach[lead]:  # noqa: PLR1730
                reach[lead] = i
            if latest > inside[lead]:  # noqa: PLR1730
                inside[lead] = latest
            key = lead * k + i
            if at < first.get(key, at + 1):
                first[key] = at
        self.entries_of = [[] for _ in reach]
        for key in sorted(first, reverse=True):
            self.entries_of[key // k].append((key % k, first[key]))
        return inside, entered

    def _count(self, index: Mapping[int, int], place: Mapping[int, int]) -> None:
        """Let only those stages count that were entered as the question says."""
        asked = self.question
        found = chains(self.log, asked.counting, index=index, place=place, cut=asked.cut)
        self.reach = [len(chain) - 1 for chain in found]
        self.entries_of = [chain[::-1] for chain in found]

    def _returned(self, index: Mapping[int, int], inside: list[_Moment]) -> set[int]:
        """The stages outside the waterfall from which some lead came back into it."""
        return {
            stage
            for lead, stage, at, seq in self.log.events(self.question.cut)
            if stage not in index and (at, seq) < inside[lead][:2]
        }

    def inside(self) -> list[int]:
        """The leads that are in the waterfall at all."""
        return [lead for lead, reach in enumerate(self.reach) if reach >= 0]

    def now(self, lead: int) -> str:
        """The latest stage of a lead."""
        return self.question.places[self.last[lead][2]]

    def tables(
        self, by: str | None, *, times: bool = True
    ) -> tuple[PathTable, Mapping[str, PathTable]]:
        groups = {} if by is None else self._groups(by)
        whole = self._table(range(len(self.reach)), times=times)
        return whole, {label: self._table(leads, times=times) for label, leads in groups.items()}

    def _groups(self, by: str) -> dict[str, list[int]]:
        """The leads of each group; one that nobody has seen yet is in none."""
        labels = self.log.labels[by]
        groups: dict[str, list[int]] = defaultdict(list)
        for lead, code in enumerate(labels.at(self.question.cut)):
            if self.reach[lead] >= 0:
                groups[labels.names[code] if code >= 0 else MISSING].append(lead)
        return groups

    def _table(self, leads: Iterable[int], *, times: bool) -> PathTable:
        waits: dict[tuple[int, int], list[int]] = defaultdict(list)
        outside = 0
        for lead in leads:
            at, _, place = self.last[lead]
            if self.reach[lead] >= 0:
                waits[self.reach[lead], place].append(self.question.cut - at)
            else:
                outside += at >= 0
        places = self.question.places
        gaps, entered, backwards = self._gaps(leads)
        return PathTable(
            stopped={(reach, places[now]): len(own) for (reach, now), own in waits.items()},
            waited={
                (reach, places[now]): median(own) for (reach, now), own in waits.items() if times
            },
            entered=entered,
            gaps=[median(own) if own and times else None for own in gaps],
            backwards=backwards,
            outside=outside,
        )

    def _gaps(self, leads: Iterable[int]) -> tuple[list[list[int]], list[int], int]:
        """Times from each stage to the first later one; who entered it; who went back in time."""
        k = len(self.question.waterfall)
        gaps: list[list[int]] = [[] for _ in range(k)]
        entered, backwards = [0] * k, 0
        for lead in leads:
            later, back = None, False
            for i, at in self.entries_of[lead]:
                entered[i] += 1
                if later is not None:
                    back |= later < at
                    gaps[i].append(max(later - at, 0))
                later = at if later is None else min(later, at)
            backwards += back
        return gaps, entered, backwards

    @cached_property
    def _entry(self) -> dict[int, int]:
        """When each lead entered the first stage of the waterfall that it has a date for."""
        return {lead: self.entries_of[lead][-1][1] for lead in self.inside()}

    @cached_property
    def _arrival(self) -> dict[int, int]:
        """When each lead entered the last stage, of those that did."""
        goal = self.question.goal
        return {
            lead: self.entries_of[lead][0][1] for lead in self._entry if self.reach[lead] == goal
        }

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
