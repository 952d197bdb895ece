"""What a repository holds, in the documents the client reads: info, tree, paths, refs and commits."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, Response

from hub.large_files import pointer
from hub.repository import Entry, Revision
from localnet.hub_server.calls import Call
from localnet.hub_server.problems import no_entry

Document = dict[str, Any]


def info(call: Call) -> Response:
    """GET /api/{kinds}/{namespace}/{name}[/revision/{revision}][?blobs=true]"""
    repository = call.readable()
    revision, entries = call.entries(repository)
    return JSONResponse(
        {
            "_id": f"{repository.kind}-{repository.id}",
            "id": repository.repo,
            "modelId" if repository.kind == "model" else "datasetId": repository.repo,
            "author": repository.owner,
            "sha": revision.oid,
            "createdAt": stamp(repository.created),
            "lastModified": stamp(revision.made),
            "private": repository.private,
            "gated": call.store.archive.gates.mode(repository) or False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "siblings": [_sibling(entry, "blobs" in call.query) for entry in entries.values()],
        }
    )


def tree(call: Call) -> Response:
    """GET /api/{kinds}/{namespace}/{name}/tree/{revision}[/{path}][?recursive=true][&expand=true]"""
    repository = call.readable()
    revision, entries = call.entries(repository)
    folder = call.params.get("path", "").strip("/")
    inside = [entry for path, entry in entries.items() if not folder or path.startswith(folder + "/")]
    if folder and not inside:
        raise no_entry(folder)
    nodes = _nodes(inside, folder, recursive=call.query.get("recursive", "").lower() in ("1", "true"))
    return JSONResponse([_expanded(node, revision, call.query.get("expand")) for node in nodes])


def paths_info(call: Call) -> Response:
    """POST /api/{kinds}/{namespace}/{name}/paths-info/{revision}: the named files and folders that exist."""
    repository = call.readable()
    revision, entries = call.entries(repository)
    form = parse_qs(call.body.decode(), keep_blank_values=True)
    nodes = []
    for path in form.get("paths", []):
        below = [entry for name, entry in entries.items() if name.startswith(path.strip("/") + "/")]
        if path in entries:
            nodes.append(_file(entries[path]))
        elif below:
            nodes.append(_folder(path.strip("/"), below))
    return JSONResponse([_expanded(node, revision, form.get("expand", [""])[0]) for node in nodes])


def refs(call: Call) -> Response:
    """GET /api/{kinds}/{namespace}/{name}/refs: the one branch, `main`."""
    head = call.revision(call.readable())
    branch = {"name": "main", "ref": "refs/heads/main", "targetCommit": head.oid}
    return JSONResponse({"branches": [branch], "converts": [], "tags": [], "pullRequests": []})


def commits(call: Call) -> Response:
    """GET /api/{kinds}/{namespace}/{name}/commits/{revision}, newest first."""
    repository = call.readable()
    history = call.store.archive.history(repository, call.revision(repository))
    return JSONResponse(
        [{**_commit(revision), "message": "", "authors": [{"user": revision.author}]} for revision in history]
    )


def _nodes(entries: Iterable[Entry], folder: str, *, recursive: bool) -> list[Document]:
    start = len(folder) + 1 if folder else 0
    folders: dict[str, list[Entry]] = {}
    nodes = []
    for entry in entries:
        parts = entry.path[start:].split("/")
        if recursive or len(parts) == 1:
            nodes.append(_file(entry))
        for depth in range(1, len(parts) if recursive else min(2, len(parts))):
            folders.setdefault(entry.path[:start] + "/".join(parts[:depth]), []).append(entry)
    nodes.extend(_folder(path, below) for path, below in folders.items())
    return sorted(nodes, key=lambda node: str(node["path"]))


def _file(entry: Entry) -> Document:
    node: Document = {"type": "file", "oid": entry.git_sha1, "size": entry.size, "path": entry.path}
    if entry.large:
        node["lfs"] = {"oid": entry.sha256, "size": entry.size, "pointerSize": len(pointer(entry.sha256, entry.size))}
    return node


def _folder(path: str, below: Iterable[Entry]) -> Document:
    listing = "".join(f"{entry.git_sha1} {entry.path}\n" for entry in below)
    oid = hashlib.sha1(listing.encode(), usedforsecurity=False).hexdigest()
    return {"type": "directory", "oid": oid, "size": 0, "path": path}


def _sibling(entry: Entry, blobs: bool) -> Document:
    if not blobs:
        return {"rfilename": entry.path}
    sibling: Document = {"rfilename": entry.path, "blobId": entry.git_sha1, "size": entry.size}
    if entry.large:
        size = len(pointer(entry.sha256, entry.size))
        sibling["lfs"] = {"sha256": entry.sha256, "size": entry.size, "pointerSize": size}
    return sibling


def _expanded(node: Document, revision: Revision, expand: str | None) -> Document:
    return {**node, "lastCommit": _commit(revision)} if (expand or "").lower() in ("1", "true") else node


def _commit(revision: Revision) -> Document:
    return {"id": revision.oid, "title": revision.title, "date": stamp(revision.made)}


def stamp(moment: datetime) -> str:
    """Return a moment as the Hub writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
