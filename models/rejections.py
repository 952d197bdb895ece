"""Why a submission is refused: one list of reason codes, each with what it means for the miner."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Reason codes; each value is what receipts, the ledger and the leaderboard show."""

    POINTER = "pointer"
    COMPETITION = "competition"
    LATE_REVEAL = "late_reveal"
    UNAVAILABLE = "unavailable"
    PATH = "path"
    LIMITS = "limits"
    CONFIG = "config"
    WEIGHTS = "weights"
    TOKENIZER = "tokenizer"
    DIGEST = "digest"
    COPY = "copy"
    NOT_CAUSAL = "not_causal"
    NOT_FINITE = "not_finite"
    UNLOADABLE = "unloadable"


MEANING: dict[Reason, str] = {
    Reason.POINTER: "the commitment does not hold exactly one readable pointer",
    Reason.COMPETITION: "the pointer names a competition that the table does not have",
    Reason.LATE_REVEAL: "the pointer was opened later than the competition's longest seal after its commit",
    Reason.UNAVAILABLE: "the repository or revision was not public when it was due",
    Reason.PATH: "a file, index entry or adapter points outside the repository, or is none that a model needs",
    Reason.LIMITS: "bytes, parameters, layers or header exceed the competition's limits",
    Reason.CONFIG: "config.json, or an adapter's, asks for what the competition does not allow",
    Reason.WEIGHTS: "tensors are missing, unexpected, misshapen, not finite or out of the allowed norms",
    Reason.TOKENIZER: "the tokenizer does not keep every byte, leaves the embedding, or is not the competition's",
    Reason.DIGEST: "the model's digest is not the one that was committed",
    Reason.COPY: (
        "the model, or its repository and revision, was committed first under another coldkey, "
        "or it is such a model in a disguise"
    ),
    Reason.NOT_CAUSAL: "changing the end of a text changed the predictions before it",
    Reason.NOT_FINITE: "the model gives NaN or infinite losses",
    Reason.UNLOADABLE: "the model failed to load or to answer, repeatedly and on healthy devices",
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """The miner's fault: a reason code, and the fact, value and remedy in one line."""

    reason: Reason
    detail: str
