"""Creating a chain file: its parameters, its beacon and block 0."""

import hashlib
import secrets
import time
from datetime import datetime
from pathlib import Path

from py_ecc.optimized_bls12_381 import curve_order

from chain.embedded.node import SEALING, SEALING_INSTANT, Node, Parameters
from chain.embedded.storage import ChainFile, Header
from chain.embedded.tlock import PublicKey, Secret, public_key

_QUICKNET_PERIOD_MS = 3_000


def genesis(
    path: Path,
    *,
    block_time_s: float = 12.0,
    start: datetime | None = None,
    beacon_secret: bytes | None = None,
    finality_lag: int = 0,
) -> Node:
    """A new chain at block 0 without subnets; `Root` adds them. Raises ChainFileError where the file already exists.

    Time starts at a whole second, now unless given. A beacon round takes quicknet's three seconds of chain time, or one
    block time where blocks are faster. A beacon secret of 32 bytes makes the whole chain reproducible.
    """
    block_time_ms = round(block_time_s * 1000)
    if block_time_ms < 1:
        raise ValueError(f"a block time of {block_time_s} s is below a millisecond; give at least 0.001")
    start_s = int(start.timestamp() if start else time.time())
    period = min(_QUICKNET_PERIOD_MS, block_time_ms)
    parameters = Parameters(block_time_ms, period, start_s * 1000, finality_lag)
    secret = _scalar(beacon_secret or secrets.token_bytes(32))
    key = public_key(secret)
    fixed = {"beacon_secret": secret.to_bytes(32, "big"), "beacon_key": bytes(key), SEALING: SEALING_INSTANT}
    file = ChainFile.create(path, parameters.as_meta() | fixed)
    with file.write():
        file.add_block(Header(0, _genesis_hash(key, parameters), parameters.start_ms), None)
    node = Node(file)
    with file.write():
        _write_beacon(node, key)
    return node


def _scalar(secret: bytes) -> Secret:
    return Secret(int.from_bytes(hashlib.sha512(secret).digest(), "big") % (curve_order - 1) + 1)


def _genesis_hash(key: PublicKey, parameters: Parameters) -> bytes:
    return hashlib.blake2b(key + repr(parameters).encode(), digest_size=32).digest()


def _write_beacon(node: Node, key: PublicKey) -> None:
    """Say on chain whose beacon this is. Its period counts whole seconds; 0 stands for less than one."""
    state = node.state(0, node.parameters.start_ms)
    config = state.get("Drand", "BeaconConfig")
    config |= {
        "public_key": bytes(key),
        "period": node.parameters.round_period_ms // 1000,
        "genesis_time": node.parameters.start_ms // 1000,
        "hash": node.genesis_hash,
        "group_hash": node.genesis_hash,
        "metadata": {"beacon_id": b"embedded"},
    }
    state.put("Drand", "BeaconConfig", value=config)
