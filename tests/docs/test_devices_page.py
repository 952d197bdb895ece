"""The page on devices gives the plan of every shape it lists, to the last digit."""

import re
from pathlib import Path

from evaluation.memory_plan import Work, gigabytes, lack, plan
from models.architectures import Sizes

PAGE = (Path(__file__).parents[2] / "docs" / "devices.md").read_text(encoding="utf-8")
LOSSES, GENERATING = Work(4096, 4096), Work(4096, 4096, masked=4096, cached=4096)


def _row(shape: str, sizes: Sizes) -> str:
    narrow, more, wide = (
        plan(sizes, work, dtype, "cuda")
        for work, dtype in ((LOSSES, "bfloat16"), (GENERATING, "bfloat16"), (LOSSES, "float32"))
    )
    numbers = (sizes.hidden, sizes.inner, sizes.layers, sizes.heads, sizes.kv_heads, sizes.head_dim, sizes.vocab)
    fits = "refused" if lack(more, 48 * 10**9, "cuda", "bfloat16") else "fits"
    cells = [shape, f"{sizes.parameters():,}", *(f"{number:,}" for number in numbers), "yes" if sizes.tied else "no"]
    return "| " + " | ".join([*cells, *(gigabytes(p.total) for p in (narrow, more, wide)), fits]) + " |"


def test_every_shapes_plan_is_the_codes() -> None:
    rows = re.findall(r"^\| [\d.]+B \|.*$", PAGE, re.MULTILINE)
    assert [row.split(" | ")[0] for row in rows] == ["| 0.5B", "| 1B", "| 3B", "| 8B", "| 14B", "| 70B"]
    assert rows == [_row(row.split(" | ")[0][2:], _sizes(row)) for row in rows]


def test_8b_fits_48_gb_and_70b_does_not() -> None:
    verdicts = dict(re.findall(r"^\| ([\d.]+B) \|.*\| (\w+) \|$", PAGE, re.MULTILINE))
    assert (verdicts["8B"], verdicts["70B"]) == ("fits", "refused")


def _sizes(row: str) -> Sizes:
    """The shape that a row gives, vocabulary first in the record."""
    cells = row.split(" | ")
    hidden, inner, layers, heads, key_heads, head, vocabulary = (int(cell.replace(",", "")) for cell in cells[2:9])
    biases = {"qkv_bias": False, "o_bias": False, "mlp_bias": False}
    return Sizes(vocabulary, hidden, inner, layers, heads, key_heads, head, tied=cells[9] == "yes", **biases)
