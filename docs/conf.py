"""How the pages are built: Markdown by MyST, docstrings by autodoc, nothing from the net."""

import enum
import importlib.metadata
from typing import Any

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

from leadlib.qualification import Field

project = "leadlib"
author = "the leadlib authors"
copyright = author
release = importlib.metadata.version("leadlib")
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Source"]

html_theme = "furo"
html_title = f"leadlib {release}"


def setup(app: Sphinx) -> None:
    app.add_lexer("mermaid", TextLexer)  # shown as text; the pages load no script from elsewhere
    app.connect("autodoc-process-docstring", keep_colons, priority=400)
    # Its attribute called `type` hides the builtin from its own annotation.
    Field.__annotations__["type"] = Field.__init__.__annotations__["type"] = type
    app.connect("autodoc-skip-member", show_enum_members)


def keep_colons(_app: Sphinx, what: str, *rest: Any) -> None:
    """Put an invisible line before a property, of whose first colon Napoleon would make a type."""
    if what == "property":
        rest[-1].insert(0, "\\")


def show_enum_members(_app: Sphinx, _what: str, _name: str, obj: object, *_: Any) -> bool | None:
    return False if isinstance(obj, enum.Enum) else None
