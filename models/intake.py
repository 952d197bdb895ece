"""A committed pointer → a clean directory in the cache, or the reason why not: describe, fetch, vet, compare.

Knows neither chain nor ledger. What is the Hub's fault or ours (HubUnreachable, RateLimited, CorruptDownload, Denied,
OSError) is raised: the caller abandons and comes back. Stopped anywhere, it can simply be called again.
"""

from pathlib import Path

from hub.port import Hub, InvalidName, NotFound, RepoInfo
from models.cache import ModelCache
from models.limits import ModelLimits
from models.manifest import read_manifest
from models.ref import ModelRef
from models.rejections import Reason, Rejection
from models.vetting import Vetted, vet


def take_in(hub: Hub, ref: ModelRef, limits: ModelLimits, cache: ModelCache) -> Vetted | Rejection:
    """Fetch and vet what a pointer names; on success its clean directory is at `cache.path(ref.digest)`."""
    try:
        info = hub.describe(ref.repo, "model", ref.revision)
    except (NotFound, InvalidName) as error:  # Denied is about our own token: what is private looks like missing
        return _unavailable(str(error))
    if info.private:
        return _unavailable(f"{ref.repo} is private; make it public at the reveal")
    with cache.workspace() as folder:
        vetted = fetch_and_vet(hub, info, ref.revision, folder, limits)
        if isinstance(vetted, Rejection):
            return vetted
        if vetted.digest != ref.digest:
            detail = f"{ref.repo} at {ref.revision} has the digest {vetted.digest}; committed was {ref.digest}"
            return Rejection(Reason.DIGEST, detail)
        cache.add(ref.digest, folder / "clean")
    return vetted


def fetch_and_vet(hub: Hub, info: RepoInfo, revision: str, folder: Path, limits: ModelLimits) -> Vetted | Rejection:
    """Fetch a revision's model files to `folder`/fetched and write its clean form to `folder`/clean.

    Nothing is fetched before all names and sizes are allowed. Raises HubError where the Hub or the way to it fails.
    """
    if info.revision != revision:
        # a branch may be named like a commit id, and can be moved; only the commit itself is pinned
        return _unavailable(f"{info.repo} has no commit {revision}; commit the id that publishing printed")
    manifest = read_manifest({file.path: file.size for file in info.files}, limits)
    if isinstance(manifest, Rejection):
        return manifest
    fetched = folder / "fetched"
    try:
        hub.fetch(info.repo, "model", revision, manifest.files, fetched)
    except NotFound as error:
        return _unavailable(str(error))
    return vet(fetched, folder / "clean", limits)


def _unavailable(detail: str) -> Rejection:
    return Rejection(Reason.UNAVAILABLE, detail)
