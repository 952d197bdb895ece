"""How long the whole pass over a model takes (digest, finiteness, norms, sketch), against one plain sha256 of its file.

`scripts/bench digest`; the last line is one JSON object. Both read the same file from the page cache, in turn; `ratio`
is that of the medians of wall-clock time. The pass hashes in a second thread, and on a busy machine waits for a core:
`best_ratio` is that of the quickest runs, and what it takes on a single core is `cpu_ratio`, that of CPU time.
"""

import argparse
import hashlib
import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.ways.side import Side
from models.digest import model_digest
from models.limits import WIDEST, ModelLimits
from models.measuring import measure
from models.rejections import Rejection
from models.sketch import MAX_BYTES, sketch_of
from models.strict_json import canonical
from models.tensors import ITEM_BYTES, read_header

CONFIG = {"architectures": ["LlamaForCausalLM"]}
TOKENIZER = b"{}"
LIMITS: ModelLimits = WIDEST


def shapes(numbers: int) -> dict[str, tuple[int, ...]]:
    """Name → shape of a Llama of about so many numbers, with layers of 2,048 and an untied head."""
    hidden, inner = 2048, 5632
    found: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (32_000, hidden),
        "lm_head.weight": (32_000, hidden),
        "model.norm.weight": (hidden,),
    }
    layer: dict[str, tuple[int, ...]] = {
        **{f"self_attn.{kind}_proj.weight": (hidden, hidden) for kind in "qo"},
        **{f"self_attn.{kind}_proj.weight": (hidden // 4, hidden) for kind in "kv"},
        **{f"mlp.{kind}_proj.weight": (inner, hidden) for kind in ("gate", "up")},
        "mlp.down_proj.weight": (hidden, inner),
        "input_layernorm.weight": (hidden,),
        "post_attention_layernorm.weight": (hidden,),
    }
    left = numbers - sum(int(np.prod(shape)) for shape in found.values())
    for index in range(max(1, round(left / sum(int(np.prod(shape)) for shape in layer.values())))):
        found |= {f"model.layers.{index}.{name}": shape for name, shape in layer.items()}
    return found


def write_model(file: Path, size: int, dtype: str) -> None:
    """A safetensors file of about so many bytes of normal numbers, sd 0.02, of a dtype as safetensors writes it."""
    item, drawn = ITEM_BYTES[dtype], np.random.default_rng(7)
    header, offset = {}, 0
    for name, shape in shapes(size // item).items():
        end = offset + int(np.prod(shape)) * item
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = canonical(header)
    with file.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for written in track(range(0, offset, 1 << 24), "writing", console=Console(stderr=True)):
            numbers = drawn.standard_normal(min(1 << 24, offset - written) // item, np.float32) * np.float32(0.02)
            stream.write(stored(numbers, dtype))


def stored(numbers: np.ndarray[tuple[int], np.dtype[np.float32]], dtype: str) -> bytes:
    """float32 numbers as bytes of a dtype, bfloat16 cut off."""
    if dtype == "BF16":
        return (numbers.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    return numbers.astype(np.float16 if dtype == "F16" else np.float32).tobytes()


def plain(file: Path) -> str:
    """One sha256 of the file, as hashlib offers it."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def whole_pass(file: Path, watch: Callable[[], None] | None = None) -> str:
    """Everything that vetting learns from numbers; the digest. Calls `watch` after each tensor.

    Raises ValueError where it learns what is not so.
    """
    header = read_header(file, LIMITS)
    if isinstance(header, Rejection):
        raise ValueError(header.detail)
    measured = []
    for tensor in measure(header):
        measured.append(tensor)
        if watch:
            watch()
    encoded = sketch_of({tensor.name: tensor.sketch for tensor in measured}).encode()
    if not all(tensor.finite for tensor in measured) or len(encoded) > MAX_BYTES:
        raise ValueError(f"the model is not finite, or its sketch of {len(encoded)} bytes is too long")
    return model_digest(CONFIG, TOKENIZER, measured)


def anonymous_bytes() -> int:
    """Memory of this process that no file stands behind."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) * 1024


def most_memory(file: Path) -> int:
    """The most anonymous memory while a pass runs, in bytes."""
    seen: list[int] = []
    whole_pass(file, lambda: seen.append(anonymous_bytes()))
    return max(seen)


def main() -> None:
    """Measure both ways in turn and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=1_000_000_000)
    parser.add_argument("--dtype", choices=sorted(ITEM_BYTES), default="BF16")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    before = anonymous_bytes()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.safetensors"
        write_model(file, options.bytes, options.dtype)
        sides = [Side("plain sha256", lambda: plain(file)), Side("whole pass", lambda: whole_pass(file))]
        grown = most_memory(file) - before  # warms up what is drawn once, too
        for _ in track(range(options.repeats), "measuring", console=Console(stderr=True)):
            for side in sides:
                side.measure()
        report(sides, file.stat().st_size, grown, options)


def report(sides: list[Side[str]], size: int, grown: int, options: argparse.Namespace) -> None:
    """A table for people, and the figures as the last line. Raises ValueError where a way found two digests."""
    if any(len(side.found) != 1 for side in sides):
        raise ValueError(f"one file has one digest, and the ways found {[side.found for side in sides]}")
    wall, cpu = ([statistics.median(times) for times in zip_sides(sides, name)] for name in ("wall_s", "cpu_s"))
    table = Table("way", "wall s", "CPU s", "GB/s", title=f"{size / 1e9:.2f} GB of {options.dtype}, page cache warm")
    for side, wall_s, cpu_s in zip(sides, wall, cpu, strict=True):
        table.add_row(side.name, f"{wall_s:.3f}", f"{cpu_s:.3f}", f"{size / wall_s / 1e9:.2f}")
    console = Console()
    console.print(table)
    console.print(f"anonymous memory during the pass: {grown / 1e6:.1f} MB above the imports'")
    plain_best, pass_best = (min(side.wall_s) for side in sides)
    figures = {"ratio": wall[1] / wall[0], "best_ratio": pass_best / plain_best, "cpu_ratio": cpu[1] / cpu[0]}
    console.print("ratio {ratio:.2f}, of the best runs {best_ratio:.2f}, of CPU time {cpu_ratio:.2f}".format(**figures))
    figures = {name: round(figure, 3) for name, figure in figures.items()}
    told = {"anonymous_bytes": grown, "bytes": size, "dtype": options.dtype, "repeats": options.repeats}
    typer.echo(json.dumps(figures | told | {"wall_s": [round(value, 4) for value in wall]}))


def zip_sides(sides: list[Side[str]], name: str) -> list[list[float]]:
    """What was measured under a name, a list for each way."""
    return [getattr(side, name) for side in sides]


if __name__ == "__main__":
    main()
