"""What a producer publishes: a file of signed samples, and the pointer to it that fits a commitment's Raw field."""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from evaluation.sources import merkle
from evaluation.sources.sample import Malformed
from evaluation.sources.signed import SignedSample, from_line, to_line

MAX_POINTER_BYTES = 128
"""What a commitment's Raw field holds."""

_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?"
_POINTER = re.compile(rf"b1:(?P<repo>{_NAME}/{_NAME}):(?P<revision>[\w-]{{27}}):(?P<root>[\w-]{{43}})", re.ASCII)
_REVISION = re.compile(r"[0-9a-f]{40}")
_ROOT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BatchPointer:
    """Which batch counts: dataset repository (namespace/name), revision (40 hex digits) and root (64 hex digits)."""

    repo: str
    revision: str
    root: str


MAX_BATCH_BYTES = 8_000_000
MAX_BATCH_LINES = 5_000
"""A batch that is longer is its producer's fault: nothing of it is used. A round draws a few hundred samples, and must
not be kept from them by verifying millions of others."""

Lines = Iterator[SignedSample | Malformed]

_DECODED_AT_ONCE = 256
"""Few enough that a line, once decoded, is verified out of the processor's cache; and not one, since decoding and
verifying in turn push each other's code out of it."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """Its producer's fault: the batch is left out and the round goes on. `lasting` unless it may still be mended."""

    cause: str
    lasting: bool = True


def encode(samples: Iterable[SignedSample]) -> bytes:
    """The batch file: one JSON line per sample, sorted by id, so that the same samples give the same bytes."""
    lines = sorted((signed.sample.id, to_line(signed)) for signed in samples)
    return b"".join(line + b"\n" for _, line in lines)


def decode(data: bytes) -> Lines:
    """Each line as a sample or as what is wrong with it; empty lines are skipped. Never raises."""
    lines = filter(None, _lines(data))
    while decoded := [from_line(line) for line in islice(lines, _DECODED_AT_ONCE)]:
        yield from decoded


def verified(data: bytes, root: str, max_lines: int = MAX_BATCH_LINES) -> Lines | Faulty:
    """The lines of a batch, once they have given its root."""
    return fault_of(data, root, max_lines) or decode(data)


def fault_of(data: bytes, root: str, max_lines: int = MAX_BATCH_LINES) -> Faulty | None:
    """Why bytes are not the batch of a root, or a batch too long; None where they are the batch."""
    if (number := data.count(b"\n")) > max_lines:
        return Faulty(f"{number} lines in {path_of(root)}; {max_lines} are allowed")
    found = root_of(data)
    return None if found == root else Faulty(f"the lines of {path_of(root)} have the root {found}")


def root_of(data: bytes) -> str:
    """A batch's root, over all lines of its file as they stand, so that it names every byte, signatures included.

    Over the samples' ids alone, a file of the same samples under spoiled signatures would pass for it.
    """
    return merkle.root(_lines(data))


def path_of(root: str) -> str:
    """Where the batch stands in its dataset repository."""
    return f"batches/{root}.jsonl"


def encode_pointer(pointer: BatchPointer) -> bytes:
    """`b1:<repo>:<revision>:<root>` in ASCII, both hashes as unpadded urlsafe base64.

    Raises ValueError where it is longer than a Raw field or its parts are malformed.
    """
    if not _REVISION.fullmatch(pointer.revision) or not _ROOT.fullmatch(pointer.root):
        raise ValueError(
            f"revision {pointer.revision!r} or root {pointer.root!r} is not 40 and 64 lower-case hex digits"
        )
    data = f"b1:{pointer.repo}:{_pack(pointer.revision)}:{_pack(pointer.root)}".encode()
    if len(data) > MAX_POINTER_BYTES:
        raise ValueError(
            f"the pointer to {pointer.repo} takes {len(data)} bytes and a commitment holds {MAX_POINTER_BYTES}: "
            f"shorten the repository's name by {len(data) - MAX_POINTER_BYTES}"
        )
    if decode_pointer(data) != pointer:
        raise ValueError(f"repository {pointer.repo!r} is not namespace/name as a Hub allows it")
    return data


def decode_pointer(data: bytes) -> BatchPointer | Malformed:
    """Read a commitment's Raw field; no bytes make it raise."""
    text = data.decode("ascii", errors="replace")
    match = _POINTER.fullmatch(text)
    if len(data) > MAX_POINTER_BYTES or match is None:
        return Malformed(f"no batch pointer: {text[:60]!r}")
    repo, revision, root = match["repo"], _unpack(match["revision"]), _unpack(match["root"])
    if ".." in repo or "--" in repo:
        return Malformed(f"repository {repo!r} holds '..' or '--'")
    if (_pack(revision), _pack(root)) != (match["revision"], match["root"]):
        return Malformed(f"no canonical base64: {text[-72:]!r}")
    return BatchPointer(repo, revision, root)


def _lines(data: bytes) -> Iterator[bytes]:
    """What `data.split(b"\\n")` gives, one by one."""
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        yield data[start:end]
        start = end + 1
    yield data[start:]


def _pack(digits: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(digits)).rstrip(b"=").decode()


def _unpack(text: str) -> str:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
