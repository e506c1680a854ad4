"""
The shapes that tables of leads come in, and how each becomes stage entries.

A shape says which column holds what; it reads files, rows of Python and data frames alike, so that
one table gives one log wherever it lies.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, tzinfo
from typing import Any

import attrs

from leadlib import _cells, _fields, _instants, _text, limits
from leadlib._cells import Rejected
from leadlib._frames import columns_of, opened
from leadlib._metrics.log import AnyStage, LogBuilder, StageLog, stage_names
from leadlib.errors import InvalidValue, UnknownName

__all__ = ["LongTable", "OpportunityTable", "TableShape", "WideTable", "log_from_table"]

Row = Sequence[Any]
Places = Mapping[str, int]
Take = Callable[[Row], bool]


def _column(value: object) -> str:
    """A column as the table writes it; what cannot be printed is refused."""
    _text.clean(value, empty=True)
    return str(value)


def _column_or_none(value: object) -> str | None:
    return None if value is None else _column(value)


def _columns(values: object) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidValue(expected="several columns", got=_text.kind_of(values))
    return tuple(_column(value) for value in values)


def _stage(value: object) -> str:
    """A stage as the log will have it."""
    return _text.clean(value, limit=limits.ID_CHARACTERS)


def _dated(values: Any) -> Mapping[str, str]:
    if not isinstance(values, Mapping) or not values:
        got = "none" if isinstance(values, Mapping) else _text.kind_of(values)
        raise InvalidValue(expected="columns of dates by stage", got=got)
    dated = {_stage(name): _column(column) for name, column in values.items()}
    if len(dated) < len(values):
        raise InvalidValue(expected="names that differ", got="one of them twice")
    return _fields.FrozenDict(dated)


def _only(values: Any) -> Mapping[str, str]:
    if not isinstance(values, Mapping):
        raise InvalidValue(expected="a value by column", got=_text.kind_of(values))
    named = {_column(column): _text.clean(value) for column, value in values.items()}
    return _fields.FrozenDict(named)


def _statuses(values: Any) -> tuple[str, ...]:
    return stage_names(values, "statuses")


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class TableShape:
    """What all shapes have: the lead, the order within an instant, and the groups."""

    lead: str = attrs.field(default="lead", converter=_column)
    seq: str | None = attrs.field(default=None, converter=_column_or_none)
    by: tuple[str, ...] = attrs.field(default=(), converter=_columns)

    @property
    def always(self) -> list[str]:
        """The columns that every part of the table must have."""
        return _present(self.lead, self.seq)

    @property
    def dated(self) -> Mapping[str, str]:
        """The columns of dates by stage; a part of the table may lack some of them."""
        return {}

    @property
    def stages(self) -> frozenset[str]:
        """The stages that the shape names, whether or not anybody entered them."""
        return frozenset(self.dated)

    @property
    def closed_stages(self) -> frozenset[str] | None:
        """The stages in which a story ends, if the shape says so."""
        return None

    @property
    def stage_column(self) -> str | None:
        """The column that names stages, if there is one."""
        return None

    def taker(self, builder: LogBuilder, place: Places, zone: tzinfo | None) -> Take:
        """A function that takes the cells of one row into a log and says whether they were new."""
        raise NotImplementedError

    @property
    def wanted(self) -> Mapping[str, str]:
        """The values by column that a row of the log must have."""
        return {}

    def filter(self, place: Places) -> "WantedRows":
        """What tells the rows of the log from others, for cells in these places."""
        return WantedRows(only=[(name, place[name], value) for name, value in self.wanted.items()])


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class LongTable(TableShape):
    """
    One row for each entry into a stage; with *only*, the history of one property among others.

    Args:
        lead, stage, at: The columns of the lead, of the stage it entered, and of the instant.
        seq: The column that orders entries of one instant; without it, the order of the stages.
        by: Columns to group by.
        only: Rows count that have these values in these columns, the others are none of the log:
            an export of all properties of a contact, one change in each row, holds many.

    Example:
        >>> from datetime import UTC
        >>> history = [
        ...     {"id": 7, "property": "stage", "value": "lead", "at": "2026-03-02"},
        ...     {"id": 7, "property": "owner", "value": "ana", "at": "2026-03-03"},
        ...     {"id": 7, "property": "stage", "value": "won", "at": "2026-03-09"}]
        >>> shape = LongTable(lead="id", stage="value", only={"property": "stage"})
        >>> log_from_table(history, shape=shape, zone=UTC)
        <StageLog: 2 events of 1 lead in 2 stages>
    """

    stage: str = attrs.field(default="stage", converter=_column)
    at: str = attrs.field(default="at", converter=_column)
    only: Mapping[str, str] = attrs.field(factory=dict, converter=_only)

    @property
    def always(self) -> list[str]:
        """The columns that every part of the table must have."""
        return [*_present(self.lead, self.stage, self.at, self.seq), *self.only]

    @property
    def stage_column(self) -> str:
        """The column that names stages."""
        return self.stage

    @property
    def wanted(self) -> Mapping[str, str]:
        """The values by column that a row of the log must have."""
        return self.only

    def taker(self, builder: LogBuilder, place: Places, zone: tzinfo | None) -> Take:
        """A function that takes the cells of one row into a log and says whether they were new."""
        common, add = _common(self, place), builder.add
        stage_column, at_column = self.stage, self.at
        stage_at, instant_at = place[stage_column], place[at_column]

        def take(row: Row) -> bool:
            lead, seq, labels = common(row)
            stage = _cells.name(row[stage_at], stage_column)
            at = _instants.micros(_cells.moment(row[instant_at], at_column, zone))
            return add(lead, stage, at, seq, labels)

        return take


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class WideTable(TableShape):
    """
    One row for each lead, with a column of dates for each stage.

    An empty date means that the stage was not entered; a row without any date is refused, for
    nobody knows when the lead was there.

    Args:
        lead: The column of the lead.
        at: The columns of dates by stage, first stage first.
        seq: The column that orders entries of one instant; without it, the order of the stages.
        by: Columns to group by.

    Example:
        >>> from datetime import UTC
        >>> leads = [{"id": 1, "asked": "2026-03-02", "bought": "2026-03-09"},
        ...          {"id": 2, "asked": "2026-03-03", "bought": None}]
        >>> shape = WideTable(lead="id", at={"inquiry": "asked", "customer": "bought"})
        >>> log_from_table(leads, shape=shape, zone=UTC)
        <StageLog: 3 events of 2 leads in 2 stages>
    """

    at: Mapping[str, str] = attrs.field(converter=_dated)

    @property
    def dated(self) -> Mapping[str, str]:
        """The columns of dates by stage; a part of the table may lack some of them."""
        return self.at

    def taker(self, builder: LogBuilder, place: Places, zone: tzinfo | None) -> Take:
        """A function that takes the cells of one row into a log and says whether they were new."""
        common, dates = _common(self, place), _dates(self.at, place, zone)

        def take(row: Row) -> bool:
            return _add(builder, common(row), dates(row), self.at)

        return take


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class OpportunityTable(TableShape):
    """
    One row for each opportunity: when it was opened, how it stands, and when it ended.

    The status is the stage in which it ended; without a date of the end it has not.  A row that
    contradicts itself is refused: an end without a date, a date without an end, a status that is
    neither, an end before the opening.  An end that has a date only may be on the day of the
    opening, and comes after it.

    Args:
        lead: The column of the opportunity.
        at: The columns of dates by stage that it goes through, first stage first.
        status, closed: The columns of the status, and of the date of the end.
        ended: The statuses in which it has ended, the goal first.
        open: The statuses in which it has not; unless given, all others.
        seq: The column that orders entries of one instant; without it, the order of the stages.
        by: Columns to group by.

    Example:
        >>> from datetime import UTC
        >>> deals = [
        ...     {"id": 1, "opened": "2026-03-02", "status": "Won", "closed": "2026-03-20"},
        ...     {"id": 2, "opened": "2026-03-03", "status": "In talks", "closed": None}]
        >>> shape = OpportunityTable(lead="id", at={"opened": "opened"}, status="status",
        ...                          closed="closed", ended=["Won", "Lost"])
        >>> log = log_from_table(deals, shape=shape, zone=UTC)
        >>> log, sorted(log.closed)
        (<StageLog: 3 events of 2 leads in 2 stages>, ['Lost', 'Won'])
    """

    at: Mapping[str, str] = attrs.field(converter=_dated)
    status: str = attrs.field(converter=_column)
    closed: str = attrs.field(converter=_column)
    ended: tuple[str, ...] = attrs.field(converter=_statuses)
    open: tuple[str, ...] = attrs.field(default=(), converter=_statuses)

    def __attrs_post_init__(self) -> None:
        if not self.ended:
            raise InvalidValue(expected="at least one status", got="none", where="$.ended")
        if not {*self.open, *self.at}.isdisjoint(self.ended):
            expected = "statuses that end nowhere else"
            raise InvalidValue(expected=expected, got="one that is open, too", where="$.ended")

    @property
    def always(self) -> list[str]:
        """The columns that every part of the table must have."""
        return _present(self.lead, self.status, self.closed, self.seq)

    @property
    def stage_column(self) -> str:
        """The column that names stages."""
        return self.status

    @property
    def dated(self) -> Mapping[str, str]:
        """The columns of dates by stage; a part of the table may lack some of them."""
        return self.at

    @property
    def stages(self) -> frozenset[str]:
        """The stages that the shape names, whether or not anybody entered them."""
        return frozenset([*self.at, *self.ended])

    @property
    def closed_stages(self) -> frozenset[str]:
        """The stages in which a story ends."""
        return frozenset(self.ended)

    def taker(self, builder: LogBuilder, place: Places, zone: tzinfo | None) -> Take:
        """A function that takes the cells of one row into a log and says whether they were new."""
        common, dates = _common(self, place), _dates(self.at, place, zone)
        status_at, closed_at = place[self.status], place[self.closed]

        def take(row: Row) -> bool:
            own, entries = common(row), dates(row)
            status, closed = _cells.name(row[status_at], self.status), row[closed_at]
            self._check(status, dated=not _cells.is_blank(closed))
            if status in self.ended:
                at = _instants.micros(_cells.moment(closed, self.closed, zone))
                entries.append((status, self._after(at, entries, zone)))
            return _add(builder, own, entries, self.at)

        return take

    def _after(self, end: int, entries: "_Entries", zone: tzinfo | None) -> int:
        """The end, which no opening follows; one without a time may be on the same day."""
        last = max((at for _, at in entries), default=end)
        if end >= last or (zone is not None and _begins_day_of(end, last, zone)):
            return max(end, last)
        raise Rejected(self.closed, "a date from the opening on", "an earlier one")

    def _check(self, status: str, *, dated: bool) -> None:
        if self.open and status not in self.open and status not in self.ended:
            expected = f"one of {', '.join([*self.open, *self.ended])}"
            raise Rejected(self.status, expected, "another status")
        if status in self.ended and not dated:
            raise Rejected(self.closed, "a date, because the opportunity has ended", "none")
        if dated and status not in self.ended:
            expected = f"one of {', '.join(self.ended)}, because there is a date of the end"
            raise Rejected(self.status, expected, "another status")


_Own = tuple[str, int, list[str | None]]
_Entries = list[tuple[str, int]]


def _begins_day_of(at: int, other: int, zone: tzinfo) -> bool:
    """Whether one instant is the beginning of the local day that the other lies in."""
    local = _instants.from_micros(other).astimezone(zone)
    midnight = datetime.combine(local.date(), time())
    return at == _instants.micros(_instants.placed(midnight, zone))


def _present(*columns: str | None) -> list[str]:
    return [name for name in columns if name is not None]


def _common(shape: TableShape, place: Places) -> Callable[[Row], _Own]:
    """What every row says whatever its shape: the lead, the order, the groups."""
    lead_column, seq_column, by = shape.lead, shape.seq, shape.by
    lead_at = place[lead_column]
    seq_at = None if seq_column is None else place[seq_column]
    labelled = [(place.get(name), name) for name in by]

    def common(row: Row) -> _Own:
        lead = _cells.name(row[lead_at], lead_column)
        seq = 0 if seq_at is None else _cells.whole(row[seq_at], seq_column or "")
        labels = [None if at is None else _cells.label(row[at], name) for at, name in labelled]
        return lead, seq, labels

    return common


def _dates(at: Mapping[str, str], place: Places, zone: tzinfo | None) -> Callable[[Row], _Entries]:
    """The entries that a row has a date for, of those columns that there are."""
    spread = [(stage, place[name], name) for stage, name in at.items() if name in place]

    def dates(row: Row) -> _Entries:
        return [
            (stage, _instants.micros(_cells.moment(row[i], name, zone)))
            for stage, i, name in spread
            if not _cells.is_blank(row[i])
        ]

    return dates


def _add(builder: LogBuilder, own: _Own, entries: _Entries, at: Mapping[str, str]) -> bool:
    if not entries:
        raise Rejected(next(iter(at.values())), "at least one date", "none")
    lead, seq, labels = own
    new = [builder.add(lead, stage, at, seq, labels) for stage, at in entries]
    return any(new)


def log_from_table(
    table: Any,
    *,
    shape: TableShape,
    zone: tzinfo | str | None = None,
    closed: Iterable[AnyStage] | None = None,
) -> StageLog:
    """
    Make a log of a table in the shape that people have it, whole or not at all.

    Args:
        table: Rows by column name, such as :class:`csv.DictReader` gives them, or a data frame of
            pandas, Polars, PyArrow, DuckDB or PySpark, which needs ``leadlib[frames]``; a lazy one
            is computed.
        shape: Which column holds what: a :class:`LongTable`, a :class:`WideTable` or an
            :class:`OpportunityTable`.
        zone: Where times without offset were noted, a time zone or its IANA name; without it they
            are refused, and so are dates without a time, which begin with their day.
        closed: The stages in which a story ends; unless given, those of the shape.

    Raises:
        UnknownName: A column is not there, or no row has what *only* asks for.
        InvalidValue: A cell is wrong; row and column are named, the value is not shown.

    Note:
        Rejecting single rows and reading on is for files: :func:`leadlib.io.read_log`.

    Example:
        >>> rows = [{"lead": "a", "stage": "new", "at": "2026-03-02 09:00"}]
        >>> log_from_table(rows, shape=LongTable(), zone="Europe/Berlin")
        <StageLog: 1 event of 1 lead in 1 stage>
        >>> log_from_table(rows, shape=LongTable())
        Traceback (most recent call last):
            ...
        leadlib.errors.InvalidValue: expected an ISO 8601 instant with offset, such as \
2026-03-02T09:00:00+01:00, got a time without offset @ row 1, column at
    """
    _fields.check_type(shape, TableShape, "shape")
    columns = list(dict.fromkeys([*shape.always, *shape.dated.values(), *shape.by]))
    builder = LogBuilder(by=shape.by)
    zone = _instants.zone_named(zone) if isinstance(zone, str) else zone
    place = {name: i for i, name in enumerate(columns)}
    take = shape.taker(builder, place, zone)
    wanted = shape.filter(place)
    for number, row in enumerate(_rows(table, columns), start=1):
        try:
            if wanted.takes(row):
                take(row)
        except Rejected as fault:
            column, expected, got = fault.args
            where = f"row {number}, column {column}"
            raise InvalidValue(expected=expected, got=got, where=where) from None
    if slip := wanted.slip:
        expected, where = "a value that some row has", f"column {slip[0]}"
        raise UnknownName(expected=expected, got=repr(slip[1]), where=where)
    log = StageLog(**builder.columns(), known=shape.stages, closed=shape.closed_stages)
    return log if closed is None else attrs.evolve(log, closed=frozenset(log.named(closed)))


@attrs.define(kw_only=True)
class WantedRows:
    """
    Tells the rows of the log from those of other properties, and whether there were any.

    Args:
        only: Column, place and value that a row must have.
        passed, taken: How many rows were not of the log, and how many were.
    """

    only: Sequence[tuple[str, int, str]] = ()
    passed: int = 0
    taken: int = 0

    def takes(self, row: Row) -> bool:
        """Whether the row is one of the log."""
        if all(isinstance(row[i], str) and row[i].strip() == value for _, i, value in self.only):
            self.taken += 1
            return True
        self.passed += 1
        return False

    @property
    def slip(self) -> tuple[str, str] | None:
        """The first column and value asked for, if there were rows and none was taken."""
        return (self.only[0][0], self.only[0][2]) if self.passed and not self.taken else None


def _rows(table: Any, columns: Sequence[str]) -> Iterator[Row]:
    if hasattr(type(table), "columns"):
        return zip(*columns_of(_computed(table, columns), columns), strict=True)
    if isinstance(table, Mapping | str) or not isinstance(table, Iterable):
        expected = "rows by column name, or a data frame"
        raise InvalidValue(expected=expected, got=_text.kind_of(table), where="table")
    return (_cells_of(row, columns, number) for number, row in enumerate(table, start=1))


def _computed(frame: Any, columns: Sequence[str]) -> Any:
    """The columns of a frame; a lazy one is computed, and no more of it than these."""
    table = opened(frame)
    names = table.collect_schema().names()
    for name in columns:
        if name not in names:
            raise UnknownName(expected="a column of the frame", got=repr(name), legal=names)
    wanted = table.select(columns)
    return (wanted.collect() if hasattr(wanted, "collect") else wanted).to_native()


def _cells_of(row: Any, columns: Sequence[str], number: int) -> Row:
    if not isinstance(row, Mapping):
        where = f"row {number}"
        raise InvalidValue(expected="values by column name", got=_text.kind_of(row), where=where)
    for name in columns:
        if name not in row:
            expected, where = "a column of the table", f"row {number}"
            raise UnknownName(expected=expected, got=repr(name), where=where, legal=map(str, row))
    return [row[name] for name in columns]
