"""What submitted models descend from: each question is answered once, from sketches in the ledger, and kept there."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from competitions.descent import Disguise, disguise
from competitions.ownership import Ownership
from competitions.records import Submission
from competitions.spec import Competition
from ledger import lineages
from ledger.database import Ledger
from models.lineage import Lineage, trace

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Descent:
    """Traces models through one ledger; what it was asked before costs it nothing."""

    ledger: Ledger
    _answers: dict[tuple[str, tuple[str, ...]], Lineage | None] = field(default_factory=dict)

    def disguised(
        self, entrants: Iterable[Submission], ownership: Ownership, competition: Competition
    ) -> dict[int, Disguise]:
        """The entrants that are another's model in a disguise which the competition refuses, by their ids.

        A model is compared with all that were claimed before it and vetted here, and with the competition's base.
        """
        sketched = frozenset(lineages.sketched(self.ledger))
        free = (competition.base.digest,) if competition.base else ()

        def lineage(digest: str, seniors: tuple[str, ...]) -> Lineage | None:
            known = tuple(senior for senior in seniors if senior in sketched)
            return self._lineage(digest, known) if digest in sketched else None

        found = {its.id: disguise(its, ownership, competition.lineage, lineage, free) for its in entrants}
        return {id_: its for id_, its in found.items() if its is not None}

    def _lineage(self, digest: str, known: tuple[str, ...]) -> Lineage | None:
        """None where its numbers, or a known model's, are such that tracing fails: nobody is accused of that, and no
        round waits for it."""
        if (digest, known) not in self._answers:
            try:
                self._answers[digest, known] = self._told(digest, known)
            except (ArithmeticError, LookupError, ValueError):
                log.exception("model %s cannot be traced; it counts as nobody's copy", digest[:12])
                self._answers[digest, known] = None
        return self._answers[digest, known]

    def _told(self, digest: str, known: tuple[str, ...]) -> Lineage:
        if answer := lineages.found(self.ledger, digest, known):
            return answer
        [model] = lineages.Sketches(self.ledger, (digest,)).values()
        answer = trace(model, lineages.Sketches(self.ledger, known))
        lineages.record(self.ledger, digest, known, answer)
        parents = ", ".join(parent[:12] for parent in answer.parents)
        log.info("model %s: %s of %s, distance %.3g", digest[:12], answer.kind, parents or "none", answer.distance)
        return answer
