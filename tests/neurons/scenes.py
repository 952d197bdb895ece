"""Small scenes on the simulated chain: a subnet, hotkeys called after what they do, and pointers in a line each."""

from collections.abc import Iterator
from contextlib import contextmanager

from chain.embedded.hyperparameters import Hyperparameters
from chain.simulated.chain import SimulatedChain
from chain.simulated.state import Field
from chain.types import Block, Coldkey, Commitment, Hotkey, NetUid
from models.ref import CLEAR, ModelRef, encode_sealed

NETUID = NetUid(1)
OWNER = Hotkey("owner")
RULES = Hyperparameters(tempo=20, commit_reveal=False, weights_rate_limit=0, immunity_period=0)


def subnet(*hotkeys: str, finality_lag: int = 0, blocks_a_look: int = 0, block_time_s: float = 1.0) -> SimulatedChain:
    """A chain at block 0 with one subnet: its owner holds uid 0, the hotkeys follow, each of a coldkey of its own."""
    chain = SimulatedChain(block_time_s=block_time_s, finality_lag=finality_lag, blocks_a_look=blocks_a_look)
    chain.create_subnet(NETUID, RULES)
    for hotkey in (OWNER, *hotkeys):
        join(chain, hotkey)
    return chain


def join(chain: SimulatedChain, hotkey: str) -> None:
    """Register a hotkey."""
    chain.register(NETUID, Hotkey(hotkey), Coldkey(f"cold-{hotkey}"))


def pointer(name: str, digest: str = "d", hotkey: str | None = None) -> bytes:
    """The line in which `name`, or another hotkey, enters `name`/model into the competition `answers`."""
    ref = ModelRef("answers", f"{name}/model", "a" * 40, (digest * 64)[:64])
    return encode_sealed(ref, Hotkey(hotkey or name)).encode()


def commit(chain: SimulatedChain, hotkey: str, at: int, text: bytes | None = None, opens: int = 0) -> None:
    """Let a hotkey commit in a block: a text that opens in a later one beside the clear marker, or the marker alone."""
    chain.advance_to(at - 1)
    put(chain, hotkey, at, *((CLEAR,) if text is None else (chain.sealed(text, Block(opens)), CLEAR)))


def put(chain: SimulatedChain, hotkey: str, at: int, *fields: Field) -> None:
    """Let a hotkey commit whatever fields in a block."""
    chain.advance_to(at - 1)
    assert chain.put(NETUID, Hotkey(hotkey), *fields) == at


def commits(chain: SimulatedChain, netuid: NetUid = NETUID) -> list[tuple[int, bytes]]:
    """Every commitment that ever stood: its block and its clear field, oldest first."""
    every = (
        (block, entry) for block in range(chain.advance(0) + 1) for entry in chain.commitments(netuid, Block(block))
    )
    return [(block, e.raw or b"") for block, e in every if isinstance(e, Commitment) and e.block == block]


@contextmanager
def standing_still(chain: SimulatedChain) -> Iterator[None]:
    """No look at the chain makes a block meanwhile."""
    pace, chain.blocks_a_look = chain.blocks_a_look, 0
    try:
        yield
    finally:
        chain.blocks_a_look = pace
