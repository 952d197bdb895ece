"""Addresses: one key has one spelling on this network."""

import bittensor_core
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chain.address import PREFIX, address_fault, valid_address

OURS = "5HB7kpn92RS7uF9uWn8bXSvPVKFPg8kPUFDd5sbveGjX6Dbi"
POLKADOT = "167QuA3CtChbLnARURBbfbkYLwF3NSJXYjx7FAbHCMm3GmX2"


@given(st.binary(min_size=32, max_size=32))
def test_a_key_has_one_spelling(key: bytes) -> None:
    spellings = [bittensor_core.ss58_encode(key, prefix) for prefix in (0, 2, PREFIX, 255)]
    assert [valid_address(text) for text in spellings] == [False, False, True, False]


@given(st.text(max_size=60))
@example("\ud800")
def test_no_text_makes_the_check_raise(text: str) -> None:
    assert valid_address(text) == (address_fault(text) is None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (OURS, None),
        (POLKADOT, f"{POLKADOT} is an address of another network, whose prefix is not 42: the same key is {OURS} here"),
        (
            OURS[:-1] + "j",
            f"'{OURS[:-1]}j' is no ss58 address (invalid ss58 address: Invalid checksum): give 48 characters that "
            "begin with 5",
        ),
        ("", "'' is no ss58 address (invalid ss58 address: Length is bad): give 48 characters that begin with 5"),
    ],
    ids=["ours", "other-network", "checksum", "empty"],
)
def test_what_is_wrong_with_an_address_is_said_with_a_remedy(text: str, fault: str | None) -> None:
    assert address_fault(text) == fault
