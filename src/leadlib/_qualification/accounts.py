"""
Named accounts: the companies that sales wants to hear of even before they are hot (seed 001).

A company matches by its normalised name, an alias, or the domain of its mail; never by likeness.
``Cola Cargo`` is not Coca-Cola, and neither is ``coca-cola.com.evil.example``.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any, Self

import attrs

from leadlib import _fields, _text, limits
from leadlib._qualification.operators import ASCII_LOWER
from leadlib.errors import ConflictError, InvalidValue, LimitExceeded

__all__ = ["Account", "NamedAccounts", "company_key", "domain_key"]

# What a legal form or an article adds to a name says nothing about who it is.
# fmt: off
_FORMS = frozenset(
    {
        "ab", "ag", "as", "asa", "aps", "bv", "co", "company", "corp", "corporation", "eg", "ek",
        "ev", "gbr", "gmbh", "group", "holding", "inc", "incorporated", "kg", "kgaa", "limited",
        "llc", "llp", "lp", "ltd", "nv", "ohg", "oy", "oyj", "plc", "pte", "pty", "sa", "sarl",
        "sas", "se", "sl", "spa", "srl", "ug",
    }
)
# fmt: on
_LETTERS = 4  # of the longest form that people write in single letters: K. G. a. A.
_DOTTED = re.compile(r"\b(?:[a-z]\.)+[a-z]\b\.?")  # U.S. and J.P. are the words US and JP
_NO_WORD = re.compile(r"[\x00-/:-@\[-`{-\x7f]+")
_DOMAIN = re.compile(
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+"
)
_BEFORE_AT = re.compile(r"[^@\s]+")
# Mail domains that belong to nobody: an account that claims one would claim everybody.
# fmt: off
FREE_MAIL = frozenset(
    {
        "126.com", "163.com", "aol.com", "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.com",
        "gmx.de", "gmx.net", "googlemail.com", "hotmail.co.uk", "hotmail.com", "hotmail.de",
        "hotmail.fr", "icloud.com", "laposte.net", "libero.it", "live.com", "live.de", "mac.com",
        "mail.com", "mail.ru", "me.com", "msn.com", "orange.fr", "outlook.com", "outlook.de",
        "pm.me", "posteo.de", "proton.me", "protonmail.com", "qq.com", "t-online.de", "web.de",
        "yahoo.co.uk", "yahoo.com", "yahoo.de", "yahoo.fr", "yandex.com", "yandex.ru", "ymail.com",
    }
)
# fmt: on


def company_key(name: str) -> str:
    """
    A company name as it is compared: in small letters, without punctuation and legal form.

    Letters of another script stay what they are, so that look-alikes never match; marks and spaces
    beyond ASCII, such as the hyphen that never breaks, separate words like those within.

    Example:
        >>> company_key("The Coca-Cola Company"), company_key("coca cola, Inc.")
        ('coca cola', 'coca cola')
        >>> company_key("Cola Cargo GmbH")
        'cola cargo'
    """
    text = _text.clean(name, limit=limits.ID_CHARACTERS).lower()
    text = text if text.isascii() else "".join(map(_letter_or_space, text))
    text = _DOTTED.sub(lambda found: found[0].replace(".", "") + " ", text)
    words = _NO_WORD.sub(" ", text).split()
    core = words[1:] if words[:1] == ["the"] and len(words) > 1 else words
    while taken := _form_words(core):
        core = core[:-taken]
    return " ".join(core) or text


def _letter_or_space(letter: str) -> str:
    return " " if unicodedata.category(letter)[0] in "PSZ" else letter


def _form_words(words: list[str]) -> int:
    """How many words the legal form at the end takes; never the whole name."""
    if len(words) > 1 and words[-1] in _FORMS:
        return 1
    for count in range(2, min(_LETTERS, len(words) - 1) + 1):  # S. A. and A/S
        tail = words[-count:]
        if all(len(word) == 1 for word in tail) and "".join(tail) in _FORMS:
            return count
    return 0


def domain_key(domain: str) -> str | None:
    """
    The domain of a mail address or a host name in small letters; None if it is none.

    An address with two ``@`` or a gap is none: where it ends up depends on who reads it.

    Example:
        >>> domain_key("Eva@EU.Coca-Cola.com"), domain_key("nonsense")
        ('eu.coca-cola.com', None)
    """
    text = _text.clean(domain, limit=limits.ID_CHARACTERS)
    person, at, host = text.rpartition("@")
    if at and not _BEFORE_AT.fullmatch(person):
        return None
    low = host.removesuffix(".").translate(ASCII_LOWER)
    return low if _DOMAIN.fullmatch(low) else None


def _and_above(domain: str) -> Iterator[str]:
    """The domain and all that it is a subdomain of, the nearest first."""
    while domain:
        yield domain
        domain = domain.partition(".")[2]


def _as_texts(texts: Any) -> tuple[str, ...]:
    if isinstance(texts, str | bytes | Mapping) or not isinstance(texts, Iterable):
        raise InvalidValue(expected="a list of texts", got=_text.kind_of(texts))
    return tuple(_fields.identifier(text) for text in texts)


def _as_domains(domains: Iterable[str]) -> tuple[str, ...]:
    return tuple(_own_domain(domain) for domain in _as_texts(domains))


def _own_domain(domain: str) -> str:
    key = domain_key(domain)
    if key is None or "@" in domain:
        raise InvalidValue(expected="a domain such as coca-cola.com", got="text of another form")
    if not FREE_MAIL.isdisjoint(_and_above(key)):
        raise InvalidValue(expected="a domain of the account alone", got=f"the free mail {key!r}")
    return key


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Account:
    """
    A named account.

    Args:
        name: Its name; legal form, punctuation and case do not matter.
        aliases: Other names, likewise.
        domains: Its mail domains; their subdomains are its own, too.

    Raises:
        InvalidValue: A domain of another form, or of a free mail service such as gmail.com or
            web.de.  The list is short and knows no suffixes such as co.uk: look at what you claim.

    Example:
        >>> Account(name="The Coca-Cola Company", domains=["coca-cola.com"]).name
        'The Coca-Cola Company'
    """

    name: str = attrs.field(converter=_fields.identifier)
    aliases: tuple[str, ...] = attrs.field(default=(), converter=_as_texts)
    domains: tuple[str, ...] = attrs.field(default=(), converter=_as_domains)

    @property
    def keys(self) -> Iterator[tuple[str, str]]:
        """What it is found by."""
        for name in (self.name, *self.aliases):
            yield "name", company_key(name)
        for domain in self.domains:
            yield "domain", domain


def _as_accounts(accounts: Any) -> tuple[Account, ...]:
    if not isinstance(accounts, Iterable):
        raise InvalidValue(expected="a list of accounts", got=_text.kind_of(accounts))
    taken = tuple(islice(accounts, limits.ACCOUNTS + 1))  # however many come
    if len(taken) > limits.ACCOUNTS:
        raise LimitExceeded(expected=f"at most {limits.ACCOUNTS:,} accounts", got="more")
    for account in taken:
        _fields.check_type(account, Account, "accounts")
    return taken


@attrs.frozen(slots=False, repr=False)
class NamedAccounts:
    """
    The list of marquee customers; a look-up takes the same time however long it is.

    Raises:
        ConflictError: Two accounts claim one name or one domain.

    Example:
        >>> cola = Account(name="The Coca-Cola Company", domains=["coca-cola.com"])
        >>> marquee = NamedAccounts([cola])
        >>> marquee.match(company="Coca Cola").name
        'The Coca-Cola Company'
        >>> marquee.match(mail="x@coca-cola.com.evil.example") is None
        True
    """

    accounts: tuple[Account, ...] = attrs.field(converter=_as_accounts)

    def __attrs_post_init__(self) -> None:
        _ = self._found_by

    def __getstate__(self) -> dict[str, Any]:
        return {"accounts": self.accounts}

    def __repr__(self) -> str:
        return f"<NamedAccounts: {_text.plural(len(self.accounts), 'account')}>"

    @cached_property
    def _found_by(self) -> Mapping[tuple[str, str], Account]:
        found: dict[tuple[str, str], Account] = {}
        for account in self.accounts:
            for kind, key in account.keys:
                other = found.setdefault((kind, key), account)
                if other is not account and other != account:
                    got = f"two: {other.name!r} and {account.name!r}"
                    raise ConflictError(expected=f"one account for the {kind}", got=got, where=key)
        return found

    def match(self, *, company: str | None = None, mail: str | None = None) -> Account | None:
        """
        Find the account of a company name or of a mail address or domain.

        Args:
            company: As people write it.
            mail: An address or a domain; it counts only where the name says nothing.

        Returns:
            The account; None if neither is known.
        """
        if company is not None and (found := self._found_by.get(("name", company_key(company)))):
            return found
        domain = None if mail is None else domain_key(mail)
        known = (self._found_by.get(("domain", key)) for key in _and_above(domain or ""))
        return next(filter(None, known), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; :meth:`from_dict` gives the same list back."""
        return {
            "accounts": [
                {"name": a.name, "aliases": list(a.aliases), "domains": list(a.domains)}
                for a in self.accounts
            ]
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """
        Read a list from plain data, whole or not at all.

        Raises:
            InvalidValue: A part is missing, unknown or of another form, with its place.
        """
        return cls([_account(part, f"$.accounts[{i}]") for i, part in enumerate(_listed(plain))])


def _listed(plain: Any) -> Iterable[Any]:
    listed = plain.get("accounts") if isinstance(plain, Mapping) else None
    if not isinstance(listed, list | tuple) or set(plain) != {"accounts"}:
        got = _text.kind_of(plain)
        raise InvalidValue(expected="a table with a list of accounts", got=got, where="$")
    return listed


def _account(plain: Any, where: str) -> Account:
    known = {field.name for field in attrs.fields(Account)}
    if not isinstance(plain, Mapping) or not {"name"} <= set(plain) <= known:
        expected = "a table with name, and perhaps aliases and domains"
        raise InvalidValue(expected=expected, got=_text.kind_of(plain), where=where)
    try:
        return Account(**plain)
    except InvalidValue as fault:
        place = where + (fault.where or "$")[1:]
        raise InvalidValue(expected=fault.expected, got=fault.got, where=place) from None
    except TypeError:
        raise InvalidValue(expected="lists of texts", got="others", where=where) from None
