"""Small pictures: SVG that stands still, loads nothing and reads as text, too."""

from collections.abc import Iterator, Mapping, Sequence

from leadlib._markup import in_html

__all__ = ["bars", "heat", "steps"]

_WIDTH, _HEIGHT, _LEFT, _TOP = 360, 120, 40, 24
_LEGEND = 8  # curves with a name beside them; more would not be told apart
_INKS = ("#1b4f8a", "#b5482a", "#3b7d3a", "#7a4b94")
_DASHES = ("none", "6 3", "2 3", "8 3 2 3")

_ROW = 20  # the height of a bar with its gap
_LABEL, _BAR = 130, 260  # the widths of names and of the longest bar
_MOST_BARS = 24  # more would not be read

_Point = tuple[float, float]


def steps(
    title: str,
    curves: Mapping[str, Sequence[_Point]],
    *,
    start: float,
    until: float,
    unit: str,
    per: float,
) -> str:
    """
    Draw curves that go in steps between 0 and 1.

    Args:
        title: What one sees.
        curves: Points (x, share) by name, in order of x: from there on the share holds.
        start: The share before the first point.
        until: The last x.
        unit, per: The name of the unit to show, and how many of them one x has.
    """
    names = list(curves)[:_LEGEND]
    height = _TOP + _HEIGHT + 22 + 16 * len(names)
    lines = "".join(_curve(i, curves[name], start, until) for i, name in enumerate(names))
    legend = "".join(_named(i, name) for i, name in enumerate(names))
    if more := len(curves) - len(names):
        height += 16
        legend += f'<text x="{_LEFT}" y="{height - 8}">and {more:,} more</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_WIDTH + _LEFT + 20}" '
        f'height="{height}" font-family="sans-serif" font-size="11">'
        f"<title>{in_html(title)}</title>"
        f'<text x="{_LEFT}" y="14">{in_html(title)}</text>{_axes(until * per, unit)}'
        f"{lines}{legend}</svg>"
    )


def bars(title: str, rows: Sequence[tuple[str, Sequence[int]]], *, parts: Sequence[str]) -> str:
    """
    Draw one bar for each row, made of parts that follow each other; the longest fills the width.

    Args:
        title: What one sees.
        rows: Names with the counts of their parts.
        parts: What the parts are called, in their order.
    """
    shown = rows[:_MOST_BARS]
    most = max((sum(counts) for _, counts in shown), default=0) or 1
    lines = "".join(_bar(i, name, counts, most) for i, (name, counts) in enumerate(shown))
    key = "".join(_keyed(i, part) for i, part in enumerate(parts))
    height = _TOP + _ROW * len(shown) + 24
    if more := len(rows) - len(shown):
        key += f'<text x="0" y="{height - 24}">and {more:,} more</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_LABEL + _BAR + 60}" '
        f'height="{height}" font-family="sans-serif" font-size="11">'
        f"<title>{in_html(title)}</title>"
        f'<text x="0" y="14">{in_html(title)}</text>{lines}'
        f'<g transform="translate(0 {height - 8})">{key}</g></svg>'
    )


def heat(
    title: str, rows: Sequence[tuple[str, Sequence[float | None]]], *, columns: Sequence[str]
) -> str:
    """
    Draw a field of shares, darker for more; what is not known is left blank and says ``-``.

    Args:
        title: What one sees.
        rows: Names with their shares from 0 to 1, the last rows if there are too many.
        columns: What the shares are of.
    """
    shown = rows[-_MOST_BARS:]
    heads = "".join(
        f'<text x="{_LABEL + _CELL * i + 4}" y="{_TOP + 8}">{in_html(name[:12])}</text>'
        for i, name in enumerate(columns)
    )
    cells = "".join(_cells(i, name, shares) for i, (name, shares) in enumerate(shown))
    height = _TOP + _ROW * (len(shown) + 1) + 20
    more = ""
    if cut := len(rows) - len(shown):
        more = f'<text x="0" y="{height - 6}">and {cut:,} before</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'width="{_LABEL + _CELL * len(columns)}" height="{height}" '
        f'font-family="sans-serif" font-size="11"><title>{in_html(title)}</title>'
        f'<text x="0" y="14">{in_html(title)}</text>{heads}{cells}{more}</svg>'
    )


_CELL = 86


def _cells(number: int, name: str, shares: Sequence[float | None]) -> str:
    y = _TOP + _ROW * number + 16
    drawn = f'<text x="0" y="{y + 12}">{in_html(name[:24])}</text>'
    for place, share in enumerate(shares):
        x = _LABEL + _CELL * place
        if share:
            square = f"M{x} {y}h{_CELL - 2}v{_ROW - 2}h-{_CELL - 2}z"
            drawn += f'<path d="{square}" fill="{_INKS[0]}" fill-opacity="{share:.2f}"/>'
        ink = ' fill="#fff"' if share and share > 1 / 2 else ""
        said = "-" if share is None else f"{100 * share:.1f} %"
        drawn += f'<text x="{x + 4}" y="{y + 13}"{ink}>{said}</text>'
    return drawn


def _bar(number: int, name: str, counts: Sequence[int], most: int) -> str:
    y, x = _TOP + _ROW * number, _LABEL
    drawn = f'<text x="0" y="{y + 12}">{in_html(name[:24])}</text>'
    for part, count in enumerate(counts):
        if width := round(_BAR * count / most):
            ink = _INKS[part % len(_INKS)]
            drawn += f'<path d="M{x} {y}h{width}v15h-{width}z" fill="{ink}"/>'
            x += width
    return f'{drawn}<text x="{x + 4}" y="{y + 12}">{sum(counts):,}</text>'


def _keyed(number: int, part: str) -> str:
    x, ink = 110 * number, _INKS[number % len(_INKS)]
    square = f'<path d="M{x} -9h10v10h-10z" fill="{ink}"/>'
    return f'{square}<text x="{x + 14}" y="0">{in_html(part)}</text>'


def _axes(last: float, unit: str) -> str:
    bottom, right = _TOP + _HEIGHT, _LEFT + _WIDTH
    frame = f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="#888"/>'
    shares = "".join(
        f'<text x="{_LEFT - 4}" y="{y + 4}" text-anchor="end">{label}</text>'
        for y, label in ((_TOP, "100 %"), (_TOP + _HEIGHT // 2, "50 %"), (bottom, "0 %"))
    )
    end = f"{last:,.1f} {in_html(unit)}"
    times = f'<text x="{right}" y="{bottom + 14}" text-anchor="end">{end}</text>'
    return f'{frame}{shares}<text x="{_LEFT}" y="{bottom + 14}">0</text>{times}'


def _curve(number: int, points: Sequence[_Point], start: float, until: float) -> str:
    path = "".join(_moves(points, start, until))
    return f'<path d="{path}" fill="none" {_ink(number)}/>'


def _moves(points: Sequence[_Point], start: float, until: float) -> Iterator[str]:
    """Only where the pen moves by a whole pixel: the picture stays small, however many points."""
    x, y = _LEFT, _down(start)
    yield f"M{x} {y}"
    for time, share in points:
        if _down(share) == y:
            continue
        if (along := _across(time, until)) != x:
            yield f"H{along}"
        x, y = along, _down(share)
        yield f"V{y}"
    yield f"H{_LEFT + _WIDTH}"


def _across(time: float, until: float) -> int:
    return _LEFT + round(_WIDTH * time / until) if until else _LEFT


def _down(share: float) -> int:
    return _TOP + round(_HEIGHT * (1 - share))


def _ink(number: int) -> str:
    dash = _DASHES[(number + number // len(_INKS)) % len(_DASHES)]
    return f'stroke="{_INKS[number % len(_INKS)]}" stroke-width="1.5" stroke-dasharray="{dash}"'


def _named(number: int, name: str) -> str:
    y = _TOP + _HEIGHT + 30 + 16 * number
    line = f'<path d="M{_LEFT} {y - 4}h24" {_ink(number)}/>'
    return f'{line}<text x="{_LEFT + 30}" y="{y}">{in_html(name)}</text>'
