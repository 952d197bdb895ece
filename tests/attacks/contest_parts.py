"""What a contest to attack is made of: its rules, the source of its samples, and the Hub that validators see."""

from dataclasses import replace
from typing import Any

from chain.simulated.stage import START
from chain.types import Block, BlockCount, BlockHash, Coldkey, Hotkey, NetUid
from competitions.spec import EpsilonSpec, Table
from evaluation.sources.content import Pair
from evaluation.sources.held import Held
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool, Producer
from evaluation.sources.sample import Sample
from evaluation.sources.spec import SourceSpec
from hub.folder import FolderHub
from hub.port import HubUnreachable, NotFound, RepoInfo, RepoKind
from neurons import tables

NAME = "answers"
MAKERS = tuple(Hotkey("5Maker" + letter * 42) for letter in "abcdefgh")


def rules(**changes: Any) -> Table:
    """The pocket network's table with its first competition alone, a king's epsilon falling within four rounds."""
    table = tables.load("pocket")
    (task,) = table.competitions[0].tasks
    answers = replace(
        table.competitions[0],
        tasks=(replace(task, samples=128),),
        **{"epsilon": EpsilonSpec(0.05, 0.01, BlockCount(96)), **changes},
    )
    schedule = tuple(replace(phase, shares=((NAME, 1.0),)) for phase in table.schedule)
    return replace(table, competitions=(answers,), schedule=schedule)


class Guild:
    """A source: as many producers as there are makers, each with an equal part of every round's samples."""

    def pool(self, spec: SourceSpec, occasion: Occasion) -> Pool | Held:  # noqa: ARG002 - one for every spec
        """See Source.pool."""
        each = -(-sum(occasion.needs.values()) // len(MAKERS))
        hash_ = BlockHash(f"0x{occasion.seed.hex()}")
        samples = [
            Sample(Pair(f"{maker} asks {n}", occasion.seed.hex()), "guild", maker, NetUid(2), START, Block(1), hash_)
            for maker in MAKERS
            for n in range(each)
        ]
        made = tuple(Producer(maker, Coldkey(f"cold{maker}"), "", each) for maker in MAKERS)
        return Pool(tuple(sorted(samples, key=lambda one: one.id)), made, {}, min_producers=len(MAKERS))


class MoodyHub(FolderHub):
    """A visitor's Hub that may be away, or ill: then it has nothing of anybody's."""

    mood = "well"

    def describe(self, repo: str, kind: RepoKind, revision: str | None = None) -> RepoInfo:
        """See Hub.describe."""
        if self.mood == "away":
            raise HubUnreachable("nobody answers")
        if self.mood == "ill":
            raise NotFound(f"{kind} {repo!r} is not there")
        return super().describe(repo, kind, revision)
