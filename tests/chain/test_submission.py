"""What an answer to a write means: what a node says on the way to finality is no refusal by the chain."""

from pathlib import Path

import pytest
from bittensor._transport.errors import SubstrateRequestException
from bittensor.result import ExtrinsicResult, chain_error_from_substrate_request

from chain.connection import Connection, Endpoint
from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.root import Root
from chain.embedded.substrate import EmbeddedSubstrate
from chain.intents import SetCommitment
from chain.reader import ChainUnreachable
from chain.signing import Wallet, create_wallet
from chain.submission import Submitted, submit
from chain.types import NetUid, Refused

NETUID = NetUid(1)


class Saying(EmbeddedSubstrate):
    """The embedded chain behind a node that fails a submission with given words, as the SDK hands them on."""

    def __init__(self, path: Path, said: object) -> None:
        super().__init__(path)
        self._said = said

    async def submit(self, *_: object, **__: object) -> ExtrinsicResult:
        error = chain_error_from_substrate_request(SubstrateRequestException(self._said))
        return ExtrinsicResult(success=False, message=error.message, error=error)


def committing(path: Path, said: object) -> Submitted:
    node = genesis(path / "chain")
    miner: Wallet = create_wallet("miner", "default", path / "wallets")
    Root(node).create_subnet(NETUID, miner.coldkey, miner.hotkey, Hyperparameters())
    node.close()
    connection = Connection(Endpoint("a node", lambda: Saying(path / "chain", said)), 30)
    try:
        return connection.run(lambda substrate: submit(substrate, SetCommitment(int(NETUID), b"x".hex()), miner), 30)
    finally:
        connection.close()


@pytest.mark.parametrize(
    "said",
    [
        *(
            f"Extrinsic {status}: {{'{status}': None}}"
            for status in ("retracted", "finalitytimeout", "dropped", "invalid")
        ),
        {"error": {"code": 1013, "message": "Transaction Already Imported"}},
        {"error": {"code": -32603, "message": "Internal error"}},
        "Connection lost while waiting for a subscription response (e.g. extrinsic finalization)",
    ],
    ids=["retracted", "finality timeout", "dropped", "invalid", "imported", "internal", "lost"],
)
def test_a_write_that_may_stand_yet_is_not_told_as_refused(tmp_path: Path, said: object) -> None:
    with pytest.raises(
        ChainUnreachable, match=r"whether it stands is unknown .*look at the chain before sending again"
    ):
        committing(tmp_path, said)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (
            {"error": {"code": 1010, "message": "Invalid Transaction", "data": "Transaction has a bad signature"}},
            "BadProof",
        ),
        ({"error": {"code": 1010, "message": "Invalid Transaction", "data": "Transaction is outdated"}}, "Stale"),
        ("Extrinsic usurped: {'usurped': None}", "Usurped"),
    ],
)
def test_what_can_never_stand_is_refused_by_name(tmp_path: Path, said: object, name: str) -> None:
    answer = committing(tmp_path, said)
    assert isinstance(answer, Refused)
    assert answer.name == name
