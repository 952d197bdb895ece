"""One file coming over HTTP into a partial file: gone on with where it ended, checked as a whole. It knows neither
repositories nor who may read what."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import Protocol

import httpx2

from hub.blobs import chunks_of
from hub.checksums import Fingerprint, verified
from hub.patience import TooSlow
from hub.port import CorruptDownload, HubUnreachable

RESUMES = 8
"""How often one call goes on after a cut, each time only when the last attempt brought something."""


class CannotResume(Exception):
    """The Hub does not send the rest of a file alone, so it must be downloaded from its first byte."""


class Source(Protocol):
    """Opens the content of one file from a byte on. Raises CannotResume where only the whole can be had."""

    def __call__(self, start: int) -> AbstractContextManager[Iterator[bytes]]: ...


def bring(source: Source, expected: Fingerprint, partial: Path, repeat: Callable[[Callable[[], None]], None]) -> None:
    """Complete `partial` until it is the file expected; `repeat` calls each attempt, again where the Hub asks for that.

    Raises HubUnreachable and RateLimited, leaving what came, and CorruptDownload, leaving nothing.
    """
    partial.touch()
    for resumed in range(RESUMES + 1):
        before = partial.stat().st_size
        try:
            repeat(lambda: _attempt(source, expected, partial))
            return
        except CannotResume:
            partial.write_bytes(b"")
        except CorruptDownload:
            partial.unlink()
            raise
        except TooSlow:
            raise
        except HubUnreachable:
            if resumed == RESUMES or partial.stat().st_size <= before:
                raise
    raise HubUnreachable(f"the Hub sends {expected.path!r} neither whole nor from a byte on; try again later")


def check_start(response: httpx2.Response, start: int) -> None:
    """Raise CannotResume unless an answer to a request from a byte on begins there."""
    begins = response.headers.get("content-range", "").startswith(f"bytes {start}-")
    too_far = response.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE
    if start and (too_far or (response.is_success and not begins)):
        raise CannotResume(f"asked from byte {start} on, the Hub answered {response.status_code}")


def check_part(response: httpx2.Response, path: str, start: int, stop: int) -> None:
    """Raise unless an answer to a request for the bytes [start, stop) has them, or is an error that says why not."""
    if response.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
        raise CorruptDownload(f"{path!r} ends before byte {start}; describe its revision to see its size")
    if response.is_success and response.status_code != httpx2.codes.PARTIAL_CONTENT:
        raise HubUnreachable(
            f"asked for a part of {path!r}, the Hub sends all of it, which nobody reads; try again later"
        )
    given = response.headers.get("content-range", "")
    if response.is_success and not given.startswith(f"bytes {start}-{stop - 1}/"):
        raise CorruptDownload(f"asked for bytes {start}-{stop - 1} of {path!r}, the Hub sends {given[:60]!r}")


def _attempt(source: Source, expected: Fingerprint, partial: Path) -> None:
    have = partial.stat().st_size
    if have and have == expected.size:  # stopped after the last byte: nothing is left to ask for
        for _ in verified(chunks_of(partial), expected):
            pass
        return
    with source(have) as rest, partial.open("ab") as file:
        seen = 0
        for chunk in verified(chain(chunks_of(partial), rest), expected):
            if seen >= have:
                file.write(chunk)
            seen += len(chunk)
