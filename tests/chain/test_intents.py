"""A commitment that the chain would refuse is refused before it is sent, with the chain's own name for it."""

from collections.abc import Iterator
from pathlib import Path

import bittensor as bt
import pytest

from chain.connection import Connection, Endpoint
from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.root import Root
from chain.embedded.substrate import EmbeddedSubstrate
from chain.intents import SetCommitment
from chain.networks import connect
from chain.signing import Wallet, create_wallet
from chain.submission import submit
from chain.subtensor import SubtensorChain
from chain.types import Included, NetUid, Refused

NETUID = NetUid(1)
TEMPO = 20


class Dear(EmbeddedSubstrate):
    """The embedded chain, were it to charge for calls."""

    async def estimate_fee(self, call: object, keypair: object) -> bt.Balance:  # noqa: ARG002 - the SDK's signature
        return bt.Balance.from_rao(7)


@pytest.fixture
def miner(tmp_path: Path) -> Wallet:
    return create_wallet("miner", "default", tmp_path / "wallets")


@pytest.fixture
def path(tmp_path: Path, miner: Wallet) -> Path:
    node = genesis(tmp_path / "chain")
    owner = create_wallet("owner", "default", tmp_path / "wallets")
    root = Root(node)
    root.create_subnet(NETUID, owner.coldkey, owner.hotkey, Hyperparameters(tempo=TEMPO))
    root.register(NETUID, miner.hotkey, miner.coldkey)
    node.close()
    return tmp_path / "chain"


@pytest.fixture
def chain(path: Path) -> Iterator[SubtensorChain]:
    connected = connect(str(path))
    yield connected
    connected.close()


def test_a_hotkey_without_a_uid_is_told_to_register(chain: SubtensorChain, tmp_path: Path) -> None:
    stranger = create_wallet("stranger", "default", tmp_path / "wallets")
    before = chain.head()
    assert chain.commit(NETUID, stranger, raw=b"hello") == Refused(
        "AccountNotAllowedCommit",
        f"hotkey {stranger.hotkey} is not registered on netuid 1: register it with `btcli subnets register --netuid 1`",
    )
    assert chain.head() == before  # nothing was sent: a waiting submission seals a block of its own


def test_a_full_epoch_is_told_in_bytes_and_a_new_one_has_room(chain: SubtensorChain, path: Path, miner: Wallet) -> None:
    sent = [chain.commit(NETUID, miner, raw=b"x") for _ in range(8)]
    assert all(isinstance(answer, Included) for answer in sent)
    sealed = chain.seal("y" * 600, chain.head() + 50)  # 844 bytes: the chain counts ciphertexts
    spent = 8 * 100
    answers = [chain.commit(NETUID, miner, raw=b"x", sealed=sealed) for _ in range(3)]
    assert answers[-1] == Refused(
        "SpaceLimitExceeded",
        f"hotkey {miner.hotkey} has committed {spent + 2 * 845} of 3100 bytes in this epoch of netuid 1 and needs 845 "
        "more: commit again in the next epoch",
    )
    with_author = EmbeddedSubstrate(path)
    Author(with_author.node).advance(TEMPO)
    assert isinstance(chain.commit(NETUID, miner, raw=b"x", sealed=sealed), Included)


def test_a_fee_that_the_owner_cannot_pay_is_told_with_the_coldkey(path: Path, miner: Wallet) -> None:
    connection = Connection(Endpoint("a dear chain", lambda: Dear(path)), 30)
    answer = connection.run(lambda substrate: submit(substrate, SetCommitment(int(NETUID), b"x".hex()), miner), 30)
    assert answer == Refused(
        "InsufficientBalance",
        f"the commitment costs 7 rao and coldkey {miner.coldkey}, which pays for hotkey {miner.hotkey}, holds 0: "
        "send it some TAO",
    )
    connection.close()
