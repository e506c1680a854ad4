"""
The table of leads of a log that stays in its frame: one row for each lead, in the engine.

One pass gives, for each lead, its first entry into each stage, its last event and its groups; that
table answers every question about the same way, so it is kept.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from leadlib import _text
from leadlib._frames import narwhals
from leadlib._metrics.engines import FAR, coded, kept, largest, length_of, quotient, table_of
from leadlib._metrics.frames import KEPT, FrameLog
from leadlib._metrics.tables import Question

__all__ = ["LeadTable", "first_entry", "lead_table"]


@attrs.frozen(kw_only=True)
class LeadTable:
    """
    One row for each lead, kept by the engine: what one pass over the rows has found.

    Args:
        question: What it was made for.
        upto: The last microsecond that it has seen.
        frame: The first entry into each stage of the way, the last event, and the groups.
        returned: How often leads came back to the way from each stage off it; counted only if
            nobody has said in which of them a story ends.
    """

    question: Question
    upto: int
    frame: Any
    returned: Mapping[str, int]

    def serves(self, question: Question, upto: int, *, now: bool, ended: bool) -> bool:
        """
        Whether it answers another question, too: of a part of the way.

        Args:
            question: The other one.
            upto: The last microsecond that it is to have seen.
            now: Whether it has to be known in which stage a lead is: ties go by the whole way.
            ended: Whether it has to be known only if its story has ended.
        """
        own = self.question
        same_way, same_end = own.waterfall == question.waterfall, own.closed == question.closed
        if self.upto != upto or not {*own.waterfall} >= {*question.waterfall}:
            return False
        if now:
            return same_way and same_end
        # Closed stages come last of an instant, whatever the way, unless they lie on it.
        apart = own.closed is not None and not own.closed & {*own.waterfall}
        return not ended or (same_end and (same_way or apart))


def lead_table(
    log: FrameLog, question: Question, *, now: bool = False, ended: bool = False
) -> LeadTable:
    """A table of a log that was kept, if there is one that serves; or else one more pass."""
    tables: list[LeadTable] = log.kept
    upto = min(question.cut, log.latest)
    for table in [*tables]:
        if table.serves(question, upto, now=now, ended=ended):
            return table
    made = _Pass(log=log, question=question, upto=upto).read()
    log.kept[:] = [*tables, made][-KEPT:]
    return made


def first_entry(i: int) -> str:
    """The column of the first entry into a stage of the way; FAR if there is none."""
    return f"first {i}"


@attrs.frozen(kw_only=True)
class _Pass:
    """The one pass over all visible rows."""

    log: FrameLog
    question: Question
    upto: int

    def read(self) -> LeadTable:
        rows = self._rows()
        leads = kept(rows.select(*self._columns()).group_by("lead").agg(*self._ends()))
        leads = self._settled(leads, rows)
        leads = kept(leads) if self._outside else leads  # it is asked twice then
        returned = self._returned(leads, rows)
        return LeadTable(
            question=self.question,
            upto=self.upto,
            frame=kept(leads.select(*self._kept_columns())),
            returned={self.question.places[out]: count for out, count in returned.items()},
        )

    def _kept_columns(self) -> list[Any]:
        """No id and no wide codes: of millions of leads they would be half of the memory."""
        nw = narwhals()
        codes = [nw.col(key).cast(nw.Int16) for key in ("now", *self.log.columns.values())]
        firsts = [nw.col(first_entry(i)) for i in range(len(self.question.waterfall))]
        return [*codes, nw.col("at"), *firsts]

    def _rows(self) -> Any:
        nw = narwhals()
        places = {name: place for place, name in enumerate(self.question.places)}
        log = self.log
        codes = {value: places[name] for value, name in log.codes["stage"].items()}
        labels = [
            coded(
                key,
                {value: log.labels[name].index(label) for value, label in log.codes[key].items()},
            ).alias(key)
            for name, key in log.columns.items()
        ]
        rows = log.before(self.upto)
        order = nw.col("seq") - log.seqs[0] if log.seqs else nw.lit(0)
        return rows.with_columns(
            coded("stage", codes).alias("place"), order.cast(nw.Int64).alias("order"), *labels
        )

    @property
    def _of_place(self) -> dict[int, int]:
        """The index in the waterfall of each place."""
        places = {name: place for place, name in enumerate(self.question.places)}
        return {i: places[name] for name, i in self.question.index.items()}

    @property
    def _outside(self) -> list[int]:
        """The places outside, if it has to be found out from which of them somebody came back."""
        if self.question.closed is not None:
            return []
        return [*range(len(self._of_place), len(self.question.places))]

    def _columns(self) -> list[Any]:
        nw, at = narwhals(), narwhals().col("at")
        place, columns = nw.col("place"), [nw.col("lead")]
        for i in range(len(self.question.waterfall)):
            is_there = place == self._of_place.get(i, -1)  # nobody is at -1
            columns += [nw.when(is_there).then(at).otherwise(FAR).alias(first_entry(i))]
        for out in self._outside:
            columns += [nw.when(place == out).then(at).otherwise(FAR).alias(f"out {out}")]
        if self._outside:
            is_inside = place < len(self._of_place)
            columns.append(nw.when(is_inside).then(at).otherwise(-1).alias("inside"))
        for pick in self._picks():
            columns += pick.columns(self.log.earliest, both=bool(self.log.seqs))
        return columns

    def _ends(self) -> list[Any]:
        nw = narwhals()
        firsts = [first_entry(i) for i in range(len(self.question.waterfall))]
        least = [*firsts, *(f"out {out}" for out in self._outside)]
        ends = [nw.col(name).min() for name in least]
        if self._outside:
            ends.append(nw.col("inside").max())
        for pick in self._picks():
            ends += pick.ends(both=bool(self.log.seqs))
        return ends

    def _picks(self) -> list["_Pick"]:
        """What is asked of one event of a lead: the stage of the last, the groups of the first."""
        log = self.log
        now = _Pick(name="now", code="place", size=len(self.question.places), last=True)
        groups = [
            _Pick(name=key, code=key, size=len(log.labels[name]), last=False)
            for name, key in log.columns.items()
        ]
        return [now, *groups]

    def _settled(self, leads: Any, rows: Any) -> Any:
        for pick in self._picks():
            leads = pick.read(leads, self.log.earliest, both=bool(self.log.seqs))
            if self.log.seqs:
                leads = pick.settled(leads, rows)
        return leads

    def _returned(self, leads: Any, rows: Any) -> Counter[int]:
        """How often leads came back from each place outside."""
        nw, outside = narwhals(), self._outside
        if not outside:
            return Counter()
        flags = [(nw.col(f"out {out}") < nw.col("inside")).alias(f"{out}") for out in outside]
        back = _sums(leads.select(*flags), outside)
        return back + self._returned_at_once(leads, rows) if self.log.seqs else back

    def _returned_at_once(self, leads: Any, rows: Any) -> Counter[int]:
        """Those of whom only seq tells what came first."""
        nw, order, outside = narwhals(), narwhals().col("order"), self._outside
        same = [(nw.col(f"out {out}") == nw.col("inside")).cast(nw.Int64) for out in outside]
        ties = kept(leads.filter(largest(*same) == 1).select("lead", nw.col("inside").alias("at")))
        if not length_of(ties):
            return Counter()
        here = rows.join(ties, on=["lead", "at"], how="inner")
        is_inside = nw.col("place") < len(self._of_place)
        columns = [nw.when(is_inside).then(order).otherwise(-1).alias("inside")]
        for out in outside:
            is_there = nw.col("place") == out
            columns.append(nw.when(is_there).then(order).otherwise(FAR).alias(f"out {out}"))
        ends = [nw.col("inside").max(), *(nw.col(f"out {out}").min() for out in outside)]
        found = here.select("lead", *columns).group_by("lead").agg(*ends)
        flags = [(nw.col(f"out {out}") < nw.col("inside")).alias(f"{out}") for out in outside]
        return _sums(found.select(*flags), outside)


def _sums(flags: Any, places: Sequence[int]) -> Counter[int]:
    """In how many rows the flag of each place is up."""
    nw = narwhals()
    whole = flags.with_columns(nw.col(f"{place}").cast(nw.Int64) for place in places)
    [row] = table_of(whole.select(*(nw.col(f"{place}").sum() for place in places)))
    known = zip(places, row, strict=True)  # of no rows at all some engines know no sum
    return +Counter({place: 0 if _text.is_missing(own) else int(own) for place, own in known})


@attrs.frozen(kw_only=True)
class _Pick:
    """
    The code of the first or the last event of each lead that has one.

    An instant and a code go into one number, so that an aggregation finds both.  With *seq* two
    such numbers are made, one with the codes in reverse: where they disagree, several events of one
    instant compete, and only those leads are looked up again.
    """

    name: str
    code: str
    size: int
    last: bool

    def columns(self, base: int, *, both: bool) -> list[Any]:
        nw, code = narwhals(), narwhals().col(self.code)
        at, none = (nw.col("at") - base) * max(self.size, 1), -1 if self.last else FAR
        packed = [at + code, at + (max(self.size, 1) - 1 - code)][: 2 if both else 1]
        return [
            nw.when(code >= 0).then(own).otherwise(none).alias(self._packed(turn))
            for turn, own in enumerate(packed)
        ]

    def ends(self, *, both: bool) -> list[Any]:
        columns = [narwhals().col(self._packed(turn)) for turn in range(2 if both else 1)]
        return [column.max() if self.last else column.min() for column in columns]

    def _packed(self, turn: int) -> str:
        return f"{self.name} packed {turn}"

    def read(self, leads: Any, base: int, *, both: bool) -> Any:
        """Unpack: the code, its instant, and whether the reverse says the same."""
        nw, size, floats = narwhals(), max(self.size, 1), leads.implementation.is_spark_like()
        is_known = (nw.col(self._packed(0)) >= 0) & (nw.col(self._packed(0)) < FAR)
        # What is not known is 0 before anybody adds to it: some engines refuse an overflow.
        first = nw.when(is_known).then(nw.col(self._packed(0))).otherwise(0)
        since = quotient(first, size, floats=floats)
        code = nw.when(is_known).then(first - since * size).otherwise(-1)
        at = nw.when(is_known).then(since + base).otherwise(-1)
        columns = [code.cast(nw.Int64).alias(self.name), at.cast(nw.Int64).alias(self._at)]
        if both:
            second = nw.when(is_known).then(nw.col(self._packed(1))).otherwise(0)
            other = size - 1 - (second - quotient(second, size, floats=floats) * size)
            is_tied = is_known & (other != first - since * size)
            columns.append(is_tied.cast(nw.Int64).alias(f"{self.name} tied"))
        return leads.with_columns(*columns)

    @property
    def _at(self) -> str:
        return "at" if self.last else f"{self.name} at"

    def settled(self, leads: Any, rows: Any) -> Any:
        """Let seq decide where several events of one instant compete."""
        nw, size, floats = narwhals(), max(self.size, 1), leads.implementation.is_spark_like()
        tied = leads.filter(nw.col(f"{self.name} tied") == 1)
        tied = kept(tied.select("lead", nw.col(self._at).alias("at")))
        if not length_of(tied):
            return leads
        code = nw.col(self.code)
        here = rows.filter(code >= 0).join(tied, on=["lead", "at"], how="inner")
        packed = here.select("lead", (nw.col("order") * size + code).alias("packed"))
        end = nw.col("packed").max() if self.last else nw.col("packed").min()
        best = packed.group_by("lead").agg(end)
        picked = nw.col("packed") - quotient(nw.col("packed"), size, floats=floats) * size
        best = kept(best.select("lead", picked.cast(nw.Int64).alias("picked")))
        joined = leads.join(best, on="lead", how="left")
        own = (
            nw.when(nw.col("picked").is_null()).then(nw.col(self.name)).otherwise(nw.col("picked"))
        )
        return joined.with_columns(own.cast(nw.Int64).alias(self.name)).drop("picked")
