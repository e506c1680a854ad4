"""Who is nurtured how, by lots that anybody can draw again, and what it brought."""

import json
import os
import pickle
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_lead, an_inquiry
from leadlib import limits
from leadlib.errors import ConflictError, InvalidValue, LeadlibError, LimitExceeded, UnknownName
from leadlib.handoff import Brief
from leadlib.lifecycle import INQUIRY
from leadlib.metrics import Rate, StageLog, Uplift, UpliftVerdict, compare, uplift
from leadlib.model import Lead
from leadlib.nurture import HOLDOUT, Experiment, Response, ResponseKind, with_responses
from leadlib.qualification import Field, LeadDefinition

GOLDEN = Path(__file__).parent / "golden" / "experiments.json"
GIVEN = json.loads(GOLDEN.read_text(encoding="utf-8"))
LEADS = [f"lead-{number}" for number in range(20_000)]


def from_golden(given):
    return Experiment(given["name"], arms=given["arms"], holdout=Fraction(given["holdout"]))


class TestLots:
    @pytest.mark.rule("M-38", part="arms are drawn alike for ever")
    @pytest.mark.parametrize("given", GIVEN, ids=lambda given: given["name"])
    def test_are_those_of_the_golden_file(self, given):
        """Written by fractions and the standard library alone; it may never change."""
        assert from_golden(given).assign(given["assigned"]) == given["assigned"]
        assert len(set(given["assigned"].values())) == len(from_golden(given).shares)

    def test_are_the_same_in_every_process(self):
        program = (
            "import json, sys\nfrom fractions import Fraction\n"
            "from leadlib.nurture import Experiment\n"
            "given = json.load(open(sys.argv[1], encoding='utf-8'))\n"
            "for g in given:\n"
            "    e = Experiment(g['name'], arms=g['arms'], holdout=Fraction(g['holdout']))\n"
            "    assert e.assign(g['assigned']) == g['assigned']\n"
        )
        for seed in ("0", "1", "4711"):
            done = subprocess.run(
                [sys.executable, "-c", program, GOLDEN],
                env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr

    @given(st.permutations(["i-1", "i-2", "i-3", "ada"]), st.permutations(["a", "b", "c"]))
    def test_do_not_depend_on_any_order(self, leads, arms):
        weights = {"a": 1, "b": 2, "c": 5}
        test = Experiment("größer", arms={name: weights[name] for name in arms})

        assert test == from_golden(GIVEN[2])
        assert test.assign(leads) == {lead: GIVEN[2]["assigned"][lead] for lead in leads}

    def test_differ_by_experiment(self):
        arms = {name: Experiment(name, arms={"a": 1, "b": 1}).assign(LEADS[:64]) for name in "xy"}

        assert arms["x"] != arms["y"]

    def test_take_a_lead_or_its_id(self):
        test = from_golden(GIVEN[0])

        assert test.arm(a_lead()) == test.arm("i-1") == GIVEN[0]["assigned"]["i-1"]

    def test_take_an_id_however_its_letters_are_composed(self):
        test = from_golden(GIVEN[0])

        assert test.arm("gro\u0308ße") == test.arm("größe")


class TestShares:
    def test_are_exact(self):
        test = Experiment("x", arms={"a": 1, "b": 2}, holdout=0.1)

        assert test.shares == {HOLDOUT: Fraction(1, 10), "a": Fraction(3, 10), "b": Fraction(6, 10)}
        assert Experiment("x", holdout=Fraction(1, 3)).shares[HOLDOUT] == Fraction(1, 3)
        assert Experiment("x").shares == {"nurtured": 1}
        assert Experiment("x", holdout=Decimal("0.1")).holdout == test.holdout

    @pytest.mark.parametrize(
        ("numerator", "denominator"), [(1, 2), (1, 3), (2, 5), (1, 10), (999, 1000)]
    )
    def test_of_the_hold_out_is_exact_in_expectation(self, numerator, denominator):
        """Of all 2**256 lots, to one: the last that is held out, and the first that is not."""
        share = Fraction(numerator, denominator)
        first_out = -(-share * 2**256 // 1)

        for lot, is_held in ((0, True), (first_out - 1, True), (first_out, False)):
            test = Drawn("x", holdout=share)
            object.__setattr__(test, "drawn", lot)
            assert (test.arm("any") == HOLDOUT) is is_held

    @pytest.mark.parametrize("weights", [{"a": 1, "b": 1}, {"a": 1, "b": 2, "c": 7}])
    @pytest.mark.parametrize("share", [Fraction(0), Fraction(1, 10), Fraction(1, 3)])
    def test_are_those_that_leads_get(self, weights, share):
        """Within five standard deviations: lots are fixed, so that chance cannot break it."""
        test = Experiment("balance", arms=weights, holdout=share)
        counts = Counter(test.assign(LEADS).values())

        assert set(counts) == set(test.shares)
        for name, expected in test.shares.items():
            spread = (len(LEADS) * expected * (1 - expected)) ** 0.5
            assert abs(counts[name] - len(LEADS) * expected) <= 5 * spread

    def test_of_a_larger_hold_out_let_nobody_go_and_move_nobody(self):
        small = Experiment("x", arms={"a": 1, "b": 1}, holdout=0.1).assign(LEADS)
        large = attrs.evolve(
            Experiment("x", arms={"a": 1, "b": 1}), holdout=Fraction(3, 10)
        ).assign(LEADS)
        changed = {(small[lead], large[lead]) for lead in LEADS if small[lead] != large[lead]}

        assert changed == {("a", HOLDOUT), ("b", HOLDOUT)}

    def test_of_arms_do_not_depend_on_the_hold_out(self):
        """Who is held out is drawn apart from the arms: both arms lose the same share."""
        free = Experiment("x", arms={"a": 1, "b": 1}).assign(LEADS)
        held = [lead for lead in LEADS if Experiment("x", holdout=0.5).arm(lead) == HOLDOUT]
        share = sum(free[lead] == "a" for lead in held) / len(held)

        assert 0.48 < share < 0.52


@attrs.frozen(slots=False)
class Drawn(Experiment):
    """An experiment whose lot is given."""

    def _lot(self, what, key):
        return self.drawn


class TestBadExperiments:
    @pytest.mark.parametrize(
        "changes",
        [
            {"name": ""},
            {"name": "a\0b"},
            {"arms": {}},
            {"arms": {"a": 0}},
            {"arms": {"a": 1.5}},
            {"arms": {"a": True}},
            {"arms": {"a": 10**9}},
            {"arms": ["a"]},
            {"arms": {HOLDOUT: 1}},
            {"arms": {"a": 1, " a": 1}},
            {"holdout": 1},
            {"holdout": -0.1},
            {"holdout": "0.1"},
            {"holdout": True},
            {"holdout": float("nan")},
        ],
    )
    def test_are_refused(self, changes):
        with pytest.raises(InvalidValue):
            Experiment(**{"name": "x"} | changes)

    def test_with_too_many_arms_are_refused(self):
        with pytest.raises(LimitExceeded):
            Experiment("x", arms={str(n): 1 for n in range(limits.RATES + 1)})

    @pytest.mark.parametrize("leads", ["i-1", None, [7], [""]])
    def test_of_no_leads_are_refused(self, leads):
        with pytest.raises(InvalidValue):
            Experiment("x").assign(leads)

    def test_travel(self):
        test = from_golden(GIVEN[0])

        assert pickle.loads(pickle.dumps(test)) == test
        assert hash(test) == hash(from_golden(GIVEN[0]))


class TestUplift:
    TEXTBOOK = {"nurtured": Rate(60, 1_000), HOLDOUT: Rate(20, 500)}

    @pytest.mark.rule("000-25", "M-38")
    def test_is_that_of_the_textbook(self):
        found = Uplift(arms=self.TEXTBOOK).comparison

        assert found.difference == pytest.approx(0.02)
        assert found.interval == pytest.approx((-0.00473, 0.04159), abs=5e-6)
        assert found.z == pytest.approx(1.625, abs=5e-4)
        assert found.p == pytest.approx(0.1041, abs=5e-5)
        assert Uplift(arms=self.TEXTBOOK).gained == pytest.approx(20)
        assert Uplift(arms=self.TEXTBOOK).verdict is UpliftVerdict.INCONCLUSIVE

    @pytest.mark.parametrize(
        ("nurtured", "verdict"),
        [
            (Rate(120, 1_000), "more arrive"),
            (Rate(10, 1_000), "fewer arrive"),
            (Rate(40, 1_000), "inconclusive"),
            (Rate(0, 0), "inconclusive"),
        ],
    )
    def test_says_what_it_shows(self, nurtured, verdict):
        """Against 20 of 500: 12 % and 1 % differ from 4 % beyond chance, the same rate does not."""
        found = Uplift(arms={"nurtured": nurtured, HOLDOUT: Rate(20, 500)})

        assert found.verdict == verdict
        assert found.to_dict()["verdict"] == verdict
        assert str(found).endswith(f": {verdict}")

    @pytest.mark.rule("M-38")
    def test_counts_everybody_where_they_were_assigned(self):
        """60 of 1,000 against 20 of 500, of whom many were never reached or opted out."""
        assigned = {f"n{k}": "nurtured" for k in range(1_000)}
        assigned |= {f"h{k}": HOLDOUT for k in range(500)}
        rows = [(lead, "inquiry", MONDAY) for lead in assigned if not lead.endswith("9")]
        rows += [(f"n{k}", "customer", MONDAY + DAY) for k in range(60)]
        rows += [(f"h{k}", "customer", MONDAY + DAY) for k in range(20)]
        rows += [("stranger", "customer", MONDAY + DAY)]
        log = StageLog.from_rows(rows)

        found = uplift(log, assigned=assigned, goal="customer", touched=["n1", "h1", "h1", "x"])
        assert found.arms == self.TEXTBOOK
        assert found.strays == 1
        assert "1 of the hold-out got a touch" in str(found)

    @pytest.mark.rule("M-38", part="as of an instant")
    def test_sees_no_future_and_no_past(self):
        rows = [(lead, "inquiry", MONDAY) for lead in "abcd"]
        rows += [(lead, "customer", MONDAY + n * DAY) for n, lead in enumerate("abc")]
        log, assigned = (
            StageLog.from_rows(rows),
            dict(zip("abcd", ["x", "x", HOLDOUT, HOLDOUT], strict=True)),
        )

        def arrived(**when):
            arms = uplift(log, assigned=assigned, goal="customer", **when).arms
            return arms["x"].k, arms[HOLDOUT].k

        assert arrived() == (2, 1)
        assert arrived(as_of=MONDAY + DAY) == (2, 0)
        assert arrived(since=MONDAY + DAY) == (1, 1)
        assert arrived(as_of=MONDAY - DAY) == (0, 0)

    def test_of_several_arms_names_each(self):
        arms = {"long": Rate(30, 100), "short": Rate(20, 100), HOLDOUT: Rate(10, 100)}
        found = Uplift(arms=arms)

        assert found.treated == Rate(50, 200)
        assert found.of("long") == compare(Rate(30, 100), Rate(10, 100))
        assert "all arms" in str(found)
        for arm in (HOLDOUT, "longer", None):
            with pytest.raises(UnknownName):
                found.of(arm)

    def test_of_nothing_is_none(self):
        found = Uplift(arms={"x": Rate(0, 0), HOLDOUT: Rate(1, 2)})

        assert found.gained is None
        assert found.to_dict()["uplift"] is None
        assert str(found).count(" -") >= 3

    def test_is_plain_data(self):
        data = json.loads(json.dumps(Uplift(arms=self.TEXTBOOK).to_dict()))

        assert data["uplift"] == pytest.approx(0.02)
        assert data["arms"]["hold-out"]["k"] == 20

    def test_knows_a_goal_that_nobody_reached(self):
        log = StageLog.from_rows([("a", "inquiry", MONDAY)], known=["customer"])
        found = uplift(log, assigned={"a": "x", "b": HOLDOUT}, goal="customer")

        assert found.treated == Rate(0, 1)

    def test_is_refused_without_what_it_needs(self):
        log = StageLog.from_rows([("a", "inquiry", MONDAY)])
        for assigned, goal in (
            ({"a": "x", "b": HOLDOUT}, "customer"),
            ({"a": "x"}, "inquiry"),
            ({"a": HOLDOUT}, "inquiry"),
            ({}, "inquiry"),
            (["a"], "inquiry"),
            ({"a": 7}, "inquiry"),
        ):
            with pytest.raises(LeadlibError):
                uplift(log, assigned=assigned, goal=goal)
        for touched in ("ab", None):
            with pytest.raises(InvalidValue):
                uplift(log, assigned={"a": "x", "b": HOLDOUT}, goal="inquiry", touched=touched)
        with pytest.raises(InvalidValue):
            Uplift(arms={"x": 0.5, HOLDOUT: Rate(1, 2)})
        with pytest.raises(LimitExceeded):
            Uplift(arms={str(n): Rate(0, 1) for n in range(limits.RATES + 1)})

    def test_takes_what_an_experiment_assigns(self):
        test = Experiment("x", holdout=0.5)
        leads = LEADS[:100]
        log = StageLog.from_rows([(lead, INQUIRY.name, MONDAY) for lead in leads])
        found = uplift(log, assigned=test.assign(leads), goal=INQUIRY)

        assert found.treated.n + found.held.n == 100
        assert found.comparison.difference == 0


def a_response(kind="clicked", topic="CIP", touch="t-2", day=7, lead="i-1"):
    return Response(touch=touch, lead=lead, at=MONDAY + day * DAY, kind=kind, topic=topic)


def brief_of(lead):
    verdict = LeadDefinition("d", Field("staff", int) >= 50).judge(lead)
    return Brief.of(lead, verdict, guidance="ask about downtime")


class TestResponses:
    @pytest.mark.rule("000-18")
    def test_update_the_interests_that_the_next_brief_shows(self):
        ada = Lead(id="i-1", inquiries=[an_inquiry(interests=["CIP"])])
        later = with_responses(ada, [a_response()])

        assert brief_of(ada).interests == {"CIP": 1}
        assert brief_of(later).interests == {"CIP": 2}
        assert "CIP ×2" in str(brief_of(later))
        assert "clicked by nurture: CIP" in str(brief_of(later))

    @pytest.mark.parametrize("kind", ResponseKind)
    def test_count_if_they_show_interest(self, kind):
        later = with_responses(a_lead(), [a_response(kind)])

        assert brief_of(later).interests == ({"CIP": 1} if kind in {"clicked", "replied"} else {})

    def test_count_once_however_often_they_are_delivered(self):
        again = [a_response(), a_response(), a_response(day=8), a_response(topic="SSO")]
        once = with_responses(a_lead(), again)

        assert with_responses(once, again[::-1]) == once
        assert brief_of(once).interests == {"CIP": 2, "SSO": 1}

    def test_leave_everything_else_as_it_was(self):
        ada = a_lead(staff=60)
        later = with_responses(ada, [a_response(topic=None)])

        assert later.values == ada.values
        assert later.known_by(MONDAY + DAY) == ada
        assert later.inquiries[-1].interests == ()
        assert with_responses(ada, []) == ada

    def test_with_long_names_fit(self):
        long = a_response(touch="t" * 255, topic="x" * 255)
        later = with_responses(a_lead(), [long, a_response(touch="t" * 255, topic="x")])

        assert len({inquiry.id for inquiry in later.inquiries}) == 3

    def test_of_somebody_else_are_refused(self):
        with pytest.raises(ConflictError):
            with_responses(a_lead(), [a_response(lead="i-2")])
        with pytest.raises(InvalidValue):
            with_responses(a_lead(), [None])
        with pytest.raises(InvalidValue):
            with_responses("i-1", [])
