"""Which rows of a run's history count, and how far back they are looked for, without any server."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from evaluation.sources.drops import Drop
from evaluation.sources.wandb_rows import STRETCH, judged_row, rows_of
from evaluation.sources.wandb_wire import ReadRows, Row, Window

ORDER = ReadRows("ent", "proj", "r", "prompt", "reference", Window(100.0, 200.0), 10, 5, 60, 20 * STRETCH)
GOOD = {"_timestamp": 150, "prompt": "p", "reference": "r"}


class History:
    """Rows by step, and the stretches that were read of them."""

    def __init__(self, rows: Mapping[int, Mapping[str, Any]]) -> None:
        self._rows = rows
        self.read: list[tuple[int, int]] = []

    def __call__(self, first: int, last: int) -> Iterator[Mapping[str, Any]]:
        self.read.append((first, last))
        return (row for step, row in sorted(self._rows.items()) if first <= step < last)


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, Row(150.0, "p", "r")),
        ({"prompt": ""}, Row(150.0, "", "r")),
        ({"_timestamp": 200.0, "loss": [1]}, Row(200.0, "p", "r")),
        ({"_timestamp": 100.0}, Drop.WINDOW),
        ({"_timestamp": 200.1}, Drop.WINDOW),
        ({"_timestamp": True}, Drop.MALFORMED),
        ({"_timestamp": float("nan")}, Drop.MALFORMED),
        ({"_timestamp": 10**400}, Drop.MALFORMED),
        ({"_timestamp": "150"}, Drop.MALFORMED),
        ({"prompt": {"_type": "html"}}, Drop.MALFORMED),
        ({"reference": ""}, Drop.MALFORMED),
        ({"reference": "\ud800"}, Drop.MALFORMED),
        ({"reference": "é" * 5}, Row(150.0, "p", "é" * 5)),
        ({"reference": "é" * 6}, Drop.LENGTH),
    ],
)
def test_a_row_counts_by_its_time_and_texts(change: dict[str, Any], outcome: Row | Drop) -> None:
    assert judged_row({**GOOD, **change}, ORDER) == outcome


def test_a_history_is_read_backwards_to_the_first_stretch_that_is_all_old() -> None:
    old = {**GOOD, "_timestamp": 50}
    history = History({7_500: GOOD, 5_200: GOOD, 5_100: old, 4_999: old, 4_000: old, 3_999: GOOD})
    rows = rows_of(ORDER, 7_500, history)
    assert (len(rows.rows), dict(rows.dropped)) == (2, {"window": 3})
    assert history.read == [(7_000, 7_501), (6_000, 7_000), (5_000, 6_000), (4_000, 5_000)]


@pytest.mark.parametrize("last_step", [4_999, 5_000, 5_500])
def test_where_a_reader_stops_does_not_hang_on_how_long_the_run_has_become(last_step: int) -> None:
    history = {
        step: {**GOOD, "_timestamp": 50 if step < 4_000 else 150 + step / 1_000} for step in range(0, 5_501, 500)
    }
    kept = rows_of(ORDER, last_step, History(history))
    assert [row.timestamp for row in kept.rows if row.timestamp <= 154.5] == [154.0, 154.5]


@pytest.mark.parametrize(
    ("history", "last_step", "fault"),
    [
        (dict.fromkeys(range(6), GOOD), 5, "more than 5 rows or 60 bytes in the window"),
        ({step: {**GOOD, "prompt": "p" * 10, "reference": "r" * 10} for step in range(4)}, 3, "more than 5 rows or 60"),
        ({10**15: GOOD}, 10**15, "its window is not reached within 20000 steps"),
    ],
    ids=["rows", "bytes", "steps"],
)
def test_too_much_of_a_run_is_a_fault_and_gives_nothing(history: dict[int, Any], last_step: int, fault: str) -> None:
    rows = rows_of(ORDER, last_step, History(history))
    assert (rows.rows, dict(rows.dropped)) == ((), {})
    assert rows.fault is not None
    assert rows.fault.startswith(fault)


def test_an_empty_run_has_nothing() -> None:
    assert rows_of(ORDER, -1, History({})).rows == ()
