"""Uids on the simulated chain: registration, replacement with purge, stake, and the permits it buys at an epoch."""

from dataclasses import replace

from chain.simulated.commitments import purge
from chain.simulated.state import Refusal, SubnetState, put, require, without
from chain.types import Block, Coldkey, Hotkey, Neuron, Uid


def register(subnet: SubnetState, hotkey: Hotkey, coldkey: Coldkey, block: Block) -> SubnetState:
    """Give a hotkey the lowest free uid, or on a full subnet that of the oldest neuron past its immunity.

    Raises Refusal.
    """
    require(subnet.neuron(hotkey) is None, "HotKeyAlreadyRegisteredInSubNet", f"{hotkey} holds a uid here")
    free = next((uid for uid in range(subnet.rules.max_uids) if Uid(uid) not in subnet.neurons), None)
    uid = _replaceable(subnet, block) if free is None else Uid(free)
    if free is None:
        subnet = deregister(subnet, subnet.neurons[uid].hotkey)
    permit = subnet.permits.get(hotkey, False)
    neuron = Neuron(uid, hotkey, coldkey, subnet.stakes.get(hotkey, 0.0), permit, block, block)
    return subnet.with_neuron(neuron)


def deregister(subnet: SubnetState, hotkey: Hotkey, *, purging: bool = True) -> SubnetState:
    """Take a hotkey's uid, its weights and its commitments away; the next registration gets the uid. Raises Refusal."""
    neuron = held_by(subnet, hotkey)
    left = replace(
        subnet,
        neurons=without(subnet.neurons, neuron.uid),
        weights=without(subnet.weights, neuron.uid),
        pledges=tuple(pledge for pledge in subnet.pledges if pledge.hotkey != hotkey),
    )
    return purge(left, hotkey) if purging else left


def held_by(subnet: SubnetState, hotkey: Hotkey) -> Neuron:
    """The uid a hotkey holds. Raises Refusal where it holds none."""
    neuron = subnet.neuron(hotkey)
    if neuron is None:
        raise Refusal("HotKeyNotRegisteredInSubNet", f"{hotkey} holds no uid here")
    return neuron


def stake(subnet: SubnetState, hotkey: Hotkey, tao: float) -> SubnetState:
    """Put stake behind a hotkey; a permit follows at the epoch."""
    stakes = put(subnet.stakes, hotkey, subnet.stakes.get(hotkey, 0.0) + tao)
    subnet, neuron = replace(subnet, stakes=stakes), subnet.neuron(hotkey)
    return subnet if neuron is None else subnet.with_neuron(replace(neuron, stake=stakes[hotkey]))


def permit(subnet: SubnetState, hotkey: Hotkey, allowed: bool) -> SubnetState:
    """Fix a hotkey's permit, whatever its stake."""
    subnet, neuron = replace(subnet, permits=put(subnet.permits, hotkey, allowed)), subnet.neuron(hotkey)
    return subnet if neuron is None else subnet.with_neuron(replace(neuron, permit=allowed))


def give_permits(subnet: SubnetState) -> SubnetState:
    """Permits to the largest stakes above zero, as many as the subnet has validators; lower uids win ties."""
    ranked = sorted((n for n in subnet.neurons.values() if n.stake > 0), key=lambda n: (-n.stake, n.uid))
    chosen = {neuron.hotkey: True for neuron in ranked[: subnet.rules.max_validators]} | dict(subnet.permits)
    return replace(
        subnet,
        neurons={uid: replace(n, permit=chosen.get(n.hotkey, False)) for uid, n in sorted(subnet.neurons.items())},
    )


def _replaceable(subnet: SubnetState, block: Block) -> Uid:
    """Without emission all scores are equal, and the chain then takes the oldest that is not immune."""
    neurons = subnet.neurons.values()
    open_ = [n for n in neurons if n.hotkey != subnet.owner and block - n.registered_at >= subnet.rules.immunity_period]
    require(bool(open_), "NoNeuronIdAvailable", "every neuron is immune")
    return min(open_, key=lambda n: (n.registered_at, n.uid)).uid
