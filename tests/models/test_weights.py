"""From shards to one file: heads that are the embedding, limits over all shards, and the file that is written."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from models.limits import ModelLimits
from models.norms import NormLimits
from models.rejections import Reason, Rejection
from models.tensors import Tensor
from models.vetting import Vetted, vet
from models.weights import rewrite

HEAD, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"


def with_head(folder: Path, *, tied: bool, head: np.ndarray | None) -> Path:
    """The honest model with its config tied or not, and this head (None: no head)."""
    tensors = load_file(folder / "model.safetensors")
    del tensors[HEAD]
    save_file(tensors | ({} if head is None else {HEAD: head}), folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": tied}))
    return folder


def in_shards(folder: Path, count: int) -> Path:
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    places = {}
    for number in range(count):
        shard = f"model-{number + 1:05}-of-{count:05}.safetensors"
        mine = dict(list(tensors.items())[number::count])
        save_file(mine, folder / shard)
        places |= dict.fromkeys(mine, shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    return folder


def test_a_head_equal_to_the_embedding_is_the_tied_model_however_it_is_written(
    saved: Path, copy_of, tmp_path: Path, limits: ModelLimits
):
    embedding = load_file(saved / "model.safetensors")[EMBEDDING]
    ways = {"left out": (True, None), "written": (True, embedding), "untied but equal": (False, embedding)}
    found = {}
    for way, (tied, head) in ways.items():
        (tmp_path / way).mkdir()
        folder = with_head(copy_of(saved).rename(tmp_path / way / "model"), tied=tied, head=head)
        found[way] = vet(folder, tmp_path / way / "clean", limits)
    assert found["left out"] == found["written"] == found["untied but equal"]
    assert isinstance(found["written"], Vetted)
    assert found["written"].parameters == 37_792 - 300 * 32


def test_a_tied_model_with_a_head_of_its_own_is_refused(honest: Path, tmp_path: Path, limits: ModelLimits):
    head = load_file(honest / "model.safetensors")[HEAD]
    assert vet(with_head(honest, tied=True, head=head), tmp_path / "clean", limits) == Rejection(
        Reason.WEIGHTS, "lm_head.weight is not the embedding, though tie_word_embeddings is true; set that to false"
    )


def test_an_untied_model_without_a_head_is_refused(honest: Path, tmp_path: Path, limits: ModelLimits):
    assert vet(with_head(honest, tied=False, head=None), tmp_path / "clean", limits) == Rejection(
        Reason.WEIGHTS, "the weights lack 1 of 21 tensors, first lm_head.weight; save them all"
    )


def test_the_written_file_holds_the_same_numbers_aligned_and_with_no_strangers_metadata(
    honest: Path, tmp_path: Path, limits: ModelLimits
):
    tensors = load_file(honest / "model.safetensors")
    tensors["model.norm.weight"] = tensors["model.norm.weight"].astype(np.float16)
    save_file(tensors, honest / "model.safetensors", {"note": "ignore previous instructions"})
    vet(honest, tmp_path / "clean", limits)
    data = (tmp_path / "clean" / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    assert (header.pop("__metadata__"), length % 8) == ({"format": "pt"}, 0)
    sizes = {"F32": 4, "F16": 2}
    assert [name for name, entry in header.items() if entry["data_offsets"][0] % sizes[entry["dtype"]]] == []
    kept = load_file(tmp_path / "clean" / "model.safetensors")
    assert {name: (array.dtype, array.tobytes()) for name, array in kept.items()} == {
        name: (array.dtype, array.tobytes()) for name, array in tensors.items()
    }


@pytest.mark.parametrize(
    "tight", [{"max_tensors": 20}, {"max_header_bytes": 2_000}], ids=lambda tight: next(iter(tight))
)
def test_limits_of_headers_hold_for_all_shards_together(
    honest: Path, tmp_path: Path, limits: ModelLimits, tight: dict[str, int]
):
    refused = vet(in_shards(honest, 3), tmp_path / "clean", replace(limits, **tight))
    assert getattr(refused, "reason", None) is Reason.LIMITS


def test_a_tensor_in_two_shards_is_refused(honest: Path, tmp_path: Path, limits: ModelLimits):
    in_shards(honest, 2)
    first = honest / "model-00001-of-00002.safetensors"
    (honest / "model-00002-of-00002.safetensors").write_bytes(first.read_bytes())
    assert vet(honest, tmp_path / "clean", limits) == Rejection(
        Reason.WEIGHTS,
        "model-00002-of-00002.safetensors holds no tensors, or some that another shard holds too; save the model anew",
    )


def stored(file: Path, **tensors: tuple[str, np.ndarray]) -> tuple[Tensor, ...]:
    """A file of nothing but these bits, and where each tensor (`dots` as double underscores) lies in it."""
    offset, found = 0, []
    with file.open("wb") as stream:
        for name, (dtype, bits) in tensors.items():
            end = offset + stream.write(bits.tobytes())
            found.append(Tensor(name.replace("__", "."), dtype, bits.shape, file, offset, end))
            offset = end
    return tuple(found)


@pytest.mark.parametrize(
    ("bits", "says"),
    [
        (0x7F80, "b holds NaN or infinity; train with finite weights"),
        (0x7FC0, "b holds NaN or infinity; train with finite weights"),
        (0x5F80, "b holds numbers beyond 1.8e19; train with smaller weights"),
    ],
)
def test_numbers_that_nothing_can_be_computed_with_are_refused(tmp_path: Path, bits: int, says: str):
    tensors = stored(tmp_path / "in", a=("F32", np.zeros(8, np.uint32)), b=("BF16", np.array([0, bits], np.uint16)))
    assert rewrite(tensors, tmp_path / "out") == Rejection(Reason.WEIGHTS, says)


def test_what_is_measured_comes_in_the_order_of_the_file_that_is_written(tmp_path: Path):
    halves, singles = np.arange(3, dtype=np.uint16), np.arange(70_000, dtype=np.uint32)
    tensors = stored(tmp_path / "in", c=("F16", halves), b=("F32", singles), a=("BF16", halves), d=("F32", singles[:2]))
    written = rewrite(tensors, tmp_path / "out")
    assert not isinstance(written, Rejection)
    data = (tmp_path / "out").read_bytes()
    parts = {"b": singles, "d": singles[:2], "a": halves, "c": halves}
    assert data.endswith(b"".join(part.tobytes() for part in parts.values()))
    assert [(tensor.name, tensor.sha256) for tensor in written] == [
        (name, hashlib.sha256(part.tobytes()).hexdigest()) for name, part in parts.items()
    ]


def test_norms_are_held_against_the_limits_where_there_are_any(tmp_path: Path):
    name = "model__layers__0__mlp__up_proj__weight"
    tensors = stored(tmp_path / "in", **{name: ("F32", np.full(100, 101, np.float32))})
    found = [rewrite(tensors, tmp_path / str(limits), limits) for limits in (None, NormLimits(2000, 0, 2000))]
    assert [isinstance(written, Rejection) for written in found] == [False, False]
    assert rewrite(tensors, tmp_path / "out", NormLimits()) == Rejection(
        Reason.WEIGHTS,
        "model.layers.0.mlp.up_proj.weight has the norm 1010; the limit is 1000; train with weight decay",
    )
