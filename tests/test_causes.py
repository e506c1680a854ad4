"""Why leads leaked: one cause for each, and every lead in one bucket."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, an_offer, an_override, leads
from leadlib import StageLog
from leadlib.errors import ConflictError, InvalidValue
from leadlib.lifecycle import (
    LOST,
    OPPORTUNITY,
    STANDARD,
    WORKING,
    Attempted,
    Deferred,
    Disqualified,
    Erased,
    HandedBack,
    Inquired,
    Lost,
    Merged,
    OpportunityOpened,
    Rejected,
    Reopened,
    SalesQualified,
)
from leadlib.metrics import Leakage, LeakCause, Rate, leak_causes, leakage, persistence
from strategies import all_standings

NOW = MONDAY + 60 * DAY
NO_NEED = {"reason": "no need"}
NO_CONTACT = {"reason": "no contact"}
REACHED = {"reached": True}
RULED_OUT = (Disqualified, 3, NO_NEED)
BACK = (HandedBack, 20, NO_CONTACT)
DEAL = {"amount": Decimal(40_000), "currency": "EUR"}
POOR, LIMITED, COLD, UNREACHED, OTHER = LeakCause
CLOSING = STANDARD.with_move(WORKING, Lost, LOST)


def tries(count, **more):
    return [(Attempted, day, more) for day in range(1, count + 1)]


def the_cause(*happened, offer=None, **asked):
    """Give the one cause of one lead."""
    [standing] = leads((1, *happened), **({} if offer is None else {"offer": offer}))
    return [*leak_causes([standing], now=NOW, **asked).causes.values()]


class TestPoorQualification:
    @pytest.mark.rule("000-08")
    def test_is_what_sales_rules_out_after_the_hand_off(self):
        """NO_NEED three days after the hand-off, whatever sales had tried by then."""
        found = leak_causes(leads((1, RULED_OUT)), now=NOW)

        assert found.causes == {"L000": LeakCause.POOR_QUALIFICATION}
        assert found.leakage == Leakage(arrived=0, open=0, lost=1, causes={"poor qualification": 1})
        assert the_cause(*tries(2), RULED_OUT) == [POOR]
        assert the_cause(*tries(2, reached=True), RULED_OUT) == [POOR]

    def test_is_not_seen_before_it_happened(self):
        found = leak_causes(leads((1, RULED_OUT)), now=MONDAY + 2 * DAY)

        assert (found.causes, found.open) == ({}, 1)

    def test_is_not_what_marketing_rules_out(self):
        early = STANDARD.replay(
            [Inquired(lead="A", at=MONDAY), Disqualified(lead="A", at=MONDAY + DAY, **NO_NEED)]
        )
        late = leads((1, BACK, (Disqualified, 21, NO_NEED)))

        assert leak_causes([early, *late], now=NOW).ruled_out == 2

    @pytest.mark.parametrize("word", [(Disqualified, 3, {"reason": "opted out of everything"})])
    def test_is_not_who_wants_to_hear_no_more(self, word):
        assert leak_causes(leads((1, word)), now=NOW).ruled_out == 1

    def test_is_taken_back_with_new_evidence(self):
        found = leak_causes(leads((1, RULED_OUT, (Reopened, 5, {"evidence": "mail"}))), now=NOW)

        assert (found.causes, found.open) == ({}, 1)

    def test_is_what_never_had_a_certificate(self):
        assert the_cause(*tries(6), offer=an_override, cold=["L000"]) == [POOR]

    @pytest.mark.parametrize("reason", ["not qualified", "wrong person", "bad data"])
    def test_is_what_sales_returned_as_none(self, reason):
        back = (Rejected, 1, {"reason": reason})

        assert the_cause(back, returned_as_lost=True) == [POOR]


class TestLimitedFollowUp:
    @pytest.mark.rule("000-10")
    def test_is_closed_before_the_agreed_attempts(self):
        """After 1 of at least 6 attempts, and after 6 of them without contact."""
        closed = (Lost, 20, {"reason": "no answer"})
        after = {count: [*tries(count), closed] for count in (1, 5, 6)}
        causes = {
            count: leak_causes([closing(*happened)], now=NOW, least=6).causes["L"]
            for count, happened in after.items()
        }

        assert causes == {
            1: LeakCause.LIMITED_FOLLOW_UP,
            5: LeakCause.LIMITED_FOLLOW_UP,
            6: LeakCause.NO_CONTACT,
        }

    @pytest.mark.rule("000-10", part="handed back, if that counts as lost")
    @pytest.mark.parametrize(
        ("count", "cause"), [(0, LIMITED), (1, LIMITED), (5, LIMITED), (6, UNREACHED)]
    )
    def test_is_handed_back_before_the_agreed_attempts(self, count, cause):
        assert the_cause(*tries(count), BACK, returned_as_lost=True) == [cause]
        assert the_cause(*tries(count), BACK) == []

    def test_is_what_persistence_calls_given_up_early(self):
        given_up = leads((3, *tries(1), BACK), (2, *tries(6), BACK))
        found = leak_causes(given_up, now=NOW, returned_as_lost=True)

        assert found.share(LIMITED) == persistence(given_up, now=NOW).gave_up_early == Rate(3, 5)

    def test_is_not_where_sales_got_through(self):
        assert the_cause((Attempted, 1, REACHED), BACK, returned_as_lost=True) == [OTHER]

    def test_hangs_on_the_number_that_was_agreed(self):
        assert the_cause(*tries(2), BACK, returned_as_lost=True, least=2) == [UNREACHED]
        assert the_cause(*tries(2), BACK, returned_as_lost=True, least=3) == [LIMITED]

    @pytest.mark.parametrize("least", [0, -1, 1.5, None, True])
    def test_is_below_a_number_from_one_on(self, least):
        with pytest.raises(InvalidValue):
            leak_causes([], now=NOW, least=least)


class TestWentCold:
    def test_is_given_by_the_ids(self):
        assert the_cause(*tries(6), cold=["L000"]) == [COLD]
        assert the_cause(*tries(1), cold=["L000"]) == [LIMITED]
        assert the_cause(*tries(6), cold=["L001"]) == []

    def test_needs_no_hand_off(self):
        standing = STANDARD.replay(
            [Inquired(lead="A", at=MONDAY), Deferred(lead="A", at=MONDAY + DAY)]
        )

        assert leak_causes([standing], now=NOW, cold={"A"}).causes == {"A": COLD}

    @pytest.mark.parametrize("cold", ["L000", None, 7])
    def test_takes_ids(self, cold):
        with pytest.raises(InvalidValue):
            leak_causes([], now=NOW, cold=cold)


class TestLeakCauses:
    def cohort(self):
        deal = [(Attempted, 1, REACHED), (SalesQualified, 2), (OpportunityOpened, 3, DEAL)]
        return leads(
            (4, RULED_OUT),
            (3, *deal, (Lost, 9, {"reason": "price"})),
            (2, *tries(1)),
            (5, *tries(1), BACK),
            (1, (Merged, 2, {"into": "L000"})),
            (1, (Erased, 2)),
        )

    @pytest.mark.rule("000-08", "000-10", part="with the rest, the causes sum to the cohort")
    def test_sum_to_the_cohort(self):
        found = leak_causes(self.cohort(), now=NOW, returned_as_lost=True)

        assert (found.arrived, found.open, found.ruled_out, found.merged) == (3, 2, 1, 1)
        assert found.counts == {POOR: 4, LIMITED: 5, COLD: 0, UNREACHED: 0, OTHER: 0}
        assert found.leakage.entered == 15
        assert str(found.share(POOR)) == "44.4 % [18.9, 73.3]"

    def test_feed_the_leakage_of_a_log(self):
        """A log knows who was lost; the causes say to what."""
        cohort = leads((4, RULED_OUT), (2, *tries(1)))
        log = StageLog.from_events([e for s in cohort for e in s.events], lifecycle=STANDARD)
        causes = leak_causes(cohort, now=NOW).causes
        leaks = leakage(log, stages=["inquiry", "handed_off", OPPORTUNITY], causes=causes)

        assert leaks.causes == {"poor qualification": 4}
        assert (leaks.lost, leaks.open) == (4, 2)

    def test_print_as_leakage(self):
        found = leak_causes(self.cohort(), now=NOW, returned_as_lost=True)

        assert str(found) == str(found.leakage)
        assert "limited follow-up" in str(found)

    def test_are_plain_data(self):
        found = leak_causes(self.cohort(), now=NOW, returned_as_lost=True)
        plain = json.loads(json.dumps(found.to_dict()))

        assert plain["leads"]["L000"] == "poor qualification"
        assert plain["leakage"]["lost"] == 9
        assert "L000" not in repr(found)

    def test_are_of_one_standing_for_each_lead(self):
        one, other = leads((1,)), leads((1, RULED_OUT))

        with pytest.raises(ConflictError):
            leak_causes([*one, *other], now=NOW)

    @pytest.mark.rule("000-08", "000-10", part="exclusive, whatever happened")
    @given(all_standings(), st.integers(0, 60), st.booleans(), st.data())
    def test_put_every_lead_into_one_bucket(self, standings, day, returned_as_lost, data):
        cold = data.draw(st.sets(st.sampled_from([s.lead for s in standings] or ["none"])))
        now = MONDAY + day * DAY
        asked = {"now": now, "cold": cold, "returned_as_lost": returned_as_lost}
        found = leak_causes(standings, **asked)
        there = sum(standing.as_of(now) is not None for standing in standings)

        assert found.leakage.entered + found.merged == there
        assert sum(found.counts.values()) == len(found.causes) == found.leakage.lost
        assert leak_causes(reversed([*standings]), **asked) == found


def closing(*happened):
    """Give a lead of a lifecycle in which sales may close what it works."""
    later = [kind(lead="L", at=MONDAY + day * DAY, **more) for kind, day, more in happened]
    return CLOSING.replay([*an_offer("L"), *later])
