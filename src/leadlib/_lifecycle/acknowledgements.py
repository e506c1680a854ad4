"""Whether a process is documented, and understood by everybody who has a part in it (003-01)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Self

import attrs

from leadlib import _fields, _instants, _text
from leadlib._lifecycle.standing import Stage
from leadlib._rates import Rate
from leadlib.errors import InvalidValue, UnknownName
from leadlib.model import Team

if TYPE_CHECKING:
    from leadlib._lifecycle.table import Lifecycle

__all__ = ["Acknowledgement", "ProcessCoverage", "coverage_of"]


def _as_team(value: object) -> Team:
    for team in (Team.MARKETING, Team.SALES):
        if value == team:
            return team
    legal = [Team.MARKETING.value, Team.SALES.value]
    raise UnknownName(expected="a team", got=_text.kind_of(value), where="$.team", legal=legal)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Acknowledgement:
    """
    Somebody has read how one stage works, in exactly one wording.

    Args:
        stage: The name of the stage.
        by: Who.
        team: For which team.
        at: When.
        content_hash: What was read; :meth:`Lifecycle.acknowledge` fills it in.
    """

    stage: str = attrs.field(converter=_fields.identifier)
    by: str = attrs.field(converter=_fields.identifier, repr=False)
    team: Team = attrs.field(converter=_as_team)
    at: datetime = attrs.field(converter=_fields.instant)
    content_hash: str = attrs.field(converter=_fields.identifier)

    def to_dict(self) -> dict[str, str]:
        """The acknowledgement as plain data, for your store."""
        return attrs.asdict(self) | {"team": self.team.value, "at": self.at.isoformat()}

    @classmethod
    def from_dict(cls, plain: object) -> Self:
        """
        Read back what :meth:`to_dict` gave: ``from_dict(to_dict(a)) == a``.

        Raises:
            InvalidValue: A part is missing, not known, or of another form.
        """
        names = set(attrs.fields_dict(cls))
        if not isinstance(plain, Mapping) or set(plain) != names:
            expected = f"a mapping with {', '.join(sorted(names))}"
            raise InvalidValue(expected=expected, got=_text.kind_of(plain), where="$")
        at = plain["at"]
        return cls(**{**plain, "at": _instants.instant(at) if isinstance(at, str) else at})


@attrs.frozen(kw_only=True)
class ProcessCoverage:
    """
    How much of a process is written down, and how much of it everybody has acknowledged.

    Args:
        documented: The stages that say what they mean, of all.
        acknowledged: The documented stages whose present wording everybody has acknowledged, of
            all.
        undocumented: Those that say nothing; there is nothing to acknowledge.
        unacknowledged: Those that are documented, but not acknowledged by all.
        missing: For each of these, by name, who has not.
    """

    documented: Rate
    acknowledged: Rate
    undocumented: tuple[Stage, ...]
    unacknowledged: tuple[Stage, ...]
    missing: Mapping[str, tuple[str, ...]] = attrs.field(repr=False, hash=False)

    def __str__(self) -> str:
        written, read = self.documented, self.acknowledged
        return (
            f"{_text.plural(written.n, 'step')}: "
            f"{written.k} documented ({written.k / written.n:.1%}), "
            f"{read.k} acknowledged by all ({read.k / read.n:.1%})"
        ).replace("%", " %")


def coverage_of(
    lifecycle: "Lifecycle", given: Iterable[Acknowledgement], stakeholders: Iterable[str]
) -> ProcessCoverage:
    """Count the steps; an acknowledgement of another wording does not count."""
    people = _names(stakeholders)
    read = {(ack.stage, ack.by) for ack in given if _is_present(lifecycle, ack)}
    written = [stage for stage in lifecycle.stages if stage.meaning]
    missing = {
        stage.name: tuple(name for name in people if (stage.name, name) not in read)
        for stage in written
    }
    lacking = {name: names for name, names in missing.items() if names}
    total = len(lifecycle.stages)
    return ProcessCoverage(
        documented=Rate(len(written), total),
        acknowledged=Rate(len(written) - len(lacking), total),
        undocumented=tuple(stage for stage in lifecycle.stages if not stage.meaning),
        unacknowledged=tuple(stage for stage in written if stage.name in lacking),
        missing=_fields.FrozenDict(lacking),
    )


def _is_present(lifecycle: "Lifecycle", given: Acknowledgement) -> bool:
    _fields.check_type(given, Acknowledgement, "acknowledgements")
    return lifecycle.step_hashes.get(given.stage) == given.content_hash


def _names(stakeholders: Iterable[str]) -> tuple[str, ...]:
    """Each once; without any, nothing would count as acknowledged by all."""
    names = () if isinstance(stakeholders, str) else tuple(stakeholders)
    if not names:
        got = _text.kind_of(stakeholders) if isinstance(stakeholders, str) else "none"
        raise InvalidValue(expected="names of stakeholders", got=got, where="stakeholders")
    clean = _fields.named("stakeholders", _fields.identifier)
    return tuple(dict.fromkeys(clean(name) for name in names))
