"""How many bytes a folder may come to hold: by a quota, and by what its disk has left. It removes nothing.

Bytes that are still to be written are promised by the name of the folder they will be written to, so that every process
sees the promise, and it ends with the folder.
"""

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from models.directories import bytes_below

RESERVE_BYTES = 1_000_000_000
"""Bytes of the disk that are left to others, such as the ledger; on a small disk a fiftieth of it."""


@dataclass(frozen=True, slots=True)
class NoRoom:
    """Our fault: so many bytes are not to be had, beside those used that must stay, within the capacity there is."""

    needed: int
    used: int
    capacity: int

    def __str__(self) -> str:
        told = f"no room for {self.needed} bytes: of {max(0, self.capacity)} there may be, {self.used} are used"
        return f"{told} by models that are judged or still needed, and by downloads"


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes used, promised ones included, and how many there may be: the quota, or fewer where the disk has fewer."""

    used: int
    capacity: int

    def lacks(self, needed: int) -> NoRoom | None:
        """What is in the way of so many bytes more; None where there is room."""
        return None if self.used + needed <= self.capacity else NoRoom(needed, self.used, self.capacity)


def measure_room(kept: Path, promising: Path, quota_bytes: int | None) -> Room:
    """The room of a folder of directories, and of one of folders that promise by their names."""
    promises = [(_promised(folder), bytes_below(folder)) for folder in promising.iterdir()]
    unwritten = sum(max(0, promised - written) for promised, written in promises)
    used = bytes_below(kept) + sum(max(promise) for promise in promises)
    disk = shutil.disk_usage(kept)
    capacity = used + disk.free - min(RESERVE_BYTES, disk.total // 50) - unwritten
    return Room(used, capacity if quota_bytes is None else min(capacity, quota_bytes))


def promising_name(promised: int) -> str:
    """A name that no other folder has, and that promises so many bytes."""
    return f"{promised}-{secrets.token_hex(8)}"


def _promised(folder: Path) -> int:
    number, _, _ = folder.name.partition("-")
    return int(number) if number.isdigit() else 0
