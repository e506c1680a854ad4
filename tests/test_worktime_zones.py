"""
Working time around every change of the clocks, against a count of minutes that knows nothing of it.

The count reads the wall clock at every minute of real time.  A window opens at the first minute at
which the wall clock has reached its opening, and closes at the first at which it has reached its
closing: so a time that is skipped is the end of the gap, and of a time that comes twice the first
counts.
"""

from bisect import bisect_left
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from leadlib.worktime import Clock, Span, WorkCalendar, hours

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EPOCH = datetime(1970, 1, 1)
AROUND = 36 * HOUR  # on both sides of a change
ALWAYS = [(time(0), time(0))]
OFFICE = [(time(9), time(12)), (time(13), time(17, 30))]
NIGHTS = [(time(9), time(12)), (time(22), time(6))]
SMALL = [(time(0), time(0, 30)), (time(1, 30), time(2, 30)), (time(23, 15), time(0))]
WEEKS = [
    dict.fromkeys(range(7), ALWAYS),
    dict.fromkeys(range(5), OFFICE),
    dict.fromkeys(range(7), NIGHTS),
    dict.fromkeys(range(6), SMALL) | {6: [(time(2, 45), time(4)), (time(23, 15), time(0))]},
    {4: [(time(23, 30), time(2, 30))], 5: [(time(1), time(2)), (time(12), time(3))], 6: ALWAYS},
]


class TestEveryChangeOfTheClocks:
    @pytest.mark.rule("M-17")
    @pytest.mark.parametrize(
        "name",
        [
            "Africa/Cairo",  # at midnight
            "America/St_Johns",  # at one minute past midnight, half an hour off
            "Antarctica/Troll",  # by two hours
            "Asia/Gaza",
            "Australia/Lord_Howe",  # by half an hour
            "Europe/Berlin",
            "Pacific/Apia",  # a whole day is skipped
        ],
    )
    def test_counts_as_real_minutes(self, name):
        years = range(2010, 2012)
        changes = [change for change in changes_of(name) if change.year in years]

        assert changes
        assert faults(name, changes) == []

    @pytest.mark.slow
    @pytest.mark.rule("M-17")
    def test_counts_as_real_minutes_in_all_zones_from_2000_to_2037(self):
        """A name for a zone that behaves as another one is tested under the first name."""
        zones = {}
        for name in sorted(available_timezones()):
            zones.setdefault(behaviour(name), name)

        names = [name for name in zones.values() if changes_of(name)]

        assert len(names) > 100
        assert [fault for name in names for fault in faults(name, changes_of(name))] == []


@cache
def changes_of(name):
    """List the minutes of UTC at which the clocks of a zone change, from 2000 to 2037."""
    zone = ZoneInfo(name)
    days = [datetime(2000, 1, 1, tzinfo=UTC) + n * DAY for n in range(38 * 366)]
    offsets = [offset(zone, day) for day in days]
    around = zip(pairwise(days), pairwise(offsets), strict=True)
    found = [narrowed(zone, *ends) for ends, (before, after) in around if before != after]
    return [change for change in found if change.year < 2038]


def narrowed(zone, before, after):
    """Find the minute at which the offset changes between two instants."""
    minutes = range(1, (after - before) // MINUTE + 1)
    first = offset(zone, before)
    place = bisect_left(minutes, 1, key=lambda n: offset(zone, before + n * MINUTE) != first)
    return before + minutes[place] * MINUTE


def offset(zone, at):
    return at.astimezone(zone).utcoffset()


def behaviour(name):
    zone, changes = ZoneInfo(name), changes_of(name)
    begin = datetime(2000, 1, 1, tzinfo=UTC)
    return tuple((at, offset(zone, at)) for at in (begin, *changes))


def faults(name, changes):
    """Describe where a calendar of that zone and the count of minutes disagree."""
    calendars = [WorkCalendar(zone=name, hours=week) for week in WEEKS]
    for calendar in calendars:  # all years at once, not one more at a time
        calendar.elapsed(changes[0], changes[-1])
    return [
        (name, change, calendar.hours, fault)
        for change in changes
        for begin, reached in [walls(ZoneInfo(name), change)]
        for calendar in calendars
        for fault in differences(calendar, begin, reached)
    ]


def walls(zone, change):
    """Say for every minute around a change how far the wall clock has come by then."""
    begin = change - AROUND
    real = [begin + n * MINUTE for n in range(2 * AROUND // MINUTE)]
    local = [(at.astimezone(zone).replace(tzinfo=None) - EPOCH) // MINUTE for at in real]
    return begin, [*accumulate(local, max)]


def differences(calendar, begin, reached):
    worked = count_of_minutes(calendar.hours, reached)
    for start in range(0, len(worked), 389):
        at = begin + start * MINUTE
        for amount in (1, 97, 24 * 60):
            end = bisect_left(worked, worked[start] + amount)
            if end < len(worked):  # the span ends within what was counted
                due = calendar.after(at, Span(amount * MINUTE, Clock.WORKING_HOURS))
                if due != begin + end * MINUTE:
                    yield at, amount, due
                if calendar.elapsed(at, due) != amount * MINUTE:
                    yield at, amount, "is not undone"
        for end in range(start, len(worked), 997):
            elapsed = calendar.elapsed(at, begin + end * MINUTE)
            if elapsed != (worked[end] - worked[start]) * MINUTE:
                yield at, end, elapsed
        if calendar.after(at, hours(24)) - at != DAY:
            yield at, "24 hours"


def count_of_minutes(week, reached):
    """Count the open minutes before each minute."""
    is_open = bytearray(len(reached))
    first, last = reached[0] // (24 * 60) - 1, reached[-1] // (24 * 60)
    for day in range(first, last + 1):
        for opens, closes in week.get((EPOCH + day * DAY).weekday(), ()):
            closing = day + (closes <= opens)
            begin = bisect_left(reached, minute_of(day, opens))
            end = bisect_left(reached, minute_of(closing, closes))
            is_open[begin:end] = bytes([1]) * (end - begin)
    return [*accumulate(is_open, initial=0)][:-1]


def minute_of(day, moment):
    return day * 24 * 60 + moment.hour * 60 + moment.minute
