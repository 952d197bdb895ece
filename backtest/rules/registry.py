"""Rules by name."""

from collections.abc import Callable, Mapping

from backtest.rules.port import Validator
from backtest.rules.round_robin import RoundRobin
from backtest.rules.title_fights import TitleFights

OURS, COMPARISON = "title-fight", "round-robin"

RULES: Mapping[str, Callable[[], Validator]] = {OURS: TitleFights, COMPARISON: RoundRobin}
"""Every set of rules: what makes a validator that plays by it."""
