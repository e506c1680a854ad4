"""When a lead counts for a stage: one log, four definitions, four answers."""

from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlib.errors import UnknownName
from leadlib.metrics import Counting, StageLog, funnel

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
STAGES = ["INQ", "MQL", "SAL", "SQL"]
PATHS = {
    "A": "INQ MQL SAL SQL",
    "B": "INQ MQL SQL",
    "C": "INQ SQL",
    "D": "INQ MQL SAL",
    "E": "MQL",
    "F": "INQ",
    "G": "INQ SAL MQL",
}


def a_log(paths):
    return StageLog.from_rows(
        [
            (lead, stage, MONDAY + timedelta(days=n))
            for lead, path in paths.items()
            for n, stage in enumerate(path.split())
        ]
    )


def reached(paths, counting):
    return [step.reached for step in funnel(a_log(paths), stages=STAGES, counting=counting).steps]


class TestCounting:
    @pytest.mark.rule("M-05", "001-16")
    @pytest.mark.parametrize(
        ("counting", "expected"),
        [
            ("in order", [6, 4, 2, 1]),
            ("strict", [6, 3, 2, 1]),
            ("any order", [6, 4, 3, 1]),
            ("at least", [7, 6, 5, 3]),
        ],
    )
    def test_gives_four_answers_of_one_log(self, counting, expected):
        assert reached(PATHS, counting) == expected
        assert reached(PATHS, Counting(counting)) == expected

    def test_is_part_of_the_definition(self):
        strict, usual = (
            funnel(a_log(PATHS), stages=STAGES, counting=way) for way in ("strict", "at least")
        )

        assert (strict.definition.counting, usual.definition.counting) == ("strict", "at least")
        assert strict.fingerprint != usual.fingerprint
        assert strict.to_dict()["definition"]["counting"] == "strict"

    def test_keeps_apart_who_never_began(self):
        result = funnel(a_log(PATHS), stages=STAGES, counting="in order")

        assert (result.leads, result.outside) == (6, 1)

    def test_takes_the_times_of_the_chain(self):
        """To sales and back first: in order, the second visit of SAL counts."""
        result = funnel(a_log({"A": "SAL INQ MQL SAL"}), stages=STAGES[:3], counting="in order")

        assert [step.median_days for step in result.steps] == [1.0, 1.0, None]

    def test_in_any_order_counts_from_when_all_were_there(self):
        result = funnel(a_log({"A": "SAL MQL INQ"}), stages=STAGES[:3], counting="any order")

        assert [step.reached for step in result.steps] == [1, 1, 1]
        assert [step.median_days for step in result.steps] == [0.0, 0.0, None]

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("INQ nurture MQL", [1, 0, 0, 0]),
            ("INQ INQ MQL", [1, 1, 0, 0]),
            ("INQ nurture INQ MQL SAL", [1, 1, 1, 0]),
            ("INQ MQL nurture INQ MQL SAL SQL", [1, 1, 1, 1]),
            ("INQ MQL INQ", [1, 1, 0, 0]),
        ],
    )
    def test_strict_lets_nothing_lie_between_but_staying(self, path, expected):
        whole = {"whole": " ".join(STAGES)}

        assert reached({"A": path} | whole, "strict") == [1 + count for count in expected]

    @pytest.mark.parametrize("wrong", ["ordered", None, 5])
    def test_refuses_other_ways(self, wrong):
        with pytest.raises(UnknownName, match="a way of counting"):
            funnel(a_log(PATHS), stages=STAGES, counting=wrong)


def by_definition(path, counting, length):
    """How far a path gets, by looking at every choice of visits."""
    stays = [stage for n, stage in enumerate(path) if n == 0 or stage != path[n - 1]]
    wanted = STAGES[:length]
    if counting == "in order":
        return any([*chosen] == wanted for chosen in combinations(stays, length))
    if counting == "strict":
        return any(stays[n : n + length] == wanted for n in range(len(stays)))
    if counting == "any order":
        return {*wanted} <= {*stays}
    return any(stage in stays for stage in STAGES[length - 1 :])


class TestLaws:
    paths = st.lists(st.sampled_from([*STAGES, "nurture"]), min_size=1, max_size=7)

    @given(st.lists(paths, min_size=1, max_size=5), st.sampled_from([*Counting]))
    def test_is_what_the_definition_says(self, paths, counting):
        every = {"first": [*STAGES, "nurture"]} | {f"L{n}": path for n, path in enumerate(paths)}
        counted = reached({lead: " ".join(path) for lead, path in every.items()}, counting)

        assert counted == [
            sum(by_definition(path, counting, length) for path in every.values())
            for length in range(1, len(STAGES) + 1)
        ]

    @given(st.lists(paths, min_size=1, max_size=5))
    def test_of_each_stage_is_strict_at_most_in_order_at_most_any_at_most_at_least(self, paths):
        every = {"first": " ".join([*STAGES, "nurture"])}
        every |= {f"L{n}": " ".join(path) for n, path in enumerate(paths)}
        ways = [reached(every, way) for way in ("strict", "in order", "any order", "at least")]

        for less, more in pairwise(ways):
            assert all(a <= b for a, b in zip(less, more, strict=True))

    @given(st.lists(paths, min_size=1, max_size=5), st.sampled_from([*Counting]))
    def test_parts_sum_under_every_definition(self, paths, counting):
        every = {"first": " ".join([*STAGES, "nurture"])}
        every |= {f"L{n}": " ".join(path) for n, path in enumerate(paths)}
        steps = funnel(a_log(every), stages=STAGES, closed=["nurture"], counting=counting).steps

        for step in steps:
            assert step.reached == step.advanced + step.left + step.open
        assert [s.advanced for s in steps[:-1]] == [s.reached for s in steps[1:]]
