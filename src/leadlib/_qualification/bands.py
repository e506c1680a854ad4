"""
Bands: the best few for sales, the next few to watch, the others to nurture (seed 001).

Cuts are exact: five per cent are one twentieth, whatever a float says.  A band is an order of
attention and no certificate: who is handed to sales must have passed the definition as well.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from operator import itemgetter
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib.errors import ConflictError, InvalidValue

__all__ = ["Band", "Bands", "Passed", "Scored", "Ties", "overdue_reviews", "pass_on", "split_bands"]


class Band(StrEnum):
    """
    Where a lead stands among all that were scored.

    Example:
        >>> [band.value for band in Band]
        ['top', 'next', 'rest', 'unscored']
    """

    TOP = "top"
    NEXT = "next"
    REST = "rest"
    UNSCORED = "unscored"


class Ties(StrEnum):
    """What becomes of equal scores at a cut: the earlier inquiry goes first, or all go along."""

    EARLIER_FIRST = "earlier first"
    ALL_ALONG = "all along"


def _as_score(value: Any) -> Fraction | None:
    return None if value is None else _exact(value)


def _exact(value: Any) -> Fraction:
    """A number as it is written: 0.05 is one twentieth."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InvalidValue(expected="a number", got=_text.kind_of(value))
    return Fraction(_fields.finite(value))


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Scored:
    """
    One lead with its score.

    Args:
        id: The id of the lead.
        score: None if nobody has scored it yet: that is no zero.
        since: Its first inquiry; of equal scores, the earlier one goes first.
    """

    id: str = attrs.field(converter=_fields.identifier)
    score: Fraction | None = attrs.field(converter=_as_score)
    since: datetime = attrs.field(converter=_fields.instant)


def _as_ids(ids: Any) -> tuple[str, ...]:
    """Ids in their order; one text would fall into its letters, and a mapping lose its values."""
    if isinstance(ids, str | bytes | Mapping) or not isinstance(ids, Iterable):
        raise InvalidValue(expected="a collection of ids", got=_text.kind_of(ids))
    return tuple(_fields.identifier(id_) for id_ in ids)


@attrs.frozen(kw_only=True, slots=False, field_transformer=_fields.placed)
class Bands:
    """
    All leads in their bands, the best first; each lead is in one band.

    Args:
        top: For sales.
        next: To watch.
        rest: To nurture.
        unscored: Nobody knows yet.
        held_back: Those of *next* that sales would have got, had it the hands.

    Raises:
        ConflictError: One id in two bands, or held back without being watched.
    """

    top: tuple[str, ...] = attrs.field(converter=_as_ids)
    next: tuple[str, ...] = attrs.field(converter=_as_ids)
    rest: tuple[str, ...] = attrs.field(converter=_as_ids)
    unscored: tuple[str, ...] = attrs.field(default=(), converter=_as_ids)
    held_back: tuple[str, ...] = attrs.field(default=(), converter=_as_ids)

    def __attrs_post_init__(self) -> None:
        if len(self.band_of) != sum(len(self.of(band)) for band in Band):
            raise ConflictError(expected="each lead in one band", got="one id twice")
        if any(self.band_of.get(id_) is not Band.NEXT for id_ in self.held_back):
            raise ConflictError(expected="who is held back among the next", got="another")

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}

    def of(self, band: Band) -> tuple[str, ...]:
        """The ids of one band."""
        return {
            Band.TOP: self.top,
            Band.NEXT: self.next,
            Band.REST: self.rest,
            Band.UNSCORED: self.unscored,
        }[band]

    @cached_property
    def band_of(self) -> Mapping[str, Band]:
        """The band of each id."""
        return _fields.FrozenDict({id_: band for band in Band for id_ in self.of(band)})

    def __str__(self) -> str:
        total = sum(len(self.of(band)) for band in Band)
        rows = [
            (band.value, f"{len(self.of(band)):,}", _percent(len(self.of(band)), total))
            for band in Band
        ]
        held = f"\n{_text.plural(len(self.held_back), 'lead')} held back" if self.held_back else ""
        return _text.text_table(("band", "leads", "share"), rows) + held

    def to_dict(self) -> dict[str, list[str]]:
        """Plain data."""
        return {field.name: list(getattr(self, field.name)) for field in attrs.fields(type(self))}


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if total else "-"


def _share(value: Any, where: str) -> Fraction:
    try:
        share = _exact(value)
    except InvalidValue:
        share = Fraction(-1)
    if not 0 <= share <= 1:
        raise InvalidValue(expected="a share from 0 to 1", got="another", where=where)
    return share


def split_bands(
    scored: Iterable[Scored],
    *,
    top: float | Decimal | Fraction = Decimal("0.05"),
    following: float | Decimal | Fraction = Decimal("0.10"),
    ties: Ties = Ties.EARLIER_FIRST,
    most: int | None = None,
) -> Bands:
    """
    Split leads into the best, the next and the rest, by exact cuts.

    Args:
        scored: In any order, each lead once.
        top: The share for sales; of n leads the first cut is after ``ceil(top * n)``.
        following: The share to watch; the second cut is after ``ceil((top + following) * n)``.
        ties: Whether equal scores at a cut go by the earlier inquiry, then by id, or all go along.
        most: How many sales can follow up within its promise; who is beyond is held back, watched
            first and named.

    Raises:
        ConflictError: One id twice.
        InvalidValue: A share is not from 0 to 1, or both together are more than 1.
        UnknownName: *ties* is no way with ties.

    Source:
        Seed 001; requirements 001-17 to 001-19 and M-34.

    Example:
        >>> from datetime import UTC, datetime
        >>> monday = datetime(2026, 3, 2, tzinfo=UTC)
        >>> leads = [Scored(id=f"{n:03}", score=n, since=monday) for n in range(200)]
        >>> bands = split_bands(leads)
        >>> len(bands.top), len(bands.next), len(bands.rest)
        (10, 20, 170)
    """
    known = _each_once(scored)
    marks = [(s.score, s) for s in known if s.score is not None]
    # The order is kept among equal scores, in reverse as well: the earlier one goes first.
    ranked = [s for _, s in sorted(marks, key=itemgetter(0), reverse=True)]
    first, second = _share(top, "top"), _share(following, "following")
    if first + second > 1:
        raise InvalidValue(expected="shares of at most 1 together", got="more", where="following")
    cuts = [_ceiling(first * len(ranked)), _ceiling((first + second) * len(ranked))]
    if _as_ties(ties) is Ties.ALL_ALONG:
        cuts = [_past_ties(ranked, cut) for cut in cuts]
    hands = cuts[0] if most is None else min(cuts[0], _as_count(most))
    ids = [s.id for s in ranked]
    return Bands(
        top=tuple(ids[:hands]),
        next=tuple(ids[hands : cuts[1]]),
        rest=tuple(ids[cuts[1] :]),
        unscored=tuple(s.id for s in known if s.score is None),
        held_back=tuple(ids[hands : cuts[0]]),
    )


def _each_once(scored: Iterable[Scored]) -> list[Scored]:
    taken = list(scored)
    for each in taken:
        _fields.check_type(each, Scored, "scored")
    if len({s.id for s in taken}) != len(taken):
        raise ConflictError(expected="each lead once", got="one id twice", where="scored")
    return sorted(taken, key=lambda s: (s.since, s.id))


def _as_ties(ties: object) -> Ties:
    return _fields.member(Ties, ties, expected="a way with ties", where="ties")


def _ceiling(number: Fraction) -> int:
    return -(-number.numerator // number.denominator)


def _past_ties(ranked: list[Scored], cut: int) -> int:
    while 0 < cut < len(ranked) and ranked[cut].score == ranked[cut - 1].score:
        cut += 1
    return cut


def _as_count(most: object) -> int:
    if not isinstance(most, int) or isinstance(most, bool) or most < 0:
        raise InvalidValue(expected="a count from 0 on", got=_text.kind_of(most), where="most")
    return most


@attrs.frozen(kw_only=True)
class Passed:
    """
    Who goes where once the named accounts have been looked at; every lead is in exactly one place.

    Args:
        to_sales: Id to ``TOP`` or ``MARQUEE``; a certificate is still needed.
        to_watch: The other leads of the next band: watched, and nurtured until they ripen.
        to_nurture: The rest.
        kept_out: Disqualified: no name overrides a veto.
        unscored: Nobody knows yet.
        flagged: Id to ``MARQUEE_BELOW_BAND``, a named account that is not warm enough to pass, or
            ``MARQUEE_UNSCORED``, one that nobody has scored.
    """

    to_sales: Mapping[str, str]
    to_watch: tuple[str, ...]
    to_nurture: tuple[str, ...]
    kept_out: tuple[str, ...]
    unscored: tuple[str, ...]
    flagged: Mapping[str, str]

    @property
    def to_cultivate(self) -> tuple[str, ...]:
        """All to enrol in nurture (001-21): who is watched goes on hearing from marketing, too."""
        return (*self.to_watch, *self.to_nurture)


def pass_on(
    bands: Bands, *, marquee: Iterable[str] = (), disqualified: Iterable[str] = ()
) -> Passed:
    """
    Pass the best to sales, and with them the named accounts of the next band.

    Args:
        bands: See :func:`split_bands`.
        marquee: The ids of leads from named accounts: see :class:`NamedAccounts`.  They come on
            top of what sales asked for as *most*.
        disqualified: Ids that a veto has ruled out.

    Raises:
        InvalidValue: One text or a mapping instead of a collection of ids.

    Source:
        Seed 001: pass marquee customers out of the 10 % to sales; requirements 001-20 to 001-22.

    Example:
        >>> bands = Bands(top=("a",), next=("b", "c"), rest=("d",))
        >>> passed = pass_on(bands, marquee=["c", "d"])
        >>> dict(passed.to_sales), passed.to_watch, dict(passed.flagged)
        ({'a': 'TOP', 'c': 'MARQUEE'}, ('b',), {'d': 'MARQUEE_BELOW_BAND'})
    """
    named, out = _id_set(marquee, "marquee"), _id_set(disqualified, "disqualified")
    to_sales = {id_: "TOP" for id_ in bands.top if id_ not in out}
    to_sales |= {id_: "MARQUEE" for id_ in bands.next if id_ in named and id_ not in out}
    everybody = [id_ for band in Band for id_ in bands.of(band)]
    return Passed(
        to_sales=_fields.FrozenDict(to_sales),
        to_watch=tuple(i for i in bands.next if i not in out and i not in to_sales),
        to_nurture=tuple(i for i in bands.rest if i not in out),
        kept_out=tuple(i for i in everybody if i in out),
        unscored=tuple(i for i in bands.unscored if i not in out),
        flagged=_fields.FrozenDict(
            {i: "MARQUEE_BELOW_BAND" for i in bands.rest if i in named and i not in out}
            | {i: "MARQUEE_UNSCORED" for i in bands.unscored if i in named and i not in out}
        ),
    )


def _id_set(ids: Iterable[str], where: str) -> frozenset[str]:
    try:
        return frozenset(_as_ids(ids))
    except InvalidValue as fault:
        raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None


def overdue_reviews(
    reviewed: Mapping[str, datetime], *, every: timedelta, now: datetime
) -> tuple[str, ...]:
    """
    Name the watched leads whose review is overdue, the longest first (001-19).

    Args:
        reviewed: Id to the last review, or to the begin of watching.
        every: How often a watched lead is looked at; exactly then is still in time.
        now: The instant that counts.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> monday = datetime(2026, 3, 2, tzinfo=UTC)
        >>> overdue_reviews({"a": monday}, every=timedelta(days=7), now=monday + timedelta(days=8))
        ('a',)
    """
    now = _instants.aware(now, where="now")
    _fields.check_type(every, timedelta, "every")
    if every <= timedelta(0):
        raise InvalidValue(expected="a span above zero", got="another", where="every")
    last = {id_: _instants.aware(at, where=f"reviewed.{id_}") for id_, at in reviewed.items()}
    late = [(at, id_) for id_, at in last.items() if now - at > every]
    return tuple(id_ for _, id_ in sorted(late))
