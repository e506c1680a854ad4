"""A message is personal where something is known, and never shows a raw field."""

import re
import time as clock
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_lead, an_inquiry
from leadlib import limits
from leadlib.errors import InvalidValue, UnknownName
from leadlib.model import Lead
from leadlib.nurture import Filled, MessageForm, Template, merge_values

HELLO = "Hello {name|there}, more about {interest|our products}?"


def filled(text, form="text", **values):
    return Template(text, form=form).fill(values)


class TestFields:
    @pytest.mark.rule("000-20")
    def test_take_what_is_known_and_else_the_fallback(self):
        assert filled(HELLO, interest="CIP").text == "Hello there, more about CIP?"
        assert filled(HELLO, name="Ada").text == "Hello Ada, more about our products?"
        assert filled(HELLO).text == "Hello there, more about our products?"

    @pytest.mark.rule("000-20")
    def test_without_either_hold_the_message(self):
        held = filled("About {interest} for {name} and {interest}, {place|there}", place="Rome")

        assert held == Filled(text=None, missing=("interest", "name"))
        assert held.is_held
        assert not filled("About {interest}", interest="CIP").is_held

    def test_may_have_nothing_as_their_fallback(self):
        assert filled("Hello{name|}!").text == "Hello!"

    @pytest.mark.parametrize("nothing", [None, "", "  ", True, False, [], ["CIP"], {}, b"CIP"])
    @pytest.mark.parametrize(
        "odd", [float("nan"), float("inf"), Decimal("sNaN"), Decimal("1e1000000"), "x" * 256]
    )
    def test_take_no_value_that_is_none(self, nothing, odd):
        assert filled("{x|fallback}", x=nothing).text == "fallback"
        assert filled("{x|fallback}", x=odd).text == "fallback"

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("CIP", "CIP"),
            (60, "60"),
            (0, "0"),
            (1.5, "1.5"),
            (Decimal("10.50"), "10.50"),
            (Decimal("1e3"), "1000"),
            (date(2026, 3, 2), "2026-03-02"),
        ],
    )
    def test_take_text_numbers_and_dates(self, value, text):
        assert filled("{x}", x=value).text == text

    def test_may_be_any_words_of_a_lead(self):
        assert Template("{company.size} {größe|x} {name} {name}").fields == (
            "company.size",
            "größe",
            "name",
        )


class TestRawFields:
    @pytest.mark.rule("000-20")
    @pytest.mark.parametrize("value", ["{interest}", "{name|x}", "{", "}", "a {b} c", "{{name}}"])
    def test_do_not_come_in_by_a_value(self, value):
        assert filled(HELLO, name=value, interest="CIP").text == "Hello there, more about CIP?"

    @pytest.mark.rule("000-20")
    @pytest.mark.parametrize(
        "text",
        [
            "{{name}}",
            "{first name}",
            "{ name }",
            "{name",
            "Hello {name|",
            "{name|a{b}",
            "{}",
            "{1}",
            "{-}",
            "{name|{other}}",
        ],
    )
    def test_that_are_misspelt_are_refused(self, text):
        with pytest.raises(InvalidValue, match="merge fields such as"):
            Template(text)

    def test_that_are_misspelt_are_named_by_their_line(self):
        with pytest.raises(InvalidValue) as caught:
            Template("one {name}\ntwo\nthree {first name}")

        assert caught.value.where == "line 3"

    @pytest.mark.rule("000-20")
    @given(
        st.lists(
            st.sampled_from(
                ["{name}", "{name|there}", "{x.y|}", "text ", "p{color:red}", "\n", "&"]
            )
        ).map("".join),
        st.dictionaries(
            st.sampled_from(["name", "x.y", "other"]),
            st.none()
            | st.text(max_size=20)
            | st.sampled_from(["{name}", "<b>", "{x.y|"])
            | st.integers(),
        ),
        st.sampled_from(MessageForm),
    )
    def test_never_go_out(self, text, values, form):
        found = Template(text, form=form).fill(values)

        if found.text is None:
            assert set(found.missing) <= {"name"}
        else:
            assert re.findall(r"\{(?!color:red\})", found.text) == []
            assert found.missing == ()


class TestHtml:
    @pytest.mark.rule("000-20", part="escaped in HTML")
    def test_escapes_values_and_not_the_content(self):
        attack = "\"><script>alert('&')</script>"
        text = '<p title="{name}">Dear {name|<b>you</b>}</p>'

        assert filled(text, "html", name=attack).text == (
            '<p title="&quot;&gt;&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;">'
            "Dear &quot;&gt;&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;</p>"
        )
        assert filled("{name|<b>you</b>}", "html").text == "<b>you</b>"

    def test_is_not_escaped_in_text(self):
        assert filled("{name}", name="Müller & Sons <3").text == "Müller & Sons <3"

    @pytest.mark.parametrize("form", MessageForm)
    def test_no_value_begins_a_new_line(self, form):
        """A subject with two lines would be a second header."""
        text = filled("{name}", form, name="Ada\r\nBcc: eve@example.com\u202e\x07").text

        assert text == "Ada Bcc: eve@example.com"


class TestContent:
    @pytest.mark.rule("004-42", part="content is looked at for its fields only")
    @given(st.text(st.characters(exclude_characters="{}")), st.sampled_from(MessageForm))
    def test_stays_as_it_is(self, text, form):
        assert Template(text, form=form).fill({"name": "Ada"}).text == text

    @pytest.mark.rule("004-42", part="content is looked at for its fields only")
    @pytest.mark.parametrize(
        "text",
        [
            "@media print{a{color:red;margin:0}}",
            "p { color: red }",
            "{\n  color: red;\n}",
            "a } b",
            '{"json": 1}',
        ],
    )
    def test_keeps_braces_that_are_no_fields(self, text):
        assert Template(text).fill({}).text == text

    def test_may_be_long_and_costs_little(self):
        whole = limits.MESSAGE_CHARACTERS
        for text in ("{a" * (whole // 2), "{a|" + " " * (whole - 3), "{ " * (whole // 2)):
            started = clock.perf_counter()
            with pytest.raises(InvalidValue):
                Template(text)
            assert clock.perf_counter() - started < 2
        with pytest.raises(InvalidValue):
            Template("x" * (whole + 1))

    def test_never_shows(self):
        secret = "Dear ada@example.com {name}"

        assert repr(Template(secret)) == "<Template in text: 1 field>"
        assert repr(Template(secret).fill({"name": "Ada"})) == "Filled(missing=())"

    @pytest.mark.parametrize("text", [None, 7, b"text"])
    def test_is_text(self, text):
        with pytest.raises(InvalidValue):
            Template(text)
        with pytest.raises(UnknownName):
            Template("x", form="markdown")
        with pytest.raises(InvalidValue):
            Template("x").fill(["name"])


class TestMergeValues:
    def test_are_what_is_known_of_a_lead(self):
        lead = Lead(
            id="i-1",
            inquiries=[
                an_inquiry("i-1", name="Ada", interests=["SSO", "CIP"], facts={"staff": 60}),
                an_inquiry("i-2", at=MONDAY + DAY, name="A. L.", interests=["CIP"], campaign="c"),
            ],
        )

        assert merge_values(lead) == {
            "staff": 60,
            "name": "A. L.",
            "interest": "CIP",
            "source": "web form",
            "campaign": "c",
        }

    def test_of_equal_interests_are_the_latest(self):
        lead = Lead(
            id="i-1",
            inquiries=[
                an_inquiry("i-1", interests=["SSO"]),
                an_inquiry("i-2", at=MONDAY + DAY, interests=["CIP", "audit"]),
            ],
        )

        assert merge_values(lead)["interest"] == "audit"

    def test_leave_out_what_is_not(self):
        assert merge_values(a_lead()) == {"source": "web form"}
        with pytest.raises(InvalidValue):
            merge_values("i-1")


class TestWhatNobodySees:
    @pytest.mark.parametrize(
        "text",
        [
            "Dear {name\n\nWe write",
            "{name\N{NO-BREAK SPACE}}",
            "{first\N{NO-BREAK SPACE}name}",
            "{name\t}",
            "{name\n}",
            "{name\N{ZERO WIDTH SPACE}}",
            "{a{n|x\ny}b}",
        ],
    )
    def test_hides_no_misspelt_field(self, text):
        with pytest.raises(InvalidValue):
            Template(text)

    @pytest.mark.parametrize("form", ["text", "html"])
    def test_is_not_spelled_out_in_a_message(self, form):
        hello = Template("Dear {name|reader}", form=form)
        joined = "می\N{ZERO WIDTH NON-JOINER}نا"

        assert hello.fill({"name": joined}).text == f"Dear {joined}"
        assert hello.fill({"name": "\N{ZERO WIDTH SPACE}"}).text == "Dear reader"
        assert hello.fill({"name": "\N{ZERO WIDTH JOINER}"}).text == "Dear reader"
        assert hello.fill({"name": "Ada\N{RIGHT-TO-LEFT OVERRIDE}\x07 L"}).text == "Dear Ada L"

    def test_style_sheets_stay(self):
        text = "<style>\na {\n  color: red;\n}\n@media print { p { margin: 0 } }</style>"
        assert Template(text, form="html").fill({}).text == text
