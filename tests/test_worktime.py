"""Clocks that run only while somebody is there."""

import pickle
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count, permutations, repeat
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlib._instants import instant, zone_named
from leadlib.errors import InvalidValue, LimitExceeded, MissingExtra, UnknownName
from leadlib.worktime import (
    Clock,
    Span,
    WorkCalendar,
    days,
    hours,
    national_holidays,
    working_days,
    working_hours,
)

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
OFFICE = WorkCalendar(zone=BERLIN)
INDEPENDENCE = WorkCalendar(zone=NEW_YORK, holidays={date(2026, 7, 3)})


def berlin(*parts):
    return datetime(*parts, tzinfo=BERLIN)


def new_york(*parts):
    return datetime(*parts, tzinfo=NEW_YORK)


class TestOracles:
    """The worked examples of M-17."""

    @pytest.mark.rule("M-17")
    @pytest.mark.parametrize(
        ("calendar", "start", "end", "expected"),
        [
            (OFFICE, berlin(2026, 1, 23, 16), berlin(2026, 1, 26, 10), 2),
            (INDEPENDENCE, new_york(2026, 7, 2, 15), new_york(2026, 7, 6, 11), 4),
            (WorkCalendar(zone=NEW_YORK), new_york(2026, 7, 2, 15), new_york(2026, 7, 6, 11), 12),
        ],
    )
    def test_elapsed(self, calendar, start, end, expected):
        assert calendar.elapsed(start, end) == timedelta(hours=expected)

    @pytest.mark.rule("M-17")
    @pytest.mark.parametrize(
        ("calendar", "start", "span", "expected"),
        [
            (OFFICE, berlin(2026, 1, 23, 16), working_hours(8), berlin(2026, 1, 26, 16)),
            (OFFICE, berlin(2026, 1, 24, 12), working_hours(4), berlin(2026, 1, 26, 13)),
            (INDEPENDENCE, new_york(2026, 7, 2, 15), working_hours(8), new_york(2026, 7, 6, 15)),
            (OFFICE, berlin(2026, 3, 28, 12), hours(24), berlin(2026, 3, 29, 13)),
            (OFFICE, berlin(2026, 10, 24, 12), hours(24), berlin(2026, 10, 25, 11)),
            (OFFICE, berlin(2026, 1, 23, 16), working_hours(1), berlin(2026, 1, 23, 17)),
            (OFFICE, berlin(2026, 3, 2, 9, 12), working_days(1), berlin(2026, 3, 3, 9, 12)),
            (OFFICE, berlin(2026, 6, 5, 9), working_days(2), berlin(2026, 6, 9, 9)),
            (OFFICE, berlin(2026, 3, 27, 9), days(7), berlin(2026, 4, 3, 10)),
        ],
    )
    def test_deadline(self, calendar, start, span, expected):
        assert calendar.after(start, span) == expected

    @pytest.mark.rule("M-17")
    @pytest.mark.parametrize(
        ("start", "span", "limit", "goes_on"),
        [
            (
                berlin(2026, 1, 23, 16),
                working_hours(8),
                berlin(2026, 1, 26, 16),
                berlin(2026, 1, 26, 16),
            ),
            # at closing time: Monday nine o'clock is as early as that
            (
                berlin(2026, 1, 23, 9),
                working_hours(8),
                berlin(2026, 1, 23, 17),
                berlin(2026, 1, 26, 9),
            ),
            (berlin(2026, 3, 28, 12), hours(24), berlin(2026, 3, 29, 13), berlin(2026, 3, 29, 13)),
        ],
    )
    def test_exactly_at_the_limit_is_met(self, start, span, limit, goes_on):
        def met(done):
            return OFFICE.elapsed(start, done, clock=span.clock) <= span.length

        assert OFFICE.after(start, span) == limit
        assert [met(limit), met(goes_on), met(goes_on + timedelta(microseconds=1))] == [
            True,
            True,
            False,
        ]


class TestWorkCalendar:
    def test_knows_lunch_breaks(self):
        split = WorkCalendar(hours={0: [(time(9), time(12)), (time(13), time(17))]})
        monday = datetime(2026, 3, 2, 11, tzinfo=UTC)

        assert split.after(monday, working_hours(2)) == monday + timedelta(hours=3)
        assert split.elapsed(monday, monday + timedelta(hours=3)) == timedelta(hours=2)

    def test_time_that_runs_backwards_is_none(self):
        assert OFFICE.elapsed(berlin(2026, 3, 3, 12), berlin(2026, 3, 2, 12)) == timedelta(0)

    @pytest.mark.parametrize(
        "week",
        [
            {},
            {0: []},
            {7: [(time(9), time(17))]},
            {0: [(time(17), time(9)), (time(18), time(20))]},
            {0: [(time(9), time(12)), (time(11), time(17))]},
            {0: [(time(9), time(0)), (time(22), time(23))]},
            {0: [(time(9), time(9))]},
            {0: [(time(9),)]},
            {0: [("09:00", "17:00")]},
            {0: [(time(9, tzinfo=UTC), time(17, tzinfo=UTC))]},
            {0: 8},
            {"monday": [(time(9), time(17))]},
            [(time(9), time(17))],
        ],
    )
    def test_refuses_hours_that_are_none(self, week):
        with pytest.raises(InvalidValue):
            WorkCalendar(hours=week)

    def test_windows_may_adjoin(self):
        split = WorkCalendar(hours={0: [(time(12), time(17)), (time(9), time(12))]})
        monday = datetime(2026, 3, 2, 9, tzinfo=UTC)

        assert split.after(monday, working_hours(8)) == monday + timedelta(hours=8)
        assert split.elapsed(monday, monday + timedelta(hours=9)) == timedelta(hours=8)

    def test_midnight_as_closing_time_is_the_end_of_the_day(self):
        late = WorkCalendar(zone=BERLIN, hours={0: [(time(22), time(0))], 1: [(time(9), time(17))]})

        assert late.after(berlin(2026, 3, 2, 23), working_hours(1)) == berlin(2026, 3, 3)
        assert late.after(berlin(2026, 3, 2, 23), working_hours(2)) == berlin(2026, 3, 3, 10)

    @pytest.mark.parametrize(
        ("zone", "day", "length"),
        [
            ("Europe/Berlin", (2026, 3, 28), 24),
            ("Europe/Berlin", (2026, 3, 29), 23),
            ("Europe/Berlin", (2026, 10, 25), 25),
            ("America/Sao_Paulo", (2018, 11, 3), 24),  # the midnight after it is skipped
            ("America/Sao_Paulo", (2018, 11, 4), 23),
            ("America/Sao_Paulo", (2018, 2, 17), 25),  # its last hour comes twice
        ],
    )
    def test_a_day_around_the_clock_is_as_long_as_the_day(self, zone, day, length):
        always = WorkCalendar(zone=zone, hours={n: [(time(0), time(0))] for n in range(7)})
        begin, end = (
            instant(f"{date(*day) + n * timedelta(days=1)}", zone=ZoneInfo(zone)) for n in (0, 1)
        )

        assert always.elapsed(begin, end) == timedelta(hours=length)
        assert always.after(begin, working_hours(length)) == end

    def test_refuses_a_window_that_is_nothing_or_a_whole_day(self):
        with pytest.raises(InvalidValue, match=r"a list of windows such as .* @ hours"):
            WorkCalendar(hours={0: [(time(9), time(9))]})

    def test_the_zone_may_be_given_by_name(self):
        assert WorkCalendar(zone="Europe/Berlin") == OFFICE
        with pytest.raises(UnknownName, match="IANA time zone"):
            WorkCalendar(zone="Europe/Nowhere")

    @pytest.mark.parametrize("zone", [None, 1, b"UTC"])
    def test_what_is_no_zone_is_refused(self, zone):
        with pytest.raises(InvalidValue, match="a time zone or its IANA name"):
            WorkCalendar(zone=zone)

    @pytest.mark.parametrize(
        "holidays",
        [
            ["2026-07-03"],
            "2026-07-03",
            [datetime(2026, 7, 3)],
            [date(2026, 7, 3), None],
            [["2026-07-03"]],
            20260703,
        ],
    )
    def test_holidays_that_no_day_would_equal_are_refused(self, holidays):
        with pytest.raises(InvalidValue, match="plain dates"):
            WorkCalendar(holidays=holidays)

    def test_any_collection_of_dates_is_one_of_holidays(self):
        day = date(2026, 7, 3)

        for holidays in ([day], {day: "Independence Day"}, iter([day])):
            assert WorkCalendar(zone=NEW_YORK, holidays=holidays) == INDEPENDENCE

    def test_its_hours_cannot_be_changed(self):
        week = {0: [[time(9), time(17)]]}
        calendar = WorkCalendar(hours=week)
        week[0][0][1] = time(10)
        with pytest.raises(TypeError):
            calendar.hours[1] = ((time(0), time(0)),)

        assert calendar == WorkCalendar(hours={0: [(time(9), time(17))]})
        assert pickle.loads(pickle.dumps(calendar)) == calendar

    def test_never_searches_for_ever(self):
        always = frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(4_000))
        shut = WorkCalendar(holidays=always)
        for span in (working_hours(1), working_days(1)):
            with pytest.raises(LimitExceeded, match="within ten years"):
                shut.after(datetime(2026, 1, 1, tzinfo=UTC), span)

    def test_refuses_naive_instants(self):
        with pytest.raises(InvalidValue, match="time zone"):
            OFFICE.after(datetime(2026, 1, 1), hours(1))


class TestNightShifts:
    """Monday 2 March 2026 is the first day of the shift."""

    nights = WorkCalendar(zone=BERLIN, hours={day: [(time(22), time(6))] for day in range(5)})

    def test_a_shift_that_began_yesterday_is_seen_after_midnight(self):
        start, end = berlin(2026, 3, 3, 2), berlin(2026, 3, 3, 5)

        assert self.nights.elapsed(start, end) == timedelta(hours=3)
        assert self.nights.after(start, working_hours(4)) == berlin(2026, 3, 3, 6)
        assert self.nights.after(start, working_hours(5)) == berlin(2026, 3, 3, 23)

    def test_belong_to_the_day_on_which_they_begin(self):
        saturday = berlin(2026, 3, 7, 2)
        closed = attrs.evolve(self.nights, holidays={date(2026, 3, 3)})

        assert self.nights.after(saturday, working_hours(5)) == berlin(2026, 3, 9, 23)
        assert not self.nights.is_open(saturday.date())
        assert closed.after(berlin(2026, 3, 2, 23), working_hours(8)) == berlin(2026, 3, 4, 23)

    def test_a_shift_of_new_year_crosses_the_year(self):
        start, end = berlin(2025, 12, 31, 23), berlin(2026, 1, 1, 7)

        assert self.nights.elapsed(start, end) == timedelta(hours=7)

    @pytest.mark.parametrize(("day", "length"), [((2026, 3, 28), 7), ((2026, 10, 24), 9)])
    def test_a_night_in_which_the_clocks_change_has_its_real_length(self, day, length):
        always = WorkCalendar(zone=BERLIN, hours={day: [(time(22), time(6))] for day in range(7)})
        start, noon = berlin(*day, 12), berlin(*day, 12) + timedelta(days=1)

        assert always.elapsed(start, noon) == timedelta(hours=length)

    @pytest.mark.parametrize("years", [*permutations([2020, 2024, 2025, 2031])])
    def test_years_may_be_asked_for_in_any_order(self, years):
        """The whole night of New Year is one shift, whichever of the years was known before."""
        calendar = WorkCalendar(hours=dict.fromkeys(range(7), ((time(22), time(6)),)))
        for year in years:
            start = datetime(year, 12, 31, 23, tzinfo=UTC)
            noon = start + timedelta(hours=13)

            assert calendar.elapsed(start, noon) == timedelta(hours=7)
            assert calendar.after(start, working_hours(8)) == start + timedelta(hours=24)

    def test_what_they_share_with_the_next_day_counts_once(self):
        early = WorkCalendar(hours={0: [(time(22), time(6))], 1: [(time(5), time(8))]})
        start = datetime(2026, 3, 2, 22, tzinfo=UTC)

        assert early.elapsed(start, start + timedelta(days=1)) == timedelta(hours=10)

    def test_come_last_in_their_day(self):
        day_and_night = [(time(22), time(6)), (time(9), time(17))]
        calendar = WorkCalendar(hours={0: day_and_night})

        assert calendar.hours[0] == ((time(9), time(17)), (time(22), time(6)))
        with pytest.raises(InvalidValue, match="do not overlap"):
            WorkCalendar(hours={0: [*day_and_night, (time(23), time(23, 30))]})


class TestSpecialDays:
    """Thursday 24 December 2026 is half a day, Saturday the 19th is open, the 25th is closed."""

    christmas, fair = date(2026, 12, 24), date(2026, 12, 19)
    office = WorkCalendar(
        zone=BERLIN,
        holidays=[christmas, date(2026, 12, 25)],
        special={christmas: [(time(9), time(12))], fair: [(time(10), time(14))]},
    )

    def test_go_before_the_week_and_the_holidays(self):
        assert self.office.after(berlin(2026, 12, 24, 11), working_hours(2)) == berlin(
            2026, 12, 28, 10
        )
        assert self.office.elapsed(berlin(2026, 12, 18, 17), berlin(2026, 12, 21, 9)) == timedelta(
            hours=4
        )

    def test_are_working_days_if_they_have_hours(self):
        friday = berlin(2026, 12, 18, 11)

        assert self.office.after(friday, working_days(1)) == berlin(2026, 12, 19, 11)
        assert [self.office.is_open(day) for day in (self.christmas, self.fair)] == [True, True]

    def test_may_be_closed(self):
        closed = WorkCalendar(special={date(2026, 3, 2): ()})

        assert not closed.is_open(date(2026, 3, 2))

    @pytest.mark.parametrize(
        "special",
        [
            {datetime(2026, 12, 24): []},
            {"2026-12-24": []},
            {date(2026, 12, 24): [(time(9), time(12)), (time(11), time(17))]},
            {date(2026, 12, 24): None},
            [date(2026, 12, 24)],
            None,
        ],
    )
    def test_that_are_none_are_refused(self, special):
        with pytest.raises(InvalidValue, match=r"plain dates, without|a list of w") as caught:
            WorkCalendar(special=special)

        assert caught.value.where in {"special", "special[2026-12-24]"}

    def test_are_part_of_the_value(self):
        week = {day: [(time(9), time(17))] for day in range(5)}
        same = WorkCalendar(
            zone=BERLIN, hours=week, holidays=self.office.holidays, special=self.office.special
        )

        assert same == self.office != OFFICE
        assert hash(same) == hash(self.office)
        assert pickle.loads(pickle.dumps(self.office)) == self.office


class TestPauses:
    """Tuesday 3 March 2026; the office is open from nine to five."""

    lunch = (berlin(2026, 3, 3, 12), berlin(2026, 3, 3, 14))
    start = berlin(2026, 3, 3, 10)

    def test_move_the_deadline_by_the_work_they_take(self):
        after = OFFICE.after(self.start, working_hours(4), pauses=[self.lunch])

        assert after == berlin(2026, 3, 3, 16)
        assert OFFICE.elapsed(self.start, after, pauses=[self.lunch]) == timedelta(hours=4)

    def test_stop_elapsed_time_as_well(self):
        after = OFFICE.after(self.start, hours(24), pauses=[self.lunch])

        assert after == berlin(2026, 3, 4, 12)
        assert OFFICE.elapsed(
            self.start, after, clock=Clock.ELAPSED, pauses=[self.lunch]
        ) == timedelta(hours=24)

    def test_a_pause_of_a_night_takes_no_working_time(self):
        night = (berlin(2026, 3, 3, 17), berlin(2026, 3, 4, 9))

        assert OFFICE.after(self.start, working_hours(8), pauses=[night]) == berlin(2026, 3, 4, 10)
        assert OFFICE.after(self.start, hours(24), pauses=[night]) == berlin(2026, 3, 5, 2)

    def test_that_overlap_count_once(self):
        longer = (berlin(2026, 3, 3, 13), berlin(2026, 3, 3, 15))
        pauses = [longer, self.lunch, self.lunch]

        assert OFFICE.after(self.start, working_hours(4), pauses=pauses) == berlin(2026, 3, 3, 17)
        assert OFFICE.elapsed(self.start, berlin(2026, 3, 3, 17), pauses=pauses) == timedelta(
            hours=4
        )

    def test_before_the_start_and_after_the_deadline_take_nothing(self):
        outside = [
            (berlin(2026, 3, 3, 9), berlin(2026, 3, 3, 10)),
            (berlin(2026, 3, 3, 16), None),
        ]

        assert OFFICE.after(self.start, working_hours(6), pauses=outside) == berlin(2026, 3, 3, 16)

    def test_a_clock_that_starts_in_a_pause_starts_at_its_end(self):
        assert OFFICE.after(berlin(2026, 3, 3, 13), hours(1), pauses=[self.lunch]) == berlin(
            2026, 3, 3, 15
        )

    @pytest.mark.parametrize("span", [hours(3), working_hours(3)])
    def test_while_one_lasts_there_is_no_deadline(self, span):
        waiting = [(self.lunch[0], None)]

        assert OFFICE.after(self.start, span, pauses=waiting) is None
        assert OFFICE.elapsed(
            self.start, berlin(2026, 3, 9, 12), clock=span.clock, pauses=waiting
        ) == timedelta(hours=2)

    def test_that_are_none_change_nothing(self):
        empty = [(self.lunch[0], self.lunch[0])]
        for span in (hours(24), working_hours(8), working_days(2)):
            for pauses in ([], iter(()), empty):
                assert OFFICE.after(self.start, span, pauses=pauses) == OFFICE.after(
                    self.start, span
                )

    def test_no_working_days_are_counted_with_them(self):
        with pytest.raises(InvalidValue, match="elapsed or working hours") as caught:
            OFFICE.after(self.start, working_days(1), pauses=[self.lunch])
        assert caught.value.where == "span"
        with pytest.raises(InvalidValue, match="elapsed or working hours, got working days"):
            OFFICE.elapsed(*self.lunch, clock=Clock.WORKING_DAYS)
        with pytest.raises(InvalidValue, match="elapsed or working hours, got an int"):
            OFFICE.elapsed(*self.lunch, clock=8)

    @pytest.mark.parametrize(
        ("pauses", "where"),
        [
            (None, "pauses"),
            (8, "pauses"),
            ([lunch, 8], "pauses[1]"),
            ([(start,)], "pauses[0]"),
            ([lunch[::-1]], "pauses[0]"),
            ([(None, start)], "pauses[0][0]"),
            ([(start, datetime(2026, 3, 3, 12))], "pauses[0][1]"),
            ([(start, datetime(2300, 3, 3, 12, tzinfo=UTC))], "pauses[0][1]"),
            ("ab", "pauses[0]"),
        ],
    )
    def test_any_other_form_is_refused_with_its_place(self, pauses, where):
        for ask in (
            lambda: OFFICE.after(self.start, hours(1), pauses=pauses),
            lambda: OFFICE.elapsed(*self.lunch, pauses=pauses),
        ):
            with pytest.raises(InvalidValue) as caught:
                ask()

            assert caught.value.where == where

    def test_are_at_most_a_thousand(self):
        OFFICE.after(self.start, hours(1), pauses=repeat(self.lunch, 1_000))
        with pytest.raises(LimitExceeded, match="at most 1,000 pauses"):
            OFFICE.after(self.start, hours(1), pauses=repeat(self.lunch))

    def test_ten_years_count_from_the_last_of_them(self):
        long = [(berlin(2026, 3, 3, 12), berlin(2035, 3, 5, 12))]

        assert OFFICE.after(self.start, days(3_660), pauses=long) == berlin(
            2035, 3, 5, 10
        ) + timedelta(days=3_660)


class TestNationalHolidays:
    """Not installed with the tools, for it holds python-dateutil below 3: skipped without it."""

    @pytest.fixture(autouse=True)
    def _library(self):
        pytest.importorskip("holidays", reason="needs leadlib[holidays]")

    def test_close_the_calendar(self):
        closed = national_holidays("DE", years=range(2026, 2028), subdivision="BE")
        calendar = WorkCalendar(zone=BERLIN, holidays=closed)
        good_friday, women = date(2026, 4, 3), date(2026, 3, 8)

        assert {good_friday, women, date(2027, 1, 1)} <= closed
        assert {day.year for day in closed} == {2026, 2027}
        assert not calendar.is_open(good_friday)

    def test_without_a_subdivision_are_those_of_the_whole_country(self):
        assert date(2026, 3, 8) not in national_holidays("DE", years=[2026])

    @pytest.mark.parametrize("country", ["XX", "de", "", None, ["DE"], "D" * 1_000])
    def test_of_no_country_are_refused(self, country):
        with pytest.raises(UnknownName, match=r"a country such as DE.*legal: ") as caught:
            national_holidays(country, years=[2026])

        assert caught.value.where == "country"
        assert len(str(caught.value)) < 300

    def test_of_no_subdivision_are_refused_with_a_hint(self):
        with pytest.raises(UnknownName, match=r"a subdivision of DE.*did you mean 'BE'"):
            national_holidays("DE", years=[2026], subdivision="BEE")


class TestNationalHolidaysAreAskedFor:
    @pytest.mark.parametrize(
        "years",
        [[], range(2026, 2026), [1969], [2200], ["2026"], range(2026, 10**12), 2026, None, count()],
    )
    def test_with_years(self, years):
        with pytest.raises(InvalidValue, match=r"years from 1970 to 2199, such as range") as caught:
            national_holidays("DE", years=years)

        assert caught.value.where == "years"

    def test_with_the_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "holidays", None)
        with pytest.raises(MissingExtra, match=r"leadlib\[holidays\]"):
            national_holidays("DE", years=[2026])


class TestSpan:
    def test_reads_aloud(self):
        spans = [hours(24), hours(1), days(14), days(1), working_hours(8), working_days(1)]

        assert [str(span) for span in spans] == [
            "24 hours",
            "1 hour",
            "14 days",
            "24 hours",
            "8 working hours",
            "1 working day",
        ]

    @pytest.mark.parametrize(
        ("span", "text"),
        [
            (hours(0.5), "0.5 hours"),
            (hours(0.0625), "0.0625 hours"),
            (hours(36), "36 hours"),
            (days(3_660), "3660 days"),
            (working_hours(2_400), "2400 working hours"),
            (hours(1 / 3), "20 minutes"),
            (working_hours(1 / 60), "1 working minute"),
            (Span(timedelta(hours=1_000, minutes=20)), "60020 minutes"),
            (Span(timedelta(seconds=1)), "1 second"),
            (Span(timedelta(seconds=0.25)), "0.25 seconds"),
            (Span(timedelta(days=3_659, microseconds=1)), "316137600.000001 seconds"),
            (Span(timedelta(microseconds=36)), "0.000036 seconds"),
        ],
    )
    def test_prints_every_digit(self, span, text):
        assert str(span) == text
        assert Span.parse(text) == span

    @pytest.mark.parametrize(
        ("text", "span"),
        [
            ("24 hours", hours(24)),
            ("1 day", hours(24)),
            ("01.50 hour", hours(1.5)),
            ("90 minutes", hours(1.5)),
            ("90 working minutes", working_hours(1.5)),
            ("8 working hours", working_hours(8)),
            ("1 working day", working_days(1)),
            ("2 working days", working_days(2)),
            ("2.0 working days", working_days(2)),
            ("14 days", days(14)),
        ],
    )
    def test_is_read_as_it_is_said(self, text, span):
        assert Span.parse(text) == span

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "24",
            "hours",
            "24 Hours",
            "24  hours",
            " 24 hours",
            "24 hours\n",
            "24h",
            "1e3 hours",
            "1,5 hours",
            ".5 hours",
            "1. hours",
            "-1 hours",
            "+1 hours",
            "٢ hours",
            "nan hours",
            "2 weeks",
            "2 days working",
            "0.0000000001 hours",
            "0.0000001 seconds",
            "1" * 10 + " hours",
            "1" * 10_000 + " hours",
            "9" * 9 + "." + "9" * 9 + " days",
        ],
    )
    def test_any_other_text_is_refused(self, text):
        with pytest.raises(InvalidValue, match=r"a span such as 24 hours.* in another form"):
            Span.parse(text)

    @pytest.mark.parametrize("text", [None, 24, b"24 hours", timedelta(1)])
    def test_what_is_no_text_is_refused(self, text):
        with pytest.raises(InvalidValue, match="a span such as 24 hours"):
            Span.parse(text)

    def test_text_keeps_the_bounds_of_a_span(self):
        with pytest.raises(InvalidValue, match="a span above zero"):
            Span.parse("0 hours")
        with pytest.raises(InvalidValue, match="a whole number of working days"):
            Span.parse("1.5 working days")
        with pytest.raises(LimitExceeded, match="at most ten years"):
            Span.parse("3661 days")
        with pytest.raises(LimitExceeded, match="at most ten years"):
            Span.parse("9" * 9 + " working days")

    @given(st.timedeltas(timedelta(microseconds=1), timedelta(days=3_660)), st.sampled_from(Clock))
    def test_text_and_span_are_one(self, length, clock):
        if clock is Clock.WORKING_DAYS:
            length = timedelta(days=length.days or 1)
        span = Span(length, clock)

        assert Span.parse(str(span)) == span

    @given(st.integers(1, 3_660 * 24 * 60))
    def test_text_and_whole_minutes_are_one(self, minutes):
        span = Span(timedelta(minutes=minutes))

        assert Span.parse(str(span)) == span

    def test_is_above_zero(self):
        with pytest.raises(InvalidValue, match="a span above zero"):
            Span(timedelta(0), Clock.ELAPSED)

    @pytest.mark.parametrize("make", [hours, days, working_hours, working_days])
    @pytest.mark.parametrize(
        "count", [float("nan"), float("-inf"), 0, -1, -(10**400), "8", None, True, Decimal(8)]
    )
    def test_is_made_of_a_number_above_zero(self, make, count):
        with pytest.raises(InvalidValue, match=r"a (whole )?number"):
            make(count)

    @pytest.mark.parametrize("count", [0.5, 1.5, 2.0, float("inf")])
    def test_working_days_are_whole(self, count):
        with pytest.raises(InvalidValue, match="a whole number of working days from 1 on"):
            working_days(count)
        with pytest.raises(InvalidValue, match="a whole number of working days from 1 on"):
            Span(timedelta(days=1.5), Clock.WORKING_DAYS)

    @pytest.mark.parametrize("make", [hours, days, working_hours, working_days])
    @pytest.mark.parametrize("count", [10**7, 10**400])
    def test_is_at_most_ten_years(self, make, count):
        with pytest.raises(LimitExceeded, match="at most ten years"):
            make(count)
        with pytest.raises(LimitExceeded, match="at most ten years"):
            Span(timedelta(days=10**7))

    @pytest.mark.parametrize("count", [1e12, float("inf")])
    def test_far_too_many_hours_are_beyond_ten_years(self, count):
        with pytest.raises(LimitExceeded, match="at most ten years"):
            hours(count)

    def test_ten_years_after_the_last_day_is_an_instant(self):
        last = datetime(2199, 12, 31, 23, tzinfo=UTC)

        assert OFFICE.after(last, days(3_660)) == last + timedelta(days=3_660)


instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
pauses = st.lists(st.tuples(instants, instants).map(sorted), max_size=4)
clocks = st.sampled_from([Clock.ELAPSED, Clock.WORKING_HOURS])


@st.composite
def spans(draw):
    length = draw(st.timedeltas(timedelta(microseconds=1), timedelta(hours=300)))
    return Span(length, draw(clocks))


@st.composite
def windows(draw):
    """Draw up to two windows of a day and perhaps a night."""
    times = st.times(time(0, 1)).map(lambda moment: moment.replace(second=0, microsecond=0))
    ends = sorted(draw(st.lists(times, max_size=5, unique=True)))
    pairs = [*zip(ends[::2], ends[1::2], strict=False)]
    night = [(ends[-1], draw(st.just(time(0)) | st.just(ends[0])))] if len(ends) % 2 else []
    return pairs + [(opens, closes) for opens, closes in night if opens != closes]


@st.composite
def calendars(draw):
    dates = st.dates(date(2026, 1, 1), date(2026, 12, 31))
    some_day = draw(st.integers(0, 6))
    return WorkCalendar(
        zone=draw(st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"])),
        hours=draw(st.dictionaries(st.integers(0, 6), windows(), max_size=3))
        | {some_day: [(time(9), time(12)), (time(13), time(17)), (time(22), time(6))]},
        holidays=draw(st.sets(dates, max_size=5)),
        special=draw(st.dictionaries(dates, windows(), max_size=3)),
    )


class TestLaws:
    @given(calendars(), instants, spans(), pauses)
    def test_elapsed_undoes_the_deadline_which_is_the_earliest(self, calendar, start, span, stops):
        due = calendar.after(start, span, pauses=stops)
        tick = timedelta(microseconds=1)

        def elapsed(until):
            return calendar.elapsed(start, until, clock=span.clock, pauses=stops)

        assert [elapsed(due), elapsed(due - tick)] == [span.length, span.length - tick]

    @given(calendars(), instants, instants, instants, clocks, pauses)
    def test_time_adds_up(self, calendar, one, two, three, clock, stops):
        first, second, third = sorted([one, two, three])

        def elapsed(start, end):
            return calendar.elapsed(start, end, clock=clock, pauses=stops)

        assert elapsed(first, second) + elapsed(second, third) == elapsed(first, third)
        assert timedelta(0) <= elapsed(first, second) <= second - first

    @given(calendars(), instants, instants, spans(), spans(), pauses)
    def test_later_starts_and_longer_spans_end_later(self, calendar, one, two, short, long, stops):
        early, late = sorted([one, two])
        short, long = (Span(length, short.clock) for length in sorted([short.length, long.length]))
        due = calendar.after(early, short, pauses=stops)

        assert due <= calendar.after(late, short, pauses=stops)
        assert due <= calendar.after(early, long, pauses=stops)

    @given(instants, spans(), pauses, instants, st.randoms(use_true_random=False))
    def test_the_order_of_pauses_is_none_and_a_pause_may_be_cut(
        self, start, span, stops, middle, chance
    ):
        cut = [
            part
            for begin, end in stops
            for part in (
                [(begin, middle), (middle, end)] if begin < middle < end else [(begin, end)]
            )
        ]
        chance.shuffle(cut)

        assert OFFICE.after(start, span, pauses=cut) == OFFICE.after(start, span, pauses=stops)

    @given(calendars(), instants, spans(), pauses, instants)
    def test_an_open_pause_stops_a_clock_or_comes_too_late(
        self, calendar, start, span, stops, begin
    ):
        without = calendar.after(start, span, pauses=stops)
        with_it = calendar.after(start, span, pauses=[*stops, (begin, None)])
        ran = calendar.elapsed(start, begin, clock=span.clock, pauses=stops)

        assert with_it == (without if ran >= span.length else None)


class TestInstants:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-03-02T09:00:00Z", (2026, 3, 2, 9)),
            ("2026-03-02 09:00+01:00", (2026, 3, 2, 8)),
            ("2026-03-02T09:00:00.5-0530", (2026, 3, 2, 14, 30, 0, 500_000)),
            ("2026-03-02 09:00:00+00", (2026, 3, 2, 9)),
            ("2026-03-02T09:00:00.123456789Z", (2026, 3, 2, 9, 0, 0, 123_456)),
        ],
    )
    def test_are_read_with_their_offset(self, text, expected):
        assert instant(text) == datetime(*expected, tzinfo=UTC)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "2026-03-02",
            "2026-03-02T09:00",
            "2026-02-30T09:00Z",
            "2026-03-02T24:00Z",
            "2026-03-02T09:00:60Z",
            "2026-W10-1T09:00Z",
            "20260302T0900Z",
            "1772442000",
            "0001-01-01T00:00+23:59",
            "9999-12-31T23:59-23:59",
            "1969-12-31T23:59:59Z",
            "٢٠٢٦-03-02T09:00Z",
            "2026-03-02T09:00Z" + " " * 100,
        ],
    )
    def test_any_other_form_is_refused(self, text):
        with pytest.raises(InvalidValue):
            instant(text)

    def test_a_zone_places_local_times(self):
        assert instant("2026-03-02", zone=BERLIN) == berlin(2026, 3, 2)
        assert instant("2026-03-02T09:00Z", zone=BERLIN) == datetime(2026, 3, 2, 9, tzinfo=UTC)

    @pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:00", "1969-06-01"])
    @pytest.mark.parametrize("name", ["Asia/Tokyo", "America/Lima"])
    def test_far_local_times_are_refused(self, text, name):
        with pytest.raises(InvalidValue, match="a year from 1970 to 2199"):
            instant(text, zone=ZoneInfo(name))

    def test_a_skipped_time_is_the_end_of_the_gap(self):
        assert instant("2026-03-29 02:30", zone=BERLIN) == berlin(2026, 3, 29, 3)

    def test_a_skipped_midnight_is_the_first_instant_of_the_day(self):
        sao_paulo = ZoneInfo("America/Sao_Paulo")

        assert instant("2018-11-04", zone=sao_paulo) == datetime(2018, 11, 4, 3, tzinfo=UTC)

    def test_of_two_times_the_first_counts(self):
        assert instant("2026-10-25 02:30", zone=BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    @pytest.mark.parametrize(
        "name", ["", "Europe/Nowhere", "../etc/passwd", "Europe", "A" * 500, "\0"]
    )
    def test_zones_that_are_none_are_refused(self, name):
        with pytest.raises(UnknownName, match="IANA time zone"):
            zone_named(name)


class TestClosing:
    """A call-back of 6 June 2026, a Saturday, is due by the end of Monday (004-37)."""

    @pytest.mark.rule("004-37")
    def test_rolls_forward_to_the_next_open_day(self):
        new_york = ZoneInfo("America/New_York")
        office = WorkCalendar(zone=new_york)

        assert office.closing(date(2026, 6, 6)) == datetime(2026, 6, 8, 17, tzinfo=new_york)
        assert office.closing(date(2026, 6, 5)) == datetime(2026, 6, 5, 17, tzinfo=new_york)

    def test_is_that_of_the_last_window_and_of_single_days(self):
        friday = date(2026, 6, 5)
        lunch = WorkCalendar(hours={4: [(time(13), time(16)), (time(9), time(12))]})
        night = WorkCalendar(hours={4: [(time(22), time(6))]})
        half = WorkCalendar(special={friday: [(time(9), time(12))]})
        closed = WorkCalendar(special={friday: []})

        assert lunch.closing(friday) == datetime(2026, 6, 5, 16, tzinfo=UTC)
        assert night.closing(friday) == datetime(2026, 6, 6, 6, tzinfo=UTC)
        assert half.closing(friday) == datetime(2026, 6, 5, 12, tzinfo=UTC)
        assert closed.closing(friday) == datetime(2026, 6, 8, 17, tzinfo=UTC)

    def test_refuses_what_is_no_date_and_who_never_opens(self):
        with pytest.raises(InvalidValue, match="a plain date"):
            WorkCalendar().closing(datetime(2026, 6, 6, tzinfo=UTC))
        years = {date(2026, 1, 2) + timedelta(days=7 * n) for n in range(600)}
        with pytest.raises(LimitExceeded):
            WorkCalendar(hours={4: [(time(9), time(12))]}, holidays=years).closing(date(2026, 1, 1))


class TestWorkingDays:
    """What begins while nobody is there counts from when somebody is."""

    OFFICE = WorkCalendar(
        hours={day: [(time(9), time(12)), (time(13), time(17))] for day in range(5)}
    )
    NIGHT = WorkCalendar(hours={day: [(time(22), time(6))] for day in range(5)})

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ((2, 10), (3, 10)),  # Monday, to the same hour of Tuesday
            ((2, 12, 30), (3, 12, 30)),  # a break at noon is in the day
            ((2, 7), (3, 9)),  # before opening: as from nine
            ((2, 17), (3, 17)),  # at the very end of the day
            ((2, 17, 1), (4, 9)),  # after it: as from Tuesday at nine
            ((6, 17), (9, 17)),  # Friday evening
            ((7, 7), (10, 9)),  # Saturday: as from Monday at nine
        ],
    )
    def test_begin_when_the_team_is_there(self, start, end):
        begin, due = (datetime(2026, 3, *moment, tzinfo=UTC) for moment in (start, end))

        assert self.OFFICE.after(begin, working_days(1)) == due

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ((3, 5), (4, 5)),  # in the night of Monday, to the same hour of the next night
            ((7, 5), (10, 5)),  # in that of Friday, to that of Monday
            ((7, 12), (10, 22)),  # Saturday noon: as from Monday at 22
            ((2, 23), (3, 23)),
        ],
    )
    def test_belong_to_the_night_in_which_they_begin(self, start, end):
        begin, due = (datetime(2026, 3, *moment, tzinfo=UTC) for moment in (start, end))

        assert self.NIGHT.after(begin, working_days(1)) == due

    @given(st.integers(0, 60 * 24 * 28), st.integers(1, 9))
    def test_are_never_over_before_the_team_has_worked(self, minute, count):
        start = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minute)
        due = self.OFFICE.after(start, working_days(count))

        assert self.OFFICE.elapsed(start, due) == count * timedelta(hours=7)

    def test_say_which_day_has_no_windows(self):
        wrong = [(time(9), time(12)), (time(11), time(17))]
        with pytest.raises(InvalidValue, match=r"a list of windows such as .* @ hours\[0\]"):
            WorkCalendar(hours={0: wrong})
        with pytest.raises(InvalidValue, match=r"weekdays 0 to 6 .*got 7"):
            WorkCalendar(hours={7: [(time(9), time(12))]})
