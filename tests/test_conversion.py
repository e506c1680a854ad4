"""How many leads got from one stage to another, in which time, at which pass, and what if."""

import pickle
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import assume, given
from hypothesis import strategies as st

from builders import DAY, MONDAY
from leadlib.errors import InvalidValue, UnknownName
from leadlib.metrics import (
    CampaignResult,
    Conversion,
    Counting,
    Passes,
    PeriodRatios,
    Rate,
    StageLog,
    WindowedConversion,
    cohorts,
    converted_within,
    funnel,
    passes,
    period_ratios,
    what_if,
)

STAGES = ("lead", "quoted", "won")


def day(number):
    return MONDAY + number * DAY


def a_log(*groups):
    """*count* leads each that enter the stages of *path*, one a day."""
    rows = [
        (f"{group}-{number}", stage, day(step))
        for group, (count, path) in enumerate(groups)
        for number in range(count)
        for step, stage in enumerate(path.split())
    ]
    return StageLog.from_rows(rows, known=STAGES)


def logs(stages=(*STAGES, "lost")):
    row = st.tuples(
        st.sampled_from("abcdef"),
        st.sampled_from(stages),
        st.integers(0, 90).map(day),
        st.integers(0, 2),
    )
    return st.lists(row, min_size=1, max_size=30)


def logged(rows):
    return StageLog.from_rows(rows, known=[*STAGES, "lost"])


class TestConversion:
    @pytest.mark.rule("M-21", "002-07")
    def test_is_lead_to_quote_lead_to_close_and_quote_to_close(self):
        """200 leads, 36 quoted (ten of them twice), 9 won, 7 lost after a quote, 100 before."""
        log = a_log(
            (9, "lead quoted won"),
            (10, "lead quoted lead quoted"),
            (7, "lead quoted lost"),
            (10, "lead quoted"),
            (100, "lead lost"),
            (64, "lead"),
        )
        found = funnel(log, stages=STAGES, closed=["lost"])
        quote, close = found.conversion("lead", "quoted"), found.conversion("lead", "won")
        quote_to_close = found.conversion("quoted", "won")

        assert (quote.rate, close.rate) == (Rate(36, 200), Rate(9, 200))
        assert quote.rate.interval == pytest.approx((0.1329, 0.2391), abs=5e-5)
        assert close.rate.interval == pytest.approx((0.0239, 0.0833), abs=5e-5)
        assert quote_to_close.rate == Rate(9, 36)
        assert quote_to_close.rate.interval == pytest.approx((0.1375, 0.4107), abs=5e-5)
        # the win rate excludes what is open
        assert (quote_to_close.left, quote_to_close.open) == (7, 20)
        assert quote_to_close.rate_of_closed == Rate(9, 16)
        assert (close.left, close.open, close.rate_of_closed) == (107, 84, Rate(9, 116))

    @pytest.mark.rule("003-02")
    def test_splits_a_funnel_in_two_at_sales_ready(self):
        log = a_log((340, "inquiry"), (54, "inquiry ready"), (6, "inquiry ready quoted won"))
        found = funnel(log, stages=["inquiry", "ready", "quoted", "won"])
        marketing, sales = found.split("ready")

        assert (marketing.rate, sales.rate) == (Rate(60, 400), Rate(6, 60))
        assert found.conversion("inquiry", "won").rate == Rate(6, 400)
        assert marketing.rate.value * sales.rate.value == pytest.approx(0.015)

    @pytest.mark.rule("004-10")
    def test_has_a_supply_and_a_yield_for_each_channel(self):
        """Three channels and one lead that came by none: they sum to all inquiries."""
        counts = {"fair": (40, 10), "mail": (100, 8), "web": (59, 0), None: (1, 1)}
        rows = [
            (f"{channel}-{number}", stage, day(0), 0, channel)
            for channel, (came, went) in counts.items()
            for number in range(came)
            for stage in ("lead", "won")[: 2 if number < went else 1]
        ]
        log = StageLog.from_rows(rows, by=["channel"])
        found = funnel(log, stages=["lead", "won"], by="channel")
        yields = {name: group.conversion("lead", "won") for name, group in found.groups.items()}

        assert {name: one.rate for name, one in yields.items()} == {
            "fair": Rate(10, 40),
            "mail": Rate(8, 100),
            "web": Rate(0, 59),
            "": Rate(1, 1),
        }
        assert sum(one.entered for one in yields.values()) == found.leads == 200

    def test_counts_as_the_funnel_does(self):
        log = a_log((3, "lead won"), (1, "lead quoted won"), (1, "lead"))

        loose = funnel(log, stages=STAGES)
        assert loose.conversion("lead", "quoted").rate == Rate(4, 5)
        strict = funnel(log, stages=STAGES, counting=Counting.STRICT)
        assert strict.conversion("lead", "quoted").rate == Rate(1, 5)

    def test_without_known_losses_has_no_rate_of_closed(self):
        found = funnel(a_log((3, "lead won"), (2, "lead")), stages=STAGES).conversion("lead", "won")

        assert (found.rate, found.rate_of_closed, found.open) == (Rate(3, 5), None, 2)
        assert str(found) == "lead to won: 60.0 % [23.1, 88.2]; of closed -; 0 left, 2 open"
        assert found.to_dict()["of_closed"] is None

    def test_is_plain_data_and_a_value(self):
        log = a_log((1, "lead won"), (1, "lead lost"))
        found = funnel(log, stages=STAGES).conversion("lead", "won")

        assert isinstance(found, Conversion)
        assert pickle.loads(pickle.dumps(found)) == found
        assert found.to_dict()["of_closed"]["n"] == 2

    def test_goes_forward_between_stages_of_the_funnel(self):
        found = funnel(a_log((1, "lead quoted won")), stages=STAGES)

        for start, goal in (("won", "lead"), ("lead", "lead")):
            with pytest.raises(InvalidValue, match="a stage after"):
                found.conversion(start, goal)
        with pytest.raises(UnknownName, match="did you mean 'quoted'"):
            found.conversion("lead", "quotd")
        for edge in ("lead", "won"):
            with pytest.raises(InvalidValue):
                found.split(edge)

    @given(logs())
    def test_sums_and_multiplies_whatever_the_log(self, rows):
        found = funnel(logged(rows), stages=STAGES, closed=["lost"])
        first, second = found.split("quoted")
        whole = found.conversion("lead", "won")

        for part in (first, second, whole):
            assert part.entered == part.arrived + part.left + part.open
            assert part.open >= 0
        assert (first.entered, first.arrived) == (whole.entered, second.entered)
        assert (second.arrived, first.left + second.left) == (whole.arrived, whole.left)


class TestResponse:
    @pytest.mark.rule("004-02")
    def test_is_the_share_that_an_activity_called_forth(self):
        assert str(Rate(150, 10_000)) == "1.500 % [1.280, 1.758]"

    @pytest.mark.rule("004-11")
    def test_of_acceptable_quality_has_its_cost(self):
        """Four times the cost of an inquiry, and nearly the same of an accepted lead."""
        a = CampaignResult(name="A", inquiries=500, accepted=40, spend=10_000, currency="EUR")
        b = CampaignResult(name="B", inquiries=100, accepted=30, spend=8_000, currency="EUR")
        none = CampaignResult(name="C", inquiries=100, accepted=0, spend=8_000, currency="EUR")

        assert (a.cost_per_inquiry, b.cost_per_inquiry) == (20, 80)
        assert a.cost_per_accepted == 250
        assert round(b.cost_per_accepted, 2) == Decimal("266.67")
        assert none.cost_per_accepted is None


class TestWhatIf:
    STEPS = (Rate(60, 400), Rate(6, 60))

    @pytest.mark.rule("003-04")
    def test_more_inquiries_and_more_ready_ones_are_two_levers(self):
        assert what_if(self.STEPS) == 6
        assert what_if(self.STEPS, volume=0.2) == 7.2
        assert what_if(self.STEPS, lifts=[0.2]) == 7.2
        assert what_if(self.STEPS, volume=0.2, lifts=[0.2]) == 8.64

    def test_takes_a_lift_for_each_step_and_a_loss(self):
        assert what_if(self.STEPS, lifts=[0, Decimal("0.5")]) == 9
        assert what_if(self.STEPS, volume=-1) == 0
        assert what_if(self.STEPS, volume=Decimal("-0.5"), lifts=[1, 1]) == 12

    def test_of_nothing_is_nothing_known(self):
        assert what_if([Rate(0, 0)]) is None
        assert what_if([Rate(0, 10), Rate(0, 0)]) is None

    def test_no_rate_goes_beyond_all(self):
        assert what_if([Rate(1, 2)], lifts=[1]) == 2
        with pytest.raises(InvalidValue, match="at most 100 %"):
            what_if([Rate(1, 2)], lifts=[1.01])

    @pytest.mark.parametrize(
        ("steps", "levers"),
        [
            ([], {}),
            ([0.5], {}),
            (Rate(1, 2), {}),
            ([Rate(1, 2)], {"lifts": [0, 0]}),
            ([Rate(1, 2)], {"volume": -1.1}),
            ([Rate(1, 2)], {"volume": "0.2"}),
            ([Rate(1, 2)], {"volume": float("nan")}),
            ([Rate(1, 2)], {"lifts": [True]}),
        ],
    )
    def test_takes_steps_and_changes(self, steps, levers):
        with pytest.raises(InvalidValue):
            what_if(steps, **levers)

    @given(st.lists(st.integers(1, 10**6), min_size=2, max_size=6), st.integers(-100, 900))
    def test_without_a_lift_is_what_was_and_grows_with_the_volume(self, counts, percent):
        counts = sorted(counts, reverse=True)
        steps = [Rate(k, n) for n, k in pairwise(counts)]
        volume = Decimal(percent) / 100

        assert what_if(steps) == counts[-1]
        assert what_if(steps, volume=volume) == pytest.approx(counts[-1] * (100 + percent) / 100)


def m_03():
    """January 100 entries, 20, 15 and 5 won in January to March; February 50, of which 5 and 10."""
    rows = []
    for month, entries, wins in ((1, 100, {1: 20, 2: 15, 3: 5}), (2, 50, {2: 5, 3: 10})):
        won = [m for m, count in wins.items() for _ in range(count)]
        for n in range(entries):
            rows.append((f"{month}-{n}", "lead", datetime(2026, month, 1 + n % 15, tzinfo=UTC)))
            if n < len(won):
                rows.append((f"{month}-{n}", "won", datetime(2026, won[n], 20, tzinfo=UTC)))
    return StageLog.from_rows(rows)


ENDS = ("lead", "won")
NOTE = (
    "'Per 100 entered' is no conversion rate: who arrives in a month may have come in long before.",
)


class TestPeriodRatios:
    @pytest.mark.rule("M-03")
    def test_are_no_conversion_rates_and_stand_beside_them(self):
        found = period_ratios(m_03(), stages=ENDS, as_of=datetime(2026, 6, 1, tzinfo=UTC))

        assert [(m.month.month, m.entered, m.arrived) for m in found.months] == [
            (1, 100, 20),
            (2, 50, 20),
            (3, 0, 15),
        ]
        assert [m.ratio for m in found.months] == [0.2, 0.4, None]
        assert [m.cohort.rate for m in found.months[:2]] == [Rate(40, 100), Rate(15, 50)]
        assert found.months[2].cohort is None
        assert str(found).splitlines() == [
            "month    entered  won  per 100 entered  of its own leads",
            "───────  ───────  ───  ───────────────  ────────────────",
            "2026-01      100   20             20.0            40.0 %",
            "2026-02       50   20             40.0            30.0 %",
            "2026-03        0   15                -                 -",
            *NOTE,
        ]

    def test_are_plain_data_and_a_value(self):
        found = period_ratios(m_03(), stages=ENDS)

        assert isinstance(found, PeriodRatios)
        assert pickle.loads(pickle.dumps(found)) == found
        assert found.to_dict()["months"][2]["cohort"] is None
        assert found.to_dict()["months"][1]["period_ratio"] == 0.4

    def test_may_be_above_one(self):
        rows = [(lead, "lead", day(0)) for lead in "abc"] + [("d", "lead", day(40))]
        rows += [(lead, "won", day(41)) for lead in "abc"]

        assert period_ratios(StageLog.from_rows(rows), stages=ENDS).months[1].ratio == 3

    def test_months_begin_in_their_zone(self):
        """2026-01-31 23:30 in New York is January there and February in UTC."""
        log = StageLog.from_rows([("a", "lead", datetime(2026, 2, 1, 4, 30, tzinfo=UTC))])
        there = period_ratios(log, stages=["lead"], zone=ZoneInfo("America/New_York"))

        assert [(m.month, m.arrived) for m in there.months] == [(date(2026, 1, 1), 1)]

    @given(logs())
    def test_entries_and_arrivals_are_those_of_the_cohorts(self, rows):
        log = logged(rows)
        ratios = period_ratios(log, stages=STAGES)
        months = cohorts(log, stages=STAGES).months

        assert sum(m.entered for m in ratios.months) == sum(c.entered for c in months)
        assert sum(m.arrived for m in ratios.months) == sum(c.reached for c in months)
        assert [m.cohort for m in ratios.months if m.cohort] == [*months]


MONTHS = ("the month of entry", "1 month after that of entry", "2 months after that of entry")


class TestConvertedWithin:
    @pytest.mark.rule("M-04")
    @pytest.mark.parametrize(("months", "expected"), [(0, 20), (1, 35), (2, 40)])
    def test_counts_calendar_months_after_that_of_entry(self, months, expected):
        as_of = datetime(2026, 4, 1, tzinfo=UTC)
        found = converted_within(m_03(), stages=ENDS, within=MONTHS[months], as_of=as_of)
        january, february = found.months

        assert found.within == MONTHS[months]

        assert january.rate == Rate(expected, 100)
        if months < 2:
            assert february.rate == Rate((5, 15)[months], 50)
        else:
            assert (february.rate.value, february.entered, february.observed) == (None, 50, 0)

    @pytest.mark.rule("M-04")
    def test_leaves_out_who_was_not_observed_so_long(self):
        """Seven days: a arrived in time, b too late, c not at all; d was quick but is young."""
        rows = [(lead, "lead", day(0)) for lead in "abc"] + [("d", "lead", day(10))]
        rows += [("a", "won", day(7)), ("b", "won", day(8)), ("d", "won", day(11))]
        log = StageLog.from_rows(rows)

        found = converted_within(log, stages=ENDS, within="7 days", as_of=day(16))
        assert (found.rate, found.young) == (Rate(1, 3), 1)
        later = converted_within(log, stages=ENDS, within="1 week", as_of=day(17))
        assert (later.rate, later.young) == (Rate(2, 4), 0)
        young = converted_within(log, stages=ENDS, within=timedelta(days=30))
        assert (young.rate.value, young.young) == (None, 4)

    def test_months_of_a_period_follow_the_calendar_in_the_zone(self):
        """From 31 January 23:30 in New York one month lasts until 28 February 23:30 there."""
        zone = ZoneInfo("America/New_York")
        entered = datetime(2026, 1, 31, 23, 30, tzinfo=zone)
        end = datetime(2026, 2, 28, 23, 30, tzinfo=zone)
        for won, expected in ((end, 1), (end + timedelta(microseconds=1), 0)):
            log = StageLog.from_rows([("a", "lead", entered), ("a", "won", won)])
            found = converted_within(
                log, stages=ENDS, within=relativedelta(months=1), zone=zone, as_of=day(30)
            )

            assert found.rate == Rate(expected, 1)
            assert [m.month for m in found.months] == [date(2026, 1, 1)]

    def test_a_month_is_observed_once_its_last_instant_is(self):
        log = StageLog.from_rows([("a", "lead", datetime(2026, 1, 5, tzinfo=UTC))], known=["won"])
        over = datetime(2026, 2, 1, tzinfo=UTC)
        last = over - timedelta(microseconds=1)

        for as_of, observed in ((over, 1), (last, 1), (last - timedelta(microseconds=1), 0)):
            found = converted_within(log, stages=ENDS, within=MONTHS[0], as_of=as_of)
            assert found.months[0].observed == observed

    def test_prints_the_months_with_their_base(self):
        found = converted_within(
            m_03(), stages=ENDS, within=MONTHS[2], as_of=datetime(2026, 4, 1, tzinfo=UTC)
        )

        assert str(found).splitlines() == [
            "won within 2 months after that of entry: 40.0 % [30.9, 49.8]; 50 too young",
            "month    entered  observed  in time    rate  95 % interval",
            "───────  ───────  ────────  ───────  ──────  ─────────────",
            "2026-01      100       100       40  40.0 %   [30.9, 49.8]",
            "2026-02       50         0        0       -              -",
        ]
        assert found.to_dict()["months"][1]["converted"]["rate"] is None
        assert isinstance(found, WindowedConversion)
        assert pickle.loads(pickle.dumps(found)) == found

    @pytest.mark.parametrize(
        "within", [-1, True, 1.5, None, "soon", "10000 months after that of entry", timedelta(0)]
    )
    def test_needs_a_window(self, within):
        with pytest.raises(InvalidValue):
            converted_within(m_03(), stages=ENDS, within=within)
        with pytest.raises(InvalidValue):
            converted_within(m_03(), stages=ENDS, within=MONTHS[1], zone="UTC")

    @pytest.mark.parametrize("within", [30, 0, 30.0])
    def test_a_number_without_a_unit_is_refused_with_an_example(self, within):
        with pytest.raises(
            InvalidValue, match=r"such as 30 days: .* got a number without a unit @ within"
        ):
            converted_within(m_03(), stages=ENDS, within=within)

    @given(logs(), st.integers(1, 60))
    def test_equals_a_count_by_hand(self, rows, days):
        """For each lead the first entry into any stage of the way, and into the last one."""
        entered, won = {}, {}
        for lead, stage, at, _ in sorted(rows, key=lambda row: row[2]):
            if stage == "won":
                won.setdefault(lead, at)
            if stage in STAGES:
                entered.setdefault((lead, stage), at)
        first = {}
        for stage in reversed(STAGES):
            first |= {lead: at for (lead, of), at in entered.items() if of == stage}
        cut, window = max(row[2] for row in rows), days * DAY
        observed = [lead for lead, at in first.items() if at + window <= cut]
        in_time = [a for a in observed if a in won and won[a] <= first[a] + window]
        found = converted_within(logged(rows), stages=STAGES, within=window)

        assert found.rate == Rate(len(in_time), len(observed))
        assert found.young == len(first) - len(observed)

    @given(logs(), logs(), st.integers(0, 90).map(day), st.sampled_from(["9 days", *MONTHS]))
    def test_nothing_after_as_of_is_visible(self, rows, more, as_of, within):
        past = [row for row in rows if row[2] <= as_of]
        later = [row for row in more if row[2] > as_of]
        options = {"stages": STAGES, "as_of": as_of}

        for figure, also in ((converted_within, {"within": within}), (period_ratios, {})):
            now, then = (figure(logged(r), **options, **also) for r in (past, past + later))
            assert now.to_dict() == then.to_dict()

    @given(logs(), st.integers(1, 40), st.randoms(use_true_random=False))
    def test_is_blind_to_row_order_and_duplicates(self, rows, days, chance):
        delivered = rows + rows[::3]
        chance.shuffle(delivered)
        window = days * DAY

        one, other = (
            converted_within(logged(r), stages=STAGES, within=window) for r in (rows, delivered)
        )
        assert one == other


OFFERED, TAKEN = "handed_off", "accepted"


def visits():
    stages = st.sampled_from([OFFERED, TAKEN, "handed_back"])
    lives = st.lists(st.lists(stages, min_size=1, max_size=8), min_size=1, max_size=6)
    return lives.map(
        lambda lives: [
            (f"L{lead}", stage, day(step))
            for lead, life in enumerate(lives)
            for step, stage in enumerate(life)
        ]
    )


class TestPasses:
    KNOWN = (OFFERED, TAKEN, "handed_back", "working")

    def found(self, rows, goal=TAKEN, **options):
        return passes(
            StageLog.from_rows(rows, known=self.KNOWN), start=OFFERED, goal=goal, **options
        )

    @pytest.mark.rule("M-06")
    def test_give_three_numbers(self):
        """10 leads, 13 entries: 5 accepted at once, 2 the second time, 1 twice in vain, 2 once."""
        back = f"{OFFERED} handed_back {OFFERED}"
        lives = [*[f"{OFFERED} {TAKEN}"] * 5, *[f"{back} {TAKEN}"] * 2, f"{back} handed_back"]
        lives += [f"{OFFERED} handed_back", OFFERED]
        found = self.found(
            (f"L{lead}", stage, day(step))
            for lead, life in enumerate(lives)
            for step, stage in enumerate(life.split())
        )

        assert (found.leads, found.passes) == (10, 13)
        assert (found.first_pass, found.eventual, found.per_pass) == (
            *(Rate(5, 10), Rate(7, 10)),
            Rate(7, 13),
        )
        assert found.first_pass.interval == pytest.approx((0.237, 0.763), abs=5e-4)
        assert found.eventual.interval == pytest.approx((0.397, 0.892), abs=5e-4)
        assert found.per_pass.interval == pytest.approx((0.291, 0.768), abs=5e-4)
        assert found.waiting == 1
        assert str(found).splitlines() == [
            "handed_off  arrived  of    rate  95 % interval",
            "──────────  ───────  ──  ──────  ─────────────",
            "first pass        5  10  50.0 %   [23.7, 76.3]",
            "eventual          7  10  70.0 %   [39.7, 89.2]",
            "per pass          7  13  53.8 %   [29.1, 76.8]",
            "1 still wait there",
        ]

    def test_a_lead_that_is_accepted_twice_has_two_passes_that_arrived(self):
        path = (OFFERED, TAKEN, "handed_back", OFFERED, TAKEN)
        found = self.found(("a", stage, day(n)) for n, stage in enumerate(path))

        assert (found.eventual, found.per_pass, found.waiting) == (Rate(1, 1), Rate(2, 2), 0)

    def test_to_stay_is_no_pass_and_what_came_before_is_none(self):
        path = (TAKEN, OFFERED, OFFERED, TAKEN)
        found = self.found(("a", stage, day(n)) for n, stage in enumerate(path))

        assert (found.leads, found.passes, found.first_pass) == (1, 1, Rate(1, 1))

    def test_any_of_several_goals_will_do(self):
        rows = [("a", OFFERED, day(0)), ("a", "working", day(1)), ("a", TAKEN, day(2))]

        assert self.found(rows[:2]).eventual == Rate(0, 1)
        assert self.found(rows, goal=[TAKEN, "working"]).per_pass == Rate(1, 1)

    def test_ties_go_by_seq_then_start_before_goal_before_others(self):
        tied = [("a", TAKEN, day(0)), ("a", OFFERED, day(0)), ("a", "handed_back", day(0))]

        assert (self.found(tied).first_pass, self.found(tied).waiting) == (Rate(1, 1), 0)
        turned = [("a", TAKEN, day(0), 0), ("a", OFFERED, day(0), 1)]
        assert (self.found(turned).first_pass, self.found(turned).waiting) == (Rate(0, 1), 1)

    def test_of_nothing_are_nothing(self):
        found = self.found([("a", TAKEN, day(0))])

        assert {rate.value for rate in (found.first_pass, found.eventual, found.per_pass)} == {None}
        assert found.to_dict()["per_pass"]["rate"] is None

    def test_need_a_start_and_another_goal(self):
        rows = [("a", OFFERED, day(0))]

        for goal in (OFFERED, [], [TAKEN, OFFERED]):
            with pytest.raises(InvalidValue):
                self.found(rows, goal=goal)
        with pytest.raises(UnknownName, match="did you mean 'accepted'"):
            self.found(rows, goal="acepted")

    @given(visits())
    def test_equal_a_count_by_hand(self, rows):
        """Cut each life at its offers: every piece is a pass."""
        lives = defaultdict(list)
        for lead, stage, _ in rows:
            if not lives[lead] or lives[lead][-1] != stage:
                lives[lead].append(stage)
        cut = {lead: "|".join(life).split(OFFERED)[1:] for lead, life in lives.items()}
        arrived = [[TAKEN in piece for piece in own] for own in cut.values() if own]
        found = self.found(rows)

        assert isinstance(found, Passes)
        assert found.first_pass == Rate(sum(own[0] for own in arrived), len(arrived))
        assert found.eventual == Rate(sum(map(any, arrived)), len(arrived))
        assert found.per_pass == Rate(sum(map(sum, arrived)), sum(map(len, arrived)))
        assert found.first_pass.k <= found.eventual.k <= found.per_pass.k

    @given(visits(), st.integers(0, 8).map(day), st.randoms(use_true_random=False))
    def test_are_blind_to_order_and_to_what_comes_later(self, rows, as_of, chance):
        past = [row for row in rows if row[2] <= as_of]
        assume(past)
        delivered = rows + rows[::2]
        chance.shuffle(delivered)

        assert self.found(delivered, as_of=as_of) == self.found(past, as_of=as_of)
