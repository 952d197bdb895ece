"""What an attack on the contest is: what is done, what must come of it, and what comes of it without its defence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.attacks.contest import Contest

Play = Callable[[Contest], str]
"""Plans honest entries and hostile ones, plays them out, and tells what came of it."""


@dataclass(frozen=True, slots=True)
class ContestAttack:
    """`outcome` is what `play` tells; with `defence` switched off it tells `without`. `rules` are changes to the table.

    Who reigned after each round comes first, those on trial with a `?`.
    """

    name: str
    play: Play
    defence: str
    outcome: str
    without: str
    rules: Mapping[str, Any]


ON_CONTEST: dict[str, ContestAttack] = {}
"""Name → attack, filled by the modules that generate them."""


def attack(defence: str, outcome: str, without: str, **rules: Any) -> Callable[[Play], Play]:
    """Enter a generator by its name; see ContestAttack."""

    def enter(play: Play) -> Play:
        name = play.__name__
        if name in ON_CONTEST:
            raise ValueError(f"two attacks are called {name}; rename one")
        ON_CONTEST[name] = ContestAttack(name, play, defence, outcome, without, rules)
        return play

    return enter
