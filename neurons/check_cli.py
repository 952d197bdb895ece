"""`crucible miner check`: what a validator's vetting would say of a model, before it is published.

Asks nobody, but for an adapter the Hub, once, for the base.
"""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from console.options import AsJson, say
from console.showing import waiting
from models.publishing import prepare
from models.rejections import Rejection
from models.vetting import Vetted
from neurons import tables
from neurons.actors import open_hub
from neurons.errors import UsageError
from neurons.miner import rules_of
from neurons.model_source import base_of
from neurons.options import Home, HubEndpoint, TableName
from neurons.progress import in_lines
from neurons.settings import read_settings

REFUSED = 1
"""Exit code for a model that would be refused; 2 is for a command that could not be done as asked."""


def check(
    folder: Annotated[Path, typer.Argument(help="Folder of the model.")],
    competition: Annotated[str, typer.Option("--competition", "-c", help="Name of the competition.")],
    hub_endpoint: HubEndpoint = None,
    table: TableName = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say what a validator's vetting would say of a model in this competition; exit code 1 where it would refuse it."""
    settings = read_settings(hub_endpoint=hub_endpoint, table=table, home=home)
    rules = rules_of(tables.load(settings.table), competition)
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: name the one that holds config.json and the weights")
    with waiting(f"vetting {folder}"):
        found = prepare(folder, rules.limits, base_of(rules, open_hub(settings), settings.folder()))
    told = _told(found)
    say(told, as_json, lambda: in_lines(told))
    if isinstance(found, Rejection):
        raise typer.Exit(REFUSED)


def _told(found: Vetted | Rejection) -> dict[str, Any]:
    if isinstance(found, Rejection):
        return {"verdict": "rejected", "reason": found.reason.value, "detail": found.detail}
    return {"verdict": "accepted"} | dataclasses.asdict(found)
