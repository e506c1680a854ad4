"""The process as a document, made from the table so that it cannot drift: charts and tables."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from leadlib import _text
from leadlib._lifecycle.events import LeadEvent
from leadlib._lifecycle.standing import Stage
from leadlib.model import Team

if TYPE_CHECKING:
    from leadlib._lifecycle.table import Lifecycle

__all__ = ["dot", "markdown", "mermaid", "raci"]

_COLOURS = {Team.MARKETING: "#dbeafe", Team.SALES: "#dcfce7", Team.BOTH: "#fef9c3"}
_NOBODY = "#e5e7eb"


def mermaid(lifecycle: "Lifecycle") -> str:
    """Ids are numbered and labels entity-coded: no name can break out of its box."""
    ids = _ids(lifecycle)
    lines = ["flowchart LR"]
    for stage, name in ids.items():
        begin, end = ("([", "])") if stage.closed else ("[", "]")
        lines.append(f'  {name}{begin}"{_entities(stage.name)}"{end}:::{_class(stage)}')
    for stage, to, events in _arrows(lifecycle):
        lines.append(f'  {ids[stage]} -->|"{_entities(_names(events))}"| {ids[to]}')
    for to, events in _from_anywhere(lifecycle).items():
        lines.append(f'  any>"any stage"] -->|"{_entities(_names(events))}"| {ids[to]}')
    lines += [f"  classDef {team.value} fill:{fill}" for team, fill in _COLOURS.items()]
    return "\n".join([*lines, f"  classDef nobody fill:{_NOBODY}"])


def dot(lifecycle: "Lifecycle") -> str:
    """The chart for Graphviz; names stand in quoted strings, their marks escaped."""
    ids = _ids(lifecycle)
    lines = ["digraph lifecycle {", "  rankdir=LR;", '  node [style="filled,rounded"];']
    for stage, name in ids.items():
        shape = "oval" if stage.closed else "box"
        fill = _COLOURS.get(stage.owner, _NOBODY) if stage.owner else _NOBODY
        about = f'label={_quoted(stage.name)}, shape={shape}, fillcolor="{fill}"'
        lines.append(f"  {name} [{about}];")
    for stage, to, events in _arrows(lifecycle):
        lines.append(f"  {ids[stage]} -> {ids[to]} [label={_quoted(_names(events))}];")
    if _from_anywhere(lifecycle):
        lines.append('  any [label="any stage", shape=plaintext, fillcolor=white];')
    for to, events in _from_anywhere(lifecycle).items():
        lines.append(f"  any -> {ids[to]} [label={_quoted(_names(events))}];")
    return "\n".join([*lines, "}"])


def markdown(lifecycle: "Lifecycle") -> str:
    """Each stage with its owner, meaning, clocks, ways in and ways out."""
    rows = [
        (
            _cell(stage.name),
            stage.owner.value if stage.owner else "-",
            _cell(stage.meaning),
            _cell("; ".join(str(d) for d in lifecycle.deadlines if d.stage == stage)) or "-",
            _cell(", ".join(f"{event.__name__} → {to}" for event, to in row.items())) or "-",
        )
        for stage, row in lifecycle.table.items()
    ]
    notes = [f"{event.__name__} → {to or 'stays'}" for event, to in lifecycle.anywhere.items()]
    if notes:
        rows.append(("any that is not final", "-", "", "-", ", ".join(notes)))
    head = ("stage", "owner", "meaning", "clock", "moves")
    return _text.markdown_table(head, rows, left=len(head))


def raci(lifecycle: "Lifecycle") -> str:
    """Who does each move, who answers for it, and who is told (004-40)."""
    rows = [
        (
            _cell(row.stage.name),
            row.event.__name__,
            _cell(row.to.name),
            ", ".join(row.responsible) or "-",
            row.accountable.value,
            ", ".join(row.informed) or "-",
        )
        for row in lifecycle.responsibilities()
    ]
    head = ("from", "event", "to", "responsible", "accountable", "informed")
    return _text.markdown_table(head, rows, left=len(head))


_MARKS = str.maketrans({mark: f"&#{ord(mark)};" for mark in "&[]`*~"})


def _cell(text: str) -> str:
    """Text that makes no link, no picture and nothing bold; the table keeps it in its cell."""
    return text.translate(_MARKS).replace("://", "&#58;//")


def _ids(lifecycle: "Lifecycle") -> dict[Stage, str]:
    return {stage: f"s{i}" for i, stage in enumerate(lifecycle.table)}


def _class(stage: Stage) -> str:
    return stage.owner.value if stage.owner else "nobody"


def _arrows(lifecycle: "Lifecycle") -> Iterator[tuple[Stage, Stage, list[type[LeadEvent]]]]:
    """One arrow for all events that lead the same way."""
    for stage, row in lifecycle.table.items():
        for to in dict.fromkeys(row.values()):
            yield stage, to, [event for event, goal in row.items() if goal == to]


def _from_anywhere(lifecycle: "Lifecycle") -> dict[Stage, list[type[LeadEvent]]]:
    """The events that lead to a stage from wherever a lead is."""
    found: dict[Stage, list[type[LeadEvent]]] = {}
    for event, to in lifecycle.anywhere.items():
        if to is not None:
            found.setdefault(to, []).append(event)
    return found


def _names(events: list[type[LeadEvent]]) -> str:
    return ", ".join(event.__name__ for event in events)


def _entities(text: str) -> str:
    """Any text as a harmless Mermaid label: letters and digits stay, the rest is entity-coded."""
    return "".join(c if c.isalnum() or c in " ,_-" else f"#{ord(c)};" for c in text)


def _quoted(text: str) -> str:
    """Any text as a quoted string of DOT, in which only these two mean something."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
