"""Inquiries gathered into leads, against disjoint sets over dicts, written by hand."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import attrs

from benchmarks.harness import Row, race, ratio, speed
from leadlib import Inquiry, consolidate

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
SHARED_ABOVE = 3


@attrs.frozen
class Person:
    """Whom an inquiry comes from."""

    mail: str
    phone: str


def rows(*, quick: bool) -> list[Row]:
    count = 5_000 if quick else 50_000
    inquiries = make_inquiries(count)
    _check(inquiries)
    times = race(
        {"ours": lambda: consolidate(inquiries), "hand": lambda: by_hand(inquiries)},
        rounds=5 if quick else 11,
    )
    row = Row(
        part="consolidation",
        work=f"consolidate {count:,} inquiries",
        against="dict and disjoint sets by hand, groups of ids only",
        ratio=ratio(times, "ours", "hand"),
        speed=speed(times, "ours", count, "inquiries"),
    )
    return [row]


def make_inquiries(count: int) -> list[Inquiry]:
    """Seeded; four in ten come from somebody who asked before, written in another way."""
    chance = random.Random(7)
    people: list[Person] = []
    inquiries = []
    for number in range(count):
        again = bool(people) and chance.random() < 0.4
        person = chance.choice(people) if again else _new_person(chance, len(people))
        if not again:
            people.append(person)
        mail, phone = _ways(chance, person)
        inquiries.append(
            Inquiry(
                id=f"i-{number:06}",
                at=START + timedelta(seconds=40 * number),
                source=chance.choice(("web form", "trade fair", "phone")),
                mail=mail,
                phone=phone,
            )
        )
    chance.shuffle(inquiries)
    return inquiries


def _new_person(chance: random.Random, number: int) -> Person:
    """One in twenty sits behind a switchboard that serves about ten people."""
    switchboard = chance.random() < 0.05
    line = 9_000_000 + number // 200 if switchboard else number
    return Person(mail=f"person{number}@company{number % 9973}.example", phone=f"+4930{line:08}")


def _ways(chance: random.Random, person: Person) -> tuple[str | None, str | None]:
    """Mail, phone or both, as people type them."""
    mail = chance.choice((person.mail, person.mail.title(), person.mail.upper()))
    phone = chance.choice((person.phone, _spaced(person.phone), f"00{person.phone[1:]}"))
    return chance.choice(((mail, phone), (mail, phone), (mail, None), (None, phone)))


def _spaced(phone: str) -> str:
    return f"{phone[:3]} (0){phone[3:5]} / {phone[5:9]}-{phone[9:]}"


def by_hand(inquiries: Iterable[Inquiry]) -> list[list[str]]:
    """The ids of each group: mails in lower case, digits of phones, no switchboards."""
    keys = []
    mails_of = defaultdict(set)
    for inquiry in inquiries:
        mail = None if inquiry.mail is None else inquiry.mail.strip().lower()
        phone = None if inquiry.phone is None else _international(inquiry.phone)
        keys.append((inquiry.id, mail, phone))
        if mail is not None and phone is not None:
            mails_of[phone].add(mail)
    parent = {}
    for ident, mail, phone in keys:
        parent[ident] = ident
        if mail is not None:
            _join(parent, ident, mail)
        if phone is not None and len(mails_of[phone]) <= SHARED_ABOVE:
            _join(parent, ident, phone)
    groups = defaultdict(list)
    for ident, _, _ in keys:
        groups[_root(parent, ident)].append(ident)
    return list(groups.values())


def _international(phone: str) -> str:
    text = phone.replace("(0)", "")
    digits = "".join(filter(str.isdecimal, text))
    if text.startswith("+"):
        return "+" + digits
    return "+" + digits[2:] if digits.startswith("00") else digits


def _join(parent: dict[str, str], ident: str, key: str) -> None:
    """The ids, mails and numbers of one dict cannot be mistaken for each other."""
    parent.setdefault(key, key)
    parent[_root(parent, ident)] = _root(parent, key)


def _root(parent: dict[str, str], node: str) -> str:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def _check(inquiries: Sequence[Inquiry]) -> None:
    ours = {frozenset(i.id for i in lead.inquiries) for lead in consolidate(inquiries)}
    hand = {frozenset(group) for group in by_hand(inquiries)}
    assert ours == hand
    assert 0.3 < 1 - len(ours) / len(inquiries) < 0.5
