"""Real sockets under the SDK's own transport: frozen, reset, refused, throttled, garbled; what each costs, and whom."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.node import SEALING_CLOCK, Node
from chain.embedded.root import Root
from chain.embedded.rpc.server import Server, serving
from chain.failover import Patience
from chain.networks import connect
from chain.reader import ChainThrottled, ChainTimeout, ChainUnreachable
from chain.signing import Wallet, create_wallet
from chain.subtensor import SubtensorChain
from chain.types import Block, Commitment, NetUid
from tests.faulty_wire import Wire, text_frame

NETUID = NetUid(1)
QUICK = Patience(connect_s=2.5, read_s=1.5, write_s=2.0, attempts=2, pause_s=0.01, longest_pause_s=0.02)
"""Short enough to wait for, long enough for an answer on a busy machine."""


@pytest.fixture
def miner(tmp_path: Path) -> Wallet:
    return create_wallet("miner", "default", tmp_path / "wallets")


@pytest.fixture
def node(tmp_path: Path, miner: Wallet) -> Iterator[str]:
    """The address of a node with one subnet and one miner on it."""
    made = genesis(tmp_path / "chain", block_time_s=0.05, beacon_secret=b"sockets")
    owner = create_wallet("owner", "default", tmp_path / "wallets")
    root = Root(made)
    root.create_subnet(NETUID, owner.coldkey, owner.hotkey, Hyperparameters())
    root.register(NETUID, miner.hotkey, miner.coldkey)
    made.close()
    with serving(tmp_path / "chain") as address:
        yield address


@pytest.fixture
def wire(node: str) -> Iterator[Wire]:
    with Wire(node) as made:
        yield made


@pytest.fixture
def chain(wire: Wire) -> Iterator[SubtensorChain]:
    connected = connect(wire.url, patience=QUICK)
    yield connected
    connected.close()


def poll(chain: SubtensorChain) -> list[str]:
    return [neuron.hotkey for neuron in chain.subnet(NETUID, chain.finalized()).neurons]


def test_a_frozen_socket_is_noticed_within_its_time_out(chain: SubtensorChain, wire: Wire, miner: Wallet) -> None:
    wire.freeze()
    with pytest.raises(ChainTimeout, match=r"reading the finalized head: ws://127.0.0.1:\d+ gave no answer in time"):
        poll(chain)
    wire.mend()
    assert miner.hotkey in poll(chain)


def test_while_one_thread_hangs_on_a_frozen_socket_the_others_go_on(wire: Wire, node: str, miner: Wallet) -> None:
    chain = connect(f"{wire.url},{node}", patience=Patience(connect_s=60.0, read_s=60.0))
    asking, told = threading.Event(), threading.Event()

    def stuck() -> None:
        poll(chain)
        asking.set()
        with pytest.raises(ChainUnreachable, match="closed"):
            poll(chain)
        told.set()

    hanging = threading.Thread(target=stuck)
    hanging.start()
    assert asking.wait(60)
    wire.freeze()
    assert wire.swallowed.wait(60)
    other: list[list[str]] = []
    # a thread without a connection goes to the second node once the first has turned one away
    wire.refuse()
    going_on = threading.Thread(target=lambda: other.append(poll(chain)))
    going_on.start()
    going_on.join(60)
    assert (miner.hotkey in other[0], hanging.is_alive(), told.is_set()) == (True, True, False)
    chain.close()
    hanging.join(60)
    assert told.is_set()


def test_a_frozen_node_is_left_for_the_next(wire: Wire, node: str, miner: Wallet) -> None:
    chain = connect(f"{wire.url},{node}", patience=QUICK)
    poll(chain)
    wire.freeze()
    assert miner.hotkey in poll(chain)
    seen = wire.connections
    assert miner.hotkey in poll(chain)
    assert wire.connections == seen  # nobody went back to it
    chain.close()


def test_a_reset_socket_is_replaced_without_the_caller_noticing(
    chain: SubtensorChain, wire: Wire, miner: Wallet
) -> None:
    poll(chain)
    for _ in range(3):
        wire.drop()
        assert miner.hotkey in poll(chain)


def test_a_node_that_goes_and_comes_back_is_found_again(chain: SubtensorChain, wire: Wire, miner: Wallet) -> None:
    wire.refuse()
    wire.drop()
    with pytest.raises(ChainUnreachable):
        poll(chain)
    wire.mend()
    assert miner.hotkey in poll(chain)


@pytest.mark.parametrize("said", ['{"jsonrpc": "2.0", "id": 1, "resu', "[1]", "null", '{"id": 99}'])
def test_garbage_on_the_wire_ends_the_connection_and_nothing_else(
    chain: SubtensorChain, wire: Wire, miner: Wallet, said: str
) -> None:
    wire.garbage(text_frame(said))
    with pytest.raises(ChainUnreachable):
        poll(chain)
    wire.mend()
    assert miner.hotkey in poll(chain)


@pytest.mark.parametrize(("status", "kind"), [(429, ChainThrottled), (403, ChainThrottled), (503, ChainUnreachable)])
def test_a_node_that_turns_us_away_is_named_with_what_it_said(
    wire: Wire, status: int, kind: type[ChainUnreachable]
) -> None:
    wire.answer(status, {"Retry-After": "7"}, "too much of you")
    with pytest.raises(kind, match="too much of you") as told:
        connect(wire.url, patience=QUICK)
    assert type(told.value) is kind


@pytest.mark.usefixtures("node")
def test_an_archive_that_cannot_be_reached_is_told_as_that_and_not_as_the_node(tmp_path: Path) -> None:
    held = Node.open(tmp_path / "chain")
    Author(held).travel(5)
    held.close()
    with Server(tmp_path / "chain", kept_states=2) as pruned:
        chain = connect(pruned.url, "ws://127.0.0.1:9", QUICK)
        with pytest.raises(ChainUnreachable, match=r"has dropped that state, and its archive does not answer"):
            chain.timestamp(Block(1))
        chain.close()


def test_a_write_without_an_answer_is_sent_once_and_told_as_unknown(
    chain: SubtensorChain, tmp_path: Path, miner: Wallet
) -> None:
    """No block is made while the sender waits, and one is afterwards: the commitment stands, and stands once."""
    held = Node.open(tmp_path / "chain")
    held.file.set_meta("sealing", SEALING_CLOCK)
    before = chain.head()
    with pytest.raises(ChainTimeout, match=r"committing on netuid 1: ws://127.0.0.1:\d+ gave no answer in time"):
        chain.commit(NETUID, miner, raw=b"pointer")
    assert [chain.head(), chain.commitments(NETUID)] == [before, ()]
    Author(held).advance(2)
    [entry] = chain.commitments(NETUID)
    assert entry == Commitment(miner.hotkey, Block(before + 1), None, b"pointer", ())
    held.close()
