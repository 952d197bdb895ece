"""What the demo reads off the leaderboard: the public JSON document, as anybody else would read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

Board = dict[str, Any]
"""The leaderboard's document; docs/leaderboard-json.md describes it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a closed round's standings."""

    competition: str
    round: int
    place: int
    uid: int | None
    hotkey: str
    repo: str
    revision: str
    score: float | None
    role: str
    why: str


def fetch(leaderboard: str) -> Board:
    """The board as it is now; empty while the leaderboard does not answer."""
    try:
        answer = httpx.get(f"{leaderboard}/api/board.json", timeout=10.0)
        board: Board = answer.json() if answer.is_success else {}
    except (httpx.HTTPError, ValueError):
        return {}
    return board


def newest_standings(board: Board, competition: str) -> tuple[Row, ...]:
    """Everybody's place in the newest closed round that each entered, the newest round first."""
    found: dict[tuple[str, str, str], Row] = {}
    for round_ in _rounds(board, competition):
        for place in round_["standings"] if round_["state"] == "closed" else ():
            row = _row(competition, round_, place)
            found.setdefault((row.hotkey, row.repo, row.revision), row)
    return tuple(found.values())


def king(board: Board, competition: str) -> Row | None:
    """The confirmed king of a competition, as the newest standings show it."""
    return next((row for row in newest_standings(board, competition) if row.role == "king"), None)


def scored_rounds(board: Board, competition: str) -> int:
    """How many closed rounds of a competition had a score."""
    contest = _contest(board, competition)
    return sum(1 for point in contest["trend"] if point["score"] is not None) if contest else 0


def copies(board: Board) -> tuple[dict[str, Any], ...]:
    """Submissions that were refused as copies."""
    return tuple(s for s in board.get("submissions", ()) if (s["state"], s["reason"]) == ("rejected", "copy"))


def _contest(board: Board, competition: str) -> dict[str, Any] | None:
    return next((contest for contest in board.get("contests", ()) if contest["name"] == competition), None)


def _rounds(board: Board, competition: str) -> Iterator[dict[str, Any]]:
    contest = _contest(board, competition)
    yield from contest["rounds"] if contest else ()


def _row(competition: str, round_: dict[str, Any], place: dict[str, Any]) -> Row:
    model = place["model"]
    who = (model["uid"], model["hotkey"], model["repo"], model["revision"])
    return Row(competition, round_["number"], place["place"], *who, place["score"], place["role"], place["why"])
