"""Points beside the criteria: exact, capped, fading, and honest about what is not known."""

from datetime import timedelta
from decimal import Decimal

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from builders import BUDGET, COMPETITOR, DAY, MONDAY, NEED, STAFF, a_lead, an_inquiry
from leadlib.errors import InvalidValue, LimitExceeded
from leadlib.model import Lead
from leadlib.qualification import (
    Answer,
    Cuts,
    Event,
    Field,
    LeadDefinition,
    Outcome,
    Points,
    Score,
    ScoreCard,
    Temperature,
    grade,
    temperature,
)
from strategies import cards, fixed_conditions, rows

SIZE = ScoreCard(
    [
        Points(20, STAFF >= 50, group="size"),
        Points(30, STAFF >= 500, group="size"),
        Points(15, BUDGET >= 10_000),
        Points(-40, COMPETITOR.is_true()),
    ],
    caps={"size": 40},
    at_least=30,
)


def visits(*days, kind="pricing page"):
    """A lead that did something on these days after the Monday."""
    seen = [an_inquiry(id=f"i-{n}", at=MONDAY + d * DAY, kind=kind) for n, d in enumerate(days)]
    return Lead(id="i-0", inquiries=seen)


def engaged(points, *, half_life="7 days", **bounds):
    return ScoreCard([Points(points, Event("pricing page"), half_life=half_life)], **bounds)


class TestPoints:
    def test_of_all_rules_that_hold_are_added_up(self):
        score = SIZE.score({"staff": 60, "budget": 20_000, "competitor": True})

        assert score.points == 20 + 15 - 40
        assert [rule.points for rule in score.fired] == [20, 15, -40]
        assert score.unknown == ()

    def test_of_a_group_are_capped_together(self):
        score = SIZE.score({"staff": 600, "budget": 1, "competitor": False})

        assert score.points == 40

    def test_of_all_have_a_most_and_a_least(self):
        card = ScoreCard([Points(80, STAFF >= 1), Points(-80, STAFF >= 9)], most=50, least=-10)

        assert card.score({"staff": 1}).points == 50
        assert card.score({"staff": 9}).points == 0
        assert ScoreCard([Points(-80, STAFF >= 9)], least=-10).score({"staff": 9}).points == -10

    @pytest.mark.rule("law-3")
    def test_that_nobody_can_tell_yet_give_a_range(self):
        score = SIZE.score({"staff": 60})

        assert (score.lowest, score.points, score.highest) == (20 - 40, 20, 20 + 15)
        assert [rule.points for rule in score.unknown] == [15, -40]

    def test_are_exact(self):
        card = ScoreCard([Points(0.1, n <= STAFF) for n in range(3)])

        assert card.score({"staff": 3}).points == Decimal("0.3")

    @given(cards(fixed_conditions), rows)
    def test_lie_within_their_range(self, card, row):
        score = card.score(row)

        assert score.lowest <= score.points <= score.highest

    @given(cards(fixed_conditions), rows, rows)
    def test_only_narrow_their_range_when_more_is_known(self, card, known, more):
        known = {name: value for name, value in known.items() if value is not None}
        before, after = card.score(known), card.score({**more, **known})

        assert before.lowest <= after.lowest
        assert after.highest <= before.highest
        assert before.reached is Answer.UNKNOWN or after.reached is before.reached

    @pytest.mark.parametrize(
        ("make", "match"),
        [
            (lambda: Points(True, STAFF >= 1), r"a number.*\$\.points"),
            (lambda: Points(float("nan"), STAFF >= 1), r"\$\.points"),
            (lambda: Points(10**9, STAFF >= 1), "at most 1,000,000 points"),
            (lambda: Points(5, STAFF), "a criterion or an event, got a Field"),
            (lambda: Points(5, STAFF >= 1, half_life="7 days"), "only events fade"),
            (lambda: Points(-5, Event("x"), half_life="7 days"), "does not fade by itself"),
            (lambda: Points(-5, Event("x", within="7 days")), "does not fade by itself"),
            (lambda: Points(5, Event("x"), half_life="1 month"), "half-life in days"),
            (lambda: Points(5, Event("x"), half_life=timedelta(0)), "a period such as 30 days"),
            (lambda: ScoreCard([Points(5, STAFF >= 1)], caps={"x": 1}), r"\$\.caps"),
            (lambda: ScoreCard([Points(5, STAFF >= 1)], most=1, least=2), "least <= most"),
        ],
    )
    def test_that_cannot_be_meant_are_refused(self, make, match):
        with pytest.raises(InvalidValue, match=match):
            make()

    def test_are_given_by_a_bounded_number_of_rules(self):
        for rules in ([], [Points(1, STAFF >= 1)] * 1_001):
            with pytest.raises(LimitExceeded, match="from 1 to 1000 rules"):
                ScoreCard(rules)


class TestThreshold:
    @pytest.mark.rule("003-27")
    def test_is_what_a_score_is_measured_by(self):
        card = ScoreCard([Points(72, STAFF >= 1)], at_least=60)
        score = card.score({"staff": 1})

        assert (score.margin, score.ratio) == (12, 1.2)
        assert str(score).splitlines()[0] == "72 points, 12 above the threshold of 60"

    def test_may_have_a_fraction(self):
        card = ScoreCard([Points(Decimal("0.5"), STAFF >= 1), Points(2, STAFF >= 2)], at_least=2.25)

        assert card.score({"staff": 2}).margin == Decimal("0.25")
        assert str(card.score({"staff": 1})).startswith("0.5 points, 1.75 below")

    def test_is_met_at_the_threshold_itself(self):
        assert ScoreCard([Points(5, STAFF >= 1)], at_least=5).score({"staff": 1}).reached is (
            Answer.YES
        )

    @pytest.mark.parametrize(
        ("facts", "outcome"),
        [
            ({"staff": 600, "budget": 1, "competitor": False}, Outcome.QUALIFIED),
            ({"staff": 60, "budget": 1, "competitor": False}, Outcome.NOT_QUALIFIED),
            ({"staff": 60, "competitor": False}, Outcome.UNDECIDED),
            ({"staff": 10, "budget": 1}, Outcome.NOT_QUALIFIED),
        ],
    )
    def test_of_a_definition_must_be_reached_whatever_is_unknown(self, facts, outcome):
        definition = LeadDefinition("d", STAFF >= 1, fit=SIZE)

        assert definition.judge(a_lead(**facts)).outcome is outcome
        assert definition.assess(facts).outcome is outcome
        assert definition.decide(facts) is outcome

    def test_asks_for_what_moves_most_points(self):
        definition = LeadDefinition("d", STAFF >= 1, fit=SIZE)

        assert definition.judge(a_lead(staff=60)).ask_next == ("competitor", "budget")

    @pytest.mark.rule("004-29", part="a veto beats any score")
    def test_does_not_help_against_a_veto(self):
        """Score 98 and a competitor: disqualified."""
        card = ScoreCard([Points(98, STAFF >= 1)], at_least=60)
        definition = LeadDefinition("d", STAFF >= 1, disqualify=COMPETITOR.is_true(), fit=card)
        verdict = definition.judge(a_lead(staff=1, competitor=True))

        assert verdict.fit.points == 98
        assert verdict.outcome is Outcome.DISQUALIFIED

    @pytest.mark.rule("003-24")
    def test_does_not_help_without_the_call(self):
        """Score 95 without phone evidence: not certified, and the verdict says what lacks."""
        card = ScoreCard([Points(95, STAFF >= 1)], at_least=60)
        definition = LeadDefinition("d", STAFF >= 1, evidence={"phone"}, fit=card)
        verdict = definition.judge(a_lead(staff=1))

        assert verdict.fit.points == 95
        assert verdict.outcome is Outcome.UNDECIDED
        assert verdict.ask_next == ("phone evidence",)

    def test_of_engagement_counts_events(self):
        card = engaged(40, at_least=50)
        definition = LeadDefinition("d", STAFF >= 1, engagement=card)
        once, twice = (
            Lead(
                id="i",
                inquiries=[
                    an_inquiry(id=f"i-{n}", facts={"staff": 5}, kind="pricing page")
                    for n in range(count)
                ],
            )
            for count in (1, 2)
        )

        assert definition.judge(once, now=MONDAY).outcome is Outcome.NOT_QUALIFIED
        assert definition.judge(twice, now=MONDAY).outcome is Outcome.QUALIFIED
        assert definition.judge(twice, now=MONDAY + 7 * DAY).outcome is Outcome.NOT_QUALIFIED
        assert definition.judge(twice, now=MONDAY).engagement.points == 80


class TestFading:
    @pytest.mark.rule("000-09", "M-33")
    @pytest.mark.parametrize(
        ("days", "points", "warmth"),
        [
            (0, 80.0, Temperature.HOT),
            (3.5, 56.569, Temperature.HOT),
            (4, 53.84, Temperature.HOT),
            (5, 48.76, Temperature.WARM),
            (7, 40.0, Temperature.WARM),
            (14, 20.0, Temperature.WARM),
            (14.001, 20.0, Temperature.COLD),
        ],
    )
    def test_follows_the_half_life(self, days, points, warmth):
        """The worked example: 80 points, half-life of 7 days, hot from 50 and warm from 20 on."""
        score = engaged(80).score({}, lead=visits(0), now=MONDAY).at(MONDAY + days * DAY)

        assert score == pytest.approx(points, abs=0.005)
        assert temperature(score) is warmth

    @pytest.mark.rule("M-33")
    def test_says_when_a_lead_leaves_hot_and_warm(self):
        score = engaged(80).score({}, lead=visits(0), now=MONDAY)

        assert (score.when_below(50) - MONDAY) / DAY == pytest.approx(4.7465, abs=0.00005)
        assert (score.when_below(20) - MONDAY) / DAY == pytest.approx(14.0, abs=1e-6)
        assert score.at(MONDAY + 14 * DAY) == 20  # at the threshold it is still warm

    def test_adds_up_over_events(self):
        score = engaged(10).score({}, lead=visits(0, 7), now=MONDAY + 7 * DAY)

        assert score.points == 15

    def test_is_below_at_once_or_never(self):
        lead = visits(0)

        assert engaged(5).score({}, lead=lead, now=MONDAY).when_below(10) == MONDAY
        steady = ScoreCard([Points(5, Event("pricing page"))])
        assert steady.score({}, lead=lead, now=MONDAY).when_below(3) is None

    def test_ends_with_the_window_of_its_event(self):
        card = ScoreCard([Points(5, Event("pricing page", within="30 days"))])
        score = card.score({}, lead=visits(0), now=MONDAY)

        assert score.when_below(1) == MONDAY + 30 * DAY + timedelta(microseconds=1)

    def test_sees_nothing_after_now(self):
        assert engaged(8).score({}, lead=visits(0, 3), now=MONDAY).points == 8

    def test_of_a_verdict_needs_the_instant_of_judging(self):
        """Refused when the lead is judged, not when somebody prints the verdict."""
        definition = LeadDefinition("d", STAFF >= 1, engagement=engaged(8))

        assert definition.is_relative
        with pytest.raises(InvalidValue, match=r"expected an instant, got none.* @ now"):
            definition.judge(a_lead())
        assert "engagement: 0 points" in str(definition.judge(a_lead(), now=MONDAY))

    def test_needs_the_lead_and_the_instant(self):
        with pytest.raises(InvalidValue, match="whose 'pricing page' counts"):
            engaged(8).score({})
        with pytest.raises(InvalidValue, match="depends on it @ now"):
            _ = engaged(8).score({}, lead=visits(0)).points
        steady = ScoreCard([Points(5, Event("pricing page"))]).score({}, lead=visits(0))
        assert steady.points == 5
        with pytest.raises(InvalidValue, match="made at an instant"):
            steady.when_below(1)

    @given(
        st.lists(st.floats(0, 30), min_size=1, max_size=4),
        st.integers(1, 100),
        st.integers(1, 400),
        st.integers(1, 150),
    )
    def test_crosses_the_threshold_where_it_says(self, days, points, hours, threshold):
        now = MONDAY + 30 * DAY
        card = engaged(points, half_life=timedelta(hours=hours))
        score = card.score({}, lead=visits(*days), now=now)
        cold = score.when_below(threshold)

        assert score.at(cold) < threshold
        assert cold == now or score.at(cold - timedelta(microseconds=1)) >= threshold


class TestEvents:
    def test_are_counted_within_their_window(self):
        recent = Event("download", within=relativedelta(days=30))
        definition = LeadDefinition("d", recent >= 2)
        lead = visits(0, 20, 29, kind="download")

        assert definition.judge(lead, now=MONDAY + 40 * DAY).outcome is Outcome.QUALIFIED
        assert definition.judge(lead, now=MONDAY + 51 * DAY).outcome is Outcome.NOT_QUALIFIED
        assert definition.judge(lead, now=MONDAY + 20 * DAY).outcome is Outcome.QUALIFIED

    def test_at_the_edge_of_the_window_count(self):
        definition = LeadDefinition("d", Event("download", within="30 days") >= 1)
        lead = visits(0, kind="download")

        assert definition.judge(lead, now=MONDAY + 30 * DAY).outcome is Outcome.QUALIFIED
        late = MONDAY + 30 * DAY + timedelta(microseconds=1)
        assert definition.judge(lead, now=late).outcome is Outcome.NOT_QUALIFIED

    def test_that_nobody_saw_did_not_happen(self):
        assert LeadDefinition("d", Event("x") < 1).judge(a_lead()).outcome is Outcome.QUALIFIED


class TestGrade:
    @pytest.mark.rule("000-14")
    @pytest.mark.parametrize(
        ("fit", "engagement", "expected"),
        [(0.82, 0.30, "A3"), (0.75, 0.75, "A1"), (0.7499, 0.5, "B2"), (0, 0, "D4"), (1, 0.2, "A4")],
    )
    def test_is_a_letter_for_fit_and_a_digit_for_engagement(self, fit, engagement, expected):
        assert str(grade(fit, engagement)) == expected

    def test_of_a_verdict_stands_on_the_shares_of_its_scores(self):
        card = ScoreCard([Points(82, STAFF >= 1), Points(18, STAFF >= 9)])
        visited = ScoreCard([Points(10, Event("inquiry"), group="web")], caps={"web": 20})
        definition = LeadDefinition("d", STAFF >= 1, fit=card, engagement=visited)

        assert str(definition.judge(a_lead(staff=1), now=MONDAY).grade) == "A2"
        assert LeadDefinition("d", STAFF >= 1, fit=card).judge(a_lead(staff=1)).grade is None

    def test_has_falling_cuts(self):
        assert str(grade(0.4, 0.4, fit_cuts=Cuts([0.3]))) == "A3"
        assert str(grade(0.2, 0.4, fit_cuts=Cuts([0.3]))) == "B3"
        for cuts in ([], [0.5, 0.5], [0.5, 0.7], [2, 1], [0.5, 0], ["x"]):
            with pytest.raises(InvalidValue):
                Cuts(cuts)
        with pytest.raises(InvalidValue):
            grade(float("nan"), 0.5)


class TestTemperature:
    @pytest.mark.rule("M-33")
    def test_counts_the_threshold_itself(self):
        assert temperature(50) is Temperature.HOT
        assert temperature(20) is Temperature.WARM

    def test_has_a_hot_end_and_a_cold_one(self):
        with pytest.raises(InvalidValue, match="hot >= warm"):
            temperature(5, hot=1, warm=2)


def test_a_score_shows_no_fact_and_is_plain_data():
    score = SIZE.score({"staff": 60, "budget": 98_765})

    assert "98765" not in repr(score) + str(score) + str(score.to_dict())
    assert repr(score) == "<Score 35 (from -5 to 35)>"
    assert score.to_dict()["at_least"] == 30
    assert isinstance(SIZE.score_many([{}])[0], Score)
    assert Field("need", str) == NEED
