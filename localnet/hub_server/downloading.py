"""Files going out: whole or by range, straight from disk."""

from starlette.responses import FileResponse, Response

from localnet.hub_server.calls import Call
from localnet.hub_server.problems import no_entry


def resolve(call: Call) -> Response:
    """GET or HEAD /[datasets/]{namespace}/{name}/resolve/{revision}/{path}"""
    repository = call.admitted()
    revision, entries = call.entries(repository)
    entry = entries.get(call.params["path"])
    if entry is None:
        raise no_entry(call.params["path"])
    etag = f'"{entry.sha256 if entry.large else entry.git_sha1}"'
    headers = {"X-Repo-Commit": revision.oid, "ETag": etag}
    if entry.large:
        headers |= {"X-Linked-ETag": etag, "X-Linked-Size": str(entry.size)}
    media_type = "application/octet-stream" if entry.large else "text/plain; charset=utf-8"
    return FileResponse(call.store.archive.blobs.path(entry.sha256), headers=headers, media_type=media_type)
