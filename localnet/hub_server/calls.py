"""One request to the local Hub: who calls, on which repository, with what; and the rights that follow.

Handlers are plain functions from a Call to a response, run in threads.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hub.port import RepoKind
from hub.repository import Entry, Repository, Revision
from localnet.hub_server.problems import Problem, bad_token, forbidden, gated, hidden, no_revision
from localnet.hub_server.store import HubStore
from models.strict_json import BadJson, parse_object

_KINDS: Mapping[str, RepoKind] = {"models": "model", "datasets": "dataset"}
_MAX_BODY_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its caller known (None: a visitor), its path parameters decoded, and its body in memory."""

    store: HubStore
    user: str | None
    params: Mapping[str, str]
    query: Mapping[str, str]
    base: str
    body: bytes = b""

    @property
    def kind(self) -> RepoKind:
        """The kind of repository the path names. Raises Problem for one this Hub does not keep."""
        kind = _KINDS.get(self.params["kinds"])
        if kind is None:
            raise Problem(404, f"This Hub keeps models and datasets, no {self.params['kinds']}")
        return kind

    def page(self, repo: str, kind: RepoKind) -> str:
        """Return the address of a repository at this Hub."""
        return f"{self.base}/{'datasets/' if kind == 'dataset' else ''}{repo}"

    def document(self) -> Mapping[str, Any]:
        """Return the body as a JSON object. Raises Problem."""
        document = parse_object(self.body)
        if isinstance(document, BadJson):
            raise Problem(400, f"The body {document.reason}")
        return document

    def signed_in(self) -> str:
        """Return the caller's name. Raises Problem for visitors."""
        if self.user is None:
            raise Problem(401, "A token is needed here")
        return self.user

    def readable(self) -> Repository:
        """Return the repository of the path. Raises Problem when the caller must not know of it."""
        found = self.store.archive.find(f"{self.params['namespace']}/{self.params['name']}", self.kind)
        if found is None or (found.private and found.owner != self.user):
            raise hidden(self.user)
        return found

    def admitted(self) -> Repository:
        """Return the repository of the path. Raises Problem when the caller must not read its files."""
        found = self.readable()
        if not self.store.archive.gates.admits(found, self.user):
            raise gated(found.repo, self.user)
        return found

    def writable(self) -> Repository:
        """Return the repository of the path. Raises Problem when the caller must not change it."""
        found = self.readable()
        if found.owner != self.signed_in():
            raise forbidden(f"You don't have the rights to change {found.repo}")
        return found

    def revision(self, repository: Repository) -> Revision:
        """Return the revision of the path, or the newest where the path names none. Raises Problem."""
        name = self.params.get("revision", "main")
        found = self.store.archive.revision(repository, name)
        if found is None:
            raise no_revision(name)
        return found

    def entries(self, repository: Repository) -> tuple[Revision, dict[str, Entry]]:
        """Return the revision of the path with its files by path. Raises Problem."""
        revision = self.revision(repository)
        return revision, self.store.archive.entries(repository, revision)


Handler = Callable[[Call], Response]


def call_of(request: Request, store: HubStore, body: bytes = b"") -> Call:
    """Return the Call a request makes. Raises Problem for a token that is nobody's."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    user = store.accounts.user_of(token.strip()) if scheme else None
    if scheme and user is None:
        raise bad_token()
    params = {key: unquote(value) for key, value in request.path_params.items()}
    return Call(store, user, params, request.query_params, str(request.base_url).rstrip("/"), body)


async def answer(request: Request, store: HubStore, handler: Handler) -> Response:
    """Read the body, then let `handler` answer in a thread: the archive may wait for another process."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise Problem(413, f"The body is longer than {_MAX_BODY_BYTES} bytes; send files as large files")
    return await run_in_threadpool(lambda: handler(call_of(request, store, bytes(body))))
