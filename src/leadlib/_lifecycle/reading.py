"""
Lifecycles from plain data, whole or not at all.

An event is found by its name among those that are known; nothing is imported or run by name.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import attrs

from leadlib import _fields, _text, limits
from leadlib._lifecycle.data import STANDARD_KINDS
from leadlib._lifecycle.deadlines import Deadline
from leadlib._lifecycle.events import Disqualified, Escalated, HandedBack, LeadEvent, Rejected
from leadlib._lifecycle.reasons import DisqualifyReason, ReturnReason
from leadlib._lifecycle.standing import Stage
from leadlib._lifecycle.writing import STAYS
from leadlib._reading import Enough, Reader, as_key, day, path, quoted, read_whole
from leadlib.errors import InvalidValue, LifecycleError, LimitExceeded
from leadlib.model import Team
from leadlib.worktime import Span

__all__ = ["KEYS", "lifecycle_from_data"]

T = TypeVar("T")
Kind = type[LeadEvent]
KEYS: dict[str, tuple[str, ...]] = {
    "lifecycle": (
        "name",
        "start",
        "opening",
        "passes",
        "review_by",
        "stages",
        "anywhere",
        "actors",
        "deadlines",
    ),
    "stage": ("owner", "meaning", "closed", "nurture", "moves"),
    "deadline": (
        "stage",
        "within",
        "owner",
        "action",
        "first",
        "again",
        "starts",
        "since",
        "attempts",
        "otherwise",
        "reason",
        "to_closing",
    ),
}
_TEAMS = (Team.MARKETING.value, Team.SALES.value)
_OWNERS = tuple(team.value for team in Team)
_REASONS: Mapping[Kind, tuple[str, ...]] = {
    Disqualified: tuple(reason.value for reason in DisqualifyReason),
    HandedBack: tuple(reason.value for reason in ReturnReason),
    Rejected: tuple(reason.value for reason in ReturnReason),
}
_MANY = 10**9
_SHORT = 64
_ONCE = datetime(2026, 1, 1, tzinfo=UTC)  # any instant will do to try whether an event can be


def lifecycle_from_data(
    plain: object, make: Callable[[Mapping[str, Any]], T], kinds: Iterable[Kind]
) -> T:
    """What *make* makes of the parts, or every fault of the data in one error."""
    reader = _LifecycleReader(kinds=_by_name(kinds))
    return read_whole(plain, reader, make, LifecycleError)


def _by_name(own: Iterable[Any]) -> Mapping[str, Kind]:
    """The standard events, and those of the caller, which take precedence."""
    known: dict[str, Kind] = {}
    for kind in own:
        if not (isinstance(kind, type) and issubclass(kind, LeadEvent)):
            got = _text.kind_of(kind)
            raise InvalidValue(expected="classes of events", got=got, where="kinds")
        if known.setdefault(kind.__name__, kind) is not kind:
            got = f"two of {kind.__name__!r}"
            raise InvalidValue(expected="one event for each name", got=got, where="kinds")
    return {**{kind.__name__: kind for kind in STANDARD_KINDS}, **known}


@attrs.define(kw_only=True)
class _LifecycleReader(Reader):
    """Reads one lifecycle."""

    kinds: Mapping[str, Kind]
    stages: dict[str, Stage | None] = attrs.field(factory=dict, init=False)  # None: a fault in it
    anywhere: dict[Kind, Stage | None] = attrs.field(factory=dict, init=False)

    def read(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        self._known(plain, KEYS["lifecycle"], "$", "a part of a lifecycle")
        tables = self._read_stages(plain.get("stages"))
        self._read_anywhere(plain.get("anywhere", {}))
        parts: dict[str, Any] = {
            "name": self._text(plain.get("name"), "$.name"),
            "start": self._stage(plain.get("start"), "$.start"),
            "opening": self._kind(plain.get("opening"), "$.opening"),
            "table": self._rows(tables),
            "anywhere": self.anywhere,
            "actors": self._actors(plain.get("actors", {})),
            "deadlines": self._deadlines(plain.get("deadlines", [])),
        }
        if "passes" in plain:
            parts["passes"] = self._count(plain["passes"], "$.passes")
        if "review_by" in plain:
            parts["review_by"] = self._day(plain["review_by"], "$.review_by")
        return parts

    # -- small parts --

    def _bound(self, count: int, most: int, where: str) -> None:
        """What is too much is not read at all: references into it would all be faults."""
        if count > most:
            self._note(LimitExceeded(expected=f"at most {most:,}", got=f"{count:,}", where=where))
            raise Enough

    def _stage(self, name: object, where: str) -> Stage | None:
        key = as_key(name)
        if key in self.stages:
            return self.stages[key]
        if self.stages:  # without any, that alone is the fault
            legal = [known for known in self.stages if len(known) <= _SHORT]
            self._unknown("a stage of this lifecycle", name, where, legal)
        return None

    def _kind(self, name: object, where: str) -> Kind | None:
        if isinstance(name, str) and name in self.kinds:
            return self.kinds[name]
        self._unknown("an event", name, where, self.kinds)
        return None

    def _choice(self, value: object, where: str, what: str, legal: Iterable[str]) -> str | None:
        if isinstance(value, str) and value in legal:
            return value
        self._unknown(what, value, where, legal)
        return None

    def _team(self, value: object, where: str) -> str | None:
        return self._choice(value, where, "a team", _TEAMS)

    def _flag(self, value: object, where: str) -> bool:
        if isinstance(value, bool):
            return value
        self._fault("true or false", value, where)
        return False

    def _count(self, value: Any, where: str) -> int | None:
        if _fields.is_whole(value) and 0 < value < _MANY:
            return int(value)
        got = "one out of range" if _fields.is_whole(value) else _text.kind_of(value)
        self._note(InvalidValue(expected="a whole number from 1 on", got=got, where=where))
        return None

    def _day(self, value: object, where: str) -> date | None:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        with suppress(ValueError):
            if isinstance(value, str):
                return day(value)
        self._fault("a day such as 2027-01-31", value, where)
        return None

    # -- the table --

    def _read_stages(self, plain: object) -> Mapping[str, Any]:
        """The tables of the stages, whose moves are read once all stages are known."""
        if not isinstance(plain, Mapping) or not plain:
            got = _text.kind_of(plain) if plain else "none"
            self._note(InvalidValue(expected="at least one stage", got=got, where="$.stages"))
            return {}
        self._bound(len(plain), limits.LIFECYCLE_STAGES, "$.stages")
        for name, part in plain.items():
            where = f"$.stages.{path(name)}"
            key = self._text(name, where)
            stage = self._one_stage(key, part, where)
            if key in self.stages:
                got = quoted(name)
                self._note(InvalidValue(expected="each stage once", got=got, where=where))
            elif key:
                self.stages[key] = stage
        return plain

    def _one_stage(self, name: str, plain: object, where: str) -> Stage | None:
        table = self._table(plain, where, "a stage", KEYS["stage"])
        if table is None:
            return None
        owner, meaning = table.get("owner"), table.get("meaning", "")
        if "owner" in table:
            owner = self._choice(owner, f"{where}.owner", "an owner", _OWNERS)
        flags = {
            flag: self._flag(table[flag], f"{where}.{flag}")
            for flag in ("closed", "nurture")
            if flag in table
        }
        return self._taken(where, lambda: Stage(name or "-", owner, meaning, **flags))

    def _read_anywhere(self, plain: object) -> None:
        if not isinstance(plain, Mapping):
            self._fault("a table of events", plain, "$.anywhere")
            return
        for name, to in plain.items():
            kind = self._kind(name, "$.anywhere")
            stays = to == "" or (to == STAYS and STAYS not in self.stages)
            goal = None if stays else self._stage(to, f"$.anywhere.{path(name)}")
            if kind is not None:
                self.anywhere[kind] = goal

    def _rows(self, tables: Mapping[str, Any]) -> dict[Stage, dict[Kind, Any]]:
        all_moves = {
            name: table.get("moves", {}) for name, table in tables.items() if _is_table(table)
        }
        count = sum(len(moves) for moves in all_moves.values() if _is_table(moves))
        self._bound(count, limits.LIFECYCLE_MOVES, "$.stages")
        rows = {}
        for name, moves in all_moves.items():
            stage = self.stages.get(as_key(name) or "")
            row = self._row(stage, moves, f"$.stages.{path(name)}.moves")
            if stage is not None:
                rows[stage] = row
        return rows

    def _row(self, stage: Stage | None, plain: object, where: str) -> dict[Kind, Any]:
        if not isinstance(plain, Mapping):
            self._fault("a table of events and the stages they lead to", plain, where)
            return {}
        row = {}
        for name, to in plain.items():
            kind, goal = self._kind(name, where), self._stage(to, f"{where}.{path(name)}")
            if kind in self.anywhere and stage is not None and not stage.is_final:
                expected = "an event that is not in $.anywhere"
                self._note(InvalidValue(expected=expected, got=quoted(name), where=where))
            if kind is not None:
                row[kind] = goal
        return row

    def _actors(self, plain: object) -> dict[Kind, Any]:
        if not isinstance(plain, Mapping):
            self._fault("a table of events", plain, "$.actors")
            return {}
        actors = {}
        for name, teams in plain.items():
            kind = self._kind(name, "$.actors")
            may = self._each(teams, f"$.actors.{path(name)}", self._team)
            if kind is not None:
                actors[kind] = may
        return actors

    # -- the clocks --

    def _deadlines(self, plain: object) -> list[Deadline | None]:
        if isinstance(plain, list | tuple):
            self._bound(len(plain), limits.LIFECYCLE_DEADLINES, "$.deadlines")
        return self._each(plain, "$.deadlines", self._deadline)

    def _deadline(self, plain: object, where: str) -> Deadline | None:
        """One clock; whether its event can follow is only asked of one without a fault."""
        table = self._table(plain, where, "a clock", KEYS["deadline"])
        if table is None:
            return None
        before = len(self.faults)
        parts: dict[str, Any] = {
            "stage": self._stage(table.get("stage"), f"{where}.stage"),
            "owner": self._choice(table.get("owner"), f"{where}.owner", "a team", _OWNERS),
            "action": self._text(table.get("action"), f"{where}.action"),
        }
        readers: Mapping[str, Callable[[Any, str], Any]] = {
            "within": self._span,
            "first": self._kinds,
            "again": self._kinds,
            "starts": self._kinds,
            "since": self._since,
            "attempts": self._count,
            "otherwise": self._kind,
            "reason": self._text,
            "to_closing": self._flag,
        }
        for name, read in readers.items():
            if name in table:
                parts[name] = read(table[name], f"{where}.{name}")
        if len(self.faults) == before:
            self._check_follow_up(parts.get("otherwise", Escalated), parts.get("reason"), where)
        if len(self.faults) > before or not self.stages:
            return None
        return self._taken(where, lambda: Deadline(**parts))

    def _kinds(self, plain: object, where: str) -> list[Kind | None]:
        return self._each(plain, where, self._kind)

    def _span(self, plain: Any, where: str) -> Span | None:
        return self._taken(where, lambda: Span.parse(plain))

    def _since(self, plain: object, where: str) -> str | None:
        dates = dict.fromkeys(name for kind in self.kinds.values() for name in _dates_of(kind))
        return self._choice(plain, where, "a date that an event carries", dates)

    def _check_follow_up(self, kind: Kind, reason: str | None, where: str) -> None:
        """What follows a breach must be an event that can be built when the time comes."""
        needed, legal = _needed(kind), _REASONS.get(kind, ())
        if needed - {"reason"}:
            may = [name for name, other in self.kinds.items() if _needed(other) <= {"reason"}]
            expected = "an event that needs no more than a reason"
            self._unknown(expected, kind.__name__, f"{where}.otherwise", may)
        elif legal and reason not in legal:
            self._unknown("a reason", reason, f"{where}.reason", legal)
        elif reason is None and needed and kind is not Escalated:
            self._fault("a reason", reason, f"{where}.reason")
        elif reason is not None and "reason" not in attrs.fields_dict(kind):
            expected = f"no reason, for {kind.__name__} gives none"
            self._fault(expected, reason, f"{where}.reason")


def _is_table(plain: object) -> bool:
    return isinstance(plain, Mapping)


def _needed(kind: Kind) -> set[str]:
    """What an event cannot be built without, beside the lead and the instant."""
    fields = attrs.fields(kind)
    return {f.name for f in fields if f.default is attrs.NOTHING and f.init} - {"lead", "at"}


def _dates_of(kind: Kind) -> Iterable[str]:
    """The parts of an event that are said to hold an instant."""
    for field in attrs.fields(kind):
        if "datetime" in str(field.type) and not field.name.startswith("_"):
            yield field.name
    for name, member in vars(kind).items():
        if isinstance(member, property) and not name.startswith("_"):
            annotations = getattr(member.fget, "__annotations__", {})
            if "datetime" in str(annotations.get("return", "datetime")):
                yield name
