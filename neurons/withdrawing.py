"""Taking a submission back: the empty pointer is committed, and what it means is said. Knows no journal and no Hub."""

from dataclasses import dataclass

from chain.reader import ChainReader
from chain.signing import Wallet
from chain.types import Block, Commitment, Hotkey, NetUid, Refused
from chain.writer import ChainWriter
from models.ref import WITHDRAWN, Withdrawal, decode_clear
from neurons.errors import MinerError
from neurons.own_entry import has_seal, own_entry


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """One hotkey without a submission, since `block`; None where it never had one that the chain still knows of."""

    hotkey: Hotkey
    netuid: NetUid
    block: Block | None
    note: str


def withdraw(
    reader: ChainReader, writer: ChainWriter, netuid: NetUid, wallet: Wallet, *, in_flight: bool = False
) -> Withdrawn:
    """Commit the empty pointer, unless it stands already or there is nothing to take back.

    Whatever the chain shows says nothing where a commitment is `in_flight`, sent and not seen yet: the empty pointer
    follows it. Raises MinerError where the chain refuses, ChainError where no node answers: asking again is harmless.
    """
    entry = own_entry(reader, netuid, wallet.hotkey)
    if entry is None and not in_flight:
        return Withdrawn(wallet.hotkey, netuid, None, "nothing is committed, so there is nothing to withdraw")
    if isinstance(entry, Commitment) and is_withdrawn(entry) and not in_flight:
        return Withdrawn(wallet.hotkey, netuid, entry.block, f"withdrawn already, in block {entry.block}")
    answer = writer.commit(netuid, wallet, raw=WITHDRAWN)
    if isinstance(answer, Refused):
        raise MinerError(
            f"the chain refused the withdrawal: {answer.name} ({answer.message}); what was committed still counts, run "
            "the same command again when this is cleared"
        )
    return Withdrawn(wallet.hotkey, netuid, answer.block, _meaning(answer.block, entry))


def is_withdrawn(entry: Commitment) -> bool:
    """Whether the empty pointer, and nothing beside it, is what now stands for a hotkey."""
    return not (entry.surplus or has_seal(entry)) and isinstance(decode_clear(entry.raw or b""), Withdrawal)


def _meaning(block: Block, before: object) -> str:
    seal = "; the seal that had not opened is void" if isinstance(before, Commitment) and before.sealed else ""
    return f"no round from block {block} on judges what this hotkey committed before{seal}; publish to enter again"
