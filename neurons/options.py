"""The options every command shares, named as btcli names them, and the one place where a known error becomes one line.

A command's Typer app is made with `app_for`, which brings the older dotted spellings and exit code 2 for known errors.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from chain.reader import ChainError
from competitions.table import TableError
from hub.port import HubError
from neurons.errors import NeuronError

Network = Annotated[
    str | None,
    typer.Option("--network", "-n", help="Network: a name, a node's ws:// address, or an embedded chain's file."),
]
WalletName = Annotated[str | None, typer.Option("--wallet", "-w", help="Name of the wallet (coldkey).")]
WalletHotkey = Annotated[str | None, typer.Option("--wallet-hotkey", "-H", help="Name of the wallet's hotkey.")]
WalletPath = Annotated[Path | None, typer.Option("--wallet-path", help="Folder that holds the wallets.")]
Netuid = Annotated[int | None, typer.Option("--netuid", help="Number of the subnet.", min=0, max=65535)]
HubEndpoint = Annotated[str | None, typer.Option("--hub-endpoint", help="Address of the Hub; its token is HF_TOKEN.")]
TableFile = Annotated[Path | None, typer.Option("--table", help="File of the competition table.")]
Home = Annotated[Path | None, typer.Option("--home", help="Folder for what a neuron keeps.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document on the last line.")]

OLDER_SPELLINGS: Mapping[str, str] = {
    "--subtensor.network": "--network",
    "--subtensor.chain_endpoint": "--network",
    "--wallet.name": "--wallet",
    "--wallet.hotkey": "--wallet-hotkey",
    "--wallet.path": "--wallet-path",
}
"""Dotted options of earlier neurons, still understood and shown nowhere."""


KNOWN_ERRORS: tuple[type[Exception], ...] = (ChainError, HubError, TableError, NeuronError)
"""Errors whose message is meant for the user; anything else is a defect and keeps its traceback."""


class CommandGroup(TyperGroup):
    """A group of commands that understands the older spellings and ends on known errors with one line and code 2."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Replace older spellings before anything is parsed."""
        return list(super().parse_args(ctx, [_canonical(argument) for argument in args]))

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a known error ends the process."""
        try:
            return super().invoke(ctx)
        except KNOWN_ERRORS as error:
            fail(error)


def app_for(description: str) -> typer.Typer:
    """A Typer app of one neuron's commands, always shown as a group even where it has only one."""
    app = typer.Typer(cls=CommandGroup, help=description, no_args_is_help=True, pretty_exceptions_show_locals=False)

    def group() -> None:
        pass

    app.callback(help=description)(group)
    return app


def fail(error: Exception) -> NoReturn:
    """Print a known error on stderr, a line for each of its facts, and leave with exit code 2."""
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(2) from None


def say(document: Mapping[str, Any], as_json: bool, in_words: Callable[[], str]) -> None:
    """Print a result: one JSON document, or the words for people."""
    typer.echo(json.dumps(document) if as_json else in_words())


def _canonical(argument: str) -> str:
    name, equals, value = argument.partition("=")
    return OLDER_SPELLINGS.get(name, name) + equals + value
