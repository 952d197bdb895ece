"""A new table as the subnet's owner announces it on chain: what is said, and how long beforehand. Pure."""

from dataclasses import dataclass

from chain.types import Block, BlockCount

FIRST_WORD = b"crucible/table1"
"""With which the clear commitment of an announcement begins."""

NOTICE_BLOCKS = BlockCount(360)
"""Blocks from an announcement to its activation, at least: everybody has time to fetch the table. A part of the rules
that no table sets, since it decides which one holds."""

READER = 1
"""Version of readers that this one is: it rises with everything new that a table may say."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is committed: `repo` as `namespace/name`, `digest` 64 lower-case hex digits of the file's sha256, `reader`
    the version of readers that the table needs."""

    repo: str
    digest: str
    activation: Block
    reader: int = READER


def is_announcement(raw: bytes) -> bool:
    """Whether a committed text is meant as an announcement, well-formed or not."""
    return raw.split(b" ", 1)[0] == FIRST_WORD


def is_in_time(announcement: Announcement, announced: Block) -> bool:
    """Whether an announcement that was committed in a block gives notice enough."""
    return announcement.activation >= announced + NOTICE_BLOCKS
