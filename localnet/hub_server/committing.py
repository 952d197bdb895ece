"""Commits: one JSON document a line, each stored as it arrives, applied together at the end."""

import base64
import binascii
import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.large_files import REGULAR_LIMIT_BYTES
from hub.port import InvalidName
from hub.repository import Entry, MissingFile, Removal, StaleParent
from localnet.hub_server.calls import Call, call_of
from localnet.hub_server.large_uploads import taking
from localnet.hub_server.problems import Problem, no_revision
from localnet.hub_server.quota import Allowance
from localnet.hub_server.store import HubStore
from models.strict_json import BadJson, parse_object

_MAX_LINE_BYTES = 2 * REGULAR_LIMIT_BYTES


async def commit(request: Request, store: HubStore) -> Response:
    """POST /api/{kinds}/{namespace}/{name}/commit/{revision}"""
    call = await run_in_threadpool(_permitted, request, store)
    allowance = await run_in_threadpool(store.allowance, call.signed_in())
    header: Mapping[str, Any] = {}
    changes: list[Entry | Removal] = []
    async for line in _lines(request):
        key, value = _parsed(line)
        if key == "header":
            header = value
        else:
            changes.append(await run_in_threadpool(_change, call, allowance, key, value))
    return await run_in_threadpool(_committed, call, header, changes)


def _permitted(request: Request, store: HubStore) -> Call:
    call = call_of(request, store)
    call.writable()
    if call.params["revision"] not in ("main", "refs/heads/main"):
        raise no_revision(call.params["revision"])
    if call.query.get("create_pr"):
        raise Problem(400, "This Hub has no pull requests; commit to main")
    return call


async def _lines(request: Request) -> AsyncIterator[bytes]:
    rest = bytearray()
    async for chunk in request.stream():
        rest += chunk
        if b"\n" in chunk:
            *whole, rest = rest.split(b"\n")
            for line in filter(bytes.strip, map(bytes, whole)):
                yield line
        if len(rest) > _MAX_LINE_BYTES:
            raise Problem(413, f"A file over {REGULAR_LIMIT_BYTES} bytes must be sent as a large file")
    if rest.strip():
        yield bytes(rest)


def _parsed(line: bytes) -> tuple[str, Mapping[str, Any]]:
    document = parse_object(line)
    if isinstance(document, BadJson):
        raise Problem(400, f"A line of the commit {document.reason}")
    key, value = document.get("key"), document.get("value")
    if not isinstance(key, str) or not isinstance(value, dict):
        raise Problem(400, "A line of the commit is not an operation: it has no key, or no object as its value")
    return key, value


def _change(call: Call, allowance: Allowance, key: str, value: Mapping[str, Any]) -> Entry | Removal:
    try:
        match key:
            case "file":
                content = base64.b64decode(value["content"], validate=True)
                taking(allowance, hashlib.sha256(content).hexdigest(), len(content))
                return call.store.archive.store(value["path"], content)
            case "lfsFile":
                return _large(call, value["path"], value["oid"])
            case "deletedFile" | "deletedFolder":
                return Removal(value["path"], folder=key == "deletedFolder")
    except (InvalidName, KeyError, binascii.Error) as error:
        raise Problem(400, f"The commit's {key} is not valid: {error}") from error
    raise Problem(400, f"Unknown operation {key!r}; known are file, lfsFile, deletedFile, deletedFolder")


def _large(call: Call, path: str, oid: str) -> Entry:
    # The answer is the same whether or not somebody else has these bytes: a checksum must not reveal a private model.
    if not call.store.accounts.has_uploaded(call.signed_in(), oid):
        raise Problem(400, f"{path!r} points to {oid}, which you have not uploaded")
    return call.store.archive.entry(path, oid)


def _committed(call: Call, header: Mapping[str, Any], changes: list[Entry | Removal]) -> Response:
    repository = call.writable()
    title, parent = str(header.get("summary") or "Update"), header.get("parentCommit")
    try:
        oid = call.store.archive.commit(repository, changes, title=title, author=call.signed_in(), parent=parent)
    except MissingFile as error:
        raise Problem(404, str(error), "EntryNotFound") from error
    except InvalidName as error:
        raise Problem(400, str(error)) from error
    except StaleParent as error:
        raise Problem(412, str(error)) from error
    url = f"{call.page(repository.repo, repository.kind)}/commit/{oid}"
    return JSONResponse({"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": "", "pullRequestUrl": None})
