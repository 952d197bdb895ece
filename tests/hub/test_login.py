"""The login's token is told to the official Hub alone."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from hub.login import stored_token
print(stored_token(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("https://huggingface.co", "hf_mine"),
        ("http://127.0.0.1:8000", None),
        ("https://huggingface.co.example", None),
        ("https://huggingface.co@example.org", None),
    ],
)
def test_the_logins_token_goes_to_no_other_hub(endpoint: str, told: str | None, tmp_path: Path):
    (tmp_path / "token").write_text("hf_mine")
    env = {"HF_HOME": str(tmp_path), "HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, endpoint], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{told}\n"
