"""A lifecycle as a paper: its file, its faults, its roles, and who has read it."""

import json
import math
import re
import subprocess
import sys
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_certificate
from leadlib import limits
from leadlib._lifecycle.clocks import Due, DueState
from leadlib._lifecycle.reading import KEYS
from leadlib._reading import Reader
from leadlib.errors import (
    ConflictError,
    InvalidValue,
    LifecycleError,
    LimitExceeded,
    NotPermitted,
    UnknownName,
)
from leadlib.io import (
    lifecycle_from_json,
    lifecycle_from_toml,
    lifecycle_to_json,
    lifecycle_to_toml,
    load_lifecycle,
)
from leadlib.lifecycle import (
    HANDED_BACK,
    HANDED_OFF,
    INQUIRY,
    NURTURE,
    OPPORTUNITY,
    QUALIFYING,
    SIMPLE,
    STANDARD,
    WORKING,
    Accepted,
    Acknowledgement,
    Attempted,
    Banded,
    Deadline,
    Deferred,
    Escalated,
    Expired,
    HandedBack,
    Inquired,
    LeadEvent,
    Lifecycle,
    Lost,
    Merged,
    Parked,
    Qualified,
    Quoted,
    Reviewed,
    Stage,
    Triaged,
    Won,
    with_override,
)
from leadlib.metrics import Rate
from leadlib.model import Team
from leadlib.worktime import Clock, Span, days, hours, working_days, working_hours

ROOT = Path(__file__).resolve().parent.parent
MARKETING, SALES, BOTH = Team.MARKETING, Team.SALES, Team.BOTH
TOML = """\
name = "small"
start = "new"
opening = "Inquired"
passes = 3
review_by = 2027-01-31

[stages.new]
owner = "marketing"
meaning = "nobody has looked yet"
moves = { Accepted = "calling", Deferred = "warming" }

[stages.warming]
owner = "marketing"
nurture = true
moves = { Accepted = "calling" }

[stages.calling]
owner = "sales"
moves = { Won = "sold", HandedBack = "new" }

[stages.sold]
owner = "both"
closed = true

[stages.gone]
closed = true

[anywhere]
Escalated = "stays"
Erased = "gone"

[actors]
Accepted = ["sales"]

[[deadlines]]
stage = "new"
within = "1 working day"
owner = "marketing"
action = "call or drop"

[[deadlines]]
stage = "calling"
within = "14 days"
owner = "sales"
action = "win or give back"
again = ["Attempted"]
attempts = 6
otherwise = "HandedBack"
reason = "no follow-up"
"""


@attrs.frozen(kw_only=True)
class Demonstrated(LeadEvent):
    """An event of an application; it is no part of leadlib."""

    minutes: int = 0


@attrs.frozen(kw_only=True)
class Promised(LeadEvent):
    """An event with a date, a reason of its own, and nothing else that it needs."""

    reason: str = attrs.field()
    until: "attrs.Attribute | None" = None

    @reason.validator
    def _is_short(self, _, value):
        if len(value) > 5:
            raise ValueError("too long for us")


DEMO = Stage("demo", SALES, "they have seen it work")
OURS = STANDARD.with_move(WORKING, Demonstrated, DEMO).with_move(DEMO, HandedBack, HANDED_BACK)


def faults_of(read, *arguments, **options):
    with pytest.raises(LifecycleError) as caught:
        read(*arguments, **options)
    return caught.value.faults


def edited(old, new):
    assert TOML.count(old) >= 1
    return TOML.replace(old, new, 1)


# -- any lifecycle --

NAMES = st.text(min_size=1, max_size=12).map(
    lambda text: re.sub(r"[^\w .'\"\[\]#\\-]", "", text).strip() or "x"
)
OWN = (Demonstrated, Promised)
EVENTS = (Triaged, Deferred, Attempted, Accepted, Won, Lost, Quoted, HandedBack, *OWN)
NOTES = (Inquired, Escalated, Reviewed, Merged)
FOLLOW_UPS = (
    (Escalated, None),
    (Escalated, "look here"),
    (Deferred, None),
    (Expired, None),
    (HandedBack, "no follow-up"),
    (Parked, "any text: 'quoted' \\ \""),
    (Demonstrated, None),
    (Promised, "soon"),
)
SPANS = (
    st.integers(1, 3_660 * 86_400 * 10**6).map(lambda n: Span(timedelta(microseconds=n)))
    | st.integers(1, 10**12).map(lambda n: Span(timedelta(microseconds=n), Clock.WORKING_HOURS))
    | st.integers(1, 3_660).map(working_days)
    | st.sampled_from([hours(1), hours(24), days(1), days(2), hours(1 / 3), working_hours(0.1)])
)


@st.composite
def lifecycles(draw):
    names = [*dict.fromkeys(draw(st.lists(NAMES, min_size=1, max_size=5)))]
    stages = [
        Stage(
            name,
            draw(st.sampled_from([*Team, None])),
            draw(st.sampled_from(["", "won", "{0} ${x} %s\nline two", "'''\"\"\""])),
            closed=draw(st.booleans()),
            nurture=draw(st.booleans()),
        )
        for name in names
    ]
    a_stage = st.sampled_from(stages)
    row = st.dictionaries(st.sampled_from(EVENTS), a_stage, max_size=4)
    teams = st.lists(st.sampled_from([MARKETING, SALES]), max_size=2)

    def a_clock():
        then, reason = draw(st.sampled_from(FOLLOW_UPS))
        since = draw(st.sampled_from([None, "due", "expires"]))
        some = st.lists(st.sampled_from(EVENTS), max_size=2)
        return Deadline(
            stage=draw(a_stage),
            within=draw(SPANS if since is None else st.none() | SPANS),
            owner=draw(st.sampled_from([*Team])),
            action=draw(NAMES),
            first=draw(some),
            again=draw(some),
            starts=draw(some),
            since=since,
            attempts=draw(st.none() | st.integers(1, 99)),
            otherwise=then,
            reason=reason,
        )

    return Lifecycle(
        draw(NAMES),
        start=draw(a_stage),
        opening=draw(st.sampled_from([Inquired, Demonstrated])),
        table={stage: draw(row) for stage in stages},
        anywhere=draw(st.dictionaries(st.sampled_from(NOTES), st.none() | a_stage, max_size=3)),
        actors=draw(st.dictionaries(st.sampled_from(EVENTS), teams, max_size=3)),
        deadlines=[a_clock() for _ in range(draw(st.integers(0, 3)))],
        passes=draw(st.none() | st.integers(1, 99)),
        review_by=draw(st.none() | st.dates(date(1970, 1, 1), date(2199, 1, 1))),
    )


class TestRoundTrip:
    @pytest.mark.rule("002-14", part="a process is data, and reads back the same")
    @pytest.mark.parametrize(
        "lifecycle", [STANDARD, SIMPLE, with_override()], ids=["standard", "simple", "override"]
    )
    def test_gives_the_same_lifecycle(self, lifecycle):
        plain = json.loads(json.dumps(lifecycle.to_dict()))

        assert Lifecycle.from_dict(plain) == lifecycle
        assert lifecycle_from_toml(lifecycle_to_toml(lifecycle)) == lifecycle
        assert lifecycle_from_json(lifecycle_to_json(lifecycle)) == lifecycle

    @given(lifecycles())
    def test_gives_any_lifecycle_back(self, lifecycle):
        again = Lifecycle.from_dict(json.loads(json.dumps(lifecycle.to_dict())), kinds=OWN)

        assert again == lifecycle
        assert again.stages == lifecycle.stages
        assert again.content_hash == lifecycle.content_hash
        assert lifecycle_from_toml(lifecycle_to_toml(lifecycle), kinds=OWN) == lifecycle
        assert lifecycle_from_json(lifecycle_to_json(lifecycle), kinds=OWN) == lifecycle

    def test_drops_no_field_of_a_lifecycle_a_stage_or_a_clock(self):
        """Whoever adds a field must say how a paper holds it."""
        fields = {
            kind: {f.name for f in attrs.fields(kind) if f.init} for kind in (Lifecycle, Stage)
        }

        assert {*KEYS["lifecycle"]} == fields[Lifecycle] - {"table"} | {"stages"}
        assert {*KEYS["stage"]} == fields[Stage] - {"name"} | {"moves"}
        assert {*KEYS["deadline"]} == {f.name for f in attrs.fields(Deadline)}

    def test_keeps_a_stage_called_stays_apart_from_staying(self):
        stays = Stage("stays", SALES)
        lifecycle = Lifecycle(
            "x",
            start=stays,
            opening=Inquired,
            table={stays: {}, NURTURE: {}},
            anywhere={Merged: None, Escalated: stays},
        )

        assert lifecycle.to_dict()["anywhere"] == {"Merged": "", "Escalated": "stays"}
        assert Lifecycle.from_dict(lifecycle.to_dict()) == lifecycle

    def test_replays_the_same(self):
        again = Lifecycle.from_dict(STANDARD.to_dict())
        events = [Inquired(lead="a", at=MONDAY), Triaged(lead="a", at=MONDAY + DAY)]

        assert again.replay(events) == STANDARD.replay(events)


class TestToml:
    def test_is_read_as_it_stands(self):
        lifecycle = lifecycle_from_toml(TOML)
        new, warming = lifecycle.stage("new"), lifecycle.stage("warming")
        calling, sold = lifecycle.stage("calling"), lifecycle.stage("sold")

        assert lifecycle == Lifecycle(
            "small",
            start=new,
            opening=Inquired,
            table={
                Stage("new", MARKETING, "nobody has looked yet"): {
                    Accepted: calling,
                    Deferred: warming,
                },
                Stage("warming", MARKETING, nurture=True): {Accepted: calling},
                Stage("calling", SALES): {Won: sold, HandedBack: new},
                Stage("sold", BOTH, closed=True): {},
                Stage("gone", None, closed=True): {},
            },
            anywhere={Escalated: None, STANDARD_ERASED: lifecycle.stage("gone")},
            actors={Accepted: [SALES]},
            passes=3,
            review_by=date(2027, 1, 31),
            deadlines=[
                Deadline(
                    stage=new, within=working_days(1), owner="marketing", action="call or drop"
                ),
                Deadline(
                    stage=calling,
                    within=days(14),
                    owner="sales",
                    action="win or give back",
                    again=[Attempted],
                    attempts=6,
                    otherwise=HandedBack,
                    reason="no follow-up",
                ),
            ],
        )

    @pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "BOM"])
    @pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
    def test_and_json_are_read_from_files(self, tmp_path, mark, end):
        toml, plain = tmp_path / "l.toml", tmp_path / "l.JSON"
        toml.write_bytes((mark + TOML.replace("\n", end)).encode())
        plain.write_text(mark + lifecycle_to_json(lifecycle_from_toml(TOML)), encoding="utf-8")

        assert load_lifecycle(toml) == load_lifecycle(str(plain)) == lifecycle_from_toml(TOML)

    @pytest.mark.parametrize(
        "content",
        [b"\xff\xfe", TOML.encode("utf-16"), b"name = '\xfc'", b"\0", b"x" * 3_000_000, b""],
        ids=["bytes", "UTF-16", "Latin-1", "NUL", "3 MB", "empty"],
    )
    @pytest.mark.parametrize("name", ["l.toml", "l.json", "l"])
    def test_other_files_are_refused(self, tmp_path, content, name):
        path = tmp_path / name
        path.write_bytes(content)
        for wrong in (path, tmp_path, tmp_path / "nowhere.toml", "\0"):
            assert faults_of(load_lifecycle, wrong)

    def test_events_of_your_own_are_given_not_imported(self):
        text = lifecycle_to_toml(OURS)

        assert load_with(text, kinds=[Demonstrated]) == OURS
        [fault, *_] = faults_of(lifecycle_from_toml, text)
        assert isinstance(fault, UnknownName)
        assert (fault.got, fault.where) == ("'Demonstrated'", "$.stages.working.moves")

    def test_your_own_event_stands_before_a_standard_one_of_its_name(self):
        own = type("Won", (LeadEvent,), {"__slots__": ()})
        lifecycle = lifecycle_from_toml(TOML, kinds=[own])

        assert own in lifecycle.legal(lifecycle.stage("calling"))
        assert Won not in lifecycle.legal(lifecycle.stage("calling"))

    def test_two_events_of_one_name_cannot_be_told_apart(self):
        own = type("Won", (LeadEvent,), {"__slots__": ()})
        both = STANDARD.with_move(WORKING, own, DEMO)

        with pytest.raises(ConflictError, match="one event for each name, got two of 'Won'"):
            both.to_dict()
        with pytest.raises(InvalidValue, match="one event for each name"):
            Lifecycle.from_dict({}, kinds=[own, type("Won", (LeadEvent,), {})])

    @pytest.mark.parametrize("kinds", [[int], ["Won"], [None], [Won(lead="a", at=MONDAY)]])
    def test_only_events_are_events(self, kinds):
        with pytest.raises(InvalidValue, match="classes of events"):
            Lifecycle.from_dict(SIMPLE.to_dict(), kinds=kinds)

    def test_what_could_not_be_read_again_is_not_written(self):
        big = Lifecycle(
            "big",
            start=INQUIRY,
            opening=Inquired,
            table={INQUIRY: {}, **{Stage(f"s{i}", SALES): {} for i in range(200)}},
        )
        for write in (lifecycle_to_toml, lifecycle_to_json):
            assert [fault.where for fault in faults_of(write, big)] == ["$.stages"]


def load_with(text, *, kinds):
    return lifecycle_from_toml(text, kinds=kinds)


STANDARD_ERASED = next(kind for kind in STANDARD.anywhere if kind.__name__ == "Erased")


class TestFaults:
    @pytest.mark.parametrize(
        ("old", "new", "where"),
        [
            ('name = "small"', "", "$.name"),
            ('name = "small"', "name = 7", "$.name"),
            ('name = "small"', 'name = "a\\nb"', "$.name"),
            ('start = "new"', "", "$.start"),
            ('start = "new"', 'start = "now"', "$.start"),
            ('start = "new"', 'start = ["new"]', "$.start"),
            ('opening = "Inquired"', 'opening = "Inqired"', "$.opening"),
            ('opening = "Inquired"', "opening = true", "$.opening"),
            ("passes = 3", "passes = -3", "$.passes"),
            ("passes = 3", "passes = 0", "$.passes"),
            ("passes = 3", "passes = true", "$.passes"),
            ("passes = 3", "passes = 3.0", "$.passes"),
            ("passes = 3", "passes = nan", "$.passes"),
            ("passes = 3", "passes = inf", "$.passes"),
            ("passes = 3", "passes = 999999999999", "$.passes"),
            ("passes = 3", "pases = 3", "$"),
            ("2027-01-31", "'2027-02-31'", "$.review_by"),
            ("2027-01-31", "2027-01-31T00:00:00", "$.review_by"),
            ("2027-01-31", "'20270131'", "$.review_by"),
            ("2027-01-31", "7", "$.review_by"),
            ("[stages.new]", '[stages."new "]\nowner = "sales"\n[stages.new]', "$.stages.new"),
            ("[stages.new]", '[stages." "]\nowner = "sales"\n[stages.new]', '$.stages." "'),
            ("[stages.gone]", "[stages]\ngone = 7\n[x]", "$.stages.gone"),
            ("[stages.gone]", '[stages.gone]\nowner = "slaes"', "$.stages.gone.owner"),
            ("[stages.gone]", "[stages.gone]\nowner = false", "$.stages.gone.owner"),
            ("nurture = true", "nurture = 1", "$.stages.warming.nurture"),
            ("nurture = true", 'nurture = "yes"', "$.stages.warming.nurture"),
            ("nurture = true", "nuture = true", "$.stages.warming"),
            ('meaning = "nobody has looked yet"', "meaning = 7", "$.stages.new.meaning"),
            ('Won = "sold"', 'Wom = "sold"', "$.stages.calling.moves"),
            ('Won = "sold"', 'Won = "solt"', "$.stages.calling.moves.Won"),
            ('Won = "sold"', "Won = 7", "$.stages.calling.moves.Won"),
            ('Won = "sold"', 'Erased = "gone"', "$.stages.calling.moves"),
            ('moves = { Accepted = "calling" }', "moves = []", "$.stages.warming.moves"),
            ('Escalated = "stays"', 'Escalated = "stay"', "$.anywhere.Escalated"),
            ('Escalated = "stays"', "Escalated = true", "$.anywhere.Escalated"),
            ('Escalated = "stays"', 'Escalate = "stays"', "$.anywhere"),
            ('Accepted = ["sales"]', 'Accepted = "sales"', "$.actors.Accepted"),
            ('Accepted = ["sales"]', 'Accepted = ["both"]', "$.actors.Accepted[0]"),
            ('Accepted = ["sales"]', "Accepted = [1]", "$.actors.Accepted[0]"),
            ('Accepted = ["sales"]', 'Acepted = ["sales"]', "$.actors"),
            ('stage = "new"', 'stage = "knew"', "$.deadlines[0].stage"),
            ('stage = "new"', "", "$.deadlines[0].stage"),
            ('stage = "new"', 'stage = "new"\nwhen = 7', "$.deadlines[0]"),
            ('within = "1 working day"', "", "$.deadlines[0].within"),
            ("1 working day", "1.5 working days", "$.deadlines[0].within"),
            ("1 working day", "1 working dy", "$.deadlines[0].within"),
            ("1 working day", "1 fortnight", "$.deadlines[0].within"),
            ("1 working day", "0 days", "$.deadlines[0].within"),
            ("1 working day", "-1 days", "$.deadlines[0].within"),
            ("1 working day", "4000 days", "$.deadlines[0].within"),
            ("1 working day", "999999999999 days", "$.deadlines[0].within"),
            ("1 working day", "9" * 5_000 + " days", "$.deadlines[0].within"),
            ("1 working day", "\N{ARABIC-INDIC DIGIT ONE} days", "$.deadlines[0].within"),
            ("1 working day", "nan days", "$.deadlines[0].within"),
            ("1 working day", "1e3 days", "$.deadlines[0].within"),
            ('within = "1 working day"', "within = 1", "$.deadlines[0].within"),
            ('action = "call or drop"', "", "$.deadlines[0].action"),
            ('action = "call or drop"', 'action = ["a"]', "$.deadlines[0].action"),
            ('again = ["Attempted"]', 'again = ["Atempted"]', "$.deadlines[1].again[0]"),
            ('again = ["Attempted"]', 'again = "Attempted"', "$.deadlines[1].again"),
            ('again = ["Attempted"]', 'first = ["Atempted"]', "$.deadlines[1].first[0]"),
            ('again = ["Attempted"]', "starts = [[]]", "$.deadlines[1].starts[0]"),
            ('again = ["Attempted"]', 'since = "dew"', "$.deadlines[1].since"),
            ('again = ["Attempted"]', 'since = "__class__"', "$.deadlines[1].since"),
            ('again = ["Attempted"]', 'since = "lead"', "$.deadlines[1].since"),
            ("attempts = 6", "attempts = true", "$.deadlines[1].attempts"),
            ("attempts = 6", "attempts = -6", "$.deadlines[1].attempts"),
            ("attempts = 6", "attempts = 6.5", "$.deadlines[1].attempts"),
            ('otherwise = "HandedBack"', 'otherwise = "HandedBak"', "$.deadlines[1].otherwise"),
            ('otherwise = "HandedBack"', 'otherwise = "Merged"', "$.deadlines[1].otherwise"),
            ('otherwise = "HandedBack"', 'otherwise = "Qualified"', "$.deadlines[1].otherwise"),
            ('otherwise = "HandedBack"', 'otherwise = "Deferred"', "$.deadlines[1].reason"),
            ('otherwise = "HandedBack"', 'otherwise = "Disqualified"', "$.deadlines[1].reason"),
            ('reason = "no follow-up"', 'reason = "no folow-up"', "$.deadlines[1].reason"),
            ('reason = "no follow-up"', "", "$.deadlines[1].reason"),
            ('reason = "no follow-up"', "reason = 7", "$.deadlines[1].reason"),
            ("[[deadlines]]", "[[deadlnes]]", "$"),
        ],
    )
    def test_name_the_path(self, old, new, where):
        assert where in {fault.where for fault in faults_of(lifecycle_from_toml, edited(old, new))}

    @pytest.mark.parametrize(
        ("old", "new", "near"),
        [
            ('start = "new"', 'start = "nwe"', "new"),
            ('Won = "sold"', 'Won = "solt"', "sold"),
            ('Won = "sold"', 'Wonn = "sold"', "Won"),
            ('owner = "both"', 'owner = "bth"', "both"),
            ('stage = "calling"', 'stage = "caling"', "calling"),
            ("nurture = true", "nuture = true", "nurture"),
            ('again = ["Attempted"]', 'agian = ["Attempted"]', "again"),
            ('again = ["Attempted"]', 'since = "expire"', "expires"),
            ('reason = "no follow-up"', 'reason = "no folow-up"', "no follow-up"),
        ],
    )
    def test_name_the_nearest(self, old, new, near):
        [fault] = faults_of(lifecycle_from_toml, edited(old, new))

        assert str(fault).endswith(f"did you mean {near!r}?")
        assert near in fault.legal

    def test_are_named_all_at_once(self):
        text = TOML.replace("passes = 3", "passes = true").replace('"sold"', '"solt"')
        text = text.replace('"sales"', '"slaes"').replace("14 days", "14 moons")
        text = text.replace('"Attempted"', '"Atempted"').replace("[anywhere]", "[anyhow]")

        assert {fault.where for fault in faults_of(lifecycle_from_toml, text)} == {
            "$",
            "$.passes",
            "$.stages.calling.owner",
            "$.stages.calling.moves.Won",
            "$.actors.Accepted[0]",
            "$.deadlines[1].within",
            "$.deadlines[1].owner",
            "$.deadlines[1].again[0]",
        }

    def test_are_twenty_at_most_and_the_error_says_so(self):
        moves = {f"E{i}": "nowhere" for i in range(1_000)}
        with pytest.raises(LifecycleError, match="there may be more") as caught:
            Lifecycle.from_dict({"name": "x", "stages": {"a": {"moves": moves}}})

        assert len(caught.value.faults) == 20
        assert caught.value.complete is False

    def test_of_an_empty_paper_are_its_missing_parts(self):
        assert [fault.where for fault in faults_of(Lifecycle.from_dict, {})] == [
            "$.stages",
            "$.name",
            "$.opening",
        ]
        empty = {"name": "x", "start": "a", "opening": "Inquired", "stages": {}}
        [fault] = faults_of(Lifecycle.from_dict, empty)
        assert str(fault) == "expected at least one stage, got none @ $.stages"

    def test_see_one_stage_in_two_spellings(self):
        table = {"caf\N{LATIN SMALL LETTER E WITH ACUTE}": {}, "cafe\N{COMBINING ACUTE ACCENT}": {}}
        faults = faults_of(Lifecycle.from_dict, SIMPLE.to_dict() | {"stages": table})

        assert "each stage once" in {fault.expected for fault in faults}

    def test_see_an_event_that_is_both_anywhere_and_in_a_row(self):
        plain = SIMPLE.to_dict()
        plain["anywhere"]["Won"] = "stays"
        [fault] = faults_of(Lifecycle.from_dict, plain)

        assert (fault.got, fault.where) == ("'Won'", "$.stages.working.moves")

    def test_leave_final_stages_their_own_moves(self):
        """As in the standard one: whoever is merged may still be erased."""
        assert STANDARD.to_dict()["stages"]["merged"]["moves"] == {"Erased": "erased"}
        assert Lifecycle.from_dict(STANDARD.to_dict()).stage("merged").is_final

    @pytest.mark.parametrize("value", [None, 7, True, "x", [], [{}], (), 1.5, math.nan, b"x"])
    def test_of_what_is_no_table_say_so(self, value):
        [fault] = faults_of(Lifecycle.from_dict, value)

        assert (fault.expected, fault.where) == ("a table of keys", "$")

    CODE = (
        "__import__('os').system('exit 1')",
        "{0.__class__}",
        "${HOME}",
        "%(name)s",
        "<script>alert(1)</script>",
        "| --- |",
        "'; drop table leads; --",
    )

    @pytest.mark.parametrize("code", CODE)
    def test_do_not_come_of_code_like_text_which_stays_text(self, code):
        stages = {code: {"owner": "sales", "meaning": f"{code}\n{code}\x1b[1m"}}
        plain = {"name": code, "start": code, "opening": "Inquired", "stages": stages}
        lifecycle = Lifecycle.from_dict(plain)
        [stage] = lifecycle.stages

        assert stage.name == lifecycle.name == code
        assert f"{lifecycle:md}".count("\n") == 2
        assert "<script>" not in f"{lifecycle:md}{lifecycle:mermaid}"
        again = Lifecycle.from_dict(plain | {"stages": {code: {"owner": "sales"}}})
        [line] = lifecycle.changes_to(again)
        assert line.isprintable()

    @pytest.mark.parametrize("name", ["Lifecycle", "object", "__class__", "os.system", "LeadEvent"])
    def test_come_of_events_that_only_python_knows(self, name):
        plain = SIMPLE.to_dict() | {"opening": name}

        assert [fault.where for fault in faults_of(Lifecycle.from_dict, plain)] == ["$.opening"]

    def test_show_no_essay(self):
        long = "x" * 100_000
        stages = {long: {"owner": long, "moves": {long: long}}, "a": {long: 1, "moves": {long: 1}}}
        with pytest.raises(LifecycleError) as caught:
            Lifecycle.from_dict({"name": long, "stages": stages, long: long}, kinds=[])

        assert long[:100] not in str(caught.value)
        assert len(str(caught.value)) < 10_000

    def test_of_your_own_event_count_too(self):
        clock = {"stage": "working", "within": "2 days", "owner": "sales", "action": "x"}
        own = {"otherwise": "Promised", "reason": "much too long"}
        for parts, place in ((own, "otherwise"), ({"otherwise": "Promised"}, "reason")):
            plain = SIMPLE.to_dict() | {"deadlines": [clock | parts]}
            [fault] = faults_of(Lifecycle.from_dict, plain, kinds=OWN)

            assert fault.where == f"$.deadlines[0].{place}"

    def test_nobody_reads_without_saying_how(self):
        with pytest.raises(NotImplementedError):
            Reader().read({})


def many(count, part):
    return [dict(part) for _ in range(count)]


CLOCK = {"stage": "inquiry", "within": "2 days", "owner": "sales", "action": "x"}
SELF = {"name": "x"}
SELF["stages"] = SELF
DEEP = []
for _ in range(10_000):
    DEEP = [DEEP]


class TestHostile:
    DATA = {
        "10,000 stages": {"stages": {f"s{i}": {} for i in range(10_000)}},
        "10,000 faults": {"stages": {f"s{i}": 7 for i in range(200)}},
        "100,000 deadlines": {"deadlines": many(100_000, CLOCK)},
        "501 deadlines": {"deadlines": many(501, CLOCK)},
        "500 wrong deadlines": {"deadlines": many(500, CLOCK | {"stage": "inquiri" * 9})},
        "many moves": {
            "stages": {f"s{i}": {"moves": {f"E{j}": "x" for j in range(100)}} for i in range(200)}
        },
        "deep": {"stages": DEEP},
        "deep in a clock": {"deadlines": [{"again": DEEP}]},
        "itself": SELF,
        "long name": {"name": "a\N{COMBINING ACUTE ACCENT}" * 100_000},
        "long texts": {"stages": {f"s{i}": {"meaning": "x" * 10_000} for i in range(200)}},
        "long keys": {"stages": {"x" * 1_000_000: {}}, "y" * 1_000_000: 1},
        "accents": {"start": ("e" + "\N{COMBINING ACUTE ACCENT}\N{COMBINING TILDE}") * 40_000},
        "half a surrogate": {"name": "\ud800"},
        "NUL": {"name": "a\0b"},
        "keys that are no text": {1: 2, None: 3, (1,): 4},
        "large numbers": {"passes": 10**5_000},
    }

    @pytest.mark.parametrize("name", DATA)
    def test_data_are_refused_at_once(self, name):
        begun = time.monotonic()
        with pytest.raises(LifecycleError) as caught:
            Lifecycle.from_dict(SIMPLE.to_dict() | self.DATA[name])

        assert len(str(caught.value)) < 50_000
        assert time.monotonic() - begun < 5  # a hang guard: each takes milliseconds

    BOMBS = {
        "dotted key": "stages.a" + ".a" * 20_000 + " = 1",
        "dotted key in a header": "[stages" + ".a" * 20_000 + "]",
        "many deep headers": "".join(f"[a{i}{'.a' * 60}]\n" for i in range(1_900)),
        "deep arrays": "x = " + "[" * 10_000 + "]" * 10_000,
        "deep objects": '{"a":' * 10_000 + "1" + "}" * 10_000,
        "many stages": "".join(f"[stages.s{i}]\n" for i in range(10_000)),
        "many deadlines": "[[deadlines]]\n" * 18_000,
        "too long": "#" * 256_001,
        "digits": "passes = " + "9" * 20_000,
        "twice": TOML + TOML,
        "twice in JSON": '{"name": "a", "name": "b"}',
        "no number": '{"passes": NaN}',
    }

    @pytest.mark.parametrize("read", [lifecycle_from_toml, lifecycle_from_json])
    @pytest.mark.parametrize("name", BOMBS)
    def test_texts_are_refused_at_once(self, read, name):
        begun = time.monotonic()
        assert faults_of(read, self.BOMBS[name])
        assert time.monotonic() - begun < 5  # a hang guard: each takes milliseconds

    @pytest.mark.parametrize(
        ("stages", "moves", "clocks", "place"),
        [
            (limits.LIFECYCLE_STAGES, 1, limits.LIFECYCLE_DEADLINES, None),
            (limits.LIFECYCLE_STAGES + 1, 1, 1, "$.stages"),
            (101, 20, 1, "$.stages"),
            (100, 20, 1, None),
            (1, 1, limits.LIFECYCLE_DEADLINES + 1, "$.deadlines"),
        ],
    )
    def test_the_limits_are_what_they_say(self, stages, moves, clocks, place):
        row = dict.fromkeys(["Triaged", "Won", *(f"K{i}" for i in range(18))][:moves], "s0")
        kinds = [type(f"K{i}", (LeadEvent,), {"__slots__": ()}) for i in range(18)]
        plain = {
            "name": "x",
            "start": "s0",
            "opening": "Inquired",
            "stages": {f"s{i}": {"owner": "sales", "moves": row} for i in range(stages)},
            "deadlines": many(clocks, CLOCK | {"stage": "s0"}),
        }
        if place is None:
            assert len(Lifecycle.from_dict(plain, kinds=kinds).stages) == stages
        else:
            [fault] = faults_of(Lifecycle.from_dict, plain, kinds=kinds)
            assert isinstance(fault, LimitExceeded)
            assert fault.where == place

    def test_reading_opens_imports_and_runs_nothing(self, tmp_path):
        """Watched by the interpreter itself."""
        path = tmp_path / "l.json"
        path.write_text(json.dumps(STANDARD.to_dict()), encoding="utf-8")
        program = (
            "import json, sys\n"
            "from leadlib.lifecycle import STANDARD, Lifecycle\n"
            f"plain = json.loads(open({str(path)!r}, encoding='utf-8').read())\n"
            "Lifecycle.from_dict(plain)\n"  # attrs and datetime may load parts of their own once
            "seen = []\n"
            "sys.addaudithook(lambda name, _: seen.append(name))\n"
            "assert Lifecycle.from_dict(plain) == STANDARD\n"
            "bad = {'open', 'exec', 'compile', 'import', 'socket.connect', 'os.system'}\n"
            "print(sorted(bad & set(seen)))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )

        assert (done.stdout, done.stderr) == ("[]\n", "")


WORDS = st.sampled_from(
    [
        *(key for keys in KEYS.values() for key in keys),
        *("Won", "HandedBack", "Inquired", "Merged", "a", "b", "stays", "sales", "x"),
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | WORDS
    | st.text(max_size=9)
    | st.sampled_from(["2 days", "no follow-up", "2027-01-31", "due", "both"])
)
PLAIN = st.recursive(
    LEAVES,
    lambda part: (
        st.lists(part, max_size=4) | st.dictionaries(WORDS | st.text(max_size=3), part, max_size=5)
    ),
    max_leaves=25,
)


class TestLaws:
    @given(PLAIN)
    @example({"stages": {"a": {"moves": {"Won": None}}}})
    def test_any_value_is_read_or_refused(self, plain):
        self.read(plain)

    @given(st.data())
    def test_any_change_of_a_lifecycle_is_read_or_refused(self, data):
        plain = json.loads(json.dumps(data.draw(st.sampled_from([STANDARD, SIMPLE])).to_dict()))
        for _ in range(data.draw(st.integers(1, 3))):
            place = plain
            while isinstance(place, dict | list) and place:
                keys = [*place] if isinstance(place, dict) else [*range(len(place))]
                key = data.draw(st.sampled_from(keys))
                if data.draw(st.booleans()) or not isinstance(place[key], dict | list):
                    place[key] = data.draw(PLAIN)
                    break
                place = place[key]
        self.read(plain)

    @given(st.data())
    def test_any_edit_of_a_text_is_read_or_refused(self, data):
        place = data.draw(st.integers(0, len(TOML)))
        end = data.draw(st.integers(place, len(TOML)))
        bits = [*"[]{}\"'=.,#\n0", "nan", "1e99", "true", '"""', "2026-01-01", "a.b", "\\", "\0"]
        new = "".join(data.draw(st.lists(st.sampled_from(bits), max_size=6)))
        try:
            lifecycle = lifecycle_from_toml(TOML[:place] + new + TOML[end:])
        except LifecycleError as fault:
            assert fault.faults
        else:
            assert Lifecycle.from_dict(lifecycle.to_dict()) == lifecycle

    def read(self, plain):
        try:
            lifecycle = Lifecycle.from_dict(plain, kinds=OWN)
        except LifecycleError as fault:
            assert 1 <= len(fault.faults) <= 20
            assert str(fault)
        else:
            assert Lifecycle.from_dict(lifecycle.to_dict(), kinds=OWN) == lifecycle
            for clock in lifecycle.deadlines:
                assert follow_up(clock).lead == "a"


def follow_up(clock):
    """The event after a breach, made as the queue of a real lead makes it."""
    due = Due(
        lead="a",
        stage=clock.stage,
        owner=clock.owner,
        action=clock.action,
        since=MONDAY,
        at=MONDAY,
        state=DueState.OVERDUE,
        then=clock.otherwise,
        reason=clock.reason,
    )
    return due.event(at=MONDAY + DAY)


class TestGuards:
    @pytest.mark.parametrize("passes", [0, -1, True, 1.0, "3", 10**9])
    def test_passes_are_a_whole_number(self, passes):
        with pytest.raises(InvalidValue, match=r"\$\.passes"):
            attrs.evolve(SIMPLE, passes=passes)

    @pytest.mark.parametrize("day", ["2027-01-31", MONDAY, 7])
    def test_the_review_is_on_a_day(self, day):
        with pytest.raises(InvalidValue, match=r"\$\.review_by"):
            attrs.evolve(SIMPLE, review_by=day)

    @pytest.mark.parametrize("meaning", [None, 7, "a\0b", "x" * 10_001])
    def test_a_meaning_is_text(self, meaning):
        with pytest.raises(InvalidValue, match=r"\$\.meaning"):
            Stage("x", SALES, meaning)


# -- agreement --


def a_process(count=9, silent=1):
    """So many steps, the last of which say nothing."""
    stages = [
        Stage(f"s{i}", MARKETING, "" if i >= count - silent else f"step {i}") for i in range(count)
    ]
    return Lifecycle("p", start=stages[0], opening=Inquired, table={stage: {} for stage in stages})


def read_by(process, *people, stages=None):
    return [
        process.acknowledge(stage, by=who, team=SALES, at=MONDAY)
        for stage in (process.stages if stages is None else stages)
        for who in people
    ]


class TestAcknowledgement:
    def test_is_kept_in_a_store_as_plain_data(self):
        [given] = read_by(SIMPLE, "mia", stages=SIMPLE.stages[:1])
        plain = json.loads(json.dumps(given.to_dict()))

        assert Acknowledgement.from_dict(plain) == given
        for wrong in (None, {}, plain | {"more": 1}, plain | {"at": "x"}, plain | {"by": 5}):
            with pytest.raises(InvalidValue):
                Acknowledgement.from_dict(wrong)

    @pytest.mark.rule("003-01")
    def test_nine_steps_eight_documented_seven_acknowledged_by_all(self):
        process = a_process()
        given = read_by(process, "mia", "sam", stages=process.stages[:7])
        given += read_by(process, "mia", stages=process.stages[7:8])
        coverage = process.coverage(given, stakeholders=["mia", "sam"])

        assert coverage.documented == Rate(8, 9)
        assert coverage.acknowledged == Rate(7, 9)
        assert str(coverage) == "9 steps: 8 documented (88.9 %), 7 acknowledged by all (77.8 %)"
        assert coverage.undocumented == (process.stage("s8"),)
        assert coverage.unacknowledged == (process.stage("s7"),)
        assert coverage.missing == {"s7": ("sam",)}

    @pytest.mark.rule("003-01", part="a changed step is acknowledged again")
    @pytest.mark.parametrize(
        "change",
        [
            lambda p: p.with_move(HANDED_OFF, Banded, NURTURE),
            lambda p: p.without_move(HANDED_OFF, Attempted),
            lambda p: p.with_deadline(
                Deadline(stage=HANDED_OFF, within=hours(2), owner="sales", action="call")
            ),
            lambda p: attrs.evolve(p, deadlines=[d for d in p.deadlines if d.stage != HANDED_OFF]),
            lambda p: p.with_actors(Attempted, MARKETING),
        ],
        ids=["one more move", "one move less", "one more clock", "no clock", "other actors"],
    )
    def test_is_of_one_content_of_the_step(self, change):
        given = read_by(SIMPLE, "mia")
        before = SIMPLE.coverage(given, stakeholders=["mia"])
        after = change(SIMPLE).coverage(given, stakeholders=["mia"])

        assert before.acknowledged == Rate(8, 8)
        assert HANDED_OFF in after.unacknowledged
        assert after.documented == Rate(8, 8)

    def test_of_a_step_outlives_the_change_of_another(self):
        given = read_by(SIMPLE, "mia")
        after = SIMPLE.with_move(HANDED_OFF, Banded, NURTURE)

        [stage] = after.coverage(given, stakeholders=["mia"]).unacknowledged
        assert stage == HANDED_OFF

    def test_lapses_when_owner_or_meaning_change(self):
        given = read_by(SIMPLE, "mia")
        for part in ({"owner": "sales"}, {"meaning": "something else"}):
            plain = SIMPLE.to_dict()
            plain["stages"]["nurture"] |= part
            coverage = Lifecycle.from_dict(plain).coverage(given, stakeholders=["mia"])

            assert [stage.name for stage in coverage.unacknowledged] == ["nurture"]

    def test_counts_for_nobody_else_and_once(self):
        given = read_by(SIMPLE, "mia", "mia", "eve")

        assert SIMPLE.coverage(given, stakeholders=["mia", "mia"]).acknowledged == Rate(8, 8)
        assert SIMPLE.coverage(given, stakeholders=["sam"]).acknowledged == Rate(0, 8)

    def test_of_what_says_nothing_is_not_possible(self):
        process = a_process(2, 1)
        coverage = process.coverage(read_by(process, "mia"), stakeholders=["mia"])

        assert (coverage.documented, coverage.acknowledged) == (Rate(1, 2), Rate(1, 2))

    @pytest.mark.parametrize("nobody", [[], "mia", [""], [7]])
    def test_needs_names(self, nobody):
        with pytest.raises(InvalidValue, match="stakeholders"):
            SIMPLE.coverage([], stakeholders=nobody)

    def test_takes_acknowledgements_and_stages_of_its_own_only(self):
        with pytest.raises(InvalidValue, match="acknowledgements"):
            SIMPLE.coverage([None], stakeholders=["mia"])
        with pytest.raises(UnknownName):
            SIMPLE.acknowledge(OPPORTUNITY, by="mia", team=SALES, at=MONDAY)
        with pytest.raises(UnknownName, match=r"\$\.team"):
            SIMPLE.acknowledge(INQUIRY, by="mia", team=BOTH, at=MONDAY)

    def test_shows_no_names(self):
        given = read_by(SIMPLE, "Mia Muster")
        coverage = SIMPLE.coverage(given[:1], stakeholders=["Mia Muster"])

        assert "Mia" not in f"{given!r}{coverage!r}{coverage}"


class TestContentHash:
    def test_is_of_the_whole_content(self):
        again = Lifecycle.from_dict(STANDARD.to_dict())

        assert again.content_hash == STANDARD.content_hash
        assert re.fullmatch("[0-9a-f]{64}", STANDARD.content_hash)
        others = [
            attrs.evolve(STANDARD, passes=4),
            attrs.evolve(STANDARD, review_by=date(2027, 1, 1)),
            STANDARD.without_move(INQUIRY, Deferred),
            STANDARD.with_actors(Triaged, SALES),
            attrs.evolve(STANDARD, deadlines=STANDARD.deadlines[1:]),
        ]
        assert len({STANDARD.content_hash, *(other.content_hash for other in others)}) == 6

    def test_is_the_same_in_another_process(self):
        program = "from leadlib.lifecycle import STANDARD; print(STANDARD.content_hash)"
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )

        assert done.stdout.strip() == STANDARD.content_hash


class TestChanges:
    def test_of_moves_stages_clocks_and_actors_are_named(self):
        late = attrs.evolve(STANDARD.deadlines[0], within=working_days(2))
        other = (
            STANDARD.without_move(INQUIRY, Deferred)
            .with_move(WORKING, Demonstrated, DEMO)
            .with_actors(Triaged, MARKETING, SALES)
        )
        other = attrs.evolve(
            other, name="ours", passes=None, deadlines=(late, *STANDARD.deadlines[2:])
        )

        assert STANDARD.changes_to(other) == (
            "name: standard -> ours",
            "passes: removed 5",
            "stage inquiry, Deferred: removed nurture",
            "stage working, Demonstrated: added demo",
            "stage demo: added",
            "stage demo, owner: added sales",
            "stage demo, meaning: added they have seen it work",
            "who may, Triaged: marketing -> marketing, sales",
            "clock of qualifying, 'qualify or nurture': removed",
            "clock of inquiry, 'triage', within: 1 working day -> 2 working days",
        )
        assert other.changes_to(STANDARD)[0] == "name: ours -> standard"

    def test_of_two_clocks_that_change_places_are_seen(self):
        turned = attrs.evolve(SIMPLE, deadlines=SIMPLE.deadlines[::-1])

        assert SIMPLE.changes_to(turned) == ("clocks: another order",)

    def test_of_flags_and_of_what_may_be_anywhere_are_named(self):
        plain = SIMPLE.to_dict()
        plain["stages"]["customer"] = {"owner": "both", "meaning": "won", "nurture": True}
        plain["anywhere"] = dict(plain["anywhere"], Escalated="customer")
        del plain["anywhere"]["Inquired"], plain["anywhere"]["Reassigned"]
        plain["actors"]["Won"] = []

        assert SIMPLE.changes_to(Lifecycle.from_dict(plain)) == (
            "stage customer, closed: removed yes",
            "stage customer, nurture: added yes",
            "anywhere, Inquired: removed stays",
            "anywhere, Reassigned: removed stays",
            "anywhere, Escalated: stays -> customer",
            "who may, Won: added nobody",
        )

    @given(lifecycles(), lifecycles())
    def test_are_none_exactly_if_both_are_equal(self, one, other):
        assert one.changes_to(one) == ()
        assert (one.changes_to(other) == ()) == (one == other)

    def test_are_between_lifecycles(self):
        with pytest.raises(InvalidValue, match="other"):
            SIMPLE.changes_to(SIMPLE.to_dict())


class TestResponsibilities:
    @pytest.mark.rule("004-40")
    @pytest.mark.parametrize("lifecycle", [STANDARD, SIMPLE, with_override(), OURS], ids=str)
    def test_of_each_transition_has_exactly_one_accountable_team(self, lifecycle):
        rows = lifecycle.responsibilities()
        in_table = [(s, e, to) for s, row in lifecycle.table.items() for e, to in row.items()]

        assert [(row.stage, row.event, row.to) for row in rows] == in_table
        assert all(row.accountable in {MARKETING, SALES} for row in rows)
        assert all({*row.responsible, *row.informed} == {MARKETING, SALES} for row in rows)
        for stage, event, _ in lifecycle.moves:  # also those from anywhere
            assert lifecycle.accountable(stage, event) in {MARKETING, SALES}

    @pytest.mark.rule("004-40")
    def test_are_exported_as_a_table(self):
        head, rule, *lines = f"{STANDARD:raci}".splitlines()
        cells = [line.strip("| ").split(" | ") for line in lines]

        assert head == "| from | event | to | responsible | accountable | informed |"
        assert rule == "| --- | --- | --- | --- | --- | --- |"
        assert len(cells) == len(STANDARD.responsibilities())
        assert Counter(cell[4] in {"marketing", "sales"} for cell in cells) == {True: len(cells)}
        assert "| working | HandedBack | handed_back | sales | sales | marketing |" in lines
        assert "| handed_off | Disqualified | disqualified | sales | sales | marketing |" in lines

    def test_of_a_move_that_nobody_may_make_still_name_who_answers(self):
        nobody = STANDARD.with_actors(Won)
        row = next(row for row in nobody.responsibilities() if row.event is Won)

        assert (row.responsible, row.accountable) == ((), SALES)
        assert "| opportunity | Won | customer | - | sales | marketing, sales |" in f"{nobody:raci}"


class TestRoles:
    @pytest.mark.rule("003-12")
    def test_sales_cannot_certify(self):
        standing = STANDARD.replay(
            [Inquired(lead="L", at=MONDAY), Triaged(lead="L", at=MONDAY + DAY)]
        )
        assert standing.stage == QUALIFYING
        at = MONDAY + 2 * DAY
        certified = Qualified(lead="L", at=at, certificate=a_certificate(at=at))

        with pytest.raises(NotPermitted, match=r"got 'sales'.*legal: marketing"):
            STANDARD.move(standing, certified, team=SALES)
        assert STANDARD.move(standing, certified, team=MARKETING).is_lead

    @pytest.mark.rule("003-12", part="a process that nobody has acknowledged is seen")
    def test_software_does_not_make_anybody_agree(self):
        assert STANDARD.coverage([], stakeholders=["mia", "sam"]).acknowledged == Rate(0, 20)


class TestReview:
    @pytest.mark.rule("004-41")
    def test_is_due_on_the_day_after(self):
        process = attrs.evolve(STANDARD, review_by=date(2026, 7, 5))

        assert not process.is_due_for_review(date(2026, 7, 5))
        assert process.is_due_for_review(date(2026, 7, 6))
        assert not STANDARD.is_due_for_review(date(2199, 1, 1))

    @pytest.mark.rule("004-41", part="the day is kept in the file")
    def test_survives_the_file(self):
        process = attrs.evolve(STANDARD, review_by=date(2026, 7, 5))

        assert lifecycle_from_toml(lifecycle_to_toml(process)).is_due_for_review(date(2026, 7, 6))


class TestStandard:
    @pytest.mark.rule("002-14")
    def test_lists_twenty_stages_with_owner_entry_and_exits(self):
        rows = f"{STANDARD:md}".splitlines()[2:-1]
        cells = [row.strip("| ").split(" | ") for row in rows]
        entered = {to for _, _, to in STANDARD.moves} | {STANDARD.start}
        owners = {name for name, owner, *_ in cells if owner in {"marketing", "sales", "both"}}

        assert [name for name, *_ in cells] == [stage.name for stage in STANDARD.stages]
        assert len(cells) == 20
        assert {cell[0] for cell in cells} - owners == {"merged", "erased"}
        assert entered == set(STANDARD.stages)
        assert [name for name, *_, exits in cells if exits == "-"] == ["erased"]


class TestSimple:
    @pytest.mark.rule("003-11")
    def test_has_eight_stages_and_starts_in_fifteen_lines_from_inquiry_to_won(self):
        page = (ROOT / "docs/how-to/extend-the-lifecycle.md").read_text(encoding="utf-8")
        start = page.split("## Start small")[1].split("\n## ")[0]
        [block] = re.findall(r"```python\n(.*?)```", start, re.DOTALL)
        lines = [line for line in block.splitlines() if line.strip()]
        names = {}
        exec(block, names)  # our own page

        assert len(SIMPLE.stages) == 8
        assert len(lines) <= 15
        assert [stage.name for stage in names["standing"].stages] == [
            "inquiry",
            "qualified",
            "handed_off",
            "working",
            "customer",
        ]
