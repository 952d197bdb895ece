"""Watch: poll the chain, record what every hotkey committed, and read the pointers that can be read."""

import logging
from dataclasses import dataclass

from chain.reader import ChainReader
from chain.types import NetUid
from competitions.eligibility import history_from
from ledger import network
from ledger.database import Ledger
from neurons.history import advance
from neurons.pointers import read_pointers
from neurons.rulebook import Rulebook
from neurons.supervisor import Wakes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watch:
    """One poll of the whole subnet a step, in a handful of calls however many hotkeys there are.

    Polls that were missed are made up for, a stretch of blocks a step; an empty ledger begins where the first round it
    will judge needs it to.
    """

    chain: ChainReader
    ledger: Ledger
    netuid: NetUid
    rulebook: Rulebook
    wakes: Wakes
    catch_up: int = 0
    """Rounds before the newest that a fresh ledger judges first."""
    name: str = "watch"

    def step(self) -> bool:
        """Record what is final, since first sight is for good; poke whoever may have to do with it. True: more is."""
        upto = self.chain.finalized()
        tables = self.rulebook.succession().tables()
        since = min(history_from(table, upto.number, self.catch_up) for table in tables)
        look = advance(self.chain, self.ledger, self.netuid, upto, since)
        found = read_pointers(self.ledger)
        if look is not None:
            network.record_head(self.ledger, look.at.number, look.time)
        if found:
            log.info("block %d: %d new submissions", upto.number, found)
            self.wakes.poke("fetch")
        self.wakes.poke("adopt")
        self.wakes.poke("rounds")
        self.wakes.poke("weigh")
        return look is not None and look.at.number < upto.number
