"""Parcels kept on a machine that judges for another: in a folder of bounded size, each under the digest of what it
holds, there whole or not at all. Knows neither models nor how bytes travel.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from evaluation.parcels import Parcel
from models.directories import bytes_below, held

_ARRIVING, _LEAVING = ".arriving-", ".leaving-"


class Arrival:
    """A parcel being written, in a folder that is held so that nobody takes it for a leftover."""

    def __init__(self, parcel: Parcel, folder: Path) -> None:
        self.parcel = parcel
        self.folder = folder
        self._hold = ExitStack()
        self._hold.enter_context(held(folder, "shared"))
        self._sums = {file.place: hashlib.sha256() for file in parcel.files}

    def write(self, place: str, data: bytes) -> None:
        """Append to a file; pieces come in order."""
        with self._path(place).open("ab") as file:
            file.write(data)
        self._sums[place].update(data)

    def check(self) -> None:
        """Bring every file to the disk. Raises OSError where one is not what the parcel says."""
        for facts in self.parcel.files:
            with self._path(facts.place).open("ab") as file:
                os.fsync(file.fileno())
            if self._sums[facts.place].hexdigest() != facts.sha256:
                raise OSError(f"{facts.place} did not arrive as it was sent: its sha256 is another")

    def end(self) -> None:
        """Let go, and remove what has not been moved away."""
        self._hold.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, place: str) -> Path:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


class NodeFiles:
    """The parcels below `root`, at most `quota_bytes` of them; what was used longest ago goes first.

    Several processes may share the folder: what one of them uses it holds, and no other removes it.
    """

    def __init__(self, root: Path, quota_bytes: int) -> None:
        """Raises OSError where the folder cannot be made."""
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = root
        self._quota = quota_bytes
        self._uses = ExitStack()
        self._used: list[Parcel] = []
        self._arrival: Arrival | None = None

    def find(self, parcel: Parcel) -> Path | None:
        """Where a parcel is, held from now on until `release`; None where it is not here."""
        entry = self._root / parcel.key
        with ExitStack() as stack:
            if not stack.enter_context(held(entry, "shared")):
                return None
            os.utime(entry)
            self._uses.push(stack.pop_all())
            self._used.append(parcel)
        return entry / parcel.name

    def begin(self, parcel: Parcel) -> None:
        """Make room for a parcel whose files come next. Raises OSError where there is none."""
        self.abort()
        with self._alone():
            self._make_room(parcel.size)
            self._arrival = Arrival(parcel, Path(tempfile.mkdtemp(prefix=_ARRIVING, dir=self._root)))

    def write(self, place: str, data: bytes) -> None:
        """Append to a file of the parcel that was begun."""
        self._begun().write(place, data)

    def finish(self) -> Path:
        """Where the parcel now is, held. Raises OSError where what came is not what it should be."""
        arrival = self._begun()
        try:
            arrival.check()
            with contextlib.suppress(OSError):  # another process has brought it meanwhile
                arrival.folder.rename(self._root / arrival.parcel.key)
        finally:
            self.abort()
        if (path := self.find(arrival.parcel)) is None:
            raise OSError(f"{arrival.parcel.name} arrived in {self._root} and was removed at once")
        return path

    def abort(self) -> None:
        """Forget a parcel that was begun and not finished."""
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            arrival.end()

    def release(self) -> None:
        """Hold nothing any longer."""
        self._used.clear()
        self._uses.close()

    def damage(self) -> str | None:
        """What of the parcels held is not as it arrived, read anew; they are let go then, and that one leaves."""
        for parcel in self._used:
            for facts in parcel.files:
                path = self._root / parcel.key / facts.place
                with contextlib.suppress(OSError), path.open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() == facts.sha256:
                        continue
                self.release()
                self._remove(self._root / parcel.key)
                return f"{facts.place} was damaged in {self._root}"
        return None

    def _begun(self) -> Arrival:
        assert self._arrival is not None, "no parcel was begun"
        return self._arrival

    def _make_room(self, size: int) -> None:
        """Remove leftovers of processes that ended, then what was used longest ago, until `size` bytes fit."""
        entries = sorted(self._root.iterdir(), key=_age)
        for entry in entries:
            if not self._fits(size) or entry.name.startswith((_ARRIVING, _LEAVING)):
                self._remove(entry)
        if not self._fits(size):
            used, free = bytes_below(self._root), shutil.disk_usage(self._root).free
            raise OSError(
                f"{self._root} has no room for {size} bytes: {used} of its {self._quota} are in use, and {free} free "
                "on its disk"
            )

    def _fits(self, size: int) -> bool:
        return bytes_below(self._root) + size <= self._quota and size < shutil.disk_usage(self._root).free

    def _remove(self, entry: Path) -> None:
        """Remove an entry unless somebody holds it."""
        with held(entry, "alone") as ours:
            if ours:
                leaving = self._root / f"{_LEAVING}{entry.name.removeprefix(_LEAVING)}"
                entry.rename(leaving)
                shutil.rmtree(leaving, ignore_errors=True)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other process makes room here."""
        handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _age(entry: Path) -> int:
    """When an entry was last used; what is gone comes first."""
    try:
        return entry.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
