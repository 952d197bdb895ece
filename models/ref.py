"""A pointer to a model and the one line in which it is committed. Knows nothing of the chain that carries the line.

The line is `crucible/1 COMPETITION NAMESPACE/NAME REVISION DIGEST`: ASCII, single spaces, nothing before or after.
"""

import re
from dataclasses import dataclass

from hub.names import is_commit, valid_part

CLEAR = b"crucible/1"
"""The clear field that stands beside a sealed pointer: it keeps the entry, and with it the commit block, on chain."""

MAX_SEALED_BYTES = 700
"""Longest line that is written or read; the chain's timelocked field has room for 780 bytes of text."""

_FIELDS = ("competition", "repository", "revision", "digest")
_COMPETITION = re.compile(r"[a-z][a-z0-9-]{0,31}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model entered into a competition: `repo` as `namespace/name`, `revision` 40 and `digest` 64 lower-case hex."""

    competition: str
    repo: str
    revision: str
    digest: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A committed text that is no pointer, and why, in one line."""

    reason: str


def encode_sealed(ref: ModelRef) -> str:
    """The line to seal, at most MAX_SEALED_BYTES. Raises ValueError for a pointer that could not be read back."""
    if fault := _fault(ref):
        raise ValueError(fault)
    return " ".join((CLEAR.decode("ascii"), ref.competition, ref.repo, ref.revision, ref.digest))


def decode_sealed(data: bytes) -> ModelRef | Malformed:
    """The pointer that an opened commitment holds; whatever a stranger wrote, the answer is a value."""
    if len(data) > MAX_SEALED_BYTES:
        return Malformed(f"the pointer has {len(data)} bytes; at most {MAX_SEALED_BYTES} are read")
    if not data.isascii():
        return Malformed(f"the pointer {_shown(data)} is not ASCII")
    version, *fields = data.decode("ascii").split(" ")
    if version.encode("ascii") != CLEAR:
        return Malformed(f"the pointer's version is {_shown(version)}; known is {CLEAR.decode('ascii')!r}")
    if len(fields) != len(_FIELDS):
        return Malformed(f"the pointer has {len(fields)} fields; it needs {len(_FIELDS)}: {', '.join(_FIELDS)}")
    ref = ModelRef(*fields)
    fault = _fault(ref)
    return Malformed(fault) if fault else ref


def is_digest(text: str) -> bool:
    """Whether `text` is 64 lower-case hex digits."""
    return _DIGEST.fullmatch(text) is not None


def _fault(ref: ModelRef) -> str | None:
    """The first field that breaks its rule, named with its value."""
    owner, _, name = ref.repo.partition("/")
    if not _COMPETITION.fullmatch(ref.competition):
        return f"competition {_shown(ref.competition)} is no name: lower-case letters, digits and dashes, at most 32"
    if not (valid_part(owner) and valid_part(name)):
        return f"repository {_shown(ref.repo)} is no namespace/name of letters, digits, '-', '_' and '.'"
    if not is_commit(ref.revision):
        return f"revision {_shown(ref.revision)} is not 40 lower-case hex digits"
    if not is_digest(ref.digest):
        return f"digest {_shown(ref.digest)} is not 64 lower-case hex digits"
    return None


def _shown(value: str | bytes) -> str:
    """A stranger's value as printable ASCII, cut so that it fits a line."""
    return ascii(value[:60]) + ("…" if len(value) > 60 else "")
