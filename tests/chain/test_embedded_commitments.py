"""Commitments as the plain SDK makes and reads them: clear fields, timelocks that open or fail, space, exact bytes."""

from typing import Any

import bittensor as bt
import pytest

from chain.types import NetUid
from tests.chain.calls import timelocked

NETUID = NetUid(7)
commitments = bt.storage.Commitments


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
    closed = client.query(commitments.RevealedCommitments, [NETUID, localnet.miner.hot])
    localnet.author.advance(1)
    opened = client.query(commitments.RevealedCommitments, [NETUID, localnet.miner.hot])
    entry = client.query(commitments.CommitmentOf, [NETUID, localnet.miner.hot])

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
    before = client.query(commitments.CommitmentOf, [NETUID, localnet.miner.hot])["info"]["fields"]
    localnet.author.advance(1)
    after = client.query(commitments.CommitmentOf, [NETUID, localnet.miner.hot])["info"]["fields"]

    assert (after[0], after[1]) == (before[0], {"TimelockRevealFailed": before[1]["TimelockEncrypted"]})


def test_commitment_that_is_only_sealed_leaves_nothing_but_its_reveal(localnet: Any, client: Any) -> None:
    sealed = bt.timelock.encrypt(b"alone", reveal_round=4)
    localnet.commit(client, localnet.miner, {"TimelockEncrypted": timelocked(sealed)})
    localnet.author.advance(5)

    assert client.query(commitments.CommitmentOf, [NETUID, localnet.miner.hot]) is None
    assert client.query(commitments.LastCommitment, [NETUID, localnet.miner.hot]) == 1
    assert client.query(commitments.RevealedCommitments, [NETUID, localnet.miner.hot]) == [("alone", 3)]
    assert client.query(commitments.TimelockedIndex) == []


def test_envelope_is_opened_like_the_bare_ciphertext(localnet: Any, client: Any) -> None:
    sealed = bt.timelock.encrypt(b"boxed", reveal_round=4)
    boxed = {"encrypted": bytes(sealed), "reveal_round": sealed.reveal_round}
    localnet.commit(client, localnet.miner, {"TimelockEncrypted": boxed})
    localnet.author.advance(5)

    assert client.query(commitments.RevealedCommitments, [NETUID, localnet.miner.hot]) == [("boxed", 3)]


def test_commitment_that_cannot_be_opened_is_marked_failed(localnet: Any, client: Any) -> None:
    sealed = bt.timelock.encrypt(b"x", reveal_round=9)
    too_early = {"encrypted": sealed.encrypted, "reveal_round": 4}
    localnet.commit(client, localnet.miner, {"TimelockEncrypted": too_early})
    localnet.author.advance(5)

    entry = client.query(commitments.CommitmentOf, [NETUID, localnet.miner.hot])
    failed = {"TimelockRevealFailed": {"encrypted": "0x" + sealed.encrypted.hex(), "reveal_round": 4}}
    assert entry == {"deposit": 0, "block": 1, "info": {"fields": [failed]}}
    assert client.subnets.metagraph(NETUID).neurons[2].commitment.status == "failed"


def test_sealing_to_a_published_round_is_refused(localnet: Any, client: Any) -> None:  # noqa: ARG001 - re-keys
    localnet.author.advance(5)
    with pytest.raises(bt.TimelockError, match="the beacon is already at round 6"):
        bt.timelock.encrypt(b"x", reveal_round=6)


def test_commitments_of_one_epoch_have_limited_space(localnet: Any, client: Any) -> None:
    results = [localnet.commit(client, localnet.miner, {"BigRaw": b"x" * 512}) for _ in range(7)]
    small = localnet.commit(client, localnet.miner, {"Raw1": b"x"})
    localnet.author.advance(2)
    after = localnet.commit(client, localnet.miner, {"Raw1": b"x"})

    names = [result.error.name if result.error else "" for result in [*results, small, after]]
    assert names == [""] * 6 + ["SpaceLimitExceeded", "SpaceLimitExceeded", ""]


def test_space_is_counted_for_each_hotkey_on_its_own(localnet: Any, client: Any) -> None:
    full = [localnet.commit(client, localnet.miner, {"BigRaw": b"x" * 512}) for _ in range(7)]
    other = localnet.commit(client, localnet.validator, {"BigRaw": b"x" * 512})
    assert (full[-1].success, other.success) == (False, True)


MAPS = [commitments.LastCommitment, commitments.CommitmentOf, commitments.RevealedCommitments, commitments.UsedSpaceOf]


def test_replaced_uid_takes_every_trace_of_what_its_hotkey_committed(localnet: Any, client: Any) -> None:
    for round_ in (3, 12):
        sealed = timelocked(bt.timelock.encrypt(b"pointer", reveal_round=round_))
        localnet.commit(client, localnet.validator, {"TimelockEncrypted": sealed}, {"Raw1": b"x"})
        localnet.author.advance(2)
    localnet.commit(client, localnet.miner, {"Raw1": b"y"})
    before = [dict(client.query_map(item, [NETUID])) for item in MAPS]

    localnet.rules(max_uids=3, immunity_period=0)
    localnet.root.register(NETUID, localnet.outsider.hot, localnet.outsider.cold)
    localnet.author.advance(9)
    after = [dict(client.query_map(item, [NETUID])) for item in MAPS]

    validator, miner = localnet.validator.hot, localnet.miner.hot
    assert before[0] == {validator: 4, miner: 7}
    assert [set(held) for held in before] == [{validator, miner}, {validator, miner}, {validator}, {validator, miner}]
    assert [set(held) for held in after] == [{miner}, {miner}, set(), {miner}]
    assert client.query(commitments.TimelockedIndex) == []


def test_oversized_field_is_not_even_an_extrinsic(localnet: Any, client: Any) -> None:
    result = localnet.commit(client, localnet.miner, {"BigRaw": b"x" * 513})
    assert (result.error.name, client.block) == ("BadFormat", 0)


def test_bytes_are_stored_as_they_were_signed(localnet: Any, client: Any) -> None:
    # Decoded, these bytes read as 0x-hex text; encoding that text again would store two bytes instead of six.
    localnet.commit(client, localnet.miner, {"BigRaw": b"0xfffe"})
    assert client.query(commitments.CommitmentOf, [NETUID, localnet.miner.hot])["info"]["fields"] == [
        {"BigRaw": "0xfffe"}
    ]
