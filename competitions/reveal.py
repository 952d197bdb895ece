"""When a sealed pointer opens: as late as a competition lets it, so that nobody reads it sooner than a round needs.

A beacon counts time and rounds count blocks, so every bound is kept for openings up to `margin` blocks early or late.
"""

from dataclasses import dataclass

from chain.clock import seed_block
from chain.types import Block, BlockCount
from competitions.spec import Competition


@dataclass(frozen=True, slots=True)
class Pace:
    """What sealing meets on its way: the commitment stands within `landing` blocks of the head (at least 1), and the
    seal opens within `margin` blocks, early or late, of the block it was made for."""

    landing: BlockCount
    margin: BlockCount


@dataclass(frozen=True, slots=True)
class Plan:
    """The block to seal for, and the seed block of a round that surely takes what is sealed for it."""

    open_at: Block
    round_block: Block


@dataclass(frozen=True, slots=True)
class CannotMeet:
    """No such seal, and why, with the numbers and the remedy."""

    reason: str


def plan_reveal(rules: Competition, head: Block, pace: Pace, wish: BlockCount | None = None) -> Plan | CannotMeet:
    """The latest opening that the earliest possible round still takes and that no slip makes void.

    It comes after the commitment has landed, however early the seal opens. A `wish` (blocks from the head) replaces the
    choice: its opening may come before the landing, which is the wisher's to risk, but is never void.
    """
    soonest = Block(head + pace.landing + pace.margin + 1)
    latest = Block(head + 1 + rules.max_seal_blocks - pace.margin)
    if wish is not None:
        open_at = Block(head + wish)
        return (
            Plan(open_at, _round_for(rules, head, pace, open_at)) if open_at <= latest else _too_long(rules, wish, pace)
        )
    if soonest > latest:
        return _too_short(rules, pace)
    round_block = _round_for(rules, head, pace, soonest)
    return Plan(min(latest, Block(round_block - rules.fetch_blocks - pace.margin)), round_block)


def first_round_block(rules: Competition, at: Block) -> Block:
    """Seed block of the competition's first round at or after a block."""
    number = max(0, -((rules.first_block - at) // rules.round_blocks))
    return seed_block(number, rules.first_block, rules.round_blocks)


def _round_for(rules: Competition, head: Block, pace: Pace, open_at: Block) -> Block:
    """The earliest round for a commitment that lands last and opens late."""
    committed = head + pace.landing + rules.eval_delay_blocks
    return first_round_block(rules, Block(max(committed, open_at + pace.margin + rules.fetch_blocks)))


def _too_long(rules: Competition, wish: BlockCount, pace: Pace) -> CannotMeet:
    longest = rules.max_seal_blocks + 1 - pace.margin
    if longest < 1:
        return _too_short(rules, pace)
    return CannotMeet(
        f"a seal of {wish} blocks is not possible in competition {rules.name}, which voids what opens more than "
        f"{rules.max_seal_blocks} blocks after its commit, and an opening may slip by {pace.margin}: ask for 1 to "
        f"{longest}"
    )


def _too_short(rules: Competition, pace: Pace) -> CannotMeet:
    needed = pace.landing + 2 * pace.margin
    return CannotMeet(
        f"no sealed pointer can meet competition {rules.name}: a commitment takes up to {pace.landing} blocks to land, "
        f"its opening may slip by {pace.margin} either way, {needed} in all, and seals of more than "
        f"{rules.max_seal_blocks} blocks are void: commit in clear (--encoding hashed)"
    )
