"""The table of durations: how many had which outcome after how long, and who was at risk when."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, Self

import attrs

from leadlib import _fields, _text, limits
from leadlib._instants import MICROSECOND
from leadlib._results import Result, records
from leadlib.errors import InvalidValue, UnknownName

__all__ = ["Durations", "RiskSet", "check_cause", "micros", "risk_sets"]

_DAY = 86_400_000_000  # microseconds


def _counts(value: Any, are_keys: Callable[[Collection[Any]], bool]) -> Mapping[Any, int]:
    """A table of counts without its zeros, so that equal tables are equal."""
    if not isinstance(value, Mapping):
        raise InvalidValue(expected="a table of counts", got=_text.kind_of(value))
    if not (_are_counts(value.values()) and are_keys(value.keys())):
        raise InvalidValue(expected="whole numbers from 0 on, by time", got="others")
    if 0 in value.values():
        value = {key: count for key, count in value.items() if count}
    return _fields.FrozenDict(value)


def _are_counts(values: Collection[Any]) -> bool:
    """All at once, for there may be hundreds of thousands."""
    are_whole = {*map(type, values)} <= {int} or all(map(_fields.is_whole, values))
    return are_whole and min(values, default=0) >= 0


def _are_outcomes(keys: Collection[Any]) -> bool:
    are_rows = all(issubclass(kind, tuple) for kind in {*map(type, keys)})
    if not are_rows or {*map(len, keys)} - {2}:
        return False
    times, causes = [*zip(*keys, strict=True)] or ((), ())
    return _are_counts(times) and all(isinstance(cause, str) for cause in {*causes})


def _as_events(value: Any) -> Mapping[tuple[int, str], int]:
    return _counts(value, _are_outcomes)


def _as_censored(value: Any) -> Mapping[int, int]:
    return _counts(value, _are_counts)


def _as_entries(value: Any) -> Mapping[int, int]:
    return _counts(value, lambda times: _are_counts(times) and 0 not in times)


@attrs.frozen(kw_only=True, repr=False, field_transformer=_fields.placed)
class Durations(Result):
    """
    How long it took, as a table of counts; tables of parts add up to that of the whole.

    Make one with :meth:`from_rows`, or let :func:`time_to_stage` read it from a log.

    Args:
        events: How many had which outcome after how many whole microseconds: (time, cause).
        censored: How many were last seen, without any outcome, after so many.
        entries: How many came under observation only after so many; all others at 0.

    Raises:
        InvalidValue: A count or a time is no whole number from 0 on.

    Example:
        >>> from datetime import timedelta
        >>> hour = timedelta(hours=1)
        >>> table = Durations.from_rows([(2 * hour, "reached"), (6 * hour, None)])
        >>> table + table
        <Durations of 4: 2 reached, 2 censored>
    """

    events: Mapping[tuple[int, str], int] = attrs.field(factory=dict, converter=_as_events)
    censored: Mapping[int, int] = attrs.field(factory=dict, converter=_as_censored)
    entries: Mapping[int, int] = attrs.field(factory=dict, converter=_as_entries)

    @classmethod
    def from_rows(cls, rows: Iterable[Sequence[Any]]) -> Self:
        """
        Count rows of (duration, cause), or (duration, cause, entry).

        Args:
            rows: In any order.  *duration* and *entry* are timedeltas from 0 on, to the
                microsecond; *cause* is text, None is censored; *entry* says after which time it
                came under observation, and lies before *duration* unless it is 0.

        Raises:
            InvalidValue: A row has another form; its number is named.
        """
        events, censored, entries = Counter[Any](), Counter[int](), Counter[int]()
        for number, row in enumerate(rows, start=1):
            time, cause, entry = _row(row, f"row {number}")
            if cause is None:
                censored[time] += 1
            else:
                events[time, cause] += 1
            if entry:
                entries[entry] += 1
        return cls(events=events, censored=censored, entries=entries)

    def __add__(self, other: "Durations") -> "Durations":
        if not isinstance(other, Durations):
            return NotImplemented
        return Durations(
            events=Counter(self.events) + Counter(other.events),
            censored=Counter(self.censored) + Counter(other.censored),
            entries=Counter(self.entries) + Counter(other.entries),
        )

    def __len__(self) -> int:
        return sum(self.events.values()) + sum(self.censored.values())

    @property
    def causes(self) -> tuple[str, ...]:
        """The outcomes that occurred, sorted."""
        return tuple(sorted({cause for _, cause in self.events}))

    def count(self, cause: str | None) -> int:
        """How many had that outcome; None counts the censored."""
        if cause is None:
            return sum(self.censored.values())
        return sum(count for (_, own), count in self.events.items() if own == cause)

    def only(self, *causes: str) -> "Durations":
        """
        The same table with every other outcome censored: for the hazard of these causes.

        One minus :func:`kaplan_meier` of it overstates what will have happened, since it lets those
        with another outcome go on; :func:`cumulative_incidence` does not.

        Raises:
            UnknownName: A cause did not occur.
        """
        for cause in causes:
            check_cause(cause, self.causes)
        others = Counter(self.censored)
        for (time, cause), count in self.events.items():
            others[time] += 0 if cause in causes else count
        own = {key: count for key, count in self.events.items() if key[1] in causes}
        return attrs.evolve(self, events=own, censored=others)

    def __repr__(self) -> str:
        parts = [f"{self.count(cause):,} {cause}" for cause in self.causes]
        return (
            f"<Durations of {len(self):,}: {', '.join([*parts, f'{self.count(None):,} censored'])}>"
        )

    def to_records(self) -> list[dict[str, Any]]:
        """One row for each time and outcome, in days of 24 h; without a cause it is censored."""
        ended = [(time, cause, self.events[time, cause]) for time, cause in sorted(self.events)]
        seen = [(time, None, count) for time, count in sorted(self.censored.items())]
        rows = [*ended, *seen]
        return records({"days": time / _DAY, "cause": c, "leads": n} for time, c, n in rows)

    def to_dict(self) -> dict[str, Any]:
        """The table as plain data; times in whole microseconds."""
        return {
            "events": [
                [time, cause, self.events[time, cause]] for time, cause in sorted(self.events)
            ],
            "censored": [list(pair) for pair in sorted(self.censored.items())],
            "entries": [list(pair) for pair in sorted(self.entries.items())],
        }


def _row(row: Any, where: str) -> tuple[int, str | None, int]:
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) not in (2, 3):
        expected = "(duration, cause) or (duration, cause, entry)"
        raise InvalidValue(expected=expected, got=_text.kind_of(row), where=where)
    time, cause, *rest = row
    time, entry = micros(time, where), micros(rest[0], where) if rest else 0
    if entry >= time and entry:
        expected = "an entry before the end"
        raise InvalidValue(expected=expected, got="one at the end or after it", where=where)
    if cause is not None:
        cause = _text.clean(cause, where=where, limit=limits.ID_CHARACTERS)
    return time, cause, entry


def micros(value: Any, where: str) -> int:
    if not isinstance(value, timedelta) or value < timedelta(0):
        got = "a negative one" if isinstance(value, timedelta) else _text.kind_of(value)
        raise InvalidValue(expected="a timedelta from 0 on", got=got, where=where)
    return value // MICROSECOND


def check_cause(cause: Any, legal: Sequence[str]) -> None:
    if cause not in legal:
        got = repr(cause) if isinstance(cause, str) else _text.kind_of(cause)
        raise UnknownName(expected="an outcome that is counted", got=got, legal=legal)


class RiskSet(NamedTuple):
    """Who could have an outcome at one time, and who had it."""

    time: int
    at_risk: int
    events: Mapping[str, int]
    died: int  # all of events
    censored: int


def risk_sets(durations: Durations, times: Iterable[int] = ()) -> Iterator[RiskSet]:
    """At every time at which something happens, or that is asked for; the earliest first."""
    _fields.check_type(durations, Durations, "durations")
    events: dict[int, dict[str, int]] = {}
    for (time, cause), count in durations.events.items():
        events.setdefault(time, {})[cause] = count
    waiting = sorted(durations.entries, reverse=True)
    at_risk = len(durations) - sum(durations.entries.values())
    nobody: Mapping[str, int] = {}
    for time in sorted({*events, *durations.censored, *times}):
        while waiting and waiting[-1] < time:  # who enters at a time is at risk just after it
            at_risk += durations.entries[waiting.pop()]
        own, censored = events.get(time, nobody), durations.censored.get(time, 0)
        died = sum(own.values()) if own else 0
        found = RiskSet(time, at_risk, own, died, censored)
        at_risk -= died + censored  # the censored of a time are still at risk at it
        if at_risk < 0:
            raise InvalidValue(expected="entries before the ends", got="more ends than entries")
        yield found
