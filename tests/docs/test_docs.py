"""What documents say and what stands: files they name, links, commands, settings and rooms agree with the code."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import typer

from crucible.app import COMMANDS, app
from neurons.settings import ValidatorSettings

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
ROOMS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]


def names(page: Path) -> list[str]:
    """Files of ours that a page names in code spans: a room or folder, a slash, and a suffix or a closing slash."""
    spans = re.findall(r"`([a-z_]+/[\w./-]*)`", page.read_text(encoding="utf-8"))
    known = (*ROOMS, "docs", "scripts", "tests", "benchmarks")
    return [span for span in spans if span.split("/")[0] in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_a_page_names_exists(page: Path) -> None:
    assert [name for name in names(page) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_command_the_readme_gives_exists() -> None:
    given = set(re.findall(r"\bcrucible ([a-z]+)(?: ([a-z]+))?", (ROOT / "README.md").read_text(encoding="utf-8")))
    group = typer.main.get_command(app)
    context = typer.Context(group)
    assert {name for name, _ in given} - set(COMMANDS) == set()
    subcommands = {name: getattr(group.get_command(context, name), "commands", {}) for name in COMMANDS}
    assert [(name, sub) for name, sub in given if sub and subcommands[name] and sub not in subcommands[name]] == []


def test_every_setting_is_explained_on_the_line_beneath_it() -> None:
    tree = ast.parse((ROOT / "neurons" / "settings.py").read_text(encoding="utf-8"))
    explained: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for field, below in zip(node.body, node.body[1:], strict=False):
                if (
                    isinstance(field, ast.AnnAssign)
                    and isinstance(below, ast.Expr)
                    and isinstance(field.target, ast.Name)
                ):
                    explained.add(field.target.id)
    assert set(ValidatorSettings.model_fields) - explained == set()


def test_the_architecture_page_lists_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z]+)/` \|", text, re.MULTILINE) == ROOMS


def test_every_package_is_installed_and_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    folders = {path.parent.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("__init__.py")}
    packages = {str(folder).replace("/", ".") for folder in folders}
    assert set(project["setuptools"]["packages"]) == packages
    assert set(project["mypy"]["packages"]) == set(ROOMS)
