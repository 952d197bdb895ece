"""A competition's base, the one model that adapters may be trained on: as a table names it, and as it lies on disk.

Knows no Hub and no adapter. What is wrong with a base is nobody's submission, so it is raised and never a rejection.

    BaseError
    ├── BaseUnavailable    the table's base cannot be had as the table names it
    ├── BaseWithoutRoom    there is no room for it on this disk
    └── BaseDamaged        its files here are no longer what they were when they arrived
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.digest import TensorDigest, model_digest
from models.limits import WIDEST
from models.manifest import CONFIG, TOKENIZER, WEIGHTS
from models.measuring import measure
from models.rejections import Rejection
from models.room import NoRoom
from models.sketch import Encoded, sketch_of
from models.strict_json import BadJson, parse_object
from models.tensors import Tensor, blocks, one_block, read_header

_REPO = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
_COMMIT, _DIGEST = re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{64}")


class BaseError(Exception):
    """A base that cannot be used: a fault of ours, of the table or of the Hub, and of no miner."""


class BaseUnavailable(BaseError):
    """The repository that the table names is missing, private, refused or another model than the table says."""


class BaseWithoutRoom(BaseError):
    """There is no room here for a base; `lacking` tells how much there is."""

    def __init__(self, message: str, lacking: NoRoom) -> None:
        super().__init__(message)
        self.lacking = lacking


class BaseDamaged(BaseError):
    """The files of a base were changed or cut after they had arrived; fetch them again."""


@dataclass(frozen=True, slots=True)
class BaseRef:
    """The base as a table names it: `repo` as `namespace/name`, `revision` 40 and `digest` 64 lower-case hex digits."""

    repo: str
    revision: str
    digest: str


@dataclass(frozen=True, slots=True)
class Base:
    """A base and the clean directory that holds it."""

    ref: BaseRef
    folder: Path

    @property
    def size(self) -> int:
        """Bytes of its files. Raises OSError where they are gone."""
        return sum(file.stat().st_size for file in self.folder.iterdir())


def base_faults(ref: BaseRef) -> list[tuple[str, str, str]]:
    """Each field of a table's base that names nothing, its value, and what it must be."""
    checks = (
        ("repo", ref.repo, _REPO, "namespace/name"),
        ("revision", ref.revision, _COMMIT, "a commit id of 40 lower-case hex digits"),
        ("digest", ref.digest, _DIGEST, "the model's digest, 64 lower-case hex digits"),
    )
    return [(field, value, says) for field, value, form, says in checks if not form.fullmatch(value)]


def read_base(base: Base) -> Mapping[str, Tensor]:
    """Name → tensor of the base, every byte of its directory held against its digest. Raises BaseDamaged and OSError.

    Whatever is judged of an adapter afterwards does not depend on the disk, and a broken one accuses nobody.
    """
    held = _held(base)
    _confirm(held, base, (TensorDigest(its.name, its.dtype, its.shape, _sha256(its)) for its in held.header))
    return {tensor.name: tensor for tensor in held.header}


def sketch_base(base: Base) -> Encoded:
    """The encoded sketch of the base, from a pass that also holds every byte against its digest, as `read_base`."""
    held = _held(base)
    measured = tuple(measure(held.header))
    _confirm(held, base, measured)
    return sketch_of({tensor.name: tensor.sketch for tensor in measured}).encode()


@dataclass(frozen=True, slots=True)
class _Held:
    """The parts of a base's directory that its digest covers."""

    config: dict[str, object]
    tokenizer: bytes
    header: tuple[Tensor, ...]


def _held(base: Base) -> _Held:
    try:
        config = parse_object((base.folder / CONFIG).read_bytes())
        tokenizer = (base.folder / TOKENIZER).read_bytes()
        header = read_header(base.folder / WEIGHTS, WIDEST)
    except FileNotFoundError as error:
        raise _damaged(base) from error
    if isinstance(config, BadJson) or isinstance(header, Rejection):
        raise _damaged(base)
    return _Held(config, tokenizer, header)


def _confirm(held: _Held, base: Base, digests: Iterable[TensorDigest]) -> None:
    if model_digest(held.config, held.tokenizer, digests) != base.ref.digest:
        raise _damaged(base)


def _sha256(tensor: Tensor) -> str:
    digest = hashlib.sha256()
    for block in blocks(tensor, one_block()):
        digest.update(block)
    return digest.hexdigest()


def _damaged(base: Base) -> BaseDamaged:
    return BaseDamaged(f"the base {base.ref.repo} in {base.folder} has not the digest {base.ref.digest}; remove it")
