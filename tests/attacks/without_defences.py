"""Run `python -m tests.attacks.without_defences`: each defence outside the contest is switched off, and what then fails
is told. Exit status 1 where a test passes all the same.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.attacks.elsewhere import ELSEWHERE, ELSEWHERE_OFF

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 180


def tests_of(defence: str) -> tuple[str, ...]:
    """Every test that shows what a defence stops."""
    return tuple(dict.fromkeys(test for one in ELSEWHERE if one.defence == defence for test in one.tests))


def survivors(defence: str) -> list[str]:
    """The tests that pass though the defence is switched off; whoever never ends has failed."""
    tests = tests_of(defence)
    asked = ["-p", "tests.attacks.switched_off", "--without", defence, "-p", "no:cacheprovider", "-rA", "--tb=no"]
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
        raise AssertionError(f"without {defence} the tests could not be run:\n{said}")
    return [test for test in tests if not any(one.startswith(test) for one in failed)]


def main() -> int:
    """Tell of every defence what fails without it."""
    passed = 0
    for defence in ELSEWHERE_OFF:
        every, left = tests_of(defence), survivors(defence)
        passed += len(left)
        told = f"{len(every) - len(left)} of {len(every)} fail{''.join(f'; passes: {test}' for test in left)}"
        print(f"without {defence}: {told}", flush=True)  # noqa: T201 - the answer
    return int(passed > 0)


if __name__ == "__main__":
    sys.exit(main())
