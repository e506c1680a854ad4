"""
Leads in groups by what is known of them, and what a group tells of how they end.

Closed leads decide; open ones have not ended and are counted beside them.  Unknown is a group of
its own, and so is whatever is too rare to say anything: no single lead shows in a report.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from math import erfc, exp, fsum, inf, isfinite, lgamma, log, log2, sqrt
from numbers import Real
from typing import Any

import attrs

from leadlib import _fields, _text, limits
from leadlib._rates import Rate
from leadlib.errors import InvalidValue, LimitExceeded

__all__ = [
    "LEVEL",
    "RARE",
    "End",
    "Groups",
    "Row",
    "Word",
    "by_chance",
    "counted_by",
    "as_fields",
    "entropy",
    "fields_of",
    "gain_of",
    "groups_of",
    "information_gain",
    "is_known",
    "lift",
    "number_of",
    "paired",
    "told_apart",
]

Row = Mapping[str, Any]
End = bool | None
Word = str | bool

RARE = 10  # leads: fewer of one kind are shown, and judged, together
_MOST_WORDS = 50
_FEW_GROUPS = 5  # numbers fall into that many parts of like size; more would gain by chance
LEVEL = 0.05
_EXACT = 2.0**53
_NUMBERS: Any = (Real, Decimal)


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


def number_of(value: Any) -> float | None:
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
        number = None if isinstance(value, _WORDS) else number_of(value)
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
        elif is_known(value) and (number := number_of(value)) is not None:
            numbers.append(number)
    common = [(-count, *_by_name(word)) for word, count in words.items() if count >= RARE]
    kept = sorted(word[1:] for word in sorted(common)[:_MOST_WORDS])
    return Groups(_cuts(sorted(numbers), most), tuple(word for *_, word in kept))


def _by_name(word: Word) -> tuple[bool, Word]:
    return isinstance(word, bool), word


def _cuts(numbers: list[float], most: int) -> tuple[float, ...]:
    parts = min(most, len(numbers) // RARE)
    places = (len(numbers) * part // parts for part in range(1, parts))
    cuts = dict.fromkeys(numbers[place] for place in places)
    return tuple(_plain(cut) for cut in cuts if isfinite(cut) and cut > numbers[0])


def _plain(number: float) -> float:
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


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
    keys = [told_apart(row.get(field)) for row in taken]
    return gain_of(counted_by(keys, ends))


def told_apart(value: Any) -> Hashable:
    if not is_known(value):
        return None
    if isinstance(value, str | bool):
        return type(value) is bool, value
    number = number_of(value)
    return "other" if number is None else (None, number)


def counted_by(keys: Iterable[Hashable], ends: Iterable[End]) -> list[tuple[int, int]]:
    """Won and lost of each group of closed leads."""
    counts = Counter(pair for pair in zip(keys, ends, strict=True) if pair[1] is not None)
    return [(counts[key, True], counts[key, False]) for key in dict.fromkeys(k for k, _ in counts)]


def gain_of(groups: list[tuple[int, int]]) -> float | None:
    won, lost = sum(group[0] for group in groups), sum(group[1] for group in groups)
    if not groups:
        return None
    within = fsum(sum(group) * entropy(*group) for group in groups) / (won + lost)
    return max(entropy(won, lost) - within, 0.0)


def entropy(won: int, lost: int) -> float:
    shares = [count / (won + lost) for count in (won, lost) if count]
    return -fsum(share * log2(share) for share in shares)


def by_chance(gain: float, groups: list[tuple[int, int]]) -> float:
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


def as_fields(fields: Any) -> tuple[str, ...]:
    if isinstance(fields, str) or not isinstance(fields, Iterable):
        expected = "the names of fields"
        raise InvalidValue(expected=expected, got=_text.kind_of(fields), where="nests")
    return tuple(_fields.identifier(field) for field in fields)
