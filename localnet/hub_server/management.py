"""Who one is, and making, changing and deleting repositories."""

from starlette.responses import JSONResponse, Response

from hub.gates import MODES
from hub.names import split_repo
from hub.port import InvalidName, RepoKind
from localnet.hub_server.calls import Call
from localnet.hub_server.problems import Problem, forbidden, hidden


def whoami(call: Call) -> Response:
    """GET /api/whoami-v2"""
    name = call.signed_in()
    token = {"displayName": "local", "role": "write"}
    return JSONResponse(
        {"type": "user", "id": name, "name": name, "fullname": name, "orgs": [], "auth": {"accessToken": token}}
    )


def create(call: Call) -> Response:
    """POST /api/repos/create"""
    user, wish = call.signed_in(), call.document()
    repo, kind = _named(call)
    if split_repo(repo)[0] != user:
        raise forbidden(f"You don't have the rights to create a {kind} under the namespace of {repo}")
    private = wish.get("visibility", "private" if wish.get("private") else "public") == "private"
    url = call.page(repo, kind)
    if not call.store.archive.create(repo, kind, private=private, author=user):
        raise Problem(409, f"You already created this {kind} repo", url=url)
    return JSONResponse({"url": url, "name": repo, "id": repo})


def delete(call: Call) -> Response:
    """DELETE /api/repos/delete"""
    user = call.signed_in()
    repo, kind = _named(call)
    found = call.store.archive.find(repo, kind)
    if found is None or (found.private and found.owner != user):
        raise hidden(user)
    if found.owner != user:
        raise forbidden(f"You don't have the rights to delete {repo}")
    call.store.delete(found)
    return JSONResponse({})


def settings(call: Call) -> Response:
    """PUT /api/{kinds}/{namespace}/{name}/settings"""
    repository, wish = call.writable(), call.document()
    gate = wish.get("gated", False)
    if gate is not False and gate not in MODES:
        raise Problem(400, f"gated must be false or one of {', '.join(MODES)}")
    private = wish.get("visibility") == "private" if "visibility" in wish else wish.get("private")
    if private is not None:
        call.store.archive.set_private(repository, bool(private))
    if "gated" in wish:
        call.store.archive.gates.set(repository, gate or None)
    return JSONResponse({"private": private, "gated": call.store.archive.gates.mode(repository) or False})


def validate_yaml(_call: Call) -> Response:
    """POST /api/validate-yaml: any README.md will do here."""
    return JSONResponse({"errors": [], "warnings": []})


def _named(call: Call) -> tuple[str, RepoKind]:
    wish = call.document()
    kind: RepoKind = "dataset" if wish.get("type") == "dataset" else "model"
    if wish.get("type") not in (None, "model", "dataset"):
        raise Problem(400, f"This Hub keeps models and datasets, no {wish.get('type')}")
    repo = f"{wish.get('organization') or call.user}/{wish.get('name')}"
    try:
        split_repo(repo)
    except InvalidName as error:
        raise Problem(400, str(error)) from error
    return repo, kind
