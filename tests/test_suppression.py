"""Who said no stays suppressed, by a hash that tells nobody who it was."""

import hashlib
import hmac
import pickle

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, an_inquiry
from leadlib import limits
from leadlib.consolidation import consolidate
from leadlib.errors import InvalidValue, LeadlibError, LimitExceeded
from leadlib.lifecycle import Erased, Inquired, OptedOut, forgotten
from leadlib.model import Consent, Lead, PermissionReason
from leadlib.nurture import Cadence, Step, SuppressionList, laws_for, opt_outs

KEY = b"0123456789abcdef0123456789abcdef"
OTHER = b"another key of thirty-two bytes."


def steps(*days):
    return [Step(send=f"touch {day}", after=relativedelta(days=day)) for day in days]


def a_list(*people, at=MONDAY, **more):
    return SuppressionList.start(KEY).add(people, at=at, key=KEY, **more)


class TestHash:
    def test_is_the_keyed_one_of_the_identity_key(self):
        """Worked out by the standard library, from the address as consolidation knows it."""
        expected = hmac.new(KEY, b"mail:ada@example.com", hashlib.sha256).hexdigest()

        assert a_list(an_inquiry(mail=" ADA@Example.com ")).entries == {expected: MONDAY}

    @pytest.mark.rule("L3", part="erasure keeps only a keyed hash")
    def test_contains_no_personal_data(self):
        ada = an_inquiry(mail="ada@example.com", phone="+49 30 123456", name="Ada Lovelace")
        kept = a_list(ada)
        shown = f"{kept!r}{kept}{kept.entries}{kept.key_id}".lower()

        for said in ("ada", "example", "123456", "lovelace", KEY.decode()):
            assert said not in shown
        plain = {hashlib.sha256(b"mail:ada@example.com").hexdigest()}
        assert not plain & set(kept.entries)

    def test_differs_by_key(self):
        other = SuppressionList.start(OTHER).add([an_inquiry()], at=MONDAY, key=OTHER)

        assert not set(other.entries) & set(a_list(an_inquiry()).entries)


class TestList:
    def test_knows_an_address_however_it_is_written(self):
        kept = a_list(an_inquiry(mail="ada@example.com", phone="+49 (0)30 123456"))

        assert kept.since(mail="Ada@EXAMPLE.com ", key=KEY) == MONDAY
        assert kept.since(phone="0049 30 123-456", key=KEY) == MONDAY
        assert kept.since(mail="eve@example.com", phone="+49 30 123456", key=KEY) == MONDAY
        assert kept.since(mail="eve@example.com", key=KEY) is None

    def test_knows_national_numbers_by_their_region(self):
        pytest.importorskip("phonenumbers")
        kept = a_list(an_inquiry(phone="030 123456"), region="DE")

        assert kept.since(phone="+49 30 123456", key=KEY, region="DE") == MONDAY

    def test_takes_all_addresses_of_a_lead(self):
        inquiries = [an_inquiry(f"i-{n}", mail=f"ada{n}@example.com") for n in range(3)]
        kept = a_list(Lead(id="i-0", inquiries=inquiries))

        assert all(kept.since(mail=each.mail, key=KEY) for each in inquiries)

    def test_keeps_the_later_no(self):
        kept = a_list(an_inquiry(), at=MONDAY + DAY)

        for at in (MONDAY, MONDAY + 2 * DAY):
            both = kept.add([an_inquiry()], at=at, key=KEY)
            assert both.since(mail="ada@example.com", key=KEY) == max(at, MONDAY + DAY)

    def test_is_plain_data(self):
        kept = a_list(an_inquiry())

        assert SuppressionList(key_id=kept.key_id, entries=dict(kept.entries)) == kept
        assert pickle.loads(pickle.dumps(kept)) == kept
        assert repr(kept) == "<SuppressionList of 1 address>"
        assert repr(SuppressionList.start(KEY)) == "<SuppressionList of 0 addresses>"

    def test_is_never_changed(self):
        empty = SuppressionList.start(KEY)
        empty.add([an_inquiry()], at=MONDAY, key=KEY)

        assert empty.entries == {}
        with pytest.raises(TypeError):
            empty.entries["0" * 64] = MONDAY

    @given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8), st.integers(0, 8))
    def test_adds_up_in_any_order(self, noes, cut):
        def added(some):
            kept = SuppressionList.start(KEY)
            for who, day in some:
                person = an_inquiry(mail=f"{who}@example.com")
                kept = kept.add([person], at=MONDAY + day * DAY, key=KEY)
            return kept

        assert added(noes[:cut]) | added(noes[cut:]) == added(noes[::-1])


class TestScenario:
    @pytest.mark.rule("law-9", part="erasure cancels, and a re-import stays suppressed")
    def test_of_bob(self):
        """Scenario 6.1, step A13."""
        bob = an_inquiry("i-2", mail="bob@example.com")
        [lead] = consolidate([bob])
        said, erased = MONDAY + 3 * DAY, MONDAY + 4 * DAY
        log = [Inquired(lead="i-2", at=MONDAY), OptedOut(lead="i-2", at=said)]
        touches = Cadence("c", steps=steps(0, 2, 3, 4, 7, 14)).plan(
            lead, enrolled=MONDAY, history=log
        )
        kept = a_list(lead, at=said)
        log = forgotten(log, at=erased)

        assert [touch.state for touch in touches] == ["planned"] * 2 + ["cancelled"] * 4
        assert isinstance(log[-1], Erased)
        assert "bob" not in f"{log}{kept.entries}"
        again = an_inquiry("i-9", at=MONDAY + 30 * DAY, mail="BOB@example.com")
        records = [
            Consent(at=again.at, basis="express", channel="mail"),  # so the import says
            *kept.opt_outs(again, key=KEY),
        ]
        ask = {"channel": "mail", "at": again.at}
        assert laws_for("US-NY").permission(records, **ask).why is PermissionReason.OPTED_OUT
        own = Consent(at=again.at, basis="express", channel="mail", by_person=True)
        assert laws_for("US-NY").permission([*records, own], **ask)

    def test_an_old_opt_in_that_is_imported_again_clears_nothing(self):
        old = Consent(at=MONDAY, basis="express", channel="mail", by_person=True)
        kept = a_list(an_inquiry(), at=MONDAY + DAY)
        records = [old, *kept.opt_outs(an_inquiry(), key=KEY)]

        assert not laws_for("US-NY").permission(records, channel="mail", at=MONDAY + 9 * DAY)

    def test_erasure_cancels_all_touches(self):
        [lead] = consolidate([an_inquiry()])
        log = [Inquired(lead="i-1", at=MONDAY), Erased(lead="i-1", at=MONDAY + DAY)]

        [touch] = Cadence("c", steps=steps(2)).plan(lead, enrolled=MONDAY, history=log)
        assert touch.state == "cancelled"
        assert [str(each.purpose) for each in opt_outs(log)] == ["None"]


class TestBadInput:
    @pytest.mark.parametrize("key", [None, "a key as text, long enough", b"", b"short"])
    def test_of_a_key_is_refused_and_not_shown(self, key):
        with pytest.raises(InvalidValue) as caught:
            SuppressionList.start(key)

        assert "long enough" not in str(caught.value)

    def test_of_another_key_is_refused(self):
        """The answer would be a wrong no."""
        kept = a_list(an_inquiry())
        for ask in (
            lambda: kept.since(mail="ada@example.com", key=OTHER),
            lambda: kept.add([], at=MONDAY, key=OTHER),
            lambda: kept.opt_outs(an_inquiry(), key=OTHER),
            lambda: kept | SuppressionList.start(OTHER),
        ):
            with pytest.raises(InvalidValue, match="the key of this list"):
                ask()

    @pytest.mark.parametrize(
        "entries", [None, [], {"ada@example.com": MONDAY}, {"0" * 64: None}, {"G" * 64: MONDAY}]
    )
    def test_of_entries_is_refused(self, entries):
        with pytest.raises(InvalidValue) as caught:
            SuppressionList(key_id="0" * 16, entries=entries)

        assert "ada" not in str(caught.value)

    def test_of_a_question_is_refused(self):
        kept = a_list(an_inquiry())
        for ask in (
            lambda: kept.since(key=KEY),
            lambda: kept.since(mail=7, key=KEY),
            lambda: kept.since(mail="x" * 300, key=KEY),
            lambda: kept.since(mail="\ud800@example.com", key=KEY),
            lambda: kept.add(["ada@example.com"], at=MONDAY, key=KEY),
            lambda: kept.opt_outs("ada@example.com", key=KEY),
        ):
            with pytest.raises(LeadlibError) as caught:
                ask()
            assert "ada" not in str(caught.value)
        with pytest.raises(TypeError):
            kept | {}

    def test_of_too_many_entries_is_refused(self, monkeypatch):
        monkeypatch.setattr(limits, "ROWS", 1)
        with pytest.raises(LimitExceeded):
            a_list(an_inquiry(), an_inquiry(mail="eve@example.com"))
