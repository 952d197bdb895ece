"""A node whose answer cannot be used is told as that, by the doing and the node, in each read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chain.connection import Endpoint
from chain.embedded.genesis import genesis
from chain.embedded.substrate import EmbeddedSubstrate
from chain.failover import Lines, Patience
from chain.reader import ChainFault
from chain.subtensor import SubtensorChain
from chain.types import Block, Hotkey, NetUid

NETUID = NetUid(1)
COLUMNS = ("hotkeys", "coldkeys", "total_stake", "validator_permit", "block_at_registration", "last_update")


class Garbled(EmbeddedSubstrate):
    """A node that leaves a value out of a metagraph's column, and answers all else in shapes of its own."""

    async def runtime_call(self, api: str, method: str, params: list[Any], block_hash: str | None = None) -> Any:  # noqa: ARG002
        return {column: [] if column == "last_update" else ["0"] for column in COLUMNS}

    async def query_map(self, *_: Any, **__: Any) -> Any:
        return [7]

    async def query(self, *_: Any, **__: Any) -> Any:
        return "a few"


@pytest.mark.parametrize(
    ("read", "doing"),
    [
        (lambda chain: chain.neurons(NETUID), "reading the metagraph of netuid 1"),
        (lambda chain: chain.commitments(NETUID), "reading the commitments of netuid 1"),
        (lambda chain: chain.subnet(NETUID, chain.finalized()), "reading netuid 1 at block 0"),
        (lambda chain: chain.weights(NETUID), "reading the weights of netuid 1"),
        (lambda chain: chain.weight_rules(NETUID), "reading the weight rules of netuid 1"),
        (
            lambda chain: chain.commitment_room(NETUID, Hotkey("h")),
            "reading the room for commitments of h on netuid 1",
        ),
        (lambda chain: chain.beacon_signature(9), "reading beacon round 9"),
        (lambda chain: chain.timestamp(Block(0)), "reading the time of block 0"),
    ],
    ids=["neurons", "commitments", "subnet", "weights", "weight rules", "room", "beacon", "time"],
)
def test_an_answer_of_no_known_shape_is_a_fault_of_the_node(
    tmp_path: Path, read: Callable[[SubtensorChain], object], doing: str
) -> None:
    node = genesis(tmp_path / "chain")
    lines = Lines([Endpoint("a node", lambda: Garbled(tmp_path / "chain"))], Patience())
    chain = SubtensorChain(lines, node.beacon.clock, "garbled")
    with pytest.raises(ChainFault, match=f"^{doing}: a node answered with what cannot be used"):
        read(chain)
    chain.close()
    node.close()
