"""A replay for people, round by round, and as JSON. Knows no rule."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from backtest.recorded import History
from backtest.replay import Replayed, holder, income, volatility
from competitions.records import Reign


def document(history: History, rounds: Sequence[Replayed]) -> dict[str, Any]:
    """Rounds, and what they come to as they were and as they would have been."""
    return {
        "rounds": [_round(history, one) for one in rounds],
        "rounds_with_another_king": sum(one.differs for one in rounds),
        "judgings_not_on_record": sum(one.lacking for one in rounds),
        "crowns": {"recorded": len(_crowns(rounds, recorded=True)), "replayed": len(_crowns(rounds, recorded=False))},
        "volatility": {"recorded": volatility(_was(rounds)), "replayed": volatility(_now(rounds))},
        "income": {"recorded": income(_was(rounds), history), "replayed": income(_now(rounds), history)},
    }


def tables(history: History, rounds: Sequence[Replayed]) -> list[Table]:
    """Every round in which somebody was crowned either way or another reigned, and everybody's income."""
    return [_rounds(history, rounds), _income(history, rounds)]


def _round(history: History, one: Replayed) -> dict[str, Any]:
    return {
        "number": one.recorded.number,
        "seed_block": one.recorded.seed_block,
        "recorded": _name(history, one.recorded.reign),
        "replayed": _name(history, one.turn.reign),
        "paid_recorded": income([one.was], history),
        "paid_replayed": income([one.turn.paid], history),
        "not_on_record": one.lacking,
    }


def _rounds(history: History, rounds: Sequence[Replayed]) -> Table:
    others = sum(one.differs for one in rounds)
    title = f"{len(rounds)} rounds, in {others} of them another reigns; rounds without any change are left out"
    table = Table("round", "seed block", "reigned", "would have reigned", "not on record", title=title)
    was, now = _crowns(rounds, recorded=True), _crowns(rounds, recorded=False)
    for one in rounds:
        number = one.recorded.number
        if one.differs or one.lacking or number in was | now:
            reigned = _told(history, one.recorded.reign, crowned=number in was)
            would = _told(history, one.turn.reign, crowned=number in now)
            table.add_row(str(number), str(one.recorded.seed_block), reigned, would, str(one.lacking or ""))
    return table


def _income(history: History, rounds: Sequence[Replayed]) -> Table:
    was, now = income(_was(rounds), history), income(_now(rounds), history)
    changes = f"{volatility(_was(rounds)):.2%} of it changed hands per round, {volatility(_now(rounds)):.2%} would have"
    table = Table("hotkey", "was paid", "would have been", title=f"Income in rounds' pay; {changes}")
    for hotkey in dict.fromkeys([*was, *now]):
        table.add_row(hotkey, f"{was.get(hotkey, 0.0):g}", f"{now.get(hotkey, 0.0):g}")
    return table


def _crowns(rounds: Sequence[Replayed], *, recorded: bool) -> set[int]:
    """Numbers of the rounds that gave a competition another confirmed king than before."""
    pairs = [
        (one.recorded.before, one.recorded.reign) if recorded else (one.turn.before, one.turn.reign) for one in rounds
    ]
    return {
        one.recorded.number
        for one, pair in zip(rounds, pairs, strict=True)
        if _king(pair[1]) not in (None, _king(pair[0]))
    }


def _king(reign: Reign | None) -> int | None:
    return holder(reign) if reign and reign.confirmed else None


def _was(rounds: Sequence[Replayed]) -> list[dict[int, float]]:
    return [dict(one.was) for one in rounds]


def _now(rounds: Sequence[Replayed]) -> list[dict[int, float]]:
    return [dict(one.turn.paid) for one in rounds]


def _name(history: History, reign: Reign | None) -> str | None:
    return history.submissions[reign.submission_id].hotkey if reign else None


def _told(history: History, reign: Reign | None, *, crowned: bool) -> str:
    if reign is None:
        return "nobody"
    state = "crowned" if crowned else "" if reign.confirmed else "on trial"
    return f"{history.submissions[reign.submission_id].hotkey} {state}".strip()
