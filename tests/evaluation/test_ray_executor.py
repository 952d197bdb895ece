"""Judging on a Ray cluster: the local verdicts, and the right ones where workers, actors and nodes are killed."""

import hashlib
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from evaluation.executor import Request
from evaluation.ray_executor import RayExecutor
from evaluation.sources.bundle import Bundle, TaskSamples, write_bundle
from evaluation.sources.content import Pair, Text
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Abandoned, Scored, Verdict
from evaluation.worker_process import WorkerProcess
from tests.children import running
from tests.evaluation.ray_cluster import RayCluster

TASKS = (TaskSpec("reference_loss", 3, 0.5, 16.0), TaskSpec("text_loss", 2, 0.5, 16.0, window_bytes=32))
OBEDIENT = (
    "import hashlib, os, signal, time\nfrom evaluation.verdicts import Abandoned\nfrom evaluation.worker import *\n"
    "serve(Channel(), lambda request: eval(request.bundle.read_text()))\n"
)
"""A worker that does what its bundle says, in an expression whose value is the verdict."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    """A cluster of two nodes with a CPU each, which our processes' environment has the token of."""
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as scratch:
        made = RayCluster(tmp_path_factory.mktemp("nodes"), Path(scratch))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in made.settings.items():
                patch.setenv(name, value)
            made.start(2)
            yield made
            made.end()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the nodes keep what is brought to them."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def executor(cluster: RayCluster, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayExecutor]:
    """An obedient worker on each node."""
    program = tmp_path_factory.mktemp("program") / "obedient.py"
    program.write_text(OBEDIENT)
    made = RayExecutor(cluster.address, workers=2, cache=str(cache), program=[str(program)])
    yield made
    made.close()


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., Request]:
    """Makes a request that tells an obedient worker what to do."""
    (tmp_path / "model").mkdir()
    numbers = itertools.count()

    def make(what: str, deadline_s: float = 60.0) -> Request:
        bundle = tmp_path / f"bundle{next(numbers)}"
        bundle.write_text(what)
        return Request(tmp_path / "model", bundle, (), 128, deadline_s)

    return make


@pytest.fixture
def hanging(told: Callable[..., Request], tmp_path: Path) -> Callable[[str], Request]:
    """Makes a request whose first worker tells its pid and waits for a word, and whose second one need not."""

    def make(name: str) -> Request:
        pid, word, first = (tmp_path / f"{name}.{kind}" for kind in ("pid", "word", "first"))
        os.mkfifo(pid)
        os.mkfifo(word)
        first.touch()
        wait = f"(os.unlink('{first}'), open('{pid}', 'w').write(str(os.getpid())), open('{word}').close())"
        return told(f"Abandoned('{name} again') if not os.path.exists('{first}') else {wait} and Abandoned('{name}')")

    return make


def worker_at(tmp_path: Path, name: str) -> psutil.Process:
    """The worker that waits with a request of `hanging`, as soon as it does."""
    return psutil.Process(int((tmp_path / f"{name}.pid").read_text()))


def actor_above(worker: psutil.Process) -> psutil.Process:
    """The actor that a worker belongs to."""
    return next(parent for parent in worker.parents() if parent.name().startswith("ray::RayNode"))


def judged(executor: RayExecutor, *requests: Request) -> dict[Request, Verdict]:
    """All verdicts by request."""
    return dict(executor.judge(requests))


def test_two_workers_share_a_queue_and_a_crash_is_a_verdict(executor: RayExecutor, told) -> None:
    """Each of the first two waits for the other to have begun, which needs two workers."""
    folder = told("").bundle.parent
    crash = told("os.kill(os.getpid(), signal.SIGABRT)")
    late = told("time.sleep(600)", 0.5)
    plain = [told(f"Abandoned('judged {number}')") for number in range(3)]
    for one in ("left", "right"):
        os.mkfifo(folder / one)
    left = told(f"(open('{folder}/left', 'w').close(), open('{folder}/right').close(), Abandoned('left'))[-1]")
    right = told(f"(open('{folder}/left').close(), open('{folder}/right', 'w').close(), Abandoned('right'))[-1]")
    assert judged(executor, left, right, crash, late, *plain) == {
        left: Abandoned("left"),
        right: Abandoned("right"),
        crash: Abandoned("the worker was killed by SIGABRT"),
        late: Abandoned("no verdict within 0.5 s; the worker was killed"),
        **{request: Abandoned(f"judged {number}") for number, request in enumerate(plain)},
    }


def test_files_travel_to_nodes_that_do_not_have_them(executor: RayExecutor, cache: Path, tmp_path: Path) -> None:
    """The nodes work in another folder, so that a relative path is nothing to them."""
    model, bundle = tmp_path / "digest", tmp_path / "bundle"
    model.mkdir()
    (model / "weights").write_bytes(bytes(range(256)) * 100_000)  # two pieces
    bundle.write_text(
        "Abandoned(f'{request.model} {[hashlib.sha256(p.read_bytes()).hexdigest() for p in request.model.iterdir()]}')"
    )
    far = [Request(Path(os.path.relpath(model)), Path(os.path.relpath(bundle)), (), size, 60.0) for size in range(3)]
    verdicts = judged(executor, *far)
    (kept,) = cache.glob("*/digest")
    sha256 = hashlib.sha256((model / "weights").read_bytes()).hexdigest()
    assert verdicts == {request: Abandoned(f"{kept} {[sha256]}") for request in far}


def test_a_killed_actor_is_replaced_and_its_request_judged(executor: RayExecutor, told, hanging, tmp_path) -> None:
    lost, beside = hanging("lost"), told("Abandoned('beside it')")
    asked = executor.judge([lost, beside])
    assert next(asked) == (beside, Abandoned("beside it"))
    worker = worker_at(tmp_path, "lost")
    actor_above(worker).kill()
    assert [*asked] == [(lost, Abandoned("lost again"))]
    worker.wait(60)


def test_a_killed_node_costs_its_request_no_verdict_and_the_queue_goes_on_elsewhere(
    executor: RayExecutor, cluster: RayCluster, told, hanging, tmp_path
) -> None:
    both = {name: hanging(name) for name in ("left", "right")}
    after = [told(f"Abandoned('after {number}')") for number in range(3)]
    with ThreadPoolExecutor() as threads:
        verdicts = threads.submit(judged, executor, *both.values(), *after)
        workers = {cluster.node_of((worker := worker_at(tmp_path, name)).pid): (name, worker) for name in both}
        (stays, _), (goes, killed) = workers[0], workers[1]
        started = time.monotonic()
        cluster.kill_raylet(1)
        killed.wait(60)
        (tmp_path / f"{stays}.word").write_text("")
        assert verdicts.result() == {
            both[stays]: Abandoned(stays),
            both[goes]: Abandoned(f"{goes} again"),
            **{request: Abandoned(f"after {number}") for number, request in enumerate(after)},
        }
        assert time.monotonic() - started < both[goes].deadline_s + 5


def test_close_ends_a_request_at_once_and_leaves_no_process_behind(executor: RayExecutor, hanging, tmp_path) -> None:
    request = hanging("open")
    with ThreadPoolExecutor() as threads:
        verdicts = threads.submit(judged, executor, request)
        worker = worker_at(tmp_path, "open")
        started = [worker, actor_above(worker), *running("evaluation.ray_driver")]
        executor.close()
        assert (
            verdicts.result()
            == judged(executor, request)
            == {request: Abandoned("the executor was closed", is_ours_alone=True)}
        )
    assert (len(started), psutil.wait_procs(started, timeout=60)[1]) == (3, [])


def test_without_ray_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match="run CRUCIBLE_EXTRAS=dev,ray "):
        RayExecutor()


def test_a_cluster_of_our_own_says_what_a_local_worker_says_and_ends_with_us(
    wallets, make_sample, tiny_model: Path, tmp_path: Path
) -> None:
    pairs = tuple(make_sample(wallets[0], Pair("Say it", f"again and again {n}")) for n in range(3))
    texts = tuple(make_sample(wallets[0], Text(f"„naïve“ text number {n} " * 3)) for n in range(2))
    bundle = tmp_path / "bundle.jsonl"
    write_bundle(Bundle((TaskSamples("reference_loss", pairs), TaskSamples("text_loss", texts))), bundle)
    request = Request(tiny_model, bundle, TASKS, 128, 60.0)
    local, executor = WorkerProcess(), RayExecutor(workers=1, cache=str(tmp_path / "cache"))
    with ThreadPoolExecutor() as threads:
        judging = threads.submit(judged, executor, request)
        here, there = local.judge(request), judging.result()[request]
    local.close()
    (driver,) = running("evaluation.ray_driver")
    started = [driver, *driver.children(recursive=True)]
    assert any(process.name() == "gcs_server" for process in started)
    executor.close()
    assert isinstance(there, Scored)
    assert (there.tasks, there.tokens, there.environment) == (here.tasks, here.tokens, here.environment)
    assert psutil.wait_procs(started, timeout=60)[1] == []


def test_a_full_disk_abandons_and_raises_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_options: str) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    executor = RayExecutor()
    ((_, verdict),) = executor.judge([Request(tmp_path, tmp_path, (), 128, 60.0)])
    executor.close()
    assert isinstance(verdict, Abandoned)
    assert "No space left on device" in verdict.cause
