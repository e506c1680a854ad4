"""Deadlines in working time: against running totals by hand, businesstimedelta and pandas."""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from importlib.util import find_spec
from zoneinfo import ZoneInfo

from benchmarks.harness import Row, exhaust, race, ratio, speed
from leadlib.worktime import WorkCalendar, working_hours

ZONE = ZoneInfo("Europe/Berlin")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CALENDAR = WorkCalendar(zone=ZONE)
Deadline = Callable[[datetime], datetime]


def rows(*, quick: bool) -> list[Row]:
    count = 2_000 if quick else 100_000
    return [row for hours in (4, 40) for row in _of(hours, count, quick=quick)]


def _of(hours: int, count: int, *, quick: bool) -> list[Row]:
    starts = _starts(count)
    deadlines = {"by hand: running totals of two years": by_hand(hours), **_peers(hours)}
    span = working_hours(hours)

    def ours(start: datetime) -> datetime:
        return CALENDAR.after(start, span)

    few = starts[: max(count // 200, 50)]  # the slow ones are given fewer, and paid by the piece
    for name, theirs in deadlines.items():
        assert [*map(ours, few)] == [theirs(start).astimezone(UTC) for start in few], name
    sizes = {name: starts if name.startswith("by hand") else few for name in deadlines}
    work = {name: _run(theirs, sizes[name]) for name, theirs in deadlines.items()}
    times = race({"ours": _run(ours, starts)} | work, rounds=5 if quick else 9)
    goals = {"businesstimedelta": 1 / 100, "pandas": 1 / 50}
    return [
        Row(
            part="worktime",
            work=f"{count:,} deadlines of {hours} working hours",
            against=name,
            ratio=ratio(times, "ours", name) * len(sizes[name]) / count,
            goal=goals.get(name, 1.6),
            speed=speed(times, "ours", count, "deadlines"),
        )
        for name in deadlines
    ]


def _run(deadline: Deadline, starts: Sequence[datetime]) -> Callable[[], None]:
    return lambda: exhaust(map(deadline, starts))


def _starts(count: int) -> list[datetime]:
    """Instants of a year, in UTC."""
    chance = random.Random(7)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    return [begin + timedelta(seconds=chance.randrange(365 * 86_400)) for _ in range(count)]


def by_hand(hours: int) -> Deadline:
    """What one writes who knows the trick: aware instants in and out, one zone, two years."""
    opens, before, after, total = [], [], [], 0
    micro = timedelta(microseconds=1)
    day = date(2025, 12, 1)
    while day < date(2028, 1, 1):
        if day.weekday() < 5:
            opening, closing = (
                (datetime.combine(day, time(hour), ZONE) - EPOCH) // micro for hour in (9, 17)
            )
            opens.append(opening)
            before.append(total)
            total += closing - opening
            after.append(total)
        day += timedelta(days=1)
    work = hours * 3_600_000_000

    def deadline(start: datetime) -> datetime:
        instant = (start - EPOCH) // micro
        i = bisect_right(opens, instant) - 1
        target = min(before[i] + instant - opens[i], after[i]) + work
        i = bisect_left(after, target)
        return EPOCH + micro * (opens[i] + target - before[i])

    return deadline


def _peers(hours: int) -> dict[str, Deadline]:
    made = {"businesstimedelta": _businesstimedelta, "pandas": _pandas}
    return {name: make(hours) for name, make in made.items() if find_spec(name)}


def _businesstimedelta(hours: int) -> Deadline:
    import businesstimedelta
    import pytz

    zone = pytz.timezone("Europe/Berlin")
    day = businesstimedelta.WorkDayRule(
        start_time=time(9), end_time=time(17), working_days=[0, 1, 2, 3, 4], tz=zone
    )
    span = businesstimedelta.BusinessTimeDelta(businesstimedelta.Rules([day]), hours=hours)
    return lambda start: start.astimezone(zone) + span


def _pandas(hours: int) -> Deadline:
    import pandas as pd

    offset = pd.offsets.CustomBusinessHour(hours, start="09:00", end="17:00")

    def deadline(start: datetime) -> datetime:
        """A deadline at closing time is the next opening for pandas: it is taken back."""
        end = pd.Timestamp(start).tz_convert("Europe/Berlin").tz_localize(None) + offset
        if end.time() == time(9):
            end = end - pd.offsets.CustomBusinessHour(1, start="09:00", end="17:00")
            end = end + timedelta(hours=1)
        return end.tz_localize("Europe/Berlin").to_pydatetime()

    return deadline
