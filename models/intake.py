"""A committed pointer → a clean directory in the cache, or the reason why not: describe, fetch, vet, compare.

Knows neither chain nor ledger. What is the Hub's fault or ours (HubUnreachable, RateLimited, CorruptDownload, Denied,
OSError, BaseError) is raised: the caller abandons and comes back. Stopped anywhere, it can simply be called again.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from chain.types import Hotkey
from hub.port import Hub, InvalidName, NotFound, RepoInfo
from models.bases import Base, BaseRef, BaseUnavailable, BaseWithoutRoom
from models.cache import ModelCache
from models.limits import WIDEST, ModelLimits
from models.manifest import Manifest, read_manifest
from models.ref import HashedRef, ModelRef, matches
from models.rejections import Reason, Rejection
from models.room import NoRoom
from models.vetting import Vetted, vet

BringBase = Callable[[], Base]
"""Has the base of a competition at hand when it returns; called for an adapter alone. Raises BaseError, HubError."""


class Vetting(Protocol):
    """From fetched files to a clean directory: `vet` itself, or `vet_apart` where the files are a stranger's."""

    def __call__(
        self, source: Path, into: Path, limits: ModelLimits, *, base: Base | None = None
    ) -> Vetted | Rejection:
        """As `vet`."""


def take_in(
    hub: Hub,
    ref: ModelRef | HashedRef,
    hotkey: Hotkey,
    limits: ModelLimits,
    cache: ModelCache,
    vetting: Vetting = vet,
    base: BringBase | None = None,
) -> Vetted | Rejection | NoRoom:
    """Fetch and vet what a hotkey's pointer names; on success its clean directory is in the cache, by its digest.

    It may name an adapter where there is a base. Nothing is fetched before all names and sizes are allowed, and the
    cache has room for it.
    """
    try:
        info = hub.describe(ref.repo, "model", ref.revision)
    except (NotFound, InvalidName) as error:  # Denied is about our own token: what is private looks like missing
        return _unavailable(str(error))
    if info.private:
        return _unavailable(f"{ref.repo} is private; make it public at the reveal")
    if info.gated:  # whoever was let in would accept it, and others not
        return _unavailable(f"{ref.repo} is gated; open it to all at the reveal")
    manifest = _manifest(info, ref.revision, limits, base)
    if isinstance(manifest, Rejection):
        return manifest
    at_hand = _at_hand(manifest, base)
    with _staying(at_hand, cache), cache.workspace(_room(manifest, at_hand)) as folder:
        if isinstance(folder, NoRoom):
            return folder
        vetted = _fetched_and_vetted(hub, info, manifest, folder, limits, vetting, at_hand)
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


def bring_base(hub: Hub, ref: BaseRef, cache: ModelCache, vetting: Vetting = vet) -> Base:
    """The base that a table names, from the cache or else from the Hub, vetted within no competition's limits.

    Raises BaseError where it is not to be had as the table names it, or there is no room for it, and HubError.
    """
    with cache.using(ref.digest) as here:
        if here is not None:
            return Base(ref, here)
    try:
        info = hub.describe(ref.repo, "model", ref.revision)
    except (NotFound, InvalidName) as error:
        raise BaseUnavailable(f"the base {ref.repo} at {ref.revision} is not to be had: {error}") from error
    if info.private:
        raise BaseUnavailable(f"the base {ref.repo} is private; miners cannot train on it until it is public")
    manifest = _manifest(info, ref.revision, WIDEST)
    if isinstance(manifest, Rejection):
        raise _refused(ref, manifest)
    with cache.workspace(_room(manifest)) as folder:
        if isinstance(folder, NoRoom):
            raise BaseWithoutRoom(f"the base {ref.repo} is not here, and there is {folder}", folder)
        vetted = _fetched_and_vetted(hub, info, manifest, folder, WIDEST, vetting, None)
        if isinstance(vetted, Rejection):
            raise _refused(ref, vetted)
        if vetted.digest != ref.digest:
            raise BaseUnavailable(f"{ref.repo} has the digest {vetted.digest}; the table's base has {ref.digest}")
        return Base(ref, cache.add(ref.digest, folder / "clean"))


def _refused(ref: BaseRef, why: Rejection) -> BaseUnavailable:
    return BaseUnavailable(f"the base {ref.repo} at {ref.revision} is refused: {why.detail}")


def fetch_and_vet(
    hub: Hub,
    info: RepoInfo,
    revision: str,
    folder: Path,
    limits: ModelLimits,
    vetting: Vetting = vet,
    base: BringBase | None = None,
) -> Vetted | Rejection:
    """Fetch a revision's model files to `folder`/fetched and write its clean form to `folder`/clean.

    Nothing is fetched before all names and sizes are allowed. Raises HubError where the Hub or the way to it fails.
    """
    manifest = _manifest(info, revision, limits, base)
    if isinstance(manifest, Rejection):
        return manifest
    return _fetched_and_vetted(hub, info, manifest, folder, limits, vetting, _at_hand(manifest, base))


def _manifest(
    info: RepoInfo, revision: str, limits: ModelLimits, base: BringBase | None = None
) -> Manifest | Rejection:
    """Which files make up the model of a pinned revision, by the names and sizes that the Hub told."""
    if info.revision != revision:
        # a branch may be named like a commit id, and can be moved; only the commit itself is pinned
        return _unavailable(f"{info.repo} has no commit {revision}; commit the id that publishing printed")
    return read_manifest({file.path: file.size for file in info.files}, limits, adapters=base is not None)


def _at_hand(manifest: Manifest, base: BringBase | None) -> Base | None:
    """The base, where it is needed."""
    return base() if base is not None and manifest.is_adapter else None


def _staying(base: Base | None, cache: ModelCache) -> AbstractContextManager[object]:
    """Keeps a base in the cache while an adapter is added to it, whatever room others need meanwhile."""
    return nullcontext() if base is None else cache.using(base.ref.digest)


def _room(manifest: Manifest, base: Base | None = None) -> int:
    """Bytes that taking in writes: the files as they are fetched, and what is made of them, an adapter's sum twice."""
    return 2 * manifest.size if base is None else manifest.size + 2 * base.size


def _fetched_and_vetted(
    hub: Hub,
    info: RepoInfo,
    manifest: Manifest,
    folder: Path,
    limits: ModelLimits,
    vetting: Vetting,
    base: Base | None,
) -> Vetted | Rejection:
    fetched = folder / "fetched"
    try:
        hub.fetch(info.repo, "model", info.revision, manifest.files, fetched, max_bytes=limits.max_repo_bytes)
    except NotFound as error:
        return _unavailable(str(error))
    return vetting(fetched, folder / "clean", limits, base=base)


def _unavailable(detail: str) -> Rejection:
    return Rejection(Reason.UNAVAILABLE, detail)
