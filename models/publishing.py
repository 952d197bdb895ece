"""The miner's side of vetting: the same check before anything leaves the machine, and publication of what it left.

What is uploaded is the clean form, so no optimizer state, pickle or path of the miner's disk can slip out with it, and
what validators will vet is what stands in the repository. Knows nothing of the chain.
"""

import math
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hub.port import Hub, HubError
from models.architectures import ARCHITECTURES
from models.intake import fetch_and_vet
from models.limits import ModelLimits
from models.manifest import CONFIG, INDEX, TOKENIZER, is_weights
from models.norms import NormLimits
from models.rejections import Rejection
from models.vetting import Vetted, vet

WIDEST = ModelLimits(
    architectures=tuple(ARCHITECTURES),
    min_parameters=1,
    max_parameters=10**12,
    max_repo_bytes=10**13,
    max_length=2**31,
    max_layers=1_000,
    norms=NormLimits(soft=math.inf, soft_share=1.0, hard=math.inf),
)
"""Limits of vetting itself, for publishing a model that enters no competition yet, such as a base."""


class RepositoryIsPublic(HubError):
    """The repository to publish to can be read by everyone, so the model would be out before its reveal."""


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A private repository at the commit that holds a model, and the digest of what can be downloaded there."""

    repo: str
    revision: str
    digest: str


def prepare(folder: Path, limits: ModelLimits) -> Vetted | Rejection:
    """What a validator with these limits would say of the model in a folder; other files in it do not matter."""
    with tempfile.TemporaryDirectory() as scratch:
        return _clean_form(folder, Path(scratch), limits)


def publish(hub: Hub, repo: str, folder: Path, limits: ModelLimits = WIDEST) -> PublishedModel | Rejection:
    """Upload the model in a folder to a private repository, and take its digest from a download of that very commit.

    Nothing is uploaded when vetting rejects. Raises RepositoryIsPublic, and HubError as the Hub does.
    """
    with tempfile.TemporaryDirectory() as scratch:
        local = _clean_form(folder, Path(scratch), limits)
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
        vetted = fetch_and_vet(hub, info, revision, Path(scratch), limits)
    return vetted if isinstance(vetted, Rejection) else PublishedModel(repo, revision, vetted.digest)


def _clean_form(folder: Path, scratch: Path, limits: ModelLimits) -> Vetted | Rejection:
    """Vet the model files of a folder into `scratch`/clean, leaving checkpoints, logs and notes aside."""
    staged = scratch / "staged"
    staged.mkdir()
    for file in folder.iterdir():
        if file.name in (CONFIG, TOKENIZER, INDEX) or is_weights(file.name):
            _link(file.resolve(), staged / file.name)
    return vet(staged, scratch / "clean", limits)


def _link(source: Path, target: Path) -> None:
    """The same file under a second name; copied where the file system cannot. A miner's own links are followed."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
