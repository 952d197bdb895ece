"""A king on record: a closed round after which somebody reigns, with the submission it needs."""

from chain.reader import ChainReader
from chain.types import Block, BlockHash, Commitment, Hotkey, NetUid, Opened
from competitions.records import Reign, RoundOutcome
from ledger import commitments, rounds, submissions
from ledger.database import Ledger


def crown(ledger: Ledger, chain: ChainReader, netuid: NetUid, hotkey: Hotkey, competition: str, number: int) -> None:
    """Record a closed round after which a registered hotkey reigns."""
    head = chain.head()
    entry = Commitment(hotkey, Block(head - 1), None, b"", (Opened(b"pointer", head),))
    commitments.record_poll(ledger, netuid, head, chain.neurons(netuid), [entry])
    opened = submissions.undecoded(ledger)
    pointer = (competition, "miner/model", "0" * 40, "0" * 64)
    model = submissions.add(ledger, opened[0].commitment_id, *pointer) if opened else 1
    round_ = rounds.open_round(ledger, competition, number, Block(1), BlockHash("0x" + "0" * 64), b"")
    reign = Reign(model, hotkey, 0, Block(1), Block(1), 0.01, confirmed=True)
    rounds.close_round(ledger, round_.id, RoundOutcome((), reign), head)
