"""The plain SDK drives the embedded chain: nothing of ours but the substrate, genesis and author, and the re-keying."""

import asyncio
import inspect
import itertools
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import bittensor as bt
import pytest
from bittensor._substrate import Substrate

from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.root import Root
from chain.embedded.substrate import EmbeddedSubstrate

NETUID = 7
REPOSITORY = Path(__file__).parents[2]
st = bt.storage


def test_substrate_has_every_method_of_the_protocol_with_its_parameters() -> None:
    def parameters(owner: type) -> dict[str, list[str]]:
        public = inspect.getmembers(owner, inspect.isfunction)
        return {name: list(inspect.signature(f).parameters) for name, f in public if not name.startswith("_")}

    assert parameters(EmbeddedSubstrate) == parameters(Substrate)


def test_metagraph_shows_who_is_registered(localnet: Any, client: Any) -> None:
    localnet.author.advance(3)

    graph = client.subnets.metagraph(NETUID)

    seen = [(n.uid, n.hotkey, n.coldkey, n.validator_permit, n.total_stake.amount) for n in graph.neurons]
    people = (localnet.owner, localnet.validator, localnet.miner)
    expected = [(uid, keys.hot, keys.cold, uid == 1, 1000.0 * (uid == 1)) for uid, keys in enumerate(people)]
    assert (graph.name, graph.symbol, graph.block, graph.tempo, len(graph.raw)) == ("crucible", "α", 3, 10, 75)
    assert seen == expected


def test_metagraph_of_a_missing_subnet_is_none(client: Any) -> None:
    assert client.subnets.metagraph(99) is None


def test_clear_commitment_is_read_back_with_its_block(localnet: Any, client: Any) -> None:
    result = localnet.commit(client, localnet.miner, {"Raw5": b"hello"})

    (entry,) = client.read("commitments", netuid=NETUID)
    told = (result.success, result.extrinsic_id, entry["hotkey"], entry["block"], entry["commitment"], entry["status"])
    assert told == (True, "1-0000", localnet.miner.hot, 1, "hello", "plain")


def test_sealed_commitment_opens_by_itself_and_its_clear_field_keeps_the_commit_block(
    localnet: Any, client: Any
) -> None:
    localnet.author.advance(4)
    sealed = bt.timelock.encrypt(b"the pointer", reveal_in=4)
    field = {"TimelockEncrypted": {"encrypted": sealed.encrypted, "reveal_round": sealed.reveal_round}}
    localnet.commit(client, localnet.miner, field, {"Raw3": b"tag"})

    localnet.author.advance(2)
    closed = client.query(st.Commitments.RevealedCommitments, [NETUID, localnet.miner.hot])
    localnet.author.advance(1)
    opened = client.query(st.Commitments.RevealedCommitments, [NETUID, localnet.miner.hot])
    entry = client.query(st.Commitments.CommitmentOf, [NETUID, localnet.miner.hot])

    assert (closed, opened) == (None, [("the pointer", 8)])
    assert entry == {"deposit": 0, "block": 5, "info": {"fields": [{"Raw3": "0x746167"}]}}
    assert client.subnets.metagraph(NETUID).neurons[2].commitment.status == "revealed"
    assert sealed.decrypt() == b"the pointer"


CLEAR_FIELDS: list[object] = [
    "None",
    "ResetBondsFlag",
    {"Raw0": b""},
    {"Raw128": b"\xff" * 128},
    {"BigRaw": b"0x6162"},
    {"BigRaw": b"\xfe" * 512},
    {"Sha256": b"\x01" * 32},
]


@pytest.mark.parametrize("clear", CLEAR_FIELDS, ids=["none", "flag", "raw0", "raw128", "hexlike", "bigraw", "hash"])
def test_every_kind_of_clear_field_survives_the_opening_beside_it(localnet: Any, client: Any, clear: object) -> None:
    localnet.commit(client, localnet.miner, clear, {"TimelockEncrypted": {"encrypted": b"sealed", "reveal_round": 2}})
    before = client.query(st.Commitments.CommitmentOf, [NETUID, localnet.miner.hot])["info"]["fields"]
    localnet.author.advance(1)
    after = client.query(st.Commitments.CommitmentOf, [NETUID, localnet.miner.hot])["info"]["fields"]

    assert (after[0], after[1]) == (before[0], {"TimelockRevealFailed": before[1]["TimelockEncrypted"]})


def test_commitment_that_is_only_sealed_leaves_nothing_but_its_reveal(localnet: Any, client: Any) -> None:
    sealed = bt.timelock.encrypt(b"alone", reveal_round=4)
    localnet.commit(client, localnet.miner, {"TimelockEncrypted": _inner(sealed)})
    localnet.author.advance(5)

    assert client.query(st.Commitments.CommitmentOf, [NETUID, localnet.miner.hot]) is None
    assert client.query(st.Commitments.LastCommitment, [NETUID, localnet.miner.hot]) == 1
    assert client.query(st.Commitments.RevealedCommitments, [NETUID, localnet.miner.hot]) == [("alone", 3)]
    assert client.query(st.Commitments.TimelockedIndex) == []


def test_envelope_is_opened_like_the_bare_ciphertext(localnet: Any, client: Any) -> None:
    sealed = bt.timelock.encrypt(b"boxed", reveal_round=4)
    boxed = {"encrypted": bytes(sealed), "reveal_round": sealed.reveal_round}
    localnet.commit(client, localnet.miner, {"TimelockEncrypted": boxed})
    localnet.author.advance(5)

    assert client.query(st.Commitments.RevealedCommitments, [NETUID, localnet.miner.hot]) == [("boxed", 3)]


def test_commitment_that_cannot_be_opened_is_marked_failed(localnet: Any, client: Any) -> None:
    sealed = bt.timelock.encrypt(b"x", reveal_round=9)
    too_early = {"encrypted": sealed.encrypted, "reveal_round": 4}
    localnet.commit(client, localnet.miner, {"TimelockEncrypted": too_early})
    localnet.author.advance(5)

    entry = client.query(st.Commitments.CommitmentOf, [NETUID, localnet.miner.hot])
    failed = {"TimelockRevealFailed": {"encrypted": "0x" + sealed.encrypted.hex(), "reveal_round": 4}}
    assert entry == {"deposit": 0, "block": 1, "info": {"fields": [failed]}}
    assert client.subnets.metagraph(NETUID).neurons[2].commitment.status == "failed"


def test_sealing_to_a_published_round_is_refused(localnet: Any, client: Any) -> None:  # noqa: ARG001 - re-keys
    localnet.author.advance(5)
    with pytest.raises(bt.TimelockError, match="the beacon is already at round 6"):
        bt.timelock.encrypt(b"x", reveal_round=6)


def test_pulses_are_served_only_once_chain_time_reaches_their_round(localnet: Any, client: Any) -> None:
    localnet.author.advance(3)

    pulses = [client.query(st.Drand.Pulses, [round_]) is not None for round_ in (1, 4, 5)]
    pinned = client.at(2).query(st.Drand.Pulses, [4])

    assert (pulses, pinned, client.query(st.Drand.LastStoredRound)) == ([True, True, False], None, 4)


def test_weights_set_in_the_clear_stand_at_once(localnet: Any, client: Any) -> None:
    result = client.execute(bt.SetWeights(netuid=NETUID, weights={0: 1.0, 2: 3.0}), localnet.validator)

    assert result.success
    assert client.query_map(st.SubtensorModule.Weights, [NETUID]) == [(1, [(0, 21845), (2, 65535)])]
    assert client.query(st.SubtensorModule.LastUpdate, [NETUID]) == [0, 1, 0]


def test_committed_weights_stay_hidden_until_the_next_epoch_reveals_them(localnet: Any, client: Any) -> None:
    localnet.rules(commit_reveal=True)
    localnet.author.advance(2)

    result = client.execute(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)
    localnet.author.advance(6)
    hidden = client.query_map(st.SubtensorModule.Weights, [NETUID])
    localnet.author.advance(1)
    shown = client.query_map(st.SubtensorModule.Weights, [NETUID])

    assert (result.success, result.data["reveal_round"], client.block) == (True, 11, 10)
    assert (hidden, shown) == ([], [(1, [(2, 65535)])])
    assert client.query(st.SubtensorModule.LastUpdate, [NETUID]) == [0, 3, 0]
    assert client.query_map(st.SubtensorModule.TimelockedWeightCommits, [NETUID]) == []


def test_reveal_waits_as_many_epochs_as_the_subnet_says(localnet: Any, client: Any) -> None:
    localnet.rules(commit_reveal=True, reveal_period_epochs=2)
    client.execute(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)

    localnet.author.advance(18)
    hidden = client.query_map(st.SubtensorModule.Weights, [NETUID])
    localnet.author.advance(1)

    assert (hidden, client.query_map(st.SubtensorModule.Weights, [NETUID])) == ([], [(1, [(2, 65535)])])


def test_sdk_preflight_counts_the_rate_limit_on_this_chain(localnet: Any, client: Any) -> None:
    localnet.rules(weights_rate_limit=50)
    client.execute(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)

    with pytest.raises(bt.ChainError, match="the rate limit is 50 blocks") as refusal:
        client.execute(bt.SetWeights(netuid=NETUID, weights={2: 1.0}), localnet.validator)
    assert refusal.value.code is bt.ErrorCode.RATE_LIMITED


def _set(dests: list[int], weights: list[int], version: int = 0) -> Any:
    return bt.calls.SubtensorModule.set_mechanism_weights(
        netuid=NETUID, mecid=0, dests=dests, weights=weights, version_key=version
    )


def _commit(version: int = 4) -> Any:
    return bt.calls.SubtensorModule.commit_timelocked_mechanism_weights(
        netuid=NETUID, mecid=0, commit=b"sealed", reveal_round=99, commit_reveal_version=version
    )


def _fields(*fields: object) -> Any:
    return bt.calls.Commitments.set_commitment(netuid=NETUID, info={"fields": list(fields)})


def _failed(encrypted: bytes) -> dict[str, object]:
    return {"TimelockRevealFailed": {"encrypted": encrypted, "reveal_round": 1}}


REFUSALS: dict[str, tuple[str, Any, str, dict[str, object]]] = {
    "a stranger commits": ("AccountNotAllowedCommit", _fields({"Raw1": b"x"}), "outsider", {}),
    "four fields": ("TooManyFieldsInCommitmentInfo", _fields(*[{"Raw1": b"x"}] * 4), "miner", {}),
    "a forged failure": ("TimelockRevealFailedNotAllowed", _fields(_failed(b"x")), "miner", {}),
    "weights of a stranger": ("HotKeyNotRegisteredInSubNet", _set([0], [1]), "outsider", {}),
    "weights without permit": ("NeuronNoValidatorPermit", _set([0, 1], [1, 1]), "miner", {}),
    "an old version key": ("IncorrectWeightVersionKey", _set([0], [1], 2), "validator", {"weights_version": 3}),
    "a uid that does not exist": ("UidVecContainInvalidOne", _set([0, 3], [1, 1]), "validator", {}),
    "a uid twice": ("DuplicateUids", _set([0, 0], [1, 1]), "validator", {}),
    "more uids than there are": ("UidsLengthExceedUidsInSubNet", _set([0, 1, 2, 3], [1] * 4), "validator", {}),
    "too few uids": ("WeightVecLengthIsLow", _set([0], [1]), "validator", {"min_allowed_weights": 2}),
    "lists of two lengths": ("WeightVecNotEqualSize", _set([0, 2], [1]), "validator", {}),
    "too much on one uid": ("MaxWeightExceeded", _set([0, 2], [9, 1]), "validator", {"max_weight_limit": 40_000}),
    "clear weights under commit-reveal": ("CommitRevealEnabled", _set([0], [1]), "validator", {"commit_reveal": True}),
    "a commit without commit-reveal": ("CommitRevealDisabled", _commit(), "validator", {}),
    "a commit of version 3": ("IncorrectCommitRevealVersion", _commit(3), "validator", {"commit_reveal": True}),
}


@pytest.mark.parametrize(("name", "call", "who", "rules"), REFUSALS.values(), ids=list(REFUSALS))
def test_call_is_refused_under_the_chains_own_name(
    localnet: Any, client: Any, name: str, call: Any, who: str, rules: dict[str, object]
) -> None:
    localnet.rules(**rules)
    result = client.submit_call(call, getattr(localnet, who), signer="hotkey")
    assert (result.success, result.error.name) == (False, name)


def test_commitments_of_one_epoch_have_limited_space(localnet: Any, client: Any) -> None:
    results = [localnet.commit(client, localnet.miner, {"BigRaw": b"x" * 512}) for _ in range(7)]
    small = localnet.commit(client, localnet.miner, {"Raw1": b"x"})
    localnet.author.advance(2)
    after = localnet.commit(client, localnet.miner, {"Raw1": b"x"})

    names = [result.error.name if result.error else "" for result in [*results, small, after]]
    assert names == [""] * 6 + ["SpaceLimitExceeded", "SpaceLimitExceeded", ""]


def test_setting_weights_twice_within_the_rate_limit_is_refused_by_the_chain(localnet: Any, client: Any) -> None:
    localnet.rules(weights_rate_limit=5)
    localnet.author.advance(1)
    results = [client.submit_call(_set([2], [1]), localnet.validator, signer="hotkey") for _ in range(2)]
    localnet.author.advance(3)
    results.append(client.submit_call(_set([2], [1]), localnet.validator, signer="hotkey"))

    assert [result.error.name if result.error else "" for result in results] == ["", "SettingWeightsTooFast", ""]


def test_a_registration_counts_for_the_rate_limit(localnet: Any, client: Any) -> None:
    localnet.rules(weights_rate_limit=5)
    localnet.author.advance(1)
    uid = localnet.root.register(NETUID, localnet.outsider.hot, localnet.outsider.cold)
    result = client.submit_call(_set([uid], [1]), localnet.outsider, signer="hotkey")

    assert (uid, result.error.name) == (3, "SettingWeightsTooFast")


def test_commits_are_limited_in_rate_and_number(localnet: Any, client: Any) -> None:
    localnet.rules(commit_reveal=True, tempo=100, weights_rate_limit=0)
    many = [client.submit_call(_commit(), localnet.validator, signer="hotkey") for _ in range(11)]
    localnet.rules(commit_reveal=True, tempo=100, weights_rate_limit=5)
    fast = client.submit_call(_commit(), localnet.validator, signer="hotkey")

    assert [result.error.name if result.error else "" for result in many] == [""] * 10 + ["TooManyUnrevealedCommits"]
    assert fast.error.name == "CommittingWeightsTooFast"


def test_weights_need_the_chains_least_stake(localnet: Any, client: Any) -> None:
    localnet.root.set_stake_threshold(1_001)
    result = client.submit_call(_set([2], [1]), localnet.validator, signer="hotkey")
    assert result.error.name == "NotEnoughStakeToSetWeights"


def test_burned_registration_takes_its_price_and_gives_a_uid(localnet: Any, client: Any) -> None:
    call = bt.calls.SubtensorModule.burned_register(netuid=NETUID, hotkey=localnet.outsider.hot)
    results = [client.submit_call(call, localnet.outsider) for _ in range(2)]

    assert [result.error.name if result.error else "" for result in results] == ["", "HotKeyAlreadyRegisteredInSubNet"]
    assert client.query(st.SubtensorModule.Uids, [NETUID, localnet.outsider.hot]) == 3
    assert client.balances.get(localnet.outsider.cold).tao == 4.0


def test_staking_moves_balance_behind_a_hotkey_and_brings_a_permit_at_the_epoch(localnet: Any, client: Any) -> None:
    call = bt.calls.SubtensorModule.add_stake(hotkey=localnet.miner.hot, netuid=NETUID, amount_staked=3 * 10**9)
    assert client.submit_call(call, localnet.outsider).success
    before = client.subnets.metagraph(NETUID).neurons[2]
    localnet.author.advance(9)
    after = client.subnets.metagraph(NETUID).neurons[2]

    assert (before.validator_permit, after.validator_permit, after.total_stake.amount) == (False, True, 3.0)


def test_calls_outside_this_chain_fail_by_name(localnet: Any, client: Any) -> None:
    result = client.submit_call(bt.calls.System.remark(remark=b"x"), localnet.outsider)
    assert result.error.name == "CallFiltered"


def test_failed_call_changes_nothing_but_the_nonce(localnet: Any, client: Any) -> None:
    before = client.query(st.System.Account, [localnet.outsider.hot])["nonce"]
    result = localnet.commit(client, localnet.outsider, {"Raw1": b"x"})

    assert [event["event_id"] for event in result.events] == ["ExtrinsicFailed"]
    assert client.query(st.System.Account, [localnet.outsider.hot])["nonce"] == before + 1
    assert client.query_map(st.Commitments.UsedSpaceOf, [NETUID]) == []


def _signed(client: Any, keys: Any, **kwargs: Any) -> Any:
    unsigned = client.prepare_call(_fields({"Raw1": b"x"}), address=keys.hot, **kwargs)
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


def test_oversized_field_is_not_even_an_extrinsic(localnet: Any, client: Any) -> None:
    result = localnet.commit(client, localnet.miner, {"BigRaw": b"x" * 513})
    assert (result.error.name, client.block) == ("BadFormat", 0)


def test_bytes_are_stored_as_they_were_signed(localnet: Any, client: Any) -> None:
    # Decoded, these bytes read as 0x-hex text; encoding that text again would store two bytes instead of six.
    localnet.commit(client, localnet.miner, {"BigRaw": b"0xfffe"})
    assert client.query(st.Commitments.CommitmentOf, [NETUID, localnet.miner.hot])["info"]["fields"] == [
        {"BigRaw": "0xfffe"}
    ]


def test_past_blocks_are_read_as_they_were(localnet: Any, client: Any) -> None:
    for text in (b"one", b"two"):
        localnet.commit(client, localnet.miner, {"Raw3": text})

    values = [entry["commitment"] for block in (1, 2) for entry in client.at(block).read("commitments", netuid=NETUID)]
    assert values == ["one", "two"]
    assert client.at(0).read("commitments", netuid=NETUID) == []
    assert [client.timestamp(block=block).second for block in (0, 1, 2)] == [0, 1, 2]
    assert client.at(2).query(st.System.BlockHash, [1]) == client.block_info(1).hash


def test_unknown_blocks_and_items_are_errors_that_name_them(client: Any) -> None:
    with pytest.raises(bt.ChainError, match="no block at height 9; the head is 0"):
        client.at(9).query(st.SubtensorModule.Tempo, [NETUID])
    with pytest.raises(bt.ChainError, match=r"no storage item Commitments\.Nothing"):
        client.query(("Commitments", "Nothing"))
    with pytest.raises(bt.ChainError, match=r"no runtime API SwapRuntimeApi\.current_alpha_price"):
        client.read("alpha_price", netuid=NETUID)
    with pytest.raises(bt.ChainError, match=r"Drand\.Pulses is computed when read"):
        client.query_map(st.Drand.Pulses)


_COMMIT_TEN = """
import sys
import bittensor as bt
from bittensor_core import Keypair
from chain.embedded.substrate import EmbeddedSubstrate

class Keys:
    hotkey = coldkey = coldkeypub = Keypair.create_from_uri(sys.argv[2])

with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(sys.argv[1])) as client:
    for number in range(10):
        info = {"fields": [{"Raw1": bytes([number])}]}
        call = bt.calls.Commitments.set_commitment(netuid=7, info=info)
        assert client.submit_call(call, Keys, signer="hotkey").success
"""


def test_two_processes_write_one_file_without_losing_anything(localnet: Any, client: Any) -> None:
    def started(name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", _COMMIT_TEN, str(localnet.path), f"//{name}//hot"]
        return subprocess.Popen(command, cwd=REPOSITORY)

    codes = [process.wait(60) for process in [started("miner"), started("validator")]]

    nonces = [client.query(st.System.Account, [keys.hot])["nonce"] for keys in (localnet.miner, localnet.validator)]
    included = sum(len(client.block_info(block).extrinsics) for block in range(client.block + 1))
    assert (codes, nonces, included, client.block) == ([0, 0], [10, 10], 20, 20)


def test_running_author_includes_what_waits_and_keeps_its_cadence(localnet: Any, client: Any, tmp_path: Path) -> None:  # noqa: ARG001
    node = genesis(tmp_path / "fast.db", block_time_s=0.05)
    root, stop = Root(node), threading.Event()
    root.create_subnet(NETUID, localnet.miner.cold, localnet.miner.hot)
    author = threading.Thread(target=Author(node).run, args=(stop,))
    author.start()
    with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(node.file.path)) as sdk:
        results = [localnet.commit(sdk, localnet.miner, {"Raw1": b"x"}) for _ in range(3)]
        sdk.wait_for_block(sdk.block + 5)
        stop.set()
        author.join(5)
        last = sdk.block
        times = [round(sdk.timestamp(block=block).timestamp() * 1000) for block in range(1, last + 1)]
    node.close()

    blocks = [int(result.extrinsic_id.split("-")[0]) for result in results]
    assert all(result.success for result in results)
    assert blocks == sorted(set(blocks))
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {50}


def test_submission_that_does_not_wait_stands_in_the_next_block(localnet: Any, client: Any) -> None:
    call = _fields({"Raw1": b"x"})
    results = [
        client.submit_call(call, localnet.miner, signer="hotkey", wait_for_inclusion=False, wait_for_finalization=False)
        for _ in range(2)
    ]
    before = client.block
    localnet.author.advance(1)

    assert (before, all(results), len(client.block_info(1).extrinsics)) == (0, True, 2)


def test_finality_trails_the_head_by_its_lag(tmp_path: Path, localnet: Any) -> None:
    node = genesis(tmp_path / "lagging.db", finality_lag=3)
    Root(node).create_subnet(NETUID, localnet.miner.cold, localnet.miner.hot)
    with bt.SyncClient(network="local", substrate=EmbeddedSubstrate(node.file.path)) as sdk:
        result = localnet.commit(sdk, localnet.miner, {"Raw1": b"x"})
        assert (result.extrinsic_id, sdk.block, sdk.finalized_block) == ("1-0000", 4, 1)
    node.close()


def test_block_stream_leaves_no_block_out(localnet: Any) -> None:
    async def seen() -> list[int]:
        substrate, numbers = EmbeddedSubstrate(localnet.path), []
        async for block in substrate.blocks():
            numbers.append(block["header"]["number"])
            if len(numbers) == 1:
                localnet.author.advance(3)
            if len(numbers) == 4:
                break
        await substrate.close()
        return numbers

    assert asyncio.run(seen()) == [0, 1, 2, 3]


def _inner(sealed: Any) -> dict[str, object]:
    return {"encrypted": sealed.encrypted, "reveal_round": sealed.reveal_round}
