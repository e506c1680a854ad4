"""The border to data frames of other libraries, by narwhals."""

from collections.abc import Sequence
from typing import Any

from leadlib._text import is_missing
from leadlib.errors import MissingExtra, UnknownName

__all__ = ["columns_of"]


def columns_of(frame: Any, names: Sequence[str]) -> list[list[Any]]:
    """
    The values of some columns of an eager frame; what is missing in any engine is None.

    Raises:
        UnknownName: A column is not there.
        MissingExtra: narwhals is not installed.
    """
    try:
        import narwhals.stable.v2 as nw  # noqa: PLC0415  # an extra is imported where it is used
    except ImportError:
        raise MissingExtra(
            expected="leadlib[frames], which reads data frames", got="no narwhals"
        ) from None
    table = nw.from_native(frame, eager_only=True)
    for name in names:
        if name not in table.columns:
            raise UnknownName(expected="a column of the frame", got=repr(name), legal=table.columns)
    columns = (table[name].to_list() for name in names)
    return [[None if is_missing(value) else value for value in column] for column in columns]
