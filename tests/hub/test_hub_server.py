"""What the local Hub answers to requests made by hand: ranges, wrong names, and everything it must refuse."""

import hashlib
import json
import threading

import pytest

from hub.huggingface import HuggingFaceHub
from tests.hub.asking import Answer, ask
from tests.hub.conftest import LocalHub

WEIGHTS = bytes(range(256)) * 4


def commit(hub: LocalHub, repo: str, *operations: dict[str, object], token: str | None, **header: str) -> Answer:
    lines = [{"key": "header", "value": {"summary": "by hand", **header}}, *operations]
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return ask(hub.endpoint, "POST", f"/api/models/{repo}/commit/main", token=token, body=body)


def batch(hub: LocalHub, repo: str, content: bytes, token: str) -> dict:
    item = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}
    body = json.dumps({"operation": "upload", "objects": [item]}).encode()
    answer = ask(hub.endpoint, "POST", f"/{repo}.git/info/lfs/objects/batch", token=token, body=body)
    return answer.json["objects"][0]


def large_file(content: bytes, path: str = "model.safetensors") -> dict[str, object]:
    oid = hashlib.sha256(content).hexdigest()
    return {"key": "lfsFile", "value": {"path": path, "algo": "sha256", "oid": oid, "size": len(content)}}


def outcome(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.headers.get("x-error-code")


@pytest.fixture
def repo(local_hub: LocalHub, request: pytest.FixtureRequest) -> str:
    """A public model of alice's with one large file, new for each test."""
    name = f"alice/{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]}"
    hub = HuggingFaceHub(local_hub.endpoint, local_hub.alice)
    hub.create(name, "model", private=False)
    hub.upload_files(name, "model", {"model.safetensors": WEIGHTS, "a b/ü.txt": b"text"}, message="first")
    return name


def test_a_range_is_served_with_the_headers_clients_need(local_hub, repo):
    path = f"/{repo}/resolve/main/model.safetensors"
    whole = ask(local_hub.endpoint, "HEAD", path)
    part = ask(local_hub.endpoint, "GET", path, headers={"Range": "bytes=250-259"})
    etag = f'"{hashlib.sha256(WEIGHTS).hexdigest()}"'
    names = ("content-length", "etag", "x-linked-size", "accept-ranges", "content-range")
    assert (whole.status, whole.body, [whole.headers.get(name) for name in names]) == (
        200,
        b"",
        ["1024", etag, "1024", "bytes", None],
    )
    assert (part.status, part.body, [part.headers.get(name) for name in names]) == (
        206,
        WEIGHTS[250:260],
        ["10", etag, "1024", "bytes", "bytes 250-259/1024"],
    )
    assert len(whole.headers["x-repo-commit"]) == 40


def test_a_range_beyond_the_end_is_refused(local_hub, repo):
    answer = ask(local_hub.endpoint, "GET", f"/{repo}/resolve/main/model.safetensors", headers={"Range": "bytes=1024-"})
    assert (answer.status, answer.headers["content-range"]) == (416, "bytes */1024")


@pytest.mark.parametrize("revision", ["main", "refs%2Fheads%2Fmain"])
def test_encoded_slashes_stay_inside_a_revision(local_hub, repo, revision):
    answer = ask(local_hub.endpoint, "GET", f"/{repo}/resolve/{revision}/a%20b/%C3%BC.txt")
    assert (answer.status, answer.body) == (200, b"text")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/models/{repo}/revision/v9", "RevisionNotFound"),
        ("/api/models/{repo}/tree/refs%2Fconvert%2Fparquet", "RevisionNotFound"),
        ("/api/models/{repo}/tree/main/absent", "EntryNotFound"),
        ("/{repo}/resolve/main/absent.txt", "EntryNotFound"),
        ("/{repo}/resolve/main/..%2F..%2Faccounts.sqlite", "EntryNotFound"),
        ("/{repo}/resolve/" + "0" * 40 + "/model.safetensors", "RevisionNotFound"),
        ("/api/models/alice/never-made", "RepoNotFound"),
        ("/api/models/gpt2", "RepoNotFound"),
        ("/gpt2/resolve/main/config.json", "RepoNotFound"),
        ("/api/spaces/{repo}", None),
    ],
)
def test_what_is_not_there_is_named_by_the_hubs_codes(local_hub, repo, path, code):
    answer = ask(local_hub.endpoint, "GET", path.format(repo=repo), token=local_hub.bob)
    assert outcome(answer) == (404, code)


def test_line_ends_in_a_name_never_become_a_header(local_hub, repo):
    answer = ask(local_hub.endpoint, "GET", f"/{repo}/resolve/main/a%0d%0aX-Evil:%201", token=local_hub.bob)
    shown = answer.headers["x-error-message"], answer.headers.get("x-evil")
    assert (outcome(answer), shown) == ((404, "EntryNotFound"), ("Entry not found: a??X-Evil: 1", None))


def test_a_token_of_nobody_is_refused_even_for_public_files(local_hub, repo):
    answer = ask(local_hub.endpoint, "GET", f"/{repo}/resolve/main/model.safetensors", token="hf_" + "0" * 40)
    assert (answer.status, answer.json) == (401, {"error": "Invalid credentials in Authorization header"})


def test_the_tree_lists_folders_and_files_level_by_level(local_hub, repo):
    top = ask(local_hub.endpoint, "GET", f"/api/models/{repo}/tree/main").json
    deep = ask(local_hub.endpoint, "GET", f"/api/models/{repo}/tree/main/a%20b?recursive=true&expand=true").json
    assert [(node["type"], node["path"], node["size"]) for node in top] == [
        ("file", ".gitattributes", top[0]["size"]),
        ("directory", "a b", 0),
        ("file", "model.safetensors", 1024),
    ]
    assert [(node["path"], node["oid"], node["lastCommit"]["title"]) for node in deep] == [
        ("a b/ü.txt", "f3a34851d44d6b97c90fbb99dd3d18c261b9a237", "first")
    ]


def test_asking_for_xet_names_the_remedy(local_hub, repo):
    first = ask(local_hub.endpoint, "GET", f"/api/models/{repo}/xet-write-token/main", token=local_hub.alice)
    path = first.headers["location"].removeprefix(local_hub.endpoint)
    answer = ask(local_hub.endpoint, "GET", path)
    named = ["HF_HUB_DISABLE_XET=1" in text for text in (path, answer.json["error"])]
    assert (first.status, answer.status, named) == (307, 404, [True, True])


def test_knowing_a_checksum_gives_nobody_the_file(local_hub, repo):
    bob = HuggingFaceHub(local_hub.endpoint, local_hub.bob)
    mine = repo.replace("alice/", "bob/")
    bob.create(mine, "model", private=False)
    known = commit(local_hub, mine, large_file(WEIGHTS), token=local_hub.bob)
    unknown = commit(local_hub, mine, large_file(b"nobody has this"), token=local_hub.bob)
    assert (known.status, unknown.status) == (400, 400)
    assert known.json["error"].replace(hashlib.sha256(WEIGHTS).hexdigest(), "…") == unknown.json["error"].replace(
        hashlib.sha256(b"nobody has this").hexdigest(), "…"
    )
    assert [file.path for file in bob.describe(mine, "model").files] == [".gitattributes"]


def test_every_user_must_send_a_file_even_if_the_hub_has_it(local_hub, repo):
    bob = HuggingFaceHub(local_hub.endpoint, local_hub.bob)
    mine = repo.replace("alice/", "bob/")
    bob.create(mine, "model", private=False)
    assert "actions" not in batch(local_hub, repo, WEIGHTS, local_hub.alice)
    address = batch(local_hub, mine, WEIGHTS, local_hub.bob)["actions"]["upload"]["href"]
    sent = ask(local_hub.endpoint, "PUT", address.removeprefix(local_hub.endpoint), body=WEIGHTS)
    assert (sent.status, commit(local_hub, mine, large_file(WEIGHTS), token=local_hub.bob).status) == (200, 200)


@pytest.mark.parametrize(
    ("spoil", "tail", "status"),
    [
        (("", ""), b"", 200),
        (("", ""), b"!", 400),
        (("size=", "size=1"), b"", 403),
        (("user=alice", "user=bob"), b"", 403),
        (("expires=", "expires=9"), b"", 403),
        (("?", "?unsigned&"), b"", 200),
        (("signature=", "signed="), b"", 403),
    ],
)
def test_only_what_was_announced_is_taken_at_a_signed_address(local_hub, repo, spoil, tail, status):
    content = repr((spoil, tail)).encode()
    address = batch(local_hub, repo, content, local_hub.alice)["actions"]["upload"]["href"].replace(*spoil)
    answer = ask(local_hub.endpoint, "PUT", address.removeprefix(local_hub.endpoint), body=content + tail)
    committed = commit(local_hub, repo, large_file(content), token=local_hub.alice)
    assert (answer.status, committed.status) == (status, 200 if status == 200 else 400)


def test_verify_tells_whether_the_callers_file_arrived(local_hub, repo):
    def arrived(token: str) -> int:
        body = json.dumps({"oid": hashlib.sha256(WEIGHTS).hexdigest(), "size": len(WEIGHTS)}).encode()
        return ask(local_hub.endpoint, "POST", f"/{repo}.git/info/lfs/verify", token=token, body=body).status

    assert (arrived(local_hub.alice), arrived(local_hub.bob)) == (200, 403)


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"key": "file", "value": {"path": "../up.txt", "content": "", "encoding": "base64"}}, 400),
        ({"key": "file", "value": {"path": "a.txt", "content": "not base64!", "encoding": "base64"}}, 400),
        ({"key": "file", "value": {"path": "model.safetensors/x", "content": "", "encoding": "base64"}}, 400),
        ({"key": "file", "value": {}}, 400),
        ({"key": "chmod", "value": {}}, 400),
        ({"value": {}}, 400),
        ({"key": "deletedFile", "value": {"path": "absent.txt"}}, 404),
        ({"key": "deletedFolder", "value": {"path": "a b"}}, 200),
        ({"key": "deletedFile", "value": {"path": "a b/ü.txt"}}, 200),
    ],
)
def test_a_commit_with_one_bad_operation_changes_nothing(local_hub, repo, operation, status):
    hub = HuggingFaceHub(local_hub.endpoint, local_hub.alice)
    before = [file.path for file in hub.describe(repo, "model").files]
    good = {"key": "file", "value": {"path": "good.txt", "content": "", "encoding": "base64"}}
    assert commit(local_hub, repo, good, operation, token=local_hub.alice).status == status
    after = [".gitattributes", "good.txt", "model.safetensors"] if status == 200 else before
    assert [file.path for file in hub.describe(repo, "model").files] == after


def test_a_commit_against_an_outdated_parent_is_refused(local_hub, repo):
    good = {"key": "file", "value": {"path": "good.txt", "content": "", "encoding": "base64"}}
    assert commit(local_hub, repo, good, token=local_hub.alice, parentCommit="0" * 40).status == 412


@pytest.mark.parametrize(("user", "status"), [("bob", 403), (None, 401)])
def test_commits_to_a_public_repository_of_another_are_refused(local_hub, repo, user, status):
    token = local_hub.bob if user else None
    good = {"key": "file", "value": {"path": "good.txt", "content": "", "encoding": "base64"}}
    assert commit(local_hub, repo, good, token=token).status == status


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/repos/create", b"not json"),
        ("POST", "/api/repos/create", b"[]"),
        ("POST", "/api/repos/create", b'{"name": "../x"}'),
        ("POST", "/api/repos/create", b'{"name": "x", "type": "space"}'),
        ("PUT", "/api/models/{repo}/settings", b'{"gated": "yes"}'),
        ("POST", "/api/repos/create", b"[" * 90_000),
        ("POST", "/api/models/{repo}/commit/main", b'{"key": "file", "value": ' + b"[" * 90_000),
        ("POST", "/api/models/{repo}/commit/main", b'{"key": "file"}'),
    ],
    ids=lambda value: value[:30] if isinstance(value, bytes) else None,
)
def test_malformed_requests_are_answered_with_400(local_hub, repo, method, path, body):
    answer = ask(local_hub.endpoint, method, path.format(repo=repo), token=local_hub.alice, body=body)
    assert answer.status == 400


def test_several_users_write_and_read_at_once(local_hub, repo):
    hub = HuggingFaceHub(local_hub.endpoint, local_hub.alice)
    failures = []

    def write(name: str) -> None:
        try:
            for turn in range(5):
                revision = hub.upload_files(repo, "model", {f"{name}.txt": f"{turn}".encode()}, message="turn")
                assert hub.read(repo, "model", revision, f"{name}.txt", max_bytes=9) == f"{turn}".encode()
        except Exception as error:  # noqa: BLE001 (a thread must hand its failure over)
            failures.append(error)

    threads = [threading.Thread(target=write, args=(f"writer-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len([file for file in hub.describe(repo, "model").files if file.path.startswith("writer-")]) == 4
