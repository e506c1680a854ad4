"""
What it means to have reached a stage: numbers differ more by definition than by engine (M-05).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

__all__ = ["Counting", "chains"]

Entry = tuple[int, int]  # index in the waterfall, instant
Story = Sequence[tuple[int, int]]  # instant, place
_Visit = tuple[int | None, int]  # index in the waterfall or None outside it, instant


class Counting(StrEnum):
    """
    When a lead counts for a stage of the waterfall.

    ``AT_LEAST``: it entered the stage or a later one.  ``IN_ORDER``: it entered all stages up to
    this one, one after the other, whatever lay between.  ``STRICT``: the same with nothing between.
    ``ANY_ORDER``: it entered all stages up to this one, in whatever order.

    Example:
        >>> Counting("in order").name
        'IN_ORDER'
    """

    AT_LEAST = "at least"
    IN_ORDER = "in order"
    STRICT = "strict"
    ANY_ORDER = "any order"


def chains(
    stories: Iterable[Story], counting: Counting, index: Sequence[int | None]
) -> list[list[Entry]]:
    """
    The stages that each lead has reached, first stage first, each with the instant.

    Args:
        stories: The events of each lead in order: the instant, and the place of the stage.
        counting: When a stage counts.
        index: Of each place its index in the waterfall; None outside.
    """
    follow = _FOLLOW[counting]
    return [follow([*_in_waterfall(story, index)]) for story in stories]


def _in_waterfall(story: Story, index: Sequence[int | None]) -> Iterator[_Visit]:
    """The visits with their index; to stay where one is, is no visit."""
    before = -1
    for at, place in story:
        if place != before:
            yield index[place], at
        before = place


def _in_order(visits: Sequence[_Visit]) -> list[Entry]:
    chain: list[Entry] = []
    for i, at in visits:
        if i == len(chain):
            chain.append((i, at))
    return chain


def _strict(visits: Sequence[_Visit]) -> list[Entry]:
    """The longest run from the first stage on; of equal ones the first."""
    best: list[Entry] = []
    run: list[Entry] = []
    for i, at in visits:
        if i is None or i != len(run):
            run = []
        if i == len(run):
            run.append((i, at))
        if len(run) > len(best):
            best = [*run]
    return best


def _any_order(visits: Sequence[_Visit]) -> list[Entry]:
    """A stage is reached once it and all before it were entered."""
    first: dict[int, int] = {}
    for i, at in visits:
        if i is not None:
            first.setdefault(i, at)
    chain: list[Entry] = []
    while len(chain) in first:
        at = first[len(chain)]
        chain.append((len(chain), max(at, chain[-1][1]) if chain else at))
    return chain


_FOLLOW: Mapping[Counting, Callable[[Sequence[_Visit]], list[Entry]]] = {
    Counting.IN_ORDER: _in_order,
    Counting.STRICT: _strict,
    Counting.ANY_ORDER: _any_order,
}
