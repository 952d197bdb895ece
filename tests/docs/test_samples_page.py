"""The page on samples tells every field of every source with its default, examples that a table takes, all causes of a
hold in the code's own words, and what is pinned."""

import dataclasses
import inspect
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from competitions.spec import Competition
from competitions.table import parse
from evaluation.sources import wandb_process
from evaluation.sources.bounded_http import Limits
from evaluation.sources.content import MAX_CHOICES, MAX_RULES
from evaluation.sources.feed import MAX_FEED_BYTES, MAX_FEED_LINES
from evaluation.sources.held import Cause
from evaluation.sources.pool import Proof
from evaluation.sources.sample import VERSION
from evaluation.sources.spec import KIND_OF_PROCEDURE, SPECS, PhraseList, Produced, Screen, kinds_of
from evaluation.tasks.spec import KIND_OF_TASK, SampleKind
from ledger.samples_cli import app
from tests.docs.enumerations import words_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "samples.md").read_text(encoding="utf-8")
TABLE = (ROOT / "competitions" / "tables" / "localnet.toml").read_text(encoding="utf-8")
MISSING = object()


def _section(title: str) -> str:
    """What stands below a heading, up to the next one of any level."""
    return re.split(r"\n##+ ", PAGE.partition(f"# {title}\n")[2])[0]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _fields_told(title: str) -> dict[str, Any]:
    """Every field of a section's table with its default as TOML has it; MISSING where it must be given."""
    rows = re.findall(r"^\| `(\w+)` \| (.*?)\|", _section(title), re.MULTILINE)
    return {field: _value(default.strip()) for field, default in rows}


def _value(default: str) -> Any:
    if not default:
        return MISSING
    return None if default == "none" else tomllib.loads(f"value = {default.strip('`')}")["value"]


def _fields(record: type[Any]) -> dict[str, Any]:
    """Every field of a record with its default in the shape that TOML would give it."""
    return {field.name: _shaped(field.default) for field in dataclasses.fields(record)}


def _shaped(default: Any) -> Any:
    if default is dataclasses.MISSING:
        return MISSING
    if isinstance(default, Screen):
        return {} if default == Screen() else default
    return list(default) if isinstance(default, tuple) else default


def _example(kind: str) -> Competition:
    """The example of a kind in place of the sources of the competition that it names, in a table that is taken."""
    (example,) = re.findall(r"```toml\n(.*?)```", _section(f"`{kind}`"), re.DOTALL)
    (name,) = set(re.findall(r"^\[competitions\.(\w+)\.", example, re.MULTILINE))
    section = rf"\[competitions\.{name}\.sources\.\w+\]\n(?:\w.*\n)+"
    text, replaced = re.subn(section, lambda _: example, TABLE)
    assert replaced == 1
    (competition,) = (competition for competition in parse(text).competitions if competition.name == name)
    return competition


@pytest.mark.parametrize("kind", SPECS)
def test_every_field_of_every_source_is_told_with_its_default_and_none_other(kind: str) -> None:
    shared = _fields_told("Sources of producers") if issubclass(SPECS[kind], Produced) else {}
    assert _fields_told("All sources") | shared | _fields_told(f"`{kind}`") == _fields(SPECS[kind])


@pytest.mark.parametrize(("title", "record"), [("Screens", Screen), ("Phrase lists", PhraseList)])
def test_every_field_of_screens_and_phrase_lists_is_told_with_its_default(title: str, record: type[Any]) -> None:
    assert _fields_told(title) == _fields(record)


@pytest.mark.parametrize("kind", SPECS)
def test_the_example_of_every_source_is_taken_in_a_table_and_of_that_kind(kind: str) -> None:
    (source,) = _example(kind).sources
    assert source.spec.kind == kind


def test_every_kind_of_source_has_a_section_that_says_what_it_gives_and_with_which_proof() -> None:
    every = frozenset(get_args(SampleKind))
    gives = {every: "all kinds of samples", frozenset({"pair"}): "pairs", frozenset({"text"}): "texts"}
    assert re.findall(r"^### `(\w+)`$", PAGE, re.MULTILINE) == list(SPECS)
    for kind in SPECS:
        told = re.search(r"It gives ([\w ]+), proof `(\w+)`", _plain(_section(f"`{kind}`")))
        assert told is not None
        expected = (
            "what its procedures make" if kind == "generated" else gives[kinds_of(_example(kind).sources[0].spec)]
        )
        proof = {"feed": "mirrors", "wandb_runs": "run", "hub_text": "seed", "generated": "seed"}.get(kind, "sample")
        assert (told[1], told[2]) == (expected, proof)
    assert re.findall(r"^\| `(\w+)` \|", _section("What proves what"), re.MULTILINE) == list(get_args(Proof))


def test_every_kind_of_sample_is_told_with_the_tasks_that_score_it() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| .+ \| ([^|]+) \|$", _section("What a sample is"), re.MULTILINE))
    scored = dict.fromkeys(get_args(SampleKind), "no task yet")
    scored |= {kind: f"`{task}`" for task, kind in KIND_OF_TASK.items()}
    assert told == scored
    facts = (f'version "{VERSION}"', f"2 to {MAX_CHOICES} `choices`", f"1 to {MAX_RULES} `rules`")
    assert [fact for fact in facts if fact not in PAGE] == []


def test_what_procedures_make_is_told() -> None:
    kinds = {kind: [name for name, of in KIND_OF_PROCEDURE.items() if of == kind] for kind in get_args(SampleKind)}
    assert kinds["pair"] == list(KIND_OF_PROCEDURE)[:3]
    told = f"the first three make pairs, `{kinds['instruction'][0]}` instructions, `{kinds['choice'][0]}` choices"
    assert (told in PAGE, len(KIND_OF_PROCEDURE)) == (True, 5)


def test_every_cause_of_a_hold_is_told_in_the_codes_own_words() -> None:
    told = re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", _section("What holds a round"), re.MULTILINE)
    assert dict(told) == words_of(Cause)
    assert [cause for cause, _ in told] == list(Cause)


def test_the_limits_of_a_feed_are_the_codes() -> None:
    told = _plain(_section("`feed`"))
    assert f"at most {MAX_FEED_LINES:,} lines and {MAX_FEED_BYTES:,} bytes" in told
    assert ("redirect three times" in told, Limits().redirects) == (True, 3)


def test_the_environment_that_wandb_needs_is_what_the_code_reads() -> None:
    read = re.findall(r"os\.environ\.get\(\"(\w+)\"", inspect.getsource(wandb_process))
    assert sorted(set(re.findall(r"`(WANDB_\w+)`", PAGE))) == sorted(read)


def test_what_decides_about_samples_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {name for name, exactly, _ in (one.partition("==") for one in project["dependencies"]) if exactly}
    told = set(re.findall(r"`(\w+)` (?:writes|hashes|recognises)", _section("What must be the same everywhere")))
    assert (told, told - pinned) == ({"msgspec", "datasketch", "py3langid"}, set())


def test_the_commands_shown_exist() -> None:
    command = typer.main.get_command(app)
    compare = getattr(command, "commands", {"compare": command})["compare"]
    lines = re.findall(r"^crucible samples (\w+) (.*)$", PAGE, re.MULTILINE)
    known = {option for param in compare.params for option in param.opts}
    assert {name for name, _ in lines} == {"compare"}
    assert {option for _, rest in lines for option in re.findall(r"(?<!\S)--?[a-z]+", rest)} - known == set()
