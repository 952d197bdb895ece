"""Who may produce for a round: registered with permit and stake on the producing subnet, as of the seed block."""

from collections import Counter
from collections.abc import Iterable

from chain.reader import ChainReader
from chain.types import Block, Hotkey, Neuron
from evaluation.sources.drops import Drop
from evaluation.sources.spec import Produced


def qualified(
    chain: ChainReader, spec: Produced, seed_block: Block, claimed: Iterable[Hotkey]
) -> tuple[tuple[Neuron, ...], Counter[Drop]]:
    """Which of the hotkeys that have something to offer may, sorted by uid, and how many may not for which reason.

    Raises ChainError.
    """
    neurons = {neuron.hotkey: neuron for neuron in chain.neurons(spec.netuid, seed_block)}
    able: list[Neuron] = []
    turned: Counter[Drop] = Counter()
    for hotkey in claimed:
        neuron = neurons.get(hotkey)
        drop = _drop(neuron, spec)
        if neuron is not None and drop is None:
            able.append(neuron)
        elif drop is not None:
            turned[drop] += 1
    return tuple(sorted(able, key=lambda neuron: neuron.uid)), turned


def all_qualified(chain: ChainReader, spec: Produced, seed_block: Block) -> tuple[Neuron, ...]:
    """Every neuron that may produce, sorted by uid, whether or not it has something to offer. Raises ChainError."""
    neurons = chain.neurons(spec.netuid, seed_block)
    return tuple(sorted((one for one in neurons if _drop(one, spec) is None), key=lambda neuron: neuron.uid))


def _drop(neuron: Neuron | None, spec: Produced) -> Drop | None:
    if neuron is None:
        return Drop.UNREGISTERED
    if not neuron.permit:
        return Drop.NO_PERMIT
    return Drop.LOW_STAKE if neuron.stake < spec.min_stake else None
