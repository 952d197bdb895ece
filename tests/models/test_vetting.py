"""Vetting as a whole: the honest model passes unchanged, and each hostile repository is refused with its reason."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from models.limits import ModelLimits
from models.norms import NormLimits
from models.rejections import Reason, Rejection
from models.vetting import Vetted, vet

Spoil = Callable[[Path], object]
"""Turns the honest model's folder into an attack; what it returns does not matter."""


def edit(file: Path, **changes: object) -> None:
    """Set keys of a JSON file."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def config(**changes: object) -> Spoil:
    return lambda folder: edit(folder / "config.json", **changes)


def weights(change: Callable[[dict[str, np.ndarray]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        change(tensors)
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})

    return spoil


def header(change: Callable[[dict[str, dict[str, object]]], object]) -> Spoil:
    """Change the header of the weights, leaving the bytes after it."""

    def spoil(folder: Path) -> None:
        data = (folder / "model.safetensors").read_bytes()
        length = int.from_bytes(data[:8], "little")
        entries = json.loads(data[8 : 8 + length])
        change(entries)
        text = json.dumps(entries).encode()
        (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])

    return spoil


def tokenizer(change: Callable[[dict[str, dict[str, object]]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        parsed = json.loads((folder / "tokenizer.json").read_text())
        change(parsed)
        (folder / "tokenizer.json").write_text(json.dumps(parsed))

    return spoil


def index(**weight_map: str) -> Spoil:
    """Turn the weights into one shard, with an index that says this of it."""

    def spoil(folder: Path) -> None:
        shard = "model-00001-of-00001.safetensors"
        (folder / "model.safetensors").rename(folder / shard)
        places = dict.fromkeys(load_file(folder / shard), shard) | weight_map
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))

    return spoil


def file(name: str, content: bytes = b"x") -> Spoil:
    return lambda folder: (folder / name).write_bytes(content)


def link(name: str, target: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return spoil


Q = "model.layers.0.self_attn.q_proj.weight"

ATTACKS: dict[str, tuple[Spoil, Reason, str]] = {
    "is_causal false": (config(is_causal=False), Reason.CONFIG, "sets 'is_causal' to False"),
    "bidirectional attention": (config(use_bidirectional_attention=True), Reason.CONFIG, "use_bidirectional_attention"),
    "auto_map": (config(auto_map={"AutoModelForCausalLM": "m.M"}), Reason.CONFIG, "'auto_map'"),
    "transformers_weights": (config(transformers_weights="adapter_model.bin"), Reason.CONFIG, "'transformers_weights'"),
    "kernel repository": (config(attn_implementation="someone/kernel"), Reason.CONFIG, "'attn_implementation'"),
    "quantization": (config(quantization_config={"load_in_8bit": True}), Reason.CONFIG, "'quantization_config'"),
    "per-layer config": (config(per_layer_config={"0": {"head_dim": 2}}), Reason.CONFIG, "'per_layer_config'"),
    "labels bomb": (config(num_labels=200_000_000), Reason.CONFIG, "'num_labels'"),
    "other architecture": (config(architectures=["GemmaForCausalLM"]), Reason.CONFIG, "'GemmaForCausalLM'"),
    "model_type of another class": (config(model_type="gemma"), Reason.CONFIG, "model_type"),
    "positions that follow the batch": (
        config(rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}),
        Reason.CONFIG,
        "rope_type of config.json is 'dynamic'",
    ),
    "20000 layers": (config(num_hidden_layers=20_000), Reason.LIMITS, "20000 layers"),
    "vocabulary bomb": (config(vocab_size=2_000_000_000), Reason.LIMITS, "parameters"),
    "config nested 100000 deep": (file("config.json", b"[" * 100_000), Reason.CONFIG, "nested more than 32 deep"),
    "config with a key twice": (file("config.json", b'{"a": 1, "a": 2}'), Reason.CONFIG, "'a' stands there more"),
    "config not JSON": (file("config.json", b"\xff\xfe"), Reason.CONFIG, "is not unambiguous JSON"),
    "config of 2 MB": (file("config.json", b" " * 2_000_000), Reason.LIMITS, "config.json has 2000000 bytes"),
    "pickle": (file("pytorch_model.bin"), Reason.PATH, "'pytorch_model.bin'"),
    "code": (file("modeling.py"), Reason.PATH, "'modeling.py'"),
    "adapter naming another repository": (file("adapter_config.json"), Reason.PATH, "'adapter_config.json'"),
    "folder": (lambda folder: (folder / "onnx").mkdir(), Reason.PATH, "'onnx' is no plain file"),
    "symlink to another's weights": (link("model.safetensors", "/etc/passwd"), Reason.PATH, "no plain file"),
    "symlinked readme": (link("README.md", "config.json"), Reason.PATH, "'README.md' is no plain file"),
    "named pipe": (lambda folder: os.mkfifo(folder / "merges.txt"), Reason.PATH, "'merges.txt' is no plain file"),
    "index leaving the repository": (index(**{Q: "../x.safetensors"}), Reason.PATH, "'../x.safetensors'"),
    "index with an absolute path": (index(**{Q: "/x.safetensors"}), Reason.PATH, "'/x.safetensors'"),
    "index naming a list": (index(**{Q: []}), Reason.PATH, "a list of 0"),  # type: ignore[dict-item] # the attack
    "index of tensors that are not there": (
        index(more="model-00001-of-00001.safetensors"),
        Reason.WEIGHTS,
        "says otherwise",
    ),
    "shard missing": (
        lambda folder: (folder / "model.safetensors").rename(folder / "model-00002-of-00002.safetensors"),
        Reason.WEIGHTS,
        "no whole set",
    ),
    "two sets of weights": (file("model-00001-of-00001.safetensors"), Reason.WEIGHTS, "remove one of the two"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), Reason.WEIGHTS, "no model.safetensors"),
    "NaN weight": (weights(lambda tensors: tensors[Q].__setitem__((3, 3), np.nan)), Reason.WEIGHTS, Q),
    "infinite weight": (weights(lambda tensors: tensors[Q].__setitem__((31, 31), -np.inf)), Reason.WEIGHTS, Q),
    "missing tensor": (weights(lambda tensors: tensors.pop(Q)), Reason.WEIGHTS, f"lack 1 of 21 tensors, first {Q}"),
    "extra tensor": (
        weights(lambda tensors: tensors.update(extra=np.zeros(1, np.float32))),
        Reason.WEIGHTS,
        "1 tensors too many, first 'extra'",
    ),
    "misshapen tensor": (
        weights(lambda tensors: tensors.update({Q: tensors[Q].reshape(64, 16)})),
        Reason.WEIGHTS,
        f"{Q} has the shape [64, 16]",
    ),
    "dtype outside the limits": (
        weights(lambda tensors: tensors.update({Q: tensors[Q].astype(np.float64)})),
        Reason.WEIGHTS,
        "dtype 'F64'",
    ),
    "overlapping offsets": (
        header(
            lambda entries: entries[Q].update(data_offsets=entries["lm_head.weight"]["data_offsets"], shape=[300, 32])
        ),
        Reason.WEIGHTS,
        "overlap or a gap",
    ),
    "offsets beyond the file": (
        header(lambda entries: entries[Q].update(data_offsets=[2**40, 2**40 + 4096])),
        Reason.WEIGHTS,
        "overlap or a gap",
    ),
    "negative offsets": (
        header(lambda entries: entries[Q].update(data_offsets=[-4096, 0])),
        Reason.WEIGHTS,
        "no two whole numbers",
    ),
    "shape with a hole": (
        header(lambda entries: entries[Q].update(shape=[None])),
        Reason.WEIGHTS,
        "a shape that is no",
    ),
    "bytes after the tensors": (
        lambda folder: (folder / "model.safetensors").open("ab").write(b"more"),
        Reason.WEIGHTS,
        "upload the file whole",
    ),
    "file cut short": (
        lambda folder: os.truncate(folder / "model.safetensors", 9_000),
        Reason.WEIGHTS,
        "has 9000 bytes where its tensors end",
    ),
    "file of three bytes": (file("model.safetensors", b"abc"), Reason.WEIGHTS, "announces a header"),
    "huge header length": (file("model.safetensors", b"\xff" * 64), Reason.WEIGHTS, "announces a header"),
    "header of 11 MB": (
        lambda folder: (
            (folder / "model.safetensors").write_bytes((11_000_000).to_bytes(8, "little")),
            os.truncate(folder / "model.safetensors", 12_000_000),
        ),
        Reason.LIMITS,
        "a header of 11000000 bytes",
    ),
    "5000 empty tensors": (
        header(
            lambda entries: entries.update(
                {f"empty{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(5_000)}
            )
        ),
        Reason.LIMITS,
        "5021 tensors",
    ),
    "too many bytes": (
        lambda folder: os.truncate(folder / "model.safetensors", 30_000_000),
        Reason.LIMITS,
        "the competition allows 20000000",
    ),
    "normaliser in tokenizer": (
        tokenizer(lambda parsed: parsed.update(normalizer={"type": "Lowercase"})),
        Reason.TOKENIZER,
        "has a normaliser",
    ),
    "pre-tokenizer that drops": (
        tokenizer(lambda parsed: parsed.update(pre_tokenizer={"type": "Whitespace"})),
        Reason.TOKENIZER,
        "none of the byte-level ones",
    ),
    "decoder that strips": (
        tokenizer(lambda parsed: parsed.update(decoder={"type": "Strip", "content": " ", "start": 9, "stop": 9})),
        Reason.TOKENIZER,
        "another decoder",
    ),
    "random encoding": (
        tokenizer(lambda parsed: parsed["model"].update(dropout=0.5)),
        Reason.TOKENIZER,
        "sets 'dropout' of its model to 0.5",
    ),
    "ids outside the embedding": (config(vocab_size=299), Reason.TOKENIZER, "gives 300 ids where vocab_size is 299"),
    "ordinary token as BOS": (config(bos_token_id=50), Reason.TOKENIZER, "has no special token of id 50"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), Reason.TOKENIZER, "no tokenizer.json"),
}


@pytest.mark.parametrize(("spoil", "reason", "words"), ATTACKS.values(), ids=ATTACKS.keys())
def test_a_hostile_repository_is_refused_with_its_reason(
    spoil: Spoil, reason: Reason, words: str, honest: Path, tmp_path: Path, limits: ModelLimits
):
    spoil(honest)
    refused = vet(honest, tmp_path / "clean", limits)
    assert isinstance(refused, Rejection)
    assert (refused.reason, words in refused.detail, refused.detail.splitlines()) == (reason, True, [refused.detail])


def test_an_honest_repository_becomes_a_clean_directory_of_our_own_files(
    saved: Path, tmp_path: Path, limits: ModelLimits
):
    vetted = vet(saved, tmp_path / "clean", limits)
    files = {file.name: file.stat().st_size for file in (tmp_path / "clean").iterdir()}
    assert sorted(files) == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert isinstance(vetted, Vetted)
    tokenizer = hashlib.sha256((tmp_path / "clean" / "tokenizer.json").read_bytes()).hexdigest()
    assert vetted == Vetted(vetted.digest, 37_792, sum(files.values()), 128, tokenizer, vetted.sketch)


def test_a_competition_that_fixes_a_tokenizer_takes_it_in_any_form_and_no_other(
    honest: Path, tmp_path: Path, limits: ModelLimits
):
    free = vet(honest, tmp_path / "free", limits)
    assert isinstance(free, Vetted)
    fixed = replace(limits, tokenizer=free.tokenizer)
    tokenizer(lambda parsed: parsed.update(normalizer={"type": "NFC"}, truncation=None))(honest)
    assert vet(honest, tmp_path / "fixed", fixed) == free
    tokenizer(lambda parsed: parsed["model"]["merges"].reverse())(honest)
    other = vet(honest, tmp_path / "other", limits)
    assert isinstance(other, Vetted)
    assert vet(honest, tmp_path / "refused", fixed) == Rejection(
        Reason.TOKENIZER,
        f"tokenizer.json has the clean form {other.tokenizer}, and the competition fixes {free.tokenizer}; "
        "use the tokenizer.json of the competition's base unchanged",
    )


def test_a_competition_may_bound_norms_otherwise(saved: Path, tmp_path: Path, limits: ModelLimits):
    strict = replace(limits, norms=NormLimits(soft=0.01, soft_share=0.5, hard=0.01))
    refused = vet(saved, tmp_path / "clean", strict)
    assert isinstance(refused, Rejection)
    assert (refused.reason, "has the norm" in refused.detail) == (Reason.WEIGHTS, True)
