"""A subnet's life block by block on the simulated chain: hotkeys that commit and take over each other's uids.

Small enough to be made by the hundred.
"""

from dataclasses import dataclass
from typing import Literal

from chain.embedded.hyperparameters import Hyperparameters
from chain.simulated.chain import SimulatedChain
from chain.simulated.state import Field
from chain.types import Block, Coldkey, Hotkey
from models.ref import CLEAR, WITHDRAWN, ModelRef, encode_hashed, encode_sealed
from tests.neurons.scenes import NETUID

Kind = Literal["sealed", "bare", "hashed", "withdraw", "foreign", "malformed", "twins"]


@dataclass(frozen=True, slots=True)
class Commit:
    """Somebody commits; a seal opens so many blocks later."""

    who: int
    kind: Kind
    opens_after: int = 1


@dataclass(frozen=True, slots=True)
class Register:
    """A hotkey takes a uid over from whoever held it, whose commitments go."""

    who: int
    uid: int


class Life(SimulatedChain):
    """Three hotkeys hold the uids 0 to 2 from genesis on; further blocks are lived one by one with `live`."""

    def __init__(self) -> None:
        super().__init__(block_time_s=1.0)
        self.create_subnet(NETUID, Hyperparameters(tempo=1))  # every block is an epoch, so that space never runs out
        for who in range(3):
            self.register(NETUID, _hot(who), Coldkey(f"cold{who}-0"))

    def live(self, *events: Commit | Register) -> None:
        """One more block."""
        holders = {neuron.uid: neuron.hotkey for neuron in self.neurons(NETUID)}
        with self.block() as block:
            for event in events:
                if isinstance(event, Commit) and _hot(event.who) in holders.values():
                    self.put(NETUID, _hot(event.who), *self._fields(event, block))
                elif isinstance(event, Register) and _hot(event.who) not in holders.values():
                    self.deregister(NETUID, next(hot for uid, hot in holders.items() if uid == event.uid))
                    uid = self.register(NETUID, _hot(event.who), Coldkey(f"cold{event.who}-{block}"))
                    holders[uid] = _hot(event.who)

    def _fields(self, event: Commit, block: Block) -> tuple[Field, ...]:
        hotkey, ref = _hot(event.who), ModelRef("answers", f"user{event.who}/model", f"{block:040x}", f"{block:064x}")
        sealed = self.sealed(encode_sealed(ref, hotkey).encode(), Block(block + event.opens_after))
        later = self.sealed(encode_sealed(ref, hotkey).encode(), Block(block + event.opens_after + 30))
        fields: dict[Kind, tuple[Field, ...]] = {
            "sealed": (sealed, CLEAR),
            "bare": (sealed,),
            "hashed": (encode_hashed(ref, hotkey).encode(),),
            "withdraw": (WITHDRAWN,),
            "foreign": (b"hello",),
            "malformed": (b"crucible/9",),
            "twins": (sealed, later),
        }
        return fields[event.kind]


def _hot(who: int) -> Hotkey:
    return Hotkey(f"hot{who}")
