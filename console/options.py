"""What all commands share: options named as btcli names them, and known errors as one line with exit code 2.

Each room's commands are made with `app_for`, which is told the errors that are meant for the user.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

Network = Annotated[
    str | None,
    typer.Option("--network", "-n", help="A name, nodes' ws:// addresses with commas, or an embedded chain's file."),
]
WalletName = Annotated[str | None, typer.Option("--wallet", "-w", help="Name of the wallet (coldkey).")]
WalletHotkey = Annotated[str | None, typer.Option("--wallet-hotkey", "-H", help="Name of the wallet's hotkey.")]
WalletPath = Annotated[Path | None, typer.Option("--wallet-path", help="Folder that holds the wallets.")]
Netuid = Annotated[int | None, typer.Option("--netuid", help="Number of the subnet.", min=0, max=65535)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document on the last line.")]

OLDER_SPELLINGS: Mapping[str, str] = {
    "--subtensor.network": "--network",
    "--subtensor.chain_endpoint": "--network",
    "--wallet.name": "--wallet",
    "--wallet.hotkey": "--wallet-hotkey",
    "--wallet.path": "--wallet-path",
}
"""Dotted options of earlier neurons, still understood and shown nowhere."""

USAGE = 2
"""Exit code of a command that could not be done as asked."""


def app_for(description: str, *known: type[Exception]) -> typer.Typer:
    """A Typer app of one room's commands, always shown as a group even where it has only one.

    Errors of the `known` types end the process with one line; anything else is a defect and keeps its traceback.
    """

    class Commands(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            return list(super().parse_args(ctx, [_canonical(argument) for argument in args]))

        def invoke(self, ctx: Any) -> Any:
            try:
                return super().invoke(ctx)
            except known as error:
                fail(error)

    app = typer.Typer(
        cls=Commands, help=description, no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False
    )
    app.callback(help=description)(_nothing)
    return app


def fail(error: Exception) -> NoReturn:
    """Print a known error on stderr and leave with exit code 2."""
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(USAGE) from None


def say(document: Mapping[str, Any], as_json: bool, in_words: Callable[[], str]) -> None:
    """Print a result: one JSON document, or the words for people."""
    typer.echo(json.dumps(document) if as_json else in_words())


def _nothing() -> None:
    pass


def _canonical(argument: str) -> str:
    name, equals, value = argument.partition("=")
    return OLDER_SPELLINGS.get(name, name) + equals + value
