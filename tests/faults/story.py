"""One validator's whole life in a hundred blocks, on the simulated chain: two miners, a stranger, two producers.

The same story is told with and without faults; what is left of it on chain and in the ledger is then compared.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from chain.embedded.hyperparameters import Hyperparameters
from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.simulated.state import Field
from chain.types import Block, BlockCount, Hotkey, NetUid
from competitions.records import Standing
from competitions.spec import Table
from evaluation.scripted_executor import ScriptedExecutor, losing
from evaluation.sources.batch import BatchPointer, encode, encode_pointer, path_of, root_of
from evaluation.sources.content import Pair, Text
from evaluation.sources.doors import Doors
from evaluation.sources.registry import Sources
from evaluation.sources.sample import Sample
from evaluation.sources.signed import sign
from hub.folder import FolderHub
from ledger import rounds, submissions
from ledger.database import Ledger, open_ledger
from models.cache import ModelCache
from models.publishing import PublishedModel, publish
from models.ref import CLEAR, ModelRef, encode_sealed
from neurons import tables
from neurons.descent import Descent
from neurons.intake import Intake
from neurons.loops.fetch import Fetch
from neurons.loops.rounds import Rounds
from neurons.loops.watch import Watch
from neurons.loops.weigh import Weigh
from neurons.reporting import Silent
from neurons.rulebook import Rulebook
from neurons.supervisor import Loop, Wakes
from tests.neurons.tiny_model import write_model

MODELS, SAMPLES = NetUid(1), NetUid(2)
RULES = Hyperparameters(tempo=20, commit_reveal=False, weights_rate_limit=5)
END = Block(112)
BATCHES = (44, 68, 92)
"""Blocks in which the producers commit; the rounds' seed blocks follow soon after."""
STEP_EVERY = 3
"""Blocks from one look of the validator to the next."""

Event = Callable[[SimulatedChain], None]
LOOPS = ("watch", "fetch", "rounds", "weigh")


@dataclass(frozen=True)
class Cast:
    """Who plays, and what lies on the Hub from the start."""

    hub: Path
    owner: Wallet
    validator: Wallet
    miners: Mapping[str, Wallet]
    stranger: Wallet
    producers: tuple[Wallet, ...]
    models: Mapping[str, PublishedModel]
    pointers: Mapping[tuple[str, int], bytes]
    """What a producer commits in a block."""
    ledger: Path
    """An empty one, closed, which the validator begins with a copy of."""


def gather(folder: Path, wallets: Callable[[str], Wallet], ledger: Path) -> Cast:
    """Publish the models and the batches that the story will name."""
    miners = {name: wallets(name) for name in ("alice", "bob")}
    producers = tuple(wallets(f"prod{number}") for number in range(2))
    models = {}
    for seed, name in enumerate(miners):
        hub = FolderHub(folder / "hub", name)
        published = publish(hub, f"{name}/model", write_model(folder / name, seed))
        assert isinstance(published, PublishedModel)
        hub.set_visibility(f"{name}/model", "model", private=False)
        models[name] = published
    pointers = {(one.name, at): _batch(folder, one, at) for one in producers for at in BATCHES}
    people = wallets("owner"), wallets("validator"), miners, wallets("stranger"), producers
    return Cast(folder / "hub", *people, models, pointers, ledger)


def _batch(folder: Path, producer: Wallet, at: int) -> bytes:
    """As many pairs and texts as half a round needs, and some more, anchored shortly before they are committed."""
    chain, hub = new_chain(), FolderHub(folder / "hub", producer.name)
    anchor = Block(chain.advance_to(at) - 1)
    origin = "pydoc", producer.hotkey, SAMPLES, datetime(2030, 1, 1, tzinfo=UTC), anchor, chain.block_hash(anchor)
    words = [f"{producer.name} {at} {number}" for number in range(36)]
    contents = [*(Pair(f"what is {word}?", word) for word in words), *(Text(f"it is {word}") for word in words)]
    signed = [sign(Sample(content, *origin), producer) for content in contents]
    data = encode(signed)
    repo, root = f"{producer.name}/samples", root_of(data)
    hub.create(repo, "dataset", private=False)
    revision = hub.upload_files(repo, "dataset", {path_of(root): data}, message=str(at))
    return encode_pointer(BatchPointer(repo, revision, root))


def new_chain(finality_lag: int = 0) -> SimulatedChain:
    """The story's chain at block 0, without subnets."""
    return SimulatedChain(block_time_s=1.0, finality_lag=finality_lag, name="story")


def found(chain: SimulatedChain, cast: Cast) -> None:
    """Both subnets and everybody's uid, as part of genesis."""
    for netuid, people in ((MODELS, (cast.validator, *cast.miners.values(), cast.stranger)), (SAMPLES, cast.producers)):
        chain.create_subnet(netuid, RULES)
        for wallet in (cast.owner, *people):
            chain.register(netuid, wallet.hotkey, wallet.coldkey)
    chain.stake(MODELS, cast.validator.hotkey, 1_000.0)
    for producer in cast.producers:
        chain.stake(SAMPLES, producer.hotkey, 1_000.0)


def line(cast: Cast, miner: str, name: str | None = None) -> bytes:
    """The pointer by which a miner enters its model, or another text of its own."""
    model = cast.models[miner]
    ref = ModelRef("answers", name or f"{miner}/model", model.revision, model.digest)
    return encode_sealed(ref, cast.miners[miner].hotkey).encode()


def events(cast: Cast) -> dict[int, Event]:
    """What happens in which block, whoever looks."""

    def seals(miner: str, opens: int, text: bytes | None = None) -> Event:
        pointer = line(cast, miner) if text is None else text
        hotkey = cast.miners[miner].hotkey
        return lambda chain: put(chain, MODELS, hotkey, chain.sealed(pointer, Block(opens)), CLEAR)

    def batches(at: int) -> Event:
        def commit(chain: SimulatedChain) -> None:
            for producer in cast.producers:
                put(chain, SAMPLES, producer.hotkey, cast.pointers[producer.name, at])

        return commit

    return {
        10: seals("alice", 16),
        20: seals("bob", 26),
        30: lambda chain: put(chain, MODELS, cast.stranger.hotkey, "всё хорошо 🙂".encode()),
        50: seals("alice", 70, line(cast, "alice", "alice/never")),
        60: seals("alice", 66, line(cast, "alice", "alice/second")),
        80: seals("bob", 85, b"no pointer at all"),
        **{at: batches(at) for at in BATCHES},
    }


def put(chain: SimulatedChain, netuid: NetUid, hotkey: Hotkey, *fields: Field) -> None:
    """Commit in the block that is being made."""
    chain.put(netuid, hotkey, *fields)


class Validator:
    """The loops without their threads, on a ledger of their own."""

    def __init__(self, chain: SimulatedChain, cast: Cast, folder: Path) -> None:
        self.chain = chain
        self.ledger: Ledger = open_ledger(shutil.copy(cast.ledger, folder / "ledger.sqlite"))
        self.table: Table = tables.load("pocket")
        hub, wakes = FolderHub(cast.hub, None), Wakes()
        intake = Intake(hub, ModelCache(folder / "models"))
        losses = {cast.models["alice"].digest: 3.0, cast.models["bob"].digest: 2.0}
        executor = ScriptedExecutor({digest: [losing(loss)] for digest, loss in losses.items()})
        judging = Rounds(
            chain=chain,
            ledger=self.ledger,
            netuid=MODELS,
            rulebook=Rulebook.of(self.table),
            sources=Sources(Doors(chain, hub, folder / "sources")),
            executor=executor,
            intake=intake,
            descent=Descent(self.ledger),
            bundles=folder / "bundles",
            catch_up=2,
            wakes=wakes,
            reporter=Silent(),
            stopping=wakes.event("stopping"),
        )
        weigh = Weigh(
            reader=chain,
            writer=chain,
            wallet=cast.validator,
            ledger=self.ledger,
            netuid=MODELS,
            rulebook=Rulebook.of(self.table),
            refresh_blocks=BlockCount(30),
            reporter=Silent(),
        )
        self.loops: Mapping[str, Loop] = {
            "watch": Watch(chain, self.ledger, MODELS, Rulebook.of(self.table), wakes),
            "fetch": Fetch(chain, self.ledger, intake, Rulebook.of(self.table), wakes),
            "rounds": judging,
            "weigh": weigh,
        }

    def turn(self, name: str) -> None:
        """Everything a loop has to do at this block."""
        while self.loops[name].step():
            pass

    def facts(self, *without: str) -> dict[str, list[tuple[object, ...]]]:
        """Every row of the ledger by table, but for what is said to differ."""
        with self.ledger.reading() as session:
            names = session.execute(text("select name from sqlite_master where type = 'table' order by name")).scalars()
            kept = [name for name in names if name not in ("heartbeats", "alembic_version", *without)]
            return {name: [tuple(row) for row in session.execute(text(f"select * from {name}"))] for name in kept}

    def outcome(self) -> dict[str, object]:
        """What it all comes to, without the numbers of rows and without what was seen when."""
        return {
            "submissions": [
                (s.hotkey, s.repo, s.commit_block, s.revealed_block, s.intake)
                for s in submissions.all_of(self.ledger, "answers")
            ],
            "rounds": [
                (round_.seed_block, round_.seed, round_.bundle_root, [self._standing(s) for s in standings])
                for round_ in rounds.closed(self.ledger, "answers")
                for standings in [rounds.standings(self.ledger, round_.id)]
            ],
            "king": [reign.hotkey for reign in rounds.reigns(self.ledger, "answers")],
            "weights": self.chain.weights(MODELS),
        }

    def _standing(self, standing: Standing) -> tuple[object, ...]:
        hotkey = submissions.get(self.ledger, standing.submission_id).hotkey
        return hotkey, standing.place, standing.role, standing.score


Turn = Callable[[Validator, str], None]


def told(
    cast: Cast,
    folder: Path,
    turn: Turn = Validator.turn,
    more: Mapping[int, Event] | None = None,
    finality_lag: int = 0,
    every: int = STEP_EVERY,
) -> Validator:
    """The story from its first block to its last, with more events if there are any.

    Every loop's turn is played as `turn` plays it, every so many blocks.
    """
    folder.mkdir()
    chain = new_chain(finality_lag)
    found(chain, cast)
    validator = Validator(chain, cast, folder)
    due = events(cast) | dict(more or {})
    while (head := chain.advance(0)) < END:
        with chain.block():
            for at in [at for at in sorted(due) if at <= head + 1]:
                due.pop(at)(chain)
        if head % every == 0:
            for name in LOOPS:
                turn(validator, name)
    return validator
