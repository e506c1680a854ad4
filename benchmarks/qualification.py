"""Eight criteria judged on leads that lack every tenth answer, against functions by hand."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.harness import Row, exhaust, race, ratio, speed
from leadlib import Field, Inquiry, Lead, LeadDefinition, Outcome, Verdict

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
INDUSTRIES = [f"industry {number:02}" for number in range(40)]
COUNTRIES = [f"{a}{b}" for a in "ABCDEFGHIJ" for b in "ABCDEFGHIJ"]
WANTED = frozenset(INDUSTRIES[:20])
BARRED = frozenset({"AA", "BB", "CC", "DD"})
FREE_MAIL = frozenset(f"freemail{number}.example" for number in range(30))
TITLES = ("vp", "vice president", "head", "director", "chief", "founder")
OTHERS = ("manager", "senior", "junior", "associate", "intern", "assistant", "analyst")
WORK = ("sales", "marketing", "finance", "operations", "engineering", "legal", "procurement")
REGIONS = ("emea", "apac", "latam", "nordics", "dach", "americas", "global", "west", "east")

DEFINITION = LeadDefinition(
    "sales-ready",
    Field("industry", str).is_one_of(*sorted(WANTED))
    & (Field("employees", int, unit="people") >= 50)
    & (Field("budget", int, unit="EUR") >= 10_000)
    & ~Field("country", str).is_one_of(*sorted(BARRED))
    & Field("title", str).contains_any(*TITLES)
    & ~Field("mail_domain", str).is_one_of(*sorted(FREE_MAIL))
    & (Field("visits", int) >= 3)
    & (Field("asked_for_demo", bool).is_true() | Field("took_prices", bool).is_true()),
)
VERDICTS = {True: Outcome.QUALIFIED, None: Outcome.UNDECIDED, False: Outcome.NOT_QUALIFIED}
ANSWERS = {1: True, 0: None, -1: False}

Eight = tuple[bool | None, ...]


def rows(*, quick: bool) -> list[Row]:
    leads = make_leads(1_000 if quick else 10_000)
    _check(leads)
    times = race(
        {
            "ours": lambda: exhaust(map(DEFINITION.judge, leads)),
            "explained": lambda: exhaust(map(explained_by_hand, leads)),
            "ifs": lambda: exhaust(map(decided_by_hand, leads)),
        },
        rounds=7 if quick else 15,
    )
    against = {
        "explained": "by hand: 8 three-valued answers and the verdict",
        "ifs": "by hand: ifs with early return, unknown is no",
    }
    return [
        Row(
            part="qualification",
            work=f"judge {len(leads):,} leads by 8 criteria",
            against=text,
            ratio=ratio(times, "ours", name),
            speed=speed(times, "ours", len(leads), "verdicts"),
        )
        for name, text in against.items()
    ]


def make_leads(count: int) -> list[Lead]:
    """Seeded; a third are of the wanted kind, every tenth answer is missing."""
    chance = random.Random(1)
    leads = []
    for number in range(count):
        said = {name: v for name, v in _facts(chance).items() if chance.random() >= 0.1}
        mail = f"person{number}@company{number}.example"
        inquiry = Inquiry(id=f"i-{number}", at=MONDAY, source="web form", mail=mail, facts=said)
        leads.append(Lead(id=inquiry.id, inquiries=[inquiry]))
    return leads


def _facts(chance: random.Random) -> dict[str, str | int | bool]:
    wanted = chance.random() < 1 / 3

    def good(otherwise: float) -> bool:
        return chance.random() < (0.95 if wanted else otherwise)

    rank = chance.choice(TITLES if good(0.4) else OTHERS)
    company = f"company{chance.randrange(20_000)}.example"
    return {
        "industry": chance.choice(INDUSTRIES[:20] if good(0.5) else INDUSTRIES[20:]),
        "employees": 50 + int(chance.expovariate(1 / 400)) if good(0.6) else chance.randrange(50),
        "budget": 10_000 + int(chance.expovariate(1 / 40_000)) if good(0.6) else 5_000,
        "country": chance.choice(COUNTRIES if good(0.9) else sorted(BARRED)),
        "title": f"{rank} {chance.choice(WORK)} {chance.choice(REGIONS)}",
        "mail_domain": company if good(0.7) else f"freemail{chance.randrange(30)}.example",
        "visits": chance.randrange(3, 30) if good(0.5) else chance.randrange(3),
        "asked_for_demo": good(0.3),
        "took_prices": good(0.3),
    }


def explained_by_hand(lead: Lead) -> tuple[bool | None, Eight]:
    """What one writes to be able to say why: eight answers, then the verdict."""
    said = lead.values.get
    value = said("industry")
    industry = None if value is None else value in WANTED
    value = said("employees")
    employees = None if value is None else value >= 50
    value = said("budget")
    budget = None if value is None else value >= 10_000
    value = said("country")
    country = None if value is None else value not in BARRED
    value = said("title")
    title = None if value is None else _is_decider(value)
    value = said("mail_domain")
    domain = None if value is None else value not in FREE_MAIL
    value = said("visits")
    visits = None if value is None else value >= 3
    demo, prices = said("asked_for_demo"), said("took_prices")
    keen = True if demo or prices else (None if demo is None or prices is None else False)
    eight = (industry, employees, budget, country, title, domain, visits, keen)
    if False in eight:
        return False, eight
    return (None if None in eight else True), eight


def decided_by_hand(lead: Lead) -> bool:
    """What one writes to get a yes or no: the first no ends it, and unknown is no."""
    said = lead.values.get
    if said("industry") not in WANTED:
        return False
    value = said("employees")
    if value is None or value < 50:
        return False
    value = said("budget")
    if value is None or value < 10_000:
        return False
    value = said("country")
    if value is None or value in BARRED:
        return False
    value = said("title")
    if value is None or not _is_decider(value):
        return False
    value = said("mail_domain")
    if value is None or value in FREE_MAIL:
        return False
    value = said("visits")
    if value is None or value < 3:
        return False
    return bool(said("asked_for_demo") or said("took_prices"))


def _is_decider(title: str) -> bool:
    return (
        "vp" in title
        or "vice president" in title
        or "head" in title
        or "director" in title
        or "chief" in title
        or "founder" in title
    )


def _check(leads: Sequence[Lead]) -> None:
    """All eight answers and the verdict of every lead; a yes where the verdict is one."""
    counts = dict.fromkeys(VERDICTS.values(), 0)
    for lead in leads:
        verdict, (decision, eight) = DEFINITION.judge(lead), explained_by_hand(lead)
        assert _eight(verdict) == eight
        assert verdict.outcome is VERDICTS[decision]
        assert decided_by_hand(lead) == (decision is True)
        counts[verdict.outcome] += 1
    assert all(counts.values())


def _eight(verdict: Verdict) -> Eight:
    """The nine answers, in reading order, as the eight criteria: two are denied, two make one."""
    answers = verdict.answers.values()
    industry, employees, budget, country, title, domain, visits, demo, prices = answers
    met = (industry, employees, budget, -country, title, -domain, visits, max(demo, prices))
    return tuple(ANSWERS[answer] for answer in met)
