"""What the table says of where samples come from: one record per kind of source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from chain.types import BlockCount, NetUid
from evaluation.tasks.spec import SampleKind

Procedure = Literal["word_sorting", "brackets", "arithmetic", "rules", "facts"]
WANDB_URL = "https://api.wandb.ai"
_PATIENCE = BlockCount(100)

KIND_OF_PROCEDURE: dict[Procedure, SampleKind] = {
    "word_sorting": "pair",
    "brackets": "pair",
    "arithmetic": "pair",
    "rules": "instruction",
    "facts": "choice",
}


@dataclass(frozen=True, slots=True)
class PhraseList:
    """Undesirable phrases, who keeps them, and the list's version; compared whatever the casing, spaces and unseen
    characters."""

    owner: str
    version: int
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """What every text of a source is held against."""

    max_bytes: int = 20_000
    """Longest text of a sample (prompt, reference, a choice …) in UTF-8 bytes; longer samples are dropped."""
    phrases: PhraseList | None = None
    """A sample that holds one of these phrases is dropped."""
    language: str | None = None
    """ISO 639-1 code; a sample that is recognised as another language is dropped. None: all languages count."""
    near_duplicate: float = 0.8
    """Two samples this similar (Jaccard, estimated) are never drawn into one task of a round; 1 lets all but equals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """Samples made by producers registered on `netuid`, with permit and at least `min_stake` TAO at the seed block."""

    netuid: NetUid
    min_stake: float
    min_producers: int
    """The fewest producers (coldkeys) that every task's samples must come from."""
    max_age_blocks: BlockCount
    """A sample counts when it was made in (seed block − max_age_blocks, seed block]."""
    patience_blocks: BlockCount = _PATIENCE
    """How long after the seed block a round waits for a producer whose samples are not to be found at a healthy host;
    from then on it goes on without them."""
    screen: Screen = Screen()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBatchesSpec(Produced):
    """Batches of signed samples in Hub datasets, each named by a pointer that its producer committed on `netuid`."""

    kind: Literal["signed_batches"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec(Produced):
    """Batches of signed samples served over HTTPS by several mirrors, of which `quorum` must name the same root."""

    kind: Literal["feed"]
    mirrors: tuple[str, ...]
    """Base addresses, each serving `roots/<period>` and `batches/<root>.jsonl`."""
    quorum: int
    period_blocks: BlockCount
    """A period is seed block // period_blocks: the newest period that began by the seed block is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WandbRunsSpec(Produced):
    """Rows of wandb runs whose config carries a hotkey and its signature over the run's id. Weaker than batches: a
    row's own time and content are signed by nobody."""

    kind: Literal["wandb_runs"]
    entity: str
    project: str
    base_url: str = WANDB_URL
    """The wandb server; a validator sends its API key there only where its own environment names the same."""
    hotkey_key: str = "hotkey"
    signature_key: str = "signature"
    """What a run's config calls its hotkey (SS58) and the hotkey's signature (hex): subnet 18 as here, others
    `HOTKEY_SS58` and `SIGNATURE`."""
    prompt_key: str = "prompt"
    reference_key: str = "reference"
    """Which columns of a history row hold the prompt and the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubTextSpec:
    """Texts of a public Hub dataset in Parquet, at a pinned revision; the round's seed chooses files, row groups and
    rows. Open: whoever likes may have trained on all of it."""

    kind: Literal["hub_text"]
    repo: str
    revision: str
    """Commit id, 40 hex digits."""
    path: str = ""
    """Folder of the Parquet files inside the repository; empty for all of it."""
    column: str = "text"
    row_groups: int = 4
    """From how many row groups a round's texts are drawn."""
    screen: Screen = Screen()


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedSpec:
    """Exercises made from the round's seed alone."""

    kind: Literal["generated"]
    procedures: tuple[Procedure, ...] = get_args(Procedure)


SourceSpec: TypeAlias = SignedBatchesSpec | FeedSpec | WandbRunsSpec | HubTextSpec | GeneratedSpec

SPECS: Mapping[str, type[SourceSpec]] = {
    "signed_batches": SignedBatchesSpec,
    "feed": FeedSpec,
    "wandb_runs": WandbRunsSpec,
    "hub_text": HubTextSpec,
    "generated": GeneratedSpec,
}
"""Every kind of source by the name a table calls it."""


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A source under the name by which a competition's tasks ask for it."""

    name: str
    spec: SourceSpec


def kinds_of(spec: SourceSpec) -> frozenset[SampleKind]:
    """Which kinds of samples a source can give."""
    match spec:
        case SignedBatchesSpec() | FeedSpec():
            return frozenset(get_args(SampleKind))
        case WandbRunsSpec():
            return frozenset({"pair"})
        case HubTextSpec():
            return frozenset({"text"})
        case GeneratedSpec(procedures=procedures):
            return frozenset(KIND_OF_PROCEDURE[procedure] for procedure in procedures)
