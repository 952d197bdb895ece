"""What a round's seed chooses of a dataset: files, then row groups, then rows. Pure, of whole numbers and sha256 alone,
so that every validator chooses the same whatever its libraries are.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_DOMAIN = b"crucible/hub_text/1"


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group by its file's path and its place in the file, from 0."""

    path: str
    place: int


def number(seed: bytes, what: str, place: int) -> int:
    """The number (256 bits) at a place, from 0, of the series that a seed has for something."""
    digest = hashlib.sha256(_DOMAIN)
    for part in (seed, what.encode(), place.to_bytes(8, "big")):
        digest.update(len(part).to_bytes(8, "big") + part)
    return int.from_bytes(digest.digest(), "big")


def shuffled(seed: bytes, what: str, size: int) -> Iterator[int]:
    """0 to size − 1 in an order that the seed decides; each step costs the same, however large the size."""
    moved: dict[int, int] = {}
    for place in range(size):
        other = place + number(seed, what, place) % (size - place)
        chosen = moved.get(other, other)
        moved[other] = moved.pop(place, place)
        yield chosen


def row_groups(seed: bytes, sizes: Mapping[str, int], count_of: Callable[[str], int]) -> Iterator[RowGroup]:
    """Every row group of the files (path → bytes) once, in an order that the seed decides.

    Each step takes a file, with a chance as large as the file, and the next of its row groups; `count_of` says how many
    it has, and is asked when a file is first taken, so that most files of a large dataset are never opened.
    """
    left = dict(sorted(sizes.items()))
    orders: dict[str, Iterator[int]] = {}
    turn = 0
    while total := sum(left.values()):
        path = _at(left, number(seed, "file", turn) % total)
        turn += 1
        if path not in orders:
            orders[path] = shuffled(seed, f"row groups of {path}", count_of(path))
        place = next(orders[path], None)
        if place is None:
            del left[path]
        else:
            yield RowGroup(path, place)


def _at(sizes: Mapping[str, int], offset: int) -> str:
    """The file that holds a byte of all files laid end to end."""
    for path, size in sizes.items():
        if offset < size:
            return path
        offset -= size
    raise IndexError(f"byte {offset} lies beyond all files")
