"""Eight criteria and twenty rules, against functions by hand and against other rule engines."""

import time
from collections.abc import Sequence

import attrs

from benchmarks import rule_peers
from benchmarks.harness import Row, exhaust, race, ratio, speed
from benchmarks.workload import (
    CARD,
    DEFINITION,
    Eight,
    decided_by_hand,
    explained_by_hand,
    make_leads,
    scored_by_hand,
)
from leadlib import Lead, Outcome
from leadlib._qualification import source
from leadlib.qualification import Assessment

VERDICTS = {True: Outcome.QUALIFIED, None: Outcome.UNDECIDED, False: Outcome.NOT_QUALIFIED}
ANSWERS = {1: True, 0: None, -1: False}
MICROSECONDS = 250


def rows(*, quick: bool) -> list[Row]:
    leads = make_leads(1_000 if quick else 50_000)
    _check(leads)
    return [*_by_hand(leads, quick=quick), *_peers(leads, quick=quick), _compiling()]


def _by_hand(leads: Sequence[Lead], *, quick: bool) -> list[Row]:
    values = [lead.values for lead in leads]
    times = race(
        {
            "assessments": lambda: exhaust(DEFINITION.assess_many(values)),
            "one by one": lambda: exhaust(map(DEFINITION.assess, values)),
            "verdicts": lambda: exhaust(DEFINITION.judge_many(leads)),
            "outcomes": lambda: exhaust(map(DEFINITION.decide, values)),
            "scores": lambda: CARD.score_many(values),
            "explained": lambda: exhaust(map(explained_by_hand, values)),
            "ifs": lambda: exhaust(map(decided_by_hand, values)),
            "points": lambda: exhaust(map(scored_by_hand, values)),
        },
        rounds=7 if quick else 15,
    )
    count = len(leads)
    explained = "by hand: 8 three-valued answers and the verdict"
    compared = [
        ("assessments", "explained", f"assess {count:,} rows, shared", explained, 1.0),
        ("one by one", "explained", f"assess {count:,} rows one by one", explained, 1.0),
        ("verdicts", "explained", f"judge {count:,} leads, with their facts", explained, None),
        (
            "outcomes",
            "ifs",
            f"decide {count:,} rows in three values",
            "by hand: ifs, two values",
            1.4,
        ),
        ("scores", "points", f"score {count:,} rows by 20 rules", "by hand: the score alone", 1.0),
    ]
    return [
        Row(
            part="qualification",
            work=work,
            against=against,
            ratio=ratio(times, ours, theirs),
            goal=goal,
            speed=speed(times, ours, count, "rows"),
        )
        for ours, theirs, work, against, goal in compared
    ]


def _peers(leads: Sequence[Lead], *, quick: bool) -> list[Row]:
    facts = [rule_peers.complete(lead.values) for lead in leads]
    peers = rule_peers.installed()
    for name, decide in peers.items():
        expected = [DEFINITION.decide(row) is Outcome.QUALIFIED for row in facts]
        assert [bool(decide(row)) for row in facts] == expected, name
    theirs = {name: lambda decide=d: exhaust(map(decide, facts)) for name, d in peers.items()}
    ours = {"ours": lambda: exhaust(DEFINITION.assess_many(facts))}
    times = race(ours | theirs, rounds=3 if quick else 5)
    return [
        Row(
            part="qualification",
            work=f"assess {len(facts):,} dicts, explained",
            against=name if name in peers else f"{name}: not installed",
            ratio=ratio(times, "ours", name) if name in peers else float("nan"),
            goal=1 / faster,
        )
        for name, (_, _, faster) in rule_peers.PEERS.items()
    ]


def _compiling() -> Row:
    """From criteria to compiled code, none of it known from before; the best of many."""
    best = min(_compiled(version) for version in range(1, 400))
    return Row(
        part="qualification",
        work="compile a definition of 8 criteria",
        against=f"{MICROSECONDS} microseconds of this machine",
        ratio=best * 1e6 / MICROSECONDS,
        goal=1.0,
        speed=f"{best * 1e6:,.0f} us",
    )


def _compiled(version: int) -> float:
    definition = attrs.evolve(DEFINITION, version=version)
    source.forget()
    begin = time.process_time_ns()
    assert callable(definition.assess)
    return (time.process_time_ns() - begin) / 1e9


def _check(leads: Sequence[Lead]) -> None:
    """All eight answers and the verdict of every lead; a yes where the verdict is one."""
    counts = dict.fromkeys(VERDICTS.values(), 0)
    scores = CARD.score_many([lead.values for lead in leads])
    for lead, points, many in zip(
        leads, scores.points, DEFINITION.assess_many([lead.values for lead in leads]), strict=True
    ):
        assessment, (decision, eight) = _assessed(lead), explained_by_hand(lead.values)
        assert _eight(assessment) == eight
        assert many == assessment
        assert assessment.outcome is DEFINITION.decide(lead.values) is VERDICTS[decision]
        assert decided_by_hand(lead.values) == (decision is True)
        assert points == scored_by_hand(lead.values)
        counts[assessment.outcome] += 1
    assert all(counts.values())


def _assessed(lead: Lead) -> Assessment:
    return DEFINITION.judge(lead).assessment


def _eight(assessment: Assessment) -> Eight:
    """The nine answers, in reading order, as the eight criteria: two are denied, two make one."""
    industry, employees, budget, country, title, domain, visits, demo, prices = assessment.given
    met = (industry, employees, budget, -country, title, -domain, visits, max(demo, prices))
    return tuple(ANSWERS[answer] for answer in met)
