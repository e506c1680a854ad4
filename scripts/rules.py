"""
List the requirement rows that tests prove, as marked by `@pytest.mark.rule("003-08")`.

Reads the source of the tests, so that no environment is needed.  A mark may stand on a test, on a
class, on one parameter set, or on a whole file (`pytestmark`).  A row that says more than the test
proves is marked `@pytest.mark.rule("002-12", part="no row twice")` and listed as proved in part.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    proofs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for rule, where, part in marks(tree, path.relative_to(ROOT).as_posix()):
            proofs[rule].append((where, part))
    for rule in sorted(proofs):
        for number, (where, part) in enumerate(dict.fromkeys(proofs[rule])):
            note = f"  (in part: {part})" if part else ""
            print(f"{'' if number else rule:<10}{where}{note}")
    whole = sum(not all(part for _, part in found) for found in proofs.values())
    print(f"{whole} rows proved, {len(proofs) - whole} more in part", file=sys.stderr)


def marks(node: ast.AST, where: str) -> Iterator[tuple[str, str, str]]:
    """Yield every rule marked in *node*, the test, class or file that carries it, and the part."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        where = f"{where}::{node.name}"
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.rule"):
        for argument in node.args:
            parts = [word.value for word in node.keywords if word.arg == "part"]
            yield ast.literal_eval(argument), where, "".join(map(ast.literal_eval, parts))
    for child in ast.iter_child_nodes(node):
        yield from marks(child, where)


if __name__ == "__main__":
    main()
