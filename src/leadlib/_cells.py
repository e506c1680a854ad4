"""Single cells of strangers: names, whole numbers, labels and instants, each taken or rejected."""

import re
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any

from leadlib import _instants, _text, limits
from leadlib.errors import InvalidValue, LeadlibError

__all__ = ["Rejected", "is_blank", "label", "moment", "name", "whole"]


class Rejected(Exception):
    """Column, expected and got of a cell that is not taken; it never leaves the readers."""


def is_blank(cell: Any) -> bool:
    """Whether a cell says nothing: missing, NaN, or text of spaces."""
    return _text.is_missing(cell) or (isinstance(cell, str) and not cell.strip())


def name(cell: Any, column: str) -> str:
    """A lead, stage or group: text, or the number of a system that counts."""
    if type(cell) is str and cell.isascii() and len(cell) <= limits.ID_CHARACTERS:
        text = cell.strip()  # the common case, without the checks that only other text needs
        if text and "\0" not in text:
            return text
    if isinstance(cell, int) and not isinstance(cell, bool) and cell.bit_length() < _ID_BITS:
        return str(cell)
    try:
        return _text.clean(cell, where=column, limit=limits.ID_CHARACTERS)
    except LeadlibError as fault:
        raise Rejected(column, fault.expected, fault.got) from None


_ID_BITS = 64


def label(cell: Any, column: str) -> str | None:
    """The group of a lead; None is missing.  Numbers and dates are groups, too."""
    if is_blank(cell):
        return None
    if isinstance(cell, float) and abs(cell) == float("inf"):
        raise Rejected(column, "a finite number or text", "an infinite number")
    if isinstance(cell, date):
        cell = cell.isoformat()
    elif isinstance(cell, bool | int | float | Decimal):
        cell = str(cell)
    return name(cell, column)


def whole(cell: Any, column: str) -> int:
    """A whole number; ``1.0`` is one, because pandas makes it of 1 beside a gap."""
    if isinstance(cell, str) and (form := _WHOLE.fullmatch(cell.strip())):
        return int(form[1])
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, int) and not isinstance(cell, bool) and cell.bit_length() < _SEQ_BITS:
        return cell
    got = "nothing" if is_blank(cell) else "another value"
    raise Rejected(column, "a whole number of at most 15 digits", got)


_WHOLE = re.compile(r"([+-]?[0-9]{1,15})(?:\.0{1,15})?")
_SEQ_BITS = 50  # 15 digits; more would not survive a float


def moment(cell: Any, column: str, zone: tzinfo | None) -> datetime:
    """An instant in UTC: text, or the date or date-time of a typed file."""
    try:
        if isinstance(cell, str):
            return _instants.instant(cell.strip(), zone=zone)
        if isinstance(cell, date):
            return _instants.aware(_placed(cell, zone))
    except LeadlibError as fault:
        raise Rejected(column, fault.expected, fault.got) from None
    except OverflowError:
        raise Rejected(column, "a year from 1970 to 2199", "one far beyond") from None
    number = isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)
    raise Rejected(column, _expected(zone), "a number" if number else _text.kind_of(cell))


def _placed(cell: date, zone: tzinfo | None) -> datetime:
    """A date as the start of its day, a local time in its zone; without a zone both are refused."""
    local = cell if isinstance(cell, datetime) else datetime.combine(cell, time())
    if local.tzinfo is not None:
        return local
    if zone is None:
        got = "a time without offset" if cell is local else "a date without time and offset"
        raise InvalidValue(expected=_instants.EXPECTED, got=got)
    return _instants.placed(_plain(local), zone)


def _plain(local: datetime) -> datetime:
    """A time stamp of another library, which counts in its own way, as a datetime."""
    if type(local) is datetime:
        return local
    return datetime.combine(date(local.year, local.month, local.day), local.time())


def _expected(zone: tzinfo | None) -> str:
    return _instants.EXPECTED if zone is None else _instants.EXPECTED_LOCAL
