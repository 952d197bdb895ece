"""Which submissions a round may judge: delays counted in blocks of the chain, never in a payload's own words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chain.clock import round_at, seed_block
from chain.types import Block, BlockCount, Hotkey, Registration
from competitions.records import Submission
from competitions.spec import Competition, Table


@dataclass(frozen=True, slots=True)
class Presence:
    """Who takes part at a block: registered hotkeys, and the block of each hotkey's newest withdrawal up to then.

    `settled` is the block of each hotkey's newest commitment, whatever it says, that is `longest_wait` blocks old.
    """

    registered: Mapping[Hotkey, Registration]
    withdrawn: Mapping[Hotkey, Block] = field(default_factory=dict)
    settled: Mapping[Hotkey, Block] = field(default_factory=dict)

    def holds(self, submission: Submission) -> bool:
        """Whether the hotkey has the registration under which it committed, and has not withdrawn since.

        A hotkey that takes another one's place takes over its registration, which may be older than what it committed
        under one of its own; what was first seen under a newer registration was committed before that.
        """
        held = self.registered.get(submission.hotkey)
        withdrawn = self.withdrawn.get(submission.hotkey)
        stands = withdrawn is None or submission.commit_block > withdrawn
        return stands and held is not None and held.since == submission.registered_at <= submission.commit_block


def longest_wait(table: Table) -> BlockCount:
    """Blocks from a commit on after which it is eligible, whatever its competition, or never will be."""
    return BlockCount(max(max(c.eval_delay_blocks, c.max_seal_blocks + c.fetch_blocks) for c in table.competitions))


def is_void(submission: Submission, competition: Competition) -> bool:
    """Whether the pointer was opened later than the longest seal allows; such a commit never becomes eligible."""
    return submission.revealed_block - submission.commit_block > competition.max_seal_blocks


def eligible_from(submission: Submission, competition: Competition) -> Block:
    """The first block that, as a seed block, lets this submission in."""
    return Block(
        max(
            submission.commit_block + competition.eval_delay_blocks,
            submission.revealed_block + competition.fetch_blocks,
        )
    )


def live(
    submissions: Iterable[Submission], table: Table, presence: Presence, seed_block: Block
) -> tuple[Submission, ...]:
    """Each present hotkey's newest eligible submission at a seed block, the most senior first.

    `presence` is that of the seed block. An older submission stays live until a newer one is eligible, and for the
    longest wait where what was committed after it never is; a commit made before the hotkey's current registration, or
    before its withdrawal, counts for nothing.
    """
    rules = {competition.name: competition for competition in table.competitions}
    newest: dict[Hotkey, Submission] = {}
    for submission in sorted(submissions, key=lambda s: s.commit_block):
        competition = rules.get(submission.competition)
        if competition is None or not presence.holds(submission):
            continue
        if submission.commit_block < presence.settled.get(submission.hotkey, 0):
            continue
        if not is_void(submission, competition) and eligible_from(submission, competition) <= seed_block:
            newest[submission.hotkey] = submission
    return tuple(sorted(newest.values(), key=lambda s: s.commit_block))


def may_yet_enter(submissions: Iterable[Submission], table: Table, seed_block: Block) -> tuple[Submission, ...]:
    """Those of which some round with this seed block, or a later one, may make an entrant; the most senior first.

    As `live`, for all of these rounds at once and whoever takes part in them: a newer submission of the same hotkey
    ends an older one from the block on that it is eligible.
    """
    rules = {competition.name: competition for competition in table.competitions}
    replaced: dict[Hotkey, Block] = {}
    found = []
    for submission in sorted(submissions, key=lambda s: s.commit_block, reverse=True):
        competition = rules.get(submission.competition)
        if competition is None or is_void(submission, competition):
            continue
        begins, ends = eligible_from(submission, competition), replaced.get(submission.hotkey)
        if ends is None or max(begins, seed_block) < ends:
            found.append(submission)
        replaced[submission.hotkey] = begins if ends is None else min(begins, ends)
    return tuple(reversed(found))


def may_own(submission: Submission, competition: Competition, seed_block: Block) -> bool:
    """Whether a submission's claim to its model counts in a round: it was neither refused nor opened too late.

    What a pointer in clear claims is known to nobody before its files are: it counts once they were accepted, and from
    the first round that it can enter on, by which every validator has them.
    """
    if submission.intake == "rejected" or is_void(submission, competition):
        return False
    if submission.secure_hash is None:
        return True
    return submission.intake == "accepted" and eligible_from(submission, competition) <= seed_block


def history_from(table: Table, block: Block, rounds_back: int) -> Block:
    """The first block a validator must know that joins at a block, and judges so many rounds before the newest first.

    By the first of these rounds' seed blocks whatever was committed before this block has waited longest: what it
    replaced is live no more.
    """
    starts = []
    for rules in table.competitions:
        newest = round_at(block, rules.first_block, rules.round_blocks)
        starts.append(seed_block(max(0, (newest or 0) - rounds_back), rules.first_block, rules.round_blocks))
    return Block(min(max(0, min(starts) - longest_wait(table)), block))
