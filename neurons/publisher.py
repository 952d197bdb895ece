"""The road from an uploaded model to a public one: commit its pointer, wait until it can be read, open the repository.

Every step is in the journal before the next begins, so that a publication killed anywhere goes on where it was and
never commits twice. What happens before the upload is not its part.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from chain.reader import ChainReader
from chain.signing import Wallet
from chain.types import BeaconRound, Commitment, NetUid, Refused, Sealed
from chain.writer import ChainWriter
from hub.port import Hub
from models.ref import CLEAR, ModelRef
from neurons.errors import MinerError
from neurons.journal import Journal, Publication
from neurons.own_entry import own_entry
from neurons.terms import LANDING_BLOCKS, Terms, line_of

Report = Callable[[str], None]
"""Hears in words what is done or waited for."""

_PATIENCE_S = 120.0
"""Seconds beyond its due time that an opening is waited for."""


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

    def finish(self, publication: Publication, terms: Terms, timeout_s: float | None = None) -> Publication:
        """Take every step that is left, and return the publication as public."""
        while publication.stage != "public":
            publication = self._advanced(publication, terms, timeout_s)
            self.journal.write(publication)
        return publication

    def _advanced(self, publication: Publication, terms: Terms, timeout_s: float | None) -> Publication:
        match publication.stage:
            case "uploaded":
                return self._seal(publication, terms) if terms.encoding == "sealed" else self._hash(publication)
            case "sealed":
                return self._commit(publication)
            case "submitted":
                return self._look(publication)
            case "committed":
                return self._await_opening(publication, timeout_s)
            case _:
                return self._open(publication)

    def _seal(self, publication: Publication, terms: Terms) -> Publication:
        head = self.reader.head()
        plan = terms.plan(head, self.reader.block_time())
        line = line_of("sealed", _ref(publication), self.wallet.hotkey)
        self.report(f"sealing the pointer until block {plan.open_at}, for the round at block {plan.round_block}")
        sealed = self.writer.seal(line, plan.open_at)
        if (now := self.reader.head()) >= plan.open_at:
            raise MinerError(
                f"sealing took {now - head} blocks, longer than the seal of {plan.open_at - head}: ask for more blocks "
                "with --reveal-in, or commit in clear (--encoding hashed)"
            )
        return replace(
            publication,
            stage="sealed",
            encoding="sealed",
            line=line,
            ciphertext=sealed.ciphertext.hex(),
            reveal_round=sealed.reveal_round,
            open_at=plan.open_at,
        )

    def _hash(self, publication: Publication) -> Publication:
        line = line_of("hashed", _ref(publication), self.wallet.hotkey)
        return self._commit(
            replace(publication, encoding="hashed", line=line, ciphertext="", reveal_round=0, open_at=0)
        )

    def _commit(self, publication: Publication) -> Publication:
        """Send the commitment once. The journal says so first: only the chain knows whether a killed one stands."""
        self.report(f"committing the {publication.encoding} pointer")
        sent = replace(publication, stage="submitted", submitted_at=self.reader.head())
        self.journal.write(sent)
        answer = self.writer.commit(self.netuid, self.wallet, raw=_raw(publication), sealed=_sealed(publication))
        if isinstance(answer, Refused):
            self.journal.write(replace(publication, stage="uploaded"))
            raise MinerError(
                f"the chain refused the commitment: {answer.name} ({answer.message}); the upload stands, run the same "
                "command again when this is cleared"
            )
        return replace(sent, stage="committed", commit_block=answer.block)

    def _look(self, publication: Publication) -> Publication:
        """Whether a commitment that was sent stands: found, or not seen within the blocks it would have needed."""
        last = publication.submitted_at + LANDING_BLOCKS
        self.report(f"looking until block {last} whether the commitment that was sent stands")
        while True:
            head = self.reader.head()
            entry = self._own_entry()
            if entry and entry.block and entry.block > publication.submitted_at and _is_ours(entry, publication):
                return replace(publication, stage="committed", commit_block=entry.block)
            if head > last:
                return replace(publication, stage="uploaded")
            self._rest()

    def _await_opening(self, publication: Publication, timeout_s: float | None) -> Publication:
        if publication.encoding == "hashed":
            return replace(publication, stage="opened", opened_block=publication.commit_block)
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
        data = publication.line.encode()
        for opened in reversed(entry.opened):
            if opened.data == data and opened.block > publication.submitted_at:
                return replace(publication, stage="opened", opened_block=opened.block)
        if entry.sealed and entry.sealed == _sealed(publication):
            return None
        fault = "could not be opened by the chain" if entry.failed else "was replaced by another of this hotkey"
        self.journal.write(replace(publication, stage="uploaded"))
        raise MinerError(f"the commitment in block {publication.commit_block} {fault}: run the same command again")

    def _open(self, publication: Publication) -> Publication:
        said = "readable since" if publication.encoding == "hashed" else "opened in"
        self.report(f"{said} block {publication.opened_block}; making {publication.repo} public")
        self.hub.set_visibility(publication.repo, "model", private=False)
        return replace(publication, stage="public")

    def _own_entry(self) -> Commitment | None:
        entry = own_entry(self.reader, self.netuid, self.wallet.hotkey)
        return entry if isinstance(entry, Commitment) else None

    def _rest(self) -> None:
        """Wait for about a block. Raises MinerError when the process is told to stop."""
        if self.stop.wait(min(6.0, self.reader.block_time())):
            raise MinerError("stopped before the publication was complete: run the same command again to go on")


def _ref(publication: Publication) -> ModelRef:
    return ModelRef(publication.competition, publication.repo, publication.revision, publication.digest)


def _raw(publication: Publication) -> bytes:
    return CLEAR if publication.encoding == "sealed" else publication.line.encode()


def _sealed(publication: Publication) -> Sealed | None:
    if publication.encoding == "hashed":
        return None
    return Sealed(bytes.fromhex(publication.ciphertext), BeaconRound(publication.reveal_round))


def _is_ours(entry: Commitment, publication: Publication) -> bool:
    """Whether an entry can be what was sent, its seal standing or already opened."""
    return entry.raw == _raw(publication) and entry.sealed in (None, _sealed(publication))
