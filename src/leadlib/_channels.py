"""Channels: one name for each, however it is spelled, for a law and an opt-out to find it."""

from difflib import get_close_matches
from functools import lru_cache

from leadlib import _fields
from leadlib.errors import UnknownName

__all__ = ["as_channel", "as_channel_or_none"]

_OWN = {each: each for each in ("mail", "phone", "sms", "auto call", "post", "invitation")}
_NAMES = _OWN | {
    "email": "mail",
    "e mail": "mail",
    "call": "phone",
    "phone call": "phone",
    "tel": "phone",
    "telephone": "phone",
    "text": "sms",
    "text message": "sms",
    "autocall": "auto call",
    "robocall": "auto call",
    "letter": "post",
    "direct mail": "post",
}
_NEARLY = 0.8  # "emial" is a slip, "voicemail" is a channel of its own


def as_channel(value: object) -> str:
    """
    The one name of a channel: e-mail is ``mail``, a telephone is ``phone``; others are taken.

    Raises:
        InvalidValue: No text, or too much of it.
        UnknownName: A slip of the pen: an opt-out by ``emial`` would hold back nothing.
    """
    if isinstance(value, str) and value in _OWN:
        return value
    return _named(_fields.identifier(value))


def as_channel_or_none(value: object) -> str | None:
    """The one name of a channel; none is every channel."""
    return None if value is None else as_channel(value)


@lru_cache(maxsize=1_000)
def _named(text: str) -> str:
    name = " ".join(text.casefold().replace("-", " ").replace("_", " ").split()) or text
    if name in _NAMES:
        return _NAMES[name]
    if get_close_matches(name, _NAMES, n=1, cutoff=_NEARLY):
        got = repr(text)[:64]
        raise UnknownName(expected="a channel", got=got, legal=[*_NAMES])
    return name
