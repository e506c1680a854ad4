"""What `import leadlib` costs, in fresh interpreters, against the import of what it stands on."""

import os
import subprocess
import sys
import tempfile
from functools import partial

from benchmarks.harness import Row, milliseconds, race, ratio

FACES = ("model", "qualification", "lifecycle", "nurture", "metrics")
LAZY = "import leadlib"
WHOLE = "import leadlib, and its five faces"
FLOOR = "import attrs, dateutil.relativedelta, datetime, enum, re"
SNIPPETS = {
    LAZY: "import leadlib",
    WHOLE: "import leadlib\n" + "\n".join(f"import leadlib.{face}" for face in FACES),
    FLOOR: "import attrs\nimport dateutil.relativedelta\nimport datetime, enum, re",
}
GOALS = {LAZY: 1.25, WHOLE: 1.25}


def rows(*, quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as bytecode:
        # Everybody starts with byte code that the untimed run wrote, whatever the caller has set.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        seconds = partial(_import_seconds, environment)
        _check(environment)
        times = race(SNIPPETS, rounds=5 if quick else 21, measure=seconds)
    return [
        Row(
            part="imports",
            work=name,
            against=FLOOR,
            ratio=ratio(times, name, FLOOR),
            goal=goal,
            speed=milliseconds(times, name),
        )
        for name, goal in GOALS.items()
    ]


def _import_seconds(environment: dict[str, str], snippet: str) -> float:
    """The CPU time around the imports alone: the start of the interpreter is not counted."""
    before = "import time\nbegin = time.process_time()\n"
    after = "\nprint(time.process_time() - begin)"
    return float(_output(environment, before + snippet + after))


def _check(environment: dict[str, str]) -> None:
    """A lazy import must load nothing, a whole one every face."""
    after = "\nimport sys\nprint(*sys.modules)"
    lazy = _output(environment, SNIPPETS[LAZY] + after).split()
    whole = _output(environment, SNIPPETS[WHOLE] + after).split()
    assert "attrs" not in lazy
    assert {f"leadlib.{face}" for face in FACES} <= set(whole)


def _output(environment: dict[str, str], code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout
