"""A model's score in one round, for a reader and for a vacant throne: whoever reigns is fought pair by pair instead."""

import math
from collections.abc import Sequence

from competitions.records import TaskScore
from competitions.spec import Competition
from evaluation.strata import normalisation_of


def score(competition: Competition, tasks: Sequence[TaskScore]) -> float:
    """Σ w_k · f_k(mean_k) / Σ w_k, lower is better.

    Where a title fight would count in units of the incumbent's mean, it counts in units of the cap: whoever is compared
    here has no incumbent, and any entrant's mean would be that entrant's to choose.
    """
    means = {task.task: math.fsum(task.values) / len(task.values) for task in tasks}
    total = math.fsum(spec.weight for spec in competition.tasks)
    shaped = (spec.weight * normalisation_of(spec).at(means[spec.name], spec.cap) for spec in competition.tasks)
    return math.fsum(shaped) / total
