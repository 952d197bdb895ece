"""What was cut short waits for its next attempt, for nobody else, and not for ever."""

import os
import time

from hub.checksums import Fingerprint
from hub.unfinished import Unfinished, partial_name


def test_a_revisions_folder_is_the_same_next_time_and_another_for_another(tmp_path):
    unfinished = Unfinished(tmp_path)
    with unfinished.held("hub", "alice/x", "1") as folder:
        (folder / "part").write_bytes(b"1")
    with unfinished.held("hub", "alice/x", "1") as again, unfinished.held("hub", "alice/x", "2") as other:
        assert (again, (again / "part").read_bytes(), list(other.iterdir())) == (folder, b"1", [])


def test_two_downloads_of_one_revision_do_not_share_a_folder(tmp_path):
    with Unfinished(tmp_path).held("x") as first, Unfinished(tmp_path).held("x") as second:
        assert (first.is_dir(), second) == (True, None)
    with Unfinished(tmp_path).held("x") as third:
        assert third == first


def test_an_empty_folder_goes_when_done(tmp_path):
    with Unfinished(tmp_path).held("x"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_nobody_went_on_with_for_too_long_goes_but_not_what_is_in_use(tmp_path):
    unfinished = Unfinished(tmp_path, kept_s=100)
    folders = {}
    for name in ("old", "new", "held"):
        with unfinished.held(name) as folder:
            (folder / "part").write_bytes(b"1")
        folders[name] = folder
    with unfinished.held("held"):
        for name in ("old", "held"):
            for path in (folders[name] / "part", folders[name]):
                os.utime(path, (time.time() - 101,) * 2)
        with unfinished.held("another"):
            assert {name for name, folder in folders.items() if folder.exists()} == {"new", "held"}


def test_all_but_what_is_in_use_can_be_dropped(tmp_path):
    unfinished = Unfinished(tmp_path)
    with unfinished.held("cut") as cut:
        (cut / "part").write_bytes(b"1")
    with unfinished.held("held") as held:
        unfinished.drop()
        assert (cut.exists(), held.exists()) == (False, True)


def test_a_partial_file_is_named_by_all_that_it_must_become():
    first = Fingerprint("a", 1, "s", "g")
    others = [
        Fingerprint("b", 1, "s", "g"),
        Fingerprint("a", 2, "s", "g"),
        Fingerprint("a", 1, "t", "g"),
        Fingerprint("a", 1, None, "g"),
    ]
    names = {partial_name(one) for one in (first, *others)}
    assert (len(names), partial_name(Fingerprint("a", 1, "s", "other"))) == (5, partial_name(first))
