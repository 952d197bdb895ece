"""What came of a demo: the table it prints, the JSON document it gives, and whether all of it is as it must be."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from localnet import reading
from localnet.freshness import Freshness
from localnet.reading import Board, Row
from localnet.scenario import Scenario
from neurons import tables

_ROUNDING = 1e-3
_HOTKEY = re.compile(r"\b5[1-9A-HJ-NP-Za-km-z]{47}\b")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A demo's result; `missing` says what is not yet, or not, as it must be."""

    rows: tuple[Row, ...]
    weights: Mapping[int, float]
    """The validator's weights by uid, as read from the chain."""
    rounds: Mapping[str, int]
    copy_rejected: bool
    fresh: tuple[Freshness, ...]
    missing: tuple[str, ...]
    seconds: float
    peak_mb: float

    @property
    def ok(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    def document(self) -> dict[str, Any]:
        """The one JSON document of `--json`."""
        return {
            "ok": self.ok,
            "copy_rejected": self.copy_rejected,
            "weights": {str(uid): weight for uid, weight in sorted(self.weights.items())},
            "rounds": dict(self.rounds),
            "fresh": [asdict(one) for one in self.fresh],
            "seconds": round(self.seconds, 1),
            "peak_mb": round(self.peak_mb),
            "missing": list(self.missing),
            "standings": [
                {
                    "competition": row.competition,
                    "round": row.round,
                    "place": row.place,
                    "uid": row.uid,
                    "hotkey": row.hotkey,
                    "repository": row.repo,
                    "score": row.score,
                    "standing": row.role,
                    "why": row.why,
                    "weight": self.weight_of(row),
                }
                for row in self.rows
            ],
        }

    def table(self) -> Table:
        """The same for people."""
        table = Table(title="Standings, and weights read back from the chain")
        for name in ("competition", "uid", "hotkey", "repository", "score", "standing", "weight", "why"):
            table.add_column(name, justify="right" if name in ("uid", "score", "weight") else "left")
        for row in self.rows:
            score = "-" if row.score is None else f"{row.score:.4f}"
            standing = f"{row.place}. {row.role}"
            weight = f"{self.weight_of(row):.3f}"
            why = _HOTKEY.sub(lambda found: _short(found[0]), row.why)
            table.add_row(row.competition, str(row.uid), _short(row.hotkey), row.repo, score, standing, weight, why)
        return table

    def weight_of(self, row: Row) -> float:
        """The weight on chain of a row's uid."""
        return self.weights.get(row.uid, 0.0) if row.uid is not None else 0.0


def outcome(
    board: Board,
    chain_weights: Mapping[str, Mapping[str, float]],
    fresh: tuple[Freshness, ...],
    scenario: Scenario,
    rounds: int,
    seconds: float,
    peak_bytes: int,
) -> Outcome:
    """Hold what the leaderboard and the chain show against what the table promises."""
    table = tables.load(scenario.table)
    names = [competition.name for competition in table.competitions]
    rows = tuple(row for name in names for row in reading.newest_standings(board, name))
    weights = {int(uid): weight for setter in chain_weights.values() for uid, weight in setter.items()}
    closed = {name: reading.scored_rounds(board, name) for name in names}
    copied = any(row.role == "copy" for row in rows) and bool(reading.copies(board))
    missing = [
        f"{name} has {closed[name]} rounds with a score, {rounds} wanted" for name in names if closed[name] < rounds
    ]
    missing += [] if copied else ["no copy was rejected"]
    last = table.schedule[-1]
    if _head(board) < last.from_block:
        missing.append(f"the shares change at block {last.from_block}, the head is {_head(board)}")
    missing += _unpaid(rows, weights, dict(last.shares)) + _stale(fresh)
    return Outcome(rows, weights, closed, copied, fresh, tuple(missing), seconds, peak_bytes / 1e6)


def _short(hotkey: str) -> str:
    return f"{hotkey[:8]}…"


def _stale(fresh: tuple[Freshness, ...]) -> list[str]:
    """Rounds judged on a sample that somebody in them can have had before committing."""
    if not fresh:
        return ["no round's samples could be held against its models"]
    return [
        f"{one.competition} round {one.round} has a sample of block {one.oldest_sample}, its youngest model is of "
        f"{one.youngest_commit}"
        for one in fresh
        if not one.is_fresh
    ]


def _unpaid(rows: tuple[Row, ...], weights: Mapping[int, float], shares: Mapping[str, float]) -> list[str]:
    """Where the chain does not pay every king its competition's share of the last phase, and nobody else."""
    kings = {row.competition: row.uid for row in rows if row.role == "king" and row.uid is not None}
    lines = [f"{name} has no king" for name in shares if name not in kings]
    due: dict[int, float] = {}
    for name, uid in kings.items():
        due[uid] = due.get(uid, 0.0) + shares[name]
    wrong = [uid for uid in due.keys() | weights.keys() if abs(due.get(uid, 0.0) - weights.get(uid, 0.0)) > _ROUNDING]
    return lines + [
        f"uid {uid} should have weight {due.get(uid, 0.0):.3f} on chain, it has {weights.get(uid, 0.0):.3f}"
        for uid in sorted(wrong)
    ]


def _head(board: Board) -> int:
    head = board.get("head")
    return int(head["block"]) if head else 0
