"""
The leads, the definition and the score that rule engines are measured on, and the same by hand.

Eight criteria over nine facts; a third of the leads are of the wanted kind, every tenth answer is
missing.  Texts are new objects for each lead, as they are after reading a file.
"""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from leadlib import Field, Inquiry, Lead, LeadDefinition, Points, ScoreCard

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

STAFF, BUDGET, VISITS = (Field(name, int) for name in ("employees", "budget", "visits"))
INDUSTRY, COUNTRY, TITLE, DOMAIN = (
    Field(name, str) for name in ("industry", "country", "title", "mail_domain")
)
DEMO, PRICES = Field("asked_for_demo", bool), Field("took_prices", bool)
TOP, GOOD = frozenset(INDUSTRIES[:5]), frozenset(COUNTRIES[:8])
SECOND = WANTED - TOP

CARD = ScoreCard(
    [
        Points(15, INDUSTRY.is_one_of(*sorted(TOP))),
        Points(10, INDUSTRY.is_one_of(*sorted(SECOND))),
        Points(5, STAFF >= 50),
        Points(5, STAFF >= 200),
        Points(10, STAFF >= 1_000),
        Points(5, BUDGET >= 10_000),
        Points(10, BUDGET >= 50_000),
        Points(10, BUDGET >= 100_000),
        Points(8, COUNTRY.is_one_of(*sorted(GOOD))),
        Points(-30, COUNTRY.is_one_of(*sorted(BARRED))),
        Points(15, TITLE.contains_any(*TITLES)),
        Points(-20, TITLE.contains_any("intern", "assistant", "student")),
        Points(5, TITLE.contains_any("sales", "marketing")),
        Points(-15, DOMAIN.is_one_of(*sorted(FREE_MAIL))),
        Points(5, VISITS >= 3),
        Points(5, VISITS >= 10),
        Points(5, VISITS >= 20),
        Points(20, DEMO.is_true()),
        Points(10, PRICES.is_true()),
        Points(-5, PRICES.is_false()),
    ]
)


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
        "industry": _read(chance.choice(INDUSTRIES[:20] if good(0.5) else INDUSTRIES[20:])),
        "employees": 50 + int(chance.expovariate(1 / 400)) if good(0.6) else chance.randrange(50),
        "budget": 10_000 + int(chance.expovariate(1 / 40_000)) if good(0.6) else 5_000,
        "country": _read(chance.choice(COUNTRIES if good(0.9) else sorted(BARRED))),
        "title": f"{rank} {chance.choice(WORK)} {chance.choice(REGIONS)}",
        "mail_domain": company if good(0.7) else f"freemail{chance.randrange(30)}.example",
        "visits": chance.randrange(3, 30) if good(0.5) else chance.randrange(3),
        "asked_for_demo": good(0.3),
        "took_prices": good(0.3),
    }


def _read(text: str) -> str:
    """The same text as another object."""
    return text.encode().decode()


Eight = tuple[bool | None, ...]


def explained_by_hand(values: Mapping[str, Any]) -> tuple[bool | None, Eight]:
    """What one writes to be able to say why: eight answers, then the verdict."""
    said = values.get
    value = said("industry")
    industry = None if value is None else value in WANTED
    value = said("employees")
    employees = None if value is None else value >= 50
    value = said("budget")
    budget = None if value is None else value >= 10_000
    value = said("country")
    country = None if value is None else value not in BARRED
    value = said("title")
    title = (
        None
        if value is None
        else "vp" in value
        or "vice president" in value
        or "head" in value
        or "director" in value
        or "chief" in value
        or "founder" in value
    )
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


def decided_by_hand(values: Mapping[str, Any]) -> bool:
    """What one writes to get a yes or no: the first no ends it, and unknown is no."""
    said = values.get
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
    if value is None or not (
        "vp" in value
        or "vice president" in value
        or "head" in value
        or "director" in value
        or "chief" in value
        or "founder" in value
    ):
        return False
    value = said("mail_domain")
    if value is None or value in FREE_MAIL:
        return False
    value = said("visits")
    if value is None or value < 3:
        return False
    return bool(said("asked_for_demo") or said("took_prices"))


def scored_by_hand(values: Mapping[str, Any]) -> int:
    """Twenty rules as one writes them down, for the score alone."""
    said = values.get
    score = 0
    value = said("industry")
    if value in TOP:
        score += 15
    if value in SECOND:
        score += 10
    value = said("employees")
    if value is not None:
        if value >= 50:
            score += 5
        if value >= 200:
            score += 5
        if value >= 1_000:
            score += 10
    value = said("budget")
    if value is not None:
        if value >= 10_000:
            score += 5
        if value >= 50_000:
            score += 10
        if value >= 100_000:
            score += 10
    value = said("country")
    if value in GOOD:
        score += 8
    if value in BARRED:
        score -= 30
    value = said("title")
    if value is not None:
        if (
            "vp" in value
            or "vice president" in value
            or "head" in value
            or "director" in value
            or "chief" in value
            or "founder" in value
        ):
            score += 15
        if "intern" in value or "assistant" in value or "student" in value:
            score -= 20
        if "sales" in value or "marketing" in value:
            score += 5
    if said("mail_domain") in FREE_MAIL:
        score -= 15
    value = said("visits")
    if value is not None:
        if value >= 3:
            score += 5
        if value >= 10:
            score += 5
        if value >= 20:
            score += 5
    if said("asked_for_demo"):
        score += 20
    value = said("took_prices")
    if value:
        score += 10
    elif value is False:
        score -= 5
    return score


# The twenty rules once more, one by one, for checking which of them hold and which are unknown.
RULES: tuple[tuple[str, Callable[[Any], bool]], ...] = (
    ("industry", lambda value: value in TOP),
    ("industry", lambda value: value in SECOND),
    ("employees", lambda value: value >= 50),
    ("employees", lambda value: value >= 200),
    ("employees", lambda value: value >= 1_000),
    ("budget", lambda value: value >= 10_000),
    ("budget", lambda value: value >= 50_000),
    ("budget", lambda value: value >= 100_000),
    ("country", lambda value: value in GOOD),
    ("country", lambda value: value in BARRED),
    ("title", lambda value: any(word in value for word in TITLES)),
    ("title", lambda value: any(word in value for word in ("intern", "assistant", "student"))),
    ("title", lambda value: any(word in value for word in ("sales", "marketing"))),
    ("mail_domain", lambda value: value in FREE_MAIL),
    ("visits", lambda value: value >= 3),
    ("visits", lambda value: value >= 10),
    ("visits", lambda value: value >= 20),
    ("asked_for_demo", lambda value: value),
    ("took_prices", lambda value: value),
    ("took_prices", lambda value: not value),
)


def rules_by_hand(values: Mapping[str, Any]) -> tuple[list[int], list[int]]:
    """The numbers of the rules that hold, and of those that nobody can answer."""
    said = [values.get(name) for name, _ in RULES]
    unknown = [number for number, value in enumerate(said) if value is None]
    known = [number for number, value in enumerate(said) if value is not None]
    return [number for number in known if RULES[number][1](said[number])], unknown
