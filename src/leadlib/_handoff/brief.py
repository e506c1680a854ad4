"""The brief: one page for the rep, made of what was said, and honest about what was not."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._handoff.history import History, events_of
from leadlib._markup import html_list, in_html, in_markdown, on_one_line
from leadlib.errors import BriefIncomplete, ConflictError, InvalidValue, NotCertifiable
from leadlib.lifecycle import (
    HAND_OFFS,
    HandedBack,
    HandedOff,
    LeadEvent,
    Overridden,
    PassedOn,
    Rejected,
)
from leadlib.model import Campaign, Certificate, Fact, FactValue, Inquiry, Lead
from leadlib.qualification import Condition, Criterion, Not, Outcome, Verdict

__all__ = ["Brief"]


def _as_counts(interests: object) -> Mapping[str, int]:
    if not isinstance(interests, Mapping):
        raise InvalidValue(expected="topics with their counts", got=_text.kind_of(interests))
    for count in interests.values():
        if not _fields.is_whole(count) or count < 1:
            raise InvalidValue(expected="counts from 1 on", got="another")
    counts = Counter[str]()
    for topic, count in interests.items():
        counts[_text.clean(topic)] += count
    return _fields.FrozenDict(sorted(counts.items(), key=lambda topic: (-topic[1], topic[0])))


def _as_lines(lines: Any) -> tuple[str, ...]:
    """Lines of text; one text would fall into its letters."""
    if isinstance(lines, str | bytes | Mapping) or not isinstance(lines, Iterable):
        raise InvalidValue(expected="a list of texts", got=_text.kind_of(lines))
    taken = tuple(lines)
    for line in taken:
        if not isinstance(line, str):
            raise InvalidValue(expected="a list of texts", got=f"{_text.kind_of(line)} in it")
    return taken


def _as_warnings(lines: Any) -> tuple[str, ...]:
    return tuple(_text.clean(line) for line in _as_lines(lines))


def _as_words(text: object) -> str:
    return _text.clean(text, empty=True)


def _as_passes(count: object) -> int:
    if isinstance(count, int) and _fields.is_whole(count) and count >= 0:
        return count
    raise InvalidValue(expected="a count from 0 on", got=_text.kind_of(count))


def _as_inquiries(values: Iterable[Inquiry]) -> tuple[Inquiry, ...]:
    return _each_of(values, Inquiry)


def _as_facts(values: Iterable[Fact]) -> tuple[Fact, ...]:
    return _each_of(values, Fact)


def _as_returns(values: Iterable[HandedBack | Rejected]) -> tuple[HandedBack | Rejected, ...]:
    return _each_of(values, HandedBack, Rejected)


def _each_of(values: Any, *kinds: type) -> tuple[Any, ...]:
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InvalidValue(expected="a list", got=_text.kind_of(values))
    taken = tuple(values)
    for value in taken:
        if not isinstance(value, kinds):
            expected = " or ".join(kind.__name__ for kind in kinds)
            raise InvalidValue(expected=f"values of {expected}", got=_text.kind_of(value))
    return taken


@attrs.frozen(kw_only=True, repr=False, field_transformer=_fields.placed)
class Brief:
    """
    One page for the rep: who this is, what they care about, what to ask first, what not to do.

    Printed, in Markdown (``f"{brief:md}"``) and in HTML (``f"{brief:html}"``) it holds personal
    data and is meant for the rep; its ``repr``, and what a notebook shows of it, do not.

    Args:
        lead: The id of the lead.
        interests: Topics with their count; most asked first, equal ones by name.
        held: What the definition asks and the lead fulfils, with who said it.
        unknown: What nobody has asked yet; shown, not hidden.
        guidance: How marketing suggests to follow up.
        earlier_passes: How often the lead was handed over before.
        names: What they call themselves, the latest first.
        reach: Their mail addresses and phone numbers, the latest first.
        asked: The inquiries, in the order of time.
        said: The facts that no line of *held* shows.
        campaign: The name of the campaign that brought them.
        returned: How earlier passes ended: what sales gave back, and why.
        avoid: What not to do, in the words of marketing.
        ask_first: The first questions, the most telling first.
        is_ruled_out: Whether the definition disqualifies the lead: then nobody can hand it off.

    Example:
        >>> Brief(lead="i-1", interests={"CIP": 1}, held=(), unknown=(), guidance="").missing
        ('guidance',)
    """

    lead: str = attrs.field(converter=_fields.identifier)
    interests: Mapping[str, int] = attrs.field(converter=_as_counts, hash=False)
    held: tuple[str, ...] = attrs.field(converter=_as_lines)
    unknown: tuple[str, ...] = attrs.field(converter=_as_lines)
    guidance: str = attrs.field(converter=_as_words)
    earlier_passes: int = attrs.field(default=0, converter=_as_passes)
    names: tuple[str, ...] = attrs.field(default=(), converter=_as_lines)
    reach: tuple[str, ...] = attrs.field(default=(), converter=_as_lines)
    asked: tuple[Inquiry, ...] = attrs.field(default=(), converter=_as_inquiries)
    said: tuple[Fact, ...] = attrs.field(default=(), converter=_as_facts)
    campaign: str | None = attrs.field(default=None, converter=_fields.label)
    returned: tuple[HandedBack | Rejected, ...] = attrs.field(default=(), converter=_as_returns)
    avoid: tuple[str, ...] = attrs.field(default=(), converter=_as_warnings)
    ask_first: tuple[str, ...] = attrs.field(default=(), converter=_as_lines)
    is_ruled_out: bool = False

    @classmethod
    def of(
        cls,
        lead: Lead,
        verdict: Verdict,
        *,
        guidance: str = "",
        campaign: Campaign | str | None = None,
        earlier_passes: int | None = None,
        history: History = (),
        avoid: Iterable[str] = (),
    ) -> "Brief":
        """
        Write the brief of a judged lead from the evidence.

        Args:
            lead: With all its inquiries.
            verdict: What the definition says of it.
            guidance: How to follow up this lead; it goes before that of the campaign.
            campaign: The plan whose guidance counts, or a name; the first campaign that the
                inquiries name unless given.
            earlier_passes: How often it was handed over before; counted in *history* if that is
                given.
            history: The events of the lead, or its standing: why earlier passes failed.
            avoid: What not to do.

        Raises:
            ConflictError: The verdict or the history is of another lead, or the history knows of
                another number of earlier passes.

        Example:
            >>> from datetime import UTC, datetime
            >>> from leadlib import Field, Inquiry, Lead, LeadDefinition
            >>> form = Inquiry(id="i-1", at=datetime(2026, 3, 2, tzinfo=UTC), source="web form",
            ...                mail="ada@example.com", interests=["CIP"], facts={"staff": 60})
            >>> ada = Lead(id="i-1", inquiries=[form])
            >>> verdict = LeadDefinition("sales-ready", Field("staff", int) >= 50).judge(ada)
            >>> brief = Brief.of(ada, verdict, guidance="ask about downtime")
            >>> brief
            <Brief of lead i-1: 1 interest>
            >>> brief.held
            ('staff >= 50 (60, said in i-1 on 2026-03-02)',)
        """
        _fields.check_type(lead, Lead, "lead")
        _fields.check_type(verdict, Verdict, "verdict")
        if verdict.lead.id != lead.id:
            got = f"one of lead {verdict.lead.id!r}"
            raise ConflictError(expected=f"a verdict of lead {lead.id!r}", got=got)
        events = events_of(lead.id, history)
        behind = _facts_behind(verdict)
        return cls(
            lead=lead.id,
            interests=Counter(topic for i in lead.inquiries for topic in i.interests),
            held=tuple(_with_fact(c, behind.get(c)) for c in verdict.held),
            unknown=verdict.unknown,
            guidance=guidance or _guidance_of(campaign),
            earlier_passes=_passes(earlier_passes, events, lead.id),
            names=_latest_first(i.name for i in lead.inquiries),
            reach=_latest_first(way for i in lead.inquiries for way in (i.phone, i.mail)),
            asked=lead.inquiries,
            said=_not_shown(lead, behind.values()),
            campaign=_name_of(campaign) or lead.campaign,
            returned=tuple(e for e in events if isinstance(e, HandedBack | Rejected)),
            avoid=avoid,
            ask_first=verdict.ask_next or verdict.unknown,  # of a decided lead, the gaps
            is_ruled_out=verdict.outcome is Outcome.DISQUALIFIED,
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """
        The parts a rep cannot do without and does not have: interests, guidance.

        Gaps in the definition are none of them: they are shown, and to be asked.
        """
        parts = {"interests": self.interests, "guidance": self.guidance}
        return tuple(name for name, part in parts.items() if not part)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the content, so that the log says which brief went out."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    def hand_off(
        self,
        *,
        certificate: Certificate,
        to: str,
        at: datetime,
        seq: int = 0,
        by: str | None = None,
    ) -> HandedOff:
        """
        Give the event that offers the lead to sales.

        Args:
            certificate: The proof that the lead passed; it must hold at that instant.
            to: The rep or queue; see :func:`route`.
            at, seq, by: When, in which order, by whom.

        Raises:
            BriefIncomplete: A part is missing; the error names it.
            NotCertifiable: The lead is disqualified, or the certificate is of another lead or has
                expired.
        """
        self._check_complete()
        return HandedOff(
            lead=self.lead,
            at=at,
            seq=seq,
            by=by,
            to=to,
            certificate=certificate,
            brief=self.fingerprint,
        )

    def pass_on(
        self, *, account: str, to: str, at: datetime, seq: int = 0, by: str | None = None
    ) -> PassedOn:
        """
        Give the event that offers a named account to sales before it is certified (001-20).

        Args:
            account: The account, as the list of named accounts calls it.
            to, at, seq, by: As :meth:`hand_off`.

        Raises:
            BriefIncomplete: A part is missing; the error names it.
            NotCertifiable: The lead is disqualified.
        """
        self._check_complete()
        brief = self.fingerprint
        return PassedOn(lead=self.lead, at=at, seq=seq, by=by, to=to, account=account, brief=brief)

    def override(
        self,
        *,
        reason: str,
        approver: str,
        to: str,
        at: datetime,
        seq: int = 0,
        by: str | None = None,
    ) -> Overridden:
        """
        Give the event that lets a lead pass although it is not certified; see `with_override`.

        Args:
            reason: Why; never empty.
            approver: Who answers for it.
            to, at, seq, by: As :meth:`hand_off`.

        Raises:
            BriefIncomplete: A part is missing; the error names it.
        """
        self._check_complete()
        return Overridden(
            lead=self.lead,
            at=at,
            seq=seq,
            by=by,
            to=to,
            reason=reason,
            approver=approver,
            brief=self.fingerprint,
        )

    def _check_complete(self) -> None:
        """Whatever passes a lead on asks here first; a veto beats any score, name or approver."""
        if self.is_ruled_out:
            expected = "a lead that the definition does not rule out"
            where = f"lead {self.lead!r}"
            raise NotCertifiable(expected=expected, got="a disqualified one", where=where)
        if self.missing:
            raise BriefIncomplete(self.missing, lead=self.lead)

    # -- the page --

    def __repr__(self) -> str:
        lacks = f", lacks {' and '.join(self.missing)}" if self.missing else ""
        return (
            f"<Brief of lead {self.lead}: {_text.plural(len(self.interests), 'interest')}{lacks}>"
        )

    def __str__(self) -> str:
        lines = (f"{'  ' * (depth - 1)}{on_one_line(text)}" for depth, text in self._lines())
        return "\n".join([f"lead: {on_one_line(self.lead)}", *lines])

    def to_markdown(self) -> str:
        """The page as a Markdown list: personal data, mind where it goes."""
        listed = (f"{'  ' * (depth - 1)}- {in_markdown(text)}" for depth, text in self._lines())
        return "\n".join([f"**{in_markdown(self._title)}**", "", *listed])

    def to_html(self) -> str:
        """The page as nested HTML lists: personal data, mind where it goes."""
        return _html(self._title, self._lines())

    def _repr_html_(self) -> str:
        """The page for notebooks, without what people said: what is shared there is shared."""
        return _html(self._title, self._lines(for_anybody=True))

    def __format__(self, form: str) -> str:
        """
        Give the page as ``text`` (as ``str`` does), ``md`` (Markdown) or ``html``.

        Raises:
            InvalidValue: There is no such form.
        """
        forms = {"": self.__str__, "text": self.__str__}
        forms |= {"md": self.to_markdown, "html": self.to_html}
        if form not in forms:
            got = f"text of {len(form)} characters"
            legal = ("text", "md", "html")
            raise InvalidValue(expected="a form of the page", got=got, where="form", legal=legal)
        return forms[form]()

    @property
    def _title(self) -> str:
        return f"Brief of lead {self.lead}"

    def _lines(self, *, for_anybody: bool = False) -> Iterator[tuple[int, str]]:
        for head, items in self._sections().items():
            if for_anybody and items and head in _PERSONAL:
                yield 1, f"{head}: {len(items)}, not shown here"
            elif len(items) > 1:
                yield 1, f"{head}:"
                yield from ((2, item) for item in items)
            elif items or head not in _OPTIONAL:
                yield 1, f"{head}: {items[0] if items else '-'}"

    def _sections(self) -> dict[str, list[str]]:
        topics = (f"{topic} ×{count}" for topic, count in self.interests.items())
        sections = {
            "who": list(self.names),
            "reach": list(self.reach),
            "interests": _joined(topics),
            "asked": _last(_response(inquiry) for inquiry in self.asked),
            "also said": _first(f"{fact.name}: {fact}" for fact in self.said),
            "fulfils": _first(self.held),
            "ask first": _joined(self.ask_first),
            "also unknown": _joined(u for u in self.unknown if u not in self.ask_first),
            "campaign": [self.campaign] if self.campaign else [],
            "guidance": [line for line in self.guidance.splitlines() if line.strip()],
            "avoid": list(self.avoid),
            "earlier passes": [str(self.earlier_passes)],
            "came back": _last(_return(event) for event in self.returned),
        }
        if self.is_ruled_out:
            sections = {"ruled out": ["the definition disqualifies this lead"]} | sections
        if not self.missing:
            return sections
        return sections | {"missing": [", ".join(self.missing)]}

    def to_dict(self) -> dict[str, Any]:
        """Plain data, JSON knows all of it; personal data, mind where it goes."""
        return {
            "lead": self.lead,
            "names": list(self.names),
            "reach": list(self.reach),
            "interests": dict(self.interests),
            "asked": [_plain_inquiry(inquiry) for inquiry in self.asked],
            "said": [_plain_fact(fact) for fact in self.said],
            "held": list(self.held),
            "unknown": list(self.unknown),
            "ask_first": list(self.ask_first),
            "campaign": self.campaign,
            "guidance": self.guidance,
            "avoid": list(self.avoid),
            "earlier_passes": self.earlier_passes,
            "returned": [_plain_return(event) for event in self.returned],
            "missing": list(self.missing),
            "is_ruled_out": self.is_ruled_out,
        }


_PERSONAL = ("who", "reach", "also said", "fulfils", "guidance", "avoid", "came back")
_OPTIONAL = ("also said", "also unknown", "campaign", "avoid", "came back")
_SHOWN = 20  # a page stays a page; all of it is in the value


# -- from the evidence --


def _passes(told: int | None, events: tuple[LeadEvent, ...], lead: str) -> int:
    counted = sum(isinstance(event, HAND_OFFS) for event in events)
    if told is None or not events:
        return told or counted
    if told != counted:
        expected = f"{counted} earlier passes, as in the history"
        raise ConflictError(expected=expected, got=f"{told}", where=f"lead {lead!r}")
    return counted


def _guidance_of(campaign: Campaign | str | None) -> str:
    return (campaign.guidance or "") if isinstance(campaign, Campaign) else ""


def _name_of(campaign: Campaign | str | None) -> str | None:
    return campaign.name if isinstance(campaign, Campaign) else campaign


def _latest_first(said: Iterable[str | None]) -> tuple[str, ...]:
    """Each once, however it was written; what they wrote last most likely still holds."""
    latest: dict[str, str] = {}
    for text in reversed([text for text in said if text]):
        latest.setdefault(text.casefold(), text)
    return tuple(latest.values())


def _facts_behind(verdict: Verdict) -> dict[Criterion, Fact]:
    facts = verdict.facts
    keys = {held: _key(held) for held in verdict.held}
    return {held: facts[key] for held, key in keys.items() if key in facts}


def _key(held: Criterion) -> str:
    """What a condition is about, whether it or its opposite holds."""
    condition = held.part if isinstance(held, Not) else held
    return condition.field.key if isinstance(condition, Condition) else ""


def _with_fact(held: Criterion, fact: Fact | None) -> str:
    return str(held) if fact is None else f"{held} ({fact})"


def _not_shown(lead: Lead, shown: Iterable[Fact]) -> tuple[Fact, ...]:
    """The latest word on everything, but for what stands behind a criterion."""
    seen = set(shown)
    facts = (lead.fact(name) for name in lead.values)
    return tuple(fact for fact in facts if fact is not None and fact not in seen)


# -- in words --


def _joined(words: Iterable[str]) -> list[str]:
    """One line, or none."""
    line = ", ".join(_first(words))
    return [line] if line else []


def _first(lines: Iterable[str]) -> list[str]:
    shown = list(lines)
    more = len(shown) - _SHOWN
    return [*shown[:_SHOWN], f"and {more:,} more"] if more > 0 else shown


def _last(lines: Iterable[str]) -> list[str]:
    """Of what happened in time, the latest."""
    shown = list(lines)
    more = len(shown) - _SHOWN
    return [f"{more:,} earlier", *shown[-_SHOWN:]] if more > 0 else shown


def _response(inquiry: Inquiry) -> str:
    about = f": {', '.join(inquiry.interests)}" if inquiry.interests else ""
    return f"{inquiry.at:%Y-%m-%d} {inquiry.kind} by {inquiry.source}{about}"


def _return(event: HandedBack | Rejected) -> str:
    note = f" ({event.note})" if event.note else ""
    return f"{event.at:%Y-%m-%d} {_how(event)}: {event.reason}{note}"


def _how(event: HandedBack | Rejected) -> str:
    return "rejected" if isinstance(event, Rejected) else "handed back"


def _html(title: str, lines: Iterable[tuple[int, str]]) -> str:
    listed = html_list((depth, in_html(text)) for depth, text in lines)
    return f"<p><b>{in_html(title)}</b></p>{listed}"


# -- as plain data --


def _plain_inquiry(inquiry: Inquiry) -> dict[str, Any]:
    return {
        "id": inquiry.id,
        "at": inquiry.at.isoformat(),
        "kind": inquiry.kind,
        "source": inquiry.source,
        "campaign": inquiry.campaign,
        "interests": list(inquiry.interests),
    }


def _plain_fact(fact: Fact) -> dict[str, Any]:
    return {
        "name": fact.name,
        "value": _plain_value(fact.value),
        "said_in": fact.said_in,
        "at": fact.at.isoformat(),
    }


def _plain_value(value: FactValue) -> str | bool | int | float:
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def _plain_return(event: HandedBack | Rejected) -> dict[str, Any]:
    return {
        "at": event.at.isoformat(),
        "how": _how(event),
        "reason": event.reason.value,
        "note": event.note,
    }
