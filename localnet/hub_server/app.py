"""Which handler answers which address of the local Hub."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from localnet.hub_server import committing, downloading, gating, large_uploads, listing, management
from localnet.hub_server.calls import Call, Handler, answer
from localnet.hub_server.faults import Faults
from localnet.hub_server.faulty import Faulty
from localnet.hub_server.problems import Problem, hidden
from localnet.hub_server.store import HubStore

Endpoint = Callable[[Request], Awaitable[Response]]
Streaming = Callable[[Request, HubStore], Awaitable[Response]]

_REPO = "/api/{kinds}/{namespace}/{name}"


def create_app(store: HubStore, faults: Faults | None = None) -> ASGIApp:
    """Return the local Hub over `store` as an ASGI application, with what is to go wrong."""

    def plain(method: str, path: str, handler: Handler) -> Route:
        return Route(path, _plain(store, handler), methods=[method])

    def streaming(method: str, path: str, handler: Streaming) -> Route:
        return Route(path, _streaming(store, handler), methods=[method])

    def pages(method: str, path: str, handler: Handler) -> list[Route]:
        # Datasets first: `datasets` is no user's name, but it would match as a namespace.
        kinds = (("/datasets", "datasets"), ("", "models"))
        return [plain(method, prefix + path, _of_kind(name, handler)) for prefix, name in kinds]

    routes = [
        plain("GET", "/api/whoami-v2", management.whoami),
        plain("POST", "/api/repos/create", management.create),
        plain("DELETE", "/api/repos/delete", management.delete),
        plain("POST", "/api/validate-yaml", management.validate_yaml),
        plain("PUT", f"{_REPO}/settings", management.settings),
        plain("GET", f"{_REPO}/auth-check", gating.check),
        plain("POST", f"{_REPO}/user-access-request/grant", gating.grant),
        plain("POST", f"{_REPO}/user-access-request/handle", gating.handle),
        plain("GET", f"{_REPO}/user-access-request/{{answer}}", gating.requests),
        plain("GET", _REPO, listing.info),
        plain("GET", f"{_REPO}/revision/{{revision}}", listing.info),
        plain("GET", f"{_REPO}/tree/{{revision}}", listing.tree),
        plain("GET", f"{_REPO}/tree/{{revision}}/{{path:path}}", listing.tree),
        plain("POST", f"{_REPO}/paths-info/{{revision}}", listing.paths_info),
        plain("GET", f"{_REPO}/refs", listing.refs),
        plain("GET", f"{_REPO}/commits/{{revision}}", listing.commits),
        plain("POST", f"{_REPO}/preupload/{{revision}}", large_uploads.preupload),
        plain("GET", f"{_REPO}/xet-read-token/{{revision}}", large_uploads.no_xet),
        plain("GET", f"{_REPO}/xet-write-token/{{revision}}", large_uploads.no_xet),
        streaming("POST", f"{_REPO}/commit/{{revision}}", committing.commit),
        streaming("PUT", "/lfs/{oid}", large_uploads.receive),
        *pages("POST", "/{namespace}/{name}.git/info/lfs/objects/batch", large_uploads.batch),
        *pages("POST", "/{namespace}/{name}.git/info/lfs/verify", large_uploads.verify),
        *pages("GET", "/{namespace}/{name}/resolve/{revision}/{path:path}", downloading.resolve),
        *pages("POST", "/{namespace}/{name}/ask-access", gating.ask),
        plain("GET", large_uploads.NO_XET_PATH, large_uploads.without_xet),
        plain("GET", "/api/{kinds}/{name}", _without_namespace),
        plain("GET", "/{name}/resolve/{revision}/{path:path}", _without_namespace),
    ]
    app = Starlette(routes=routes, exception_handlers={Problem: _problem})
    return _RawPath(Faulty(app, faults or Faults()))


class _RawPath:
    """Routes on the path as it was sent: a `%2F` inside a revision or a file name is no separator."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].decode("ascii")}
        await self._app(scope, receive, send)


def _plain(store: HubStore, handler: Handler) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await answer(request, store, handler)

    return endpoint


def _streaming(store: HubStore, handler: Streaming) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await handler(request, store)

    return endpoint


def _of_kind(kinds: str, handler: Handler) -> Handler:
    return lambda call: handler(replace(call, params={**call.params, "kinds": kinds}))


def _without_namespace(call: Call) -> Response:
    raise hidden(call.user)


async def _problem(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response()
