"""Two validators with caches, moments and a Hub's moods of their own come to the same samples, or notice it."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from chain.simulated.chain import SimulatedChain
from chain.types import Block, BlockCount, NetUid
from evaluation.sources.bundle import Drawn, draw, write_bundle
from evaluation.sources.content import Pair
from evaluation.sources.doors import Doors
from evaluation.sources.held import Cause, Held
from evaluation.sources.occasion import Occasion, needs_of
from evaluation.sources.pool import Pool
from evaluation.sources.registry import Sources
from evaluation.sources.signed import sign
from evaluation.sources.spec import SignedBatchesSpec
from evaluation.tasks.spec import TaskSpec
from hub.folder import FolderHub
from hub.port import NotFound, RepoKind
from ledger import rounds
from ledger.comparison import differences, in_words
from ledger.database import Ledger, open_ledger
from ledger.samples import samples_of

SEED_BLOCK, SEED = Block(100), bytes(range(32))
SPEC = SignedBatchesSpec(
    kind="signed_batches", netuid=NetUid(2), min_stake=100.0, min_producers=2, max_age_blocks=BlockCount(50)
)
TASKS = (TaskSpec("reference_loss", 12, 1.0, 16.0, source="producers"),)
A_MINUTE = 5  # blocks of 12 s


class Moody(FolderHub):
    """A Hub that answers in an order of its own, and knows nothing of some repositories."""

    def __init__(self, root: Path, order: Sequence[str], withheld: frozenset[str] = frozenset()) -> None:
        super().__init__(root, None)
        self._turns, self._withheld, self._answered = list(order), withheld, threading.Condition()

    def read(self, repo: str, kind: RepoKind, revision: str, path: str, *, max_bytes: int) -> bytes:
        with self._answered:
            assert self._answered.wait_for(lambda: self._turns[0] == repo, timeout=30)
            self._turns.pop(0)
            self._answered.notify_all()
        if repo in self._withheld:
            raise NotFound(f"no dataset {repo}")
        return super().read(repo, kind, revision, path, max_bytes=max_bytes)


@dataclass
class Validator:
    """One validator's folder and ledger, and what it drew for the round."""

    name: str
    folder: Path
    ledger: Ledger

    def pools(self, chain: SimulatedChain, hub: FolderHub) -> dict[str, Pool] | Held:
        sources = Sources(Doors(chain, hub, self.folder / "sources"))
        answer = sources.pool(SPEC, Occasion(SEED_BLOCK, SEED, Block(60), needs_of(TASKS, "producers")))
        return answer if isinstance(answer, Held) else {"producers": answer}

    def draw(self, chain: SimulatedChain, hub: FolderHub) -> bytes:
        """Draw the round's samples and record them; the bundle's file."""
        pools = self.pools(chain, hub)
        assert not isinstance(pools, Held), pools
        drawn = draw(pools, TASKS, SEED)
        assert isinstance(drawn, Drawn), drawn
        file = self.folder / "bundle.jsonl"
        write_bundle(drawn.bundle, file)
        opened = rounds.open_round(self.ledger, "answers", 1, SEED_BLOCK, chain.block_hash(SEED_BLOCK), SEED)
        rounds.set_bundle(self.ledger, opened.id, drawn.bundle.root, pools, drawn.near_duplicates)
        return file.read_bytes()


@pytest.fixture
def two(tmp_path: Path) -> Sequence[Validator]:
    made = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        made.append(Validator(name, folder, open_ledger(folder / "ledger.sqlite")))
    return made


@pytest.fixture
def repos(data_chain, producers, wallets, make_sample: Callable) -> list[str]:
    """Four producers, who share some of what they publish, have committed; the seed block is made."""
    producers.join(*wallets)
    found = []
    for number, wallet in enumerate(wallets):
        own = [Pair(f"What is {wallet.name}'s {place}?", f"{place} " * (place + 3) + wallet.name) for place in range(8)]
        shared = [Pair("What do they share?", f"the sentence number {place}") for place in range(number)]
        found.append(producers.publish(wallet, [sign(make_sample(wallet, one), wallet) for one in (*own, *shared)]))
    data_chain.advance_to(SEED_BLOCK)
    return found


def test_caches_moments_and_orders_of_their_own_give_the_same_bundle(
    data_chain, repos, two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    first = one.draw(data_chain, Moody(tmp_path / "hub", repos))
    data_chain.advance(A_MINUTE)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 60)
    second = other.draw(data_chain, Moody(tmp_path / "hub", repos[::-1]))
    again = one.draw(data_chain, Moody(tmp_path / "hub", []))  # from its own disk
    assert first == second == again
    assert differences(*(samples_of(each.ledger, "answers", 1) for each in two)) == ()


def test_a_producer_withheld_from_one_of_them_is_noticed_by_both(data_chain, repos, two, wallets, tmp_path) -> None:
    one, other = two
    whole = one.draw(data_chain, Moody(tmp_path / "hub", repos))
    hiding = frozenset({repos[2]})
    held = other.pools(data_chain, Moody(tmp_path / "hub", repos, hiding))
    assert isinstance(held, Held)
    assert (held.cause, repos[2] in held.detail) == (Cause.WITHHELD, True)
    data_chain.advance_to(Block(SEED_BLOCK + SPEC.patience_blocks))
    part = other.draw(data_chain, Moody(tmp_path / "hub", repos[2:3], hiding))
    assert part != whole
    found = differences(*(samples_of(each.ledger, "answers", 1) for each in two))
    assert {"bundle", "pool"} <= {each.aspect for each in found}
    said = [in_words(each, "one", "other") for each in found]
    assert f"producers: samples of producer {wallets[2].hotkey} left out: none at one, " in "\n".join(said)
