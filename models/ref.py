"""Pointers to models and the lines in which they are committed, sealed or in clear. Knows no chain that carries them.

Sealed: `crucible/1 COMPETITION NAMESPACE/NAME REVISION DIGEST HOTKEY`, ASCII, single spaces, nothing before or after.
In clear: `NAMESPACE:NAME:REVISION:SECURE_HASH:COMPETITION`, or `crucible/1 -` for no pointer at all. Digest and hotkey
are bound together in both, so that a line copied under another hotkey is worthless there.
"""

import base64
import hashlib
import re
from dataclasses import dataclass

from chain.types import Hotkey
from hub.names import is_commit, valid_part
from models.naming import COMPETITION_RULE, is_competition

CLEAR = b"crucible/1"
"""The clear field that stands beside a sealed pointer: it keeps the entry, and with it the commit block, on chain."""

WITHDRAWN = CLEAR + b" -"
"""The empty pointer: whoever commits it has no submission from then on."""

MAX_SEALED_BYTES = 700
"""Longest line that is written or read; the chain's timelocked field has room for 780 bytes of text."""

MAX_CLEAR_BYTES = 128
"""What a commitment's Raw field holds."""

_FAMILY, _VERSION = b"crucible/", CLEAR.decode("ascii")
_SEALED_FIELDS = ("competition", "repository", "revision", "digest", "hotkey")
_HASHED_FIELDS = ("namespace", "name", "revision", "secure hash", "competition")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SECURE_HASH = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
"""32 bytes in base64; the last letter carries four bits, so that no two texts mean the same hash."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model entered into a competition: `repo` as `namespace/name`, `revision` 40 and `digest` 64 lower-case hex."""

    competition: str
    repo: str
    revision: str
    digest: str


@dataclass(frozen=True, slots=True)
class HashedRef:
    """A pointer in clear: what the model's digest is can be checked by whoever has it, and by nobody be read off."""

    competition: str
    repo: str
    revision: str
    secure_hash: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The empty pointer."""


@dataclass(frozen=True, slots=True)
class Marker:
    """The clear field beside a sealed pointer; it says nothing by itself."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A text that was never meant as a pointer to a model: a producer's, another subnet's, anybody's."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A committed text that was meant as a pointer and is none, and why, in one line."""

    reason: str


Clear = HashedRef | Withdrawal | Marker | Foreign | Malformed


def encode_sealed(ref: ModelRef, hotkey: Hotkey) -> str:
    """The line to seal for a hotkey. Raises ValueError for a pointer that could not be read back."""
    if fault := _fault(ref.competition, ref.repo, ref.revision):
        raise ValueError(fault)
    line = " ".join((_VERSION, ref.competition, ref.repo, ref.revision, ref.digest, hotkey))
    read = decode_sealed(line.encode(), hotkey)
    if isinstance(read, Malformed):
        raise ValueError(read.reason)
    return line


def decode_sealed(data: bytes, hotkey: Hotkey) -> ModelRef | Malformed:
    """The pointer that a hotkey's opened commitment holds; whatever a stranger wrote, the answer is a value."""
    if len(data) > MAX_SEALED_BYTES:
        return Malformed(f"the pointer has {len(data)} bytes; at most {MAX_SEALED_BYTES} are read")
    if not data.isascii():
        return Malformed(f"the pointer {_shown(data)} is not ASCII")
    version, *fields = data.decode("ascii").split(" ")
    if version != _VERSION:
        return Malformed(f"the pointer's version is {_shown(version)}; known is {_VERSION!r}")
    if len(fields) != len(_SEALED_FIELDS):
        return Malformed(_miscounted(fields, _SEALED_FIELDS))
    *told, sealed_for = fields
    ref = ModelRef(*told)
    fault = _fault(ref.competition, ref.repo, ref.revision)
    if fault is None and not is_digest(ref.digest):
        fault = f"digest {_shown(ref.digest)} is not 64 lower-case hex digits"
    if fault is None and sealed_for != hotkey:
        fault = f"the pointer was sealed for hotkey {_shown(sealed_for)} and counts for no other, so not for {hotkey}"
    return Malformed(fault) if fault else ref


def secure_hash(digest: str, hotkey: Hotkey) -> str:
    """base64(sha256(utf8(digest + hotkey))): the rule of subnet 37's public code, where it hides a directory's hash."""
    return base64.b64encode(hashlib.sha256((digest + hotkey).encode()).digest()).decode("ascii")


def encode_hashed(ref: ModelRef, hotkey: Hotkey) -> str:
    """The line to commit in clear. Raises ValueError for one that is too long or could not be read back."""
    namespace, _, name = ref.repo.partition("/")
    line = ":".join((namespace, name, ref.revision, secure_hash(ref.digest, hotkey), ref.competition))
    if not is_digest(ref.digest):
        raise ValueError(f"digest {_shown(ref.digest)} is not 64 lower-case hex digits")
    if fault := _fault(ref.competition, ref.repo, ref.revision):
        raise ValueError(fault)
    if (excess := len(line) - MAX_CLEAR_BYTES) > 0:
        raise ValueError(
            f"the pointer to {ref.repo} takes {len(line)} bytes in clear and a commitment holds {MAX_CLEAR_BYTES}: "
            f"shorten the repository's name by {excess}, or seal the pointer"
        )
    return line


def matches(hashed: HashedRef, digest: str, hotkey: Hotkey) -> bool:
    """Whether a pointer that this hotkey committed in clear means the model with that digest."""
    return hashed.secure_hash == secure_hash(digest, hotkey)


def decode_clear(raw: bytes) -> Clear:
    """What a commitment's clear field says; whatever a stranger wrote, the answer is a value.

    Five fields between colons, or our own first word, are taken as meant for us; anything else is Foreign.
    """
    if raw == CLEAR:
        return Marker()
    if raw == WITHDRAWN:
        return Withdrawal()
    if raw.startswith(_FAMILY):
        return Malformed(
            f"the clear text {_shown(raw)} is neither {_VERSION!r} (beside a sealed pointer) nor "
            f"{WITHDRAWN.decode('ascii')!r} (to withdraw)"
        )
    return _hashed(raw) if raw.count(b":") == len(_HASHED_FIELDS) - 1 else Foreign()


def is_digest(text: str) -> bool:
    """Whether `text` is 64 lower-case hex digits."""
    return _DIGEST.fullmatch(text) is not None


def is_repo(text: str) -> bool:
    """Whether `text` can be a repository's name at the Hub, `namespace/name`."""
    namespace, _, name = text.partition("/")
    return valid_part(namespace) and valid_part(name)


def _hashed(raw: bytes) -> HashedRef | Malformed:
    if len(raw) > MAX_CLEAR_BYTES:
        return Malformed(f"the pointer has {len(raw)} bytes; at most {MAX_CLEAR_BYTES} are read in clear")
    if not raw.isascii():
        return Malformed(f"the pointer {_shown(raw)} is not ASCII")
    namespace, name, revision, hash_, competition = raw.decode("ascii").split(":")
    fault = _fault(competition, f"{namespace}/{name}", revision)
    if fault is None and not _SECURE_HASH.fullmatch(hash_):
        fault = f"secure hash {_shown(hash_)} is not 32 bytes in base64"
    return Malformed(fault) if fault else HashedRef(competition, f"{namespace}/{name}", revision, hash_)


def _fault(competition: str, repo: str, revision: str) -> str | None:
    """The first field that breaks its rule, named with its value."""
    if not is_competition(competition):
        return f"competition {_shown(competition)} is no name: {COMPETITION_RULE}"
    if not is_repo(repo):
        return f"repository {_shown(repo)} is no namespace/name of letters, digits, '-', '_' and '.'"
    if not is_commit(revision):
        return f"revision {_shown(revision)} is not 40 lower-case hex digits"
    return None


def _miscounted(fields: list[str], needed: tuple[str, ...]) -> str:
    return f"the pointer has {len(fields)} fields; it needs {len(needed)}: {', '.join(needed)}"


def _shown(value: str | bytes) -> str:
    """A stranger's value as printable ASCII, cut so that it fits a line."""
    return ascii(value[:60]) + ("…" if len(value) > 60 else "")
