"""From a pointer to the cache over a Hub: only what is public, allowed, pinned and as committed arrives."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chain.types import Hotkey
from hub.folder import FolderHub
from hub.port import CorruptDownload, Denied, HubUnreachable, RateLimited, RepoInfo, RepoKind
from models.cache import ModelCache
from models.intake import take_in
from models.limits import ModelLimits
from models.publishing import PublishedModel, publish
from models.ref import HashedRef, ModelRef, secure_hash
from models.rejections import Reason, Rejection
from models.room import NoRoom
from models.vetting import Vetted, vet

REPO = "alice/model"
HOTKEY = Hotkey("alice")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ModelCache]:
    opened = ModelCache(tmp_path / "cache")
    yield opened
    opened.close()


@pytest.fixture
def alice(tmp_path: Path) -> FolderHub:
    return FolderHub(tmp_path / "hub", "alice")


@pytest.fixture
def validator(tmp_path: Path) -> FolderHub:
    return FolderHub(tmp_path / "hub", None)


@pytest.fixture
def ref(alice: FolderHub, saved: Path) -> ModelRef:
    """The honest model, published and made public."""
    published = publish(alice, REPO, saved)
    assert isinstance(published, PublishedModel)
    alice.set_visibility(REPO, "model", private=False)
    return ModelRef("answers", REPO, published.revision, published.digest)


class Hindered:
    """A Hub on which describing works as ever, and fetching fails: with an error, or not at all to be reached."""

    def __init__(self, hub: FolderHub, error: BaseException) -> None:
        self._hub = hub
        self._error = error

    def describe(self, repo: str, kind: RepoKind, revision: str | None = None) -> RepoInfo:
        return self._hub.describe(repo, kind, revision)

    def fetch(
        self,
        repo: str,
        kind: RepoKind,
        revision: str,
        paths: Sequence[str],
        into: Path,
        *,
        max_bytes: int | None = None,
    ) -> None:
        self._hub.fetch(repo, kind, revision, paths[:1], into, max_bytes=max_bytes)
        raise self._error


def test_a_pointer_in_clear_is_held_against_the_files_under_its_own_hotkey_alone(
    validator: FolderHub, ref: ModelRef, cache: ModelCache, limits: ModelLimits
):
    hashed = HashedRef(ref.competition, ref.repo, ref.revision, secure_hash(ref.digest, HOTKEY))
    copied = take_in(validator, hashed, Hotkey("mallory"), limits, cache)
    assert isinstance(copied, Rejection)
    assert (copied.reason, cache.has(ref.digest)) == (Reason.DIGEST, False)
    assert copied.detail.endswith("means no such model under hotkey mallory: a line counts for its maker")
    taken = take_in(validator, hashed, HOTKEY, limits, cache)
    assert isinstance(taken, Vetted)
    assert (taken.digest, cache.has(ref.digest)) == (ref.digest, True)


def test_a_public_model_as_committed_arrives_in_the_cache(
    validator: FolderHub, ref: ModelRef, cache: ModelCache, saved: Path, tmp_path: Path, limits: ModelLimits
):
    expected = vet(saved, tmp_path / "clean", limits)
    assert take_in(validator, ref, HOTKEY, limits, cache) == expected
    arrived = {file.name: file.read_bytes() for file in cache.path(ref.digest).iterdir()}
    assert arrived == {file.name: file.read_bytes() for file in (tmp_path / "clean").iterdir()}


def test_taking_in_twice_is_taking_in_once(validator: FolderHub, ref: ModelRef, cache: ModelCache, limits: ModelLimits):
    assert take_in(validator, ref, HOTKEY, limits, cache) == take_in(validator, ref, HOTKEY, limits, cache)
    assert len(list((cache.path(ref.digest).parent.parent / "models").iterdir())) == 1


def test_nothing_is_fetched_without_room_for_the_files_and_their_clean_form(
    validator: FolderHub, ref: ModelRef, tmp_path: Path, limits: ModelLimits
):
    read = ("config.json", "tokenizer.json", "model.safetensors")
    files = validator.describe(ref.repo, "model", ref.revision).files
    needed = 2 * sum(file.size for file in files if file.path in read)
    small, enough = (ModelCache(tmp_path / "small", quota_bytes=quota) for quota in (needed - 1, needed))
    hub = Hindered(validator, AssertionError("nothing may be fetched"))
    assert take_in(hub, ref, HOTKEY, limits, small) == NoRoom(needed, 0, needed - 1)
    assert isinstance(take_in(validator, ref, HOTKEY, limits, enough), Vetted)


GONE = {
    "no such repository": {"repo": "alice/other"},
    "no such revision": {"revision": "0" * 40},
}


@pytest.mark.parametrize("change", GONE.values(), ids=GONE.keys())
def test_what_is_not_there_is_unavailable(
    validator: FolderHub, ref: ModelRef, cache: ModelCache, limits: ModelLimits, change: dict[str, str]
):
    refused = take_in(validator, replace(ref, **change), HOTKEY, limits, cache)
    assert getattr(refused, "reason", None) is Reason.UNAVAILABLE


HIDE: dict[str, Callable[[FolderHub], None]] = {
    "private": lambda owner: owner.set_visibility(REPO, "model", private=True),
    "gated": lambda owner: owner.set_gated(REPO, "model", gated=True),
}


@pytest.mark.parametrize("hide", HIDE.values(), ids=HIDE.keys())
def test_what_not_everybody_can_read_is_unavailable_even_to_its_owner(
    alice: FolderHub,
    validator: FolderHub,
    ref: ModelRef,
    cache: ModelCache,
    limits: ModelLimits,
    hide: Callable[[FolderHub], None],
):
    hide(alice)
    found = [take_in(hub, ref, HOTKEY, limits, cache) for hub in (alice, validator)]
    assert [getattr(refused, "reason", None) for refused in found] == [Reason.UNAVAILABLE] * 2


def test_a_digest_in_the_cache_stands_in_for_no_repository(
    alice: FolderHub, validator: FolderHub, ref: ModelRef, cache: ModelCache, limits: ModelLimits
):
    take_in(validator, ref, HOTKEY, limits, cache)
    alice.create("alice/empty", "model", private=False)
    revision = alice.upload_files("alice/empty", "model", {"README.md": b"mine"}, message="nothing")
    refused = take_in(validator, replace(ref, repo="alice/empty", revision=revision), HOTKEY, limits, cache)
    assert getattr(refused, "reason", None) is Reason.CONFIG


class Moving(Hindered):
    """A Hub that resolves a name of 40 hex digits to another commit, as a branch of that name would."""

    def describe(self, repo: str, kind: RepoKind, revision: str | None = None) -> RepoInfo:
        return replace(self._hub.describe(repo, kind, revision), revision="1" * 40)


def test_a_branch_named_like_a_commit_is_unavailable(
    validator: FolderHub, ref: ModelRef, cache: ModelCache, limits: ModelLimits
):
    hub = Moving(validator, AssertionError("nothing may be fetched"))
    assert take_in(hub, ref, HOTKEY, limits, cache) == Rejection(
        Reason.UNAVAILABLE, f"{REPO} has no commit {ref.revision}; commit the id that publishing printed"
    )


def test_another_models_digest_is_refused(validator: FolderHub, ref: ModelRef, cache: ModelCache, limits: ModelLimits):
    refused = take_in(validator, replace(ref, digest="0" * 64), HOTKEY, limits, cache)
    detail = f"{REPO} at {ref.revision} has the digest {ref.digest}; committed was {'0' * 64}"
    assert refused == Rejection(Reason.DIGEST, detail)
    assert list(cache.path(ref.digest).parent.iterdir()) == []


UNWANTED: dict[str, tuple[dict[str, bytes], Reason]] = {
    "pickle": ({"optimizer.pt": b"x"}, Reason.PATH),
    "file in a folder": ({"a/config.json": b"{}"}, Reason.PATH),
    "second set of weights": ({"model-00001-of-00001.safetensors": b"x"}, Reason.WEIGHTS),
    "larger than allowed": ({"model.safetensors": bytes(20_000_001)}, Reason.LIMITS),
}


@pytest.mark.parametrize(("files", "reason"), UNWANTED.values(), ids=UNWANTED.keys())
def test_nothing_is_fetched_of_a_repository_whose_listing_is_refused(
    alice: FolderHub, ref: ModelRef, cache: ModelCache, limits: ModelLimits, files: dict[str, bytes], reason: Reason
):
    revision = alice.upload_files(REPO, "model", files, message="more")
    hub = Hindered(alice, AssertionError("nothing may be fetched"))
    assert getattr(take_in(hub, replace(ref, revision=revision), HOTKEY, limits, cache), "reason", None) is reason


def test_a_hostile_model_is_refused_as_vetting_refuses_it(
    alice: FolderHub, ref: ModelRef, saved: Path, cache: ModelCache, limits: ModelLimits
):
    spoiled = json.dumps({**json.loads((saved / "config.json").read_text()), "is_causal": False}).encode()
    revision = alice.upload_files(REPO, "model", {"config.json": spoiled}, message="look ahead")
    refused = take_in(alice, replace(ref, revision=revision), HOTKEY, limits, cache)
    assert getattr(refused, "reason", None) is Reason.CONFIG


OURS: list[Callable[[], BaseException]] = [
    lambda: HubUnreachable("down"),
    lambda: Denied("the token is not valid"),
    lambda: RateLimited("slower", 3.0),
    lambda: CorruptDownload("tampered"),
    lambda: OSError("disk full"),
    lambda: KeyboardInterrupt(),
]


@pytest.mark.parametrize("fault", OURS, ids=lambda fault: type(fault()).__name__)
def test_the_hubs_faults_and_ours_are_raised_and_the_next_attempt_is_whole(
    validator: FolderHub, ref: ModelRef, cache: ModelCache, limits: ModelLimits, fault: Callable[[], BaseException]
):
    error = fault()
    with pytest.raises(type(error)):
        take_in(Hindered(validator, error), ref, HOTKEY, limits, cache)
    assert list(cache.path(ref.digest).parent.iterdir()) == []
    assert isinstance(take_in(validator, ref, HOTKEY, limits, cache), Vetted)
