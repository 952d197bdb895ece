"""The miner's side of vetting: the same check before anything leaves the machine, and publication of what it left.

What is uploaded is the clean form, so no optimizer state, pickle or path of the miner's disk can slip out with it, and
what validators will vet is what stands in the repository. Knows nothing of the chain.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hub.port import Hub, HubError
from models.adapter_config import with_base_named
from models.adapters import read_adapter, write_adapter
from models.bases import Base
from models.configs import read_config
from models.intake import BringBase, fetch_and_vet
from models.limits import WIDEST, ModelLimits
from models.manifest import ADAPTER_CONFIG, ADAPTER_WEIGHTS, CONFIG, INDEX, TOKENIZER, is_weights, read_folder
from models.rejections import Rejection
from models.vetting import Vetted, vet

_MODEL = (CONFIG, TOKENIZER, INDEX)
_ADAPTER = (ADAPTER_CONFIG, ADAPTER_WEIGHTS, INDEX)


class RepositoryIsPublic(HubError):
    """The repository to publish to can be read by everyone, so the model would be out before its reveal."""


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A private repository at the commit that holds a model, and the digest of what can be downloaded there."""

    repo: str
    revision: str
    digest: str


def prepare(folder: Path, limits: ModelLimits, base: BringBase | None = None) -> Vetted | Rejection:
    """What a validator with these limits would say of the model in a folder; other files in it do not matter.

    It may be an adapter where there is a base. Raises BaseError, and HubError, where that is not to be had.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return _clean_form(folder, Path(scratch), limits, base)


def publish(
    hub: Hub, repo: str, folder: Path, limits: ModelLimits = WIDEST, base: BringBase | None = None
) -> PublishedModel | Rejection:
    """Upload the model in a folder to a private repository, and take its digest from a download of that very commit.

    Nothing is uploaded when vetting rejects. Raises RepositoryIsPublic, BaseError, and HubError as the Hub does.
    """
    with tempfile.TemporaryDirectory() as scratch:
        local = _clean_form(folder, Path(scratch), limits, base)
        if isinstance(local, Rejection):
            return local
        hub.create(repo, "model", private=True)
        if not hub.describe(repo, "model").private:
            raise RepositoryIsPublic(
                f"{repo} is public, which shows the model before its reveal; name a new repository"
            )
        revision = hub.upload_folder(repo, "model", Path(scratch) / "clean", message="Publish the model")
    with tempfile.TemporaryDirectory() as scratch:
        info = hub.describe(repo, "model", revision)
        vetted = fetch_and_vet(hub, info, revision, Path(scratch), limits, base=base)
    return vetted if isinstance(vetted, Rejection) else PublishedModel(repo, revision, vetted.digest)


def _clean_form(folder: Path, scratch: Path, limits: ModelLimits, bring: BringBase | None) -> Vetted | Rejection:
    """Vet the model files of a folder into `scratch`/clean, leaving checkpoints, logs and notes aside."""
    has_adapter, has_model = (folder / ADAPTER_CONFIG).is_file(), (folder / CONFIG).is_file()
    base = bring() if bring is not None and has_adapter else None
    # an adapter alone is staged also where none may be entered, and is refused as such
    names = _ADAPTER if has_adapter and (base is not None or not has_model) else _MODEL
    staged = scratch / "staged"
    staged.mkdir()
    for file in folder.iterdir():
        if is_weights(file.name) or file.name in names:
            _link(file.resolve(), staged / file.name)
    clean = scratch / "clean"
    vetted = vet(staged, clean, limits) if base is None else _clean_adapter(staged, scratch, limits, base)
    # what is published is the clean form, which may be a little longer than what it was made of
    listed = vetted if isinstance(vetted, Rejection) else read_folder(clean, limits, adapters=base is not None)
    return listed if isinstance(listed, Rejection) else vetted


def _clean_adapter(staged: Path, scratch: Path, limits: ModelLimits, base: Base) -> Vetted | Rejection:
    """Vet an adapter, and leave in `scratch`/clean what is published of it: itself, and not the model that it makes."""
    given = (staged / ADAPTER_CONFIG).read_bytes()
    (staged / ADAPTER_CONFIG).unlink()  # it is the miner's own file, under a second name
    (staged / ADAPTER_CONFIG).write_bytes(with_base_named(given, base.ref))
    vetted = vet(staged, scratch / "merged", limits, base=base)
    if isinstance(vetted, Rejection):
        return vetted
    blueprint = read_config((base.folder / CONFIG).read_bytes(), limits)
    adapter = blueprint if isinstance(blueprint, Rejection) else read_adapter(staged, base.ref, blueprint, limits)
    if isinstance(adapter, Rejection):
        return adapter
    write_adapter(adapter, base.ref, scratch / "clean")
    return vetted


def _link(source: Path, target: Path) -> None:
    """The same file under a second name; copied where the file system cannot. A miner's own links are followed."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
