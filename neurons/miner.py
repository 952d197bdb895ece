"""A miner: everything checked before anything is uploaded, one model brought before the validators, and how it stands.

Knows no training; loads no torch.
"""

import tempfile
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from chain.reader import ChainReader
from chain.signing import Wallet
from chain.types import Block, NetUid
from chain.writer import ChainWriter
from competitions.spec import Competition, Table
from competitions.table import competition_named
from hub.port import Hub, NotFound
from models import publishing
from models.publishing import PublishedModel
from models.rejections import Rejection
from models.vetting import Vetted
from neurons.errors import MinerError
from neurons.journal import Encoding, Journal, Publication
from neurons.model_source import base_of, local_folder
from neurons.own_entry import Status, require_registered, status
from neurons.publisher import Publisher, Report
from neurons.terms import Terms
from neurons.withdrawing import Withdrawn, withdraw

_Answer = TypeVar("_Answer", Vetted, PublishedModel)


@dataclass(frozen=True, slots=True)
class Order:
    """What to publish: a folder or public `namespace/name[@revision]`, to which repository, for which competition, and
    how its pointer is committed."""

    source: str
    repo: str
    competition: str
    encoding: Encoding = "sealed"


@dataclass(frozen=True, slots=True)
class Miner:
    """One hotkey on one subnet, with its Hub user, the table it plays by, and a folder for its journals."""

    reader: ChainReader
    writer: ChainWriter
    hub: Hub
    wallet: Wallet
    netuid: NetUid
    table: Table
    home: Path
    report: Report
    stop: threading.Event = field(default_factory=threading.Event)

    def publish(
        self, order: Order, *, reveal_in: int | None = None, timeout_s: float | None = None, abandon: bool = False
    ) -> Publication:
        """Bring a model before the validators, or go on where an earlier call was killed.

        Nothing is uploaded or committed before every check has passed. `reveal_in` counts blocks from sealing to
        opening, which the rules decide where it is None; `timeout_s` bounds the wait for the opening; `abandon` forgets
        what the journal holds. Raises MinerError, ChainError, HubError.
        """
        folder = Path(order.source).expanduser()
        order = replace(order, source=str(folder.resolve())) if folder.is_dir() else order
        rules = rules_of(self.table, order.competition)
        terms = Terms(rules, order.encoding, reveal_in)
        require_registered(self.reader, self.netuid, self.wallet)
        terms.check(self.reader, self.wallet.hotkey, order.repo)
        self.hub.whoami()
        journal = Journal(self._journal_path())
        with journal.held():
            publication = self._under_way(journal, order, abandon) or self._upload(journal, order, rules, abandon)
            parts = (self.reader, self.writer, self.hub, self.wallet, self.netuid, journal, self.report, self.stop)
            return Publisher(*parts).finish(publication, terms, timeout_s)

    def reset(self) -> Withdrawn:
        """Take back whatever the hotkey has committed. Harmless to repeat. Raises MinerError, ChainError."""
        require_registered(self.reader, self.netuid, self.wallet)
        journal = Journal(self._journal_path())
        with journal.held():
            known = journal.read()
            in_flight = known is not None and known.stage == "submitted"
            done = withdraw(self.reader, self.writer, self.netuid, self.wallet, in_flight=in_flight)
            if known and known.stage not in ("uploaded", "public"):  # what was under way is void: the upload is left
                journal.write(replace(known, stage="uploaded"))
        return done

    def status(self) -> Status:
        """What the chain shows for the hotkey."""
        return status(self.reader, self.netuid, self.wallet.hotkey, self.table)

    def _under_way(self, journal: Journal, order: Order, abandon: bool) -> Publication | None:
        """The publication the chain may already know of. Raises MinerError where it is another than the one ordered."""
        known = journal.read()
        if known is None or abandon or known.stage in ("uploaded", "sealed", "public"):
            return None
        if order != Order(known.source, known.repo, known.competition, known.encoding):
            raise MinerError(
                f"{known.source} is on its way to {known.repo} for {known.competition} ({known.encoding}, "
                f"{known.stage}): run that publication again to finish it, or give --abandon"
            )
        if not known.line:
            raise MinerError(
                f"{known.repo} was committed by an older version, whose pointers no longer count: give --abandon to "
                "commit it anew"
            )
        self.report(f"going on: {known.repo} is {known.stage}")
        return known

    def _upload(self, journal: Journal, order: Order, rules: Competition, abandon: bool) -> Publication:
        """Check the model as a validator would and bring it to the Hub, unless the journal says that this was done."""
        with tempfile.TemporaryDirectory(prefix="crucible-publish-") as scratch:
            base = base_of(rules, self.hub, self.home)
            folder = local_folder(self.hub, order.source, rules.limits, Path(scratch), adapters=base is not None)
            self.report(f"checking {order.source} against the limits of {rules.name}")
            digest = _accepted(publishing.prepare(folder, rules.limits, base), order).digest
            known = None if abandon else journal.read()
            same = known and (known.repo, known.competition, known.digest) == (order.repo, rules.name, digest)
            if known and same and self._still_there(known):
                return self._known_again(known)
            self.report(f"uploading {order.source} to the private repository {order.repo}")
            published = _accepted(publishing.publish(self.hub, order.repo, folder, base=base), order)
        publication = Publication(rules.name, order.repo, order.source, published.revision, published.digest)
        journal.write(publication)
        return publication

    def _known_again(self, known: Publication) -> Publication:
        """The same model, in the same repository: public and committed already, or uploaded and yet to be committed."""
        standing = self.status()
        if known.stage == "public" and standing.pointer and standing.commit_block == known.commit_block:
            self.report(f"{known.repo} is public and committed in block {known.commit_block} already")
            return known
        return replace(known, stage="uploaded")

    def _still_there(self, known: Publication) -> bool:
        try:
            self.hub.describe(known.repo, "model", known.revision)
        except NotFound:
            return False
        return True

    def _journal_path(self) -> Path:
        """One file per chain, subnet and hotkey: a chain is known by its first block, whatever it is called."""
        chain = self.reader.block_hash(Block(0)).removeprefix("0x")[:12]
        return self.home / "publications" / f"{chain}-{self.netuid}-{self.wallet.hotkey}.json"


def _accepted(answer: _Answer | Rejection, order: Order) -> _Answer:
    """What vetting gave. Raises MinerError with its reason where it refused."""
    if isinstance(answer, Rejection):
        raise MinerError(f"{order.source} would be rejected as {answer.reason}: {answer.detail}")
    return answer


def rules_of(table: Table, competition: str) -> Competition:
    """The competition of that name. Raises MinerError, naming those the table has."""
    rules = competition_named(table, competition)
    if rules is None:
        known = ", ".join(sorted(known.name for known in table.competitions))
        raise MinerError(f"there is no competition {competition!r}: the table has {known}")
    return rules


if __name__ == "__main__":
    from neurons.miner_cli import app  # which imports this module: `python neurons/miner.py` is `crucible miner`

    app()
