"""The miners of a simulated field: who arrives, who copies whom, who leaves. Knows no rules."""

from dataclasses import dataclass, replace

import numpy as np

from backtest.field import Arrivals, Field
from chain.clock import seed_block
from chain.types import Block, Coldkey, Hotkey, Uid
from competitions.ownership import Claim, Ownership
from competitions.records import Submission
from competitions.spec import Competition


@dataclass(frozen=True, slots=True)
class Model:
    """A submission, and what nobody in the field knows of it."""

    submission: Submission
    name: str
    """Of the arrivals that it came with."""
    loss: float
    """Its true mean value."""
    arrived: int
    parent: int | None = None
    """Whose values a clone's or a copy's stray from."""
    own_noise: float = 1.0
    favour: float = 0.0
    """By how much its values on the first producer's samples are lower."""
    claim: Claim | None = None
    """Of a copy: whose model it is."""


class Population:
    """Everybody who ever arrived, by submission id, and who is still there."""

    def __init__(self, field: Field, competition: Competition, seed: int) -> None:
        self._field, self._competition = field, competition
        self._chances = np.random.default_rng([seed, 1])
        self.models: dict[int, Model] = {}
        self.live: dict[int, Submission] = {}
        self._add(Arrivals("first", 1, 1, 0.0), 0, 0, None)

    def turn(self, number: int, king: Model) -> None:
        """What happens before a round: some leave, others arrive."""
        self._leave(number, king)
        due = [a for a in self._field.arrivals if number >= a.first_round]
        for group in due:
            if (number - group.first_round) % group.every_rounds == 0:
                for place in range(group.number):
                    self._add(group, number, place, king)

    def _leave(self, number: int, king: Model) -> None:
        for id_ in list(self.live):
            is_free = id_ != king.submission.id and number - self.models[id_].arrived > self._field.stays_rounds
            if is_free and self._chances.random() < self._field.leaving:
                del self.live[id_]

    def _add(self, group: Arrivals, number: int, place: int, king: Model | None) -> None:
        id_ = len(self.models) + 1
        before = self._competition.eval_delay_blocks + int(self._chances.integers(self._competition.round_blocks))
        block = Block(
            max(1, seed_block(number, self._competition.first_block, self._competition.round_blocks) - before)
        )
        submission = _submission(self._competition, id_, block, _coldkey(group, id_, number, place))
        loss = (king.loss if king else self._field.loss) * (1 - group.improvement)
        favoured = king.favour if king else 0.0
        if king is None or group.kind == "own":
            model = Model(submission, group.name, loss, number, favour=1 - (1 - group.favour) * (1 - favoured))
        elif group.kind == "clone":
            model = Model(submission, group.name, loss, number, king.submission.id, group.own_noise, favoured)
        else:
            submission = replace(submission, digest=king.submission.digest)
            claim = Ownership((king.submission, submission), b"").copied_from(submission)
            model = Model(submission, group.name, loss, number, king.submission.id, 0.0, favoured, claim)
        self.models[id_] = model
        self.live[id_] = submission


def _submission(competition: Competition, id_: int, block: Block, coldkey: str) -> Submission:
    return Submission(
        id=id_,
        competition=competition.name,
        repo=f"miner{id_}/model",
        revision=f"{id_:040x}",
        digest=f"{id_:064x}",
        hotkey=Hotkey(f"hotkey{id_}"),
        coldkey=Coldkey(coldkey),
        uid=Uid(id_),
        registered_at=Block(0),
        commit_block=block,
        revealed_block=block,
        intake="accepted",
    )


def _coldkey(group: Arrivals, id_: int, number: int, place: int) -> str:
    return f"{group.name}{number}-{place % group.coldkeys}" if group.coldkeys else f"coldkey{id_}"
