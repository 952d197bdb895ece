"""Hostile adapters of a competition's base: more than two factors a matrix, of something else, or too much of it."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from tests.attacks.attack import Bait, Way, attack
from tests.attacks.honest import edit_json, tensors, write_tensors, write_with_header

WAY: Way = "adapter"
A = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
B = A.replace("lora_A", "lora_B")


def _config(folder: Path, **changes: object) -> None:
    edit_json(folder / "adapter_config.json", lambda config: config.update(changes))


def _factors(folder: Path, **changes: np.ndarray) -> None:
    """Set factors by name, or `A` and `B`, as the safetensors library writes them."""
    found = load_file(folder / "adapter_model.safetensors")
    save_file(found | {{"A": A, "B": B}.get(name, name): value for name, value in changes.items()}, _weights(folder))


def _weights(folder: Path) -> Path:
    return folder / "adapter_model.safetensors"


@attack("named_base", "adapters here are of owner/base, name that one", "vetted", way=WAY)
def adapter_naming_another_repository(folder: Path, bait: Bait) -> None:
    """With peft installed, transformers fetches it."""
    _config(folder, base_model_name_or_path=str(bait.outside))


@attack("named_base", "revision of adapter_config.json is 'main'", "vetted", way=WAY)
def adapter_naming_another_revision(folder: Path, _: Bait) -> None:
    _config(folder, revision="main")


@attack("one_adapter", "has model.safetensors beside adapter_config.json; remove one of the two", "vetted", way=WAY)
def adapter_beside_weights(folder: Path, _: Bait) -> None:
    """Two models in one repository."""
    write_tensors(folder, tensors(1))


@attack("one_adapter", "has no adapter_model.safetensors", "KeyError: 'adapter_model.safetensors'", way=WAY)
def adapter_without_factors(folder: Path, _: Bait) -> None:
    _weights(folder).unlink()


@attack("known_names", "'adapter_model.bin' is no file that an adapter needs", "vetted", way=WAY)
def pickle_of_an_adapter(folder: Path, _: Bait) -> None:
    """Older versions of peft load it before the other."""
    (folder / "adapter_model.bin").write_bytes(pickle.dumps({}))


@attack("known_names", "'config.json' is no file that an adapter needs", "vetted", way=WAY)
def config_of_another_model(folder: Path, _: Bait) -> None:
    (folder / "config.json").write_text(json.dumps({"is_causal": False}))


@attack("known_adapter_keys", "sets 'use_gated_lora' to True, which no LoRA may here", "vetted", way=WAY)
def key_of_a_later_peft(folder: Path, _: Bait) -> None:
    """Judged here without what it turns on, and everywhere else with it."""
    _config(folder, use_gated_lora=True)


@attack("kept_adapter_rules", "modules_to_save of adapter_config.json is a list of 1", "vetted", way=WAY)
def new_head_by_config(folder: Path, _: Bait) -> None:
    _config(folder, modules_to_save=["lm_head"])


@attack("kept_adapter_rules", "use_dora of adapter_config.json is True; it must be false", "vetted", way=WAY)
def magnitudes_beside_directions(folder: Path, _: Bait) -> None:
    _config(folder, use_dora=True)


@attack("kept_adapter_rules", "init_lora_weights of adapter_config.json is 'pissa'", "vetted", way=WAY)
def adapter_of_a_changed_base(folder: Path, _: Bait) -> None:
    _config(folder, init_lora_weights="pissa")


@attack("kept_adapter_rules", "peft_type of adapter_config.json is 'PROMPT_TUNING'", "vetted", way=WAY)
def text_before_every_text(folder: Path, _: Bait) -> None:
    """Virtual tokens that peft would set before what is scored."""
    _config(folder, peft_type="PROMPT_TUNING")


@attack("kept_adapter_rules", "it must be a number above 0, at most 65536", "weights: .* holds NaN or inf", way=WAY)
def alpha_beyond_all_dtypes(folder: Path, _: Bait) -> None:
    _config(folder, lora_alpha=1e300)


@attack("parse_object", "the number '1e999' is too large", "config: lora_alpha of .* is inf", way=WAY)
def alpha_without_end(folder: Path, _: Bait) -> None:
    text = (folder / "adapter_config.json").read_text()
    (folder / "adapter_config.json").write_text(text.replace('"lora_alpha": 4', '"lora_alpha": 1e999'))


@attack("allowed_rank", "asks for rank 100000; the competition allows 256", "vetted", way=WAY)
def rank_without_end(folder: Path, _: Bait) -> None:
    """A merge takes time by the rank, however small the matrix."""
    _config(folder, r=100_000)
    _factors(folder, A=np.ones((100_000, 8), np.float32), B=np.full((8, 100_000), 1e-9, np.float32))


@attack("read_header", "has a header of 99000000 bytes", "weights: .* holds no tensors", way=WAY)
def header_of_an_adapter_of_99_megabytes(folder: Path, _: Bait) -> None:
    write_with_header(_weights(folder), b'{"__metadata__":{"a":"' + b"x" * 98_999_975 + b'"}}')


@attack("known_factors", "holds 'base_model.model.lm_head.weight', no lora_A or lora_B", "vetted", way=WAY)
def new_head_by_tensor(folder: Path, _: Bait) -> None:
    _factors(folder, **{"base_model.model.lm_head.weight": np.ones((260, 8), np.float32)})


@attack("known_factors", "q_proj.lora_magnitude_vector', no lora_A or lora_B", "vetted", way=WAY)
def magnitude_by_tensor(folder: Path, _: Bait) -> None:
    _factors(folder, **{A.replace("lora_A.weight", "lora_magnitude_vector"): np.ones(8, np.float32)})


@attack("known_factors", "model.layers.7.self_attn.q_proj.lora_A.weight', no lora_A or lora_B", "vetted", way=WAY)
def factors_of_a_layer_that_is_not_there(folder: Path, _: Bait) -> None:
    """Makes a copy look like another adapter."""
    more: dict[str, Any] = load_file(_weights(folder))
    _factors(folder, **{name.replace("layers.0", "layers.7"): value for name, value in more.items()})


@attack("whole_pairs", f"has '{A}' without '{B}'", "KeyError", way=WAY)
def factor_without_the_other(folder: Path, _: Bait) -> None:
    save_file({A: load_file(_weights(folder))[A]}, _weights(folder))


@attack("whole_pairs", "holds no tensors", "weights: the adapter changes no number", way=WAY)
def adapter_of_nothing(folder: Path, _: Bait) -> None:
    save_file({}, _weights(folder))


@attack("fitting_factors", f"{A} has the shape [8, 2]; the base and r ask for [2, 8]", "ValueError", way=WAY)
def factor_transposed(folder: Path, _: Bait) -> None:
    _factors(folder, A=np.ones((8, 2), np.float32))


@attack("finite_factors", f"{A} holds NaN or infinity", "weights: model.* holds NaN or infinity", way=WAY)
def factor_of_no_numbers(folder: Path, _: Bait) -> None:
    _factors(folder, A=np.full((2, 8), np.nan, np.float32))


@attack("changes_a_number", "the adapter changes no number of the base", "vetted", way=WAY)
def base_under_another_digest(folder: Path, _: Bait) -> None:
    """As many digests as there are first factors, with the second all zeros; or too small to be seen."""
    _factors(folder, B=np.full((8, 2), 1e-30, np.float32))


@attack("norm_fault", "q_proj.weight has the norm", "vetted", way=WAY)
def factor_that_explodes(folder: Path, _: Bait) -> None:
    _factors(folder, B=np.full((8, 2), 1e6, np.float32))
