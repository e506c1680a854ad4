"""
What it means to have reached a stage: numbers differ more by definition than by engine (M-05).
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

__all__ = ["Counting", "Entries", "any_order", "in_order", "strict"]

Entries = dict[int, int]  # of each lead the instant
Story = Sequence[tuple[int, int]]  # instant, place


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


def in_order(rows: Iterable[tuple[int, int | None, int]], size: int) -> list[Entries]:
    """
    Give the stages that were entered one after the other, whatever lay between.

    Args:
        rows: Lead, index in the waterfall or None, and instant, in order of time.
        size: How many stages the waterfall has.
    """
    found: list[Entries] = [{} for _ in range(size)]
    awaited: dict[int, int] = {}
    for lead, i, at in rows:
        if i == awaited.get(lead, 0):
            found[i][lead] = at
            awaited[lead] = i + 1
    return found


def any_order(first: Sequence[Entries]) -> list[Entries]:
    """Give the stages that were entered with all before them: from when on all of them were."""
    found = [*first[:1]]
    for own in first[1:]:
        found.append({lead: max(at, own[lead]) for lead, at in found[-1].items() if lead in own})
    return found


def strict(stories: Iterable[Story], index: Sequence[int | None], size: int) -> list[Entries]:
    """
    Give the longest run from the first stage on with nothing between; of equal ones the first.

    Args:
        stories: The events of each lead in order: the instant, and the place of the stage.
        index: Of each place its index in the waterfall; None outside.
        size: How many stages the waterfall has.
    """
    found: list[Entries] = [{} for _ in range(size)]
    for lead, story in enumerate(stories):
        for i, at in enumerate(_longest_run(_in_waterfall(story, index))):
            found[i][lead] = at
    return found


def _in_waterfall(story: Story, index: Sequence[int | None]) -> Iterator[tuple[int | None, int]]:
    """The visits with their index; to stay where one is, is no visit."""
    before = -1
    for at, place in story:
        if place != before:
            yield index[place], at
        before = place


def _longest_run(visits: Iterable[tuple[int | None, int]]) -> list[int]:
    """The instants of its entries."""
    best: list[int] = []
    run: list[int] = []
    for i, at in visits:
        if i is None or i != len(run):
            run = []
        if i == len(run):
            run.append(at)
        if len(run) > len(best):
            best = [*run]
    return best
