"""`crucible leaderboard …`: serve the page of a ledger."""

import os
import socket
from typing import Annotated

import typer
import uvicorn

from leaderboard.app import create_app
from ledger.database import LedgerError, LedgerUnavailable, open_ledger

app = typer.Typer(help="The public leaderboard of a validator's ledger.", no_args_is_help=True, add_completion=False)


@app.callback()
def group() -> None:
    """The public leaderboard of a validator's ledger."""


@app.command()
def serve(
    ledger: Annotated[str, typer.Option("--ledger", help="The ledger's file, or its database URL.")],
    host: Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", help="Port to listen on; 0 for any free one.", min=0, max=65535)
    ] = 8037,
) -> None:
    """Serve the page at /, its document at /api/board.json and a health check at /healthz until stopped."""
    _check(ledger)
    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"leaderboard of {ledger} at http://{shown}:{listener.getsockname()[1]}")
    config = uvicorn.Config(create_app(ledger), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


def _check(ledger: str) -> None:
    """A ledger that cannot be read by this version ends here; one that is not there yet may still come."""
    try:
        open_ledger(ledger, read_only=True).close()
    except LedgerUnavailable as error:
        typer.echo(f"note: {error}; the page says so until then", err=True)
    except LedgerError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        cause = os.strerror(error.errno) if error.errno is not None and error.errno > 0 else error.strerror
        typer.echo(f"error: cannot listen on {host}:{port} ({cause}): choose another with --port or --host", err=True)
        raise typer.Exit(2) from None
