"""What every Hub promises, whichever technology answers: the folder, and the real client against the local server."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.large_files import ATTRIBUTES
from hub.port import CorruptDownload, Denied, HubError, InvalidName, NotFound, RepoFile, RepoInfo, TooLarge

WEIGHTS = bytes(range(256)) * 64
WEIGHTS_FILE = RepoFile("model.safetensors", 16384, "a1f259d4365ed4320c377ce26f5c8c56dcdc9a89e7b641bfd8eabfbbeac86654")
CONFIG_FILE = RepoFile("config.json", 2, None)
ATTRIBUTES_FILE = RepoFile(".gitattributes", len(ATTRIBUTES), None)
NO_COMMIT = "0" * 40


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "config.json").write_bytes(b"{}")
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "sub" / "empty.txt").write_bytes(b"")
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_user_is_known_by_name(open_hub):
    assert open_hub("alice").whoami() == "alice"


def test_a_visitor_has_no_name(open_hub):
    with pytest.raises(Denied):
        open_hub(None).whoami()


def test_a_new_repository_holds_only_its_attributes(open_hub, repo):
    alice = open_hub("alice")
    alice.create(repo, "model", private=True)
    info = alice.describe(repo, "model")
    assert info == RepoInfo(repo, "model", info.revision, True, (ATTRIBUTES_FILE,))


def test_creating_again_leaves_the_repository_as_it_is(open_hub, repo):
    alice = open_hub("alice")
    alice.create(repo, "model", private=True)
    before = alice.describe(repo, "model")
    alice.create(repo, "model", private=False)
    assert alice.describe(repo, "model") == before


def test_another_namespace_is_denied_even_when_the_repository_exists(open_hub, repo):
    open_hub("alice").create(repo, "model", private=False)
    with pytest.raises(Denied):
        open_hub("bob").create(repo, "model", private=False)


def test_model_and_dataset_of_one_name_are_two_repositories(open_hub, repo):
    alice = open_hub("alice")
    alice.create(repo, "model", private=False)
    with pytest.raises(NotFound):
        alice.describe(repo, "dataset")


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_an_uploaded_folder_is_described_with_sizes_and_checksums(open_hub, repo, model, kind):
    alice = open_hub("alice")
    alice.create(repo, kind, private=False)
    revision = alice.upload_folder(repo, kind, model, message="first")
    files = (ATTRIBUTES_FILE, CONFIG_FILE, WEIGHTS_FILE, RepoFile("sub/empty.txt", 0, None))
    assert open_hub(None).describe(repo, kind) == RepoInfo(repo, kind, revision, False, files)


def test_a_folder_may_go_below_a_path(open_hub, repo, model):
    alice = open_hub("alice")
    alice.create(repo, "model", private=False)
    revision = alice.upload_folder(repo, "model", model, message="first", to="a/b")
    paths = [file.path for file in alice.describe(repo, "model", revision).files]
    assert paths == [".gitattributes", "a/b/config.json", "a/b/model.safetensors", "a/b/sub/empty.txt"]


def test_working_copy_notes_are_not_uploaded(open_hub, repo, model):
    for name in (".git", ".cache"):
        (model / name).mkdir()
        (model / name / "note").write_text("mine")
    alice = open_hub("alice")
    alice.create(repo, "model", private=False)
    alice.upload_folder(repo, "model", model, message="first")
    assert len(alice.describe(repo, "model").files) == 4


def test_an_older_revision_stays_as_it_was(open_hub, repo):
    alice = open_hub("alice")
    alice.create(repo, "dataset", private=False)
    old = alice.upload_files(repo, "dataset", {"a.txt": b"1", "keep.txt": b"k"}, message="first")
    new = alice.upload_files(repo, "dataset", {"a.txt": b"22"}, message="second")
    assert {revision: alice.describe(repo, "dataset", revision).files for revision in (old, new)} == {
        old: (ATTRIBUTES_FILE, RepoFile("a.txt", 1, None), RepoFile("keep.txt", 1, None)),
        new: (ATTRIBUTES_FILE, RepoFile("a.txt", 2, None), RepoFile("keep.txt", 1, None)),
    }


def test_files_can_be_removed_in_the_commit_that_adds_others(open_hub, repo):
    alice = open_hub("alice")
    alice.create(repo, "dataset", private=False)
    old = alice.upload_files(repo, "dataset", {"b/1.txt": b"1", "b/2.txt": b"2"}, message="first")
    new = alice.upload_files(repo, "dataset", {"b/3.txt": b"3"}, message="second", remove=["b/1.txt"])
    paths = {
        revision: [file.path for file in alice.describe(repo, "dataset", revision).files] for revision in (old, new)
    }
    assert paths == {old: [".gitattributes", "b/1.txt", "b/2.txt"], new: [".gitattributes", "b/2.txt", "b/3.txt"]}
    assert open_hub(None).read(repo, "dataset", old, "b/1.txt", max_bytes=1) == b"1"


def test_nothing_is_committed_where_a_file_to_be_removed_is_not_there(open_hub, repo):
    alice = open_hub("alice")
    alice.create(repo, "dataset", private=False)
    before = alice.describe(repo, "dataset")
    with pytest.raises(NotFound):
        alice.upload_files(repo, "dataset", {"b/3.txt": b"3"}, message="second", remove=["c.txt"])
    with pytest.raises(InvalidName):
        alice.upload_files(repo, "dataset", {"b/3.txt": b"3"}, message="second", remove=["../b"])
    assert alice.describe(repo, "dataset") == before


def test_uploading_nothing_new_makes_no_revision(open_hub, repo, model):
    alice = open_hub("alice")
    alice.create(repo, "model", private=False)
    first = alice.upload_folder(repo, "model", model, message="first")
    assert alice.upload_folder(repo, "model", model, message="again") == first


def test_commits_at_the_same_time_all_count(open_hub, repo):
    alice = open_hub("alice")
    alice.create(repo, "model", private=False)
    with ThreadPoolExecutor(8) as pool:
        commits = [
            pool.submit(open_hub("alice").upload_files, repo, "model", {f"{n}.txt": b"%d" % n}, message="one")
            for n in range(8)
        ]
    assert len({commit.result() for commit in commits}) == 8
    assert [file.path for file in alice.describe(repo, "model").files] == [
        ".gitattributes",
        *(f"{n}.txt" for n in range(8)),
    ]


def test_fetch_brings_exactly_the_files_named_and_replaces_what_was_there(open_hub, repo, model, tmp_path):
    alice = open_hub("alice")
    alice.create(repo, "model", private=False)
    revision = alice.upload_folder(repo, "model", model, message="first")
    into = tmp_path / "into"
    into.mkdir()
    (into / "model.safetensors").write_bytes(b"old")
    open_hub(None).fetch(repo, "model", revision, ["model.safetensors", "sub/empty.txt"], into)
    assert files_in(into) == {"model.safetensors": WEIGHTS, "sub/empty.txt": b""}


def test_fetch_leaves_nothing_behind_when_one_file_is_missing(open_hub, repo, model, tmp_path):
    alice = open_hub("alice")
    alice.create(repo, "model", private=False)
    revision = alice.upload_folder(repo, "model", model, message="first")
    with pytest.raises(NotFound):
        alice.fetch(repo, "model", revision, ["config.json", "absent.bin"], tmp_path / "into")
    assert not (tmp_path / "into").exists() or files_in(tmp_path / "into") == {}


def test_fetch_refuses_what_is_too_much_before_the_first_byte(open_hub, repo, model, tmp_path):
    alice = open_hub("alice")
    alice.create(repo, "model", private=False)
    revision = alice.upload_folder(repo, "model", model, message="first")
    wanted, total = ["config.json", "model.safetensors"], len(WEIGHTS) + 2
    with pytest.raises(TooLarge, match=f"{total} bytes, over the {total - 1} allowed"):
        alice.fetch(repo, "model", revision, wanted, tmp_path / "into", max_bytes=total - 1)
    assert not (tmp_path / "into").exists()
    alice.fetch(repo, "model", revision, wanted, tmp_path / "into", max_bytes=total)
    assert files_in(tmp_path / "into") == {"config.json": b"{}", "model.safetensors": WEIGHTS}


def test_read_returns_the_content_of_the_revision_named(open_hub, repo):
    alice = open_hub("alice")
    alice.create(repo, "dataset", private=False)
    old = alice.upload_files(repo, "dataset", {"dir/ä b%2F?.txt": b"one"}, message="first")
    alice.upload_files(repo, "dataset", {"dir/ä b%2F?.txt": b"two"}, message="second")
    assert alice.read(repo, "dataset", old, "dir/ä b%2F?.txt", max_bytes=3) == b"one"


def test_read_stops_at_the_length_allowed(open_hub, repo):
    alice = open_hub("alice")
    alice.create(repo, "dataset", private=False)
    revision = alice.upload_files(repo, "dataset", {"a.txt": b"four"}, message="first")
    with pytest.raises(TooLarge):
        alice.read(repo, "dataset", revision, "a.txt", max_bytes=3)


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_a_part_of_a_file_comes_as_asked_for_from_the_revision_named(open_hub, repo, kind):
    alice = open_hub("alice")
    alice.create(repo, kind, private=False)
    large, small = "data/large é%2F.bin", "small.txt"
    old = alice.upload_files(repo, kind, {large: WEIGHTS * 300, small: b"0123456789"}, message="first")
    alice.upload_files(repo, kind, {large: b"new", small: b"new"}, message="second")
    visitor, size = open_hub(None), len(WEIGHTS) * 300
    asked = [(large, 1000, 3_000_001), (large, size - 8, size), (large, 0, 1), (small, 9, 10), (small, 0, 10)]
    parts = [b"".join(visitor.read_range(repo, kind, old, path, start, stop)) for path, start, stop in asked]
    whole = {large: WEIGHTS * 300, small: b"0123456789"}
    assert parts == [whole[path][start:stop] for path, start, stop in asked]


@pytest.mark.parametrize(("start", "stop"), [(4, 11), (10, 11), (50, 60)])
def test_a_part_beyond_a_files_end_is_no_part(open_hub, repo, start, stop):
    alice = open_hub("alice")
    alice.create(repo, "dataset", private=False)
    revision = alice.upload_files(repo, "dataset", {"a.txt": b"0123456789"}, message="first")
    with pytest.raises(CorruptDownload):
        b"".join(alice.read_range(repo, "dataset", revision, "a.txt", start, stop))


def test_a_part_of_what_is_not_there_or_not_for_all_is_not_found(open_hub, repo):
    alice, visitor = open_hub("alice"), open_hub(None)
    alice.create(repo, "dataset", private=False)
    revision = alice.upload_files(repo, "dataset", {"a.txt": b"0123456789"}, message="first")
    for asked in [(revision, "b.txt"), (NO_COMMIT, "a.txt")]:
        with pytest.raises(NotFound):
            next(visitor.read_range(repo, "dataset", *asked, 0, 1))
    alice.set_gated(repo, "dataset", gated=True)
    with pytest.raises(NotFound):
        next(visitor.read_range(repo, "dataset", revision, "a.txt", 0, 1))
    alice.set_gated(repo, "dataset", gated=False)
    alice.set_visibility(repo, "dataset", private=True)
    with pytest.raises(NotFound):
        next(visitor.read_range(repo, "dataset", revision, "a.txt", 0, 1))


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (-1, 5), (5, 4)])
def test_a_part_without_bytes_is_refused_before_any_request(open_hub, start, stop):
    with pytest.raises(ValueError, match="no part of a file"):
        next(open_hub(None).read_range("alice/absent", "dataset", NO_COMMIT, "a.txt", start, stop))


@pytest.mark.parametrize("visitor", ["bob", None])
def test_a_private_repository_looks_missing_to_others_until_it_goes_public(open_hub, repo, visitor, tmp_path):
    alice, other = open_hub("alice"), open_hub(visitor)
    alice.create(repo, "model", private=True)
    revision = alice.upload_files(repo, "model", {"a.txt": b"secret"}, message="first")
    with pytest.raises(NotFound):
        other.describe(repo, "model", revision)
    with pytest.raises(NotFound):
        other.read(repo, "model", revision, "a.txt", max_bytes=10)
    with pytest.raises(NotFound):
        other.fetch(repo, "model", revision, ["a.txt"], tmp_path)
    alice.set_visibility(repo, "model", private=False)
    assert other.read(repo, "model", revision, "a.txt", max_bytes=10) == b"secret"


def test_a_repository_can_be_hidden_again(open_hub, repo):
    alice = open_hub("alice")
    alice.create(repo, "model", private=False)
    alice.set_visibility(repo, "model", private=True)
    with pytest.raises(NotFound):
        open_hub("bob").describe(repo, "model")


@pytest.mark.parametrize("visitor", ["bob", None])
def test_a_gated_repository_is_described_to_all_and_read_by_those_granted(open_hub, repo, visitor, tmp_path):
    alice, other = open_hub("alice"), open_hub(visitor)
    alice.create(repo, "dataset", private=False)
    revision = alice.upload_files(repo, "dataset", {"a.txt": b"gated"}, message="first")
    alice.set_gated(repo, "dataset", gated=True)
    assert [hub.describe(repo, "dataset").gated for hub in (alice, other)] == [True, True]
    with pytest.raises(NotFound):
        other.read(repo, "dataset", revision, "a.txt", max_bytes=10)
    with pytest.raises(NotFound):
        other.fetch(repo, "dataset", revision, ["a.txt"], tmp_path / "into")
    alice.grant(repo, "dataset", "bob")
    alice.grant(repo, "dataset", "bob")
    assert open_hub("bob").read(repo, "dataset", revision, "a.txt", max_bytes=10) == b"gated"
    assert alice.read(repo, "dataset", revision, "a.txt", max_bytes=10) == b"gated"
    alice.set_gated(repo, "dataset", gated=False)
    assert other.read(repo, "dataset", revision, "a.txt", max_bytes=10) == b"gated"


def test_what_is_not_gated_cannot_be_granted(open_hub, repo):
    alice = open_hub("alice")
    alice.create(repo, "model", private=False)
    with pytest.raises(HubError, match="not gated"):
        alice.grant(repo, "model", "bob")


@pytest.mark.parametrize("visitor", ["bob", None])
def test_only_the_owner_may_change_a_public_repository(open_hub, repo, visitor):
    open_hub("alice").create(repo, "model", private=False)
    other = open_hub(visitor)
    with pytest.raises(Denied):
        other.upload_files(repo, "model", {"a.txt": b"mine"}, message="first")
    with pytest.raises(Denied):
        other.set_visibility(repo, "model", private=True)
    with pytest.raises(Denied):
        other.set_gated(repo, "model", gated=True)
    with pytest.raises(Denied):
        other.grant(repo, "model", "bob")


def test_writing_to_a_hidden_or_missing_repository_says_it_is_not_there(open_hub, repo, model):
    bob = open_hub("bob")
    with pytest.raises(NotFound):
        bob.upload_folder(repo, "model", model, message="first")
    open_hub("alice").create(repo, "model", private=True)
    with pytest.raises(NotFound):
        bob.set_visibility(repo, "model", private=False)


def test_unknown_repositories_revisions_and_files_are_not_found(open_hub, repo):
    alice = open_hub("alice")
    with pytest.raises(NotFound):
        alice.describe(repo, "model")
    alice.create(repo, "model", private=False)
    revision = alice.describe(repo, "model").revision
    with pytest.raises(NotFound):
        alice.describe(repo, "model", NO_COMMIT)
    with pytest.raises(NotFound):
        alice.read(repo, "model", NO_COMMIT, "a.txt", max_bytes=10)
    with pytest.raises(NotFound):
        alice.read(repo, "model", revision, "a.txt", max_bytes=10)


@pytest.mark.parametrize("name", ["model", "a/b/c", "../x", "alice/", "alice/a--b", "alice/.x", "alice/x.git", "é/x"])
def test_impossible_repository_names_are_refused(open_hub, name):
    with pytest.raises(InvalidName):
        open_hub("alice").describe(name, "model")


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../x", "a//b", "./a", ".git/config", "a\\b", "a\0b"])
def test_paths_that_lead_elsewhere_are_refused(open_hub, repo, path, tmp_path):
    alice = open_hub("alice")
    alice.create(repo, "model", private=False)
    revision = alice.describe(repo, "model").revision
    with pytest.raises(InvalidName):
        alice.upload_files(repo, "model", {path: b""}, message="first")
    with pytest.raises(InvalidName):
        alice.fetch(repo, "model", revision, [path], tmp_path)
    with pytest.raises(InvalidName):
        alice.read(repo, "model", revision, path, max_bytes=1)
    with pytest.raises(InvalidName):
        next(alice.read_range(repo, "model", revision, path, 0, 1))


@pytest.mark.parametrize("revision", ["main", "abc123", NO_COMMIT.upper() + "0", ""])
def test_a_download_needs_a_pinned_revision(open_hub, repo, revision):
    alice = open_hub("alice")
    alice.create(repo, "model", private=False)
    with pytest.raises(InvalidName):
        alice.read(repo, "model", revision, ".gitattributes", max_bytes=1)
    with pytest.raises(InvalidName):
        next(alice.read_range(repo, "model", revision, ".gitattributes", 0, 1))
