"""What a table may say and a live network should not: warnings, each with the value and what it would cost. Pure."""

from collections.abc import Iterator

from competitions.spec import Competition, Table
from competitions.toml_records import Fault
from evaluation.sources.spec import Produced
from evaluation.tasks.spec import SHARES
from models.tensors import ITEM_BYTES

EPSILON_END = 0.01
"""A merge of two fine-tunes gained 0.5 % for no work: twice that is the least that an improvement should be."""
PRODUCERS = 8
"""One producer in league with a miner should give no more than an eighth of a round's samples."""
ROUNDS = 2
"""A single round has one draw of samples; a lucky one would be enough."""


def warnings(table: Table) -> list[Fault]:
    """All that is allowed, but only meant for test networks or by mistake."""
    return [
        Fault(("competitions", competition.name, *place), words)
        for competition in table.competitions
        for place, words in _of(competition)
    ]


def _of(competition: Competition) -> Iterator[tuple[tuple[str, ...], str]]:
    end, title = competition.epsilon.end, competition.title
    if end < EPSILON_END:
        yield ("epsilon", "end"), f"should be at least {EPSILON_END}, or merges win without work (it is {end})"
    if title.fewest_rounds < ROUNDS:
        rounds = title.fewest_rounds
        yield ("title", "fewest_rounds"), f"should be at least {ROUNDS}, or one lucky draw crowns (it is {rounds})"
    yield from _of_sources(competition)
    yield from _of_units(competition)
    least = min(ITEM_BYTES[dtype] for dtype in competition.limits.dtypes)
    needed, room = least * competition.limits.max_parameters, competition.limits.max_repo_bytes
    if room < needed:
        told = f"should be at least {needed}, what limits.max_parameters take in {least} bytes each (it is {room})"
        yield ("limits", "max_repo_bytes"), told


def _of_sources(competition: Competition) -> Iterator[tuple[tuple[str, ...], str]]:
    asked = {task.source for task in competition.tasks}
    for source in competition.sources:
        place = ("sources", source.name)
        if source.name not in asked:
            yield place, "no task asks for it: remove it, or name it as a task's source"
        elif isinstance(source.spec, Produced):
            few, removed = source.spec.min_producers, competition.title.producers_removed
            if few < PRODUCERS:
                told = f"should be at least {PRODUCERS}, fewer only on test networks (it is {few})"
                yield (*place, "min_producers"), told
            if removed == 0:
                told = f"should be at least 1, or a producer of {source.name} can crown a friend (it is 0)"
                yield ("title", "producers_removed"), told


def _of_units(competition: Competition) -> Iterator[tuple[tuple[str, ...], str]]:
    """Tasks that are added up as they are, though one counts shares and another bits."""
    plain = [task.name for task in competition.tasks if task.normalisation == "none"]
    shares = [name for name in plain if name in SHARES]
    if shares and len(shares) < len(plain):
        told = f"should have a normalisation: {', '.join(plain)} are added up though their units differ"
        yield ("tasks", shares[0], "normalisation"), told
