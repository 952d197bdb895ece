"""Several continuations of one context, each scored as if it stood there alone, while the context is computed once.
Knows tokens and tensors; not what is asked, nor which continuation is right.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import torch

from evaluation.batching import batches
from evaluation.head import row_losses
from evaluation.tokens import Ids, spans
from models.loading import LoadedModel


@dataclass(frozen=True, slots=True)
class Branch:
    """Ids to score of one continuation, by its index: all of them, or a piece of those that no window holds at once."""

    of: int
    targets: Ids

    @property
    def inputs(self) -> Ids:
        """What is fed of it: the last id predicts nothing."""
        return self.targets[:-1]


@dataclass(frozen=True, slots=True)
class Tree:
    """One sequence: a trunk, and branches that see it and themselves but not one another."""

    trunk: Ids
    branches: tuple[Branch, ...]

    @property
    def length(self) -> int:
        """Ids fed."""
        return len(self.trunk) + sum(len(branch.inputs) for branch in self.branches)


def trees(context: Ids, continuations: Sequence[Ids], start: int, max_length: int) -> tuple[Tree, ...]:
    """Trees in which every id of every continuation is scored exactly once, none longer than max_length with its last.

    All continuations stand after the same context, which loses ids from the left until the longest of them fits. If it
    would not fit even alone, each is cut by itself, as `tokens.spans` does. What is too much for one tree goes on in
    another, so that the square of a length stays within bounds.
    """
    room = max_length - 1
    longest = max(map(len, continuations))
    if longest > room:
        return tuple(
            Tree(span.inputs[: len(span.inputs) - len(span.targets) + 1], (Branch(index, span.targets),))
            for index, ids in enumerate(continuations)
            for span in spans(context, ids, start, max_length)
        )
    trunk = (start, *context[max(0, len(context) + longest - room) :])
    made = [Tree(trunk, ())]
    for branch in (Branch(index, ids) for index, ids in enumerate(continuations)):
        grown = Tree(trunk, (*made[-1].branches, branch))
        if made[-1].branches and grown.length > room:
            made.append(Tree(trunk, (branch,)))
        else:
            made[-1] = grown
    return tuple(made)


def branch_nats(loaded: LoadedModel, trees: Sequence[Tree], keys: Sequence[str], budget: int) -> list[list[float]]:
    """Negative log-likelihood of each branch's targets, in nats, by tree in the trees' order.

    The same trees under the same keys give bit-identical values in whatever order they come.
    """
    losses: list[list[float]] = [[] for _ in trees]
    for batch in batches([tree.length for tree in trees], keys, budget):
        for index, found in zip(batch, _batch_nats(loaded, [trees[index] for index in batch]), strict=True):
            losses[index] = found
    return losses


def _batch_nats(loaded: LoadedModel, trees: Sequence[Tree]) -> list[list[float]]:
    """One forward pass."""
    device = loaded.model.device
    width = max(tree.length for tree in trees)
    inputs, positions, owners = (
        torch.tensor(rows, device=device) for rows in zip(*(_padded(tree, width) for tree in trees), strict=True)
    )
    rows = torch.tensor([n * width + at for n, tree in enumerate(trees) for at in _scored(tree)], device=device)
    targets = torch.tensor([t for tree in trees for b in tree.branches for t in b.targets], device=device)
    mask = visible(positions, owners, getattr(loaded.model.config, "sliding_window", None))
    with torch.inference_mode():
        hidden = loaded.model.base_model(
            input_ids=inputs, position_ids=positions, attention_mask=mask, use_cache=False
        ).last_hidden_state
        head = loaded.model.get_output_embeddings().weight
        losses = iter(row_losses(hidden.flatten(0, 1)[rows], head, targets).tolist())
    return [[math.fsum(islice(losses, len(branch.targets))) for branch in tree.branches] for tree in trees]


def visible(positions: torch.Tensor, owners: torch.Tensor, window: int | None) -> torch.Tensor:
    """Which key (last dimension) each query may see: batch × 1 × length × length, from batch × length.

    A key is seen by queries of its own branch, and one of the trunk (owner 0) by all, if it does not stand after them,
    nor, in a model whose attention slides, `window` or more before them.
    """
    query, key = positions[:, :, None], positions[:, None, :]
    own = (owners[:, None, :] == 0) | (owners[:, None, :] == owners[:, :, None])
    seen = own & (key <= query)
    return (seen if window is None else seen & (key > query - window))[:, None]


def _padded(tree: Tree, width: int) -> tuple[list[int], list[int], list[int]]:
    """Ids, positions and owners. Each branch goes on where the trunk ends; padding is a last branch that nobody scores,
    and sees itself: a row that saw nothing would be NaN.
    """
    parts = [tree.trunk, *(branch.inputs for branch in tree.branches), (0,) * (width - tree.length)]
    first = [0, *(len(tree.trunk) for _ in tree.branches), 0]
    ids = [token for part in parts for token in part]
    positions = [begin + at for begin, part in zip(first, parts, strict=True) for at in range(len(part))]
    owners = [owner for owner, part in enumerate(parts) for _ in part]
    return ids, positions, owners


def _scored(tree: Tree) -> list[int]:
    """Places whose predictions are scored: the trunk's end predicts the first target of every branch."""
    rows: list[int] = []
    begin = len(tree.trunk)
    for branch in tree.branches:
        rows += [len(tree.trunk) - 1, *range(begin, begin + len(branch.inputs))]
        begin += len(branch.inputs)
    return rows
