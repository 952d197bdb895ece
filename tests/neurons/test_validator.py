"""A validator as a process on the pocket network: what it decides, and that no stop, however rude, changes it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chain.clock import round_at
from ledger import rounds, submissions
from ledger.board import board
from ledger.database import Ledger, open_ledger
from localnet.scenario import VALIDATOR
from tests.pocket import Pocket

CATCH_UP = 3
"""Rounds before the newest that are judged: enough for a king to be tried, confirmed and challenged."""


@dataclass(frozen=True, slots=True)
class Running:
    """A validator process; its log is read line by line, so that nothing has to be waited for by the clock."""

    process: subprocess.Popen[str]

    def until(self, *wanted: str) -> None:
        """Read the log until every wanted text has been seen."""
        missing, seen = set(wanted), []
        assert self.process.stderr is not None
        for line in self.process.stderr:
            seen.append(line)
            missing -= {text for text in missing if text in line}
            if not missing:
                return
        raise AssertionError(f"the validator ended before it said {missing}: {''.join(seen[-20:])}")

    def end(self, number: signal.Signals) -> int:
        """Send a signal, read the log to its end, and give the exit code."""
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@contextmanager
def validator(pocket: Pocket, home: Path, **more: str) -> Iterator[Running]:
    environment = os.environ | pocket.environment(VALIDATOR) | more
    environment |= {"CRUCIBLE_HOME": str(home), "CRUCIBLE_CATCH_UP": str(CATCH_UP), "CRUCIBLE_LOOPBACK_ONLY": "1"}
    command = [str(Path(sys.executable).with_name("crucible")), "validator", "run"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        yield Running(process)
    finally:
        process.kill()
        process.wait()


def last_rounds(pocket: Pocket) -> tuple[str, ...]:
    """What the log says once every round up to the head is closed."""
    head = pocket.chain.head()
    numbers = {c.name: round_at(head, c.first_block, c.round_blocks) for c in pocket.table.competitions}
    return tuple(f"{name} round {number} closed" for name, number in numbers.items())


def decisions(ledger: Ledger, pocket: Pocket) -> list[Any]:
    """Everything that was decided, by names that mean the same in every ledger."""
    repo = {s.id: s.repo for c in pocket.table.competitions for s in submissions.all_of(ledger, c.name)}
    found = []
    for competition in pocket.table.competitions:
        for round_ in rounds.closed(ledger, competition.name):
            standings = [replace(s, submission_id=0) for s in rounds.standings(ledger, round_.id)]
            who = [repo[s.submission_id] for s in rounds.standings(ledger, round_.id)]
            reign = rounds.reign_after(ledger, competition.name, round_.number)
            king = reign and (repo[reign.submission_id], replace(reign, submission_id=0))
            found.append((competition.name, round_.number, round_.seed, round_.bundle_root, who, standings, king))
    return found


@pytest.fixture(scope="module")
def undisturbed(pocket: Pocket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The ledger of a validator that nobody disturbed."""
    home = tmp_path_factory.mktemp("undisturbed")
    with validator(pocket, home) as running:
        running.until(*last_rounds(pocket))
        assert running.end(signal.SIGTERM) == 0
    ledger = open_ledger(home / "ledger.sqlite")
    yield ledger
    ledger.close()


def test_every_competition_gets_a_king_and_the_copy_is_refused(undisturbed: Ledger, pocket: Pocket) -> None:
    roles: dict[str, dict[str, str]] = {}
    for name, _, _, _, who, standings, _ in decisions(undisturbed, pocket):
        roles.setdefault(name, {}).update(zip(who, (s.role for s in standings), strict=True))
    assert roles == {
        "answers": {"bob/answers": "king", "alice/answers": "challenger", "dave/answers": "copy"},
        "text": {"carol/text": "king"},
    }
    copy = next(p for p in board(undisturbed).submissions if p.model and p.model.repo == "dave/answers")
    assert (copy.state, copy.reason) == ("rejected", "copy")


def test_a_validator_killed_and_stopped_in_the_middle_ends_in_the_same_standings(
    undisturbed: Ledger, pocket: Pocket, tmp_path: Path
) -> None:
    with validator(pocket, tmp_path) as running:
        running.until(" scored ")
        assert running.end(signal.SIGKILL) == -signal.SIGKILL
    with validator(pocket, tmp_path) as running:
        running.until(" scored ", " scored ")
        assert running.end(signal.SIGTERM) == 0
    with validator(pocket, tmp_path) as running:
        running.until(*last_rounds(pocket))
        assert running.end(signal.SIGTERM) == 0
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    assert decisions(ledger, pocket) == decisions(undisturbed, pocket)
    ledger.close()


def test_a_validator_told_to_keep_little_puts_models_off(pocket: Pocket, tmp_path: Path) -> None:
    with validator(pocket, tmp_path, CRUCIBLE_CACHE_GB="0.00001") as running:
        running.until("is put off: no room for ", "of 10000 there may be")
        assert running.end(signal.SIGTERM) == 0
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    states = {s.intake for c in pocket.table.competitions for s in submissions.all_of(ledger, c.name)}
    ledger.close()
    assert states == {"due"}
