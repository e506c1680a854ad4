"""Channels by whatever name they are given: an opt-out by another spelling is an opt-out."""

from datetime import time

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_lead
from leadlib.errors import InvalidValue, UnknownName
from leadlib.lifecycle import Attempted, OptedOut
from leadlib.model import Consent, OptOut, permission
from leadlib.nurture import (
    Cadence,
    Cap,
    QuietHours,
    SentTouch,
    Step,
    TouchReason,
    laws_for,
)

MAIL = ["mail", "Mail", "email", "E-Mail", "e-mail", "e mail", "EMAIL", " email "]
OTHERS = [
    ("Telephone", "phone"),
    ("call", "phone"),
    ("SMS", "sms"),
    ("text", "sms"),
    ("letter", "post"),
    ("robocall", "auto call"),
    ("auto_call", "auto call"),
    ("WhatsApp", "whatsapp"),
    ("voicemail", "voicemail"),
    ("fax", "fax"),
]


def one_step(channel):
    return Cadence("c", steps=[Step(send="a", after=relativedelta(), channel=channel)])


class TestSpellings:
    @pytest.mark.parametrize("name", MAIL)
    @pytest.mark.rule("000-20", part="an opt-out of a channel by any of its names")
    def test_an_opt_out_of_mail_holds_back_mail(self, name):
        consents = [
            Consent(at=MONDAY - DAY, basis="express", channel="mail", by_person=True),
            OptOut(at=MONDAY, channel=name),
        ]
        [recorded] = one_step("mail").plan(a_lead(), enrolled=MONDAY, consents=consents)
        [told] = one_step("mail").plan(
            a_lead(), enrolled=MONDAY, history=[OptedOut(lead="i-1", at=MONDAY, channel=name)]
        )

        assert recorded.reasons == told.reasons == (TouchReason.OPT_OUT,)
        assert not permission(consents, channel=name, at=MONDAY + DAY).is_allowed

    @pytest.mark.parametrize("name", MAIL)
    def test_no_spelling_gets_round_a_law(self, name):
        germany, record = laws_for("DE"), Consent(at=MONDAY, basis="presumed", channel=name)

        assert one_step(name).steps[0].channel == "mail"
        assert not germany.permission([record], channel=name, at=MONDAY + DAY).is_allowed
        assert germany.enough(name) == germany.enough("mail")
        assert germany.missing_parts([], channel=name)

    @pytest.mark.parametrize(("given", "meant"), OTHERS)
    def test_others_have_one_name_too(self, given, meant):
        record = {"id": "t", "lead": "i-1", "cadence": "c", "send": "a", "at": MONDAY}

        assert Step(send="a", after=relativedelta(), channel=given).channel == meant
        assert Attempted(lead="i-1", at=MONDAY, channel=given).channel == meant
        assert SentTouch(**record, channel=given).channel == meant
        assert Cap(1, relativedelta(days=1), given).channel == meant
        assert QuietHours(time(21), time(8), channel=given).channel == meant

    @pytest.mark.parametrize("slip", ["emial", "e-mial", "phon", "pohne", "maill", "autocal"])
    def test_a_slip_is_refused(self, slip):
        for make in (
            lambda: Step(send="a", after=relativedelta(), channel=slip),
            lambda: OptOut(at=MONDAY, channel=slip),
            lambda: Consent(at=MONDAY, basis="express", channel=slip),
            lambda: OptedOut(lead="i-1", at=MONDAY, channel=slip),
            lambda: laws_for("DE").enough(slip),
        ):
            with pytest.raises(UnknownName, match="a channel"):
                make()

    @given(st.text(max_size=30))
    def test_any_text_is_a_channel_that_stays_or_is_refused(self, text):
        try:
            once = OptOut(at=MONDAY, channel=text).channel
        except (InvalidValue, UnknownName):
            return
        assert OptOut(at=MONDAY, channel=once).channel == once
