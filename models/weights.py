"""The weights of a stranger's folder → one safetensors file of ours, holding exactly the tensors that the config needs.

Knows the blueprint and the files; nothing of a stranger's headers or index reaches the new file.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import BinaryIO

from models.architectures import EMBEDDING, HEAD
from models.configs import Blueprint
from models.limits import ModelLimits
from models.manifest import INDEX, Manifest
from models.measuring import Measured, measure
from models.norms import NormLimits, norm_fault
from models.rejections import Reason, Rejection
from models.strict_json import BadJson, canonical, parse_object, shown
from models.tensors import ITEM_BYTES, Tensor, read_header, same_bytes


@dataclass(frozen=True, slots=True)
class Matched:
    """The tensors that a blueprint needs, found; a head equal to the embedding is left out and the blueprint tied."""

    blueprint: Blueprint
    tensors: tuple[Tensor, ...]


Written = tuple[Measured, ...] | Rejection
"""What a pass told of the tensors that were written, in the order of the file, or why they are refused."""


def find_tensors(folder: Path, manifest: Manifest, limits: ModelLimits) -> dict[str, Tensor] | Rejection:
    """Name → tensor over all weight files, each name once, from headers that together keep the limits."""
    found: dict[str, Tensor] = {}
    for name in manifest.weights:
        header = read_header(folder / name, limits)
        if isinstance(header, Rejection):
            return header
        if not header or any(tensor.name in found for tensor in header):
            return _bad(f"{name} holds no tensors, or some that another shard holds too; save the model anew")
        found |= {tensor.name: tensor for tensor in header}
        # the limits are the model's, not each shard's
        left = limits.max_header_bytes - (header[0].start - 8)
        limits = replace(limits, max_header_bytes=left, max_tensors=limits.max_tensors - len(header))
    if INDEX in manifest.files:
        return _index_fault((folder / INDEX).read_bytes(), manifest, found) or found
    return found


def match(found: Mapping[str, Tensor], blueprint: Blueprint) -> Matched | Rejection:
    """The tensors that the blueprint needs, when they are there with its shapes, and no others."""
    tied = HEAD in found and EMBEDDING in found and same_bytes(found[HEAD], found[EMBEDDING])
    if tied:
        found = {name: tensor for name, tensor in found.items() if name != HEAD}
        blueprint = blueprint.tie()
    if blueprint.sizes.tied and HEAD in found:
        return _bad(f"{HEAD} is not the embedding, though tie_word_embeddings is true; set that to false")
    expected = blueprint.tensors
    if missing := sorted(expected.keys() - found.keys()):
        return _bad(f"the weights lack {len(missing)} of {len(expected)} tensors, first {missing[0]}; save them all")
    if unexpected := sorted(found.keys() - expected.keys()):
        return _bad(f"the weights hold {len(unexpected)} tensors too many, first {shown(unexpected[0])}; remove them")
    for name, shape in expected.items():
        if found[name].shape != shape:
            return _bad(f"{name} has the shape {list(found[name].shape)}; config.json asks for {list(shape)}")
    return Matched(blueprint, tuple(found.values()))


def rewrite(tensors: tuple[Tensor, ...], into: Path, norms: NormLimits | None = None) -> Written:
    """Write the tensors to a new safetensors file, each in one pass that also measures it.

    Rejects what is not finite, numbers whose squares no float32 holds, and norms beyond the limits where there are any.
    """
    # larger numbers first, as safetensors itself orders them: every tensor then starts at a multiple of its item size
    ordered = sorted(tensors, key=lambda tensor: (-ITEM_BYTES[tensor.dtype], tensor.name))
    written = []
    with into.open("xb") as file, closing(measure(ordered, file)) as passing:
        _write_header(ordered, file)
        for measured in passing:
            if not measured.finite:
                return _bad(f"{measured.name} holds NaN or infinity; train with finite weights")
            if not isfinite(measured.sketch.norm):
                return _bad(f"{measured.name} holds numbers beyond 1.8e19; train with smaller weights")
            written.append(measured)
    fault = norm_fault({tensor.name: tensor.sketch.norm for tensor in written}, norms) if norms else None
    return _bad(fault) if fault else tuple(written)


def _write_header(ordered: list[Tensor], file: BinaryIO) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for tensor in ordered:
        offsets = [offset, offset + tensor.size]
        header[tensor.name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": offsets}
        offset += tensor.size
    text = canonical(header)
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)


def _index_fault(data: bytes, manifest: Manifest, found: Mapping[str, Tensor]) -> Rejection | None:
    """The index must name the shards beside it, and say of each tensor where it really is."""
    parsed = parse_object(data)
    if isinstance(parsed, BadJson) or not isinstance(places := parsed.get("weight_map"), dict):
        return _bad(f"{INDEX} is no JSON object with a weight_map; save the model with save_pretrained")
    for place in places.values():
        if place not in manifest.weights:
            detail = f"{INDEX} names the file {shown(place)}, which is no shard beside it; name those only"
            return Rejection(Reason.PATH, detail)
    if places != {tensor.name: tensor.file.name for tensor in found.values()}:
        return _bad(f"{INDEX} says otherwise than the shards where tensors are; save the model with save_pretrained")
    return None


def _bad(detail: str) -> Rejection:
    return Rejection(Reason.WEIGHTS, detail)
