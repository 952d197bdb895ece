"""What a table's values must keep that no type shows: bounds, orders and sums, each with the reason for the value."""

import math
from collections import Counter
from collections.abc import Sequence

from competitions.spec import Competition, Table
from competitions.table_checks import Check, Checks, broken
from competitions.table_sources import source_faults
from competitions.task_rules import task_checks
from competitions.toml_records import Fault
from evaluation.sources.spec import Produced
from models.architectures import ARCHITECTURES
from models.bases import base_faults
from models.limits import TOKENIZER_RULE, ModelLimits, is_tokenizer
from models.lineage import Kind
from models.naming import COMPETITION_RULE, is_competition
from models.tensors import ITEM_BYTES

MAX_SIGNIFICANCE = 0.05
"""Above this, one in twenty crowns of a competition would be chance."""
MAX_SIGNIFICANCE_WITHOUT = 0.5
"""As good as the incumbent, no more: the least that is left of an improvement without those that favour it."""

_NOISE = 1e-9
"""What a sum of shares may miss 1 by, as sums of decimal fractions do."""


def competition_faults(competition: Competition) -> list[Fault]:
    """What is wrong with one competition, taken by itself."""
    place = ("competitions", competition.name)
    checks = [*_timing(competition), *_contest(competition), *_limits(competition.limits), *_model(competition)]
    faults = broken(checks, place)
    for task in competition.tasks:
        faults += broken(task_checks(task), (*place, "tasks", task.name))
    return faults + source_faults(competition)


def table_faults(table: Table, names: Sequence[str]) -> list[Fault]:
    """What is wrong with the table around its competitions, whose names are given, and with the schedule."""
    faults = broken(
        [
            (table.settle_blocks >= 0, "settle_blocks", table.settle_blocks, "at least 0"),
            (0 <= table.burn_uid < 2**16, "burn_uid", table.burn_uid, "from 0 to 65535"),
        ],
        (),
    )
    if not names:
        faults.append(Fault(("competitions",), "there is none; add a [competitions.NAME] section"))
    return faults + _schedule_faults(table, names)


def _timing(competition: Competition) -> Checks:
    yield is_competition(competition.name), "name", competition.name, COMPETITION_RULE
    yield competition.first_block >= 0, "first_block", competition.first_block, "at least 0"
    yield competition.round_blocks > 0, "round_blocks", competition.round_blocks, "at least 1"
    delay, fetch = competition.eval_delay_blocks, competition.fetch_blocks
    yield delay >= 0, "eval_delay_blocks", delay, "at least 0"
    yield 0 <= fetch <= delay, "fetch_blocks", fetch, f"from 0 to eval_delay_blocks ({delay})"
    yield competition.max_seal_blocks >= 0, "max_seal_blocks", competition.max_seal_blocks, "at least 0"
    beacon, deadline = competition.beacon_delay_s, competition.deadline_s
    yield 0 <= beacon < math.inf, "beacon_delay_s", beacon, "at least 0, and finite"
    yield 0 < deadline < math.inf, "deadline_s", deadline, "more than 0, and finite"


def _contest(competition: Competition) -> Checks:
    epsilon, title, entrants = competition.epsilon, competition.title, competition.entrants
    yield 0 < epsilon.start < 1, "epsilon.start", epsilon.start, "more than 0 and less than 1"
    end = f"more than 0 and at most epsilon.start ({epsilon.start})"
    yield 0 < epsilon.end <= epsilon.start, "epsilon.end", epsilon.end, end
    yield epsilon.decay_blocks > 0, "epsilon.decay_blocks", epsilon.decay_blocks, "at least 1"
    significance = f"more than 0 and at most {MAX_SIGNIFICANCE}, the chance of a crown by luck"
    yield 0 < title.significance <= MAX_SIGNIFICANCE, "title.significance", title.significance, significance
    without = f"more than 0 and at most {MAX_SIGNIFICANCE_WITHOUT}, beyond which a loss would count as an improvement"
    good = 0 < title.significance_without <= MAX_SIGNIFICANCE_WITHOUT
    yield good, "title.significance_without", title.significance_without, without
    yield title.pooled_rounds > 0, "title.pooled_rounds", title.pooled_rounds, "at least 1"
    fewest = f"from 1 to title.pooled_rounds ({title.pooled_rounds})"
    yield 1 <= title.fewest_rounds <= max(1, title.pooled_rounds), "title.fewest_rounds", title.fewest_rounds, fewest
    yield _removable(competition)
    yield entrants.most > 0, "entrants.most", entrants.most, "at least 1"
    coldkey = f"from 1 to entrants.most ({entrants.most})"
    yield 1 <= entrants.per_coldkey <= max(1, entrants.most), "entrants.per_coldkey", entrants.per_coldkey, coldkey
    yield competition.absent_rounds > 0, "absent_rounds", competition.absent_rounds, "at least 1"


def _removable(competition: Competition) -> Check:
    """Whether a title can be won: some producers are left when those that favour the challenger are removed."""
    removed, asked = competition.title.producers_removed, {task.source for task in competition.tasks}
    fewest = [
        (source.spec.min_producers, source.name)
        for source in competition.sources
        if isinstance(source.spec, Produced) and source.name in asked and source.spec.min_producers > 0
    ]
    if removed < 0 or not fewest:
        return removed >= 0, "title.producers_removed", removed, "at least 0"
    producers, name = min(fewest)
    rule = f"less than the {producers} producers that {name} asks for, or nobody could be crowned"
    return removed < producers, "title.producers_removed", removed, rule


def _limits(limits: ModelLimits) -> Checks:
    known, known_dtypes = ", ".join(ARCHITECTURES), ", ".join(ITEM_BYTES)
    good = _each_once(limits.architectures) and set(limits.architectures) <= set(ARCHITECTURES)
    yield good, "limits.architectures", list(limits.architectures), f"some of {known}, each once"
    good = _each_once(limits.dtypes) and set(limits.dtypes) <= set(ITEM_BYTES)
    yield good, "limits.dtypes", list(limits.dtypes), f"some of {known_dtypes}, each once"
    yield limits.min_parameters > 0, "limits.min_parameters", limits.min_parameters, "at least 1"
    least = f"at least limits.min_parameters ({limits.min_parameters})"
    yield limits.max_parameters >= limits.min_parameters, "limits.max_parameters", limits.max_parameters, least
    yield limits.min_length > 0, "limits.min_length", limits.min_length, "at least 1"
    least = f"at least limits.min_length ({limits.min_length})"
    yield limits.max_length >= limits.min_length, "limits.max_length", limits.max_length, least
    for name in ("repo_bytes", "layers", "width", "vocabulary", "tensors", "header_bytes", "rank"):
        value = getattr(limits, f"max_{name}")
        yield value > 0, f"limits.max_{name}", value, "at least 1"
    norms = limits.norms
    yield norms.soft > 0, "limits.norms.soft", norms.soft, "more than 0"
    yield 0 <= norms.soft_share <= 1, "limits.norms.soft_share", norms.soft_share, "from 0 to 1"
    yield norms.hard >= norms.soft, "limits.norms.hard", norms.hard, f"at least limits.norms.soft ({norms.soft})"
    yield is_tokenizer(limits.tokenizer), "limits.tokenizer", limits.tokenizer, TOKENIZER_RULE


def _model(competition: Competition) -> Checks:
    kinds = f"some of {', '.join(kind for kind in Kind if kind is not Kind.ORIGINAL)}"
    yield Kind.ORIGINAL not in competition.lineage.refused, "lineage.refused", "original", kinds
    if competition.base is not None:
        yield from ((False, f"base.{field}", value, rule) for field, value, rule in base_faults(competition.base))
    yield bool(competition.tasks), "tasks", 0, "at least one task"
    doubled = [name for name, times in Counter(task.name for task in competition.tasks).items() if times > 1]
    yield not doubled, "tasks", f"{', '.join(doubled)} twice", "each task once"


def _schedule_faults(table: Table, names: Sequence[str]) -> list[Fault]:
    blocks = [phase.from_block for phase in table.schedule]
    faults = []
    if not blocks or blocks != sorted(set(blocks)) or blocks[0] < 0:
        rises = f"from_block must rise from phase to phase, from 0 or more (it is {blocks})"
        faults.append(Fault(("schedule",), rises))
    for number, phase in enumerate(table.schedule):
        place = ("schedule", number, "shares")
        known = ", ".join(names)
        faults += [
            Fault((*place, name), f"unknown competition; known are {known}")
            for name, _ in phase.shares
            if name not in names
        ]
        total = math.fsum(share for _, share in phase.shares)
        if not (all(share >= 0 for _, share in phase.shares) and total <= 1 + _NOISE):
            faults.append(Fault(place, f"shares must be at least 0 and sum to at most 1 (the sum is {total:g})"))
    paid = {name for phase in table.schedule for name, share in phase.shares if share > 0}
    never = "no phase of the schedule ever pays it: give it a share, or remove it"
    return faults + [Fault(("competitions", name), never) for name in names if name not in paid]


def _each_once(names: tuple[str, ...]) -> bool:
    return 0 < len(names) == len(set(names))
