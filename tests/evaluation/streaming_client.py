"""What anybody sees who streams a dataset with the `datasets` library, unmodified, from the Hub at HF_ENDPOINT.

Run as a process of its own by test_hub_text.py: the library reads its environment when imported. Pushes two revisions
and writes one JSON object: the first one's id, its rows, and its rows by row group.
"""

import json
import sys
from pathlib import Path

import datasets
from huggingface_hub import HfApi

REPO, REPORT = sys.argv[1], Path(sys.argv[2])
datasets.config.MAX_ROW_GROUP_SIZE = "20KB"  # the library's own switch: small row groups, so that there are several


def rows(name: str) -> datasets.Dataset:
    """Four hundred rows, each with an own text and a longer column beside it."""
    texts = [f"{name} {number}: {'äöü 🙂 ' * (number % 7)}text" for number in range(400)]
    return datasets.Dataset.from_dict({"id": list(range(400)), "weight": ["x" * 400] * 400, "text": texts})


rows("first").push_to_hub(REPO, num_shards=3)
revision = HfApi().dataset_info(REPO).sha
rows("second").push_to_hub(REPO, num_shards=2)
stream = datasets.load_dataset(REPO, split="train", streaming=True, revision=revision)
groups = stream.reshard()
seen = {
    "revision": revision,
    "rows": [row["text"] for row in stream],
    "row groups": [
        [row["text"] for row in groups.shard(groups.num_shards, number)] for number in range(groups.num_shards)
    ],
}
REPORT.write_text(json.dumps(seen))
