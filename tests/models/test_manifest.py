"""Which files of a listing are the model: decided by names and sizes, before anything is fetched."""

from hypothesis import given
from hypothesis import strategies as st

from models.limits import ModelLimits
from models.manifest import UNREAD, Manifest, read_manifest
from models.rejections import Reason, Rejection

SINGLE = {"config.json": 600, "tokenizer.json": 9_000, "model.safetensors": 150_000}
SHARDED = {
    "config.json": 600,
    "tokenizer.json": 9_000,
    "model.safetensors.index.json": 2_000,
    "model-00001-of-00002.safetensors": 80_000,
    "model-00002-of-00002.safetensors": 70_000,
}


def test_only_what_a_model_needs_is_named(limits: ModelLimits):
    beside = {"README.md": 10**9, ".gitattributes": 1_500, "tokenizer_config.json": 500, "generation_config.json": 90}
    assert read_manifest(SINGLE | beside, limits) == Manifest(
        ("config.json", "tokenizer.json", "model.safetensors"), ("model.safetensors",), 159_600
    )


def test_shards_come_with_their_index(limits: ModelLimits):
    shards = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    assert read_manifest(SHARDED, limits) == Manifest(
        ("config.json", "tokenizer.json", "model.safetensors.index.json", *shards), shards, 161_600
    )


def test_shards_without_an_index_are_refused(limits: ModelLimits):
    sizes = {name: size for name, size in SHARDED.items() if "index" not in name}
    detail = "the repository has shards but no model.safetensors.index.json; save the model with save_pretrained"
    assert read_manifest(sizes, limits) == Rejection(Reason.WEIGHTS, detail)


def test_a_flood_of_files_is_refused_unread(limits: ModelLimits):
    flood = {f"{number}.txt": 1 for number in range(2_000)}
    detail = "the repository has 2000 files; at most 1000 are read"
    assert read_manifest(flood, limits) == Rejection(Reason.LIMITS, detail)


def test_the_size_that_counts_is_that_of_the_files_fetched(limits: ModelLimits):
    larger = {**SINGLE, "model.safetensors": limits.max_repo_bytes}
    detail = f"the model's files have {limits.max_repo_bytes + 9_600} bytes; the competition allows 20000000"
    assert read_manifest(larger, limits) == Rejection(Reason.LIMITS, detail)


PATHS = st.sampled_from(
    ["../config.json", "/etc/passwd", "a/config.json", "config.json/..", "model-1-of-1.safetensors"]
)


@given(path=PATHS | st.text(max_size=20))
def test_any_other_name_is_refused(path: str, limits: ModelLimits):
    found = read_manifest({**SINGLE, path: 1}, limits)
    assert isinstance(found, Rejection) == (path not in SINGLE and path not in UNREAD)
