"""One tiny honest model for the whole session, saved as transformers saves it, and copies of it to spoil."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from models.bases import Base, BaseRef
from models.limits import ModelLimits
from models.vetting import Vetted, vet
from tests.models.lora import write_lora

TEXTS = (
    "The quick brown fox jumps over the lazy dog, and the dog does not mind at all.",
    "def add(left, right):\n    return left + right  # the sum of both\n",
    "Return the sorted list of all names in the namespace; raise ValueError when it is empty.",
)


@pytest.fixture(scope="session")
def limits() -> ModelLimits:
    """Limits that the honest model keeps."""
    return ModelLimits(
        architectures=("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM"),
        min_parameters=1_000,
        max_parameters=1_000_000,
        max_repo_bytes=20_000_000,
        max_length=128,
    )


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random Llama with its own byte-level BPE, as save_pretrained leaves them. Not to be changed."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("saved")
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(TEXTS, trainer)
    PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """A function that copies a folder to one that the test may change."""

    def copy(folder: Path) -> Path:
        return Path(shutil.copytree(folder, tmp_path / f"copy of {folder.name}"))

    return copy


@pytest.fixture
def honest(saved: Path, copy_of: Callable[[Path], Path]) -> Path:
    """The honest model in a folder of the test's own."""
    return copy_of(saved)


@pytest.fixture(scope="session")
def base(saved: Path, limits: ModelLimits, tmp_path_factory: pytest.TempPathFactory) -> Base:
    """The honest model as a competition's base, in its clean form. Not to be changed."""
    folder = tmp_path_factory.mktemp("base") / "clean"
    vetted = vet(saved, folder, limits)
    assert isinstance(vetted, Vetted)
    return Base(BaseRef("owner/base", "b" * 40, vetted.digest), folder)


@pytest.fixture
def lora(base: Base, tmp_path: Path) -> Path:
    """An honest adapter for the base, in a folder of the test's own."""
    return write_lora(tmp_path / "lora", base.folder / "model.safetensors")
