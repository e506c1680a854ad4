"""
Plain data from strangers, read whole or not at all.

Sizes are checked before anything is walked, every fault is collected with its path, and no text of
the input is ever looked up, formatted or run as code.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import attrs

from leadlib import _fields, _text, limits
from leadlib.errors import (
    DefinitionError,
    InvalidValue,
    LeadlibError,
    LifecycleError,
    LimitExceeded,
    UnknownName,
)

__all__ = ["Enough", "Reader", "Refusal", "as_key", "day", "path", "quoted", "read_whole"]

T = TypeVar("T")
Refusal = type[DefinitionError] | type[LifecycleError]
_MOST_FAULTS = 20  # more than a person mends at once, and few enough to be found in no time
_SHOWABLE = 64


class Enough(Exception):
    """So many faults that reading on tells nothing new."""


@attrs.define
class Reader:
    """Reads one paper; a fault is noted and reading goes on, so that all are named at once."""

    faults: list[LeadlibError] = attrs.field(factory=list, init=False)

    def read(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        """The parts of the paper, which count only if no fault was noted."""
        raise NotImplementedError

    # -- faults --

    def _note(self, fault: LeadlibError) -> None:
        self.faults.append(fault)
        if len(self.faults) >= _MOST_FAULTS:
            raise Enough

    def _fault(self, expected: str, value: object, where: str) -> None:
        self._note(InvalidValue(expected=expected, got=_text.kind_of(value), where=where))

    def _taken(self, where: str, make: Callable[[], T]) -> T | None:
        """What *make* makes, or None and its fault, with this place if it has none of its own."""
        try:
            return make()
        except LeadlibError as fault:
            self._note(_at(fault, where))
        return None

    def _known(self, plain: Mapping[str, Any], legal: Iterable[str], where: str, what: str) -> None:
        for key in plain:
            if key not in legal:
                self._unknown(what, key, where, legal)

    def _unknown(self, expected: str, name: object, where: str, legal: Iterable[str]) -> None:
        self._note(UnknownName(expected=expected, got=quoted(name), where=where, legal=legal))

    # -- small parts --

    def _text(self, value: object, where: str, limit: int = limits.ID_CHARACTERS) -> str:
        """An identifier; a fault is noted and leaves the empty text."""
        text = self._taken(where, lambda: _fields.identifier(value)) or ""
        if len(text) > limit:
            expected = f"at most {limit} characters"
            self._note(InvalidValue(expected=expected, got=f"{len(text)}", where=where))
        return text

    def _names(self, plain: object, where: str) -> list[str]:
        return self._each(plain, where, self._text)

    def _each(self, plain: object, where: str, read: Callable[[Any, str], T]) -> list[T]:
        if not isinstance(plain, list | tuple):
            self._fault("a list", plain, where)
            return []
        return [read(part, f"{where}[{i}]") for i, part in enumerate(plain)]

    def _table(self, plain: object, where: str, what: str, keys: Sequence[str]) -> Any:
        """The table with known keys, or None and a fault."""
        if not isinstance(plain, Mapping):
            self._fault(what, plain, where)
            return None
        self._known(plain, keys, where, f"a part of {what}")
        return plain


def read_whole(
    plain: object, reader: Reader, make: Callable[[Mapping[str, Any]], T], refusal: Refusal
) -> T:
    """What *make* makes of the parts that were read, or every fault of the data in one error."""
    _check_size(plain, refusal)
    if not isinstance(plain, Mapping):
        got = _text.kind_of(plain)
        raise refusal([InvalidValue(expected="a table of keys", got=got, where="$")])
    try:
        parts = reader.read(plain)
        if not reader.faults:
            return make(parts)
    except Enough:
        raise refusal(reader.faults, complete=False) from None
    except LeadlibError as fault:  # parts that are right each on its own, but not together
        reader.faults.append(fault)
    raise refusal(reader.faults)


def _check_size(plain: object, refusal: Refusal) -> None:
    """
    Bound the plain data before it is walked; criteria are counted as they are made.

    Each takes a few plain nodes, and two plain levels.
    """
    stack, count, letters = [(plain, 1)], 0, 0
    while stack:
        node, depth = stack.pop()
        count += 1
        letters += len(node) if isinstance(node, str) else 0
        too_many = count > 10 * limits.DEFINITION_NODES or letters > limits.DEFINITION_CHARACTERS
        if too_many or depth > 2 * limits.DEFINITION_DEPTH + 8:
            expected = (
                f"{limits.DEFINITION_NODES} nodes and {limits.DEFINITION_DEPTH} levels at most"
            )
            raise refusal([LimitExceeded(expected=expected, got="more", where="$")])
        if isinstance(node, Mapping):
            stack += [(part, depth + 1) for part in node.values()]
        elif isinstance(node, list | tuple):
            stack += [(part, depth + 1) for part in node]


def _at(fault: LeadlibError, where: str) -> LeadlibError:
    """The fault with its whole path: a part knows its own place only."""
    place = fault.where or "$"
    if not place.startswith(where):
        place = where + place[1:] if place.startswith("$.") else where
    return type(fault)(expected=fault.expected, got=fault.got, where=place, legal=fault.legal)


def as_key(name: object) -> str | None:
    """The name as it is kept, whatever its spelling; None if it is no text."""
    if not isinstance(name, str) or len(name) > limits.ID_CHARACTERS:
        return None
    return unicodedata.normalize("NFC", name).strip()


def quoted(value: object) -> str:
    """Show a name of the paper, but no essay."""
    return (
        repr(value) if isinstance(value, str) and len(value) <= _SHOWABLE else _text.kind_of(value)
    )


def path(name: object) -> str:
    """A key as part of a path; one that would not stay within it is not shown."""
    if not isinstance(name, str) or not name.isprintable() or len(name) > _SHOWABLE:
        return "[…]"
    return name if name.isidentifier() else f'"{name}"'


def day(text: str) -> date:
    """
    A day as ``2026-03-02``, in no other form.

    Raises:
        ValueError: Any other text.
    """
    if len(text) != len("2026-03-02") or "W" in text:
        raise ValueError
    return date.fromisoformat(text)
