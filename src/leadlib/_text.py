"""Text: bounded, cleaned on the way in, laid out on the way out."""

import unicodedata
from collections.abc import Sequence

from leadlib.errors import InvalidValue
from leadlib.limits import TEXT_CHARACTERS

__all__ = ["clean", "is_missing", "kind_of", "markdown", "markdown_table", "plural", "text_table"]

Row = Sequence[str]


def clean(
    value: object, *, where: str | None = None, limit: int = TEXT_CHARACTERS, empty: bool = False
) -> str:
    """
    Take text as trimmed NFC without NUL or lone surrogates, or say what is wrong with it.

    The length is checked first: normalising 400,000 stacked accents takes two minutes.
    """
    if not isinstance(value, str):
        raise InvalidValue(expected="text", got=kind_of(value), where=where)
    if len(value) > limit:
        got = f"{len(value)} characters"
        raise InvalidValue(expected=f"at most {limit} characters", got=got, where=where)
    if value.isascii():
        text = value.strip()
    else:
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise InvalidValue(expected="text", got="half a surrogate pair", where=where)
        text = unicodedata.normalize("NFC", value).strip()
    if "\0" in text:
        raise InvalidValue(expected="text", got="text with a NUL", where=where)
    if not text and not empty:
        raise InvalidValue(expected="text", got="nothing", where=where)
    return text


def is_missing(value: object) -> bool:
    """None, NaN, NaT or NA of any library: what is unequal to itself, or will not even say so."""
    if value is None or isinstance(value, str):
        return value is None
    try:
        return bool(value != value)  # noqa: PLR0124
    except (TypeError, ArithmeticError):  # NA will not say, and a signalling NaN shouts
        return True
    except ValueError:  # an array is not missing, it is out of place
        return False


def kind_of(value: object) -> str:
    """Describe a value without showing it."""
    if value is None or (isinstance(value, str) and not value):
        return "nothing"
    name = type(value).__name__
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"


def plural(count: int, noun: str) -> str:
    """``1 lead``, ``2 days``, ``1,200 inquiries``."""
    if count == 1:
        return f"1 {noun}"
    many = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeou" else f"{noun}s"
    return f"{count:,} {many}"


def text_table(head: Row, rows: Sequence[Row], *, left: int = 1) -> str:
    """A table for the terminal: the first *left* columns to the left, numbers to the right."""
    cells = [[_one_line(cell) for cell in row] for row in (head, *rows)]
    widths = [max(_width(row[i]) for row in cells) for i in range(len(head))]
    lines = [_laid_out(row, widths, left) for row in cells]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def _one_line(cell: str) -> str:
    """No cell fakes a row of its own: control characters show as what they are."""
    return cell if cell.isprintable() else "".join(map(_visible, cell))


def _visible(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()


def _laid_out(row: Row, widths: Sequence[int], left: int) -> str:
    cells = []
    for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
        pad = " " * (width - _width(cell))
        cells.append(cell + pad if i < left else pad + cell)
    return "  ".join(cells)


def _width(text: str) -> int:
    """Columns on a terminal: wide East Asian letters take two, combining marks none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(bool(unicodedata.combining(letter)) for letter in text)


def markdown_table(head: Row, rows: Sequence[Row], *, left: int = 1) -> str:
    """The same table in Markdown; whatever stands in a cell stays in its cell."""
    rule = ["---" if i < left else "--:" for i in range(len(head))]
    lines = [[markdown(cell) for cell in row] for row in (head, *rows)]
    lines.insert(1, rule)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown(cell: str) -> str:
    """Text that stays within its cell or its line, whatever it holds."""
    cell = cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("\r", " ")
    return cell.replace("<", "&lt;")
