"""Benchmarks run, small, and end with the figures that are promised of them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Figures = Callable[..., dict[str, object]]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Figures]:
    """A function that runs a benchmark in a process of its own; the last line of its output."""
    command = [sys.executable, "-m", "tests.benchmarks.forking"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answers = process.stdin, process.stdout

        def run(name: str, *arguments: str) -> dict[str, object]:
            printed = tmp_path_factory.mktemp(name) / "printed"
            asked.write(json.dumps([name, arguments, str(printed)]) + "\n")
            asked.flush()
            status, lines = answers.readline(), printed.read_text().splitlines()
            assert status == "0\n", (status, lines)
            parsed: dict[str, object] = json.loads(lines[-1])
            return parsed

        yield run


def test_one_poll_takes_as_many_calls_for_many_hotkeys_as_for_few(figures: Figures) -> None:
    small, large = (
        figures("poll", "--hotkeys", str(hotkeys), "--latency-ms", "1", "--repeats", "1") for hotkeys in (2, 110)
    )
    told = {name: (small[name], large[name]) for name in ("calls", "wire_requests")}
    assert told == {"calls": (7, 7), "wire_requests": (9, 15)}  # maps are read in pages of a hundred, at two requests


def test_in_a_small_zoo_nobody_honest_is_accused_and_every_disguise_is_seen_through(figures: Figures) -> None:
    told = figures("lineage", "--small", "--seed", "3")
    found = {name: told[name] for name in ("copies_found", "noise_found", "merges_named", "rearranged_found")}
    assert found == {"copies_found": 1.0, "noise_found": 1.0, "merges_named": 1.0, "rearranged_found": 1.0}
    assert (told["honest_accused"], told["honest"], told["models"]) == (0, 12, 37)


def test_samples_are_verified_and_filtered_in_a_stated_ratio_and_memory(figures: Figures) -> None:
    told = figures("samples", "--samples", "400", "--producers", "4", "--drawn", "20", "--repeats", "1")
    assert (told["samples"], told["producers"], told["drawn"]) == (400, 4, 20)
    assert {"ratio", "cpu_ratio", "peak_mb", "near_duplicates_s"} <= told.keys()
    assert all(isinstance(told[name], float) and told[name] > 0 for name in ("ratio", "cpu_ratio", "near_duplicates_s"))


def test_workers_of_a_cluster_say_what_a_local_one_says(figures: Figures) -> None:
    told = figures("ray_scaling", "--requests", "2", "--samples", "4", "--hidden", "32", "--repeats", "1")
    assert (told["verdicts_equal"], told["requests"]) == (True, 2)
    assert {"efficiency", "overhead"} <= told.keys()


def test_races_are_simulated_in_a_stated_number_and_what_they_lose_and_save_is_told(figures: Figures) -> None:
    told = figures("racing", "--races", "60", "--seed", "5")
    assert (told["races"], told["seed"], told["false_crowns"]) == (60, 5, 0)
    shares = {"lost_worst", "lost_in_full_worst", "lost_beyond", "saved_worse", "saved_slightly_worse", "saved_equal"}
    assert all(0.0 <= float(str(told[name])) <= 1.0 for name in shares)


def test_answers_in_batches_are_those_one_by_one(figures: Figures) -> None:
    small = {"samples": 4, "new": 4, "hidden": 64, "layers": 1, "vocabulary": 300, "repeats": 1}
    told = figures("generation", *(f"--{name}={number}" for name, number in small.items()))
    assert (told["same_answers"], told["samples"], told["new"], told["device"]) == (1.0, 4, 4, "cpu")
    assert isinstance(told["ratio"], float)


def test_raced_verdicts_are_those_of_all_samples_and_of_the_plain_way(figures: Figures) -> None:
    models = {"hidden": 48, "layers": 1, "vocabulary": 4096, "steps": 2}
    small = models | {"samples": 64, "repeats": 1, "plain": 1, "threads": 1}
    told = figures("judge", *(f"--{name}={number}" for name, number in small.items()))
    assert (told["verdicts_equal"], told["samples"]) == (True, 64)
    assert all(isinstance(told[name], float) for name in ("ratio", "idle_share", "plain_s", "ours_s"))


def test_likelihoods_agree_with_the_plain_way_and_their_speed_is_a_ratio(figures: Figures) -> None:
    told = figures("throughput", "--shape", "tiny", "--samples", "6", "--threads", "1", "--repeats", "1")
    assert {"ratio_tiny", "cpu_ratio_tiny", "ceiling_share"} <= told.keys()
    assert all(isinstance(told[name], float) and told[name] > 0 for name in ("ratio_tiny", "ceiling_share"))
