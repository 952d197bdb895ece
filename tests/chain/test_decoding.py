"""Whatever a stranger commits, one record comes of it: real runtime bytes exactly, any other shape as Unreadable."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import decoding
from chain.embedded.metadata import metadata
from chain.types import BeaconRound, Block, Commitment, Hotkey, Opened, Sealed, Unreadable

WHO = Hotkey("5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty")

sealed = st.builds(Sealed, st.binary(max_size=1_024), st.integers(0, 2**64 - 1).map(BeaconRound))
raw, big_raw = st.binary(max_size=128), st.binary(max_size=512)
others = st.sampled_from(["None", "ResetBondsFlag", {"BlakeTwo256": bytes(32)}])
numbers = st.integers() | st.floats()
shapes = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["block", "info", "fields", "Raw5", "BigRaw", "TimelockEncrypted", "encrypted", "reveal_round"]
            ),
            inner,
            max_size=4,
        )
    ),
)


def shown(item: str, value: object) -> Any:
    """A value of the Commitments pallet as the SDK decodes it from the runtime's bytes."""
    known = metadata().item("Commitments", item)
    return metadata().decode(known.value_type, metadata().encode(known.value_type, value))


def field(part: Any) -> object:
    match part:
        case ("raw", data):
            return {f"Raw{len(data)}": data}
        case ("big", data):
            return {"BigRaw": data}
        case Sealed(ciphertext, round_):
            return {"TimelockEncrypted": {"encrypted": ciphertext, "reveal_round": int(round_)}}
    return part


def ambiguous(data: bytes) -> bool:
    """A text that is the 0x-hex of bytes that are none: the SDK shows both alike."""
    return data.startswith(b"0x") and decoding.raw_bytes(data.decode("utf-8", "replace")) != data


@given(
    st.lists(sealed | st.tuples(st.just("raw"), raw) | st.tuples(st.just("big"), big_raw) | others, max_size=3),
    st.lists(st.tuples(st.binary(max_size=64), st.integers(0, 2**32 - 1)), max_size=4),
)
def test_an_entry_is_read_byte_for_byte_whatever_its_fields(parts: list[Any], texts: list[tuple[bytes, int]]) -> None:
    parts = [part for part in parts if not (isinstance(part, tuple) and ambiguous(part[1]))]
    texts = [(text, block) for text, block in texts if not ambiguous(text)]
    entry = shown("CommitmentOf", {"deposit": 0, "block": 7, "info": {"fields": [field(part) for part in parts]}})
    closed = [part for part in parts if isinstance(part, Sealed)]
    clear = [part[1] for part in parts if isinstance(part, tuple)]
    opened = tuple(sorted((Opened(text, Block(block)) for text, block in texts), key=lambda one: one.block))
    (read,) = decoding.commitments([(WHO, entry)], [(WHO, shown("RevealedCommitments", texts))], [])
    assert read == Commitment(
        WHO,
        Block(7),
        closed[0] if closed else None,
        clear[0] if clear else None,
        opened,
        surplus=len(closed) > 1 or len(clear) > 1,
    )


@given(shapes, shapes, shapes)
def test_no_shape_of_an_entry_costs_the_others(entry: object, texts: object, last: object) -> None:
    fine = {"block": 3, "info": {"fields": [{"Raw1": "0x61"}]}}
    read = decoding.commitments([(WHO, entry), ("fine", fine)], [(WHO, texts)], [(WHO, last)])
    assert Commitment(Hotkey("fine"), Block(3), None, b"a", ()) in read
    assert {one.hotkey for one in read} == {WHO, "fine"}


@pytest.mark.parametrize("value", [2**70, 10**9, 3.5, True], ids=repr)
def test_a_number_is_never_taken_for_as_many_zeros(value: object) -> None:
    entry = {"block": 3, "info": {"fields": [{"BigRaw": value}]}}
    (read,) = decoding.commitments([(WHO, entry)], [], [])
    assert isinstance(read, Unreadable)
