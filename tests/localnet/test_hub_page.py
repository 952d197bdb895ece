"""docs/local-hub.md: its commands, options and faults are those of the code, and its example runs."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from localnet.hub_cli import app
from localnet.hub_server.faults import KINDS, parse_fault

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "local-hub.md").read_text(encoding="utf-8")
COMMANDS = getattr(typer.main.get_command(app), "commands", {})


def section(title: str) -> str:
    """The text below one heading."""
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def arguments(command: Any) -> list[str]:
    """A command's arguments as its usage line shows them."""
    params = [param for param in command.params if param.param_type_name == "argument"]
    names = [param.metavar or param.name.upper() for param in params]
    return [name if param.required else f"[{name}]" for name, param in zip(names, params, strict=True)]


def test_the_page_lists_every_command_with_its_arguments_and_no_other() -> None:
    listed = [row.split() for row in re.findall(r"^\| `([a-z].*?)` \|", section("Commands"), re.MULTILINE)]
    assert {name: rest for name, *rest in listed} == {name: arguments(command) for name, command in COMMANDS.items()}


def test_every_option_the_page_gives_exists_and_every_option_is_given() -> None:
    options = {opt for command in COMMANDS.values() for param in command.params for opt in param.opts if "--" in opt}
    assert set(re.findall(r"`(--[a-z-]+)`", PAGE)) == options - {"--help"}


def test_the_page_lists_every_kind_of_fault() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", section("Faults on purpose"), re.MULTILINE)
    assert listed == list(KINDS)


@pytest.mark.parametrize("text", re.findall(r'--fault "(.*?)"', PAGE))
def test_the_pages_faults_are_understood(text: str) -> None:
    assert parse_fault(text).kind in KINDS


def test_the_example_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    env = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "three requests brought it, no byte twice: True\n"), done.stderr
