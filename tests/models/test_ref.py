"""The committed line: golden vector, round trip, and that no stranger's bytes make the decoder raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ref import CLEAR, MAX_SEALED_BYTES, Malformed, ModelRef, decode_sealed, encode_sealed

REF = ModelRef("answers", "alice/tiny-llama.v2", "0123456789abcdef0123456789abcdef01234567", "ab" * 32)
LINE = (
    "crucible/1 answers alice/tiny-llama.v2 0123456789abcdef0123456789abcdef01234567 "
    "abababababababababababababababababababababababababababababababab"
)

PART = st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9])?", fullmatch=True).filter(
    lambda part: "--" not in part and ".." not in part and not part.endswith(".git")
)
REFS = st.builds(
    ModelRef,
    competition=st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True),
    repo=st.builds("{}/{}".format, PART, PART),
    revision=st.text("0123456789abcdef", min_size=40, max_size=40),
    digest=st.text("0123456789abcdef", min_size=64, max_size=64),
)


def test_the_line_is_the_golden_one():
    assert (encode_sealed(REF), decode_sealed(LINE.encode()), CLEAR) == (LINE, REF, b"crucible/1")


@given(REFS)
def test_every_pointer_is_read_back_from_one_short_ascii_line(ref: ModelRef):
    line = encode_sealed(ref)
    assert decode_sealed(line.encode("ascii")) == ref
    assert len(line) <= MAX_SEALED_BYTES
    assert line.splitlines() == [line]


@given(st.binary(max_size=1200) | st.text().map(lambda text: b"crucible/1 " + text.encode()))
def test_no_bytes_make_the_decoder_raise(data: bytes):
    decoded = decode_sealed(data)
    assert isinstance(decoded, Malformed) or encode_sealed(decoded).encode() == data


@given(REFS, st.data())
def test_a_changed_byte_is_never_read_as_the_same_pointer(ref: ModelRef, data: st.DataObject):
    line = bytearray(encode_sealed(ref).encode())
    line[data.draw(st.integers(0, len(line) - 1))] ^= data.draw(st.integers(1, 255))
    assert decode_sealed(bytes(line)) != ref


VERSION = "the pointer's version is {}; known is 'crucible/1'"
FIELDS = "the pointer has {} fields; it needs 4: competition, repository, revision, digest"
REVISION = "revision {!r} is not 40 lower-case hex digits"
REPOSITORY = "repository {!r} is no namespace/name of letters, digits, '-', '_' and '.'"
DIGEST = "digest '{}'… is not 64 lower-case hex digits"

REFUSED = {
    "later version": (LINE.replace("crucible/1", "crucible/2"), VERSION.format("'crucible/2'")),
    "nothing": ("", VERSION.format("''")),
    "extra field": (LINE + " more", FIELDS.format(5)),
    "two pointers": (LINE + LINE[10:], FIELDS.format(8)),
    "two spaces": (LINE.replace(" ", "  "), FIELDS.format(8)),
    "line end": (LINE + "\n", DIGEST.format("ab" * 30)),
    "upper-case digest": (LINE.replace("abab", "ABAB", 1), DIGEST.format("ABAB" + "ab" * 28)),
    "upper-case revision": (LINE.replace("9abc", "9ABC", 1), REVISION.format(REF.revision.replace("9abc", "9ABC", 1))),
    "branch": (LINE.replace(REF.revision, "main"), REVISION.format("main")),
    "way out": (LINE.replace("alice/", "alice/../bob/"), REPOSITORY.format("alice/../bob/tiny-llama.v2")),
    "no namespace": (LINE.replace("alice/", ""), REPOSITORY.format("tiny-llama.v2")),
    "odd competition": (
        LINE.replace("answers", "Answers!"),
        "competition 'Answers!' is no name: lower-case letters, digits and dashes, at most 32",
    ),
    "not ASCII": (
        LINE.replace("alice", "\xe4lice"),
        f"the pointer b'crucible/1 answers \\xc3\\xa4{LINE[20:59]}'… is not ASCII",
    ),
    "too long": (LINE + "a" * 700, f"the pointer has {len(LINE) + 700} bytes; at most 700 are read"),
}


@pytest.mark.parametrize(("line", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_line_that_is_no_pointer_is_refused_with_the_value_named(line: str, reason: str):
    assert decode_sealed(line.encode()) == Malformed(reason)


def test_a_pointer_that_could_not_be_read_back_is_not_written():
    with pytest.raises(ValueError, match="revision 'main' is not 40 lower-case hex digits"):
        encode_sealed(ModelRef("answers", "alice/model", "main", "ab" * 32))
