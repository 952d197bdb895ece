"""Watch: poll the chain, record what every hotkey committed, and read the pointers that have opened."""

import logging
from dataclasses import dataclass

from chain.reader import ChainError, ChainReader, ChainUnreachable
from chain.types import Block, Head, NetUid, Subnet
from competitions.spec import Table
from competitions.table import competition_named
from ledger import commitments, network, submissions
from ledger.database import Ledger
from models.ref import Malformed, decode_sealed
from models.rejections import Reason, Rejection
from neurons.supervisor import Wakes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watch:
    """One poll of the whole subnet a step, in a handful of calls however many hotkeys there are."""

    chain: ChainReader
    ledger: Ledger
    netuid: NetUid
    table: Table
    wakes: Wakes
    name: str = "watch"

    def step(self) -> bool:
        """Poll what is final, since first sight is for good; poke whoever may have something to do because of it."""
        look = self.chain.subnet(self.netuid, self.chain.finalized())
        found = record(self.chain, self.ledger, self.netuid, self.table, look)
        network.record_head(self.ledger, look.at.number, look.time)
        if found:
            log.info("block %d: %d new submissions", look.at.number, found)
            self.wakes.poke("fetch")
        self.wakes.poke("rounds")
        self.wakes.poke("weigh")
        return False


def poll(chain: ChainReader, ledger: Ledger, netuid: NetUid, table: Table, block: Block) -> int:
    """Record the subnet's neurons and commitments at a block; how many pointers became submissions."""
    return record(chain, ledger, netuid, table, chain.subnet(netuid, Head(block, chain.block_hash(block))))


def record(chain: ChainReader, ledger: Ledger, netuid: NetUid, table: Table, look: Subnet) -> int:
    """Record one look at the subnet; how many pointers became submissions.

    What opened while nobody looked is looked up in the block before it opened, so that a missed poll changes nothing.
    """
    for missed in commitments.unwitnessed(ledger, netuid, look.commitments):
        _look_back(chain, ledger, netuid, missed)
    commitments.record_poll(ledger, netuid, look.at.number, look.neurons, look.commitments)
    return sum(_read(ledger, table, opened) for opened in submissions.undecoded(ledger))


def _look_back(chain: ChainReader, ledger: Ledger, netuid: NetUid, block: Block) -> None:
    try:
        look = chain.subnet(netuid, Head(block, chain.block_hash(block)))
    except ChainUnreachable:
        raise
    except ChainError as error:
        log.warning("what opened in block %d may be nobody's here; use an archive node: %s", block + 1, error)
        return
    commitments.record_poll(ledger, netuid, block, look.neurons, look.commitments)


def _read(ledger: Ledger, table: Table, opened: submissions.OpenedCommitment) -> bool:
    """Whether an opened text became a submission; if not, it is recorded with its reason and never asked again."""
    if opened.texts != 1:
        detail = f"the commitment holds {opened.texts} sealed texts: commit one pointer at a time"
        submissions.refuse(ledger, opened.commitment_id, Rejection(Reason.POINTER, detail))
        return False
    ref = decode_sealed(opened.data, opened.hotkey)
    if isinstance(ref, Malformed):
        submissions.refuse(ledger, opened.commitment_id, Rejection(Reason.POINTER, ref.reason))
        return False
    if competition_named(table, ref.competition) is None:
        known = ", ".join(competition.name for competition in table.competitions)
        detail = f"the table has no competition {ref.competition!r}; it has {known}"
        submissions.refuse(ledger, opened.commitment_id, Rejection(Reason.COMPETITION, detail))
        return False
    submissions.add(ledger, opened.commitment_id, ref.competition, ref.repo, ref.revision, ref.digest)
    return True
