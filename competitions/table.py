"""The table as text: parsed, checked, and fingerprinted. Every message names line, field, value and remedy."""

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from chain.types import Block
from competitions.spec import Competition, Phase, Table
from competitions.table_rules import competition_faults, table_faults
from competitions.table_sources import phrase_lists, shaped_competition
from competitions.toml_lines import lines_of
from competitions.toml_records import Fault, FaultyTable, TableError, built


def parse(text: str) -> Table:
    """A table from its TOML text. Raises TableError: a FaultyTable where it is TOML, but no table."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"the table is not valid TOML: {error}") from None
    try:
        table = _checked(data)
    except FaultyTable as faulty:
        raise FaultyTable(located(faulty.faults, text)) from None
    return dataclasses.replace(table, fingerprint=fingerprint(table))


def located(faults: Iterable[Fault], text: str) -> tuple[Fault, ...]:
    """Faults of a table with their lines in its text, in the order of the text."""
    lines = lines_of(text)
    found = (dataclasses.replace(fault, line=lines.at(fault.place)) for fault in faults)
    return tuple(sorted(found, key=lambda fault: fault.line or 0))


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


def _checked(data: Mapping[str, Any]) -> Table:
    """The table of a TOML document. Raises FaultyTable with all faults: keys and values that records cannot hold, and
    broken rules of all that could be read."""
    lists, faults = phrase_lists(data.get("phrases", {}))
    sections, competitions = _sections(data, faults), []
    for name, body in sections:
        shaped, wrong = shaped_competition(name, body, lists)
        try:
            competition = built(shaped, Competition, ("competitions", name))
        except FaultyTable as faulty:
            wrong += faulty.faults
        if not wrong:
            wrong += competition_faults(competition)
            competitions.append(competition)
        faults += wrong
    whole = _whole(data, tuple(competitions), faults)
    if whole is not None:
        faults += table_faults(whole, [name for name, _ in sections])
    if whole is None or faults:
        raise FaultyTable(faults)
    return whole


def _sections(data: Mapping[str, Any], faults: list[Fault]) -> list[tuple[str, Mapping[str, Any]]]:
    """The table's competitions by name; what is no section becomes a fault."""
    bodies = data.get("competitions", {})
    if not isinstance(bodies, Mapping):
        faults.append(Fault(("competitions",), f"give a section for each, [competitions.NAME] (it is {bodies!r})"))
        return []
    for name, body in bodies.items():
        if not isinstance(body, Mapping):
            faults.append(Fault(("competitions", name), f"give a section, [competitions.{name}] (it is {body!r})"))
    return [(name, body) for name, body in bodies.items() if isinstance(body, Mapping)]


def _whole(data: Mapping[str, Any], competitions: tuple[Competition, ...], faults: list[Fault]) -> Table | None:
    """The table around its competitions; None where it has not the shape of one, which becomes faults."""
    rest = {key: value for key, value in data.items() if key != "phrases"}
    shaped = {"fingerprint": "", **rest, "competitions": competitions}
    if isinstance(data.get("schedule"), list):
        shaped["schedule"] = tuple(_phase(phase) for phase in data["schedule"])
    try:
        return built(shaped, Table, ())
    except FaultyTable as faulty:
        faults += [_share_by_name(fault, data) for fault in faulty.faults]
        return None


def _phase(phase: Any) -> Any:
    """A phase's shares as the pairs that its record holds."""
    if not isinstance(phase, Mapping) or not isinstance(phase.get("shares"), Mapping):
        return phase
    return {**phase, "shares": tuple(phase["shares"].items())}


def _share_by_name(fault: Fault, data: Mapping[str, Any]) -> Fault:
    """A fault of a share at the name that the text gives it, in place of the pair's number."""
    match fault.place:
        case ("schedule", int(number), "shares", int(pair), _):
            name = list(data["schedule"][number]["shares"])[pair]
            return dataclasses.replace(fault, place=("schedule", number, "shares", name))
    return fault
