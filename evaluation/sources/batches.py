"""Batches by their pointers: brought from the Hub to this disk, and read from there one at a time, so that what all
producers may publish together never stands in memory. Knows no rule that a sample must keep.
"""

import contextlib
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from evaluation.sources import batch
from evaluation.sources.batch import BatchPointer, Faulty, encode_pointer
from evaluation.sources.batch_store import BatchStore
from evaluation.sources.held import Cause, Held
from hub.port import Denied, Hub, HubError, InvalidName, NotFound, RateLimited, TooLarge

_AT_ONCE = 4
"""Batches fetched side by side."""
_KEPT_BYTES = 4_000_000_000


class Batches:
    """One validator's way to what producers published."""

    def __init__(self, hub: Hub, store: BatchStore) -> None:
        self._hub = hub
        self._store = store

    def bring(self, pointers: Sequence[BatchPointer]) -> list[Faulty | None] | Held:
        """See to it that each batch is on this disk, or say what is wrong with it, in the pointers' order.

        Held where the Hub fails us; it is not asked for the rest then, and what came stays.
        """
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="batches") as threads:
            answers: list[Faulty | None] = []
            for answer in threads.map(self._brought, pointers):
                if isinstance(answer, Held):
                    threads.shutdown(wait=False, cancel_futures=True)
                    return answer
                answers.append(answer)
            return answers

    def read(self, pointer: BatchPointer) -> batch.Lines | Held:
        """The lines of a batch that was brought."""
        data = self._store.get(_key(pointer))
        if data is not None and batch.fault_of(data, pointer.root) is None:
            return batch.decode(data)
        self._store.drop(_key(pointer))
        return Held(Cause.UNREACHABLE, f"the batch of {pointer.repo} was lost on this disk, and is fetched again")

    def tidy(self) -> None:
        """Give back disk: only what was read last stays."""
        self._store.prune(_KEPT_BYTES)

    def _brought(self, pointer: BatchPointer) -> Faulty | Held | None:
        known = self._store.get(_key(pointer))
        if known is not None and batch.fault_of(known, pointer.root) is None:
            return None
        data = self._fetched(pointer)
        if not isinstance(data, bytes):
            return data
        if (fault := batch.fault_of(data, pointer.root)) is not None:
            return Faulty(f"{pointer.repo}: {fault.cause}")
        self._store.put(_key(pointer), data)
        return None

    def _fetched(self, pointer: BatchPointer) -> bytes | Faulty | Held:
        path = batch.path_of(pointer.root)
        try:
            return self._hub.read(pointer.repo, "dataset", pointer.revision, path, max_bytes=batch.MAX_BATCH_BYTES)
        except NotFound as error:
            return Faulty(f"{type(error).__name__}: {error}", lasting=False)
        except Denied as error:
            return Faulty(f"Denied: {error}", lasting=False) if self._is_known(pointer) else _held(pointer, error)
        except (TooLarge, InvalidName) as error:
            return Faulty(f"{type(error).__name__}: {error}")
        except HubError as error:
            return _held(pointer, error)

    def _is_known(self, pointer: BatchPointer) -> bool:
        """Whether the Hub takes our token, or asks for none, so that what it denies is the producer's to mend."""
        for ask in (self._hub.whoami, lambda: self._hub.describe(pointer.repo, "dataset", pointer.revision)):
            with contextlib.suppress(HubError):
                ask()
                return True
        return False


def _held(pointer: BatchPointer, error: HubError) -> Held:
    cause = Cause.RATE_LIMITED if isinstance(error, RateLimited) else Cause.UNREACHABLE
    return Held(cause, f"the batch of {pointer.repo} cannot be had: {type(error).__name__}: {error}")


def _key(pointer: BatchPointer) -> str:
    """Where a batch is kept; not under its root, which others may have committed for a file that is not there."""
    return hashlib.sha256(encode_pointer(pointer)).hexdigest()
