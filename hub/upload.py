"""Which files of a folder are uploaded, and under which names in the repository. It knows no Hub."""

import os
from pathlib import Path

from hub.names import RESERVED_FOLDERS, check_path


def files_below(folder: Path, to: str = "") -> dict[str, Path]:
    """Return repository path → file for every file below `folder`, sorted, placed under `to`.

    `.git` and `.cache` folders stay behind. Raises NotADirectoryError, and InvalidName for a name no Hub takes."""
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder; pass the folder whose files are to be uploaded")
    prefix = f"{check_path(to.strip('/'))}/" if to.strip("/") else ""
    found: dict[str, Path] = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in RESERVED_FOLDERS]
        for name in names:
            file = Path(place, name)
            found[check_path(prefix + file.relative_to(folder).as_posix())] = file
    return dict(sorted(found.items()))
