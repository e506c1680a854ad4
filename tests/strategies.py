"""Random criteria, definitions, rows and lives of leads, shared by tests."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from builders import DAY, MONDAY, a_certificate
from leadlib.lifecycle import (
    STANDARD,
    Accepted,
    Attempted,
    Banded,
    CallbackScheduled,
    Churned,
    Deferred,
    Disqualified,
    Erased,
    HandedBack,
    HandedOff,
    Inquired,
    Lost,
    Merged,
    OpportunityOpened,
    Overridden,
    Parked,
    PassedOn,
    Qualified,
    Quoted,
    Reassigned,
    Rejected,
    Reopened,
    Reviewed,
    SalesQualified,
    Triaged,
    Won,
    with_override,
)
from leadlib.qualification import (
    AtLeast,
    Case,
    Field,
    LeadDefinition,
    Not,
    Points,
    ScoreCard,
)

NOW = MONDAY + timedelta(days=40)

TEXT = Field("title", str)
PLACE = Field("place", str)
STAFF = Field("staff", int, unit="people")
PRICE = Field("price", Decimal, unit="EUR")
SINCE = Field("since", date)
SEEN = Field("seen", datetime)
RIVAL = Field("rival", bool)
FIELDS = (TEXT, PLACE, STAFF, PRICE, SINCE, SEEN, RIVAL)

TEXTS = (
    "vp",
    "VP",
    "Vp Sales",
    "mvp",
    "head-of",
    "head of",
    "İ",
    "i",
    "straße",
    "é",
    "vp\n",
    "50%",
)
INSTANTS = tuple(MONDAY + timedelta(hours=h) for h in (-1, 0, 1, 24 * 39, 24 * 40, 24 * 41))
DAYS = tuple(MONDAY.date() + timedelta(days=d) for d in (-1, 0, 1, 38, 39, 40, 41, 400))
PRICES = (Decimal("0.1"), Decimal("0.3"), Decimal(10), Decimal("10.5"), Decimal(-1))

_cases = st.sampled_from(Case)
_texts = st.lists(st.sampled_from(TEXTS).map(str.strip), min_size=1, max_size=3, unique=True)
_bounds = {
    STAFF: st.integers(-2, 60),
    PRICE: st.sampled_from(PRICES),
    SINCE: st.sampled_from(DAYS),
    SEEN: st.sampled_from(INSTANTS),
}


def _on_text(field):
    made = st.sampled_from(
        [field.is_one_of, field.contains_any, field.starts_with_any, field.has_word]
    )
    return st.tuples(made, _texts, _cases).map(lambda t: t[0](*t[1], case=t[2]))


def _on_order(field):
    compare = st.sampled_from(["__ge__", "__le__", "__gt__", "__lt__"])
    single = st.tuples(compare, _bounds[field]).map(lambda t: getattr(field, t[0])(t[1]))
    pair = st.tuples(_bounds[field], _bounds[field]).map(sorted)
    options = st.lists(_bounds[field], min_size=1, max_size=3)
    return (
        single | pair.map(lambda t: field.between(*t)) | options.map(lambda t: field.is_one_of(*t))
    )


fixed_conditions = st.one_of(
    *map(_on_text, (TEXT, PLACE)),
    *map(_on_order, (STAFF, PRICE, SINCE, SEEN)),
    st.sampled_from([RIVAL.is_true(), RIVAL.is_false()]),
)
relative_conditions = st.tuples(
    st.sampled_from([SINCE, SEEN]),
    st.sampled_from(["within_last", "within_next", "older_than"]),
    st.sampled_from(["1 day", "39 days", "1 month"]),
).map(lambda t: getattr(t[0], t[1])(t[2]))


def trees(conditions, *, leaves=6):
    """Criteria of any shape over these conditions."""
    return st.recursive(
        conditions,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda p: p[0] & p[1]),
            st.tuples(inner, inner).map(lambda p: p[0] | p[1]),
            inner.map(lambda part: Not(part=part)),
            st.lists(inner, min_size=1, max_size=4).flatmap(
                lambda parts: st.integers(1, len(parts)).map(
                    lambda count: AtLeast(count=count, parts=parts)
                )
            ),
        ),
        max_leaves=leaves,
    )


def cards(conditions):
    """Scores with caps, bounds and a threshold."""
    group = st.sampled_from([None, "a", "b"])
    points = st.integers(-30, 30) | st.sampled_from([Decimal("0.5"), Decimal("-2.25")])
    rule = st.tuples(points, trees(conditions, leaves=2), group)
    return st.tuples(
        st.lists(rule, min_size=1, max_size=5),
        st.booleans(),
        st.none() | st.integers(-20, 40),
    ).map(_card)


def _card(drawn):
    rules, capped, at_least = drawn
    rules = [Points(points, when, group=group) for points, when, group in rules]
    caps = {rule.group: 10 for rule in rules if rule.group} if capped else {}
    bounds = {"most": 50, "least": -25} if capped else {}
    return ScoreCard(rules, caps=caps, at_least=at_least, **bounds)


def definitions(conditions=fixed_conditions):
    """Definitions with or without a veto and a score."""
    tree = trees(conditions)
    return st.tuples(tree, st.none() | tree, st.none() | cards(conditions)).map(
        lambda t: LeadDefinition("d", t[0], disqualify=t[1], fit=t[2])
    )


rows = st.fixed_dictionaries(
    {},
    optional={
        "title": st.none() | st.sampled_from(TEXTS),
        "place": st.none() | st.sampled_from(TEXTS),
        "staff": st.none() | st.integers(-3, 61),
        "price": st.none() | st.sampled_from(PRICES),
        "since": st.none() | st.sampled_from(DAYS),
        "seen": st.none() | st.sampled_from(INSTANTS),
        "rival": st.none() | st.booleans(),
    },
)
"""What a lead of ours can hold."""

ODD = (
    None,
    True,
    False,
    0,
    1,
    50,
    50.0,
    0.1,
    float("nan"),
    float("inf"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("1e1000000"),
    "vp",
    b"vp",
    [],
    ["vp"],
    {},
    object(),
    date(2026, 3, 2),
    datetime(2026, 3, 2),
    datetime(2026, 3, 2, tzinfo=UTC),
    datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
)
odd_rows = st.fixed_dictionaries({field.name: st.sampled_from(ODD) for field in FIELDS})
"""What a stranger may hand in instead."""


LIFECYCLE = with_override(STANDARD)
_OFFER = {"to": "sam", "brief": "b"}
_HAPPENINGS = (
    # what leads on comes more than once, so that many lives get far
    (Triaged, lambda _: {}),
    (Triaged, lambda _: {}),
    (Qualified, lambda at: {"certificate": a_certificate(at=at)}),
    (Qualified, lambda at: {"certificate": a_certificate(at=at)}),
    (HandedOff, lambda at: {"certificate": a_certificate(at=at), **_OFFER}),
    (HandedOff, lambda at: {"certificate": a_certificate(at=at), **_OFFER}),
    (Overridden, lambda _: {"reason": "met at the fair", "approver": "ana", **_OFFER}),
    (Banded, lambda _: {}),
    (PassedOn, lambda _: {"account": "acme", **_OFFER}),
    (Accepted, lambda _: {}),
    (Attempted, lambda _: {"minutes": 10}),
    (Attempted, lambda _: {"reached": True, "minutes": 30}),
    (SalesQualified, lambda _: {}),
    (SalesQualified, lambda _: {}),
    (OpportunityOpened, lambda _: {"amount": Decimal(40_000), "currency": "EUR"}),
    (OpportunityOpened, lambda _: {"amount": Decimal(40_000), "currency": "EUR"}),
    (Quoted, lambda _: {"quote": "q-1"}),
    (CallbackScheduled, lambda at: {"due": at + 3 * DAY}),
    (Won, lambda _: {}),
    (Lost, lambda _: {"reason": "price"}),
    (Rejected, lambda _: {"reason": "not qualified"}),
    (HandedBack, lambda at: {"reason": "timing", "not_before": at + 100 * DAY}),
    (HandedBack, lambda _: {"reason": "no contact"}),
    (Disqualified, lambda _: {"reason": "no need"}),
    (Reopened, lambda _: {"evidence": "a new budget"}),
    (Deferred, lambda _: {}),
    (Parked, lambda _: {"reason": "far away"}),
    (Reviewed, lambda _: {}),
    (Reassigned, lambda _: {"to": "kim"}),
    (Inquired, lambda _: {}),
    (Churned, lambda _: {}),
    (Merged, lambda _: {"into": "another"}),
    (Erased, lambda _: {}),
)


def _life(drawn, lead, lifecycle):
    """A walk through the lifecycle, one step in half a day; a tenth of the steps are only notes."""
    standing = lifecycle.move(None, Inquired(lead=lead, at=MONDAY))
    for number, lot in enumerate(drawn, start=1):
        at = MONDAY + number * DAY / 2
        kinds = lifecycle.anywhere if lot % 10 == 0 else lifecycle.table[standing.stage]
        legal = [what for what in _HAPPENINGS if what[0] in kinds]
        if legal and not standing.stage.is_final:
            kind, more = legal[lot // 10 % len(legal)]
            parts = more(at)
            if "certificate" in parts:
                parts = parts | {"certificate": a_certificate(lead, at=at)}
            standing = lifecycle.move(standing, kind(lead=lead, at=at, **parts))
    return standing


_LOTS = st.one_of(  # short lives and long ones: left alone, most lists are short
    st.lists(st.integers(0, 999), max_size=6),
    st.lists(st.integers(0, 999), min_size=12, max_size=40),
)


def histories(lead="L"):
    """The events of one lead, as the standard lifecycle allows them."""
    return _LOTS.map(lambda drawn: list(_life(drawn, lead, STANDARD).events))


def all_standings(most=6):
    """Where some leads stand, by the standard lifecycle with overrides."""
    return st.lists(_LOTS, max_size=most).map(
        lambda lives: [_life(lots, f"L{number}", LIFECYCLE) for number, lots in enumerate(lives)]
    )
