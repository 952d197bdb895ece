"""Weights on the simulated chain: set in clear, or committed and revealed by the chain an epoch later."""

from collections.abc import Mapping
from dataclasses import replace

from chain.simulated.registration import held_by
from chain.simulated.state import Pledge, Refusal, SubnetState, put, require
from chain.types import Block, BlockCount, Hotkey, Neuron, Refused, Uid, WeightRules, Weights
from chain.u16 import U16_MAX, fit

MOST_PENDING = 10
"""Unrevealed commits a hotkey may have in one epoch."""


def fitted(subnet: SubnetState, hotkey: Hotkey, weights: Weights) -> Mapping[Uid, int]:
    """What the adapter sends: u16 values that the subnet's rules admit. Raises Refusal."""
    own = subnet.neuron(hotkey)
    values = fit(weights, rules_of(subnet), own.uid if own else None)
    if isinstance(values, Refused):
        raise Refusal(values.name, values.message)
    return values


def rules_of(subnet: SubnetState) -> WeightRules:
    """The subnet's rules as the port tells them."""
    rules = subnet.rules
    limits = BlockCount(rules.weights_rate_limit), rules.commit_reveal, rules.min_allowed_weights
    return WeightRules(*limits, rules.max_weight_limit / U16_MAX, rules.weights_version)


def set_weights(
    subnet: SubnetState, hotkey: Hotkey, values: Mapping[Uid, int], version_key: int, block: Block
) -> SubnetState:
    """Set in clear, or commit where the subnet asks for it. Raises Refusal."""
    neuron = held_by(subnet, hotkey)
    if subnet.rules.commit_reveal:
        require(_is_rested(subnet, neuron, block), "CommittingWeightsTooFast", _pause(subnet, neuron))
        pending = sum(pledge.hotkey == hotkey and pledge.epoch == subnet.epoch for pledge in subnet.pledges)
        require(pending < MOST_PENDING, "TooManyUnrevealedCommits", f"{pending} commits wait for their reveal")
        pledge = Pledge(hotkey, values, version_key, subnet.epoch)
        subnet = replace(subnet, pledges=(*subnet.pledges, pledge))
    else:
        require(_is_rested(subnet, neuron, block), "SettingWeightsTooFast", _pause(subnet, neuron))
        subnet = _stored(subnet, neuron, values, version_key)
    return subnet.with_neuron(replace(neuron, last_update=block))


def reveal_due(subnet: SubnetState) -> SubnetState:
    """Set what was committed a reveal period ago; like the chain, skip what it would refuse by now."""
    due = [p for p in subnet.pledges if subnet.epoch - p.epoch >= subnet.rules.reveal_period_epochs]
    if not due:
        return subnet
    subnet = replace(subnet, pledges=tuple(pledge for pledge in subnet.pledges if pledge not in due))
    for pledge in due:
        try:
            subnet = _stored(subnet, held_by(subnet, pledge.hotkey), pledge.weights, pledge.version_key)
        except Refusal:
            continue
    return subnet


def _stored(subnet: SubnetState, neuron: Neuron, values: Mapping[Uid, int], version_key: int) -> SubnetState:
    """The chain's checks, in its order."""
    count, rules, own = len(subnet.neurons), subnet.rules, list(values) == [neuron.uid]
    require(len(values) <= count, "UidsLengthExceedUidsInSubNet", f"{len(values)} weights for {count} uids")
    needed = rules.weights_version
    require(version_key >= needed, "IncorrectWeightVersionKey", f"version key {version_key}, {needed} needed")
    permitted = own or neuron.permit or neuron.hotkey == subnet.owner
    require(permitted, "NeuronNoValidatorPermit", f"uid {neuron.uid} has no permit")
    unknown = [uid for uid in values if uid not in subnet.neurons]
    require(not unknown, "UidVecContainInvalidOne", f"nobody holds uids {unknown}")
    if not own:
        least = min(count, rules.min_allowed_weights)
        require(len(values) >= least, "WeightVecLengthIsLow", f"{len(values)} weights, {least} needed")
        share = max(values.values()) * U16_MAX <= rules.max_weight_limit * sum(values.values())
        require(share, "MaxWeightExceeded", f"no uid may have more than {rules.max_weight_limit} of {U16_MAX}")
    return replace(subnet, weights=put(subnet.weights, neuron.uid, dict(values)))


def _is_rested(subnet: SubnetState, neuron: Neuron, block: Block) -> bool:
    """Whether the rate limit has passed since the last setting or the registration; block 0 counts as never."""
    return neuron.last_update == 0 or block - neuron.last_update >= subnet.rules.weights_rate_limit


def _pause(subnet: SubnetState, neuron: Neuron) -> str:
    return f"last set in block {neuron.last_update}; {subnet.rules.weights_rate_limit} blocks must lie between"
