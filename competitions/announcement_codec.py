"""An announcement as it is written: the line that is committed in clear, and the file that it names.

`crucible/table1 NAMESPACE/NAME DIGEST ACTIVATION READER`: the Hub's dataset that holds the file, the file's sha256 in
base64url, the block from which on the table holds, and which version of readers it needs. The digest pins the file, so
no revision is named. The file is the table's text below a line with the owner's signature, which is thus pinned too:
two validators never hold different signatures against one announcement. Pure; knows neither chain nor Hub.
"""

import base64
import hashlib
import re
from dataclasses import dataclass

from chain.types import Block, NetUid
from competitions.announcements import FIRST_WORD, Announcement
from models.ref import MAX_CLEAR_BYTES, Malformed, is_repo

MAX_TABLE_BYTES = 1_000_000
"""Longest file that is read or published."""

SIGNING = "table"
"""Purpose of the owner's signature."""

_FIELDS = ("repository", "digest", "activation block", "reader")
_DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""32 bytes in base64url without padding; the last letter carries four bits, so that no two texts mean the same."""
_NUMBER = re.compile(r"0|[1-9][0-9]{0,11}")
_SIGNATURE = re.compile(rb"# signed ([0-9a-f]{128})")


@dataclass(frozen=True, slots=True)
class SignedTable:
    """A table's text and the signature (64 bytes) above it."""

    text: str
    signature: bytes


def encode(announcement: Announcement) -> bytes:
    """The line to commit in clear. Raises ValueError for one that is too long or could not be read back."""
    digest = base64.urlsafe_b64encode(bytes.fromhex(announcement.digest)).decode("ascii").rstrip("=")
    told = announcement.repo, digest, str(announcement.activation), str(announcement.reader)
    line = " ".join((FIRST_WORD.decode("ascii"), *told)).encode()
    if (excess := len(line) - MAX_CLEAR_BYTES) > 0:
        raise ValueError(
            f"the announcement of {announcement.repo} takes {len(line)} bytes and a commitment holds "
            f"{MAX_CLEAR_BYTES}: shorten the repository's name by {excess}"
        )
    read = decode(line)
    if isinstance(read, Malformed):
        raise ValueError(read.reason)
    return line


def decode(raw: bytes) -> Announcement | Malformed:
    """The announcement in a clear commitment; whatever a stranger wrote, the answer is a value."""
    if len(raw) > MAX_CLEAR_BYTES or not raw.isascii():
        return Malformed(f"the announcement {_shown(raw)} is not ASCII of at most {MAX_CLEAR_BYTES} bytes")
    word, *fields = raw.decode("ascii").split(" ")
    if word.encode() != FIRST_WORD:
        return Malformed(f"the first word is {_shown(word)}, and an announcement begins with {FIRST_WORD.decode()!r}")
    if len(fields) != len(_FIELDS):
        return Malformed(f"the announcement has {len(fields)} fields; it needs {len(_FIELDS)}: {', '.join(_FIELDS)}")
    repo, digest, activation, reader = fields
    checks = [
        (is_repo(repo), "repository", repo, "namespace/name"),
        (bool(_DIGEST.fullmatch(digest)), "digest", digest, "32 bytes in base64url without padding"),
        (bool(_NUMBER.fullmatch(activation)), "activation block", activation, "a block's number"),
        (bool(_NUMBER.fullmatch(reader)), "reader", reader, "a number"),
    ]
    for good, field, value, rule in checks:
        if not good:
            return Malformed(f"{field} {_shown(value)} is not {rule}")
    return Announcement(repo, base64.urlsafe_b64decode(digest + "=").hex(), Block(int(activation)), int(reader))


def path_of(digest: str) -> str:
    """Where a repository keeps the file of that digest; one that was announced stays beside its successors."""
    return f"tables/{digest}.toml"


def signed_bytes(genesis: str, netuid: NetUid, activation: Block, text: str) -> bytes:
    """What the owner signs: a table for one subnet of one chain from one block on, and for no other."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return "\n".join((genesis, str(netuid), str(activation), digest)).encode("ascii")


def to_file(signed: SignedTable) -> bytes:
    """The file's bytes: still TOML, since the signature stands in a comment."""
    return f"# signed {signed.signature.hex()}\n{signed.text}".encode()


def from_file(content: bytes) -> SignedTable | Malformed:
    """A file's text and signature."""
    first, _, text = content.partition(b"\n")
    signature = _SIGNATURE.fullmatch(first)
    if signature is None:
        return Malformed(f"the file's first line {_shown(first)} is no '# signed' with 128 hex digits")
    try:
        return SignedTable(text.decode(), bytes.fromhex(signature[1].decode("ascii")))
    except UnicodeDecodeError as error:
        return Malformed(f"the table's text is not UTF-8: {error}")


def _shown(value: str | bytes) -> str:
    """A stranger's value as printable ASCII, cut so that it fits a line."""
    return ascii(value[:60]) + ("…" if len(value) > 60 else "")
