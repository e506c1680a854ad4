"""The inventory: which fields are tracked today, how well they are kept, and what they tell."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Any

import attrs

from leadlib import _text
from leadlib._qualification.groups import (
    LEVEL,
    End,
    Row,
    as_fields,
    by_chance,
    counted_by,
    entropy,
    fields_of,
    gain_of,
    groups_of,
    is_known,
    paired,
)
from leadlib._rates import Rate, compare
from leadlib.errors import UnknownName

__all__ = ["Inventory", "TrackedField", "inventory", "written_after"]


@attrs.frozen(kw_only=True)
class TrackedField:
    """
    A field that is tracked: how often it is filled, and what it tells.

    Args:
        field: Its name.
        fill: The leads that have it, of all, open ones included.
        gain: Bits it tells of how closed leads end; numbers in up to five parts, values of fewer
            than ten leads together; None if no lead is closed.
        chance: How often chance alone would give that gain.
        suspicious: Why it may have been written down after the end; None if nothing says so.
    """

    field: str
    fill: Rate
    gain: float | None
    chance: float | None
    suspicious: str | None


@attrs.frozen(kw_only=True, repr=False)
class Inventory:
    """
    The fields that are tracked, the most telling first; made by :func:`inventory`.

    Args:
        fields: By the bits they tell, then by fill, then by name.
        closed: The won of the closed leads.
        open: Leads that have not ended; they count for the fill, and tell nothing.
    """

    fields: tuple[TrackedField, ...]
    closed: Rate
    open: int

    def __getitem__(self, field: Any) -> TrackedField:
        for tracked in self.fields:
            if tracked.field == field:
                return tracked
        legal = [tracked.field for tracked in self.fields]
        got = repr(field) if isinstance(field, str) else _text.kind_of(field)
        raise UnknownName(expected="a tracked field", got=got, legal=legal)

    def __iter__(self) -> Iterator[TrackedField]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __repr__(self) -> str:
        count = _text.plural(self.closed.n + self.open, "lead")
        return f"<Inventory of {_text.plural(len(self.fields), 'field')} on {count}>"

    def __str__(self) -> str:
        head = f"{self.closed.k:,} of {self.closed.n:,} closed leads won, {self.open:,} open"
        return f"{head}\n\n{_text.text_table(_TRACKED, [_tracked_row(f) for f in self.fields])}"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data."""
        return attrs.asdict(self)


_TRACKED = ("field", "suspicious", "filled", "gain in bits", "by chance")


def _tracked_row(tracked: TrackedField) -> tuple[str, ...]:
    gain = "-" if tracked.gain is None else f"{tracked.gain:.4f}"
    chance = "-" if tracked.chance is None else f"{tracked.chance:.3f}"
    return tracked.field, tracked.suspicious or "", str(tracked.fill), gain, chance


def inventory(
    rows: Iterable[Row], outcomes: Iterable[End], *, fields: Iterable[str] | None = None
) -> Inventory:
    """
    Take stock of the fields that are tracked: how often they are filled, and what they tell.

    Args:
        rows: Values by field; None, blank text or no entry is unknown.
        outcomes: True for won, False for lost; None for open.
        fields: Their names; without, all that any row has.

    Raises:
        InvalidValue: Not one outcome for each row.

    Source:
        Requirement 004-26: which attributes do you track today?

    Example:
        >>> rows = [{"size": "large"}] * 120 + [{}] * 80
        >>> print(inventory(rows, [None] * 200)["size"].fill)
        60.0 % [53.1, 66.5]
    """
    taken, ends = paired(rows, outcomes)
    names = fields_of(taken) if fields is None else list(as_fields(fields))
    tracked = [_tracked(name, [row.get(name) for row in taken], ends) for name in names]
    closed = Rate(ends.count(True), sum(end is not None for end in ends))
    return Inventory(
        fields=tuple(sorted(tracked, key=_most_telling)),
        closed=closed,
        open=len(ends) - closed.n,
    )


def _tracked(name: str, values: list[Any], ends: list[End]) -> TrackedField:
    known, groups = [is_known(value) for value in values], groups_of(values)
    places = [groups.place(value) for value in values]
    counts = counted_by(places, ends)
    gain = gain_of(counts)
    return TrackedField(
        field=name,
        fill=Rate(sum(known), len(known)),
        gain=gain,
        chance=None if gain is None else by_chance(gain, counts),
        suspicious=written_after(known, places, ends),
    )


def _most_telling(tracked: TrackedField) -> tuple[float, float, str]:
    gain = -1.0 if tracked.gain is None else tracked.gain
    return -gain, -(tracked.fill.value or 0.0), tracked.field


_ENDED: dict[str, Callable[[End], bool]] = {
    "won": lambda end: end is True,
    "lost": lambda end: end is False,
    "closed": lambda end: end is not None,
}
_ALMOST_NEVER = 0.01


_NEARLY_ALL = 0.9


def written_after(known: list[bool], places: list[int], ends: list[End]) -> str | None:
    """
    Say so if a field looks as if it were written down after the end; None if nothing shows.

    Such a field is filled for leads of one end and almost never for the others, or its groups tell
    nearly all of how leads end, as a stage called "won" does.  It predicts every win of the past
    and none to come.
    """
    return _only_known_of(known, ends) or _tells_all(counted_by(places, ends))


def _only_known_of(known: list[bool], ends: list[End]) -> str | None:
    counts = Counter(zip(known, ends, strict=True))
    for name, belongs in _ENDED.items():
        inside, outside = (
            _filled({pair: n for pair, n in counts.items() if belongs(pair[1]) is side})
            for side in (True, False)
        )
        rare = outside.value is not None and outside.value <= _ALMOST_NEVER
        if rare and inside.k and compare(inside, outside).is_significant:
            return f"is known of {name} leads, hardly of others"
    return None


def _tells_all(groups: list[tuple[int, int]]) -> str | None:
    won, lost = sum(group[0] for group in groups), sum(group[1] for group in groups)
    gain = gain_of(groups)
    if not (gain and won and lost) or gain < _NEARLY_ALL * entropy(won, lost):
        return None
    return "tells nearly all of the end" if by_chance(gain, groups) < LEVEL else None


def _filled(counts: Mapping[tuple[bool, End], int]) -> Rate:
    return Rate(sum(n for (known, _), n in counts.items() if known), sum(counts.values()))
