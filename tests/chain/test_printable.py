"""What strangers committed, as a terminal gets it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.printable import printable


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"acme:chat:7b", "acme:chat:7b"),
        ("größer".encode(), "größer"),
        (b"", ""),
        (b"\xff\xfe", "0xfffe"),
        (b"\x1b[2J", "0x1b5b324a"),
        (b"one\ntwo", "0x6f6e650a74776f"),
        ("\u202etxt".encode(), "0xe280ae747874"),
    ],
)
def test_text_of_one_line_is_shown_and_all_else_as_hex(data: bytes, shown: str) -> None:
    assert printable(data) == shown


@given(st.binary())
def test_no_bytes_are_lost_and_none_command_a_terminal(data: bytes) -> None:
    shown = printable(data)
    assert shown.isprintable()
    assert data == shown.encode() or shown == "0x" + data.hex()
