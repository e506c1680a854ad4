"""
Answers of a pandas frame: two arrays of plain booleans each, yes and no.

pandas compares missing values in one way in its NumPy types, in another in its nullable ones and in
a third in those of Arrow.  Plain booleans are the same everywhere.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from operator import add, and_, or_
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from leadlib import _frames
from leadlib._qualification.algebra import Tally, bounds_of, folded
from leadlib._qualification.answers import Answer
from leadlib._qualification.columns import Column, question
from leadlib._qualification.criteria import Condition
from leadlib._text import is_missing

if TYPE_CHECKING:
    from leadlib._qualification.definition import LeadDefinition

__all__ = ["judged"]

_NAMES = ("not qualified", "undecided", "qualified", "disqualified")


class Mask(NamedTuple):
    """Where the answer is yes, and where it is no."""

    yes: Any
    no: Any


def judged(
    definition: "LeadDefinition",
    table: Any,
    found: Mapping[str, Column],
    asked: Mapping[Condition, Condition],
    outcome: str,
    answers: str | None,
) -> Any:
    """The pandas frame with the outcome, and the code of the answers if it is asked for."""
    given: dict[Condition, Mask] = {}
    for key, column in found.items():
        own = {c: now for c, now in asked.items() if c.field.key == key}
        given |= _answers(table, column, own)
    work = _Masks(given=given)
    native = table.to_native()
    names = _frames.narwhals().new_series("outcome", _NAMES, backend=table.implementation)
    texts = names.to_native().take(_places(definition, work)).set_axis(native.index)
    made = {outcome: texts}
    if answers is not None:
        bits = [work.bits(given[c]) << 2 * i for i, c in enumerate(definition.conditions)]
        made[answers] = reduce(add, bits)
    return native.assign(**made)


def _places(definition: "LeadDefinition", work: "_Masks") -> Any:
    """Where the outcome of each row stands among the names."""
    fit = folded(definition.requirement, work)
    if definition.disqualify is None:
        return work.bits(fit)
    veto = folded(definition.disqualify, work)
    places = work.bits(work.all_of([fit, work.negated(veto)]))
    places[veto.yes] = _NAMES.index("disqualified")
    return places


def _answers(
    table: Any, column: Column, asked: Mapping[Condition, Condition]
) -> dict[Condition, Mask]:
    series = table[column.name]
    if column.dtype is None:
        return _by_value(series.to_native(), column, asked)
    for part in column.path:
        series = series.struct.field(part)
    there = _plain(~series.is_null())
    return {c: _mask(column, series, there, now) for c, now in asked.items()}


def _mask(column: Column, series: Any, there: Any, condition: Condition) -> Mask:
    asked = question(column, series, condition)
    valid = there if asked.valid is None else there & _plain(asked.valid)
    if isinstance(asked.test, bool):
        nothing = valid & False
        return Mask(valid, nothing) if asked.test else Mask(nothing, valid)
    test = _plain(asked.test)
    return Mask(valid & test, valid & ~test)


def _plain(series: Any) -> Any:
    """As an array of plain booleans; where pandas gives no answer, it is no yes."""
    return series.fill_null(value=False).to_native().to_numpy(dtype="bool")


def _by_value(
    native: Any, column: Column, asked: Mapping[Condition, Condition]
) -> dict[Condition, Mask]:
    """Each value by itself; of categories, and of text, each distinct one once."""
    if str(native.dtype) == "category":
        values, codes = native.cat.categories.tolist(), native.cat.codes.to_numpy()
    elif not column.path and _is_of_one_type(native):
        codes, distinct = native.factorize()
        values = list(distinct)
    else:
        values, codes = native.tolist(), None
    usable = [_usable(value, column.path) for value in values]
    return {c: _looked_up(usable, codes, now) for c, now in asked.items()}


def _is_of_one_type(native: Any) -> bool:
    """Equal texts are the same text; but 1, 1.0 and True are equal, and are not the same."""
    pandas = _frames.narwhals().get_native_namespace(native)
    return pandas.api.types.infer_dtype(native, skipna=True) in {"string", "boolean"}


def _usable(value: Any, path: Sequence[str]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, Decimal) and not value.is_finite():
        return None  # one kind of NaN will not be compared, even with itself
    if is_missing(value):
        return None
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)  # where a zone has an hour twice, Python equals it to nothing
    return value


def _looked_up(values: Sequence[Any], codes: Any, condition: Condition) -> Mask:
    """The last place is for what is missing: its code is -1."""
    answers = [*map(condition.answer, values), Answer.UNKNOWN]
    series = _frames.narwhals().new_series("answers", answers, backend="pandas").to_numpy()
    series = series[:-1] if codes is None else series[codes]
    return Mask(series == Answer.YES, series == Answer.NO)


@attrs.frozen(kw_only=True)
class _Masks:
    """Kleene's logic on two arrays for each answer."""

    given: Mapping[Condition, Mask]

    def bits(self, mask: Mask) -> Any:
        """0, 1 or 2 for no, not known and yes."""
        return self.weigh(mask, Answer.YES + 1, Answer.UNKNOWN + 1, Answer.NO + 1)

    # -- answers --

    def condition(self, condition: Condition) -> Mask:
        return self.given[condition]

    def all_of(self, parts: Sequence[Mask]) -> Mask:
        return Mask(reduce(and_, (p.yes for p in parts)), reduce(or_, (p.no for p in parts)))

    def any_of(self, parts: Sequence[Mask]) -> Mask:
        return Mask(reduce(or_, (p.yes for p in parts)), reduce(and_, (p.no for p in parts)))

    def negated(self, part: Mask) -> Mask:
        return Mask(part.no, part.yes)

    def counted(self, tally: Tally, parts: Sequence[Mask]) -> Mask:
        low, high = bounds_of(tally, parts, self)
        return Mask(low >= tally.at_least, high < tally.at_least)

    # -- numbers --

    def weigh(self, given: Mask, yes: int, unknown: int, no: int) -> Any:
        return unknown + given.yes * (yes - unknown) + given.no * (no - unknown)

    def total(self, numbers: Sequence[Any]) -> Any:
        return reduce(add, numbers)

    def at_most(self, number: Any, cap: int) -> Any:
        return number.clip(max=cap)

    def at_least(self, number: Any, floor: int) -> Any:
        return number.clip(min=floor)

    def where_any(self, count: Any, number: Any) -> Any:
        return number * (count > 0)
