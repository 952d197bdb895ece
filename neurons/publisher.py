"""The road from an uploaded model to a public one: seal, commit, wait for the chain to open it, open the repository.

Every step is in the journal before the next begins, so that a publication killed anywhere goes on where it was and
never commits twice. What happens before the upload is not its part.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from chain.reader import ChainReader
from chain.signing import Wallet
from chain.types import BeaconRound, Block, BlockCount, Commitment, Hotkey, NetUid, Refused, Sealed
from chain.writer import ChainWriter
from competitions.spec import Competition
from hub.port import Hub
from models.ref import CLEAR, ModelRef, encode_sealed
from neurons.errors import MinerError
from neurons.journal import Journal, Publication
from neurons.own_entry import own_entry

Report = Callable[[str], None]
"""Hears in words what is done or waited for."""

_SHORTEST_SEAL_S = 2.0
"""Seconds a seal lasts unless asked otherwise: encrypting and sending must fit in before it opens."""
_SHORTEST_SEAL_BLOCKS = 3
_LANDING_BLOCKS = 8
"""Blocks after which a commitment that was sent and is not seen is taken as lost."""
_PATIENCE_S = 120.0
"""Seconds beyond its due time that an opening is waited for."""


def seal_length(rules: Competition, block_time: float, wanted: int | None) -> BlockCount:
    """Blocks from sealing to opening. Raises MinerError for a wish that the competition would make void."""
    if wanted is None:
        usual = max(_SHORTEST_SEAL_BLOCKS, math.ceil(_SHORTEST_SEAL_S / block_time))
        return BlockCount(min(usual, rules.max_seal_blocks))
    if not 1 <= wanted <= rules.max_seal_blocks:
        raise MinerError(
            f"a seal of {wanted} blocks is not possible in competition {rules.name}: "
            f"give --reveal-in from 1 to {rules.max_seal_blocks}"
        )
    return BlockCount(wanted)


@dataclass(frozen=True, slots=True)
class Publisher:
    """One hotkey on one subnet, its Hub user and its journal. Every step may raise MinerError, ChainError, HubError."""

    reader: ChainReader
    writer: ChainWriter
    hub: Hub
    wallet: Wallet
    netuid: NetUid
    journal: Journal
    report: Report
    stop: threading.Event

    def finish(self, publication: Publication, seal: BlockCount, timeout_s: float | None = None) -> Publication:
        """Take every step that is left, and return the publication as public."""
        while publication.stage != "public":
            publication = self._advanced(publication, seal, timeout_s)
            self.journal.write(publication)
        return publication

    def _advanced(self, publication: Publication, seal: BlockCount, timeout_s: float | None) -> Publication:
        match publication.stage:
            case "uploaded":
                return self._seal(publication, seal)
            case "sealed":
                return self._commit(publication)
            case "submitted":
                return self._look(publication)
            case "committed":
                return self._await_opening(publication, timeout_s)
            case _:
                return self._open(publication)

    def _seal(self, publication: Publication, length: BlockCount) -> Publication:
        open_at = Block(self.reader.head() + length)
        self.report(f"sealing the pointer until block {open_at}")
        sealed = self.writer.seal(line_of(publication, self.wallet.hotkey), open_at)
        return replace(
            publication,
            stage="sealed",
            ciphertext=sealed.ciphertext.hex(),
            reveal_round=sealed.reveal_round,
            open_at=open_at,
        )

    def _commit(self, publication: Publication) -> Publication:
        """Send the commitment once. The journal says so first: only the chain knows whether a killed one stands."""
        head = self.reader.head()
        if head >= publication.open_at:  # killed for longer than the seal: it would open at once
            return replace(publication, stage="uploaded")
        self.report("committing the sealed pointer")
        sent = replace(publication, stage="submitted", submitted_at=head)
        self.journal.write(sent)
        sealed = Sealed(bytes.fromhex(publication.ciphertext), BeaconRound(publication.reveal_round))
        answer = self.writer.commit(self.netuid, self.wallet, raw=CLEAR, sealed=sealed)
        if isinstance(answer, Refused):
            self.journal.write(replace(publication, stage="uploaded"))
            raise MinerError(
                f"the chain refused the commitment: {answer.name} ({answer.message}); the upload stands, run the same "
                "command again when this is cleared"
            )
        return replace(sent, stage="committed", commit_block=answer.block)

    def _look(self, publication: Publication) -> Publication:
        """Whether a commitment that was sent stands: found, or not seen within the blocks it would have needed."""
        last = publication.submitted_at + _LANDING_BLOCKS
        self.report(f"looking until block {last} whether the commitment that was sent stands")
        while True:
            head = self.reader.head()
            entry = self._own_entry()
            sent_here = entry is not None and (entry.sealed is None or _is_ours(entry.sealed, publication))
            if entry and entry.block and entry.block > publication.submitted_at and sent_here:
                return replace(publication, stage="committed", commit_block=entry.block)
            if head > last:
                return replace(publication, stage="uploaded")
            self._rest()

    def _await_opening(self, publication: Publication, timeout_s: float | None) -> Publication:
        left = max(0, publication.open_at - self.reader.head()) * self.reader.block_time()
        until = time.monotonic() + (2 * left + _PATIENCE_S if timeout_s is None else timeout_s)
        while True:
            self.report(f"committed in block {publication.commit_block}; waiting for block {publication.open_at}")
            opened = self._opened(publication)
            if opened is not None:
                return opened
            if time.monotonic() > until:
                raise MinerError(
                    f"the pointer committed in block {publication.commit_block} was due at block {publication.open_at} "
                    f"and has not opened at {self.reader.head()}: run the same command again to go on"
                )
            self._rest()

    def _opened(self, publication: Publication) -> Publication | None:
        """The publication once the chain has opened its pointer. Raises MinerError where it never will."""
        entry = self._own_entry()
        if entry is None:
            return None
        data = line_of(publication, self.wallet.hotkey).encode()
        for opened in reversed(entry.opened):
            if opened.data == data and opened.block > publication.submitted_at:
                return replace(publication, stage="opened", opened_block=opened.block)
        if entry.sealed and _is_ours(entry.sealed, publication):
            return None
        fault = "could not be opened by the chain" if entry.failed else "was replaced by another of this hotkey"
        self.journal.write(replace(publication, stage="uploaded"))
        raise MinerError(f"the commitment in block {publication.commit_block} {fault}: run the same command again")

    def _open(self, publication: Publication) -> Publication:
        self.report(f"opened in block {publication.opened_block}; making {publication.repo} public")
        self.hub.set_visibility(publication.repo, "model", private=False)
        return replace(publication, stage="public")

    def _own_entry(self) -> Commitment | None:
        entry = own_entry(self.reader, self.netuid, self.wallet.hotkey)
        return entry if isinstance(entry, Commitment) else None

    def _rest(self) -> None:
        """Wait for about a block. Raises MinerError when the process is told to stop."""
        if self.stop.wait(min(6.0, self.reader.block_time())):
            raise MinerError("stopped before the publication was complete: run the same command again to go on")


def line_of(publication: Publication, hotkey: Hotkey) -> str:
    """The pointer as it is sealed."""
    ref = ModelRef(publication.competition, publication.repo, publication.revision, publication.digest)
    return encode_sealed(ref, hotkey)


def _is_ours(sealed: Sealed, publication: Publication) -> bool:
    return sealed.ciphertext.hex() == publication.ciphertext
