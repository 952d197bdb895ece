"""The three processes of a soak: one makes blocks and hands out uids, one commits for all hotkeys, one watches.

They share the chain's file, and a few numbers that keeps them near one another.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Condition
from pathlib import Path

import bittensor as bt
from bittensor._transport.contract import SignedExtrinsic

from benchmarks.soak.memory import resident_mb
from benchmarks.soak.model import Registered
from benchmarks.soak.plan import NETUID, Ciphertext, Commit, Plan, coldkey, key, raw_text
from chain.embedded.author import Author
from chain.embedded.errors import DispatchFailed
from chain.embedded.node import Node
from chain.embedded.root import Root
from chain.embedded.substrate import EmbeddedSubstrate
from chain.networks import connect
from chain.types import Block, Hotkey
from ledger import registrations
from ledger.database import open_ledger
from neurons import tables
from neurons.loops.watch import Watch
from neurons.rulebook import Rulebook
from neurons.supervisor import Wakes

_LEAD = 5
"""Blocks that may be made beyond the one that the watch waits for."""

_GAPS = ((0.6, 1, 3), (0.3, 5, 40), (0.1, 60, 300))
"""Polls that are missed: with which chance, from how many blocks to how many."""


@dataclass(frozen=True)
class Pace:
    """How far each process has come: the newest block, the newest whose commits are all sent, and the newest watched.

    `awaited` is the block at which the watch will look next.
    """

    changed: Condition
    head: "Synchronized[int]"
    sent: "Synchronized[int]"
    awaited: "Synchronized[int]"
    watched: "Synchronized[int]"

    def tell(self, counter: "Synchronized[int]", value: int) -> None:
        """Move one of the numbers."""
        with self.changed:
            counter.value = value
            self.changed.notify_all()

    def until(self, counter: "Synchronized[int]", least: int) -> None:
        """Wait for the others."""
        with self.changed:
            self.changed.wait_for(lambda: counter.value >= least)


def make_blocks(path: Path, plan: Plan, blocks: int, addresses: Sequence[Hotkey], pace: Pace, answer: Pipe) -> None:
    """Step every block, and register who is planned to; tells which registrations took place."""
    node = Node.open(path)
    author, root, wanted = Author(node), Root(node), dict(plan.registrations)
    done: list[Registered] = []
    for block in map(Block, range(1, blocks + 1)):
        pace.until(pace.sent, block)
        pace.until(pace.awaited, block - _LEAD)
        who = wanted.get(block)
        if who is None or not _register(root, block, who, addresses, done):
            author.advance()
        pace.tell(pace.head, block)
    node.close()
    answer.send(done)


def commit(
    path: Path, plan: Plan, ciphertexts: Sequence[Ciphertext], addresses: Sequence[Hotkey], pace: Pace, answer: Pipe
) -> None:
    """Send every planned commitment right before its block; tells the extrinsics' hashes."""
    answer.send(asyncio.run(_commit_all(path, plan, ciphertexts, addresses, pace)))


def watch(path: Path, ledger_path: Path, table: str, blocks: int, seed: int, pace: Pace, answer: Pipe) -> None:
    """A validator's watch that misses polls at random; tells its memory (block, MB) and how many polls it took."""
    chain, ledger = connect(str(path)), open_ledger(ledger_path)
    loop = Watch(chain, ledger, NETUID, Rulebook.of(tables.load(table)), Wakes())
    chance, polls, memory, block = random.Random(seed), 0, [], 0
    while block < blocks:
        _, least, most = chance.choices(_GAPS, [weight for weight, _, _ in _GAPS])[0]
        wanted = min(blocks, block + chance.randint(least, most))
        pace.tell(pace.awaited, wanted)
        pace.until(pace.head, wanted)
        while loop.step():
            polls += 1
        block, polls = registrations.last_poll(ledger, NETUID) or block, polls + 1
        pace.tell(pace.watched, block)
        memory.append((block, resident_mb()))
    ledger.close()
    chain.close()
    answer.send((memory, polls))


def _register(root: Root, block: Block, who: int, addresses: Sequence[Hotkey], done: list[Registered]) -> bool:
    """Whether the hotkey got a uid, in a block sealed with that."""
    try:
        uid = root.register(NETUID, addresses[who], coldkey(who))
    except DispatchFailed:
        return False  # it has a uid, or every uid is immune
    done.append(Registered(block, uid, who))
    return True


async def _commit_all(
    path: Path, plan: Plan, ciphertexts: Sequence[Ciphertext], addresses: Sequence[Hotkey], pace: Pace
) -> list[str]:
    substrate, hashes = EmbeddedSubstrate(path), []
    await substrate.connect()
    for commit_ in plan.commits:
        if commit_.block > pace.sent.value:
            pace.tell(pace.sent, commit_.block - 1)
            pace.until(pace.head, commit_.block - 1)
        hashes.append(await _send(substrate, commit_, ciphertexts, addresses))
        following = plan.commits[len(hashes)].block if len(hashes) < len(plan.commits) else None
        if following != commit_.block:
            pace.tell(pace.sent, 2**31 - 1 if following is None else following - 1)
    await substrate.close()
    return hashes


async def _send(
    substrate: EmbeddedSubstrate, planned: Commit, ciphertexts: Sequence[Ciphertext], addresses: Sequence[Hotkey]
) -> str:
    raw, signer = raw_text(planned, addresses), key(planned.who)
    fields: list[dict[str, object]] = [{f"Raw{len(raw)}": raw}]
    if planned.cipher is not None:
        cipher = ciphertexts[planned.cipher]
        fields.insert(0, {"TimelockEncrypted": {"encrypted": cipher.sealed, "reveal_round": int(cipher.round)}})
    call = await substrate.compose(bt.calls.Commitments.set_commitment(netuid=NETUID, info={"fields": fields}))
    nonce = await substrate.account_next_index(str(signer.ss58_address))
    data, hash_ = await substrate.sign_extrinsic(call, signer, nonce=nonce, period=64)
    await substrate.submit_signed(
        SignedExtrinsic(data, hash_), signer, wait_for_inclusion=False, wait_for_finalization=False
    )
    return hash_
