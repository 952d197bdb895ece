"""`scripts/install` with a pip that only writes down what it is asked for: what it installs and what it refuses."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PIP = """#!/usr/bin/env bash
echo "pip $*" >>"$LOG"
touch .venv/bin/crucible && chmod +x .venv/bin/crucible
"""
PYTHON = """#!/usr/bin/env bash
case "$*" in
*version_info*) exit 0 ;;
*metadata*) [ -n "${TORCH:-}" ] && echo "$TORCH" ;;
-m\\ venv*) mkdir -p .venv/bin && cp fake-pip .venv/bin/pip && cp "$0" .venv/bin/python && echo "$*" >>"$LOG" ;;
esac
"""


@dataclass(frozen=True)
class Clone:
    """A fresh clone whose Python makes environments with a pip that installs nothing."""

    folder: Path

    def install(self, **environment: str) -> tuple[int, str]:
        """Exit code and stderr."""
        python, log = self.folder / "fake-python", self.folder / "log"
        log.unlink(missing_ok=True)
        done = subprocess.run(
            [str(self.folder / "scripts" / "install")],
            env={"PATH": "/usr/bin:/bin", "PYTHON": str(python), "LOG": str(log)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    def asked(self) -> list[str]:
        """What the newest call asked of venv and pip, without the constraints."""
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [
            " ".join(w for w in line.split() if not w.startswith("/") and w not in ("-c", "--quiet")) for line in lines
        ]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    (tmp_path / "scripts").mkdir()
    for name in ("scripts/install", "scripts/constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name, text in (("fake-python", PYTHON), ("fake-pip", PIP)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return Clone(tmp_path)


def pinned() -> str:
    lines = (ROOT / "scripts" / "constraints.txt").read_text().splitlines()
    return next(line for line in lines if line.startswith("torch=="))


def test_a_fresh_clone_gets_the_pinned_torch_first_and_nothing_a_second_time(clone: Clone) -> None:
    assert clone.install() == (0, "")
    assert clone.asked() == ["-m venv .venv", f"pip install {pinned()}", "pip install -e .[dev]"]
    assert (clone.install(), clone.asked()) == ((0, ""), [])


def test_cuda_takes_the_newest_torch_and_later_calls_leave_it_alone(clone: Clone) -> None:
    clone.install()
    assert clone.install(CRUCIBLE_TORCH="cuda", CRUCIBLE_EXTRAS="dev,ray") == (0, "")
    assert clone.asked() == [
        "pip uninstall --yes torch",
        "pip install --upgrade torch",
        "pip install -e .[dev,ray]",
    ]
    assert (clone.install(), clone.asked()) == ((0, ""), [])


def test_skip_uses_the_torch_that_is_there_and_never_fetches_one(clone: Clone) -> None:
    assert clone.install(CRUCIBLE_TORCH="skip", TORCH="2.9.0+cu128") == (0, "")
    assert clone.asked() == ["-m venv --system-site-packages .venv", "pip install -e .[dev]"]


def test_skip_without_a_torch_is_refused_before_anything_is_made(clone: Clone) -> None:
    code, said = clone.install(CRUCIBLE_TORCH="skip")
    assert (code, said.count("\n"), "has no PyTorch: install it there first" in said) == (2, 1, True)
    assert (clone.asked(), (clone.folder / ".venv").exists()) == ([], False)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"CRUCIBLE_TORCH": "rocm"}, "error: CRUCIBLE_TORCH is 'rocm': it must be cpu, cuda or skip\n"),
        (
            {"PYTHON": "/bin/false"},
            "error: '/bin/false' is not Python 3.11 or newer: install one, or name it with PYTHON=/path/to/python3\n",
        ),
    ],
    ids=["torch", "python"],
)
def test_what_cannot_be_installed_is_one_line(clone: Clone, environment: dict[str, str], said: str) -> None:
    assert clone.install(**environment) == (2, said)
    assert not (clone.folder / ".venv").exists()
