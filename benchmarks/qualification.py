"""Eight criteria and twenty rules, against functions by hand and against other rule engines."""

import math
import operator
import time
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import product
from typing import Any

import attrs

from benchmarks import rule_peers
from benchmarks.harness import Row, Times, exhaust, race, ratio, speed
from benchmarks.workload import (
    CARD,
    DEFINITION,
    Eight,
    decided_by_hand,
    explained_by_hand,
    make_leads,
    rules_by_hand,
    scored_by_hand,
)
from leadlib import Lead, LeadDefinition, Outcome
from leadlib.qualification import Assessment

VERDICTS = {True: Outcome.QUALIFIED, None: Outcome.UNDECIDED, False: Outcome.NOT_QUALIFIED}
ANSWERS = {1: True, 0: None, -1: False}
MICROSECONDS = 250
SAMPLE = 2_000  # of the scores, which are unpacked for checking


def rows(*, quick: bool) -> list[Row]:
    leads = make_leads(1_000 if quick else 20_000)
    _check(leads)
    _check_scores(leads[:SAMPLE])
    few = leads[: 500 if quick else 4_000]
    return [*_by_hand(leads, quick=quick), *_peers(few, quick=quick), _compiling()]


def _by_hand(leads: Sequence[Lead], *, quick: bool) -> list[Row]:
    values = [lead.values for lead in leads]
    times = race(
        {
            "one by one": lambda: exhaust(map(DEFINITION.assess, values)),
            "batch": lambda: exhaust(DEFINITION.assess_many(values)),
            "outcomes": lambda: exhaust(map(DEFINITION.decide, values)),
            "scores": lambda: CARD.score_many(values).points,
            "verdicts": lambda: exhaust(map(DEFINITION.judge, leads)),
            "many verdicts": lambda: exhaust(DEFINITION.judge_many(leads)),
            "explained": lambda: exhaust(map(explained_by_hand, values)),
            "ifs": lambda: exhaust(map(decided_by_hand, values)),
            "points": lambda: exhaust(map(scored_by_hand, values)),
        },
        rounds=7 if quick else 25,
    )
    explained = "by hand: 8 three-valued answers and the verdict"
    ifs, points = "by hand: ifs, two values, unknown is no", "by hand: the score alone"
    compared = [
        ("one by one", "explained", "assess rows one by one, 8 criteria", explained, 1.0),
        ("batch", "explained", "assess rows in a batch, 8 criteria", explained, 1.0),
        ("outcomes", "ifs", "decide rows in three values, 8 criteria", ifs, 1.4),
        ("scores", "points", "score rows, with rules met and unknown, 20 rules", points, 1.0),
        ("verdicts", "explained", "judge leads one by one, bound to the lead", explained, None),
        ("many verdicts", "explained", "judge many leads, bound to the lead", explained, None),
    ]
    return [
        Row(
            part="qualification",
            work=work,
            against=against,
            ratio=ratio(times, ours, theirs),
            goal=goal,
            speed=speed(times, ours, len(leads), "rows"),
        )
        for ours, theirs, work, against, goal in compared
    ]


@attrs.frozen(kw_only=True)
class Missing(Row):
    """The line of a peer that is not there: no ratio, neither met nor missed."""

    ratio: float = math.nan
    speed: str = "skipped: not installed"

    @property
    def met(self) -> None:
        return None

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "ratio": None}


def _peers(leads: Sequence[Lead], *, quick: bool) -> list[Row]:
    """Ours by its form for many dicts, theirs in two forms; the peers decide, leadlib explains."""
    facts = [rule_peers.complete(lead.values) for lead in leads]
    peers = rule_peers.installed()
    expected = [decided_by_hand(row) for row in facts]
    for name, decide in peers.items():
        assert [bool(decide(row)) for row in facts] == expected, name
    theirs = {name: lambda decide=d: exhaust(map(decide, facts)) for name, d in peers.items()}
    ours = {"ours": lambda: exhaust(DEFINITION.assess_many(facts))}
    times = race(ours | theirs, rounds=3 if quick else 15)
    return [
        _peer(times, name, goal)
        for name, (*_, faster) in rule_peers.PEERS.items()
        for name, goal in ((name, round(1 / faster, 4)), (f"{name}, tuned", None))
    ]


def _peer(times: Times, name: str, goal: float | None) -> Row:
    about = {"part": "qualification", "work": "assess dicts, explained", "goal": goal}
    against = f"{name}, a yes or no alone"
    if name not in times:
        return Missing(**about, against=against)
    return Row(**about, against=against, ratio=ratio(times, "ours", name))


def _compiling() -> Row:
    """From checked criteria to a function; the best of many, each of a shape never met before."""
    best = min(map(_compiled, _shapes()))
    return Row(
        part="qualification",
        work="compile a definition of 8 criteria",
        against=f"{MICROSECONDS} microseconds of this machine",
        ratio=best / MICROSECONDS,
        goal=1.0,
        speed=f"{best:,.0f} us",
    )


def _compiled(definition: LeadDefinition) -> float:
    begin = time.process_time_ns()
    assess = definition.assess
    microseconds = (time.process_time_ns() - begin) / 1_000
    assert callable(assess)
    return microseconds


def _shapes() -> Iterator[LeadDefinition]:
    """
    The criteria with other signs and in another order, never those of DEFINITION.

    Definitions of one shape share compiled code; this is about what nobody has compiled before.
    """
    industry, staff, budget, country, title, domain, visits, keen = DEFINITION.qualify.parts
    numbers = [(part.field, part.operand) for part in (staff, budget, visits)]
    for signs in product((operator.ge, operator.gt, operator.le, operator.lt), repeat=3):
        staff, budget, visits = (s(*number) for s, number in zip(signs, numbers, strict=True))
        parts = [industry, staff, budget, country, title, domain, visits, keen]
        for first in range(1, len(parts)):
            turned = parts[first:] + parts[:first]
            yield LeadDefinition("never met", reduce(operator.and_, turned))


def _check(leads: Sequence[Lead]) -> None:
    """All eight answers and the verdict of every lead; a yes where the verdict is one."""
    counts = dict.fromkeys(VERDICTS.values(), 0)
    many = DEFINITION.assess_many([lead.values for lead in leads])
    verdicts = DEFINITION.judge_many(leads)
    for lead, assessment, verdict in zip(leads, many, verdicts, strict=True):
        values = lead.values
        decision, eight = explained_by_hand(values)
        assert _eight(assessment) == eight
        assert assessment is DEFINITION.assess(values)  # the one that all such leads share
        assert assessment == verdict.assessment == DEFINITION.judge(lead).assessment
        assert assessment.outcome is DEFINITION.decide(values) is VERDICTS[decision]
        assert decided_by_hand(values) == (decision is True)
        counts[assessment.outcome] += 1
    assert all(counts.values())


def _eight(assessment: Assessment) -> Eight:
    """The nine answers, in reading order, as the eight criteria: two are denied, two make one."""
    industry, employees, budget, country, title, domain, visits, demo, prices = assessment.given
    met = (industry, employees, budget, -country, title, -domain, visits, max(demo, prices))
    return tuple(ANSWERS[answer] for answer in met)


def _check_scores(leads: Sequence[Lead]) -> None:
    """The points of each lead, which rules hold and which are unknown."""
    values = [lead.values for lead in leads]
    tallies = CARD.score_many(values)
    for row, points, tally in zip(values, tallies.points, tallies, strict=True):
        fired, unknown = rules_by_hand(row)
        assert tally.fired == tuple(CARD.rules[number] for number in fired)
        assert tally.unknown == tuple(CARD.rules[number] for number in unknown)
        assert points == tally.points == scored_by_hand(row)
