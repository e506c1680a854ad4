"""Text that stays text: in a line, in Markdown, in HTML, whatever it holds."""

import re
from collections.abc import Iterable
from html import escape

from leadlib import _text

__all__ = ["html_list", "in_markdown", "on_one_line"]

_SIGNS = re.compile(r"([`*_\[\]~]|^[#>])")


def on_one_line(text: str) -> str:
    """One line, and no letter that moves others."""
    words = " ".join(text.split())
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in words)


def in_markdown(text: str) -> str:
    """No tag, no link, no code, no heading, no cell of its own."""
    return _SIGNS.sub(r"\\\1", _text.markdown(on_one_line(text).replace("&", "&amp;")))


def html_list(head: str, lines: Iterable[tuple[int, str]]) -> str:
    """A head and a list, with a list in it for each deeper level; levels count from 1."""
    page, level = f"<p><b>{escape(head)}</b></p>", 0
    for depth, text in lines:
        page += "<ul><li>" if depth > level else "</li></ul>" * (level - depth) + "</li><li>"
        page, level = page + escape(text), depth
    return page + "</li></ul>" * level
