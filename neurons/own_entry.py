"""What the chain shows of one hotkey's own commitment, and when a validator may judge it. Reads only."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from chain.clock import seed_block
from chain.reader import ChainReader
from chain.signing import Wallet
from chain.types import BeaconRound, Block, Commitment, Hotkey, NetUid, Neuron, Opened, Unreadable
from competitions.eligibility import eligible_from, is_void
from competitions.records import Submission
from competitions.spec import Competition, Table
from competitions.table import competition_named
from models.ref import Malformed, ModelRef, decode_sealed
from neurons.errors import UsageError

State = Literal["none", "sealed", "revealed", "failed", "unreadable"]


@dataclass(frozen=True, slots=True)
class Status:
    """One hotkey on one subnet at a block; None where the chain shows no such thing (yet)."""

    hotkey: Hotkey
    netuid: NetUid
    block: Block
    uid: int | None
    state: State
    commit_block: Block | None = None
    reveal_round: BeaconRound | None = None
    revealed_block: Block | None = None
    pointer: ModelRef | None = None
    eligible_from: Block | None = None
    """First block that, as a seed block, lets the submission in."""
    first_round_block: Block | None = None
    """Seed block of the first round that can judge it."""
    note: str = ""
    """What is wrong with it, in words; empty where nothing is."""


def own_entry(chain: ChainReader, netuid: NetUid, hotkey: Hotkey) -> Commitment | Unreadable | None:
    """The hotkey's commitment as it stands at the head."""
    return next((entry for entry in chain.commitments(netuid) if entry.hotkey == hotkey), None)


def own_neuron(chain: ChainReader, netuid: NetUid, hotkey: Hotkey) -> Neuron | None:
    """The hotkey's place in the metagraph; None where it is not registered. Raises UnknownSubnet."""
    return next((neuron for neuron in chain.neurons(netuid) if neuron.hotkey == hotkey), None)


def require_registered(chain: ChainReader, netuid: NetUid, wallet: Wallet) -> Neuron:
    """The wallet's place in the metagraph. Raises UsageError where it has none, UnknownSubnet for a wrong netuid."""
    neuron = own_neuron(chain, netuid, wallet.hotkey)
    if neuron is None:
        raise UsageError(
            f"hotkey {wallet.hotkey} ({wallet.name}/{wallet.hotkey_name}) is not registered on netuid {netuid}: "
            f"register it with `btcli subnets register --netuid {netuid}`, or name another wallet"
        )
    return neuron


def status(chain: ChainReader, netuid: NetUid, hotkey: Hotkey, table: Table) -> Status:
    """Everything the chain and the table say of the hotkey's submission."""
    neuron, entry = own_neuron(chain, netuid, hotkey), own_entry(chain, netuid, hotkey)
    known = (hotkey, netuid, chain.head(), neuron.uid if neuron else None)
    if entry is None:
        return Status(*known, "none", note="" if neuron else "the hotkey is not registered on this subnet")
    if isinstance(entry, Unreadable):
        return Status(*known, "unreadable", note=entry.reason)
    if entry.sealed is not None:
        return Status(*known, "sealed", entry.block, entry.sealed.reveal_round)
    if entry.failed:
        return Status(*known, "failed", entry.block, note="the chain could not open the sealed pointer: publish again")
    opened = newest_opening(entry)
    if opened is None or entry.block is None:
        return Status(*known, "none", entry.block, note="the commitment holds no pointer to a model")
    return _revealed(Status(*known, "revealed", entry.block, None, opened.block), opened, neuron, table)


def newest_opening(entry: Commitment) -> Opened | None:
    """The newest text the chain opened that can belong to the entry now standing."""
    since = entry.block or 0
    return next((opened for opened in reversed(entry.opened) if opened.block > since), None)


def _revealed(known: Status, opened: Opened, neuron: Neuron | None, table: Table) -> Status:
    pointer = decode_sealed(opened.data, known.hotkey)
    if isinstance(pointer, Malformed):
        return replace(known, note=pointer.reason)
    told = replace(known, pointer=pointer)
    rules = competition_named(table, pointer.competition)
    if rules is None:
        return replace(told, note=f"the table has no competition {pointer.competition!r}")
    if neuron is None or known.commit_block is None or known.commit_block < neuron.registered_at:
        return replace(told, note="the hotkey was not registered when it committed: publish again")
    submission = _submission(pointer, neuron, known.commit_block, opened.block)
    if is_void(submission, rules):
        return replace(
            told, note=f"void: opened more than {rules.max_seal_blocks} blocks after the commit; publish again"
        )
    first = eligible_from(submission, rules)
    return replace(told, eligible_from=first, first_round_block=_first_seed_block(rules, first))


def _submission(pointer: ModelRef, neuron: Neuron, committed: Block, revealed: Block) -> Submission:
    """The record that validators will hold against the table; its row number is theirs to give."""
    return Submission(
        id=0,
        competition=pointer.competition,
        repo=pointer.repo,
        revision=pointer.revision,
        digest=pointer.digest,
        hotkey=neuron.hotkey,
        coldkey=neuron.coldkey,
        uid=neuron.uid,
        registered_at=neuron.registered_at,
        commit_block=committed,
        revealed_block=revealed,
        intake="due",
    )


def _first_seed_block(rules: Competition, at: Block) -> Block:
    number = max(0, math.ceil((at - rules.first_block) / rules.round_blocks))
    return seed_block(number, rules.first_block, rules.round_blocks)
