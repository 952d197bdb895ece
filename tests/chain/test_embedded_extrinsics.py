"""What a node refuses, under its own names: calls that fail in their pallet, and extrinsics no block may hold."""

from pathlib import Path
from typing import Any

import bittensor as bt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.embedded.errors import InvalidTransaction
from chain.embedded.extrinsics import parse
from chain.embedded.genesis import genesis
from chain.embedded.metadata import metadata
from chain.embedded.storage import Pooled
from chain.embedded.substrate import EmbeddedSubstrate
from chain.types import NetUid
from tests.chain.calls import commit_weights, set_commitment, set_weights

NETUID = NetUid(7)
commitments = bt.storage.Commitments


def _failed(encrypted: bytes) -> dict[str, object]:
    return {"TimelockRevealFailed": {"encrypted": encrypted, "reveal_round": 1}}


REFUSALS: dict[str, tuple[str, Any, str, dict[str, object]]] = {
    "a stranger commits": ("AccountNotAllowedCommit", set_commitment({"Raw1": b"x"}), "outsider", {}),
    "four fields": ("TooManyFieldsInCommitmentInfo", set_commitment(*[{"Raw1": b"x"}] * 4), "miner", {}),
    "a forged failure": ("TimelockRevealFailedNotAllowed", set_commitment(_failed(b"x")), "miner", {}),
    "weights of a stranger": ("HotKeyNotRegisteredInSubNet", set_weights([0], [1]), "outsider", {}),
    "weights without permit": ("NeuronNoValidatorPermit", set_weights([0, 1], [1, 1]), "miner", {}),
    "an old version key": ("IncorrectWeightVersionKey", set_weights([0], [1], 2), "validator", {"weights_version": 3}),
    "a uid that does not exist": ("UidVecContainInvalidOne", set_weights([0, 3], [1, 1]), "validator", {}),
    "a uid twice": ("DuplicateUids", set_weights([0, 0], [1, 1]), "validator", {}),
    "more uids than there are": ("UidsLengthExceedUidsInSubNet", set_weights([0, 1, 2, 3], [1] * 4), "validator", {}),
    "too few uids": ("WeightVecLengthIsLow", set_weights([0], [1]), "validator", {"min_allowed_weights": 2}),
    "lists of two lengths": ("WeightVecNotEqualSize", set_weights([0, 2], [1]), "validator", {}),
    "too much on one uid": (
        "MaxWeightExceeded",
        set_weights([0, 2], [9, 1]),
        "validator",
        {"max_weight_limit": 40_000},
    ),
    "clear weights under commit-reveal": (
        "CommitRevealEnabled",
        set_weights([0], [1]),
        "validator",
        {"commit_reveal": True},
    ),
    "a commit without commit-reveal": ("CommitRevealDisabled", commit_weights(), "validator", {}),
    "a commit of version 3": ("IncorrectCommitRevealVersion", commit_weights(3), "validator", {"commit_reveal": True}),
}


@pytest.mark.parametrize(("name", "call", "who", "rules"), REFUSALS.values(), ids=list(REFUSALS))
def test_call_is_refused_under_the_chains_own_name(
    localnet: Any, client: Any, name: str, call: Any, who: str, rules: dict[str, object]
) -> None:
    localnet.rules(**rules)
    result = client.submit_call(call, getattr(localnet, who), signer="hotkey")
    assert (result.success, result.error.name) == (False, name)


def test_calls_outside_this_chain_fail_by_name(localnet: Any, client: Any) -> None:
    result = client.submit_call(bt.calls.System.remark(remark=b"x"), localnet.outsider)
    assert result.error.name == "CallFiltered"


def test_failed_call_changes_nothing_but_the_nonce(localnet: Any, client: Any) -> None:
    before = client.query(bt.storage.System.Account, [localnet.outsider.hot])["nonce"]
    result = localnet.commit(client, localnet.outsider, {"Raw1": b"x"})

    assert [event["event_id"] for event in result.events] == ["ExtrinsicFailed"]
    assert client.query(bt.storage.System.Account, [localnet.outsider.hot])["nonce"] == before + 1
    assert client.query_map(commitments.UsedSpaceOf, [NETUID]) == []


def test_no_call_costs_a_fee(localnet: Any, client: Any) -> None:
    before = client.balances.get(localnet.outsider.cold)
    call = bt.calls.SubtensorModule.burned_register(netuid=NETUID, hotkey=localnet.miner.hot)
    failed = client.submit_call(call, localnet.outsider)
    planned = client.plan(bt.SetWeights(netuid=NETUID, weights={0: 1.0}), localnet.validator)

    assert (failed.success, failed.fee.rao, planned.fee.rao) == (False, 0, 0)
    assert client.balances.get(localnet.outsider.cold) == before


def _signed(client: Any, keys: Any, **kwargs: Any) -> Any:
    unsigned = client.prepare_call(set_commitment({"Raw1": b"x"}), address=keys.hot, **kwargs)
    return unsigned, keys.hotkey.sign(unsigned.payload)


def test_altered_extrinsic_is_refused(localnet: Any, client: Any) -> None:
    unsigned, signature = _signed(client, localnet.miner)
    unsigned.call_data = unsigned.call_data[:-1] + b"y"
    result = client.submit_signature(unsigned, signature)
    assert (result.success, result.error.name, client.block) == (False, "BadProof", 0)


def test_extrinsic_of_another_signer_is_refused(localnet: Any, client: Any) -> None:
    unsigned, _ = _signed(client, localnet.miner)
    result = client.submit_signature(unsigned, localnet.outsider.hotkey.sign(unsigned.payload))
    assert result.error.name == "BadProof"


def test_replayed_extrinsic_is_refused(localnet: Any, client: Any) -> None:
    unsigned, signature = _signed(client, localnet.miner)
    results = [client.submit_signature(unsigned, signature) for _ in range(2)]
    assert [result.error.name if result.error else "" for result in results] == ["", "Stale"]


def test_extrinsic_with_a_nonce_ahead_is_refused(localnet: Any, client: Any) -> None:
    result = client.submit_signature(*_signed(client, localnet.miner, nonce=1))
    assert result.error.name == "Future"


@pytest.mark.parametrize("period", [64, None], ids=["mortal", "immortal"])
def test_extrinsic_of_another_chain_is_refused(localnet: Any, client: Any, tmp_path: Path, period: int | None) -> None:
    other = genesis(tmp_path / "other.db", beacon_secret=b"of another chain")
    with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(other.file.path)) as foreign:
        unsigned, signature = _signed(foreign, localnet.miner, period=period)
    other.close()
    assert client.submit_signature(unsigned, signature).error.name == "BadProof"


def test_expired_extrinsic_is_refused(localnet: Any, client: Any) -> None:
    unsigned, signature = _signed(client, localnet.miner, period=4)
    localnet.author.advance(4)
    assert client.submit_signature(unsigned, signature).error.name == "BadProof"


def test_garbage_in_the_pool_is_dropped_and_the_block_made(localnet: Any, client: Any) -> None:
    localnet.node.file.add_pooled(Pooled(b"h" * 32, localnet.miner.hot, b"garbage"))
    localnet.author.advance(1)
    assert (client.block, client.block_info(1).extrinsics, localnet.node.file.pool()) == (1, [], [])


@given(st.binary(max_size=300))
def test_random_bytes_are_no_extrinsic(data: bytes) -> None:
    with pytest.raises(InvalidTransaction) as refusal:
        parse(metadata(), data)
    assert refusal.value.name == "BadFormat"
