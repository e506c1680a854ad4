"""Which rep gets which lead, and why."""

import copy
import json
import pickle
from collections import Counter
from datetime import datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_certificate, an_inquiry
from leadlib import Assignment, Rep, Routing, RoutingRule, route
from leadlib.errors import ConflictError, InvalidValue, LimitExceeded, UnknownName
from leadlib.handoff import Method, Skipped, previous_rep, route_many
from leadlib.lifecycle import (
    Accepted,
    Deferred,
    HandedBack,
    HandedOff,
    Inquired,
    Qualified,
    ReturnReason,
    Triaged,
)
from leadlib.model import Lead
from leadlib.qualification import Field

COUNTRY = Field("country", str)
STAFF = Field("staff", int, unit="people")
DACH = COUNTRY.is_one_of("DE", "AT", "CH")
MID = RoutingRule(name="mid", to="DACH-MM", when=DACH & (STAFF >= 250))
SMALL = RoutingRule(name="small", to="DACH-SMB", when=DACH & (STAFF < 250))


def a_lead(id="L", **facts):
    return Lead(id=id, inquiries=[an_inquiry(id=f"i-{id}", facts=facts)])


def leads(count):
    return [a_lead(f"L{number:03}") for number in range(count)]


def a_routing(*reps, rules=(MID, SMALL), **changes):
    return Routing(rules=rules, reps=reps, **{"default": "DEFAULT"} | changes)


def everybody(method=Method.ROUND_ROBIN, **changes):
    """One rule for all leads."""
    return (RoutingRule(name="all", to="inside", method=method, **changes),)


def inside(name="sam", **changes):
    return Rep(name=name, teams=["inside"], **changes)


def counts(assignments):
    return dict(Counter(each.rep for each in assignments))


MIDDLE = a_lead(country="DE", staff=500)


class TestRules:
    @pytest.mark.rule("004-05")
    def test_send_a_lead_to_the_team_of_its_territory(self):
        """DE with 500 staff goes to DACH-MM."""
        assignment = route(MIDDLE, a_routing(), at=MONDAY)

        assert (assignment.queue, assignment.rule, assignment.alert) == ("DACH-MM", "mid", False)
        assert assignment.to == "DACH-MM"

    @pytest.mark.rule("004-05")
    def test_leave_a_lead_that_none_places_in_the_default_queue_with_an_alert(self):
        assignment = route(a_lead(country="US", staff=500), a_routing(), at=MONDAY)

        assert (assignment.queue, assignment.rule, assignment.alert) == ("DEFAULT", None, True)
        assert assignment.why == (
            "mid does not hold",
            "small does not hold",
            "no rule placed it: somebody must look",
        )

    def test_do_not_take_unknown_for_yes(self):
        assignment = route(a_lead(country="DE"), a_routing(), at=MONDAY)

        assert assignment.alert
        assert assignment.why[0] == "mid is open, and unknown is not yes: ask staff"

    def test_count_in_their_order(self):
        first = RoutingRule(name="first", to="A", when=DACH)
        second = RoutingRule(name="second", to="B", when=DACH)

        for rules, queue in (((first, second), "A"), ((second, first), "B")):
            assert route(MIDDLE, a_routing(rules=rules), at=MONDAY).queue == queue

    def test_without_a_criterion_always_hold(self):
        assignment = route(a_lead(), a_routing(inside(), rules=everybody()), at=MONDAY)

        assert (assignment.rep, assignment.to, assignment.queue) == ("sam", "sam", "inside")
        assert assignment.why == ("all holds: always", "sam by round robin")

    def test_may_name_their_reps(self):
        rules = (RoutingRule(name="all", to="inside", reps=["eva"]),)

        assert route(a_lead(), a_routing(inside(), inside("eva"), rules=rules), at=MONDAY).rep == (
            "eva"
        )

    def test_may_ask_for_skills(self):
        routing = a_routing(
            inside(skills=["CIP"]),
            inside("eva", skills=["CIP", "aseptic"]),
            rules=everybody(skills=["aseptic"]),
        )
        assignment = route(a_lead(), routing, at=MONDAY)

        assert assignment.rep == "eva"
        assert dict(assignment.skipped) == {"sam": Skipped.LACKS_SKILL}

    def test_pass_a_lead_on_if_nobody_can_take_it(self):
        """The next rule that holds is tried; then the default queue, with an alert."""
        full = Rep(name="sam", teams=["A"], capacity=0)
        rules = [RoutingRule(name="first", to="A"), RoutingRule(name="second", to="B")]
        placed = route(a_lead(), a_routing(full, rules=rules), at=MONDAY)
        lost = route(a_lead(), a_routing(full, rules=rules[:1]), at=MONDAY)

        assert (placed.queue, placed.rule, placed.alert) == ("B", "second", False)
        assert "nobody of A can take it" in placed.why
        assert (lost.queue, lost.rule, lost.alert) == ("DEFAULT", None, True)

    def test_ask_for_dates_at_the_instant_of_routing(self):
        fresh = RoutingRule(
            name="fresh", to="A", when=Field("seen", datetime).within_last("7 days")
        )
        lead = a_lead(seen=MONDAY)
        queues = [
            route(lead, a_routing(rules=[fresh]), at=MONDAY + days * DAY).queue for days in (7, 8)
        ]

        assert queues == ["A", "DEFAULT"]

    def test_do_not_see_what_was_said_later(self):
        later = an_inquiry(id="i-2", at=MONDAY + DAY, facts={"staff": 500})
        lead = Lead(id="L", inquiries=[an_inquiry(facts={"country": "DE", "staff": 10}), later])

        assert route(lead, a_routing(), at=MONDAY).queue == "DACH-SMB"
        assert route(lead, a_routing(), at=MONDAY + DAY).queue == "DACH-MM"


class TestCapacity:
    @pytest.mark.rule("001-13")
    def test_that_is_used_up_lets_a_rep_be_skipped(self):
        """45 open, at most 30."""
        busy = inside(capacity=30, open_load=45)
        assignment = route(a_lead(), a_routing(busy, inside("eva"), rules=everybody()), at=MONDAY)

        assert busy.is_overloaded
        assert assignment.rep == "eva"
        assert dict(assignment.skipped) == {"sam": Skipped.OVERLOADED}
        assert "skipped: sam (overloaded: 45 open, at most 30)" in assignment.why

    @pytest.mark.parametrize(("load", "rep"), [(29, "sam"), (30, None)])
    def test_is_used_up_at_its_bound(self, load, rep):
        routing = a_routing(inside(capacity=30, open_load=load), rules=everybody())

        assert route(a_lead(), routing, at=MONDAY).rep == rep


class TestAbsence:
    @pytest.mark.parametrize(
        ("day", "rep"), [(-1, "sam"), (0, "eva"), (6, "eva"), (7, "sam"), (8, "sam")]
    )
    def test_holds_from_its_start_until_before_its_end(self, day, rep):
        away = inside(absent=[(MONDAY, MONDAY + 7 * DAY)])
        lead = Lead(id="L", inquiries=[an_inquiry(at=MONDAY - 2 * DAY)])
        routing = a_routing(away, inside("eva"), rules=everybody())
        assignment = route(lead, routing, at=MONDAY + day * DAY)

        assert assignment.rep == rep
        assert dict(assignment.skipped) == ({"sam": Skipped.ABSENT} if rep == "eva" else {})


def a_story(*, reason=ReturnReason.TIMING, accepted_by="sam"):
    """Handed to the queue, taken by a rep, given back, certified again 90 days later."""
    first, again = a_certificate(), a_certificate(at=MONDAY + 90 * DAY)
    return [
        Inquired(lead="L", at=MONDAY),
        Qualified(lead="L", at=MONDAY, seq=1, certificate=first),
        HandedOff(lead="L", at=MONDAY, seq=2, certificate=first, to="DACH-MM", brief="b"),
        Accepted(lead="L", at=MONDAY + DAY, by=accepted_by),
        HandedBack(lead="L", at=MONDAY + 2 * DAY, reason=reason),
        Deferred(lead="L", at=MONDAY + 3 * DAY),
        Triaged(lead="L", at=MONDAY + 90 * DAY),
        Qualified(lead="L", at=MONDAY + 90 * DAY, seq=1, certificate=again),
    ]


class TestSameRep:
    ROUTING = a_routing(
        Rep(name="eva", teams=["DACH-MM"]), Rep(name="sam", teams=["DACH-MM"], open_load=9)
    )

    @pytest.mark.rule("003-09")
    def test_gets_a_lead_that_is_qualified_again_after_90_days(self):
        """The rules alone would choose Eva."""
        previous = previous_rep(a_story())
        again = route(MIDDLE, self.ROUTING, at=MONDAY + 90 * DAY, previous=previous)

        assert (again.rep, again.queue, again.rule) == ("sam", "DACH-MM", "same rep")
        assert again.why == ("sam had it before",)
        assert route(MIDDLE, self.ROUTING, at=MONDAY + 90 * DAY).rep == "eva"

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"capacity": 9}, "overloaded: 9 open, at most 9"),
            ({"absent": [(MONDAY, MONDAY + DAY)]}, "absent"),
        ],
    )
    def test_is_skipped_if_absent_or_overloaded(self, changes, why):
        sam = Rep(name="sam", teams=["DACH-MM"], **{"open_load": 9} | changes)
        assignment = route(MIDDLE, a_routing(self.ROUTING.reps[0], sam), at=MONDAY, previous="sam")

        assert assignment.rep == "eva"
        assert assignment.why[0] == f"had it before, but is skipped: sam ({why})"

    def test_may_have_left(self):
        assignment = route(MIDDLE, self.ROUTING, at=MONDAY, previous="bo")

        assert assignment.rep == "eva"
        assert assignment.why[0] == "who had it before is no longer here"

    def test_does_not_count_where_the_routing_says_so(self):
        routing = a_routing(*self.ROUTING.reps, same_rep=False)

        assert route(MIDDLE, routing, at=MONDAY, previous="sam").rep == "eva"

    def test_is_whoever_accepted_or_else_got_the_lead(self):
        assert previous_rep(a_story()) == "sam"
        assert previous_rep(a_story(accepted_by=None)) == "DACH-MM"
        assert previous_rep(reversed(a_story())) == "sam"
        assert previous_rep(()) is None

    def test_is_not_the_one_of_the_wrong_territory(self):
        assert previous_rep(a_story(reason=ReturnReason.WRONG_TERRITORY)) is None

    def test_is_asked_of_one_lead(self):
        with pytest.raises(ConflictError, match="events of lead 'L'"):
            previous_rep([*a_story(), Inquired(lead="M", at=MONDAY)])


class TestMethods:
    def test_round_robin_goes_by_turns_then_by_the_order_named(self):
        routing = a_routing(*map(inside, "abc"), rules=everybody())

        assert route(a_lead(), routing, at=MONDAY).rep == "a"
        assert route(a_lead(), routing, at=MONDAY, turns={"a": 1}).rep == "b"
        assert route(a_lead(), routing, at=MONDAY, turns={"a": 2, "b": 1, "c": 1}).rep == "b"

    def test_weighted_gives_twice_the_weight_twice_the_leads(self):
        """
        By Webster's divisors: 1/2, 3/2, 5/2, 7/2 ... against 1, 3, 5 ...: a, b, a, a, b, a.
        """
        routing = a_routing(inside("a", weight=2), inside("b"), rules=everybody(Method.WEIGHTED))
        given_ = route_many(leads(6), routing, at=MONDAY)

        assert "".join(each.rep for each in given_) == "abaaba"

    def test_weighted_takes_fractions_as_they_are_written(self):
        """0.1 to 0.3 is 1 to 3, whatever a float says."""
        routing = a_routing(
            inside("a", weight=0.1), inside("b", weight=0.3), rules=everybody(Method.WEIGHTED)
        )

        assert counts(route_many(leads(40), routing, at=MONDAY)) == {"a": 10, "b": 30}

    def test_least_loaded_goes_by_open_leads(self):
        routing = a_routing(
            inside("a", open_load=3), inside("b", open_load=1), rules=everybody("least loaded")
        )
        given_ = route_many(leads(5), routing, at=MONDAY, turns={"b": 100})

        assert "".join(each.rep for each in given_) == "bbaba"


class TestMany:
    def test_leads_do_not_all_go_to_one_rep(self):
        for method in Method:
            routing = a_routing(*map(inside, "ab"), rules=everybody(method))

            assert counts(route_many(leads(10), routing, at=MONDAY)) == {"a": 5, "b": 5}

    def test_leads_fill_what_capacity_there_is(self):
        """Sam has room for 2, Eva for 3: of 7 leads, 2 wait with an alert."""
        routing = a_routing(
            inside(capacity=10, open_load=8), inside("eva", capacity=3), rules=everybody()
        )
        given_ = route_many(leads(7), routing, at=MONDAY)

        assert counts(given_) == {"sam": 2, "eva": 3, None: 2}
        assert [each.alert for each in given_] == [False] * 5 + [True] * 2
        assert "overloaded: 10 open, at most 10" in str(given_[-1])

    def test_leads_that_come_back_count_as_well(self):
        routing = a_routing(*map(inside, "ab"), rules=everybody())
        given_ = route_many(leads(3), routing, at=MONDAY, previous={"L000": "b", "L001": "b"})

        assert [each.rep for each in given_] == ["b", "b", "a"]

    def test_leads_come_each_once(self):
        with pytest.raises(InvalidValue, match="each lead once, got one twice @ lead 'L'"):
            route_many([a_lead(), a_lead()], a_routing(), at=MONDAY)


class TestAssignment:
    def test_names_no_rep_where_it_is_logged(self):
        routing = a_routing(inside(), rules=everybody())
        assignment = route(a_lead(), routing, at=MONDAY)

        assert repr(assignment) == "<Assignment of lead L: inside by all>"
        assert repr(route(a_lead(), a_routing(), at=MONDAY)) == (
            "<Assignment of lead L: DEFAULT by no rule, alert>"
        )
        assert "sam" not in repr([routing, *routing.reps, *routing.rules])

    def test_says_everything_to_whoever_prints_it(self):
        routing = a_routing(inside(), rules=everybody())

        assert str(route(a_lead(), routing, at=MONDAY)) == (
            "L: inside, sam\n  all holds: always\n  sam by round robin"
        )
        assert str(route(a_lead(), a_routing(rules=[]), at=MONDAY)) == (
            "L: DEFAULT (alert)\n  no rule placed it: somebody must look"
        )

    def test_is_plain_data_as_well(self):
        routing = a_routing(inside(capacity=0), rules=everybody())
        plain = json.loads(json.dumps(route(a_lead(), routing, at=MONDAY).to_dict()))

        assert plain == {
            "lead": "L",
            "queue": "DEFAULT",
            "rep": None,
            "rule": None,
            "why": [
                "all holds: always",
                "skipped: sam (overloaded: 0 open, at most 0)",
                "nobody of inside can take it",
                "no rule placed it: somebody must look",
            ],
            "alert": True,
            "skipped": {"sam": "overloaded"},
        }

    def test_stays_readable_with_many_reps(self):
        reps = [inside(f"r{number:02}", capacity=0) for number in range(25)]
        assignment = route(a_lead(), a_routing(*reps, rules=everybody()), at=MONDAY)

        assert len(assignment.skipped) == 25
        assert assignment.why[1].endswith(" and 5 more")

    def test_is_a_value(self):
        routing = a_routing(inside(), rules=(*everybody(), MID))
        first = route(MIDDLE, routing, at=MONDAY)

        assert first == route(MIDDLE, pickle.loads(pickle.dumps(routing)), at=MONDAY)
        assert copy.deepcopy(first) == first
        assert isinstance(first, Assignment)


class TestConstruction:
    @pytest.mark.parametrize(
        ("wrong", "place"),
        [
            ({"name": ""}, r"\$\.name"),
            ({"weight": 0}, r"\$\.weight"),
            ({"weight": -1}, r"\$\.weight"),
            ({"weight": float("nan")}, r"\$\.weight"),
            ({"weight": True}, r"\$\.weight"),
            ({"weight": "2"}, r"\$\.weight"),
            ({"capacity": -1}, r"\$\.capacity"),
            ({"capacity": 1.5}, r"\$\.capacity"),
            ({"open_load": -1}, r"\$\.open_load"),
            ({"open_load": None}, r"\$\.open_load"),
            ({"teams": "inside"}, r"\$\.teams"),
            ({"teams": ["inside", "inside"]}, r"\$\.teams"),
            ({"skills": 5}, r"\$\.skills"),
            ({"absent": [(MONDAY, MONDAY)]}, r"\$\.absent"),
            ({"absent": [MONDAY]}, r"\$\.absent"),
            ({"absent": MONDAY}, r"\$\.absent"),
            ({"absent": [(datetime(2026, 1, 1), MONDAY)]}, r"\$\.absent"),
        ],
    )
    def test_refuses_a_rep_that_cannot_be(self, wrong, place):
        with pytest.raises(InvalidValue, match=place) as caught:
            Rep(**{"name": "sam"} | wrong)

        assert "sam" not in str(caught.value)

    @pytest.mark.parametrize(
        ("wrong", "place"),
        [
            ({"to": None}, r"\$\.to"),
            ({"when": True}, r"\$\.when"),
            ({"when": STAFF}, r"\$\.when"),
            ({"reps": "sam"}, r"\$\.reps"),
            ({"method": "by lot"}, r"\$\.method; legal: round robin, weighted, least loaded"),
            ({"method": None}, r"\$\.method"),
        ],
    )
    def test_refuses_a_rule_that_cannot_be(self, wrong, place):
        with pytest.raises((InvalidValue, UnknownName), match=place):
            RoutingRule(**{"name": "all", "to": "inside"} | wrong)

    @pytest.mark.parametrize(
        ("wrong", "place"),
        [
            ({"default": ""}, r"\$\.default"),
            ({"default": None}, r"\$\.default"),
            ({"rules": [MID, MID]}, r"\$\.rules\[1\]\.name"),
            ({"rules": MID}, r"\$\.rules"),
            ({"rules": ["mid"]}, r"\$\.rules"),
            ({"rules": [RoutingRule(name="same rep", to="A")]}, r"\$\.rules\[0\]"),
            ({"reps": [inside(), inside("eva"), inside()]}, r"\$\.reps\[2\]\.name"),
            ({"reps": [None]}, r"\$\.reps"),
            ({"same_rep": 1}, r"\$\.same_rep"),
            ({"rules": [RoutingRule(name="all", to="A", reps=["bo"])]}, r"\$\.rules\[0\]\.reps"),
        ],
    )
    def test_refuses_a_routing_that_cannot_be(self, wrong, place):
        with pytest.raises((InvalidValue, UnknownName), match=place) as caught:
            Routing(**{"rules": [MID], "reps": [inside()], "default": "DEFAULT"} | wrong)

        assert not {"sam", "eva", "bo"} & set(str(caught.value).split())

    def test_bounds_what_comes_in(self):
        with pytest.raises(LimitExceeded, match="at most 1,000"):
            a_routing(rules=[RoutingRule(name=f"r{n}", to="A") for n in range(1_001)])

    @pytest.mark.parametrize(
        ("wrong", "place"),
        [
            ({"at": datetime(2026, 3, 2)}, "at"),
            ({"at": MONDAY - DAY}, "a lead known by"),
            ({"turns": {"sam": -1}}, "turns"),
            ({"turns": ["sam"]}, "turns"),
        ],
    )
    def test_refuses_a_question_that_cannot_be_meant(self, wrong, place):
        with pytest.raises(InvalidValue, match=place):
            route(MIDDLE, a_routing(), **{"at": MONDAY} | wrong)

    def test_takes_nothing_but_leads_and_a_routing(self):
        with pytest.raises(InvalidValue, match="lead"):
            route("L", a_routing(), at=MONDAY)
        with pytest.raises(InvalidValue, match="routing"):
            route(MIDDLE, None, at=MONDAY)


REPS = st.lists(
    st.builds(
        lambda **parts: parts,
        weight=st.integers(1, 4),
        capacity=st.none() | st.integers(0, 6),
        open_load=st.integers(0, 6),
        absent=st.sampled_from([(), [(MONDAY, MONDAY + DAY)], [(MONDAY - DAY, MONDAY)]]),
        teams=st.sampled_from([["inside"], [], ["inside", "other"]]),
    ),
    max_size=5,
).map(lambda parts: [Rep(name=f"r{number}", **each) for number, each in enumerate(parts)])


class TestLaws:
    @given(st.integers(0, 40), st.integers(1, 6), st.sampled_from(Method))
    def test_equal_reps_get_as_many_but_for_one(self, count, reps, method):
        routing = a_routing(*(inside(f"r{n}") for n in range(reps)), rules=everybody(method))
        got = counts(route_many(leads(count), routing, at=MONDAY))
        shares = [got.get(rep.name, 0) for rep in routing.reps]

        assert sum(shares) == count
        assert max(shares) - min(shares) <= 1

    @given(REPS, st.integers(0, 12), st.sampled_from(Method))
    def test_nobody_gets_more_than_they_can(self, reps, count, method):
        routing = a_routing(*reps, rules=everybody(method))
        got = counts(route_many(leads(count), routing, at=MONDAY))

        for rep in reps:
            if rep.is_absent(MONDAY) or "inside" not in rep.teams:
                assert rep.name not in got
            elif rep.capacity is not None:
                room = max(rep.capacity - rep.open_load, 0)
                assert got.get(rep.name, 0) <= room

    @given(REPS, st.integers(0, 12), st.sampled_from(Method))
    def test_every_lead_has_one_place_and_no_room_is_left_while_one_waits(
        self, reps, count, method
    ):
        team = [rep for rep in reps if "inside" in rep.teams]
        here = [rep for rep in team if not rep.is_absent(MONDAY)]
        room = sum(
            count if rep.capacity is None else max(rep.capacity - rep.open_load, 0) for rep in here
        )
        given_ = route_many(leads(count), a_routing(*reps, rules=everybody(method)), at=MONDAY)

        assert [each.lead for each in given_] == [lead.id for lead in leads(count)]
        assert sum(each.rep is not None for each in given_) == (min(count, room) if team else 0)
        assert all(each.alert == (bool(team) and each.rep is None) for each in given_)

    @given(REPS, st.integers(0, 12), st.sampled_from(Method))
    def test_a_batch_is_what_single_calls_with_the_counts_so_far_would_give(
        self, reps, count, method
    ):
        loads, turns, singly = {rep.name: rep.open_load for rep in reps}, Counter(), []
        for lead in leads(count):
            now = [attrs.evolve(rep, open_load=loads[rep.name]) for rep in reps]
            routing = a_routing(*now, rules=everybody(method))
            singly.append(route(lead, routing, at=MONDAY, turns=turns))
            if singly[-1].rep is not None:
                loads[singly[-1].rep] += 1
                turns[singly[-1].rep] += 1
        routing = a_routing(*reps, rules=everybody(method))

        assert list(route_many(leads(count), routing, at=MONDAY)) == singly
