"""
Segmentation: which leads are won more often, from the outside of a company inward (seed 004).

Closed leads decide; open ones have not ended and are counted beside them.  Unknown is a group of
its own, and so is whatever is too rare to say anything: no single lead shows in a report.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from html import escape
from itertools import pairwise
from math import erfc, exp, fsum, inf, isfinite, lgamma, log, log2, sqrt
from numbers import Real
from typing import Any

import attrs

from leadlib import _fields, _text, limits
from leadlib._rates import Rate, compare, whole_number
from leadlib.errors import ConflictError, InvalidValue, LimitExceeded, UnknownName

__all__ = [
    "Groups",
    "Inventory",
    "Nest",
    "NestedSegmentation",
    "Segment",
    "Stopped",
    "TrackedField",
    "fields_of",
    "groups_of",
    "information_gain",
    "inventory",
    "is_known",
    "lift",
    "paired",
    "written_after",
]

Row = Mapping[str, Any]
End = bool | None
Word = str | bool

_RARE = 10  # leads: fewer of one kind are shown, and judged, together
_MOST_WORDS = 50
_FEW_GROUPS = 5  # numbers fall into that many parts of like size; more would gain by chance
_LEVEL = 0.05
_EXACT = 2.0**53
_NUMBERS: Any = (Real, Decimal)


# -- reading --


def paired(rows: Iterable[Any], outcomes: Iterable[Any]) -> tuple[list[Row], list[End]]:
    """Rows and how they ended, side by side."""
    taken, ends = list(rows), list(outcomes)
    if len(taken) != len(ends):
        got = f"{len(taken)} rows and {len(ends)} outcomes"
        raise InvalidValue(expected="one outcome for each row", got=got)
    for i, (row, end) in enumerate(zip(taken, ends, strict=True)):
        if not isinstance(row, Mapping):
            expected, where = "values by field", f"rows[{i}]"
            raise InvalidValue(expected=expected, got=_text.kind_of(row), where=where)
        if end is not None and not isinstance(end, bool):
            expected, where = "True for won, False for lost, None for open", f"outcomes[{i}]"
            raise InvalidValue(expected=expected, got=_text.kind_of(end), where=where)
    return taken, ends


def fields_of(rows: list[Row]) -> list[str]:
    """All fields of the rows, by name."""
    names: set[Any] = set().union(*rows)
    for name in names:
        _fields.check_type(name, str, "rows")
    if len(names) > limits.COLUMNS:
        expected = f"at most {limits.COLUMNS:,} fields"
        raise LimitExceeded(expected=expected, got=f"{len(names):,}", where="rows")
    return sorted(names)


def is_known(value: Any) -> bool:
    """Whether somebody said it; blank text says nothing."""
    if isinstance(value, str):
        return not (value == "" or value.isspace())
    if isinstance(value, Decimal):  # a signalling NaN cannot even be compared
        return not value.is_nan()
    return not _text.is_missing(value)


def _number(value: Any) -> float | None:
    """The number behind a known value; None if it is no number."""
    if not isinstance(value, _NUMBERS):
        return None
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


@attrs.frozen(slots=False)
class Groups:
    """
    How the values of one field are told apart.

    Args:
        cuts: Where the next part of the numbers begins; the cut itself belongs to it.
        words: Text, and yes or no, that are common enough for a group of their own.

    Example:
        >>> groups = Groups(cuts=(10, 50), words=("many",))
        >>> [groups.labels[groups.place(value)] for value in (9, 50, "many", "few", None)]
        ['below 10', '50 or more', 'many', 'other', 'unknown']
    """

    cuts: tuple[float, ...] = ()
    words: tuple[Word, ...] = ()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the groups: numbers, words, all other values, unknown."""
        words = [_shown(word) for word in self.words]
        return (*_parts_of_line(self.cuts), *words, "other", "unknown")

    @cached_property
    def _places(self) -> dict[Word, int]:
        return {word: len(self.cuts) + 1 + i for i, word in enumerate(self.words)}

    def place(self, value: Any) -> int:
        """The group of a value, as a place in *labels*."""
        if isinstance(value, _WORDS) and value in self._places:
            return self._places[value]
        if not is_known(value):
            return len(self.labels) - 1
        number = None if isinstance(value, _WORDS) else _number(value)
        return len(self.labels) - 2 if number is None else bisect_right(self.cuts, number)

    def label(self, value: Any) -> str:
        """The name of the group of a value."""
        return self.labels[self.place(value)]


_WORDS = (str, bool)


def _shown(word: Word) -> str:
    if isinstance(word, bool):
        return "yes" if word else "no"
    return word


def _parts_of_line(cuts: tuple[float, ...]) -> list[str]:
    if not cuts:
        return ["any number"]
    shown = [f"{cut:,}" for cut in cuts]
    between = [f"{low} to below {high}" for low, high in pairwise(shown)]
    return [f"below {shown[0]}", *between, f"{shown[-1]} or more"]


def groups_of(values: Iterable[Any], *, most: int = _FEW_GROUPS) -> Groups:
    """Numbers in parts of like size, at most *most*; text and yes or no if they are not rare."""
    numbers: list[float] = []
    words: Counter[Word] = Counter()
    for value in values:
        if isinstance(value, _WORDS):
            words[value] += is_known(value)
        elif is_known(value) and (number := _number(value)) is not None:
            numbers.append(number)
    common = [(-count, *_by_name(word)) for word, count in words.items() if count >= _RARE]
    kept = sorted(word[1:] for word in sorted(common)[:_MOST_WORDS])
    return Groups(_cuts(sorted(numbers), most), tuple(word for *_, word in kept))


def _by_name(word: Word) -> tuple[bool, Word]:
    return isinstance(word, bool), word


def _cuts(numbers: list[float], most: int) -> tuple[float, ...]:
    parts = min(most, len(numbers) // _RARE)
    places = (len(numbers) * part // parts for part in range(1, parts))
    cuts = dict.fromkeys(numbers[place] for place in places)
    return tuple(_plain(cut) for cut in cuts if isfinite(cut) and cut > numbers[0])


def _plain(number: float) -> float:
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


# -- information --


def information_gain(rows: Iterable[Row], outcomes: Iterable[End], field: str) -> float | None:
    """
    The bits that one field tells of how leads end.

    Each value counts as it is, and so does unknown.  A field with a value of its own for each lead
    tells everything of the past and nothing of the future: :func:`inventory` takes rare values
    together.

    Args:
        rows: Values by field.
        outcomes: True for won, False for lost; None for open, which is left out.
        field: Its name.

    Returns:
        From 0 to 1; None if no lead is closed.

    Source:
        Requirements 004-24 and M-36.

    Example:
        >>> rows = [{"size": "large"}] * 40 + [{"size": "small"}] * 60
        >>> won = [True] * 24 + [False] * 16 + [True] * 6 + [False] * 54
        >>> print(f"{information_gain(rows, won, 'size'):.4f}")
        0.2115
    """
    taken, ends = paired(rows, outcomes)
    keys = [_told_apart(row.get(field)) for row in taken]
    return _gain(_counted(keys, ends))


def _told_apart(value: Any) -> Hashable:
    if not is_known(value):
        return None
    if isinstance(value, str | bool):
        return type(value) is bool, value
    number = _number(value)
    return "other" if number is None else (None, number)


def _counted(keys: Iterable[Hashable], ends: Iterable[End]) -> list[tuple[int, int]]:
    """Won and lost of each group of closed leads."""
    counts = Counter(pair for pair in zip(keys, ends, strict=True) if pair[1] is not None)
    return [(counts[key, True], counts[key, False]) for key in dict.fromkeys(k for k, _ in counts)]


def _gain(groups: list[tuple[int, int]]) -> float | None:
    won, lost = sum(group[0] for group in groups), sum(group[1] for group in groups)
    if not groups:
        return None
    within = fsum(sum(group) * _entropy(*group) for group in groups) / (won + lost)
    return max(_entropy(won, lost) - within, 0.0)


def _entropy(won: int, lost: int) -> float:
    shares = [count / (won + lost) for count in (won, lost) if count]
    return -fsum(share * log2(share) for share in shares)


def _by_chance(gain: float, groups: list[tuple[int, int]]) -> float:
    """How often chance alone would give that gain: the likelihood-ratio test of independence."""
    leads = sum(map(sum, groups))
    return _tail(2 * log(2) * leads * gain, len(groups) - 1)


def _tail(chi2: float, freedom: int) -> float:
    """The chance of a larger statistic, by the finite sum for whole degrees of freedom."""
    half = chi2 / 2
    if half <= 0 or freedom == 0:
        return 1.0
    powers = [freedom / 2 - 1 - i for i in range(freedom // 2)]
    terms = [exp(power * log(half) - half - lgamma(power + 1)) for power in powers]
    return min(fsum(terms) + (erfc(sqrt(half)) if freedom % 2 else 0.0), 1.0)


# -- nests --


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
    given = {_as_nest(name): _as_fields(fields) for name, fields in nests.items()}
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


def _as_fields(fields: Any) -> tuple[str, ...]:
    if isinstance(fields, str) or not isinstance(fields, Iterable):
        expected = "the names of fields"
        raise InvalidValue(expected=expected, got=_text.kind_of(fields), where="nests")
    return tuple(_fields.identifier(field) for field in fields)


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
            gains = [(field, _gain(groups) or 0.0, groups) for field, groups in tried]
            enough = [
                (field, gain)
                for field, gain, groups in gains
                if gain >= self.least_gain and _by_chance(gain, groups) * len(tried) < _LEVEL
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
        return _counted((places[i] for i in members), (self.ends[i] for i in members))

    def split(self, field: str, members: list[int]) -> Iterator[tuple[str, list[int]]]:
        """The members by group, in the order of the groups."""
        column, parts = self.columns[field], dict[int, list[int]]()
        for i in members:
            parts.setdefault(column.places[i], []).append(i)
        return ((column.labels[place], parts[place]) for place in sorted(parts))


# -- inventory --


@attrs.frozen(kw_only=True)
class TrackedField:
    """
    A field that is tracked: how often it is filled, and what it tells.

    Args:
        field: Its name.
        fill: The leads that have it, of all, open ones included.
        gain: Bits it tells of how closed leads end; numbers in up to five parts, values of fewer
            than ten leads together; None if no lead is closed.
        chance: How often chance alone would give that gain.
        suspicious: Why it may have been written down after the end; None if nothing says so.
    """

    field: str
    fill: Rate
    gain: float | None
    chance: float | None
    suspicious: str | None


@attrs.frozen(kw_only=True, repr=False)
class Inventory:
    """
    The fields that are tracked, the most telling first; made by :func:`inventory`.

    Args:
        fields: By the bits they tell, then by fill, then by name.
        closed: The won of the closed leads.
        open: Leads that have not ended; they count for the fill, and tell nothing.
    """

    fields: tuple[TrackedField, ...]
    closed: Rate
    open: int

    def __getitem__(self, field: Any) -> TrackedField:
        for tracked in self.fields:
            if tracked.field == field:
                return tracked
        legal = [tracked.field for tracked in self.fields]
        got = repr(field) if isinstance(field, str) else _text.kind_of(field)
        raise UnknownName(expected="a tracked field", got=got, legal=legal)

    def __iter__(self) -> Iterator[TrackedField]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __repr__(self) -> str:
        count = _text.plural(self.closed.n + self.open, "lead")
        return f"<Inventory of {_text.plural(len(self.fields), 'field')} on {count}>"

    def __str__(self) -> str:
        head = f"{self.closed.k:,} of {self.closed.n:,} closed leads won, {self.open:,} open"
        return f"{head}\n\n{_text.text_table(_TRACKED, [_tracked_row(f) for f in self.fields])}"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data."""
        return attrs.asdict(self)


_TRACKED = ("field", "suspicious", "filled", "gain in bits", "by chance")


def _tracked_row(tracked: TrackedField) -> tuple[str, ...]:
    gain = "-" if tracked.gain is None else f"{tracked.gain:.4f}"
    chance = "-" if tracked.chance is None else f"{tracked.chance:.3f}"
    return tracked.field, tracked.suspicious or "", str(tracked.fill), gain, chance


def inventory(
    rows: Iterable[Row], outcomes: Iterable[End], *, fields: Iterable[str] | None = None
) -> Inventory:
    """
    Take stock of the fields that are tracked: how often they are filled, and what they tell.

    Args:
        rows: Values by field; None, blank text or no entry is unknown.
        outcomes: True for won, False for lost; None for open.
        fields: Their names; without, all that any row has.

    Raises:
        InvalidValue: Not one outcome for each row.

    Source:
        Requirement 004-26: which attributes do you track today?

    Example:
        >>> rows = [{"size": "large"}] * 120 + [{}] * 80
        >>> print(inventory(rows, [None] * 200)["size"].fill)
        60.0 % [53.1, 66.5]
    """
    taken, ends = paired(rows, outcomes)
    names = fields_of(taken) if fields is None else list(_as_fields(fields))
    tracked = [_tracked(name, [row.get(name) for row in taken], ends) for name in names]
    closed = Rate(ends.count(True), sum(end is not None for end in ends))
    return Inventory(
        fields=tuple(sorted(tracked, key=_most_telling)),
        closed=closed,
        open=len(ends) - closed.n,
    )


def _tracked(name: str, values: list[Any], ends: list[End]) -> TrackedField:
    known, groups = [is_known(value) for value in values], groups_of(values)
    places = [groups.place(value) for value in values]
    counts = _counted(places, ends)
    gain = _gain(counts)
    return TrackedField(
        field=name,
        fill=Rate(sum(known), len(known)),
        gain=gain,
        chance=None if gain is None else _by_chance(gain, counts),
        suspicious=written_after(known, places, ends),
    )


def _most_telling(tracked: TrackedField) -> tuple[float, float, str]:
    gain = -1.0 if tracked.gain is None else tracked.gain
    return -gain, -(tracked.fill.value or 0.0), tracked.field


_ENDED: dict[str, Callable[[End], bool]] = {
    "won": lambda end: end is True,
    "lost": lambda end: end is False,
    "closed": lambda end: end is not None,
}
_ALMOST_NEVER = 0.01


_NEARLY_ALL = 0.9


def written_after(known: list[bool], places: list[int], ends: list[End]) -> str | None:
    """
    Say so if a field looks as if it were written down after the end; None if nothing shows.

    Such a field is filled for leads of one end and almost never for the others, or its groups tell
    nearly all of how leads end, as a stage called "won" does.  It predicts every win of the past
    and none to come.
    """
    return _only_known_of(known, ends) or _tells_all(_counted(places, ends))


def _only_known_of(known: list[bool], ends: list[End]) -> str | None:
    counts = Counter(zip(known, ends, strict=True))
    for name, belongs in _ENDED.items():
        inside, outside = (
            _filled({pair: n for pair, n in counts.items() if belongs(pair[1]) is side})
            for side in (True, False)
        )
        rare = outside.value is not None and outside.value <= _ALMOST_NEVER
        if rare and inside.k and compare(inside, outside).is_significant:
            return f"is known of {name} leads, hardly of others"
    return None


def _tells_all(groups: list[tuple[int, int]]) -> str | None:
    won, lost = sum(group[0] for group in groups), sum(group[1] for group in groups)
    gain = _gain(groups)
    if not (gain and won and lost) or gain < _NEARLY_ALL * _entropy(won, lost):
        return None
    return "tells nearly all of the end" if _by_chance(gain, groups) < _LEVEL else None


def _filled(counts: Mapping[tuple[bool, End], int]) -> Rate:
    return Rate(sum(n for (known, _), n in counts.items() if known), sum(counts.values()))


def lift(part: Rate, base: Rate) -> float | None:
    """
    How many times as common something is among the best as among all (002-17).

    Args:
        part: Among the best.
        base: Among all, or among the others.

    Returns:
        Part over base; None if the base is zero, or either is of nothing.

    Example:
        >>> lift(Rate(8, 10), Rate(20, 100))
        4.0
    """
    for rate, where in ((part, "part"), (base, "base")):
        _fields.check_type(rate, Rate, where)
    return part.k * base.n / (part.n * base.k) if part.n and base.k else None
