"""Inquiries from files: known columns by name; what the definition asks for besides is a fact."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from leadlib import _cells, _instants, limits
from leadlib._io.counts import RowCounts, Tally
from leadlib._io.rows import WHOLE_ROW, Problem
from leadlib._io.tables import open_table
from leadlib.errors import InvalidInquiry, InvalidValue, LeadlibError, RefusedFile
from leadlib.model import Inquiry
from leadlib.qualification import Field, value_from_text

__all__ = ["InquiriesRead", "read_inquiries"]

_KNOWN = ("id", "at", "source", "mail", "phone", "name", "kind", "campaign", "interests")


@attrs.frozen(kw_only=True)
class InquiriesRead:
    """
    Inquiries and how they were read.

    Args:
        inquiries: In the order of the file, each once.
        rows: What became of the rows.
        problems: Why rows were rejected, the first 1,000 of them.
        unused: Columns of the file that nobody asked for; they were not read.
        missing: Fields for which the file has no column: nobody's answer is known.
    """

    inquiries: tuple[Inquiry, ...]
    rows: RowCounts
    problems: tuple[Problem, ...]
    unused: tuple[str, ...]
    missing: tuple[str, ...] = ()


def read_inquiries(
    path: str | Path,
    *,
    fields: Sequence[Field] = (),
    columns: Mapping[str, str] | None = None,
    zone: tzinfo | str | None = None,
) -> InquiriesRead:
    """
    Read inquiries from a CSV, JSON lines or Parquet file.

    Args:
        path: The file.  Columns ``id``, ``at``, ``source``, ``mail``, ``phone``, ``name``,
            ``kind``, ``campaign`` and ``interests`` (separated by ``;``) are known; *at* and one of
            *mail* and *phone* are needed.  Without *id*, the line is the id; without *source*, the
            file is.
        fields: The fields of the definition: columns of these names become facts of their type.
        columns: Other names for the known columns: ``{"mail": "E-Mail"}``.
        zone: Where times without offset were noted, a time zone or its IANA name; without it they
            are refused.

    Raises:
        RefusedFile: The file cannot be taken, or no row of it.
    """
    path = Path(path)
    zone = _instants.zone_named(zone) if isinstance(zone, str) else zone
    named = {part: (columns or {}).get(part, part) for part in _KNOWN}
    reader = _Reader(named=named, fields={f.name: f for f in fields}, zone=zone, path=path)
    try:
        with open_table(path, exact=True) as table:
            if table.fixed:
                table.require([named["at"], *(columns or {}).values()])
            asked = list(dict.fromkeys([*named.values(), *reader.fields]))
            present = table.may_have(asked)
            for line, row in table.rows(present):
                reader.tally.count(line, row, partial(reader.take, present))
            unused = [name for name in table.columns if name not in asked]
            missing = [name for name in reader.fields if name not in table.found]
        reader.tally.refuse_if_empty(path)
        return reader.result(unused, missing)
    except MemoryError:
        got = "more than it"
        raise RefusedFile(expected="inquiries that fit into the memory", got=got) from None


@attrs.define(kw_only=True)
class _Reader:
    """Takes rows as inquiries, and counts what became of them."""

    named: Mapping[str, str]
    fields: Mapping[str, Field]
    zone: tzinfo | None
    path: Path
    taken: dict[str, Inquiry] = attrs.field(factory=dict)
    tally: Tally = attrs.field(factory=Tally)

    def take(self, present: Sequence[str], line: int, row: Sequence[Any]) -> bool:
        """Take one row whole; say whether it was new."""
        pairs = zip(present, row, strict=True)
        said = {name: cell for name, cell in pairs if not _cells.is_blank(cell)}
        inquiry = self._inquiry(line, said)
        known = self.taken.setdefault(inquiry.id, inquiry)
        if known != inquiry:
            got = "another under this id"
            raise _cells.Rejected(self.named["id"], "one content for each id", got)
        return known is inquiry

    def _inquiry(self, line: int, said: Mapping[str, Any]) -> Inquiry:
        try:
            return Inquiry.parse(self._raw(line, said))
        except LeadlibError as fault:
            first = fault.faults[0] if isinstance(fault, InvalidInquiry) else fault
            part = (first.where or WHOLE_ROW).removeprefix("$.facts.").removeprefix("$.")
            raise _cells.Rejected(self.named.get(part, part), first.expected, first.got) from None

    def _raw(self, line: int, said: Mapping[str, Any]) -> dict[str, object]:
        raw: dict[str, object] = {
            part: said[name] for part, name in self.named.items() if name in said
        }
        raw.setdefault("id", f"line-{line}")
        raw.setdefault("source", _shortened(self.path.name))
        if isinstance(raw["id"], int) and not isinstance(raw["id"], bool):
            raw["id"] = _cells.name(raw["id"], self.named["id"])
        if isinstance(raw.get("interests"), str):
            topics = str(raw["interests"]).split(";")
            raw["interests"] = [topic for topic in topics if topic.strip()]
        if "at" in raw:
            raw["at"] = _cells.moment(raw["at"], self.named["at"], self.zone)
        raw["facts"] = {
            name: self._fact(said[name], field)
            for name, field in self.fields.items()
            if name in said
        }
        return raw

    def _fact(self, cell: Any, field: Field) -> Any:
        if field.kind is datetime and isinstance(cell, str | datetime):
            return _cells.moment(cell, field.name, self.zone)
        where = f"$.facts.{field.name}"
        if isinstance(cell, Mapping):
            raise InvalidValue(expected="one value", got="a table of values", where=where)
        return value_from_text(cell.strip(), field, where=where) if isinstance(cell, str) else cell

    def result(self, unused: Sequence[str], missing: Sequence[str]) -> InquiriesRead:
        """The inquiries and the counts."""
        return InquiriesRead(
            inquiries=tuple(self.taken.values()),
            rows=self.tally.rows,
            problems=tuple(self.tally.problems),
            unused=tuple(unused),
            missing=tuple(missing),
        )


def _shortened(name: str) -> str:
    return name.encode("utf-8", "replace").decode()[-limits.ID_CHARACTERS :]
