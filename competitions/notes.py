"""Standing notes: after a round each validator commits who reigns, so that whoever joins, or was led astray by noise of
its own, begins the next round with the incumbent of the others. Pure; knows no chain that carries them.

One line holds a validator's notes, for a hotkey has one commitment for all competitions:
`crucible/note1 VALIDATOR | COMPETITION ROUND ROOT vacant | COMPETITION ROUND ROOT king HOTKEY DIGEST BLOCK CROWN GAIN`
The validator's own hotkey is in it, so that a line copied while it is still sealed is worthless.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chain.types import Block, Hotkey
from models.naming import COMPETITION_RULE, is_competition
from models.ref import Malformed, is_digest

CLEAR = b"crucible/note1"
"""The clear field that stands beside sealed notes."""

MAX_BYTES = 778
"""The longest line: what a timelocked field holds, less a length that some readers expect before it: three notes."""

_VERSION, _BREAK = CLEAR.decode("ascii"), " | "
_HOTKEY = re.compile(r"[A-Za-z0-9]{1,64}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,11}")
_NO_BUNDLE, _VACANT, _KING, _TRIAL = "-", "vacant", "king", "trial"
_OF_ROUND = ("competition", "round", "bundle root", "'vacant', 'king' or 'trial'")
_OF_KING = ("hotkey", "digest", "digest's first commit block", "crown block", "earned")


@dataclass(frozen=True, slots=True)
class NotedKing:
    """Who holds a throne: as a reign, but for what only one's own ledger knows of it."""

    hotkey: Hotkey
    digest: str
    digest_block: Block
    """First commit block of the digest, from which its age runs."""
    crown_block: Block
    earned: float
    confirmed: bool = True
    """False while it is on trial for a vacant throne."""


@dataclass(frozen=True, slots=True)
class StandingNote:
    """What a validator says of one competition after a round: who reigns (None: nobody), and on which samples."""

    competition: str
    number: int
    bundle_root: str | None
    """None for a round that ended without samples."""
    king: NotedKing | None


def encode(notes: Sequence[StandingNote], validator: Hotkey) -> str:
    """The line for a validator to commit. Raises ValueError for one that could not be read back."""
    line = _line(notes, validator)
    read = decode(line.encode(), validator)
    if isinstance(read, Malformed):
        raise ValueError(read.reason)
    return line


def decode(data: bytes, validator: Hotkey) -> tuple[StandingNote, ...] | Malformed:
    """The notes in what a validator committed; whatever a stranger wrote, the answer is a value."""
    if len(data) > MAX_BYTES:
        return Malformed(f"the notes have {len(data)} bytes; at most {MAX_BYTES} are read: commit fewer at a time")
    if not data.isascii():
        return Malformed(f"the notes {_shown(data)} are not ASCII")
    head, *texts = data.decode("ascii").split(_BREAK)
    version, _, noted_by = head.partition(" ")
    if version != _VERSION:
        return Malformed(f"the first word is {_shown(version)}, and notes begin with {_VERSION!r}")
    if noted_by != validator:
        return Malformed(f"the notes are by {_shown(noted_by)} and count for no other, so not for {validator}")
    if not texts:
        return Malformed(f"there is no note in {_shown(data)}: add {_BREAK.strip()!r} and {', '.join(_OF_ROUND)}")
    notes = [_note(text.split(" ")) for text in texts]
    if faults := [note for note in notes if isinstance(note, Malformed)]:
        return faults[0]
    read = tuple(note for note in notes if isinstance(note, StandingNote))
    names = [note.competition for note in read]
    if len({*names}) < len(names):
        return Malformed(f"each competition has one note, and these are of {', '.join(names)}")
    return read


def is_notes(data: bytes) -> bool:
    """Whether a committed text is meant as notes, well-formed or not."""
    return data.split(b" ", 1)[0] == CLEAR


def _line(notes: Sequence[StandingNote], validator: Hotkey) -> str:
    return _BREAK.join((f"{_VERSION} {validator}", *map(_text, notes)))


def _text(note: StandingNote) -> str:
    said = [note.competition, str(note.number), note.bundle_root or _NO_BUNDLE]
    king = note.king
    if king is None:
        return " ".join((*said, _VACANT))
    told = king.hotkey, king.digest, str(king.digest_block), str(king.crown_block), repr(float(king.earned))
    return " ".join((*said, _KING if king.confirmed else _TRIAL, *told))


def _note(fields: Sequence[str]) -> StandingNote | Malformed:
    held = fields[3:4] in ([_KING], [_TRIAL])
    names = (*_OF_ROUND, *_OF_KING) if held else _OF_ROUND
    if len(fields) != len(names):
        return Malformed(f"a note has {len(fields)} fields; this one needs {len(names)}: {', '.join(names)}")
    competition, number, root, who, *of_king = fields
    checks = [
        (is_competition(competition), "competition", competition, COMPETITION_RULE),
        (bool(_NUMBER.fullmatch(number)), "round", number, "a number"),
        (root == _NO_BUNDLE or is_digest(root), "bundle root", root, f"64 lower-case hex digits, or {_NO_BUNDLE!r}"),
        (held or who == _VACANT, "fourth field", who, _OF_ROUND[3]),
    ]
    if fault := _fault(checks):
        return fault
    king = _king(of_king, confirmed=who == _KING) if held else None
    if isinstance(king, Malformed):
        return king
    return StandingNote(competition, int(number), None if root == _NO_BUNDLE else root, king)


def _king(fields: Sequence[str], *, confirmed: bool) -> NotedKing | Malformed:
    hotkey, digest, first, crowned, earned = fields
    numbers = bool(_NUMBER.fullmatch(first) and _NUMBER.fullmatch(crowned))
    checks = [
        (bool(_HOTKEY.fullmatch(hotkey)), "hotkey", hotkey, "an address of letters and digits"),
        (is_digest(digest), "digest", digest, "64 lower-case hex digits"),
        (numbers and int(first) <= int(crowned), "blocks", f"{first} {crowned}", "numbers, the first commit's before"),
        (_is_earned(earned), "earned", earned, "a number from 0 to 1 as Python writes it"),
    ]
    if fault := _fault(checks):
        return fault
    return NotedKing(Hotkey(hotkey), digest, Block(int(first)), Block(int(crowned)), float(earned), confirmed)


def _is_earned(text: str) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return 0 <= value <= 1 and text == repr(value)


def _fault(checks: Sequence[tuple[bool, str, str, str]]) -> Malformed | None:
    """The first field that breaks its rule, named with its value."""
    broken = (Malformed(f"{name} {_shown(value)} is not {rule}") for good, name, value, rule in checks if not good)
    return next(broken, None)


def _shown(value: str | bytes) -> str:
    """A stranger's value as printable ASCII, cut so that it fits a line."""
    return ascii(value[:60]) + ("…" if len(value) > 60 else "")
