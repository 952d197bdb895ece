"""Checksums agree with git's, and a stream passes only when it is the file named."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.checksums import Fingerprint, git_blob_sha1, verified
from hub.large_files import pointer_sha1
from hub.port import CorruptDownload

chunks = st.lists(st.binary(max_size=8), max_size=6)


@pytest.mark.parametrize(
    ("content", "object_id"),
    [
        (b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
    ],
)
def test_the_id_of_a_file_is_gits(content, object_id):
    assert git_blob_sha1(content) == object_id


def test_a_large_file_is_to_git_its_pointer():
    sha256 = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize 12345\n"
    assert pointer_sha1(sha256, 12345) == git_blob_sha1(text.encode())


def fingerprint(content: bytes, large: bool) -> Fingerprint:
    sha256 = hashlib.sha256(content).hexdigest()
    return Fingerprint("x", len(content), sha256 if large else None, "0" * 40 if large else git_blob_sha1(content))


@given(pieces=chunks, large=st.booleans())
def test_the_right_bytes_pass_however_they_are_cut(pieces, large):
    content = b"".join(pieces)
    assert b"".join(verified(pieces, fingerprint(content, large))) == content


@given(pieces=chunks, other=st.binary(max_size=20), large=st.booleans())
def test_any_other_bytes_are_refused(pieces, other, large):
    if b"".join(pieces) != other:
        with pytest.raises(CorruptDownload):
            list(verified(pieces, fingerprint(other, large)))


def test_a_stream_is_cut_at_the_first_byte_too_many():
    def endless():
        while True:
            yield b"xx"

    stream = verified(endless(), fingerprint(b"xxx", large=True))
    assert next(stream) == b"xx"
    with pytest.raises(CorruptDownload, match="more than the 3 bytes named"):
        next(stream)
