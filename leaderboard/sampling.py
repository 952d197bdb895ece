"""How the page says what a round was judged on and what it waited for. Pure functions, used as filters."""

from collections.abc import Mapping

from evaluation.sources.drops import Drop
from evaluation.sources.held import Cause
from evaluation.sources.pool import Proof
from ledger.waits import Wait

PROOFS: Mapping[Proof, str] = {
    "sample": "signed by sample",
    "mirrors": "signed by sample, chosen by mirrors (weaker)",
    "run": "signed by run (weaker)",
    "seed": "drawn by seed",
}

CAUSES: Mapping[str, str] = {
    Cause.UNREACHABLE: "a source does not answer",
    Cause.RATE_LIMITED: "a source asks for patience",
    Cause.OVERRUN: "a source takes too long or sends too much",
    Cause.WITHHELD: "a producer's batch, or a source's data, is nowhere to be found",
    Cause.NO_QUORUM: "too few mirrors agree",
    Cause.TOO_FEW: "too few producers have usable samples",
    Cause.NO_BASE: "the competition's base is not here yet",
}

DROPS: Mapping[str, str] = {
    Drop.UNREGISTERED: "batches of hotkeys that are not registered",
    Drop.NO_PERMIT: "batches of hotkeys without a permit",
    Drop.LOW_STAKE: "batches of hotkeys with too little stake",
    Drop.FAULTY: "batches that are faulty or missing",
    Drop.MALFORMED: "lines that are no sample",
    Drop.PRODUCER: "in another hotkey's or subnet's name",
    Drop.WINDOW: "made outside the round's window",
    Drop.LENGTH: "too long",
    Drop.PHRASE: "with an undesirable phrase",
    Drop.ANCHOR: "with a wrong anchor",
    Drop.SIGNATURE: "not signed by their producer",
    Drop.LANGUAGE: "in another language",
    Drop.DUPLICATE: "duplicates",
    Drop.NEAR_DUPLICATE: "near duplicates",
}


def proof(kind: Proof) -> str:
    """What stands behind a pool's samples."""
    return PROOFS[kind]


def drop(reason: str) -> str:
    """What was dropped under a rule; a rule that this version does not know by its own name."""
    return DROPS.get(reason, reason)


def waited(wait: Wait) -> str:
    """A cause to wait, how often it was met and since when, without its detail."""
    cause = CAUSES.get(wait.cause, wait.cause) if wait.cause else "why is not on record"
    if wait.since_block is None:
        return f"{cause}, at least {_times(wait.times)}"
    return f"{cause}, tried in {_blocks(wait.times)} since block {wait.since_block}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _blocks(number: int) -> str:
    return "1 block" if number == 1 else f"{number} blocks"
