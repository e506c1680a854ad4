"""
Make the sample log: invented leads of an invented firm, drawn with a fixed seed.

`python examples/make_sample.py` writes examples/sample_log.csv again, byte for byte.  The leaks
are put in on purpose: sales follows up late, a fair brings many leads of little worth, some are
handed back.
"""

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

START, END = datetime(2026, 1, 5, 8, tzinfo=UTC), datetime(2026, 6, 30, 18, tzinfo=UTC)
CAMPAIGNS = {"webinar": 0.30, "trade fair": 0.38, "search ads": 0.22, "": 0.10}
WORTH = {"webinar": 1.25, "trade fair": 0.55, "search ads": 1.0, "": 0.9}
# From each stage: where to, how probable, after about how many days; the rest stays where it is.
MOVES = {
    "inquiry": [("qualifying", 0.62, 2), ("nurture", 0.18, 4), ("disqualified", 0.10, 2)],
    "qualifying": [("qualified", 0.46, 5), ("nurture", 0.38, 8), ("disqualified", 0.08, 6)],
    "nurture": [("qualifying", 0.16, 55), ("disqualified", 0.03, 40)],
    "qualified": [("handed_off", 0.93, 0.6)],
    "handed_off": [("accepted", 0.55, 1.5), ("handed_back", 0.15, 6)],
    "accepted": [("working", 0.80, 2), ("handed_back", 0.06, 9)],
    "working": [
        ("sales_qualified", 0.50, 10),
        ("handed_back", 0.22, 14),
        ("disqualified", 0.08, 7),
    ],
    "handed_back": [("nurture", 0.75, 3)],
    "sales_qualified": [("opportunity", 0.80, 6)],
    "opportunity": [("quoted", 0.75, 9), ("lost", 0.12, 15)],
    "quoted": [("customer", 0.42, 16), ("lost", 0.30, 20)],
}
BETTER = {"qualified", "accepted", "sales_qualified", "customer"}


def draw() -> list[tuple[str, str, str, int, str]]:
    chance = random.Random(2026)  # noqa: S311  # a sample, not a secret
    rows = []
    for number in range(1, 901):
        campaign = chance.choices(list(CAMPAIGNS), list(CAMPAIGNS.values()))[0]
        at = START + chance.random() * (END - START)
        stage: str | None = "inquiry"
        seq = 0
        while stage and at <= END and seq < 40:
            rows.append((f"L{number:04}", stage, f"{at:%Y-%m-%dT%H:%M:%SZ}", seq, campaign))
            stage, days = step(stage, campaign, chance)
            at += timedelta(days=days)
            seq += 1
    chance.shuffle(rows)  # the order of rows means nothing, and the sample shows it
    return rows


def step(stage: str, campaign: str, chance: random.Random) -> tuple[str | None, float]:
    drawn = chance.random()
    for to, share, days in MOVES.get(stage, []):
        weight = share * WORTH[campaign] if to in BETTER else share
        if drawn < weight:
            return to, chance.lognormvariate(0, 0.7) * days
        drawn -= weight
    return None, 0.0


if __name__ == "__main__":
    target = Path(__file__).with_name("sample_log.csv")
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("lead", "stage", "at", "seq", "campaign"))
        writer.writerows(draw())
