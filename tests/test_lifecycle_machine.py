"""
Any commands in any order, against a model that is a table of text and a list of events.

The invariants 1 to 7 of trust hold after every step: every inquiry is in one lead and every lead in
one stage, a failed call changes nothing, sales can always hand back, and neither repetition nor
interleaving matters.
"""

import pickle
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from builders import MONDAY, a_certificate
from leadlib import lifecycle as lc
from leadlib.errors import IllegalTransition, NotPermitted
from leadlib.lifecycle import STANDARD, survivor_of
from leadlib.model import Team

# Written down from the requirements (2.3), not from the code.
TABLE = """
inquiry         Triaged qualifying, Banded watch, Deferred nurture, Parked keep_informed, \
Disqualified disqualified
qualifying      Qualified qualified, Attempted qualifying, Banded watch, Deferred nurture, \
Parked keep_informed, Disqualified disqualified
qualified       HandedOff handed_off, Expired nurture, Deferred nurture, Parked keep_informed, \
Disqualified disqualified
watch           Triaged qualifying, PassedOn handed_off, Deferred nurture, Parked keep_informed, \
Disqualified disqualified
nurture         Triaged qualifying, Parked keep_informed, Disqualified disqualified
keep_informed   Triaged qualifying, Deferred nurture, Disqualified disqualified
handed_off      Accepted accepted, Attempted working, Rejected handed_back, \
HandedBack handed_back, Disqualified disqualified
accepted        Attempted working, CallbackScheduled callback, HandedBack handed_back, \
Disqualified disqualified
working         Attempted working, CallbackScheduled callback, SalesQualified sales_qualified, \
HandedBack handed_back, Disqualified disqualified
callback        Attempted working, CallbackScheduled callback, Triaged qualifying, \
HandedBack handed_back, Disqualified disqualified
sales_qualified Attempted sales_qualified, CallbackScheduled callback, \
OpportunityOpened opportunity, HandedBack handed_back, Disqualified disqualified
opportunity     Attempted opportunity, CallbackScheduled callback, Quoted quoted, Won customer, \
Lost lost, HandedBack handed_back, Disqualified disqualified
quoted          Attempted quoted, Quoted quoted, Won customer, Lost lost, \
HandedBack handed_back, Disqualified disqualified
customer        Churned churned
lost            Deferred nurture, Parked keep_informed, CallbackScheduled callback, \
HandedBack handed_back
handed_back     Triaged qualifying, Deferred nurture, Parked keep_informed, \
Disqualified disqualified
disqualified    Reopened qualifying
churned         Triaged qualifying
merged          Erased erased
erased
"""
MOVES = {
    line.split()[0]: dict(move.split() for move in line[16:].split(", ") if move.strip())
    for line in TABLE.strip().splitlines()
}
STAY = ("Inquired", "Reassigned", "Escalated", "OptedOut", "Reviewed")
SALES_ONLY = {"Accepted", "Rejected", "HandedBack"}
MARKETING_ONLY = {"Triaged", "Qualified", "HandedOff", "PassedOn", "Reopened", "Merged", "Erased"}
LEADS = ("A", "B", "C")
STEP = timedelta(hours=5)
MORE = {
    "Qualified": lambda lead, at: {"certificate": a_certificate(lead, at=at)},
    "HandedOff": lambda lead, at: {
        "certificate": a_certificate(lead, at=at),
        "to": "sam",
        "brief": "b",
    },
    "PassedOn": lambda lead, at: {"account": "a", "to": "sam", "brief": "b"},
    "Parked": lambda lead, at: {"reason": "next year"},
    "Rejected": lambda lead, at: {"reason": "timing"},
    "HandedBack": lambda lead, at: {"reason": "no budget", "note": "n"},
    "CallbackScheduled": lambda lead, at: {"due": at + STEP},
    "OpportunityOpened": lambda lead, at: {"amount": Decimal(9), "currency": "EUR"},
    "Quoted": lambda lead, at: {"quote": "q"},
    "Lost": lambda lead, at: {"reason": "price"},
    "Disqualified": lambda lead, at: {"reason": "spam"},
    "Reopened": lambda lead, at: {"evidence": "e"},
    "Reassigned": lambda lead, at: {"to": "kim"},
    "Escalated": lambda lead, at: {"reason": "late"},
    "Merged": lambda lead, at: {"into": LEADS[LEADS.index(lead) - 1]},
}
ONWARD = {
    "inquiry": "Triaged",
    "qualifying": "Qualified",
    "qualified": "HandedOff",
    "watch": "PassedOn",
    "nurture": "Triaged",
    "keep_informed": "Triaged",
    "handed_off": "Accepted",
    "accepted": "Attempted",
    "working": "SalesQualified",
    "callback": "Attempted",
    "sales_qualified": "OpportunityOpened",
    "opportunity": "Quoted",
    "quoted": "Won",
    "lost": "HandedBack",
    "handed_back": "Deferred",
    "customer": "Churned",
    "churned": "Triaged",
}
KINDS = sorted({name for row in MOVES.values() for name in row} | {*STAY, "Merged"} - {"Inquired"})


def an_event(name, lead, at, **more):
    given = MORE.get(name, lambda lead, at: {})(lead, at)
    return getattr(lc, name)(lead=lead, at=at, **given | more)


def following(stage, name):
    """The stage after it by the model; None if it is not legal."""
    if name in MOVES[stage]:
        return MOVES[stage][name]
    if stage in {"merged", "erased"}:
        return None
    if name in STAY:
        return stage
    return {"Merged": "merged", "Erased": "erased"}.get(name)


def may(team, stage, name):
    owners = {lead.name: lead.owner for lead in STANDARD.stages}
    if name in SALES_ONLY:
        return team is Team.SALES
    if name in MARKETING_ONLY:
        return team is Team.MARKETING
    if name == "Churned" or (name in STAY and name != "Reviewed"):
        return True
    if stage == "handed_off":
        return team is Team.SALES
    return owners[stage] in {team, Team.BOTH, None}


class Commands(RuleBasedStateMachine):
    """The application: a log that only grows, and the standings it keeps beside it."""

    def __init__(self):
        super().__init__()
        self.now = MONDAY
        self.log = []
        self.standings = {}
        self.stages = {}
        self.inquiries = 0
        self.barred = set()  # ruled out for good, by the last reason
        self.gone = set()  # opted out of everything, whenever

    @initialize()
    def begin(self):
        for lead in LEADS:
            self.capture(lead)

    def _append(self, event, team=None):
        """What the page for applications shows: move, then write; nothing is written otherwise."""
        before = pickle.dumps(self.standings)
        try:
            moved = STANDARD.move(self.standings.get(event.lead), event, team=team)
        except (IllegalTransition, NotPermitted):
            assert pickle.dumps(self.standings) == before
            raise
        self.standings = {**self.standings, event.lead: moved}
        self.log.append(event)

    def _tick(self):
        self.now += STEP
        return self.now

    def capture(self, lead):
        event = lc.Inquired(lead=lead, at=self._tick(), inquiry=f"i-{self.inquiries}")
        self.inquiries += 1
        self._append(event)
        self.stages.setdefault(lead, "inquiry")

    @rule(lead=st.sampled_from(LEADS))
    def ask_again(self, lead):
        if self.stages[lead] in {"merged", "erased"}:
            with pytest.raises(IllegalTransition):
                self._append(lc.Inquired(lead=lead, at=self._tick()))
        else:
            self.capture(lead)

    @rule(
        lead=st.sampled_from(LEADS),
        name=st.sampled_from(KINDS),
        team=st.sampled_from([None, Team.MARKETING, Team.SALES]),
        for_good=st.booleans(),
    )
    def command(self, lead, name, team, for_good):
        more = {"reason": "opted out of everything"} if for_good and name == "Disqualified" else {}
        event = an_event(name, lead, self._tick(), **more)
        stage = self.stages[lead]
        to = following(stage, name)
        if name == "Reopened" and lead in self.barred | self.gone:
            to = None
        if to is None or (team and not may(team, stage, name)):
            with pytest.raises((IllegalTransition, NotPermitted)):
                self._append(event, team)
            return
        self._append(event, team)
        self.stages[lead] = to
        if name == "OptedOut":
            self.gone.add(lead)
        if name == "Disqualified":
            (self.barred.add if for_good else self.barred.discard)(lead)

    @rule(lead=st.sampled_from(LEADS), choice=st.integers(0, 20))
    def go_on(self, lead, choice):
        """One of the legal moves, so that leads get far."""
        legal = sorted(MOVES[self.stages[lead]])
        if legal:
            self.command(lead, legal[choice % len(legal)], None, for_good=False)

    @rule(lead=st.sampled_from(LEADS), steps=st.integers(1, 12))
    def work(self, lead, steps):
        """Along the waterfall, as most leads are meant to go."""
        for _ in range(steps):
            if self.stages[lead] in ONWARD:
                self.command(lead, ONWARD[self.stages[lead]], None, for_good=False)

    @rule(lead=st.sampled_from(LEADS), name=st.sampled_from(KINDS))
    def write_into_the_past(self, lead, name):
        with pytest.raises(IllegalTransition):
            self._append(an_event(name, lead, MONDAY - STEP))

    @precondition(lambda self: self.log)
    @rule(number=st.integers(0, 1_000))
    def deliver_again(self, number):
        """The same event twice is refused by the move, and counts once in a replay."""
        event = self.log[number % len(self.log)]
        with pytest.raises(IllegalTransition):
            self._append(event)
        assert STANDARD.replay_all([*self.log, event]) == self.standings

    @invariant()
    def every_lead_is_in_one_stage_and_replay_gives_it(self):
        assert {lead: s.stage.name for lead, s in self.standings.items()} == self.stages
        assert STANDARD.replay_all(reversed(self.log)) == self.standings

    @invariant()
    def every_inquiry_is_in_one_lead(self):
        asked = [
            event.inquiry
            for standing in self.standings.values()
            for event in standing.events
            if isinstance(event, lc.Inquired)
        ]
        assert sorted(asked) == sorted(f"i-{n}" for n in range(self.inquiries))

    @invariant()
    def nothing_is_lost_or_doubled_between_log_and_standings(self):
        kept = [event for standing in self.standings.values() for event in standing.events]
        assert sorted(kept, key=lambda event: event.at) == self.log
        assert all(len(s.events) == len(s.stages) for s in self.standings.values())

    @invariant()
    def sales_can_hand_back_and_the_lead_is_workable_again(self):
        for lead, standing in self.standings.items():
            if standing.stage.is_with_sales:
                back = STANDARD.move(standing, an_event("HandedBack", lead, self.now + STEP))
                again = STANDARD.move(back, an_event("Triaged", lead, self.now + 2 * STEP))
                assert again.stage.name == "qualifying"

    @invariant()
    def every_prefix_and_every_interleaving_tells_the_same(self):
        half = self.log[: len(self.log) // 2]
        assert STANDARD.replay_all([*half, *self.log]) == self.standings
        apart = sorted(self.log, key=lambda event: (event.lead, event.at))
        assert STANDARD.replay_all(apart) == self.standings

    @invariant()
    def every_second_has_one_stage(self):
        for standing in self.standings.values():
            stays = standing.stays
            assert stays[0].since == standing.events[0].at
            assert [stay.until for stay in stays[:-1]] == [stay.since for stay in stays[1:]]
            assert stays[-1].until is None

    @invariant()
    def every_open_lead_has_an_owner_and_a_clock(self):
        from leadlib.worktime import WorkCalendar

        open_ = [s for s in self.standings.values() if not s.stage.closed]
        assert STANDARD.orphans(open_, calendar=WorkCalendar()) == ()

    @invariant()
    def merges_end_in_a_lead(self):
        for lead in self.standings:
            if not all(s.last(lc.Merged) for s in self.standings.values()):  # no circle
                assert survivor_of(lead, self.standings) in self.standings


TestCommands = Commands.TestCase
TestCommands.settings = settings(stateful_step_count=40, deadline=None)
TestCommands.pytestmark = [pytest.mark.rule("law-7")]
