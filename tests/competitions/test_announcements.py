"""Announcements of tables as lines and files, which table holds when, and what a table may not change."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.types import Block, NetUid
from competitions.announcement_codec import (
    SignedTable,
    decode,
    encode,
    from_file,
    path_of,
    signed_bytes,
    to_file,
)
from competitions.announcements import NOTICE_BLOCKS, Announcement, is_announcement, is_in_time
from competitions.spec import Table
from competitions.succession import Chapter, Succession, objections, stand
from competitions.table import competition_named
from models.ref import Malformed, decode_clear
from neurons import tables

GOLDEN = b"crucible/table1 crucible/tables q80Azauze-YBI0VniavN7xEiM0RVZneImaq7zN3u_xE 10302400 1"
ANNOUNCED = Announcement(
    "crucible/tables", "abcd00cdabb37be60123456789abcdef11223344556677889" + "9aabbccddeeff11", Block(10_302_400)
)
POCKET = tables.load("pocket")


def without(table: Table, name: str) -> Table:
    """The table with one competition less."""
    return replace(table, competitions=tuple(one for one in table.competitions if one.name != name))


def test_the_line_is_as_it_ever_was() -> None:
    assert (encode(ANNOUNCED), decode(GOLDEN)) == (GOLDEN, ANNOUNCED)


@given(st.binary(max_size=130) | st.binary(max_size=100).map(lambda tail: b"crucible/table1 " + tail))
def test_whatever_is_committed_is_read_as_a_value_and_what_is_read_is_written_alike(raw: bytes) -> None:
    read = decode(raw)
    assert isinstance(read, Malformed) or encode(read) == raw


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (GOLDEN.replace(b"table1", b"table2"), "the first word is 'crucible/table2'"),
        (GOLDEN + b" 1", "has 5 fields; it needs 4: repository, digest, activation block, reader"),
        (GOLDEN.replace(b"crucible/tables", b"tables"), "repository 'tables' is not namespace/name"),
        (GOLDEN.replace(b"_xE", b"_xF"), "digest 'q80Azauze-YBI0VniavN7xEiM0RVZneImaq7zN3u_xF' is not 32 bytes"),
        (GOLDEN.replace(b"10302400", b"010302400"), "activation block '010302400' is not a block's number"),
        (GOLDEN.replace(b" 1", b" x"), "activation block 'x0302400' is not"),
        (GOLDEN + b"\xff", "is not ASCII of at most 128 bytes"),
    ],
)
def test_a_line_that_is_none_says_why(line: bytes, why: str) -> None:
    read = decode(line)
    assert isinstance(read, Malformed)
    assert why in read.reason


def test_a_repository_too_long_for_a_commitment_is_refused_with_the_excess() -> None:
    fits = replace(ANNOUNCED, repo="a" * 28 + "/" + "b" * 28)
    assert len(encode(fits)) == 128
    with pytest.raises(ValueError, match="shorten the repository's name by 1"):
        encode(replace(fits, repo=fits.repo + "b"))


def test_only_the_first_word_makes_an_announcement() -> None:
    asked = [GOLDEN, b"crucible/table1", b"crucible/table10 x", b"crucible/1 -", b""]
    assert [is_announcement(raw) for raw in asked] == [True, True, False, False, False]
    assert isinstance(decode_clear(GOLDEN), Malformed), (
        "to the reader of pointers it is none, so it must be asked first"
    )


def test_notice_is_counted_from_the_announcements_block() -> None:
    block = Block(ANNOUNCED.activation - NOTICE_BLOCKS)
    assert (is_in_time(ANNOUNCED, block), is_in_time(ANNOUNCED, Block(block + 1))) == (True, False)


def test_a_file_is_read_as_it_was_written_and_stays_a_table() -> None:
    signed = SignedTable(tables.read("pocket") + "# é\r\n", bytes(range(64)))
    assert from_file(to_file(signed)) == signed
    assert to_file(signed).startswith(b"# signed 000102")
    assert path_of("ab") == "tables/ab.toml"


@pytest.mark.parametrize(
    "content", [b"", b"# signed 00\nx", b"burn_uid = 0", b"# signed " + b"0" * 128 + b"\n\xff"], ids=repr
)
def test_a_file_without_signature_or_text_is_malformed(content: bytes) -> None:
    assert isinstance(from_file(content), Malformed)


def test_a_signature_is_for_one_chain_subnet_block_and_text() -> None:
    said = ("0xabc", NetUid(3), Block(700), "text")
    digest = "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1"
    assert signed_bytes(*said) == f"0xabc\n3\n700\n{digest}".encode()
    others = [
        ("0xabd", *said[1:]),
        (said[0], NetUid(4), *said[2:]),
        (*said[:2], Block(701), "text"),
        (*said[:3], "txt"),
    ]
    assert len({signed_bytes(*said), *(signed_bytes(*other) for other in others)}) == 5


def test_a_newer_announcement_replaces_what_was_not_activated_when_it_came() -> None:
    announced = [(Block(100), Block(500)), (Block(200), Block(900)), (Block(900), Block(1_300))]
    assert (stand(announced), stand([])) == ([False, True, True], [])
    assert stand([(Block(100), Block(500)), (Block(499), Block(859))]) == [False, True]


def test_a_table_holds_from_its_activation_block_on_and_not_a_block_before() -> None:
    second, third = replace(POCKET, settle_blocks=7), replace(POCKET, settle_blocks=8)
    known = Succession(POCKET, (Chapter(Block(500), second), Chapter(Block(900), third)), Block(1_000))
    assert [known.at(Block(b)) for b in (0, 499, 500, 899, 900)] == [POCKET, POCKET, second, second, third]
    assert known.tables() == (POCKET, second, third)


@pytest.mark.parametrize(
    ("table", "read", "known"),
    [
        pytest.param(None, 1_000, 499, id="nobody has it"),
        pytest.param(POCKET, 498, 499, id="it may still be replaced"),
        pytest.param(POCKET, 499, 859, id="what was announced later is not read"),
    ],
)
def test_what_holds_is_unknown_where_a_table_is_not_had_or_may_be_replaced_or_announced(
    table: Table | None, read: int, known: int
) -> None:
    succession = Succession(POCKET, (Chapter(Block(500), table),), Block(read))
    assert succession.upto(Block(2_000)) == (known, POCKET)
    assert (succession.at(Block(known)), succession.at(Block(known + 1))) == (POCKET, None)


def test_a_model_is_taken_in_by_the_rules_of_its_commit_or_the_first_that_know_its_competition() -> None:
    only = without(POCKET, "text")
    known = Succession(only, (Chapter(Block(500), POCKET),), Block(600))
    told = [known.rules_of(name, Block(400)) for name in ("answers", "text", "nothing")]
    assert told == [competition_named(only, "answers"), competition_named(POCKET, "text"), None]
    early = Succession(only, known.later, Block(450))
    assert early.rules_of("text", Block(400)) is None, "that table may still be replaced"


def test_what_follows_may_change_anything_but_the_numbering_of_rounds() -> None:
    answers, text = POCKET.competitions
    other = replace(answers, first_block=Block(49), round_blocks=30)
    assert objections([POCKET], replace(POCKET, settle_blocks=9), Block(500)) == ()
    found = objections([POCKET], replace(POCKET, competitions=(other, text)), Block(500))
    assert [line.split(":")[0] for line in found] == [
        "competitions.answers.first_block",
        "competitions.answers.round_blocks",
    ]


def test_a_competition_goes_only_when_nobody_pays_it_any_more_and_never_comes_back() -> None:
    less = without(POCKET, "text")
    (paid,) = objections([POCKET], less, Block(500))
    assert paid.startswith("competitions.text: it is gone, and the table before pays it at block 500 or later")
    unpaid = replace(POCKET, schedule=(replace(POCKET.schedule[0], shares=(("answers", 1.0),)),))
    assert objections([unpaid], less, Block(500)) == ()
    (back,) = objections([unpaid, less], POCKET, Block(900))
    assert back.startswith("competitions.text: an earlier table had it")


def test_a_new_competition_begins_no_earlier_than_its_table_holds() -> None:
    text = POCKET.competitions[1]
    fresh = replace(text, name="fresh", first_block=Block(500))
    after = replace(POCKET, competitions=(*POCKET.competitions, fresh))
    assert objections([POCKET], after, Block(500)) == ()
    (early,) = objections([POCKET], after, Block(501))
    assert early.startswith("competitions.fresh.first_block: 500 lies before the activation at 501")
