"""
Points learnt from closed business, in a table that people can read (004-04, M-36).

The weights come from the earliest deals, the probability from deals after those, and the proof from
the latest: a table is never measured on what it was made from.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from html import escape
from itertools import pairwise
from math import exp, fsum, isfinite, log, log1p
from typing import Any, Self

import attrs

from leadlib import _fields, _instants, _text, limits
from leadlib._qualification.groups import (
    Groups,
    fields_of,
    groups_of,
    is_known,
    paired,
)
from leadlib._qualification.inventory import written_after
from leadlib._qualification.validation import Ends, Validation, share_of, tallied
from leadlib._rates import Rate, whole_number
from leadlib.errors import InvalidValue, LimitExceeded, UnknownName

__all__ = ["Learnt", "LearntCriterion", "PointTable", "learn"]

_ROUNDS, _STEP, _SHRINK = 8, 0.5, 3
_PARTS = 20  # of the numbers of one field, at most
_DOUBLING = 20  # points that double the odds
_UNIT = log(2) / _DOUBLING
_LEARN_FROM = Fraction(3, 4)  # of the earlier deals; the others calibrate
_GROUPS = 10


def _odds(logit: float) -> float:
    """From log-odds to a probability, whatever their size."""
    if logit >= 0:
        return 1 / (1 + exp(-logit))
    return exp(logit) / (1 + exp(logit))


def _whole_points(value: Any) -> tuple[int, ...]:
    return tuple(whole_number(points) for points in value)


def _rates(value: Iterable[Rate]) -> tuple[Rate, ...]:
    rates = tuple(value)
    for rate in rates:
        _fields.check_type(rate, Rate, "$.rates")
    return rates


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class LearntCriterion:
    """
    The points that the groups of one field get.

    Args:
        field: Its name.
        groups: How its values are told apart.
        rates: For each group, the won of the deals that it was learnt from.
        points: For each group; 20 points double the odds.
    """

    field: str = attrs.field(converter=_fields.identifier)
    groups: Groups = attrs.field(validator=_fields.is_a(Groups))
    rates: tuple[Rate, ...] = attrs.field(converter=_rates)
    points: tuple[int, ...] = attrs.field(converter=_whole_points)

    def __attrs_post_init__(self) -> None:
        if not len(self.groups.labels) == len(self.rates) == len(self.points):
            got, where = "another number of them", f"field {self.field!r}"
            raise InvalidValue(expected="points for each group", got=got, where=where)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "field": self.field,
            "cuts": list(self.groups.cuts),
            "words": list(self.groups.words),
            "rates": [[rate.k, rate.n] for rate in self.rates],
            "points": list(self.points),
        }

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Read what :meth:`to_dict` wrote."""
        kinds = {"cuts": list, "words": list, "rates": list, "points": list}
        _check_keys(data, {"field": str, **kinds}, "criterion")
        groups = Groups(_ascending(data["cuts"]), _distinct(data["words"]))
        rates = [Rate(*_two(pair)) for pair in data["rates"]]
        return cls(field=data["field"], groups=groups, rates=rates, points=data["points"])


def _ascending(cuts: list[Any]) -> tuple[float, ...]:
    for cut in cuts:
        if isinstance(cut, bool) or not isinstance(cut, int | float) or not isfinite(cut):
            raise InvalidValue(expected="finite numbers", got=_text.kind_of(cut), where="cuts")
    if any(low >= high for low, high in pairwise(cuts)):
        raise InvalidValue(expected="ascending numbers", got="another order", where="cuts")
    return tuple(cuts)


def _distinct(words: list[Any]) -> tuple[str | bool, ...]:
    for word in words:
        if not isinstance(word, str | bool):
            raise InvalidValue(expected="text, yes or no", got=_text.kind_of(word), where="words")
    if len(set(words)) < len(words):
        raise InvalidValue(expected="each word once", got="one of them twice", where="words")
    return tuple(words)


def _check_keys(data: Any, kinds: Mapping[str, type], what: str) -> None:
    _fields.check_type(data, dict, what)
    if set(data) != set(kinds):
        raise InvalidValue(expected=f"a {what} of {', '.join(kinds)}", got="other keys", where=what)
    for key, kind in kinds.items():
        _fields.check_type(data[key], kind, f"{what}.{key}")


def _two(pair: Any) -> tuple[Any, Any]:
    if not isinstance(pair, list) or len(pair) != 2:  # noqa: PLR2004
        raise InvalidValue(expected="won and closed", got=_text.kind_of(pair), where="rates")
    return pair[0], pair[1]


def _as_criteria(value: Iterable[LearntCriterion]) -> tuple[LearntCriterion, ...]:
    criteria = tuple(value)
    for criterion in criteria:
        _fields.check_type(criterion, LearntCriterion, "$.criteria")
    if len({criterion.field for criterion in criteria}) < len(criteria):
        raise InvalidValue(expected="each field once", got="one of them twice")
    if len(criteria) > limits.COLUMNS:
        got = f"{len(criteria):,}"
        raise LimitExceeded(expected=f"at most {limits.COLUMNS:,} fields", got=got)
    return criteria


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _HUGE:
        raise InvalidValue(expected="a number of ordinary size", got=_text.kind_of(value))
    return float(value)


_HUGE = 1e6


def _not_negative(value: Any) -> float:
    number = _finite(value)
    if number < 0:
        raise InvalidValue(expected="0 or more", got="a negative number")
    return number


@attrs.frozen(kw_only=True, repr=False, field_transformer=_fields.placed)
class PointTable:
    """
    Points for what is known of a lead, and the probability they stand for; made by :func:`learn`.

    Args:
        criteria: The fields with the points of their groups.
        slope: What the points proved to be worth on deals they were not learnt from: 1 is all that
            they say, 0 nothing.
        intercept: The log-odds of a lead with no points.
    """

    criteria: tuple[LearntCriterion, ...] = attrs.field(converter=_as_criteria)
    slope: float = attrs.field(converter=_not_negative)
    intercept: float = attrs.field(converter=_finite)

    def points(self, row: Mapping[str, Any]) -> int:
        """
        The points of one lead; a group that was never seen has none.
        """
        return sum(points for _, _, points in self.explain(row))

    def explain(self, row: Mapping[str, Any]) -> tuple[tuple[str, str, int], ...]:
        """For each criterion, the group that a lead is in and the points of it."""
        _fields.check_type(row, Mapping, "row")
        found = []
        for criterion in self.criteria:
            place = criterion.groups.place(row.get(criterion.field))
            label = criterion.groups.labels[place]
            found.append((criterion.field, label, criterion.points[place]))
        return tuple(found)

    def probability(self, row: Mapping[str, Any]) -> float:
        """The probability that a lead is won, as the deals say that nothing was learnt from."""
        return self.probability_of(self.points(row))

    def probability_of(self, points: int) -> float:
        """The probability that so many points stand for."""
        return _odds(self.intercept + self.slope * _UNIT * points)

    def __repr__(self) -> str:
        names = ", ".join(criterion.field for criterion in self.criteria)
        return f"<PointTable of {names}>"

    def __str__(self) -> str:
        rows = [
            (criterion.field, label, f"{rate.n:,}", f"{rate.k:,}", f"{points:+}")
            for criterion in self.criteria
            for label, rate, points in zip(
                criterion.groups.labels, criterion.rates, criterion.points, strict=True
            )
            if rate.n
        ]
        table = _text.text_table(("criterion", "bin", "n", "won", "points"), rows, left=2)
        worthless = "\nOn deals they were not learnt from, the points foretold nothing."
        return table if self.slope else table + worthless

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, nothing rounded."""
        criteria = [criterion.to_dict() for criterion in self.criteria]
        return {"criteria": criteria, "slope": self.slope, "intercept": self.intercept}

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """
        Read what :meth:`to_dict` wrote.

        Raises:
            InvalidValue: It wrote something else.
        """
        _check_keys(data, {"criteria": list, "slope": object, "intercept": object}, "point table")
        criteria = [LearntCriterion.from_dict(criterion) for criterion in data["criteria"]]
        return cls(criteria=criteria, slope=data["slope"], intercept=data["intercept"])


@attrs.frozen(kw_only=True, repr=False)
class Learnt:
    """
    What closed business taught, and how well it would have foretold the deals after it.

    Args:
        table: The points.
        validation: On the deals that closed at *split* or later.
        split: Nothing that closed from here on was learnt from.
        open: Leads that have not ended: neither learnt from nor tried.
    """

    table: PointTable
    validation: Validation
    split: datetime
    open: int

    def __repr__(self) -> str:
        return f"<Learnt {self.table!r}, {self.validation!r}>"

    def __str__(self) -> str:
        tried = f"tried on what closed from {self.split.isoformat()}; {self.open:,} open left out"
        return f"{self.table}\n\n{tried}\n\n{self.validation}"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def learn(
    rows: Iterable[Mapping[str, Any]],
    outcomes: Iterable[bool | None],
    closed_at: Iterable[datetime | None],
    *,
    fields: Iterable[str] | None = None,
    known_at: Mapping[str, Iterable[datetime | None]] | None = None,
    split: float | datetime = 0.7,
    trusted: Iterable[str] = (),
) -> Learnt:
    """
    Learn points from closed business, and try them on the deals that closed last (004-04).

    Of the deals before *split*, three quarters give the points and the others say what probability
    the points stand for.  Numbers fall into at most 20 parts; values of fewer than 10 deals are
    taken together, and unknown is a group of its own.  Deals that closed at the same instant stay
    together, and their order does not matter.  10,000 deals with 8 fields take about 0.2 s.

    Args:
        rows: Facts by name, as they were known before the deal closed; None is unknown.
        outcomes: For each row, True for won, False for lost, None while it is open.
        closed_at: For each row, when it closed; None while it is open.
        fields: What to learn from; every field that any row names, if not given.
        known_at: For some fields, when the value of each row was written down.
        split: The share of the closed deals to learn from, or the instant up to which.
        trusted: Fields that are looked at although :func:`inventory` suspects them.

    Returns:
        The points with their proof.

    Raises:
        InvalidValue: A field was written down after a close, or looks like it; rows, outcomes and
            instants do not match; or one side of the split has too little.
        UnknownName: A field that no row names.

    Example:
        >>> from datetime import UTC, timedelta
        >>> rows = [{"size": "large" if i % 3 else "small"} for i in range(300)]
        >>> won = [i % 3 > 0 if i % 5 else i % 3 == 0 for i in range(300)]
        >>> closed = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=i) for i in range(300)]
        >>> print(learn(rows, won, closed).table)
        criterion  bin      n  won  points
        ─────────  ─────  ───  ───  ──────
        size       large  104   83     +28
        size       small   53   11     -49
    """
    taken, ends = paired(rows, outcomes)
    times = _times(ends, closed_at)
    columns = {name: [row.get(name) for row in taken] for name in _chosen(taken, fields)}
    _refuse_late(columns, times, known_at or {}, fields_of(taken))
    weigh, tune, prove, cut = _in_time(times, split)
    groups = {
        name: groups_of((column[i] for i in weigh), most=_PARTS) for name, column in columns.items()
    }
    places = [[groups[name].place(value) for value in column] for name, column in columns.items()]
    _refuse_suspicious(groups, places, ends, set(trusted))
    criteria, base = _weighed(
        groups, [[column[i] for i in weigh] for column in places], [ends[i] for i in weigh]
    )
    totals = _totals(criteria, places)
    slope, intercept = _calibrated(_count(totals, ends, tune), base)
    table = PointTable(criteria=criteria, slope=slope, intercept=intercept)
    tried = [
        (points, table.probability_of(points), lost, won)
        for points, (lost, won) in _count(totals, ends, prove)
    ]
    validation = Validation(groups=tuple(tried))
    return Learnt(table=table, validation=validation, split=cut, open=ends.count(None))


def _times(ends: Sequence[bool | None], closed_at: Iterable[Any]) -> list[datetime | None]:
    """When each closed deal closed; open ones have no instant, whatever is said."""
    given = list(closed_at)
    if len(given) != len(ends):
        got = f"{len(given)} of them"
        raise InvalidValue(expected="an instant for each row", got=got, where="closed_at")
    return [
        None if won is None else _instants.aware(at, where="closed_at")
        for won, at in zip(ends, given, strict=True)
    ]


def _chosen(rows: list[Mapping[str, Any]], fields: Iterable[str] | None) -> list[str]:
    legal = fields_of(rows)
    names = legal if fields is None else sorted({_named(name, legal) for name in fields})
    if not names:
        raise InvalidValue(expected="a field to learn from", got="none", where="fields")
    return names


def _named(name: Any, legal: Sequence[str]) -> str:
    _fields.check_type(name, str, "fields")
    if name not in legal:
        raise UnknownName(expected="a field of the rows", got=repr(name), legal=legal)
    return str(name)


def _refuse_late(
    columns: Mapping[str, Sequence[Any]],
    times: Sequence[datetime | None],
    known_at: Mapping[str, Iterable[Any]],
    legal: Sequence[str],
) -> None:
    for name, instants in known_at.items():
        written, where = list(instants), f"field {_named(name, legal)!r}"
        if len(written) != len(times):
            got = f"{len(written)} of them"
            raise InvalidValue(expected="an instant or None for each row", got=got, where=where)
        late = sum(
            is_known(value) and at is not None and end is not None and _instants.aware(at) > end
            for value, at, end in zip(columns.get(name, ()), written, times, strict=False)
        )
        if late:
            got = f"{_text.plural(late, 'value')} from after it"
            raise InvalidValue(expected="what was known at the close", got=got, where=where)


def _refuse_suspicious(
    groups: Mapping[str, Groups],
    places: Sequence[list[int]],
    ends: list[bool | None],
    trusted: set[str],
) -> None:
    for (name, one), column in zip(groups.items(), places, strict=True):
        unknown = len(one.labels) - 1
        known = [place != unknown for place in column]
        why = None if name in trusted else written_after(known, column, ends)
        if why is not None:
            expected, where = "a field that was known before the close", f"field {name!r}"
            raise InvalidValue(expected=expected, got=f"one that {why}", where=where)


def _in_time(
    times: Sequence[datetime | None], split: Any
) -> tuple[list[int], list[int], list[int], datetime]:
    """The rows to weigh, to tune and to prove with, and the instant of the last cut."""
    closed = sorted(at for at in times if at is not None)
    if not closed:
        raise InvalidValue(expected="closed deals", got="none", where="outcomes")
    cut = _instants.aware(split) if isinstance(split, datetime) else _at(closed, share_of(split))
    earlier = [at for at in closed if at < cut]
    first = _at(earlier, _LEARN_FROM) if earlier else cut
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    for i, at in enumerate(times):
        if at is not None:
            parts[(at >= first) + (at >= cut)].append(i)
    if not all(parts):
        expected = "deals that closed at three instants or more, on both sides of the split"
        raise InvalidValue(expected=expected, got="fewer", where="split")
    return *parts, cut


def _at(closed: Sequence[datetime], share: Fraction) -> datetime:
    return closed[min(int(share * len(closed)), len(closed) - 1)]


Tallied = list[tuple[tuple[int, ...], Ends]]


def _weighed(
    groups: Mapping[str, Groups], places: Sequence[Sequence[int]], ends: Sequence[bool | None]
) -> tuple[tuple[LearntCriterion, ...], float]:
    """The criteria, and the log-odds of all that they were learnt from."""
    won, lost = ends.count(True), ends.count(False)
    if not (won and lost):
        expected = "won and lost deals to learn from"
        raise InvalidValue(expected=expected, got=f"{won} won and {lost} lost", where="split")
    profiles = Counter(zip(zip(*places, strict=True), ends, strict=True))
    rows = sorted({profile for profile, _ in profiles})  # no order of the deals is left in them
    tally = [(row, (profiles[row, False], profiles[row, True])) for row in rows]
    base = log(won / lost)
    weights = _weights(tally, [len(one.labels) for one in groups.values()], base)
    return tuple(
        _criterion(name, one, list(zip(column, ends, strict=True)), weight)
        for (name, one), column, weight in zip(groups.items(), places, weights, strict=True)
    ), base


def _criterion(
    name: str, groups: Groups, deals: Sequence[tuple[int, bool | None]], weights: Sequence[float]
) -> LearntCriterion:
    counts = Counter(deals)
    pairs = [(counts[place, True], counts[place, False]) for place in range(len(weights))]
    rates = [Rate(won, won + lost) for won, lost in pairs]
    points = [round(weight / _UNIT) for weight in weights]
    return LearntCriterion(field=name, groups=groups, rates=rates, points=points)


def _weights(tally: Tallied, sizes: Sequence[int], base: float) -> list[list[float]]:
    """
    Log-odds for each group of each field, found in eight rounds of halved Newton steps.

    Fields that say the same share what they say: each looks at what the others leave unexplained.
    """
    columns = list(zip(*(row for row, _ in tally), strict=True))
    counts = [(lost + won, won) for _, (lost, won) in tally]
    logits = [base] * len(tally)
    weights = [[0.0] * size for size in sizes]
    for _ in range(_ROUNDS):
        for column, weight in zip(columns, weights, strict=True):
            steps = _steps(column, counts, logits, len(weight))
            weight[:] = [old + step for old, step in zip(weight, steps, strict=True)]
            logits = [z + steps[place] for z, place in zip(logits, column, strict=True)]
    return weights


def _steps(
    column: Sequence[int], counts: Sequence[tuple[int, int]], logits: Sequence[float], size: int
) -> list[float]:
    slopes, bends = [0.0] * size, [0.0] * size
    chances = [1 / (1 + exp(-z)) if z > -_STEEP else 0.0 for z in logits]
    for place, (n, won), p in zip(column, counts, chances, strict=True):
        foretold = n * p
        slopes[place] += won - foretold
        bends[place] += foretold - foretold * p
    steps = (_STEP * g / (h + _SHRINK) for g, h in zip(slopes, bends, strict=True))
    return [min(max(step, -1.0), 1.0) for step in steps]


_STEEP = 500.0


def _totals(criteria: Sequence[LearntCriterion], places: Sequence[Sequence[int]]) -> list[int]:
    parts = [
        [criterion.points[place] for place in column]
        for criterion, column in zip(criteria, places, strict=True)
    ]
    return [sum(points) for points in zip(*parts, strict=True)]


def _count(
    totals: Sequence[int], ends: Sequence[bool | None], members: Sequence[int]
) -> list[tuple[int, Ends]]:
    return tallied((totals[i] for i in members), (ends[i] for i in members))


def _calibrated(tally: Sequence[tuple[int, Ends]], base: float) -> tuple[float, float]:
    """Slope and intercept; points that foretell the contrary are worth nothing."""
    rows = [(points * _UNIT, lost + won, won) for points, (lost, won) in tally]
    slope, intercept = _newton(rows, base)
    if slope >= 0:
        return slope, intercept
    return 0.0, _newton([(0.0, n, won) for _, n, won in rows], base)[1]


Calibrating = Sequence[tuple[float, int, int]]  # log-odds of the points, closed, won


def _newton(rows: Calibrating, base: float) -> tuple[float, float]:
    """
    The likeliest line, held to what the points say themselves as if by one deal.

    The hold keeps it finite where all were won, or all have the same points.
    """
    slope, intercept = 1.0, base
    for _ in range(_TRIES):
        down, right = _step(rows, slope, intercept, base)
        now, size = _loss(rows, slope, intercept, base), 1.0
        while (
            size > _FINE and _loss(rows, slope - size * down, intercept - size * right, base) > now
        ):
            size /= 2
        slope, intercept = slope - size * down, intercept - size * right
        if abs(down) + abs(right) < _FINE:
            break
    return slope, intercept


_TRIES, _FINE = 50, 1e-9


def _step(rows: Calibrating, slope: float, intercept: float, base: float) -> tuple[float, float]:
    foretold = [(x, n, won, _odds(intercept + slope * x)) for x, n, won in rows]
    g_slope = fsum(x * (n * p - won) for x, n, won, p in foretold) + slope - 1
    g_intercept = fsum(n * p - won for _, n, won, p in foretold) + intercept - base
    bends = [(x, n * p * (1 - p)) for x, n, _, p in foretold]
    xx, x1 = fsum(x * x * w for x, w in bends) + 1, fsum(x * w for x, w in bends)
    ones = fsum(w for _, w in bends) + 1
    whole = xx * ones - x1 * x1
    return (ones * g_slope - x1 * g_intercept) / whole, (xx * g_intercept - x1 * g_slope) / whole


def _loss(rows: Calibrating, slope: float, intercept: float, base: float) -> float:
    held = ((slope - 1) ** 2 + (intercept - base) ** 2) / 2
    lines = ((intercept + slope * x, n, won) for x, n, won in rows)
    return fsum(n * _softplus(z) - won * z for z, n, won in lines) + held


def _softplus(z: float) -> float:
    return max(z, 0.0) + log1p(exp(-abs(z)))
