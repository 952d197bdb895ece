"""A committed pointer → a clean directory in the cache, or the reason why not: describe, fetch, vet, compare.

Knows neither chain nor ledger. What is the Hub's fault or ours (HubUnreachable, RateLimited, CorruptDownload, Denied,
OSError) is raised: the caller abandons and comes back. Stopped anywhere, it can simply be called again.
"""

from collections.abc import Callable
from pathlib import Path

from chain.types import Hotkey
from hub.port import Hub, InvalidName, NotFound, RepoInfo
from models.cache import ModelCache
from models.limits import ModelLimits
from models.manifest import Manifest, read_manifest
from models.ref import HashedRef, ModelRef, matches
from models.rejections import Reason, Rejection
from models.room import NoRoom
from models.vetting import Vetted, vet

Vetting = Callable[[Path, Path, ModelLimits], Vetted | Rejection]
"""From fetched files to a clean directory: `vet` itself, or `vet_apart` where the files are a stranger's."""


def take_in(
    hub: Hub,
    ref: ModelRef | HashedRef,
    hotkey: Hotkey,
    limits: ModelLimits,
    cache: ModelCache,
    vetting: Vetting = vet,
) -> Vetted | Rejection | NoRoom:
    """Fetch and vet what a hotkey's pointer names; on success its clean directory is in the cache, by its digest.

    Nothing is fetched before all names and sizes are allowed, and the cache has room for it.
    """
    try:
        info = hub.describe(ref.repo, "model", ref.revision)
    except (NotFound, InvalidName) as error:  # Denied is about our own token: what is private looks like missing
        return _unavailable(str(error))
    if info.private:
        return _unavailable(f"{ref.repo} is private; make it public at the reveal")
    manifest = _manifest(info, ref.revision, limits)
    if isinstance(manifest, Rejection):
        return manifest
    with cache.workspace(_room(manifest)) as folder:
        if isinstance(folder, NoRoom):
            return folder
        vetted = _fetched_and_vetted(hub, info, manifest, folder, limits, vetting)
        if isinstance(vetted, Rejection):
            return vetted
        if wrong := _mismatch(ref, vetted.digest, hotkey):
            return Rejection(Reason.DIGEST, f"{ref.repo} at {ref.revision} has the digest {vetted.digest}; {wrong}")
        cache.add(vetted.digest, folder / "clean")
    return vetted


def _mismatch(ref: ModelRef | HashedRef, digest: str, hotkey: Hotkey) -> str | None:
    """What was committed instead of a digest; None where it is what was committed."""
    if isinstance(ref, ModelRef):
        return None if digest == ref.digest else f"committed was {ref.digest}"
    if matches(ref, digest, hotkey):
        return None
    return f"the secure hash {ref.secure_hash} means no such model under hotkey {hotkey}: a line counts for its maker"


def fetch_and_vet(
    hub: Hub, info: RepoInfo, revision: str, folder: Path, limits: ModelLimits, vetting: Vetting = vet
) -> Vetted | Rejection:
    """Fetch a revision's model files to `folder`/fetched and write its clean form to `folder`/clean.

    Nothing is fetched before all names and sizes are allowed. Raises HubError where the Hub or the way to it fails.
    """
    manifest = _manifest(info, revision, limits)
    if isinstance(manifest, Rejection):
        return manifest
    return _fetched_and_vetted(hub, info, manifest, folder, limits, vetting)


def _manifest(info: RepoInfo, revision: str, limits: ModelLimits) -> Manifest | Rejection:
    """Which files make up the model of a pinned revision, by the names and sizes that the Hub told."""
    if info.revision != revision:
        # a branch may be named like a commit id, and can be moved; only the commit itself is pinned
        return _unavailable(f"{info.repo} has no commit {revision}; commit the id that publishing printed")
    return read_manifest({file.path: file.size for file in info.files}, limits)


def _room(manifest: Manifest) -> int:
    """Bytes that taking in writes: the files as they are fetched, and as many again for their clean form."""
    return 2 * manifest.size


def _fetched_and_vetted(
    hub: Hub, info: RepoInfo, manifest: Manifest, folder: Path, limits: ModelLimits, vetting: Vetting
) -> Vetted | Rejection:
    fetched = folder / "fetched"
    try:
        hub.fetch(info.repo, "model", info.revision, manifest.files, fetched, max_bytes=limits.max_repo_bytes)
    except NotFound as error:
        return _unavailable(str(error))
    return vetting(fetched, folder / "clean", limits)


def _unavailable(detail: str) -> Rejection:
    return Rejection(Reason.UNAVAILABLE, detail)
