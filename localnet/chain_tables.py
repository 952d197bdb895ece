"""How a block of the embedded chain looks to people: tables of the block, its subnets' people, and its events."""

import json
from collections.abc import Iterator

from rich.table import Table

from chain.embedded.inspection import Field, Held, Inspection, Subnet


def tables(seen: Inspection) -> Iterator[Table]:
    """A block's tables; those without rows are left out."""
    yield _block(seen)
    for subnet in seen.subnets:
        yield _neurons(subnet)
        if subnet.commitments:
            yield _commitments(subnet)
    if seen.events:
        yield _events(seen)
    if seen.pool:
        yield _pool(seen)


def _block(seen: Inspection) -> Table:
    table = Table("block", "time", "hash", "beacon round", "head", "final", title=f"block {seen.block}")
    facts = (seen.block, seen.time, seen.hash, seen.beacon_round, seen.head, seen.final)
    table.add_row(*map(str, facts))
    return table


def _neurons(subnet: Subnet) -> Table:
    epochs = f"the last epoch turned in block {subnet.last_epoch}, the next in {subnet.next_epoch or 'none'}"
    title = f"netuid {subnet.netuid} ({subnet.name or 'without a name'}), tempo {subnet.tempo}: {epochs}"
    table = Table("uid", "hotkey", "coldkey", "stake", "permit", "registered", "last update", title=title)
    for one in subnet.neurons:
        permit = "yes" if one.permit else ""
        facts = (one.uid, one.hotkey, one.coldkey, f"{one.stake:g}", permit, one.registered_at, one.last_update)
        table.add_row(*map(str, facts))
    return table


def _commitments(subnet: Subnet) -> Table:
    table = Table("hotkey", "block", "fields", "opened", title=f"commitments on netuid {subnet.netuid}")
    for held in subnet.commitments:
        table.add_row(held.hotkey, str(held.block), "\n".join(map(_field, held.fields)), _opened(held))
    return table


def _field(field: Field) -> str:
    size = f"{field.kind}, {field.size} bytes"
    return size if field.round is None else f"{size}, round {field.round}"


def _opened(held: Held) -> str:
    return "\n".join(f"{opening.block}: {opening.text}" for opening in held.opened)


def _events(seen: Inspection) -> Table:
    table = Table("extrinsic", "event", "facts", title=f"events of block {seen.block}")
    for event in seen.events:
        origin = "the chain itself" if event.extrinsic is None else str(event.extrinsic)
        table.add_row(origin, event.name, "" if event.facts is None else json.dumps(event.facts, default=str))
    return table


def _pool(seen: Inspection) -> Table:
    table = Table("hash", "signer", "call", title="waiting for the next block")
    for waiting in seen.pool:
        table.add_row(waiting.hash, waiting.signer, waiting.call)
    return table
