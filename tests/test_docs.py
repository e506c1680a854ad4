"""
Every example that we show runs: the pages, the README, and the docstrings.

In the pages, `python` and `pycon` blocks run one after the other, in one namespace per page.  In a
`console` block, every `$ leadlib ...` line runs in the root of the repository and must print what
stands below it; other commands are for the reader.

A block opened with ```` ```python no-run ```` (or `pycon`, `console`) is left alone, and so is one
below the comment `<!-- skip: next -->`.  A block that shows an error says the status it ends with,
```` ```console exit=2 ````; its output is then everything that a terminal shows.
"""

import ast
import doctest
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.evaluators.doctest import DocTestEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")))
    if page.exists() and "_build" not in page.parts
]

COMMAND = re.compile(
    r"""
    ^\$\ (?P<command> (?: .*\\\n )* .* ) \n?  # may go on after a backslash
    (?P<output> (?: (?!\$\ ) .* (?: \n | \Z ) )* )
    """,
    re.MULTILINE | re.VERBOSE,
)
SLIP = re.compile(r"^\s*```(py|py3|python3|doctest|shell-session)\b", re.MULTILINE)


class PyconParser:
    """Run the `>>>` lines of a ```` ```pycon ```` block."""

    def __init__(self):
        self.blocks = CodeBlockParser("pycon", evaluator=lambda _: None)
        self.examples = DocTestStringParser(DocTestEvaluator())

    def __call__(self, document):
        for block in self.blocks(document):
            for example in self.examples(block.parsed, document.path):
                example.adjust(block, block.parsed)
                yield example


def run_console(example):
    """Run each `$ leadlib` line of a block; return what differs, as Sybil wants it."""
    differences = []
    _, _, status = example.region.lexemes["arguments"].partition(" exit=")
    for shown in COMMAND.finditer(example.parsed):
        words = shlex.split(shown["command"].replace("\\\n", " "), comments=True)
        if words[:1] == ["leadlib"]:
            differences += differences_of(words[1:], shown["output"], int(status or 0))
    return "\n".join(differences)


def differences_of(arguments, expected, status):
    program = Path(sys.executable).with_name("leadlib")
    done = subprocess.run(
        [program, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    printed = done.stdout + (done.stderr if status else "")
    command = shlex.join(["leadlib", *arguments])
    if done.returncode != status:
        yield f"$ {command}\nended with status {done.returncode}, not {status}\n{done.stderr}"
    if printed.rstrip("\n") != expected.rstrip("\n"):
        yield f"$ {command}\nThe page shows:\n{expected}\nThe command prints:\n{printed}"


class ConsoleParser:
    """Run the blocks ```` ```console ```` and ```` ```console exit=N ````."""

    def __call__(self, document):
        for language in {"console", *re.findall(r"```(console exit=\d+)", document.text)}:
            yield from CodeBlockParser(language, evaluator=run_console)(document)


EXAMPLES = Sybil(parsers=[PythonCodeBlockParser(), PyconParser(), ConsoleParser(), SkipParser()])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
class TestPages:
    def test_run_as_shown(self, page, monkeypatch):
        monkeypatch.chdir(ROOT)
        document = EXAMPLES.parse(page)

        for example in document.examples():
            example.evaluate()

    def test_leave_no_block_alone_by_a_slip(self, page):
        """A block that looks like Python or a terminal is named as the tests know it."""
        assert SLIP.findall(page.read_text(encoding="utf-8")) == []


def shown_in_docstrings():
    """Yield each docstring of the package that holds an example, with its place."""
    for path in sorted(SOURCE.rglob("*.py")):
        room = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for node, name in named_nodes(ast.parse(path.read_text(encoding="utf-8")), room):
            text = ast.get_docstring(node, clean=False) or ""
            if ">>>" in text:
                yield pytest.param(room, name, text, path, node.body[0].lineno, id=name)


def named_nodes(node, name):
    yield node, name
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from named_nodes(child, f"{name}.{child.name}")


class TestDocstrings:
    @pytest.mark.parametrize(("room", "name", "text", "path", "line"), [*shown_in_docstrings()])
    def test_run_as_shown(self, room, name, text, path, line):
        names = dict(vars(importlib.import_module(room)))
        test = doctest.DocTestParser().get_doctest(text, names, name, str(path), line - 1)
        report = []

        doctest.DocTestRunner(verbose=False).run(test, out=report.append)

        assert "".join(report) == ""
