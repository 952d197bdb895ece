"""Adapters on the whole road: a miner checks and publishes one, a validator takes it in, and no base costs a miner."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from competitions.spec import Competition, Table
from competitions.table import parse
from hub.folder import FolderHub
from hub.port import RepoInfo, RepoKind
from hub.unfinished import Unfinished
from ledger.database import open_ledger
from ledger.lineages import sketched
from models.bases import BaseRef
from models.cache import ModelCache
from models.intake import bring_base
from models.publishing import PublishedModel, publish
from models.vetting import Vetted
from neurons import miner_cli, tables
from neurons.intake import Intake, Unfetched
from neurons.loops.fetch import Fetch
from neurons.miner import Order
from neurons.rulebook import Rulebook
from neurons.supervisor import Wakes
from tests.competitions.builders import submit
from tests.models.lora import write_lora
from tests.neurons.conftest import Mine
from tests.neurons.scenes import subnet
from tests.neurons.tiny_model import write_model

BASE = """
[competitions.answers.base]
repo = "{0.repo}"
revision = "{0.revision}"
digest = "{0.digest}"

[[competitions.answers.tasks]]"""


@dataclass(frozen=True)
class World:
    """A Hub with a public base, a table that names it, and an adapter of it on a miner's disk."""

    hub: Path
    ref: BaseRef
    text: str
    adapter: Path

    @property
    def table(self) -> Table:
        return parse(self.text)

    @property
    def rules(self) -> Competition:
        return self.table.competitions[0]


@pytest.fixture
def world(tmp_path: Path) -> World:
    owner, model = FolderHub(tmp_path / "hub", "owner"), write_model(tmp_path / "base")
    done = publish(owner, "owner/base", model)
    assert isinstance(done, PublishedModel)
    owner.set_visibility("owner/base", "model", private=False)
    ref = BaseRef("owner/base", done.revision, done.digest)
    text = tables.read("pocket").replace("[[competitions.answers.tasks]]", BASE.format(ref).lstrip(), 1)
    modules = ["model.layers.0.self_attn.q_proj"]
    place = {"base_model_name_or_path": str(model)}
    adapter = write_lora(tmp_path / "adapter", model / "model.safetensors", modules=modules, **place)
    return World(tmp_path / "hub", ref, text, adapter)


def test_an_adapter_published_by_a_miner_is_taken_in_by_a_validator(
    world: World, wallets: Callable[[str], Wallet], tmp_path: Path
) -> None:
    mine = Mine(wallets("alice"), tmp_path, world.table)
    done = mine.miner().publish(Order(str(world.adapter), "alice/lora", "answers"))
    submission = submit(1, competition="answers", repo=done.repo, revision=done.revision, digest=done.digest)
    intake = Intake(FolderHub(world.hub, None), ModelCache(tmp_path / "validator"))
    taken = intake.take_in(submission, world.rules)
    assert isinstance(taken, Vetted)
    assert (taken.digest, done.stage, intake.cache.has(taken.digest)) == (done.digest, "public", True)


def test_a_public_adapter_can_be_published_by_its_repository(
    world: World, wallets: Callable[[str], Wallet], tmp_path: Path
) -> None:
    first = Mine(wallets("alice"), tmp_path, world.table).miner()
    done = first.publish(Order(str(world.adapter), "alice/lora", "answers"))
    again = Mine(wallets("dave"), tmp_path, world.table)
    copied = again.miner(hub=again.hub("dave")).publish(Order(f"alice/lora@{done.revision}", "dave/lora", "answers"))
    assert copied.digest == done.digest


@pytest.fixture
def published(world: World) -> PublishedModel:
    """The adapter, public."""
    alice, cache = FolderHub(world.hub, "alice"), ModelCache(world.hub.parent / "alice")
    done = publish(alice, "alice/lora", world.adapter, base=lambda: bring_base(alice, world.ref, cache))
    assert isinstance(done, PublishedModel)
    alice.set_visibility("alice/lora", "model", private=False)
    return done


def test_a_base_that_cannot_be_had_is_logged_and_refuses_nobody(
    world: World, published: PublishedModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    FolderHub(world.hub, "owner").set_visibility("owner/base", "model", private=True)
    intake = Intake(FolderHub(world.hub, None), ModelCache(tmp_path / "validator"))
    submission = submit(1, repo="alice/lora", revision=published.revision, digest=published.digest)
    with caplog.at_level(logging.ERROR):
        taken = intake.take_in(submission, world.rules)
    assert isinstance(taken, Unfetched)
    assert taken.cause.startswith("BaseUnavailable: the base owner/base at ")
    assert "the base of answers is not to be had, so no adapter of it is taken in: the base owner/base" in caplog.text


class Blind(ModelCache):
    """A cache on a disk whose damage no file system tells of."""

    @contextmanager
    def using(self, digest: str) -> Iterator[Path | None]:
        yield self.path(digest) if self.has(digest) else None


@pytest.mark.parametrize("kind", [ModelCache, Blind])
def test_a_base_damaged_on_our_disk_is_fetched_anew_and_no_adapter_is_refused_for_it(
    world: World, published: PublishedModel, tmp_path: Path, kind: type[ModelCache]
) -> None:
    intake = Intake(FolderHub(world.hub, None), kind(tmp_path / "validator"))
    submission = submit(1, repo="alice/lora", revision=published.revision, digest=published.digest)
    bring_base(intake.hub, world.ref, intake.cache)
    weights = intake.cache.path(world.ref.digest) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    first, second = (intake.take_in(submission, world.rules) for _ in range(2))
    put_off = isinstance(first, Unfetched) and first.cause.startswith("BaseDamaged:")
    assert (put_off, getattr(second, "digest", None)) == (kind is Blind, published.digest)


def test_checking_an_adapter_says_what_a_validator_would_and_needs_no_hub_where_the_base_is_kept(
    world: World, published: PublishedModel, tmp_path: Path
) -> None:
    (tmp_path / "table.toml").write_text(world.text)
    home = {"CRUCIBLE_HOME": str(tmp_path / "home"), "HF_ENDPOINT": "http://127.0.0.1:9"}
    command = ["check", str(world.adapter), "-c", "answers", "--table", str(tmp_path / "table.toml"), "--json"]
    unreachable = CliRunner().invoke(miner_cli.app, command, env=home)
    assert (unreachable.exit_code, unreachable.stdout, "127.0.0.1:9" in unreachable.stderr) == (2, "", True)
    bring_base(FolderHub(world.hub, None), world.ref, ModelCache(tmp_path / "home" / "bases"))
    kept = CliRunner().invoke(miner_cli.app, command, env=home)
    assert json.loads(kept.stdout.splitlines()[-1])["digest"] == published.digest


@pytest.fixture
def fetching(world: World, tmp_path: Path) -> Iterator[Fetch]:
    """The fetch loop of a validator that nobody has submitted anything to, at block 10."""
    chain, ledger = subnet(), open_ledger(tmp_path / "ledger.sqlite")
    chain.advance_to(10)
    intake = Intake(FolderHub(world.hub, None), ModelCache(tmp_path / "validator"))
    yield Fetch(chain, ledger, intake, Rulebook.of(world.table), Wakes())
    ledger.close()


class Defective(FolderHub):
    """A Hub behind which a defect of ours shows as soon as anybody asks."""

    def describe(self, repo: str, kind: RepoKind, revision: str | None = None) -> RepoInfo:
        raise RecursionError(f"a defect of ours at {kind} {repo} {revision}")


def test_a_validator_sketches_the_base_once_before_anybody_submits_and_tells_the_rounds_that_wait(
    world: World, fetching: Fetch, caplog: pytest.LogCaptureFixture
) -> None:
    fetching.step()
    assert sketched(fetching.ledger) == (world.ref.digest,)
    assert fetching.intake.cache.has(world.ref.digest)
    assert fetching.wakes.event("rounds").is_set()
    restarted = Intake(Defective(world.hub, None), ModelCache(world.hub.parent / "empty"))
    replace(fetching, intake=restarted).step()
    assert "not to be had" not in caplog.text


def test_a_defect_of_ours_that_a_base_meets_ends_no_step(
    world: World, fetching: Fetch, caplog: pytest.LogCaptureFixture
) -> None:
    loop = replace(fetching, intake=Intake(Defective(world.hub, None), fetching.intake.cache))
    assert (loop.step(), sketched(loop.ledger)) == (False, ())
    assert "the base of answers is not to be had, so no adapter of it is taken in: a defect of ours at" in caplog.text


def test_a_base_without_room_is_put_off_like_any_model(
    world: World, published: PublishedModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Unfinished(tmp_path / "downloads").held("a model") as cut_short:
        (cut_short / "part").write_bytes(b"of no use while there is no room")
    cache = ModelCache(tmp_path / "small", quota_bytes=1000)
    intake = Intake(FolderHub(world.hub, None), cache, Unfinished(tmp_path / "downloads"))
    submission = submit(1, repo="alice/lora", revision=published.revision, digest=published.digest)
    for put_off in (intake.take_in(submission, world.rules), intake.base_sketch(world.rules, world.ref)):
        assert isinstance(put_off, Unfetched)
        assert re.fullmatch(r"no room for \d+ bytes: of 1000 there .*CRUCIBLE_CACHE_GB\)", put_off.cause)
    assert (cut_short.exists(), caplog.text.count("the base of answers is put off: no room")) == (False, 2)


def test_a_base_that_is_not_to_be_had_is_asked_for_again_in_later_blocks(
    world: World, fetching: Fetch, caplog: pytest.LogCaptureFixture
) -> None:
    owner, asked = FolderHub(world.hub, "owner"), []
    owner.set_visibility("owner/base", "model", private=True)
    assert isinstance(fetching.chain, SimulatedChain)
    for _ in range(8):
        caplog.clear()
        fetching.step()
        asked.append("the base of answers is not to be had" in caplog.text)
        fetching.chain.advance(1)
    assert asked == [True, False, True, False, False, False, True, False]  # pauses of 2 blocks, of 4, and so on
    owner.set_visibility("owner/base", "model", private=False)
    fetching.chain.advance(8)
    fetching.step()
    assert sketched(fetching.ledger) == (world.ref.digest,)
