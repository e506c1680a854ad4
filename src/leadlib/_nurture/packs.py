"""
The rules of countries as data.

Each pack says since when it holds as written here and where it is written.  A pack speaks of
marketing only; what it leaves out, it does not ask for.  No legal advice.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _fields
from leadlib._nurture.laws import CallHours, ConsentRule, Law, LegalCap, MessagePart, Subscriber
from leadlib._nurture.strictest import Laws, strictest
from leadlib.errors import InvalidValue, UnknownName
from leadlib.model import Basis
from leadlib.worktime import days, hours, working_days

__all__ = [
    "ANYWHERE",
    "BULK_SENDERS",
    "CAN_SPAM",
    "CASL",
    "CCPA",
    "CNIL",
    "EPRIVACY",
    "FLORIDA",
    "GDPR",
    "LAWS",
    "OKLAHOMA",
    "PECR",
    "SPAM_ACT",
    "TCPA",
    "TCPA_REVOCATION",
    "TSR",
    "UK_GDPR",
    "UWG",
    "WASHINGTON",
    "laws_for",
]

_MAIL = frozenset({"mail"})
_WRITTEN = frozenset({"mail", "sms"})
_CALLED = frozenset({"phone", "sms", "auto call"})
_LIVE = frozenset({"phone"})
_ROBOT = frozenset({"auto call"})
_EXPRESS = frozenset({Basis.EXPRESS})
_OPTED_IN = frozenset({Basis.EXPRESS, Basis.SOFT_OPT_IN})
_EUROPEAN = _OPTED_IN | {Basis.LEGITIMATE_INTEREST, Basis.PRESUMED}
_RELATED = frozenset({Basis.EXPRESS, Basis.INQUIRY, Basis.PURCHASE})
_SIGNED = frozenset({MessagePart.SENDER, MessagePart.OPT_OUT})
_EIGHT = time(8)

CAN_SPAM = Law(
    name="CAN-SPAM",
    jurisdiction="US",
    effective=date(2004, 1, 1),
    source="15 U.S.C. 7704",
    about="Mail may be sent until the person opts out, to businesses as to anybody.",
    consent=[ConsentRule(channels=_MAIL, enough=None)],
    parts={"mail": {MessagePart.POSTAL_ADDRESS, MessagePart.OPT_OUT}},
    opt_out_within=working_days(10),
    opt_out_works=relativedelta(days=30),
)

TCPA = Law(
    name="TCPA",
    jurisdiction="US",
    effective=date(2003, 10, 1),
    source="47 U.S.C. 227; 47 CFR 64.1200; 68 FR 44144",
    about="Calls by day only, and to listed numbers on a relationship only.",
    consent=[
        ConsentRule(channels=_ROBOT | {"sms"}, enough=_EXPRESS),
        ConsentRule(channels=_LIVE, subscriber=Subscriber.CORPORATE, enough=None),
        ConsentRule(channels=_LIVE, enough=_RELATED | {Basis.NOT_LISTED}),
    ],
    lasts={
        Basis.PURCHASE: relativedelta(months=18),
        Basis.INQUIRY: relativedelta(months=3),
        Basis.NOT_LISTED: relativedelta(days=31),
    },
    hours=[CallHours(channels=_CALLED, opens=_EIGHT, closes=time(21))],
    registers=["National Do Not Call Registry"],
    register_age=days(31),
    zone="America/New_York",
    zones=["America/New_York", "Pacific/Honolulu"],
    unverified=["lasts", "register_age"],
)

TCPA_REVOCATION = Law(
    name="TCPA revocation rule",
    jurisdiction="US",
    effective=date(2025, 4, 11),
    source="47 CFR 64.1200(a)(10) to (12); DA 26-12",
    about="Consent is revoked by any reasonable means, from all topics once the waiver has ended.",
    consent=[ConsentRule(channels=_CALLED, enough=None)],
    opt_out_within=working_days(10),
    all_topics_from=date(2027, 1, 31),
    opt_out_words=["STOP", "QUIT", "END", "REVOKE", "OPT OUT", "CANCEL", "UNSUBSCRIBE"],
    confirm_within=hours(5 / 60),
    zone="America/New_York",
)

TSR = Law(
    name="TSR",
    jurisdiction="US",
    effective=date(2024, 5, 16),
    source="16 CFR 310; 89 FR 26760",
    about="Calls to businesses are largely exempt; an own list of those who said no binds for all.",
    call_log=["calling number", "called number", "date", "time", "duration", "outcome"],
    unverified=["effective", "call_log"],
)


def _state(name: str, code: str, effective: date, source: str, zone: str, *caps: LegalCap) -> Law:
    return Law(
        name=name,
        jurisdiction=f"US-{code}",
        effective=effective,
        source=source,
        about="Calls from eight to eight local time; an area code stands for a resident.",
        hours=[CallHours(channels=_CALLED, opens=_EIGHT, closes=time(20))],
        caps=caps,
        zone=zone,
        zones=[zone],
    )


_THREE_A_DAY = LegalCap(channels=_CALLED, count=3, within=hours(24))
FLORIDA = _state(
    "Florida Telephone Solicitation Act",
    "FL",
    date(2021, 7, 1),
    "Fla. Stat. 501.059, 501.616",
    "America/New_York",
    _THREE_A_DAY,
)
OKLAHOMA = _state(
    "Oklahoma Telephone Solicitation Act",
    "OK",
    date(2022, 11, 1),
    "Okla. Stat. tit. 15, 775C",
    "America/Chicago",
    _THREE_A_DAY,
)
WASHINGTON = _state(
    "Washington telephone solicitation law",
    "WA",
    date(2022, 6, 9),
    "RCW 80.36.390, 19.158",
    "America/Los_Angeles",
)

CCPA = Law(
    name="CCPA",
    jurisdiction="US-CA",
    effective=date(2023, 1, 1),
    source="Cal. Civ. Code 1798.100 to 1798.199",
    about="Contacts at businesses have all rights of a consumer since their exemption ended.",
)

CASL = Law(
    name="CASL",
    jurisdiction="CA",
    effective=date(2014, 7, 1),
    source="S.C. 2010, c. 23, sections 6, 10, 11",
    about="Express or implied consent; to ask for consent is itself a commercial message.",
    consent=[ConsentRule(channels=_WRITTEN, enough=_RELATED | {Basis.PUBLISHED})],
    lasts={Basis.PURCHASE: relativedelta(years=2), Basis.INQUIRY: relativedelta(months=6)},
    parts={"mail": _SIGNED, "sms": _SIGNED},
    opt_out_within=working_days(10),
    opt_out_works=relativedelta(days=60),
    zones=["America/St_Johns", "America/Vancouver"],
)

GDPR = Law(
    name="GDPR",
    jurisdiction="EU",
    effective=date(2018, 5, 25),
    source="Regulation (EU) 2016/679, Articles 5, 6, 7, 12, 17, 21",
    about="A lawful basis, provable consent, an absolute right to object, answers in a month.",
    consent=[ConsentRule(enough=_EUROPEAN)],
    needs_proof=True,
    first_parts={MessagePart.RIGHT_TO_OBJECT},
    opt_out_within=relativedelta(months=1),
    answer_within=relativedelta(months=1),
    unverified=["effective"],
)

UK_GDPR = attrs.evolve(
    GDPR,
    name="UK GDPR",
    jurisdiction="GB",
    effective=date(2021, 1, 1),
    source="UK GDPR, Articles 5, 6, 7, 12, 17, 21",
)

EPRIVACY = Law(
    name="ePrivacy",
    jurisdiction="EU",
    effective=date(2003, 10, 31),
    source="Directive 2002/58/EC, Article 13",
    about="Written and automatic messages after consent only; for companies each country decides, "
    "so that they count as individuals where no pack of the country says otherwise.",
    consent=[
        ConsentRule(channels=_WRITTEN, enough=_OPTED_IN),
        ConsentRule(channels=_ROBOT, enough=_EXPRESS),
    ],
    parts={"mail": _SIGNED, "sms": _SIGNED},
    unverified=["effective"],
)

PECR = Law(
    name="PECR",
    jurisdiction="GB",
    effective=date(2003, 12, 11),
    source="S.I. 2003/2426, regulations 19 to 24",
    about="Mail to individuals after consent only, to companies until they object; calls are "
    "screened.",
    consent=[
        ConsentRule(channels=_WRITTEN, subscriber=Subscriber.CORPORATE, enough=None),
        ConsentRule(channels=_WRITTEN, enough=_OPTED_IN),
        ConsentRule(channels=_ROBOT, enough=_EXPRESS),
        ConsentRule(channels=_LIVE, enough=_EXPRESS | {Basis.NOT_LISTED}),
    ],
    lasts={Basis.NOT_LISTED: relativedelta(days=28)},
    parts={"mail": _SIGNED, "sms": _SIGNED},
    registers=["TPS", "CTPS"],
    register_age=days(28),
    zone="Europe/London",
    zones=["Europe/London"],
    unverified=["effective", "lasts", "register_age"],
)

UWG = Law(
    name="UWG",
    jurisdiction="DE",
    effective=date(2004, 7, 8),
    source="§ 7 UWG",
    about="Mail after express consent only, also to businesses; the exception for customers has "
    "four conditions.",
    consent=[
        ConsentRule(channels=_WRITTEN, enough=_OPTED_IN),
        ConsentRule(channels=_ROBOT, enough=_EXPRESS),
        ConsentRule(
            channels=_LIVE,
            subscriber=Subscriber.CORPORATE,
            enough=_EXPRESS | {Basis.PRESUMED},
        ),
        ConsentRule(channels=_LIVE, enough=_EXPRESS),
    ],
    parts={"mail": _SIGNED, "sms": _SIGNED},
    zone="Europe/Berlin",
    zones=["Europe/Berlin"],
    unverified=["effective"],
)

CNIL = Law(
    name="CNIL",
    jurisdiction="FR",
    effective=date(2022, 2, 3),
    source="CPCE, article L34-5; CNIL, délibération 2021-131",
    about="Consumers opt in, businesses are told and may object if the offer is about their trade; "
    "prospects are kept for three years after their last contact.",
    consent=[
        ConsentRule(
            channels=_MAIL,
            subscriber=Subscriber.CORPORATE,
            enough=_OPTED_IN | {Basis.LEGITIMATE_INTEREST},
        ),
        ConsentRule(channels=_WRITTEN, enough=_OPTED_IN),
        ConsentRule(channels=_ROBOT, enough=_EXPRESS),
    ],
    parts={"mail": _SIGNED, "sms": _SIGNED},
    first_parts={MessagePart.RIGHT_TO_OBJECT},
    keeps=relativedelta(years=3),
    zone="Europe/Paris",
    zones=["Europe/Paris"],
    unverified=["effective"],
)

SPAM_ACT = Law(
    name="Spam Act",
    jurisdiction="AU",
    effective=date(2004, 4, 10),
    source="Spam Act 2003 (Cth), Part 2 and Schedule 2",
    about="Express or inferred consent, a named sender, a way out that works.",
    consent=[
        ConsentRule(channels=_WRITTEN, enough=_RELATED | {Basis.PUBLISHED, Basis.PRESUMED}),
    ],
    parts={"mail": _SIGNED, "sms": _SIGNED},
    opt_out_within=working_days(5),
    opt_out_works=relativedelta(days=30),
    zone="Australia/Sydney",
    zones=["Australia/Sydney", "Australia/Perth"],
)

BULK_SENDERS = Law(
    name="bulk sender rules",
    jurisdiction="*",
    effective=date(2024, 2, 1),
    source="Gmail sender guidelines for 5,000 messages a day and more; RFC 8058",
    about="No law: what large mailbox providers ask, lest mail goes astray.",
    parts={"mail": {MessagePart.OPT_OUT, MessagePart.ONE_CLICK}},
    opt_out_within=days(2),
    unverified=["effective"],
)

# Zones so far apart that their days have not one moment in common.
ANYWHERE = Law(
    name="anywhere",
    jurisdiction="*",
    effective=date(1970, 1, 1),
    source="leadlib",
    about="The country is not known, so that the person may live in any zone.",
    zones=["Europe/London", "Asia/Shanghai", "America/Los_Angeles"],
)

LAWS: tuple[Law, ...] = (
    CAN_SPAM,
    TCPA,
    TCPA_REVOCATION,
    TSR,
    FLORIDA,
    OKLAHOMA,
    WASHINGTON,
    CCPA,
    CASL,
    GDPR,
    EPRIVACY,
    UWG,
    CNIL,
    UK_GDPR,
    PECR,
    SPAM_ACT,
)
"""All packs that are law, by country."""

# The European Union and the European Economic Area; two letters each.
_EUROPE = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
)
_NATIONAL: Mapping[str, tuple[Law, ...]] = {"DE": (UWG,), "FR": (CNIL,)}
_COUNTRIES: Mapping[str, tuple[Law, ...]] = {
    "CA": (CASL,),
    "GB": (UK_GDPR, PECR),
    "AU": (SPAM_ACT,),
}
_FEDERAL = (CAN_SPAM, TCPA, TCPA_REVOCATION, TSR)
_STATES = tuple(law for law in LAWS if law.jurisdiction.startswith("US-"))
_US_STATES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV "
    "NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC"
)


def laws_for(place: str | None, *, on: date | None = None, also: Iterable[Law] = ()) -> Laws:
    """
    Give the laws for a person in a place, of which the strictest counts.

    Args:
        place: A country by ISO 3166 such as ``DE`` or ``GB``, or a state such as ``US-FL``.  None,
            and any country that no pack is about, is unknown: then all packs count together.  So do
            those of all states for ``US`` without a state.
        on: Only what is in force on that day; all packs unless given.
        also: More rules, such as :data:`BULK_SENDERS` or packs of your own.

    Raises:
        InvalidValue: No text, no date, or no law left on that day.
        UnknownName: No such code: "Germany" would hold back everything without a word.

    Example:
        >>> print(laws_for("DE"))
        UWG, GDPR
        >>> print(laws_for("US-NY"))
        CAN-SPAM, TCPA, TCPA revocation rule, TSR
    """
    chosen = [*_laws_of(None if place is None else _as_place(place))]
    chosen += _fields.all_of(Law, also, "laws", "also")
    if on is None:
        return strictest(*chosen)
    given: object = on
    if not isinstance(given, date) or isinstance(given, datetime):
        raise InvalidValue(expected="a plain date", got="another value", where="on")
    return Laws([law for law in chosen if law.effective <= on])


def _as_place(place: str) -> str:
    code = _fields.named("place", _fields.identifier)(place).upper()
    if re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", code):
        return "GB" if code == "UK" else code
    expected = "a country by ISO 3166 such as DE, or a state such as US-FL; None if unknown"
    raise UnknownName(expected=expected, got="another text", where="place")


def _laws_of(place: str | None) -> tuple[Law, ...]:
    country, _, state = (place or "").partition("-")
    if country == "US":
        known = state in _US_STATES.split()
        return (*_FEDERAL, *(s for s in _STATES if not known or s.jurisdiction == place))
    if country in _EUROPE.split():
        return (GDPR, *_NATIONAL.get(country, (EPRIVACY,)))
    return _COUNTRIES.get(country, (*LAWS, ANYWHERE))
