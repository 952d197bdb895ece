"""One request on machines that come and go: scripted machines, no Ray."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from evaluation.executor import Request
from evaluation.parcels import Parcel, decode
from evaluation.ray_judging import RayJudging
from evaluation.ray_node import NodeOptions, RayNode
from evaluation.ray_pool import Failed, Lost, Machine, NoMachine, Pool
from evaluation.verdicts import Abandoned
from evaluation.wire import decode_request, encode_verdict


class ScriptedMachine:
    """Does with a request what the next step of its script says, and all else as an empty machine does."""

    def __init__(self, name: str, *script: Callable[[Request], Abandoned]) -> None:
        self.name = name
        self.asked: list[Request] = []
        self.brought: dict[str, bytes] = {}
        self.ended = False
        self._script = list(script)
        self._listed = Parcel("", ())

    def call(self, method: str, *arguments: object, within_s: float) -> object:  # noqa: ARG002 - never late
        if method == "judge":
            request = decode_request(arguments[0])  # type: ignore[arg-type]
            self.asked.append(request)
            return encode_verdict(self._script.pop(0)(request))
        if method == "write":
            assert arguments[0] not in self.brought, "brought twice"
            self.brought[str(arguments[0])] = bytes(arguments[1])  # type: ignore[arg-type]
        if method in ("begin", "find"):
            self._listed = decode(arguments[0])  # type: ignore[arg-type]
        kept = all(file.place in self.brought for file in self._listed.files)
        return {"sees": False, "find": kept and "/there", "finish": "/there"}.get(method)

    def end(self) -> None:
        self.ended = True


def judged(_request: Request) -> Abandoned:
    """A verdict."""
    return Abandoned("judged")


def gone(_request: Request) -> Abandoned:
    """A machine that is lost in the middle."""
    raise Lost("its node died")


def wait_for_one(pool: Pool) -> None:
    """Until a pool has hired a machine, however short its patience is."""
    while True:
        with suppress(NoMachine):
            pool.give_back(pool.take(None))
            return


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    """A request about two files."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(b"weights")
    (tmp_path / "bundle").write_bytes(b"bundle")
    return Request(tmp_path / "model", tmp_path / "bundle", (), 128, 60.0)


@pytest.fixture
def reports() -> list[str]:
    """What an operator is told."""
    return []


@pytest.fixture
def cluster(reports: list[str]) -> Iterator[Callable[..., RayJudging]]:
    """Makes a judging over machines that are hired one after the other, so many at a time; then there are no more."""
    pools: list[Pool] = []

    def make(*machines: Machine, at_once: int = 1, patience_s: float = 60.0) -> RayJudging:
        left = list(machines)

        def hire(closing: threading.Event) -> Machine:
            if not left:
                closing.wait()
                raise Lost("closed")
            return left.pop(0)

        pools.append(Pool(hire, at_once, patience_s, reports.append))
        if machines:
            wait_for_one(pools[-1])
        return RayJudging(pools[-1], 60.0)

    yield make
    for pool in pools:
        pool.close()


def test_a_lost_machine_is_replaced_and_its_request_judged_on_within_the_same_deadline(
    cluster, request_, reports
) -> None:
    first, second, begun = ScriptedMachine("first", gone), ScriptedMachine("second", judged), []
    verdict = cluster(first, second).judge(request_, lambda: begun.append(time.monotonic()))
    assert (verdict, first.ended, second.ended, len(begun)) == (Abandoned("judged"), True, False, 1)
    assert reports == ["lost a worker on first: its node died"]
    assert first.asked[0].deadline_s == 60.0 > second.asked[0].deadline_s


def test_what_is_lost_again_and_again_is_abandoned_with_every_loss(cluster, request_) -> None:
    machines = [ScriptedMachine(name, gone) for name in "abcd"]
    verdict = cluster(*machines).judge(request_, lambda: None)
    assert verdict == Abandoned("; ".join(f"lost on {name}: its node died" for name in "abc"))
    assert not machines[3].asked


def test_a_loss_at_the_deadline_is_not_tried_again(cluster, request_) -> None:
    def overrun(request: Request) -> Abandoned:
        time.sleep(request.deadline_s)
        raise Lost("it gave no answer")

    late = Request(request_.model, request_.bundle, (), 128, 0.01)
    verdict = cluster(ScriptedMachine("first", overrun), ScriptedMachine("second")).judge(late, lambda: None)
    assert verdict == Abandoned("no verdict within 0.01 s; lost on first: it gave no answer")


def test_without_any_machine_a_request_is_abandoned(cluster, request_) -> None:
    verdict = cluster(patience_s=0.01).judge(request_, lambda: None)
    assert verdict == Abandoned("the cluster has no worker; last: no room for one", is_ours_alone=True)


def test_with_one_machine_left_requests_wait_for_it(cluster, request_) -> None:
    def slowly(_request: Request) -> Abandoned:
        threading.Event().wait(0.1)  # longer than anybody would wait for a machine where there is none
        return Abandoned("judged")

    shared = ScriptedMachine("only", slowly, slowly, slowly)
    judging, verdicts = cluster(shared, at_once=3, patience_s=0.01), []
    asking = [threading.Thread(target=lambda: verdicts.append(judging.judge(request_, lambda: None))) for _ in range(3)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(60)
    assert (verdicts, len(shared.asked)) == ([Abandoned("judged")] * 3, 3)


def test_a_machine_that_refuses_is_asked_again_for_the_next(cluster, request_) -> None:
    def full(_request: Request) -> Abandoned:
        raise Failed("OSError: no room")

    only = ScriptedMachine("only", full, judged)
    judging = cluster(only)
    verdicts = [judging.judge(request_, lambda: None) for _ in range(2)]
    assert (verdicts, only.ended) == ([Abandoned("on only: OSError: no room"), Abandoned("judged")], False)


def test_what_cannot_be_carried_is_named_as_it_is(cluster, request_) -> None:
    only, missing = ScriptedMachine("only", judged), request_.bundle.with_name("no")
    cluster(only).judge(Request(request_.model, missing, (), 128, 60.0), lambda: None)
    assert (only.asked[0].bundle, list(only.brought)) == (missing, ["model/weights"])


def test_files_are_brought_once_to_a_machine_without_them_and_used_where_they_are_on_one_that_has_them(
    cluster, request_, tmp_path: Path
) -> None:
    far = ScriptedMachine("far", judged, judged)
    judging = cluster(far)
    assert [judging.judge(request_, lambda: None) for _ in range(2)] == [Abandoned("judged")] * 2
    assert far.brought == {"model/weights": b"weights", "bundle": b"bundle"}
    assert (far.asked[0].model, far.asked[0].bundle) == (Path("/there"), Path("/there"))
    options = NodeOptions("cpu", "float32", 1, None, 1.0, [], str(tmp_path / "cache"), 1_000)
    near = RayNode(options.encode())
    assert near.sees(str(request_.model), {"model/weights": 7})
    assert not near.sees(str(request_.model), {"model/weights": 8})
