"""A contest to attack: a subnet in memory, a Hub in a folder, and a validator's own loops from chain to weights.

Everything is what a validator runs but for three things: models are judged by a script of losses, samples come from a
guild of producers that sign nothing, and files are vetted in this process. Blocks are stepped, not waited for.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chain.signing import Wallet
from chain.simulated.state import Field
from chain.types import Block, BlockCount, Coldkey, Hotkey
from competitions.records import Submission
from competitions.spec import Competition, Table
from evaluation.scripted_executor import Answer, ScriptedExecutor, losing
from hub.archive import Archive
from hub.folder import FolderHub
from ledger import rounds, submissions
from ledger.board import board
from ledger.database import Ledger, open_ledger
from models.cache import ModelCache
from models.ref import CLEAR, ModelRef, encode_hashed, encode_sealed
from models.vetting import vet
from neurons.descent import Descent
from neurons.intake import Intake
from neurons.loops.fetch import Fetch
from neurons.loops.rounds import Rounds
from neurons.loops.watch import Watch
from neurons.loops.weigh import Weigh
from neurons.reporting import Silent
from neurons.supervisor import Wakes
from tests.attacks.contest_parts import NAME, Guild, MoodyHub, rules
from tests.attacks.files import Files, model
from tests.neurons.scenes import NETUID, subnet

NOISE = 0.02
"""What two equal models differ by on one sample: a round of 128 tells a difference of half a percent."""

_SOON = 4
"""Blocks after a seed block at which the validator looks: the beacon has spoken by then."""


@dataclass
class Contest:
    """What attackers and honest miners do is planned by block; `play` lets it happen, and tells who reigned."""

    folder: Path
    ledger: Ledger
    validator: Wallet
    table: Table
    answers: dict[str, list[Answer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chain = subnet()
        self.hub = MoodyHub(self.folder / "hub", None)
        self._plan: list[tuple[int, int, Callable[[], None]]] = []
        self._known: set[Hotkey] = set()
        self.chain.register(NETUID, self.validator.hotkey, self.validator.coldkey)
        self.chain.stake(NETUID, self.validator.hotkey, 1_000.0)
        self._made = 0

    @property
    def rules(self) -> Competition:
        """The one competition of the table."""
        return self.table.competitions[0]

    def at(self, block: int, happens: Callable[[], None]) -> None:
        """Let something happen in a block."""
        self._plan.append((block, len(self._plan), happens))

    def joins(self, hotkey: str, coldkey: str | None = None) -> None:
        """Register a hotkey, of a coldkey of its own unless told."""
        if Hotkey(hotkey) not in self._known:
            self._known.add(Hotkey(hotkey))
            self.chain.register(NETUID, Hotkey(hotkey), Coldkey(coldkey or f"cold-{hotkey}"))

    def uploads(self, hotkey: str, files: Files, *, public_at: int) -> ModelRef:
        """Put a model into a private repository of the hotkey's, which is public from a block on."""
        hub, self._made = FolderHub(self.folder / "hub", hotkey), self._made + 1
        repo = f"{hotkey}/model{self._made}"
        hub.create(repo, "model", private=True)
        revision = hub.upload_files(repo, "model", files.content, message="model")
        self.at(public_at, lambda: hub.set_visibility(repo, "model", private=False))
        return ModelRef(NAME, repo, revision, files.digest)

    def enters(
        self,
        hotkey: str,
        loss: float | Answer,
        *,
        at: int,
        opens: int | None = None,
        public_at: int | None = None,
        files: Files | None = None,
        coldkey: str | None = None,
        hashed: bool = False,
    ) -> ModelRef:
        """An entry as an honest miner makes one: uploaded, committed sealed (or `hashed`, in clear), public when it
        opens. Without `files` the model is one of its own."""
        self.joins(hotkey, coldkey)
        opens = at if hashed else at + 6 if opens is None else opens
        ref = self.uploads(hotkey, files or model(_seed_of(hotkey, at)), public_at=public_at or opens)
        self.says(hotkey, ref, at, opens, hashed=hashed)
        self.answers.setdefault(ref.digest, [self.loses(hotkey, loss) if isinstance(loss, float) else loss])
        return ref

    def loses(self, hotkey: str, loss: float, known: Mapping[Hotkey, float] | None = None) -> Answer:
        """What the judge says of a model: its loss, with noise of its own; another one on samples of `known` makers."""
        return losing(loss, noise=NOISE, name=hotkey, known=known)

    def says(self, hotkey: str, ref: ModelRef, at: int, opens: int, *, hashed: bool = False) -> None:
        """Commit a pointer, bound to the hotkey."""
        if hashed:
            self.puts(hotkey, at, lambda: (encode_hashed(ref, Hotkey(hotkey)).encode(),))
        else:
            self.puts_sealed(hotkey, at, opens, encode_sealed(ref, Hotkey(hotkey)).encode())

    def puts_sealed(self, hotkey: str, at: int, opens: int, *texts: bytes) -> None:
        """Commit whatever texts, sealed until a block."""
        self.puts(hotkey, at, lambda: (*(self.chain.sealed(text, Block(opens)) for text in texts), CLEAR))

    def puts(self, hotkey: str, at: int, fields: Callable[[], Sequence[Field]]) -> None:
        """Commit whatever fields."""
        self.at(at, lambda: self.chain.put(NETUID, Hotkey(hotkey), *fields()) and None)

    def removes(self, repo: str, at: int) -> None:
        """Delete a repository in a block."""
        archive = Archive(self.folder / "hub")

        def gone() -> None:
            found = archive.find(repo, "model")
            assert found is not None
            archive.delete(found)

        self.at(at, gone)

    def mood(self, mood: str, at: int) -> None:
        """Let the Hub be well, ill or away from a block on."""
        self.at(at, lambda: setattr(self.hub, "mood", mood))

    def play(self, rounds_: int) -> str:
        """Let everything happen until so many rounds are judged; who reigned after each, those on trial with a `?`."""
        loops = self._loops()
        for number in range(rounds_):
            self._live_until(self.rules.first_block + number * self.rules.round_blocks + _SOON)
            for loop in loops:
                while loop.step():
                    pass
        return self.kings

    @property
    def kings(self) -> str:
        """Who reigned after each closed round."""
        return " ".join(self._king(closed.number) for closed in rounds.closed(self.ledger, NAME))

    def submission(self, hotkey: str) -> Submission:
        """The newest submission of a hotkey."""
        return [s for s in submissions.all_of(self.ledger, NAME) if s.hotkey == hotkey][-1]

    def fate(self, hotkey: str) -> str:
        """What became of a hotkey's newest commitment, with the reason code where it has one."""
        told = next(one for one in board(self.ledger).submissions if one.hotkey == hotkey)
        return f"{told.state} {told.reason}" if told.reason else told.state

    def roles(self, hotkey: str) -> str:
        """The roles that a hotkey's newest submission had, round by round; `-` where it took no part."""
        id_ = self.submission(hotkey).id
        every = [rounds.standings(self.ledger, closed.id) for closed in rounds.closed(self.ledger, NAME)]
        return " ".join(next((s.role for s in one if s.submission_id == id_), "-") for one in every)

    def weighs(self) -> str:
        """Let the validator set its weights once the last round is settled; whom the chain then shows them to pay."""
        self.chain.advance(self.table.settle_blocks + _SOON)
        chain, refresh = self.chain, BlockCount(1_000)
        Weigh(chain, chain, self.validator, self.ledger, NETUID, self.table, refresh, Silent()).step()
        return self.weights

    @property
    def weights(self) -> str:
        """Whom the validator's weights on chain pay, and what part."""
        names = {neuron.uid: neuron.hotkey for neuron in self.chain.neurons(NETUID)}
        rows = self.chain.weights(NETUID).values()
        return " ".join(f"{names[uid]}={part:.2g}" for row in rows for uid, part in sorted(row.items())) or "nobody"

    def _king(self, number: int) -> str:
        reign = rounds.reign_after(self.ledger, NAME, number)
        return "-" if reign is None else reign.hotkey if reign.confirmed else f"{reign.hotkey}?"

    def _live_until(self, block: int) -> None:
        """Blocks up to one, with all that is planned for them; what happens in one block stands in one."""
        self._plan.sort(key=lambda one: one[:2])
        while self._plan and self._plan[0][0] <= block:
            now = self._plan[0][0]
            self.chain.advance_to(now - 1)
            with self.chain.block():
                while self._plan and self._plan[0][0] == now:
                    self._plan.pop(0)[2]()
        self.chain.advance_to(block)

    def _loops(self) -> tuple[Watch, Fetch, Rounds]:
        chain, ledger, wakes = self.chain, self.ledger, Wakes()
        intake = Intake(self.hub, ModelCache(self.folder / "models"), vetting=vet)
        watch = Watch(chain, ledger, NETUID, self.table, wakes, catch_up=100)
        judging = (Guild(), ScriptedExecutor(self.answers), intake, Descent(ledger), self.folder / "bundles", 100)
        judge = Rounds(chain, ledger, NETUID, self.table, *judging, wakes, Silent(), threading.Event())
        return watch, Fetch(chain, ledger, intake, self.table, wakes), judge


@contextmanager
def contest(folder: Path, ledger: Path, validator: Wallet, table: Table | None = None) -> Iterator[Contest]:
    """A contest in a folder that holds a ledger without anything in it."""
    opened = open_ledger(ledger)
    yield Contest(folder, opened, validator, table or rules())
    opened.close()


def _seed_of(hotkey: str, at: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{hotkey} {at}".encode()).digest()[:4], "big")
