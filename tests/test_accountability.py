"""What was not done in time and whose it was, in a log that only grows; and what each team sees."""

import json
from datetime import timedelta

import attrs
import pytest

from builders import (
    COMPETITOR,
    DAY,
    HOUR,
    MONDAY,
    STAFF,
    a_certificate,
    an_inquiry,
    an_offer,
    leads,
)
from leadlib import WorkCalendar
from leadlib.errors import ConflictError, IllegalTransition, InvalidValue, UnknownName
from leadlib.lifecycle import (
    HAND_OFFS,
    HANDED_OFF,
    INQUIRY,
    STANDARD,
    Accepted,
    Attempted,
    Disqualified,
    HandedBack,
    HandedOff,
    Inquired,
    Merged,
    Reopened,
    check_appended,
    forgotten,
)
from leadlib.metrics import Rate, acceptance, alignment, audit_handoffs, breaches, ruled_out_by
from leadlib.model import Lead, Team
from leadlib.qualification import LeadDefinition

TUESDAY = MONDAY + 35 * HOUR
NOW = MONDAY + 20 * DAY
CALENDAR = WorkCalendar()
NO_NEED = {"reason": "no need"}


def a_month():
    """Two inquiries nobody looked at, one lead nobody took, and one that was taken, not called."""
    taken = [*an_offer("T"), Accepted(lead="T", at=MONDAY + HOUR)]
    raw = [Inquired(lead=lead, at=MONDAY) for lead in ("A", "B")]
    return STANDARD.replay_all([*raw, *an_offer("S"), *taken])


class TestBreaches:
    @pytest.mark.rule("002-08")
    def test_are_each_of_one_team(self):
        """Five: two inquiries not triaged; one lead neither taken nor called, one not called."""
        found = breaches(a_month().values(), STANDARD, now=TUESDAY, calendar=CALENDAR)

        assert len(found.breaches) == 5
        assert found.counts == {Team.MARKETING: 2, Team.SALES: 3}
        assert {(b.lead, b.action, b.owner) for b in found.breaches} == {
            ("A", "triage", Team.MARKETING),
            ("B", "triage", Team.MARKETING),
            ("S", "accept or reject", Team.SALES),
            ("S", "first attempt", Team.SALES),
            ("T", "first attempt", Team.SALES),
        }

    @pytest.mark.rule("002-08", part="each with its instant")
    def test_say_when_it_was_due_and_when_it_was_done(self):
        called = [*a_month()["T"].events, Attempted(lead="T", at=MONDAY + 30 * HOUR)]
        found = breaches([STANDARD.replay(called)], STANDARD, now=TUESDAY, calendar=CALENDAR)
        [breach] = found.breaches

        assert (breach.since, breach.until) == (MONDAY, MONDAY + DAY)
        assert breach.done == MONDAY + 30 * HOUR
        assert breach.stage == HANDED_OFF
        assert str(breach) == "T: first attempt (sales) until 2026-03-03T09:00:00+00:00, late"

    def test_are_a_rate_of_what_was_due(self):
        found = breaches(a_month().values(), STANDARD, now=TUESDAY, calendar=CALENDAR)

        # Due from sales: to accept S and T, and to call both.
        assert found.rate("sales") == Rate(3, 4)
        assert found.rate(Team.BOTH) == Rate(0, 0)
        with pytest.raises(UnknownName):
            found.rate("finance")

    def test_are_not_seen_before_they_happened(self):
        found = breaches(a_month().values(), STANDARD, now=MONDAY + HOUR, calendar=CALENDAR)

        assert found.breaches == ()
        assert found.counts == {Team.MARKETING: 0, Team.SALES: 0}

    def test_are_those_of_clocks_that_started_since(self):
        since = MONDAY + timedelta(minutes=1)
        asked = {"now": TUESDAY, "calendar": CALENDAR, "since": since}

        assert breaches(a_month().values(), STANDARD, **asked).breaches == ()

    def test_print_the_teams_and_what_each_missed(self):
        found = breaches(a_month().values(), STANDARD, now=TUESDAY, calendar=CALENDAR)
        lines = str(found).splitlines()

        assert [line.split()[:3] for line in lines[2:4]] == [
            ["marketing", "2", str(found.rate("marketing").n)],
            ["sales", "3", "4"],
        ]
        assert len(lines) == 9

    def test_print_at_most_twenty(self):
        found = breaches(leads((30,)), STANDARD, now=TUESDAY, calendar=CALENDAR)

        assert str(found).splitlines()[-1] == "and 40 more"

    def test_are_plain_data(self):
        found = breaches(a_month().values(), STANDARD, now=TUESDAY, calendar=CALENDAR)
        plain = json.loads(json.dumps(found.to_dict()))

        assert plain["teams"]["sales"]["k"] == 3
        assert {breach["owner"] for breach in plain["breaches"]} == {"marketing", "sales"}

    @pytest.mark.parametrize("lifecycle", [None, "standard"])
    def test_are_of_a_lifecycle(self, lifecycle):
        with pytest.raises(InvalidValue):
            breaches([], lifecycle, now=TUESDAY, calendar=CALENDAR)


class TestCheckAppended:
    @pytest.mark.rule("002-08")
    def test_refuses_an_edit_of_a_past_event(self):
        stored = [*an_offer("L"), Attempted(lead="L", at=MONDAY + 30 * HOUR, by="sam")]
        sooner = attrs.evolve(stored[-1], reached=True)

        with pytest.raises(ConflictError, match=r"another content @ lead 'L', .*seq 0"):
            check_appended(stored, [*stored[:-1], sooner])
        with pytest.raises(ConflictError, match="two different events"):
            STANDARD.replay([*stored, sooner])

    @pytest.mark.rule("002-08", part="nor taken away, nor moved in time")
    def test_refuses_a_log_that_lacks_one(self):
        stored = [*an_offer("L"), Attempted(lead="L", at=MONDAY + 30 * HOUR)]
        moved = attrs.evolve(stored[-1], at=MONDAY + 20 * HOUR)

        for after in (stored[:-1], [*stored[:-1], moved]):
            with pytest.raises(ConflictError, match="one that is gone"):
                check_appended(stored, after)

    @pytest.mark.rule("002-08", part="every event says who did it")
    def test_refuses_another_author(self):
        call = Attempted(lead="L", at=MONDAY, by="sam")

        with pytest.raises(ConflictError) as refused:
            check_appended([call], [attrs.evolve(call, by="kim")])
        assert "kim" not in str(refused.value)

    def test_gives_the_additions(self):
        stored = an_offer("L")
        late = Attempted(lead="L", at=MONDAY + HOUR)
        other = Inquired(lead="A", at=MONDAY - DAY)

        assert check_appended(stored, [late, *reversed(stored), other, late]) == (other, late)
        assert check_appended(stored, stored) == ()
        assert check_appended([], []) == ()

    def test_refuses_two_events_for_one_place(self):
        call = Attempted(lead="L", at=MONDAY)

        with pytest.raises(ConflictError, match="two different ones"):
            check_appended([], [call, attrs.evolve(call, minutes=5)])

    def test_lets_an_erasure_take_the_words(self):
        stored = an_offer("L")
        kept = forgotten(stored, at=NOW)

        assert check_appended(stored, kept) == kept[-1:]
        with pytest.raises(ConflictError):
            check_appended(stored, kept[:-1])

    @pytest.mark.parametrize("thing", [None, "call", 7])
    def test_takes_events(self, thing):
        with pytest.raises(InvalidValue):
            check_appended([thing], [])
        with pytest.raises(InvalidValue):
            check_appended([], [thing])


class TestUnqualifiedHandOffs:
    @pytest.mark.rule("003-06")
    def test_are_found_in_history_and_blocked_in_what_is_new(self):
        """35 of 100 past hand-offs; and no move leads from a mere inquiry to sales."""
        definition = LeadDefinition("sales-ready", STAFF >= 50, disqualify=COMPETITOR.is_true())
        said = [{"staff": 60, "competitor": False}] * 65 + [{}] * 35
        past = [
            definition.judge(Lead(id=f"i-{n}", inquiries=[an_inquiry(id=f"i-{n}", facts=facts)]))
            for n, facts in enumerate(said)
        ]
        unqualified = audit_handoffs(past).unqualified
        raw = STANDARD.replay([Inquired(lead="L", at=MONDAY)])
        offered = HandedOff(
            lead="L", at=MONDAY + HOUR, certificate=a_certificate("L"), to="sam", brief="b-1"
        )

        assert (unqualified, unqualified.percent) == (Rate(35, 100), "35.0 %")
        assert unqualified.interval == pytest.approx((0.26364, 0.44746), abs=5e-6)
        assert raw.stage == INQUIRY
        with pytest.raises(IllegalTransition, match="a move from 'inquiry'"):
            STANDARD.move(raw, offered)
        assert set(HAND_OFFS).isdisjoint(STANDARD.legal(INQUIRY))


class TestAlignment:
    @pytest.mark.rule("004-19")
    def test_is_the_gap_between_both_views(self):
        """Marketing: 90 of 100 conform; sales: takes 50 of 100.  Interval after Newcombe."""
        found = alignment(Rate(90, 100), Rate(50, 100))

        assert found.gap.difference == pytest.approx(0.40)
        # sqrt((.9 - .82563)^2 + (.59617 - .5)^2) below, sqrt((.94477 - .9)^2 + .09617^2) above
        assert found.gap.interval == pytest.approx((0.27843, 0.50608), abs=5e-5)
        assert found.is_aligned is False
        assert str(found).splitlines()[-1] == "gap: +40.0 points [+27.8, +50.6], not aligned"

    @pytest.mark.rule("004-19", part="from the audit of marketing and the answers of sales")
    def test_is_made_of_what_both_teams_said(self):
        definition = LeadDefinition("sales-ready", STAFF >= 50)
        back = (HandedBack, 1, {"reason": "not qualified"})
        offered = leads((5, (Accepted, 1)), (5, back))
        sizes = [60] * 9 + [10]
        verdicts = [
            definition.judge(Lead(id=s.lead, inquiries=[an_inquiry(id=s.lead, facts={"staff": n})]))
            for s, n in zip(offered, sizes, strict=True)
        ]
        accepted = acceptance(offered, now=NOW).rate
        found = alignment(audit_handoffs(verdicts).conforming, accepted)

        assert (found.conforming, found.accepted) == (Rate(9, 10), Rate(5, 10))
        assert found.gap.difference == pytest.approx(0.4)

    def test_is_there_where_no_gap_was_shown(self):
        assert alignment(Rate(9, 10), Rate(8, 10)).is_aligned is True

    def test_is_not_known_where_a_team_said_nothing(self):
        found = alignment(Rate(9, 10), Rate(0, 0))

        assert found.is_aligned is None
        assert str(found).splitlines()[-1] == "gap: -, not known"
        assert json.loads(json.dumps(found.to_dict()))["gap"] is None

    def test_is_of_rates(self):
        with pytest.raises(InvalidValue):
            alignment(0.9, Rate(5, 10))


class TestRuledOutBy:
    @pytest.mark.rule("004-21")
    def test_flags_the_campaign_that_missed_its_purpose(self):
        """45 of 60 were ruled out after the hand-off, and 5 of 40 of another campaign."""
        out = (Disqualified, 3, NO_NEED)
        offered = leads((45, out), (15, (Accepted, 1)), (5, out), (35, (Accepted, 1)))
        campaigns = {s.lead: "fair" if n < 60 else "web" for n, s in enumerate(offered)}
        found = ruled_out_by(offered, campaigns, above=0.5, now=NOW)

        assert found.rates == {"fair": Rate(45, 60), "web": Rate(5, 40)}
        assert found.rates["fair"].percent == "75.0 %"
        assert found.flagged == ("fair",)
        assert [line.split()[-1] for line in str(found).splitlines()[2:]] == ["flagged", "within"]

    @pytest.mark.rule("004-21", part="above the threshold that was stated")
    def test_flags_above_the_threshold_only(self):
        offered = leads((45, (Disqualified, 3, NO_NEED)), (15, (Accepted, 1)))
        campaigns = dict.fromkeys((s.lead for s in offered), "fair")
        flagged = [
            ruled_out_by(offered, campaigns, above=above, now=NOW).flagged for above in (0.6, 0.7)
        ]

        assert flagged == [("fair",), ()]  # the interval is [62.8, 84.2]

    def test_counts_only_what_sales_ruled_out(self):
        raw = STANDARD.replay(
            [Inquired(lead="raw", at=MONDAY), Disqualified(lead="raw", at=NOW, **NO_NEED)]
        )
        out = (Disqualified, 3, NO_NEED)
        offered = leads(
            (1, out),
            (1, (HandedBack, 1, {"reason": "timing"}), out),
            (1, out, (Reopened, 4, {"evidence": "mail"})),
            (1, (Disqualified, 3, {"reason": "opted out of everything"})),
            (1, (Merged, 3, {"into": "L000"})),
        )
        found = ruled_out_by([raw, *offered], {}, above=0.5, now=NOW)

        assert found.rates == {None: Rate(1, 4)}
        assert ruled_out_by(offered, {}, above=0.5, now=MONDAY + DAY).rates == {None: Rate(0, 5)}

    @pytest.mark.parametrize("above", [-0.1, 50, None, "half"])
    def test_needs_a_share(self, above):
        with pytest.raises(InvalidValue):
            ruled_out_by([], {}, above=above, now=NOW)

    def test_is_plain_data(self):
        found = ruled_out_by(leads((2,)), {"L000": "fair"}, above=0.5, now=NOW)
        plain = json.loads(json.dumps(found.to_dict()))

        assert plain["campaigns"]["fair"]["n"] == plain["campaigns"]["-"]["n"] == 1
        assert plain["flagged"] == []
