"""Merkle roots, batch files and the pointers that commit to them."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from chain.signing import Wallet
from evaluation.sources import batch
from evaluation.sources.batch import BatchPointer
from evaluation.sources.content import Text
from evaluation.sources.merkle import root, root_of_ids
from evaluation.sources.sample import Malformed, Sample
from evaluation.sources.signed import sign

POINTER = BatchPointer("acme/pydoc-samples", "0123456789abcdef" * 2 + "01234567", "ab" * 32)
names = st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,20}[A-Za-z0-9_])?", fullmatch=True).filter(
    lambda name: ".." not in name and "--" not in name
)
pointers = st.builds(
    BatchPointer,
    st.builds("{}/{}".format, names, names),
    st.binary(min_size=20, max_size=20).map(bytes.hex),
    st.binary(min_size=32, max_size=32).map(bytes.hex),
)
leaves = st.lists(st.binary(min_size=32, max_size=32), max_size=20)


def test_the_root_of_three_leaves_is_the_written_out_tree() -> None:
    def leaf(data: bytes) -> bytes:
        return hashlib.sha256(b"crucible/merkle/1\0leaf\0" + data).digest()

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"crucible/merkle/1\0node\0" + left + right).digest()

    assert root([b"a", b"b", b"c"]) == node(node(leaf(b"a"), leaf(b"b")), leaf(b"c")).hex()


def test_the_root_of_a_batch_file_is_that_of_its_lines_as_they_stand() -> None:
    assert batch.root_of(b"b\n\na\nb") == root([b"b", b"", b"a", b"b"])


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_a_root_names_every_byte_of_a_file(one: bytes, other: bytes) -> None:
    assert (batch.root_of(one) == batch.root_of(other)) == (one == other)


@given(leaves, leaves)
def test_equal_roots_mean_equal_leaves(one: list[bytes], other: list[bytes]) -> None:
    assert (root(one) == root(other)) == (one == other)


@given(leaves.flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))))
def test_the_root_of_ids_knows_no_order(case: tuple[list[bytes], list[bytes]]) -> None:
    one, other = ([item.hex() for item in items] for items in case)
    assert root_of_ids(one) == root_of_ids(other)


def test_a_batch_is_the_same_file_whatever_the_order(
    wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    signed = [sign(make_sample(wallets[0], Text(f"text {number}")), wallets[0]) for number in range(5)]
    data = batch.encode(signed)
    assert (batch.encode(reversed(signed)), set(batch.decode(data))) == (data, set(signed))


def test_a_batch_is_read_once_its_lines_have_given_its_root_and_whatever_they_hold(
    wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    signed = sign(make_sample(wallets[0], Text("text")), wallets[0])
    data = batch.encode([signed]) + b"\n{}\n"
    root = batch.root_of(data)
    lines = batch.verified(data, root)
    assert not isinstance(lines, batch.Faulty)
    assert list(lines) == [signed, Malformed("Object missing required field `anchor_block`")]
    assert batch.verified(data, "0" * 64) == batch.Faulty(f"the lines of batches/{'0' * 64}.jsonl have the root {root}")


def test_a_root_stands_for_signatures_too(wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]) -> None:
    signed = [sign(make_sample(wallets[0], Text(f"text {number}")), wallets[0]) for number in range(2)]
    data, root = batch.encode(signed), batch.root_of(batch.encode(signed))
    spoiled = batch.encode([structs.replace(signed[0], signature=signed[1].signature), signed[1]])
    doubled = batch.encode([*signed, signed[0]])
    assert batch.root_of(data) == root
    assert [isinstance(batch.verified(other, root), batch.Faulty) for other in (spoiled, doubled)] == [True, True]


@pytest.mark.parametrize(("lines", "faulty"), [(5_000, False), (5_001, True)])
def test_a_batch_of_more_lines_than_allowed_is_not_read(lines: int, faulty: bool) -> None:
    data = b"{}\n" * lines
    root = batch.root_of(data)
    told = batch.Faulty(f"5001 lines in batches/{root}.jsonl; 5000 are allowed")
    assert (batch.verified(data, root) == told) is faulty


def test_a_broken_line_spoils_only_itself(wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]) -> None:
    signed = sign(make_sample(wallets[0], Text("text")), wallets[0])
    lines = batch.decode(b"{}\n\n" + batch.encode([signed]))
    assert list(lines) == [Malformed("Object missing required field `anchor_block`"), signed]


def test_the_golden_pointer_keeps_its_bytes() -> None:
    assert batch.encode_pointer(POINTER) == (
        b"b1:acme/pydoc-samples:ASNFZ4mrze8BI0VniavN7wEjRWc:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s"
    )


@given(pointers)
def test_a_pointer_survives_its_bytes(pointer: BatchPointer) -> None:
    data = batch.encode_pointer(pointer)
    assert (batch.decode_pointer(data), len(data) <= batch.MAX_POINTER_BYTES) == (pointer, True)


@given(
    st.binary(max_size=150) | st.from_regex(r"b1:[a-z./-]{1,20}:[\w-]{27}:[\w-]{43}", fullmatch=True).map(str.encode)
)
def test_no_bytes_break_the_pointer_decoder(data: bytes) -> None:
    read = batch.decode_pointer(data)
    assert isinstance(read, Malformed) or batch.encode_pointer(read) == data


@pytest.mark.parametrize(
    ("pointer", "message"),
    [
        (BatchPointer("a/" + "b" * 60, POINTER.revision, POINTER.root), "shorten the repository's name by 9"),
        (BatchPointer("a/../b", POINTER.revision, POINTER.root), "not namespace/name"),
        (BatchPointer("a/b", POINTER.revision.upper(), POINTER.root), "lower-case hex"),
        (BatchPointer("a/b", "main", POINTER.root), "lower-case hex"),
    ],
    ids=["too long", "a path", "upper case", "a branch"],
)
def test_a_pointer_that_cannot_be_committed_is_refused(pointer: BatchPointer, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        batch.encode_pointer(pointer)
