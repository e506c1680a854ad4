"""Every inquiry in exactly one lead, whatever the order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, an_inquiry
from leadlib.consolidation import consolidate, mail_key, phone_key
from leadlib.errors import ConflictError, InvalidValue, UnknownName


def inquiries(count=12):
    """Inquiries that overlap in mail, phone, both or neither."""
    person = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 3)).filter(any)
    return st.lists(person, max_size=count).map(
        lambda drawn: [
            an_inquiry(
                f"i-{number}",
                MONDAY + day * DAY,
                mail=f"p{mail}@example.com" if mail else None,
                phone=f"+49 30 12345{phone}" if phone or not mail else None,
            )
            for number, (mail, phone, day) in enumerate(drawn)
        ]
    )


class TestConsolidate:
    @pytest.mark.rule("003-32")
    def test_gathers_five_inquiries_of_two_persons(self):
        taken = [
            an_inquiry("i-1", mail="ada@example.com"),
            an_inquiry("i-2", mail=" ADA@EXAMPLE.COM "),
            an_inquiry("i-3", mail="ada@example.com", phone="+49 30 123456"),
            an_inquiry("i-4", mail=None, phone="030 123456"),
            an_inquiry("i-5", mail="bob@example.com"),
        ]
        leads = consolidate(taken, region="DE")

        assert [len(lead.inquiries) for lead in leads] == [4, 1]

    @pytest.mark.rule("002-12", part="the same table twice adds nothing")
    def test_the_same_table_twice_adds_nothing(self):
        table = [an_inquiry(f"i-{n}", mail=f"p{n}@example.com") for n in range(120)]

        assert len(consolidate(table)) == 120
        assert consolidate(table + table) == consolidate(table)

    def test_joins_persons_through_a_third_inquiry(self):
        mail = an_inquiry("i-1", mail="a@example.com")
        phone = an_inquiry("i-2", mail=None, phone="+49301234")
        both = an_inquiry("i-3", mail="a@example.com", phone="+49301234")

        assert len(consolidate([mail, phone])) == 2
        assert len(consolidate([mail, phone, both])) == 1

    def test_takes_the_id_of_the_first_inquiry(self):
        late = an_inquiry("i-1", MONDAY + DAY)
        early = an_inquiry("i-2", MONDAY)

        assert consolidate([late, early])[0].id == "i-2"

    def test_a_switchboard_joins_nobody(self):
        """A number with more than three addresses belongs to the firm."""
        staff = [
            an_inquiry(f"i-{n}", mail=f"p{n}@firm.example", phone="+49 30 900") for n in range(4)
        ]

        assert len(consolidate(staff[:3])) == 1
        assert len(consolidate(staff)) == 4

    def test_look_alikes_are_not_merged(self):
        """The Cyrillic letter that looks like a Latin one makes another address."""
        latin, other = (
            an_inquiry("i-1", mail="ada@a.example"),
            an_inquiry("i-2", mail="\u0430da@a.example"),
        )

        assert len(consolidate([latin, other])) == 2

    def test_two_contents_under_one_id_are_refused(self):
        with pytest.raises(ConflictError, match="equal inquiries under one id"):
            consolidate([an_inquiry("i-1", source="web"), an_inquiry("i-1", source="fair")])

    def test_takes_inquiries_only(self):
        with pytest.raises(InvalidValue, match="expected inquiries, got a dict"):
            consolidate([{"id": "i-1"}])

    def test_nothing_gives_nothing(self):
        assert consolidate([]) == ()


class TestKeys:
    def test_dots_and_plus_signs_stay(self):
        assert mail_key("a.b+c@example.com") != mail_key("ab@example.com")

    @pytest.mark.parametrize(
        "phone", ["+49 30 123456", "0049 30 123456", "+49 (0)30 12-34-56", "+49/30/123456"]
    )
    def test_international_numbers_are_written_in_many_ways(self, phone):
        assert phone_key(phone) == "phone:+4930123456"

    @pytest.mark.parametrize("phone", ["030 123456", "+49 30 123456", "0049 30 123456"])
    def test_a_region_makes_national_numbers_international(self, phone):
        assert phone_key(phone, region="DE") == "phone:+4930123456"

    def test_what_the_library_cannot_read_keeps_its_digits(self):
        assert phone_key("9" * 30, region="DE") == phone_key("9" * 30)

    @pytest.mark.parametrize("region", ["XX", "", ["DE"], 49])
    def test_an_unknown_region_is_named(self, region):
        with pytest.raises(UnknownName, match="a region such as DE"):
            phone_key("030 1", region=region)

    def test_an_extension_is_part_of_the_number(self):
        keys = [phone_key(f"+49 30 123456 {end}", region="DE") for end in ("ext. 12", "x13", "")]

        assert len(set(keys)) == 3
        assert phone_key("030 123456 ext. 12", region="DE") == keys[0]

    @pytest.mark.parametrize("value", [None, 5, b"ada@example.com", ["ada@example.com"]])
    @pytest.mark.parametrize("key", [mail_key, phone_key])
    def test_are_made_of_text(self, key, value):
        with pytest.raises(InvalidValue, match="expected text, got"):
            key(value)


class TestLaws:
    @pytest.mark.rule("law-7")
    @given(inquiries())
    def test_every_inquiry_is_in_exactly_one_lead(self, taken):
        found = sorted(i.id for lead in consolidate(taken) for i in lead.inquiries)

        assert found == sorted(i.id for i in taken)

    @pytest.mark.rule("002-11")
    @given(inquiries(), st.randoms(use_true_random=False))
    def test_order_changes_nothing(self, taken, chance):
        shuffled = list(taken)
        chance.shuffle(shuffled)

        assert consolidate(shuffled) == consolidate(taken)

    @given(inquiries())
    def test_delivering_twice_changes_nothing(self, taken):
        assert consolidate(taken + taken[::2]) == consolidate(taken)

    @given(inquiries())
    def test_consolidating_leads_again_changes_nothing(self, taken):
        leads = consolidate(taken)

        assert consolidate(i for lead in leads for i in lead.inquiries) == leads
