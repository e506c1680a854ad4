"""`by=` means the same everywhere: one result for each group, which is that of its leads alone."""

import json
from datetime import UTC, datetime, timedelta
from unittest import mock

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlib._metrics import log as log_module
from leadlib.errors import DefinitionMismatch, InvalidValue, UnknownName
from leadlib.metrics import (
    FrameLog,
    StageLog,
    cohorts,
    compare,
    converted_within,
    funnel,
    leakage,
    period_ratios,
    throughput,
)
from test_frame_logs import MONDAY, MONTHS, STAGES, WAY, a_polars, instants, rows

DAY = timedelta(days=1)
SINCE = datetime(2026, 1, 5, tzinfo=UTC)
QUESTIONS = {
    "cohorts": lambda log, **more: cohorts(log, stages=WAY, **more),
    "converted within": lambda log, **more: converted_within(
        log, stages=WAY, within="2 days", **_without_closed(more)
    ),
    "period ratios": lambda log, **more: period_ratios(log, stages=WAY, **more),
    "leakage": lambda log, **more: leakage(log, stages=WAY, **more),
    "throughput": lambda log, **more: throughput(
        log, "met", since=SINCE, every="1 week", **_without_closed(more)
    ),
}


def _without_closed(asked):
    return {name: value for name, value in asked.items() if name != "closed"}


def group_of(given, as_of):
    """By the rule: what the earliest event names that names any; ties go by the label."""
    named = {}
    for lead, _, at, seq, said in given:
        label = (said or "").strip()
        if label and at <= as_of:
            named[lead] = min(named.get(lead, (at, seq, label)), (at, seq, label))
    return {lead: label for lead, (_, _, label) in named.items()}


def a_log(given):
    return StageLog.from_rows(given, by=["source"], known=STAGES)


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
class TestSplits:
    @given(rows=rows, as_of=instants, closed=st.sampled_from([["lost"], ["lost", "paused"]]))
    def test_of_a_group_are_those_of_its_leads_alone(self, ask, rows, as_of, closed):
        found = ask(a_log(rows), by="source", as_of=as_of, closed=closed)
        groups = group_of(rows, as_of)
        for label in {"", *groups.values()}:
            own = [row for row in rows if groups.get(row[0], "") == label]
            alone = ask(a_log(own), as_of=as_of, closed=closed)
            if label in found.groups:
                assert found.groups[label] == alone
            else:
                assert not any(is_on_the_way(row, ask, as_of) for row in own)

    @given(rows=rows, as_of=st.one_of(st.none(), instants))
    def test_agree_on_where_stories_end_and_leave_the_whole_as_it_was(self, ask, rows, as_of):
        """Unless declared, that is told by all leads, also by those of other groups."""
        log = a_log(rows)
        found = ask(log, by="source", as_of=as_of)
        whole = ask(log, as_of=as_of)

        assert attrs.evolve(found, by=None, groups={}) == whole
        assert found.definition == whole.definition
        assert {json.dumps(dict(g.definition)) for g in found.groups.values()} <= {
            json.dumps(dict(whole.definition))
        }

    def test_print_the_groups_in_order_and_those_without_a_label_last(self, ask):
        given = [
            (lead, stage, MONDAY + n * DAY, 0, label)
            for n, stage in enumerate(["new", "met"])
            for lead, label in [("a", "web"), ("b", None), ("c", "fair")]
        ]
        found = ask(a_log(given), by="source", as_of=MONTHS[-1])

        assert [*found.groups] == ["fair", "web", ""]
        places = [str(found).index(f"source: {label}") for label in ("fair", "web", "(missing)")]
        assert places == sorted(places)
        assert str(found).startswith(str(ask(a_log(given), as_of=MONTHS[-1])))

    def test_are_plain_data_and_rows_with_their_label(self, ask):
        given = [("a", "new", MONDAY, 0, "web"), ("b", "met", MONDAY, 0, None)]
        given += [("a", "met", MONDAY + DAY, 1, "web")]
        found = ask(a_log(given), by="source", as_of=MONTHS[-1])
        plain = json.loads(json.dumps(found.to_dict()))

        assert [*plain["by"]] == ["web", ""]
        assert plain["by"]["web"] == json.loads(json.dumps(found.groups["web"].to_dict()))
        assert {row["source"] for row in found.to_records()} == {"web", None}
        assert "(missing)" in str(found)
        assert found.to_frame("polars").columns[0] == "source"
        assert "<table" in found._repr_html_()
        assert "by" not in ask(a_log(given)).to_dict()

    def test_of_many_groups_print_some_and_say_how_many_more(self, ask):
        given = [(f"{n}", "met", MONDAY, 0, f"ch {n:03}") for n in range(30)]
        found = ask(a_log(given), by="source", as_of=MONTHS[-1])

        assert str(found).count("source: ch ") == 24
        assert str(found).endswith("and 6 groups more, in groups")
        assert len({row["source"] for row in found.to_records()}) == 30
        assert "ch 029" not in repr(found)

    def test_of_a_column_named_as_a_field_have_a_column_of_their_own(self, ask):
        given = [("a", "new", MONDAY, 0, "x"), ("a", "met", MONDAY, 1, "x")]
        for name in ("month", "rate", "leads", "leakage", "start"):
            log = StageLog.from_rows(given, by=[name], known=STAGES)
            rows = ask(log, by=name, as_of=MONTHS[-1]).to_records()
            label = "group" if "group" in rows[0] else name
            assert {row[label] for row in rows} == {"x"}

    def test_show_all_leads_before_their_groups(self, ask):
        given = [("a", "met", MONDAY, 0, "web"), ("b", "met", MONDAY, 0, None)]
        log = a_log(given)
        page = ask(log, by="source", as_of=MONDAY + DAY)._repr_html_()

        assert ask(log, as_of=MONDAY + DAY)._repr_html_() in page
        assert "(missing)" in page
        assert page.count("<table") == 2

    def test_hash_the_events_once_however_many_groups(self, ask):
        given = [(f"{n}", "met", MONDAY, 0, f"ch {n:03}") for n in range(30)]
        log = a_log(given)
        with mock.patch.object(log_module, "print_of", wraps=log_module.print_of) as hashed:
            ask(log, by="source", as_of=MONTHS[-1]).to_dict()
        assert hashed.call_count == 1

    def test_have_prints_of_their_own(self, ask):
        given = [("a", "new", MONDAY, 0, "web"), ("b", "met", MONDAY, 0, "fair")]
        given += [("a", "met", MONDAY, 1, "web")]
        found = ask(a_log(given), by="source", as_of=MONTHS[-1])
        again = ask(a_log(given[::-1]), by="source", as_of=MONTHS[-1])
        prints = [found.fingerprint, *(group.fingerprint for group in found.groups.values())]

        assert len({*prints, ask(a_log(given), as_of=MONTHS[-1]).fingerprint}) == 4
        assert again.groups["web"].fingerprint == found.groups["web"].fingerprint

    @pytest.mark.parametrize("by", ["campaign", ["source"], 3])
    def test_of_a_column_that_the_log_did_not_take_are_refused(self, ask, by):
        log = a_log([("a", "new", MONDAY, 0, "web"), ("a", "met", MONDAY, 0, "web")])
        with pytest.raises((UnknownName, InvalidValue)) as caught:
            ask(log, by=by, as_of=MONTHS[-1])
        assert caught.value.where == "by"

    def test_of_a_log_without_leads_are_none(self, ask):
        found = ask(a_log([]), by="source", as_of=MONTHS[-1])
        assert found.groups == {}
        assert found.by == "source"
        assert "by" not in found.to_dict()


def is_on_the_way(row, ask, as_of):
    stages = {"met"} if ask is QUESTIONS["throughput"] else {*WAY}
    return row[1] in stages and row[2] <= as_of


class TestByHand:
    ROWS = (
        ("a", "new", MONDAY, 0, "web"),
        ("a", "won", MONDAY + DAY, 1, "web"),
        ("b", "new", MONDAY, 0, "web"),
        ("b", "lost", MONDAY + DAY, 1, "web"),
        ("c", "new", MONDAY, 0, "fair"),
        ("d", "paused", MONDAY, 0, "phone"),
    )

    def logs(self):
        names = {"lead": "lead", "stage": "stage", "at": "at", "seq": "seq"}
        frame = a_polars(self.ROWS, seq=True)
        log = FrameLog.from_frame(frame, **names, by=["source"], closed=["lost"], known=STAGES)
        own = StageLog.from_rows(self.ROWS, by=["source"], closed=["lost"], known=STAGES)
        return [own, *(attrs.evolve(log, few=0, held=held) for held in (0, 100))]

    def test_two_of_web_are_resolved_and_one_of_them_is_lost(self):
        for log in self.logs():
            found = leakage(log, stages=WAY, by="source")
            assert [*found.groups] == ["fair", "web"]  # nobody of phone is on the way
            assert str(found.groups["web"].of_resolved) == "50.0 % [9.5, 90.5]"
            assert (found.groups["fair"].open, found.groups["fair"].entered) == (1, 1)
            assert found.entered == sum(group.entered for group in found.groups.values()) == 3

    def test_groups_of_cohorts_may_be_compared_and_a_part_with_its_whole_may_not(self):
        for log in self.logs():
            found = cohorts(log, stages=WAY, by="source", as_of=MONDAY + 900 * DAY)
            one, other = (
                found.groups[label].conversion(MONDAY.date()) for label in ("web", "fair")
            )
            assert (one.entered, one.arrived, other.entered, other.arrived) == (2, 1, 1, 0)
            with pytest.raises(DefinitionMismatch, match="some leads that are in both"):
                compare(one, found.conversion(MONDAY.date()))

    def test_the_funnel_of_a_group_has_the_same_leads(self):
        for log in self.logs():
            counted = funnel(log, stages=WAY, by="source").groups
            split = cohorts(log, stages=WAY, by="source").groups
            assert {label: own.leads for label, own in counted.items()} == {
                label: sum(month.entered for month in own.months) for label, own in split.items()
            }
