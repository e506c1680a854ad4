"""Spans of time as a paper says them, exact to the microsecond."""

import re
from contextlib import suppress
from datetime import timedelta
from fractions import Fraction

from leadlib.errors import InvalidValue
from leadlib.worktime import Clock, Span

__all__ = ["span_of", "span_text"]

_MICROSECOND = timedelta(microseconds=1)
_MICROS_IN = {"day": 86_400_000_000, "hour": 3_600_000_000, "minute": 60_000_000, "second": 10**6}
_FORM = re.compile(
    r"(?P<count>[0-9]{1,12}(?:\.[0-9]{1,12})?) (?P<working>working )?"
    r"(?P<unit>day|hour|minute|second)s?"
)
_EXPECTED = "a span such as '2 working days', '4 working hours', '24 hours' or '14 days'"
_LONGEST = 10**12  # seconds: far beyond what a span holds, within what a timedelta does


def span_of(text: object) -> Span:
    """
    Read a span as it prints.

    Raises:
        InvalidValue: Any other form, nothing, or parts of a microsecond or of a working day.
        LimitExceeded: More than ten years.
    """
    form = _FORM.fullmatch(text) if isinstance(text, str) else None
    if form is None:
        raise InvalidValue(expected=_EXPECTED, got="another form")
    micros = Fraction(form["count"]) * _MICROS_IN[form["unit"]]
    if micros.denominator != 1 or micros > _LONGEST * 10**6:
        raise InvalidValue(expected=_EXPECTED, got="one that no clock measures")
    return Span(int(micros) * _MICROSECOND, _clock(form["working"], form["unit"]))


def _clock(working: str | None, unit: str) -> Clock:
    if working is None:
        return Clock.ELAPSED
    return Clock.WORKING_DAYS if unit == "day" else Clock.WORKING_HOURS


def span_text(span: Span) -> str:
    """The span as it prints, in seconds where that would drop digits."""
    text = str(span)
    with suppress(InvalidValue):  # a rounded number can be no span at all
        if span_of(text) == span:
            return text
    seconds, micros = divmod(span.length // _MICROSECOND, 10**6)
    count = f"{seconds}.{micros:06}".rstrip("0").rstrip(".")
    working = "" if span.clock is Clock.ELAPSED else "working "
    return f"{count} {working}second{'' if count == '1' else 's'}"
