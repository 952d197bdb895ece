"""From an announcement to a table or the reason against it: what the file must be, whoever reads it and whenever."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from chain.signing import Wallet, verify
from chain.types import Block, Hotkey, NetUid
from competitions.announcement_codec import (
    MAX_TABLE_BYTES,
    SIGNING,
    SignedTable,
    from_file,
    path_of,
    signed_bytes,
    to_file,
)
from competitions.announcements import READER, Announcement
from competitions.spec import Table
from competitions.succession import objections
from competitions.table import parse
from competitions.toml_records import TableError
from hub.port import Hub, HubError
from ledger.announcements import Dismissal
from models.ref import Malformed


@dataclass(frozen=True, slots=True)
class Missing:
    """The announced file is not here, or not to be read by this version; whether that changes nobody knows."""

    cause: str


@dataclass(frozen=True, slots=True)
class Dismissed:
    """The file is what was announced, and comes to nothing."""

    reason: Dismissal
    detail: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """A table and its text."""

    table: Table
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """The subnet that a table is for: a chain by its first block's hash, and a netuid."""

    genesis: str
    netuid: NetUid


def bring(hub: Hub, announcement: Announcement) -> bytes | Missing:
    """The announced file, as its digest says. What a Hub answers instead proves nothing against the announcement."""
    if announcement.reader > READER:
        return Missing(f"it needs readers of version {announcement.reader}, and this is {READER}: upgrade Crucible")
    path = path_of(announcement.digest)
    try:
        revision = hub.describe(announcement.repo, "dataset").revision
        content = hub.read(announcement.repo, "dataset", revision, path, max_bytes=MAX_TABLE_BYTES)
    except HubError as error:
        return Missing(f"{type(error).__name__}: {error}")
    found = hashlib.sha256(content).hexdigest()
    if found != announcement.digest:
        return Missing(f"{path} of {announcement.repo} has digest {found}: its owner must put the announced file there")
    return content


def judge(
    content: bytes, announcement: Announcement, owner: Hotkey, place: Place, earlier: Sequence[Table]
) -> Adopted | Dismissed:
    """What a file of the announced digest is worth after the tables before it, the newest last."""
    signed = from_file(content)
    if isinstance(signed, Malformed):
        return Dismissed(Dismissal.SIGNATURE, signed.reason)
    message = signed_bytes(place.genesis, place.netuid, announcement.activation, signed.text)
    if not verify(owner, SIGNING, message, signed.signature):
        detail = (
            f"it is not signed by {owner} for netuid {place.netuid} of this chain at block {announcement.activation}"
        )
        return Dismissed(Dismissal.SIGNATURE, detail)
    try:
        table = parse(signed.text)
    except TableError as error:
        return Dismissed(Dismissal.FAULTY, str(error))
    if against := objections(earlier, table, announcement.activation):
        return Dismissed(Dismissal.FORBIDDEN, "; ".join(against))
    return Adopted(table, signed.text)


def signed_file(wallet: Wallet, place: Place, activation: Block, text: str) -> bytes:
    """The file that announces a text from a block on, signed by the wallet's hotkey."""
    message = signed_bytes(place.genesis, place.netuid, activation, text)
    return to_file(SignedTable(text, wallet.sign(SIGNING, message)))
