"""One result for all leads, and one more for each of their groups."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Self, TypeVar

import attrs

from leadlib import _fields, _text
from leadlib._markup import html_table
from leadlib._metrics.origin import Measured, of_group
from leadlib._metrics.tables import MISSING, NO_LABEL, LeadPaths
from leadlib._results import labelled, shown_as

__all__ = ["Split", "as_groups", "by_label", "split"]

_SHOWN = 24  # groups of a text, and rows of a page; all of them are in the records

R = TypeVar("R", bound="Split")


def as_groups(groups: Mapping[str, Any]) -> Mapping[str, Any]:
    """Groups by their label, which stay as they are."""
    return _fields.FrozenDict(groups)


def by_label(label: str) -> tuple[bool, str]:
    """The order of groups: by their label, those without one last."""
    return label == MISSING, label


class Split(Measured):
    """A result that may have groups: each is a result of the same kind, of its leads alone."""

    __slots__ = ()

    by: str | None
    groups: Mapping[str, Self]

    def __str__(self) -> str:
        shown = [
            f"{self.by}: {label or NO_LABEL}\n{group._words()}"  # noqa: SLF001  # one of its own
            for label, group in islice(self.groups.items(), _SHOWN)
        ]
        more = len(self.groups) - len(shown)
        rest = [f"and {_text.plural(more, 'group')} more, in groups"] if more else []
        return "\n\n".join([self._words(), *shown, *rest])

    def _words(self) -> str:
        """The numbers as text, without those of the groups."""
        raise NotImplementedError

    def to_records(self) -> list[dict[str, Any]]:
        """The rows of its table; of groups, all their rows with their label, and no others."""
        if not self.groups:
            return self._rows()
        rows = {label: group._rows() for label, group in self.groups.items()}  # noqa: SLF001
        return labelled(self.by or "group", rows)

    def _rows(self) -> list[dict[str, Any]]:
        return super().to_records()

    def _repr_html_(self) -> str:
        """All leads as a page, and the rows of their groups."""
        if not self.groups:
            return super()._repr_html_()
        whole = attrs.evolve(self, by=None, groups={})  # type: ignore[misc]  # all are of attrs
        rows = self.to_records()
        shown = [_cells(row) for row in rows[:_SHOWN]]
        more = [f"and {len(rows) - _SHOWN:,} more"] if len(rows) > _SHOWN else []
        groups = html_table([*rows[0]], shown, below=more)
        return f"<div>{whole._repr_html_()}{groups}</div>"

    def _said(self) -> dict[str, Any]:
        groups = {label: group.to_dict() for label, group in self.groups.items()}
        return super()._said() | ({"by": groups} if self.by is not None and groups else {})


def _cells(row: Mapping[str, Any]) -> list[str]:
    label, *values = row.values()
    return [NO_LABEL if label is None else label, *map(shown_as, values)]


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
    origin = of_group(whole.origin, by) if whole.origin else None
    found = {label: counted(groups[label]) for label in sorted(groups, key=by_label)}
    return attrs.evolve(whole, by=by, groups=found, origin=origin)  # type: ignore[misc]  # all are of attrs
