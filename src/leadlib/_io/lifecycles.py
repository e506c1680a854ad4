"""Lifecycles from TOML or JSON, and back."""

from collections.abc import Iterable
from pathlib import Path

from leadlib._io import papers
from leadlib.errors import LifecycleError
from leadlib.lifecycle import LeadEvent, Lifecycle

__all__ = [
    "lifecycle_from_json",
    "lifecycle_from_toml",
    "lifecycle_to_json",
    "lifecycle_to_toml",
    "load_lifecycle",
]

_PAPERS = papers.Papers(LifecycleError)
Kinds = Iterable[type[LeadEvent]]


def load_lifecycle(path: str | Path, *, kinds: Kinds = ()) -> Lifecycle:
    """
    Read a lifecycle from a ``.toml`` or ``.json`` file, whole or not at all.

    Args:
        path: The file; no other one is opened.
        kinds: Events of your own that it may name, beside the standard ones.

    Raises:
        LifecycleError: Every fault of the file: path, what was expected, what is legal.
    """
    return Lifecycle.from_dict(_PAPERS.of_file(path), kinds=kinds)


def lifecycle_from_toml(text: str, *, kinds: Kinds = ()) -> Lifecycle:
    """
    Read a lifecycle from TOML.

    Args:
        text: The TOML.
        kinds: Events of your own that it may name, beside the standard ones.

    Raises:
        LifecycleError: Every fault of the text.

    Example:
        >>> lifecycle_from_toml('''
        ... name = "small"
        ... start = "new"
        ... opening = "Inquired"
        ... stages.new = { owner = "sales", moves = { Won = "sold" } }
        ... stages.sold = { owner = "both", closed = true }
        ... ''')
        <Lifecycle small: 2 stages>
    """
    return Lifecycle.from_dict(_PAPERS.of_toml(text), kinds=kinds)


def lifecycle_from_json(text: str, *, kinds: Kinds = ()) -> Lifecycle:
    """
    Read a lifecycle from JSON.

    Args:
        text: The JSON.
        kinds: Events of your own that it may name, beside the standard ones.

    Raises:
        LifecycleError: Every fault of the text.

    Example:
        >>> from leadlib.lifecycle import SIMPLE
        >>> lifecycle_from_json(lifecycle_to_json(SIMPLE)) == SIMPLE
        True
    """
    return Lifecycle.from_dict(_PAPERS.of_json(text), kinds=kinds)


def lifecycle_to_toml(lifecycle: Lifecycle) -> str:
    """
    Write a lifecycle as TOML; :func:`lifecycle_from_toml` gives the same one back.

    Raises:
        MissingExtra: tomli-w is not installed: ``leadlib[toml]``.
        LifecycleError: It could not be read back: it is too large, or a clock starts at a date that
            no event carries, or is followed by an event that needs more than a reason.
        ConflictError: Two of its events share a name.

    Example:
        >>> from leadlib.lifecycle import SIMPLE
        >>> print(lifecycle_to_toml(SIMPLE).splitlines()[1])
        start = "inquiry"
    """
    kinds = lifecycle.kinds
    return papers.to_toml(lifecycle.to_dict(), lambda text: lifecycle_from_toml(text, kinds=kinds))


def lifecycle_to_json(lifecycle: Lifecycle) -> str:
    """
    Write a lifecycle as JSON; :func:`lifecycle_from_json` gives the same one back.

    Raises:
        LifecycleError: It could not be read back: it is too large, or a clock starts at a date that
            no event carries, or is followed by an event that needs more than a reason.
        ConflictError: Two of its events share a name.

    Example:
        >>> from leadlib.lifecycle import SIMPLE
        >>> print(lifecycle_to_json(SIMPLE)[:21])
        {
          "name": "simple",
    """
    kinds = lifecycle.kinds
    return papers.to_json(lifecycle.to_dict(), lambda text: lifecycle_from_json(text, kinds=kinds))
