"""The worker process: right verdicts, kept deadlines, survived crashes, nothing left behind."""

import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from evaluation.executor import Request
from evaluation.sources.bundle import Bundle, TaskSamples, write_bundle
from evaluation.sources.content import Pair, Text
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Abandoned, Scored, Verdict
from evaluation.worker_process import WorkerProcess
from models.rejections import Reason
from tests.children import running

TASKS = (TaskSpec("reference_loss", 3, 0.5, 16.0), TaskSpec("text_loss", 2, 0.5, 16.0, window_bytes=32))


@pytest.fixture(scope="session")
def bundle(wallets, make_sample, tmp_path_factory) -> Path:
    """A bundle for both tasks."""
    pairs = tuple(make_sample(wallets[0], Pair("Say it", f"again and again {n}")) for n in range(3))
    texts = tuple(make_sample(wallets[0], Text(f"„naïve“ text number {n} " * 3)) for n in range(2))
    path = tmp_path_factory.mktemp("bundle") / "bundle.jsonl"
    write_bundle(Bundle((TaskSamples("reference_loss", pairs), TaskSamples("text_loss", texts))), path)
    return path


@pytest.fixture
def ask(bundle: Path, tiny_model: Path) -> Callable[..., Request]:
    """Makes a request to judge a model on a bundle."""
    return lambda model=tiny_model, bundle=bundle, deadline_s=60.0: Request(model, bundle, TASKS, 128, deadline_s)


@pytest.fixture(scope="session")
def executor() -> Iterator[WorkerProcess]:
    """One executor for all tests that leave it in order, however they end its worker."""
    made = WorkerProcess(threads=1)
    yield made
    made.close()


@pytest.fixture
def hanging(ask: Callable[..., Request], tmp_path: Path) -> Request:
    """A request that never ends: its bundle is a pipe that nobody writes to."""
    os.mkfifo(tmp_path / "pipe")
    return ask(bundle=tmp_path / "pipe")


def workers() -> list[psutil.Process]:
    """The worker processes of this test run."""
    return running("evaluation.worker")


@contextmanager
def while_hanging(hanging: Request, action: Callable[[], object]) -> Iterator[None]:
    """Runs an action as soon as a worker is in the middle of the hanging request."""

    def run() -> None:
        with hanging.bundle.open("wb"):  # opens once the worker opens it to read
            action()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    thread.join(60)
    assert not thread.is_alive()


@pytest.fixture
def speaking(tmp_path: Path) -> Iterator[Callable[[str], WorkerProcess]]:
    """Makes an executor whose worker answers each request by running some lines of Python that end in a verdict."""
    made: list[WorkerProcess] = []

    def make(body: str, *, before: str = "", start_s: float = 60.0) -> WorkerProcess:
        script = tmp_path / "worker.py"
        lines = "\n    ".join(body.splitlines())
        script.write_text(
            "import os, signal, sys\nfrom evaluation.verdicts import Abandoned\nfrom evaluation.worker import *\n"
            f"{before}\ndef answer(request):\n    {lines}\nserve(Channel(), answer)\n"
        )
        made.append(WorkerProcess(threads=1, start_s=start_s, program=[str(script)]))
        return made[-1]

    yield make
    for executor in made:
        executor.close()


@pytest.fixture
def judging() -> Iterator[Callable[[Request], Verdict]]:
    """What a worker does, done in this process."""
    import torch

    from evaluation.judging import Judging

    threads = torch.get_num_threads()
    yield Judging("cpu", "float32", 1)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def test_a_verdict_is_what_the_judge_says_in_this_process(executor, judging, ask) -> None:
    here, verdict = judging(ask()), executor.judge(ask())
    assert isinstance(verdict, Scored), verdict
    assert (verdict.tasks, verdict.tokens, verdict.environment) == (here.tasks, here.tokens, here.environment)
    assert [len(task.values) for task in verdict.tasks] == [3, 2]
    assert verdict.peak_memory_bytes > 50_000_000


def test_a_missing_bundle_is_ours(judging, ask, tmp_path: Path) -> None:
    assert judging(ask(bundle=tmp_path / "no.jsonl")).cause.startswith("FileNotFoundError")


def test_the_worker_stays_warm_and_says_the_same_again(executor, ask) -> None:
    first = executor.judge(ask())
    (worker,) = workers()
    again = executor.judge(ask())
    assert (again.tasks, workers()) == (first.tasks, [worker])


def test_a_model_that_cannot_be_loaded_is_the_miners_fault(executor, ask, tiny_model: Path, tmp_path: Path) -> None:
    import json

    shutil.copytree(tiny_model, tmp_path / "wider")
    config = json.loads((tmp_path / "wider" / "config.json").read_text())
    (tmp_path / "wider" / "config.json").write_text(json.dumps(config | {"intermediate_size": 65}))
    verdict = executor.judge(ask(tmp_path / "wider"))
    assert (verdict.reason, "mismatched" in verdict.detail) == (Reason.UNLOADABLE, True)


def test_a_model_that_sees_the_future_is_refused(executor, ask, make_model) -> None:
    assert executor.judge(ask(make_model(is_causal=False))).reason is Reason.NOT_CAUSAL


def test_a_hanging_model_is_killed_at_its_deadline_and_the_next_is_judged(executor, ask, hanging: Request) -> None:
    started = time.monotonic()
    verdict = executor.judge(replace(hanging, deadline_s=0.5))
    seconds = time.monotonic() - started
    assert (verdict, workers()) == (Abandoned("no verdict within 0.5 s; the worker was killed"), [])
    assert 0.5 <= seconds < 30  # nothing else would ever end it
    assert isinstance(executor.judge(ask()), Scored)


def test_more_memory_than_allowed_is_ours(ask) -> None:
    narrow = WorkerProcess(threads=1, memory_bytes=40_000_000)
    verdict = narrow.judge(ask())
    narrow.close()
    assert isinstance(verdict, Abandoned)


def test_a_model_that_does_not_fit_is_ours_before_its_weights_are_read(make_model, ask) -> None:
    large = make_model()
    (large / "model.safetensors").unlink()
    narrow = WorkerProcess(threads=1, memory_bytes=600_000_000)
    verdict = narrow.judge(ask(large))
    narrow.close()
    needs = r"judging in float32 needs 0\.6\d GB \(.*\); cpu has 0\.60 GB: judge on a device with more memory, or in bf"
    assert (type(verdict), bool(re.match(needs, verdict.cause))) == (Abandoned, True), verdict


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="asks Linux whom it would end first")
def test_where_memory_runs_out_the_worker_ends_before_the_validator(executor, ask) -> None:
    executor.judge(ask())
    scores = [Path(f"/proc/{worker.pid}/oom_score_adj").read_text() for worker in workers()]
    assert scores == ["1000\n"]


@pytest.mark.parametrize("killer", ["SIGKILL", "SIGSEGV", "SIGABRT"])
def test_a_crash_is_abandoned_with_its_signal_and_the_next_is_judged(killer: str, speaking, ask) -> None:
    crashing = speaking(
        f"if request.max_length == 128: os.kill(os.getpid(), signal.{killer})\nreturn Abandoned('judged')"
    )
    assert crashing.judge(ask()) == Abandoned(f"the worker was killed by {killer}")
    assert crashing.judge(replace(ask(), max_length=64)) == Abandoned("judged")


def test_a_worker_that_died_in_its_sleep_is_replaced_unnoticed(speaking, ask) -> None:
    tired = speaking("return Rejection(Reason.COPY, str(os.getpid()))", before="from models.rejections import *")
    first = tired.judge(ask())
    worker = psutil.Process(int(first.detail))
    worker.kill()
    worker.wait(60)
    second = tired.judge(ask())
    assert (second.reason, second.detail != first.detail) == (Reason.COPY, True)


def test_close_ends_a_request_at_once(speaking, hanging: Request) -> None:
    closing = speaking("request.bundle.read_bytes()")
    with while_hanging(hanging, closing.close):
        verdict = closing.judge(hanging)
    assert (verdict, closing.judge(hanging)) == (Abandoned("the executor was closed", is_ours_alone=True),) * 2


def test_a_dying_parent_takes_its_busy_worker_along(speaking, hanging: Request, tmp_path: Path) -> None:
    speaking("request.bundle.read_bytes()")
    script = (
        "import sys; from pathlib import Path; from evaluation.executor import Request; "
        "from evaluation.worker_process import WorkerProcess; "
        "WorkerProcess(program=[sys.argv[1]]).judge(Request(Path(), Path(sys.argv[2]), (), 128, 60.0))"
    )
    parent = psutil.Popen([sys.executable, "-c", script, tmp_path / "worker.py", hanging.bundle])
    with hanging.bundle.open("wb"):
        (worker,) = parent.children()
        parent.kill()
        parent.wait(60)
        worker.wait(60)
    assert not worker.is_running()


def test_noise_on_stdout_and_a_look_at_stdin_do_no_harm(speaking, ask) -> None:
    loud = speaking(
        "print('noise', flush=True)\nos.write(1, b'more noise')\nos.system('echo and more')\n"
        "return Abandoned(f'read {sys.stdin.read()!r}')"
    )
    assert [loud.judge(ask()) for _ in range(2)] == [Abandoned("read ''")] * 2


def test_last_words_are_passed_on(speaking, ask) -> None:
    dying = speaking("raise SystemError('device lost')")
    cause = "the worker exited with status 1, last words: SystemError: device lost"
    assert dying.judge(ask()) == Abandoned(cause)


def test_a_worker_that_does_not_start_in_time_is_ours(speaking, ask) -> None:
    slow = speaking("return None", before="sys.stdin.read()", start_s=0.3)
    assert slow.judge(ask()) == Abandoned("the worker did not start within 0.3 s")


def test_an_answer_that_is_no_verdict_is_ours(speaking, ask) -> None:
    babbling = speaking(
        "return Abandoned('')",
        before="class Channel(Channel):\n    def send(self, message):\n"
        "        super().send(message if message == READY else b'[]')",
    )
    assert babbling.judge(ask()).cause.startswith("the worker gave no verdict")


def test_a_worker_inherits_no_secret(speaking, ask, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HF_ENDPOINT", "WANDB_API_KEY", "CRUCIBLE_HUB_TOKEN"):
        monkeypatch.setenv(name, "secret")
    showing = speaking("return Abandoned(' '.join(sorted(n for n, v in os.environ.items() if v == 'secret')))")
    assert showing.judge(ask()) == Abandoned("")
