"""
Run the tests under every Python that leadlib is made for and that is found here.

Looks for `python3.N` on PATH and in ~/.pyenv/versions; each version has an environment of its own
in .venvs.  The versions wanted are the ones that pyproject.toml declares.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("leadlib needs Python 3.11 or later: call make PYTHON=/path/to/python3.11")

import tomllib

ROOT = Path(__file__).resolve().parent.parent
ASK_VERSION = "import sys; print(*sys.version_info[:2], sep='.')"


def main() -> int:
    wanted, found = declared(), interpreters()
    outcomes = {version: run(version, found.get(version)) for version in wanted}
    print("\nPython   tests")
    for version, outcome in outcomes.items():
        print(f"{version:<9}{outcome}")
    return int("FAILED" in outcomes.values() or not found)


def declared() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return re.findall(r":: (3\.\d+)$", "\n".join(project["classifiers"]), flags=re.MULTILINE)


def interpreters() -> dict[str, Path]:
    """Map each version to the first interpreter that really answers with it."""
    folders = [Path(part) for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part]
    candidates = [Path(sys.executable)]
    candidates += [path for folder in folders for path in sorted(folder.glob("python3.*"))]
    candidates += sorted(pyenv_root().glob("versions/*/bin/python3"))
    found: dict[str, Path] = {}
    for candidate in candidates:
        if re.fullmatch(r"python3?(\.\d+)?", candidate.name):
            found.setdefault(version_of(candidate), candidate)
    return found


def pyenv_root() -> Path:
    return Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()


def version_of(python: Path) -> str:
    try:
        answer = subprocess.run(
            [python, "-c", ASK_VERSION], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()


def run(version: str, python: Path | None) -> str:
    if python is None:
        return "not run: no such Python on PATH or in ~/.pyenv/versions"
    print(f"\n== Python {version}: {python}", flush=True)
    command = ["make", "test", f"PYTHON={python}", f"VENV=.venvs/{version}"]
    done = subprocess.run(command, cwd=ROOT, check=False)
    return "FAILED" if done.returncode else "passed"


if __name__ == "__main__":
    sys.exit(main())
