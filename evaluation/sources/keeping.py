"""What a folder of things that can be fetched again may take of a disk. Knows not what they are."""

from pathlib import Path


def keep_newest(folder: Path, max_bytes: int) -> None:
    """Keep only the files changed last, `max_bytes` of them; what a kill left unfinished grows old and goes."""
    used = [(file.stat(), file) for file in folder.glob("*")]
    left = max_bytes
    for about, file in sorted(used, key=lambda entry: entry[0].st_mtime_ns, reverse=True):
        left -= about.st_size
        if left < 0:
            file.unlink(missing_ok=True)
