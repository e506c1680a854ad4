"""
Other state machines over the same table: each in its light form, and one lead walking a path.

They are given the stages, the moves and one guard; they keep the present stage and no history.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Protocol

import attrs

from leadlib import STANDARD
from leadlib.lifecycle import LeadEvent

STAGES = [stage.name for stage in STANDARD.stages]
MOVES = [
    (kind.__name__, stage.name, to.name)
    for stage, row in STANDARD.table.items()
    for kind, to in row.items()
]
GUARDED = ("HandedOff", "qualified")


class Walk(Protocol):
    """One lead, ready to walk."""

    def run(self) -> None: ...
    def stage(self) -> str: ...


Maker = Callable[[], Walk]


@attrs.frozen
class _Walk:
    run: Callable[[], None]
    stage: Callable[[], str]


def _names(path: Sequence[LeadEvent]) -> list[str]:
    return [type(event).__name__ for event in path[1:]]


def transitions(path: Sequence[LeadEvent]) -> Maker:
    """One machine for all leads, which carry no methods: its lightest pattern."""
    from transitions import Machine

    class Model:
        def __init__(self) -> None:
            self.state, self.is_certified = "inquiry", True

        def is_ready(self) -> bool:
            return self.is_certified

    rules = [
        {"trigger": event, "source": source, "dest": to}
        | ({"conditions": "is_ready"} if (event, source) == GUARDED else {})
        for event, source, to in MOVES
    ]
    machine = Machine(
        model=None, states=STAGES, transitions=rules, initial="inquiry", auto_transitions=False
    )
    triggers = [machine.events[name].trigger for name in _names(path)]

    def make() -> Walk:
        model = Model()

        def run() -> None:
            for trigger in triggers:
                trigger(model)

        return _Walk(run, lambda: model.state)

    return make


def python_statemachine(path: Sequence[LeadEvent]) -> Maker:
    """One instance for each lead, as its pages show."""
    from statemachine import State, StateMachine

    body: dict[str, Any] = {name: State(name, initial=name == "inquiry") for name in STAGES}
    states = dict(body)
    for event in dict.fromkeys(event for event, _, _ in MOVES):
        ways = [
            states[source].to(
                states[to], **({"cond": "is_ready"} if (e, source) == GUARDED else {})
            )
            for e, source, to in MOVES
            if e == event
        ]
        both = ways[0]
        for way in ways[1:]:
            both = both | way
        body[event] = both
    body["is_ready"] = lambda _: True
    machine = _built(StateMachine, body)
    names = _names(path)

    def make() -> Walk:
        lead = machine()

        def run() -> None:
            for name in names:
                lead.send(name)

        return _Walk(run, lambda: lead.current_state.id)

    return make


def _built(base: type, body: dict[str, Any]) -> Any:
    """Its checks refuse stages that only "any stage" leads to; they are left out for it."""
    gone = {"merged", "erased"}
    kept = {name: part for name, part in body.items() if name not in gone and name != "Erased"}
    return type("LeadMachine", (base,), kept)


# How many times faster leadlib is to be, although it keeps the history.
PEERS = MappingProxyType(
    {
        "transitions": (transitions, 10.0),
        "python-statemachine": (python_statemachine, 150.0),
    }
)
_MODULES = {"transitions": "transitions", "python-statemachine": "statemachine"}


def installed() -> dict[str, Callable[[Sequence[LeadEvent]], Maker]]:
    """The peers that are here."""
    return {name: make for name, (make, _) in PEERS.items() if find_spec(_MODULES[name])}
