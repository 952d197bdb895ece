"""What a demo must show to have succeeded, and what it says is missing where it has not."""

from copy import deepcopy
from typing import Any

import pytest

from chain.types import Block
from localnet.freshness import Freshness
from localnet.outcome import Outcome, outcome
from localnet.scenario import POCKET

LAST_PHASE = 300


def place(n: int, uid: int, repo: str, role: str, score: float | None = 1.0) -> dict[str, Any]:
    model = {"uid": uid, "hotkey": f"hot{uid}", "repo": repo, "revision": "0" * 40}
    return {"place": n, "model": model, "score": score, "role": role, "why": ""}


def contest(name: str, *places: dict[str, Any]) -> dict[str, Any]:
    closed = {"number": 9, "state": "closed", "standings": list(places)}
    return {"name": name, "rounds": [closed], "trend": [{"score": 1.0}, {"score": None}, {"score": 1.0}]}


BOARD: dict[str, Any] = {
    "head": {"block": LAST_PHASE},
    "contests": [
        contest("answers", place(1, 3, "bob/m", "king"), place(2, 5, "dave/m", "copy", None)),
        contest("text", place(1, 4, "carol/m", "king")),
    ],
    "submissions": [{"state": "rejected", "reason": "copy"}],
}
PAID = {"1": {"3": 0.4, "4": 0.6}}


FRESH = (Freshness("answers", 4, Block(100), Block(101)),)


def judged(
    board: dict[str, Any],
    weights: dict[str, dict[str, float]] = PAID,
    rounds: int = 2,
    fresh: tuple[Freshness, ...] = FRESH,
) -> Outcome:
    return outcome(board, weights, fresh, POCKET, rounds, 1.0, 1)


def test_kings_paid_by_the_last_phase_and_a_copy_refused_is_success() -> None:
    done = judged(BOARD)
    assert (done.ok, done.copy_rejected, done.rounds, done.document()["weights"]) == (
        True,
        True,
        {"answers": 2, "text": 2},
        {"3": 0.4, "4": 0.6},
    )


def broken(change: str) -> dict[str, Any]:
    board = deepcopy(BOARD)
    match change:
        case "no copy":
            board["submissions"] = []
        case "no king":
            board["contests"][1]["rounds"][0]["standings"][0]["role"] = "challenger"
        case "too early":
            board["head"]["block"] = LAST_PHASE - 1
        case "nothing yet":
            board = {}
    return board


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ("no copy", "no copy was rejected"),
        ("no king", "text has no king"),
        ("too early", f"the shares change at block {LAST_PHASE}, the head is {LAST_PHASE - 1}"),
        ("nothing yet", "answers has 0 rounds with a score, 2 wanted"),
    ],
)
def test_whatever_is_missing_is_named_and_is_no_success(change: str, missing: str) -> None:
    done = judged(broken(change))
    assert (done.ok, missing in done.missing) == (False, True)


@pytest.mark.parametrize("weights", [{}, {"1": {"3": 0.6, "4": 0.4}}, {"1": {"3": 0.4, "4": 0.5, "0": 0.1}}])
def test_other_weights_on_chain_than_the_table_promises_are_no_success(weights: dict[str, dict[str, float]]) -> None:
    assert not judged(BOARD, weights).ok


def test_too_few_rounds_are_no_success() -> None:
    assert judged(BOARD, rounds=3).missing == tuple(
        f"{n} has 2 rounds with a score, 3 wanted" for n in ("answers", "text")
    )


def test_a_sample_as_old_as_a_model_is_no_success() -> None:
    stale = (*FRESH, Freshness("text", 5, Block(100), Block(100)))
    assert judged(BOARD, fresh=stale).missing == (
        "text round 5 has a sample of block 100, its youngest model is of 100",
    )
    assert judged(BOARD, fresh=()).missing == ("no round's samples could be held against its models",)
