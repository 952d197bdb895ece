"""What wandb is told stays in the validator's own folder."""

import os
import subprocess
import sys
from pathlib import Path

LOGGED = """
import sys
from pathlib import Path
from chain.types import Block
from competitions.records import RoundOutcome
from neurons.reporting import open_reporter
reporter = open_reporter("offline", Path(sys.argv[1]), "crucible", {})
reporter.round_closed("answers", 0, Block(60), RoundOutcome((), None))
reporter.close()
"""


def test_rounds_logged_offline_leave_nothing_in_the_users_home(tmp_path: Path) -> None:
    user, validator = tmp_path / "user", tmp_path / "validator"
    user.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB", "XDG"))}
    command = [sys.executable, "-c", LOGGED, str(validator)]
    subprocess.run(command, env=kept | {"HOME": str(user)}, check=True, timeout=60)
    assert [path for path in user.rglob("*") if path.is_file()] == []
    assert len(list(validator.glob("wandb/offline-run-*/*.wandb"))) == 1
