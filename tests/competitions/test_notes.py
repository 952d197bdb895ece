"""Standing notes as text: one line, read back as it was written or refused with the value that breaks the rule."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.types import Block, Hotkey
from competitions.notes import MAX_BYTES, NotedKing, StandingNote, decode, encode, is_notes
from models.ref import Malformed

VALIDATOR = Hotkey("5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy")
MINER = Hotkey("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY")
KING = NotedKing(MINER, "ab" * 32, Block(4_000_001), Block(4_000_360), 0.062)
NOTE = StandingNote("chat", 12, "cd" * 32, KING)
VACANT = StandingNote("reasoning-3b", 0, None, None)

hex64 = st.text("0123456789abcdef", min_size=64, max_size=64)
blocks = st.integers(0, 10**9)
made_kings = st.builds(
    lambda hotkey, digest, ends, earned, confirmed: NotedKing(
        Hotkey(hotkey), digest, Block(min(ends)), Block(max(ends)), earned, confirmed
    ),
    st.from_regex(r"[A-Za-z0-9]{1,48}", fullmatch=True),
    hex64,
    st.tuples(blocks, blocks),
    st.floats(0, 1),
    st.booleans(),
)
made_notes = st.lists(
    st.builds(
        StandingNote,
        st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True),
        st.integers(0, 10**6),
        hex64 | st.none(),
        made_kings | st.none(),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda note: note.competition,
)


def test_golden_line() -> None:
    line = (
        "crucible/note1 5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy"
        " | chat 12 cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
        " king 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
        " abababababababababababababababababababababababababababababababab 4000001 4000360 0.062"
        " | reasoning-3b 0 - vacant"
    )
    assert encode([NOTE, VACANT], VALIDATOR) == line
    assert decode(line.encode(), VALIDATOR) == (NOTE, VACANT)


@given(made_notes)
def test_what_is_written_is_read_back(notes: list[StandingNote]) -> None:
    line = encode(notes, VALIDATOR)
    assert decode(line.encode(), VALIDATOR) == tuple(notes)
    assert is_notes(line.encode())


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda tail: encode([NOTE], VALIDATOR).encode() + tail))
def test_whatever_a_stranger_wrote_is_refused_or_means_one_line(data: bytes) -> None:
    read = decode(data, VALIDATOR)
    assert isinstance(read, Malformed) or encode(read, VALIDATOR).encode() == data


def test_three_notes_with_long_names_fit_and_four_do_not() -> None:
    notes = [replace(NOTE, competition=f"competition-of-them-{n}", number=99_999) for n in range(4)]
    assert 700 < len(encode(notes[:3], VALIDATOR)) <= MAX_BYTES
    with pytest.raises(ValueError, match=f"at most {MAX_BYTES} are read: commit fewer at a time"):
        encode(notes, VALIDATOR)


LINE = encode([NOTE], VALIDATOR)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (LINE.replace("note1", "note2"), "the first word is 'crucible/note2', and notes begin with 'crucible/note1'"),
        (LINE.replace(VALIDATOR, MINER), f"the notes are by '{MINER}' and count for no other, so not for {VALIDATOR}"),
        (LINE.split(" | ")[0], "there is no note in "),
        (LINE + " | " + LINE.split(" | ")[1], "each competition has one note, and these are of chat, chat"),
        (LINE + " more", "a note has 10 fields; this one needs 9: competition, round, bundle root, "),
        (LINE.replace(" king ", " vacant "), "a note has 9 fields; this one needs 4: competition, round, "),
        (LINE.split(" king ")[0] + " trial", "a note has 4 fields; this one needs 9: "),
        (LINE.split(" king ")[0] + " queen", "fourth field 'queen' is not 'vacant', 'king' or 'trial'"),
        (LINE.replace(" chat ", " Chat "), "competition 'Chat' is not lower-case letters"),
        (LINE.replace(" 12 ", " 012 "), "round '012' is not a number"),
        (LINE.replace("cd" * 32, "CD" * 32), "is not 64 lower-case hex digits, or '-'"),
        (LINE.replace("ab" * 32, "ab" * 31), "is not 64 lower-case hex digits"),
        (LINE.replace(MINER, "5Grw/aEF"), "hotkey '5Grw/aEF' is not an address of letters and digits"),
        (LINE.replace("4000360", "4000000"), "blocks '4000001 4000000' is not numbers, the first commit's before"),
        (LINE.replace("4000360", "-1"), "blocks '4000001 -1' is not"),
        (LINE.replace("0.062", "1.5"), "earned '1.5' is not a number from 0 to 1"),
        (LINE.replace("0.062", "nan"), "earned 'nan' is not"),
        (LINE.replace("0.062", "0.0620"), "earned '0.0620' is not"),
        (LINE.replace("0.062", "much"), "earned 'much' is not"),
        (LINE.replace("chat", "chät"), "are not ASCII"),
    ],
)
def test_what_breaks_a_rule_is_named_with_its_value(line: str, reason: str) -> None:
    read = decode(line.encode(), VALIDATOR)
    assert isinstance(read, Malformed), read
    assert reason in read.reason


def test_what_could_not_be_read_back_is_not_written() -> None:
    with pytest.raises(ValueError, match=r"earned '1.25' is not"):
        encode([replace(NOTE, king=replace(KING, earned=1.25))], VALIDATOR)


@pytest.mark.parametrize("text", [b"", b"crucible/1 chat", b"crucible/note", b"crucible/note12 x", b"x crucible/note1"])
def test_other_texts_are_no_notes(text: bytes) -> None:
    assert not is_notes(text)
