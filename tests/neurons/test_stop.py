"""The end of a validator: in time, whatever one of its parts still waits for."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path

from chain.embedded.genesis import genesis
from chain.networks import connect
from chain.types import Block, Hotkey
from competitions.records import RoundOutcome
from evaluation.scripted_executor import ScriptedExecutor
from ledger.database import open_ledger
from neurons.supervisor import Supervisor, Wakes
from neurons.validator import Validator


class Waiting:
    """A reporter whose service does not answer any more."""

    def __init__(self) -> None:
        self.answered = threading.Event()

    def round_closed(self, competition: str, number: int, seed_block: Block, outcome: RoundOutcome) -> None:
        """Not asked."""

    def weights_sent(self, block: Block, weights: Mapping[Hotkey, float]) -> None:
        """Not asked."""

    def close(self) -> None:
        self.answered.wait(60)


def test_a_service_that_hangs_while_it_is_closed_does_not_hold_up_the_end(tmp_path: Path) -> None:
    stop, reporter, supervisor = threading.Event(), Waiting(), Supervisor([], Wakes(), lambda _beat: None)
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    chain = connect(str(genesis(tmp_path / "chain").file.path))
    stop.set()
    begun = time.monotonic()
    Validator(supervisor, ScriptedExecutor({}), reporter, ledger, chain, stop_within_s=0.2).run(stop)
    assert time.monotonic() - begun < 20
    reporter.answered.set()
