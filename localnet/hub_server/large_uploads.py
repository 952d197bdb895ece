"""Large files coming in: which way a file goes, signed addresses to send it to, and the sending itself.

The client sends the bytes without its token, so the address says who may send what until when, and is signed.
"""

import time
from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from hub.large_files import is_large
from localnet.hub_server.calls import Call
from localnet.hub_server.problems import Problem, forbidden
from localnet.hub_server.quota import Allowance, QuotaExceeded
from localnet.hub_server.store import HubStore

_LFS_JSON = "application/vnd.git-lfs+json"
_ADDRESS_LIFE_S = 6 * 3600
NO_XET_PATH = "/this-Hub-has-no-Xet/set-HF_HUB_DISABLE_XET=1"
_NO_XET = (
    "This Hub has no Xet storage. Set HF_HUB_DISABLE_XET=1 before Python starts, and the client uploads by git LFS."
)


def preupload(call: Call) -> Response:
    """POST /api/{kinds}/{namespace}/{name}/preupload/{revision}: regular or large, and what is there already."""
    _, entries = call.entries(call.writable())
    files = []
    for file in call.document().get("files", []):
        large = is_large(file["path"], file["size"])
        there = entries.get(file["path"])
        oid = None if there is None else there.sha256 if there.large else there.git_sha1
        mode = "lfs" if large else "regular"
        files.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return JSONResponse({"files": files})


def batch(call: Call) -> Response:
    """POST /[datasets/]{namespace}/{name}.git/info/lfs/objects/batch: where to send each file not yet sent."""
    repository, user, wish = call.writable(), call.signed_in(), call.document()
    allowance = call.store.allowance(user)
    if wish.get("operation") != "upload":
        raise Problem(422, "This Hub serves downloads by /resolve, not by git LFS")
    objects = []
    for item in wish.get("objects", []):
        oid, size = str(item["oid"]), int(item["size"])
        taking(allowance, oid, size)
        actions = {
            "upload": {"href": _address(call, user, oid, size)},
            "verify": {"href": f"{call.page(repository.repo, repository.kind)}.git/info/lfs/verify"},
        }
        sent = call.store.accounts.has_uploaded(user, oid)
        objects.append({"oid": oid, "size": size} | ({} if sent else {"actions": actions}))
    return JSONResponse({"transfer": "basic", "objects": objects}, media_type=_LFS_JSON)


def taking(allowance: Allowance, sha256: str, size: int) -> None:
    """Count a file of the caller's. Raises Problem beyond the caller's quota."""
    try:
        allowance.take(sha256, size)
    except QuotaExceeded as error:
        raise forbidden(str(error)) from error


def verify(call: Call) -> Response:
    """POST /[datasets/]{namespace}/{name}.git/info/lfs/verify: whether the caller's file has arrived."""
    call.writable()
    oid = str(call.document().get("oid"))
    if not call.store.accounts.has_uploaded(call.signed_in(), oid):
        raise Problem(404, f"You have not uploaded {oid}")
    return JSONResponse({}, media_type=_LFS_JSON)


def no_xet(call: Call) -> Response:
    """GET /api/{kinds}/{namespace}/{name}/xet-{read,write}-token/{revision}

    The client shows nothing of a refusal but the address that refused, so it is led to one that names the remedy."""
    call.readable()
    return RedirectResponse(f"{call.base}{NO_XET_PATH}")


def without_xet(_call: Call) -> Response:
    """GET NO_XET_PATH"""
    raise Problem(404, _NO_XET)


async def receive(request: Request, store: HubStore) -> Response:
    """PUT /lfs/{oid}?user=…&size=…&expires=…&signature=…: the bytes, checked while they arrive."""
    oid, announced = request.path_params["oid"], request.query_params
    user, text = announced.get("user", ""), _signed_text(oid, announced)
    if not store.accounts.signed(text, announced.get("signature", "")) or int(announced["expires"]) < time.time():
        raise Problem(403, "This upload address is not valid (any more); ask the batch endpoint for a new one")
    size = int(announced["size"])
    with store.archive.blobs.incoming() as blob:
        # Written on the event loop: a chunk is small, and handing each to a thread costs more than writing it.
        async for chunk in request.stream():
            blob.write(chunk)
            if blob.size > size:
                break
        if (blob.size, blob.sha256) != (size, oid):
            raise Problem(400, f"Got {blob.size} bytes with sha256 {blob.sha256}, announced were {size} with {oid}")
        # once more: several files may have been announced before the first of them was here
        taking(await run_in_threadpool(store.allowance, user), oid, size)
        blob.keep()
    await run_in_threadpool(store.accounts.note_upload, user, oid)
    return Response()


def _address(call: Call, user: str, oid: str, size: int) -> str:
    announced = {"user": user, "size": str(size), "expires": str(int(time.time()) + _ADDRESS_LIFE_S)}
    signature = call.store.accounts.sign(_signed_text(oid, announced))
    return f"{call.base}/lfs/{oid}?{urlencode({**announced, 'signature': signature})}"


def _signed_text(oid: str, announced: Mapping[str, str]) -> str:
    return "\n".join([oid, *(announced.get(key, "") for key in ("user", "size", "expires"))])
