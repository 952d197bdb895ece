"""Raw calls of the SDK on the tests' subnet."""

from typing import Any

import bittensor as bt

from tests.chain.conftest import NETUID


def set_weights(dests: list[int], weights: list[int], version: int = 0) -> Any:
    return bt.calls.SubtensorModule.set_mechanism_weights(
        netuid=NETUID, mecid=0, dests=dests, weights=weights, version_key=version
    )


def commit_weights(version: int = 4) -> Any:
    return bt.calls.SubtensorModule.commit_timelocked_mechanism_weights(
        netuid=NETUID, mecid=0, commit=b"sealed", reveal_round=99, commit_reveal_version=version
    )


def set_commitment(*fields: object) -> Any:
    return bt.calls.Commitments.set_commitment(netuid=NETUID, info={"fields": list(fields)})


def timelocked(sealed: Any) -> dict[str, object]:
    return {"encrypted": sealed.encrypted, "reveal_round": sealed.reveal_round}
