"""Agreement: a validator that joins late, or polls now and then, enters whom one enters that saw every block."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chain.clock import round_at, seed_block
from chain.types import Block, Hotkey
from ledger.database import Ledger, open_ledger
from ledger.rounds import Round
from neurons import tables
from neurons.field import Field, assemble
from neurons.loops.watch import Watch
from neurons.rulebook import Rulebook
from neurons.supervisor import Wakes
from tests.neurons.lives import Commit, Life, Register
from tests.neurons.scenes import NETUID

TABLE = tables.load("pocket")
ANSWERS = TABLE.competitions[0]

commits = st.builds(
    Commit,
    st.integers(0, 2),
    st.sampled_from(["sealed", "bare", "hashed", "withdraw", "foreign", "malformed", "twins"]),
    st.sampled_from([1, 6, 40, 80]),
)
events = st.one_of(commits, commits, commits, st.builds(Register, st.integers(0, 4), st.integers(0, 2)))
lives = st.lists(st.tuples(st.integers(1, 30), events), min_size=4, max_size=10)


def lived(happenings: Sequence[tuple[int, Commit | Register]]) -> Life:
    """Each thing happens so many blocks after the last, and then a quiet time passes."""
    life = Life()
    for pause, happening in happenings:
        life.advance(pause - 1)
        life.live(happening)
    life.advance(120)
    return life


def watched(life: Life, ledger: Ledger, polls: Sequence[int]) -> None:
    watch = Watch(life, ledger, NETUID, Rulebook.of(TABLE), Wakes())
    for block in polls:
        life.hold_finality(block)
        while watch.step():
            pass


def entrants(life: Life, ledger: Ledger, number: int) -> list[tuple[Hotkey, str, Block, Block]]:
    found = field(life, ledger, number)
    assert found is not None
    return [(s.hotkey, s.repo, s.commit_block, s.revealed_block) for s in found.live]


def field(life: Life, ledger: Ledger, number: int) -> Field | None:
    at = seed_block(number, ANSWERS.first_block, ANSWERS.round_blocks)
    round_ = Round(1, "answers", number, at, life.block_hash(at), bytes(32), "open", None, None)
    return assemble(life, ledger, NETUID, TABLE, ANSWERS, round_)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger made by migrations once."""
    made = tmp_path_factory.mktemp("ledgers") / "made.db"
    open_ledger(made).close()
    return made


@contextmanager
def two_ledgers(empty: Path) -> Iterator[tuple[Ledger, Ledger]]:
    with TemporaryDirectory() as folder:
        old, new = (open_ledger(shutil.copy(empty, Path(folder) / name)) for name in ("old.db", "new.db"))
        yield old, new
        old.close()
        new.close()


@settings(max_examples=10, deadline=None)
@given(lives, st.floats(0.2, 1), st.integers(1, 40))
@example([(40, Commit(0, "hashed")), (30, Commit(0, "foreign"))], 1.0, 1)
@example([(40, Commit(0, "sealed")), (30, Commit(0, "sealed", 80))], 1.0, 1)
@example([(40, Commit(0, "twins", 6))], 0.9, 1)
def test_a_newcomer_enters_whom_a_veteran_enters(
    empty: Path, happenings: list[tuple[int, Commit | Register]], start: float, pause: int
) -> None:
    life = lived(happenings)
    begins, ends = int(start * life.head()), life.head()
    first, last = (round_at(Block(b), ANSWERS.first_block, ANSWERS.round_blocks) or 0 for b in (begins, ends))
    with two_ledgers(empty) as (old, new):
        watched(life, old, [*range(0, ends, 20), ends])
        watched(life, new, [*range(begins, ends, pause), ends])
        for number in range(first, last + 1):
            assert (number, entrants(life, new, number)) == (number, entrants(life, old, number))
