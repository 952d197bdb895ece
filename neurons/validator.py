"""The validator, as a wiring diagram: six small loops that meet in the ledger and know nothing of one another.

chain ──▶ watch ──▶ ┌────────┐ ──▶ rounds ──▶ executor (a worker process)
Hub ────▶ fetch ──▶ │ ledger │ ──▶ weigh ───▶ chain
Hub ────▶ adopt ──▶ │        │ ──▶ leaderboard
disk ◀─── prune ◀── └────────┘
"""

import logging
import signal
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType

from chain.networks import public_name
from chain.signing import Wallet
from chain.subtensor import SubtensorChain
from chain.types import Block, BlockCount
from competitions.spec import Table
from competitions.table import parse
from evaluation.executor import Executor
from evaluation.sources.doors import Doors
from evaluation.sources.registry import Sources
from hub.port import Denied, Hub
from hub.unfinished import Unfinished
from ledger import heartbeats, network
from ledger.database import Ledger, open_ledger
from models.cache import ModelCache
from neurons import tables
from neurons.actors import open_actors
from neurons.descent import Descent
from neurons.devices import doubts
from neurons.executors import open_executor
from neurons.intake import Intake
from neurons.loops.adopt import Adopt
from neurons.loops.fetch import Fetch
from neurons.loops.prune import Prune
from neurons.loops.rounds import Rounds
from neurons.loops.watch import Watch
from neurons.loops.weigh import Weigh
from neurons.needs import Needs
from neurons.own_entry import require_registered
from neurons.reporting import Reporter, open_reporter
from neurons.rulebook import Listening, Rulebook
from neurons.settings import WEIGHTS_VERSION, ValidatorSettings
from neurons.supervisor import Beat, Scheduled, Supervisor, Wakes

log = logging.getLogger(__name__)

STOP_WITHIN_S = 10.0
"""From a signal to the end of the process."""

_LONGEST_POLL_S = 12.0
_SHORTEST_POLL_S = 0.25
_PRUNE_S = 300.0


@dataclass(frozen=True, slots=True)
class Validator:
    """Everything a running validator holds; whoever runs it closes it."""

    supervisor: Supervisor
    executor: Executor
    reporter: Reporter
    ledger: Ledger
    chain: SubtensorChain
    stop_within_s: float = STOP_WITHIN_S

    def run(self, stop: threading.Event) -> None:
        """Run the loops until `stop` is set; then end the worker at once, and the rest within `stop_within_s`."""
        self.supervisor.start()
        stop.wait()
        deadline = time.monotonic() + self.stop_within_s
        self.supervisor.stopping.set()
        self.executor.close()
        busy = self.supervisor.stop(self.stop_within_s / 2)
        closing = threading.Thread(target=self._close, name="closing", daemon=True)
        closing.start()
        closing.join(max(0.0, deadline - time.monotonic()))
        if unfinished := [*busy, *([closing.name] if closing.is_alive() else [])]:
            log.warning("still busy, left to the end of the process: %s", ", ".join(unfinished))

    def _close(self) -> None:
        """Close what is held, the ledger first, since the others may wait for a network."""
        self.ledger.close()
        self.reporter.close()
        self.chain.close()


def build(settings: ValidatorSettings) -> Validator:
    """Check what a validator needs and wire it. Raises the errors whose messages are for the operator."""
    text = tables.read(settings.table)
    table = parse(text)
    actors = open_actors(settings)
    netuid, wallet, chain, hub = actors.netuid, actors.wallet, actors.chain, actors.hub
    require_registered(chain, netuid, wallet)
    check_hub(hub, settings)
    folder = settings.folder()
    ledger = open_ledger(settings.ledger_url())
    identity = network.Identity(
        public_name(settings.network),
        netuid,
        wallet.hotkey,
        table.fingerprint,
        text,
        hub_endpoint=settings.hub_endpoint,
        genesis=chain.block_hash(Block(0)),
    )
    network.record_identity(ledger, identity)
    rulebook = Rulebook(table, Listening(ledger, netuid))
    needs = Needs(ledger, netuid, rulebook)
    cache = ModelCache(folder / "models", quota_bytes=settings.cache_bytes(), spare=needs.spare)
    intake = Intake(hub, cache, Unfinished(settings.downloads()))
    for device in sorted(set(settings.device_names())) if settings.executor == "local" else []:
        for line in doubts(table, device, settings.dtype):
            log.warning(line)
    executor = open_executor(settings)
    reporter = open_reporter(settings.wandb, folder, settings.wandb_project, _about(settings, wallet, table))
    wakes = Wakes()
    doors = Doors(chain, hub, folder / "sources")
    bundles = folder / "bundles"
    refresh = BlockCount(settings.refresh_blocks)
    poll_s = min(_LONGEST_POLL_S, max(_SHORTEST_POLL_S, chain.block_time()))
    stopping = threading.Event()
    judging = (Sources(doors), executor, intake, Descent(ledger), bundles, settings.catch_up)
    rounds = Rounds(chain, ledger, netuid, rulebook, *judging, wakes, reporter, stopping)
    loops = [
        Scheduled(Watch(chain, ledger, netuid, rulebook, wakes, settings.catch_up), poll_s),
        Scheduled(Fetch(chain, ledger, intake, rulebook, wakes), poll_s),
        Scheduled(Adopt(chain, ledger, netuid, hub, rulebook, wakes), poll_s),
        Scheduled(rounds, poll_s),
        Scheduled(Weigh(chain, chain, wallet, ledger, netuid, rulebook, refresh, reporter, WEIGHTS_VERSION), poll_s),
        Scheduled(Prune(needs, cache, bundles), _PRUNE_S),
    ]
    log.info("table %s: who plays by the same rules shows the same fingerprint", table.fingerprint)
    supervisor = Supervisor(loops, wakes, lambda beat: _record(ledger, beat), stopping)
    return Validator(supervisor, executor, reporter, ledger, chain)


def check_hub(hub: Hub, settings: ValidatorSettings) -> None:
    """Raises HubUnreachable where no Hub answers, Denied where a token was given that it does not know."""
    try:
        hub.whoami()
    except Denied:
        if settings.token():
            raise  # without a token everything public can still be read


def run(settings: ValidatorSettings) -> None:
    """Run a validator until SIGTERM or SIGINT."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    validator = build(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    log.info("validator started on %s", settings.network)
    validator.run(stop)
    log.info("validator stopped")


def _record(ledger: Ledger, beat: Beat) -> None:
    heartbeats.beat(ledger, beat.loop, datetime.now(UTC), None, not beat.message, beat.message)


def _about(settings: ValidatorSettings, wallet: Wallet, table: Table) -> dict[str, str | int | None]:
    return {
        "network": public_name(settings.network),
        "netuid": settings.netuid,
        "hotkey": wallet.hotkey,
        "table": table.fingerprint,
        "devices": settings.devices,
        "dtype": settings.dtype,
    }


if __name__ == "__main__":
    from neurons.validator_cli import app  # which imports this module: `python neurons/validator.py` runs a validator

    given = sys.argv[1:]
    app(given if given[:1] in (["run"], ["status"]) else ["run", *given])
