"""How a pointer is to be committed: sealed until a block that the competition's rules decide, or hashed, in clear."""

import math
from dataclasses import dataclass

from chain.reader import ChainReader
from chain.types import Block, BlockCount, Hotkey
from competitions.reveal import CannotMeet, Pace, Plan, plan_reveal
from competitions.spec import Competition
from models.ref import ModelRef, encode_hashed, encode_sealed
from neurons.errors import MinerError
from neurons.journal import Encoding

LANDING_BLOCKS = 8
"""Blocks after which a commitment that was sent and is not seen is taken as lost."""
_SEALING_S = 2.0
"""Seconds that encrypting and sending take at most."""
_SHORTEST_MARGIN = 2
_SLIPS = 40
"""One block in so many may slip between sealing and opening: slots stay empty, pulses arrive late."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The competition's rules, the encoding, and the blocks from sealing to opening if somebody wishes."""

    rules: Competition
    encoding: Encoding = "sealed"
    reveal_in: int | None = None

    def plan(self, head: Block, block_time: float) -> Plan:
        """When a pointer sealed now opens. Raises MinerError where the competition lets no such seal in."""
        wish = None if self.reveal_in is None else BlockCount(self.reveal_in)
        plan = plan_reveal(self.rules, head, pace(self.rules, block_time), wish)
        if isinstance(plan, CannotMeet):
            raise MinerError(plan.reason)
        return plan

    def check(self, chain: ChainReader, hotkey: Hotkey, repo: str) -> None:
        """Whether a pointer can be committed so at all, known before anything is uploaded. Raises MinerError."""
        if self.encoding == "sealed":
            self.plan(chain.head(), chain.block_time())
        elif self.reveal_in is not None:
            raise MinerError(f"--reveal-in {self.reveal_in} means nothing for a pointer in clear: leave it out")
        line_of(self.encoding, ModelRef(self.rules.name, repo, "0" * 40, "0" * 64), hotkey)


def pace(rules: Competition, block_time: float) -> Pace:
    """What to reckon with on a chain of such block times (seconds)."""
    landing = max(LANDING_BLOCKS, math.ceil(_SEALING_S / block_time))
    margin = max(_SHORTEST_MARGIN, math.ceil(rules.eval_delay_blocks / _SLIPS))
    return Pace(BlockCount(landing), BlockCount(margin))


def line_of(encoding: Encoding, ref: ModelRef, hotkey: Hotkey) -> str:
    """The pointer as it is committed. Raises MinerError where it cannot be written so."""
    try:
        return encode_sealed(ref, hotkey) if encoding == "sealed" else encode_hashed(ref, hotkey)
    except ValueError as error:
        raise MinerError(str(error)) from error
