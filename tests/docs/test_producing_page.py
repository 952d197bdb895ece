"""The page for producers tells every reason in the code's own words, options that exist, and templates that fill."""

import re
from pathlib import Path

import typer

from chain.simulated.commitments import MAX_SPACE
from chain.types import LEAST_SPACE
from evaluation.sources.batch import MAX_BATCH_BYTES, MAX_BATCH_LINES, MAX_POINTER_BYTES
from evaluation.sources.drops import Drop
from neurons.endpoint import Lack
from neurons.producer import INTERVAL
from neurons.producer_cli import app
from neurons.prompts import NAMES, parse_templates
from tests.docs.enumerations import words_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "producing.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_reason_to_drop_a_sample_is_told_in_the_codes_own_words_and_order() -> None:
    told = re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", _section("What validators drop"), re.MULTILINE)
    assert [reason for reason, _ in told] == [str(drop) for drop in Drop]
    assert dict(told) == words_of(Drop)


def test_every_reason_not_to_use_an_answer_is_told_in_the_codes_own_words() -> None:
    told = re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", _section("Answers of an endpoint"), re.MULTILINE)
    assert [reason for reason, _ in told] == [str(lack) for lack in Lack]
    assert dict(told) == words_of(Lack)


def test_every_option_the_page_names_exists_and_makes_no_promise_of_another_default() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # it is a group
    options = {name: option for at in ("pool", "run") for option in commands[at].params for name in option.opts}
    named = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", PAGE))
    assert named - options.keys() == set()
    assert (options["--interval-blocks"].default, int(INTERVAL)) == (50, 50)
    assert f"**`--interval-blocks`** [{INTERVAL}]" in PAGE


def test_the_limits_are_the_codes() -> None:
    fewest, most = MAX_SPACE // MAX_POINTER_BYTES, MAX_SPACE // LEAST_SPACE
    assert f"takes {MAX_SPACE:,} bytes" in PAGE
    assert f"counts for {LEAST_SPACE} to {MAX_POINTER_BYTES}: {fewest} to {most} batches" in PAGE
    assert f"at most {MAX_BATCH_LINES:,} samples and {MAX_BATCH_BYTES:,} bytes" in PAGE


def test_the_templates_shown_can_be_filled_and_use_every_name() -> None:
    (shown,) = re.findall(r"between them:\n\n```\n(.+?)```", PAGE, re.DOTALL)
    templates = parse_templates(shown, "the page")
    assert sorted(name for template in templates for name in template.get_identifiers()) == sorted(NAMES)
