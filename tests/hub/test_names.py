"""Names are accepted exactly where the vendor's client accepts them, so nothing passes here and fails there."""

import pytest
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils._validators import validate_repo_id
from hypothesis import given
from hypothesis import strategies as st

from hub.names import check_commit, check_path, split_repo
from hub.port import InvalidName

part = st.text(alphabet="ab9_-.é/ ", max_size=6) | st.sampled_from(["a" * 96, "a" * 97, "x.git", "a--b", "a..b"])


@given(namespace=part, name=part)
def test_repository_names_are_those_the_client_takes(namespace, name):
    repo = f"{namespace}/{name}"
    try:
        validate_repo_id(repo)
    except HFValidationError:
        with pytest.raises(InvalidName):
            split_repo(repo)
    else:
        # The client lets a namespace end in `.git`; no user can have such a name.
        assert namespace.endswith(".git") or split_repo(repo) == (namespace, name)


@given(st.lists(st.text(alphabet="aé ._-~%?#&", min_size=1, max_size=5), min_size=1, max_size=4))
def test_a_clean_path_is_returned_and_never_leaves_its_folder(parts):
    path = "/".join(parts)
    if {".", ".."} & set(parts):
        with pytest.raises(InvalidName):
            check_path(path)
    else:
        assert check_path(path) == path


def test_a_path_may_be_1024_characters_long():
    assert check_path("a" * 1024) == "a" * 1024
    with pytest.raises(InvalidName):
        check_path("a" * 1025)


@pytest.mark.parametrize("revision", ["main", "a" * 39, "a" * 41, "A" * 40, "a" * 40 + "\n"])
def test_only_a_full_commit_id_pins(revision):
    with pytest.raises(InvalidName, match="40 hex digits"):
        check_commit(revision)
