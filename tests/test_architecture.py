"""The floors of the house, what an import may load, and what no line of the package may do."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "src" / "leadlib").rglob("*.py"))

FACES = ("model", "qualification", "lifecycle", "nurture", "metrics")
HEAVY = frozenset(
    {
        "asyncio",
        "holidays",
        "icalendar",
        "narwhals",
        "numpy",
        "pandas",
        "phonenumbers",
        "polars",
        "pyarrow",
        "socket",
        "tqdm",
    }
)
# attrs and python-dateutil, under the names they are imported by, and what these two stand on
FOUNDATION = frozenset({"attr", "attrs", "dateutil", "six", "tzdata"})

RUNS_CODE = frozenset({"compile", "eval", "exec", "__import__"})
# Compiles lines of its own words and numbers; tests/test_plan.py proves that they are no others.
COMPILES = ROOT / "src" / "leadlib" / "_qualification" / "source.py"
READS_CODE = frozenset({"dill", "marshal", "pickle", "shelve", "yaml"})


class TestFloors:
    def test_every_import_goes_down(self):
        linter = Path(sys.executable).with_name("lint-imports")
        done = subprocess.run(
            [linter, "--no-logo", "--no-cache"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stdout + done.stderr


class TestImport:
    def test_of_the_package_loads_nothing_heavy(self):
        assert loaded_by("import leadlib") & HEAVY == set()

    def test_of_the_package_loads_no_face_yet(self):
        assert modules_after("import leadlib") & {f"leadlib.{face}" for face in FACES} == set()

    @pytest.mark.parametrize("face", FACES)
    def test_of_a_face_loads_the_standard_library_and_the_core_dependencies_only(self, face):
        loaded = loaded_by(f"import leadlib.{face}")

        assert loaded & HEAVY == set()
        assert loaded - sys.stdlib_module_names - FOUNDATION == {"leadlib"}


class TestSource:
    @pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
    def test_runs_no_input_as_code(self, path):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        forbidden = RUNS_CODE - {"compile"} if path == COMPILES else RUNS_CODE

        assert [*names_called(tree) & forbidden, *packages_imported(tree) & READS_CODE] == []

    def test_is_found(self):
        """The rule above is not kept for want of files."""
        assert ROOT / "src" / "leadlib" / "__init__.py" in SOURCES


class TestPublishedTables:
    def test_are_marked_with_their_source_and_the_metric_they_are_of(self):
        found = [*marked_as_published()]

        assert all(source and rules for source, rules in found)
        assert {rule for _, rules in found for rule in rules} >= {
            "M-07",  # Newcombe, one rate
            "M-08",  # Newcombe, two rates
            "M-12",  # the remission trial, curve and log-rank test
            "M-13",  # competing risks
            "M-35",  # kappa of many
        }


def marked_as_published():
    """Yield the source of each published table in the tests, and the rules of its test."""
    for path in sorted((ROOT / "tests").glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            marks = [
                (call.func.attr, [word.value for word in call.args])
                for call in getattr(node, "decorator_list", ())
                if isinstance(call, ast.Call)
                and ast.unparse(call.func).startswith("pytest.mark.")
                and all(isinstance(word, ast.Constant) for word in call.args)
            ]
            rules = [rule for mark, words in marks if mark == "rule" for rule in words]
            yield from ((words[0], rules) for mark, words in marks if mark == "published")


def loaded_by(statement: str) -> set[str]:
    names = {name.partition(".")[0] for name in modules_after(statement)}
    # the build settings of the interpreter itself, whose name differs from machine to machine
    return {name for name in names if not name.startswith("_sysconfigdata")}


def modules_after(statement: str) -> set[str]:
    """Name the modules that *statement* loads in a fresh interpreter, beyond its own start."""
    program = (
        "import json, sys\n"
        "before = set(sys.modules)\n"
        f"{statement}\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def names_called(tree: ast.AST) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def packages_imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}
