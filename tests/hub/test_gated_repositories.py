"""Gated repositories over HTTP: what everybody, who was let in, and the owner may do."""

import json

import pytest

from hub.huggingface import HuggingFaceHub
from hub.port import HubError, NotFound
from tests.hub.asking import Answer, ask
from tests.hub.conftest import LocalHub


@pytest.fixture
def repo(local_hub: LocalHub, request: pytest.FixtureRequest) -> str:
    """A gated model of alice's, new for each test."""
    name = f"alice/gated-{abs(hash(request.node.nodeid))}"
    hub = HuggingFaceHub(local_hub.endpoint, local_hub.alice)
    hub.create(name, "model", private=False)
    hub.upload_files(name, "model", {"weights.bin": b"gated", "config.json": b"{}"}, message="first")
    hub.set_gated(name, "model", gated=True)
    return name


def post(hub: LocalHub, path: str, token: str | None, **body: str) -> Answer:
    return ask(hub.endpoint, "POST", path, token=token, body=json.dumps(body).encode())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("file", ["weights.bin", "config.json"])
@pytest.mark.parametrize(("user", "status"), [(None, 401), ("bob", 403), ("alice", 200)])
def test_files_are_kept_from_those_not_let_in(local_hub, repo, method, file, user, status):
    token = getattr(local_hub, user) if user else None
    answer = ask(local_hub.endpoint, method, f"/{repo}/resolve/main/{file}", token=token)
    code = None if status == 200 else "GatedRepo"
    assert (answer.status, answer.headers.get("x-error-code")) == (status, code)


def test_everybody_may_list_what_is_gated(local_hub, repo):
    info = HuggingFaceHub(local_hub.endpoint, None).describe(repo, "model")
    assert (info.gated, [file.path for file in info.files]) == (True, [".gitattributes", "config.json", "weights.bin"])


def test_a_private_repository_stays_hidden_also_from_those_let_in(local_hub, repo):
    alice = HuggingFaceHub(local_hub.endpoint, local_hub.alice)
    alice.grant(repo, "model", "bob")
    alice.set_visibility(repo, "model", private=True)
    with pytest.raises(NotFound):
        HuggingFaceHub(local_hub.endpoint, local_hub.bob).describe(repo, "model")


def test_a_request_is_listed_for_the_owner_and_answered(local_hub, repo):
    asked = post(local_hub, f"/{repo}/ask-access", local_hub.bob).json
    listed = ask(
        local_hub.endpoint, "GET", f"/api/models/{repo}/user-access-request/pending", token=local_hub.alice
    ).json
    handled = post(
        local_hub, f"/api/models/{repo}/user-access-request/handle", local_hub.alice, user="bob", status="accepted"
    )
    read = ask(local_hub.endpoint, "GET", f"/{repo}/resolve/main/weights.bin", token=local_hub.bob)
    assert (asked, [one["user"]["user"] for one in listed], handled.status, read.body) == (
        {"status": "pending"},
        ["bob"],
        200,
        b"gated",
    )


def test_an_access_can_be_taken_back(local_hub, repo):
    HuggingFaceHub(local_hub.endpoint, local_hub.alice).grant(repo, "model", "bob")
    handle = f"/api/models/{repo}/user-access-request/handle"
    assert post(local_hub, handle, local_hub.alice, user="bob", status="pending").status == 200
    assert ask(local_hub.endpoint, "GET", f"/{repo}/resolve/main/config.json", token=local_hub.bob).status == 403


@pytest.mark.parametrize(
    ("path", "user", "body", "status"),
    [
        ("/api/models/{repo}/user-access-request/grant", "bob", {"user": "bob"}, 403),
        ("/api/models/{repo}/user-access-request/grant", None, {"user": "bob"}, 401),
        ("/api/models/{repo}/user-access-request/grant", "alice", {"user": "nobody"}, 404),
        ("/api/models/{repo}/user-access-request/handle", "alice", {"user": "bob", "status": "accepted"}, 404),
        ("/api/models/{repo}/user-access-request/handle", "alice", {"user": "bob", "status": "perhaps"}, 400),
        ("/api/models/{repo}/user-access-request/handle", "bob", {"user": "bob", "status": "accepted"}, 403),
        ("/{repo}/ask-access", None, {}, 401),
    ],
)
def test_only_the_owner_decides_and_only_about_users_who_asked(local_hub, repo, path, user, body, status):
    token = getattr(local_hub, user) if user else None
    assert post(local_hub, path.format(repo=repo), token, **body).status == status


@pytest.mark.parametrize(("user", "status"), [("bob", 403), (None, 401)])
def test_only_the_owner_sees_who_asked(local_hub, repo, user, status):
    token = getattr(local_hub, user) if user else None
    path = f"/api/models/{repo}/user-access-request/accepted"
    assert ask(local_hub.endpoint, "GET", path, token=token).status == status


def test_what_is_not_gated_has_nothing_to_grant(local_hub, repo):
    alice = HuggingFaceHub(local_hub.endpoint, local_hub.alice)
    alice.set_gated(repo, "model", gated=False)
    with pytest.raises(HubError, match="not gated"):
        alice.grant(repo, "model", "bob")
    assert post(local_hub, f"/{repo}/ask-access", local_hub.bob).status == 400
    assert ask(local_hub.endpoint, "GET", f"/{repo}/resolve/main/weights.bin").body == b"gated"
