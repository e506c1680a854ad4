"""A definition as one SQL expression; what each database needs said stands in :mod:`dialects`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from leadlib import _text
from leadlib._qualification.algebra import Tally, balanced, bounds_of, folded
from leadlib._qualification.criteria import Condition
from leadlib._qualification.dialects import Dialect, Writer, writer_of
from leadlib._qualification.frames import columns_for
from leadlib.errors import InvalidValue, LimitExceeded, UnknownName

if TYPE_CHECKING:
    from leadlib._qualification.definition import LeadDefinition

__all__ = ["Dialect", "expression"]

_LONGEST = 900_000  # SQLite takes 1,000,000 bytes in one statement


def expression(
    definition: "LeadDefinition",
    dialect: Dialect | str,
    *,
    columns: Mapping[str, str] | None,
    now: datetime | None,
) -> str:
    """The expression; see :meth:`LeadDefinition.to_sql`."""
    writer = writer_of(_known(dialect))
    asked = dict(zip(definition.conditions, definition._at(now), strict=True))  # noqa: SLF001
    names = {key: writer.name(name) for key, name in columns_for(definition, columns).items()}
    work = _Text(writer=writer, names=names, now=asked)
    fit = folded(definition.requirement, work)
    if definition.disqualify is None:
        return work.checked(_outcome(fit))
    veto = folded(definition.disqualify, work)
    rest = _outcome(work.all_of([fit, work.negated(veto)]))
    return work.checked(f"CASE WHEN {veto} THEN 'disqualified' ELSE {rest} END")


def _known(dialect: object) -> Dialect:
    legal = [known.value for known in Dialect]
    if not isinstance(dialect, str) or dialect not in legal:
        got = repr(dialect)[:64] if isinstance(dialect, str) else _text.kind_of(dialect)
        raise UnknownName(expected="a dialect", got=got, where="dialect", legal=legal)
    return Dialect(dialect)


def _outcome(fit: str) -> str:
    ends = "WHEN TRUE THEN 'qualified' WHEN FALSE THEN 'not qualified' ELSE 'undecided'"
    return f"CASE ({fit}) {ends} END"


@attrs.frozen(kw_only=True)
class _Text:
    """Answers as SQL, whose own *and*, *or* and *not* are those of Kleene."""

    writer: Writer
    names: Mapping[str, str]
    now: Mapping[Condition, Condition]

    def checked(self, text: str) -> str:
        if len(text.encode()) > _LONGEST:
            expected = f"an expression of at most {_LONGEST:,} bytes"
            raise LimitExceeded(expected=expected, got="a longer one", where="dialect")
        return text

    # -- answers --

    def condition(self, condition: Condition) -> str:
        name = self.names[condition.field.key]
        try:
            return f"({self.writer.condition(name, self.now[condition])})"
        except InvalidValue as fault:
            where = condition.field.key
            raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None

    def all_of(self, parts: Sequence[str]) -> str:
        return self.checked(balanced(lambda a, b: f"({a} AND {b})", parts))

    def any_of(self, parts: Sequence[str]) -> str:
        return self.checked(balanced(lambda a, b: f"({a} OR {b})", parts))

    def negated(self, part: str) -> str:
        return f"(NOT {part})"

    def counted(self, tally: Tally, parts: Sequence[str]) -> str:
        low, high = bounds_of(tally, parts, self)
        bound = tally.at_least
        yes, no = f"WHEN {low} >= {bound} THEN TRUE", f"WHEN {high} < {bound} THEN FALSE"
        return self.checked(f"(CASE {yes} {no} END)")

    # -- numbers --

    def weigh(self, given: str, yes: int, unknown: int, no: int) -> str:
        ends = f"WHEN TRUE THEN {yes} WHEN FALSE THEN {no} ELSE {unknown}"
        return f"CAST(CASE {given} {ends} END AS BIGINT)"

    def total(self, numbers: Sequence[str]) -> str:
        return self.checked(balanced(lambda a, b: f"({a} + {b})", numbers))

    def at_most(self, number: str, cap: int) -> str:
        return f"{self.writer.smaller}({number}, {cap})"

    def at_least(self, number: str, floor: int) -> str:
        return f"{self.writer.larger}({number}, {floor})"

    def where_any(self, count: str, number: str) -> str:
        return f"(CASE WHEN {count} > 0 THEN {number} ELSE 0 END)"
