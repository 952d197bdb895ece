"""`crucible miner check`: what a validator would say of a model before it is published, as far as is known here.

Asks nobody, but for an adapter the Hub, once, for the base.
"""

import dataclasses
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from competitions.spec import Competition
from console.options import AsJson, say
from console.showing import waiting
from models.lineage import MEANING, Lineage, trace
from models.publishing import prepare
from models.rejections import Rejection
from models.sketch import decode
from models.vetting import Vetted
from neurons import tables
from neurons.actors import open_hub
from neurons.errors import UsageError
from neurons.known_models import KnownModels, ledger_at
from neurons.miner import rules_of
from neurons.model_source import base_of
from neurons.options import Home, HubEndpoint, TableName
from neurons.progress import in_lines
from neurons.settings import read_settings

REFUSED = 1
"""Exit code for a model that would be refused; 2 is for a command that could not be done as asked."""

Against = Annotated[
    list[Path] | None, typer.Option("--against", help="Folder of a model that is known; may be given again.")
]
KnownLedger = Annotated[
    Path | None, typer.Option("--ledger", help="Ledger whose submissions are known; unset: ledger.sqlite in the home.")
]


def check(
    folder: Annotated[Path, typer.Argument(help="Folder of the model.")],
    competition: Annotated[str, typer.Option("--competition", "-c", help="Name of the competition.")],
    against: Against = None,
    ledger: KnownLedger = None,
    hub_endpoint: HubEndpoint = None,
    table: TableName = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say what a validator's vetting would say of a model, and what the model is to the ones known here.

    Exit code 1 where vetting would refuse it, or where it is another one in a disguise that the competition refuses to
    all but that one's owner.
    """
    settings = read_settings(hub_endpoint=hub_endpoint, table=table, home=home)
    rules = rules_of(tables.load(settings.table), competition)
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: name the one that holds config.json and the weights")
    with waiting(f"vetting {folder}"):
        found = prepare(folder, rules.limits, base_of(rules, open_hub(settings), settings.folder()))
    if isinstance(found, Rejection):
        _tell({"verdict": "rejected", "reason": found.reason.value, "detail": found.detail}, as_json)
        raise typer.Exit(REFUSED)
    known = KnownModels(ledger_at(ledger, settings.folder()), against or ())
    with waiting(f"comparing it with {len(known)} known models"):
        lineage = trace(decode(found.sketch), known)
    _tell({"verdict": "accepted"} | _numbers(found) | _descent(lineage, rules, len(known)), as_json)
    if lineage.kind in rules.lineage.refused:
        raise typer.Exit(REFUSED)


def _tell(told: dict[str, Any], as_json: bool) -> None:
    say(told, as_json, lambda: in_lines(told))


def _numbers(found: Vetted) -> dict[str, Any]:
    told = dataclasses.asdict(found)
    del told["sketch"]
    return told


def _descent(lineage: Lineage, rules: Competition, known: int) -> dict[str, Any]:
    """What the model is to known ones; a distance that is none, in JSON, is null."""
    refused = lineage.kind in rules.lineage.refused
    return {
        "lineage": lineage.kind.value,
        "lineage_means": MEANING[lineage.kind],
        "parents": list(lineage.parents),
        "weights": [round(weight, 4) for weight in lineage.weights],
        "distance": lineage.distance if math.isfinite(lineage.distance) else None,
        "confidence": round(lineage.confidence, 4),
        "known_models": known,
        "refused_unless_yours": refused,
    }
