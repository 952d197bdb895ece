"""Which table holds at which block, and what a table may not change of those before it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from chain.types import Block
from competitions.announcements import NOTICE_BLOCKS
from competitions.spec import Competition, Table
from competitions.table import competition_named, shares_at
from competitions.table_diff import changes


@dataclass(frozen=True, slots=True)
class Chapter:
    """From a block on a table holds; None where it is not known yet which one does."""

    since: Block
    table: Table | None


@dataclass(frozen=True, slots=True)
class Succession:
    """The table that a neuron was started with and those that followed, rising by block."""

    first: Table
    later: tuple[Chapter, ...] = ()
    read_until: Block | None = None
    """Block up to which it is known what was announced; None where nobody listens."""

    def at(self, block: Block) -> Table | None:
        """The table that holds at a block; None where that is not known yet."""
        known, table = self.upto(block)
        return table if known == block else None

    def upto(self, block: Block) -> tuple[Block, Table]:
        """A block, or the last one before it of which it is known what holds, with the table that holds then.

        What is not activated yet may still be replaced, and what nobody has read may have been announced.
        """
        ends, holding = [block], self.first
        if self.read_until is not None:
            ends.append(Block(self.read_until + NOTICE_BLOCKS))
        ends += [Block(one.since - 1) for one in self.later if one.table is None or not self._is_certain(one)]
        known = min(ends)
        for chapter in self.later:
            if chapter.since <= known and chapter.table is not None:
                holding = chapter.table
        return known, holding

    def tables(self) -> tuple[Table, ...]:
        """Every table that was had, in their order."""
        return (self.first, *(chapter.table for chapter in self.later if chapter.table is not None))

    def competitions(self) -> tuple[Competition, ...]:
        """Every competition of these tables, once for each of its wordings."""
        return tuple(dict.fromkeys(one for table in self.tables() for one in table.competitions))

    def paced(self) -> dict[str, Competition]:
        """A competition for each name, in the tables' order; none changes which blocks are its seed blocks."""
        return {one.name: one for one in self.competitions()}

    def rules_of(self, competition: str, committed: Block) -> Competition | None:
        """By which rules a model is taken in that was committed in a block: those that hold then, or the first ones
        that came to have its competition. None where that is not known, or not yet."""
        coming = (one.table if self._is_certain(one) else None for one in self.later if one.since > committed)
        for table in (self.at(committed), *coming):
            rules = competition_named(table, competition) if table is not None else None
            if table is None or rules is not None:
                return rules
        return None

    def _is_certain(self, chapter: Chapter) -> bool:
        """Whether no newer announcement can replace it any more."""
        return self.read_until is None or chapter.since <= self.read_until + 1


def stand(announced: Sequence[tuple[Block, Block]]) -> list[bool]:
    """Which announcements, each its own block and its activation's, in the order of the first, come to be activated: a
    newer one replaces what has not been when it is committed."""
    if not announced:
        return []
    return [*(newer >= activation for (_, activation), (newer, _) in pairwise(announced)), True]


def objections(earlier: Sequence[Table], after: Table, activation: Block) -> tuple[str, ...]:
    """Why a table cannot follow those before it, the newest last, at a block; empty where it can."""
    fixed = (change for before in earlier for change in changes(before, after) if change.forbidden)
    said = [f"{change.field}: {change.forbidden}" for change in fixed]
    return tuple(dict.fromkeys((*said, *_gone(earlier[-1], after, activation), *_new(earlier, after, activation))))


def _gone(before: Table, after: Table, activation: Block) -> Iterable[str]:
    ahead = (dict(phase.shares) for phase in before.schedule if phase.from_block > activation)
    paid = {name for shares in (shares_at(before, activation), *ahead) for name, share in shares.items() if share > 0}
    for one in before.competitions:
        if one.name in paid and competition_named(after, one.name) is None:
            yield (
                f"competitions.{one.name}: it is gone, and the table before pays it at block {activation} or later: "
                "keep it, and let the schedule take its share first"
            )


def _new(earlier: Sequence[Table], after: Table, activation: Block) -> Iterable[str]:
    known = {one.name for table in earlier for one in table.competitions}
    for one in after.competitions:
        if competition_named(earlier[-1], one.name) is not None:
            continue
        if one.name in known:
            yield f"competitions.{one.name}: an earlier table had it, and its rounds ended: give it a new name"
        elif one.first_block < activation:
            yield (
                f"competitions.{one.name}.first_block: {one.first_block} lies before the activation at {activation}, "
                "when nobody knew of it: begin then or later"
            )
