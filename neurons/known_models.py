"""The models that a machine knows of, by name: those in a ledger, and those in folders."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ledger import lineages
from ledger.database import Ledger, open_ledger
from models.limits import WIDEST
from models.publishing import prepare
from models.rejections import Rejection
from models.sketch import ModelSketch, decode
from neurons.errors import UsageError


class KnownModels(Mapping[str, ModelSketch]):
    """Sketches by a name that tells whose a model is; those of a ledger are read from it when they are asked for."""

    def __init__(self, ledger: Ledger | None, folders: Iterable[Path]) -> None:
        """Vets the models in the folders. Raises UsageError for one that holds no model."""
        self._kept = {str(folder): _sketched(folder) for folder in folders}
        self._named = lineages.submitted(ledger) if ledger else {}
        self._sketches = lineages.Sketches(ledger, tuple(self._named.values())) if ledger else {}

    def __getitem__(self, name: str) -> ModelSketch:
        return self._kept[name] if name in self._kept else self._sketches[self._named[name]]

    def __iter__(self) -> Iterator[str]:
        yield from {**self._kept, **self._named}

    def __len__(self) -> int:
        return len({**self._kept, **self._named})


def ledger_at(path: Path | None, home: Path) -> Ledger | None:
    """The ledger to know submissions from: the one that is named, or the one in `home`, if there is one.

    Raises UsageError where the one that is named is not there.
    """
    if path is not None and not path.is_file():
        raise UsageError(f"{path} is no ledger: name the file of a validator's, or leave --ledger out")
    found = path or home / "ledger.sqlite"
    return open_ledger(found) if found.is_file() else None


def _sketched(folder: Path) -> ModelSketch:
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: --against takes folders that hold a model")
    vetted = prepare(folder, WIDEST)
    if isinstance(vetted, Rejection):
        raise UsageError(f"{folder} holds no model to compare with: {vetted.detail}")
    return decode(vetted.sketch)
