"""The miner's side: what leaves the machine is the vetted form and nothing else, and its digest is the Hub's."""

import json
from pathlib import Path

import pytest

from hub.folder import FolderHub
from hub.port import NotFound
from models.limits import ModelLimits
from models.publishing import PublishedModel, RepositoryIsPublic, prepare, publish
from models.rejections import Reason, Rejection
from models.vetting import Vetted, vet

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
