"""Two validators' samples: the same, or the difference named with the producer who makes it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from chain.types import Block, Coldkey, Hotkey
from ledger import rounds, waits
from ledger.comparison import Difference, differences, in_words
from ledger.database import Ledger, open_ledger
from ledger.pools import PoolReading, ProducerReading
from ledger.samples import RoundSamples
from ledger.samples_cli import app
from tests.ledger.builders import AWAY, open_round, pool

NAMES = st.sampled_from(["a", "b", "c"])
PRODUCERS = st.dictionaries(
    NAMES,
    st.builds(
        ProducerReading,
        st.just(Hotkey("")),
        st.sampled_from([Coldkey("cold1"), Coldkey("cold2")]),
        st.sampled_from([None, "root1", "root2"]),
        st.integers(0, 3),
        st.sampled_from([None, "lost"]),
    ),
).map(lambda found: tuple(replace(found[name], hotkey=Hotkey(name)) for name in sorted(found)))
POOLS = st.dictionaries(
    NAMES,
    st.builds(
        PoolReading,
        st.just(""),
        st.sampled_from(["sample", "mirrors", "run", "seed"]),
        st.sampled_from(["pool1", "pool2"]),
        st.integers(0, 9),
        PRODUCERS,
        st.dictionaries(st.sampled_from(["window", "faulty"]), st.integers(1, 3)),
    ),
    min_size=1,
).map(lambda found: tuple(replace(found[name], source=name) for name in sorted(found)))
RECORDS = st.builds(
    RoundSamples, st.just("chat"), st.just(7), st.just("5eed"), st.just("bundle"), st.integers(0, 2), POOLS, st.none()
)


def comparable(record: RoundSamples) -> RoundSamples:
    """What must be equal: whether there is a fault, not its words; pools of the same root are of the same size."""
    return replace(
        record,
        pools=tuple(
            replace(
                kept,
                samples=0,
                producers=tuple(replace(made, fault=made.fault and "lost") for made in kept.producers),
            )
            for kept in record.pools
        ),
    )


@given(RECORDS, RECORDS)
def test_records_agree_exactly_where_nothing_is_different(one: RoundSamples, other: RoundSamples) -> None:
    assert differences(one, one) == ()
    assert (differences(one, other) == ()) == (comparable(one) == comparable(other))


@given(RECORDS, RECORDS)
def test_whoever_compares_finds_the_same_seen_from_the_other_side(one: RoundSamples, other: RoundSamples) -> None:
    turned = tuple(replace(found, one=found.other, other=found.one) for found in differences(other, one))
    assert differences(one, other) == turned


def changed(record: RoundSamples, kept: PoolReading, made: ProducerReading, **change: Any) -> RoundSamples:
    """The record with one fact about one producer changed."""
    producers = tuple(replace(one, **change) if one == made else one for one in kept.producers)
    pools = tuple(replace(kept, producers=producers) if one == kept else one for one in record.pools)
    return replace(record, pools=pools)


@given(RECORDS)
def test_every_fact_about_a_producer_counts_and_is_named(record: RoundSamples) -> None:
    for kept in record.pools:
        for made in kept.producers:
            at = kept.source, made.hotkey
            for aspect, field, value in (
                ("owner", "coldkey", Coldkey("cold3")),
                ("batch", "batch_root", "root3"),
                ("samples", "samples", made.samples + 1),
                ("fault", "fault", None if made.fault else "NotFound"),
            ):
                expected = Difference(aspect, *at, getattr(made, field), value)
                assert differences(record, changed(record, kept, made, **{field: value})) == (expected,)


@given(RECORDS)
def test_each_producer_that_was_withheld_is_named(record: RoundSamples) -> None:
    for kept in record.pools:
        for withheld in kept.producers:
            rest = replace(kept, producers=tuple(made for made in kept.producers if made != withheld))
            lacking = replace(record, pools=tuple(rest if one == kept else one for one in record.pools))
            expected = Difference("producer", kept.source, withheld.hotkey, withheld.samples, None)
            assert differences(record, lacking) == (expected,)


def test_every_difference_is_a_sentence() -> None:
    made = ProducerReading(Hotkey("5Ore"), Coldkey("5Cold"), "b1", 3, None)
    gone = ProducerReading(Hotkey("5Gone"), Coldkey("5Cold"), None, 2, None)
    ours = PoolReading("questions", "sample", "p1", 3, (made, gone), {"window": 4})
    odd = replace(made, coldkey=Coldkey("5New"), batch_root="b2", samples=0, fault="NotFound: ore/texts")
    theirs = PoolReading("questions", "run", "p2", 0, (odd,), {})
    one = RoundSamples("chat", 7, "5eed", "r1", 1, (ours, replace(ours, source="texts")), None)
    other = RoundSamples("chat", 7, "5eee", None, 2, (theirs,), None)
    assert [in_words(found, "A", "B") for found in differences(one, other)] == [
        "seed of the round: 5eed at A, 5eee at B",
        "root of the samples drawn: r1 at A, not drawn at B",
        "near duplicates passed over: 1 at A, 2 at B",
        "questions: what stands behind a sample: sample at A, run at B",
        "questions: root of the pool: p1 at A, p2 at B",
        "questions: producer 5Gone: 2 samples at A, unknown at B",
        "questions: coldkey of producer 5Ore: 5Cold at A, 5New at B",
        "questions: batch of producer 5Ore: b1 at A, b2 at B",
        "questions: samples of producer 5Ore in the pool: 3 at A, 0 at B",
        "questions: samples of producer 5Ore left out: none at A, all, because NotFound: ore/texts at B",
        "questions: dropped as window: 4 at A, 0 at B",
        "texts: pool: p1 at A, none at B",
    ]


def write(path: Path, *samples: dict[str, int] | None) -> str:
    """A ledger whose rounds were drawn from these; None is a round that is held."""
    ledger = open_ledger(path)
    for number, hotkeys in enumerate(samples):
        round_ = open_round(ledger, number)
        if hotkeys is None:
            waits.hold(ledger, round_.id, AWAY, Block(500))
        else:
            given = pool(hotkeys)
            rounds.set_bundle(ledger, round_.id, f"bundle of {given.root}", {"questions": given}, 0)
    ledger.close()
    return str(path)


def ask(one: str, other: str, *more: str) -> tuple[int, list[str]]:
    done = CliRunner().invoke(app, ["compare", "--ledger", one, "--other", other, *more])
    return done.exit_code, done.output.splitlines()


ALL, LESS = {"hot1": 2, "hot2": 2}, {"hot1": 2}


@pytest.mark.parametrize("options", [(), ("-c", "chat"), ("--round", "1")], ids=["newest", "named", "numbered"])
def test_a_withheld_producer_is_named_and_the_command_fails(tmp_path: Path, options: Sequence[str]) -> None:
    one, other = write(tmp_path / "a.db", ALL, ALL, ALL), write(tmp_path / "b.db", ALL, LESS, None)
    status, lines = ask(one, other, *options)
    assert (status, lines[0], lines[-1]) == (
        1,
        "chat, round 1: 3 differences",
        "  questions: producer hot2: 2 samples at --ledger, unknown at --other",
    )


def test_the_same_samples_are_called_so_and_neither_ledger_is_written(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a.db", ALL), write(tmp_path / "b.db", ALL)
    before = [Path(path).read_bytes() for path in (one, other)]
    status, lines = ask(one, other)
    assert (status, lines[0]) == (0, "chat, round 0: the same samples")
    assert [Path(path).read_bytes() for path in (one, other)] == before


def test_a_round_that_one_holds_differs_and_says_why(tmp_path: Path) -> None:
    status, lines = ask(write(tmp_path / "a.db", ALL), write(tmp_path / "b.db", None), "--round", "0")
    assert (status, lines[2]) == (1, "  --other  has not drawn its samples: unreachable: the Hub is away")


def test_as_a_document_everything_is_there(tmp_path: Path) -> None:
    status, lines = ask(write(tmp_path / "a.db", ALL), write(tmp_path / "b.db", LESS), "--json")
    (found,) = json.loads(lines[-1])["rounds"]
    assert (status, found["competition"], found["round"], found["same"]) == (1, "chat", 0, False)
    assert found["differences"][-1] == {
        "aspect": "producer",
        "source": "questions",
        "subject": "hot2",
        "one": 2,
        "other": None,
    }
    assert [len(found[side]["pools"][0]["producers"]) for side in ("ledger", "other")] == [2, 1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "have drawn no common round: name one of theirs by --round"),
        (("-c", "none"), "have drawn no common round of none"),
        (("--round", "9"), "no round 9 of chat in"),
    ],
)
def test_what_cannot_be_compared_is_one_line(tmp_path: Path, options: Sequence[str], said: str) -> None:
    status, lines = ask(write(tmp_path / "a.db", ALL), write(tmp_path / "b.db", None), *options)
    assert (status, len(lines), said in lines[0]) == (2, 1, True)


def test_a_stranger_cannot_command_the_terminal(tmp_path: Path, ledger: Ledger) -> None:
    round_ = open_round(ledger)
    waits.hold(ledger, round_.id, replace(AWAY, detail="\x1b[2Jgone\nround 0: the same samples"), Block(500))
    status, lines = ask(write(tmp_path / "a.db", ALL), ledger.name, "--round", "0")
    assert (status, lines[2]) == (
        1,
        "  --other  has not drawn its samples: unreachable: ?[2Jgone?round 0: the same samples",
    )
