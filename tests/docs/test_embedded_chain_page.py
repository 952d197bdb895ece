"""docs/embedded-chain.md: its commands, its calls and runtime APIs are those of the code, and its example runs."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer

from chain.embedded.dispatch import CALLS
from chain.embedded.runtime_api import METHODS
from localnet.chain_cli import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "embedded-chain.md").read_text(encoding="utf-8")


def arguments(command: Any) -> list[str]:
    """A command's arguments as its usage line shows them."""
    params = [param for param in command.params if param.param_type_name == "argument"]
    names = [param.metavar or param.name.upper() for param in params]
    return [name if param.required else f"[{name}]" for name, param in zip(names, params, strict=True)]


def test_the_page_lists_every_command_with_its_arguments_and_no_other() -> None:
    listed = [row.split() for row in re.findall(r"^\| `([a-z].*?)` \|", PAGE, re.MULTILINE)]
    commands = getattr(typer.main.get_command(app), "commands", {})
    assert {name: rest for name, *rest in listed} == {name: arguments(command) for name, command in commands.items()}


def test_every_option_the_page_gives_exists() -> None:
    commands = getattr(typer.main.get_command(app), "commands", {})
    options = {option for command in commands.values() for param in command.params for option in param.opts}
    given = set(re.findall(r"`(--[a-z-]+)`", PAGE))
    assert given - options == set()


def test_the_page_lists_every_call_that_runs_and_every_runtime_api_that_answers() -> None:
    known = {name for _, name in CALLS} | {name for _, name in METHODS}
    spans = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert known - spans == set()


def test_the_example_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "play").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "BTCLI_TOKEN_SYMBOLS_CACHE": str(tmp_path / "symbols")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "not before tomorrow" in done.stdout) == (0, True), done.stderr
