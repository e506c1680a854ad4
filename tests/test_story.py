"""
One lead, from the first click to the customer, with one way back in between.

The walk of rows 003-17, 003-18, 000-26, 003-08 and 002-15, to be read from top to bottom; every
step uses what the step before it gave.
"""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta

from leadlib import (
    STANDARD,
    WATERFALL,
    Brief,
    Cadence,
    Field,
    Inquiry,
    LeadDefinition,
    Outcome,
    Rate,
    StageLog,
    Step,
    Team,
    WorkCalendar,
    consolidate,
    funnel,
)
from leadlib.errors import BriefIncomplete, IllegalTransition, InvalidValue, NotCertifiable
from leadlib.lifecycle import (
    HANDED_BACK,
    INQUIRY,
    NURTURE,
    OPPORTUNITY,
    Accepted,
    Attempted,
    Deferred,
    HandedBack,
    Inquired,
    LeakKind,
    OpportunityOpened,
    Qualified,
    Quoted,
    SalesQualified,
    Triaged,
    Won,
)

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = WorkCalendar(zone=BERLIN)

NEED = Field("need", str)
STAFF = Field("staff", int, unit="people")
BUDGET = Field("budget", int, unit="EUR")
COMPETITOR = Field("competitor", bool)


def at(month, day, hour=9):
    return datetime(2026, month, day, hour, tzinfo=BERLIN)


@pytest.mark.rule("003-17", "003-18", "000-26", "003-08", "002-15")
def test_the_life_of_a_lead():
    # Monday: somebody fills in a form, and comes by the stand of a fair.  Two inquiries, one
    # person, and nobody is a lead yet.
    form = Inquiry.parse(
        {
            "id": "i-1",
            "at": "2026-03-02T09:00:00+01:00",
            "source": "web form",
            "mail": "ada@drinks.example",
            "campaign": "spring",
            "interests": ["aseptic filling", "CIP"],
            "facts": {"need": "less downtime"},
        }
    )
    badge = Inquiry(
        id="i-2",
        at=at(3, 3),
        source="trade fair",
        kind="event badge",
        mail=" ADA@drinks.example",
        interests=["aseptic filling"],
    )
    [ada] = consolidate([badge, form])
    log = [Inquired(lead=ada.id, at=form.at, inquiry=form.id)]
    standing = STANDARD.replay(log)

    assert len(ada.inquiries) == 2
    assert standing.stage is INQUIRY
    assert not standing.is_lead

    # Marketing answers for it, and has until Tuesday, same time.
    [due] = STANDARD.due([standing], now=at(3, 2, 12), calendar=OFFICE)
    assert (due.owner, due.action, due.at) == (Team.MARKETING, "triage", at(3, 3))

    # The definition that both teams signed does not know enough, and says what to ask first.
    definition = LeadDefinition(
        "sales-ready",
        NEED.contains_any("downtime", "capacity") & ((BUDGET >= 100_000) | (STAFF >= 50)),
        disqualify=COMPETITOR.is_true(),
    )
    agreed = definition.sign(team=Team.MARKETING, by="ana", at=at(1, 5)).sign(
        team=Team.SALES, by="sam", at=at(1, 5)
    )
    verdict = agreed.judge(ada)
    assert verdict.outcome is Outcome.UNDECIDED
    assert verdict.ask_next == ("competitor", "budget", "staff")

    # So it cannot be certified, and an inquiry cannot be handed off: nothing is written.
    with pytest.raises(NotCertifiable, match="undecided"):
        verdict.certify(by="ana", at=at(3, 3))

    # Wednesday: a call answers the questions.  Now it is a lead.
    log.append(Triaged(lead=ada.id, at=at(3, 3, 10)))
    call = Inquiry(
        id="i-3",
        at=at(3, 4),
        source="phone",
        kind="call",
        mail="ada@drinks.example",
        facts={"staff": 120, "competitor": False},
    )
    [ada] = consolidate([form, badge, call])
    verdict = agreed.judge(ada)
    proof = verdict.certify(by="ana", at=at(3, 4, 11))
    log.append(Qualified(lead=ada.id, at=at(3, 4, 11), certificate=proof))

    assert verdict.outcome is Outcome.QUALIFIED
    assert STANDARD.replay(log).is_lead

    # Sales gets a brief, and it must be complete.
    with pytest.raises(BriefIncomplete, match="guidance"):
        Brief.of(ada, verdict).hand_off(certificate=proof, to="sam", at=at(3, 4, 12))
    brief = Brief.of(ada, verdict, guidance="ask which line stands still most often")
    offer = brief.hand_off(certificate=proof, to="sam", at=at(3, 4, 12))
    assert brief.interests == {"aseptic filling": 2, "CIP": 1}

    # An inquiry alone could never have been handed off.
    with pytest.raises(
        IllegalTransition, match="legal: Triaged, Banded, Deferred, Parked, Disqualified"
    ):
        STANDARD.replay([log[0], offer])

    # From the hand-off on, the 24 hours of sales run, and accepting does not stop them.
    log += [offer, Accepted(lead=ada.id, at=at(3, 4, 14), by="sam")]
    clocks = STANDARD.due([STANDARD.replay(log)], now=at(3, 5, 13), calendar=OFFICE)
    assert [(d.action, d.overdue) for d in clocks] == [
        ("first attempt", True),
        ("first attempt or hand back", False),
        ("any attempt at all", False),
    ]

    # Sales reaches her: the project was moved to summer.  Sales hands back, and says why.
    log.append(Attempted(lead=ada.id, at=at(3, 5, 14), by="sam"))
    with pytest.raises(InvalidValue, match="expected a reason"):
        HandedBack(lead=ada.id, at=at(3, 6), reason="")
    log.append(HandedBack(lead=ada.id, at=at(3, 6), by="sam", reason="timing", note="summer"))
    standing = STANDARD.replay(log)
    assert (standing.stage, standing.owner) == (HANDED_BACK, Team.MARKETING)

    # Marketing nurtures: a plan is data, and weekends are quiet.
    log.append(Deferred(lead=ada.id, at=at(3, 9)))
    summer = Cadence(
        "summer",
        calendar=OFFICE,
        steps=[
            Step(send="case study", after=relativedelta(days=5)),
            Step(send="call invitation", after=relativedelta(months=3), channel="phone"),
        ],
    )
    plan = summer.plan(ada, enrolled=at(3, 9), history=log)
    assert [str(touch.at.astimezone(BERLIN).date()) for touch in plan] == [
        "2026-03-16",
        "2026-06-09",
    ]
    assert STANDARD.replay(log).stage is NURTURE

    # In June she is ready: the second pass ends with a customer.
    again = agreed.judge(ada).certify(by="ana", at=at(6, 10))
    second = Brief.of(ada, verdict, guidance="the project is on", earlier_passes=1)
    log += [
        Triaged(lead=ada.id, at=at(6, 9, 15)),
        Qualified(lead=ada.id, at=at(6, 10), certificate=again),
        second.hand_off(certificate=again, to="sam", at=at(6, 10, 10)),
        Accepted(lead=ada.id, at=at(6, 10, 11), by="sam"),
        Attempted(lead=ada.id, at=at(6, 10, 12), by="sam"),
        SalesQualified(lead=ada.id, at=at(6, 12)),
        OpportunityOpened(lead=ada.id, at=at(6, 15), amount=Decimal(900_000), currency="EUR"),
        Quoted(lead=ada.id, at=at(6, 22), quote="q-7"),
        Won(lead=ada.id, at=at(7, 24)),
    ]
    standing = STANDARD.replay(log)
    assert standing.pass_no == 2
    assert standing.stage.name == "customer"

    # Both teams read the same numbers from the same log, and the log of March stays what it was.
    stages = StageLog.from_events(log, lifecycle=STANDARD)
    assert [step.reached for step in funnel(stages, stages=WATERFALL).steps] == [1] * 9
    march = funnel(stages, stages=WATERFALL, as_of=at(3, 31))
    assert march["working"].rate == Rate(0, 1)
    assert [(stop.stage, stop.now, stop.ended) for stop in march.stops] == [
        ("working", "nurture", False)
    ]


@pytest.mark.rule("002-15")
def test_the_process_can_be_drawn_and_a_gap_in_it_is_found():
    assert f"{STANDARD:mermaid}".startswith("flowchart LR")
    assert STANDARD.leaks() == ()

    [leak] = STANDARD.without_move(OPPORTUNITY, Quoted).leaks()
    assert leak.kind is LeakKind.UNREACHABLE
    assert leak.stage.name == "quoted"


@pytest.mark.rule("003-17")
def test_three_inquiries_are_no_lead():
    inquiries = [
        Inquiry(id=f"i-{n}", at=at(3, n), source="web", mail=f"p{n}@example.com") for n in (2, 3, 4)
    ]
    standings = STANDARD.replay_all(Inquired(lead=i.id, at=i.at) for i in inquiries)

    assert len(inquiries) == 3
    assert sum(standing.is_lead for standing in standings.values()) == 0
