"""Agreement: kappa of two and of many, and where people and the definition part."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlib._qualification.agreement import cohen_kappa, disagreements, fleiss_kappa
from leadlib._rates import Rate
from leadlib.errors import InvalidValue

# 14 raters, 10 subjects, 5 categories: the example that encyclopedias print for Fleiss 1971
FOURTEEN_RATERS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
THREE_REPS = [[3, 0], [2, 1], [1, 2], [0, 3], [2, 1]]

labels = st.sampled_from(["yes", "no", "later"])
votes = st.lists(st.lists(labels, min_size=3, max_size=3), min_size=1, max_size=30)


def counted(rows, categories=("yes", "no", "later")):
    return [[Counter(row)[category] for category in categories] for row in rows]


def pairs(both=0, first=0, second=0, neither=0):
    return [
        *[(True, True)] * both,
        *[(True, False)] * first,
        *[(False, True)] * second,
        *[(False, False)] * neither,
    ]


class TestCohen:
    @pytest.mark.rule("M-35")
    def test_agrees_with_the_worked_example(self):
        """40 both yes, 20 and 10 one only, 30 both no: (0.70 - 0.50) / (1 - 0.50)."""
        actual = cohen_kappa(pairs(both=40, first=20, second=10, neither=30))

        assert actual == pytest.approx(0.40, abs=1e-12)

    def test_is_one_where_all_agree_and_both_labels_occur(self):
        assert cohen_kappa(pairs(both=3, neither=2)) == 1.0

    def test_is_minus_one_where_two_with_even_habits_never_agree(self):
        assert cohen_kappa(pairs(first=5, second=5)) == -1.0

    @pytest.mark.parametrize("rated", [[], pairs(both=9)], ids=["nothing", "one label"])
    def test_is_undefined_without_anything_to_tell_apart(self, rated):
        assert cohen_kappa(rated) is None

    @pytest.mark.parametrize(
        "pair",
        [
            ("yes",),
            ("yes", "no", "no"),
            "no",
            7,
            None,
            (None, "yes"),
            ("yes", float("nan")),
            ([], 1),
        ],
    )
    def test_refuses_what_is_no_pair_of_labels(self, pair):
        with pytest.raises(InvalidValue, match="label"):
            cohen_kappa([("yes", "no"), pair])

    @given(st.lists(st.tuples(labels, labels)))
    def test_does_not_care_who_is_first_nor_in_what_order(self, rated):
        actual = cohen_kappa(rated)

        assert actual == cohen_kappa([(b, a) for a, b in reversed(rated)])
        assert actual is None or -1 <= actual <= 1


class TestFleiss:
    @pytest.mark.rule("M-35")
    @pytest.mark.published("Fleiss, Psychol. Bull. 76 (1971) 378; table of encyclopedias")
    def test_agrees_with_the_published_table(self):
        assert fleiss_kappa(FOURTEEN_RATERS) == pytest.approx(0.210, abs=0.0005)

    @pytest.mark.rule("003-26")
    def test_of_three_reps_on_five_leads(self):
        """Observed 9/15, by chance 113/225: 22/112."""
        assert fleiss_kappa(THREE_REPS) == pytest.approx(22 / 112, abs=1e-12)

    @pytest.mark.parametrize(
        "rows",
        [[], [[3, 0], [3, 0]]],
        ids=["nothing", "one category"],
    )
    def test_is_undefined_without_anything_to_tell_apart(self, rows):
        assert fleiss_kappa(rows) is None

    @pytest.mark.parametrize(
        ("rows", "says"),
        [
            ([[3, 0], [2, 0]], r"3 raters, as in counts\[0\], got 2 and 2 @ counts\[1\]"),
            ([[3, 0], [1, 1, 1]], r"2 categories and 3 raters, .* got 3 and 3 @ counts\[1\]"),
            ([[]], "two raters or more"),
            ([[0, 0]], "two raters or more"),
            ([[1, 0], [0, 1]], "two raters or more"),
            ([[4, -1]], "a negative one"),
            ([[1.5, 1.5]], "whole number"),
            ([[True, 2]], "whole number"),
            ([[10**30, 0]], "1e18"),
            (["30"], "counts by category"),
            ([None], "counts by category"),
        ],
    )
    def test_refuses_what_is_no_table_of_counts(self, rows, says):
        with pytest.raises(InvalidValue, match=says):
            fleiss_kappa(rows)

    @given(votes, st.randoms())
    def test_does_not_care_about_the_order_of_leads_or_categories(self, rows, lots):
        actual = fleiss_kappa(counted(rows))
        lots.shuffle(rows)

        assert actual == fleiss_kappa(counted(rows, ("later", "yes", "no")))
        assert actual is None or actual <= 1

    @given(st.lists(st.tuples(labels, labels), min_size=1))
    def test_of_two_pools_their_habits(self, rated):
        """Cohen's kappa where both raters have the same habits: each pair and its mirror."""
        mirrored = [*rated, *((b, a) for a, b in rated)]

        expected = cohen_kappa(mirrored)
        assert fleiss_kappa(counted(mirrored)) == expected

    def test_of_a_million_raters_is_exact(self):
        many = 10**6
        assert fleiss_kappa([[many, 0], [0, many]]) == 1.0


class TestDisagreements:
    def three(self, **more):
        leads = ["a", "b", "c", "d", "e"]
        said = {
            "ann": dict(zip(leads, [True, True, True, False, True], strict=True)),
            "bob": dict(zip(leads, [True, True, False, False, True], strict=True)),
            "cem": dict(zip(leads, [True, False, False, False, False], strict=True)),
        }
        definition = {"a": True, "b": True, "c": False, "d": True, "e": None, **more}
        return said, definition

    @pytest.mark.rule("003-26")
    def test_measure_three_salespeople_with_three_answers(self):
        report = disagreements(*self.three())

        assert report.kappa == pytest.approx(0.1964, abs=0.00005)
        assert (report.compared, report.leads) == (5, 5)

    def test_count_for_each_rep_the_leads_that_the_definition_decides(self):
        report = disagreements(*self.three())

        # ann: a, b as the definition, c and d not; bob: a, b, c; cem: a, c; e is undecided
        rates = {rep.rep: rep.agreement for rep in report.reps}
        assert rates == {"ann": Rate(2, 4), "bob": Rate(3, 4), "cem": Rate(2, 4)}
        faults = [(rep.too_easy, rep.too_strict, rep.undecided) for rep in report.reps]
        assert faults == [(1, 1, 1), (0, 1, 1), (0, 2, 1)]

    def test_name_the_most_evenly_split_leads_first_then_those_against_the_definition(self):
        """Leads b and c are split two to one with one against; e is undecided; all refuse d."""
        report = disagreements(*self.three())

        assert [(lead.lead, lead.against) for lead in report.disputed] == [
            ("b", 1),
            ("c", 1),
            ("e", 0),
            ("d", 3),
        ]

    def test_compare_the_reps_on_the_leads_that_all_of_them_rated(self):
        said, definition = self.three()
        del said["cem"]["e"]

        report = disagreements(said, definition)

        assert report.compared == 4
        assert report.kappa == fleiss_kappa(THREE_REPS[:4])
        assert "on 4 of 5 leads" in str(report)

    def test_of_two_use_their_own_habits(self):
        """Of four leads ann takes all but one, bob one: 2 agreed, by chance 1.5 of 4 leads."""
        said = {
            "ann": {"a": True, "b": True, "c": True, "d": False},
            "bob": {"a": True, "b": False, "c": False, "d": False},
        }

        assert disagreements(said, {}).kappa == pytest.approx((0.5 - 0.375) / (1 - 0.375))

    def test_take_none_as_no_rating(self):
        said, definition = self.three()
        expected = {**said, "cem": {k: v for k, v in said["cem"].items() if k != "e"}}
        said["cem"]["e"] = None

        assert disagreements(said, definition) == disagreements(expected, definition)

    def test_of_nobody_say_nothing(self):
        report = disagreements({}, {"a": None})

        assert (report.kappa, report.compared, report.disputed) == (None, 0, ())

    def test_of_one_have_no_kappa_but_a_rate(self):
        report = disagreements({"ann": {"a": True}}, {"a": False})

        assert (report.kappa, report.compared) == (None, 0)
        assert report.reps[0].agreement == Rate(0, 1)
        assert [lead.lead for lead in report.disputed] == ["a"]

    def test_print_as_tables_and_export(self):
        report = disagreements(*self.three())

        assert str(report).startswith("kappa among reps: 0.196, on 5 of 5 leads")
        assert "75.0 % [30.1, 95.4]   4         0           1          1" in str(report)
        assert report.to_dict()["reps"][1]["agreement"] == {"k": 3, "n": 4}
        first = {"lead": "b", "yes": 2, "no": 1, "definition": True}
        assert report.to_dict()["disputed"][0] == first
        assert repr(report) == "<Disagreements of 3 reps on 5 leads>"
        assert report._repr_html_().startswith("<pre>kappa")

    @pytest.mark.parametrize(
        ("reps", "definition"),
        [
            ({"ann": {"a": "yes"}}, {}),
            ({"ann": {"a": 1}}, {}),
            ({"ann": {"a": True}}, {"a": "no"}),
            ({"ann": {7: True}}, {}),
            ({"ann": [True]}, {}),
            ([], {}),
            ({}, None),
            ({7: {}}, {}),
        ],
    )
    def test_refuse_what_is_no_rating(self, reps, definition):
        with pytest.raises(InvalidValue):
            disagreements(reps, definition)

    @given(
        st.dictionaries(
            st.sampled_from(["ann", "bob", "cem"]),
            st.dictionaries(st.sampled_from("abcde"), st.sampled_from([True, False, None])),
        ),
        st.dictionaries(st.sampled_from("abcde"), st.sampled_from([True, False, None])),
    )
    def test_lose_no_rating(self, said, definition):
        report = disagreements(said, definition)

        for rep in report.reps:
            ratings = [value for value in said[rep.rep].values() if value is not None]
            assert rep.agreement.n + rep.undecided == len(ratings)
            assert rep.agreement.k + rep.too_easy + rep.too_strict == rep.agreement.n
        assert disagreements(dict(reversed(said.items())), definition) == report
