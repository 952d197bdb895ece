"""A stranger's adapter for a competition's base → updates of the base's own matrices, or the reason why not.

An adapter is two files, as peft writes them: a config, and for each linear module that it changes two factors,
`lora_A` (rank × columns) and `lora_B` (rows × rank), whose scaled product is added to the module's matrix. Knows the
files and the base's shapes; adding is `models.merging`'s. What peft would do with the files is of no account: whatever
of them is not two factors is refused.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from models.adapter_config import AdapterConfig, own_adapter_config, read_adapter_config
from models.architectures import EMBEDDING, Shape
from models.bases import BaseRef
from models.configs import Blueprint
from models.digest import adapter_digest
from models.limits import ModelLimits
from models.manifest import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from models.measuring import Measured, measure
from models.rejections import Reason, Rejection
from models.strict_json import shown
from models.tensors import ITEM_BYTES, Tensor, read_header
from models.weights import rewrite

_FACTOR = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight", re.ASCII)
_WEIGHT = ".weight"


@dataclass(frozen=True, slots=True)
class Update:
    """What is added to one matrix, before scaling: the product of `up` (rows × rank) and `down` (rank × columns)."""

    up: Tensor
    down: Tensor


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter that fits its base: the updates by the name of the weight they change, and its digest."""

    config: AdapterConfig
    updates: Mapping[str, Update]
    digest: str


def read_adapter(folder: Path, base: BaseRef, blueprint: Blueprint, limits: ModelLimits) -> Adapter | Rejection:
    """The adapter in a folder that holds the two files, for a base of this blueprint."""
    config = read_adapter_config((folder / ADAPTER_CONFIG).read_bytes(), base, limits)
    if isinstance(config, Rejection):
        return config
    # the competition's dtypes are the sum's, and that has the base's; factors are float32 as a rule
    header = read_header(folder / ADAPTER_WEIGHTS, replace(limits, dtypes=tuple(ITEM_BYTES)))
    if isinstance(header, Rejection):
        return header
    found, linear = {tensor.name: tensor for tensor in header}, _linear(blueprint)
    if fault := known_factors(found, linear) or whole_pairs(found) or fitting_factors(found, linear, config.rank):
        return Rejection(Reason.WEIGHTS, fault)
    measured = tuple(measure(header))
    if fault := finite_factors(measured):
        return Rejection(Reason.WEIGHTS, fault)
    return Adapter(config, _updates(found, linear), adapter_digest(base.digest, config.scale, measured))


def write_adapter(adapter: Adapter, base: BaseRef, into: Path) -> None:
    """Write an adapter to a new folder, to be published: a config of ours and a file with nothing but its factors."""
    into.mkdir()
    modules = [name.removesuffix(_WEIGHT) for name in adapter.updates]
    (into / ADAPTER_CONFIG).write_bytes(own_adapter_config(adapter.config, modules, base))
    factors = tuple(factor for update in adapter.updates.values() for factor in (update.up, update.down))
    if isinstance(refused := rewrite(factors, into / ADAPTER_WEIGHTS), Rejection):
        raise ValueError(f"factors that were finite are refused: {refused.detail}")


def known_factors(names: Iterable[str], linear: Mapping[str, Shape]) -> str | None:
    """A tensor of no linear module of the base: a new head, a bias, a magnitude, a layer that is not there."""
    strange = next((name for name in names if _weight_of(name) not in linear), None)
    if strange is None:
        return None
    return f"{ADAPTER_WEIGHTS} holds {shown(strange)}, no lora_A or lora_B of a linear module of the base; remove it"


def whole_pairs(names: Mapping[str, object]) -> str | None:
    """One factor without the other, or no factor at all."""
    if not names:
        return f"{ADAPTER_WEIGHTS} holds no tensors; save the adapter with peft's save_pretrained"
    other = {"A": "B", "B": "A"}
    for name in names:
        if found := _FACTOR.fullmatch(name):
            missing = _factor(f"{found[1]}{_WEIGHT}", other[found[2]])
            if missing not in names:
                return f"{ADAPTER_WEIGHTS} has {shown(name)} without {shown(missing)}; save both"
    return None


def fitting_factors(found: Mapping[str, Tensor], linear: Mapping[str, Shape], rank: int) -> str | None:
    """Factors of another rank than the config's, transposed, or of another base."""
    for weight, shape in linear.items():
        for letter, expected in (("A", (rank, shape[1])), ("B", (shape[0], rank))):
            factor = found.get(_factor(weight, letter))
            if factor is not None and factor.shape != expected:
                return f"{factor.name} has the shape {list(factor.shape)}; the base and r ask for {list(expected)}"
    return None


def finite_factors(measured: Iterable[Measured]) -> str | None:
    """NaN or infinity, which would be rounded to anything."""
    broken = next((tensor.name for tensor in measured if not tensor.finite), None)
    return None if broken is None else f"{broken} holds NaN or infinity; train with finite weights"


def _linear(blueprint: Blueprint) -> dict[str, Shape]:
    """Name → shape of the weights of the base's linear modules; a head that is the embedding is none."""
    return {name: shape for name, shape in blueprint.tensors.items() if len(shape) == 2 and name != EMBEDDING}


def _updates(found: Mapping[str, Tensor], linear: Mapping[str, Shape]) -> dict[str, Update]:
    return {
        weight: Update(found[_factor(weight, "B")], found[_factor(weight, "A")])
        for weight in linear
        if _factor(weight, "A") in found
    }


def _weight_of(factor: str) -> str | None:
    """The name of the weight that a factor is for, by the factor's name."""
    found = _FACTOR.fullmatch(factor)
    return None if found is None else f"{found[1]}{_WEIGHT}"


def _factor(weight: str, letter: str) -> str:
    return f"base_model.model.{weight.removesuffix(_WEIGHT)}.lora_{letter}{_WEIGHT}"
