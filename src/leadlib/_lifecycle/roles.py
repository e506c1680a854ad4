"""Who does each move, who answers for it, and who is told: agreed by both teams (004-40)."""

from typing import TYPE_CHECKING

import attrs

from leadlib._lifecycle.events import LeadEvent
from leadlib._lifecycle.standing import Stage
from leadlib.model import Team

if TYPE_CHECKING:
    from leadlib._lifecycle.table import Lifecycle

__all__ = ["Responsibility", "responsibilities_of"]


@attrs.frozen(kw_only=True)
class Responsibility:
    """
    One move, and what each team has to do with it.

    Args:
        stage: From where.
        event: By what.
        to: To where.
        responsible: The teams that may make it; none if nobody may.
        accountable: The one team that answers for it.
        informed: The other team, which is told.
    """

    stage: Stage
    event: type[LeadEvent]
    to: Stage
    responsible: tuple[Team, ...]
    accountable: Team
    informed: tuple[Team, ...]


def responsibilities_of(lifecycle: "Lifecycle") -> tuple[Responsibility, ...]:
    """One row for each move of the table, in its order."""
    return tuple(
        _of(lifecycle, stage, event, to)
        for stage, row in lifecycle.table.items()
        for event, to in row.items()
    )


def _of(lifecycle: "Lifecycle", stage: Stage, event: type[LeadEvent], to: Stage) -> Responsibility:
    may = lifecycle.may(stage, event)
    return Responsibility(
        stage=stage,
        event=event,
        to=to,
        responsible=may,
        accountable=lifecycle.accountable(stage, event),
        informed=tuple(team for team in (Team.MARKETING, Team.SALES) if team not in may),
    )
