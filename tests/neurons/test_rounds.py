"""Rounds over the pocket network with a scripted judge: what is held, abandoned or cut short, and what comes of it."""

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import pytest

from chain.reader import ChainError
from chain.types import Block, Coldkey, Hotkey
from competitions.announcements import Announcement
from competitions.ownership import Claim
from competitions.table import parse
from evaluation.executor import Request
from evaluation.scripted_executor import Answer, ScriptedExecutor, losing
from evaluation.sources.bundle import read_bundle
from evaluation.sources.doors import Doors
from evaluation.sources.held import Cause, Held
from evaluation.sources.occasion import Occasion, needs_of
from evaluation.sources.pool import Pool
from evaluation.sources.registry import PoolReader, Sources
from evaluation.sources.spec import GeneratedSpec, NamedSource, SourceSpec
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Abandoned, Outraced, Scored, TaskValues
from hub.huggingface import HuggingFaceHub
from ledger import announcements, rounds, submissions, verdicts
from ledger.announcements import Heard
from ledger.database import Ledger, open_ledger
from ledger.samples import samples_of
from ledger.waits import Wait, waits
from localnet.scenario import SUBNET
from models.bases import BaseRef
from models.cache import ModelCache
from models.rejections import Reason, Rejection
from neurons import tables
from neurons.descent import Descent
from neurons.intake import PATIENCE, Intake
from neurons.loops.fetch import Fetch
from neurons.loops.rounds import Rounds
from neurons.loops.watch import Watch
from neurons.reporting import Silent
from neurons.rulebook import Listening, Rulebook
from neurons.supervisor import Wakes
from tests.pocket import Pocket


@dataclass
class Bench:
    """A validator's loops without their threads; the judge answers from a script."""

    pocket: Pocket
    ledger: Ledger
    loop: Rounds
    stopping: threading.Event

    def judged_by(self, script: Mapping[str, Sequence[Answer]], sources: PoolReader | None = None) -> "Bench":
        executor = ScriptedExecutor({self.digest(repo): answers for repo, answers in script.items()})
        return replace(self, loop=replace(self.loop, executor=executor, sources=sources or self.loop.sources))

    def digest(self, repo: str) -> str:
        every = [s for c in self.pocket.table.competitions for s in submissions.all_of(self.ledger, c.name)]
        return next(s.digest for s in every if s.repo == repo)

    def fetch(self) -> None:
        fetch = Fetch(self.pocket.chain, self.ledger, self.loop.intake, Rulebook.of(self.pocket.table), self.loop.wakes)
        while fetch.step():
            pass

    def run(self) -> None:
        while self.loop.step():
            pass

    def newest(self, competition: str) -> dict[str, str]:
        """Everybody's role in the newest closed round that each entered, by repository."""
        return {repo: role for roles in self.every(competition) for repo, role in roles.items()}

    def every(self, competition: str) -> list[dict[str, str]]:
        """The same of every closed round, the oldest first."""
        standings = [rounds.standings(self.ledger, closed.id) for closed in rounds.closed(self.ledger, competition)]
        return [{submissions.get(self.ledger, s.submission_id).repo: s.role for s in one} for one in standings]


def opened(pocket: Pocket, folder: Path) -> Bench:
    """A validator whose files lie in a folder, its ledger among them."""
    ledger, wakes, stopping = open_ledger(folder / "ledger.sqlite"), Wakes(), threading.Event()
    hub = HuggingFaceHub(pocket.endpoint, pocket.place.token("validator"))
    intake = Intake(hub, ModelCache(folder / "models"))
    sources = Sources(Doors(pocket.chain, hub, folder / "sources"))
    judging = (sources, ScriptedExecutor({}), intake, Descent(ledger), folder / "bundles", 2)
    loop = Rounds(pocket.chain, ledger, SUBNET, Rulebook.of(pocket.table), *judging, wakes, Silent(), stopping)
    return Bench(pocket, ledger, loop, stopping)


@pytest.fixture(scope="module")
def seen(pocket: Pocket, made_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one that has watched to the end; tests begin with a copy."""
    folder: Path = tmp_path_factory.mktemp("seen")
    shutil.copy(made_ledger, folder)
    bench = opened(pocket, folder)
    watch = Watch(pocket.chain, bench.ledger, SUBNET, Rulebook.of(pocket.table), bench.loop.wakes, catch_up=2)
    while watch.step():
        pass
    bench.ledger.close()
    return folder


@pytest.fixture(scope="module")
def fetched(seen: Path, pocket: Pocket, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one that has fetched every model besides."""
    folder = Path(shutil.copytree(seen, tmp_path_factory.mktemp("fetched"), dirs_exist_ok=True))
    bench = opened(pocket, folder)
    bench.fetch()
    bench.ledger.close()
    return folder


@pytest.fixture
def watched(seen: Path, pocket: Pocket, tmp_path: Path) -> Iterator[Bench]:
    bench = opened(pocket, Path(shutil.copytree(seen, tmp_path, dirs_exist_ok=True)))
    yield bench
    bench.ledger.close()


@pytest.fixture
def bench(fetched: Path, pocket: Pocket, tmp_path: Path) -> Iterator[Bench]:
    bench = opened(pocket, Path(shutil.copytree(fetched, tmp_path, dirs_exist_ok=True)))
    yield bench
    bench.ledger.close()


HONEST: Mapping[str, Sequence[Answer]] = {
    "alice/answers": [losing(3.0)],
    "bob/answers": [losing(2.9)],
    "carol/text": [losing(2.0)],
}


def test_the_better_model_is_king_and_a_copy_is_never_judged(bench: Bench) -> None:
    bench = bench.judged_by(HONEST)
    bench.run()
    assert bench.newest("answers") == {"bob/answers": "king", "alice/answers": "challenger", "dave/answers": "copy"}
    assert bench.newest("text") == {"carol/text": "king"}
    assert isinstance(bench.loop.executor, ScriptedExecutor)
    assert len({request.model.name for request in bench.loop.executor.requests}) == 3


def test_the_incumbent_is_judged_first_and_challengers_race_against_its_values(bench: Bench) -> None:
    bench = bench.judged_by(HONEST)
    bench.run()
    assert isinstance(bench.loop.executor, ScriptedExecutor)
    asked = [r for r in bench.loop.executor.requests if r.tasks[0].name == "reference_loss"]
    on_trial, again, crowned, *_ = [list(group) for _, group in groupby(asked, lambda request: request.bundle)]
    assert [request.race for request in (*on_trial, *again)] == [None] * 4
    king, challenger = crowned
    assert (king.model.name, king.race) == (bench.digest("bob/answers"), None)
    assert challenger.race is not None
    assert challenger.race.incumbent == tuple(task.values for task in losing(2.9)(king).tasks)
    assert challenger.race.needed >= 0.01


def beaten(request: Request) -> Scored | Outraced:
    """Loses every race after three samples."""
    whole = losing(3.0)(request)
    task = whole.tasks[0]
    some = TaskValues(task.task, task.sample_ids[:3], task.values[:3])
    return Outraced((some,), 0.1, 3, 0, "scripted", 1, -0.05, 0.001) if request.race else whole


def test_who_is_outraced_is_judged_no_further_and_stands_with_what_was_seen(bench: Bench) -> None:
    bench = bench.judged_by({**HONEST, "alice/answers": [beaten]})
    bench.run()
    every = [s for one in rounds.closed(bench.ledger, "answers") for s in rounds.standings(bench.ledger, one.id)]
    stopped = [s for s in every if s.why.startswith("stopped after 3 samples")]
    assert [(s.score, s.improvement, s.role) for s in stopped] == [(None, -0.05, "challenger")]


def test_a_slow_competition_leaves_others_their_turn(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("neurons.round_verdicts.time.monotonic", lambda: clock[0])

    def slow(request: Request) -> Scored:
        clock[0] += 1_000.0
        return losing(3.0)(request)

    bench = bench.judged_by({**HONEST, "alice/answers": [slow], "bob/answers": [slow]})
    assert bench.loop.step()
    assert isinstance(bench.loop.executor, ScriptedExecutor)
    asked = [request.tasks[0].name for request in bench.loop.executor.requests]
    assert asked == ["reference_loss", "text_loss"]
    bench.run()
    assert set(bench.newest("answers").values()) == {"king", "challenger", "copy"}


@dataclass(frozen=True)
class Unmasking:
    """Finds one submission to be another's model."""

    submission: int

    def disguised(self, *_about: object) -> dict[int, Claim]:
        return {self.submission: Claim(Hotkey("someone"), Coldkey("else"), Block(1))}


def test_races_against_an_incumbent_that_falls_meanwhile_are_judged_anew(bench: Bench) -> None:
    bench = bench.judged_by({**HONEST, "alice/answers": [beaten]})
    ids = {s.repo: s.id for s in submissions.all_of(bench.ledger, "answers")}
    while (opened := rounds.open_round_of(bench.ledger, "answers")) is None or not isinstance(
        verdicts.verdicts(bench.ledger, opened.id).get(ids["alice/answers"]), Outraced
    ):
        assert bench.loop.step()
    bench = replace(bench, loop=replace(bench.loop, descent=Unmasking(ids["bob/answers"])))
    bench.run()
    standings = {s.submission_id: s for s in rounds.standings(bench.ledger, opened.id)}
    assert standings[ids["bob/answers"]].role == "copy"
    assert standings[ids["alice/answers"]].score is not None


def test_a_model_abandoned_three_times_by_our_fault_does_not_hold_up_the_round(bench: Bench) -> None:
    broken = Abandoned("out of memory")
    bench = bench.judged_by({**HONEST, "alice/answers": [broken]})
    bench.run()
    assert bench.newest("answers") == {"bob/answers": "king", "alice/answers": "abandoned", "dave/answers": "copy"}


def test_one_abandoned_judging_costs_the_miner_nothing(bench: Bench) -> None:
    shaky = [Abandoned("the worker crashed"), losing(2.5)]
    bench = bench.judged_by({**HONEST, "alice/answers": shaky})
    bench.run()
    assert bench.newest("answers")["alice/answers"] == "king"


def test_what_a_stop_cuts_short_is_no_verdict(bench: Bench) -> None:
    def stopped(_request: object) -> Abandoned:
        bench.stopping.set()
        return Abandoned("the executor was closed")

    cut = bench.judged_by({repo: [stopped] for repo in HONEST})
    cut.run()
    opened = [rounds.open_round_of(bench.ledger, c.name) for c in bench.pocket.table.competitions]
    assert [verdicts.verdicts(bench.ledger, r.id) for r in opened if r] == [{}, {}]
    bench.stopping.clear()
    again = bench.judged_by(HONEST)
    again.run()
    assert again.newest("answers")["bob/answers"] == "king"


@dataclass(frozen=True)
class NoPairs:
    """A source that cannot serve the rounds of one competition."""

    inner: PoolReader
    held: frozenset[Block]
    cause: Cause = Cause.UNREACHABLE

    def pool(self, spec: SourceSpec, occasion: Occasion) -> Pool | Held:
        if occasion.seed_block in self.held:
            return Held(self.cause, "the Hub answers 503")
        return self.inner.pool(spec, occasion)


def test_a_round_without_samples_is_held_and_others_go_on(bench: Bench) -> None:
    answers = bench.pocket.table.competitions[0]
    blocks = frozenset(Block(answers.first_block + n * answers.round_blocks) for n in range(100))
    sources = bench.loop.sources
    bench = bench.judged_by(HONEST, NoPairs(sources, blocks))
    bench.run()
    assert (bench.newest("answers"), bench.newest("text")) == ({}, {"carol/text": "king"})
    held = rounds.open_round_of(bench.ledger, "answers")
    assert held is not None
    assert (held.state, held.cause) == ("held", "unreachable: the Hub answers 503")
    healed = bench.judged_by(HONEST, sources)
    healed.run()
    assert healed.newest("answers")["bob/answers"] == "king"


def test_a_round_that_can_never_have_samples_changes_nothing_and_stops_no_later_round(bench: Bench) -> None:
    answers = bench.pocket.table.competitions[0]
    number = bench.loop._next(answers, bench.pocket.chain.finalized().number)
    first = Block(answers.first_block + number * answers.round_blocks)
    bench = bench.judged_by(HONEST, NoPairs(bench.loop.sources, frozenset({first}), Cause.TOO_FEW))
    bench.run()
    opening, *later = rounds.closed(bench.ledger, "answers")
    assert (opening.number, rounds.standings(bench.ledger, opening.id)) == (number, ())
    assert rounds.reign_after(bench.ledger, "answers", number) is None
    assert len(later) >= 2
    assert bench.newest("answers")["bob/answers"] == "king"


MADE = GeneratedSpec(kind="generated")


@dataclass(frozen=True)
class Remembering:
    """Remembers what it is asked for; one source may be away."""

    inner: PoolReader
    away: SourceSpec | None = None
    asked: list[tuple[SourceSpec, Occasion]] = field(default_factory=list)

    def pool(self, spec: SourceSpec, occasion: Occasion) -> Pool | Held:
        self.asked.append((spec, occasion))
        return Held(Cause.UNREACHABLE, "no answer") if spec == self.away else self.inner.pool(spec, occasion)


def with_exercises(bench: Bench, *tasks: TaskSpec) -> Bench:
    """The competition `answers` alone, with a second source and whatever tasks beside its own."""
    answers = bench.pocket.table.competitions[0]
    sources = (*answers.sources, NamedSource("exercises", MADE))
    table = replace(
        bench.pocket.table, competitions=(replace(answers, sources=sources, tasks=(*answers.tasks, *tasks)),)
    )
    return replace(bench, loop=replace(bench.loop, rulebook=Rulebook.of(table)))


def test_only_sources_that_a_task_names_are_asked_and_told_of_the_youngest_commit_judged(bench: Bench) -> None:
    sources = Remembering(bench.loop.sources)
    bench = with_exercises(bench).judged_by(HONEST, sources)
    bench.run()
    answers = bench.pocket.table.competitions[0]
    delay, needs = answers.eval_delay_blocks, {"pair": answers.tasks[0].samples}
    closed = [round_ for round_ in rounds.closed(bench.ledger, "answers") if round_.bundle_root]
    assert len(closed) >= 2
    assert sources.asked == [
        (
            answers.sources[0].spec,
            Occasion(round_.seed_block, round_.seed, Block(round_.seed_block - delay), needs),
        )
        for round_ in closed
    ]


@pytest.mark.parametrize("away", ["producers", "exercises"])
def test_a_source_that_is_away_holds_the_round_and_nothing_of_the_others_is_recorded(bench: Bench, away: str) -> None:
    made = TaskSpec("reference_loss", 16, 1.0, 16.0, "exercises")
    specs = {"producers": bench.pocket.table.competitions[0].sources[0].spec, "exercises": MADE}
    sources = Remembering(bench.loop.sources, specs[away])
    bench = with_exercises(bench, made).judged_by(HONEST, sources)
    bench.run()
    held = rounds.open_round_of(bench.ledger, "answers")
    assert held is not None
    record = samples_of(bench.ledger, "answers", held.number)
    assert (held.state, record.cause) == ("held", "unreachable: no answer")
    assert (record.bundle_root, record.near_duplicates, record.pools) == (None, None, ())
    assert (list(bench.loop.bundles.glob("*")), verdicts.verdicts(bench.ledger, held.id)) == ([], {})
    healed = bench.judged_by(HONEST, Remembering(sources.inner))
    assert healed.loop.step()
    pools = samples_of(bench.ledger, "answers", held.number).pools
    assert sorted(kept.source for kept in pools) == ["exercises", "producers"]


def test_models_and_bundles_lost_on_disk_are_had_again(bench: Bench, tmp_path: Path) -> None:
    bench = bench.judged_by(HONEST)
    assert bench.loop.step()
    bench.loop.intake.cache.keep((), grace_s=-1)
    for bundle in (tmp_path / "bundles").iterdir():
        bundle.unlink()
    bench.run()
    assert bench.newest("answers") == {"bob/answers": "king", "alice/answers": "challenger", "dave/answers": "copy"}


class Fewer:
    """Sources of which one sample has gone for good since they were first asked."""

    def __init__(self, sources: PoolReader, gone: str) -> None:
        self._sources, self._gone = sources, gone

    def pool(self, spec: SourceSpec, occasion: Occasion) -> Pool | Held:
        answer = self._sources.pool(spec, occasion)
        kept = () if isinstance(answer, Held) else (one for one in answer.samples if one.id != self._gone)
        return answer if isinstance(answer, Held) else replace(answer, samples=tuple(kept))


def test_samples_lost_on_disk_that_are_no_more_to_be_had_end_their_round_and_stop_no_later_one(
    bench: Bench, tmp_path: Path
) -> None:
    bench = bench.judged_by({**HONEST, "alice/answers": [Abandoned("out of memory")]})
    assert bench.loop.step()
    drawn = [read_bundle(file) for file in (tmp_path / "bundles").iterdir()]
    (gone,) = (bundle.tasks[0].samples[0].id for bundle in drawn if bundle.tasks[0].task == "reference_loss")
    for file in (tmp_path / "bundles").iterdir():
        file.unlink()
    bench = bench.judged_by(HONEST, Fewer(bench.loop.sources, gone))
    bench.run()
    assert bench.every("answers")[0] == {}
    assert len(bench.every("answers")) > 1
    assert all(bench.every("answers")[1:])


@pytest.mark.parametrize("answer", [Rejection(Reason.UNLOADABLE, "no such tensor"), Abandoned("it cannot be read")])
def test_a_model_that_breaks_on_disk_is_fetched_again_and_the_miner_pays_nothing(
    bench: Bench, answer: Rejection | Abandoned
) -> None:
    def broken(request: Request) -> Rejection | Abandoned:
        (request.model / "config.json").write_bytes(b"")
        return answer

    bench = bench.judged_by({**HONEST, "alice/answers": [broken, losing(2.5)]})
    bench.run()
    on_trial, *later = [roles["alice/answers"] for roles in bench.every("answers")]
    assert (on_trial, set(later)) == ("challenger", {"king"})


def test_a_refusal_of_a_whole_model_stands(bench: Bench) -> None:
    bench = bench.judged_by({**HONEST, "alice/answers": [Rejection(Reason.UNLOADABLE, "no such tensor")]})
    bench.run()
    assert bench.newest("answers")["alice/answers"] == "rejected"


def test_a_model_stays_on_disk_while_it_is_judged_whatever_is_pruned(bench: Bench) -> None:
    stayed = []

    def judged(request: Request) -> Scored:
        bench.loop.intake.cache.keep((), grace_s=-1)
        stayed.append(request.model.is_dir())
        return losing(2.5)(request)

    bench = bench.judged_by({repo: [judged] for repo in HONEST})
    bench.run()
    assert (set(bench.newest("answers").values()), set(stayed)) == ({"king", "challenger", "copy"}, {True})


@dataclass(frozen=True)
class Broken:
    """A source that fails in a way nobody foresaw, for the rounds of one competition."""

    inner: PoolReader
    first: Block

    def pool(self, spec: SourceSpec, occasion: Occasion) -> Pool | Held:
        if (occasion.seed_block - self.first) % 24 == 0:
            raise ChainError("the node answers nonsense")
        return self.inner.pool(spec, occasion)


def test_a_competition_that_fails_holds_up_no_other_and_is_reported(bench: Bench) -> None:
    bench = bench.judged_by(HONEST, Broken(bench.loop.sources, bench.pocket.table.competitions[0].first_block))
    with pytest.raises(ChainError, match="nonsense"):
        bench.run()
    assert (bench.newest("answers"), bench.newest("text")) == ({}, {"carol/text": "king"})


def test_a_round_waits_for_files_that_are_due_and_not_for_ever(watched: Bench) -> None:
    every = {s.repo: s for s in submissions.all_of(watched.ledger, "answers")}
    alice = every["alice/answers"]
    first_due = Block(alice.commit_block + watched.pocket.table.competitions[0].eval_delay_blocks)
    for attempt in range(PATIENCE):
        retry = submissions.Retry("the Hub answers 500", Block(10_000))
        submissions.record_intake(watched.ledger, alice.id, Block(first_due + attempt), retry)
        if attempt == 0:
            watched.fetch()
            waiting = watched.judged_by(HONEST)
            waiting.run()
            assert (waiting.newest("answers"), waiting.newest("text")) == ({}, {"carol/text": "king"})
    watched.judged_by(HONEST).run()
    assert watched.newest("answers")["alice/answers"] == "abandoned"
    assert submissions.get(watched.ledger, alice.id).intake == "due"


def test_a_fresh_ledgers_first_round_is_finished_before_a_newer_one_is_begun(bench: Bench) -> None:
    bench = bench.judged_by(HONEST)
    bench.loop.step()
    begun = [rounds.open_round_of(bench.ledger, c.name) for c in bench.pocket.table.competitions]
    later = replace(bench, loop=replace(bench.loop, catch_up=0))  # as if so many blocks had passed meanwhile
    later.run()
    oldest = [rounds.closed(bench.ledger, c.name)[0].number for c in bench.pocket.table.competitions]
    assert oldest == [round_.number for round_ in begun if round_]


def test_samples_that_could_not_be_kept_bind_no_round(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "bundles").write_text("a file where a folder should be")
    with pytest.raises(FileExistsError):
        bench.judged_by(HONEST).run()
    begun = [rounds.open_round_of(bench.ledger, c.name) for c in bench.pocket.table.competitions]
    assert [round_ and round_.bundle_root for round_ in begun] == [None, None]


def test_what_a_round_was_judged_on_is_on_record(bench: Bench) -> None:
    bench = bench.judged_by(HONEST)
    bench.run()
    newest = rounds.closed(bench.ledger, "answers")[-1]
    answers = bench.pocket.table.competitions[0]
    youngest = Block(newest.seed_block - answers.eval_delay_blocks)
    record = samples_of(bench.ledger, "answers", newest.number)
    assert (record.bundle_root, record.near_duplicates) == (newest.bundle_root, 0)
    for kept, source in zip(record.pools, answers.sources, strict=True):
        needs = needs_of(answers.tasks, source.name)
        pool = bench.loop.sources.pool(source.spec, Occasion(newest.seed_block, newest.seed, youngest, needs))
        assert isinstance(pool, Pool)
        assert (kept.source, kept.root, kept.samples) == (source.name, pool.root, len(pool.samples))
        assert {made.hotkey: made.samples for made in kept.producers} == {p.hotkey: p.samples for p in pool.producers}
        assert (kept.dropped, kept.samples > 0) == (pool.counts, True)


def test_a_round_without_its_base_is_held_and_counted_once_a_block(bench: Bench) -> None:
    missing = BaseRef("owner/base", "a" * 40, "b" * 64)
    table = replace(bench.pocket.table, competitions=(replace(bench.pocket.table.competitions[0], base=missing),))
    bench = replace(bench, loop=replace(bench.loop, rulebook=Rulebook.of(table)))
    for _ in range(3):
        assert not bench.loop.step()
    held = rounds.open_round_of(bench.ledger, "answers")
    assert held is not None
    with bench.ledger.reading() as session:
        (wait,) = waits(session, [held.id])[held.id]
    now = bench.pocket.chain.head()
    detail = "the competition's base owner/base is not here yet"
    assert (held.state, wait) == ("held", Wait("no_base", detail, 1, now, now))


def test_a_round_is_judged_by_the_table_of_its_seed_block_and_held_while_that_is_not_here(bench: Bench) -> None:
    first, since = bench.pocket.table, Block(289)
    rulebook = Rulebook(first, Listening(bench.ledger, SUBNET))
    bench = replace(bench, loop=replace(bench.loop, rulebook=rulebook)).judged_by(HONEST)
    heard = Heard(1, Hotkey("owner"), Block(1), b"")
    announcements.announce(bench.ledger, heard, Announcement("owner/tables", "a" * 64, since))
    bench.run()
    assert [rounds.closed(bench.ledger, name)[-1].seed_block for name in ("answers", "text")] == [288, 276]
    text = tables.read("pocket").replace("cap = 16.0", "cap = 15.0")
    announcements.adopt(bench.ledger, heard.commitment_id, parse(text).fingerprint, text)
    bench.run()
    assert [rounds.closed(bench.ledger, name)[-1].seed_block for name in ("answers", "text")] == [312, 300]
    assert isinstance(bench.loop.executor, ScriptedExecutor)
    caps = {request.bundle: request.tasks[0].cap for request in bench.loop.executor.requests}
    assert list(caps.values()) == [16.0] * 4 + [15.0] * 2
