"""What readers of the ledger must know of the network without asking it: who, which block, which table, which weights.

Mirrors the present: each fact replaces the one before.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from chain.types import Block, Hotkey, NetUid, Uid, Weights
from ledger.database import Ledger, LedgerConflict
from ledger.schema import FactRow

_IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which validator keeps this ledger, on which subnet, by which table, and the Hub its models come from."""

    network: str
    netuid: NetUid
    hotkey: Hotkey
    table_fingerprint: str
    table_text: str
    hub_endpoint: str
    genesis: str = ""
    """Hash of the chain's first block; empty where an earlier version recorded none."""


@dataclass(frozen=True, slots=True)
class HeadSeen:
    """The newest final block a validator saw, and its time (UTC)."""

    block: Block
    at: datetime


@dataclass(frozen=True, slots=True)
class ChainWeights:
    """Every setter's weights as the chain held them at a block."""

    block: Block
    by_setter: Mapping[Uid, Weights]


def record_identity(ledger: Ledger, identity: Identity) -> None:
    """Say whose ledger this is. Raises LedgerConflict where it is of another chain, subnet or validator.

    A chain is known by its first block, and may be called by another name, or asked at other addresses, than before.
    """
    with ledger.writing() as session:
        before = _identity(session)
        if before is not None and (differences := _differences(before, identity)):
            raise LedgerConflict(
                f"ledger {ledger.name} was begun for another validator: {'; '.join(differences)}. Start with the old "
                "settings, or give this validator a folder of its own"
            )
        session.merge(FactRow(name=_IDENTITY, value=json.dumps(asdict(identity))))


def record_head(ledger: Ledger, block: Block, at: datetime) -> None:
    """Say which block is the newest, and its time."""
    _put(ledger, "head", {"block": block, "at": at.isoformat()})


def record_chain_weights(ledger: Ledger, block: Block, by_setter: Mapping[Uid, Weights]) -> None:
    """Say which weights the chain holds, by setter, as read at a block."""
    rows = {str(setter): {str(uid): weight for uid, weight in row.items()} for setter, row in by_setter.items()}
    _put(ledger, "chain_weights", {"block": block, "by_setter": rows})


def identity(session: Session) -> Identity | None:
    """Whose ledger this is, within a transaction under way; None before a validator first started on it."""
    return _identity(session)


def head(session: Session) -> HeadSeen | None:
    """The newest block seen, within a transaction under way."""
    value = _value(session, "head")
    return HeadSeen(Block(value["block"]), datetime.fromisoformat(value["at"])) if value else None


def chain_weights(session: Session) -> ChainWeights | None:
    """The weights last read from the chain, within a transaction under way."""
    value = _value(session, "chain_weights")
    if not value:
        return None
    rows = value["by_setter"].items()
    return ChainWeights(Block(value["block"]), {Uid(int(setter)): _weights(row) for setter, row in rows})


def _identity(session: Session) -> Identity | None:
    value = _value(session, _IDENTITY)
    return Identity(**value) if value else None


def _differences(before: Identity, now: Identity) -> list[str]:
    """What makes one ledger's validator another one, in words."""
    facts = [("netuid", str(before.netuid), str(now.netuid)), ("hotkey", before.hotkey, now.hotkey)]
    if before.genesis and now.genesis:
        facts.append(("the chain's first block", before.genesis, now.genesis))
    else:
        facts.append(("network", before.network, now.network))
    return [f"{name} was {old}, now it is {new}" for name, old, new in facts if old != new]


def _weights(row: Mapping[str, float]) -> Weights:
    return {Uid(int(uid)): weight for uid, weight in row.items()}


def _put(ledger: Ledger, name: str, value: Mapping[str, Any]) -> None:
    with ledger.writing() as session:
        session.merge(FactRow(name=name, value=json.dumps(value)))


def _value(session: Session, name: str) -> Any:
    row = session.get(FactRow, name)
    return json.loads(row.value) if row else None
