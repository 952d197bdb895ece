"""Whatever a chain does to a validator's loops, they end where they would have ended without."""

from pathlib import Path

import pytest

from chain.reader import (
    ChainError,
    ChainFault,
    ChainReader,
    ChainThrottled,
    ChainTimeout,
    ChainUnreachable,
    UnknownBlock,
)
from chain.types import Uid
from ledger import rounds, submissions
from tests.faults.story import LOOPS, MODELS, Cast, Turn, Validator, told

READS = tuple(name for name in vars(ChainReader) if not name.startswith("_"))
"""A write that failed may stand; its faults have tests of their own."""

ERRORS = [
    ChainTimeout("no answer in time"),
    ChainUnreachable("connection lost"),
    ChainThrottled("429"),
    UnknownBlock("state already discarded"),
    ChainFault("undecodable"),
]


def test_the_story_has_everything_a_validator_does(calm: Validator) -> None:
    """What the others compare is not empty."""
    every = submissions.all_of(calm.ledger, "answers")
    assert [(s.repo, s.commit_block, s.revealed_block, s.intake) for s in every] == [
        ("alice/model", 10, 16, "accepted"),
        ("bob/model", 20, 26, "accepted"),
        ("alice/second", 60, 66, "rejected"),
    ]
    closed = [round_.seed_block for round_ in rounds.closed(calm.ledger, "answers")]
    king = rounds.reign_after(calm.ledger, "answers", 2)
    assert (closed, king and submissions.get(calm.ledger, king.submission_id).repo) == ([48, 72, 96], "bob/model")
    paid = {Uid(0): pytest.approx(0.3, abs=1e-4), Uid(3): pytest.approx(0.7, abs=1e-4)}
    assert calm.chain.weights(MODELS) == {Uid(1): paid}


def failing_everywhere(loop: str, error: ChainError) -> Turn:
    """Every step of a loop fails at its first read, is repeated and fails at its second, and so on until it is done."""

    def turn(validator: Validator, name: str) -> None:
        while name == loop and shaken_step(validator, name, error):
            pass
        if name != loop:
            validator.turn(name)

    return turn


def shaken_step(validator: Validator, name: str, error: ChainError) -> bool:
    """One step, once it no longer has a read that has not failed yet; whether there is more to do."""
    faults, calls = validator.chain.faults, 0
    while True:
        faults.fail(error, *READS, after=calls)
        try:
            more = validator.loops[name].step()
        except ChainError:
            faults.forget()
            calls += 1
            continue
        if faults.forget():
            return more
        calls = 0 if more else calls + 1  # it met the fault and went on: what follows is another step


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_call_that_fails_costs_a_loop_nothing_but_the_time_to_ask_again(
    loop: str, error: ChainError, cast: Cast, calm: Validator, tmp_path: Path
) -> None:
    shaken = told(cast, tmp_path / "run", failing_everywhere(loop, error))
    assert shaken.facts() == calm.facts()
    assert shaken.chain.subnet(MODELS, shaken.chain.finalized()) == calm.chain.subnet(MODELS, calm.chain.finalized())
    assert shaken.chain.weights(MODELS) == calm.chain.weights(MODELS)
