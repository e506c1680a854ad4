"""What becomes of rows: each one is accepted, rejected with its place, or a duplicate."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs

from leadlib import _text, limits
from leadlib._cells import Rejected
from leadlib._io.rows import Cells, Problem
from leadlib.errors import RefusedFile

__all__ = ["RowCounts", "Tally"]


@attrs.frozen(kw_only=True)
class RowCounts:
    """
    What became of the rows; ``accepted + rejected + duplicates == read``.

    Example:
        >>> print(RowCounts(read=5, accepted=3, rejected=1, duplicates=1))
        5 rows read: 3 accepted, 1 rejected, 1 duplicate
    """

    read: int
    accepted: int
    rejected: int
    duplicates: int

    def __str__(self) -> str:
        return (
            f"{_text.plural(self.read, 'row')} read: {self.accepted:,} accepted, "
            f"{self.rejected:,} rejected, {_text.plural(self.duplicates, 'duplicate')}"
        )


@attrs.define(kw_only=True)
class Tally:
    """Counts the rows of one reading and keeps the first problems."""

    read: int = 0
    accepted: int = 0
    rejected: int = 0
    problems: list[Problem] = attrs.field(factory=list)

    def count(
        self,
        line: int,
        row: Cells,
        take: Callable[[int, Sequence[Any]], bool],
        *,
        file: str | None = None,
    ) -> None:
        """Let *take* have one row whole, learn whether it was new, or note why it was not taken."""
        self.read += 1
        if self.read > limits.ROWS:
            raise RefusedFile(expected=f"at most {limits.ROWS:,} rows", got="more", line=line)
        if isinstance(row, Problem):
            self._reject(row if file is None else attrs.evolve(row, file=file))
            return
        try:
            self.accepted += take(line, row)
        except Rejected as fault:
            column, expected, got = fault.args
            self._reject(Problem(line=line, column=column, expected=expected, got=got, file=file))

    def _reject(self, problem: Problem) -> None:
        self.rejected += 1
        if len(self.problems) < limits.PROBLEMS:
            self.problems.append(problem)

    def refuse_if_empty(self, path: Path) -> None:
        """A report on nothing is no report: if every row is wrong, the columns or the zone are."""
        if self.rejected and self.rejected == self.read:
            first = self.problems[0]
            fault = first.refusal(more=f"; {_of_all(self.read)} rejected")
            fault.add_note(first.file or path.name)
            raise fault

    @property
    def rows(self) -> RowCounts:
        """The counts; what was neither accepted nor rejected had been there before."""
        return RowCounts(
            read=self.read,
            accepted=self.accepted,
            rejected=self.rejected,
            duplicates=self.read - self.accepted - self.rejected,
        )


def _of_all(rows: int) -> str:
    return "the only row was" if rows == 1 else f"all {rows:,} rows were"
