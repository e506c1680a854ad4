"""
The report as one HTML file: no scripts, no links to elsewhere, nothing to load.

Needs ``leadlib[cli]``: the template engine escapes every value that comes from the data.
"""

from collections.abc import Sequence
from typing import Any

from leadlib.errors import MissingExtra
from leadlib.metrics import Cohorts, Funnel, FunnelStep, Stop

__all__ = [
    "DETAILED",
    "LEAK_HEAD",
    "MISSING",
    "group_head",
    "group_table",
    "leak_table",
    "to_html",
]

LEAK_HEAD = ("got to", "is now in", "leads", "of reached", "state", "days there")
MISSING = "(missing)"
DETAILED = 20  # groups shown one by one; more are compared side by side only
_WIDTH, _BAR = 640, 28


def to_html(
    funnel: Funnel,
    *,
    cohorts: Cohorts | None = None,
    title: str = "Funnel",
    notes: Sequence[str] = (),
) -> str:
    """
    Write a funnel, its leaks, groups and cohorts as one self-contained page.

    Args:
        funnel: With its groups, if it has any.
        cohorts: Leads by month of entry.
        title: The heading.
        notes: Sentences under the heading, such as the row counts.

    Raises:
        MissingExtra: ``leadlib[cli]`` is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  # an extra
    except ImportError:
        raise MissingExtra(expected="leadlib[cli], which writes pages", got="no jinja2") from None
    environment = Environment(
        loader=PackageLoader("leadlib", "_templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: str = environment.get_template("report.html").render(
        title=title,
        notes=list(notes),
        funnel=funnel,
        bars=_bars(funnel.steps),
        height=len(funnel.steps) * (_BAR + 8),
        leak_head=LEAK_HEAD,
        group_head=group_head(funnel),
        group_rows=group_table(funnel),
        missing=MISSING,
        detailed=len(funnel.groups) <= DETAILED,
        leaks=leak_table(funnel.stops),
        cohorts=cohorts,
    )
    return page


def _bars(steps: Sequence[FunnelStep]) -> list[dict[str, Any]]:
    """The funnel as stacked bars: advanced, open, left, to the scale of the first stage."""
    whole = max((step.reached for step in steps), default=0) or 1
    bars = []
    for row, step in enumerate(steps):
        x, parts = 0.0, []
        for kind, count in (("advanced", step.advanced), ("open", step.open), ("left", step.left)):
            shown = "here" if step.is_last and kind == "open" else kind
            width = _WIDTH * count / whole
            parts.append(
                {"kind": shown, "count": count, "x": round(x, 2), "width": round(width, 2)}
            )
            x += width
        bars.append(
            {"stage": step.stage, "reached": step.reached, "y": row * (_BAR + 8), "parts": parts}
        )
    return bars


def group_head(funnel: Funnel) -> tuple[str, ...]:
    """The head of :func:`group_table`."""
    return funnel.group_rows()[0]


def group_table(funnel: Funnel) -> list[tuple[str, ...]]:
    """The groups of a funnel side by side, from the first stage to the last, as rows of text."""
    return funnel.group_rows()[1:]


def leak_table(stops: Sequence[Stop], *, most: int = 10) -> list[tuple[str, ...]]:
    """
    The biggest leaks as rows of text under :data:`LEAK_HEAD`, most leads first.

    Example:
        >>> leak_table([Stop(stage="handed_off", now="handed_off", leads=3, reached=12, ended=False,
        ...                  days_there=20)])
        [('handed_off', 'handed_off', '3', '25.0 %', 'open', '20.0')]
    """
    return [
        (
            stop.stage,
            stop.now,
            f"{stop.leads:,}",
            stop.share.percent,
            "ended" if stop.ended else "open",
            f"{stop.days_there:,.1f}",
        )
        for stop in stops[:most]
    ]
