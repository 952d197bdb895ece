"""Adopt: hear what the subnet's owner announced, and have each new table before its activation."""

import logging
from dataclasses import dataclass, field

from chain.reader import ChainReader, UnknownBlock
from chain.types import Block, Hotkey, NetUid
from competitions.announcement_codec import decode
from competitions.announcements import NOTICE_BLOCKS, is_in_time
from hub.port import Hub
from ledger import announcements
from ledger.announcements import Announced, Dismissal, Heard
from ledger.database import Ledger
from models.ref import Malformed
from neurons.adoption import Adopted, Dismissed, Missing, Place, bring, judge
from neurons.history import KEPT_BLOCKS
from neurons.intake import pause
from neurons.rulebook import Rulebook
from neurons.supervisor import Wakes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Adopt:
    """What is announced, and what comes of it, is on record; what is not to be had is asked for again."""

    chain: ChainReader
    ledger: Ledger
    netuid: NetUid
    hub: Hub
    rulebook: Rulebook
    wakes: Wakes
    name: str = "adopt"
    _tries: dict[int, tuple[int, Block]] = field(default_factory=dict)
    """Of announcements whose file is not to be had, the attempts that failed and the block of the next."""

    def step(self) -> bool:
        """Hear what is new, then take the oldest announcement whose table is not here a step further."""
        with self.ledger.reading() as session:
            unheard = announcements.unheard(session, self.netuid)
        for heard in unheard:
            self._hear(heard)
        with self.ledger.reading() as session:
            standing = announcements.standing(session, self.netuid)
        waiting = [one for one in standing if one.table is None and not one.dismissed]
        return self._bring(waiting[0]) if waiting else False

    def _hear(self, heard: Heard) -> None:
        said = decode(heard.text)
        if isinstance(said, Malformed):
            self._dismiss(heard.commitment_id, Dismissed(Dismissal.MALFORMED, said.reason))
        elif (owner := self._owner(heard.block)) != heard.hotkey:
            detail = f"{heard.hotkey} did not own netuid {self.netuid} in block {heard.block}, {owner} did"
            self._dismiss(heard.commitment_id, Dismissed(Dismissal.NOT_OWNER, detail))
        elif not is_in_time(said, heard.block):
            detail = f"block {said.activation} is not {NOTICE_BLOCKS} after block {heard.block}, where it was announced"
            self._dismiss(heard.commitment_id, Dismissed(Dismissal.TOO_LATE, detail))
        else:
            announcements.announce(self.ledger, heard, said)
            log.info("a table is announced for block %d: %s of %s", said.activation, said.digest, said.repo)

    def _owner(self, block: Block) -> Hotkey | None:
        """Who owned the subnet at a block; of one whose state no node has any more, who owns it now."""
        try:
            return self.chain.subnet_owner(self.netuid, block)
        except UnknownBlock:
            now = self.chain.finalized().number
            if block > now - KEPT_BLOCKS:
                raise
            return self.chain.subnet_owner(self.netuid, now)

    def _bring(self, waiting: Announced) -> bool:
        id_, announcement, head = waiting.commitment_id, waiting.announcement, self.chain.head()
        failures, due = self._tries.get(id_, (0, head))
        if head < due:
            return False
        content = bring(self.hub, announcement)
        if isinstance(content, Missing):
            self._tries[id_] = failures + 1, Block(head + pause(failures))
            level = logging.ERROR if head >= announcement.activation else logging.WARNING
            log.log(level, _LACKING, announcement.activation, content.cause, announcement.activation)
            return False
        place = Place(self.chain.block_hash(Block(0)), self.netuid)
        earlier = self.rulebook.succession().tables()
        outcome = judge(content, announcement, waiting.hotkey, place, earlier)
        if isinstance(outcome, Adopted):
            announcements.adopt(self.ledger, id_, outcome.table.fingerprint, outcome.text)
            log.info("table %s holds from block %d on", outcome.table.fingerprint, announcement.activation)
        else:
            self._dismiss(id_, outcome)
        for loop in ("fetch", "rounds", "weigh"):
            self.wakes.poke(loop)
        return True

    def _dismiss(self, commitment_id: int, dismissed: Dismissed) -> None:
        announcements.dismiss(self.ledger, commitment_id, dismissed.reason, dismissed.detail)
        log.warning("an announced table is dismissed, %s: %s", dismissed.reason, dismissed.detail)


_LACKING = (
    "the table announced for block %d is not here (%s): no round is judged whose seed block is %d or later, and "
    "weights stay those of the block before"
)
