"""What a simulated field holds: validators, noise, and who arrives when. Read from a TOML file; pure data."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from competitions.toml_records import TableError, built

FIELDS = Path(__file__).parent / "fields"
"""The fields that come with Crucible, and the table they play by."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Miners who arrive every so many rounds, each with one model."""

    name: str
    every_rounds: int
    number: int
    improvement: float
    """True improvement on whoever reigns when they arrive."""
    kind: Literal["own", "clone", "copy"] = "own"
    """A model of one's own; the king's with a little noise on its weights; or the king's very files."""
    first_round: int = 0
    own_noise: float = 1.0
    """Of a clone: how far its values stray from the king's, in units of how far two models' values stray."""
    coldkeys: int = 0
    """How many coldkeys all arrivals of a round share; 0 gives each its own."""
    favour: float = 0.0
    """By how much their values on the first producer's samples are lower than the king's: it colludes with them."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What the rules should reach at a level."""

    false_crowns: float
    """At most."""
    crowned_in_time: float
    """At least, as the others."""
    agreement_shared: float
    agreement_independent: float


@dataclass(frozen=True, slots=True)
class Level:
    """One noise level, and what a field plays by at it."""

    rho: float
    """Standard error of one round's paired mean, in units of epsilon's end."""
    pooled_rounds: int
    """W of the title fight."""
    fewest_rounds: int
    """Rounds without which nobody is crowned."""
    significance_without: float
    """α of the test without the most favourable producers."""
    limit_rounds: int
    """A better model is in time if it reigns after so many rounds, its first one included."""
    targets: Targets | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A simulated field."""

    validators: int
    producers: int
    loss: float
    """The first king's mean value."""
    hardness_sd: float
    """How samples differ in hardness, which all models share, in units of the mean."""
    float_noise: float
    """Validators that judge on the same samples find values that differ by up to so much, relatively."""
    shape: Literal["normal", "heavy", "skewed"]
    """How a model's values stray: normally, with the tails of Student's t with 5 degrees, or as an exponential's."""
    producer_part: float
    """The part of a model's variance that all samples of a producer in a round have in common."""
    racing: bool
    """Whether a challenger that cannot win is judged no further."""
    stays_rounds: int
    """A miner stays at least so many rounds."""
    leaving: float
    """After that it leaves with this chance in each round, unless it reigns."""
    arrivals: tuple[Arrivals, ...]
    levels: tuple[Level, ...]


def read_field(path: Path) -> Field:
    """The field of a file. Raises TableError, and OSError where it cannot be read."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"{path} is not valid TOML: {error}") from None
    field = built(_as_tuples(data), Field, ("field",))
    if faults := _faults(field):
        raise TableError("\n".join(faults))
    return field


def _as_tuples(data: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}


def _faults(field: Field) -> list[str]:
    checks = [
        (field.validators > 0, "validators", field.validators, "at least 1"),
        (field.producers > 0, "producers", field.producers, "at least 1"),
        (0 <= field.producer_part < 1, "producer_part", field.producer_part, "from 0 to less than 1"),
        (0 <= field.leaving <= 1, "leaving", field.leaving, "from 0 to 1"),
        (field.levels, "levels", 0, "at least one level"),
    ]
    checks += [
        (a.every_rounds > 0, f"arrivals.{a.name}.every_rounds", a.every_rounds, "1 or more") for a in field.arrivals
    ]
    checks += [(level.rho > 0, "levels.rho", level.rho, "more than 0") for level in field.levels]
    checks += [
        (level.limit_rounds > 0, "levels.limit_rounds", level.limit_rounds, "1 or more") for level in field.levels
    ]
    return [f"field.{name}: must be {rule} (it is {value})" for good, name, value, rule in checks if not good]
