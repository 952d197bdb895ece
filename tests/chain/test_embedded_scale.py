"""Byte strings and lengths survive SCALE encoding exactly, as the runtime's own codec reads them."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chain.embedded import scale
from chain.embedded.metadata import metadata

lengths = st.integers(0, 2**30 - 1)


@given(lengths)
def test_compact_is_what_the_runtimes_codec_writes(number: int) -> None:
    assert scale.compact(number) == metadata().encode("Compact", number)


@given(lengths, st.binary(max_size=8))
def test_compact_is_read_back_with_its_end(number: int, rest: bytes) -> None:
    encoded = scale.compact(number)
    assert scale.read_compact(encoded + rest) == (number, len(encoded))


@given(st.binary(max_size=300), st.binary(max_size=8))
def test_bytes_are_read_back_with_their_end(data: bytes, rest: bytes) -> None:
    encoded = scale.vec(data)
    assert scale.read_bytes(encoded + rest) == (data, len(encoded))


@pytest.mark.parametrize(
    "cut", [b"", b"\x01", b"\x03\x00\x00\x00\x40", b"\x08x"], ids=["empty", "half", "big", "short"]
)
def test_cut_off_bytes_are_refused(cut: bytes) -> None:
    with pytest.raises(ValueError, match="byte"):
        scale.read_bytes(cut)


@given(st.binary(max_size=64))
def test_decoded_bytes_are_recovered(data: bytes) -> None:
    # Text that reads as the 0x-hex of bytes that are no text is beyond recovery: both decode alike.
    assume(not data.startswith(b"0x"))
    shown = metadata().decode("Vec<u8>", scale.vec(data))
    assert scale.plain_bytes(shown) == data


@pytest.mark.parametrize("text", [b"0x6162", b"0x", b"0x616", b"0xzz"])
def test_text_that_looks_like_hex_stays_text(text: bytes) -> None:
    assert scale.plain_bytes(metadata().decode("Vec<u8>", scale.vec(text))) == text
