"""The subnet's past, read so that a missed poll changes nothing: every block in which a commitment came or went.

A look at one block tells the block of each standing commitment and of each registration. What those replaced stood in
the block before them. Following these hints backwards, from one look to the next and down to the newest block that was
recorded, meets every commitment that ever stood at the end of a block: whoever polled when records the same rows.
"""

import logging
from collections.abc import Iterator

from chain.reader import ChainReader, UnknownBlock, UnknownSubnet
from chain.types import Block, BlockCount, Commitment, Head, NetUid, Subnet
from ledger import commitments, registrations
from ledger.database import Ledger
from ledger.gaps import Gap, record_gap

log = logging.getLogger(__name__)

SPAN = BlockCount(100)
"""Blocks recorded at once: no more looks than that are ever taken, or held in memory, between two stop signals."""

KEPT_BLOCKS = BlockCount(256)
"""Every node keeps the state of so many blocks: an answer that it is gone is believed of older ones only."""


def advance(chain: ChainReader, ledger: Ledger, netuid: NetUid, upto: Head, since: Block) -> Subnet | None:
    """Record what happened after the newest recorded block, SPAN blocks on at most; the newest look, or None at `upto`.

    An empty ledger begins at block `since`. Old state that no node has any more leaves a gap, which is recorded;
    whatever else the chain fails at is raised, and nothing of these blocks recorded. Raises ChainError.
    """
    seen = registrations.last_poll(ledger, netuid)
    after = Block(since - 1) if seen is None else seen
    if seen is not None and seen >= upto.number:
        return None
    kept = Block(upto.number - KEPT_BLOCKS)
    looks, gap = _looks(chain, netuid, _newest(chain, netuid, after, upto, kept), after, kept)
    if gap is not None:
        log.warning("what was committed in blocks %d to %d may be missing: %s", gap.first, gap.last, gap.cause)
        record_gap(ledger, netuid, gap)
    for look in reversed(looks):
        commitments.record_poll(ledger, netuid, look.at.number, look.neurons, look.commitments)
    return looks[0]


def hints(look: Subnet) -> Iterator[Block]:
    """Earlier blocks that hold what a look no longer shows: commitments as they were made, and what stood before.

    A commitment's own block shows it as it was made, sealed and with its owner; seen there, the block before it shows
    what it replaced. The block before a registration shows what the uid's last holder took along.
    """
    for entry in look.commitments:
        if entry.block is not None:
            yield entry.block if entry.block < look.at.number else Block(entry.block - 1)
        elif isinstance(entry, Commitment):
            yield from (Block(opened.block - 1) for opened in entry.opened)
    for neuron in look.neurons:
        yield Block(neuron.registered_at - 1)


def _looks(
    chain: ChainReader, netuid: NetUid, newest: Subnet, after: Block, kept: Block
) -> tuple[list[Subnet], Gap | None]:
    """A look and all that it hints at after a block, newest first; where one is gone, so is what came before it.

    A node that does not know a block newer than `kept` lags behind or is not whole: another one, or later, will.
    """
    looks, wanted = [newest], _after(newest, after)
    while wanted:
        block = max(wanted)
        wanted.remove(block)
        try:
            look = _look(chain, netuid, block)
        except UnknownBlock as error:
            if block > kept:
                raise
            return looks, Gap(Block(after + 1), block, str(error))
        looks.append(look)
        wanted |= _after(look, after)
    return looks, None


def _after(look: Subnet, after: Block) -> set[Block]:
    return {block for block in hints(look) if after < block < look.at.number}


def _newest(chain: ChainReader, netuid: NetUid, after: Block, upto: Head, kept: Block) -> Subnet:
    """The look to begin with: SPAN blocks on, or at the oldest block after that whose state is still there."""
    if upto.number <= after + SPAN:
        return chain.subnet(netuid, upto)
    gone = Block(after + SPAN)
    try:
        return _look(chain, netuid, gone)
    except UnknownBlock:
        if gone > kept:
            raise
        look = chain.subnet(netuid, upto)
    while look.at.number - gone > 1:  # nodes drop state from the oldest block on
        middle = Block((gone + look.at.number) // 2)
        try:
            look = _look(chain, netuid, middle)
        except UnknownBlock:
            if middle > kept:
                raise
            gone = middle
    return look


def _look(chain: ChainReader, netuid: NetUid, block: Block) -> Subnet:
    """The subnet at an earlier block; empty before there was one."""
    at = Head(block, chain.block_hash(block))
    try:
        return chain.subnet(netuid, at)
    except UnknownSubnet:
        return Subnet(at, chain.timestamp(block), (), ())
