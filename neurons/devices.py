"""Whether the device of a validator holds what its competitions allow, told at the start. Starts no worker."""

from dataclasses import replace

from competitions.spec import Competition, Table
from evaluation.capacity import NoDevice, capacity
from evaluation.largest import largest
from evaluation.memory_plan import ITEM_BYTES, kind_of, lack, plan, work_of


def doubts(table: Table, device: str, dtype: str) -> list[str]:
    """A line for each competition whose largest models the device does not hold, or one if it does not answer."""
    try:
        has = capacity(device)
    except NoDevice as error:
        return [f"the memory of device {device} is unknown: {error}; check CRUCIBLE_DEVICES"]
    lines = (doubt(competition, device, dtype, has) for competition in table.competitions)
    return [line for line in lines if line is not None]


def doubt(competition: Competition, device: str, dtype: str, has: int) -> str | None:
    """What a device of so many bytes lacks for the largest ordinary model of a competition; None where nothing.

    Smaller models may come, so this stops nobody.
    """
    limits = competition.limits
    needed = plan(largest(limits), work_of(competition.tasks, limits.max_length), dtype, kind_of(device))
    lacking = lack(replace(needed, weights=limits.max_parameters * ITEM_BYTES[dtype]), has, device, dtype)
    return lacking and (
        f"competition {competition.name} allows {limits.max_parameters:,} parameters, and {lacking} (CRUCIBLE_DEVICES, "
        "CRUCIBLE_DTYPE); until then what is too large is abandoned, and smaller models are judged"
    )
