"""Rounds and seeds: arithmetic on which validators must agree to the bit."""

from hypothesis import given
from hypothesis import strategies as st

from chain.clock import round_at, round_seed, seed_block
from chain.types import Block, BlockCount, BlockHash

HASH = BlockHash("0x" + "ab" * 32)


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(1, 10**4))
def test_a_round_begins_at_its_seed_block_and_ends_before_the_next(block: int, first: int, length: int) -> None:
    number = round_at(Block(block), Block(first), BlockCount(length))
    if number is None:
        assert block < first
    else:
        begin = seed_block(number, Block(first), BlockCount(length))
        assert begin <= block < begin + length


def test_golden_seed() -> None:
    seed = round_seed("answers", HASH, b"\x01" * 48)
    assert seed.hex() == "9969d5e70ae830c3f14c58410ef652a09df100ecbbe48660b7c0db226fc6d86a"


def test_a_seed_depends_on_competition_block_and_beacon() -> None:
    other = BlockHash("0x" + "ac" * 32)
    seeds = {
        round_seed("a", HASH, b"s"),
        round_seed("b", HASH, b"s"),
        round_seed("a", other, b"s"),
        round_seed("a", HASH, b"t"),
    }
    assert len(seeds) == 4
