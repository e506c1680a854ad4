"""How long sales keeps trying, and where its minutes go."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, HOUR, MONDAY, an_offer, leads
from leadlib.errors import InvalidValue
from leadlib.lifecycle import (
    STANDARD,
    Attempted,
    CallbackScheduled,
    Disqualified,
    Erased,
    HandedBack,
    Reopened,
    SalesQualified,
)
from leadlib.metrics import Ending, Rate, persistence, selling_time
from strategies import all_standings

NOW = MONDAY + 60 * DAY
NO_CONTACT = {"reason": "no contact"}
NO_NEED = {"reason": "no need"}


def tried(count, *, start=1, **last):
    """So many attempts, one a day."""
    steps = [(Attempted, start + n) for n in range(count)]
    return [*steps[:-1], (Attempted, start + count - 1, last)] if count else []


def reached(count):
    return tried(count, reached=True)


def given_up(count):
    return [*tried(count), (HandedBack, 30, NO_CONTACT)]


class TestPersistence:
    @pytest.mark.rule("M-19")
    def test_counts_attempts_until_contact_or_closure(self):
        """Attempts 1, 1, 2 with contact; 6, 3, 0, 0, 1 without: 14 of eight, 14 of six touched."""
        contacts = [(1, *reached(count)) for count in (1, 1, 2)]
        closed = [(1, *given_up(count)) for count in (6, 3, 0, 0, 1)]
        found = persistence(leads(*contacts, *closed), now=NOW)

        assert sorted(found.attempts) == [0, 0, 1, 1, 1, 2, 3, 6]
        assert found.mean == 1.75
        assert found.mean_touched == pytest.approx(2.33, abs=5e-3)
        assert found.gave_up_early == Rate(4, 5)
        assert found.reached == Rate(3, 8)

    def test_stops_counting_at_the_first_contact(self):
        [standing] = leads((1, *reached(2), *tried(5, start=10)))

        assert persistence([standing], now=NOW).series == ((2, Ending.CONTACT),)

    @pytest.mark.parametrize(
        "step", [(SalesQualified, 5), (CallbackScheduled, 5, {"due": MONDAY + 9 * DAY})]
    )
    def test_takes_what_only_a_conversation_gives_as_contact(self, step):
        assert persistence(leads((1, *tried(2), step)), now=NOW).series == ((2, Ending.CONTACT),)

    def test_leaves_out_who_is_still_being_tried_or_is_gone(self):
        found = persistence(leads((2, *tried(3)), (1, *tried(1), (Erased, 5))), now=NOW)

        assert (found.count("open"), found.count("gone"), found.mean) == (2, 1, None)
        assert str(found) == "no attempts have ended"

    def test_takes_six_attempts_as_enough_unless_told(self):
        standings = leads((1, *given_up(5)), (1, *given_up(6)))

        assert persistence(standings, now=NOW).gave_up_early == Rate(1, 2)
        assert persistence(standings, now=NOW, least=5).gave_up_early == Rate(0, 2)

    def test_does_not_count_what_marketing_tries(self):
        events = [*an_offer()[:2], Attempted(lead="L", at=MONDAY - 1.5 * HOUR), *an_offer()[2:]]
        back = HandedBack(lead="L", at=MONDAY + DAY, reason="timing")
        standing = STANDARD.replay([*events, back])

        assert persistence([standing], now=NOW).series == ((0, Ending.CLOSED),)

    @pytest.mark.parametrize("least", [0, -1, 1.5, None, True])
    def test_takes_a_number_of_attempts(self, least):
        with pytest.raises(InvalidValue):
            persistence([], now=NOW, least=least)

    def test_prints_and_is_plain_data(self):
        found = persistence(leads((1, *reached(2)), (1, *given_up(0))), now=NOW)

        assert str(found).splitlines() == [
            "attempts: 1.00 on average, 2.00 where there were any",
            "reached: 50.0 % [9.5, 90.5]",
            "closed without contact before 6 attempts: 100.0 % [20.7, 100.0]",
        ]
        assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
        assert "- where" in str(persistence(leads((1, *given_up(0))), now=NOW))


class TestSellingTime:
    @pytest.mark.rule("003-14")
    @pytest.mark.rule("004-20")
    def test_is_not_spent_on_leads_that_are_ruled_out(self):
        """60 leads with 20 minutes each; 15 of them were disqualified later."""
        call = (Attempted, 1, {"minutes": 20})
        found = selling_time(leads((45, call), (15, call, (Disqualified, 2, NO_NEED))), now=NOW)

        assert (found.minutes, found.ruled_out) == (1_200, 300)
        assert (found.selling, found.selling.value) == (Rate(900, 1_200), 0.75)
        assert (found.qualifying_out, found.qualifying_out.value) == (Rate(300, 1_200), 0.25)

    def test_counts_leads_that_marketing_rules_out_after_a_hand_back(self):
        steps = [
            (Attempted, 1, {"minutes": 20}),
            (HandedBack, 2, NO_CONTACT),
            (Disqualified, 3, NO_NEED),
        ]

        assert selling_time(leads((1, *steps)), now=NOW).qualifying_out == Rate(20, 20)

    def test_takes_back_what_was_reopened(self):
        steps = [
            (Attempted, 1, {"minutes": 20}),
            (Disqualified, 2, NO_NEED),
            (Reopened, 3, {"evidence": "a new budget"}),
        ]

        assert selling_time(leads((1, *steps)), now=NOW).qualifying_out == Rate(0, 20)
        early = selling_time(leads((1, *steps)), now=MONDAY + 2 * DAY)
        assert early.qualifying_out == Rate(20, 20)

    def test_does_not_count_what_marketing_logs(self):
        call = Attempted(lead="L", at=MONDAY - 1.5 * HOUR, minutes=20)
        standing = STANDARD.replay([*an_offer()[:2], call, *an_offer()[2:]])

        assert selling_time([standing], now=NOW).minutes == 0

    def test_says_how_many_attempts_tell_no_time(self):
        found = selling_time(leads((1, *tried(2))), now=NOW)

        assert (found.unlogged, str(found.selling)) == (2, "-")
        assert str(found) == (
            "0 minutes logged: selling -, qualifying out -; 2 attempts without time"
        )
        assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


class TestLaws:
    @given(all_standings())
    def test_every_offer_is_one_series(self, standings):
        found = persistence(standings, now=NOW)

        assert sum(map(found.count, Ending)) == sum(standing.offers for standing in standings)

    @pytest.mark.parametrize("measure", [persistence, selling_time])
    @given(all_standings(), st.integers(0, 40), st.randoms(use_true_random=False))
    def test_later_events_order_and_duplicates_change_nothing(
        self, measure, standings, half_days, chance
    ):
        now = MONDAY + half_days * DAY / 2
        then = [standing.as_of(now) for standing in standings]
        delivered = standings + standings[::2]
        chance.shuffle(delivered)

        assert measure(delivered, now=now) == measure(then, now=now)
