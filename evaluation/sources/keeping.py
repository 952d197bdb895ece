"""What a folder of things that can be fetched again may take of a disk. Knows not what they are."""

import os
from pathlib import Path


def keep_newest(folder: Path, max_bytes: int) -> None:
    """Keep only the files changed last, `max_bytes` of them; what a kill left unfinished grows old and goes."""
    left = max_bytes
    for about, file in sorted(_files(folder), key=lambda entry: entry[0].st_mtime_ns, reverse=True):
        left -= about.st_size
        if left < 0:
            file.unlink(missing_ok=True)


def _files(folder: Path) -> list[tuple[os.stat_result, Path]]:
    """Files with what is known of them; one that goes, or gets its name, meanwhile is none."""
    found: list[tuple[os.stat_result, Path]] = []
    for file in folder.glob("*"):
        try:
            found.append((file.stat(), file))
        except FileNotFoundError:
            continue
    return found
