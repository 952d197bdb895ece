"""How much memory judging a model takes, from its sizes alone, before a byte of it is loaded. Pure arithmetic: knows no
files and no device, only what kind of device it is.

The parts are added, though a layer and the head are never at work at once: an allocator keeps what was freed, and what
comes next need not fit into it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evaluation.tasks.spec import KIND_OF_TASK, SampleKind, TaskSpec
from models.architectures import Sizes

DeviceKind = Literal["cpu", "cuda"]

TILE_ROWS: Mapping[DeviceKind, int] = {"cpu": 512, "cuda": 2048}
TILE_COLUMNS: Mapping[DeviceKind, int] = {"cpu": 4096, "cuda": 8192}
"""Rows and words of the vocabulary in one tile of the head, by the kind of device; constants, so that no free memory
moves a score."""
PROBE_TOKENS = 64
"""Tokens whose logits the causality probe holds at once (fewer where the model takes fewer)."""
ITEM_BYTES: Mapping[str, int] = {"float32": 4, "float16": 2, "bfloat16": 2}
"""Bytes per number of the dtypes that models are judged in."""
RUNTIME_BYTES: Mapping[DeviceKind, int] = {"cpu": 640_000_000, "cuda": 1_000_000_000}
"""What is taken whatever the model. On a CPU measured: 430 MB of libraries, 67 MB of kept encodings, and up to 134 MB
that malloc keeps of small blocks. On CUDA an assumption: the context, loaded kernels and workspaces."""
SLACK = 16
"""One part in so many on top of all tensors, for blocks that an allocator rounds up or cannot fill."""

_FLOAT32 = 4
_CACHED: frozenset[SampleKind] = frozenset({"instruction"})
"""Kinds of samples whose keys and values are kept, as an answer grows by one token after the other."""
_MASKED: frozenset[SampleKind] = frozenset({"choice", "instruction"})
"""Kinds whose attention is told what to see: choices after one prompt, prompts with padding before them."""


@dataclass(frozen=True, slots=True)
class Work:
    """The most that a model is given at once, in tokens: a batch with its padding, and one sequence."""

    batch: int
    longest: int
    masked: int = 0
    """A batch whose attention needs a mask; 0 where none does."""
    cached: int = 0
    """A batch whose keys and values are kept between passes; 0 where nothing is generated."""


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Bytes that judging takes at most, by what takes them."""

    weights: int
    """Every number of the model in the dtype it is judged in."""
    layer: int
    """The widest moment of a layer on the largest batch, without gradients."""
    scores: int
    """Attention scores or a mask, where attention cannot do without: 0 in most models."""
    head: int
    """What the language-model head takes: the rows that are scored, and their logits tile by tile in float32."""
    cache: int
    """Keys and values kept between passes."""
    runtime: int
    """Libraries, context, workspaces: whatever the model."""

    @property
    def tensors(self) -> int:
        """Bytes of everything that a model's sizes decide."""
        return self.weights + self.layer + self.scores + self.head + self.cache

    @property
    def total(self) -> int:
        """Bytes that the device must have."""
        return self.tensors + self.tensors // SLACK + self.runtime

    def words(self) -> str:
        """The total and its parts for a person, in GB."""
        parts = ("weights", "layer", "scores", "head", "cache", "runtime")
        told = ", ".join(f"{part} {gigabytes(getattr(self, part))}" for part in parts if getattr(self, part))
        return f"{gigabytes(self.total)} GB ({told})"


def gigabytes(number: int) -> str:
    """Bytes in 10⁹, to two digits behind the point."""
    return f"{number / 1e9:.2f}"


def kind_of(device: str) -> DeviceKind:
    """What kind a torch device is of."""
    return "cpu" if device == "cpu" else "cuda"


def lack(needed: MemoryPlan, has: int, device: str, dtype: str) -> str | None:
    """What a device of so many bytes lacks for a plan in a dtype, and the remedy, in one line; None where nothing."""
    if needed.total <= has:
        return None
    remedy = "judge on a device with more memory" + (", or in bfloat16" if dtype == "float32" else "")
    return f"judging in {dtype} needs {needed.words()}; {device} has {gigabytes(has)} GB: {remedy}"


def work_of(tasks: Sequence[TaskSpec], max_length: int) -> Work:
    """The most that tasks give at once to a model that takes `max_length` tokens.

    A sequence longer than a task's budget is a batch by itself. A CPU is given less at once than a budget allows.
    """
    batches = [(KIND_OF_TASK[task.name], max(task.token_budget, max_length)) for task in tasks]
    return Work(
        batch=max(tokens for _, tokens in batches),
        longest=max_length,
        masked=max((tokens for kind, tokens in batches if kind in _MASKED), default=0),
        cached=max((tokens for kind, tokens in batches if kind in _CACHED), default=0),
    )


def plan(sizes: Sizes, work: Work, dtype: str, device: DeviceKind, window: int | None = None) -> MemoryPlan:
    """What judging a model of these sizes takes; `dtype` is a key of ITEM_BYTES, `window` the model's sliding one."""
    item = ITEM_BYTES[dtype]
    return MemoryPlan(
        weights=sizes.parameters() * item,
        layer=_layer_bytes(sizes, work.batch, item),
        scores=_score_bytes(sizes, work, item, device, window),
        head=_head_bytes(sizes, work.batch, item, device),
        cache=2 * sizes.kv_heads * sizes.head_dim * (sizes.layers + 1) * work.cached * item,
        runtime=RUNTIME_BYTES[device],
    )


def _layer_bytes(sizes: Sizes, tokens: int, item: int) -> int:
    """The widest of three moments, each beside the residual stream and the normed input.

    A norm holds its input and a product in float32; attention its queries four times more while they are turned, and
    afterwards the output twice; the perceptron a gate, its activation and what it opens.
    """
    queries, keys = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
    norm = 2 * _FLOAT32 * sizes.hidden
    attention = (5 * queries + 2 * keys + 2 * sizes.head_dim) * item
    perceptron = 3 * sizes.inner * item
    return tokens * (2 * sizes.hidden * item + max(norm, attention, perceptron))


def _score_bytes(sizes: Sizes, work: Work, item: int, device: DeviceKind, window: int | None) -> int:
    """Nothing where attention runs in blocks, as it does without a mask: plain causal attention, padded on the right.

    A mask, which a sequence longer than a sliding window needs as well, is held as booleans and as numbers, beside keys
    and values repeated for every query's head. On CUDA no kernel takes float32 with fewer keys than queries but the one
    that holds all scores: themselves, masked, and as chances.
    """
    masked = work.batch if window is not None and work.longest > window else work.masked
    mask = masked * (work.longest * (1 + item) + 2 * sizes.heads * sizes.head_dim * item)
    if device == "cuda" and item == _FLOAT32 and sizes.kv_heads < sizes.heads:
        return mask + 3 * work.batch * work.longest * sizes.heads * item
    return mask


def _head_bytes(sizes: Sizes, tokens: int, item: int, device: DeviceKind) -> int:
    """The rows that are scored, and two tiles of their logits, one coming and one going, for which a CPU copies narrow
    weights to float32, no more of the head than a tile takes; or the probe's whole logits: two passes, their difference
    and its size.
    """
    rows, columns = min(tokens, TILE_ROWS[device]), min(sizes.vocab, TILE_COLUMNS[device])
    copied = (rows + columns) * sizes.hidden if device == "cpu" and item < _FLOAT32 else 0
    tiles = (2 * rows * columns + copied) * _FLOAT32
    probe = PROBE_TOKENS * sizes.vocab * 4 * _FLOAT32
    return tokens * sizes.hidden * item + max(tiles, probe)
