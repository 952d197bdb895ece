"""Connections: each thread its own, time-outs on everything, the next endpoint where one fails, writes asked once."""

import asyncio
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import bittensor as bt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.connection import Endpoint
from chain.failover import Lines, Patience, pause
from chain.reader import ChainError, ChainFault, ChainThrottled, ChainTimeout, ChainUnreachable

QUICK = Patience(connect_s=1.0, read_s=1.0, write_s=1.0, attempts=2, pause_s=0.001, longest_pause_s=0.002)


@dataclass
class Node:
    """An endpoint that answers with its name, raises its fault, or, frozen, never answers."""

    name: str
    fault: Exception | None = None
    frozen: bool = False
    refuses: bool = False
    genesis: str = "0x11"
    said: Counter[str] = field(default_factory=Counter)

    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, lambda: self)

    async def connect(self) -> None:
        self.said["connect"] += 1
        if self.refuses:
            raise ConnectionRefusedError("nobody listens")

    async def close(self) -> None:
        self.said["close"] += 1

    async def block_hash(self, block: int) -> str:
        assert block == 0
        return self.genesis

    async def ask(self) -> str:
        self.said["ask"] += 1
        if self.frozen:
            await asyncio.Event().wait()
        if self.fault:
            raise self.fault
        return self.name


def lines(*nodes: Node) -> Lines:
    return Lines([node.endpoint() for node in nodes], QUICK)


def asked(substrate: Any) -> Any:
    return substrate.ask()


@pytest.mark.parametrize(
    "broken",
    [
        Node("first", refuses=True),
        Node("first", frozen=True),
        Node("first", fault=bt.RpcConnectionError("the socket is gone")),
        Node("first", fault=bt.RpcPolicyError("too many requests", status_code=429)),
        Node("first", fault=bt.ChainError("RPC session closed")),
    ],
    ids=["refuses", "frozen", "lost", "throttled", "closed"],
)
def test_a_read_goes_to_the_next_endpoint_and_stays_there(broken: Node) -> None:
    whole = Node("second")
    chain = lines(broken, whole)
    assert [chain.read("reading", asked) for _ in range(3)] == ["second"] * 3
    assert (broken.said["connect"], whole.said) == (1, Counter(connect=1, ask=3))
    chain.close()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(TimeoutError(), ChainTimeout), (bt.RpcConnectionError("lost"), ChainUnreachable)],
    ids=["timeout", "lost"],
)
def test_a_write_is_sent_once_because_its_fate_is_unknown(fault: Exception, kind: type[ChainError]) -> None:
    first, second = Node("first", fault=fault), Node("second")
    chain = lines(first, second)
    with pytest.raises(kind):
        chain.write("committing", asked)
    assert (first.said["ask"], second.said["ask"]) == (1, 0)
    assert chain.write("committing", asked) == "second"
    chain.close()


def test_a_write_waits_for_an_endpoint_that_can_be_reached_at_all() -> None:
    chain = lines(Node("first", refuses=True), Node("second"))
    assert chain.write("committing", asked) == "second"
    chain.close()


def test_a_frozen_socket_costs_its_own_thread_alone() -> None:
    """While one thread hangs on a frozen endpoint, another asks the same chain and is answered."""
    node, frozen = Node("node"), threading.Event()
    patience = Patience(connect_s=5, read_s=30, attempts=1)
    chain = Lines([node.endpoint()], patience)

    async def hang(_substrate: Any) -> None:
        frozen.set()
        await asyncio.Event().wait()

    def stuck() -> None:
        with pytest.raises(ChainError):
            chain.read("hanging", hang)

    thread = threading.Thread(target=stuck)
    thread.start()
    assert frozen.wait(60)
    assert (chain.read("reading", asked), thread.is_alive()) == ("node", True)
    chain.close()  # ends what hangs as well
    thread.join(60)
    assert not thread.is_alive()


def test_what_a_node_answers_is_not_asked_again() -> None:
    first, second = Node("first", fault=bt.ChainError("module error 7/3")), Node("second")
    chain = lines(first, second)
    with pytest.raises(ChainFault, match=r"reading: first answered with what cannot be used .*module error 7/3"):
        chain.read("reading", asked)
    assert (first.said["ask"], second.said["ask"]) == (1, 0)
    chain.close()


def test_a_node_of_another_chain_is_never_asked() -> None:
    first, second = Node("first"), Node("second", genesis="0x22")
    chain = lines(first, second)
    assert chain.read("reading", asked) == "first"
    first.fault = bt.RpcConnectionError("the socket is gone")
    with pytest.raises(ChainFault, match="second serves another chain, whose genesis is 0x22 instead of 0x11"):
        chain.read("reading", asked)
    first.fault = None
    assert (chain.read("reading", asked), second.said) == ("first", Counter(connect=1, close=1))
    chain.close()


def test_who_is_told_to_ask_less_asks_every_endpoint_once() -> None:
    nodes = [Node(name, fault=bt.RpcPolicyError("too many requests", status_code=429)) for name in ("first", "second")]
    chain = Lines([node.endpoint() for node in nodes], replace(QUICK, attempts=5))
    with pytest.raises(ChainThrottled, match=r"first refuses our traffic .* second refuses our traffic"):
        chain.read("reading", asked)
    assert [node.said["ask"] for node in nodes] == [1, 1]
    nodes[1].fault = None
    assert chain.read("reading", asked) == "second"
    chain.close()


def test_when_nobody_answers_every_endpoint_is_named_with_its_fault() -> None:
    chain = lines(Node("first", refuses=True), Node("second", frozen=True))
    with pytest.raises(ChainTimeout) as told:
        chain.read("reading the head", asked)
    assert str(told.value) == (
        "reading the head: first does not answer (nobody listens); check --network; then "
        "reading the head: second gave no answer in time; name further endpoints with --network A,B"
    )
    chain.close()


def test_each_thread_has_a_connection_and_an_ended_thread_leaves_none() -> None:
    node = Node("node")
    chain = lines(node)
    for _ in range(3):
        thread = threading.Thread(target=chain.read, args=("reading", asked))
        thread.start()
        thread.join()
    assert chain.read("reading", asked) == "node"
    assert node.said == Counter(connect=4, ask=4, close=3)
    chain.close()
    assert node.said["close"] == 4


def test_after_closing_whoever_asks_is_told_so() -> None:
    chain = lines(Node("node"))
    chain.close()
    with pytest.raises(ChainUnreachable, match="reading: the connection to the chain was closed"):
        chain.read("reading", asked)


@given(attempt=st.integers(1, 60), chance=st.floats(0, 1, exclude_max=True))
def test_pauses_double_up_to_the_longest_and_keep_half_of_it_at_least(attempt: int, chance: float) -> None:
    patience = Patience()
    full = min(patience.longest_pause_s, patience.pause_s * 2 ** (attempt - 1))
    assert full / 2 <= pause(attempt, patience, chance) <= full
    assert pause(0, patience, chance) == 0.0
