"""Hostile repositories that show in names, sizes and kinds of files, before a byte is fetched."""

import json
import os
import pickle
from pathlib import Path

from tests.attacks.attack import Bait, attack
from tests.attacks.honest import write_honest


class _Opens:
    """Unpickled, it writes to a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self._file), "w")


def _listed(folder: Path, *names: str, size: int = 10) -> None:
    """Have the Hub list files that it does not hold."""
    (folder / ".listed").write_text(json.dumps(dict.fromkeys(names, size)))


@attack("known_names", "'pytorch_model.bin' is no file", "vetted")
def pickle_of_weights(folder: Path, bait: Bait) -> None:
    """Runs what it likes when torch loads it without weights_only."""
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(_Opens(bait.outside / "written")))


@attack("known_names", "'modeling_llama.py' is no file", "vetted")
def modeling_code(folder: Path, bait: Bait) -> None:
    """Runs under trust_remote_code."""
    (folder / "modeling_llama.py").write_text(f"open({str(bait.outside / 'written')!r}, 'w')")


@attack("known_names", "'adapter_config.json' is no file", "vetted")
def adapter_of_another_repository(folder: Path, bait: Bait) -> None:
    """With peft installed, transformers follows it to another repository."""
    adapter = {"base_model_name_or_path": str(bait.outside), "peft_type": "LORA", "auto_mapping": None}
    (folder / "adapter_config.json").write_text(json.dumps(adapter))


@attack("known_names", "'kernels/attention.so' is no file", "vetted")
def compiled_kernel(folder: Path, _: Bait) -> None:
    (folder / "kernels").mkdir()
    (folder / "kernels" / "attention.so").write_bytes(b"\x7fELF")


@attack("known_names", "'\\u0441onfig.json' is no file", "vetted")
def look_alike_name(folder: Path, _: Bait) -> None:
    """A Cyrillic letter, for a reader who compares by eye or normalises."""
    (folder / "\u0441onfig.json").write_text("{}")


@attack("known_names", "'CONFIG.JSON' is no file", "vetted")
def name_that_a_file_system_folds(folder: Path, _: Bait) -> None:
    """On a disk that ignores case it takes the config's place after that was vetted."""
    (folder / "CONFIG.JSON").write_text("{}")


@attack("known_names", "'model-\\u0660\\u0660\\u0660\\u0660\\u0661-of-00001.safetensors' is no file", "vetted")
def digits_of_another_script(folder: Path, _: Bait) -> None:
    (folder / "model-٠٠٠٠١-of-00001.safetensors").write_bytes(b"x")


@attack("known_names", "'../outside/model.safetensors' is no file", "vetted", way="listing")
def listed_path_that_leaves(folder: Path, _: Bait) -> None:
    _listed(folder, "../outside/model.safetensors")


@attack("known_names", "/etc/passwd' is no file", "vetted", way="listing")
def listed_path_that_is_absolute(folder: Path, _: Bait) -> None:
    _listed(folder, "/etc/passwd")


@attack("known_names", "'config.json\\n' is no file", "vetted", way="listing")
def listed_name_with_a_line_end(folder: Path, _: Bait) -> None:
    """Passes an expression that ends in a dollar."""
    _listed(folder, "config.json\n")


@attack("file_count", "has 200004 files", "path: 'a0' is no file", way="listing")
def flood_of_files(folder: Path, _: Bait) -> None:
    _listed(folder, *(f"a{index}" for index in range(200_000)))


@attack(
    "repository_bytes",
    "the competition allows 150000000",
    "put off: no room for|unavailable: .* holds no",  # as the disk under the cache is smaller or larger
    way="listing",
)
def terabyte_of_weights(folder: Path, _: Bait) -> None:
    """Ten lines of listing, and a disk full of shards."""
    (folder / "model.safetensors").unlink()
    _listed(folder, "model-00001-of-00001.safetensors", "model.safetensors.index.json", size=10**6)
    listed = json.loads((folder / ".listed").read_text())
    (folder / ".listed").write_text(json.dumps({**listed, "model-00001-of-00001.safetensors": 10**12}))


@attack("document_bytes", "tokenizer.json has 30000000 bytes", "vetted")
def tokenizer_of_thirty_megabytes(folder: Path, _: Bait) -> None:
    (folder / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes().ljust(30_000_000))


@attack("one_set_of_weights", "remove one of the two", "weights: .* another shard holds too")
def two_sets_of_weights(folder: Path, _: Bait) -> None:
    """Vetted would be the one, loaded the other."""
    (folder / "model-00001-of-00001.safetensors").write_bytes((folder / "model.safetensors").read_bytes())


@attack("one_set_of_weights", "no model.safetensors and no shards", "weights: the weights lack")
def no_weights(folder: Path, _: Bait) -> None:
    """Loaded, it is random numbers; or another miner's model, from a shared cache."""
    (folder / "model.safetensors").unlink()


@attack("config_there", "has no config.json", "KeyError: 'config.json'")
def no_config(folder: Path, _: Bait) -> None:
    (folder / "config.json").unlink()


@attack("tokenizer_there", "has no tokenizer.json", "KeyError: 'tokenizer.json'")
def no_tokenizer(folder: Path, _: Bait) -> None:
    (folder / "tokenizer.json").unlink()


@attack("plain_file", "'model.safetensors' is no plain file", "vetted .*touched model.safetensors", way="folder")
def link_to_another_miners_weights(folder: Path, bait: Bait) -> None:
    write_honest(bait.outside / "theirs")
    (bait.outside / "theirs" / "model.safetensors").rename(bait.outside / "model.safetensors")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(bait.outside / "model.safetensors")


@attack("plain_file", "'config.json' is no plain file", "config: .*touched secret", way="folder")
def link_to_a_secret(folder: Path, bait: Bait) -> None:
    """The reason would print the file."""
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to(bait.outside / "secret")


@attack("plain_file", "'tokenizer.json' is no plain file", "killed after", way="folder")
def pipe_that_never_ends(folder: Path, _: Bait) -> None:
    (folder / "tokenizer.json").unlink()
    os.mkfifo(folder / "tokenizer.json")
