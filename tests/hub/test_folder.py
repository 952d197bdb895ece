"""What only the folder Hub can show: damage on its disk is noticed as on the real one's."""

from pathlib import Path

import pytest

from hub.archive import Archive
from hub.folder import FolderHub
from hub.port import CorruptDownload


@pytest.mark.parametrize("damaged", [b"BBBB", b"AAAAA", b"AAA"], ids=["other", "longer", "shorter"])
def test_damaged_content_is_noticed_and_not_kept(tmp_path: Path, damaged: bytes):
    hub = FolderHub(tmp_path / "hub", "alice")
    hub.create("alice/x", "model", private=True)
    revision = hub.upload_files("alice/x", "model", {"a.bin": b"AAAA"}, message="first")
    blobs = Archive(tmp_path / "hub").blobs
    blobs.path("63c1dd951ffedf6f7fd968ad4efa39b8ed584f162f46e715114ee184f8de9201").write_bytes(damaged)
    with pytest.raises(CorruptDownload):
        hub.fetch("alice/x", "model", revision, ["a.bin"], tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []
