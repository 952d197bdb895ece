"""One sample: what it asks and where it comes from, with canonical bytes and an id. Knows text and bytes, no tokens and
no signatures.

The canonical form is one JSON object with sorted keys, no spaces, UTF-8 and a version; every sample has the same
columns (those its kind does not use are empty), so that a file of samples is also a table to any JSON reader.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chain.types import Block, BlockHash, Hotkey, NetUid
from evaluation.sources.content import KIND_OF, Choice, Content, Instruction, Pair, Text, fault_of
from evaluation.sources.rules import parse_rule
from evaluation.tasks.spec import SampleKind
from models.strict_json import BadJson, parse_object

VERSION = "crucible/sample/2"

_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_HOTKEY = re.compile(r"[1-9A-HJ-NP-Za-km-z]{40,60}")
_HASH = re.compile(r"0x[0-9a-f]{64}")
_TYPES: Mapping[str, type] = {
    "version": str,
    "kind": str,
    "prompt": str,
    "reference": str,
    "text": str,
    "choices": list,
    "answer": int,
    "rules": list,
    "source": str,
    "producer": str,
    "netuid": int,
    "created_at": str,
    "anchor_block": int,
    "anchor_hash": str,
}
_EMPTY: Mapping[str, Any] = {"prompt": "", "reference": "", "text": "", "choices": [], "answer": 0, "rules": []}
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "pair": ("prompt", "reference"),
    "text": ("text",),
    "choice": ("prompt", "choices", "answer"),
    "instruction": ("prompt", "rules"),
}
"""Which columns a kind uses."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A stranger's line that is no sample, or bytes that are no pointer, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What one producer made, anchored to a block that it cannot have known earlier.

    `created_at` is UTC in whole seconds and self-declared: only the anchor proves an age. What a round's seed chose
    from public text, or made, has no producer (and no netuid); samples of an older form have no anchor. Raises
    ValueError for a record that has no canonical form.
    """

    content: Content
    source: str
    """What the text was made from, a short lower-case name such as "pydoc"."""
    producer: Hotkey | None
    netuid: NetUid | None
    created_at: datetime
    anchor_block: Block | None
    anchor_hash: BlockHash | None
    canonical_bytes: bytes = field(init=False, repr=False, compare=False)
    """The bytes that are signed and hashed; also the sample's JSON line, without a line end."""
    id: str = field(init=False, repr=False, compare=False)
    """sha256 of the canonical bytes, 64 hex digits."""

    def __post_init__(self) -> None:
        if fault := _fault(self):
            raise ValueError(fault)
        try:
            data = canonical_json(fields(self))
        except UnicodeEncodeError as error:
            raise ValueError("the text holds a lone surrogate and has no UTF-8 form") from error
        object.__setattr__(self, "canonical_bytes", data)
        object.__setattr__(self, "id", hashlib.sha256(data).hexdigest())

    @property
    def kind(self) -> SampleKind:
        """Which tasks can score it."""
        return KIND_OF[type(self.content)]


def canonical_json(value: object) -> bytes:
    """Sorted keys, no spaces, UTF-8 unescaped: the same value gives the same bytes on every machine."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fields(sample: Sample) -> dict[str, Any]:
    """The sample as the columns of its JSON object; what it lacks is 0 or empty."""
    return {
        **_EMPTY,
        **_columns(sample.content),
        "version": VERSION,
        "kind": sample.kind,
        "source": sample.source,
        "producer": sample.producer or "",
        "netuid": sample.netuid or 0,
        "created_at": _iso(sample.created_at),
        "anchor_block": sample.anchor_block or 0,
        "anchor_hash": sample.anchor_hash or "",
    }


def from_line(line: bytes) -> Sample | Malformed:
    """Read one JSON line; whatever a stranger wrote there, the answer is a value."""
    read = read_object(line)
    return read if isinstance(read, Malformed) else from_fields(read)


def read_object(line: bytes) -> dict[str, object] | Malformed:
    """One line as a JSON object."""
    read = parse_object(line)
    return Malformed(f"the line {read.reason}"[:160]) if isinstance(read, BadJson) else read


def from_fields(value: Mapping[str, Any]) -> Sample | Malformed:
    """A parsed JSON object as a sample: exactly its columns, exactly their types."""
    if fault := _shape_fault(value):
        return Malformed(fault)
    anchored, owned = value["anchor_hash"] != "", value["producer"] != ""
    if (value["anchor_block"] and not anchored) or (value["netuid"] and not owned):
        return Malformed("an anchor block without its hash, or a netuid without a producer")
    try:
        return Sample(
            _content(value),
            value["source"],
            value["producer"] if owned else None,
            value["netuid"] if owned else None,
            _moment(value["created_at"]),
            value["anchor_block"] if anchored else None,
            value["anchor_hash"] if anchored else None,
        )
    except ValueError as error:
        return Malformed(str(error)[:160])


def _shape_fault(value: Mapping[str, Any]) -> str | None:
    if odd := value.keys() ^ _TYPES.keys():
        return f"columns missing or too many: {[name[:20] for name in sorted(odd)[:4]]}"
    for key, kind in _TYPES.items():
        if type(value[key]) is not kind:
            return f"{key} is a {type(value[key]).__name__}"
    if any(type(item) is not str for key in ("choices", "rules") for item in value[key]):
        return "choices and rules must be lists of texts"
    if value["version"] != VERSION:
        return f"version {value['version'][:40]!r} is not {VERSION}"
    kind, used = value["kind"], _COLUMNS.get(value["kind"], ())
    if not used or any(value[key] != empty for key, empty in _EMPTY.items() if key not in used):
        return f"kind {kind[:20]!r} with the columns of another"
    return None


def _columns(content: Content) -> dict[str, Any]:
    match content:
        case Pair(prompt, reference):
            return {"prompt": prompt, "reference": reference}
        case Text(text):
            return {"text": text}
        case Choice(prompt, choices, answer):
            return {"prompt": prompt, "choices": list(choices), "answer": answer}
        case Instruction(prompt, rules):
            return {"prompt": prompt, "rules": [str(rule) for rule in rules]}


def _content(value: Mapping[str, Any]) -> Content:
    match value["kind"]:
        case "pair":
            return Pair(value["prompt"], value["reference"])
        case "text":
            return Text(value["text"])
        case "choice":
            return Choice(value["prompt"], tuple(value["choices"]), value["answer"])
    return Instruction(value["prompt"], tuple(map(parse_rule, value["rules"])))


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or _iso(moment) != text:
        raise ValueError(f"created_at {text[:40]!r} is not like 2025-01-31T12:00:00Z")
    return moment.astimezone(UTC)


def _fault(sample: Sample) -> str | None:
    if fault := fault_of(sample.content):
        return fault
    if not _SOURCE.fullmatch(sample.source):
        return f"source {sample.source[:40]!r} is no short lower-case name"
    if sample.created_at.utcoffset() != timedelta(0) or sample.created_at.microsecond:
        return f"created_at {sample.created_at.isoformat()} is not UTC in whole seconds"
    return _producer_fault(sample.producer, sample.netuid) or _anchor_fault(sample.anchor_block, sample.anchor_hash)


def _producer_fault(producer: Hotkey | None, netuid: NetUid | None) -> str | None:
    if producer is None or netuid is None:
        return (
            None if producer is None and netuid is None else f"producer {producer} and netuid {netuid} belong together"
        )
    if not _HOTKEY.fullmatch(producer):
        return f"producer {producer[:60]!r} is no ss58 address"
    return None if 0 <= netuid < 2**16 else f"netuid {netuid} is out of range"


def _anchor_fault(block: Block | None, hash_: BlockHash | None) -> str | None:
    if block is None or hash_ is None:
        return (
            None if block is None and hash_ is None else f"anchor block {block} and anchor hash {hash_} belong together"
        )
    if not 0 <= block < 2**32:
        return f"anchor block {block} is out of range"
    return None if _HASH.fullmatch(hash_) else f"anchor hash {hash_[:70]!r} is not 0x and 64 lower-case hex digits"
