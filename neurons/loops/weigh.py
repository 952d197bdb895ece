"""Weigh: from settled rounds to weights on chain, sent when due, read back, and sent again where they were lost."""

import logging
from dataclasses import dataclass, field, replace

from chain.reader import ChainReader
from chain.signing import Wallet
from chain.types import Block, BlockCount, Included, NetUid, Refused, Uid
from chain.u16 import shares
from chain.writer import ChainWriter
from competitions.spec import Table
from competitions.weights import Pay, Settled, pay
from ledger import network, rounds, weights
from ledger.database import Ledger
from neurons import weighing
from neurons.reporting import Reporter
from neurons.rulebook import Rulebook
from neurons.weighing import Look

log = logging.getLogger(__name__)

SEEN = "seen on chain"
"""Stands for the extrinsic of a sending whose answer was lost, and which the chain shows all the same."""


@dataclass(frozen=True, slots=True)
class Weigh:
    """Holds no state: what was sent and what stands is in the ledger and on the chain."""

    reader: ChainReader
    writer: ChainWriter
    wallet: Wallet
    ledger: Ledger
    netuid: NetUid
    rulebook: Rulebook
    refresh_blocks: BlockCount
    """Unchanged weights are sent again after this many blocks, so that the chain never takes them for stale."""
    reporter: Reporter
    version_key: int = 0
    """By which version of the rules the weights are made; a subnet may demand a newer one."""
    name: str = "weigh"
    _said: list[str] = field(default_factory=list, init=False, repr=False)
    """The newest warning of this process, which is not repeated."""

    def step(self) -> bool:
        """Read back what was sent, then send what is due. Raises ChainError; what was under way is looked for later."""
        look = self._look()
        self._read_back(look)
        block, table = self.rulebook.succession().upto(look.block)
        wanted = weighing.payable(self._wanted(block, table), look.neurons)
        last, tries = weights.last_included(self.ledger), weights.tries(self.ledger)
        cause = weighing.cause(last, tries, wanted, look, self.refresh_blocks)
        if cause is None or not weighing.is_rested(look):
            return False
        agreed = weighing.terms(look, self.version_key)
        planned = weighing.plan(wanted, look, table.burn_uid, self.version_key, self.wallet.hotkey)
        if isinstance(planned, Refused):
            self._warn(planned)
        if weighing.is_waiting(tries, wanted, planned, agreed, look.block):
            return False
        attempt = weights.Attempt(look.block, table.fingerprint, weighing.named(wanted), {}, cause, agreed)
        if isinstance(planned, Refused):
            weights.record(self.ledger, attempt, planned)
        else:
            self._send(attempt, planned, sealed=look.rules.commit_reveal)
        return False

    def _look(self) -> Look:
        """Final blocks only: what a reorganisation may still take back is neither lost nor confirmed."""
        block = self.reader.finalized().number
        neurons = self.reader.neurons(self.netuid, block)
        own = next((neuron for neuron in neurons if neuron.hotkey == self.wallet.hotkey), None)
        return Look(block, neurons, own, self.reader.weights(self.netuid, block), self.reader.weight_rules(self.netuid))

    def _wanted(self, block: Block, table: Table) -> Pay:
        """What every validator should pay at this block, at which the table holds."""
        limit = Block(block - table.settle_blocks)
        settled = {c.name: self._settled(c.name, limit) for c in table.competitions}
        return pay(table, block, {name: state for name, state in settled.items() if state})

    def _settled(self, competition: str, limit: Block) -> Settled | None:
        number = rounds.newest_closed(self.ledger, competition, limit)
        if number is None:
            return None
        before = rounds.reign_after(self.ledger, competition, number - 1) if number else None
        previous = before.hotkey if before and before.confirmed else None
        return Settled(number, rounds.reign_after(self.ledger, competition, number), previous)

    def _read_back(self, look: Look) -> None:
        """Note what the chain holds, which sending without an answer it shows, and whether the newest one stands."""
        network.record_chain_weights(self.ledger, look.block, look.standing)
        for sending in weights.tries(self.ledger):
            if sending.answer is None and look.own is not None and weighing.has_arrived(sending, look):
                log.info("weights of block %d, whose answer was lost, stand on chain", sending.block)
                weights.answer(self.ledger, sending.id, Included(look.own.last_update, SEEN))
                break
        last = weights.last_included(self.ledger)
        if last is not None and last.confirmed_block is None and weighing.stands(last, look):
            weights.confirm(self.ledger, last.id, look.block)
            log.info("weights of block %d read back from the chain in block %d", last.block, look.block)

    def _send(self, attempt: weights.Attempt, values: dict[Uid, int], *, sealed: bool) -> None:
        """On record before it leaves: whatever ends this process or loses the answer, the next step looks for it."""
        attempt = replace(attempt, values=values, sealed=sealed)
        sending = weights.begin(self.ledger, attempt)
        outcome = self.writer.set_weights(self.netuid, self.wallet, shares(values), version_key=self.version_key)
        weights.answer(self.ledger, sending, outcome)
        if isinstance(outcome, Refused):
            self._warn(outcome)
        else:
            self._said.clear()
            self.reporter.weights_sent(outcome.block, attempt.weights)
            log.info("weights sent in block %d (%s): %s", outcome.block, attempt.cause, dict(attempt.weights))

    def _warn(self, refusal: Refused) -> None:
        """Once in a process for as long as nothing else happens."""
        said = f"{refusal.name}: {refusal.message}"
        if self._said[-1:] != [said]:
            self._said[:] = [said]
            log.warning("weights cannot be set on netuid %d: %s", self.netuid, said)
