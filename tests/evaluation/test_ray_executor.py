"""Judging on a Ray cluster: the local verdicts, and the right ones where workers, actors and nodes end in the middle."""

import itertools
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
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
    "import os, signal, time\nfrom evaluation.verdicts import Abandoned\nfrom evaluation.worker import *\n"
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
def once(told: Callable[..., Request], tmp_path: Path) -> Request:
    """A request whose first worker writes its pid to a pipe and hangs, and whose second one is done with it."""
    os.mkfifo(tmp_path / "pid")
    (tmp_path / "first").touch()
    hang = f"(os.unlink('{tmp_path}/first'), open('{tmp_path}/pid', 'w').write(str(os.getpid())), time.sleep(600))"
    return told(f"{hang} if os.path.exists('{tmp_path}/first') else Abandoned('judged again')")


def pid_of(request: Request) -> int:
    """The pid of the worker that hangs on a request of `once`; waits for it."""
    return int((request.bundle.parent / "pid").read_text())


def ancestor(pid: int, name: str) -> psutil.Process:
    """The nearest process above one whose name starts so."""
    return next(parent for parent in psutil.Process(pid).parents() if parent.name().startswith(name))


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
        "Abandoned(f'{request.model} {__import__(\"hashlib\").sha256((request.model / \"weights\").read_bytes()).hexdigest()}')"
    )
    there = [
        Request(Path(os.path.relpath(model)), Path(os.path.relpath(bundle)), (), number, 60.0) for number in range(3)
    ]
    import hashlib

    sha256 = hashlib.sha256((model / "weights").read_bytes()).hexdigest()
    (kept,) = cache.glob("*/digest") if judged(executor, *there) else ()
    assert judged(executor, *there) == {request: Abandoned(f"{kept} {sha256}") for request in there}


def test_a_killed_actor_is_replaced_and_its_request_judged(executor: RayExecutor, told, once: Request) -> None:
    asked = executor.judge([once, told("Abandoned('beside it')")])
    beside = next(asked)
    worker = psutil.Process(pid_of(once))
    ancestor(worker.pid, "ray::RayNode").kill()
    assert (beside[1], next(asked)) == (Abandoned("beside it"), (once, Abandoned("judged again")))
    worker.wait(60)


def test_a_killed_node_costs_its_request_no_verdict_and_the_queue_goes_on(
    executor: RayExecutor, told, once: Request
) -> None:
    after = [told(f"Abandoned('after {number}')") for number in range(3)]
    asked = executor.judge([once, *after])
    verdicts = dict([next(asked)])
    started = time.monotonic()
    worker = psutil.Process(pid_of(once))
    ancestor(worker.pid, "raylet").kill()
    verdicts |= dict(asked)
    assert time.monotonic() - started < once.deadline_s + 5
    assert verdicts == {once: Abandoned("judged again")} | {
        request: Abandoned(f"after {number}") for number, request in enumerate(after)
    }
    worker.wait(60)


def test_close_ends_a_request_at_once_and_leaves_no_process_behind(executor: RayExecutor, once: Request) -> None:
    asked = executor.judge([once])
    begun: list[psutil.Process] = []

    def close() -> None:
        worker = psutil.Process(pid_of(once))
        begun.extend([worker, ancestor(worker.pid, "ray::RayNode"), *running("evaluation.ray_driver")])
        executor.close()

    closing = threading.Thread(target=close, daemon=True)
    closing.start()
    assert [*asked, *executor.judge([once])] == [(once, Abandoned("the executor was closed"))] * 2
    closing.join(60)
    assert (len(begun), psutil.wait_procs(begun, timeout=60)[1]) == (3, [])


def test_a_cluster_of_our_own_says_what_a_local_worker_says_and_ends_with_us(
    wallets, make_sample, tiny_model: Path, tmp_path: Path
) -> None:
    pairs = tuple(make_sample(wallets[0], Pair("Say it", f"again and again {n}")) for n in range(3))
    texts = tuple(make_sample(wallets[0], Text(f"„naïve“ text number {n} " * 3)) for n in range(2))
    bundle = tmp_path / "bundle.jsonl"
    write_bundle(Bundle((TaskSamples("reference_loss", pairs), TaskSamples("text_loss", texts))), bundle)
    request = Request(tiny_model, bundle, TASKS, 128, 60.0)
    local, executor = WorkerProcess(), RayExecutor(workers=1, cache=str(tmp_path / "cache"))
    here, there = local.judge(request), judged(executor, request)[request]
    local.close()
    (driver,) = running("evaluation.ray_driver")
    started = [driver, *driver.children(recursive=True)]
    assert any(process.name() == "gcs_server" for process in started)
    executor.close()
    assert isinstance(there, Scored)
    assert (there.tasks, there.tokens, there.environment) == (here.tasks, here.tokens, here.environment)
    assert psutil.wait_procs(started, timeout=60)[1] == []
