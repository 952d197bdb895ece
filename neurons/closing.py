"""The end of a round: a look at the king's repository, the decision, and its record. Knows nothing of judging."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.reader import ChainReader
from competitions.entrant import Result, Setting
from competitions.records import RoundOutcome, Submission
from hub.port import Hub
from ledger import presence, rounds
from ledger.database import Ledger
from neurons.deciding import Deciding
from neurons.field import Field
from neurons.king_presence import KingPresence
from neurons.refusals import gone
from neurons.reporting import Reporter

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Closing:
    """Ends rounds in which every entrant has a result."""

    chain: ChainReader
    ledger: Ledger
    hub: Hub
    reporter: Reporter

    def close(
        self,
        setting: Setting,
        round_: rounds.Round,
        field: Field,
        entrants: Sequence[Submission],
        results: Mapping[int, Result],
    ) -> None:
        """Decide the round, and record what it decides; doing it again changes nothing."""
        results = self._unless_gone(setting, round_, field, results)
        outcome = Deciding(self.ledger).outcome(setting, round_, field, entrants, results)
        rounds.close_round(self.ledger, round_.id, outcome, self.chain.head())
        _tell(setting.competition.name, round_.number, outcome)
        self.reporter.round_closed(setting.competition.name, round_.number, round_.seed_block, outcome)

    def _unless_gone(
        self, setting: Setting, round_: rounds.Round, field: Field, results: Mapping[int, Result]
    ) -> Mapping[int, Result]:
        """The results, a king's refusal among them whose repository was not there too many rounds running."""
        reign, rules = field.incumbent, setting.competition
        if reign is None or not reign.confirmed or reign.submission_id not in results:
            return results
        looking = KingPresence(self.hub, self.ledger)
        looking.look(round_, reign, field.live, self.chain.head(), rules.round_blocks)
        missed = presence.missed(self.ledger, rules.name, round_.number, [reign.submission_id])
        number = missed.get(reign.submission_id, 0)
        return {**results, reign.submission_id: gone(number)} if number >= rules.absent_rounds else results


def _tell(name: str, number: int, outcome: RoundOutcome) -> None:
    log.info("%s round %d closed: %s", name, number, outcome.reign)
    if outcome.flags:
        named = ", ".join(f"{flag.maker} (z {flag.z:+.1f})" for flag in outcome.flags)
        log.warning("%s round %d: entrants stand otherwise on the samples of %s", name, number, named)
