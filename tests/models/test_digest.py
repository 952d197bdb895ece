"""The digest: a golden vector, what does not move it, and that everything that a model computes with does."""

import json
import random
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from models.digest import TensorDigest, model_digest
from models.limits import ModelLimits
from models.rejections import Rejection
from models.vetting import vet

CONFIG = {"hidden_size": 2, "rms_norm_eps": 1e-6, "architectures": ["LlamaForCausalLM"]}
TENSORS = (TensorDigest("b", "F32", (2, 3), "0" * 64), TensorDigest("a", "BF16", (), "f" * 64))
GOLDEN = "3084fea8467a67239bf3b9f616a3a626d0fa6de1bfc99cd30df2eb943252004a"


def digest_of(folder: Path, limits: ModelLimits) -> str | Rejection:
    with TemporaryDirectory() as scratch:
        vetted = vet(folder, Path(scratch) / "clean", limits)
        return vetted if isinstance(vetted, Rejection) else vetted.digest


def resharded(model: Path, into: Path, seed: int) -> None:
    """The same model in a random number of shards, in random order, with other metadata, notes and key order."""
    chance = random.Random(seed)
    tensors = load_file(model / "model.safetensors")
    names = chance.sample(sorted(tensors), len(tensors))
    count = chance.randint(1, 5)
    places = {}
    for number in range(count):
        shard = f"model-{number + 1:05}-of-{count:05}.safetensors"
        mine = names[number::count]
        save_file({name: tensors[name] for name in mine}, into / shard, {"format": "pt", "seed": str(seed)})
        places |= dict.fromkeys(mine, shard)
    (into / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places, "metadata": {"n": seed}}))
    for name in ("config.json", "tokenizer.json"):
        parsed = json.loads((model / name).read_text())
        shuffled = {key: parsed[key] for key in chance.sample(sorted(parsed), len(parsed))}
        (into / name).write_text(json.dumps(shuffled, indent=chance.randint(0, 4)))
    (into / "README.md").write_text(f"my model number {seed}")


def test_the_digest_is_the_golden_one():
    assert model_digest(CONFIG, b"tokenizer", TENSORS) == GOLDEN


def test_order_of_keys_and_tensors_does_not_matter():
    assert model_digest(dict(reversed(CONFIG.items())), b"tokenizer", reversed(TENSORS)) == GOLDEN


def test_each_part_matters():
    first, second = TENSORS
    others = [
        model_digest({**CONFIG, "hidden_size": 3}, b"tokenizer", TENSORS),
        model_digest(CONFIG, b"tokeniser", TENSORS),
        model_digest(CONFIG, b"tokenizer", (first,)),
        *(
            model_digest(CONFIG, b"tokenizer", (replace(first, **change), second))
            for change in ({"name": "c"}, {"dtype": "F16"}, {"shape": (3, 2)}, {"sha256": "1" * 64})
        ),
    ]
    assert len({GOLDEN, *others}) == 8


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_shards_notes_and_order_do_not_move_a_models_digest(saved: Path, limits: ModelLimits, seed: int):
    with TemporaryDirectory() as scratch:
        resharded(saved, Path(scratch), seed)
        assert digest_of(Path(scratch), limits) == digest_of(saved, limits)


@settings(max_examples=40, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_changed_bit_of_a_weight_moves_it(saved: Path, limits: ModelLimits, where: float, bit: int):
    data = bytearray((saved / "model.safetensors").read_bytes())
    first = 8 + int.from_bytes(data[:8], "little")
    data[first + int(where * (len(data) - first))] ^= 1 << bit
    with TemporaryDirectory() as scratch:
        for name in ("config.json", "tokenizer.json"):
            (Path(scratch) / name).write_bytes((saved / name).read_bytes())
        (Path(scratch) / "model.safetensors").write_bytes(data)
        assert digest_of(Path(scratch), limits) != digest_of(saved, limits)


def test_dropped_keys_do_not_move_it_and_carried_ones_do(honest: Path, limits: ModelLimits):
    before = digest_of(honest, limits)
    config = json.loads((honest / "config.json").read_text())
    found = []
    for change in ({"use_cache": False, "attention_dropout": 0.1, "dtype": "bfloat16"}, {"rms_norm_eps": 1e-5}):
        (honest / "config.json").write_text(json.dumps({**config, **change}))
        found.append(digest_of(honest, limits) == before)
    assert found == [True, False]


def test_the_clean_directory_of_a_model_has_the_models_digest(saved: Path, tmp_path: Path, limits: ModelLimits):
    once = vet(saved, tmp_path / "once", limits)
    assert vet(tmp_path / "once", tmp_path / "twice", limits) == once
    files = [{file.name: file.read_bytes() for file in (tmp_path / n).iterdir()} for n in ("once", "twice")]
    assert files[0] == files[1]
