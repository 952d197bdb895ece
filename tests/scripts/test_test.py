"""`scripts/test` with a Python that only says how it was called: by how many processes it would run what."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "test"
TWO = "-m pytest -n 2 --dist worksteal"
THREADS = "OMP 1 PASSIVE"


def called(folder: Path, *arguments: str, **environment: str) -> list[str]:
    """The Python's arguments, and what it is told of threads."""
    for name, text in (("scripts/install", "exit 0"), (".venv/bin/python", _SAYS)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"#!/usr/bin/env bash\n{text}\n")
        (folder / name).chmod(0o755)
    script = shutil.copy(SCRIPT, folder / "scripts" / "test")
    return subprocess.check_output(
        [script, *arguments], env={"PATH": "/usr/bin:/bin"} | environment, text=True
    ).splitlines()


_SAYS = """echo "$*"
echo "OMP $OMP_NUM_THREADS $OMP_WAIT_POLICY"
"""


@pytest.mark.parametrize(
    ("arguments", "workers", "command"),
    [
        ("", "", TWO),
        ("tests/chain -x", "", f"{TWO} tests/chain -x"),
        ("tests/chain", "4", "-m pytest -n 4 --dist worksteal tests/chain"),
        ("tests/chain", "1", "-m pytest tests/chain"),
        ("tests/chain/test_clock.py", "", "-m pytest tests/chain/test_clock.py"),
        ("-x tests/chain/test_clock.py::test_rounds", "", "-m pytest -x tests/chain/test_clock.py::test_rounds"),
        ("tests/chain --pdb", "", "-m pytest tests/chain --pdb"),
        ("-s tests/chain", "4", "-m pytest -s tests/chain"),
    ],
    ids=["all", "folder", "four", "one", "file", "test", "debugger", "output"],
)
def test_two_processes_run_the_tests_but_for_single_files_and_what_wants_the_terminal(
    tmp_path: Path, arguments: str, workers: str, command: str
) -> None:
    assert called(tmp_path, *arguments.split(), CRUCIBLE_TEST_WORKERS=workers) == [command, THREADS]


def test_threads_that_were_asked_for_are_left_alone(tmp_path: Path) -> None:
    assert called(tmp_path, OMP_NUM_THREADS="2", OMP_WAIT_POLICY="ACTIVE") == [TWO, "OMP 2 ACTIVE"]
