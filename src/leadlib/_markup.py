"""Text that stays text: in a line, in Markdown, in HTML, whatever it holds."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from leadlib import _text

__all__ = ["html_list", "html_table", "in_html", "in_markdown", "on_one_line", "visible"]

# What means something anywhere, and what begins a quote, a list or a rule.
_SIGNS = re.compile(r"([`*_\[\]~#]|^>|^[+-](?=[ -]|$))")
_NUMBER = re.compile(r"^(\d{1,9})([.)])(?= |$)")


def on_one_line(text: str) -> str:
    """One line, and no letter that moves others."""
    return visible(" ".join(text.split()))


def visible(text: str) -> str:
    """The same letters, and those that break or turn a line as what they are."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def in_markdown(text: str) -> str:
    """No tag, no link, no code, no heading, no list and no cell of its own."""
    plain = _text.markdown(on_one_line(text).replace("&", "&amp;"))
    return _NUMBER.sub(r"\1\\\2", _SIGNS.sub(r"\\\1", plain))


def in_html(text: str) -> str:
    """No tag and no end of a quote."""
    return escape(on_one_line(text))


def html_list(lines: Iterable[tuple[int, str]]) -> str:
    """A list of HTML, with a list in it for each deeper level; levels count from 1."""
    page, level = "", 0
    for depth, html in lines:
        page += "<ul><li>" if depth > level else "</li></ul>" * (level - depth) + "</li><li>"
        page, level = page + html, depth
    return page + "</li></ul>" * level


def html_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, below: Iterable[str] = ()
) -> str:
    """A table whose cells hold text, whatever it says; lines *below* it are text, too."""
    top = "".join(f"<th>{in_html(cell)}</th>" for cell in head)
    lines = (f"<tr>{''.join(f'<td>{in_html(cell)}</td>' for cell in row)}</tr>" for row in rows)
    notes = "".join(f"<p>{in_html(line)}</p>" for line in below)
    return f"<table><tr>{top}</tr>{''.join(lines)}</table>{notes}"
