"""Which submissions a round may judge: delays counted in blocks of the chain, never in a payload's own words."""

from collections.abc import Iterable, Mapping

from chain.types import Block, Hotkey, Registration
from competitions.records import Submission
from competitions.spec import Competition, Table


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


def holds(submission: Submission, registered: Mapping[Hotkey, Registration]) -> bool:
    """Whether the hotkey still holds the registration under which it committed."""
    held = registered.get(submission.hotkey)
    return held is not None and submission.commit_block >= held.since


def live(
    submissions: Iterable[Submission], table: Table, registered: Mapping[Hotkey, Registration], seed_block: Block
) -> tuple[Submission, ...]:
    """Each registered hotkey's newest eligible submission at a seed block, the most senior first.

    `registered` is the metagraph at the seed block. An older submission stays live until a newer one is eligible; a
    commit made before the hotkey's current registration counts for nothing.
    """
    rules = {competition.name: competition for competition in table.competitions}
    newest: dict[Hotkey, Submission] = {}
    for submission in sorted(submissions, key=lambda s: s.commit_block):
        competition = rules.get(submission.competition)
        if competition is None or not holds(submission, registered):
            continue
        if not is_void(submission, competition) and eligible_from(submission, competition) <= seed_block:
            newest[submission.hotkey] = submission
    return tuple(sorted(newest.values(), key=lambda s: s.commit_block))
