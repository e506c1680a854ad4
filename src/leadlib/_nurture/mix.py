"""The mix of channels: one tactic, or several that work together (seeds 000, 003)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import attrs

from leadlib import _fields, _text
from leadlib.errors import InvalidValue

__all__ = ["ChannelMix", "activities", "channel_mix"]


class _ByChannel(Protocol):
    @property
    def channel(self) -> str: ...


@attrs.frozen
class ChannelMix:
    """
    How many contacts go by which channel; made by :func:`channel_mix`.

    Args:
        counts: Channel to number, the largest first.
    """

    counts: Mapping[str, int] = attrs.field(hash=False)

    @property
    def shares(self) -> Mapping[str, float]:
        """The share of each channel."""
        total = sum(self.counts.values())
        return _fields.FrozenDict({name: count / total for name, count in self.counts.items()})

    @property
    def concentration(self) -> float | None:
        """The sum of the squared shares: 1 for a single channel, 1/n for n equal ones."""
        return sum(share * share for share in self.shares.values()) if self.counts else None

    @property
    def is_single(self) -> bool:
        """Whether one channel does it all: a single tactic."""
        return len(self.counts) == 1

    def __str__(self) -> str:
        shares = [f"{name} {share:.0%}".replace("%", " %") for name, share in self.shares.items()]
        return ", ".join(shares) or "no contacts"

    def to_dict(self) -> dict[str, Any]:
        """The mix as plain data."""
        return {"counts": dict(self.counts), "concentration": self.concentration}


class _OfACadence(Protocol):
    @property
    def cadence(self) -> str: ...


def activities(contacts: Iterable[_OfACadence]) -> Mapping[str, int]:
    """
    Count contacts by the cadence that they are of, the largest first.

    Args:
        contacts: Touches, or touches that went out: each carries its cadence.

    Source:
        Seed 003: the database tracks all activities of every programme.
    """
    _fields.check_type(contacts, Iterable, "contacts")
    counts = Counter(_said(contact, "cadence") for contact in contacts)
    return _fields.FrozenDict(dict(counts.most_common()))


def channel_mix(contacts: Iterable[_ByChannel]) -> ChannelMix:
    """
    Count contacts by their channel.

    Args:
        contacts: Steps, touches, or touches that went out: whatever has a channel.

    Source:
        Seed 003: a single tactic instead of multi-modal; the measure is that of Herfindahl and
        Hirschman.

    Example:
        >>> from dateutil.relativedelta import relativedelta
        >>> from leadlib.nurture import Step
        >>> by = ["mail", "mail", "phone", "post", "invitation"]
        >>> steps = [Step(send=f"{n}", after=relativedelta(), channel=c) for n, c in enumerate(by)]
        >>> print(channel_mix(steps))
        mail 40 %, phone 20 %, post 20 %, invitation 20 %
    """
    _fields.check_type(contacts, Iterable, "contacts")
    counts = Counter(_said(contact, "channel") for contact in contacts)
    return ChannelMix(_fields.FrozenDict(dict(counts.most_common())))


def _said(contact: object, what: str) -> str:
    said = getattr(contact, what, None)
    if not isinstance(said, str):
        got = _text.kind_of(contact)
        raise InvalidValue(expected=f"contacts with a {what}", got=got, where="contacts")
    return said
