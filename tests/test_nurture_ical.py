"""A plan as a calendar file, read back by the library that reads those of others."""

import sys
from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta

from builders import MONDAY, a_lead
from leadlib.errors import InvalidValue, MissingExtra
from leadlib.lifecycle import OptedOut
from leadlib.nurture import Cadence, Step, to_ical

STEPS = [
    Step(send="thank-you; and, more", after=relativedelta()),
    Step(send="x" * 200, after=relativedelta(days=5), channel="phone"),
]
CADENCE = Cadence("welcome", steps=STEPS)
MISSING = "icalendar is not installed: leadlib[ical]"
MADE = {"now": MONDAY, "domain": "example.com"}


class TestCalendarFile:
    def test_needs_its_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "icalendar", None)
        with pytest.raises(MissingExtra, match=r"leadlib\[ical\]"):
            to_ical(CADENCE.plan(a_lead(), enrolled=MONDAY), **MADE)

    @pytest.mark.parametrize(
        ("changed", "where"),
        [
            ({"lasting": timedelta(0)}, "lasting"),
            ({"lasting": 15}, "lasting"),
            ({"now": datetime(2026, 3, 2)}, "now"),
            ({"domain": ""}, "domain"),
        ],
    )
    def test_refuses_what_makes_none(self, changed, where):
        with pytest.raises(InvalidValue) as caught:
            to_ical([], **MADE | changed)

        assert caught.value.where == where

    def test_is_read_back_with_every_touch(self):
        icalendar = pytest.importorskip(
            "icalendar", reason="icalendar is not installed: leadlib[ical]"
        )
        out = OptedOut(lead="i-1", at=MONDAY + timedelta(days=2))
        plan = CADENCE.plan(a_lead(), enrolled=MONDAY, history=[out])
        text = to_ical(plan, **MADE)
        first, second = icalendar.Calendar.from_ical(text).walk("VEVENT")

        assert str(first["uid"]) == f"{plan[0].id}@example.com"
        assert first["dtstart"].dt == datetime(2026, 3, 2, 10, tzinfo=UTC)
        assert first["dtend"].dt - first["dtstart"].dt == timedelta(minutes=15)
        assert str(first["summary"]) == "thank-you; and, more by mail to i-1"
        assert (str(first["status"]), str(second["status"])) == ("CONFIRMED", "CANCELLED")
        assert str(second["description"]) == "OptedOut on 2026-03-04"
        assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
        assert text == to_ical(plan, **MADE)

    def test_refuses_what_is_no_touch(self):
        pytest.importorskip("icalendar", reason=MISSING)
        with pytest.raises(InvalidValue):
            to_ical(["touch"], **MADE)
