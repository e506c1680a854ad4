"""
Write the pages on real data, docs/findings/*.md, from the data sets that lie beside the repository.

The data are not ours to pass on, so the pages hold sums and rates and never a row.  Where the data
are not there, the pages stay as they were written last; the tests hold both equal.
"""

import re
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import attrs

from leadlib.io import LogRead, read_log
from leadlib.metrics import (
    Cohort,
    Cohorts,
    Comparison,
    Conversion,
    Funnel,
    LongTable,
    OpportunityTable,
    Rate,
    StageLog,
    TimeToStage,
    WideTable,
    cohorts,
    compare,
    compare_all,
    converted_within,
    funnel,
    kaplan_meier,
    passes,
    stay_durations,
    time_to_stage,
)

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
PAGES = ROOT / "docs" / "findings"
DAY = timedelta(days=1)
_MISSING = "(missing)"
_SHOWN = 12  # months of a long record


def main() -> None:
    if not DATA.is_dir():
        print("The data sets are not here; the pages stay as they are.")
        return
    for name, page in PAGE_OF.items():
        (PAGES / f"{name}.md").write_text(page(DATA), encoding="utf-8")
        print(f"docs/findings/{name}.md")


def olist(data: Path) -> str:
    folder = data / "olist_funnel"
    at = {"contacted": "first_contact_date", "won": "won_date"}
    read = read_log(
        folder / "olist_marketing_qualified_leads_dataset.csv",
        folder / "olist_closed_deals_dataset.csv",
        shape=WideTable(lead="mql_id", at=at, by=["origin"]),
        zone=UTC,
    )
    stages = list(at)
    counted = funnel(read.log, stages=stages, by="origin")
    months = cohorts(read.log, stages=stages)
    since = months.recorded_since
    known = time_to_stage(read.log, "won", start="contacted", recorded_since=since)
    naive = time_to_stage(read.log, "won", start="contacted")
    window = converted_within(read.log, stages=stages, within="30 days")
    recorded = [m for m in window.months if not _of(months, m.month).is_truncated]
    early = [m for m in months.months if m.is_truncated]
    before = Rate(sum(m.reached for m in early), sum(m.entered for m in early))
    after = Rate(counted["won"].reached - before.k, counted.leads - before.n)
    within = Rate(sum(m.arrived for m in recorded), sum(m.observed for m in recorded))
    rates = {
        name or _MISSING: group.conversion("contacted", "won")
        for name, group in counted.groups.items()
    }
    pairs = compare_all(rates)
    apart = sum(pair.is_significant for pair in pairs.pairs)
    search, mail = rates["paid_search"], rates["email"]
    return f"""\
# Olist: one lead in ten, and a trend that is none

Olist, a Brazilian marketplace, published {counted.leads:,} leads of sellers who had asked to be contacted, and which of them it won.
It is real and anonymised; the data are licensed CC BY-NC-SA 4.0 and are not part of leadlib.

## The finding

**One lead in ten was won, and no more can be said about the others than that they are open.**
{counted["won"].reached:,} of {counted.leads:,} were won: {counted["contacted"].rate}.
No loss is on record, so {counted["contacted"].open:,} leads are still open here, half of them for more than {counted.stops[0].days_there:,.0f} days.
Some of them may still be alive; which, and why the others are not, was not written down.

**The rise in the new year is one of the record, not of sales.**
Month by month the rate seems to jump from {before.percent} of the leads of {_month(early[0])} to {_month(early[-1])} to {after.percent} of those after.
But no deal at all is on record before {_date(since)}: whoever was won earlier is missing from the file.
Who compares the two halves praises a campaign for the day on which the record begins.

**Search brings sellers, mail does not.**
Of the leads from paid search {search.rate} were won, of those from e-mail {mail.rate}; the difference is {_points(compare(search, mail))}.
The origins are not all alike (χ² {pairs.chi2:.0f}, {pairs.df} degrees of freedom), and {apart} of {len(pairs.pairs)} pairs differ by more than chance once the number of pairs is paid for.
The best origin is the one nobody noted: {rates[_MISSING].rate} of {rates[_MISSING].rate.n} leads without one were won.
That is no channel to invest in; it asks how the field is filled in, and when.

## The funnel

{_command(_OLIST)}

{_text(attrs.evolve(counted, groups={}))}

By origin, from contact to won:

{_groups(rates)}

## Where they leak

Nowhere that the file can show: there is no stage for a loss.
The first thing to change is not a campaign but the record: a reason and a date for each lead that is given up.

## How fast

Of the sellers who were won, half were won within {counted["contacted"].median_days:.1f} days of the first contact; but that leaves out everybody who was not.
Of all leads, with the open ones kept at risk and the leads from before the record taken in only from its first day on, {_share(known, 7)} were won within 7 days, {_share(known, 30)} within 30 and {_share(known, 90)} within 90.
Without that care the same file gives {_share(naive, 30)} and {_share(naive, 90)}.
Of the {within.n:,} leads of the months on record, all of which were watched for 30 days, {within} were won within 30: another way to the same answer.

## Month by month

{_text(months)}

## What was not clean

- One file has dates, the other dates with a time, and neither a zone; both were read as UTC, so a difference of less than a day means nothing.
- {_leads(counted.reversed_times)} was won before the first contact; its time counts as 0 days.
- The origin `unknown` ({rates["unknown"].entered:,} leads) is a value of its own and not the same as no origin ({rates[_MISSING].entered}).
- Everything else that is known of a seller is known of the won ones only, so it can explain nothing.
"""


def maven(data: Path) -> str:
    read, log = _maven(data, by=["product", "sales_agent"])
    stages = ["Engaging", "Won"]
    counted = funnel(log, stages=stages, by="product")
    months = cohorts(log, stages=stages)
    engaging = counted["Engaging"]
    took = time_to_stage(log, "Won", start="Engaging")
    stays = stay_durations(log)["Engaging"]
    longest = max(time for time, _ in stays.events)
    stale = Rate(sum(n for time, n in stays.censored.items() if time > longest), engaging.open)
    agents = _of_closed(funnel(log, stages=stages, by="sales_agent"))
    alike = compare_all(agents)
    best, worst = (pick(agents.values(), key=lambda rate: rate.value) for pick in (max, min))
    products = compare_all(_of_closed(counted))
    won, lost = (_median_days(stays.events, outcome) for outcome in ("Won", "Lost"))
    return f"""\
# Maven: most of the open pipeline is older than any deal, and the league table is chance

The data set "CRM Sales Opportunities" of Maven Analytics has {read.rows.read:,} opportunities of a fictitious company that sells hardware, with {len(agents)} sales agents.
No licence is stated, so it is not part of leadlib.

## The finding

**Four of five open opportunities are older than any that ever ended.**
{engaging.open:,} opportunities are open.
No opportunity in the file, won or lost, took more than {longest / (DAY // timedelta(microseconds=1)):.0f} days, and {stale.k:,} of the open ones, {stale}, have been open for longer.
They are more likely forgotten than late, and a forecast that counts them as pipeline counts on what never happened yet.

**The win rate depends on whom one leaves out.**
{engaging.rate_of_closed} of the opportunities that ended were won, but only {engaging.rate} of all that were engaged.
The first flatters as long as dead ones are not closed as lost; the second punishes the young ones.

**The best agent is not shown to be better than the worst.**
Their win rates of closed opportunities run from {worst} to {best}, which looks like a league table.
Yet {len(agents)} agents with the same skill would spread as widely by chance (χ² {alike.chi2:.1f}, {alike.df} degrees of freedom, p {alike.p:.2f}), and of {len(alike.pairs)} pairs of agents {_none(sum(pair.is_significant for pair in alike.pairs))} differs by more than that.
The same holds for the {len(products.rates)} products (p {products.p:.2f}).
As far as this file shows, a bonus by that table is a bonus by lot.

## The funnel

{_command(_MAVEN)}

{_text(attrs.evolve(counted, groups={}))}

## Where they leak

{engaging.left:,} were lost and {engaging.open:,} are open; the file has no reason for either.
Half of the lost ones were lost within {lost:.0f} days, while half of the won ones took {won:.0f} or more: what is lost is lost early, and what is won takes its time.

## How fast

With the open ones kept at risk, {_share(took, 30)} of the engaged opportunities were won within 30 days, {_share(took, 60)} within 60 and {_share(took, 90)} within 90; half of them within {took.median / DAY:.0f}.
Lost were by then {_share(took, 30, "Lost")}, {_share(took, 60, "Lost")} and {_share(took, 90, "Lost")}.

## Month by month

{_text(months)}

## What was not clean

- {read.rows.rejected} opportunities are still `Prospecting` and have no date at all; they cannot be placed in time, and were rejected with their line.
- Dates have no time and no zone; they were read as the start of the day in UTC.
- Only the present status is given, not the history, so what lies between engaging and the end stays unknown.
- The product `GTXPro` is called `GTX Pro` in the table of products: a join of the two would lose {counted.groups["GTXPro"]["Won"].reached} won opportunities without a word.
- The file ends on {_date(counted.as_of)}; what was open then is open here.
"""


def helpdesk(data: Path) -> str:
    path = data / "helpdesk_log" / "events.csv.gz"
    shape = LongTable(lead="case_id", stage="activity", at="timestamp", seq="seq")
    read = read_log(path, shape=shape)
    log = read.log
    counted = funnel(log, stages=_TICKETS)
    strict = funnel(log, stages=_TICKETS, counting="strict")
    again = passes(log, start="Resolve ticket", goal="Closed")
    back = Rate(again.arrived_ever - again.arrived_first, again.leads)
    solved = time_to_stage(log, "Resolve ticket")
    stays = stay_durations(log)
    wait, closing = (kaplan_meier(stays[name]).median for name in ("Wait", "Resolve ticket"))
    waits = funnel(log, stages=["Wait"]).leads
    months = cohorts(log, stages=_TICKETS)
    earlier = months.months[:-_SHOWN]
    return f"""\
# Help desk: everything is closed, and one answer in thirty did not hold

The log of the help desk of an Italian software company (I. Verenich, Mendeley Data, CC BY 4.0) has {read.rows.read:,} events of {len(log.leads):,} tickets.
Tickets are no leads, but the questions are those of a hand-off: who has it, how long, and does it come back?

## The finding

**Nearly every ticket is closed, and the funnel hides the work.**
{counted["Closed"].reached:,} of {counted.leads:,} were closed, {Rate(counted["Closed"].reached, counted.leads)}: a rate that nobody can improve.
Counted strictly, with no other step between, only {strict["Closed"].reached:,} went straight through.
The same log, another definition, another number: a report that does not say which it means says nothing.

**One resolution in thirty did not hold.**
Of {back.n:,} tickets that were resolved, {back.k} came back to somebody before they were closed: {back}.
That is the number to watch, and no rate of closed tickets shows it.

**A wait is long.**
{waits:,} tickets were put on hold at least once, and half of those waits took more than {wait / DAY:.1f} days; half of all tickets were resolved within {solved.median / DAY:.1f} days, waits included.
What to look at is what they wait for, which the log does not say.

**The date of closing means nothing.**
Half of all resolutions were followed by the next step after {closing / DAY:.1f} days, most of them by a closing that happens by itself after about 30.
A service level that counts until `Closed` measures a timer; count until `Resolve ticket`.

## The funnel

{_command(_HELPDESK)}

{_text(attrs.evolve(counted, groups={}))}

## Where they leak

{counted["Take in charge ticket"].open} tickets were taken in charge and not resolved, {counted["Resolve ticket"].open} were resolved and not closed by the end of the log; {_leads(counted.outside, "ticket")} entered none of these stages.

## How fast

{_share(solved, 1)} of the tickets were resolved within a day, {_share(solved, 7)} within 7 days and {_share(solved, 30)} within 30.

## Month by month

{_text(_last(months, _SHOWN))}

These are the last {_SHOWN} months; of the {len(earlier)} before, the lowest rate is {min((month.rate for month in earlier), key=lambda rate: rate.value).percent}.
The log was cut by its publishers to tickets that lasted between about 31 and 60 days, so nothing here says how long a ticket takes in general, and the month of entry says little.

## What was not clean

- {_same_instant(log)} events happened at the instant of another event of the same ticket; only the column of the order tells which came first.
- {_leads(counted.reversed_times, "ticket")} entered a later stage before an earlier one; such times count as 0 days.
- {len(log.stages) - len(_TICKETS)} further activities occur, some of them once, in capitals.
"""


_OLIST = """\
$ leadlib report ../shared/data/olist_funnel/olist_marketing_qualified_leads_dataset.csv \\
    ../shared/data/olist_funnel/olist_closed_deals_dataset.csv \\
    --lead mql_id --at contacted=first_contact_date --at won=won_date --zone UTC --by origin"""
_MAVEN = """\
$ leadlib report ../shared/data/maven_crm/sales_pipeline.csv --lead opportunity_id \\
    --at Engaging=engage_date --status deal_stage=close_date --ended Won,Lost --zone UTC"""
_HELPDESK = """\
$ leadlib report ../shared/data/helpdesk_log/events.csv.gz \\
    --lead case_id --stage activity --at timestamp --seq seq"""
_TICKETS = ("Assign seriousness", "Take in charge ticket", "Resolve ticket", "Closed")


def _maven(data: Path, by: list[str]) -> tuple[LogRead, StageLog]:
    shape = OpportunityTable(
        lead="opportunity_id",
        at={"Engaging": "engage_date"},
        status="deal_stage",
        closed="close_date",
        ended=["Won", "Lost"],
        by=by,
    )
    read = read_log(data / "maven_crm" / "sales_pipeline.csv", shape=shape, zone=UTC)
    return read, read.log


def _of_closed(counted: Funnel) -> dict[str, Rate]:
    """The win rate of each group, of what has ended."""
    steps = {name: group["Engaging"] for name, group in counted.groups.items()}
    return {name: Rate(step.advanced, step.advanced + step.left) for name, step in steps.items()}


def _median_days(events: dict[tuple[int, str], int], outcome: str) -> float:
    """The median of the times that ended in one way."""
    times = sorted((time, n) for (time, cause), n in events.items() if cause == outcome)
    every = [time for time, n in times for _ in range(n)]
    return (every[(len(every) - 1) // 2] + every[len(every) // 2]) / 2 / 86_400_000_000


def _same_instant(log: StageLog) -> int:
    """How many events share lead and instant with an earlier one."""
    at = Counter((lead, at) for lead, _, at, _ in log.events())
    return sum(n - 1 for n in at.values())


def _of(months: Cohorts, month: date) -> Cohort:
    return next(cohort for cohort in months.months if cohort.month == month)


def _last(months: Cohorts, count: int) -> str:
    """The last lines of a long table."""
    head, rule, *lines = str(months).splitlines()
    return "\n".join([head, rule, *lines[-count - len(months.notes) :]])


def _date(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def _month(cohort: Cohort) -> str:
    return f"{cohort.month:%B %Y}"


def _share(took: TimeToStage, days: int, outcome: str | None = None) -> str:
    share = took.incidence.share(outcome or took.goal, days * DAY)
    return f"{100 * share:.1f} %"


def _points(comparison: Comparison) -> str:
    low, high = comparison.interval
    found = f"{100 * comparison.difference:.1f} points"
    return f"{found}, with a 95 % interval from {100 * low:.1f} to {100 * high:.1f}"


def _none(count: int) -> str:
    return "not one" if not count else f"{count}"


def _leads(count: int, noun: str = "lead") -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _command(text: str) -> str:
    return f"```console no-run\n{text}\n```"


def _text(shown: object) -> str:
    return f"```text\n{shown}\n```"


def _groups(rates: dict[str, Conversion]) -> str:
    ranked = sorted(rates.items(), key=lambda pair: (-pair[1].rate.value, pair[0]))
    rows = [
        f"| {name.replace('_', ' ')} | {way.entered:,} | {way.arrived:,} | {way.rate} |"
        for name, way in ranked
    ]
    head = ["| origin | leads | won | rate, with its 95 % interval |", "|---|--:|--:|---|"]
    return "\n".join([*head, *rows])


PAGE_OF = {"olist": olist, "maven": maven, "helpdesk": helpdesk}
COMMANDS = {
    name: re.sub(r"\\\n *", "", command).removeprefix("$ leadlib ").split()
    for name, command in {"olist": _OLIST, "maven": _MAVEN, "helpdesk": _HELPDESK}.items()
}

if __name__ == "__main__":
    sys.exit(main())
