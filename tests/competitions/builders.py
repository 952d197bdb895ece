"""A small table, and submissions and scores in a line each, with all that a test does not care about filled in."""

import random
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from chain.types import Block, Coldkey, Hotkey, Uid
from competitions.records import Submission, TaskScore
from competitions.title_fight import NOBODY, Bout, Pairing

TABLE = """
settle_blocks = 10
burn_uid = 0
[competitions.chat]
first_block = 100
round_blocks = 50
eval_delay_blocks = 40
fetch_blocks = 15
max_seal_blocks = 60
beacon_delay_s = 2.0
deadline_s = 60.0
[competitions.chat.limits]
architectures = ["LlamaForCausalLM"]
min_parameters = 1
max_parameters = 5_000_000
max_repo_bytes = 50_000_000
max_length = 512
[[competitions.chat.tasks]]
name = "reference_loss"
samples = 64
weight = 1.0
cap = 16.0
[competitions.chat.sources.producers]
kind = "signed_batches"
netuid = 2
min_stake = 1_000.0
min_producers = 2
max_age_blocks = 120
[competitions.chat.epsilon]
start = 0.05
end = 0.01
decay_blocks = 1_000
[[schedule]]
from_block = 0
shares = { chat = 0.7 }
[[schedule]]
from_block = 500
shares = { chat = 0.2 }
"""


def submit(id_: int, commit: int = 10, revealed: int | None = None, **more: object) -> Submission:
    """An accepted submission of hotkey `hot{id}` to `chat`, opened five blocks after its commit."""
    submission = Submission(
        id=id_,
        competition="chat",
        repo=f"miner{id_}/model",
        revision=f"{id_:040x}",
        digest=f"{id_:064x}",
        hotkey=Hotkey(f"hot{id_}"),
        coldkey=Coldkey(f"cold{id_}"),
        uid=Uid(id_),
        registered_at=Block(1),
        commit_block=Block(commit),
        revealed_block=Block(commit + 5 if revealed is None else revealed),
        intake="accepted",
    )
    return replace(submission, **more)  # type: ignore[arg-type]  # the tests name real fields


def scored(*values: float) -> tuple[TaskScore, ...]:
    """Scores on the one task of `chat`."""
    return (TaskScore("reference_loss", values),)


def around(mean: float, own: int, number: int = 16, spread: float = 0.01) -> tuple[float, ...]:
    """So many values with just this mean, spread by one's own noise: equal means differ from sample to sample."""
    rng = random.Random(own)
    noise = [rng.gauss(0, spread) for _ in range(number)]
    return tuple(mean + one - fmean(noise) for one in noise)


def bout(number: int, king: Sequence[float], challenger: Sequence[float], makers: Sequence[str] = ()) -> Bout:
    """A round of one task; without makers nobody made its samples."""
    made = tuple(makers) or (NOBODY,) * len(king)
    return Bout(number, (Pairing(tuple(king), tuple(challenger), made),))
