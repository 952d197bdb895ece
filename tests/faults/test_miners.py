"""A miner's command that fails at any call of the chain is run again, and ends with one commitment all the same."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from chain.reader import ChainError, ChainFault, ChainThrottled, ChainTimeout, ChainUnreachable, UnknownBlock
from chain.signing import Wallet
from chain.types import Refused
from models.ref import WITHDRAWN
from neurons import tables
from neurons.errors import MinerError
from neurons.journal import Encoding
from neurons.miner import Order
from tests.neurons.conftest import Mine
from tests.neurons.scenes import subnet
from tests.neurons.tiny_model import write_model

ERRORS = [
    ChainTimeout("no answer in time"),
    ChainUnreachable("connection lost"),
    ChainThrottled("429"),
    UnknownBlock("state already discarded"),
    ChainFault("undecodable"),
]


@pytest.fixture
def mine(tmp_path: Path, wallets: Callable[[str], Wallet]) -> Mine:
    """A miner's surroundings."""
    write_model(tmp_path / "model")
    return Mine(wallets("alice"), tmp_path, tables.load("pocket"))


def publish(mine: Mine, encoding: Encoding = "sealed") -> bool:
    """Run the command once; whether it went through."""
    order = Order(str(mine.folder / "model"), "alice/chat", "answers", encoding)
    try:
        return mine.miner().publish(order).stage == "public"
    except (ChainError, MinerError):
        return False


def end(mine: Mine) -> tuple[int, bool, str]:
    """Commitments that ever stood, whether the repository is still private, and what the chain shows."""
    return len(mine.commits), mine.hub(None).describe("alice/chat", "model").private, mine.miner().status().state


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_call_that_fails_is_made_good_by_the_same_command(mine: Mine, tmp_path: Path, error: ChainError) -> None:
    ends = set()
    for calls in count():
        again = replace(mine, chain=subnet(blocks_a_look=1, block_time_s=12.0), folder=tmp_path / str(calls))
        shutil.copytree(mine.folder / "model", again.folder / "model")
        again.chain.faults.fail(error, after=calls)
        through = publish(again)
        if again.chain.faults.forget():
            break
        ends.add((through or publish(again), *end(again)))
    assert (calls > 30, ends) == (True, {(True, 1, False, "revealed")})


@pytest.mark.parametrize("encoding", ["sealed", "hashed"])
@pytest.mark.parametrize("landed", [False, True], ids=["lost", "landed"])
def test_a_commitment_whose_answer_is_lost_is_looked_for_before_it_is_repeated(
    mine: Mine, landed: bool, encoding: Encoding
) -> None:
    mine.chain.faults.lose("commit", landed=landed)
    assert (publish(mine, encoding), publish(mine, encoding)) == (False, True)
    assert end(mine) == (1, False, "revealed" if encoding == "sealed" else "hashed")


def test_a_commitment_that_is_refused_once_stands_at_the_second_run(mine: Mine) -> None:
    mine.chain.faults.refuse(Refused("SpaceLimitExceeded", "wait for the next epoch"))
    assert (publish(mine), publish(mine), end(mine)) == (False, True, (1, False, "revealed"))


def test_an_older_entry_is_not_taken_for_a_commitment_that_was_lost(mine: Mine) -> None:
    assert publish(mine)
    other = Order(str(mine.folder / "model"), "alice/other", "answers")
    mine.chain.faults.lose("commit", landed=False)
    with pytest.raises(ChainUnreachable):
        mine.miner().publish(other)
    done = mine.miner().publish(other)
    assert (done.stage, [block for block, _ in mine.commits][1:]) == ("public", [done.commit_block])


def test_what_was_sent_and_is_not_seen_yet_is_withdrawn_as_well(mine: Mine) -> None:
    mine.chain.faults.lose("commit", landed=False)
    assert not publish(mine)
    done = mine.miner().reset()
    assert (mine.commits, mine.miner().status().state) == ([(done.block, WITHDRAWN)], "withdrawn")


@pytest.mark.parametrize("landed", [False, True], ids=["lost", "landed"])
def test_a_withdrawal_whose_answer_is_lost_stands_once(mine: Mine, landed: bool) -> None:
    assert publish(mine)
    mine.chain.faults.lose("commit", landed=landed)
    with pytest.raises(ChainUnreachable):
        mine.miner().reset()
    mine.miner().reset()
    assert (len(mine.commits), mine.miner().status().state) == (2, "withdrawn")
