"""The web application: one page, its JSON, and a health check, over a ledger that is only ever read."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from leaderboard.pages import render_problem
from leaderboard.snapshots import Snapshots
from ledger.board import Board
from ledger.database import LedgerError

log = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(ledger_url: str | Path) -> FastAPI:
    """The leaderboard over a ledger, opened read-only when first asked; until there is one, it says so with 503."""
    snapshots = Snapshots(ledger_url)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        snapshots.close()

    app = FastAPI(
        title="Crucible leaderboard",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )
    app.add_middleware(GZipMiddleware, minimum_size=2_000)
    app.middleware("http")(_secure)
    app.exception_handler(LedgerError)(_unavailable)
    app.exception_handler(HTTPException)(_refused)
    app.mount("/static", StaticFiles(directory=str(resources.files("leaderboard") / "static")), name="static")
    _add_routes(app, snapshots)
    return app


def _add_routes(app: FastAPI, snapshots: Snapshots) -> None:
    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    def page() -> Response:
        return HTMLResponse(snapshots.latest().page)

    @app.get("/api/board.json", response_model=Board)
    def document() -> Response:
        """The whole board as one document: what the page shows, and more of it."""
        return Response(snapshots.latest().document, media_type="application/json")

    @app.api_route("/healthz", methods=["GET", "HEAD"], include_in_schema=False)
    def health() -> dict[str, str]:
        snapshots.latest()
        return {"status": "ok"}


async def _secure(request: Request, call_next: RequestResponseEndpoint) -> Response:
    response = await call_next(request)
    response.headers.update(SECURITY_HEADERS)
    return response


async def _unavailable(request: Request, error: Exception) -> Response:
    """503; the cause names a file of this machine, so it goes to the log and not to the reader."""
    log.warning("%s", error)
    if request.url.path != "/":
        return JSONResponse({"status": "unavailable", "detail": "the ledger cannot be read now"}, status_code=503)
    title, message = "No standings yet", "The validator's ledger cannot be read now. This page tries again by itself."
    return HTMLResponse(render_problem(title, message), status_code=503)


async def _refused(request: Request, error: Exception) -> Response:
    """What starlette refuses, in the form that was asked for."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if request.url.path.startswith("/api/"):
        return JSONResponse({"status": "refused", "detail": HTTPStatus(status).phrase}, status_code=status)
    message = "There is one page, at the root of this site, and its document at /api/board.json."
    return HTMLResponse(render_problem(HTTPStatus(status).phrase, message), status_code=status)
