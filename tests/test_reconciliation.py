"""What goes in must come out at every hand-over from system to system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlib import reconcile
from leadlib.errors import InvalidValue

FORM = [f"i-{number:03}" for number in range(500)]
CAPTURED = [id_ for id_ in FORM if id_ not in {"i-007", "i-123", "i-499"}]
CRM = [id_ for id_ in CAPTURED if id_ not in {"i-200", "i-201"}]


class TestReconcile:
    @pytest.mark.rule("004-07")
    def test_names_what_went_missing_at_each_hand_over(self):
        """Form 500, captured 497, CRM 495: 3 and 2 are missing."""
        found = reconcile({"form": FORM, "captured": CAPTURED, "crm": CRM})

        assert dict(found.counts) == {"form": 500, "captured": 497, "crm": 495}
        assert [(each.before, each.after, each.missing) for each in found.hand_overs] == [
            ("form", "captured", ("i-007", "i-123", "i-499")),
            ("captured", "crm", ("i-200", "i-201")),
        ]
        assert found.missing == 5
        assert not found.is_clean
        assert found.hand_overs[0].arrived.percent == "99.4 %"

    def test_names_what_came_from_nowhere_and_what_came_twice(self):
        found = reconcile({"form": ["b", "a", "b"], "crm": ["c", "a", "a", "a"]})
        [over] = found.hand_overs

        assert found.twice == ("b",)
        assert (over.missing, over.extra, over.twice) == (("b",), ("c",), ("a",))
        assert str(found) == (
            "1 twice in form: b\n"
            "form -> crm: 1 of 2 arrived\n"
            "  1 missing: b\n"
            "  1 from nowhere: c\n"
            "  1 twice: a"
        )

    def test_shows_who_went_around_a_step(self):
        """Missing where it was not, extra where it came back."""
        first, second = reconcile({"form": ["a"], "captured": [], "crm": ["a"]}).hand_overs

        assert (first.missing, second.extra) == (("a",), ("a",))
        assert second.arrived.value is None

    def test_is_clean_where_nothing_is_lost(self):
        found = reconcile({"form": {"a", "b"}, "crm": ["b", "a"]})

        assert found.is_clean
        assert str(found) == "form -> crm: 2 of 2 arrived"

    def test_prints_a_page_and_keeps_all_ids(self):
        found = reconcile({"form": FORM, "crm": []})

        assert len(found.hand_overs[0].missing) == 500
        assert "500 missing: i-000, " in str(found)
        assert str(found).endswith("i-019 and 480 more")
        assert len(found.to_dict()["hand_overs"][0]["missing"]) == 500

    def test_shows_no_id_in_a_repr(self):
        found = reconcile({"form": ["ada@example.com"], "crm": []})

        assert repr(found) == "<Reconciliation of 2 steps: 1 missing>"
        assert repr(found.hand_overs) == (
            "(<HandOver from form to crm: 1 missing, 0 extra, 0 twice>,)"
        )

    @pytest.mark.parametrize(
        ("steps", "place"),
        [
            ([], "steps"),
            ({}, "steps"),
            ({"form": []}, "steps"),
            ({"": [], "crm": []}, "steps"),
            ({"form": "abc", "crm": []}, r"steps\.form"),
            ({"form": [], "crm": {"a": 1}}, r"steps\.crm"),
            ({"form": [], "crm": 5}, r"steps\.crm"),
            ({"form": ["a", None], "crm": []}, r"steps\.form\[1\]"),
        ],
    )
    def test_refuses_what_cannot_be_meant(self, steps, place):
        with pytest.raises(InvalidValue, match=rf"@ {place}$"):
            reconcile(steps)


class TestLaws:
    @given(st.lists(st.lists(st.sampled_from("abcdef")), min_size=2, max_size=4))
    def test_what_arrived_and_what_came_is_what_is_there(self, steps):
        found = reconcile({f"s{number}": ids for number, ids in enumerate(steps)})

        for before, after, over in zip(steps, steps[1:], found.hand_overs, strict=False):
            assert over.sent == len(set(before))
            assert set(before) - set(over.missing) | set(over.extra) == set(after)
            assert over.arrived.k + len(over.extra) == len(set(after))

    @given(st.permutations(["a", "b", "b", "c"]))
    def test_the_order_of_ids_does_not_matter(self, ids):
        assert reconcile({"x": ids, "y": ["b"]}) == reconcile(
            {"x": ["a", "b", "b", "c"], "y": ["b"]}
        )
