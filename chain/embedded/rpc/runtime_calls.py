"""Runtime APIs as bytes: the metadata, the two the chain answers from storage, the block time, and fees of nothing."""

from collections.abc import Callable

from chain.embedded import runtime_api
from chain.embedded.derived import View
from chain.embedded.rpc.errors import InvalidParams, NoSuchExport
from chain.embedded.rpc.front import Front
from chain.embedded.scale import vec

_METADATA_VERSION = 15
_NONE, _SOME = b"\x00", b"\x01"
_NETUID_BYTES = 2
_NO_FEE = {"weight": {"ref_time": 0, "proof_size": 0}, "class": "Normal", "partial_fee": 0}

Answer = Callable[[Front, bytes], bytes]


def call(front: Front, view: View, method: str, data: bytes) -> bytes:
    """The SCALE result of `Api_method` after a block. Raises NoSuchExport, InvalidParams."""
    answer = _ANSWERS.get(method)
    if answer is not None:
        return answer(front, data)
    api, _, name = method.partition("_")
    if (api, name) not in runtime_api.METHODS:
        raise NoSuchExport(method)
    if len(data) != _NETUID_BYTES:
        raise InvalidParams(f"{method} takes a netuid of {_NETUID_BYTES} bytes, {len(data)} given")
    value = runtime_api.METHODS[api, name](view, int.from_bytes(data, "little"))
    return _encoded(front, api, name, value)


def _metadata_at_version(front: Front, data: bytes) -> bytes:
    if int.from_bytes(data, "little") != _METADATA_VERSION:
        return _NONE
    return _SOME + vec(front.metadata_bytes)


def _metadata_versions(front: Front, _: bytes) -> bytes:
    return _encoded(front, "Metadata", "metadata_versions", [_METADATA_VERSION])


def _slot_duration(front: Front, _: bytes) -> bytes:
    return front.node.parameters.block_time_ms.to_bytes(8, "little")


def _query_info(front: Front, _: bytes) -> bytes:
    return _encoded(front, "TransactionPaymentApi", "query_info", _NO_FEE)


def _encoded(front: Front, api: str, method: str, value: object) -> bytes:
    metadata = front.node.metadata
    return metadata.encode(metadata.runtime_api_output(api, method), value)


_ANSWERS: dict[str, Answer] = {
    "AuraApi_slot_duration": _slot_duration,
    "Metadata_metadata_at_version": _metadata_at_version,
    "Metadata_metadata_versions": _metadata_versions,
    "TransactionPaymentApi_query_info": _query_info,
}
"""What does not depend on a block."""
