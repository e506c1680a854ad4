"""The best few for sales, the next to watch, and named accounts from these to sales as well."""

import pickle
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY
from leadlib.errors import ConflictError, InvalidValue, UnknownName
from leadlib.qualification import (
    Account,
    Band,
    Bands,
    NamedAccounts,
    Scored,
    Ties,
    overdue_reviews,
    pass_on,
    split_bands,
)


def ranked(count, **changes):
    """So many leads, the first with the highest score."""
    return [
        Scored(id=f"{n:04}", score=count - n, since=MONDAY, **changes) for n in range(1, count + 1)
    ]


def sizes(bands):
    return len(bands.top), len(bands.next), len(bands.rest)


class TestSplit:
    @pytest.mark.rule("001-17", "001-18", "M-34")
    @pytest.mark.parametrize(
        ("count", "expected"),
        [
            (200, (10, 20, 170)),
            (140, (7, 14, 119)),
            (60, (3, 6, 51)),
            (37, (2, 4, 31)),
            (20, (1, 2, 17)),
            (1, (1, 0, 0)),
            (0, (0, 0, 0)),
        ],
    )
    def test_takes_the_best_twentieth_and_the_next_tenth(self, count, expected):
        assert sizes(split_bands(ranked(count))) == expected

    @pytest.mark.parametrize("top", [0.05, Decimal("0.05"), Fraction(1, 20)])
    def test_is_exact_whatever_a_float_says(self, top):
        """0.05 + 0.1 is more than 0.15 as floats, and 15 % of 20 would be 4 leads."""
        assert sizes(split_bands(ranked(20), top=top, following=0.1)) == (1, 2, 17)

    @pytest.mark.rule("M-34")
    def test_of_equal_scores_the_earlier_inquiry_goes_first(self):
        """Ranks 10 and 11 of 200 tie: ten leads go to sales, or eleven if all go along."""
        leads = ranked(200)
        leads[9] = Scored(id="late", score=50_000, since=MONDAY + DAY)
        leads[10] = Scored(id="early", score=50_000, since=MONDAY)
        leads[:9] = [Scored(id=s.id, score=s.score + 100_000, since=MONDAY) for s in leads[:9]]

        assert split_bands(leads).top[-1] == "early"
        assert sizes(split_bands(leads)) == (10, 20, 170)
        assert sizes(split_bands(leads, ties=Ties.ALL_ALONG)) == (11, 19, 170)

    def test_of_equal_scores_and_instants_the_id_decides(self):
        leads = [Scored(id=id_, score=1, since=MONDAY) for id_ in "cab"]

        assert split_bands(leads).top == ("a",)

    @pytest.mark.rule("001-03", part="no more than sales can follow up")
    def test_gives_sales_no_more_than_it_can_follow_up(self):
        """Three reps, five a week, six weeks: 90 hands for 130 leads leave 40 held back."""
        bands = split_bands(ranked(2_600), most=3 * 5 * 6)

        assert (len(bands.top), len(bands.held_back)) == (90, 40)
        assert bands.next[:40] == bands.held_back
        assert "40 leads held back" in str(bands)

    @pytest.mark.rule("law-3")
    def test_does_not_take_an_unknown_score_for_a_low_one(self):
        leads = [*ranked(20), Scored(id="new", score=None, since=MONDAY)]
        bands = split_bands(leads)

        assert bands.unscored == ("new",)
        assert sizes(bands) == (1, 2, 17)
        assert bands.band_of["new"] is Band.UNSCORED

    @given(
        st.lists(
            st.tuples(st.none() | st.integers(-5, 5) | st.floats(-5, 5), st.integers(0, 3)),
            max_size=60,
        ),
        st.fractions(0, Fraction(1, 2)),
        st.fractions(0, Fraction(1, 2)),
        st.sampled_from(Ties),
        st.none() | st.integers(0, 20),
        st.randoms(),
    )
    def test_is_a_partition_in_the_order_of_scores_whatever_came_first(
        self, drawn, top, following, ties, most, chance
    ):
        try:
            leads = [
                Scored(id=f"{n}", score=score, since=MONDAY + days * DAY)
                for n, (score, days) in enumerate(drawn)
            ]
        except InvalidValue:  # a float of more digits than anybody counts with
            return
        bands = split_bands(leads, top=top, following=following, ties=ties, most=most)
        parts = [bands.of(band) for band in Band]
        score = {s.id: s.score for s in leads}
        scored = [score[id_] for part in parts[:3] for id_ in part]

        assert sorted(id_ for part in parts for id_ in part) == sorted(score)
        assert scored == sorted(scored, reverse=True)
        assert most is None or len(bands.top) <= most
        chance.shuffle(leads)
        assert split_bands(leads, top=top, following=following, ties=ties, most=most) == bands

    @pytest.mark.parametrize(
        ("change", "match"),
        [
            ({"top": 1.5}, "a share from 0 to 1.*top"),
            ({"top": -0.1}, "top"),
            ({"top": float("nan")}, "top"),
            ({"following": "0.1"}, "following"),
            ({"top": 0.6, "following": 0.6}, "at most 1 together"),
            ({"most": -1}, "a count from 0 on"),
            ({"most": True}, "a count from 0 on"),
        ],
    )
    def test_refuses_shares_and_counts_that_cannot_be(self, change, match):
        with pytest.raises(InvalidValue, match=match):
            split_bands(ranked(3), **change)

    def test_refuses_scores_that_are_none_and_leads_that_come_twice(self):
        for score in (float("nan"), float("inf"), "5", True):
            with pytest.raises(InvalidValue, match=r"\$\.score"):
                Scored(id="a", score=score, since=MONDAY)
        with pytest.raises(ConflictError, match="each lead once"):
            split_bands([*ranked(2), *ranked(1)])

    def test_refuses_other_values_than_scored_leads(self):
        for other in (5, None, ("a", 1), {"id": "a"}):
            with pytest.raises(InvalidValue, match="Scored"):
                split_bands([other])

    def test_takes_the_way_with_ties_by_its_name_and_refuses_any_other(self):
        """A way that is not known must not quietly be the usual one."""
        leads = [Scored(id=f"{n:02}", score=1, since=MONDAY) for n in range(20)]

        assert len(split_bands(leads, ties="all along").top) == 20
        assert len(split_bands(leads, ties="earlier first").top) == 1
        for ties in ("all", True, None, []):
            with pytest.raises(UnknownName, match=r"a way with ties.*all along"):
                split_bands(leads, ties=ties)

    def test_prints_and_is_plain_data(self):
        bands = split_bands(ranked(20))

        assert str(bands).splitlines()[2].split() == ["top", "1", "5.0", "%"]
        assert bands.to_dict()["next"] == ["0002", "0003"]


class TestBands:
    @pytest.mark.parametrize(
        ("parts", "match"),
        [
            ({"top": ["a", "a"]}, "each lead in one band"),
            ({"top": ["a"], "next": ["a"]}, "each lead in one band"),
            ({"rest": ["a"], "unscored": ["a"]}, "each lead in one band"),
            ({"next": ["a"], "held_back": ["b"]}, "held back among the next"),
            ({"top": ["a"], "held_back": ["a"]}, "held back among the next"),
        ],
    )
    def test_hold_each_lead_once(self, parts, match):
        with pytest.raises(ConflictError, match=match):
            Bands(**{"top": (), "next": (), "rest": (), **parts})

    @pytest.mark.parametrize("ids", ["abc", b"abc", {"a": None}, 5, None, [5], [""]])
    def test_refuse_what_is_no_collection_of_ids(self, ids):
        with pytest.raises(InvalidValue, match=r"\$\.next"):
            Bands(top=(), next=ids, rest=())

    def test_are_the_same_after_a_journey(self):
        bands = split_bands(ranked(20), most=0)
        back = pickle.loads(pickle.dumps(bands))

        assert back == bands
        assert back.band_of == bands.band_of
        assert back.band_of["0001"] is Band.NEXT


class TestPassOn:
    @pytest.mark.rule("001-20", "001-21")
    def test_passes_the_marquee_customer_and_keeps_cultivating_the_others(self):
        """Twenty watched, one of them marquee: sales gets 10 + 1, 19 stay, none is lost."""
        bands = split_bands(ranked(200))
        passed = pass_on(bands, marquee=["0017"])

        assert len(passed.to_sales) == 11
        assert passed.to_sales["0017"] == "MARQUEE"
        assert passed.to_sales["0001"] == "TOP"
        assert len(passed.to_watch) == 19
        assert set(passed.to_watch) < set(passed.to_cultivate)
        assert len(passed.to_sales) + len(passed.to_cultivate) == 200

    @pytest.mark.rule("001-22")
    def test_passes_rank_17_of_coca_cola_but_not_rank_22_of_cola_cargo_nor_rank_121(self):
        companies = {"0017": "Coca-Cola", "0022": "Cola Cargo GmbH", "0121": "Brewmaster"}
        marquee = NamedAccounts(
            [
                Account(name="The Coca-Cola Company", domains=["coca-cola.com"]),
                Account(name="Brewmaster Holding"),
            ]
        )
        named = [id_ for id_, company in companies.items() if marquee.match(company=company)]
        passed = pass_on(split_bands(ranked(200)), marquee=named)

        assert [i for i, why in passed.to_sales.items() if why == "MARQUEE"] == ["0017"]
        assert "0022" in passed.to_watch
        assert "0121" in passed.to_nurture
        assert dict(passed.flagged) == {"0121": "MARQUEE_BELOW_BAND"}

    def test_flags_a_marquee_that_nobody_has_scored(self):
        passed = pass_on(Bands(top=(), next=(), rest=(), unscored=("u",)), marquee=["u"])

        assert dict(passed.flagged) == {"u": "MARQUEE_UNSCORED"}

    def test_no_name_overrides_a_veto(self):
        bands = Bands(top=("a",), next=("b",), rest=("c",))
        passed = pass_on(bands, marquee=["b", "c"], disqualified=["a", "b", "c"])

        assert (dict(passed.to_sales), passed.kept_out, dict(passed.flagged)) == (
            {},
            ("a", "b", "c"),
            {},
        )

    @pytest.mark.parametrize("ids", ["b", {"b": None}, 5])
    @pytest.mark.parametrize("role", ["marquee", "disqualified"])
    def test_refuses_ids_that_would_be_misread(self, role, ids):
        """The letters of one id would veto nobody, and the keys of a mapping would name all."""
        with pytest.raises(InvalidValue, match=rf"a collection of ids.*{role}"):
            pass_on(Bands(top=("a",), next=("b",), rest=()), **{role: ids})

    @given(st.integers(0, 50), st.sets(st.integers(1, 50)), st.sets(st.integers(1, 50)))
    def test_loses_nobody(self, count, marquee, disqualified):
        bands = split_bands(ranked(count))
        ids = [f"{n:04}" for n in range(1, count + 1)]
        passed = pass_on(
            bands,
            marquee=[f"{n:04}" for n in marquee],
            disqualified=[f"{n:04}" for n in disqualified],
        )
        places = [*passed.to_sales, *passed.to_watch, *passed.to_nurture, *passed.kept_out]

        assert sorted([*places, *passed.unscored]) == ids


class TestReviews:
    @pytest.mark.rule("001-19")
    def test_of_watched_leads_are_overdue_after_their_week(self):
        """Twenty watched; on day 8 fourteen were looked at yesterday, six never."""
        reviewed = {f"{n:02}": MONDAY + (7 * DAY if n < 14 else 0 * DAY) for n in range(20)}

        late = overdue_reviews(reviewed, every=timedelta(days=7), now=MONDAY + 8 * DAY)
        assert late == ("14", "15", "16", "17", "18", "19")

    def test_exactly_on_time_are_in_time(self):
        assert overdue_reviews({"a": MONDAY}, every=7 * DAY, now=MONDAY + 7 * DAY) == ()
        with pytest.raises(InvalidValue, match="a span above zero"):
            overdue_reviews({}, every=0 * DAY, now=MONDAY)

    @pytest.mark.parametrize(
        ("wrong", "match"),
        [
            ({"every": 7}, "every"),
            ({"now": MONDAY.replace(tzinfo=None)}, "now"),
            ({"reviewed": {"a": None}}, r"reviewed\.a"),
        ],
    )
    def test_refuse_spans_and_instants_that_are_none(self, wrong, match):
        with pytest.raises(InvalidValue, match=match):
            overdue_reviews(**{"reviewed": {"a": MONDAY}, "every": 7 * DAY, "now": MONDAY} | wrong)
