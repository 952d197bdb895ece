"""A file or a directory as something that is carried to another machine: what it is called and all that it holds. Knows
neither models nor how bytes travel.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Look = dict[str, int]
"""Size in bytes by place, a place being a path that begins with the parcel's own name."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file of a parcel: its place, its size in bytes, and the hex sha256 of these."""

    place: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file, or a directory of files, by its name and all that it holds."""

    name: str
    files: tuple[FileFacts, ...]

    @property
    def key(self) -> str:
        """Hex sha256 over name, places and contents."""
        return hashlib.sha256(self.encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def encode(self) -> bytes:
        """As JSON."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True).encode()


def decode(message: bytes) -> Parcel:
    """The parcel that `Parcel.encode` wrote."""
    value = json.loads(message)
    return Parcel(value["name"], tuple(FileFacts(**file) for file in value["files"]))


def look(path: Path) -> Look:
    """What a parcel of `path` holds, none of it read; nothing where it cannot be carried, as a pipe cannot."""
    if path.is_dir():
        return {file.relative_to(path.parent).as_posix(): file.stat().st_size for file in _files_below(path)}
    return {path.name: path.stat().st_size} if path.is_file() else {}


def pack(path: Path) -> Parcel:
    """The parcel of `path`, all of it read. Raises OSError."""
    return Parcel(path.name, tuple(_facts(path.parent, place, size) for place, size in sorted(look(path).items())))


def pieces(path: Path, parcel: Parcel, piece_bytes: int) -> Iterator[tuple[str, bytes]]:
    """The bytes of a parcel's files, in order, each piece with its place. Raises OSError."""
    for facts in parcel.files:
        with (path.parent / facts.place).open("rb") as file:
            while data := file.read(piece_bytes):
                yield facts.place, data


def _facts(folder: Path, place: str, size: int) -> FileFacts:
    with (folder / place).open("rb") as file:
        return FileFacts(place, size, hashlib.file_digest(file, "sha256").hexdigest())


def _files_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
