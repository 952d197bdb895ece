"""What an attack is: a generator that spoils an honest folder, the defence that stops it, and what happens without."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.limits import FREE

Way = Literal["hub", "folder", "listing", "adapter"]
"""Through a Hub; as a folder on disk, which may hold what no Hub delivers; by a Hub that lists what it lacks; or, where
the competition has a base, through a Hub as an adapter."""


@dataclass(frozen=True, slots=True)
class Bait:
    """What lies outside the repository and must not be touched: a folder of another miner, and a server's URL.

    `upwards` is the way to that folder from where a repository's files arrive.
    """

    outside: Path
    upwards: str
    url: str


@dataclass(frozen=True, slots=True)
class Attack:
    """`words` stand in the refusal by `defence`; without that, and `also` those, it gets as far as `further` says.

    `further` is a regular expression for the outcome in the words of `tests.attacks.child`. `tokenizer` is what the
    competition's limits say of it.
    """

    name: str
    spoil: Callable[[Path, Bait], object]
    defence: str
    words: str
    further: str
    also: tuple[str, ...] = ()
    way: Way = "hub"
    tokenizer: str = FREE


ATTACKS: dict[str, Attack] = {}
"""Name → attack, filled by the modules that generate them."""


def attack(
    defence: str,
    words: str,
    further: str,
    also: tuple[str, ...] = (),
    way: Way = "hub",
    tokenizer: str = FREE,
) -> Callable[[Callable[[Path, Bait], object]], Callable[[Path, Bait], object]]:
    """Enter a generator by its name; see Attack."""

    def enter(spoil: Callable[[Path, Bait], object]) -> Callable[[Path, Bait], object]:
        name = spoil.__name__
        if name in ATTACKS:
            raise ValueError(f"two attacks are called {name}; rename one")
        ATTACKS[name] = Attack(name, spoil, defence, words, further, also, way, tokenizer)
        return spoil

    return enter
