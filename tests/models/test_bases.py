"""A base is had once, as the table names it, for adapters alone; what is wrong with it is no miner's fault."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from chain.types import Hotkey
from hub.folder import FolderHub
from models.bases import Base, BaseDamaged, BaseRef, BaseUnavailable, sketch_base
from models.cache import ModelCache
from models.intake import bring_base, take_in
from models.limits import ModelLimits
from models.publishing import PublishedModel, publish
from models.ref import ModelRef
from models.rejections import Reason, Rejection
from models.room import NoRoom
from models.vetting import Vetted, vet

HOTKEY = Hotkey("alice")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ModelCache]:
    opened = ModelCache(tmp_path / "cache")
    yield opened
    opened.close()


@pytest.fixture
def validator(tmp_path: Path) -> FolderHub:
    return FolderHub(tmp_path / "hub", None)


@pytest.fixture
def named(saved: Path, tmp_path: Path) -> BaseRef:
    """The honest model as a public base on the Hub, in the words of a table."""
    owner = FolderHub(tmp_path / "hub", "owner")
    published = publish(owner, "owner/base", saved)
    assert isinstance(published, PublishedModel)
    owner.set_visibility("owner/base", "model", private=False)
    return BaseRef("owner/base", published.revision, published.digest)


@pytest.fixture
def pointer(named: BaseRef, base: Base, lora: Path, tmp_path: Path) -> ModelRef:
    """An adapter of that base, published by a miner and made public."""
    alice = FolderHub(tmp_path / "hub", "alice")
    published = publish(alice, "alice/lora", lora, base=lambda: replace(base, ref=named))
    assert isinstance(published, PublishedModel)
    alice.set_visibility("alice/lora", "model", private=False)
    return ModelRef("answers", "alice/lora", published.revision, published.digest)


def test_a_published_adapter_is_taken_in_under_its_digest_and_the_base_is_kept(
    validator: FolderHub, named: BaseRef, pointer: ModelRef, cache: ModelCache, limits: ModelLimits
):
    bring = partial(bring_base, validator, named, cache)
    taken = take_in(validator, pointer, HOTKEY, limits, cache, base=bring)
    assert isinstance(taken, Vetted)
    assert (taken.digest, cache.has(pointer.digest), cache.has(named.digest)) == (pointer.digest, True, True)
    gone = FolderHub(cache.path(named.digest).parent / "nowhere", None)
    assert bring_base(gone, named, cache) == Base(named, cache.path(named.digest))


def test_a_base_stays_while_an_adapter_is_added_though_nobody_keeps_it(
    validator: FolderHub, named: BaseRef, pointer: ModelRef, cache: ModelCache, limits: ModelLimits
):
    left = []

    def vet_while_pruning(source: Path, into: Path, limits: ModelLimits, *, base: Base | None = None):
        left.append(cache.keep((), grace_s=-1.0))
        return vet(source, into, limits, base=base)

    bring_base(validator, named, cache)
    bring = partial(bring_base, validator, named, cache)
    assert isinstance(take_in(validator, pointer, HOTKEY, limits, cache, vet_while_pruning, bring), Vetted)
    assert (left, cache.keep((pointer.digest,), grace_s=-1.0)) == ([()], (named.digest,))


def test_nothing_of_an_adapter_is_fetched_without_room_for_it_and_twice_its_base(
    validator: FolderHub, named: BaseRef, pointer: ModelRef, tmp_path: Path, limits: ModelLimits
):
    def files(ref: ModelRef | BaseRef, *read: str) -> int:
        told = validator.describe(ref.repo, "model", ref.revision).files
        return sum(file.size for file in told if file.path in read)

    base = files(named, "config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")
    needed = files(pointer, "adapter_config.json", "adapter_model.safetensors") + 2 * base
    small, enough = (ModelCache(tmp_path / "small", quota_bytes=base + quota) for quota in (needed - 1, needed))
    bring = partial(bring_base, validator, named, small)
    assert take_in(validator, pointer, HOTKEY, limits, small, base=bring) == NoRoom(needed, base, base + needed - 1)
    assert isinstance(take_in(validator, pointer, HOTKEY, limits, enough, base=bring), Vetted)


def test_a_whole_model_needs_no_base(
    validator: FolderHub, named: BaseRef, saved: Path, cache: ModelCache, tmp_path: Path, limits: ModelLimits
):
    def bring() -> Base:
        raise AssertionError("nobody asked for an adapter")

    ref = ModelRef("answers", named.repo, named.revision, named.digest)
    assert take_in(validator, ref, HOTKEY, limits, cache, base=bring) == vet(saved, tmp_path / "clean", limits)


def test_without_a_base_an_adapter_is_refused_before_a_byte_is_fetched(
    validator: FolderHub, pointer: ModelRef, cache: ModelCache, limits: ModelLimits
):
    refused = take_in(validator, pointer, HOTKEY, limits, cache)
    detail = "'adapter_config.json' is no file that a model needs; remove it from the repository"
    assert refused == Rejection(Reason.PATH, detail)


UNFIT = {
    "another digest": ({"digest": "0" * 64}, "the table's base has 0000"),
    "no such revision": ({"revision": "0" * 40}, "is not to be had"),
    "no such repository": ({"repo": "owner/other"}, "is not to be had"),
    "no repository's name": ({"repo": "a--b/.."}, "is not to be had"),
}


@pytest.mark.parametrize(("change", "words"), UNFIT.values(), ids=UNFIT.keys())
def test_a_base_that_is_not_as_the_table_says_is_raised_and_not_kept(
    validator: FolderHub,
    named: BaseRef,
    pointer: ModelRef,
    cache: ModelCache,
    limits: ModelLimits,
    change: dict[str, str],
    words: str,
):
    bring = partial(bring_base, validator, replace(named, **change), cache)
    with pytest.raises(BaseUnavailable, match=words):
        take_in(validator, pointer, HOTKEY, limits, cache, base=bring)
    assert list(cache.path(named.digest).parent.iterdir()) == []


def test_a_private_base_is_no_base_even_for_its_owner(named: BaseRef, cache: ModelCache, tmp_path: Path):
    owner = FolderHub(tmp_path / "hub", "owner")
    owner.set_visibility(named.repo, "model", private=True)
    with pytest.raises(BaseUnavailable, match="miners cannot train on it until it is public"):
        bring_base(owner, named, cache)


def test_a_base_that_vetting_refuses_is_raised(named: BaseRef, cache: ModelCache, tmp_path: Path):
    owner = FolderHub(tmp_path / "hub", "owner")
    revision = owner.upload_files(named.repo, "model", {"config.json": b"{}"}, message="spoilt")
    with pytest.raises(BaseUnavailable, match=r"is refused: architectures of config\.json"):
        bring_base(owner, replace(named, revision=revision), cache)


def test_the_sketch_of_a_base_is_that_of_its_vetting_and_holds_every_byte_against_the_digest(
    validator: FolderHub, named: BaseRef, cache: ModelCache, saved: Path, tmp_path: Path, limits: ModelLimits
):
    base, vetted = bring_base(validator, named, cache), vet(saved, tmp_path / "clean", limits)
    assert isinstance(vetted, Vetted)
    assert sketch_base(base) == vetted.sketch
    weights = base.folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(BaseDamaged, match="has not the digest"):
        sketch_base(base)
