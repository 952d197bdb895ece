"""Run `python -m tests.attacks.without_defences`: each defence outside the contest is switched off, and what then fails
is told. Exit status 1 where a test passes all the same.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.attacks.elsewhere import ELSEWHERE

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 180


DEFENCES = tuple(dict.fromkeys(one.defences for one in ELSEWHERE))
"""Whatever is switched off together: mostly one alone."""


def tests_of(defences: tuple[str, ...]) -> tuple[str, ...]:
    """Every test that shows what they stop."""
    return tuple(dict.fromkeys(test for one in ELSEWHERE if one.defences == defences for test in one.tests))


def survivors(defences: tuple[str, ...]) -> list[str]:
    """The tests that pass though these are switched off; whoever never ends has failed."""
    tests = tests_of(defences)
    asked = ["-p", "tests.attacks.switched_off", *(f"--without={name}" for name in defences)]
    asked += ["-p", "no:cacheprovider", "-rA", "--tb=no"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *asked, *tests],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with all that it started
        process.wait()
        return []
    failed = [line.partition(" ")[2] for line in said.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    if process.returncode not in (0, 1):
        raise AssertionError(f"without {defences} the tests could not be run:\n{said}")
    return [test for test in tests if not any(one.startswith(test) for one in failed)]


def main() -> int:
    """Tell of every defence what fails without it."""
    passed = 0
    for defences in DEFENCES:
        every, left = tests_of(defences), survivors(defences)
        passed += len(left)
        told = f"{len(every) - len(left)} of {len(every)} fail{''.join(f'; passes: {test}' for test in left)}"
        print(f"without {' and '.join(defences)}: {told}", flush=True)  # noqa: T201 - the answer
    return int(passed > 0)


if __name__ == "__main__":
    sys.exit(main())
