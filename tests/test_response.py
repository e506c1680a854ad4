"""How soon sales answered, and whether those who were soon got through."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, HOUR, MONDAY, leads
from leadlib.errors import InvalidValue
from leadlib.lifecycle import Accepted, Attempted, CallbackScheduled, HandedBack, Merged
from leadlib.metrics import Rate, contact_rates, untouched
from strategies import all_standings

NOW = MONDAY + 20 * DAY
REACHED = {"reached": True}


def tried(after, **more):
    return (Attempted, after / DAY, more)


def by_name(found):
    return {bucket.name: bucket.rate for bucket in found.buckets}


class TestContactRates:
    @pytest.mark.rule("004-34")
    def test_are_by_the_time_to_the_first_attempt(self):
        answered = leads(
            (18, tried(HOUR, **REACHED)),
            (12, tried(HOUR / 2)),
            (2, tried(25 * HOUR, **REACHED)),
            (8, tried(3 * DAY)),
        )
        found = by_name(contact_rates(answered, now=NOW))

        assert found["up to 1 h"] == Rate(18, 30)
        assert found["up to 1 h"].value == 0.6
        assert found["over 24 h"] == Rate(2, 10)
        assert found["over 24 h"].value == 0.2
        assert found["up to 24 h"] == Rate(0, 0)

    @pytest.mark.rule("004-34", part="the untouched are a bucket of their own")
    def test_keep_the_untouched_apart(self):
        answered = leads((3, tried(HOUR, **REACHED)), (4,), (1, (Accepted, 1)))
        found = contact_rates(answered, now=NOW)

        assert by_name(found)["untouched"] == Rate(0, 5)
        assert found.rate == Rate(3, 8)

    def test_are_by_the_first_attempt_whichever_got_through(self):
        later = leads((1, tried(HOUR), tried(3 * DAY, **REACHED)))

        assert by_name(contact_rates(later, now=NOW))["up to 1 h"] == Rate(1, 1)
        assert by_name(contact_rates(later, now=MONDAY + DAY))["up to 1 h"] == Rate(0, 1)

    def test_take_a_callback_for_a_contact(self):
        asked = leads((1, (Accepted, 0.1), (CallbackScheduled, 0.5, {"due": NOW})))

        assert by_name(contact_rates(asked, now=NOW))["up to 24 h"] == Rate(1, 1)

    def test_do_not_count_what_came_after_the_hand_back(self):
        back = leads((1, (HandedBack, 1, {"reason": "timing"})))

        assert by_name(contact_rates(back, now=NOW))["untouched"] == Rate(0, 1)

    def test_leave_merged_leads_out(self):
        merged = leads((1, tried(HOUR), (Merged, 2, {"into": "M"})))

        assert contact_rates(merged, now=NOW).rate == Rate(0, 0)

    def test_have_edges_of_yours(self):
        answered = leads((2, tried(HOUR)), (1, tried(5 * HOUR)))

        assert by_name(contact_rates(answered, now=NOW, edges=[2 * HOUR])) == {
            "up to 2 h": Rate(0, 2),
            "over 2 h": Rate(0, 1),
            "untouched": Rate(0, 0),
        }
        assert [*by_name(contact_rates(answered, now=NOW, edges=[]))] == ["any time", "untouched"]

    @pytest.mark.parametrize(
        "edges", [[2 * HOUR, HOUR], [HOUR, HOUR], [timedelta(0)], [1], None, HOUR]
    )
    def test_need_edges_that_ascend(self, edges):
        with pytest.raises(InvalidValue):
            contact_rates([], now=NOW, edges=edges)

    @given(all_standings(), st.integers(0, 60))
    def test_put_every_offer_into_one_bucket(self, standings, day):
        now = MONDAY + day * DAY
        found = contact_rates(standings, now=now)
        last = untouched(standings, now=now)

        assert found.rate.n >= last.offered
        assert by_name(found)["untouched"].n >= len(last.leads)
        assert by_name(found)["untouched"].k == 0
        assert contact_rates(reversed([*standings]), now=now) == found

    def test_print_as_a_table(self):
        found = contact_rates(leads((1, tried(HOUR, **REACHED)), (1,)), now=NOW)

        assert str(found).splitlines()[2].split()[:6] == ["up", "to", "1", "h", "1", "1"]
        assert str(found.buckets[0]) == "up to 1 h: 100.0 % [20.7, 100.0]"

    def test_are_plain_data(self):
        plain = json.loads(json.dumps(contact_rates(leads((2,)), now=NOW).to_dict()))

        assert plain["buckets"]["untouched"]["n"] == 2
