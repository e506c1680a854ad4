"""
Suppression: who said no is not written to again, even if nothing else about them is kept.

An address is kept as a keyed hash (HMAC-SHA-256 over its identity key) with the instant of the no.
Without the key nobody can tell whose it is, nor try out addresses; a hash without a key would give
way to a list of all addresses.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Self

import attrs

from leadlib import _fields, _instants, _text, limits
from leadlib.consolidation import mail_key, phone_key
from leadlib.errors import InvalidValue, LimitExceeded
from leadlib.model import Inquiry, Lead, OptOut

__all__ = ["SuppressionList"]

_SHORTEST_KEY = 16
_HEX = frozenset("0123456789abcdef")
_HASH, _KEY_ID = 64, 16
_LONGEST_ADDRESS = 254
_NOBODY: Mapping[str, datetime] = {}


def _as_hex(text: object, length: int) -> str:
    if not isinstance(text, str) or len(text) != length or not set(text) <= _HEX:
        raise InvalidValue(expected=f"{length} hexadecimal digits", got=_text.kind_of(text))
    return text


def _as_key_id(text: object) -> str:
    return _as_hex(text, _KEY_ID)


def _as_entries(entries: Mapping[str, datetime]) -> Mapping[str, datetime]:
    if not isinstance(entries, Mapping):
        raise InvalidValue(expected="instants by hash", got=_text.kind_of(entries))
    if len(entries) > limits.ROWS:
        raise LimitExceeded(expected=f"at most {limits.ROWS:,} entries", got="more")
    checked = {_as_hex(name, _HASH): _instants.aware(at) for name, at in entries.items()}
    return _fields.FrozenDict(checked)


@attrs.frozen(kw_only=True, repr=False, field_transformer=_fields.placed)
class SuppressionList:
    """
    The addresses of those who said no, as keyed hashes; it survives their erasure.

    Plain data to store: ``SuppressionList(key_id=l.key_id, entries=l.entries) == l``.  The key is
    an argument wherever it is needed, and never kept; with another key than the first every
    question is refused, as the answer would be a wrong "not on the list".

    Args:
        key_id: By which it is known whether a key is the right one.
        entries: Hash to the instant of the no.

    Raises:
        InvalidValue: Something else than hashes and instants.

    Example:
        >>> from datetime import UTC, datetime
        >>> key = b"kept elsewhere, 32 bytes of it.."
        >>> friday = datetime(2026, 3, 6, tzinfo=UTC)
        >>> ada = Inquiry(id="i-1", at=friday, source="web", mail="ada@example.com")
        >>> gone = SuppressionList.start(key).add([ada], at=friday, key=key)
        >>> gone
        <SuppressionList of 1 address>
        >>> print(gone.since(mail=" ADA@example.com", key=key))
        2026-03-06 00:00:00+00:00
    """

    key_id: str = attrs.field(converter=_as_key_id)
    entries: Mapping[str, datetime] = attrs.field(
        default=_NOBODY, converter=_as_entries, hash=False
    )

    @classmethod
    def start(cls, key: bytes) -> Self:
        """
        Give an empty list for a key.

        Args:
            key: At least 16 secret bytes; who has them and the list can try out addresses.

        Raises:
            InvalidValue: No bytes, or fewer.
        """
        return cls(key_id=_id_of(key))

    def add(
        self,
        people: Iterable[Lead | Inquiry],
        *,
        at: datetime,
        key: bytes,
        region: str | None = None,
    ) -> "SuppressionList":
        """
        Give a list with all addresses and numbers of some people besides; of two noes the later
        counts.

        Args:
            people: Leads, or single inquiries.
            at: When they said no.
            key: The key of the list.
            region: Where national numbers are dialled, as :func:`leadlib.consolidate` takes it.

        Raises:
            InvalidValue: Another key, or neither leads nor inquiries.
            LimitExceeded: Too many entries.
        """
        self._check(key)
        at = _instants.aware(at, where="at")
        given = _fields.all_of(Lead | Inquiry, people, "leads or inquiries", "people")
        hashes = (name for person in given for name in _hashes(person, key, region))
        return self | SuppressionList(key_id=self.key_id, entries=dict.fromkeys(hashes, at))

    def __or__(self, other: "SuppressionList") -> "SuppressionList":
        """Both lists, of the same key, in one."""
        given: object = other
        if not isinstance(given, SuppressionList):
            return NotImplemented
        if other.key_id != self.key_id:
            raise _another_key()
        both = dict(self.entries)
        for name, at in other.entries.items():
            both[name] = max(at, both.get(name, at))
        return SuppressionList(key_id=self.key_id, entries=both)

    def since(
        self,
        *,
        key: bytes,
        mail: str | None = None,
        phone: str | None = None,
        region: str | None = None,
    ) -> datetime | None:
        """
        Since when an address or a number is on the list; None if neither is.

        Raises:
            InvalidValue: Another key, or neither an address nor a number.
        """
        self._check(key)
        names = [*_names(mail, phone, region)]
        if not names:
            expected = "a mail address or a phone number"
            raise InvalidValue(expected=expected, got="neither", where="mail")
        return self._latest(_hash(name, key) for name in names)

    def opt_outs(
        self, person: Lead | Inquiry, *, key: bytes, region: str | None = None
    ) -> tuple[OptOut, ...]:
        """
        The no of somebody who came back, by whatever way, for :func:`leadlib.model.permission`.

        It counts like any other: an import changes nothing, the person's own new opt-in clears it.

        Raises:
            InvalidValue: Another key, or neither a lead nor an inquiry.
        """
        self._check(key)
        at = self._latest(_hashes(person, key, region))
        return () if at is None else (OptOut(at=at, how="suppression list"),)

    def _latest(self, hashes: Iterable[str]) -> datetime | None:
        found = (self.entries.get(name) for name in hashes)
        return max((at for at in found if at is not None), default=None)

    def _check(self, key: bytes) -> None:
        if _id_of(key) != self.key_id:
            raise _another_key()

    def __repr__(self) -> str:
        count = len(self.entries)
        return f"<SuppressionList of {count:,} {'address' if count == 1 else 'addresses'}>"


def _another_key() -> InvalidValue:
    return InvalidValue(expected="the key of this list", got="another", where="key")


def _id_of(key: Any) -> str:
    if not isinstance(key, bytes) or len(key) < _SHORTEST_KEY:
        got = "fewer" if isinstance(key, bytes) else _text.kind_of(key)
        raise InvalidValue(expected=f"at least {_SHORTEST_KEY} bytes", got=got, where="key")
    return _hash("leadlib suppression list", key)[:_KEY_ID]


def _hash(name: str, key: bytes) -> str:
    return hmac.new(key, name.encode(), "sha256").hexdigest()


def _hashes(person: object, key: bytes, region: str | None) -> Iterator[str]:
    if not isinstance(person, Lead | Inquiry):
        expected = "leads or inquiries"
        raise InvalidValue(expected=expected, got=_text.kind_of(person), where="people")
    for inquiry in person.inquiries if isinstance(person, Lead) else (person,):
        for name in _names(inquiry.mail, inquiry.phone, region):
            yield _hash(name, key)


def _names(mail: str | None, phone: str | None, region: str | None) -> Iterator[str]:
    """The identity keys that consolidation goes by."""
    if mail is not None:
        yield mail_key(_text.clean(mail, where="mail", limit=_LONGEST_ADDRESS))
    if phone is not None:
        yield phone_key(_text.clean(phone, where="phone", limit=_LONGEST_ADDRESS), region=region)
