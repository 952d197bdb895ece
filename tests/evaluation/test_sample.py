"""Samples: canonical bytes, ids, and readers that strangers cannot break."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.signing import Wallet
from chain.types import Block, BlockHash, Hotkey, NetUid
from evaluation.sources import sample as samples
from evaluation.sources import signed as signing
from evaluation.sources.content import Choice, Instruction, Pair, Text
from evaluation.sources.rules import Rule
from evaluation.sources.sample import Malformed, Sample

GOLDEN = Sample(
    Pair("Was heißt „naïve“?", "Gutgläubig.\n"),
    "pydoc",
    Hotkey("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"),
    NetUid(2),
    datetime(2025, 1, 31, 12, 0, 5, tzinfo=UTC),
    Block(4711),
    BlockHash("0x" + "ab" * 32),
)
GOLDEN_LINE = (
    '{"anchor_block":4711,"anchor_hash":"0xabababababababababababababababababababababababababababababababab",'
    '"answer":0,"choices":[],"created_at":"2025-01-31T12:00:05Z","kind":"pair","netuid":2,'
    '"producer":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY","prompt":"Was heißt „naïve“?",'
    '"reference":"Gutgläubig.\\n","rules":[],"source":"pydoc","text":"","version":"crucible/sample/2"}'
).encode()

CHOICE = {"kind": "choice", "reference": "", "choices": ["a", "b"], "answer": 1}
ORDER = {"kind": "instruction", "reference": "", "rules": ["bullets=3"]}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
scored = texts.filter(bool)
choices = st.lists(scored, min_size=2, max_size=5, unique=True).map(tuple)
rules = (
    st.builds(Rule, st.sampled_from(["keyword", "without", "starts_with", "ends_with"]), scored.filter(str.strip))
    | st.builds(Rule, st.sampled_from(["bullets", "words_at_most"]), st.integers(1, 1_000).map(str))
    | st.sampled_from([Rule("casing", "lower"), Rule("commas", "none")])
)
contents = (
    st.builds(Pair, texts, scored)
    | st.builds(Text, scored)
    | choices.flatmap(lambda many: st.builds(Choice, scored, st.just(many), st.integers(0, len(many) - 1)))
    | st.builds(Instruction, scored, st.lists(rules, min_size=1, max_size=4, unique=True).map(tuple))
)
moments = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))
any_sample = st.builds(
    Sample,
    contents,
    st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,20}", fullmatch=True),
    st.just(GOLDEN.producer),
    st.integers(0, 2**16 - 1).map(NetUid),
    moments,
    st.integers(0, 2**32 - 1).map(Block),
    st.from_regex(r"0x[0-9a-f]{64}", fullmatch=True).map(BlockHash),
)
any_sample = any_sample | any_sample.map(lambda sample: replace(sample, anchor_block=None, anchor_hash=None))
any_sample = any_sample | any_sample.map(lambda sample: replace(sample, producer=None, netuid=None))


def test_the_golden_sample_keeps_its_bytes_and_id() -> None:
    assert (GOLDEN.canonical_bytes, GOLDEN.id) == (
        GOLDEN_LINE,
        "6d41a617647f6f62bef79a62af74714b6e4cdcb17fe9cd76e9d8c8dacf9f1f23",
    )


@given(any_sample)
def test_a_line_gives_back_its_sample(sample: Sample) -> None:
    assert samples.from_line(sample.canonical_bytes) == sample


@given(any_sample, any_sample)
def test_two_samples_share_an_id_only_when_equal(one: Sample, other: Sample) -> None:
    assert (one.id == other.id) == (one == other)


@given(st.binary(max_size=200) | texts.map(str.encode))
def test_no_bytes_break_the_readers(line: bytes) -> None:
    assert isinstance(samples.from_line(line), Malformed)
    assert isinstance(signing.from_line(line), Malformed)


json_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


@given(st.sampled_from(sorted(samples.fields(GOLDEN))), json_values)
def test_no_value_in_any_column_breaks_the_reader(column: str, value: object) -> None:
    line = json.dumps(samples.fields(GOLDEN) | {column: value}).encode()
    read = samples.from_line(line)
    assert isinstance(read, Malformed) or samples.from_line(read.canonical_bytes) == read


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": "crucible/sample/1"}, "version 'crucible/sample/1' is not crucible/sample/2"),
        ({"kind": "text"}, "kind 'text' with the columns of another"),
        ({"reference": ""}, "the scored text of this pair is empty"),
        ({"prompt": "\ud800"}, "the text holds a lone surrogate and has no UTF-8 form"),
        ({"netuid": True}, "netuid is a bool"),
        ({"netuid": 70_000}, "netuid 70000 is out of range"),
        ({"created_at": "2025-01-31 12:00:05"}, "created_at '2025-01-31 12:00:05' is not like 2025-01-31T12:00:00Z"),
        ({"anchor_hash": "0xAB"}, "anchor hash '0xAB' is not 0x and 64 lower-case hex digits"),
        ({"producer": "nobody"}, "producer 'nobody' is no ss58 address"),
        ({"anchor_hash": ""}, "an anchor block without its hash, or a netuid without a producer"),
        ({"producer": ""}, "an anchor block without its hash, or a netuid without a producer"),
        ({"choices": ["a", 1]}, "choices and rules must be lists of texts"),
        ({"answer": 1}, "kind 'pair' with the columns of another"),
        (CHOICE | {"choices": ["a", "a"]}, "2 choices: there must be 2 to 26, distinct and none empty"),
        (CHOICE | {"answer": 2}, "answer 2 is no index of 2 choices"),
        (CHOICE | {"answer": -1}, "answer -1 is no index of 2 choices"),
        (CHOICE | {"prompt": ""}, "the question of this choice is empty"),
        (ORDER | {"rules": []}, "0 rules: there must be 1 to 16, distinct"),
        (ORDER | {"rules": ["bullets=many"]}, "bullets='many' is no number from 1 to 1000"),
        (ORDER | {"rules": ["bullets=03"]}, "bullets='03' is no number from 1 to 1000"),
        (ORDER | {"rules": ["casing=mixed"]}, "casing='mixed' is none of lower, upper"),
        (ORDER | {"rules": ["keyword= "]}, "keyword needs a text of at most 200 bytes"),
        ({"extra": 1}, "columns missing or too many: ['extra']"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_malformed_column_is_named(change: dict[str, object], reason: str) -> None:
    line = json.dumps(samples.fields(GOLDEN) | change).encode()
    assert samples.from_line(line) == Malformed(reason)


def test_deep_nesting_is_malformed_however_deep_python_may_recurse() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)  # as some libraries do: the C parser then overflows the stack instead of raising
    read = samples.from_line(b'{"prompt":' + b"[" * 500_000)
    sys.setrecursionlimit(limit)
    assert "nested" in read.reason


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2025, 1, 1),
        datetime(2025, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        GOLDEN.created_at.replace(microsecond=1),
    ],
    ids=["naive", "another zone", "microseconds"],
)
def test_a_time_without_a_canonical_form_is_refused(moment: datetime) -> None:
    with pytest.raises(ValueError, match="is not UTC in whole seconds"):
        replace(GOLDEN, created_at=moment)


def test_a_signature_holds_for_its_sample_only(wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]) -> None:
    signed = signing.sign(make_sample(wallets[0], Text("one")), wallets[0])
    forged = replace(signed, sample=replace(signed.sample, content=Text("two")))
    foreign = replace(signed, sample=replace(signed.sample, producer=wallets[1].hotkey))
    garbled = replace(signed, signature="no hex")
    assert [signing.is_authentic(case) for case in (signed, forged, foreign, garbled)] == [True, False, False, False]


def test_signing_for_another_producer_is_refused(
    wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    with pytest.raises(ValueError, match="sign with its own"):
        signing.sign(make_sample(wallets[0], Text("one")), wallets[1])


def test_a_signature_for_another_purpose_is_none(
    wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    sample = make_sample(wallets[0], Text("one"))
    bare = wallets[0].sign("receipt", sample.canonical_bytes).hex()
    assert not signing.is_authentic(signing.SignedSample(sample, bare))


def test_a_signed_line_gives_back_its_sample(wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]) -> None:
    signed = signing.sign(make_sample(wallets[0], Pair("p", "r")), wallets[0])
    assert signing.from_line(signing.to_line(signed)) == signed
