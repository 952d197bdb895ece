"""Gated repositories: asking for access, deciding, and saying who was let in."""

from starlette.responses import JSONResponse, Response

from hub.gates import ANSWERS, AccessRequest, Answer
from hub.repository import Repository
from localnet.hub_server.calls import Call
from localnet.hub_server.listing import Document, stamp
from localnet.hub_server.problems import Problem


def check(call: Call) -> Response:
    """GET /api/{kinds}/{namespace}/{name}/auth-check: whether the caller may read the files."""
    call.admitted()
    return JSONResponse({})


def ask(call: Call) -> Response:
    """POST /[datasets/]{namespace}/{name}/ask-access: what the button of the web page does."""
    repository, user = call.readable(), call.signed_in()
    _require_gate(call, repository)
    return JSONResponse({"status": call.store.archive.gates.ask(repository, user)})


def requests(call: Call) -> Response:
    """GET /api/{kinds}/{namespace}/{name}/user-access-request/{answer}, for the owner."""
    repository = call.writable()
    _require_gate(call, repository)
    found = call.store.archive.gates.requests(repository, _answer(call.params["answer"]))
    return JSONResponse([_request(one) for one in found])


def grant(call: Call) -> Response:
    """POST /api/{kinds}/{namespace}/{name}/user-access-request/grant {user}"""
    repository, user = call.writable(), _user(call)
    _require_gate(call, repository)
    if call.store.archive.gates.answer(repository, user) == "accepted":
        raise Problem(400, f"{user} already has access")
    call.store.archive.gates.decide(repository, user, "accepted")
    return JSONResponse({"granted": True})


def handle(call: Call) -> Response:
    """POST /api/{kinds}/{namespace}/{name}/user-access-request/handle {user, status}: answer a request."""
    repository, user = call.writable(), _user(call)
    _require_gate(call, repository)
    answer, before = _answer(call.document().get("status")), call.store.archive.gates.answer(repository, user)
    if before is None:
        raise Problem(404, f"{user} has not asked for access")
    if before == answer:
        raise Problem(404, f"{user}'s request is {answer} already")
    call.store.archive.gates.decide(repository, user, answer)
    return JSONResponse({"status": answer})


def _require_gate(call: Call, repository: Repository) -> None:
    if call.store.archive.gates.mode(repository) is None:
        raise Problem(400, f"{repository.repo} is not gated")


def _answer(word: object) -> Answer:
    answer = next((answer for answer in ANSWERS if answer == word), None)
    if answer is None:
        raise Problem(400, f"{str(word)[:80]!r} is no answer; known are {', '.join(ANSWERS)}")
    return answer


def _user(call: Call) -> str:
    wish = call.document()
    user = str(wish.get("user") or wish.get("requestId"))
    if not call.store.accounts.has(user):
        raise Problem(404, f"Nobody is called {user[:80]!r} at this Hub")
    return user


def _request(one: AccessRequest) -> Document:
    user = {"user": one.user, "fullname": one.user, "email": None}
    return {"requestId": one.user, "user": user, "status": one.answer, "timestamp": stamp(one.made)}
