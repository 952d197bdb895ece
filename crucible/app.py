"""The `crucible` command, put together from each room's own commands; a room is imported when it is asked for.

Knows only where each room keeps its commands: a miner's command need not pay for the leaderboard's imports.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from console.loopback import guard_if_asked

COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("localnet.cli", "demo_app"),
    "miner": ("neurons.miner_cli", "app"),
    "validator": ("neurons.validator_cli", "app"),
    "producer": ("neurons.producer_cli", "app"),
    "leaderboard": ("leaderboard.cli", "app"),
    "samples": ("ledger.samples_cli", "app"),
    "table": ("neurons.table_cli", "app"),
    "backtest": ("backtest.cli", "app"),
    "localnet": ("localnet.cli", "app"),
    "chain": ("chain.cli", "app"),
}
"""Every command: the module and the name of its Typer app."""


class Rooms(TyperGroup):
    """A group whose commands live in the rooms."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """All names, in the order of a reader's interest."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """The command of a name; None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command = typer.main.get_command(getattr(import_module(module), name))
        command.name = cmd_name
        return command


app = typer.Typer(cls=Rooms, no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)


@app.callback()
def crucible() -> None:
    """Crucible: a Bittensor subnet on which miners compete to fine-tune the best model."""


def main() -> None:
    """Entry point of the console script."""
    guard_if_asked()
    app()
