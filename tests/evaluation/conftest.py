"""What the tests of evaluation share: wallets, samples and a chain that holds just what samples need."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chain.signing import Wallet, create_wallet
from chain.simulated.chain import SimulatedChain
from chain.types import Block, Coldkey, Commitment, Included, NetUid
from evaluation.sources.batch import BatchPointer, encode, encode_pointer, path_of, root_of
from evaluation.sources.content import Pair, Text
from evaluation.sources.sample import Sample
from evaluation.sources.signed import SignedSample
from hub.folder import FolderHub

DATA_NETUID = NetUid(2)


@dataclass
class Producers:
    """Producers with permit and stake who publish to a Hub in a folder and commit on the data subnet."""

    chain: SimulatedChain
    hub_root: Path

    def join(
        self, *wallets: Wallet, stake: float = 1000.0, permit: bool = True, coldkey: Coldkey | None = None
    ) -> None:
        with self.chain.block():
            for one in wallets:
                self.chain.register(DATA_NETUID, one.hotkey, coldkey or one.coldkey)
                self.chain.stake(DATA_NETUID, one.hotkey, stake)
                self.chain.permit(DATA_NETUID, one.hotkey, permit)

    def publish(
        self, wallet: Wallet, signed: list[SignedSample], data: bytes | None = None, root: str | None = None
    ) -> str:
        """Upload a batch (or other bytes under its name) and commit its pointer; returns the repository."""
        hub = FolderHub(self.hub_root, wallet.name)
        repo, root = f"{wallet.name}/samples", root or root_of(encode(signed))
        hub.create(repo, "dataset", private=False)
        content = encode(signed) if data is None else data
        revision = hub.upload_files(repo, "dataset", {path_of(root): content}, message="batch")
        self.commit(wallet, encode_pointer(BatchPointer(repo, revision, root)))
        return repo

    def commit(self, wallet: Wallet, raw: bytes) -> None:
        assert isinstance(self.chain.commit(DATA_NETUID, wallet, raw=raw), Included)

    def committed(self, wallet: Wallet) -> bytes:
        """The clear field of the wallet's commitment."""
        entries = self.chain.commitments(DATA_NETUID)
        return next(e.raw or b"" for e in entries if isinstance(e, Commitment) and e.hotkey == wallet.hotkey)


def _data_subnet() -> SimulatedChain:
    chain = SimulatedChain()
    chain.create_subnet(DATA_NETUID)
    return chain


@pytest.fixture
def data_chain() -> SimulatedChain:
    """A data subnet without producers."""
    return _data_subnet()


@pytest.fixture
def producers(data_chain: SimulatedChain, tmp_path: Path) -> Producers:
    """The producing side of `data_chain`, publishing to a Hub below tmp_path/hub."""
    return Producers(data_chain, tmp_path / "hub")


@pytest.fixture
def hub(tmp_path: Path) -> FolderHub:
    """The Hub of `producers` as a visitor sees it."""
    return FolderHub(tmp_path / "hub", None)


@pytest.fixture(scope="session")
def wallets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Wallet, ...]:
    """Four producers, each with a coldkey of its own."""
    folder: Path = tmp_path_factory.mktemp("wallets")
    return tuple(create_wallet(f"producer{number}", "default", folder) for number in range(4))


@pytest.fixture(scope="session")
def make_sample() -> Callable[..., Sample]:
    """Makes a sample of a wallet's hotkey, anchored at a block of the tests' chain."""
    chain = _data_subnet()  # like any other of its name in the hashes of its blocks
    chain.advance_to(200)

    def make(wallet: Wallet, content: Pair | Text, anchor: int = 90) -> Sample:
        created = datetime(2025, 1, 31, 12, tzinfo=UTC)
        block = Block(anchor)
        return Sample(content, "pydoc", wallet.hotkey, DATA_NETUID, created, block, chain.block_hash(block))

    return make


TRAINING_TEXTS = [
    "the quick brown fox jumps over the lazy dog",
    "Return the number of items in a container.",
    "a naïve café in Zürich – „schön“, sagte sie 🙂",
    "def add(left, right): return left + right",
] * 4


TINY = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "bos_token_id": 0,
    "eos_token_id": 1,
}
"""A Llama-like config of 36,000 parameters."""


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level BPE of 300 ids with BOS and EOS, as tokenizer.json and its config in one folder."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    specials = ["<s>", "</s>"]
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(TRAINING_TEXTS, trainer)
    folder = tmp_path_factory.mktemp("tokenizer")
    PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def make_model(tokenizer_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes the clean directory of a tiny random model; keywords change its config, `alter` its weights."""

    def make(family: str = "Llama", seed: int = 0, alter: Callable[[object], None] | None = None, **changes) -> Path:
        import torch
        import transformers

        config = getattr(transformers, f"{family}Config")(**{**TINY, **changes})
        torch.set_num_threads(1)  # models this small only lose by waiting for one another's threads
        torch.manual_seed(seed)
        model = getattr(transformers, f"{family}ForCausalLM")(config)
        for weight in model.parameters():
            torch.nn.init.normal_(weight, std=0.3)
        if alter is not None:
            alter(model)
        folder = tmp_path_factory.mktemp("model")
        model.save_pretrained(folder)
        for file in tokenizer_file.iterdir():
            shutil.copy(file, folder)
        return folder

    return make


@pytest.fixture(scope="session")
def tiny_model(make_model: Callable[..., Path]) -> Path:
    """The clean directory of one tiny random Llama, window 128 tokens."""
    return make_model()
