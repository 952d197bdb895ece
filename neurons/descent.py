"""What submitted models descend from, traced once for each question and kept in the ledger."""

import logging
from dataclasses import dataclass

from ledger import lineages
from ledger.database import Ledger
from models.lineage import Lineage, trace

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tracer:
    """Answers `competitions.descent.Tracing` from the sketches in a ledger."""

    ledger: Ledger

    def __call__(self, digest: str, seniors: tuple[str, ...]) -> Lineage | None:
        """The lineage of a digest among its seniors whose files were vetted here; None where its own were not."""
        known = lineages.sketched(self.ledger, (digest, *seniors))
        if digest not in known:
            return None
        others = tuple(senior for senior in known if senior != digest)
        answer = lineages.found(self.ledger, digest, others)
        if answer is None:
            sketches = lineages.Sketches(self.ledger, known)
            answer = trace(sketches[digest], lineages.Sketches(self.ledger, others))
            lineages.record(self.ledger, digest, others, answer)
            log.info("%s is %s of %s, %.3g away", digest[:12], answer.kind, answer.parents, answer.distance)
        return answer
