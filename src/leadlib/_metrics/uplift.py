"""
Uplift: what nurture brings beyond what would have come by itself.

Whoever was assigned counts where they were assigned: those who opted out, were never reached, or
were nurtured by mistake.  To leave them out would compare the willing with everybody.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from leadlib import _fields, _instants, _text, limits
from leadlib._metrics.log import AnyStage, StageLog
from leadlib._metrics.offers import plain
from leadlib._metrics.origin import Measured, Origin, asked_as, origin_of
from leadlib._metrics.reading import check_in_python
from leadlib._rates import Comparison, Rate, compare, shown_chance, shown_points, whole_number
from leadlib.errors import InvalidValue, LimitExceeded, UnknownName

__all__ = ["Uplift", "UpliftVerdict", "uplift"]

_HOLDOUT = "hold-out"


class UpliftVerdict(StrEnum):
    """
    What an experiment shows of nurture.

    Example:
        >>> print(UpliftVerdict.MORE)
        more arrive
    """

    MORE = "more arrive"
    FEWER = "fewer arrive"
    INCONCLUSIVE = "inconclusive"


def _as_rate(rate: Any) -> Rate:
    _fields.check_type(rate, Rate, "$.arms")
    taken: Rate = rate
    return taken


def _as_arms(arms: Mapping[str, Rate]) -> Mapping[str, Rate]:
    named = _fields.by_name(arms, _as_rate)
    if len(named) > limits.RATES:
        raise LimitExceeded(expected=f"at most {limits.RATES} arms", got=str(len(named)))
    return named


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Uplift(Measured):
    """
    The arms of an experiment against its hold-out, by intention to treat.

    Made by :func:`uplift`, or from rates that you counted; prints as a table.

    Args:
        arms: Name to the leads that arrived of all that were assigned; the hold-out among them.
        holdout: The name of the hold-out.
        strays: How many of the hold-out got a touch all the same; they still count as held out.
        origin: What the numbers mean, and what they were read from; None if they were given.

    Raises:
        UnknownName: No hold-out among the arms.
        InvalidValue: No other arm, or something that is no rate.

    Example:
        >>> print(Uplift(arms={"nurtured": Rate(60, 1_000), "hold-out": Rate(20, 500)}))
        arm       arrived  assigned     rate  uplift, points   95 % interval       p
        ────────  ───────  ────────  ───────  ──────────────  ──────────────  ──────
        nurtured       60     1,000  6.000 %           +2.00  [-0.47, +4.16]  0.1041
        hold-out       20       500    4.0 %               -               -       -
        with nurture: inconclusive
    """

    arms: Mapping[str, Rate] = attrs.field(converter=_as_arms)
    holdout: str = attrs.field(default=_HOLDOUT, converter=_fields.identifier)
    strays: int = attrs.field(default=0, converter=whole_number)
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    _table = "arms"
    _named = ("arm", "rate")

    def __attrs_post_init__(self) -> None:
        if self.holdout not in self.arms:
            got, legal = repr(self.holdout), [*self.arms]
            raise UnknownName(expected="an arm", got=got, where="$.holdout", legal=legal)
        if self.strays < 0:
            raise InvalidValue(expected="a count from 0 on", got="less", where="$.strays")
        if len(self.arms) == 1:
            raise InvalidValue(expected="an arm besides the hold-out", got="none", where="$.arms")

    @property
    def held(self) -> Rate:
        """Who arrived of those who were left alone."""
        return self.arms[self.holdout]

    @property
    def treated(self) -> Rate:
        """Who arrived of all others, whatever their arm."""
        others = [rate for name, rate in self.arms.items() if name != self.holdout]
        return Rate(sum(rate.k for rate in others), sum(rate.n for rate in others))

    @property
    def comparison(self) -> Comparison:
        """All others against the hold-out: the uplift with its interval and its test."""
        return compare(self.treated, self.held)

    @property
    def gained(self) -> float | None:
        """How many arrived that would not have come by themselves, as far as the point says."""
        apart = self.comparison.difference
        return None if apart is None else apart * self.treated.n

    @property
    def verdict(self) -> UpliftVerdict:
        """Whether more arrive with nurture than without, as far as chance can be ruled out."""
        apart = self.comparison
        if apart.difference is None or not apart.is_significant:
            return UpliftVerdict.INCONCLUSIVE
        return UpliftVerdict.MORE if apart.difference > 0 else UpliftVerdict.FEWER

    def of(self, arm: str) -> Comparison:
        """
        One arm against the hold-out.

        With several arms the chance of a false difference grows: see
        :func:`leadlib.metrics.compare_all`.

        Raises:
            UnknownName: No such arm, or the hold-out itself.
        """
        legal = [name for name in self.arms if name != self.holdout]
        if arm not in legal:
            raise UnknownName(expected="an arm", got=f"{arm!r:.64}", where="arm", legal=legal)
        return compare(self.arms[arm], self.held)

    def __str__(self) -> str:
        others = [name for name in self.arms if name != self.holdout]
        rows = [_row(name, self.arms[name], self.of(name)) for name in others]
        if len(others) > 1:
            rows.append(_row("all arms", self.treated, self.comparison))
        rows.append(_row(self.holdout, self.held, None))
        lines = [_text.text_table(_HEAD, rows)]
        if self.strays:
            lines.append(f"{self.strays:,} of the hold-out got a touch: the true uplift is larger")
        return "\n".join([*lines, f"with nurture: {self.verdict}"])

    def to_dict(self) -> dict[str, Any]:
        """The arms and the uplift as plain data."""
        return {
            "arms": {name: plain(rate) | self._apart(name) for name, rate in self.arms.items()},
            "holdout": self.holdout,
            "strays": self.strays,
            **_plain_uplift(self.comparison),
            "verdict": self.verdict.value,
            **self._said(),
        }

    def _apart(self, arm: str) -> dict[str, Any]:
        return _plain_uplift(None if arm == self.holdout else self.of(arm))


def _plain_uplift(found: Comparison | None) -> dict[str, Any]:
    """Nothing, for the hold-out itself."""
    return {
        "uplift": found.difference if found else None,
        "uplift_interval": list(found.interval) if found and found.interval else None,
        "test": found.test if found else None,
        "p": found.p_value if found else None,
    }


_HEAD = ("arm", "arrived", "assigned", "rate", "uplift, points", "95 % interval", "p")


def _row(name: str, rate: Rate, found: Comparison | None) -> tuple[str, ...]:
    counts = (name, f"{rate.k:,}", f"{rate.n:,}", rate.percent)
    if found is None or found.difference is None or found.interval is None:
        return (*counts, "-", "-", "-")
    low, high = map(shown_points, found.interval)
    chance = shown_chance(found.p_value).removeprefix("p ")
    return (*counts, shown_points(found.difference), f"[{low}, {high}]", chance)


def uplift(
    log: StageLog,
    *,
    assigned: Mapping[str, str],
    goal: AnyStage,
    since: datetime | None = None,
    as_of: datetime | None = None,
    holdout: str = _HOLDOUT,
    touched: Iterable[str] = (),
) -> Uplift:
    """
    Measure what an experiment brought, by intention to treat.

    Args:
        log: Who entered which stage when.
        assigned: Lead to arm, as ``leadlib.nurture.Experiment.assign`` gives it: every lead that
            was enrolled, on the day it was.  Who is not in the log did not arrive.
        goal: The stage that nurture is for.
        since: Only entries from then on count: the start of the experiment.
        as_of: The last visible instant; the last event unless given.  All arms are observed
            equally long, as leads are assigned to them all the time.
        holdout: The name of the hold-out.
        touched: The leads that got any touch, if you know: those of the hold-out are counted.

    Raises:
        UnknownName: The log has no such stage, or nobody was held out.
        InvalidValue: Nobody was assigned to another arm, *assigned* is no mapping of names, or
            *touched* no list of ids.

    Source:
        Requirement M-38.  Intention to treat: Fisher et al., in Statistical Issues in Drug Research
        and Development (1990).

    Example:
        >>> from datetime import UTC, datetime
        >>> day = datetime(2026, 3, 2, tzinfo=UTC)
        >>> log = StageLog.from_rows([(lead, "inquiry", day) for lead in "abcd"]
        ...                          + [("a", "customer", day), ("c", "customer", day)])
        >>> arms = {"a": "nurtured", "b": "nurtured", "c": "hold-out", "d": "hold-out"}
        >>> uplift(log, assigned=arms, goal="customer").comparison.difference
        0.0
    """
    check_in_python(log)
    [name] = log.named([goal])
    arms = _fields.by_name(assigned, _fields.identifier)
    first = None if since is None else _instants.micros(_instants.aware(since, where="since"))
    arrived = _arrived(log, name, first, log.cut(as_of))
    sizes, reached = Counter(arms.values()), Counter(arms[lead] for lead in arms if lead in arrived)
    seen = set(_fields.named("touched", _fields.identifiers)(touched))
    asked = {"goal": name, "since": since, "holdout": holdout}
    lots = {"assigned": asked_as(arms), "touched": asked_as(seen)}
    return Uplift(
        arms={arm: Rate(reached[arm], n) for arm, n in sorted(sizes.items())},
        holdout=holdout,
        strays=sum(arms.get(lead) == holdout for lead in seen),
        origin=origin_of(log, log.cut(as_of), metric="uplift", **asked, **lots),
    )


def _arrived(log: StageLog, goal: str, first: int | None, cut: int) -> set[str]:
    code = log.stages.index(goal) if goal in log.stages else None
    return {
        log.leads[lead]
        for lead, stage, at, _ in log.events(cut)
        if stage == code and (first is None or at >= first)
    }
