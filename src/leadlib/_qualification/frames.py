"""
A definition judges a data frame: the same verdicts, and the engine of the frame does the work.

Engines whose *and* and *or* know a third value get expressions, lazy ones with nothing computed;
pandas, whose own do not in all its types, gets two arrays for each answer: see :mod:`masks`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import add, and_, or_
from typing import TYPE_CHECKING, Any

import attrs

from leadlib import _fields, _frames
from leadlib._qualification import masks
from leadlib._qualification.algebra import Tally, balanced, bounds_of, folded
from leadlib._qualification.answers import Answer
from leadlib._qualification.columns import Column, columns_of, question
from leadlib._qualification.criteria import Condition
from leadlib.errors import ConflictError, InvalidValue, LeadlibError, LimitExceeded, UnknownName

if TYPE_CHECKING:
    from leadlib._qualification.definition import LeadDefinition

__all__ = ["columns_for", "judge"]

_MOST_CODED = 31  # two bits each, in 64 with a sign
_SQL = {"duckdb", "pyspark", "sqlframe", "ibis"}


def judge(
    definition: "LeadDefinition",
    frame: Any,
    *,
    now: datetime | None,
    columns: Mapping[str, str] | None,
    outcome: str,
    answers: str | None,
) -> Any:
    """The frame with the outcome, and with the code of the answers if it is asked for."""
    new = {"outcome": outcome} if answers is None else {"outcome": outcome, "answers": answers}
    for where, name in new.items():
        _fields.check_type(name, str, where)
    asked = dict(zip(definition.conditions, definition._at(now), strict=True))  # noqa: SLF001
    _check_count(len(asked), answers)
    names = columns_for(definition, columns)
    table = _opened(frame)
    schema = table.collect_schema()
    for name in new.values():
        if name in schema or outcome == answers:
            raise ConflictError(expected="a new column", got=repr(name), where="frame")
    subjects = {condition.field.key: condition.field for condition in asked}
    found = columns_of([*subjects.values()], names, table, schema)
    made = masks.judged if table.implementation.is_pandas_like() else _judged
    return made(definition, table, found, asked, outcome, answers)


def _opened(frame: Any) -> Any:
    """The frame; narwhals has no name for some types, such as decimals of whole thousands."""
    try:
        return _frames.opened(frame)
    except LeadlibError:
        raise
    except ValueError:
        expected = "columns of types that other libraries have, too"
        where = next(_nameless(frame), "frame")
        raise InvalidValue(expected=expected, got="another type", where=where) from None


def _nameless(frame: Any) -> Iterator[str]:
    table = _frames.narwhals().from_native(frame)
    for name in table.columns:
        try:
            table.select(name).collect_schema()
        except ValueError:
            yield f"column {name!r}"


def _check_count(count: int, answers: str | None) -> None:
    if answers is not None and count > _MOST_CODED:
        expected = f"at most {_MOST_CODED} conditions to give the answers as one number"
        raise LimitExceeded(expected=expected, got=f"{count}", where="answers")


def columns_for(
    definition: "LeadDefinition", columns: Mapping[str, str] | None
) -> Mapping[str, str]:
    """
    The column of each subject by its key.

    Raises:
        UnknownName: A key is none of the definition.
        InvalidValue: They are no names by key.
    """
    if columns is not None:
        _fields.check_type(columns, Mapping, "columns")
    keys = list(dict.fromkeys(condition.field.key for condition in definition.conditions))
    given = dict(columns or {})
    legal = [*keys, *(subject.key for subject in definition.subjects)]
    for key, name in given.items():
        _fields.check_type(name, str, f"columns[{key!r}]")
        if key not in legal:
            raise UnknownName(expected="a subject of the definition", got=repr(key), legal=legal)
    return {key: given.get(key, key) for key in keys}


def _judged(
    definition: "LeadDefinition",
    table: Any,
    found: Mapping[str, Column],
    asked: Mapping[Condition, Condition],
    outcome: str,
    answers: str | None,
) -> Any:
    work = _Kleene(table=table, taken={*table.collect_schema().names(), outcome, answers})
    given = {
        condition: work.answer(found[condition.field.key], now) for condition, now in asked.items()
    }
    # SQL looks at the second half of an *and* only where the first holds, if both stand together.
    is_sql = table.implementation.value in _SQL
    work.given = given if is_sql and answers is None else work.kept(given)
    made = {outcome: work.outcome(definition)}
    if answers is not None:
        made[answers] = work.code()
    done = work.table.with_columns(**made)
    return done.drop(*work.temporary).to_native() if work.temporary else done.to_native()


@attrs.define(kw_only=True)
class _Kleene:
    """Answers as nullable booleans: yes is true, no is false, not known is null."""

    table: Any
    taken: set[str | None]
    given: dict[Condition, Any] = attrs.field(factory=dict)
    temporary: list[str] = attrs.field(factory=list)
    nw: Any = attrs.field(factory=_frames.narwhals)

    def answer(self, column: Column, condition: Condition) -> Any:
        value = column.expression
        asked = question(column, value, condition)
        if isinstance(asked.test, bool):
            valid = ~value.is_null() if asked.valid is None else asked.valid
            return self.nw.when(valid).then(self.nw.lit(asked.test))
        return asked.test if asked.valid is None else self.nw.when(asked.valid).then(asked.test)

    def kept(self, parts: Mapping[Any, Any]) -> dict[Any, Any]:
        """Compute these once, in columns that go again."""
        names = {key: self._name() for key in parts}
        self.table = self.table.with_columns(**{names[key]: made for key, made in parts.items()})
        return {key: self.nw.col(name) for key, name in names.items()}

    def _name(self) -> str:
        name = f"leadlib {len(self.temporary)}"
        while name in self.taken:
            name += "'"
        self.temporary.append(name)
        self.taken.add(name)
        return name

    def outcome(self, definition: "LeadDefinition") -> Any:
        """Yes, no and not known by their names; a veto before them."""
        nw, fit = self.nw, folded(definition.requirement, self)
        if definition.disqualify is None:
            return self._decided(nw.when(fit).then(nw.lit("qualified")), fit)
        veto = folded(definition.disqualify, self)
        fit = fit & ~veto
        chain = nw.when(veto).then(nw.lit("disqualified")).when(fit).then(nw.lit("qualified"))
        return self._decided(chain, fit)

    def _decided(self, chain: Any, fit: Any) -> Any:
        ends = (self.nw.lit("not qualified"), self.nw.lit("undecided"))
        return chain.when(~fit).then(ends[0]).otherwise(ends[1])

    def code(self) -> Any:
        """Two bits for each condition, the first lowest."""
        bits = (Answer.YES + 1, Answer.UNKNOWN + 1, Answer.NO + 1)
        return self.total(
            [
                self.weigh(given, *(bit << 2 * i for bit in bits))
                for i, given in enumerate(self.given.values())
            ]
        )

    # -- answers --

    def condition(self, condition: Condition) -> Any:
        return self.given[condition]

    def all_of(self, parts: Sequence[Any]) -> Any:
        return balanced(and_, parts)

    def any_of(self, parts: Sequence[Any]) -> Any:
        return balanced(or_, parts)

    def negated(self, part: Any) -> Any:
        return ~part

    def counted(self, tally: Tally, parts: Sequence[Any]) -> Any:
        """The parts and both sums are kept: each is looked at twice."""
        nw = self.nw
        kept = list(self.kept(dict(enumerate(parts))).values())
        low, high = self.kept(dict(enumerate(bounds_of(tally, kept, self)))).values()
        reached = nw.when(low >= tally.at_least).then(nw.lit(True))  # noqa: FBT003  # a value
        return reached.when(high < tally.at_least).then(nw.lit(False))  # noqa: FBT003

    # -- numbers --

    def weigh(self, given: Any, yes: int, unknown: int, no: int) -> Any:
        nw = self.nw
        yes, unknown, no = (nw.lit(number, nw.Int64) for number in (yes, unknown, no))
        return nw.when(given).then(yes).when(~given).then(no).otherwise(unknown)

    def total(self, numbers: Sequence[Any]) -> Any:
        return balanced(add, numbers)

    def at_most(self, number: Any, cap: int) -> Any:
        return number.clip(upper_bound=cap)

    def at_least(self, number: Any, floor: int) -> Any:
        return number.clip(lower_bound=floor)

    def where_any(self, count: Any, number: Any) -> Any:
        return self.nw.when(count > 0).then(number).otherwise(self.nw.lit(0, self.nw.Int64))
