"""The `crucible` command: one Typer app put together from each room's own commands."""

import typer

from chain.cli import app as chain
from console.loopback import guard_if_asked
from leaderboard.cli import app as leaderboard
from localnet.cli import app as localnet
from localnet.cli import demo
from neurons.miner_cli import app as miner
from neurons.producer_cli import app as producer
from neurons.validator_cli import app as validator

app = typer.Typer(
    help="Crucible: a Bittensor subnet on which miners compete to fine-tune the best model.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command()(demo)
for name, commands in (
    ("miner", miner),
    ("validator", validator),
    ("producer", producer),
    ("leaderboard", leaderboard),
    ("localnet", localnet),
    ("chain", chain),
):
    app.add_typer(commands, name=name)


def main() -> None:
    """Entry point of the console script."""
    guard_if_asked()
    app()


if __name__ == "__main__":
    main()
