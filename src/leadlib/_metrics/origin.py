"""Where the numbers of a result come from: what they mean, until when, and of which events."""

import hashlib
import inspect
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import cached_property, wraps
from typing import Any, ParamSpec, TypeVar

import attrs

from leadlib import _fields, _instants
from leadlib._metrics.log import Log
from leadlib._metrics.tables import LeadPaths
from leadlib._results import Result, plain_data
from leadlib.errors import UnknownName
from leadlib.lifecycle import Deadline, Lifecycle, Standing, event_to_dict
from leadlib.worktime import WorkCalendar

__all__ = [
    "Defines",
    "Measured",
    "Origin",
    "asked_as",
    "of_group",
    "origin_of",
    "origin_of_paths",
    "told",
]


class Defines:
    """A definition of named parts; each is read like those of :attr:`Origin.definition`, too."""

    __slots__ = ()

    def __getitem__(self, part: str) -> Any:
        names = [own.name for own in attrs.fields(type(self))]  # type: ignore[arg-type]  # of attrs
        if part not in names:
            raise UnknownName(expected="a part of the definition", got=f"{part!r:.64}", legal=names)
        return plain_data(getattr(self, part))


def _as_definition(parts: Mapping[str, Any]) -> Mapping[str, Any]:
    return _fields.FrozenDict(plain_data(parts))


@attrs.frozen(kw_only=True, repr=False, slots=False)
class Origin:
    """
    What a number means, until when, and of which events.

    Args:
        definition: The name of the metric and its parameters, as plain data; numbers under
            different definitions are different numbers.
        as_of: The last visible instant.
        by: The label column that the numbers are of, if any.
        label: The group, if the numbers are of one.
    """

    definition: Mapping[str, Any] = attrs.field(converter=_as_definition)
    as_of: datetime
    by: str | None = None
    label: str | None = None
    _log: "Log | Told" = attrs.field(eq=False)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the definition, *as_of* and the visible events: equal input, equal print."""
        content = [self.definition, self.as_of.isoformat(), self.by, self.label]
        events = self._log.fingerprint(self.as_of, by=self.by)
        text = json.dumps([*content, events], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def overlaps(self, other: "Origin") -> bool:
        """Whether both count leads of one log that no column keeps apart."""
        return self._log is other._log and self.column != other.column  # noqa: SLF001  # its own

    @property
    def column(self) -> str | None:
        """The column that keeps these leads apart from others; None for all leads."""
        return None if self.label is None else self.by

    def __repr__(self) -> str:
        return f"<Origin: {self.definition.get('metric', 'a metric')}>"

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "definition": dict(self.definition),
            "as_of": self.as_of.isoformat(),
            "fingerprint": self.fingerprint,
        }


@attrs.frozen(eq=False, repr=False)
class Told:
    """The events of standings, which are read as they are."""

    standings: Collection[Standing]

    def fingerprint(self, as_of: datetime, *, by: str | None = None) -> str:  # noqa: ARG002
        """A hash of the visible events that no order changes, as that of a log."""
        events = {standing.lead: standing.events for standing in self.standings}
        seen = (event for own in events.values() for event in own if event.at <= as_of)
        total = sum(_number(event_to_dict(event)) for event in seen)
        return f"{total % 2**128:032x}"


def _number(plain: Any) -> int:
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16)
    return int.from_bytes(digest.digest(), "big")


_STANDINGS = "standings of leads, as lifecycle.replay_all(events).values() gives them"
P = ParamSpec("P")
R = TypeVar("R", bound="Measured")


def told(metric: str, *asked: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """
    Let a result of standings say what it means: its *metric*, and the arguments that are *asked*.

    Standings are read twice, by the metric and by whoever wants the fingerprint, so an iterator is
    kept.
    """

    def decorate(count: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(count)

        @wraps(count)
        def counted(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments
            _fields.check_several(given["standings"], _STANDINGS, "standings")
            for name, value in given.items():
                given[name] = tuple(value) if isinstance(value, Iterator) else value
            found = count(*bound.args, **bound.kwargs)
            definition = {"metric": metric, **{name: asked_as(given[name]) for name in asked}}
            as_of, log = _instants.aware(given["now"]), Told(given["standings"])
            origin = Origin(definition=definition, as_of=as_of, log=log)
            return attrs.evolve(found, origin=origin)  # type: ignore[misc]  # all are of attrs

        return counted

    return decorate


def asked_as(value: Any) -> Any:
    """An argument as plain data; what would fill a page is told by a hash of it."""
    match value:
        case type():
            return value.__name__
        case Lifecycle():
            return value.content_hash
        case Deadline():
            return str(value)
        case tuple() | list():
            return [asked_as(part) for part in value]
        case Mapping() | set() | frozenset() | WorkCalendar():
            return f"{_number(plain_data(value)):032x}"
    return "a function" if callable(value) else plain_data(value)


def origin_of(log: Log, cut: int, **definition: Any) -> Origin:
    """The origin of a number of the events up to *cut*."""
    return Origin(definition=definition, as_of=_instants.from_micros(cut), log=log)


def origin_of_paths(log: Log, paths: LeadPaths, metric: str, **definition: Any) -> Origin:
    """The origin of a number of paths through a waterfall."""
    asked, closed = paths.question, sorted(paths.closed)
    common = {"stages": asked.waterfall, "closed": closed, "closed_by": paths.closed_by}
    origin = origin_of(log, asked.cut, metric=metric, **common, **definition)
    return origin if asked.only is None else of_group(origin, *asked.only)


def of_group(origin: Origin, by: str, label: str | None = None) -> Origin:
    """The same of the leads of one group; without a label, of all leads and their groups."""
    return attrs.evolve(origin, by=by, label=label)


class Measured(Result):
    """A result that was read from events, and knows what it means; one that was given does not."""

    __slots__ = ()

    origin: Origin | None

    @property
    def definition(self) -> Mapping[str, Any] | None:
        """What the numbers mean, as plain data; None if they were not read from a log."""
        return self.origin.definition if self.origin else None

    @property
    def as_of(self) -> datetime | None:
        """The last visible instant; None if the numbers were not read from a log."""
        return self.origin.as_of if self.origin else None

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 over definition, *as_of* and visible events: equal input, equal print."""
        return self.origin.fingerprint if self.origin else None

    def _said(self) -> dict[str, Any]:
        """Where the numbers come from, as plain data; nothing if nobody knows."""
        return self.origin.to_dict() if self.origin else {}
