"""A task's values of two models as a stratum of their comparison: the task's weight, normalisation and least spread.

Pure; racing, which asks what is still possible, and title fights, which ask what is proven, build on the same strata.
"""

from collections.abc import Sequence

from evaluation.paired import ByIncumbent, Normalisation, Plain, Saturating, Stratum
from evaluation.tasks.spec import TaskSpec


def normalisation_of(task: TaskSpec) -> Normalisation:
    """What becomes of the mean of a task's values before it is weighted."""
    match task.normalisation:
        case "none":
            return Plain()
        case "saturating":
            return Saturating(task.ceiling)
        case "by_incumbent":
            return ByIncumbent()


def stratum(task: TaskSpec, incumbent: Sequence[float], challenger: Sequence[float], sd_floor: float = 0.0) -> Stratum:
    """Both models' values for the same samples of a task, which are taken to differ by at least `sd_floor`."""
    return Stratum(incumbent, challenger, task.weight, normalisation_of(task), sd_floor)
