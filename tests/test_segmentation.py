"""Segments: what tells won from lost, the nests it is looked for in, and what is tracked."""

import csv
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlib._qualification.groups import groups_of
from leadlib._rates import Rate
from leadlib.errors import ConflictError, InvalidValue, LimitExceeded, UnknownName
from leadlib.qualification import (
    Nest,
    NestedSegmentation,
    Stopped,
    information_gain,
    inventory,
    lift,
)

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 40),
    st.floats(-5, 5),
    st.sampled_from(["a", "b", "yes", "1", " "]),
)
histories = st.lists(
    st.tuples(
        st.fixed_dictionaries({}, optional={"x": values, "y": values}),
        st.sampled_from([True, False, None]),
    ),
    max_size=60,
)


def market():
    """
    One hundred closed leads, 30 won: 24 of 40 large and 6 of 60 small, 16 of 50 north, 14 south.
    """
    cells = [
        ("large", "north", 12, 8),
        ("large", "south", 12, 8),
        ("small", "north", 4, 26),
        ("small", "south", 2, 28),
    ]
    rows, won = [], []
    for size, region, wins, losses in cells:
        rows += [{"size": size, "region": region}] * (wins + losses)
        won += [True] * wins + [False] * losses
    return rows, won


def column(*groups, field="x"):
    """Rows and outcomes of (value, won, lost)."""
    rows, won = [], []
    for value, wins, losses in groups:
        rows += [{field: value}] * (wins + losses)
        won += [True] * wins + [False] * losses
    return rows, won


class TestInformationGain:
    @pytest.mark.rule("004-24")
    @pytest.mark.rule("M-36")
    def test_of_size_and_region_agrees_with_the_worked_example(self):
        rows, won = market()

        assert information_gain(rows, won, "size") == pytest.approx(0.211513, abs=5e-7)
        assert information_gain(rows, won, "region") == pytest.approx(0.001375, abs=5e-7)

    def test_of_what_decides_all_is_all(self):
        assert information_gain(*column((True, 8, 0), (False, 0, 8)), "x") == 1.0

    def test_takes_unknown_as_a_value_of_its_own(self):
        assert information_gain(*column((None, 8, 0), ("a", 0, 8)), "x") == 1.0

    @pytest.mark.parametrize("unknown", [None, float("nan"), Decimal("NaN"), Decimal("sNaN"), ""])
    def test_knows_the_unknown_in_every_form(self, unknown):
        """All of them fall into one group, with the rows that have no such field."""
        rows, won = column((unknown, 4, 0), ("a", 0, 8))

        assert information_gain([{}] * 4 + rows, [True] * 4 + won, "x") == pytest.approx(
            information_gain(*column((None, 8, 0), ("a", 0, 8)), "x")
        )

    def test_tells_yes_from_one_and_from_its_text(self):
        """Three groups of sure outcomes leave nothing open; any two in one would."""
        rows, won = column((True, 4, 0), (1, 0, 4), ("1", 4, 0), ("yes", 0, 4))

        assert information_gain(rows, won, "x") == 1.0

    def test_does_not_count_open_leads(self):
        rows, won = market()

        more = [{"size": "large"}] * 500
        assert information_gain(rows + more, [*won, *[None] * 500], "size") == pytest.approx(
            0.211513, abs=5e-7
        )

    @pytest.mark.parametrize(
        ("rows", "won", "gain"),
        [([], [], None), ([{}], [None], None), ([{"x": 1}], [True], 0.0)],
    )
    def test_of_nothing_closed_is_none_and_of_one_lead_nothing(self, rows, won, gain):
        assert information_gain(rows, won, "x") == gain

    @pytest.mark.parametrize(
        ("rows", "won", "says"),
        [
            ([{}], [], "one outcome for each row, got 1 rows and 0 outcomes"),
            ([{}], [1], "True for won"),
            ([{}], ["won"], "True for won"),
            ([7], [True], "values by field"),
        ],
    )
    def test_refuses_what_is_no_history(self, rows, won, says):
        with pytest.raises(InvalidValue, match=says):
            information_gain(rows, won, "x")

    @pytest.mark.parametrize(
        "odd",
        [["a"], object(), float("inf"), 10**400, -(10**400), Decimal("-Infinity")],
        ids=["list", "object", "infinite", "huge", "hugely negative", "infinite decimal"],
    )
    def test_survives_values_of_any_kind(self, odd):
        assert information_gain([{"x": odd}, {"x": 1}], [True, False], "x") == 1.0

    @given(histories)
    def test_lies_between_nothing_and_one_bit_whatever_the_order(self, history):
        rows, won = [row for row, _ in history], [end for _, end in history]

        gain = information_gain(rows, won, "x")

        assert gain is None or 0 <= gain <= 1 + 1e-12
        assert information_gain(rows[::-1], won[::-1], "x") == pytest.approx(gain, abs=1e-12)
        assert information_gain(rows, [None if w is None else not w for w in won], "x") == (
            pytest.approx(gain, abs=1e-12)
        )


class TestGroups:
    @given(st.lists(st.floats(-1e9, 1e9), max_size=300), st.integers(1, 30))
    def test_of_numbers_are_few(self, numbers, most):
        groups = groups_of(numbers, most=most)

        assert len(groups.cuts) < max(most, 2)
        assert list(groups.cuts) == sorted(set(groups.cuts))
        assert {groups.place(number) for number in numbers} <= set(range(len(groups.cuts) + 1))

    @given(st.lists(st.floats(-10, 10), max_size=90), st.floats(-20, 20), st.floats(-20, 20))
    def test_keep_the_order_of_numbers(self, numbers, one, other):
        groups = groups_of(numbers)

        low, high = sorted((one, other))
        assert groups.place(low) <= groups.place(high)

    def test_take_rare_words_together(self):
        groups = groups_of(["a"] * 10 + ["b"] * 9)

        assert [groups.label(word) for word in ("a", "b", "z", None)] == [
            "a",
            "other",
            "other",
            "unknown",
        ]

    def test_tell_yes_from_its_word(self):
        groups = groups_of([True] * 10 + ["yes"] * 10)

        assert groups.place(True) != groups.place("yes")


class TestNestedSegmentation:
    nested = NestedSegmentation({"demographics": ["size", "region"], "operating": ["software"]})

    @pytest.mark.rule("004-24")
    def test_splits_by_size_and_not_by_region(self):
        tree = self.nested.segment(*market())

        assert (tree.rate, tree.split_by, tree.nest) == (Rate(30, 100), "size", "demographics")
        assert tree.gain == pytest.approx(0.2115, abs=0.00005)
        assert [(part.path, part.rate) for part in tree.parts] == [
            ((("size", "large"),), Rate(24, 40)),
            ((("size", "small"),), Rate(6, 60)),
        ]

    @pytest.mark.rule("004-24")
    def test_stops_below_thirty_closed_leads(self):
        rows, won = column(("a", 14, 0), ("b", 0, 15), field="size")

        tree = self.nested.segment(rows, won)

        assert (tree.split_by, tree.stopped) == (None, Stopped.TOO_FEW)
        assert self.nested.segment([*rows, {"size": "b"}], [*won, False]).split_by == "size"

    def test_does_not_count_open_leads_towards_the_thirty(self):
        rows, won = column(("a", 14, 0), ("b", 0, 15), field="size")

        tree = self.nested.segment([*rows, *rows], [*won, *[None] * 29])

        assert (tree.rate.n, tree.open, tree.stopped) == (29, 29, Stopped.TOO_FEW)

    def test_stops_where_no_split_gains_enough(self):
        strict = NestedSegmentation({"demographics": ["size"]}, least_gain=0.25)

        assert strict.segment(*market()).stopped is Stopped.NO_GAIN

    def test_stops_where_chance_gains_as_much(self):
        """
        Twenty won of each forty: 12 and 8 of twenty gain 0.029 bit, which chance does often
        (p = 0.21); 16 and 4 gain 0.278 bit, which it does not.
        """
        nested = NestedSegmentation({"demographics": ["size"]})

        assert nested.segment(*column(("a", 12, 8), ("b", 8, 12), field="size")).split_by is None
        assert nested.segment(*column(("a", 16, 4), ("b", 4, 16), field="size")).split_by == "size"

    def test_looks_into_an_inner_nest_only_where_the_outer_one_gains_nothing(self):
        """The software decides all, but it is not easy to learn: size is tried first."""
        rows, won = market()
        rows = [{**row, "software": "ours" if w else "other"} for row, w in zip(rows, won)]  # noqa: B905

        tree = self.nested.segment(rows, won)

        assert tree.split_by == "size"
        assert [part.split_by for part in tree.parts] == ["software", "software"]
        assert [part.nest for part in tree.parts] == ["operating", "operating"]
        assert sorted((leaf.rate.k, leaf.rate.n) for leaf in tree.leaves) == [
            (0, 16),
            (0, 54),
            (6, 6),
            (24, 24),
        ]

    def test_goes_from_the_outermost_nest_inwards_however_they_are_given(self):
        given_ = {nest: [nest] for nest in reversed(Nest)}

        assert tuple(NestedSegmentation(given_).nests) == (
            "demographics",
            "operating",
            "purchasing",
            "situational",
            "personal",
        )

    def test_keeps_the_unknown_as_a_part(self):
        rows, won = column((None, 20, 0), ("a", 0, 20), field="size")

        parts = self.nested.segment(rows, won).parts

        assert [(part.path[-1][1], part.rate) for part in parts] == [
            ("unknown", Rate(20, 20)),
            ("a", Rate(0, 20)),
        ]

    def test_prints_as_an_indented_tree(self):
        rows, won = market()

        assert str(self.nested.segment([*rows, {"size": "small"}], [*won, None])).splitlines() == [
            "all: 30 of 100 won, 30.0 % [21.9, 39.6], 1 open; by size (demographics), 0.2115 bit",
            "  size = large: 24 of 40 won, 60.0 % [44.6, 73.7]; no field gains enough",
            "  size = small: 6 of 60 won, 10.0 % [4.7, 20.1], 1 open; no field gains enough",
        ]

    def test_exports_plain_data(self):
        tree = self.nested.segment(*market())

        data = tree.to_dict()
        assert (data["won"], data["closed"], data["open"], data["split_by"]) == (30, 100, 0, "size")
        assert data["parts"][0]["path"] == [["size", "large"]]
        assert data["parts"][0]["stopped"] == "no field gains enough"
        assert repr(tree) == "<Segment all: 30.0 % [21.9, 39.6]>"

    @pytest.mark.parametrize(
        ("nests", "error"),
        [
            ({"demografics": ["size"]}, UnknownName),
            ({7: ["size"]}, UnknownName),
            ({"demographics": ["size"], "personal": ["size"]}, ConflictError),
            ({"demographics": ["size", "size"]}, ConflictError),
            ({"demographics": "size"}, InvalidValue),
            ({"demographics": [7]}, InvalidValue),
            (["size"], InvalidValue),
        ],
    )
    def test_refuses_what_are_no_nests(self, nests, error):
        with pytest.raises(error):
            NestedSegmentation(nests)

    @pytest.mark.parametrize(
        "rules",
        [
            {"fewest": 0},
            {"fewest": 1.5},
            {"least_gain": -0.1},
            {"least_gain": 2},
            {"least_gain": float("nan")},
        ],
    )
    def test_refuses_what_are_no_stop_rules(self, rules):
        with pytest.raises(InvalidValue):
            NestedSegmentation({"personal": ["size"]}, **rules)

    @given(histories)
    def test_loses_no_lead(self, history):
        rows, won = [row for row, _ in history], [end for _, end in history]
        nested = NestedSegmentation({"operating": ["x"], "personal": ["y"]}, fewest=1, least_gain=0)

        tree = nested.segment(rows, won)

        leaves = tree.leaves
        assert sum(leaf.rate.k for leaf in leaves) == won.count(True)
        assert sum(leaf.rate.n - leaf.rate.k for leaf in leaves) == won.count(False)
        assert sum(leaf.open for leaf in leaves) == won.count(None)


class TestInventory:
    @pytest.mark.rule("004-26")
    def test_says_how_often_a_field_is_filled(self):
        rows = [{"phone": "1"}] * 120 + [{"phone": None}] * 80

        found = inventory(rows, [True, False] * 100)

        assert [(one.field, one.fill) for one in found.fields] == [("phone", Rate(120, 200))]
        assert found.fields[0].fill.percent == "60.0 %"

    @pytest.mark.rule("004-26")
    def test_puts_the_most_telling_field_first(self):
        found = inventory(*market())

        assert [(one.field, round(one.gain, 6)) for one in found.fields] == [
            ("size", 0.211513),
            ("region", 0.001375),
        ]

    def test_says_nothing_of_what_a_field_tells_while_none_is_closed(self):
        found = inventory([{"x": 1}] * 20, [None] * 20)

        assert (found["x"].gain, found["x"].chance) == (None, None)
        assert (found.closed, found.open) == (Rate(0, 0), 20)

    def test_says_how_often_chance_would_tell_as_much(self):
        """Region: the likelihood ratio 2 ln 2 * 100 * 0.001375 = 0.19, at one degree 0.66."""
        found = inventory(*market())

        assert found["region"].chance == pytest.approx(0.66, abs=0.005)
        assert found["size"].chance < 1e-6

    def test_suspects_what_is_known_of_the_won_alone(self):
        rows = [{"contract": "c", "size": "s"}] * 20 + [{"size": "s"}] * 60

        found = inventory(rows, [True] * 20 + [False] * 30 + [None] * 30)

        assert [one.field for one in found if one.suspicious] == ["contract"]

    def test_suspects_what_is_known_of_the_closed_alone(self):
        rows = [{"reason": "a"}, {"reason": "b"}] * 20 + [{}] * 30

        found = inventory(rows, [True, True, False, False] * 10 + [None] * 30)

        assert found["reason"].suspicious == "is known of closed leads, hardly of others"

    def test_suspects_what_tells_nearly_all(self):
        rows, won = column(("Won", 30, 0), ("Lost", 0, 30), field="stage")

        assert inventory(rows, won)["stage"].suspicious == "tells nearly all of the end"

    def test_does_not_suspect_two_leads_of_knowing_all(self):
        assert inventory(*column((True, 1, 0), (False, 0, 1)))["x"].suspicious is None

    def test_does_not_suspect_what_tells_much(self):
        """Nine of ten: 0.53 bit of one."""
        assert inventory(*column((True, 90, 10), (False, 10, 90)))["x"].suspicious is None

    def test_does_not_suspect_what_chance_explains(self):
        """Known of one of three won and of none of four others."""
        rows = [{"x": 1}, {}, {}, {}, {}, {}, {}]

        assert inventory(rows, [True] * 3 + [False] * 4)["x"].suspicious is None

    @pytest.mark.parametrize(("others", "suspected"), [(1, True), (2, False)])
    def test_suspects_what_one_other_of_a_hundred_has(self, others, suspected):
        rows = [{"x": 1}] * 50 + [{}] * 50 + [{"x": 1}] * others + [{}] * (100 - others)

        found = inventory(rows, [True] * 100 + [False] * 100)

        assert (found["x"].suspicious is not None) is suspected

    def test_does_not_suspect_what_is_merely_filled_more_often(self):
        rows = [{"x": 1}] * 80 + [{}] * 20 + [{"x": 1}] * 30 + [{}] * 70

        assert inventory(rows, [True] * 100 + [False] * 100)["x"].suspicious is None

    def test_gives_an_identifier_no_credit(self):
        rows, won = market()
        rows = [{**row, "id": f"id-{i}"} for i, row in enumerate(rows)]

        found = inventory(rows, won)

        assert found["id"].gain == 0.0

    def test_looks_at_the_fields_that_are_asked_for(self):
        found = inventory(*market(), fields=["region", "budget"])

        assert [(one.field, one.fill) for one in found] == [
            ("region", Rate(100, 100)),
            ("budget", Rate(0, 100)),
        ]

    def test_names_the_fields_it_has(self):
        with pytest.raises(UnknownName, match="did you mean 'size'"):
            inventory(*market())["sise"]

    def test_prints_and_exports(self):
        found = inventory(*market())

        assert str(found).startswith("30 of 100 closed leads won, 0 open\n\nfield ")
        assert found.to_dict()["fields"][0]["fill"] == {"k": 100, "n": 100}
        assert repr(found) == "<Inventory of 2 fields on 100 leads>"

    def test_of_nothing_is_empty(self):
        assert inventory([], []).fields == ()

    def test_is_bounded(self):
        with pytest.raises(LimitExceeded):
            inventory([{f"f{i}": 1 for i in range(1_001)}], [True])

    def test_suspects_what_olist_wrote_down_of_won_deals_alone(self, shared_data):
        rows, won = olist(shared_data / "olist_funnel")

        found = inventory(rows, won)

        assert (found.closed, found.open) == (Rate(842, 842), 7158)
        honest = {"mql_id", "first_contact_date", "landing_page_id", "origin"}
        assert {one.field for one in found if not one.suspicious} == honest
        assert len(found) == 4 + 13
        assert found["origin"].fill == Rate(7940, 8000)
        assert found["has_company"].fill == Rate(63, 8000)


def olist(folder):
    """Give all leads with the columns of their deals, if there is one; the others are open."""
    deals = {row["mql_id"]: row for row in read(next(folder.glob("*closed_deals*")))}
    leads = read(next(folder.glob("*qualified_leads*")))
    return [{**lead, **deals.get(lead["mql_id"], {})} for lead in leads], [
        True if lead["mql_id"] in deals else None for lead in leads
    ]


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class TestLift:
    @pytest.mark.rule("002-17")
    def test_of_beverages_among_the_best_is_four(self):
        assert lift(Rate(8, 10), Rate(20, 100)) == 4.0

    @pytest.mark.parametrize(
        ("part", "base"),
        [(Rate(1, 2), Rate(0, 9)), (Rate(1, 2), Rate(0, 0)), (Rate(0, 0), Rate(1, 2))],
    )
    def test_of_nothing_is_none(self, part, base):
        assert lift(part, base) is None

    def test_refuses_a_bare_number(self):
        with pytest.raises(InvalidValue):
            lift(0.8, Rate(1, 5))

    @given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 50), st.integers(0, 50))
    def test_of_all_is_one_and_otherwise_the_ratio(self, k, n, j, m):
        part, base = Rate(k, k + n), Rate(j, j + m)

        assert lift(part, part) == 1.0
        if j:
            expected = Fraction(k, k + n) / Fraction(j, j + m)
            assert lift(part, base) == pytest.approx(float(expected))
