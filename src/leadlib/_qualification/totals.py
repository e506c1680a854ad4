"""The points of a score that counts events, as a number that a definition asks for."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import attrs

from leadlib._qualification.answers import Answer
from leadlib._qualification.criteria import Condition, Criterion, Subject
from leadlib._qualification.operators import Operator
from leadlib._qualification.scoring import ScoreCard
from leadlib.model import FactValue, Lead

__all__ = ["Total"]


@attrs.frozen(order=False)
class Total(Subject):
    """The points of a card that counts events, as a number to ask for."""

    name: str
    card: ScoreCard

    @property
    def key(self) -> str:
        """The name of the number."""
        return f"{self.name} points"

    @property
    def kind(self) -> type:
        """Points are a number."""
        return Decimal

    @property
    def unit(self) -> None:
        """None: points are points."""
        return

    def reached(self) -> Criterion:
        """The criterion that they are enough."""
        bound = Decimal(self.card.at_least or 0)
        return Condition(field=self, operator=Operator.AT_LEAST, operand=bound)

    def value(
        self, values: Mapping[str, FactValue | None], lead: Lead, now: datetime | None
    ) -> FactValue | None:
        """The points as far as they are certain: what is unknown may not tip the threshold."""
        score = self.card.score(values, lead=lead, now=now)
        if score.reached is Answer.UNKNOWN:
            return None
        return score.lowest if score.reached is Answer.YES else score.highest
