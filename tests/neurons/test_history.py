"""History: whatever polls a validator missed, its ledger ends with the same rows as one that saw every block."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chain.reader import ChainTimeout
from chain.types import Block, BlockHash, Head, Hotkey, Subnet, Unreadable
from ledger import registrations
from ledger.database import Ledger, open_ledger
from neurons import tables
from neurons.history import SPAN, advance, hints
from neurons.pointers import read_pointers
from tests.neurons.lives import Commit, Life, Register
from tests.neurons.scenes import NETUID

TABLE = tables.load("pocket")

FACTS = ("commitments", "openings", "submissions", "refusals", "withdrawals")

events = st.one_of(
    st.builds(
        Commit,
        st.integers(0, 4),
        st.sampled_from(["sealed", "bare", "hashed", "withdraw", "foreign", "malformed"]),
        st.integers(1, 6),
    ),
    st.builds(Register, st.integers(0, 4), st.integers(0, 2)),
)
lives = st.lists(st.lists(events, max_size=3), min_size=5, max_size=45)


def lived(blocks: Sequence[Sequence[Commit | Register]]) -> Life:
    life = Life()
    for happening in blocks:
        life.live(*happening)
    return life


def follow(life: Life, ledger: Ledger, block: int) -> None:
    """Record all up to a block, as a watch does."""
    upto = Head(Block(block), life.block_hash(Block(block)))
    while advance(life, ledger, NETUID, upto, Block(0)) is not None:
        read_pointers(ledger)


def told(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of what was committed, but for numbers of rows that no rule uses."""
    with ledger.reading() as session:
        rows = {t: [tuple(row) for row in session.execute(text(f"SELECT * FROM {t} ORDER BY 1"))] for t in FACTS}
    return rows | {name: sorted(row[1:] for row in rows[name]) for name in ("openings", "submissions")}


def ledgers(folder: Path) -> tuple[Ledger, Ledger]:
    """Two empty ledgers, copied from one that was made by migrations once."""
    made = folder / "made.db"
    if not made.exists():
        open_ledger(made).close()
    count = len(list(folder.iterdir()))
    one, two = (Path(shutil.copy(made, folder / f"{count}-{name}.db")) for name in "ab")
    return open_ledger(one), open_ledger(two)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives, st.sets(st.integers(0, 45)))
def test_whatever_was_missed_the_same_rows_result(tmp_path: Path, blocks: list[list[Commit]], polls: set[int]) -> None:
    life, (steady, absent) = lived(blocks), ledgers(tmp_path)
    for block in range(life.head() + 1):
        follow(life, steady, block)
    for block in [*sorted(p for p in polls if p < life.head()), life.head()]:
        follow(life, absent, block)
    assert told(absent) == told(steady)
    assert registrations.registered(absent, NETUID) == registrations.registered(steady, NETUID)
    steady.close()
    absent.close()


def test_what_a_purged_hotkey_had_committed_between_two_polls_is_history_and_its_uid_is_anothers(
    tmp_path: Path,
) -> None:
    life, (ledger, other) = (
        lived([[], [Commit(1, "hashed")], [Register(3, 1)], [Register(1, 2)], []]),
        ledgers(tmp_path),
    )
    follow(life, ledger, 0)
    follow(life, ledger, life.head())
    seen = [(row[2], row[3], row[5], row[6]) for row in told(ledger)["commitments"]]
    held = {hotkey: (r.uid, r.since) for hotkey, r in registrations.registered(ledger, NETUID).items()}
    assert (seen, held) == ([("hot1", 2, 1, 0)], {"hot0": (0, 0), "hot3": (1, 3), "hot1": (2, 4)})
    other.close()
    ledger.close()


def test_a_fault_on_the_way_back_leaves_neither_a_gap_nor_half_a_history(tmp_path: Path) -> None:
    life, (steady, shaken) = lived([[Commit(n % 3, "hashed")] for n in range(12)]), ledgers(tmp_path)
    for block in range(13):
        follow(life, steady, block)
    for read in range(11):
        life.faults.fail(ChainTimeout("no answer in time"), "subnet", after=read)
        with pytest.raises(ChainTimeout):
            follow(life, shaken, life.head())
        assert told(shaken)["commitments"] == []
    follow(life, shaken, life.head())
    assert told(shaken) == told(steady)
    steady.close()
    shaken.close()


def test_a_quiet_stretch_costs_one_look_a_span(tmp_path: Path) -> None:
    life, (ledger, other) = lived([[]] * (3 * SPAN)), ledgers(tmp_path)
    follow(life, ledger, life.head())
    assert life.looks == [SPAN - 1, 2 * SPAN - 1, 3 * SPAN - 1, 3 * SPAN]
    other.close()
    ledger.close()


def test_what_an_unreadable_commitment_replaced_is_looked_for() -> None:
    entry = Unreadable(Hotkey("hot"), "odd", Block(9))
    at = [Head(Block(number), BlockHash("0x" + "0" * 64)) for number in (12, 9)]
    looks = [Subnet(head, datetime(2030, 1, 1, tzinfo=UTC), (), (entry,)) for head in at]
    assert [list(hints(look)) for look in looks] == [[9], [8]]
