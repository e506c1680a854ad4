"""A table that says what may happen, who answers, and by when."""

import json
import pickle
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_certificate, a_history
from leadlib.errors import (
    ConflictError,
    IllegalTransition,
    InvalidValue,
    NotCertifiable,
    NotPermitted,
    UnknownName,
)
from leadlib.lifecycle import (
    ACCEPTED,
    CUSTOMER,
    HANDED_BACK,
    HANDED_OFF,
    INQUIRY,
    NURTURE,
    OPPORTUNITY,
    QUALIFYING,
    QUOTED,
    SIMPLE,
    STANDARD,
    WATERFALL,
    WORKING,
    Accepted,
    Attempted,
    Banded,
    CallbackScheduled,
    Churned,
    Deadline,
    Deferred,
    Disqualified,
    DisqualifyReason,
    Erased,
    Escalated,
    Expired,
    HandedBack,
    HandedOff,
    Inquired,
    LeadEvent,
    LeakKind,
    Lifecycle,
    Lost,
    Merged,
    OpportunityOpened,
    OptedOut,
    Overridden,
    Parked,
    PassedOn,
    Qualified,
    Quoted,
    Reassigned,
    Rejected,
    Reopened,
    ReturnReason,
    Reviewed,
    SalesQualified,
    Stage,
    Standing,
    Triaged,
    Won,
    event_from_dict,
    event_to_dict,
    forgotten,
    survivor_of,
    with_override,
)
from leadlib.metrics import StageLog, funnel
from leadlib.model import Team
from leadlib.worktime import WorkCalendar, hours, working_hours

PROOF = a_certificate()
NEW_YORK = ZoneInfo("America/New_York")
OFFICE = WorkCalendar(zone=NEW_YORK)
# One way to build every event, at any instant.
MAKERS = [
    lambda at: Inquired(lead="L", at=at),
    lambda at: Triaged(lead="L", at=at),
    lambda at: Deferred(lead="L", at=at),
    lambda at: Qualified(lead="L", at=at, certificate=a_certificate(at=at)),
    lambda at: HandedOff(lead="L", at=at, certificate=a_certificate(at=at), to="sam", brief="b"),
    lambda at: Accepted(lead="L", at=at),
    lambda at: Rejected(lead="L", at=at, reason=ReturnReason.NOT_QUALIFIED),
    lambda at: Attempted(lead="L", at=at),
    lambda at: SalesQualified(lead="L", at=at),
    lambda at: OpportunityOpened(lead="L", at=at, amount=Decimal(40_000), currency="EUR"),
    lambda at: Quoted(lead="L", at=at, quote="q-1"),
    lambda at: Won(lead="L", at=at),
    lambda at: Lost(lead="L", at=at, reason="price"),
    lambda at: HandedBack(lead="L", at=at, reason=ReturnReason.TIMING),
    lambda at: Disqualified(lead="L", at=at, reason=DisqualifyReason.NO_NEED),
    lambda at: Reopened(lead="L", at=at, evidence="wrote to us"),
    lambda at: Banded(lead="L", at=at),
    lambda at: PassedOn(lead="L", at=at, account="Coca-Cola", to="sam", brief="b"),
    lambda at: Overridden(lead="L", at=at, reason="fair", approver="ana", to="sam", brief="b"),
    lambda at: Expired(lead="L", at=at),
    lambda at: Parked(lead="L", at=at, reason="next year"),
    lambda at: Reviewed(lead="L", at=at),
    lambda at: CallbackScheduled(lead="L", at=at, due=at + DAY),
    lambda at: Churned(lead="L", at=at),
    lambda at: Reassigned(lead="L", at=at, to="kim"),
    lambda at: Escalated(lead="L", at=at, reason="late"),
    lambda at: OptedOut(lead="L", at=at, channel="mail"),
    lambda at: Merged(lead="L", at=at, into="M"),
    lambda at: Erased(lead="L", at=at, by="ana"),
    lambda at: Attempted(lead="L", at=at, channel="visit", reached=True, minutes=45),
    lambda at: HandedBack(lead="L", at=at, reason="timing", note="n", not_before=at + DAY),
]


def attempts():
    """Any sequence of events, legal or not."""
    return st.lists(st.sampled_from(MAKERS), max_size=25).map(
        lambda makers: [make(MONDAY + n * DAY) for n, make in enumerate(makers)]
    )


def legal_histories():
    """Sequences that the standard lifecycle allows: illegal attempts are dropped."""

    def walk(events):
        standing, kept = STANDARD.replay(a_history()[:1]), a_history()[:1]
        for event in events:
            try:
                standing = STANDARD.move(standing, event)
            except IllegalTransition:
                continue
            kept.append(event)
        return kept

    return attempts().map(walk)


class TestEvents:
    @pytest.mark.rule("003-08")
    def test_a_hand_back_needs_a_reason(self):
        with pytest.raises(TypeError, match="reason"):
            HandedBack(lead="L", at=MONDAY)
        with pytest.raises(InvalidValue, match="expected a reason"):
            HandedBack(lead="L", at=MONDAY, reason="just so")
        with pytest.raises(InvalidValue, match="timing"):
            HandedBack(lead="L", at=MONDAY, reason=None)

    def test_a_reason_may_be_given_as_text(self):
        assert HandedBack(lead="L", at=MONDAY, reason="timing").reason is ReturnReason.TIMING

    @pytest.mark.rule("003-18")
    @pytest.mark.parametrize(
        "proof", [None, "yes", a_certificate("another"), a_certificate(days=1)]
    )
    def test_a_lead_cannot_be_called_qualified_without_a_valid_certificate(self, proof):
        with pytest.raises(NotCertifiable, match=r"\$\.certificate"):
            Qualified(lead="L", at=MONDAY + 2 * DAY, certificate=proof)

    @pytest.mark.rule("003-33")
    def test_a_hand_off_on_day_31_comes_too_late(self):
        with pytest.raises(NotCertifiable, match="a certificate that holds at 2026-04-02"):
            HandedOff(lead="L", at=MONDAY + 31 * DAY, certificate=PROOF, to="sam", brief="b")

    @pytest.mark.rule("004-06")
    @pytest.mark.parametrize("amount", [Decimal(0), Decimal(-1), Decimal("NaN"), 40_000, 0.5])
    def test_an_opportunity_has_an_amount(self, amount):
        with pytest.raises(InvalidValue, match="a Decimal above zero"):
            OpportunityOpened(lead="L", at=MONDAY, amount=amount, currency="EUR")

    @pytest.mark.parametrize("seq", [1.5, True, "1", 2**60])
    def test_seq_is_a_whole_number(self, seq):
        with pytest.raises(InvalidValue, match=r"\$\.seq|a whole number"):
            Triaged(lead="L", at=MONDAY, seq=seq)

    @pytest.mark.rule("law-9")
    def test_show_neither_people_nor_notes(self):
        event = HandedBack(lead="L", at=MONDAY, by="canary", reason="timing", note="canary said so")

        assert "canary" not in repr(event)

    def test_survive_pickling(self):
        assert pickle.loads(pickle.dumps(a_history())) == a_history()


class TestStoring:
    @pytest.mark.rule("002-13", part="events")
    @pytest.mark.parametrize("make", MAKERS)
    def test_round_trip_is_the_identity(self, make):
        event = make(MONDAY)

        assert event_from_dict(json.loads(json.dumps(event_to_dict(event)))) == event

    def test_own_events_may_leave_parts_out(self):
        @attrs.frozen(kw_only=True)
        class Priced(LeadEvent):
            """A price was named."""

            price: Decimal | None = None
            until: datetime | None = None

        for event in (
            Priced(lead="L", at=MONDAY),
            Priced(lead="L", at=MONDAY, price=Decimal("1.50"), until=MONDAY),
        ):
            plain = json.loads(json.dumps(event_to_dict(event)))
            assert event_from_dict(plain, kinds=[Priced]) == event

    def test_own_events_hold_what_json_knows(self):
        @attrs.frozen(kw_only=True)
        class Promised(LeadEvent):
            """A day was promised."""

            day: date
            parts: tuple[str, ...] = attrs.field(default=(), converter=tuple)
            span: timedelta | None = None

        event = Promised(lead="L", at=MONDAY, day=date(2026, 3, 9), parts=["a", "b"])
        plain = json.loads(json.dumps(event_to_dict(event)))

        assert plain["day"] == "2026-03-09"
        assert event_from_dict(plain, kinds=[Promised]) == event
        assert event_from_dict(event_to_dict(a_history()[0]), kinds=[Promised]) == a_history()[0]
        for wrong in ("2026-03-32", "9 March", ""):
            with pytest.raises(InvalidValue, match=r"\$\.day"):
                event_from_dict(plain | {"day": wrong}, kinds=[Promised])
        with pytest.raises(InvalidValue, match=r"got a timedelta @ \$\.span"):
            event_to_dict(attrs.evolve(event, span=DAY))

    def test_own_events_are_named(self):
        class Demonstrated(LeadEvent):
            """The product was shown."""

        plain = event_to_dict(Demonstrated(lead="L", at=MONDAY))
        with pytest.raises(UnknownName, match="an event, got 'Demonstrated'"):
            event_from_dict(plain)

        assert event_from_dict(plain, kinds=[Demonstrated]) == Demonstrated(lead="L", at=MONDAY)

    @pytest.mark.parametrize(
        ("change", "place"),
        [
            ({"event": "HandedBak"}, r"did you mean 'HandedBack'"),
            ({"event": None}, r"\$\.event"),
            ({"at": "2026-03-02"}, r"\$\.at"),
            ({"at": 17}, r"\$\.at"),
            ({"lead": ""}, r"\$\.lead"),
            ({"reason": "mood"}, r"\$\.reason"),
            ({"reason": None}, r"\$\.reason"),
            ({"colour": "red"}, r"a part of the event"),
            ({"seq": "first"}, r"\$\.seq"),
        ],
    )
    def test_names_the_place_that_is_wrong(self, change, place):
        plain = event_to_dict(HandedBack(lead="L", at=MONDAY, reason="timing"))
        with pytest.raises((UnknownName, InvalidValue), match=place):
            event_from_dict(plain | change)

    def test_a_certificate_is_checked_again(self):
        plain = event_to_dict(Qualified(lead="L", at=MONDAY, certificate=a_certificate(at=MONDAY)))
        with pytest.raises(NotCertifiable):
            event_from_dict(plain | {"lead": "M"})


class TestStandard:
    @pytest.mark.rule("000-26")
    def test_an_inquiry_cannot_be_handed_off(self):
        """Nothing is written, and the message says what would be legal."""
        standing = STANDARD.replay(a_history()[:1])
        with pytest.raises(IllegalTransition, match="legal: Triaged, Banded, Deferred"):
            STANDARD.move(standing, MAKERS[4](MONDAY + DAY))

        assert standing.stage is INQUIRY
        assert len(standing.events) == 1

    @pytest.mark.rule("003-08")
    @pytest.mark.rule("003-41", part="the way back exists")
    def test_sales_can_hand_back_from_every_stage_of_its_own(self):
        own = [s for s in STANDARD.stages if s.owner is not Team.MARKETING and not s.closed]

        assert len(own) == 7
        assert {STANDARD.next(stage, HandedBack) for stage in own} == {HANDED_BACK}

    @pytest.mark.rule("004-06")
    def test_a_quote_needs_an_opportunity(self):
        with pytest.raises(IllegalTransition):
            STANDARD.next(WORKING, Quoted)

    @pytest.mark.rule("002-15")
    def test_leads_from_inquiry_to_quote(self):
        chain = [INQUIRY, QUALIFYING, *WATERFALL[1:-1]]
        for stage, following in pairwise(chain):
            assert following in STANDARD.table[stage].values()
        assert chain[-1] is QUOTED

    @pytest.mark.rule("002-19")
    def test_every_open_stage_has_an_owner_and_a_clock(self):
        assert STANDARD.leaks() == ()
        assert [stage.name for stage in STANDARD.stages if stage.owner is None] == [
            "merged",
            "erased",
        ]

    @pytest.mark.rule("002-14")
    def test_reads_as_a_table(self):
        table = f"{STANDARD:md}".splitlines()

        assert len(STANDARD.stages) == 20
        assert len(table) == 2 + 20 + 1
        assert table[-1].startswith("| any that is not final | - |")
        assert "first attempt within 24 hours" in f"{STANDARD:md}"

    @pytest.mark.rule("003-13")
    def test_is_extended_without_forking(self):
        class Demonstrated(LeadEvent):
            """The product was shown."""

        demo = Stage("demo", Team.SALES)
        ours = STANDARD.with_move(WORKING, Demonstrated, demo).with_move(
            demo, SalesQualified, STANDARD.stage("sales_qualified")
        )

        assert ours.next(WORKING, Demonstrated) is demo
        assert {leak.kind for leak in ours.leaks()} == {LeakKind.NO_DEADLINE, LeakKind.NO_WAY_BACK}

        clock = Deadline(stage=demo, within=hours(72), owner=Team.SALES, action="show the product")
        whole = ours.with_move(demo, HandedBack, HANDED_BACK).with_deadline(clock)
        shown = [*a_history()[:6], Demonstrated(lead="L", at=MONDAY + 6 * DAY)]
        log = StageLog.from_events(shown, lifecycle=whole)
        assert whole.leaks() == ()
        assert funnel(log, stages=["working", "demo"])["demo"].reached == 1
        assert "demo" not in {stage.name for stage in STANDARD.stages}


class TestLinter:
    @pytest.mark.rule("002-15")
    def test_finds_what_cannot_be_reached(self):
        leaks = STANDARD.without_move(OPPORTUNITY, Quoted).leaks()

        assert [(leak.kind, leak.stage) for leak in leaks] == [(LeakKind.UNREACHABLE, QUOTED)]

    def test_finds_stages_without_a_clock(self):
        clocks = tuple(d for d in STANDARD.deadlines if d.stage is not HANDED_BACK)
        ours = attrs.evolve(STANDARD, deadlines=clocks)

        assert [str(leak) for leak in ours.leaks()] == ["handed_back: open, but no clock runs"]

    @pytest.mark.rule("003-41", part="a missing way back is found")
    def test_finds_stages_of_sales_without_a_way_back(self):
        leaks = STANDARD.without_move(WORKING, HandedBack).leaks()

        assert [str(leak) for leak in leaks] == ["working: sales cannot hand the lead back"]


class TestLifecycle:
    def test_knows_its_stages_by_name(self):
        assert STANDARD.stage("handed_off") is HANDED_OFF
        with pytest.raises(UnknownName, match="did you mean 'handed_off'"):
            STANDARD.stage("handed_of")

    @pytest.mark.rule("002-19")
    def test_finds_stages_without_an_owner_and_refuses_others(self):
        nowhere = Stage("nowhere", None)
        found = STANDARD.with_move(WORKING, Won, nowhere).leaks()

        assert LeakKind.NO_OWNER in {leak.kind for leak in found if leak.stage == nowhere}
        with pytest.raises(UnknownName, match="legal: marketing, sales, both"):
            Stage("nowhere", "finance")

    def test_refuses_stages_that_are_not_in_the_table(self):
        with pytest.raises(UnknownName, match="a stage of the table"):
            Lifecycle("x", start=INQUIRY, opening=Inquired, table={INQUIRY: {Triaged: QUALIFYING}})

    def test_refuses_two_stages_of_one_name(self):
        twin = Stage("inquiry", Team.SALES)
        with pytest.raises(ConflictError):
            Lifecycle("x", start=INQUIRY, opening=Inquired, table={INQUIRY: {}, twin: {}})

    def test_draws_itself_and_no_name_breaks_out_of_its_box(self):
        evil = Stage('"]; click s0 "javascript:alert(1)" %% <b>', Team.SALES, closed=True)
        drawn = f"{STANDARD.with_move(WORKING, Won, evil):mermaid}"

        assert drawn.startswith("flowchart LR\n")
        assert not [mark for mark in ('"javascript', "%%", "<b>", '"];') if mark in drawn]
        harmless = (
            r'  (s\d+(\[|\(\[)"[\w #;,-]*"(\]|\]\)):::\w+|classDef .*'
            r'|(s\d+|any>"any stage"\]) -->\|"[\w, ]+"\| s\d+)'
        )
        assert all(re.fullmatch(harmless, line) for line in drawn.splitlines()[1:])

    @pytest.mark.rule("002-15")
    def test_draws_every_move_but_what_changes_nothing(self):
        moves = {(stage, to) for stage, row in STANDARD.table.items() for to in row.values()}
        from_anywhere = [to for to in STANDARD.anywhere.values() if to is not None]

        assert f"{STANDARD:mermaid}".count("-->") == len(moves) + len(from_anywhere)
        assert f"{STANDARD:dot}".count(" -> ") == len(moves) + len(from_anywhere)
        assert "Inquired" not in f"{STANDARD:mermaid}"

    def test_no_name_breaks_out_of_its_string_in_dot(self):
        evil = Stage('a"]; evil -> s0 \\', Team.SALES, closed=True)
        drawn = f"{STANDARD.with_move(WORKING, Won, evil):dot}"

        string = r'"(?:[^"\\]|\\.)*"'
        node = rf"s\d+ \[label={string}, shape=(box|oval), fillcolor={string}\];"
        edge = rf"(s\d+|any) -> s\d+ \[label={string}\];"
        rest = r"rankdir=LR;|node \[.*\];|any \[.*\];"
        lines = drawn.splitlines()
        assert all(re.fullmatch(f"  ({node}|{edge}|{rest})", line) for line in lines[1:-1])

    @pytest.mark.parametrize("passes", [0, -1, True, 2.0, "5"])
    def test_ends_recycling_after_a_number_of_passes(self, passes):
        with pytest.raises(InvalidValue, match=r"from 1 on, got .* @ \$\.passes"):
            attrs.evolve(STANDARD, passes=passes)

    def test_refuses_events_that_stay_and_move(self):
        with pytest.raises(ConflictError, match="got Inquired @ anywhere"):
            STANDARD.with_move(INQUIRY, Inquired, QUALIFYING)

    def test_refuses_unknown_formats(self):
        with pytest.raises(InvalidValue, match="legal: dot, md, mermaid, raci"):
            f"{STANDARD:svg}"


class TestReplay:
    def test_gives_the_standing(self):
        standing = STANDARD.replay(a_history())

        assert isinstance(standing, Standing)
        assert standing.stage is NURTURE
        assert standing.owner is Team.MARKETING
        assert standing.since == MONDAY + 7 * DAY
        assert standing.is_lead
        assert standing.pass_no == 1

    def test_since_is_the_beginning_of_the_visit(self):
        again = [*a_history()[:6], Attempted(lead="L", at=MONDAY + 9 * DAY)]

        assert STANDARD.replay(again).since == MONDAY + 5 * DAY

    def test_refuses_two_events_without_an_order(self):
        clash = [
            *a_history()[:1],
            Triaged(lead="L", at=MONDAY + DAY),
            Deferred(lead="L", at=MONDAY + DAY),
        ]
        with pytest.raises(ConflictError, match="a seq of its own"):
            STANDARD.replay(clash)

    def test_seq_orders_the_events_of_one_instant(self):
        events = [
            Inquired(lead="L", at=MONDAY, seq=1),
            Triaged(lead="L", at=MONDAY, seq=2),
            Deferred(lead="L", at=MONDAY, seq=3),
        ]

        assert STANDARD.replay(reversed(events)).stage is NURTURE

    def test_refuses_other_leads_and_none(self):
        with pytest.raises(InvalidValue, match="at least one event"):
            STANDARD.replay([])
        with pytest.raises((InvalidValue, IllegalTransition), match="lead 'L'"):
            STANDARD.replay([*a_history()[:2], Deferred(lead="M", at=MONDAY + 5 * DAY)])

    def test_begins_with_the_opening(self):
        with pytest.raises(IllegalTransition, match="Inquired first"):
            STANDARD.replay([Triaged(lead="L", at=MONDAY)])

    def test_refuses_events_before_the_last(self):
        standing = STANDARD.replay(a_history()[:2])
        with pytest.raises(IllegalTransition, match="an event after 2026-03-03"):
            STANDARD.move(standing, Deferred(lead="L", at=MONDAY))

    @pytest.mark.parametrize(
        "call",
        [
            lambda: STANDARD.replay(["x"]),
            lambda: STANDARD.replay_all([{}]),
            lambda: STANDARD.move(None, "x"),
            lambda: STANDARD.due([], now=MONDAY, calendar={Team.SALES: OFFICE}),
            lambda: event_from_dict(None),
        ],
    )
    def test_other_values_are_refused_with_an_error_of_ours(self, call):
        with pytest.raises(InvalidValue):
            call()

    def test_a_standing_of_another_lifecycle_is_refused(self):
        foreign = Stage("foreign", Team.SALES)
        standing = Standing(events=tuple(a_history()[:1]), stages=(foreign,))
        with pytest.raises(UnknownName, match="got 'foreign'"):
            STANDARD.move(standing, a_history()[1])

    def test_foreign_stages_are_named(self):
        foreign = Stage("foreign", Team.SALES)
        for ask in (lambda: STANDARD.legal(foreign), lambda: STANDARD.next(foreign, Won)):
            with pytest.raises(UnknownName, match="got 'foreign'"):
                ask()

    def test_an_illegal_move_in_a_mass_names_the_lead_and_the_instant(self):
        bad = [Inquired(lead="M", at=MONDAY), Won(lead="M", at=MONDAY + DAY)]
        with pytest.raises(IllegalTransition, match=r"lead 'M', 2026-03-03T09:00:00"):
            STANDARD.replay_all([*a_history(), *bad])

    def test_a_lifecycle_survives_pickling(self):
        assert pickle.loads(pickle.dumps(STANDARD)) == STANDARD

    def test_keeps_leads_apart(self):
        standings = STANDARD.replay_all(a_history("A")[:1] + a_history("B"))

        assert {lead: s.stage for lead, s in standings.items()} == {"A": INQUIRY, "B": NURTURE}


class TestRead:
    def log(self):
        bad = [Inquired(lead="M", at=MONDAY), Won(lead="M", at=MONDAY + DAY)]
        return [*a_history("A")[:3], *bad, *a_history("B")]

    def test_goes_on_where_one_lead_is_wrong_and_says_why(self):
        reading = STANDARD.read(self.log())

        assert set(reading.standings) == {"A", "B"}
        assert set(reading.refused) == {"M"}
        assert reading.stuck["M"].stage is INQUIRY
        assert "lead 'M', 2026-03-03T09:00:00" in str(reading.refused["M"])
        assert (reading.duplicates, reading.ahead) == (0, ())

    def test_names_what_lies_ahead_and_does_not_look_at_it(self):
        now = MONDAY + DAY
        reading = STANDARD.read(a_history("A"), now=now)

        assert reading.standings["A"].stage is QUALIFYING
        assert len(reading.ahead) == 6

    def test_forgives_clocks_that_differ_a_little(self):
        soon = Inquired(lead="A", at=MONDAY + timedelta(minutes=5))
        late = Inquired(lead="B", at=MONDAY + timedelta(minutes=5, microseconds=1))
        reading = STANDARD.read([soon, late], now=MONDAY)

        assert (set(reading.standings), reading.ahead) == ({"A"}, (late,))
        assert STANDARD.read([late], now=MONDAY, skew=timedelta(minutes=6)).ahead == ()

    @given(st.randoms(use_true_random=False), st.integers(0, 3))
    def test_gives_the_same_for_any_order_and_counts_duplicates(self, chance, again):
        delivered = self.log() + a_history("B")[:again]
        chance.shuffle(delivered)
        reading = STANDARD.read(delivered)

        assert reading.standings == STANDARD.read(self.log()).standings
        assert reading.duplicates == again

    def test_names_leads_whose_events_have_no_order(self):
        clash = [*a_history("A")[:1], Triaged(lead="A", at=MONDAY)]

        assert isinstance(STANDARD.read(clash).refused["A"], ConflictError)

    def test_shows_numbers_alone(self):
        assert repr(STANDARD.read(self.log())) == (
            "LogReading(standings=2 leads, refused=1 leads, stuck=1 leads, duplicates=0, ahead=0)"
        )


class TestPermission:
    @pytest.mark.rule("003-12")
    def test_sales_cannot_certify(self):
        standing = STANDARD.replay(a_history()[:2])
        certified = a_history()[2]
        with pytest.raises(NotPermitted, match=r"got 'sales' .*legal: marketing"):
            STANDARD.move(standing, certified, team=Team.SALES)

        for team in (Team.MARKETING, Team.BOTH, None):
            assert STANDARD.move(standing, certified, team=team).is_lead

    def test_of_a_stage_goes_to_its_owner_unless_the_event_is_listed(self):
        assert STANDARD.may(WORKING, Disqualified) == (Team.SALES,)
        assert STANDARD.may(HANDED_OFF, Disqualified) == (Team.SALES,)
        assert STANDARD.may(HANDED_OFF, Attempted) == (Team.SALES,)
        assert STANDARD.may(INQUIRY, Won) == ()
        assert STANDARD.may(CUSTOMER, Inquired) == (Team.MARKETING, Team.SALES)

    @pytest.mark.rule("004-40")
    def test_leaves_each_move_one_accountable_team(self):
        answers = {(s, event): STANDARD.accountable(s, event) for s, event, _ in STANDARD.moves}

        assert set(answers.values()) == {Team.MARKETING, Team.SALES}
        assert answers[HANDED_OFF, HandedBack] is Team.SALES
        assert answers[HANDED_OFF, Disqualified] is Team.SALES
        assert answers[INQUIRY, Triaged] is Team.MARKETING
        assert len(f"{STANDARD:raci}".splitlines()) == 2 + sum(map(len, STANDARD.table.values()))

    def test_is_asked_before_the_table(self):
        with pytest.raises(IllegalTransition):
            STANDARD.move(STANDARD.replay(a_history()[:1]), a_history()[3], team=Team.SALES)
        with pytest.raises(UnknownName, match=r"a team.*did you mean 'sales'"):
            STANDARD.move(None, a_history()[0], team="sale")
        assert STANDARD.move(None, a_history()[0], team="sales").stage is INQUIRY


class TestButtons:
    def test_of_a_team_are_what_it_may_do(self):
        assert STANDARD.legal("handed_off", team="marketing") == (
            Inquired,
            Reassigned,
            Escalated,
            OptedOut,
            Merged,
            Erased,
        )
        assert STANDARD.legal(HANDED_OFF, team=Team.SALES)[:4] == (
            Accepted,
            Attempted,
            Rejected,
            HandedBack,
        )
        assert set(STANDARD.legal(HANDED_OFF, team=Team.BOTH)) == set(STANDARD.legal(HANDED_OFF))

    def test_of_a_stage_may_be_asked_by_its_name(self):
        assert STANDARD.legal("inquiry") == STANDARD.legal(INQUIRY)
        assert STANDARD.next("inquiry", Triaged) is QUALIFYING
        assert STANDARD.accountable("inquiry", Triaged) is Team.MARKETING
        with pytest.raises(UnknownName, match="did you mean 'inquiry'"):
            STANDARD.legal("inquirey")


class TestChanges:
    def test_of_a_move_do_not_overwrite_another(self):
        with pytest.raises(ConflictError, match="one to 'sales_qualified' @ working"):
            STANDARD.with_move(WORKING, SalesQualified, QUOTED)

    def test_may_take_a_stage_away_with_all_that_leads_there(self):
        ours = STANDARD.without_stage("watch")

        assert "watch" not in {stage.name for stage in ours.stages}
        assert Banded not in ours.legal(INQUIRY)
        assert ours.leaks() == ()

    @pytest.mark.parametrize(
        "change",
        [
            lambda: STANDARD.with_move(WORKING, "Demo", QUOTED),
            lambda: STANDARD.with_move("working", Won, QUOTED),
            lambda: Lifecycle("x", start="a", opening=Inquired, table={"a": {}}),
            lambda: Lifecycle("x", start=INQUIRY, opening=Inquired, table={INQUIRY: {Won: "b"}}),
            lambda: attrs.evolve(STANDARD, deadlines=[None]),
        ],
    )
    def test_of_other_types_are_refused_at_once(self, change):
        with pytest.raises(InvalidValue, match=r"\$\.(table|deadlines)"):
            change()

    def test_let_override_only_what_there_is(self):
        ours = with_override(SIMPLE)

        assert ours.leaks() == ()
        assert len(ours.stages) == 8
        assert ours.next("inquiry", Overridden).name == "handed_off"
        with pytest.raises(UnknownName, match="handed_off"):
            with_override(Lifecycle("x", start=INQUIRY, opening=Inquired, table={INQUIRY: {}}))


class TestSimple:
    def test_knows_what_becomes_of_everybody(self):
        erased = forgotten([Inquired(lead="L", at=MONDAY)], at=MONDAY + DAY)

        assert SIMPLE.replay(erased).stage.name == "disqualified"
        assert {Reviewed, OptedOut, Merged} <= set(SIMPLE.legal(NURTURE))

    def test_hands_back_what_nobody_follows_up(self):
        proof = a_certificate()
        silent = [
            Inquired(lead="L", at=MONDAY),
            Qualified(lead="L", at=MONDAY + DAY, certificate=proof),
            HandedOff(lead="L", at=MONDAY + 2 * DAY, certificate=proof, to="sam", brief="b"),
        ]
        [back] = SIMPLE.consequences(
            [SIMPLE.replay(silent)], now=MONDAY + 20 * DAY, calendar=OFFICE
        )

        assert isinstance(back, HandedBack)


class TestObjection:
    def test_keeps_out_whoever_opted_out_of_everything(self):
        out = Disqualified(lead="L", at=MONDAY + DAY, reason=DisqualifyReason.OPT_OUT_ALL)
        again = Reopened(lead="L", at=MONDAY + 2 * DAY, evidence="wrote to us")
        standing = STANDARD.replay([*a_history()[:1], out])
        with pytest.raises(IllegalTransition, match="did not opt out of everything"):
            STANDARD.move(standing, again)
        with pytest.raises(IllegalTransition, match="did not opt out of everything"):
            STANDARD.replay([*a_history()[:1], out, again])

        left = OptedOut(lead="L", at=MONDAY + timedelta(hours=1))
        spam = attrs.evolve(out, reason=DisqualifyReason.SPAM)
        with pytest.raises(IllegalTransition, match="did not opt out of everything"):
            STANDARD.replay([*a_history()[:1], left, spam, again])
        assert STANDARD.replay([*a_history()[:1], spam, again]).stage is QUALIFYING

    def test_of_an_event_of_your_own_is_heard(self):
        @attrs.frozen(kw_only=True)
        class Again(LeadEvent):
            """Something that happens once at most."""

            def objection(self, standing):
                return "its first time" if standing.last(Again) else None

        ours = STANDARD.with_move(INQUIRY, Again, INQUIRY)
        once = ours.replay([*a_history()[:1], Again(lead="L", at=MONDAY + DAY)])
        with pytest.raises(IllegalTransition, match="expected its first time, got the event Again"):
            ours.move(once, Again(lead="L", at=MONDAY + 2 * DAY))


class TestMerged:
    def test_leads_to_the_one_that_goes_on(self):
        leads = {"A": "B", "B": "C", "C": None}
        standings = {
            lead: STANDARD.replay(
                [
                    Inquired(lead=lead, at=MONDAY),
                    *([Merged(lead=lead, at=MONDAY + DAY, into=into)] if into else []),
                ]
            )
            for lead, into in leads.items()
        }

        assert {survivor_of(lead, standings) for lead in leads} == {"C"}
        assert standings["A"].stage.is_final

    def test_refuses_a_circle_and_oneself(self):
        def merged(lead, into):
            events = [Inquired(lead=lead, at=MONDAY), Merged(lead=lead, at=MONDAY + DAY, into=into)]
            return STANDARD.replay(events)

        with pytest.raises(ConflictError, match="got a circle @ A -> B"):
            survivor_of("A", {"A": merged("A", "B"), "B": merged("B", "A")})
        with pytest.raises(InvalidValue, match="another lead"):
            Merged(lead="A", at=MONDAY, into="A")

    def test_of_two_thousand_in_a_row_is_found(self):
        standings = {
            f"L{n}": STANDARD.replay(
                [
                    Inquired(lead=f"L{n}", at=MONDAY),
                    Merged(lead=f"L{n}", at=MONDAY + DAY, into=f"L{n + 1}"),
                ]
            )
            for n in range(2_000)
        }

        assert survivor_of("L0", standings) == "L2000"

    def test_events_of_every_kind_can_be_stored(self):
        from leadlib import lifecycle

        kinds = {k for k in vars(lifecycle).values() if isinstance(k, type)}
        made = {type(make(MONDAY)) for make in MAKERS}
        assert {kind for kind in kinds if issubclass(kind, LeadEvent)} == made | {LeadEvent}


class TestForgotten:
    def told(self):
        """A history with something personal in every text."""
        return [
            attrs.evolve(event, by="canary", **more)
            for event, more in zip(
                [
                    *a_history()[:6],
                    HandedBack(lead="L", at=MONDAY + 6 * DAY, reason="timing", note="canary"),
                    Parked(lead="L", at=MONDAY + 7 * DAY, reason="canary"),
                    Disqualified(lead="L", at=MONDAY + 8 * DAY, reason="spam"),
                    Reopened(lead="L", at=MONDAY + 9 * DAY, evidence="canary"),
                ],
                [{}, {}, {}, {"to": "canary"}, *[{}] * 6],
                strict=True,
            )
        ]

    @pytest.mark.rule("law-9")
    def test_leaves_nothing_personal_and_all_that_counts(self):
        """The certificate keeps who vouched for it: a person of ours, not the prospect."""
        events = self.told()
        kept = forgotten(events, at=MONDAY + 20 * DAY)
        before, after = STANDARD.replay(events), STANDARD.replay(kept)

        assert "canary" in str([event_to_dict(event) for event in events])
        assert "canary" not in str([event_to_dict(event) for event in kept])
        assert after.stages[:-1] == before.stages
        assert [event.at for event in after.events[:-1]] == [event.at for event in events]
        assert after.stage.name == "erased"

    def test_counts_in_a_funnel_as_before(self):
        def counted(events):
            result = funnel(StageLog.from_events(events, lifecycle=STANDARD), stages=WATERFALL)
            return [result[stage].reached for stage in WATERFALL]

        events = self.told()
        assert counted(forgotten(events, at=MONDAY + 20 * DAY)) == counted(events)

    @pytest.mark.parametrize(
        "make", [make for make in MAKERS if not isinstance(make(MONDAY), Erased)]
    )
    def test_takes_every_kind_of_event(self, make):
        event, erased = forgotten([make(MONDAY)], at=MONDAY + DAY, seq=7)

        assert type(event) is type(make(MONDAY))
        assert erased == Erased(lead="L", at=MONDAY + DAY, seq=7)

    def test_follows_the_last_event_and_looks_into_certificates(self):
        events = a_history()[:3]
        kept = forgotten(reversed(events), at=events[-1].at)

        assert [event.seq for event in kept] == [0, 0, 0, 1]
        assert kept[2].certificate.by == "erased"
        with pytest.raises(InvalidValue, match=r"an erasure after .* @ at"):
            forgotten(events, at=MONDAY)

    def test_a_second_time_changes_nothing(self):
        once = forgotten(self.told(), at=MONDAY + 20 * DAY)

        assert forgotten(once, at=MONDAY + 30 * DAY) == once

    def test_needs_the_events_of_one_lead(self):
        with pytest.raises(InvalidValue, match="at least one event"):
            forgotten([], at=MONDAY)
        with pytest.raises(InvalidValue, match="events of lead 'A'"):
            forgotten([*a_history("A"), *a_history("B")], at=MONDAY)


class TestErased:
    def test_ends_every_stage_and_stays_counted(self):
        for count in range(1, len(a_history()) + 1):
            erased = Erased(lead="L", at=MONDAY + 30 * DAY)
            standing = STANDARD.replay([*a_history()[:count], erased])

            assert standing.stage.name == "erased"
            assert STANDARD.legal(standing.stage) == ()
            assert STANDARD.due([standing], now=MONDAY + 60 * DAY, calendar=OFFICE) == ()


class TestDue:
    """Scenario 6.1: Mon-Fri 9-17 in New York."""

    MON = datetime(2026, 3, 2, 9, 12, tzinfo=NEW_YORK)
    WED = datetime(2026, 3, 4, 11, 5, tzinfo=NEW_YORK)

    def handed_off(self, *more):
        proof = a_certificate(at=self.MON)
        return STANDARD.replay(
            [
                Inquired(lead="L", at=self.MON),
                Triaged(lead="L", at=self.MON + timedelta(hours=1)),
                Qualified(lead="L", at=self.MON + timedelta(hours=2), certificate=proof),
                HandedOff(lead="L", at=self.WED, certificate=proof, to="sam", brief="b"),
                *more,
            ]
        )

    def queue(self, standing, now):
        return STANDARD.due([standing], now=now, calendar=OFFICE)

    @pytest.mark.rule("law-7")
    def test_an_inquiry_is_triaged_within_a_working_day(self):
        [due] = self.queue(STANDARD.replay([Inquired(lead="L", at=self.MON)]), self.MON)

        assert due.at == self.MON + DAY
        assert (due.action, due.owner, due.overdue) == ("triage", Team.MARKETING, False)

    def test_another_inquiry_does_not_start_the_clock_again(self):
        again = Inquired(lead="L", at=self.MON + timedelta(hours=4))
        [due] = self.queue(STANDARD.replay([Inquired(lead="L", at=self.MON), again]), again.at)

        assert due.at == self.MON + DAY

    @pytest.mark.rule("001-09")
    def test_a_hand_off_starts_three_clocks(self):
        accept, attempt, any_at_all = self.queue(self.handed_off(), self.WED)
        later = self.WED.astimezone(UTC) + 14 * DAY  # real days: the clocks change in between

        assert (accept.action, accept.at) == ("accept or reject", self.WED + DAY)
        assert (attempt.action, attempt.at) == ("first attempt", self.WED + DAY)
        assert (any_at_all.action, any_at_all.at) == ("any attempt at all", later)

    @pytest.mark.rule("001-09")
    def test_accepting_does_not_stop_the_first_attempt(self):
        accepted = Accepted(lead="L", at=self.WED + timedelta(hours=3))
        actions = {due.action: due.at for due in self.queue(self.handed_off(accepted), self.WED)}

        assert actions["first attempt"] == self.WED + DAY

    @pytest.mark.rule("001-09")
    def test_exactly_at_the_limit_is_met(self):
        limit = self.WED + DAY
        just_after = self.queue(self.handed_off(), limit + timedelta(microseconds=1))

        assert not any(due.overdue for due in self.queue(self.handed_off(), limit))
        assert [due.overdue for due in just_after] == [True, True, False]

    def test_an_attempt_stops_it_and_each_attempt_starts_the_next(self):
        first = Attempted(lead="L", at=self.WED + timedelta(hours=3))
        second = Attempted(lead="L", at=self.WED + 2 * DAY)
        [due] = self.queue(self.handed_off(first, second), self.WED)

        assert due.action == "next attempt or hand back"
        assert due.at == second.at + 14 * DAY

    @pytest.mark.rule("001-09")
    def test_a_weekend_counts_unless_the_policy_says_working_hours(self):
        """Scenario B5: Friday 15:00 to Monday 10:00 is 67 hours, of which 3 are working hours."""
        friday = datetime(2026, 2, 6, 15, tzinfo=NEW_YORK)
        monday = datetime(2026, 2, 9, 10, tzinfo=NEW_YORK)

        assert monday - friday == timedelta(hours=67)
        assert OFFICE.after(friday, hours(24)) < monday
        assert OFFICE.after(friday, working_hours(8)) > monday
        assert OFFICE.elapsed(friday, monday) == timedelta(hours=3)

    def test_handing_back_stops_the_clocks_of_sales(self):
        back = HandedBack(lead="L", at=self.WED + timedelta(hours=3), reason="timing")
        [due] = self.queue(self.handed_off(back), self.WED)

        assert (due.action, due.owner) == ("acknowledge", Team.MARKETING)

    def test_each_team_may_have_its_own_hours(self):
        berlin = WorkCalendar(zone=ZoneInfo("Europe/Berlin"))
        both = {Team.MARKETING: berlin, Team.SALES: OFFICE}
        monday = datetime(2026, 4, 6, 12, tzinfo=NEW_YORK)
        easter = attrs.evolve(berlin, holidays={date(2026, 4, 7)})
        standing = STANDARD.replay([Inquired(lead="L", at=monday)])
        marketing = {Team.MARKETING: easter, Team.SALES: OFFICE}

        # Noon in New York is after hours in Berlin: the day counts from Tuesday at nine.
        nine = datetime(2026, 4, 8, 9, tzinfo=ZoneInfo("Europe/Berlin"))
        assert STANDARD.due([standing], now=monday, calendar=both)[0].at == nine
        assert STANDARD.due([standing], now=monday, calendar=marketing)[0].at == nine + DAY

    @pytest.mark.rule("law-7")
    @pytest.mark.rule("002-24", part="no orphan can come from a lifecycle")
    @given(legal_histories())
    def test_every_open_lead_has_an_owner_an_action_and_a_date(self, events):
        standing = STANDARD.replay(events)
        queue = STANDARD.due([standing], now=MONDAY, calendar=OFFICE)

        assert queue or standing.stage.closed
        assert STANDARD.orphans([standing], calendar=OFFICE) == ()
        assert all(due.owner and due.action and due.at for due in queue)


class TestLaws:
    @pytest.mark.rule("003-18", "law-2")
    @given(attempts())
    def test_no_sequence_makes_a_lead_without_a_certificate(self, events):
        standing = None
        for event in events:
            try:
                standing = STANDARD.move(standing, event)
            except IllegalTransition:
                continue
            passed = any(isinstance(e, Qualified) for e in standing.events)
            assert standing.is_lead is passed

    @given(attempts())
    def test_an_illegal_move_changes_nothing(self, events):
        standing = STANDARD.replay(a_history()[:1])
        for event in events:
            before = pickle.dumps(standing)
            try:
                moved = STANDARD.move(standing, event)
            except IllegalTransition:
                assert pickle.dumps(standing) == before
            else:
                assert moved.events == (*standing.events, event)
                standing = moved

    @given(legal_histories(), st.integers(0, 25))
    def test_replay_in_two_halves_equals_one(self, events, cut):
        half = STANDARD.replay(events[: cut or 1])

        assert STANDARD.replay(events[cut or 1 :], standing=half) == STANDARD.replay(events)

    @pytest.mark.rule("002-11")
    @given(legal_histories(), st.randoms(use_true_random=False))
    def test_order_of_arrival_and_duplicates_change_nothing(self, events, chance):
        delivered = events + events[::2]
        chance.shuffle(delivered)

        assert STANDARD.replay(delivered) == STANDARD.replay(events)

    @given(legal_histories())
    def test_moving_one_by_one_equals_replay(self, events):
        standing = None
        for event in events:
            standing = STANDARD.move(standing, event)

        assert standing == STANDARD.replay(events)

    @given(legal_histories())
    def test_what_sales_holds_can_always_come_back(self, events):
        standing = STANDARD.replay(events)
        if standing.owner is not Team.MARKETING and not standing.stage.closed:
            back = HandedBack(lead="L", at=standing.events[-1].at + DAY, reason="timing")
            again = STANDARD.move(standing, back)
            STANDARD.move(again, Triaged(lead="L", at=back.at + DAY))


def test_deadlines_are_data():
    clock = Deadline(stage=ACCEPTED, within=hours(1), owner=Team.SALES, action="call")

    assert clock == Deadline(stage=ACCEPTED, within=hours(1), owner=Team.SALES, action="call")
    assert CUSTOMER.closed
