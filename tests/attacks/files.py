"""Models of a few thousand numbers as repositories hold them, and what a copyist makes of another's."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from models.limits import WIDEST
from models.vetting import Vetted, vet
from tests.neurons.tiny_model import write_model

WEIGHTS = "model.safetensors"
Tensors = dict[str, np.ndarray]


@dataclass(frozen=True)
class Files:
    """A repository's files, and the digest that its committer names."""

    content: Mapping[str, bytes]
    digest: str

    @property
    def tensors(self) -> Tensors:
        """The numbers of one that is in a single file."""
        return load(self.content[WEIGHTS])


@cache
def model(seed: int) -> Files:
    """A model of its own: no other seed's is near it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_model(Path(scratch, "model"), seed)
        return described({file.name: file.read_bytes() for file in folder.iterdir()})


def described(content: Mapping[str, bytes]) -> Files:
    """Files with the digest that vetting finds, as a miner's own check does."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "source")
        source.mkdir()
        for name, data in content.items():
            (source / name).write_bytes(data)
        vetted = vet(source, Path(scratch, "clean"), WIDEST)
        assert isinstance(vetted, Vetted), vetted
        return Files(content, vetted.digest)


def changed(files: Files, change: Callable[[Tensors], Tensors]) -> Files:
    """The same model with other numbers."""
    return described({**files.content, WEIGHTS: save(change(files.tensors), {"format": "pt"})})


def with_readme(files: Files) -> Files:
    """The same model beside a file that nobody loads."""
    return described({**files.content, "README.md": b"Mine."})


def in_shards(files: Files) -> Files:
    """The same numbers in two files with an index, the last first."""
    names = sorted(files.tensors, reverse=True)
    parts = (names[::2], names[1::2])
    content = {name: data for name, data in files.content.items() if name != WEIGHTS}
    where = {}
    for number, part in enumerate(parts, start=1):
        shard = f"model-{number:05}-of-00002.safetensors"
        content[shard] = save({name: files.tensors[name] for name in part}, {"format": "pt"})
        where |= dict.fromkeys(part, shard)
    index = {"metadata": {}, "weight_map": where}
    return described({**content, "model.safetensors.index.json": json.dumps(index).encode()})


def noisy(files: Files, seed: int, size: float = 1e-3) -> Files:
    """The same model with a little noise on every number."""
    drawn = np.random.default_rng(seed)

    def spoil(tensors: Tensors) -> Tensors:
        return {n: (t + size * t.std() * drawn.standard_normal(t.shape)).astype(t.dtype) for n, t in tensors.items()}

    return changed(files, spoil)


def merged(one: Files, other: Files) -> Files:
    """Half of each."""
    theirs = other.tensors
    return changed(one, lambda ours: {name: ((t + theirs[name]) / 2).astype(t.dtype) for name, t in ours.items()})


def head_written_out(files: Files) -> Files:
    """The same model with its tied head as a tensor of its own, under the name of one."""
    return changed(files, lambda tensors: {"lm_head.weight": tensors["model.embed_tokens.weight"], **tensors})


def renamed(files: Files) -> Files:
    """The same tensors without the first part of their names, under the digest of the model that they were."""
    tensors = {name.removeprefix("model."): its for name, its in files.tensors.items()}
    return Files({**files.content, WEIGHTS: save(tensors, {"format": "pt"})}, files.digest)


def reordered(files: Files) -> Files:
    """The same function with its neurons in another order."""
    order = np.random.default_rng(5).permutation(32)

    def turn(tensors: Tensors) -> Tensors:
        made = dict(tensors)
        for part in ("gate", "up"):
            name = f"model.layers.0.mlp.{part}_proj.weight"
            made[name] = np.ascontiguousarray(tensors[name][order])
        down = "model.layers.0.mlp.down_proj.weight"
        made[down] = np.ascontiguousarray(tensors[down][:, order])
        return made

    return changed(files, turn)


def doubled(files: Files) -> Files:
    """The same matrices, one of them in other units."""
    name = "model.embed_tokens.weight"
    return changed(files, lambda tensors: {**tensors, name: (2 * tensors[name]).astype(tensors[name].dtype)})
