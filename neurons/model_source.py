"""Where a model comes from, a folder or a public repository of the Hub, and whether a folder is free for a new one."""

import re
from functools import partial
from pathlib import Path

from competitions.spec import Competition
from hub.port import Hub
from models.bases import Base, BaseRef
from models.cache import ModelCache
from models.intake import BringBase, bring_base
from models.limits import ModelLimits
from models.manifest import read_manifest
from models.rejections import Rejection
from neurons.errors import MinerError

_REPOSITORY = re.compile(r"(?P<repo>[^/@\s]+/[^/@\s]+?)(?:@(?P<revision>[0-9a-f]{40}))?")


def local_folder(hub: Hub, source: str, limits: ModelLimits, scratch: Path, *, adapters: bool = False) -> Path:
    """The folder that `source` names, or `scratch` with what `namespace/name[@revision]` holds there (default: newest).

    Only files that a model needs are fetched, or an adapter, where there may be one. Raises MinerError where it is
    neither, and HubError.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder
    named = _REPOSITORY.fullmatch(source)
    if named is None or source.startswith((".", "~")):
        raise MinerError(f"{source!r} is no folder and no repository: give a folder, or namespace/name[@revision]")
    info = hub.describe(named["repo"], "model", named["revision"])
    manifest = read_manifest({file.path: file.size for file in info.files}, limits, adapters=adapters)
    if isinstance(manifest, Rejection):
        raise MinerError(f"{source} holds no model for this competition: {manifest.detail}")
    hub.fetch(info.repo, "model", info.revision, manifest.files, scratch)
    return scratch


def base_of(rules: Competition, hub: Hub, home: Path) -> BringBase | None:
    """What has a competition's base at hand, kept below a miner's home; None where only whole models are taken."""
    return None if rules.base is None else partial(_kept_base, hub, rules.base, home / "bases")


def _kept_base(hub: Hub, ref: BaseRef, folder: Path) -> Base:
    cache = ModelCache(folder)
    try:
        return bring_base(hub, ref, cache)
    finally:
        cache.close()


def require_empty(out: Path) -> None:
    """Raises MinerError where a new model would mix with files that are there already."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise MinerError(f"{out} already holds files: name another folder with --out, or empty it")
