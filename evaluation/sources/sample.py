"""One sample: what it asks and where it comes from, with canonical bytes and an id. Knows text and bytes, no tokens and
no signatures.

The canonical form is one JSON object with sorted keys, no spaces, UTF-8 and a version; every sample has the same
columns (those its kind does not use are empty), so that a file of samples is also a table to any JSON reader.
"""

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from chain.types import Block, BlockHash, Hotkey, NetUid
from evaluation.sources.columns import Columns
from evaluation.sources.content import KIND_OF, Choice, Content, Instruction, Pair, Text, fault_of
from evaluation.sources.rules import parse_rule
from evaluation.tasks.spec import SampleKind

VERSION = "crucible/sample/2"

_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_HOTKEY = re.compile(r"[1-9A-HJ-NP-Za-km-z]{40,60}")
_HASH = re.compile(r"0x[0-9a-f]{64}")


NOT_CANONICAL = "the line is not in canonical form: sorted keys, no spaces, no needless escapes"

_DECODER = msgspec.json.Decoder(Columns)


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
            data = msgspec.json.encode(columns_of(self))
        except UnicodeEncodeError as error:
            raise ValueError("the text holds a lone surrogate and has no UTF-8 form") from error
        object.__setattr__(self, "canonical_bytes", data)
        object.__setattr__(self, "id", hashlib.sha256(data).hexdigest())

    @property
    def kind(self) -> SampleKind:
        """Which tasks can score it."""
        return KIND_OF[type(self.content)]


def columns_of(sample: Sample) -> Columns:
    """The sample as the columns of its JSON object; what it lacks is 0 or empty."""
    prompt, reference, text, choices, answer, rules = _parts(sample.content)
    return Columns(
        sample.anchor_block or 0,
        sample.anchor_hash or "",
        answer,
        choices,
        _iso(sample.created_at),
        sample.kind,
        sample.netuid or 0,
        sample.producer or "",
        prompt,
        reference,
        rules,
        sample.source,
        text,
        VERSION,
    )


def from_line(line: bytes) -> Sample | Malformed:
    """Read one canonical JSON line; whatever a stranger wrote there, the answer is a value."""
    try:
        columns = _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Malformed(str(error)[:160])
    sample = from_columns(columns)
    if isinstance(sample, Sample) and sample.canonical_bytes != line:
        return Malformed(NOT_CANONICAL)
    return sample


def from_fields(value: Mapping[str, Any]) -> Sample | Malformed:
    """A mapping, such as a row of a table, as a sample: exactly its columns, exactly their types."""
    try:
        return from_columns(msgspec.convert(value, Columns))
    except msgspec.ValidationError as error:
        return Malformed(str(error)[:160])


def from_columns(columns: Columns) -> Sample | Malformed:
    """Columns as a sample, if they are one's. What `Sample` itself would check, and encode, is done here once."""
    if columns.version != VERSION:
        return Malformed(f"version {columns.version[:40]!r} is not {VERSION}")
    content = _content(columns)
    if content is None:
        return Malformed(f"kind {columns.kind[:20]!r} with the columns of another")
    if fault := fault_of(content):
        return Malformed(fault[:160])
    origin = _origin(
        columns.source,
        columns.producer,
        columns.netuid,
        columns.created_at,
        columns.anchor_block,
        columns.anchor_hash,
    )
    return origin if isinstance(origin, Malformed) else _made(content, origin, msgspec.json.encode(columns))


class _Origin(NamedTuple):
    """Where a sample comes from, found to be in order; in the order of `Sample`'s fields."""

    source: str
    producer: Hotkey | None
    netuid: NetUid | None
    created_at: datetime
    anchor_block: Block | None
    anchor_hash: BlockHash | None


@functools.lru_cache(maxsize=4096)
def _origin(source: str, producer: str, netuid: int, created_at: str, block: int, hash_: str) -> _Origin | Malformed:
    """The columns of a sample's origin as its fields; the samples of a batch mostly have one in common."""
    if (block and not hash_) or (netuid and not producer):
        return Malformed("an anchor block without its hash, or a netuid without a producer")
    try:
        origin = _Origin(
            source,
            Hotkey(producer) if producer else None,
            NetUid(netuid) if producer else None,
            _moment(created_at),
            Block(block) if hash_ else None,
            BlockHash(hash_) if hash_ else None,
        )
    except ValueError as error:
        return Malformed(str(error)[:160])
    fault = _origin_fault(*origin)
    return origin if fault is None else Malformed(fault[:160])


def _made(content: Content, origin: _Origin, data: bytes) -> Sample:
    """A sample whose parts are in order and whose canonical bytes are known; a batch has thousands."""
    sample = object.__new__(Sample)
    put = object.__setattr__
    put(sample, "content", content)
    put(sample, "source", origin.source)
    put(sample, "producer", origin.producer)
    put(sample, "netuid", origin.netuid)
    put(sample, "created_at", origin.created_at)
    put(sample, "anchor_block", origin.anchor_block)
    put(sample, "anchor_hash", origin.anchor_hash)
    put(sample, "canonical_bytes", data)
    put(sample, "id", hashlib.sha256(data).hexdigest())
    return sample


def _parts(content: Content) -> tuple[str, str, str, tuple[str, ...], int, tuple[str, ...]]:
    """Prompt, reference, text, choices, answer and rules of a content."""
    match content:
        case Pair():
            return content.prompt, content.reference, "", (), 0, ()
        case Text():
            return "", "", content.text, (), 0, ()
        case Choice():
            return content.prompt, "", "", content.choices, content.answer, ()
        case Instruction():
            return content.prompt, "", "", (), 0, tuple(map(str, content.rules))


def _content(columns: Columns) -> Content | None:
    """What a sample of this kind asks; None where another kind's columns are filled, or no kind is called so."""
    prompt, reference, text = columns.prompt, columns.reference, columns.text
    choices, answer, rules = columns.choices, columns.answer, columns.rules
    match columns.kind:
        case "pair" if not (text or choices or answer or rules):
            return Pair(prompt, reference)
        case "text" if not (prompt or reference or choices or answer or rules):
            return Text(text)
        case "choice" if not (reference or text or rules):
            return Choice(prompt, choices, answer)
        case "instruction" if not (reference or text or choices or answer):
            return Instruction(prompt, tuple(map(parse_rule, rules)))
    return None


@functools.lru_cache(maxsize=1024)
def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or _iso(moment) != text:
        raise ValueError(f"created_at {text[:40]!r} is not like 2025-01-31T12:00:00Z")
    return moment.astimezone(UTC)


def _fault(sample: Sample) -> str | None:
    return fault_of(sample.content) or _origin_fault(
        sample.source,
        sample.producer,
        sample.netuid,
        sample.created_at,
        sample.anchor_block,
        sample.anchor_hash,
    )


def _origin_fault(
    source: str,
    producer: Hotkey | None,
    netuid: NetUid | None,
    created_at: datetime,
    block: Block | None,
    hash_: BlockHash | None,
) -> str | None:
    """What is wrong with where a sample comes from."""
    if not _SOURCE.fullmatch(source):
        return f"source {source[:40]!r} is no short lower-case name"
    if created_at.utcoffset() != timedelta(0) or created_at.microsecond:
        return f"created_at {created_at.isoformat()} is not UTC in whole seconds"
    return _producer_fault(producer, netuid) or _anchor_fault(block, hash_)


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
