"""
Make a virtual environment with leadlib in it: `environment.py DIRECTORY run|dev|bench|peers`.

`run` installs the package with its command line, `dev` all extras and tools as well, `bench` also
the libraries that leadlib is measured against, `peers` only what its numbers are checked against
and cannot stand beside the tools.  ensurepip is not needed (some systems ship without it): the pip
of the calling Python installs into the new environment, or, if that pip is missing or too old to do
so, ensurepip is tried after all.
"""

import subprocess
import sys

if sys.version_info < (3, 11):
    sys.exit(
        f"leadlib needs Python 3.11 or later, but {sys.executable} is"
        f" {sys.version_info[0]}.{sys.version_info[1]}: call make PYTHON=/path/to/python3.11"
    )

import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIP_WITH_GROUPS = "pip>=25.1"  # the first that installs [dependency-groups]
QUIET = ["--quiet", "--disable-pip-version-check", "--no-input"]


def main(directory: str, kind: str) -> None:
    home = ROOT / directory
    python = home / "bin" / "python"
    print(f"Setting up {directory} ({kind}) ...", file=sys.stderr, flush=True)
    stale = (home / "pyvenv.cfg").exists() and not is_ours(python)  # never clears another folder
    venv.create(home, clear=stale, symlinks=True, with_pip=False)
    outer = pip_for(python)
    if kind == "run":
        install(outer, "--editable", ".[cli]")
    else:
        install(outer, "--upgrade", PIP_WITH_GROUPS)
        inner = [str(python), "-m", "pip"]
        groups = {"dev": ["dev"], "bench": ["dev", "bench"], "peers": ["peers"]}[kind]
        package = "." if kind == "peers" else ".[all]"
        install(inner, *(f"--group={group}" for group in groups), "--editable", package)
        (home / f".ready-{kind}").touch()
    (home / ".ready-run").touch()


def is_ours(python: Path) -> bool:
    """Tell whether *python* is there already and stands on the Python that runs this script."""
    base = (sys.base_prefix, *sys.version_info[:3])
    question = f"import sys; sys.exit((sys.base_prefix, *sys.version_info[:3]) != {base!r})"
    return python.exists() and works([str(python), "-c", question])


def pip_for(python: Path) -> list[str]:
    """Return the command of a pip that installs into the environment of *python*."""
    outer = [sys.executable, "-m", "pip", "--python", str(python)]
    ours = [str(python), "-m", "pip"]
    for command in (outer, ours):
        if works([*command, "--version"]):
            return command
    if works([str(python), "-m", "ensurepip"]):
        return ours
    sys.exit(f"{sys.executable} has neither pip 22.3 or later nor ensurepip: install pip for it")


def works(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def install(pip: list[str], *what: str) -> None:
    done = subprocess.run([*pip, "install", *QUIET, *what], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"pip could not install {' '.join(what)}; its own words are above")


if __name__ == "__main__":
    main(*sys.argv[1:])
