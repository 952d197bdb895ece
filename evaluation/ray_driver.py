"""The process that drives a Ray cluster: `python -m evaluation.ray_driver` has requests judged until its stdin ends.

Nothing else of ours imports Ray, which ends the process that uses it once the cluster's head is gone for a minute: what
that was asked is then abandoned, and the validator goes on. Ray's errors end here.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import sys
import threading
import time
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayTaskError

from evaluation.ray_judging import RayJudging
from evaluation.ray_node import NodeOptions, RayNode
from evaluation.ray_pool import Failed, Lost, Machine, Pool
from evaluation.ray_wire import BEAT_S, Beat, Began, Ended, News, Said, decode_order, encode_news
from evaluation.verdicts import Abandoned, Verdict
from evaluation.wire import READY
from evaluation.worker import Channel

_LOOK_S = 1.0
"""How often somebody who waits for room looks whether it is still wanted."""
_END_S = 1.0
"""What an actor may take to end its worker by itself."""
_LEAVE_S = 2.0
"""What taking leave of a cluster may take; it notices one that is gone without a word as well."""
_FACT, _ID = re.compile(r"\w+: \S+$"), re.compile(r"\w+ Id: [0-9a-f]{16,}")
"""What nobody but Ray can read in its errors: lines with a fact each, and ids."""
_STORE_BYTES = 128 << 20
"""Object store of a cluster of our own: a few pieces of files at a time."""


class RayMachine:
    """A Machine that is a Ray actor."""

    def __init__(self, actor: Any, name: str) -> None:
        self._actor = actor
        self.name = name

    def call(self, method: str, *arguments: object, within_s: float) -> Any:
        """See Machine.call."""
        try:
            return ray.get(getattr(self._actor, method).remote(*arguments), timeout=within_s)
        except GetTimeoutError as error:
            raise Lost(f"it gave no answer within {within_s:.0f} s") from error
        except RayTaskError as error:
            raise Failed(_in_words(error.cause)) from error
        except Exception as error:  # Ray raises its own, and Python's for connections that broke
            raise Lost(_in_words(error)) from error

    def end(self) -> None:
        """See Machine.end."""
        with contextlib.suppress(Exception):  # it may be gone, and the cluster with it
            ray.wait([self._actor.end.remote()], timeout=_END_S)
        with contextlib.suppress(Exception):
            ray.kill(self._actor)


class Hiring:
    """Places actors where the cluster has room for them, as far apart as it can."""

    def __init__(self, options: NodeOptions) -> None:
        cuda = options.device.startswith("cuda")
        self._resources = {"num_cpus": 0, "num_gpus": 1} if cuda else {"num_cpus": options.threads, "num_gpus": 0}
        self._options = options.encode()
        self._kind = ray.remote(RayNode)

    def room(self) -> int:
        """How many actors the cluster has room for when nobody else uses it; at least one, which then waits."""
        resource, each = ("GPU", 1) if self._resources["num_gpus"] else ("CPU", self._resources["num_cpus"])
        return max(1, int(ray.cluster_resources().get(resource, 0)) // each)

    def hire(self, closing: threading.Event) -> Machine:
        """See Pool."""
        try:
            actor = self._kind.options(
                **self._resources, max_restarts=0, max_concurrency=4, scheduling_strategy="SPREAD"
            ).remote(self._options)
            named = actor.name.remote()
            while not ray.wait([named], timeout=_LOOK_S)[0]:
                if closing.is_set():
                    ray.kill(actor)
                    raise Lost("the executor was closed")
            return RayMachine(actor, ray.get(named))
        except Exception as error:  # see RayMachine.call
            raise Lost(_in_words(error)) from error


class Voice:
    """Says news on a channel, for all threads."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._turn = threading.Lock()

    def tell(self, news: News) -> None:
        """Nobody may be left to hear it."""
        with self._turn, contextlib.suppress(BrokenPipeError):
            self._channel.send(encode_news(news))


class Service:
    """Answers orders on a channel, each in a thread of its own."""

    def __init__(self, channel: Channel, voice: Voice, judging: RayJudging, workers: int) -> None:
        self._channel = channel
        self._voice = voice
        self._judging = judging
        self._workers = workers

    def run(self) -> None:
        """Until nobody is left who orders."""
        threading.Thread(target=self._beat, name="beats", daemon=True).start()
        while message := self._channel.receive():  # END is empty
            threading.Thread(target=self._obey, args=(message,), name="order", daemon=True).start()

    def _beat(self) -> None:
        while True:
            self._voice.tell(Beat(self._workers))
            time.sleep(BEAT_S)

    def _obey(self, message: bytes) -> None:
        number, request = decode_order(message)
        verdict: Verdict
        try:
            verdict = self._judging.judge(request, lambda: self._voice.tell(Began(number)))
        except Exception as error:  # noqa: BLE001 - somebody waits, and would wait for ever
            verdict = Abandoned(_in_words(error), is_ours_alone=True)
        self._voice.tell(Ended(number, verdict))


def main() -> None:
    """Connect to the command line's cluster, or start one on this machine, and serve."""
    channel = Channel()
    chosen = _options()
    options = NodeOptions(**json.loads(chosen.node))
    _connect(chosen.address, chosen.workers, options, chosen.folder)
    hiring = Hiring(options)
    workers = chosen.workers or hiring.room()
    threading.Thread(target=_watch, args=(ray.get_runtime_context().get_node_id(),), name="node", daemon=True).start()
    channel.send(READY)
    voice = Voice(channel)
    pool = Pool(hiring.hire, workers, options.start_s, lambda text: voice.tell(Said(text)))
    try:
        Service(channel, voice, RayJudging(pool, options.start_s), workers).run()
    finally:
        pool.close()
        leaving = threading.Thread(target=ray.shutdown, name="leaving", daemon=True)
        leaving.start()
        leaving.join(_LEAVE_S)
        if chosen.folder is not None:
            shutil.rmtree(chosen.folder, ignore_errors=True)
        os._exit(0)  # threads that still wait for an answer wait for nothing


def _connect(address: str | None, workers: int | None, options: NodeOptions, folder: str | None) -> None:
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is not None:
        ray.init(address=address, **quiet)
        return
    cpus = None if workers is None else workers * options.threads
    ray.init(
        address="local",
        num_cpus=cpus,
        include_dashboard=False,
        object_store_memory=_STORE_BYTES,
        _temp_dir=folder,
        **quiet,
    )


def _watch(node: str) -> None:
    """End with this machine's Ray node, without which nobody is hired any more; another process may find a new one."""
    while True:
        time.sleep(BEAT_S)
        with contextlib.suppress(Exception):  # the head is gone: if it stays so, Ray ends this process
            if not any(other["NodeID"] == node and other["Alive"] for other in ray.nodes()):
                sys.stderr.write("the Ray node of this machine is gone\n")
                os._exit(1)


def _in_words(error: BaseException) -> str:
    """One line of an error of Ray's: they are paragraphs, with facts that only Ray knows."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = " ".join(line for line in lines if line and not _FACT.match(line))
    return f"{type(error).__name__}: {_ID.sub('', told)[:300].strip()}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.ray_driver", description=__doc__)
    parser.add_argument("--address", help="host:port of a running cluster; without it one is started on this machine")
    parser.add_argument("--workers", type=int, help="how many actors; without it as many as there is room for")
    parser.add_argument("--node", required=True, help="how each of them judges, as JSON")
    parser.add_argument("--folder", help="where a cluster of our own keeps its files")
    return parser.parse_args()


if __name__ == "__main__":
    main()
