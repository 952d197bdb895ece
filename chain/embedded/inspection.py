"""One block of a chain file in plain records: who is on its subnets, what is committed and pending, and what happened.

For people and programs beside the chain; clients read it through the SDK.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chain.embedded import runtime_api
from chain.embedded.derived import View
from chain.embedded.errors import InvalidTransaction, InvalidValue
from chain.embedded.extrinsics import parse
from chain.embedded.node import Node
from chain.embedded.pallet_commitments import parts, space
from chain.embedded.pallet_registration import netuids
from chain.embedded.scale import from_hex, plain_bytes, to_hex
from chain.printable import printable

_RAO = 10**9


@dataclass(frozen=True, slots=True)
class Member:
    """Who holds a uid; stake is total, in TAO."""

    uid: int
    hotkey: str
    coldkey: str
    stake: float
    permit: bool
    registered_at: int
    last_update: int


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a commitment: the runtime's name for its kind, its bytes, and the beacon round that opens it."""

    kind: str
    size: int
    round: int | None


@dataclass(frozen=True, slots=True)
class Opening:
    """A text that the chain opened, and the block in which it did; hex where it cannot be printed."""

    block: int
    text: str


@dataclass(frozen=True, slots=True)
class Held:
    """What the chain holds of a hotkey; `block` is that of its newest commitment."""

    hotkey: str
    block: int
    fields: tuple[Field, ...]
    opened: tuple[Opening, ...]


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet, its epochs' schedule (None where none turns), its members and what they committed."""

    netuid: int
    name: str
    tempo: int
    last_epoch: int
    next_epoch: int | None
    neurons: tuple[Member, ...]
    commitments: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in the block: by itself (extrinsic None), or by its n-th extrinsic."""

    extrinsic: int | None
    name: str
    facts: object


@dataclass(frozen=True, slots=True)
class Waiting:
    """An extrinsic that waits for the next block."""

    hash: str
    signer: str
    call: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """A block and what stood after it; head, final block and pool are those of now."""

    block: int
    hash: str
    time: str
    """ISO 8601, UTC."""
    beacon_round: int
    """The newest round published."""
    head: int
    final: int
    subnets: tuple[Subnet, ...]
    events: tuple[Event, ...]
    pool: tuple[Waiting, ...]


def inspect(node: Node, number: int | None = None) -> Inspection:
    """Look at a block, by default the head. Raises InvalidValue for one that is not sealed."""
    with node.file.snapshot():
        head = node.head()
        header = head if number is None else node.file.block(number)
        if header is None:
            raise InvalidValue(f"there is no block {number}: the head is {head.number}")
        view = node.view(header)
        return Inspection(
            block=header.number,
            hash=to_hex(header.hash),
            time=datetime.fromtimestamp(header.time_ms / 1000, UTC).isoformat(),
            beacon_round=node.beacon.clock.latest(header.time_ms),
            head=head.number,
            final=node.finalized().number,
            subnets=tuple(_subnet(view, netuid) for netuid in netuids(view.state)),
            events=tuple(_event(node, event) for event in view.get("System", "Events")),
            pool=tuple(_waiting(node, pooled.hash, pooled.signer, pooled.data) for pooled in node.file.pool()),
        )


def _subnet(view: View, netuid: int) -> Subnet:
    graph = runtime_api.call(view, "SubnetInfoRuntimeApi", "get_metagraph", netuid)
    columns = ("hotkeys", "coldkeys", "total_stake", "validator_permit", "block_at_registration", "last_update")
    rows = zip(*(graph[name] for name in columns), strict=True)
    return Subnet(
        netuid=netuid,
        name=bytes(graph["name"]).decode(),
        tempo=int(graph["tempo"]),
        last_epoch=int(view.get("SubtensorModule", "LastEpochBlock", netuid)),
        next_epoch=runtime_api.call(view, "SubnetInfoRuntimeApi", "get_next_epoch_start_block", netuid),
        neurons=tuple(
            Member(uid, hotkey, coldkey, int(stake) / _RAO, permit, int(since), int(update))
            for uid, (hotkey, coldkey, stake, permit, since, update) in enumerate(rows)
        ),
        commitments=_commitments(view, netuid),
    )


def _commitments(view: View, netuid: int) -> tuple[Held, ...]:
    """Every hotkey that ever committed and still holds its uid, the newest commitment last."""
    entries, openings, blocks = (
        dict(view.state.items("Commitments", name, netuid))
        for name in ("CommitmentOf", "RevealedCommitments", "LastCommitment")
    )
    held = [
        Held(
            hotkey=hotkey,
            block=int(block),
            fields=tuple(map(_field, entries[hotkey]["info"]["fields"])) if hotkey in entries else (),
            opened=tuple(Opening(int(when), printable(plain_bytes(text))) for text, when in openings.get(hotkey, ())),
        )
        for hotkey, block in blocks.items()
    ]
    return tuple(sorted(held, key=lambda one: (one.block, one.hotkey)))


def _field(field: Any) -> Field:
    kind, value = parts(field)
    return Field(kind, space(kind, value), int(value["reveal_round"]) if isinstance(value, Mapping) else None)


def _event(node: Node, event: Mapping[str, Any]) -> Event:
    facts = event["attributes"]
    if event["event_id"] == "ExtrinsicFailed":
        module = facts["dispatch_error"]["Module"]
        facts = node.metadata.error_name(int(module["index"]), from_hex(module["error"])[0])
    elif event["event_id"] == "ExtrinsicSuccess":
        facts = None
    return Event(event["extrinsic_idx"], f"{event['module_id']}.{event['event_id']}", facts)


def _waiting(node: Node, hash_: bytes, signer: str, data: bytes) -> Waiting:
    try:
        call = parse(node.metadata, data).call
    except InvalidTransaction as refusal:
        return Waiting(to_hex(hash_), signer, refusal.message)
    return Waiting(to_hex(hash_), signer, f"{call.pallet}.{call.function}")
