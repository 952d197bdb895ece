"""One sample: a text and where it comes from, with canonical bytes and an id. Knows text and bytes, no tokens and no
signatures.

The canonical form is one JSON object with sorted keys, no spaces, UTF-8 and a version; every sample has the same
string columns (those its kind does not use are empty), so that a file of samples is also a table to any JSON reader.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chain.types import Block, BlockHash, Hotkey, NetUid
from evaluation.tasks.spec import SampleKind
from models.strict_json import BadJson, parse_object

VERSION = "crucible/sample/1"

_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_HOTKEY = re.compile(r"[1-9A-HJ-NP-Za-km-z]{40,60}")
_HASH = re.compile(r"0x[0-9a-f]{64}")
_TEXTS = frozenset(
    {"version", "kind", "prompt", "reference", "text", "source", "producer", "created_at", "anchor_hash"}
)
_NUMBERS = frozenset({"netuid", "anchor_block"})


@dataclass(frozen=True, slots=True)
class Pair:
    """A prompt (it may be empty) and the reference answer that is scored."""

    prompt: str
    reference: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is scored from its first byte on."""

    text: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A stranger's line that is no sample, or bytes that are no pointer, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What one producer made, anchored to a block that it cannot have known earlier.

    `created_at` is UTC in whole seconds and self-declared: only the anchor proves an age. Raises ValueError for a
    record that has no canonical form.
    """

    content: Pair | Text
    source: str
    """What the text was made from, a short lower-case name such as "pydoc"."""
    producer: Hotkey
    netuid: NetUid
    created_at: datetime
    anchor_block: Block
    anchor_hash: BlockHash
    id: str = field(init=False, repr=False, compare=False)
    """sha256 of the canonical bytes, 64 hex digits."""

    def __post_init__(self) -> None:
        if fault := _fault(self):
            raise ValueError(fault)
        try:
            digest = hashlib.sha256(self.canonical_bytes).hexdigest()
        except UnicodeEncodeError as error:
            raise ValueError("the text holds a lone surrogate and has no UTF-8 form") from error
        object.__setattr__(self, "id", digest)

    @property
    def kind(self) -> SampleKind:
        """Which tasks can score it."""
        return "pair" if isinstance(self.content, Pair) else "text"

    @property
    def canonical_bytes(self) -> bytes:
        """The bytes that are signed and hashed; also the sample's JSON line, without a line end."""
        return canonical_json(fields(self))


def canonical_json(value: object) -> bytes:
    """Sorted keys, no spaces, UTF-8 unescaped: the same value gives the same bytes on every machine."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fields(sample: Sample) -> dict[str, str | int]:
    """The sample as the columns of its JSON object."""
    content = sample.content
    pair, text = (content, Text("")) if isinstance(content, Pair) else (Pair("", ""), content)
    return {
        "version": VERSION,
        "kind": sample.kind,
        "prompt": pair.prompt,
        "reference": pair.reference,
        "text": text.text,
        "source": sample.source,
        "producer": sample.producer,
        "netuid": sample.netuid,
        "created_at": _iso(sample.created_at),
        "anchor_block": sample.anchor_block,
        "anchor_hash": sample.anchor_hash,
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
    if odd := value.keys() ^ (_TEXTS | _NUMBERS):
        return Malformed(f"columns missing or too many: {[name[:20] for name in sorted(odd)[:4]]}")
    for key, item in value.items():
        if type(item) is not (int if key in _NUMBERS else str):
            return Malformed(f"{key} is a {type(item).__name__}")
    if value["version"] != VERSION:
        return Malformed(f"version {value['version'][:40]!r} is not {VERSION}")
    content = _content(value["kind"], value["prompt"], value["reference"], value["text"])
    if isinstance(content, Malformed):
        return content
    try:
        created = _moment(value["created_at"])
        origin = (value["source"], value["producer"], value["netuid"], created, value["anchor_block"])
        return Sample(content, *origin, value["anchor_hash"])
    except ValueError as error:
        return Malformed(str(error)[:160])


def _content(kind: str, prompt: str, reference: str, text: str) -> Pair | Text | Malformed:
    if kind == "pair" and not text:
        return Pair(prompt, reference)
    if kind == "text" and not prompt and not reference:
        return Text(text)
    return Malformed(f"kind {kind[:20]!r} with the columns of another")


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or _iso(moment) != text:
        raise ValueError(f"created_at {text[:40]!r} is not like 2025-01-31T12:00:00Z")
    return moment.astimezone(UTC)


def _fault(sample: Sample) -> str | None:
    content = sample.content
    scored = content.reference if isinstance(content, Pair) else content.text
    if not scored:
        return f"the scored text of this {sample.kind} is empty"
    if not _SOURCE.fullmatch(sample.source):
        return f"source {sample.source[:40]!r} is no short lower-case name"
    if not _HOTKEY.fullmatch(sample.producer):
        return f"producer {sample.producer[:60]!r} is no ss58 address"
    if not 0 <= sample.netuid < 2**16 or not 0 <= sample.anchor_block < 2**32:
        return f"netuid {sample.netuid} or anchor block {sample.anchor_block} is out of range"
    if not _HASH.fullmatch(sample.anchor_hash):
        return f"anchor hash {sample.anchor_hash[:70]!r} is not 0x and 64 lower-case hex digits"
    if sample.created_at.utcoffset() != timedelta(0) or sample.created_at.microsecond:
        return f"created_at {sample.created_at.isoformat()} is not UTC in whole seconds"
    return None
