"""Whose work is it: a copy in disguise is traced back, through whatever disguises, to who committed the first. Pure.

Lineage (`models.lineage`) tells what a model is to those committed before it; the table tells which kinds a competition
refuses. A model of such a kind belongs to the owner of its parent, so a miner may build on models of their own, and a
copy of a copy leads to the original. What nobody owns, such as a competition's base, is refused to everybody.
"""

from collections.abc import Callable
from dataclasses import dataclass

from competitions.ownership import Claim, Ownership
from competitions.records import Submission
from competitions.spec import LineageSpec
from models.lineage import Kind, Lineage

Tracing = Callable[[str, tuple[str, ...]], Lineage | None]
"""The lineage of a digest among those of its seniors, or None where its sketch is not known."""


@dataclass(frozen=True, slots=True)
class Disguise:
    """Why a model counts as a copy: its lineage, and the claim on what it comes from (None: nobody's)."""

    lineage: Lineage
    claim: Claim | None

    @property
    def why(self) -> str:
        """One line for whoever submitted it."""
        lineage = self.lineage
        parents = " and ".join(parent[:12] for parent in lineage.parents)
        whose = f"which {self.claim.hotkey} began in block {self.claim.block}" if self.claim else "which nobody owns"
        return f"{lineage.kind} of {parents}, {whose}; relative distance {lineage.distance:.2g}"


def disguise(
    submission: Submission, ownership: Ownership, rules: LineageSpec, trace: Tracing, free: tuple[str, ...] = ()
) -> Disguise | None:
    """What makes a submission another's model; None for work of its own, and where the digest is not known.

    `free` are digests that everybody knows and nobody owns, senior to all others.
    """
    if submission.digest is None:
        return None
    if submission.digest in free:
        itself = Lineage(Kind.COPY, (submission.digest,), (1.0,), 0.0, 1.0)
        return Disguise(itself, None) if Kind.COPY in rules.refused else None
    lineage = _refused(submission.digest, ownership, rules, trace, free)
    for parent in lineage.parents if lineage else ():
        owner = _owner(parent, ownership, rules, trace, free)
        if lineage and (owner is None or owner.coldkey != submission.coldkey):
            return Disguise(lineage, owner)
    return None


def _refused(
    digest: str, ownership: Ownership, rules: LineageSpec, trace: Tracing, free: tuple[str, ...]
) -> Lineage | None:
    """The lineage of a digest where its kind is one that the rules refuse."""
    if digest in free:
        return None
    lineage = trace(digest, tuple(dict.fromkeys((*free, *ownership.seniors(digest)))))
    return lineage if lineage is not None and lineage.kind in rules.refused else None


def _owner(
    digest: str, ownership: Ownership, rules: LineageSpec, trace: Tracing, free: tuple[str, ...]
) -> Claim | None:
    """The claim on a digest, or on what it is a disguise of; each step leads to a senior, so there is an end."""
    while lineage := _refused(digest, ownership, rules, trace, free):
        digest = lineage.parents[0]
    return None if digest in free else ownership.owner(digest)
