"""Two miners' models on a local Hub, and a validator that takes them in: its loops without their threads, in a folder.

A validator can be made anew on its folder, as a process is after a kill. What is left of it in the end is compared.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import text

from chain.types import Hotkey
from hub.huggingface import HuggingFaceHub
from hub.patience import Patience
from hub.port import Hub
from hub.unfinished import Unfinished
from ledger import submissions
from ledger.database import open_ledger
from localnet.hub_server.store import HubStore
from models.cache import ModelCache
from models.publishing import PublishedModel, publish
from models.ref import ModelRef, encode_sealed
from neurons import tables
from neurons.intake import Intake
from neurons.loops.fetch import Fetch
from neurons.loops.watch import Watch
from neurons.rulebook import Rulebook
from neurons.supervisor import Wakes
from tests.neurons.scenes import NETUID, commit, subnet
from tests.neurons.tiny_model import write_model

MINERS = ("alice", "bob")
"""The senior one first: its model is taken in first, and what goes wrong goes wrong with it."""

TABLE = tables.load("pocket")
LONGEST_PAUSE = 64


def publish_all(folder: Path, hub: Path, endpoint: str) -> dict[str, bytes]:
    """Publish every miner's model of some 300,000 bytes; the lines they commit."""
    lines = {}
    for seed, name in enumerate(MINERS):
        owner = HuggingFaceHub(endpoint, HubStore(hub).add_user(name))
        done = publish(owner, f"{name}/model", write_model(folder / name, seed, hidden=96))
        assert isinstance(done, PublishedModel)
        owner.set_visibility(f"{name}/model", "model", private=False)
        lines[name] = encode_sealed(ModelRef("answers", done.repo, done.revision, done.digest), Hotkey(name)).encode()
    return lines


def client(endpoint: str, folder: Path) -> HuggingFaceHub:
    """A validator's Hub: of little patience, and never asleep."""
    patience = Patience(sleep=lambda _seconds: None)
    return HuggingFaceHub(endpoint, None, timeout_s=5.0, patience=patience, unfinished=folder / "downloads")


class Validator:
    """One that has seen what was committed, and has taken in what its folder holds already."""

    def __init__(
        self, folder: Path, lines: Mapping[str, bytes], hub: Hub, cache: type[ModelCache] = ModelCache
    ) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self.chain = subnet(*MINERS)
        for block, (name, line) in enumerate(lines.items(), start=10):
            commit(self.chain, name, block, line, opens=20)
        self.chain.advance_to(60)
        self.ledger = open_ledger(folder / "ledger.sqlite")
        self.cache = cache(folder / "models")
        intake = Intake(hub, self.cache, Unfinished(folder / "downloads"))
        self.fetch = Fetch(self.chain, self.ledger, intake, Rulebook.of(TABLE), Wakes())
        watch = Watch(self.chain, self.ledger, NETUID, Rulebook.of(TABLE), Wakes(), catch_up=100)
        while watch.step():
            pass

    def turn(self) -> None:
        """Take in everything that is due, and let the longest pause pass."""
        while self.fetch.step():
            pass
        self.chain.advance(LONGEST_PAUSE)

    def run(self) -> "Validator":
        """Go on until nothing is due any more."""
        for _ in range(20):
            if "due" not in self.states().values():
                return self
            self.turn()
        raise AssertionError(f"still due: {self.retries()}")

    def states(self) -> dict[str, str]:
        """State of the files, by miner."""
        return {s.repo.split("/")[0]: s.intake for s in submissions.all_of(self.ledger, "answers")}

    def retries(self) -> list[tuple[str, str]]:
        """Every attempt that failed, by miner and with its cause, oldest first."""
        query = (
            "select repo, detail from intakes join submissions on submissions.id = submission_id "
            "where outcome = 'retry' order by intakes.id"
        )
        with self.ledger.reading() as session:
            return [(repo.split("/")[0], detail) for repo, detail in session.execute(text(query))]

    def outcome(self) -> dict[str, Any]:
        """All that stays: decided rows of the ledger, files of the cache by sha256, and what was left lying about."""
        query = (
            "select repo, revision, commit_block, outcome, parameters, bytes, intakes.digest, reason, intakes.detail "
            "from intakes join submissions on submissions.id = submission_id where outcome != 'retry' order by repo"
        )
        with self.ledger.reading() as session:
            decided = [tuple(row) for row in session.execute(text(query))]
        return {"decided": decided, "states": self.states(), "files": below(self._folder / "models")} | {
            "unfinished": below(self._folder / "downloads")
        }

    def close(self) -> None:
        """As a process that ends."""
        self.cache.close()
        self.ledger.close()


def below(folder: Path) -> dict[str, str]:
    """Every file below a folder with the sha256 of its content, and every empty folder."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif not any(path.iterdir()):
            found[name] = "empty"
    return found
