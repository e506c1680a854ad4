"""Papers in TOML or JSON, with the traps of their readers checked first, and back."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

import attrs

from leadlib import limits
from leadlib._reading import Refusal
from leadlib.errors import InvalidValue, LimitExceeded, MissingExtra

__all__ = ["Papers", "to_json", "to_toml"]


@attrs.frozen
class Papers:
    """
    The text of one kind of paper, as plain data; what is wrong with the text refuses all of it.

    Args:
        refusal: The error, which holds all faults.
    """

    refusal: Refusal

    def of_file(self, path: str | Path) -> Any:
        """JSON by the name ``.json``, else TOML."""
        path = Path(path)
        is_json = path.suffix.lower() == ".json"
        return (self.of_json if is_json else self.of_toml)(self._text_of(path))

    def _text_of(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                raw = file.read(4 * limits.DEFINITION_CHARACTERS + 1)
        except (OSError, ValueError):  # ValueError: a name that no file can have
            self._refuse("a readable file", "none", path.name)
        if len(raw) > 4 * limits.DEFINITION_CHARACTERS:
            self._limit(f"at most {limits.DEFINITION_CHARACTERS:,} characters", "more")
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as fault:
            line = raw.count(b"\n", 0, fault.start) + 1
            self._refuse("UTF-8 text", "bytes of another encoding", f"line {line}")

    def of_toml(self, text: str) -> Any:
        text = text.removeprefix("\ufeff")
        self._check_shape(text)
        try:
            return tomllib.loads(text.replace("\r\n", "\n"), parse_float=_decimal)
        except (tomllib.TOMLDecodeError, ValueError, RecursionError) as fault:
            place = re.search(r"at line (\d+), column (\d+)", str(fault))
            where = f"line {place[1]}, column {place[2]}" if place else "$"
            self._refuse("TOML", f"text of another form{_reason(fault)}", where)

    def of_json(self, text: str) -> Any:
        text = text.removeprefix("\ufeff")
        self._check_shape(text)
        try:
            return json.loads(
                text, parse_float=_decimal, parse_constant=_no, object_pairs_hook=_unique
            )
        except json.JSONDecodeError as fault:
            where = f"line {fault.lineno}, column {fault.colno}"
            self._refuse("JSON, each key once", "text of another form", where)
        except (ValueError, RecursionError):
            self._refuse("JSON, each key once", "text of another form")

    def _check_shape(self, text: str) -> None:
        """Bound length, nesting, dotted keys and digits in one linear look, before reading."""
        if len(text) > limits.DEFINITION_CHARACTERS:
            self._limit(f"at most {limits.DEFINITION_CHARACTERS:,} characters", f"{len(text):,}")
        bare = "s".join(_unquoted(text))
        depth = deepest = 0
        for mark in re.findall(r"[\[\]{}]", bare):
            depth = depth + 1 if mark in "[{" else max(depth - 1, 0)
            deepest = max(deepest, depth)
        if deepest > 2 * limits.DEFINITION_DEPTH + 8:
            self._limit(f"at most {limits.DEFINITION_DEPTH} levels", "more")
        dots = [key.count(".") for key in _DOTTED.findall(bare)]
        if max(dots, default=0) >= limits.KEY_PARTS or sum(dots) > 2 * limits.DEFINITION_NODES:
            self._limit(f"keys of at most {limits.KEY_PARTS} parts", "longer ones")
        if _DIGITS.search(bare):
            self._limit("numbers and bare keys of at most 64 characters", "a longer one")

    def _limit(self, expected: str, got: str) -> NoReturn:
        raise self.refusal([LimitExceeded(expected=expected, got=got, where="$")])

    def _refuse(self, expected: str, got: str, where: str = "$") -> NoReturn:
        raise self.refusal([InvalidValue(expected=expected, got=got, where=where)]) from None


def to_toml(plain: Mapping[str, Any], read: Callable[[str], object]) -> str:
    """The data as TOML; nobody keeps what *read* refuses."""
    try:
        import tomli_w  # noqa: PLC0415  # an extra
    except ImportError:
        raise MissingExtra(expected="leadlib[toml], which writes TOML", got="no tomli-w") from None
    text = _BARE.sub(_quoted, tomli_w.dumps(plain))
    read(text)
    return text


# The text in quotes is passed over; a bare key this long is refused by our own reader.
_BARE = re.compile(r'"(?:\\.|[^"\\])*"|[A-Za-z0-9_-]{65,}')


def _quoted(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith('"') else f'"{found[0]}"'


def to_json(plain: Mapping[str, Any], read: Callable[[str], object]) -> str:
    """The data as JSON; nobody keeps what *read* refuses."""
    text = json.dumps(plain, ensure_ascii=False, indent=2) + "\n"
    read(text)
    return text


def _reason(fault: Exception) -> str:
    """What the reader of the standard library found, without the place and within bounds."""
    reason = str(fault).partition(" (at ")[0]
    is_its_own = isinstance(fault, tomllib.TOMLDecodeError) and reason.isprintable()
    return f" ({reason[:80]})" if is_its_own else ""


def _decimal(text: str) -> Decimal:
    """A number as it stands; the reader of values checks its range before any arithmetic."""
    if len(text) > _LONGEST_NUMBER:
        raise ValueError
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        raise ValueError from None


_LONGEST_NUMBER = 64


def _no(_: str) -> NoReturn:
    raise ValueError


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    return table if len(table) == len(pairs) else _no("")


_OPENING = re.compile("\"\"\"|'''|[\"'#]")
# By what opened it: a backslash takes the next letter along, and some parts end with the line.
# No possessive repetition here or elsewhere: Python 3.11.2, which Debian ships, crashes on them.
_CLOSING = {
    '"""': re.compile(r'\\.|"{3,5}', re.DOTALL),
    "'''": re.compile("'{3,5}"),
    '"': re.compile(r'\\.|["\n]'),
    "'": re.compile(r"['\n]"),
    "#": re.compile(r"\n"),
}
_DOTTED = re.compile(r"[\w\-]+(?:[ \t]*\.[ \t]*[\w\-]+)*")
_DIGITS = re.compile(r"[0-9A-Fa-f_x]{65}")


def _unquoted(text: str) -> Iterator[str]:
    """What is structure: it stands neither in quotes nor behind #.  Each letter is seen once."""
    position = 0
    while opening := _OPENING.search(text, position):
        yield text[position : opening.start()]
        position = _closed(text, opening.end(), _CLOSING[opening[0]])
    yield text[position:]


def _closed(text: str, position: int, closing: re.Pattern[str]) -> int:
    """Where a quoted part ends; one that is never closed takes the rest."""
    while found := closing.search(text, position):
        position = found.end()
        if not found[0].startswith("\\"):
            return position
    return len(text)
