"""What a miner has done of one publication, on disk, so that a killed command can be run again and goes on.

One file per hotkey, subnet and chain, written whole or not at all. It knows neither Hub nor chain.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from neurons.errors import MinerError

Stage = Literal["uploaded", "sealed", "submitted", "committed", "opened", "public"]
"""uploaded: private on the Hub · sealed: pointer encrypted, never sent · submitted: sent, unknown whether it stands ·
committed: stands in a block · opened: readable on chain · public: repository public, nothing left to do."""

Encoding = Literal["sealed", "hashed"]
"""How a pointer is committed: timelock-encrypted, or in clear with a hash in place of the digest."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One model on its way: what was asked for, what the Hub holds, and what the chain is known to hold of it."""

    competition: str
    repo: str
    source: str
    """Folder or repository it was published from."""
    revision: str
    digest: str
    stage: Stage = "uploaded"
    encoding: Encoding = "sealed"
    line: str = ""
    """The pointer as it is committed; empty before, and where an older version, whose lines count no more, wrote it."""
    ciphertext: str = ""
    """Hex of the sealed pointer."""
    reveal_round: int = 0
    open_at: int = 0
    """Block at which a sealed pointer is meant to open."""
    submitted_at: int = 0
    """Head before the commitment was sent; one that stands has a later block."""
    commit_block: int = 0
    opened_block: int = 0

    def __post_init__(self) -> None:
        if self.stage not in get_args(Stage):
            raise ValueError(f"no stage {self.stage!r}")
        if self.encoding not in get_args(Encoding):
            raise ValueError(f"no encoding {self.encoding!r}")


@dataclass(frozen=True, slots=True)
class Journal:
    """The file of one hotkey's newest publication."""

    path: Path

    def read(self) -> Publication | None:
        """What stands there; None before the first publication. Raises MinerError for a file that is none of ours."""
        try:
            return Publication(**json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise MinerError(
                f"the journal {self.path} cannot be read ({error}): remove it to start afresh; what the chain holds is "
                "shown by `crucible miner status`"
            ) from error

    def write(self, publication: Publication) -> None:
        """Replace what stands there, whole or not at all."""
        part = self.path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(asdict(publication), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other commands of this hotkey out, since two would commit twice; a killed one lets go by itself.

        Raises MinerError where another holds it, or where nothing can be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = self.path.with_suffix(".lock").open("w")
        except OSError as error:
            raise MinerError(
                f"the journal's folder {self.path.parent} cannot be written ({error.strerror}): name another by --home "
                "or CRUCIBLE_HOME"
            ) from error
        with lock as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise MinerError(
                    f"another command is publishing with this hotkey ({self.path}): wait for it, or end it first"
                ) from error
            yield
