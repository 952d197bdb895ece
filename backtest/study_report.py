"""A study for people, with the targets beside the figures, and as JSON. Knows no rule."""

from collections.abc import Sequence

from rich.table import Table

from backtest.field import Targets
from backtest.study import Found, Side


def document(study: Sequence[Found]) -> dict[str, dict[str, float]]:
    """Each level's figures by its ρ. All but `models_judged` are fractions."""
    return {str(found.level.rho): _level(found.ours, found.comparison) for found in study}


def _level(ours: Side, comparison: Side) -> dict[str, float]:
    theirs = {f"comparison_{name}": value for name, value in _figures(comparison).items()}
    return {**_figures(ours), **theirs}


def _figures(side: Side) -> dict[str, float]:
    return {
        "false_crowns": side.mean(lambda its: its.false_crowns),
        "crowned_in_time": side.mean(lambda its: its.crowned_in_time),
        "crowned_in_time_shared": side.shared.crowned_in_time,
        "crowned_in_time_independent": side.independent.crowned_in_time,
        "agreement_shared": side.shared.agreement,
        "agreement_independent": side.independent.agreement,
        "volatility": side.mean(lambda its: its.volatility),
        "models_judged": side.mean(lambda its: its.judged),
    }


def tables(study: Sequence[Found], rule: str, comparison: str, rounds: int, seed: int) -> list[Table]:
    """A table for each level: each figure under the rules in question, its target, and under those to compare with."""
    return [_table(found, rule, comparison, f"{rounds} simulated, seed {seed}") for found in study]


def _table(found: Found, rule: str, comparison: str, of: str) -> Table:
    level = found.level
    title = f"ρ {level.rho:g}; {level.fewest_rounds} to {level.pooled_rounds} rounds pooled; {of}"
    table = Table("", rule, "target", comparison, title=title)
    ours, theirs = _figures(found.ours), _figures(found.comparison)
    for name, words in _WORDS.items():
        if name.startswith("crowned") and not found.ours.shared.arrivals:
            continue
        shown = _count if name == "models_judged" else _percent
        table.add_row(
            words.format(limit=level.limit_rounds),
            shown(ours[name]),
            _target(level.targets, name, ours[name]),
            shown(theirs[name]),
        )
    return table


_WORDS = {
    "false_crowns": "crowns to a model that is no better, per round",
    "crowned_in_time": "better models crowned within {limit} rounds",
    "crowned_in_time_shared": "… on the same bundle",
    "crowned_in_time_independent": "… on independent bundles",
    "agreement_shared": "two validators agree, same bundle",
    "agreement_independent": "two validators agree, independent bundles",
    "volatility": "pay that changes hands, per round",
    "models_judged": "models judged per round and validator",
}


def _target(targets: Targets | None, name: str, found: float) -> str:
    wanted = getattr(targets, "crowned_in_time" if name.startswith("crowned") else name, None)
    if wanted is None:
        return ""
    most = name == "false_crowns"
    met = found <= wanted if most else found >= wanted
    return f"{'≤' if most else '≥'} {wanted:.1%} {'met' if met else 'missed'}"


def _percent(value: float) -> str:
    return f"{value:.2%}"


def _count(value: float) -> str:
    return f"{value:.1f}"
