"""
Times as people write them, read for a whole column at once.

No engine parses a time: each has its own idea of what is one.  Days are few and times of day are
few, so each is read once by the reader of single cells, and the engine looks them up and adds.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from leadlib import _instants
from leadlib._frames import narwhals
from leadlib._io.engines import Engine, Frame
from leadlib.errors import LimitExceeded

__all__ = ["read_instants"]

_MOST = 200_000  # different texts; to read more of them would cost what the engine is to save
_ANY_DAY = "2000-01-01"  # what stands behind a day means the same behind every other
_BEGINS = _instants.micros(datetime(2000, 1, 1, tzinfo=UTC))
_ODD = -1  # of a day on which the clocks were changed
_DIGITS = 6


def read_instants(rows: Frame, engine: Engine, zone: tzinfo | None) -> Frame:
    """
    The rows with the text in *at* as microseconds since 1970, as a single cell would be read.

    Args:
        rows: With a column *at* of text.
        engine: Theirs.
        zone: Where times without offset were noted; without it they are refused.

    Raises:
        InvalidValue: Some text is no instant; which one is for the reader of rows to say.
        LimitExceeded: Too many different days or times.
    """
    nw = narwhals()
    rows = engine.kept(_taken_apart(rows, engine))
    days = _days(_texts(rows, engine, "day"), zone)
    clocks = _clocks(_texts(rows, engine, "clock"), zone)
    rows = rows.join(engine.table(days), on="day", how="left")
    rows = rows.join(engine.table(clocks), on="clock", how="left")
    begin = nw.when(nw.col("local") == 1).then(nw.col("begins")).otherwise(nw.col("utc"))
    rows = rows.with_columns((begin + nw.col("passed") + nw.col("fraction")).alias("at"))
    if zone is not None and _ODD in days["begins"] and 1 in clocks["local"]:
        return _with_odd_days(rows, engine, zone)
    return rows


def _taken_apart(rows: Frame, engine: Engine) -> Frame:
    """Day, clock with its offset, and the fraction of the second in microseconds."""
    nw, at = narwhals(), narwhals().col("at").str
    # Only behind seconds: of 09:00+01.5 nobody may make 09:00+01.
    is_fraction = (at.slice(16, 1) == ":") & (at.slice(19, 1) == ".")
    first = rows.filter(is_fraction).select("at").head(1)
    clock, fraction = at.slice(10), nw.lit(0)
    if engine.values(first, "at"):
        zone = at.slice(19).str.replace_all(r"^\.[0-9]{1,9}", "")
        clock = nw.when(is_fraction).then(nw.concat_str(at.slice(10, 9), zone)).otherwise(clock)
        digits = nw.when(is_fraction).then(at.slice(20, 9)).otherwise(nw.lit("0"))
        digits = nw.concat_str(digits.str.replace_all("[^0-9].*$", ""), nw.lit("0" * _DIGITS))
        fraction = digits.str.slice(0, _DIGITS)
    parts = {"day": at.slice(0, 10), "clock": clock, "fraction": fraction.cast(nw.Int64)}
    return rows.with_columns(*(own.alias(name) for name, own in parts.items())).drop("at")


def _texts(rows: Frame, engine: Engine, name: str) -> list[str]:
    found = engine.values(rows.select(name).unique().head(_MOST + 1), name)
    if len(found) > _MOST:
        raise LimitExceeded(expected=f"at most {_MOST:,} different texts", got="more", where="at")
    return found


def _days(texts: Iterable[str], zone: tzinfo | None) -> dict[str, list[Any]]:
    """When each day begins, in UTC and in the zone."""
    read = {text: _instants.instant(text, zone=UTC) for text in texts}
    return {
        "day": [*read],
        "utc": [_instants.micros(day) for day in read.values()],
        "begins": [_ODD if zone is None else _begin(day, zone) for day in read.values()],
    }


def _begin(day: datetime, zone: tzinfo) -> int:
    """When a day begins in its zone, if every time of it comes as long after as its clock says."""
    local = day.replace(tzinfo=None)
    begin = _instants.placed(local, zone)
    for hour in range(1, 25):
        passed = timedelta(hours=hour)
        if _instants.placed(local + passed, zone) != begin + passed:
            return _ODD
    return _instants.micros(begin) if begin >= _instants.EARLIEST else _ODD


def _clocks(texts: Iterable[str], zone: tzinfo | None) -> dict[str, list[Any]]:
    """How long after the beginning of its day each time comes, and whether it has no offset."""
    local = {text: not {"Z", "+", "-"} & {*text} for text in texts}
    passed = [
        _instants.micros(_instants.instant(_ANY_DAY + text, zone=UTC if own and zone else None))
        for text, own in local.items()
    ]
    return {
        "clock": [*local],
        "passed": [at - _BEGINS for at in passed],
        "local": [int(own) for own in local.values()],
    }


def _with_odd_days(rows: Frame, engine: Engine, zone: tzinfo) -> Frame:
    """The times of those days on which the clocks were changed are read one by one."""
    nw = narwhals()
    rows = rows.with_columns(nw.concat_str("day", "clock").alias("text"))
    is_odd = (nw.col("local") == 1) & (nw.col("begins") == _ODD)
    texts = _texts(rows.filter(is_odd), engine, "text")
    read = [_instants.micros(_instants.instant(text, zone=zone)) for text in texts]
    rows = rows.join(engine.table({"text": texts, "odd": read}), on="text", how="left")
    own = nw.when(is_odd).then(nw.col("odd") + nw.col("fraction")).otherwise(nw.col("at"))
    return rows.with_columns(own.alias("at"))
