"""Lead definitions from TOML or JSON, and back."""

from pathlib import Path

from leadlib._io import papers
from leadlib.errors import DefinitionError
from leadlib.qualification import LeadDefinition

__all__ = [
    "definition_from_json",
    "definition_from_toml",
    "definition_to_json",
    "definition_to_toml",
    "load_definition",
]

_PAPERS = papers.Papers(DefinitionError)


def load_definition(path: str | Path) -> LeadDefinition:
    """
    Read a lead definition from a ``.toml`` or ``.json`` file, whole or not at all.

    Raises:
        DefinitionError: Every fault of the file: path, what was expected, what is legal.
    """
    return LeadDefinition.from_dict(_PAPERS.of_file(path))


def definition_from_toml(text: str) -> LeadDefinition:
    """
    Read a lead definition from TOML.

    Raises:
        DefinitionError: Every fault of the text.

    Example:
        >>> definition_from_toml('''
        ... name = "sales-ready"
        ... fields.staff = { type = "integer", unit = "people" }
        ... qualify = { field = "staff", at_least = 50 }
        ... ''')
        <LeadDefinition sales-ready v1: staff >= 50 people>
    """
    return LeadDefinition.from_dict(_PAPERS.of_toml(text))


def definition_from_json(text: str) -> LeadDefinition:
    """
    Read a lead definition from JSON.

    Raises:
        DefinitionError: Every fault of the text.

    Example:
        >>> definition_from_json('{"name": "x", "name": "y"}')
        Traceback (most recent call last):
            ...
        leadlib.errors.DefinitionError: expected JSON, each key once, got text of another form @ $
    """
    return LeadDefinition.from_dict(_PAPERS.of_json(text))


def definition_to_toml(definition: LeadDefinition) -> str:
    """
    Write a lead definition as TOML; :func:`definition_from_toml` gives the same one back.

    Raises:
        MissingExtra: tomli-w is not installed: ``leadlib[toml]``.
        DefinitionError: It is so large that it could not be read back.

    Example:
        >>> from leadlib import Field
        >>> definition = LeadDefinition("d", Field("staff", int, unit="people") >= 50)
        >>> print(definition_to_toml(definition), end="")
        name = "d"
        version = 1
        <BLANKLINE>
        [fields.staff]
        type = "integer"
        unit = "people"
        <BLANKLINE>
        [qualify]
        field = "staff"
        at_least = 50
    """
    return papers.to_toml(definition.to_dict(), definition_from_toml)


def definition_to_json(definition: LeadDefinition) -> str:
    """
    Write a lead definition as JSON; :func:`definition_from_json` gives the same one back.

    Raises:
        DefinitionError: It is so large that it could not be read back.

    Example:
        >>> from leadlib import Field
        >>> definition = LeadDefinition("d", Field("staff", int) >= 50)
        >>> definition_from_json(definition_to_json(definition)) == definition
        True
    """
    return papers.to_json(definition.to_dict(), definition_from_json)
