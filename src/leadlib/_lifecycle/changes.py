"""What differs between two lifecycles, one line a difference, for those who must agree to it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leadlib import _markup

__all__ = ["changes_between"]

Plain = Mapping[str, Any]


def changes_between(old: Plain, new: Plain) -> tuple[str, ...]:
    """What *new* says otherwise than *old*, both as plain data; each on one line of its own."""
    return tuple(map(_markup.visible, _lines(old, new)))


def _lines(old: Plain, new: Plain) -> Iterator[str]:
    for part in ("name", "start", "opening", "passes", "review_by"):
        yield from _single(part.replace("_", " "), old.get(part), new.get(part))
    before, after = old["stages"], new["stages"]
    yield from (f"stage {name}: removed" for name in before if name not in after)
    for name, stage in after.items():
        if name not in before:
            yield f"stage {name}: added"
        yield from _stage(f"stage {name}", before.get(name, {}), stage)
    yield from _parts("anywhere", old.get("anywhere", {}), new.get("anywhere", {}))
    yield from _parts("who may", old.get("actors", {}), new.get("actors", {}))
    yield from _clocks(old.get("deadlines", ()), new.get("deadlines", ()))


def _single(place: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if before is None:
        yield f"{place}: added {_said(after)}"
    elif after is None:
        yield f"{place}: removed {_said(before)}"
    else:
        yield f"{place}: {_said(before)} -> {_said(after)}"


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "nobody"
    return "yes" if value is True else str(value)


def _parts(place: str, old: Plain, new: Plain) -> Iterator[str]:
    for name in {**old, **new}:
        yield from _single(f"{place}, {name}", old.get(name), new.get(name))


def _stage(place: str, old: Plain, new: Plain) -> Iterator[str]:
    yield from _parts(place, _without_moves(old), _without_moves(new))
    yield from _parts(place, old.get("moves", {}), new.get("moves", {}))


def _without_moves(stage: Plain) -> Plain:
    return {name: part for name, part in stage.items() if name != "moves"}


def _clocks(old: Sequence[Plain], new: Sequence[Plain]) -> Iterator[str]:
    """Clocks are the same one if stage and action are; several of that sort by their order."""
    before, after = _named(old), _named(new)
    yield from (f"{place}: removed" for place in before if place not in after)
    for place, clock in after.items():
        if place not in before:
            yield f"{place}: added"
        yield from _parts(place, before.get(place, {}), clock)
    if before == after and [*before] != [*after]:
        yield "clocks: another order"


def _named(clocks: Sequence[Plain]) -> dict[str, Plain]:
    named: dict[str, Plain] = {}
    seen: defaultdict[str, int] = defaultdict(int)
    for clock in clocks:
        place = f"clock of {clock['stage']}, {clock['action']!r}"
        seen[place] += 1
        which = f" ({seen[place]})" if seen[place] > 1 else ""
        named[place + which] = {k: v for k, v in clock.items() if k not in {"stage", "action"}}
    return named
