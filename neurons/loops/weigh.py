"""Weigh: from settled rounds to weights on chain, sent when due, read back, and sent again where they were lost."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from chain.reader import ChainReader
from chain.signing import Wallet
from chain.types import Block, BlockCount, Hotkey, Included, NetUid, Neuron, Refused, Uid, Weights
from chain.writer import ChainWriter
from competitions.spec import Table
from competitions.weights import Pay, Settled, pay
from ledger import network, rounds, weights
from ledger.database import Ledger
from neurons.reporting import Reporter

log = logging.getLogger(__name__)

_Key = TypeVar("_Key")

_ROUNDING = 1e-3
"""Weights are 16-bit on chain; what differs by less than this was read back as sent."""


@dataclass(frozen=True, slots=True)
class Weigh:
    """Holds no state: what was sent and what stands is in the ledger and on the chain."""

    reader: ChainReader
    writer: ChainWriter
    wallet: Wallet
    ledger: Ledger
    netuid: NetUid
    table: Table
    refresh_blocks: BlockCount
    """Unchanged weights are sent again after this many blocks, so that the chain never takes them for stale."""
    reporter: Reporter
    name: str = "weigh"

    def step(self) -> bool:
        """Confirm what was sent, then send what is due."""
        head = self.reader.head()
        neurons = self.reader.neurons(self.netuid, head)
        own = next((neuron for neuron in neurons if neuron.hotkey == self.wallet.hotkey), None)
        self._confirm(head, own)
        if own is None or not own.permit:
            log.warning("%s cannot set weights on netuid %d: %s", self.wallet.hotkey, self.netuid, _why_not(own))
            return False
        wanted = payable(self._wanted(head), neurons)
        if self._is_due(head, own, wanted, neurons):
            self._send(head, wanted, neurons)
        return False

    def _wanted(self, block: Block) -> Pay:
        """What every validator should pay at this block."""
        limit = Block(block - self.table.settle_blocks)
        settled = {c.name: self._settled(c.name, limit) for c in self.table.competitions}
        return pay(self.table, block, {name: state for name, state in settled.items() if state})

    def _settled(self, competition: str, limit: Block) -> Settled | None:
        number = rounds.newest_closed(self.ledger, competition, limit)
        if number is None:
            return None
        before = rounds.reign_after(self.ledger, competition, number - 1) if number else None
        previous = before.hotkey if before and before.confirmed else None
        return Settled(number, rounds.reign_after(self.ledger, competition, number), previous)

    def _is_due(self, block: Block, own: Neuron, wanted: Pay, neurons: tuple[Neuron, ...]) -> bool:
        """Whether to send now: something changed, was lost or grew old, and the chain's rate limit allows it.

        A hotkey that was paid and has registered since holds another uid than its weight went to, or the same one anew.
        """
        last = weights.last_included(self.ledger)
        if block - own.last_update < self.reader.weight_rules(self.netuid).rate_limit:
            return False
        if last is None or block - last.block >= self.refresh_blocks or _is_lost(last, own, block):
            return True
        moved = any(neuron.registered_at > last.block for neuron in neurons if neuron.hotkey in last.weights)
        return moved or not _same(dict(last.weights), named(wanted))

    def _send(self, block: Block, wanted: Pay, neurons: tuple[Neuron, ...]) -> None:
        vector = to_uids(wanted, neurons, self.table.burn_uid)
        outcome = self.writer.set_weights(self.netuid, self.wallet, vector)
        at = outcome.block if isinstance(outcome, Included) else block
        weights.record_sent(self.ledger, block, self.table.fingerprint, named(wanted), outcome)
        if isinstance(outcome, Refused):
            log.warning("weights refused in block %d: %s (%s)", block, outcome.name, outcome.message)
        else:
            self.reporter.weights_sent(at, named(wanted))
            log.info("weights sent in block %d: %s", at, {int(uid): round(w, 4) for uid, w in vector.items()})

    def _confirm(self, head: Block, own: Neuron | None) -> None:
        """Read back what stands on chain for this validator; it may be the one before last under commit-reveal."""
        standing = self.reader.weights(self.netuid, head)
        neurons = self.reader.neurons(self.netuid, head)
        network.record_chain_weights(self.ledger, head, standing)
        last = weights.last_included(self.ledger)
        if own is None or last is None or last.confirmed_block is not None or own.uid not in standing:
            return
        sent = to_uids(
            Pay({h: w for h, w in last.weights.items() if h != BURN}, last.weights.get(BURN, 0.0)),
            neurons,
            self.table.burn_uid,
        )
        if _same(dict(standing[own.uid]), sent):
            weights.confirm(self.ledger, last.id, head)
            log.info("weights of block %d read back from the chain in block %d", last.block, head)


BURN = Hotkey("burn")
"""Stands for the burn uid in recorded weights."""


def named(wanted: Pay) -> dict[Hotkey, float]:
    """Pay as recorded: by hotkey, the burnt part under `burn`."""
    return {**wanted.hotkeys, BURN: wanted.burn} if wanted.burn > 0 else dict(wanted.hotkeys)


def payable(wanted: Pay, neurons: tuple[Neuron, ...]) -> Pay:
    """The same pay with what would go to a hotkey without a uid burnt."""
    here = {neuron.hotkey for neuron in neurons}
    paid = {hotkey: weight for hotkey, weight in wanted.hotkeys.items() if hotkey in here}
    return Pay(paid, wanted.burn + sum(weight for hotkey, weight in wanted.hotkeys.items() if hotkey not in here))


def to_uids(wanted: Pay, neurons: tuple[Neuron, ...], burn_uid: Uid) -> Weights:
    """Hotkeys as the uids they hold now; what a hotkey without a uid would get is burnt."""
    uids = {neuron.hotkey: neuron.uid for neuron in neurons}
    vector: dict[Uid, float] = {}
    for hotkey, weight in wanted.hotkeys.items():
        uid = uids.get(hotkey, burn_uid)
        vector[uid] = vector.get(uid, 0.0) + weight
    if wanted.burn > _ROUNDING:
        vector[burn_uid] = vector.get(burn_uid, 0.0) + wanted.burn
    return vector


def _is_lost(last: weights.Sending, own: Neuron, block: Block) -> bool:
    """Whether the block that took the weights is past, and the chain knows of none set since they were sent."""
    return isinstance(last.answer, Included) and last.answer.block <= block and own.last_update <= last.block


def _same(one: Mapping[_Key, float], other: Mapping[_Key, float]) -> bool:
    return all(abs(one.get(key, 0.0) - other.get(key, 0.0)) <= _ROUNDING for key in one.keys() | other.keys())


def _why_not(own: Neuron | None) -> str:
    if own is None:
        return "the hotkey is not registered; register it with `btcli subnets register`"
    return f"uid {own.uid} has no validator permit; it needs more stake (it has {own.stake:g} TAO)"
