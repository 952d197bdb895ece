"""What a seed chooses of a dataset: the same everywhere, everything once, and nothing opened in vain."""

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.sources.choice import RowGroup, number, row_groups, shuffled

COUNTS = {"a.parquet": 3, "b/c.parquet": 1, "d.parquet": 0, "ü.parquet": 5}
SIZES = {"a.parquet": 300, "b/c.parquet": 100, "d.parquet": 80, "ü.parquet": 500}


def test_the_choice_is_this_one_on_every_machine() -> None:
    assert hex(number(b"seed", "file", 7))[:18] == "0x3607815d12756ef3"
    assert list(shuffled(b"seed", "rows", 10)) == [6, 1, 4, 3, 9, 8, 7, 0, 2, 5]
    assert [(one.path, one.place) for one in row_groups(b"seed", SIZES, COUNTS.__getitem__)] == [
        ("ü.parquet", 4),
        ("b/c.parquet", 0),
        ("ü.parquet", 1),
        ("a.parquet", 1),
        ("ü.parquet", 2),
        ("ü.parquet", 3),
        ("a.parquet", 2),
        ("ü.parquet", 0),
        ("a.parquet", 0),
    ]


@given(st.binary(max_size=40), st.text(max_size=20), st.integers(0, 200))
def test_a_shuffle_holds_every_place_once(seed: bytes, what: str, size: int) -> None:
    assert sorted(shuffled(seed, what, size)) == list(range(size))


@given(st.binary(max_size=40), st.permutations(list(SIZES)))
def test_every_row_group_comes_once_in_an_order_of_the_seed_alone(seed: bytes, listed: list[str]) -> None:
    chosen = list(row_groups(seed, {path: SIZES[path] for path in listed}, COUNTS.__getitem__))
    assert chosen == list(row_groups(seed, SIZES, COUNTS.__getitem__))
    assert sorted(chosen, key=str) == sorted(
        (RowGroup(path, place) for path, count in COUNTS.items() for place in range(count)), key=str
    )


def test_series_of_different_things_have_nothing_in_common() -> None:
    told = [number(*asked) for asked in [(b"s", "ab", 0), (b"sa", "b", 0), (b"s", "ab", 1), (b"t", "ab", 0)]]
    assert len(set(told)) == 4


def test_a_shuffle_of_more_rows_than_memory_holds_begins_at_once() -> None:
    first = list(islice(shuffled(b"seed", "rows", 2**63), 5))
    assert len(set(first)) == 5


def test_only_files_that_are_taken_are_opened() -> None:
    opened: list[str] = []

    def count_of(path: str) -> int:
        opened.append(path)
        return 10

    taken = list(islice(row_groups(b"seed", {f"{n}.parquet": 100 for n in range(1000)}, count_of), 4))
    assert sorted(opened) == sorted({row_group.path for row_group in taken})


def test_larger_files_are_taken_more_often() -> None:
    sizes = {"large": 3000, "small": 1000}
    first = Counter(next(row_groups(b"%d" % n, sizes, lambda _: 1)).path for n in range(2000))
    assert first["large"] / first["small"] == pytest.approx(3, rel=0.15)
