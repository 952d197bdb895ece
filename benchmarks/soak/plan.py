"""Who does what in which block of a soak, drawn from a seed before anything runs."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bittensor_core import Keypair

from chain.embedded.beacon import BeaconClock
from chain.embedded.node import Node
from chain.embedded.tlock import seal
from chain.types import BeaconRound, Block, Coldkey, Hotkey, NetUid
from models.ref import ModelRef, encode_hashed, encode_sealed

NETUID = NetUid(1)
COMPETITION = "answers"

_COMMITTING, _REGISTERING = 0.1, 0.1
"""Parts of all blocks in which somebody commits, and in which a hotkey asks for a uid; most have one already."""
_MOST_COMMITS = 5
_SPARE = 0.2
"""Hotkeys beyond the subnet's uids, as a part of these."""

Kind = Literal["sealed", "hashed", "withdrawal", "foreign", "malformed"]
KINDS: Sequence[Kind] = ("sealed",) * 5 + ("hashed",) * 4 + ("withdrawal", "foreign", "malformed")


@dataclass(frozen=True, slots=True)
class Size:
    """How large a soak is."""

    blocks: int
    uids: int
    ciphertexts: int
    seed: int


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """A pointer of one hotkey, sealed beforehand; others commit it too, for whom it is worthless."""

    owner: int
    text: bytes
    sealed: bytes
    round: BeaconRound
    opens: Block
    """The first block that opens it."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commitment to submit; `cipher` is the number of its ciphertext where it is sealed."""

    block: Block
    who: int
    kind: Kind
    cipher: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Commits and registrations by block, ascending; nobody commits twice in one block."""

    commits: tuple[Commit, ...]
    registrations: tuple[tuple[Block, int], ...]


def key(who: int) -> Keypair:
    """The hotkey of a number; uid 0 belongs to number 0, the subnet's owner."""
    return Keypair.create_from_uri(f"//soak//{who}")


def hotkeys(size: Size) -> list[Hotkey]:
    """All hotkeys' addresses, more than there are uids."""
    return [Hotkey(str(key(who).ss58_address)) for who in range(size.uids + max(2, int(size.uids * _SPARE)))]


def coldkey(who: int) -> Coldkey:
    """The coldkey of a hotkey's number; four hotkeys share one."""
    return Coldkey(str(Keypair.create_from_uri(f"//cold//{who // 4}").ss58_address))


def ref(who: int, number: int) -> ModelRef:
    """A pointer to a model that does not exist."""
    return ModelRef(COMPETITION, f"user{who}/model", f"{number:040x}", f"{number:064x}")


def seal_beforehand(node: Node, size: Size, addresses: Sequence[Hotkey], number: int) -> Ciphertext:
    """The n-th ciphertext; they open one after the other, evenly over all blocks."""
    clock, owner = node.beacon.clock, 1 + number % (size.uids - 1)
    at = Block((number + 1) * size.blocks // (size.ciphertexts + 1))
    round_ = BeaconRound(clock.first_at(node.parameters.start_ms + at * node.parameters.block_time_ms))
    text = encode_sealed(ref(owner, number), addresses[owner]).encode()
    sealed = seal(node.beacon.key, round_, text)
    return Ciphertext(owner, text, sealed, round_, _opens(node, clock, round_, at))


def draw(size: Size, people: int, ciphertexts: Sequence[Ciphertext]) -> Plan:
    """The same plan for the same size."""
    chance = random.Random(size.seed)
    commits: list[Commit] = []
    registrations: list[tuple[Block, int]] = []
    for block in map(Block, range(2, size.blocks)):
        if chance.random() < _REGISTERING:
            registrations.append((block, chance.randrange(1, people)))
        if chance.random() < _COMMITTING:
            chosen: dict[int, Commit] = {}
            for _ in range(chance.randint(1, _MOST_COMMITS)):
                commit = _commit(chance, block, people, ciphertexts)
                chosen[commit.who] = commit
            commits += chosen.values()
    return Plan(tuple(commits), tuple(registrations))


def raw_text(commit: Commit, addresses: Sequence[Hotkey]) -> bytes:
    """The clear field of a commitment."""
    hashed = encode_hashed(ref(commit.who, 1_000_000 + commit.block), addresses[commit.who])
    texts: dict[Kind, str] = {
        "sealed": "crucible/1",
        "hashed": hashed,
        "withdrawal": "crucible/1 -",
        "foreign": "something else altogether",
        "malformed": hashed.replace(":", ":/", 1),
    }
    return texts[commit.kind].encode()


def _commit(chance: random.Random, block: Block, people: int, ciphertexts: Sequence[Ciphertext]) -> Commit:
    who, kind, cipher = chance.randrange(people), chance.choice(KINDS), None
    if kind == "sealed":
        coming = [n for n, c in enumerate(ciphertexts) if c.opens > block][:3] or [len(ciphertexts) - 1]
        cipher = chance.choice(coming)
        who = ciphertexts[cipher].owner if chance.random() < 1 / 3 else who
    return Commit(block, who, kind, cipher)


def _opens(node: Node, clock: BeaconClock, round_: BeaconRound, near: Block) -> Block:
    parameters, block = node.parameters, max(0, near - 2)
    while clock.latest(parameters.start_ms + block * parameters.block_time_ms) < round_:
        block += 1
    return Block(block)
