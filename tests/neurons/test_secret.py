"""A producer's secret: made once, for its owner alone, and never another."""

from pathlib import Path

import pytest

from neurons.secret import kept_secret


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "home" / "producer.secret"
    made = kept_secret(file)
    assert (len(made), kept_secret(file), file.stat().st_mode & 0o777) == (64, made, 0o600)
    assert kept_secret(tmp_path / "other.secret") != made


def test_what_is_no_secret_is_not_taken_for_one(tmp_path: Path) -> None:
    file = tmp_path / "producer.secret"
    file.write_text("hunter2", encoding="ascii")
    with pytest.raises(ValueError, match="holds no secret of 32 bytes in hex: remove it"):
        kept_secret(file)
