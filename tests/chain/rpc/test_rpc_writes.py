"""An unmodified SDK writes over the websocket and follows the chain; a client's slips are told in a node's words."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import bittensor as bt
import pytest

from chain.embedded.author import Author
from chain.embedded.genesis import genesis
from chain.embedded.node import SEALING, SEALING_CLOCK
from chain.embedded.root import Root
from chain.embedded.rpc.dialogue import Dialogue, Requests
from chain.embedded.rpc.front import Front
from chain.embedded.rpc.server import Server, serving
from chain.embedded.substrate import EmbeddedSubstrate
from chain.intents import SetCommitment

NETUID = 7
st = bt.storage


def _call(data: bytes = b"x") -> Any:
    fields = [{f"Raw{len(data)}": data}]
    return bt.calls.Commitments.set_commitment(netuid=NETUID, info={"fields": fields})


def _signed(client: Any, keys: Any, **kwargs: Any) -> tuple[Any, bytes]:
    unsigned = client.prepare_call(_call(), address=keys.hot, **kwargs)
    return unsigned, keys.hotkey.sign(unsigned.payload)


def _told(result: Any) -> tuple[object, ...]:
    return result.success, result.extrinsic_id, result.fee.rao, [event["event_id"] for event in result.events]


def test_an_intent_commits_and_the_file_shows_it(localnet: Any, wired: Any, filed: Any) -> None:
    result = wired.execute(SetCommitment(netuid=NETUID, raw_hex=b"hello".hex()), localnet.miner)

    (entry,) = filed.read("commitments", netuid=NETUID)
    assert _told(result) == (True, "1-0000", 0, ["Commitment", "ExtrinsicSuccess"])
    assert result.block_hash == filed.block_info(1).hash
    assert (entry["hotkey"], entry["block"], entry["commitment"]) == (localnet.miner.hot, 1, "hello")


def test_a_failing_call_is_told_by_its_pallets_name(localnet: Any, wired: Any) -> None:
    result = wired.submit_call(_call(), localnet.outsider, signer="hotkey")
    assert (result.success, result.error.name, result.extrinsic_id) == (False, "AccountNotAllowedCommit", "1-0000")


def test_weights_are_set_in_the_clear(localnet: Any, wired: Any, filed: Any) -> None:
    result = wired.execute(bt.SetWeights(netuid=NETUID, weights={0: 1.0, 2: 3.0}), localnet.validator)
    assert result.success
    assert filed.query_map(st.SubtensorModule.Weights, [NETUID]) == [(1, [(0, 21845), (2, 65535)])]


def test_fees_are_nothing(localnet: Any, wired: Any) -> None:
    plan = wired.plan(SetCommitment(netuid=NETUID, raw_hex="aa"), localnet.miner)
    weight = wired.estimate_weight(wired.compose(_call()), address=localnet.miner.hot)
    assert (plan.fee.rao, weight) == (0, {"ref_time": 0, "proof_size": 0})


def test_a_refused_extrinsic_has_the_name_it_has_on_the_file(localnet: Any, wired: Any, filed: Any) -> None:
    stale, future = _signed(wired, localnet.miner), _signed(wired, localnet.miner, nonce=3)
    forged = (stale[0], localnet.outsider.hotkey.sign(stale[0].payload))
    assert filed.submit_call(_call(), localnet.miner, signer="hotkey").success

    def names(client: Any) -> list[str]:
        return [client.submit_signature(*extrinsic).error.name for extrinsic in (stale, future, forged)]

    assert names(wired) == names(filed) == ["Stale", "Future", "BadProof"]


def test_an_extrinsic_that_waits_is_not_taken_again(localnet: Any, ask: Callable[..., Any]) -> None:
    data = _extrinsic(localnet)
    taken, again = ask("author_submitExtrinsic", data)["result"], ask("author_submitExtrinsic", data)["error"]
    nonce = ask("account_nextIndex", localnet.miner.hot)["result"]

    assert taken == "0x" + hashlib.blake2b(bytes.fromhex(data[2:]), digest_size=32).hexdigest()
    assert (again, nonce) == ({"code": 1013, "message": "Transaction Already Imported"}, 1)


def test_bytes_that_are_no_extrinsic_are_of_invalid_format(ask: Callable[..., Any]) -> None:
    error = ask("author_submitExtrinsic", "0xdeadbeef")["error"]
    assert (error["code"], error["message"].partition(":")[0]) == (1001, "Extrinsic has invalid format")


def _extrinsic(localnet: Any) -> str:
    """A signed commitment of the miner's, as hex."""

    async def signed() -> bytes:
        substrate = EmbeddedSubstrate(localnet.path)
        call = await substrate.compose(_call())
        data, _ = await substrate.sign_extrinsic(call, localnet.miner.hotkey, nonce=0, period=64)
        await substrate.close()
        return data

    return "0x" + asyncio.run(signed()).hex()


@pytest.fixture
def lagging(tmp_path: Path, localnet: Any) -> Iterator[Any]:
    """The same people on a chain whose blocks take 50 ms and become final three blocks later."""
    path = tmp_path / "lagging.db"
    node = genesis(path, block_time_s=0.05, finality_lag=3)
    root = Root(node)
    root.create_subnet(NETUID, localnet.owner.cold, localnet.owner.hot)
    root.register(NETUID, localnet.miner.hot, localnet.miner.cold)
    yield replace(localnet, path=path, node=node, root=root, author=Author(node))
    node.close()


def _watched(localnet: Any) -> Callable[[], list[object]]:
    """Submit and watch where an author makes the blocks; what the watcher is told since it was last asked."""
    localnet.node.file.set_meta(SEALING, SEALING_CLOCK)
    dialogue = Dialogue(Front(localnet.node), Requests())
    request = {"jsonrpc": "2.0", "id": 1, "method": "author_submitAndWatchExtrinsic", "params": [_extrinsic(localnet)]}
    id_ = json.loads(dialogue.answer(json.dumps(request)) or "")["result"]

    def told() -> list[object]:
        news = [json.loads(frame) for frame in dialogue.news()]
        assert all((new["method"], new["params"]["subscription"]) == ("author_extrinsicUpdate", id_) for new in news)
        return [new["params"]["result"] for new in news] + ([] if dialogue.subscriptions else ["(ended)"])

    return told


def test_a_watched_extrinsic_is_followed_to_finality(lagging: Any) -> None:
    told = _watched(lagging)
    steps = [told(), told()]
    for _ in range(4):
        lagging.author.advance(1)
        steps.append(told())
    block = _hash(lagging, 1)
    assert steps == [["ready"], [], [{"inBlock": block}], [], [], [{"finalized": block}, "(ended)"]]


def test_a_watched_extrinsic_of_a_replaced_block_is_retracted_and_included_again(lagging: Any) -> None:
    told = _watched(lagging)
    lagging.author.advance(1)
    first, steps = _hash(lagging, 1), [told()]
    lagging.author.reorganise(1)
    steps.append(told())
    lagging.author.advance(1)
    steps.append(told())
    assert steps == [["ready", {"inBlock": first}], [{"retracted": first}], [{"inBlock": _hash(lagging, 1)}]]
    assert first != _hash(lagging, 1)


def test_a_watched_extrinsic_that_no_block_takes_is_invalid(lagging: Any) -> None:
    told = _watched(lagging)
    waiting = told()
    lagging.node.file.clear_pool()
    assert (waiting, told()) == (["ready"], ["invalid", "(ended)"])


@pytest.mark.parametrize(("finalized", "heads"), [(False, (1, 0)), (True, (4, 1))], ids=["inclusion", "finality"])
def test_a_submitter_waits_for_inclusion_or_for_finality(lagging: Any, finalized: bool, heads: tuple[int, int]) -> None:
    with serving(lagging.path) as url, bt.SyncClient(url) as sdk:
        result = sdk.submit_call(_call(), lagging.miner, signer="hotkey", wait_for_finalization=finalized)
        told = result.success, result.extrinsic_id, (sdk.block, sdk.finalized_block)
    assert told == (True, "1-0000", heads)


def test_new_heads_come_one_by_one_beginning_with_the_present(lagging: Any) -> None:
    lagging.author.advance(2)
    assert _heads(lagging, finalized=False, wanted=5, step=2) == [2, 3, 4, 5, 6]


def test_final_heads_come_as_blocks_become_final(lagging: Any) -> None:
    lagging.author.advance(4)
    assert _heads(lagging, finalized=True, wanted=3, step=1) == [1, 2, 3]


def test_replaced_blocks_come_again(lagging: Any) -> None:
    lagging.author.advance(5)
    with serving(lagging.path) as url, bt.SyncClient(url) as sdk:
        heads = sdk.blocks()
        first = next(heads)
        lagging.author.reorganise(2)
        lagging.author.advance(3)
        again = [next(heads) for _ in range(3)]
    assert (first.number, [header.number for header in again]) == (5, [4, 5, 6])
    assert [header.parent_hash for header in again[1:]] == [_hash(lagging, 4), _hash(lagging, 5)]


def _hash(localnet: Any, number: int) -> str:
    return "0x" + localnet.node.file.block(number).hash.hex()


def _heads(localnet: Any, *, finalized: bool, wanted: int, step: int) -> list[int]:
    """Numbers of the first heads told; whenever one is, so many further blocks are made."""
    seen = []
    with serving(localnet.path) as url, bt.SyncClient(url) as sdk:
        # Left open: the SDK, closed in the midst of an unsubscription, connects again and waits for that in vain.
        heads = sdk.blocks(finalized=finalized)
        for _ in range(wanted):
            seen.append(next(heads).number)
            localnet.author.advance(step)
    return seen


def test_an_unsubscription_ends_the_news(lagging: Any) -> None:
    dialogue = Dialogue(Front(lagging.node), Requests())

    def asked(method: str, *params: object) -> Any:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return json.loads(dialogue.answer(json.dumps(request)) or "")["result"]

    id_ = asked("chain_subscribeNewHeads")
    told = len(list(dialogue.news()))
    ended = [asked("chain_unsubscribeNewHeads", id_) for _ in range(2)]
    lagging.author.advance(1)
    assert (told, ended, list(dialogue.news())) == (1, [True, False], [])


def test_clients_at_once_lose_nothing(localnet: Any, server: Server) -> None:
    def commits(keys: Any) -> list[bool]:
        with bt.SyncClient(server.url) as sdk:
            return [sdk.submit_call(_call(), keys, signer="hotkey").success for _ in range(5)]

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(commits, (localnet.owner, localnet.validator, localnet.miner)))
    with bt.SyncClient(server.url) as sdk:
        included = sum(len(sdk.block_info(block).extrinsics) for block in range(sdk.block + 1))
    assert (results, included) == ([[True] * 5] * 3, 15)
