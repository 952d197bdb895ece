"""One sample: what it asks and where it comes from, with canonical bytes and an id. Knows text and bytes, no tokens and
no signatures.

The canonical form is one JSON object with sorted keys, no spaces, UTF-8 and a version; every sample has the same
columns (those its kind does not use are empty), so that a file of samples is also a table to any JSON reader.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from chain.types import Block, BlockHash, Hotkey, NetUid
from evaluation.sources.columns import Columns, SignedColumns
from evaluation.sources.content import KIND_OF, Choice, Content, Instruction, Pair, Text, fault_of
from evaluation.sources.rules import parse_rule
from evaluation.tasks.spec import SampleKind

VERSION = "crucible/sample/2"

_LONGEST = 66


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a text is of a pattern of at most `_LONGEST` letters. What a pool's samples have in common is looked at
    once; a stranger's long texts are not remembered."""
    remembered = functools.lru_cache(maxsize=4096)(re.compile(pattern).fullmatch)
    return lambda text: len(text) <= _LONGEST and remembered(text) is not None


_is_source = _matcher(r"[a-z0-9][a-z0-9_.-]{0,63}")
_is_address = _matcher(r"[1-9A-HJ-NP-Za-km-z]{40,60}")
_is_hash = _matcher(r"0x[0-9a-f]{64}")

NOT_CANONICAL = "the line is not in canonical form: sorted keys, no spaces, no needless escapes"

_DECODER = msgspec.json.Decoder(Columns)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A stranger's line that is no sample, or bytes that are no pointer, and why."""

    reason: str


class Sample(msgspec.Struct, frozen=True, gc=False):
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
    canonical_bytes: bytes = b""
    """The bytes that are signed and hashed; also the sample's JSON line, without a line end. Whatever is given here,
    and for the id, is replaced by what belongs to the other fields."""
    id: str = ""
    """sha256 of the canonical bytes, 64 hex digits."""

    def __post_init__(self) -> None:
        if fault := _fault(self):
            raise ValueError(fault)
        try:
            data = msgspec.json.encode(columns_of(self))
        except UnicodeEncodeError as error:
            raise ValueError("the text holds a lone surrogate and has no UTF-8 form") from error
        force_setattr(self, "canonical_bytes", data)
        force_setattr(self, "id", hashlib.sha256(data).hexdigest())

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


def from_columns(columns: Columns | SignedColumns) -> Sample | Malformed:
    """Columns as a sample, if they are one's."""
    if columns.version != VERSION:
        return Malformed(f"version {columns.version[:40]!r} is not {VERSION}")
    content = _content(columns)
    if content is None:
        return Malformed(f"kind {columns.kind[:20]!r} with the columns of another")
    if (columns.anchor_block and not columns.anchor_hash) or (columns.netuid and not columns.producer):
        return Malformed("an anchor block without its hash, or a netuid without a producer")
    try:
        return Sample(
            content,
            columns.source,
            Hotkey(columns.producer) if columns.producer else None,
            NetUid(columns.netuid) if columns.producer else None,
            _moment(columns.created_at),
            Block(columns.anchor_block) if columns.anchor_hash else None,
            BlockHash(columns.anchor_hash) if columns.anchor_hash else None,
        )
    except ValueError as error:
        return Malformed(str(error)[:160])


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


def _content(columns: Columns | SignedColumns) -> Content | None:
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


def _fault(sample: Sample) -> str | None:
    return (
        fault_of(sample.content)
        or (None if _is_source(sample.source) else f"source {sample.source[:40]!r} is no short lower-case name")
        or _moment_fault(sample.created_at)
        or _producer_fault(sample.producer, sample.netuid)
        or _anchor_fault(sample.anchor_block, sample.anchor_hash)
    )


def _iso(moment: datetime) -> str:
    """Not remembered by the moment: in another zone it is equal, and written otherwise."""
    return moment.replace(tzinfo=None).isoformat() + "Z"


@functools.lru_cache(maxsize=1024)
def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or _iso(moment) != text:
        raise ValueError(f"created_at {text[:40]!r} is not like 2025-01-31T12:00:00Z")
    return moment.astimezone(UTC)


def _moment_fault(moment: datetime) -> str | None:
    whole = moment.utcoffset() == timedelta(0) and not moment.microsecond
    return None if whole else f"created_at {moment.isoformat()} is not UTC in whole seconds"


def _producer_fault(producer: Hotkey | None, netuid: NetUid | None) -> str | None:
    if producer is None or netuid is None:
        return (
            None if producer is None and netuid is None else f"producer {producer} and netuid {netuid} belong together"
        )
    if not _is_address(producer):
        return f"producer {producer[:60]!r} is no ss58 address"
    return None if 0 <= netuid < 2**16 else f"netuid {netuid} is out of range"


def _anchor_fault(block: Block | None, hash_: BlockHash | None) -> str | None:
    if block is None or hash_ is None:
        return (
            None if block is None and hash_ is None else f"anchor block {block} and anchor hash {hash_} belong together"
        )
    if not 0 <= block < 2**32:
        return f"anchor block {block} is out of range"
    return None if _is_hash(hash_) else f"anchor hash {hash_[:70]!r} is not 0x and 64 lower-case hex digits"
