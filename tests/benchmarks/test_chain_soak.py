"""The soak of the chain in a short form: the same processes and the same comparison, over fewer blocks."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_watch_that_misses_polls_records_all_that_happens_on_a_busy_subnet() -> None:
    sizes = ("--blocks", "300", "--uids", "24", "--ciphertexts", "3", "--seed", "7")
    command = [sys.executable, "-m", "benchmarks.chain_soak", *sizes]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    happened = {name for name in ("registrations", "commitments", "openings", "withdrawals", "live") if told[name] > 0}
    assert (told["differences"], len(happened)) == (0, 5), told
