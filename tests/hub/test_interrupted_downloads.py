"""Downloads from a Hub that refuses, dawdles, cuts and lies: nothing half is ever seen, and nothing comes twice."""

import hashlib
import multiprocessing
import os
import resource
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.bandwidth import Bandwidth
from hub.huggingface import HuggingFaceHub
from hub.patience import Patience
from hub.port import CorruptDownload, HubUnreachable, RateLimited, TooLarge
from localnet.hub_server.faults import Fault, Faults
from localnet.hub_server.server import serving
from localnet.hub_server.store import HubStore

FIRST, SECOND = (b"".join(hashlib.sha256(b"%d %d" % (seed, i)).digest() for i in range(20_000)) for seed in (1, 2))
FILES = {"a.bin": FIRST, "b.bin": SECOND, "config.json": b"{}"}


@dataclass
class Place:
    """A Hub with a model of three files, what goes wrong there, and how long its reader was made to wait."""

    root: Path
    endpoint: str
    faults: Faults
    revision: str
    slept: list[float] = field(default_factory=list)

    def hub(self, unfinished: Path | None = None, **options: object) -> HuggingFaceHub:
        """A visitor with little time."""
        options = {"timeout_s": 5.0, "patience": Patience(sleep=self.slept.append)} | options
        return HuggingFaceHub(self.endpoint, None, unfinished=unfinished, **options)

    def fetch(self, hub: HuggingFaceHub, into: Path, **options: int) -> None:
        """Download the model."""
        hub.fetch("alice/x", "model", self.revision, list(FILES), into, **options)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    root, faults = tmp_path / "hub", Faults()
    with serving(root, faults) as endpoint:
        hub = HuggingFaceHub(endpoint, HubStore(root).add_user("alice"))
        hub.create("alice/x", "model", private=False)
        yield Place(root, endpoint, faults, hub.upload_files("alice/x", "model", FILES, message="first"))


def below(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def requests(place: Place) -> list[int]:
    """How many requests each planned fault matched; one that is slow by nothing only counts them."""
    return place.faults.seen()


@pytest.mark.parametrize("kind", ["429", "503"])
def test_a_hub_that_asks_for_time_is_given_it(place, kind, tmp_path):
    place.faults.plan(Fault(kind, path="*/a.bin", times=2, retry_after_s=3))
    place.faults.plan(Fault(kind, path="*/paths-info/*", times=1, retry_after_s=1))
    place.fetch(place.hub(), tmp_path / "into")
    assert (below(tmp_path / "into"), place.slept) == (FILES, [1.0, 3.0, 3.0])


@pytest.mark.parametrize(("kind", "error"), [("429", RateLimited), ("503", HubUnreachable)])
def test_a_hub_that_asks_for_too_much_time_is_left_with_its_wish(place, kind, error, tmp_path):
    place.faults.plan(Fault(kind, retry_after_s=3600))
    with pytest.raises(error) as caught:
        place.fetch(place.hub(), tmp_path / "into")
    assert (caught.value.retry_after_s, place.slept, below(tmp_path)) == (3600.0, [], below(place.root.parent))


@pytest.mark.parametrize("kind", ["429", "503"])
@pytest.mark.parametrize("path", ["*/preupload/*", "*/objects/batch", "/lfs/*", "*/commit/*", "/api/repos/create"])
def test_uploads_are_repeated_as_the_hub_asks_by_nobody_but_us(place, kind, path):
    place.faults.plan(Fault(kind, path=path, times=1, retry_after_s=2))
    token = HubStore(place.root).add_user("bob")
    bob = HuggingFaceHub(place.endpoint, token, patience=Patience(sleep=place.slept.append))
    bob.create("bob/x", "model", private=False)
    revision = bob.upload_files("bob/x", "model", {"new.bin": b"new" + path.encode()}, message="first")
    assert bob.read("bob/x", "model", revision, "new.bin", max_bytes=99) == b"new" + path.encode()
    assert place.slept == [2.0]


def test_a_connection_cut_again_and_again_costs_no_byte_twice(place, tmp_path):
    place.faults.plan(Fault("truncated", path="*/a.bin", at=100_000))
    place.fetch(place.hub(), tmp_path / "into")
    assert below(tmp_path / "into") == FILES
    assert requests(place) == [7], "640,000 bytes, 100,000 at a time"


def test_a_cut_that_brings_nothing_is_not_repeated(place, tmp_path):
    place.faults.plan(Fault("truncated", path="*/b.bin", at=0))
    with pytest.raises(HubUnreachable):
        place.fetch(place.hub(), tmp_path / "into")
    assert (requests(place), below(tmp_path / "into")) == ([1], {})


def test_the_next_attempt_goes_on_where_the_last_one_ended(place, tmp_path):
    place.faults.plan(Fault("truncated", path="*/b.bin", at=640_000 - 10, times=1))
    place.faults.plan(Fault("503", path="*/b.bin", after=1))
    with pytest.raises(HubUnreachable):
        place.fetch(place.hub(tmp_path / "kept"), tmp_path / "into")
    assert below(tmp_path / "into") == {}
    place.faults.clear()
    place.faults.plan(Fault("slow", path="*/a.bin"))
    place.faults.plan(Fault("truncated", path="*/b.bin", at=10))
    place.fetch(place.hub(tmp_path / "kept"), tmp_path / "into")
    assert (below(tmp_path / "into"), requests(place)) == (FILES, [0, 1]), "ten bytes of one file were left to send"
    assert list((tmp_path / "kept").iterdir()) == []


def killed_while_downloading(endpoint: str, revision: str, folder: Path) -> None:
    hub = HuggingFaceHub(endpoint, None, unfinished=folder / "kept")
    hub.fetch("alice/x", "model", revision, list(FILES), folder / "into")


def test_a_killed_download_is_gone_on_with_by_the_next_process(place, tmp_path):
    place.faults.plan(Fault("slow", path="*/b.bin", rate=200_000))
    child = multiprocessing.get_context("spawn").Process(
        target=killed_while_downloading, args=(place.endpoint, place.revision, tmp_path)
    )
    child.start()
    kept = tmp_path / "kept"
    while child.is_alive() and sum(f.stat().st_size for f in kept.rglob("*") if f.is_file()) < len(FIRST) + 100_000:
        child.join(timeout=0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert [file for file in below(tmp_path / "into") if not file.startswith(".arriving-")] == []
    place.faults.clear()
    place.faults.plan(Fault("slow", path="*/a.bin"))
    place.fetch(place.hub(kept), tmp_path / "into")
    arrived = {name: content for name, content in below(tmp_path / "into").items() if name in FILES}
    assert (arrived, requests(place)) == (FILES, [0])


@pytest.mark.parametrize("damage", [b"x", b"x" * len(FIRST)], ids=["in its first byte", "in all of it"])
def test_a_damaged_partial_file_is_noticed_and_thrown_away(place, damage, tmp_path):
    place.faults.plan(Fault("503", path="*/b.bin"))
    hub = place.hub(tmp_path / "kept")
    with pytest.raises(HubUnreachable):
        place.fetch(hub, tmp_path / "into")
    place.faults.clear()
    (partial,) = [file for file in (tmp_path / "kept").rglob("*") if file.is_file() and file.stat().st_size > 0]
    partial.write_bytes(damage)
    with pytest.raises(CorruptDownload):
        place.fetch(hub, tmp_path / "into")
    assert below(tmp_path / "into") == {}
    place.fetch(hub, tmp_path / "into")
    assert below(tmp_path / "into") == FILES


def test_a_tampered_body_is_noticed_at_every_attempt_and_nothing_of_it_kept(place, tmp_path):
    place.faults.plan(Fault("tampered", path="*/b.bin", at=5, times=2))
    hub = place.hub(tmp_path / "kept")
    for _ in range(2):
        with pytest.raises(CorruptDownload):
            place.fetch(hub, tmp_path / "into")
        assert below(tmp_path / "into") == {}
    place.fetch(hub, tmp_path / "into")
    assert below(tmp_path / "into") == FILES


def test_a_rest_that_is_tampered_with_spoils_only_one_attempt(place, tmp_path):
    place.faults.plan(Fault("truncated", path="*/b.bin", at=1000, times=1))
    place.faults.plan(Fault("tampered", path="*/b.bin", at=0, after=1, times=1))
    hub = place.hub(tmp_path / "kept")
    with pytest.raises(CorruptDownload):
        place.fetch(hub, tmp_path / "into")
    place.fetch(hub, tmp_path / "into")
    assert below(tmp_path / "into") == FILES


def test_what_is_too_much_is_refused_before_its_first_byte(place, tmp_path):
    total = sum(map(len, FILES.values()))
    place.faults.plan(Fault("503", path="*/resolve/*"))
    with pytest.raises(TooLarge, match=f"3 files of 'alice/x' have {total} bytes, over the {total - 1} allowed"):
        place.fetch(place.hub(), tmp_path / "into", max_bytes=total - 1)
    assert requests(place) == [0]
    place.faults.clear()
    place.fetch(place.hub(), tmp_path / "into", max_bytes=total)
    assert below(tmp_path / "into") == FILES


def test_a_hub_that_trickles_is_given_up_and_gone_on_with_later(place, tmp_path):
    place.faults.plan(Fault("slow", path="*/a.bin", rate=1000))
    with pytest.raises(HubUnreachable, match="too slow"):
        place.fetch(place.hub(tmp_path / "kept", timeout_s=2.0), tmp_path / "into")
    place.faults.clear()
    place.fetch(place.hub(tmp_path / "kept"), tmp_path / "into")
    assert below(tmp_path / "into") == FILES


def test_the_bandwidth_limit_counts_every_byte(place, tmp_path):
    waited: list[float] = []
    bandwidth = Bandwidth(1000.0, clock=lambda: 0.0, sleep=waited.append)
    place.fetch(place.hub(bandwidth=bandwidth), tmp_path / "into")
    assert waited[-1] == pytest.approx(sum(map(len, FILES.values())) / 1000.0)


def download_on_a_full_disk(endpoint: str, revision: str, folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    try:
        killed_while_downloading(endpoint, revision, folder)
    except OSError as error:
        raise SystemExit(28 if "File too large" in str(error) else 1) from None


def test_a_disk_that_takes_no_more_is_no_fault_of_the_model(place, tmp_path):
    child = multiprocessing.get_context("spawn").Process(
        target=download_on_a_full_disk, args=(place.endpoint, place.revision, tmp_path)
    )
    child.start()
    child.join(timeout=60)
    assert (child.exitcode, below(tmp_path / "into")) == (28, {})
    place.fetch(place.hub(tmp_path / "kept"), tmp_path / "into")
    assert below(tmp_path / "into") == FILES


def test_a_partial_file_beyond_what_the_hub_has_is_downloaded_whole(place, tmp_path):
    hub = place.hub(tmp_path / "kept")
    place.faults.plan(Fault("503", path="*/b.bin"))
    with pytest.raises(HubUnreachable):
        place.fetch(hub, tmp_path / "into")
    place.faults.clear()
    (partial,) = [file for file in (tmp_path / "kept").rglob("*") if file.is_file() and file.stat().st_size > 0]
    partial.write_bytes(FIRST + b"x")
    place.fetch(hub, tmp_path / "into")
    assert below(tmp_path / "into") == FILES
