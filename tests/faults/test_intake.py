"""Whatever the Hub does while models are taken in, the end is that of a calm day, and nobody else is held up."""

import json
import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import psutil
import pytest

from hub.huggingface import HuggingFaceHub
from hub.port import Hub
from localnet.hub_server.faults import Fault, Faults
from localnet.hub_server.server import serving
from models.cache import ModelCache
from tests.faults.fetching import Validator, below, client, publish_all
from tests.faults.full_disk import NO_DISK, ON_A_SMALL_DISK, STAGES
from tests.faults.halting import HALTED, HaltsAfterArrival, HaltsBeforeArrival, live

FILES = "/alice/model/resolve/*"
WEIGHTS = FILES + "/model.safetensors"


@dataclass(frozen=True)
class Place:
    """A Hub with both models, what goes wrong there, and what a validator comes to on a calm day."""

    endpoint: str
    faults: Faults
    lines: dict[str, bytes]
    calm: dict[str, Any]

    def process(self, folder: Path, cache: type[ModelCache] = ModelCache) -> SpawnProcess:
        """One on a folder of its own, as a process that takes in what it can, and ends."""
        process = multiprocessing.get_context("spawn").Process(
            target=live, args=(folder, self.lines, self.endpoint, cache)
        )
        process.start()
        return process

    def validator(self, folder: Path, hub: Hub | None = None) -> Validator:
        """One on a folder of its own."""
        return Validator(folder, self.lines, hub or client(self.endpoint, folder))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, faults = tmp_path_factory.mktemp("offered"), Faults()
    with serving(folder / "hub", faults) as endpoint:
        lines = publish_all(folder, folder / "hub", endpoint)
        place = Place(endpoint, faults, lines, {})
        calm = place.validator(folder / "calm").run()
        yield replace(place, calm=calm.outcome())
        calm.close()


@pytest.fixture
def place(here: Place) -> Iterator[Place]:
    here.faults.clear()
    yield here
    here.faults.clear()


def test_a_calm_day_takes_in_everything_and_leaves_nothing_lying_about(place: Place) -> None:
    """What the others compare is not empty."""
    digests = {row[6] for row in place.calm["decided"]}
    names = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    kept = {f"models/{digest}/{name}" for digest in digests for name in names} | {
        f"sums/{digest}" for digest in digests
    }
    assert (len(digests), place.calm["states"]) == (2, {"alice": "accepted", "bob": "accepted"})
    assert set(place.calm["files"]) == kept | {"lock", "changes", "unfinished"}
    assert place.calm["unfinished"] == {}


LASTING = {
    "429 with a long wait": (Fault("429", path=FILES, retry_after_s=3600), "RateLimited"),
    "503": (Fault("503", path=FILES), "HubUnreachable"),
    "503 for what is only described": (Fault("503", path="/api/models/alice/*"), "HubUnreachable"),
    "cut at once": (Fault("truncated", path=WEIGHTS, at=0), "HubUnreachable"),
    "tampered weights": (Fault("tampered", path=WEIGHTS, at=100_000), "CorruptDownload"),
    "tampered config": (Fault("tampered", path=FILES + "/config.json", at=5), "CorruptDownload"),
    "tampered rest after a cut": (Fault("truncated", path=WEIGHTS, at=1000, times=1), "CorruptDownload"),
}


@pytest.mark.parametrize(("fault", "cause"), LASTING.values(), ids=LASTING.keys())
def test_a_hub_at_fault_refuses_nobody_and_once_it_is_well_all_is_as_on_a_calm_day(
    place: Place, tmp_path: Path, fault: Fault, cause: str
) -> None:
    place.faults.plan(fault)
    if fault.times:
        place.faults.plan(Fault("tampered", path=WEIGHTS, at=0, after=fault.times))
    validator = place.validator(tmp_path / "run")
    validator.turn()
    validator.turn()
    assert validator.states() == {"alice": "due", "bob": "accepted"}
    assert [(who, why.split(":")[0]) for who, why in validator.retries()] == [("alice", cause)] * 2
    (bob,) = [row[6] for row in place.calm["decided"] if row[0] == "bob/model"]
    seen = {name: sum_ for name, sum_ in place.calm["files"].items() if "/" not in name or bob in name}
    assert validator.outcome()["files"] == seen, "nothing of alice's is to be seen"
    place.faults.clear()
    assert validator.run().outcome() == place.calm
    validator.close()


PASSING = {
    "429 with a short wait": Fault("429", path=FILES, times=3, retry_after_s=1),
    "503 with a short wait": Fault("503", path="/api/models/alice/*", times=2, retry_after_s=1),
    "cut again and again": Fault("truncated", path=WEIGHTS, at=50_000),
    "slow": Fault("slow", path=FILES, rate=1_000_000),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_hub_that_is_only_slow_or_busy_costs_no_attempt(place: Place, tmp_path: Path, fault: Fault) -> None:
    place.faults.plan(fault)
    validator = place.validator(tmp_path / "run").run()
    assert (validator.outcome(), validator.retries()) == (place.calm, [])
    assert place.faults.seen() > [1]
    validator.close()


def test_a_hub_too_slow_to_wait_for_is_left_for_others_and_gone_on_with_later(place: Place, tmp_path: Path) -> None:
    place.faults.plan(Fault("slow", path=WEIGHTS, rate=20_000))
    hub = HuggingFaceHub(place.endpoint, None, timeout_s=2.0, unfinished=tmp_path / "run" / "downloads")
    validator = place.validator(tmp_path / "run", hub)
    validator.turn()
    assert validator.states() == {"alice": "due", "bob": "accepted"}
    assert_only_the_rest_comes(place, tmp_path / "run", validator)


def assert_only_the_rest_comes(place: Place, folder: Path, validator: Validator) -> None:
    """That a validator ends as on a calm day, by one more request for weights, which is for the missing bytes alone."""
    place.faults.clear()
    rest = _size(place) - partial_bytes(folder)
    place.faults.plan(Fault("truncated", path=WEIGHTS, at=rest))  # one byte more would be cut, and asked for again
    place.faults.plan(Fault("slow", path=FILES + ".json"))
    assert validator.run().outcome() == place.calm
    assert (place.faults.seen(), 0 < rest < _size(place)) == ([1, 0], True)
    validator.close()


def partial_bytes(folder: Path) -> int:
    """Bytes of the longest file that was cut short, the weights; 0 where there is none."""
    return max((file.stat().st_size for file in (folder / "downloads").glob("*/*")), default=0)


def _size(place: Place) -> int:
    info = HuggingFaceHub(place.endpoint, None).describe("alice/model", "model")
    return next(file.size for file in info.files if file.path == "model.safetensors")


def kill_once(process: SpawnProcess, happened: Callable[[], bool]) -> None:
    """Kill a process as soon as something happened; that it ends before is a failure."""
    while not happened():
        process.join(timeout=0.01)
        assert process.is_alive(), "it ended before it could be killed"
    process.kill()
    process.join()


def test_a_kill_during_a_download_costs_no_byte_twice(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    place.faults.plan(Fault("slow", path=WEIGHTS, rate=100_000))
    kill_once(place.process(folder), lambda: partial_bytes(folder) > 50_000)
    assert_only_the_rest_comes(place, folder, place.validator(folder))


def test_a_kill_during_vetting_ends_it_and_loses_nothing(place: Place, tmp_path: Path) -> None:
    process = place.process(tmp_path / "run", HaltsBeforeArrival)  # which waits for us, should vetting be the faster
    vetting: list[psutil.Process] = []

    def is_writing() -> bool:
        """Whether the clean form is being written, which then goes no further, or just was."""
        vetting[:] = psutil.Process(process.pid).children()
        if not any((tmp_path / "run").glob("models/unfinished/*/clean")):
            return False
        for child in vetting:
            with suppress(psutil.NoSuchProcess):
                child.suspend()
        return True

    kill_once(process, is_writing)
    _, left = psutil.wait_procs(vetting, timeout=30)
    for child in left:
        child.kill()
    assert left == [], "what vets ends with whom it vets for"
    assert [name for name in below(tmp_path / "run" / "models") if name.startswith("models/")] == []
    validator = place.validator(tmp_path / "run")
    assert validator.run().outcome() == place.calm
    validator.close()


@pytest.mark.parametrize("cache", [HaltsBeforeArrival, HaltsAfterArrival], ids=["before", "after"])
def test_a_kill_around_arrival_loses_nothing(place: Place, tmp_path: Path, cache: type[ModelCache]) -> None:
    kill_once(place.process(tmp_path / "run", cache), (tmp_path / "run" / HALTED).exists)
    validator = place.validator(tmp_path / "run")
    assert (validator.run().outcome(), validator.retries()) == (place.calm, [])
    validator.close()


@pytest.mark.parametrize("stage", STAGES)
def test_a_disk_that_runs_full_refuses_nobody_and_once_it_has_room_all_is_as_on_a_calm_day(
    place: Place, tmp_path: Path, stage: str
) -> None:
    """On a disk of its own, with the ledger on it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    order = json.dumps({"lines": {name: line.decode() for name, line in place.lines.items()}, "stage": stage})
    command = [sys.executable, "-m", "tests.faults.full_disk", str(disk / "run"), place.endpoint]
    done = subprocess.run(
        [*ON_A_SMALL_DISK, str(disk), *command], input=order, capture_output=True, text=True, check=False
    )
    if done.returncode == NO_DISK:
        pytest.skip("this kernel mounts no disk for us")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["outcome"] == json.loads(json.dumps(place.calm))
    assert "rejected" not in told["states"]
    assert any("No space left" in failure for failure in told["failures"]), told["failures"]
