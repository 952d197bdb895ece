"""Checksums a Hub names its files by, and a check that a stream of bytes is the file it should be.

Large files are named by sha256, the others by git's object id: sha1 of `blob <size>\\0` followed by the content.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.port import CorruptDownload, TooLarge


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the bytes of one file must be: length, and hex sha256 or, where that is unknown, git's object id."""

    path: str
    size: int
    sha256: str | None
    git_sha1: str


def git_blob_sha1(content: bytes) -> str:
    """Return the id git gives to a file with this content (40 hex digits)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def verified(chunks: Iterable[bytes], expected: Fingerprint) -> Iterator[bytes]:
    """Yield the chunks, stopping at the first byte too many. Raises CorruptDownload unless they are the file."""
    digest = hashlib.sha256() if expected.sha256 else hashlib.sha1(b"blob %d\0" % expected.size, usedforsecurity=False)
    received = 0
    for chunk in chunks:
        received += len(chunk)
        if received > expected.size:
            raise _corrupt(expected, f"more than the {expected.size} bytes named")
        digest.update(chunk)
        yield chunk
    if received != expected.size:
        raise _corrupt(expected, f"{received} of {expected.size} bytes")
    if digest.hexdigest() != (expected.sha256 or expected.git_sha1):
        raise _corrupt(
            expected, f"{digest.name} {digest.hexdigest()} in place of {expected.sha256 or expected.git_sha1}"
        )


def complete(chunks: Iterable[bytes], path: str, size: int) -> Iterator[bytes]:
    """Yield the chunks of a part of a file. Raises CorruptDownload unless they have `size` bytes."""
    received = 0
    for chunk in chunks:
        received += len(chunk)
        if received > size:
            break
        yield chunk
    if received != size:
        raise CorruptDownload(f"a part of {path!r} arrived with {received} bytes in place of {size}; download it again")


def check_range(start: int, stop: int) -> None:
    """Raise ValueError for a range without bytes."""
    if not 0 <= start < stop:
        raise ValueError(f"bytes {start} to {stop} are no part of a file; ask for at least one, from 0 on")


def check_total(expected: Sequence[Fingerprint], max_bytes: int | None, repo: str) -> None:
    """Raise TooLarge where the files together are longer than allowed; None allows any length."""
    total = sum(file.size for file in expected)
    if max_bytes is not None and total > max_bytes:
        raise TooLarge(f"{len(expected)} files of {repo!r} have {total} bytes, over the {max_bytes} allowed here")


def _corrupt(expected: Fingerprint, found: str) -> CorruptDownload:
    return CorruptDownload(f"{expected.path!r} arrived damaged: {found}; nothing of it was kept, download it again")
