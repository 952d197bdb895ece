"""`leaderboard serve` as a process: says where it listens, and one line with the remedy where it cannot."""

import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

from typer.testing import CliRunner

from leaderboard.cli import app

ROOT = Path(__file__).parents[2]


def serve(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["serve", *arguments])
    return result.exit_code, result.stderr


def test_it_serves_until_it_is_told_to_stop(story: Path) -> None:
    command = [sys.executable, "-c", "from leaderboard.cli import app; app()", "serve", "--ledger", str(story)]
    server = subprocess.Popen([*command, "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        said = server.stdout.readline()
        found = re.fullmatch(rf"leaderboard of {re.escape(str(story))} at (http://127\.0\.0\.1:\d+)\n", said)
        assert found is not None
        with urllib.request.urlopen(f"{found[1]}/healthz", timeout=60) as answer:
            assert (answer.status, answer.read()) == (200, b'{"status":"ok"}')
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) in (0, -signal.SIGTERM)
    finally:
        server.kill()
        server.wait()


def test_a_port_in_use_is_one_line_with_the_remedy(story: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = serve("--ledger", str(story), "--port", str(port))
    fact, remedy = f"cannot listen on 127.0.0.1:{port} (Address already in use)", "choose another with --port or --host"
    assert answer == (2, f"error: {fact}: {remedy}\n")


def test_a_ledger_of_a_newer_version_is_one_line_with_the_remedy(story: Path, tmp_path: Path) -> None:
    newer = tmp_path / "ledger.db"
    newer.write_bytes(story.read_bytes())
    with sqlite3.connect(newer) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    code, said = serve("--ledger", str(newer))
    assert (code, said.count("\n")) == (2, 1)
    assert "update Crucible" in said


def test_a_ledger_that_is_not_there_yet_is_noted(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, said = serve("--ledger", str(tmp_path / "none.db"), "--port", str(taken.getsockname()[1]))
    note, error, rest = said.split("\n")
    assert (code, rest) == (2, "")
    assert note.startswith("note: no ledger at ")
    assert error.startswith("error: cannot listen")


def test_a_picture_without_chromium_says_what_to_install(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "screenshot"), "http://127.0.0.1:9/", str(tmp_path / "page.png")]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        "error: chromium is missing: install it with `apt-get install chromium`\n",
    )
