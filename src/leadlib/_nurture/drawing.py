"""The picture of a plan: touches on a line of time, one row for each lead and channel."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo

from leadlib._markup import in_html
from leadlib._nurture.touches import Touch, TouchState

__all__ = ["per_day", "timeline"]

_LEFT, _WIDTH, _ROW, _TOP = 130, 400, 22, 30
_HIGH = 100
_MOST_ROWS, _MOST_MARKS = 24, 200  # more would not be read
_MARKS = {
    TouchState.SENT: ("#1b4f8a", "#1b4f8a"),
    TouchState.PLANNED: ("#ffffff", "#1b4f8a"),
    TouchState.HELD: ("#ffffff", "#b5482a"),
    TouchState.CANCELLED: ("#dddddd", "#888888"),
}


def timeline(touches: Sequence[Touch], zone: tzinfo) -> str:
    """Draw each touch as a circle at its instant; a tick above one that was moved."""
    shown = touches[:_MOST_MARKS]
    rows = _rows(shown)
    begin = min((touch.at for touch in shown), default=None)
    end = max((touch.at for touch in shown), default=None)
    names = list(rows)[:_MOST_ROWS]
    height = _TOP + _ROW * len(names) + 40
    body = "".join(_row(i, name, rows[name], begin, end, zone) for i, name in enumerate(names))
    hidden = len(touches) - sum(len(rows[name]) for name in names)
    more = f'<text x="0" y="{height - 4}">and {hidden:,} more</text>' if hidden else ""
    title = f"{len(touches):,} touches"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_LEFT + _WIDTH + 20}" '
        f'height="{height}" font-family="sans-serif" font-size="11">'
        f'<title>{title}</title><text x="0" y="14">{title}</text>'
        f"{body}{_axis(height, begin, end, zone)}{_key(height)}{more}</svg>"
    )


def per_day(counts: Mapping[date, int]) -> str:
    """Draw how many touches go out on each day, the busiest as high as the picture."""
    most = max(counts.values(), default=0)
    first, last = min(counts, default=None), max(counts, default=None)
    title = f"{sum(counts.values()):,} touches, at most {most:,} on a day"
    days = 1 if first is None or last is None else (last - first).days + 1
    width = max(_WIDTH // days, 1)
    body = "".join(
        _bar(_LEFT + _WIDTH * (day - first).days // days, width, round(_HIGH * count / most))
        for day, count in counts.items()
        if first is not None
    )
    y = _TOP + _HIGH + 14
    ends = (
        ""
        if first is None
        else (
            f'<text x="{_LEFT}" y="{y}">{first}</text>'
            f'<text x="{_LEFT + _WIDTH}" y="{y}" text-anchor="end">{last}</text>'
        )
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_LEFT + _WIDTH + 20}" '
        f'height="{y + 6}" font-family="sans-serif" font-size="11">'
        f'<title>{title}</title><text x="0" y="14">{title}</text>{body}{ends}</svg>'
    )


def _bar(x: int, width: int, height: int) -> str:
    return f'<path d="M{x} {_TOP + _HIGH}v-{height}h{width}v{height}z" fill="#1b4f8a"/>'


def _rows(touches: Sequence[Touch]) -> dict[str, list[Touch]]:
    several = len({touch.lead for touch in touches}) > 1
    rows: dict[str, list[Touch]] = {}
    for touch in touches:
        name = f"{touch.lead} {touch.channel}" if several else touch.channel
        rows.setdefault(name, []).append(touch)
    return rows


def _row(
    number: int,
    name: str,
    touches: Sequence[Touch],
    begin: datetime | None,
    end: datetime | None,
    zone: tzinfo,
) -> str:
    y = _TOP + _ROW * number + 8
    line = f'<path d="M{_LEFT} {y}h{_WIDTH}" stroke="#ccc"/>'
    label = f'<text x="0" y="{y + 4}">{in_html(name[:24])}</text>'
    return label + line + "".join(_mark(touch, y, begin, end, zone) for touch in touches)


def _mark(touch: Touch, y: int, begin: datetime | None, end: datetime | None, zone: tzinfo) -> str:
    fill, ink = _MARKS[touch.state]
    x = _across(touch.at, begin, end)
    when = f"{touch.at.astimezone(zone):%Y-%m-%d %H:%M}"
    said = f"{touch.send}, {touch.state} {when}" + (f" ({touch.why})" if touch.why else "")
    tick = f'<path d="M{x} {y - 6}v-4" stroke="{ink}"/>' if touch.is_moved else ""
    circle = f'<circle cx="{x}" cy="{y}" r="5" fill="{fill}" stroke="{ink}">'
    return f"{tick}{circle}<title>{in_html(said)}</title></circle>"


def _across(at: datetime, begin: datetime | None, end: datetime | None) -> int:
    if begin is None or end is None or end - begin <= timedelta(0):
        return _LEFT + 6
    return _LEFT + 6 + round((_WIDTH - 12) * ((at - begin) / (end - begin)))


def _axis(height: int, begin: datetime | None, end: datetime | None, zone: tzinfo) -> str:
    if begin is None or end is None:
        return ""
    y = height - 22
    first, last = (f"{at.astimezone(zone):%Y-%m-%d}" for at in (begin, end))
    return (
        f'<text x="{_LEFT}" y="{y}">{first}</text>'
        f'<text x="{_LEFT + _WIDTH}" y="{y}" text-anchor="end">{last}</text>'
    )


def _key(height: int) -> str:
    parts = []
    for number, (state, (fill, ink)) in enumerate(_MARKS.items()):
        x = _LEFT + 100 * number
        circle = f'<circle cx="{x}" cy="{height - 8}" r="5" fill="{fill}" stroke="{ink}"/>'
        parts.append(f'{circle}<text x="{x + 10}" y="{height - 4}">{state}</text>')
    return "".join(parts)
