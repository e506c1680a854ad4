"""Plans of touches: against tables by hand, one dateutil.rrule per lead, and pandas."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from importlib.util import find_spec
from itertools import count as count_up
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from dateutil.rrule import DAILY, FR, MO, TH, TU, WE, rrule

from benchmarks.harness import Row, race, ratio, speed
from leadlib import Inquiry, Lead
from leadlib.nurture import Cadence, Cap, ContactPolicy, Enrolment, Step, dry_run
from leadlib.worktime import WorkCalendar, working_days

EPOCH, MICRO = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
NAMES = (
    *("America/Chicago", "America/Denver", "America/Los_Angeles", "America/Mexico_City"),
    *("America/New_York", "America/Sao_Paulo", "America/Toronto", "Africa/Johannesburg"),
    *("Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney"),
    *("Europe/Berlin", "Europe/Istanbul", "Europe/London", "Europe/Madrid", "Europe/Paris"),
    *("Europe/Warsaw", "Pacific/Auckland"),
)
ZONES = [ZoneInfo(name) for name in NAMES]
# ten steps: so many days after the enrolment, of the calendar or open ones
DAY_BY_DAY = ((False, 0), (True, 1), (True, 2), (False, 4), (True, 5), (True, 8))
ORDER = (*DAY_BY_DAY, (False, 14), (True, 14), (False, 30), (False, 60))
HOUR, MOST, DAYS = 10, 3, 7  # at ten, one a day, three in seven days
Lead_ = tuple[ZoneInfo, datetime]
Plan = Callable[[Sequence[Lead_]], list[Sequence[int]]]


def rows(*, quick: bool) -> list[Row]:
    count = 1_000 if quick else 100_000
    drawn = _leads(count)
    enrolments = _enrolments(drawn)
    few = drawn[: max(count // 500, 20)]  # the slow ones are given fewer, and paid by the piece
    more = drawn[: max(count // 20, 20)]  # pandas has a fixed price for each zone
    expected = by_hand(few)
    plans = {"by hand: a table of days, a plan for each day": by_hand, **_peers()}
    for name, theirs in plans.items():
        assert [[*plan] for plan in theirs(few)] == [[*plan] for plan in expected], name
    assert [[*plan] for plan in ours(enrolments[: len(few)])] == [[*plan] for plan in expected]
    given = {by_hand: drawn, by_pandas: more}
    sizes = {name: given.get(theirs, few) for name, theirs in plans.items()}
    work = {name: _run(theirs, sizes[name]) for name, theirs in plans.items()}
    times = race({"ours": lambda: ours(enrolments)} | work, rounds=3 if quick else 7)
    goals = {"one dateutil.rrule per lead": 1 / 40, "pandas": 1 / 60}
    touches = count * len(ORDER)
    return [
        Row(
            part="nurture",
            work=f"{touches:,} touches with windows and caps in {len(ZONES)} zones",
            against=name,
            ratio=ratio(times, "ours", name) * len(sizes[name]) / count,
            goal=goals.get(name, 2.0),
            speed=speed(times, "ours", touches, "touches"),
        )
        for name in plans
    ]


def _run(plan: Plan, leads: Sequence[Lead_]) -> Callable[[], object]:
    return lambda: plan(leads)


def _leads(count: int) -> list[Lead_]:
    """Zones and instants of a year, in UTC."""
    chance = random.Random(5)
    begin = datetime(2026, 1, 2, tzinfo=UTC)
    return [
        (chance.choice(ZONES), begin + timedelta(seconds=chance.randrange(360 * 86_400)))
        for _ in range(count)
    ]


CALENDAR = WorkCalendar()
RUNS = count_up()
POLICY_HOURS = {day: [(time(9), time(18))] for day in range(5)}


def _enrolments(leads: Sequence[Lead_]) -> list[Enrolment]:
    steps = [
        Step(
            send=f"{number}",
            after=working_days(days) if working else relativedelta(days=days),
        )
        for number, (working, days) in enumerate(ORDER)
    ]
    cadence = Cadence("drip", steps=steps, calendar=CALENDAR, at=time(HOUR))
    form = Inquiry(id="i", at=datetime(2025, 1, 1, tzinfo=UTC), source="web", mail="a@b.example")
    return [
        Enrolment(lead=Lead(id=f"L{n}", inquiries=[form]), cadence=cadence, at=at, zone=zone)
        for n, (zone, at) in enumerate(leads)
    ]


def ours(enrolments: Sequence[Enrolment]) -> Sequence[Sequence[int]]:
    caps = [Cap(1, relativedelta(days=1)), Cap(MOST, relativedelta(days=DAYS))]
    new = date(2100, 1, 1) + timedelta(days=next(RUNS))  # of a new policy the tables are made, too
    policy = ContactPolicy(hours=POLICY_HOURS, caps=caps, holidays=[new])
    return dry_run(enrolments, policy=policy).instants


def by_hand(leads: Sequence[Lead_]) -> list[Sequence[int]]:
    """What one writes who knows the trick: tables of days, and a plan for each day and zone."""
    first = date(2025, 12, 29)
    days = [first + timedelta(days=n) for n in range(500)]
    is_open = [day.weekday() < 5 for day in days]
    opens = [n for n, yes in enumerate(is_open) if yes]
    following, index = _following(is_open), _index(is_open)
    patterns: dict[tuple[int, bool], list[int]] = {}

    def pattern(day: int, *, passed: bool) -> list[int]:
        """The days of the touches of a lead that came in on one, before the hour or after it."""
        taken: list[int] = []
        for working, count in ORDER:
            opening = index[following[day]] - 1
            at = opens[opening + count] if working else following[day + count]
            if passed and at == day:
                at = following[at + 1]
            while taken and (at <= taken[-1] or (len(taken) >= MOST and at - taken[-MOST] < DAYS)):
                at = following[at + 1]
            taken.append(at)
        return taken

    tables, memo = {}, {}
    for zone in ZONES:
        midnights, hours = ([_micros(day, hour, zone) for day in days] for hour in (0, HOUR))
        tables[zone], memo[zone] = (midnights, hours), {}
    made = []
    for zone, enrolled in leads:
        midnights, hours = tables[zone]
        at = (enrolled - EPOCH) // MICRO
        day = (at - midnights[0]) // 86_400_000_000
        if at < midnights[day]:
            day -= 1
        elif at >= midnights[day + 1]:
            day += 1
        key = (day, at > hours[day])
        known = memo[zone]
        if key not in known:
            if key not in patterns:
                patterns[key] = pattern(day, passed=key[1])
            known[key] = [hours[n] for n in patterns[key]]
        made.append(known[key])
    return made


def _micros(day: date, hour: int, zone: ZoneInfo) -> int:
    return (datetime.combine(day, time(hour), zone) - EPOCH) // MICRO


def _following(is_open: Sequence[bool]) -> list[int]:
    following, later = [0] * len(is_open), len(is_open)
    for day in reversed(range(len(is_open))):
        later = day if is_open[day] else later
        following[day] = later
    return following


def _index(is_open: Sequence[bool]) -> list[int]:
    """How many open days there are up to each day, itself included."""
    index, count = [], 0
    for yes in is_open:
        count += yes
        index.append(count)
    return index


def by_rule(leads: Sequence[Lead_]) -> list[Sequence[int]]:
    """One rule for each lead: its working days at ten, picked by their place."""
    made = []
    for zone, enrolled in leads:
        local = enrolled.astimezone(zone)
        begin = datetime.combine(local.date(), time(HOUR))
        week = (MO, TU, WE, TH, FR)
        days = list(rrule(DAILY, byweekday=week, dtstart=begin, count=60))
        places = {at.date(): place for place, at in enumerate(days)}
        made.append(_picked(days, places, local, zone, enrolled))
    return made


def _picked(days, places, local, zone, enrolled):
    taken: list[int] = []
    for working, count in ORDER:
        if working:  # the first is the day itself, or the next open one
            place = count
        else:
            wanted = local.date() + timedelta(days=count)
            while wanted not in places:
                wanted += timedelta(days=1)
            place = places[wanted]
        if days[place].replace(tzinfo=zone) < enrolled:
            place += 1
        while taken and (
            place <= taken[-1]
            or (len(taken) >= MOST and (days[place] - days[taken[-MOST]]).days < DAYS)
        ):
            place += 1
        taken.append(place)
    return [(days[place].replace(tzinfo=zone) - EPOCH) // MICRO for place in taken]


def by_pandas(leads: Sequence[Lead_]) -> list[Sequence[int]]:
    """Custom business days, all leads of a zone at once."""
    import warnings

    import pandas as pd

    warnings.filterwarnings("ignore", category=pd.errors.PerformanceWarning)
    frame = pd.DataFrame({"zone": [str(zone) for zone, _ in leads], "at": [at for _, at in leads]})
    made: list[Sequence[int]] = [()] * len(leads)
    for zone, group in frame.groupby("zone"):
        columns = _columns_of_pandas(pd, group["at"].dt.tz_convert(zone))
        rows = pd.concat(columns, axis=1).to_numpy()
        for place, row in zip(group.index, rows, strict=True):
            made[place] = [int(at) for at in row]
    return made


def _columns_of_pandas(pd, local):
    naive = local.dt.tz_localize(None)
    day = naive.dt.normalize()
    late = naive > day + pd.Timedelta(hours=HOUR)
    roll = pd.offsets.CustomBusinessDay(0)
    following = pd.Timedelta(days=1)
    taken, columns = [], []
    for working, count in ORDER:
        if working:  # what begins on a closed day begins on the next open one
            at = day + roll + pd.offsets.CustomBusinessDay(count)
        else:
            at = day + pd.Timedelta(days=count) + roll
        at = at.where(~(late & (at == day)), at + following + roll)
        while taken:
            crowded = at <= taken[-1]
            if len(taken) >= MOST:
                crowded |= (at - taken[-MOST]).dt.days < DAYS
            if not crowded.any():
                break
            at = at.where(~crowded, at + following + roll)
        taken.append(at)
        zoned = (at + pd.Timedelta(hours=HOUR)).dt.tz_localize(local.dt.tz)
        columns.append((zoned - pd.Timestamp(EPOCH)) // pd.Timedelta(microseconds=1))
    return columns


def _peers() -> dict[str, Plan]:
    made: dict[str, Plan] = {"one dateutil.rrule per lead": by_rule}
    return made | ({"pandas": by_pandas} if find_spec("pandas") else {})
