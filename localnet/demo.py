"""The demo: every actor an own process, from an empty folder to weights read back from the chain.

It starts public commands and waits for what the leaderboard and the chain show; it chooses no sample and no result.
"""

import json
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from chain.types import NetUid
from localnet import actors, network, reading
from localnet.actors import Actor
from localnet.freshness import freshness
from localnet.network import Network
from localnet.outcome import Outcome, outcome
from localnet.place import LocalnetError, Place
from localnet.scenario import DATA_SUBNET, MINERS, OWNER, PRODUCERS, SUBNET, Person, Scenario, Training
from neurons import tables

_LOOK_S = 1.0
_BASE_REPO = f"{OWNER.name}/base"
_AT_A_TIME = 2
"""Miners that train at the same time; those who wait for their pointer to open keep nobody from it."""
_ENCODINGS = {
    "sealed": "sealed pointer, public at the reveal",
    "hashed": "pointer with its digest hashed, public at once",
}

_Found = TypeVar("_Found")

Say = Callable[[str], None]


@dataclass
class Demo:
    """One run of a scenario in a place; `say` hears each step in words."""

    place: Place
    scenario: Scenario
    rounds: int
    """Rounds with a score that every competition must have closed."""
    patience_s: float
    say: Say
    peak_bytes: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _training: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_AT_A_TIME))

    def run(self) -> Outcome:
        """Play the whole story; what came of it. Raises LocalnetError where an actor fails or patience ends."""
        begun = time.monotonic()
        watcher = threading.Thread(target=self._watch_memory, name="memory", daemon=True)
        watcher.start()
        try:
            net = network.up(self.place, self.scenario, self.say, keep_failed=True)
            self._train_base(net)
            self._await_samples()
            self._mine_all(net)
            self._copy(net)
            return self._finish(net, begun)
        finally:
            self._over.set()
            watcher.join()
            network.down(self.place)

    def _train_base(self, net: Network) -> None:
        scenario = self.scenario
        self.say(f"training the base model ({scenario.base_preset}, {scenario.base_steps} steps)")
        out = str(self.place.of(OWNER.name) / "base")
        budget = ("--steps", str(scenario.base_steps), "--seconds", str(scenario.base_seconds))
        arguments = ("miner", "base", "--preset", scenario.base_preset, *budget, "--out", out, "--publish", _BASE_REPO)
        self._run(net.cast.once(OWNER, *arguments, threads=2))

    def _await_samples(self) -> None:
        """Wait until every producer has committed a batch that miners can train on."""
        self._until(lambda: len(self._chain(DATA_SUBNET, "commitments")) >= len(PRODUCERS) or None, "no samples")

    def _mine_all(self, net: Network) -> None:
        """All miners; where one fails, or the demo is interrupted, the others are not waited for."""
        pool = ThreadPoolExecutor(max_workers=len(self.scenario.trainings), thread_name_prefix="miner")
        try:
            for miner in [pool.submit(self._mine, net, training) for training in self.scenario.trainings]:
                miner.result()
        except BaseException:
            self._over.set()
            pool.shutdown(wait=False, cancel_futures=True)
            network.down(self.place)
            raise
        finally:
            pool.shutdown()

    def _mine(self, net: Network, training: Training) -> None:
        """One miner: fine-tune the base on what producers have published, and bring it before the validator."""
        miner = _person(training.miner)
        out = str(self.place.of(miner.name) / training.competition)
        plan = ("--steps", str(training.steps), "--lr", str(training.learning_rate))
        arguments = ("miner", "train", "--base", _BASE_REPO, "--competition", training.competition, *plan, "--out", out)
        with self._training:
            self.say(f"{miner.name} fine-tunes for {training.competition} ({training.steps} steps)")
            self._run(net.cast.once(miner, *arguments))
        self._publish(net, miner, out, training.competition, training.encoding)

    def _publish(self, net: Network, miner: Person, source: str, competition: str, encoding: str = "sealed") -> None:
        self.say(f"{miner.name} publishes to {competition}: private upload, {_ENCODINGS[encoding]}")
        repo = f"{miner.name}/{competition}"
        named = ("--repo", repo, "--competition", competition, "--encoding", encoding)
        self._run(net.cast.once(miner, "miner", "publish", source, *named, "--json"))

    def _run(self, actor: Actor) -> str:
        """The last line that an actor printed. Raises LocalnetError where it fails, or the demo is over."""
        if self._over.is_set():
            raise LocalnetError(f"{actor.name} was not started: the demo is over")
        return actors.run(self.place, actor)

    def _copy(self, net: Network) -> None:
        """The copier waits for a king and commits its model, byte for byte, as its own."""
        competition, copier = self.scenario.trainings[0].competition, self.scenario.copier
        rivals = {training.miner for training in self.scenario.trainings if training.competition == competition}

        def winner() -> reading.Row | None:
            board = reading.fetch(net.leaderboard)
            judged = {row.repo.partition("/")[0] for row in reading.newest_standings(board, competition)}
            return reading.king(board, competition) if rivals <= judged else None

        self.say(f"waiting for {' and '.join(sorted(rivals))} to be judged; {copier} will copy the king")
        king = self._until(winner, f"no king of {competition}")
        self._publish(net, _person(self.scenario.copier), f"{king.repo}@{king.revision}", competition)

    def _finish(self, net: Network, begun: float) -> Outcome:
        """Wait until every competition has a king, the copy is judged, and the chain pays by the table's last phase."""

        def complete() -> Outcome | None:
            found = self._outcome(net, begun)
            return found if found.ok else None

        try:
            return self._until(complete, "the demo is not complete")
        except LocalnetError:
            return self._outcome(net, begun)

    def _outcome(self, net: Network, begun: float) -> Outcome:
        board = reading.fetch(net.leaderboard)
        weights = self._chain(SUBNET, "weights")
        names = [competition.name for competition in tables.load(self.scenario.table).competitions]
        fresh = freshness(self.place.ledger, self.place.bundles, names)
        return outcome(board, weights, fresh, self.scenario, self.rounds, time.monotonic() - begun, self.peak_bytes)

    def _chain(self, netuid: NetUid, what: str) -> Any:
        """What `crucible chain` says of a subnet."""
        arguments = ("chain", what, "--network", str(self.place.chain), "--netuid", str(netuid), "--json")
        return json.loads(self._run(Actor("reader", arguments, {})))

    def _watch_memory(self) -> None:
        while not self._over.wait(_LOOK_S):
            self.peak_bytes = max(self.peak_bytes, actors.memory_bytes())

    def _until(self, found: Callable[[], _Found | None], missing: str) -> _Found:
        """What is found in the end. Raises LocalnetError where an actor died or patience ended."""
        until = time.monotonic() + self.patience_s
        while True:
            answer = found()
            if answer is not None:
                return answer
            if dead := actors.dead(self.place):
                raise LocalnetError(f"{dead.name} died: {actors.tail(dead.log)}")
            if time.monotonic() > until:
                raise LocalnetError(
                    f"{missing} after {self.patience_s:.0f} s; `--keep` keeps {self.place.root} to look at"
                )
            time.sleep(_LOOK_S)


def fresh_place() -> Place:
    """A new temporary folder."""
    return Place(Path(tempfile.mkdtemp(prefix="crucible-demo-")))


def _person(name: str) -> Person:
    return next(miner for miner in MINERS if miner.name == name)
