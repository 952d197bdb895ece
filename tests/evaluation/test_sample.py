"""Samples: canonical bytes, ids, and readers that strangers cannot break."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

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

FIELDS = json.loads(GOLDEN_LINE)


def written(value: object) -> bytes:
    """The canonical form by another writer."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass")


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
    read = samples.from_line(sample.canonical_bytes)
    assert isinstance(read, Sample)
    assert (read, read.id, read.canonical_bytes) == (sample, sample.id, sample.canonical_bytes)
    assert replace(read) == sample  # made anew, with all checks


@given(any_sample, any_sample)
def test_two_samples_share_an_id_only_when_equal(one: Sample, other: Sample) -> None:
    assert (one.id == other.id) == (one == other)


@given(st.binary(max_size=200) | texts.map(str.encode))
def test_no_bytes_break_the_readers(line: bytes) -> None:
    assert isinstance(samples.from_line(line), Malformed)
    assert isinstance(signing.from_line(line), Malformed)


json_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


@given(st.sampled_from(sorted(FIELDS)), json_values)
def test_no_value_in_any_column_breaks_the_reader(column: str, value: object) -> None:
    line = written(FIELDS | {column: value})
    read = samples.from_line(line)
    assert isinstance(read, Malformed) or samples.from_line(read.canonical_bytes) == read


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": "crucible/sample/1"}, "version 'crucible/sample/1' is not crucible/sample/2"),
        ({"kind": "text"}, "kind 'text' with the columns of another"),
        ({"reference": ""}, "the scored text of this pair is empty"),
        ({"prompt": "\ud800"}, "'utf-8' codec can't decode byte 0xed in position 0: invalid continuation byte"),
        ({"netuid": True}, "Expected `int`, got `bool` - at `$.netuid`"),
        ({"netuid": 70_000}, "netuid 70000 is out of range"),
        ({"created_at": "2025-01-31 12:00:05"}, "created_at '2025-01-31 12:00:05' is not like 2025-01-31T12:00:00Z"),
        ({"anchor_hash": "0xAB"}, "anchor hash '0xAB' is not 0x and 64 lower-case hex digits"),
        ({"producer": "nobody"}, "producer 'nobody' is no ss58 address"),
        ({"anchor_hash": ""}, "an anchor block without its hash, or a netuid without a producer"),
        ({"producer": ""}, "an anchor block without its hash, or a netuid without a producer"),
        ({"choices": ["a", 1]}, "Expected `str`, got `int` - at `$.choices[1]`"),
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
        ({"extra": 1}, "Object contains unknown field `extra`"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_malformed_column_is_named(change: dict[str, object], reason: str) -> None:
    line = written(FIELDS | change)
    assert samples.from_line(line) == Malformed(reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"netuid": -1}, "netuid -1 is out of range"),
        ({"netuid": 0}, None),
        ({"netuid": 65_535}, None),
        ({"netuid": 65_536}, "netuid 65536 is out of range"),
        ({"anchor_block": -1}, "anchor block -1 is out of range"),
        ({"anchor_block": 0}, None),
        ({"anchor_block": 2**32 - 1}, None),
        ({"anchor_block": 2**32}, "anchor block 4294967296 is out of range"),
        ({"source": "x" * 64}, None),
        ({"source": "x" * 65}, f"source {'x' * 40!r} is no short lower-case name"),
        ({"source": "pydoc\n"}, "source 'pydoc\\n' is no short lower-case name"),
        ({"source": "-x"}, "source '-x' is no short lower-case name"),
        ({"producer": FIELDS["producer"] + "\n"}, f"producer {FIELDS['producer'] + chr(10)!r} is no ss58 address"),
        ({"anchor_hash": "0x" + "ab" * 33}, f"anchor hash {'0x' + 'ab' * 33!r} is not 0x and 64 lower-case hex digits"),
        ({"created_at": "2025-01-31T12:00:05"}, "created_at '2025-01-31T12:00:05' is not like 2025-01-31T12:00:00Z"),
        (
            {"created_at": "2025-01-31T12:00:05+00:00"},
            "created_at '2025-01-31T12:00:05+00:00' is not like 2025-01-31T12:00:00Z",
        ),
        ({"created_at": "0001-01-01T00:00:00Z"}, None),
    ],
    ids=lambda value: f"{next(iter(value.items()))}"[:40] if isinstance(value, dict) else "",
)
def test_a_column_ends_where_its_range_does(change: dict[str, object], reason: str | None) -> None:
    read = samples.from_line(written(FIELDS | change))
    assert (read if isinstance(read, Malformed) else None) == (reason and Malformed(reason))


FILLED = {"prompt": "p", "reference": "r", "text": "t", "choices": ["a", "b"], "answer": 1, "rules": ["bullets=3"]}
EMPTY = {"prompt": "", "reference": "", "text": "", "choices": [], "answer": 0, "rules": []}
OWN = {
    "pair": {"prompt", "reference"},
    "text": {"text"},
    "choice": {"prompt", "choices", "answer"},
    "instruction": {"prompt", "rules"},
}


@pytest.mark.parametrize(("kind", "column"), [(kind, column) for kind in OWN for column in FILLED])
def test_a_kind_leaves_the_columns_of_others_empty_signed_or_not(kind: str, column: str) -> None:
    own = {name: FILLED[name] if name in OWN[kind] or name == column else empty for name, empty in EMPTY.items()}
    line = written(FIELDS | own | {"kind": kind})
    signed = written(FIELDS | own | {"kind": kind, "signature": ""})
    read = (samples.from_line(line), signing.from_line(signed))
    if column in OWN[kind]:
        assert [isinstance(one, Malformed) for one in read] == [False, False]
    else:
        assert read == (Malformed(f"kind {kind!r} with the columns of another"),) * 2


@pytest.mark.parametrize("start", [b'{"prompt":', b'{"extra":', b'{"choices":', b""], ids=lambda start: start.decode())
def test_deep_nesting_is_malformed_however_deep_python_may_recurse(start: bytes) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)  # as some libraries do: a parser that recurses then overflows the stack
    read = samples.from_line(start + b"[" * 500_000)
    sys.setrecursionlimit(limit)
    assert isinstance(read, Malformed)


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(FIELDS, sort_keys=True, ensure_ascii=False).encode(),
        json.dumps(FIELDS, sort_keys=True, separators=(",", ":")).encode(),
        json.dumps(dict(reversed(FIELDS.items())), separators=(",", ":"), ensure_ascii=False).encode(),
        GOLDEN_LINE.replace(b'{"anchor_block":4711', b'{"anchor_block":1,"anchor_block":4711'),
        GOLDEN_LINE.replace(b"pydoc", rb"p\u0079doc"),
    ],
    ids=["spaces", "escaped umlauts", "unsorted", "a doubled key", "an escaped letter"],
)
def test_no_second_spelling_of_a_sample_is_read(line: bytes) -> None:
    assert samples.from_line(line) == Malformed(samples.NOT_CANONICAL)


@given(any_sample)
def test_another_writer_gives_the_same_bytes(sample: Sample) -> None:
    assert written(json.loads(sample.canonical_bytes)) == sample.canonical_bytes


def test_a_sample_has_the_same_bytes_and_id_in_another_process() -> None:
    program = (
        "import sys; from evaluation.sources.sample import from_line; "
        "s = from_line(sys.stdin.buffer.read()); sys.stdout.buffer.write(s.id.encode() + s.canonical_bytes)"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=GOLDEN_LINE,
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONUTF8": "0"},
            capture_output=True,
            check=True,
        ).stdout
        for seed, locale in (("1", "C"), ("2", "POSIX"))
    }
    assert told == {GOLDEN.id.encode() + GOLDEN_LINE}


def test_a_refused_line_of_another_zone_changes_nothing_for_the_same_moment_in_ours() -> None:
    """Moments that are one are equal whatever their zones, and so may be taken for one another by what remembers."""
    moment = datetime(2031, 7, 8, 12, tzinfo=UTC)
    line, other = (
        re.sub(rb'"created_at":"[^"]*"', b'"created_at":"2031-07-08T' + told + b'"', GOLDEN_LINE)
        for told in (b"12:00:00Z", b"14:00:00+02:00")
    )
    assert isinstance(samples.from_line(other), Malformed)  # before anything has met the moment
    good = replace(GOLDEN, created_at=moment)
    assert good.canonical_bytes == line
    for _ in range(2):
        assert isinstance(samples.from_line(other), Malformed)
        assert samples.from_line(good.canonical_bytes) == good
    with pytest.raises(ValueError, match="is not UTC"):
        replace(good, created_at=moment.astimezone(timezone(timedelta(hours=2))))
    assert replace(good) == good


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
    assert [signing.is_authentic(case) for case in (signed, forged, foreign)] == [True, False, False]
    whole = signed.signature
    for garbled in ("no hex", "", whole.upper(), whole[:-1], whole[:-2], whole + "00", whole + "\n"):
        assert not signing.is_authentic(replace(signed, signature=garbled))


@given(st.data())
def test_one_changed_byte_of_a_signed_line_breaks_it(wallets: tuple[Wallet, ...], data: st.DataObject) -> None:
    line = signing.to_line(signing.sign(replace(GOLDEN, producer=wallets[0].hotkey), wallets[0]))
    place = data.draw(st.integers(0, len(line) - 1))
    changed = line[:place] + bytes([line[place] ^ data.draw(st.integers(1, 255))]) + line[place + 1 :]
    read = signing.from_line(changed)
    assert isinstance(read, Malformed) or not signing.is_authentic(read)


@pytest.mark.parametrize(
    "respelled",
    [
        lambda line: line.replace(b'","', b'", "', 1),
        lambda line: line.replace(b"pydoc", rb"p\u0079doc"),
        lambda line: line.replace(b'"answer":0,', b"").replace(b"{", b'{"answer":0,', 1),
        lambda line: line.replace(b'"signature":"', b'"signature":"00","signature":"'),
        lambda line: line + b" ",
    ],
    ids=["a space", "an escaped letter", "unsorted", "a doubled key", "a space at the end"],
)
def test_no_second_spelling_of_a_signed_line_is_read(wallets: tuple[Wallet, ...], respelled) -> None:
    line = signing.to_line(signing.sign(replace(GOLDEN, producer=wallets[0].hotkey), wallets[0]))
    assert (respelled(line) != line, signing.from_line(respelled(line))) == (True, Malformed(samples.NOT_CANONICAL))


def test_what_has_no_producer_has_no_signature(wallets: tuple[Wallet, ...]) -> None:
    ownerless = replace(GOLDEN, producer=None, netuid=None)
    bare = wallets[0].sign(signing.PURPOSE, ownerless.canonical_bytes).hex()
    assert not signing.is_authentic(signing.SignedSample(ownerless, bare))


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
