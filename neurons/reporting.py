"""What is told to the world outside while a validator runs: wandb, or nobody. An outage there never touches scoring."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from chain.types import Block, Hotkey
from competitions.records import RoundOutcome

os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # read at wandb's import: it would report crashes to its makers

import wandb

log = logging.getLogger(__name__)

Mode = Literal["offline", "online", "disabled"]


class Reporter(Protocol):
    """Hears what a validator decided."""

    def round_closed(self, competition: str, number: int, seed_block: Block, outcome: RoundOutcome) -> None:
        """A round ended."""
        ...

    def weights_sent(self, block: Block, weights: Mapping[Hotkey, float]) -> None:
        """Weights went to the chain."""
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


class Silent:
    """Tells nobody."""

    def round_closed(self, competition: str, number: int, seed_block: Block, outcome: RoundOutcome) -> None:
        """Say nothing."""

    def weights_sent(self, block: Block, weights: Mapping[Hotkey, float]) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Nothing to close."""


class Wandb:
    """One run per start; offline runs lie under `folder` and can be synchronised later with `wandb sync`."""

    def __init__(self, mode: Mode, folder: Path, project: str, config: Mapping[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("data", "cache"):  # which would pile up in the user's home
            os.environ.setdefault(f"WANDB_{name.upper()}_DIR", str(folder / "wandb" / name))
        settings = wandb.Settings(
            silent=True, console="off", disable_git=True, x_disable_meta=True, x_disable_stats=True
        )
        self._run = wandb.init(mode=mode, dir=str(folder), project=project, config=dict(config), settings=settings)

    def round_closed(self, competition: str, number: int, seed_block: Block, outcome: RoundOutcome) -> None:
        """Log the round's table and its best numbers."""
        columns = ["place", "submission", "role", "score", "improvement", "needed", "why"]
        rows = [[s.place, s.submission_id, s.role, s.score, s.improvement, s.needed, s.why] for s in outcome.standings]
        scores = [s.score for s in outcome.standings if s.score is not None]
        self._log(
            {
                f"{competition}/round": number,
                f"{competition}/seed_block": seed_block,
                f"{competition}/entrants": len(rows),
                f"{competition}/best_score": min(scores) if scores else None,
                f"{competition}/king": outcome.reign.submission_id if outcome.reign else None,
                f"{competition}/standings": wandb.Table(columns=columns, data=rows),
            }
        )

    def weights_sent(self, block: Block, weights: Mapping[Hotkey, float]) -> None:
        """Log the weights by hotkey."""
        self._log({"weights/block": block} | {f"weights/{hotkey}": weight for hotkey, weight in weights.items()})

    def close(self) -> None:
        """Finish the run."""
        try:
            self._run.finish()
        except Exception as error:  # noqa: BLE001 - any fault of the service is its own
            log.warning("wandb could not finish its run: %s", error)

    def _log(self, data: Mapping[str, Any]) -> None:
        try:
            self._run.log(dict(data))
        except Exception as error:  # noqa: BLE001 - any fault of the service is its own
            log.warning("wandb did not take what was logged: %s", error)


def open_reporter(mode: Mode, folder: Path, project: str, config: Mapping[str, Any]) -> Reporter:
    """wandb in the mode asked for; where it cannot start, the validator goes on without."""
    if mode == "disabled":
        return Silent()
    try:
        return Wandb(mode, folder, project, config)
    except Exception as error:  # noqa: BLE001 - any fault of the service is its own
        log.warning("wandb cannot start (%s): going on without it; CRUCIBLE_WANDB=disabled asks for that", error)
        return Silent()
