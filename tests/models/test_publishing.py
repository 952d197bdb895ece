"""The miner's side: what leaves the machine is the vetted form and nothing else, and its digest is the Hub's."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hub.folder import FolderHub
from hub.port import NotFound
from models.bases import Base
from models.limits import ModelLimits
from models.publishing import PublishedModel, RepositoryIsPublic, prepare, publish
from models.rejections import Reason, Rejection
from models.vetting import Vetted, vet
from tests.models.lora import MODULES

REPO = "alice/model"


@pytest.fixture
def alice(tmp_path: Path) -> FolderHub:
    return FolderHub(tmp_path / "hub", "alice")


@pytest.fixture
def trained(honest: Path) -> Path:
    """The honest model as a Trainer leaves it: among checkpoints, pickles and notes with paths."""
    (honest / "checkpoint-10").mkdir()
    (honest / "checkpoint-10" / "optimizer.pt").write_bytes(b"pickle")
    (honest / "training_args.bin").write_bytes(b"pickle")
    (honest / "README.md").write_text("base_model: /home/alice/secret")
    config = json.loads((honest / "config.json").read_text())
    (honest / "config.json").write_text(json.dumps({**config, "_name_or_path": "/home/alice/secret"}))
    return honest


def test_preparing_says_what_vetting_will_say(trained: Path, saved: Path, tmp_path: Path, limits: ModelLimits):
    before = sorted(trained.rglob("*"))
    assert prepare(trained, limits) == vet(saved, tmp_path / "clean", limits)
    assert sorted(trained.rglob("*")) == before


def test_only_the_clean_form_is_uploaded_to_a_private_repository(trained: Path, alice: FolderHub, tmp_path: Path):
    published = publish(alice, REPO, trained)
    assert isinstance(published, PublishedModel)
    info = alice.describe(REPO, "model", published.revision)
    names = [file.path for file in info.files if file.path != ".gitattributes"]
    assert (names, info.private) == (
        ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"],
        True,
    )
    alice.fetch(REPO, "model", published.revision, names, tmp_path / "seen")
    assert [name for name in names if b"secret" in (tmp_path / "seen" / name).read_bytes()] == []


def test_the_digest_is_that_of_the_download(trained: Path, alice: FolderHub, limits: ModelLimits):
    prepared, published = prepare(trained, limits), publish(alice, REPO, trained, limits)
    assert isinstance(prepared, Vetted)
    assert isinstance(published, PublishedModel)
    assert (published.repo, published.digest) == (REPO, prepared.digest)


def test_publishing_again_gives_the_same_digest(trained: Path, alice: FolderHub):
    first, second = publish(alice, REPO, trained), publish(alice, REPO, trained)
    assert getattr(first, "digest", 1) == getattr(second, "digest", 2)


def test_a_folder_of_links_is_followed(saved: Path, tmp_path: Path, limits: ModelLimits):
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    for file in saved.iterdir():
        (snapshot / file.name).symlink_to(file)
    assert prepare(snapshot, limits) == prepare(saved, limits)


def test_a_refused_model_is_not_uploaded(trained: Path, alice: FolderHub, limits: ModelLimits):
    config = json.loads((trained / "config.json").read_text())
    (trained / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "m.M"}}))
    refused = publish(alice, REPO, trained, limits)
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused) == (Reason.CONFIG, prepare(trained, limits))
    with pytest.raises(NotFound):
        alice.describe(REPO, "model")


def test_a_model_whose_clean_form_is_too_large_is_refused_before_it_is_uploaded(
    saved: Path, alice: FolderHub, tmp_path: Path, limits: ModelLimits
):
    given, clean = tmp_path / "given", tmp_path / "clean"
    vet(saved, clean, limits)
    given.mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (given / name).write_bytes((clean / name).read_bytes())
    (given / "config.json").write_text(json.dumps(json.loads((clean / "config.json").read_text())))  # on one line
    tight = replace(limits, max_repo_bytes=sum(file.stat().st_size for file in given.iterdir()))
    assert isinstance(vet(given, tmp_path / "again", tight), Vetted)
    refused = publish(alice, REPO, given, tight)
    assert isinstance(refused, Rejection)
    assert refused == prepare(given, tight) == vet(clean, tmp_path / "judged", tight)
    with pytest.raises(NotFound):
        alice.describe(REPO, "model")


def test_a_public_repository_is_not_published_to(trained: Path, alice: FolderHub):
    alice.create(REPO, "model", private=False)
    with pytest.raises(RepositoryIsPublic, match="name a new repository"):
        publish(alice, REPO, trained)
    assert [file.path for file in alice.describe(REPO, "model").files if file.path == "model.safetensors"] == []


def test_what_stood_in_the_repository_before_is_refused_like_by_a_validator(trained: Path, alice: FolderHub):
    alice.create(REPO, "model", private=True)
    alice.upload_files(REPO, "model", {"pytorch_model.bin": b"pickle"}, message="earlier")
    detail = "'pytorch_model.bin' is no file that a model needs; remove it from the repository"
    assert publish(alice, REPO, trained) == Rejection(Reason.PATH, detail)


@pytest.fixture
def adapted(lora: Path) -> Path:
    """An adapter as a Trainer leaves it: with a path in its config, its tokenizer, pickles and notes."""
    config = json.loads((lora / "adapter_config.json").read_text())
    config |= {"base_model_name_or_path": "/home/alice/secret", "auto_mapping": {"parent_library": "secret"}}
    (lora / "adapter_config.json").write_text(json.dumps(config))
    (lora / "README.md").write_text("base_model: /home/alice/secret")
    (lora / "tokenizer.json").write_text("{}")
    (lora / "optimizer.pt").write_bytes(b"pickle")
    return lora


def test_of_an_adapter_its_factors_and_a_config_of_ours_are_uploaded(
    adapted: Path, base: Base, alice: FolderHub, limits: ModelLimits, tmp_path: Path
):
    before = {file.name: file.read_bytes() for file in adapted.iterdir()}
    prepared, published = prepare(adapted, limits, lambda: base), publish(alice, REPO, adapted, limits, lambda: base)
    assert isinstance(prepared, Vetted)
    assert isinstance(published, PublishedModel)
    assert published.digest == prepared.digest
    names = [file.path for file in alice.describe(REPO, "model").files if file.path != ".gitattributes"]
    assert names == ["adapter_config.json", "adapter_model.safetensors"]
    alice.fetch(REPO, "model", published.revision, names, tmp_path / "seen")
    config = json.loads((tmp_path / "seen" / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == (base.ref.repo, base.ref.revision)
    assert (config["target_modules"], "secret" in str(config)) == (sorted(MODULES), False)
    assert {file.name: file.read_bytes() for file in adapted.iterdir()} == before


def test_an_adapter_for_another_repository_is_not_taken_for_the_bases(
    lora: Path, base: Base, alice: FolderHub, limits: ModelLimits
):
    config = json.loads((lora / "adapter_config.json").read_text()) | {"base_model_name_or_path": "mallory/base"}
    (lora / "adapter_config.json").write_text(json.dumps(config))
    assert getattr(publish(alice, REPO, lora, limits, lambda: base), "reason", None) is Reason.PATH


def test_a_folder_with_both_a_model_and_an_adapter_is_one_of_two(
    trained: Path, lora: Path, base: Base, limits: ModelLimits
):
    for file in lora.iterdir():
        (trained / file.name).write_bytes(file.read_bytes())
    detail = "the repository has model.safetensors beside adapter_config.json; remove one of the two"
    assert prepare(trained, limits, lambda: base) == Rejection(Reason.WEIGHTS, detail)
    assert isinstance(prepare(trained, limits), Vetted)


def test_an_adapter_where_none_may_be_entered_is_refused_like_by_a_validator(
    lora: Path, tmp_path: Path, limits: ModelLimits
):
    refused = prepare(lora, limits)
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused) == (Reason.PATH, vet(lora, tmp_path / "clean", limits))
