"""A user's quota counts every file once, from whatever side it comes, and is given back by deleting."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.huggingface import HuggingFaceHub
from hub.large_files import ATTRIBUTES
from hub.port import Denied
from localnet.hub_server.quota import Allowance, QuotaExceeded
from localnet.hub_server.server import serving
from localnet.hub_server.store import HubStore

FREE = 1000
"""Bytes that alice may keep beside the first repository's own file."""


@pytest.fixture
def hub(tmp_path: Path):
    """Alice's Hub with an empty repository and room for 1,000 bytes more."""
    store = HubStore(tmp_path)
    store.accounts.set_quota("alice", len(ATTRIBUTES) + FREE)
    token = store.add_user("alice")
    with serving(tmp_path) as endpoint:
        hub = HuggingFaceHub(endpoint, token)
        hub.create("alice/x", "model", private=True)
        yield hub


def upload(hub: HuggingFaceHub, path: str, content: bytes) -> str:
    return hub.upload_files("alice/x", "model", {path: content}, message="more")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60)), max_size=8), st.integers(0, 100))
def test_no_sequence_of_files_goes_beyond_the_limit(files, limit):
    allowance = Allowance(limit, {})
    for name, size in files:
        before = dict(allowance.kept)
        try:
            allowance.take(name, size)
        except QuotaExceeded:
            assert (allowance.kept, sum(before.values()) + size > limit) == (before, True)
    assert sum(allowance.kept.values()) <= limit


@pytest.mark.parametrize("path", ["large.bin", "regular.txt"])
def test_the_last_byte_fits_and_one_more_does_not(hub, path):
    with pytest.raises(Denied, match="Storage limit reached"):
        upload(hub, path, b"x" * (FREE + 1))
    upload(hub, path, b"x" * FREE)
    assert [file.size for file in hub.describe("alice/x", "model").files] == [len(ATTRIBUTES), FREE]


def test_the_same_bytes_count_once(hub):
    upload(hub, "one.bin", b"x" * FREE)
    upload(hub, "two.bin", b"x" * FREE)
    sizes = {file.path: file.size for file in hub.describe("alice/x", "model").files}
    assert (sizes["one.bin"], sizes["two.bin"]) == (FREE, FREE)


def test_history_counts_until_its_repository_is_deleted(hub, tmp_path):
    upload(hub, "a.bin", b"x" * 600)
    with pytest.raises(Denied):
        upload(hub, "a.bin", b"y" * 600)
    store = HubStore(tmp_path)
    store.delete(store.archive.find("alice/x", "model"))
    hub.create("alice/x", "model", private=True)
    upload(hub, "a.bin", b"y" * 600)
    with pytest.raises(Denied):
        upload(hub, "b.bin", b"x" * 600)


def test_quotas_are_each_users_own(hub, tmp_path):
    bob = HuggingFaceHub(hub._endpoint, HubStore(tmp_path).add_user("bob"))
    bob.create("bob/x", "model", private=True)
    bob.upload_files("bob/x", "model", {"a.bin": b"z" * 5000}, message="more")
    upload(hub, "a.bin", b"x" * FREE)
    kept = HubStore(tmp_path)
    assert [sum(kept.kept(user).values()) for user in ("alice", "bob")] == [
        len(ATTRIBUTES) + FREE,
        len(ATTRIBUTES) + 5000,
    ]
