"""One result for all leads, and one more for each of their groups."""

from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

import attrs

from leadlib import _fields
from leadlib._metrics.origin import Measured, of_group
from leadlib._metrics.tables import MISSING, NO_LABEL, LeadPaths
from leadlib._results import records

__all__ = ["Split", "as_groups", "split"]

R = TypeVar("R", bound="Split")


def as_groups(groups: Mapping[str, R]) -> Mapping[str, R]:
    """Groups by their label, which stay as they are."""
    return _fields.FrozenDict(groups)


class Split(Measured):
    """A result that may have groups: each is a result of the same kind, of its leads alone."""

    __slots__ = ()

    by: str | None
    groups: Mapping[str, Self]

    def __str__(self) -> str:
        return "\n\n".join([self._words(), *(self._of_groups())])

    def _of_groups(self) -> list[str]:
        return [
            f"{self.by}: {label or NO_LABEL}\n{group._words()}"  # noqa: SLF001  # one of its own
            for label, group in self.groups.items()
        ]

    def _words(self) -> str:
        """The numbers as text, without those of the groups."""
        raise NotImplementedError

    def to_records(self) -> list[dict[str, Any]]:
        """The rows of its table; of groups, all their rows with their label."""
        if not self.groups:
            return self._rows()
        return records(
            {self.by or "group": label or None, **row}
            for label, group in self.groups.items()
            for row in group._rows()  # noqa: SLF001  # one of its own
        )

    def _rows(self) -> list[dict[str, Any]]:
        return super().to_records()

    def _said(self) -> dict[str, Any]:
        groups = {label: group.to_dict() for label, group in self.groups.items()}
        return super()._said() | ({"by": groups} if self.by is not None and groups else {})


def split(paths: LeadPaths, by: str | None, counted: Callable[[LeadPaths], R]) -> R:
    """
    Count all leads, and those of each group.

    Args:
        paths: All leads.
        by: The label column; None for no groups.
        counted: Makes a result of leads.
    """
    whole = counted(paths)
    if by is None:
        return whole
    groups = {label: own for label, own in paths.groups(by).items() if own.span() is not None}
    order = sorted(groups, key=lambda label: (label == MISSING, label))
    origin = of_group(whole.origin, by) if whole.origin else None
    found = {label: counted(groups[label]) for label in order}
    return attrs.evolve(whole, by=by, groups=found, origin=origin)  # type: ignore[misc]  # all are of attrs
