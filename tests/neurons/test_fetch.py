"""Fetching: every model has its turn, whatever another's repository does, and our own faults refuse nobody."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from chain.simulated.chain import SimulatedChain
from chain.types import Hotkey
from hub.folder import FolderHub
from hub.port import Denied, Hub, HubUnreachable, RepoInfo, RepoKind
from hub.unfinished import Unfinished
from ledger import submissions
from ledger.database import Ledger, open_ledger
from models.cache import ModelCache
from models.publishing import PublishedModel, publish
from models.ref import ModelRef, encode_sealed
from neurons import tables
from neurons.intake import PATIENCE, Intake, Unfetched, pause
from neurons.loops.fetch import Fetch
from neurons.loops.watch import Watch
from neurons.rulebook import Rulebook
from neurons.supervisor import Wakes
from tests.neurons.scenes import NETUID, commit, pointer, subnet
from tests.neurons.tiny_model import write_model

TABLE = tables.load("pocket")


@dataclass
class Failing:
    """A Hub that fails in its own way for one repository; every attempt there takes many blocks."""

    inner: Hub
    chain: SimulatedChain
    error: Exception

    def describe(self, repo: str, kind: RepoKind, revision: str | None = None) -> RepoInfo:
        if repo == "stranger/model":
            self.chain.advance(100)
            raise self.error
        return self.inner.describe(repo, kind, revision)

    def fetch(
        self,
        repo: str,
        kind: RepoKind,
        revision: str,
        paths: Sequence[str],
        into: Path,
        *,
        max_bytes: int | None = None,
    ) -> None:
        self.inner.fetch(repo, kind, revision, paths, into, max_bytes=max_bytes)


def watch(chain: SimulatedChain, ledger: Ledger) -> None:
    loop = Watch(chain, ledger, NETUID, Rulebook.of(TABLE), Wakes(), catch_up=100)
    while loop.step():
        pass


@dataclass
class Scene:
    """A stranger's submission, senior to an honest one that lies on the Hub."""

    chain: SimulatedChain
    ledger: Ledger
    loop: Fetch
    hub: FolderHub

    def failing(self, error: Exception) -> Fetch:
        hub: Hub = Failing(self.hub, self.chain, error)  # type: ignore[assignment]  # reads are all that is asked
        return Fetch(self.chain, self.ledger, Intake(hub, self.loop.intake.cache), Rulebook.of(TABLE), Wakes())

    def states(self) -> dict[str, str]:
        return {s.repo: s.intake for s in submissions.all_of(self.ledger, "answers")}


@pytest.fixture
def scene(new_ledger: Ledger, tmp_path: Path) -> Iterator[Scene]:
    owner = FolderHub(tmp_path / "hub", "honest")
    done = publish(owner, "honest/model", write_model(tmp_path / "model"))
    assert isinstance(done, PublishedModel)
    owner.set_visibility("honest/model", "model", private=False)
    ref = ModelRef("answers", "honest/model", done.revision, done.digest)
    line = encode_sealed(ref, Hotkey("honest")).encode()
    chain = subnet("honest", "stranger")
    commit(chain, "stranger", 10, pointer("stranger"), opens=15)
    commit(chain, "honest", 20, line, opens=25)
    chain.advance_to(30)
    ledger, hub = new_ledger, FolderHub(tmp_path / "hub", None)
    watch(chain, ledger)
    intake = Intake(hub, ModelCache(tmp_path / "cache"))
    yield Scene(chain, ledger, Fetch(chain, ledger, intake, Rulebook.of(TABLE), Wakes()), hub)
    ledger.close()


@pytest.mark.parametrize(
    "error",
    [HubUnreachable("it answers 500"), OSError("no space left"), RecursionError("a defect of ours")],
    ids=lambda error: type(error).__name__,
)
def test_a_repository_that_never_comes_holds_up_nobody_and_is_refused_by_nobody(scene: Scene, error: Exception) -> None:
    scene.chain.advance_to(60)
    loop = scene.failing(error)
    for _ in range(2):
        loop.step()
    assert scene.states() == {"stranger/model": "due", "honest/model": "accepted"}


def test_a_cache_without_room_puts_models_off_and_refuses_none(scene: Scene, tmp_path: Path) -> None:
    scene.chain.advance_to(60)
    with Unfinished(tmp_path / "downloads").held("a model") as cut_short:
        (cut_short / "part").write_bytes(b"of no use while there is no room")
    cache = ModelCache(tmp_path / "small", quota_bytes=1000)
    small = Intake(scene.hub, cache, Unfinished(tmp_path / "downloads"))
    honest = next(s for s in submissions.all_of(scene.ledger, "answers") if s.repo == "honest/model")
    put_off = small.take_in(honest, TABLE.competitions[0])
    assert isinstance(put_off, Unfetched)
    assert re.fullmatch(r"no room for \d+ bytes: of 1000 there may be, 0 are used .*CRUCIBLE_CACHE_GB\)", put_off.cause)
    assert not cut_short.exists()
    loop = replace(scene.loop, intake=small)
    for _ in range(2):
        loop.step()
    assert scene.states() == {"stranger/model": "rejected", "honest/model": "due"}
    scene.chain.advance(pause(0))
    scene.loop.step()
    assert scene.states()["honest/model"] == "accepted"


def test_our_own_token_expired_refuses_no_model(scene: Scene) -> None:
    scene.chain.advance_to(60)
    scene.failing(Denied("the token is not valid")).step()
    assert scene.states()["stranger/model"] == "due"


def test_a_model_not_public_when_due_is_refused_and_before_that_only_late(scene: Scene) -> None:
    scene.loop.step()
    assert scene.states()["stranger/model"] == "due"
    scene.chain.advance_to(60)
    for _ in range(2):
        scene.loop.step()
    assert scene.states() == {"stranger/model": "rejected", "honest/model": "accepted"}


def test_a_pointer_sealed_too_long_is_refused_without_being_fetched(tmp_path: Path, scene: Scene) -> None:
    late = TABLE.competitions[0].max_seal_blocks + 11
    chain, ledger = subnet("stranger"), open_ledger(tmp_path / "late.sqlite")
    commit(chain, "stranger", 10, pointer("stranger"), opens=late)
    chain.advance_to(500)
    watch(chain, ledger)
    hub: Hub = Failing(scene.hub, chain, AssertionError("asked for"))  # type: ignore[assignment]
    Fetch(chain, ledger, Intake(hub, scene.loop.intake.cache), Rulebook.of(TABLE), Wakes()).step()
    (refused,) = submissions.all_of(ledger, "answers")
    why = submissions.rejection(ledger, refused.id)
    assert why is not None
    assert (why.reason, why.detail) == (
        "late_reveal",
        "the pointer was sealed for 61 blocks; at most 60 are allowed",
    )
    ledger.close()


def test_pauses_double_and_are_bounded() -> None:
    assert [pause(n) for n in (0, 1, 2, 5, 6, PATIENCE, 10_000)] == [2, 4, 8, 64, 64, 64, 64]
