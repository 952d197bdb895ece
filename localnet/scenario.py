"""Who lives on the embedded network, and how fast it runs. Facts only; nothing here starts anything."""

from dataclasses import dataclass

from chain.types import NetUid

SUBNET = NetUid(1)
"""Where miners compete."""
DATA_SUBNET = NetUid(2)
"""Where producers make samples; the table's sources name it."""


@dataclass(frozen=True, slots=True)
class Person:
    """One wallet: its hotkey, the subnet it registers on, and its stake there in TAO. Its Hub user has its name."""

    name: str
    netuid: NetUid
    stake: float = 0.0
    hotkey: str = "default"


OWNER = Person("owner", SUBNET)
"""Owns both subnets; its uid 0 is where unearned shares are burnt, and it publishes the base model."""
VALIDATOR = Person("validator", SUBNET, stake=10_000.0)
PRODUCERS = (Person("producer-1", DATA_SUBNET, stake=5_000.0), Person("producer-2", DATA_SUBNET, stake=5_000.0))
MINERS = (Person("alice", SUBNET), Person("bob", SUBNET), Person("carol", SUBNET), Person("dave", SUBNET))
PEOPLE = (VALIDATOR, *PRODUCERS, *MINERS)


@dataclass(frozen=True, slots=True)
class Training:
    """One miner's plan: the competition, the steps it trains for, its learning rate, and how it commits its pointer."""

    miner: str
    competition: str
    steps: int
    learning_rate: float
    encoding: str = "sealed"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A size of the embedded network: the demo's, or the pocket one that tests run."""

    name: str
    table: str
    block_time_s: float
    tempo: int
    weights_rate_limit: int
    batch_interval_blocks: int
    batch_pairs: int
    batch_texts: int
    base_preset: str
    base_steps: int
    base_seconds: float
    """Where the steps take longer than this, training ends here."""
    trainings: tuple[Training, ...]
    copier: str = "dave"
    """Commits the model of the first competition's king once more, when all others have been judged there."""


DEMO = Scenario(
    name="demo",
    table="localnet",
    block_time_s=0.5,
    tempo=20,
    weights_rate_limit=10,
    batch_interval_blocks=16,
    batch_pairs=36,
    batch_texts=36,
    base_preset="demo",
    base_steps=450,
    base_seconds=75.0,
    trainings=(
        Training("alice", "answers", 20, 5e-4),
        Training("carol", "text", 40, 5e-4, "hashed"),
        Training("bob", "answers", 80, 5e-4),
    ),
)

POCKET = Scenario(
    name="pocket",
    table="pocket",
    block_time_s=0.25,
    tempo=10,
    weights_rate_limit=5,
    batch_interval_blocks=12,
    batch_pairs=36,
    batch_texts=36,
    base_preset="pocket",
    base_steps=60,
    base_seconds=10.0,
    trainings=(
        Training("alice", "answers", 5, 2e-3),
        Training("carol", "text", 20, 2e-3, "hashed"),
        Training("bob", "answers", 60, 2e-3),
    ),
)

SCENARIOS = {scenario.name: scenario for scenario in (DEMO, POCKET)}
