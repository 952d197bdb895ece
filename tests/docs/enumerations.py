"""What the code says of each member of an enumeration, for pages that say the same."""

import ast
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).parents[2]


def words_of(kind: type[StrEnum]) -> dict[str, str]:
    """What stands beneath each member of an enumeration, in one line, by its value."""
    tree = ast.parse((ROOT / f"{kind.__module__.replace('.', '/')}.py").read_text(encoding="utf-8"))
    (made,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__)
    words: dict[str, str] = {}
    for node, below in zip(made.body, made.body[1:], strict=False):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(below, ast.Expr):
            words[str(kind[node.targets[0].id])] = " ".join(ast.literal_eval(below.value).split())
    return words
