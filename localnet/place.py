"""The embedded network's folder: where its chain, Hub, wallets and actors keep what they have."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localnet.scenario import SCENARIOS, Scenario


class LocalnetError(Exception):
    """The embedded network cannot do what was asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """One network's folder."""

    root: Path

    @property
    def chain(self) -> Path:
        """The chain's file."""
        return self.root / "chain.sqlite"

    @property
    def hub(self) -> Path:
        """The Hub's folder."""
        return self.root / "hub"

    @property
    def wallets(self) -> Path:
        """Everybody's wallets."""
        return self.root / "wallets"

    @property
    def ledger(self) -> Path:
        """The validator's ledger, which the leaderboard reads."""
        return self.of("validator") / "ledger.sqlite"

    def of(self, actor: str) -> Path:
        """An actor's own folder."""
        return self.root / "actors" / actor

    def remember(self, scenario: Scenario, tokens: dict[str, str]) -> None:
        """Keep what later commands need; the file holds Hub tokens, so only its owner may read it."""
        path = self.root / "network.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"scenario": scenario.name, "tokens": tokens}), encoding="utf-8")

    def publish_addresses(self, hub: str, leaderboard: str) -> None:
        """Keep where the network's servers answer."""
        (self.root / "addresses.json").write_text(
            json.dumps({"hub": hub, "leaderboard": leaderboard}), encoding="utf-8"
        )

    def addresses(self) -> dict[str, str]:
        """Where the network's servers answer. Raises LocalnetError where no network is up."""
        try:
            known: dict[str, str] = json.loads((self.root / "addresses.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise LocalnetError(f"no network is up in {self.root}: start one with `crucible localnet up`") from None
        return known

    def scenario(self) -> Scenario:
        """The scenario of the network in this folder. Raises LocalnetError where there is none."""
        return SCENARIOS[str(self._facts()["scenario"])]

    def token(self, person: str) -> str:
        """A person's Hub token. Raises LocalnetError for a stranger."""
        tokens = self._facts()["tokens"]
        if person not in tokens:
            raise LocalnetError(f"nobody is called {person!r} here; the people are {', '.join(tokens)}")
        return str(tokens[person])

    def _facts(self) -> dict[str, Any]:
        path = self.root / "network.json"
        try:
            facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise LocalnetError(f"no network in {self.root}: start one with `crucible localnet up`") from None
        return facts


def default_place() -> Place:
    """The network of `crucible localnet` where no other folder is named."""
    return Place(Path(os.environ.get("CRUCIBLE_HOME", "~/.crucible")).expanduser() / "localnet")
