"""The table as text: parsed, checked, and fingerprinted. Every message names the field, its value and the remedy."""

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Mapping
from typing import Any

from chain.types import Block
from competitions.spec import Competition, Phase, Table
from competitions.table_sources import phrase_lists, source_faults, with_sources
from competitions.toml_records import TableError, built
from evaluation.chat import PLAIN
from evaluation.tasks.spec import MAX_NEW_TOKENS, SHARES, TaskSpec
from models.bases import base_faults
from models.limits import TOKENIZER_RULE, is_tokenizer
from models.lineage import Kind
from models.naming import COMPETITION_RULE, is_competition


def parse(text: str) -> Table:
    """A table from its TOML text. Raises TableError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"the table is not valid TOML: {error}") from None
    table = _build(_reshaped(data))
    if faults := _faults(table):
        raise TableError("\n".join(faults))
    return dataclasses.replace(table, fingerprint=fingerprint(table))


def fingerprint(table: Table) -> str:
    """sha256 (hex) of the table's canonical JSON; formatting and comments of the file do not matter."""
    content = dataclasses.asdict(dataclasses.replace(table, fingerprint=""))
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def shares_at(table: Table, block: Block) -> dict[str, float]:
    """Each active competition's share of emission at a block; empty before the first phase."""
    current: Phase | None = None
    for phase in table.schedule:
        if phase.from_block <= block:
            current = phase
    return dict(current.shares) if current else {}


def competition_named(table: Table, name: str) -> Competition | None:
    """The competition of that name, if the table has it."""
    return next((competition for competition in table.competitions if competition.name == name), None)


def _reshaped(data: Mapping[str, Any]) -> dict[str, Any]:
    """TOML's nested tables in the shape of the records: names become fields, mappings become tuples."""
    shaped = {"fingerprint": "", **data}
    lists = phrase_lists(shaped.pop("phrases", {}))
    competitions = data.get("competitions", {})
    if isinstance(competitions, Mapping):
        shaped["competitions"] = tuple(
            with_sources({"name": name, **body}, lists, f"competitions.{name}")
            for name, body in competitions.items()
            if isinstance(body, Mapping)
        )
    if isinstance(data.get("schedule"), list):
        shaped["schedule"] = tuple(
            {**phase, "shares": tuple(phase.get("shares", {}).items())} for phase in data["schedule"]
        )
    return shaped


def _build(data: Mapping[str, Any]) -> Table:
    return built(data, Table, "table")


def _faults(table: Table) -> list[str]:
    """What no single field shows: names, sums and orders."""
    names = [competition.name for competition in table.competitions]
    faults = [line for competition in table.competitions for line in _competition_faults(competition)]
    blocks = [phase.from_block for phase in table.schedule]
    if not names:
        faults.append("competitions: there is none; add a [competitions.NAME] section")
    if not blocks or blocks != sorted(set(blocks)):
        faults.append(f"schedule: from_block must rise from phase to phase (it is {blocks})")
    for number, phase in enumerate(table.schedule):
        where = f"schedule[{number}].shares"
        total = sum(share for _, share in phase.shares)
        faults += [
            f"{where}: unknown competition {n!r}; known are {', '.join(names)}"
            for n, _ in phase.shares
            if n not in names
        ]
        if any(share < 0 for _, share in phase.shares) or total > 1 + 1e-9:
            faults.append(f"{where}: shares must be at least 0 and sum to at most 1 (the sum is {total})")
    return faults


def _competition_faults(competition: Competition) -> list[str]:
    where = f"competitions.{competition.name}"
    epsilon = competition.epsilon
    checks = [
        (is_competition(competition.name), "name", competition.name, COMPETITION_RULE),
        (competition.round_blocks > 0, "round_blocks", competition.round_blocks, "at least 1"),
        (competition.tasks, "tasks", 0, "at least one task"),
        (0 < epsilon.end <= epsilon.start < 1, "epsilon", (epsilon.start, epsilon.end), "0 < end <= start < 1"),
        (epsilon.decay_blocks > 0, "epsilon.decay_blocks", epsilon.decay_blocks, "at least 1"),
        (
            competition.fetch_blocks <= competition.eval_delay_blocks,
            "fetch_blocks",
            competition.fetch_blocks,
            f"at most eval_delay_blocks ({competition.eval_delay_blocks})",
        ),
        (
            Kind.ORIGINAL not in competition.lineage.refused,
            "lineage.refused",
            "original",
            f"some of {', '.join(kind for kind in Kind if kind is not Kind.ORIGINAL)}",
        ),
        (is_tokenizer(competition.limits.tokenizer), "limits.tokenizer", competition.limits.tokenizer, TOKENIZER_RULE),
        (competition.deadline_s > 0, "deadline_s", competition.deadline_s, "more than 0"),
        (len({t.name for t in competition.tasks}) == len(competition.tasks), "tasks", "doubled", "each task once"),
    ]
    checks += [(t.samples > 0, f"tasks.{t.name}.samples", t.samples, "at least 1") for t in competition.tasks]
    checks += [(t.weight > 0, f"tasks.{t.name}.weight", t.weight, "more than 0") for t in competition.tasks]
    checks += [(t.cap > 0, f"tasks.{t.name}.cap", t.cap, "more than 0") for t in competition.tasks]
    checks += [
        (0 <= t.sd_floor <= t.cap, f"tasks.{t.name}.sd_floor", t.sd_floor, f"from 0 to the cap ({t.cap})")
        for t in competition.tasks
    ]
    checks += [
        (t.cap <= 1, f"tasks.{t.name}.cap", t.cap, "at most 1, the most that a share can be")
        for t in competition.tasks
        if t.name in SHARES
    ]
    checks += [
        (
            1 <= t.max_new_tokens <= MAX_NEW_TOKENS,
            f"tasks.{t.name}.max_new_tokens",
            t.max_new_tokens,
            f"1 to {MAX_NEW_TOKENS}",
        )
        for t in competition.tasks
    ]
    character = "at least 4, the most bytes of a character"
    checks += [
        (t.window_bytes >= 4, f"tasks.{t.name}.window_bytes", t.window_bytes, character) for t in competition.tasks
    ]
    checks += [
        (t.context_bytes >= 4, f"tasks.{t.name}.context_bytes", t.context_bytes, character) for t in competition.tasks
    ]
    checks += [check for task in competition.tasks for check in _asking_checks(task)]
    if competition.base is not None:
        checks += [(False, f"base.{field}", value, rule) for field, value, rule in base_faults(competition.base)]
    faults = [f"{where}.{field}: must be {rule} (it is {value})" for good, field, value, rule in checks if not good]
    return faults + source_faults(competition)


def _asking_checks(task: TaskSpec) -> list[tuple[bool, str, object, str]]:
    """What only some tasks can do: a value that another one would ignore in silence is refused."""
    where, chooses = f"tasks.{task.name}", task.name == "multiple_choice"
    return [
        (chooses or task.by == "likelihood", f"{where}.by", task.by, "left out: only multiple_choice has it"),
        (task.name != "text_loss" or task.chat == PLAIN, f"{where}.chat", task.chat, "left out: a text has no prompt"),
    ]
