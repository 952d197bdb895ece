"""The embedded network's folder: where its chain, Hub, wallets and actors keep what they have.

LocalnetError
└── Taken    a folder or a port that was asked for is somebody else's; nothing was begun
"""

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localnet.scenario import SCENARIOS, Scenario


class LocalnetError(Exception):
    """The embedded network cannot do what was asked; the message says what to do."""


class Taken(LocalnetError):
    """A folder or a port that was asked for is somebody else's; nothing was begun."""


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

    @property
    def bundles(self) -> Path:
        """The samples of the validator's rounds."""
        return self.of("validator") / "bundles"

    def of(self, actor: str) -> Path:
        """An actor's own folder."""
        return self.root / "actors" / actor

    def claim(self) -> None:
        """Make the folder this network's own, which `down --purge` may remove whole. Raises Taken."""
        if self._network.exists():
            raise self._occupied()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if other := next(self.root.iterdir(), None):
                raise Taken(f"{self.root} holds other files ({other.name}, …): name a new or empty folder by --home")
            self._network.touch(mode=0o600, exist_ok=False)
        except OSError as error:
            cause = error.strerror
            raise Taken(f"{self.root} cannot be a network's folder ({cause}): name another by --home") from None

    def require(self) -> None:
        """Raises LocalnetError where no network is, or was begun, in this folder."""
        if not self._network.is_file():
            raise self._absent()

    def remember(self, scenario: Scenario, tokens: dict[str, str]) -> None:
        """Keep what later commands need; the file holds Hub tokens, so only its owner may read it."""
        self._network.touch(mode=0o600)
        self._network.write_text(json.dumps({"scenario": scenario.name, "tokens": tokens}), encoding="utf-8")

    def publish_addresses(self, hub: str, leaderboard: str) -> None:
        """Keep where the network's servers answer."""
        (self.root / "addresses.json").write_text(
            json.dumps({"hub": hub, "leaderboard": leaderboard}), encoding="utf-8"
        )

    def addresses(self) -> dict[str, str]:
        """Where the network's servers answer; empty while it is being started. Raises LocalnetError where none is."""
        self.require()
        path = self.root / "addresses.json"
        known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
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
        try:
            facts: dict[str, Any] = json.loads(self._network.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise self._absent() from None
        except ValueError:
            raise LocalnetError(
                f"the network in {self.root} was never complete: remove it with "
                f"`crucible localnet down --purge{self._option}`"
            ) from None
        return facts

    @property
    def _network(self) -> Path:
        """Stands from the folder's first moment as a network's on."""
        return self.root / "network.json"

    @property
    def _option(self) -> str:
        """What a command needs to find this place."""
        return "" if self == default_place() else f" --home {shlex.quote(str(self.root))}"

    def _occupied(self) -> Taken:
        return Taken(
            f"{self.root} has a network already: `crucible localnet status{self._option}` shows it, "
            f"`crucible localnet down --purge{self._option}` removes it"
        )

    def _absent(self) -> LocalnetError:
        return LocalnetError(f"no network in {self.root}: start one with `crucible localnet up{self._option}`")


def default_place() -> Place:
    """The network of `crucible localnet` where no other folder is named."""
    return place_at(Path(os.environ.get("CRUCIBLE_HOME", "~/.crucible")) / "localnet")


def place_at(folder: Path) -> Place:
    """The network of a folder, named absolutely: its actors work in folders of their own."""
    return Place(folder.expanduser().absolute())
