"""Kleene's three values: yes, no, and not known."""

from collections.abc import Iterable
from enum import IntEnum

__all__ = ["Answer", "at_least"]


class Answer(IntEnum):
    """
    Yes, no, or not known; the order makes *and* a minimum and *or* a maximum.

    Example:
        >>> min(Answer.YES, Answer.UNKNOWN), max(Answer.YES, Answer.UNKNOWN)
        (<Answer.UNKNOWN: 0>, <Answer.YES: 1>)
    """

    NO = -1
    UNKNOWN = 0
    YES = 1

    @property
    def mark(self) -> str:
        """The answer as it stands in a printed verdict."""
        return {1: "yes", 0: "?", -1: "no"}[self]


def at_least(count: int, answers: Iterable[Answer]) -> Answer:
    """Yes if that many are yes; no once too few are left that could be."""
    given = list(answers)
    if given.count(Answer.YES) >= count:
        return Answer.YES
    return Answer.UNKNOWN if len(given) - given.count(Answer.NO) >= count else Answer.NO
