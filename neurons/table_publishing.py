"""How a subnet's owner announces a new table: everything that validators would refuse is refused here, before it costs
anything; then the file is signed, uploaded, read back, and committed."""

import hashlib
from dataclasses import dataclass, replace

from chain.reader import ChainReader
from chain.signing import Wallet
from chain.types import Block, NetUid, Refused
from chain.writer import ChainWriter
from competitions.announcement_codec import MAX_TABLE_BYTES, encode, path_of
from competitions.announcements import NOTICE_BLOCKS, Announcement, is_in_time
from competitions.spec import Table
from hub.port import Hub
from neurons.adoption import Dismissed, Missing, Place, bring, judge, signed_file
from neurons.errors import UsageError
from neurons.terms import LANDING_BLOCKS


@dataclass(frozen=True, slots=True)
class Order:
    """A table's text, where its file is kept, the block from which on it holds, and the table that it follows."""

    text: str
    repo: str
    activation: Block
    before: Table


@dataclass(frozen=True, slots=True)
class Published:
    """What was announced, or would be; `block` is None where nothing was sent."""

    fingerprint: str
    repo: str
    path: str
    activation: Block
    line: str
    block: Block | None = None


@dataclass(frozen=True, slots=True)
class TablePublisher:
    """The owner's hotkey on one subnet, and a Hub user. Every call may raise UsageError, ChainError and HubError."""

    reader: ChainReader
    writer: ChainWriter
    hub: Hub
    wallet: Wallet
    netuid: NetUid

    def publish(self, order: Order, *, dry_run: bool = False) -> Published:
        """Announce a table; a dry run only finds out whether it could be."""
        self._check(order)
        place = Place(self.reader.block_hash(Block(0)), self.netuid)
        content = signed_file(self.wallet, place, order.activation, order.text)
        announcement = Announcement(order.repo, hashlib.sha256(content).hexdigest(), order.activation)
        line, fingerprint = _line(announcement), self._judged(content, announcement, place, order.before)
        path = path_of(announcement.digest)
        published = Published(fingerprint, order.repo, path, order.activation, line.decode("ascii"))
        if dry_run:
            return published
        self._upload(announcement, content)
        return replace(published, block=self._commit(line, announcement))

    def _check(self, order: Order) -> None:
        owner = self.reader.subnet_owner(self.netuid)
        if owner != self.wallet.hotkey:
            raise UsageError(
                f"hotkey {self.wallet.hotkey} does not own netuid {self.netuid}, {owner} does: only its announcements "
                "count"
            )
        soonest = self.reader.head() + NOTICE_BLOCKS + LANDING_BLOCKS
        if order.activation < soonest:
            raise UsageError(
                f"block {order.activation} is too soon: validators are given {NOTICE_BLOCKS} blocks, and a commitment "
                f"some to land, so name block {soonest} or a later one by --activation"
            )

    def _judged(self, content: bytes, announcement: Announcement, place: Place, before: Table) -> str:
        """The fingerprint, where validators would adopt the file."""
        if len(content) > MAX_TABLE_BYTES:
            raise UsageError(
                f"the signed table has {len(content)} bytes and validators read {MAX_TABLE_BYTES}: shorten it"
            )
        outcome = judge(content, announcement, self.wallet.hotkey, place, [before])
        if isinstance(outcome, Dismissed):
            raise UsageError(f"validators would dismiss this table, {outcome.reason}: {outcome.detail}")
        return outcome.table.fingerprint

    def _upload(self, announcement: Announcement, content: bytes) -> None:
        """Put the file where every validator can read it."""
        repo, path = announcement.repo, path_of(announcement.digest)
        self.hub.create(repo, "dataset", private=False)
        message = f"Table from block {announcement.activation} on"
        self.hub.upload_files(repo, "dataset", {path: content}, message=message)
        if isinstance(back := bring(self.hub, announcement), Missing):
            raise UsageError(f"the uploaded file cannot be read back, so nothing is announced: {back.cause}")
        if self.hub.describe(repo, "dataset").private:
            raise UsageError(f"dataset {repo} is private, so nothing is announced: make it public, or name another")

    def _commit(self, line: bytes, announcement: Announcement) -> Block:
        answer = self.writer.commit(self.netuid, self.wallet, raw=line)
        if isinstance(answer, Refused):
            raise UsageError(f"the chain refused the announcement: {answer.name} ({answer.message}); the upload stands")
        if not is_in_time(announcement, answer.block):
            raise UsageError(
                f"the announcement landed in block {answer.block}, too late for block {announcement.activation}: "
                "announce it again for a later one"
            )
        return answer.block


def _line(announcement: Announcement) -> bytes:
    try:
        return encode(announcement)
    except ValueError as error:
        raise UsageError(str(error)) from error
