"""The committed lines: golden vectors, round trips, and that no stranger's bytes make a decoder raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.types import Hotkey
from models.ref import (
    CLEAR,
    MAX_CLEAR_BYTES,
    MAX_SEALED_BYTES,
    WITHDRAWN,
    Foreign,
    HashedRef,
    Malformed,
    Marker,
    ModelRef,
    Withdrawal,
    decode_clear,
    decode_sealed,
    encode_hashed,
    encode_sealed,
    matches,
    secure_hash,
)

ALICE = Hotkey("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY")
BOB = Hotkey("5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty")
REF = ModelRef("answers", "alice/tiny-llama.v2", "0123456789abcdef0123456789abcdef01234567", "ab" * 32)
LINE = (
    "crucible/1 answers alice/tiny-llama.v2 0123456789abcdef0123456789abcdef01234567 "
    "abababababababababababababababababababababababababababababababab "
    "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
)
FIELD_LINE = b"acme:chat-7b:0123456789abcdef0123456789abcdef01234567:wApZ0YXH1GkLWkEcy8/T5v7nTizH0TyOuwRuA9KXq0I=:2"
"""The predecessor's line, by its own rule: a directory's hash in place of our digest, and numbers for competitions."""
FIELD_DIGEST = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
HOTKEYS = st.text(BASE58, min_size=48, max_size=48).map(Hotkey)
PART = st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9])?", fullmatch=True).filter(
    lambda part: "--" not in part and ".." not in part and not part.endswith(".git")
)
HEX = "0123456789abcdef"


def _refs(part: st.SearchStrategy[str], competition: str) -> st.SearchStrategy[ModelRef]:
    return st.builds(
        ModelRef,
        competition=st.from_regex(competition, fullmatch=True),
        repo=st.builds("{}/{}".format, part, part),
        revision=st.text(HEX, min_size=40, max_size=40),
        digest=st.text(HEX, min_size=64, max_size=64),
    )


REFS = _refs(PART, r"[a-z0-9][a-z0-9-]{0,31}")
SHORT_REFS = _refs(PART.filter(lambda part: len(part) <= 14), r"[a-z0-9][a-z0-9-]{0,11}")


def test_the_lines_are_the_golden_ones():
    sealed = encode_sealed(REF, ALICE), decode_sealed(LINE.encode(), ALICE)
    assert (*sealed, CLEAR, WITHDRAWN) == (LINE, REF, b"crucible/1", b"crucible/1 -")


def test_the_predecessors_line_is_read_and_its_hash_is_that_of_digest_and_hotkey():
    read = decode_clear(FIELD_LINE)
    assert read == HashedRef("2", "acme/chat-7b", REF.revision, secure_hash(FIELD_DIGEST, ALICE))
    assert (matches(read, FIELD_DIGEST, ALICE), matches(read, FIELD_DIGEST, BOB)) == (True, False)


@given(REFS, HOTKEYS)
def test_every_pointer_is_read_back_from_one_short_ascii_line(ref: ModelRef, hotkey: Hotkey):
    line = encode_sealed(ref, hotkey)
    assert decode_sealed(line.encode("ascii"), hotkey) == ref
    assert len(line) <= MAX_SEALED_BYTES
    assert line.splitlines() == [line]


@given(SHORT_REFS, HOTKEYS)
def test_every_short_pointer_is_read_back_from_its_line_in_clear(ref: ModelRef, hotkey: Hotkey):
    line = encode_hashed(ref, hotkey)
    read = decode_clear(line.encode("ascii"))
    assert read == HashedRef(ref.competition, ref.repo, ref.revision, secure_hash(ref.digest, hotkey))
    assert (matches(read, ref.digest, hotkey), len(line) <= MAX_CLEAR_BYTES) == (True, True)


@given(SHORT_REFS, HOTKEYS, HOTKEYS)
def test_a_line_copied_under_another_hotkey_is_worthless_in_both_encodings(ref: ModelRef, one: Hotkey, other: Hotkey):
    copied = decode_clear(encode_hashed(ref, one).encode())
    assert isinstance(copied, HashedRef)
    assert matches(copied, ref.digest, other) == (one == other)
    assert (decode_sealed(encode_sealed(ref, one).encode(), other) == ref) == (one == other)


@given(REFS, HOTKEYS)
def test_a_pointer_too_long_for_a_clear_field_is_refused_by_as_many_bytes_as_it_is_too_long(ref: ModelRef, key: Hotkey):
    length = sum(map(len, (ref.repo, ref.competition))) + 40 + 44 + 3
    if length <= MAX_CLEAR_BYTES:
        assert len(encode_hashed(ref, key)) == length
        return
    with pytest.raises(ValueError, match=rf" takes {length} bytes .* shorten the repository's name by {length - 128},"):
        encode_hashed(ref, key)


COLONS = st.lists(st.binary(max_size=50), min_size=5, max_size=5).map(b":".join)


@given(st.binary(max_size=1200) | st.text().map(lambda text: b"crucible/1 " + text.encode()) | COLONS, HOTKEYS)
def test_no_bytes_make_a_decoder_raise(data: bytes, hotkey: Hotkey):
    sealed, clear = decode_sealed(data, hotkey), decode_clear(data)
    assert isinstance(sealed, Malformed) or encode_sealed(sealed, hotkey).encode() == data
    assert isinstance(clear, HashedRef | Withdrawal | Marker | Foreign | Malformed)


@given(REFS, st.data())
def test_a_changed_byte_is_never_read_as_the_same_pointer(ref: ModelRef, data: st.DataObject):
    line = _changed(encode_sealed(ref, ALICE), data)
    assert decode_sealed(line, ALICE) != ref


@given(SHORT_REFS, st.data())
def test_a_changed_byte_in_clear_is_never_read_as_the_same_pointer(ref: ModelRef, data: st.DataObject):
    line = encode_hashed(ref, ALICE)
    assert decode_clear(_changed(line, data)) != decode_clear(line.encode())


def _changed(line: str, data: st.DataObject) -> bytes:
    changed = bytearray(line.encode())
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    return bytes(changed)


VERSION = "the pointer's version is {}; known is 'crucible/1'"
FIELDS = "the pointer has {} fields; it needs 5: competition, repository, revision, digest, hotkey"
REVISION = "revision {!r} is not 40 lower-case hex digits"
REPOSITORY = "repository {!r} is no namespace/name of letters, digits, '-', '_' and '.'"
DIGEST = "digest '{}'… is not 64 lower-case hex digits"
COMPETITION = "competition {!r} is no name: lower-case letters, digits and dashes, at most 32, the first no dash"
ANOTHERS = "the pointer was sealed for hotkey {!r} and counts for no other, so not for " + ALICE

REFUSED = {
    "later version": (LINE.replace("crucible/1", "crucible/2"), VERSION.format("'crucible/2'")),
    "nothing": ("", VERSION.format("''")),
    "extra field": (LINE + " more", FIELDS.format(6)),
    "two pointers": (LINE + LINE[10:], FIELDS.format(10)),
    "doubled field": (LINE.replace("answers", "answers answers"), FIELDS.format(6)),
    "two spaces": (LINE.replace(" ", "  "), FIELDS.format(10)),
    "for nobody": (LINE.rpartition(" ")[0], FIELDS.format(4)),
    "truncated": (LINE[:-1], ANOTHERS.format(ALICE[:-1])),
    "of another hotkey": (LINE.replace(ALICE, BOB), ANOTHERS.format(BOB)),
    "line end": (LINE + "\n", ANOTHERS.format(ALICE + "\n")),
    "upper-case digest": (LINE.replace("abab", "ABAB", 1), DIGEST.format("ABAB" + "ab" * 28)),
    "upper-case revision": (LINE.replace("9abc", "9ABC", 1), REVISION.format(REF.revision.replace("9abc", "9ABC", 1))),
    "branch": (LINE.replace(REF.revision, "main"), REVISION.format("main")),
    "way out": (LINE.replace("alice/", "alice/../bob/"), REPOSITORY.format("alice/../bob/tiny-llama.v2")),
    "no namespace": (LINE.replace("alice/", ""), REPOSITORY.format("tiny-llama.v2")),
    "odd competition": (LINE.replace("answers", "Answers!"), COMPETITION.format("Answers!")),
    "not ASCII": (
        LINE.replace("alice", "\xe4lice"),
        f"the pointer b'crucible/1 answers \\xc3\\xa4{LINE[20:59]}'… is not ASCII",
    ),
    "too long": (LINE + "a" * 700, f"the pointer has {len(LINE) + 700} bytes; at most 700 are read"),
}


@pytest.mark.parametrize(("line", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_line_that_is_no_pointer_is_refused_with_the_value_named(line: str, reason: str):
    assert decode_sealed(line.encode(), ALICE) == Malformed(reason)


OWN = "the clear text b'{}' is neither 'crucible/1' (beside a sealed pointer) nor 'crucible/1 -' (to withdraw)"
HASH = "secure hash {!r} is not 32 bytes in base64"
HASHED = FIELD_LINE.decode()
HASH_TEXT = "wApZ0YXH1GkLWkEcy8/T5v7nTizH0TyOuwRuA9KXq0I="

IN_CLEAR = {
    "marker": (CLEAR, Marker()),
    "withdrawal": (WITHDRAWN, Withdrawal()),
    "nothing": (b"", Foreign()),
    "a producer's batch": (b"b1:acme/samples:" + b"A" * 27 + b":" + b"A" * 43, Foreign()),
    "another subnet's": (b'{"ip":"10.0.0.1","port":8091}', Foreign()),
    "another language": ("Привет, мир: 你好".encode(), Foreign()),
    "binary": (bytes(range(128, 256)), Foreign()),
    "a link": (b"https://x", Foreign()),
    "later version": (b"crucible/2 -", Malformed(OWN.format("crucible/2 -"))),
    "withdrawal and more": (b"crucible/1 - -", Malformed(OWN.format("crucible/1 - -"))),
    "a sealed line": (b"crucible/1 answers a/b", Malformed(OWN.format("crucible/1 answers a/b"))),
    "short hash": (HASHED.replace(HASH_TEXT, "AA=="), Malformed(HASH.format("AA=="))),
    "the same hash in other letters": (HASHED.replace("0I=", "0J="), Malformed(HASH.format(HASH_TEXT[:-2] + "J="))),
    "short revision": (HASHED.replace("0123456789abcdef", ""), Malformed(REVISION.format("01234567"))),
    "two colons": (HASHED.replace("acme:chat-7b:", "acme::"), Malformed(REPOSITORY.format("acme/"))),
    "odd competition": (HASHED.replace(":2", ":Chess"), Malformed(COMPETITION.format("Chess"))),
    "not ASCII": (
        HASHED.replace("acme", "äcme")[:-1],
        Malformed("the pointer b'\\xc3\\xa4cme:chat-7b:0123456789abcdef0123456789abcdef01234567:wApZ0'… is not ASCII"),
    ),
    "too long": (
        HASHED + "2" * 128,
        Malformed(f"the pointer has {len(HASHED) + 128} bytes; at most 128 are read in clear"),
    ),
}


@pytest.mark.parametrize(("text", "meaning"), IN_CLEAR.values(), ids=IN_CLEAR.keys())
def test_a_clear_field_is_told_apart_from_what_was_never_meant_for_us(text: bytes | str, meaning: object):
    assert decode_clear(text.encode() if isinstance(text, str) else text) == meaning


@pytest.mark.parametrize("encode", [encode_sealed, encode_hashed])
@pytest.mark.parametrize(
    ("ref", "fault"),
    [
        (ModelRef("answers", "alice/model", "main", "ab" * 32), "revision 'main' is not 40 lower-case hex digits"),
        (ModelRef("answers", "alice/model", "0" * 40, "AB"), "digest 'AB' is not 64 lower-case hex digits"),
        (ModelRef("-", "alice/model", "0" * 40, "ab" * 32), "competition '-' is no name"),
        (
            ModelRef("answers", "alice/my model", "0" * 40, "ab" * 32),
            "repository 'alice/my model' is no namespace/name",
        ),
        (ModelRef("answers", "alice:model", "0" * 40, "ab" * 32), "repository 'alice:model' is no namespace/name"),
    ],
)
def test_a_pointer_that_could_not_be_read_back_is_not_written(encode, ref: ModelRef, fault: str):
    with pytest.raises(ValueError, match=fault):
        encode(ref, ALICE)
