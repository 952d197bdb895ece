"""A king's repository: believed gone only of a Hub that shows somebody else's, and not too often in a short time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from chain.types import Block, BlockCount
from competitions.records import Submission
from hub.port import Hub, HubUnreachable, NotFound, RepoInfo
from ledger import presence
from ledger.database import Ledger, open_ledger
from neurons.king_presence import KingPresence
from tests.competitions.builders import submit
from tests.ledger.builders import open_round, reign, submission

KING, OTHER, TWIN, REFUSED = (submit(n) for n in (1, 2, 3, 4))
FIELD = [KING, OTHER, replace(TWIN, coldkey=KING.coldkey), replace(REFUSED, intake="rejected")]
EVERY = BlockCount(50)

Answers = Mapping[str, bool | Exception]
"""By repository, whether it can be read by all; one that is not named is not there."""


@dataclass(frozen=True)
class Shelf:
    """A Hub that only describes."""

    answers: Answers

    def describe(self, repo: str, _kind: str, revision: str) -> RepoInfo:
        found = self.answers.get(repo)
        if isinstance(found, Exception):
            raise found
        if found is None:
            raise NotFound(f"no repository {repo}")
        return RepoInfo(repo, "model", revision, private=False, files=(), gated=not found)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger that knows the king."""
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    submission(ledger, 1)
    yield ledger
    ledger.close()


def look(ledger: Ledger, answers: Answers, number: int = 0, head: int = 100, field: list[Submission] = FIELD) -> None:
    looking = KingPresence(cast(Hub, Shelf(answers)), ledger)
    looking.look(open_round(ledger, number), reign(KING.id), field, Block(head), EVERY)


THERE = {KING.repo: True, OTHER.repo: True}


@pytest.mark.parametrize(
    ("answers", "looks", "gone"),
    [
        (THERE, 1, 0),
        ({OTHER.repo: True}, 1, 1),
        ({**THERE, KING.repo: False}, 1, 1),
        ({}, 0, 0),
        ({FIELD[2].repo: True, FIELD[3].repo: True}, 0, 0),
        ({KING.repo: HubUnreachable("503"), OTHER.repo: True}, 0, 0),
        ({OTHER.repo: HubUnreachable("503")}, 0, 0),
    ],
    ids=["there", "gone", "gated", "ill-hub", "witnesses-of-its-own", "unreachable", "half-unreachable"],
)
def test_what_a_look_is_worth(kept: Ledger, answers: Answers, looks: int, gone: int) -> None:
    look(kept, answers)
    assert (presence.last_look(kept, "chat") is not None) == bool(looks)
    assert presence.missed(kept, "chat", 0, (KING.id,)) == ({KING.id: gone} if gone else {})


def test_a_lone_kings_absence_cannot_be_told_from_a_hubs(kept: Ledger) -> None:
    look(kept, {}, field=[KING])
    assert presence.last_look(kept, "chat") is None


def test_rounds_judged_one_after_the_other_count_as_one_look(kept: Ledger) -> None:
    for number, head in enumerate([1_000, 1_001, 1_024, 1_025, 1_050]):
        look(kept, {OTHER.repo: True}, number, head)
    assert presence.missed(kept, "chat", 9, (KING.id,)) == {KING.id: 3}
