"""
The errors of leadlib, one family.

A business "no" is a value (a verdict, a refused row in a report); an error means that a contract
was broken, and says what was expected, what came, where, and what would have been legal.

::

    LeadlibError
    ├── InvalidValue (ValueError)          a value given to leadlib is not of the agreed form
    │   ├── InvalidInquiry                 a raw inquiry; all its faults at once
    │   ├── DefinitionError                a lead definition read from data; all its faults at once
    │   └── LifecycleError                 a lifecycle read from data; all its faults at once
    ├── ConflictError (ValueError)         one key, two different contents
    ├── AmbiguousTruth (TypeError)         a criterion used as if it were already true or false
    ├── IllegalTransition (ValueError)     a move that the lifecycle does not know
    ├── NotPermitted (ValueError)          a move that is another team's
    ├── NotCertifiable (ValueError)        a certificate for a lead that has not earned one
    ├── BriefIncomplete (ValueError)       a hand-off without what sales needs to know
    ├── DefinitionMismatch (ValueError)    figures under different definitions, set side by side
    ├── UnknownName (LookupError)          a stage, column, field or team nobody declared
    ├── RefusedFile (ValueError)           a file that was not taken, with line and column
    ├── LimitExceeded (ValueError)         an input beyond the documented limits
    └── MissingExtra (ImportError)         an optional library that the call needs

    LeadlibWarning (UserWarning)
    └── CountRanking                       a ranking by the mere number of leads

No message carries a name, a mail address, a phone number or any other value of a person: what came
is described by its kind, not shown.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

__all__ = [
    "AmbiguousTruth",
    "BriefIncomplete",
    "ConflictError",
    "CountRanking",
    "DefinitionError",
    "DefinitionMismatch",
    "IllegalTransition",
    "InvalidInquiry",
    "InvalidValue",
    "LeadlibError",
    "LeadlibWarning",
    "LifecycleError",
    "LimitExceeded",
    "MissingExtra",
    "NotCertifiable",
    "NotPermitted",
    "RefusedFile",
    "UnknownName",
]

_SHOWN = 20  # a message stays readable: that many legal names or faults, then "and n more"


class LeadlibError(Exception):
    """
    The base of all errors of leadlib; the parts of the message are attributes, too.

    Args:
        expected: What would have been right.
        got: What came, described without personal data.
        where: The place: an argument, a path such as ``$.qualify.all[1]``, or line and column.
        legal: What would have been allowed here.

    Example:
        >>> raise UnknownName(expected="a stage", got="'qualifed'", legal=["qualified"])
        Traceback (most recent call last):
            ...
        leadlib.errors.UnknownName: expected a stage, got 'qualifed'; did you mean \
'qualified'?
    """

    def __init__(
        self, *, expected: str, got: str, where: str | None = None, legal: Iterable[str] = ()
    ) -> None:
        self.expected = expected
        self.got = got
        self.where = where
        self.legal = tuple(legal)
        super().__init__(self._message())

    def _message(self) -> str:
        place = f" @ {self.where}" if self.where else ""
        return f"expected {self.expected}, got {self.got}{place}{self._hint()}"

    def _hint(self) -> str:
        if not self.legal:
            return ""
        named = self.got[1:-1] if self.got[:1] in {"'", '"'} else ""  # a description is no name
        near = get_close_matches(named, self.legal, n=1)
        if near:
            return f"; did you mean {near[0]!r}?"
        more = f" and {len(self.legal) - _SHOWN} more" if len(self.legal) > _SHOWN else ""
        return f"; legal: {', '.join(self.legal[:_SHOWN])}{more}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep errors picklable although their arguments are named: they cross process borders."""
        state = {"expected": self.expected, "got": self.got, "where": self.where}
        return _revive, (type(self), {**state, "legal": self.legal})


def _revive(kind: type[LeadlibError], parts: dict[str, Any]) -> LeadlibError:
    return kind(**parts)


class InvalidValue(LeadlibError, ValueError):
    """A value given to leadlib is not of the agreed form."""


class _Faults(InvalidValue):
    """
    All faults of one input in one error; *faults* holds one error for each.

    *complete* is False if there were so many that the rest was not looked for.
    """

    _what = "input"

    def __init__(self, faults: Sequence[LeadlibError], *, complete: bool = True) -> None:
        self.faults = tuple(faults)
        self.complete = complete
        first = self.faults[0]
        super().__init__(
            expected=first.expected, got=first.got, where=first.where, legal=first.legal
        )

    def _message(self) -> str:
        lines = [str(fault) for fault in self.faults[:_SHOWN]]
        if len(self.faults) > _SHOWN:
            lines.append(f"and {len(self.faults) - _SHOWN} more")
        if not self.complete:
            lines.append("reading stopped here: there may be more")
        return "; ".join(lines) if len(lines) == 1 else "\n".join([self._count(), *lines])

    def _count(self) -> str:
        faults = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        return f"{faults} in this {self._what}:"

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive_faults, (type(self), self.faults, self.complete)


def _revive_faults(
    kind: type[_Faults],
    faults: tuple[LeadlibError, ...],
    complete: bool,  # noqa: FBT001
) -> _Faults:
    return kind(faults, complete=complete)


class InvalidInquiry(_Faults):
    """A raw inquiry cannot be taken in; every fault is named with its path, none with its value."""

    _what = "inquiry"


class DefinitionError(_Faults):
    """
    A lead definition cannot be read; every fault is named with its path, nothing is half-loaded.
    """

    _what = "definition"


class LifecycleError(_Faults):
    """A lifecycle cannot be read; every fault is named with its path, nothing is half-loaded."""

    _what = "lifecycle"


class ConflictError(LeadlibError, ValueError):
    """One key came with two different contents, and leadlib does not guess which is right."""


class AmbiguousTruth(LeadlibError, TypeError):
    """A criterion was used as a truth value although no lead has been judged yet."""


class IllegalTransition(LeadlibError, ValueError):
    """A move is not in the table of the lifecycle; the lead stays where it was."""


class NotPermitted(LeadlibError, ValueError):
    """A move was tried on behalf of a team that may not make it; the lead stays where it was."""


class NotCertifiable(LeadlibError, ValueError):
    """A certificate was asked for without a passed, agreed definition behind it."""


class BriefIncomplete(LeadlibError, ValueError):
    """A lead was to be handed off while the brief lacks parts; *missing* names them."""

    def __init__(self, missing: Iterable[str], *, lead: str) -> None:
        self.missing = tuple(missing)
        self.lead = lead
        super().__init__(
            expected="a complete brief",
            got=f"one without {', '.join(self.missing)}",
            where=f"lead {lead!r}",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive_brief, (self.missing, self.lead)


def _revive_brief(missing: tuple[str, ...], lead: str) -> BriefIncomplete:
    return BriefIncomplete(missing, lead=lead)


class DefinitionMismatch(LeadlibError, ValueError):
    """Figures that do not mean the same, or not of different leads, were set side by side."""


class UnknownName(LeadlibError, LookupError):
    """A stage, column, field or team that nobody declared."""


class RefusedFile(LeadlibError, ValueError):
    """
    A file was not taken at all; *line* (from 1) and *column* say where, if there is such a place.
    """

    def __init__(
        self,
        *,
        expected: str,
        got: str,
        line: int | None = None,
        column: str | None = None,
        legal: Iterable[str] = (),
    ) -> None:
        self.line = line
        self.column = column
        places = [f"line {line}" if line else "", f"column {column}" if column else ""]
        super().__init__(
            expected=expected, got=got, where=", ".join(filter(None, places)) or None, legal=legal
        )

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"expected": self.expected, "got": self.got, "legal": self.legal}
        return _revive, (type(self), {**state, "line": self.line, "column": self.column})


class LimitExceeded(LeadlibError, ValueError):
    """An input is beyond the limits of :mod:`leadlib.limits`, which are checked before parsing."""


class MissingExtra(LeadlibError, ImportError):
    """A call needs an optional library; *expected* names the extra that brings it."""


class LeadlibWarning(UserWarning):
    """The base of all warnings of leadlib: what was asked for was done, and may mislead."""


class CountRanking(LeadlibWarning):
    """A ranking goes by the number of leads alone, which says nothing of their quality."""
