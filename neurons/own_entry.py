"""What the chain shows of one hotkey's own commitment, and when a validator may judge it. Reads only."""

from dataclasses import dataclass, replace
from typing import Literal

from chain.reader import ChainReader
from chain.signing import Wallet
from chain.types import BeaconRound, Block, Commitment, Hotkey, NetUid, Neuron, Opened, Unreadable
from competitions.eligibility import eligible_from, is_void
from competitions.records import Submission
from competitions.reveal import first_round_block
from competitions.spec import Table
from competitions.table import competition_named
from models.ref import HashedRef, Malformed, ModelRef, Withdrawal, decode_clear, decode_sealed
from neurons.errors import UsageError

State = Literal["none", "sealed", "revealed", "hashed", "withdrawn", "failed", "unreadable"]
"""sealed: not yet open · revealed: opened by the chain · hashed: in clear · failed: the chain could not open it."""


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
    pointer: ModelRef | HashedRef | None = None
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
    known = Status(hotkey, netuid, chain.head(), neuron.uid if neuron else None, "none")
    if entry is None:
        return replace(known, note="" if neuron else "the hotkey is not registered on this subnet")
    if isinstance(entry, Unreadable):
        return replace(known, state="unreadable", note=entry.reason)
    known = replace(known, commit_block=entry.block)
    if entry.surplus or (has_seal(entry) and isinstance(decode_clear(entry.raw or b""), HashedRef | Withdrawal)):
        return replace(known, note="the commitment holds more than one pointer: publish again")
    told = _in_clear(known, entry) or _sealed(known, entry)
    return told if told.pointer is None else _judged(told, neuron, table)


def newest_opening(entry: Commitment) -> Opened | None:
    """The newest text the chain opened that can belong to the entry now standing."""
    since = entry.block or 0
    return next((opened for opened in reversed(entry.opened) if opened.block > since), None)


def has_seal(entry: Commitment) -> bool:
    """Whether the entry has, or had until it opened, a sealed field."""
    return entry.sealed is not None or entry.failed or newest_opening(entry) is not None


def _in_clear(known: Status, entry: Commitment) -> Status | None:
    """What the clear field says; None where that is nothing."""
    match decode_clear(entry.raw or b""):
        case Withdrawal():
            return replace(known, state="withdrawn", note="nothing that this hotkey committed is judged: publish again")
        case HashedRef() as pointer:
            return replace(known, state="hashed", revealed_block=entry.block, pointer=pointer)
        case Malformed(reason):
            return replace(known, note=reason)
        case _:
            return None


def _sealed(known: Status, entry: Commitment) -> Status:
    """What the sealed field says, once it is open."""
    if entry.sealed is not None:
        return replace(known, state="sealed", reveal_round=entry.sealed.reveal_round)
    if entry.failed:
        return replace(known, state="failed", note="the chain could not open the sealed pointer: publish again")
    opened = newest_opening(entry)
    if opened is None or entry.block is None:
        return replace(known, note="the commitment holds no pointer to a model")
    known = replace(known, state="revealed", revealed_block=opened.block)
    pointer = decode_sealed(opened.data, known.hotkey)
    return replace(known, note=pointer.reason) if isinstance(pointer, Malformed) else replace(known, pointer=pointer)


def _judged(told: Status, neuron: Neuron | None, table: Table) -> Status:
    """The same with the round that can judge the pointer, or with what speaks against it."""
    assert told.pointer is not None
    rules = competition_named(table, told.pointer.competition)
    if rules is None:
        return replace(told, note=f"the table has no competition {told.pointer.competition!r}")
    if neuron is None or told.commit_block is None or told.commit_block < neuron.registered_at:
        return replace(told, note="the hotkey was not registered when it committed: publish again")
    submission = _submission(told.pointer, neuron, told.commit_block, told.revealed_block or told.commit_block)
    if is_void(submission, rules):
        return replace(
            told, note=f"void: opened more than {rules.max_seal_blocks} blocks after the commit; publish again"
        )
    first = eligible_from(submission, rules)
    return replace(told, eligible_from=first, first_round_block=first_round_block(rules, first))


def _submission(pointer: ModelRef | HashedRef, neuron: Neuron, committed: Block, revealed: Block) -> Submission:
    """The record that validators will hold against the table; its row number is theirs to give."""
    return Submission(
        id=0,
        competition=pointer.competition,
        repo=pointer.repo,
        revision=pointer.revision,
        digest=pointer.digest if isinstance(pointer, ModelRef) else None,
        hotkey=neuron.hotkey,
        coldkey=neuron.coldkey,
        uid=neuron.uid,
        registered_at=neuron.registered_at,
        commit_block=committed,
        revealed_block=revealed,
        intake="due",
        secure_hash=pointer.secure_hash if isinstance(pointer, HashedRef) else None,
    )
