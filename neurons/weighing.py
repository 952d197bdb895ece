"""When weights are sent, and why: pure functions of one look at the chain and of the rows of earlier sendings.

Knows neither a node nor a ledger, so that two validators with the same rows do the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from typing import TypeVar

from chain.types import Block, BlockCount, Hotkey, Included, Neuron, Refused, Uid, WeightRules, Weights
from chain.u16 import fit, shares
from competitions.weights import Pay
from ledger.weights import Sending

BURN = Hotkey("burn")
"""Stands for the burn uid in recorded weights."""

SETTLING = BlockCount(8)
"""Blocks after which a sending without an answer would show on chain if it stood: inclusion, finality, and some."""

_LONGEST_PAUSE = BlockCount(360)
_NOISE = 1e-9
"""Equal weights computed twice, or read back, differ by less; a step of 1/65,535 is far more."""

_Key = TypeVar("_Key")


class Cause(StrEnum):
    """Why weights are sent."""

    FIRST = "first"
    CHANGED = "changed"
    """Others are to be paid, or the same otherwise."""
    MOVED = "moved"
    """A paid hotkey has registered since: it holds another uid, or the same one anew."""
    LOST = "lost"
    """The chain holds no trace of the last ones, or other weights than these."""
    REFRESH = "refresh"
    """They grow old."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the chain says at one final block to the one who sets weights; `own` is its neuron."""

    block: Block
    neurons: tuple[Neuron, ...]
    own: Neuron | None
    standing: Mapping[Uid, Weights]
    rules: WeightRules


def named(wanted: Pay) -> dict[Hotkey, float]:
    """Pay as recorded: by hotkey, the burnt part under `burn`."""
    return {**wanted.hotkeys, BURN: wanted.burn} if wanted.burn > 0 else dict(wanted.hotkeys)


def payable(wanted: Pay, neurons: tuple[Neuron, ...]) -> Pay:
    """The same pay with what would go to a hotkey without a uid burnt."""
    here = {neuron.hotkey for neuron in neurons}
    paid = {hotkey: weight for hotkey, weight in wanted.hotkeys.items() if hotkey in here}
    return Pay(paid, wanted.burn + sum(weight for hotkey, weight in wanted.hotkeys.items() if hotkey not in here))


def to_uids(wanted: Pay, neurons: tuple[Neuron, ...], burn_uid: Uid) -> dict[Uid, float]:
    """Hotkeys as the uids they hold now; what a hotkey without a uid would get is burnt."""
    uids = {neuron.hotkey: neuron.uid for neuron in neurons}
    vector: dict[Uid, float] = {}
    for hotkey, weight in named(wanted).items():
        uid = uids.get(hotkey, burn_uid)
        vector[uid] = vector.get(uid, 0.0) + weight
    return vector


def plan(wanted: Pay, look: Look, burn_uid: Uid, version_key: int, hotkey: Hotkey) -> dict[Uid, int] | Refused:
    """The u16 weights to send, or the refusal that is known without asking, in the chain's words."""
    if look.own is None:
        return Refused(
            "HotKeyNotRegisteredInSubNet",
            f"hotkey {hotkey} holds no uid: register it with `btcli subnets register`",
        )
    if not look.own.permit:
        return Refused(
            "NeuronNoValidatorPermit",
            f"uid {look.own.uid} of hotkey {hotkey} has no validator permit: it needs more stake than its "
            f"{look.own.stake:g} TAO",
        )
    if version_key < look.rules.version_key:
        return Refused(
            "IncorrectWeightVersionKey",
            f"the subnet takes weights of version {look.rules.version_key} and later, and this Crucible makes version "
            f"{version_key}: upgrade it",
        )
    vector = to_uids(wanted, look.neurons, burn_uid)
    if unknown := sorted(vector.keys() - {neuron.uid for neuron in look.neurons}):
        return Refused(
            "UidVecContainInvalidOne",
            f"uid {unknown[0]} is to be weighed and the subnet has none such: the table's burn_uid must name another",
        )
    return fit(vector, look.rules, look.own.uid)


def terms(look: Look, version_key: int) -> str:
    """Everything but the weights that decides whether the chain takes them; another text, another attempt."""
    own, rules = look.own, look.rules
    who = f"uid {own.uid} since block {own.registered_at}, {'a' if own.permit else 'no'} permit" if own else "no uid"
    way = "committed and revealed" if rules.commit_reveal else "set in the clear"
    return (
        f"{who}; {way}, every {rules.rate_limit} blocks, at least {rules.min_weights} uids, at most "
        f"{rules.max_share:.4f} each, version {version_key} of at least {rules.version_key}"
    )


def is_rested(look: Look) -> bool:
    """Whether the rate limit has passed since the last setting, commit or registration; block 0 counts as never."""
    if look.own is None:
        return True
    last = max(look.own.last_update, look.own.registered_at)
    return last == 0 or look.block - last >= look.rules.rate_limit


def cause(last: Sending | None, tries: Sequence[Sending], wanted: Pay, look: Look, refresh: BlockCount) -> Cause | None:
    """Why to send now, if at all: `last` is the newest sending that stands, `tries` those after it, newest first."""
    if tries and tries[0].answer is None:
        return Cause.LOST
    if last is None:
        return Cause.FIRST
    if is_lost(last, look):
        return Cause.LOST
    if not _same(last.weights, named(wanted)):
        return Cause.CHANGED
    if any(neuron.registered_at > last.block for neuron in look.neurons if neuron.hotkey in last.weights):
        return Cause.MOVED
    return Cause.REFRESH if look.block - last.block >= refresh else None


def is_waiting(
    tries: Sequence[Sending], wanted: Pay, planned: dict[Uid, int] | Refused, agreed: str, block: Block
) -> bool:
    """Whether the newest try forbids another one yet.

    One without an answer may still show on chain. One that was refused is repeated after a pause that doubles, and at
    once where the weights or the terms are others. A refusal known without asking is none of the chain's: it ends with
    what it names.
    """
    if not tries:
        return False
    newest = tries[0]
    same = list(takewhile(lambda one: _alike(one, newest), tries))
    if newest.answer is None:
        return block - newest.block < pause(len(same))
    if newest.terms != agreed or not _same(newest.weights, named(wanted)):
        return False
    if not newest.values:
        return (
            isinstance(planned, Refused) and isinstance(newest.answer, Refused) and planned.name == newest.answer.name
        )
    return block - newest.block < pause(len(same))


def pause(tries: int) -> BlockCount:
    """Blocks to wait after so many fruitless tries of the same: doubling, no longer than a common epoch."""
    return BlockCount(min(SETTLING * 2 ** (tries - 1), _LONGEST_PAUSE))


def is_lost(last: Sending, look: Look) -> bool:
    """Whether a sending that stood is gone, or other weights stand; sealed ones show only when they are revealed."""
    if look.own is None:
        return True
    if isinstance(last.answer, Included) and look.block < last.answer.block:
        return False
    if look.own.last_update <= last.block or look.own.registered_at > last.block:
        return True
    shown = look.own.uid in look.standing  # a map read short by a node leaves out what stands
    return shown and bool(last.values) and not last.sealed and not stands(last, look)


def has_arrived(sending: Sending, look: Look) -> bool:
    """Whether a sending without an answer shows on chain: by its weights, or where those are sealed by last_update."""
    if look.own is None or look.own.last_update <= sending.block or look.own.registered_at > sending.block:
        return False
    return sending.sealed or stands(sending, look)


def stands(sending: Sending, look: Look) -> bool:
    """Whether the chain holds exactly what was sent."""
    held = look.standing.get(look.own.uid) if look.own else None
    return bool(held and sending.values) and _same(held or {}, shares(sending.values))


def _alike(one: Sending, other: Sending) -> bool:
    def outcome(sending: Sending) -> str | None:
        return sending.answer.name if isinstance(sending.answer, Refused) else None

    return (one.terms, outcome(one)) == (other.terms, outcome(other)) and _same(one.weights, other.weights)


def _same(one: Mapping[_Key, float], other: Mapping[_Key, float]) -> bool:
    return all(abs(one.get(key, 0.0) - other.get(key, 0.0)) <= _NOISE for key in one.keys() | other.keys())
