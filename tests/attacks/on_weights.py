"""Hostile safetensors files and indices: headers as bombs, bytes elsewhere, tensors that are no model."""

import json
import pickle
from pathlib import Path

import numpy as np

from tests.attacks.attack import Bait, attack
from tests.attacks.honest import Q, as_shard, edit_header, edit_tensors, write_honest, write_with_header


@attack("read_header", "has a header of 99000000 bytes", "weights: .* holds no tensors")
def header_of_99_megabytes(folder: Path, _: Bait) -> None:
    """The library's own limit is 100 MB."""
    write_with_header(folder / "model.safetensors", b'{"__metadata__":{"a":"' + b"x" * 98_999_975 + b'"}}')


@attack("read_header", "has a header of", "killed after|MemoryError|weights: .* 1200000 tensors too many")
def million_empty_tensors(folder: Path, _: Bait) -> None:
    """27 s and 1.3 GB under the library."""
    empty = b'"%07d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    header = b"{" + b",".join(empty % index for index in range(1_200_000)) + b"}"
    write_with_header(folder / "model.safetensors", header)


@attack("read_header", "tensors; the limit is 4000", "weights: the weights hold 100000 tensors too many")
def hundred_thousand_empty_tensors(folder: Path, _: Bait) -> None:
    """As many as a header within the limit of bytes has room for."""
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    edit_header(folder, lambda entries: entries.update({f"{index}": empty for index in range(100_000)}))


@attack("read_header", "announces a header of", "OverflowError")
def header_longer_than_the_file(folder: Path, _: Bait) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 64)


@attack("read_header", "an overlap or a gap", "vetted")
def bytes_used_twice(folder: Path, _: Bait) -> None:
    """Two tensors on the same bytes: a model larger than its file, and a head that only looks untied."""

    def alias(entries: dict[str, dict[str, object]]) -> None:
        entries["lm_head.weight"]["data_offsets"] = entries["model.embed_tokens.weight"]["data_offsets"]
        entries["model.norm.weight"]["data_offsets"] = entries["model.layers.0.input_layernorm.weight"]["data_offsets"]

    edit_header(folder, alias)


@attack("read_header", "an overlap or a gap", "OSError: .* became shorter")
def bytes_beyond_the_file(folder: Path, _: Bait) -> None:
    """A library that maps the file dies of SIGBUS."""
    edit_header(folder, lambda entries: entries[Q].update(data_offsets=[2**40, 2**40 + 256]))


@attack("read_header", "upload the file whole", "vetted")
def message_behind_the_tensors(folder: Path, _: Bait) -> None:
    """A file that is also another kind of file."""
    (folder / "model.safetensors").open("ab").write(b"PK\x03\x04")


@attack("read_header", "by dtype 'F64', where allowed are F32, F16, BF16", "KeyError: 'F64'")
def numbers_of_another_kind(folder: Path, _: Bait) -> None:
    edit_tensors(folder, lambda tensors: tensors.update({Q: tensors[Q].astype(np.float64)}))


@attack("read_header", "a shape that is no list", "weights: .* has the shape")
def shape_beyond_all_memory(folder: Path, _: Bait) -> None:
    """Its product wraps to nothing in 64 bits."""
    edit_header(folder, lambda entries: entries[Q].update(shape=[2**32] * 40))


@attack("parse_object", "has a header that is nested more than 32 deep", "RecursionError")
def header_nested_without_end(folder: Path, _: Bait) -> None:
    write_with_header(folder / "model.safetensors", b'{"a":' + b"[" * 400_000 + b"]" * 400_000 + b"}")


@attack("read_header", "announces a header of", "MemoryError|OverflowError")
def pickle_by_the_name_of_safetensors(folder: Path, _: Bait) -> None:
    (folder / "model.safetensors").write_bytes(pickle.dumps({"weights": [0.0] * 100}))


@attack("find_tensors", "names the file '../../../../outside/model.safetensors'", ".*touched .*model.safetensors")
def index_that_leaves_the_repository(folder: Path, bait: Bait) -> None:
    """A repository without weights of its own loaded another miner's."""
    _plant(bait)
    as_shard(folder, extra=f"{bait.upwards}/model.safetensors")


@attack("find_tensors", "which is no shard beside it", ".*touched .*model.safetensors")
def index_with_an_absolute_path(folder: Path, bait: Bait) -> None:
    _plant(bait)
    as_shard(folder, extra=str(bait.outside / "model.safetensors"))


@attack("find_tensors", "names the file 'config.json'", "weights: config.json has 319 bytes")
def index_that_names_another_file(folder: Path, _: Bait) -> None:
    as_shard(folder, extra="config.json")


@attack("find_tensors", "names the file a list of 0", "TypeError")
def index_of_lists(folder: Path, _: Bait) -> None:
    as_shard(folder, **{Q: []})


@attack("find_tensors", "says otherwise than the shards", "vetted")
def index_of_tensors_that_are_not_there(folder: Path, _: Bait) -> None:
    as_shard(folder, extra="model-00001-of-00001.safetensors")


@attack("find_tensors", "is no JSON object with a weight_map", "KeyError: 'weight_map'")
def index_without_a_map(folder: Path, _: Bait) -> None:
    as_shard(folder)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}}))


@attack("match", f"lack 1 of 12 tensors, first {Q}", "vetted")
def tensor_missing(folder: Path, _: Bait) -> None:
    """Loaded, it is random numbers, other ones on each validator."""
    edit_tensors(folder, lambda tensors: tensors.pop(Q))


@attack("match", "1 tensors too many, first 'more'", "vetted")
def tensor_too_many(folder: Path, _: Bait) -> None:
    """Makes a copy look like another model."""
    edit_tensors(folder, lambda tensors: tensors.update(more=np.zeros(1, np.float32)))


@attack("match", f"{Q} has the shape [16, 4]", "vetted")
def tensor_of_another_shape(folder: Path, _: Bait) -> None:
    edit_tensors(folder, lambda tensors: tensors.update({Q: tensors[Q].reshape(16, 4)}))


@attack("rewrite", f"{Q} holds NaN or infinity", "vetted")
def not_a_number(folder: Path, _: Bait) -> None:
    """A comparison with NaN is false both ways."""
    edit_tensors(folder, lambda tensors: tensors[Q].__setitem__((3, 3), np.nan))


@attack("rewrite", f"{Q} holds NaN or infinity", "vetted")
def infinity(folder: Path, _: Bait) -> None:
    edit_tensors(folder, lambda tensors: tensors[Q].__setitem__((7, 7), -np.inf))


@attack("rewrite", f"{Q} holds numbers beyond 1.8e19", "vetted")
def number_whose_square_is_infinite(folder: Path, _: Bait) -> None:
    edit_tensors(folder, lambda tensors: tensors[Q].__setitem__((0, 0), 1e30))


@attack("norm_fault", f"{Q} has the norm", "vetted")
def exploded_matrix(folder: Path, _: Bait) -> None:
    """Scaled up here and down in the norm before it, a copy looks like another model; and float16 overflows."""
    edit_tensors(folder, lambda tensors: tensors[Q].__imul__(1e6))


@attack("norm_fault", "q_proj of 1 of 1 layers has a norm above 200", "vetted")
def matrices_too_large_together(folder: Path, _: Bait) -> None:
    edit_tensors(folder, lambda tensors: tensors[Q].__imul__(300 / np.linalg.norm(tensors[Q])))


def _plant(bait: Bait) -> None:
    """Another miner's weights, outside."""
    write_honest(bait.outside / "theirs")
    (bait.outside / "theirs" / "model.safetensors").rename(bait.outside / "model.safetensors")
