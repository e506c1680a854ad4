"""
Merge fields: a message is personal where something is known, and reads well where nothing is.

A field is written ``{interest|our products}``: a name, and what stands there if nothing is known.
Without a fallback the message is held rather than sent with a hole.  Nothing else of the content is
looked at.
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from html import escape
from typing import Any

import attrs

from leadlib import _fields, _text, limits
from leadlib.errors import InvalidValue
from leadlib.model import Lead

__all__ = ["Filled", "MessageForm", "Template", "merge_values"]

# Linear: what each repeats ends at the next brace.  Misspelt is a brace before words, whatever
# blanks are among them, up to its end, a fallback or a line end: style sheets have signs there.
_FIELD = re.compile(r"\{(?P<name>[^\W\d][\w.]*)(?:\|(?P<fallback>[^{}]*))?\}")
_MISSPELT = re.compile(
    r"\{\{|\{[\w. \-]*(?:\||\}|\Z)|\{\s*\w[\w.\s\-\u200b-\u200f\u2060\ufeff]*(?:\||\}|\n|\Z)"
)
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # letters of a name, in some scripts
_WRITTEN = "merge fields such as {name} or {interest|our products}"


class MessageForm(StrEnum):
    """
    What a message is written in; values are escaped for it.

    Example:
        >>> print(MessageForm.HTML)
        html
    """

    TEXT = "text"
    HTML = "html"


@attrs.frozen(kw_only=True)
class Filled:
    """
    A message for one person, or what it lacks; made by :meth:`Template.fill`.

    Args:
        text: The message; None while it is held.
        missing: The fields of which nothing is known and that have no fallback.
    """

    text: str | None = attrs.field(repr=False)
    missing: tuple[str, ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether it cannot go out."""
        return self.text is None


def _as_form(form: object) -> MessageForm:
    return _fields.member(MessageForm, form, expected="a form of message", where="$.form")


def _as_content(text: object) -> str:
    """The content as it is: nothing is cleaned, trimmed or composed."""
    if not isinstance(text, str):
        raise InvalidValue(expected="text", got=_text.kind_of(text))
    if len(text) > limits.MESSAGE_CHARACTERS:
        expected = f"at most {limits.MESSAGE_CHARACTERS:,} characters"
        raise InvalidValue(expected=expected, got=f"{len(text):,}")
    return text


@attrs.frozen(repr=False, field_transformer=_fields.placed)
class Template:
    """
    A message, or its subject, with merge fields.

    Braces around anything else, as in a style sheet, are content and stay.

    Args:
        text: ``Hello {name|there}``.
        form: ``text`` or ``html``.

    Raises:
        InvalidValue: Too long, or a field that is none, such as ``{{name}}``, ``{first name}`` or
            ``{name``: it would go out as it stands.
        UnknownName: No such form.

    Example:
        >>> hello = Template("Hello {name|there}, more about {interest|our products}?")
        >>> hello.fill({"interest": "CIP"}).text
        'Hello there, more about CIP?'
        >>> Template("<p>Dear {name}</p>", form="html").fill({"name": "Ada <3"}).text
        '<p>Dear Ada &lt;3</p>'
        >>> Template("Dear {name}").fill({})
        Filled(missing=('name',))
    """

    text: str = attrs.field(converter=_as_content)
    form: MessageForm = attrs.field(default=MessageForm.TEXT, converter=_as_form, kw_only=True)

    def __attrs_post_init__(self) -> None:
        found = _MISSPELT.search(_FIELD.sub(_as_blank, self.text))
        if found is not None:
            line = self.text.count("\n", 0, found.start()) + 1
            raise InvalidValue(expected=_WRITTEN, got="another brace", where=f"line {line}")

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields, each once, in their order."""
        return tuple(dict.fromkeys(found["name"] for found in _FIELD.finditer(self.text)))

    def fill(self, values: Mapping[str, object]) -> Filled:
        """
        Put values into the fields; no field remains in what goes out.

        A value is text, a number or a date.  What is blank, longer than 255 characters, or holds a
        brace, is none: it would be read as a field, or is no name.  It is put on one line, as
        subjects are, without letters that nobody sees, and escaped in HTML.

        Args:
            values: By field; see :func:`merge_values`.

        Returns:
            The message, or the fields for which it is held.
        """
        _fields.check_type(values, Mapping, "values")
        missing: dict[str, None] = {}

        def put(found: re.Match[str]) -> str:
            said = _said(values.get(found["name"]))
            if said is not None:
                return escape(said) if self.form is MessageForm.HTML else said
            if found["fallback"] is None:
                missing[found["name"]] = None
            return found["fallback"] or ""

        text = _FIELD.sub(put, self.text)
        return Filled(text=None if missing else text, missing=tuple(missing))

    def __repr__(self) -> str:
        return f"<Template in {self.form}: {_text.plural(len(self.fields), 'field')}>"


def _as_blank(found: re.Match[str]) -> str:
    """As many letters and lines as the field had, and no brace."""
    return re.sub(r"[^\n]", "-", found[0])


def _said(value: Any) -> str | None:
    """A value as people read it; None if it is nothing to put into a message."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal | date):
        return None
    if not isinstance(value, str):
        return value.isoformat() if isinstance(value, date) else _number(value)
    if len(value) > limits.ID_CHARACTERS or set("{}") & set(value):
        return None
    seen = "".join(c for c in " ".join(value.split()) if c.isprintable() or c in _JOINERS)
    return seen if seen.strip(_JOINERS + " ") else None


def _number(value: float | Decimal) -> str | None:
    try:
        number = _fields.finite(value)
    except InvalidValue:
        return None
    return f"{number:f}" if isinstance(number, Decimal) else str(number)


def merge_values(lead: Lead) -> dict[str, object]:
    """
    Give what is known of a lead for :meth:`Template.fill`: personal data, mind where it goes.

    Args:
        lead: Its latest *name*, its *interest*, the topic it asked about most often (of several the
            latest), its *source* and *campaign*, and its facts by their names.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import Inquiry, Lead
        >>> form = Inquiry(id="i-1", at=datetime(2026, 3, 2, tzinfo=UTC), source="web form",
        ...                mail="ada@example.com", interests=["CIP"], facts={"staff": 60})
        >>> merge_values(Lead(id="i-1", inquiries=[form]))
        {'staff': 60, 'source': 'web form', 'interest': 'CIP'}
    """
    _fields.check_type(lead, Lead, "lead")
    latest = [*reversed(lead.inquiries)]
    topics = Counter(topic for inquiry in latest for topic in reversed(inquiry.interests))
    known = {
        "source": lead.source,
        "campaign": lead.campaign,
        "name": next((inquiry.name for inquiry in latest if inquiry.name), None),
        "interest": max(topics, key=topics.__getitem__, default=None),
    }
    return {**lead.values, **{name: value for name, value in known.items() if value is not None}}
