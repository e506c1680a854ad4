"""Segmentation: which leads are won more often, from the outside of a company inward (seed 004)."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from html import escape
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._qualification.groups import (
    LEVEL,
    End,
    Row,
    as_fields,
    by_chance,
    counted_by,
    gain_of,
    groups_of,
    paired,
)
from leadlib._rates import Rate, whole_number
from leadlib.errors import ConflictError, InvalidValue, LimitExceeded, UnknownName

__all__ = ["Nest", "NestedSegmentation", "Segment", "Stopped"]


class Nest(StrEnum):
    """
    The five nests, from what anybody can see of a company to what only the rep learns.

    Source:
        Bonoma and Shapiro, Segmenting the Industrial Market, 1983.
    """

    DEMOGRAPHICS = "demographics"
    OPERATING = "operating"
    PURCHASING = "purchasing"
    SITUATIONAL = "situational"
    PERSONAL = "personal"


class Stopped(StrEnum):
    """Why a segment is not split further."""

    TOO_FEW = "too few closed leads"
    NO_GAIN = "no field gains enough"


@attrs.frozen(kw_only=True, repr=False)
class Segment:
    """
    Leads with something in common, and how often they are won.

    Args:
        path: The fields and groups that lead here, from the outside inward.
        rate: The won of the closed ones.
        open: Those that have not ended.
        nest: The nest of *split_by*.
        split_by: The field that splits it; None at a leaf.
        gain: The bits that the split tells.
        parts: The segments within, the highest rate first.
        stopped: Why it is a leaf.
    """

    path: tuple[tuple[str, str], ...]
    rate: Rate
    open: int
    nest: Nest | None = None
    split_by: str | None = None
    gain: float | None = None
    parts: tuple["Segment", ...] = ()
    stopped: Stopped | None = None

    @property
    def leaves(self) -> tuple["Segment", ...]:
        """All segments that are not split, the surest first: by the lower bound of their rate."""
        return tuple(
            sorted(self._leaves(), key=lambda s: s.rate.interval or (-1, -1), reverse=True)
        )

    def _leaves(self) -> Iterator["Segment"]:
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part._leaves()  # noqa: SLF001  # of the same class

    @property
    def name(self) -> str:
        """The last step of the path."""
        return " = ".join(self.path[-1]) if self.path else "all"

    def __repr__(self) -> str:
        name = ", ".join(" = ".join(step) for step in self.path) or "all"
        return f"<Segment {name}: {self.rate}>"

    def __str__(self) -> str:
        return "\n".join(self._lines(0))

    def _lines(self, depth: int) -> Iterator[str]:
        yield f"{'  ' * depth}{self.name}: {self._counts}; {self._why}"
        for part in self.parts:
            yield from part._lines(depth + 1)  # noqa: SLF001  # of the same class

    @property
    def _counts(self) -> str:
        ends = f"{self.rate.k:,} of {self.rate.n:,} won, {self.rate}"
        return f"{ends}, {self.open:,} open" if self.open else ends

    @property
    def _why(self) -> str:
        if self.gain is None:
            return f"{self.stopped}"
        return f"by {self.split_by} ({self.nest}), {self.gain:.4f} bit"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """The tree as plain data."""
        return {
            "path": [list(step) for step in self.path],
            "won": self.rate.k,
            "closed": self.rate.n,
            "open": self.open,
            "nest": self.nest and self.nest.value,
            "split_by": self.split_by,
            "gain": self.gain,
            "stopped": self.stopped and self.stopped.value,
            "parts": [part.to_dict() for part in self.parts],
        }


_MOST_FIELDS = 100  # each is split by at most once on a path, so that this bounds the depth, too


def _as_nests(nests: Any) -> "_fields.FrozenDict[Nest, tuple[str, ...]]":
    _fields.check_type(nests, Mapping, "nests")
    given = {_as_nest(name): as_fields(fields) for name, fields in nests.items()}
    fields = [field for names in given.values() for field in names]
    if len(set(fields)) != len(fields):
        raise ConflictError(expected="each field in one nest", got="one in two", where="nests")
    if len(fields) > _MOST_FIELDS:
        expected = f"at most {_MOST_FIELDS} fields"
        raise LimitExceeded(expected=expected, got=f"{len(fields):,}", where="nests")
    return _fields.FrozenDict({nest: given[nest] for nest in Nest if nest in given})


def _as_nest(name: Any) -> Nest:
    try:
        return Nest(name)
    except ValueError:
        got = repr(name) if isinstance(name, str) else _text.kind_of(name)
        legal = [nest.value for nest in Nest]
        raise UnknownName(expected="a nest", got=got, where="nests", legal=legal) from None


def _as_fewest(fewest: Any) -> int:
    count = whole_number(fewest)
    if count < 1:
        raise InvalidValue(expected="at least one closed lead", got="fewer")
    return count


def _as_least_gain(gain: Any) -> float:
    if isinstance(gain, bool) or not isinstance(gain, int | float) or not 0 <= gain <= 1:
        raise InvalidValue(expected="bits from 0 to 1", got="something else")
    return float(gain)


@attrs.frozen(field_transformer=_fields.placed)
class NestedSegmentation:
    """
    Segments by the best field of the outermost nest that still tells something.

    What is cheap to see comes first; an inner nest is entered only where the outer ones have
    nothing more to tell.  A field tells something if it gains *least_gain* bits, and more than
    chance would in one of twenty such nests.  Numbers fall into up to five parts of like size;
    values of fewer than ten leads are taken together.

    Args:
        nests: Nest to its fields; the nests go from the outside inward whatever their order here.
        fewest: Closed leads that a segment must have to be split.
        least_gain: Bits that a split must tell.

    Raises:
        UnknownName: No such nest.
        ConflictError: A field in two nests.

    Source:
        Bonoma and Shapiro 1983; requirement 004-24.

    Example:
        >>> rows = [{"size": "large"}] * 40 + [{"size": "small"}] * 60
        >>> won = [True] * 24 + [False] * 16 + [True] * 6 + [False] * 54
        >>> print(NestedSegmentation({"demographics": ["size"]}).segment(rows, won))
        all: 30 of 100 won, 30.0 % [21.9, 39.6]; by size (demographics), 0.2115 bit
          size = large: 24 of 40 won, 60.0 % [44.6, 73.7]; no field gains enough
          size = small: 6 of 60 won, 10.0 % [4.7, 20.1]; no field gains enough
    """

    nests: Mapping[Nest, tuple[str, ...]] = attrs.field(converter=_as_nests, hash=False)
    fewest: int = attrs.field(default=30, converter=_as_fewest, kw_only=True)
    least_gain: float = attrs.field(default=0.01, converter=_as_least_gain, kw_only=True)

    def segment(self, rows: Iterable[Row], outcomes: Iterable[End]) -> Segment:
        """
        Split leads until too few are left, or no field tells enough.

        Args:
            rows: Values by field; None or no entry is unknown, a group of its own.
            outcomes: True for won, False for lost; None for open, which is counted beside.

        Raises:
            InvalidValue: Not one outcome for each row.
        """
        taken, ends = paired(rows, outcomes)
        columns = {}
        for field in (field for names in self.nests.values() for field in names):
            values = [row.get(field) for row in taken]
            groups = groups_of(values)
            columns[field] = _Column(groups.labels, [groups.place(value) for value in values])
        return self._grown(_Leads(columns, ends), list(range(len(ends))), ())

    def _grown(
        self, leads: "_Leads", members: list[int], path: tuple[tuple[str, str], ...]
    ) -> Segment:
        closed = [leads.ends[i] for i in members if leads.ends[i] is not None]
        rate, left = Rate(closed.count(True), len(closed)), len(members) - len(closed)
        found = self._best(leads, members, {field for field, _ in path})
        if rate.n < self.fewest or found is None:
            stopped = Stopped.TOO_FEW if rate.n < self.fewest else Stopped.NO_GAIN
            return Segment(path=path, rate=rate, open=left, stopped=stopped)
        nest, field, gain = found
        parts = [
            self._grown(leads, part, (*path, (field, label)))
            for label, part in leads.split(field, members)
        ]
        return Segment(
            path=path,
            rate=rate,
            open=left,
            nest=nest,
            split_by=field,
            gain=gain,
            parts=tuple(sorted(parts, key=_highest_first)),
        )

    def _best(
        self, leads: "_Leads", members: list[int], used: set[str]
    ) -> tuple[Nest, str, float] | None:
        for nest, fields in self.nests.items():
            tried = [
                (field, leads.counted(field, members)) for field in fields if field not in used
            ]
            gains = [(field, gain_of(groups) or 0.0, groups) for field, groups in tried]
            enough = [
                (field, gain)
                for field, gain, groups in gains
                if gain >= self.least_gain and by_chance(gain, groups) * len(tried) < LEVEL
            ]
            if enough:
                field, gain = max(enough, key=lambda pair: pair[1])  # of equals, the first named
                return nest, field, gain
        return None


def _highest_first(segment: Segment) -> float:
    return 1.0 if segment.rate.value is None else -segment.rate.value


@attrs.frozen
class _Column:
    labels: tuple[str, ...]
    places: list[int]


@attrs.frozen
class _Leads:
    columns: dict[str, _Column]
    ends: list[End]

    def counted(self, field: str, members: list[int]) -> list[tuple[int, int]]:
        places = self.columns[field].places
        return counted_by((places[i] for i in members), (self.ends[i] for i in members))

    def split(self, field: str, members: list[int]) -> Iterator[tuple[str, list[int]]]:
        """The members by group, in the order of the groups."""
        column, parts = self.columns[field], dict[int, list[int]]()
        for i in members:
            parts.setdefault(column.places[i], []).append(i)
        return ((column.labels[place], parts[place]) for place in sorted(parts))
