"""The paths of all leads through one waterfall: what a single pass over the log knows of each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import attrs

from leadlib._metrics.counting import Counting, chains
from leadlib._metrics.log import StageLog
from leadlib.errors import InvalidValue
from leadlib.lifecycle import Stage

__all__ = ["DAY", "MISSING", "Paths"]

DAY = 86_400_000_000  # microseconds
MISSING = ""  # the group of leads without a label: no label is empty


_Moment = tuple[int, int, int]  # at, seq, place of the stage


@attrs.define(kw_only=True)
class Paths:
    """What one pass over the log knows of every lead; all counts are sums over it."""

    log: StageLog
    waterfall: tuple[str, ...]
    cut: int
    closed: frozenset[int]
    closed_by: str
    reach: list[int]  # the furthest index entered, -1 for none
    entries: list[list[tuple[int, int]]]  # of each lead: index and first entry, last index first
    last: list[_Moment]  # the latest
    by_place: list[int]  # place -> stage code
    counting: Counting = Counting.AT_LEAST

    @classmethod
    def read(
        cls,
        log: StageLog,
        stages: Iterable[str | Stage],
        cut: int,
        closed: Iterable[str | Stage] | None,
        counting: Counting = Counting.AT_LEAST,
    ) -> "Paths":
        waterfall = log.named(stages)
        if not waterfall or len(set(waterfall)) != len(waterfall):
            got = "one of them twice" if waterfall else "none"
            raise InvalidValue(expected="stages that differ", got=got, where="stages")
        codes = {name: code for code, name in enumerate(log.stages)}
        index = {codes[name]: i for i, name in enumerate(waterfall) if name in codes}
        given = log.closed if closed is None else frozenset(log.named(closed))
        ended = {code for code, name in enumerate(log.stages) if given and name in given}
        # The place orders stages within one instant: along the waterfall, then outside, then
        # closed.
        by_place = sorted(
            range(len(log.stages)),
            key=lambda code: (index.get(code, len(waterfall)), code in ended, code),
        )
        paths = cls(
            log=log,
            waterfall=waterfall,
            cut=cut,
            closed=frozenset(),
            closed_by="given" if closed is not None else log.closed_by,
            reach=[-1] * len(log.leads),
            entries=[],
            last=[(-1, 0, 0)] * len(log.leads),
            by_place=by_place,
        )
        inside, entered = paths._scan(index)
        if counting is not Counting.AT_LEAST:
            paths._count(counting, index)
        paths.closed = frozenset(entered & ended - index.keys())
        if given is None:
            paths.closed_by = "nobody came back"
            paths.closed = frozenset(entered - index.keys() - paths._returned(index, inside))
        return paths

    def _scan(self, index: Mapping[int, int]) -> tuple[list[_Moment], set[int]]:
        """Fill the columns; give each lead's latest moment inside, and the stages seen outside."""
        k, reach, last = len(self.waterfall), self.reach, self.last
        first: dict[int, int] = {}
        inside, entered = [(-1, 0, 0)] * len(reach), set[int]()
        place = {code: number for number, code in enumerate(self.by_place)}
        # The hot loop of every metric: plain comparisons, since max() costs a call an event.
        for lead, stage, at, seq in self.log.events(self.cut):
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
        self.entries = [[] for _ in reach]
        for key in sorted(first, reverse=True):
            self.entries[key // k].append((key % k, first[key]))
        return inside, entered

    def _count(self, counting: Counting, index: Mapping[int, int]) -> None:
        """Let only those stages count that were entered as *counting* says."""
        place = {code: number for number, code in enumerate(self.by_place)}
        found = chains(self.log, counting, index=index, place=place, cut=self.cut)
        self.reach = [len(chain) - 1 for chain in found]
        self.entries = [chain[::-1] for chain in found]
        self.counting = counting

    def _returned(self, index: Mapping[int, int], inside: list[_Moment]) -> set[int]:
        """The stages outside the waterfall from which some lead came back into it."""
        return {
            stage
            for lead, stage, at, seq in self.log.events(self.cut)
            if stage not in index and (at, seq) < inside[lead][:2]
        }

    def groups(self, by: str) -> dict[str, list[int]]:
        """The leads of each group, by label; a lead that nobody has seen yet is in none."""
        labels = self.log.labels[by]
        groups: dict[str, list[int]] = defaultdict(list)
        for lead, code in enumerate(labels.at(self.cut)):
            if self.reach[lead] >= 0:
                groups[labels.names[code] if code >= 0 else MISSING].append(lead)
        return dict(sorted(groups.items(), key=lambda group: (group[0] == MISSING, group[0])))

    def inside(self) -> list[int]:
        """The leads that are in the waterfall at all."""
        return [lead for lead, reach in enumerate(self.reach) if reach >= 0]

    def stage_of(self, lead: int) -> int:
        """The code of the latest stage of a lead."""
        return self.by_place[self.last[lead][2]]

    def is_closed(self, lead: int) -> bool:
        """Whether the story of a lead has ended outside the waterfall."""
        return self.stage_of(lead) in self.closed

    def entry(self, lead: int) -> int:
        """When a lead entered the first stage of the waterfall that it has a date for."""
        return self.entries[lead][-1][1]

    def arrival(self, lead: int) -> int | None:
        """When a lead entered the last stage of the waterfall; None if it has not."""
        goal = len(self.waterfall) - 1
        return self.entries[lead][0][1] if self.reach[lead] == goal else None
