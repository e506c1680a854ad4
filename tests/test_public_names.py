"""Every public name is listed, explained, annotated, shown to users, and tells no private room."""

import functools
import importlib
import inspect
import re
from pathlib import Path

import attrs
import pytest

import leadlib

ROOT = Path(__file__).resolve().parent.parent

FACES = (
    "consolidation",
    "errors",
    "handoff",
    "io",
    "lifecycle",
    "limits",
    "metrics",
    "model",
    "nurture",
    "qualification",
    "report",
    "worktime",
)
MODULES = ("leadlib", *(f"leadlib.{face}" for face in FACES))


@pytest.fixture(params=MODULES)
def module(request):
    return importlib.import_module(request.param)


class TestNames:
    def test_are_listed_once_and_in_order(self, module):
        assert list(module.__all__) == sorted(set(module.__all__))

    def test_can_all_be_had(self, module):
        assert [name for name in module.__all__ if not hasattr(module, name)] == []

    def test_are_offered_by_dir(self, module):
        assert set(module.__all__) <= set(dir(module))

    def test_are_all_public(self, module):
        assert [name for name in module.__all__ if re.match(r"_(?!_version__$)", name)] == []


class TestClassesAndFunctions:
    def test_are_explained(self, module):
        unexplained = [
            label for label, thing in public_things(module) if not (inspect.getdoc(thing) or "")
        ]

        assert unexplained == []

    def test_are_annotated(self, module):
        gaps = [
            f"{label}: {gap}" for label, thing in public_things(module) for gap in gaps_in(thing)
        ]

        assert gaps == []

    def test_live_in_a_public_module(self, module):
        """A repr, a pickle or a page of the docs shows the face, never its rooms."""
        elsewhere = [
            f"{label} says {thing.__module__}"
            for label, thing in named_things(module)
            if re.search(r"\._", thing.__module__)
        ]

        assert elsewhere == []


class TestRoof:
    def test_names_are_all_shown_in_a_test_or_a_page(self):
        shown = words_shown()

        assert [name for name in leadlib.__all__ if name not in shown] == []


def words_shown():
    """Collect all words that the tests and the pages show to a reader."""
    tests = [path for path in ROOT.glob("tests/**/*.py") if path.name != Path(__file__).name]
    pages = [path for path in ROOT.glob("docs/**/*.md") if "_build" not in path.parts]
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *tests, *pages)]
    return {word for text in texts for word in re.findall(r"\w+", text)}


def named_things(module):
    """Yield the public classes and functions of *module*; constants speak for themselves."""
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            yield f"{module.__name__}.{name}", thing


def public_things(module):
    """Yield the public classes and functions of *module*, and the public methods of the classes."""
    for label, thing in named_things(module):
        yield label, thing
        if inspect.isclass(thing):
            for name, member in vars(thing).items():
                function = function_of(member)
                if function is not None and not name.startswith("_"):
                    yield f"{label}.{name}", function


def function_of(member):
    """Return the function behind a method of any kind; None for a plain attribute."""
    match member:
        case property():
            return member.fget
        case classmethod() | staticmethod():
            return member.__func__
        case functools.cached_property():
            return member.func
    return member if inspect.isfunction(member) else None


def gaps_in(thing):
    """Name what is not annotated: fields of an attrs class, arguments and result of a function."""
    if inspect.isclass(thing):
        if attrs.has(thing):
            return [field.name for field in attrs.fields(thing) if field.type is None]
        start = vars(thing).get("__init__")
        return gaps_in(start) if inspect.isfunction(start) else []
    signature = inspect.signature(thing)
    gaps = [
        name
        for name, parameter in signature.parameters.items()
        if parameter.annotation is parameter.empty and name not in {"self", "cls"}
    ]
    return gaps + ["its result"] * (signature.return_annotation is signature.empty)
