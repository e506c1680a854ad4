"""Run the benchmarks: `python -m benchmarks [--only PART] [--quick]`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import (
    consolidation,
    frames,
    imports,
    lifecycle,
    metrics,
    nurture,
    qualification,
    worktime,
)
from benchmarks.harness import Row

PARTS = {
    "imports": imports.rows,
    "consolidation": consolidation.rows,
    "qualification": qualification.rows,
    "frames": frames.rows,
    "lifecycle": lifecycle.rows,
    "worktime": worktime.rows,
    "nurture": nurture.rows,
    "metrics": metrics.rows,
}
RESULTS = Path(__file__).with_name("results.json")
HEAD = ("part", "leadlib does", "against", "ratio", "goal", "met", "speed of leadlib")


def main() -> None:
    options = _options()
    rows: list[Row] = []
    for part in [options.only] if options.only else PARTS:
        print(f"{part} ...", file=sys.stderr, flush=True)
        rows += PARTS[part](quick=options.quick)
    print(_table([HEAD, *map(_cells, rows)]))
    if not options.quick:  # its small sizes are no results to compare with
        _write(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=list(PARTS), help="run one part, keep other results")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, few rounds: a smoke test"
    )
    return parser.parse_args()


def _cells(row: Row) -> tuple[str, ...]:
    goal = "-" if row.goal is None else _shown(row.goal)
    met = {None: "-", True: "yes", False: "NO"}[row.met]
    return row.part, row.work, row.against, _shown(row.ratio), goal, met, row.speed


def _shown(ratio: float) -> str:
    return f"{ratio:.2f}" if not ratio < 0.1 else f"{ratio:.4f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _write(rows: Sequence[Row]) -> None:
    """Write the results; those of the parts that did not run stay as they were."""
    measured = {row.part for row in rows}
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    kept = [result for result in known if result["part"] not in measured and _is_part(result)]
    results = sorted([*kept, *(row.to_dict() for row in rows)], key=_place)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _is_part(result: dict[str, Any]) -> bool:
    return result["part"] in PARTS


def _place(result: dict[str, Any]) -> int:
    return list(PARTS).index(result["part"])


if __name__ == "__main__":
    main()
