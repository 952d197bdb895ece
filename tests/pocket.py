"""The pocket network: chain, Hub, producers, four miners and their tiny models, played out in a few seconds.

Blocks are stepped, not waited for, so that it is the same on a fast and on a slow machine; the models really are
trained, the pointers sealed and opened, and the files on a Hub that answers over HTTP. When it is done nothing moves
any more, and a validator can judge every round of it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from chain.embedded.author import Author
from chain.embedded.node import Node
from chain.networks import connect
from chain.signing import open_wallet
from chain.subtensor import SubtensorChain
from chain.types import Block
from competitions.spec import Table
from hub.huggingface import HuggingFaceHub
from localnet.cast import Cast
from localnet.founding import found
from localnet.hub_server.server import serving
from localnet.place import Place
from localnet.scenario import DATA_SUBNET, POCKET, PRODUCERS, SUBNET, Person
from neurons import tables, training
from neurons.budget import Budget
from neurons.material import gather, kinds_of, published_datasets
from neurons.miner import Miner, Order, rules_of
from neurons.portion import Portion, corpus_shares
from neurons.producer import Producer

LAST_BLOCK = Block(320)
SEAL_BLOCKS = 6
BATCH_EVERY = 18


@dataclass(frozen=True, slots=True)
class Pocket:
    """A network that has been played to its last block; the Hub still answers."""

    place: Place
    endpoint: str
    table: Table
    chain: SubtensorChain
    author: Author

    def environment(self, person: Person) -> dict[str, str]:
        """What a neuron of this person is told."""
        return Cast(self.place, POCKET, self.endpoint).neuron(person)


class Stepping(threading.Event):
    """A stop signal that never comes; waiting for it makes a block, so that nobody waits for time to pass."""

    def __init__(self, author: Author) -> None:
        super().__init__()
        self._author = author

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - threading's signature
        self._author.advance()
        return False


def play(root: Path) -> None:
    """Play the pocket network below a folder."""
    found(Place(root), replace(POCKET, block_time_s=0.05))
    with opened(root) as pocket:
        _Play(pocket).run(root)


@contextmanager
def opened(root: Path) -> Iterator[Pocket]:
    """The network that lies below a folder, its Hub answering."""
    place = Place(root)
    with serving(place.hub) as endpoint:
        node, chain = Node.open(place.chain), connect(str(place.chain))
        yield Pocket(place, endpoint, tables.load(POCKET.table), chain, Author(node))
        chain.close()
        node.close()


class _Play:
    """The story, step by step."""

    def __init__(self, pocket: Pocket) -> None:
        self._pocket = pocket
        self._producers = [_producer(pocket, person, n) for n, person in enumerate(PRODUCERS)]
        for producer in self._producers:
            producer.check()
        self._next_batch = 0

    def run(self, root: Path) -> None:
        training.train_base(root / "base", "pocket", Budget(60, None), seed=0)
        self._go_on(Block(20))
        for miner, competition, steps in (("alice", "answers", 5), ("carol", "text", 20), ("bob", "answers", 60)):
            folder = self._tuned(root, miner, competition, steps)
            self._publish(miner, str(folder), competition)
        self._go_on(Block(200))
        king = self._miner("bob").hub.describe("bob/answers", "model")
        self._publish("dave", f"bob/answers@{king.revision}", "answers")
        self._go_on(LAST_BLOCK)

    def _tuned(self, root: Path, miner: str, competition: str, steps: int) -> Path:
        pocket, out = self._pocket, root / miner
        rules = rules_of(pocket.table, competition)
        datasets = published_datasets(pocket.chain, rules)
        material = gather(_hub(pocket, miner), datasets, kinds_of(rules), lambda _done, _of: None)
        tuning = training.Hyperparameters(8, 2e-3, 0)
        training.fine_tune(root / "base", out, material, Budget(steps, None), tuning)
        return out

    def _publish(self, miner: str, source: str, competition: str) -> None:
        order = Order(source, f"{miner}/{competition}", competition)
        self._miner(miner).publish(order, reveal_in=SEAL_BLOCKS)
        self._go_on(Block(self._pocket.chain.head() + 1))

    def _miner(self, name: str) -> Miner:
        pocket = self._pocket
        wallet = open_wallet(name, "default", pocket.place.wallets)
        hub, home, stop = _hub(pocket, name), pocket.place.of(name), Stepping(pocket.author)
        return Miner(pocket.chain, pocket.chain, hub, wallet, SUBNET, pocket.table, home, lambda _: None, stop)

    def _go_on(self, until: Block) -> None:
        """Make blocks, and batches of samples whenever they are due."""
        while (head := self._pocket.chain.head()) < until:
            if head >= self._next_batch:
                for producer in self._producers:
                    producer.step()
                self._next_batch = head + BATCH_EVERY
            else:
                self._pocket.author.advance(min(until, self._next_batch) - head)


def _hub(pocket: Pocket, name: str) -> HuggingFaceHub:
    return HuggingFaceHub(pocket.endpoint, pocket.place.token(name))


def _producer(pocket: Pocket, person: Person, number: int) -> Producer:
    wallet = open_wallet(person.name, person.hotkey, pocket.place.wallets)
    shares = corpus_shares(person.name, POCKET.batch_pairs, POCKET.batch_texts, number, len(PRODUCERS))
    hub = _hub(pocket, person.name)
    return Producer(pocket.chain, pocket.chain, hub, wallet, DATA_SUBNET, f"{person.name}/samples", Portion(shares))
