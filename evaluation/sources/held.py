"""What is answered where a round cannot go on now, for want of its samples or of what they are judged with."""

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why a round waits."""

    UNREACHABLE = "unreachable"
    """The source's host does not answer, or answers that it is broken."""
    RATE_LIMITED = "rate_limited"
    """The source's host asks for patience."""
    OVERRUN = "overrun"
    """The source took longer, or sent more, than it may."""
    WITHHELD = "withheld"
    """A healthy host says that there is nothing where a producer committed a batch, or the table names a project or a
    dataset."""
    NO_QUORUM = "no_quorum"
    """Too few mirrors name the same samples."""
    TOO_FEW = "too_few"
    """Chain and host have answered everything, and it is not enough: no wait will change it."""
    NO_BASE = "no_base"
    """The model that the competition's entrants are told apart by has not come in yet."""


@dataclass(frozen=True, slots=True)
class Held:
    """The round waits and is due again; no task is dropped or re-weighted for it."""

    cause: Cause
    detail: str

    @property
    def lasting(self) -> bool:
        """Whether no wait will change it, so that the round ends unjudged."""
        return self.cause is Cause.TOO_FEW

    def __str__(self) -> str:
        return f"{self.cause}: {self.detail}"
