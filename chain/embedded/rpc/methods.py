"""Every method this chain serves, by name, with the names and answers of a node's. Knows no socket and no JSON."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from chain.embedded import accounts
from chain.embedded.metadata import SPEC_VERSION, TRANSACTION_VERSION
from chain.embedded.rpc import runtime_calls
from chain.embedded.rpc.errors import CountTooLarge, InvalidParams
from chain.embedded.rpc.front import Front
from chain.embedded.rpc.params import Params
from chain.embedded.rpc.subscriptions import Heads, Subscriptions, Watch
from chain.embedded.scale import to_hex

_MOST_KEYS = 1_000
"""The largest page of keys a node gives."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the chain it goes to, what its connection subscribes to, and its parameters."""

    front: Front
    subscriptions: Subscriptions
    params: Params


Method = Callable[[Call], object]


def _block_hash(call: Call) -> object:
    number = call.params.number(0)
    header = call.front.node.head() if number is None else call.front.node.file.block(number)
    return None if header is None else to_hex(header.hash)


def _head(call: Call) -> object:
    return to_hex(call.front.node.head().hash)


def _finalized_head(call: Call) -> object:
    return to_hex(call.front.node.finalized().hash)


def _header(call: Call) -> object:
    header = call.front.find(call.params.block_hash(0))
    return None if header is None else call.front.header_json(header)


def _block(call: Call) -> object:
    header = call.front.find(call.params.block_hash(0))
    if header is None:
        return None
    extrinsics = [to_hex(data) for data in call.front.node.file.extrinsics(header.number)]
    return {"block": {"header": call.front.header_json(header), "extrinsics": extrinsics}, "justifications": None}


def _runtime_version(call: Call) -> object:
    call.front.view(call.params.block_hash(0))
    return {
        "specName": "node-subtensor",
        "implName": "node-subtensor",
        "authoringVersion": 1,
        "specVersion": SPEC_VERSION,
        "implVersion": 1,
        "apis": [],
        "transactionVersion": TRANSACTION_VERSION,
        "stateVersion": 1,
    }


def _metadata(call: Call) -> object:
    call.front.view(call.params.block_hash(0))
    return to_hex(call.front.metadata_bytes)


def _state_call(call: Call) -> object:
    view = call.front.view(call.params.block_hash(2))
    return to_hex(runtime_calls.call(call.front, view, call.params.text(0), call.params.data(1)))


def _storage(call: Call) -> object:
    value = call.front.raw.get(call.front.view(call.params.block_hash(1)), call.params.data(0))
    return None if value is None else to_hex(value)


def _storage_of_many(call: Call) -> object:
    view = call.front.view(call.params.block_hash(1))
    header = call.front.node.file.block(view.state.number)
    values = [(key, call.front.raw.get(view, key)) for key in call.params.many_data(0)]
    changes = [[to_hex(key), None if value is None else to_hex(value)] for key, value in values]
    return [{"block": to_hex(header.hash) if header else None, "changes": changes}]


def _keys(call: Call) -> object:
    count = call.params.number(1) or 0
    if count > _MOST_KEYS:
        raise CountTooLarge(count, _MOST_KEYS)
    view = call.front.view(call.params.block_hash(3))
    found = call.front.raw.keys(view, call.params.data(0), count, call.params.optional_data(2))
    return [to_hex(key) for key in found]


def _next_index(call: Call) -> object:
    address = call.params.text(0)
    try:
        accounts.public_key(address)
    except ValueError:
        raise InvalidParams(f"{address[:64]!r} is no ss58 address") from None
    return call.front.next_nonce(address)


def _submit(call: Call) -> object:
    return to_hex(_submitted(call))


def _submit_and_watch(call: Call) -> object:
    extrinsic_hash = _submitted(call)
    id_ = call.subscriptions.add(Watch(call.front, extrinsic_hash))
    call.front.advance(1)
    return id_


def _submitted(call: Call) -> bytes:
    data = call.params.data(0)
    extrinsic_hash = hashlib.blake2b(data, digest_size=32).digest()
    call.front.submit(extrinsic_hash, data)
    return extrinsic_hash


def _new_heads(call: Call) -> object:
    return call.subscriptions.add(Heads(call.front, finalized=False, notification="chain_newHead"))


def _finalized_heads(call: Call) -> object:
    return call.subscriptions.add(Heads(call.front, finalized=True, notification="chain_finalizedHead"))


def _unsubscribe(call: Call) -> object:
    return call.subscriptions.remove(call.params.text(0))


def _properties(call: Call) -> object:
    """What a node tells of its chain, and beside it what an embedded one has that no node has: its exact clock."""
    parameters = call.front.node.parameters
    clock = {
        "blockTimeMs": parameters.block_time_ms,
        "roundPeriodMs": parameters.round_period_ms,
        "startMs": parameters.start_ms,
    }
    return {"isEthereum": False, "ss58Format": 42, "tokenDecimals": 9, "tokenSymbol": "TAO", "crucible": clock}


def _health(_: Call) -> object:
    return {"peers": 0, "isSyncing": False, "shouldHavePeers": False}


def _methods(_: Call) -> object:
    return {"methods": sorted(METHODS)}


METHODS: dict[str, Method] = {
    "account_nextIndex": _next_index,
    "author_submitAndWatchExtrinsic": _submit_and_watch,
    "author_submitExtrinsic": _submit,
    "author_unwatchExtrinsic": _unsubscribe,
    "chain_getBlock": _block,
    "chain_getBlockHash": _block_hash,
    "chain_getFinalizedHead": _finalized_head,
    "chain_getHead": _head,
    "chain_getHeader": _header,
    "chain_subscribeFinalizedHeads": _finalized_heads,
    "chain_subscribeNewHeads": _new_heads,
    "chain_unsubscribeFinalizedHeads": _unsubscribe,
    "chain_unsubscribeNewHeads": _unsubscribe,
    "rpc_methods": _methods,
    "state_call": _state_call,
    "state_getKeysPaged": _keys,
    "state_getMetadata": _metadata,
    "state_getRuntimeVersion": _runtime_version,
    "state_getStorage": _storage,
    "state_getStorageAt": _storage,
    "state_queryStorageAt": _storage_of_many,
    "system_accountNextIndex": _next_index,
    "system_chain": lambda _: "Crucible embedded chain",
    "system_health": _health,
    "system_name": lambda _: "crucible-embedded",
    "system_properties": _properties,
    "system_version": lambda _: str(SPEC_VERSION),
}
"""All of them; any other name is a MethodNotFound."""
