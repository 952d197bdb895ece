"""What the contest's arithmetic is done on: submissions, verdicts in numbers, standings and reigns. Pure data."""

from dataclasses import dataclass
from typing import Literal

from chain.types import Block, Coldkey, Hotkey, Uid

Intake = Literal["due", "accepted", "rejected"]
"""Whether the model's files still have to be vetted, passed, or were refused."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What one hotkey committed: a model pinned to a revision and a digest, and the blocks that matter for it.

    A pointer in clear tells `secure_hash`; its `digest` is None until its files were accepted.
    """

    id: int
    competition: str
    repo: str
    revision: str
    digest: str | None
    hotkey: Hotkey
    coldkey: Coldkey
    uid: Uid
    registered_at: Block
    """Block of the hotkey's registration that was current when the commitment was first seen."""
    commit_block: Block
    """The commit block: seniority."""
    revealed_block: Block
    """Block in which everybody could read it; of a pointer in clear, its commit block."""
    intake: Intake
    secure_hash: str | None = None


@dataclass(frozen=True, slots=True)
class TaskScore:
    """A submission's values on one task of one round, in bundle order, lower is better."""

    task: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reign:
    """Who holds a competition after a round.

    `confirmed` is False for the best of a vacant throne until a second round confirms it; only a confirmed king is
    paid. `earned` is the improvement at the crowning, which bounds the epsilon it starts with; `digest_block` is the
    first commit block of its digest, from which its age runs.
    """

    submission_id: int
    hotkey: Hotkey
    since_round: int
    crown_block: Block
    digest_block: Block
    earned: float
    confirmed: bool


Role = Literal["king", "challenger", "copy", "rejected", "abandoned"]

FightState = Literal["passed", "open", "close", "lost", "outraced"]
"""How a challenger's title fight stands after a round: it may be crowned; it goes on, ahead by what is needed or behind
within the noise; it was lost; or the round's judging ended before its last sample, because it could only be lost."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a challenger's improvement on the incumbent rests on, and what would have been enough."""

    state: FightState
    rounds: int
    """Full rounds taken together; 0 for a race that ended early."""
    samples: int
    p: float | None
    """Chance of as much, or more, for a model that is no better; None after a race that ended early."""
    rho: float | None
    """Standard error of one round's improvement, in units of epsilon's end."""
    enough: float | None
    """The improvement that would have passed with the noise of these samples."""
    hope: float
    """The most that it can still be taken for: the improvement itself, or a lost race's upper bound."""
    wins_at: Block | None
    """Block from which epsilon, falling, asks no more than `hope`; None where it never does."""
    rung: int | None = None
    """Rungs judged of a race that ended early."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A submission's place after a round, and why.

    `score` is the weighted loss; `improvement` the relative improvement over the incumbent on the same samples, of all
    rounds taken together, and `needed` the epsilon it had to reach (both None where there was no incumbent or no
    score).
    """

    submission_id: int
    place: int
    role: Role
    score: float | None
    improvement: float | None
    needed: float | None
    why: str
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """A producer on whose samples some entrant stands otherwise than on the others'."""

    maker: str
    """Its coldkey."""
    z: float
    """The difference in standard errors; negative where the entrant does worse on its samples."""


@dataclass(frozen=True, slots=True)
class RoundOutcome:
    """What a judged round decides: every entrant's standing, who reigns from now on (None: nobody), and which producers
    are to be looked at."""

    standings: tuple[Standing, ...]
    reign: Reign | None
    flags: tuple[Flag, ...] = ()
