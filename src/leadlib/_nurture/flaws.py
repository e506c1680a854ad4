"""The linter of cadences: what a programme lacks before it touches anybody (seeds 000, 003)."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from leadlib._nurture.hours import DAY, micros_of
from leadlib._nurture.policy import ContactPolicy
from leadlib._nurture.steps import Step

if TYPE_CHECKING:
    from leadlib._nurture.cadence import Cadence

__all__ = ["Flaw", "FlawKind", "flaws_of"]


class FlawKind(StrEnum):
    """
    What can be wrong with a cadence.

    Example:
        >>> print(FlawKind.NO_EXIT)
        no event ends it
    """

    NO_EXIT = "no event ends it"
    NO_PAUSE = "it goes on while sales has the lead"
    NO_RETURN = "nothing ends the pause: a lead that comes back gets nothing more"
    NO_ENTRY = "everybody is let in"
    NO_GOAL = "nothing says that it has done its work"
    NO_OWNER = "nobody answers for it"
    SINGLE_CHANNEL = "all steps go by one channel"
    SHUT_HOUR = "its hour of sending is never allowed"


_ERRORS = frozenset({FlawKind.NO_EXIT, FlawKind.NO_PAUSE, FlawKind.NO_RETURN})


@attrs.frozen
class Flaw:
    """
    A finding of the linter.

    Args:
        kind: What is wrong.
        cadence: Of which cadence.
        step: What the step sends, if it is about one.
    """

    kind: FlawKind
    cadence: str
    step: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether it would annoy people or leave them behind; else it is a warning."""
        return self.kind in _ERRORS

    def __str__(self) -> str:
        step = f" ({self.step})" if self.step is not None else ""
        return f"{'error' if self.is_error else 'warning'}: {self.cadence}: {self.kind}{step}"


def flaws_of(cadence: "Cadence", policy: ContactPolicy | None) -> tuple[Flaw, ...]:
    """Every finding: errors first."""
    checks: Mapping[FlawKind, Callable[[], bool]] = {
        FlawKind.NO_EXIT: lambda: not (cadence.ends_on or cadence.goal),
        FlawKind.NO_PAUSE: lambda: not cadence.pauses_on,
        FlawKind.NO_RETURN: lambda: bool(cadence.pauses_on) and not cadence.resumes_on,
        FlawKind.NO_ENTRY: lambda: cadence.entry is None,
        FlawKind.NO_GOAL: lambda: not cadence.goal,
        FlawKind.NO_OWNER: lambda: cadence.owner is None,
        FlawKind.SINGLE_CHANNEL: lambda: _is_single(cadence),
    }
    found = [Flaw(kind, cadence.name) for kind, is_so in checks.items() if is_so()]
    shut = () if policy is None else _shut(cadence, policy)
    return (*found, *shut)


def _is_single(cadence: "Cadence") -> bool:
    """A single step is no tactic yet."""
    return len(cadence.steps) > 1 and len({step.channel for step in cadence.steps}) == 1


def _shut(cadence: "Cadence", policy: ContactPolicy) -> Iterator[Flaw]:
    for step in cadence.steps:
        if not _opens(cadence, policy, step):
            yield Flaw(FlawKind.SHUT_HOUR, cadence.name, step.send)


def _opens(cadence: "Cadence", policy: ContactPolicy, step: Step) -> bool:
    hour = micros_of(cadence.at)
    windows = [window for day in policy.pattern(step.channel) for window in day]
    return any(begin <= at < end for begin, end in windows for at in (hour, hour + DAY))
