"""The dataset that a producer publishes: batches, a card that declares their columns, and an index of their order.

Old batches leave its newest revision; the revisions that producers committed keep them.
"""

import json
import re
from dataclasses import dataclass

from evaluation.sources.batch import path_of
from hub.port import Hub, RepoInfo
from models.strict_json import BadJson, parse_object

CARD_PATH, INDEX_PATH = "README.md", "index.json"
MAX_INDEX_BYTES = 10_000_000
_BATCH = re.compile(r"batches/([0-9a-f]{64})\.jsonl")

CARD = """---
pretty_name: Crucible samples
configs:
- config_name: default
  data_files: batches/*.jsonl
dataset_info:
  features:
  - name: version
    dtype: string
  - name: kind
    dtype: string
  - name: prompt
    dtype: string
  - name: reference
    dtype: string
  - name: text
    dtype: string
  - name: choices
    list: string
  - name: answer
    dtype: int64
  - name: rules
    list: string
  - name: source
    dtype: string
  - name: producer
    dtype: string
  - name: netuid
    dtype: int64
  - name: created_at
    dtype: timestamp[s, tz=UTC]
  - name: anchor_block
    dtype: int64
  - name: anchor_hash
    dtype: string
  - name: signature
    dtype: string
---
Signed samples for Crucible's validators: a batch is one file, named by the root that its producer commits on chain.
Every line is one sample with its producer's signature over the line's other columns. `kind` says which columns a sample
uses: a pair `prompt` and `reference`, a text `text`, a choice `prompt`, `choices` and `answer`, an instruction `prompt`
and `rules`. In the file `created_at` is text such as 2025-01-31T12:00:00Z, and that is what was signed.

Only the newest batches stand here; revisions keep older ones.
"""


@dataclass(frozen=True, slots=True)
class Index:
    """How many batches were ever published, and the roots of those that stand, oldest first."""

    batches: int
    roots: tuple[str, ...]

    def with_batch(self, root: str, keep: int) -> tuple["Index", tuple[str, ...]]:
        """The index with one more batch and no more than `keep` of them, and the roots of those that go."""
        roots = (*self.roots, root)
        left = max(0, len(roots) - keep)
        return Index(self.batches + 1, roots[left:]), roots[:left]

    def encoded(self) -> bytes:
        """The index as the file of the dataset."""
        return json.dumps({"batches": self.batches, "roots": self.roots}).encode()


def read_index(hub: Hub, info: RepoInfo) -> Index:
    """The index of a dataset as its files bear it out. Batches that it does not name, as in a dataset without one, come
    first. Raises HubError."""
    paths = [file.path for file in info.files]
    listed = [match[1] for path in paths if (match := _BATCH.fullmatch(path))]
    told = Index(0, ())
    if INDEX_PATH in paths:
        told = _decoded(hub.read(info.repo, "dataset", info.revision, INDEX_PATH, max_bytes=MAX_INDEX_BYTES))
    strange = [root for root in listed if root not in told.roots]
    standing = [root for root in told.roots if root in listed]
    return Index(max(told.batches, len(listed)), (*strange, *standing))


def changes(info: RepoInfo, index: Index, root: str, batch: bytes) -> dict[str, bytes]:
    """The files of a dataset's next commit: the batch, the index, and the card where there is none."""
    files = {path_of(root): batch, INDEX_PATH: index.encoded()}
    return files if any(file.path == CARD_PATH for file in info.files) else {**files, CARD_PATH: CARD.encode()}


def _decoded(data: bytes) -> Index:
    """An index that somebody spoiled counts as none: the files tell enough."""
    read = parse_object(data)
    if isinstance(read, BadJson):
        return Index(0, ())
    batches, roots = read.get("batches"), read.get("roots")
    if type(batches) is not int or batches < 0 or not isinstance(roots, list):
        return Index(0, ())
    return Index(batches, tuple(dict.fromkeys(root for root in roots if isinstance(root, str))))
