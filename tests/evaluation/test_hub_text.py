"""Public texts of a pinned dataset: what the seed chooses, what travels, what comes of a dataset or a Hub gone bad."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chain.simulated.chain import SimulatedChain
from chain.types import Block
from evaluation.sources.bundle import Drawn, draw
from evaluation.sources.choice import RowGroup, row_groups
from evaluation.sources.content import Text
from evaluation.sources.doors import Doors
from evaluation.sources.held import Cause, Held
from evaluation.sources.hub_rows import HubRows
from evaluation.sources.hub_text import HubText, in_seed_order
from evaluation.sources.occasion import Occasion
from evaluation.sources.parquet import BadParquet, Bounds, Fetched, ParquetProcess, Place, check_place
from evaluation.sources.pool import Pool
from evaluation.sources.ranges import PIECE_BYTES, Deadline, Part, Ranges, RangeStore
from evaluation.sources.registry import SOURCES
from evaluation.sources.sample import Sample
from evaluation.sources.spec import HubTextSpec, PhraseList, Screen
from evaluation.sources.text_file import TextFile
from evaluation.tasks.spec import TaskSpec
from hub.folder import FolderHub
from hub.huggingface import HuggingFaceHub
from hub.port import CorruptDownload, Denied, HubError, HubUnreachable, NotFound, RateLimited
from localnet.hub_server.faults import Fault, Faults
from localnet.hub_server.server import serving
from localnet.hub_server.store import HubStore
from tests.children import running
from tests.hub.test_unmodified_clients import environment

REPO = "alice/texts"
SEED_BLOCK, SEED = Block(100), b"\x07" * 32
ALL = Screen(near_duplicate=1.0)

Files = Mapping[str, bytes]


def occasion(needed: int, seed: bytes = SEED) -> Occasion:
    return Occasion(SEED_BLOCK, seed, Block(90), {"text": needed})


def parquet(texts: list[Any] | pa.Array, rows_each: int = 100, column: str = "text", **options: Any) -> bytes:
    """A Parquet file of texts, with a longer column before and after it that nobody asks for."""
    beside = pa.array([f"{row:06}" * 100 for row in range(len(texts))])
    table = pa.table({"before": beside, column: texts, "after": beside})
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=rows_each, compression=options.pop("compression", "none"), **options)
    return file.getvalue()


def numbered(name: str, rows: int) -> list[str]:
    return [f"{name} has the row {row}" for row in range(rows)]


DATA = {f"data/{name}.parquet": parquet(numbered(name, rows)) for name, rows in [("a", 250), ("b", 100), ("c", 900)]}


@dataclass
class Stage:
    """A chain at the seed block, a Hub in a folder, and folders to keep things in."""

    chain: SimulatedChain
    root: Path

    def publish(self, files: Files = DATA) -> HubTextSpec:
        hub = FolderHub(self.root / "hub", "alice")
        hub.create(REPO, "dataset", private=False)
        revision = hub.upload_files(REPO, "dataset", files, message="texts")
        return HubTextSpec(kind="hub_text", repo=REPO, revision=revision, row_groups=3, screen=ALL)

    def source(self, hub: Any = None, kept: str = "kept", **options: Any) -> HubText:
        doors = Doors(self.chain, hub or FolderHub(self.root / "hub", None), self.root / kept)
        return HubText(doors, **options)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    chain = SimulatedChain()
    chain.advance_to(SEED_BLOCK)
    return Stage(chain, tmp_path)


class Asked(FolderHub):
    """A Hub that remembers which parts it gave, and gives nothing but parts."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, None)
        self.parts: list[tuple[str, int, int]] = []

    def read_range(self, repo, kind, revision, path, start, stop) -> Iterator[bytes]:
        self.parts.append((path, start, stop))
        return super().read_range(repo, kind, revision, path, start, stop)

    def read(self, *_: object, **__: object) -> bytes:
        raise AssertionError("a whole file travels")

    fetch = read


def texts(pool: Pool | Held) -> list[str]:
    assert isinstance(pool, Pool), pool
    return [sample.content.text for sample in pool.samples]


def held(pool: Pool | Held) -> tuple[Cause, str]:
    assert isinstance(pool, Held), pool
    return pool.cause, pool.detail


# What is chosen ----------------------------------------------------------------------------------------------------


def test_the_pool_says_what_was_chosen_and_nothing_of_who_made_it(stage: Stage) -> None:
    spec = stage.publish()
    pool = stage.source().pool(spec, occasion(40))
    assert isinstance(pool, Pool)
    moment = stage.chain.timestamp(SEED_BLOCK).astimezone(UTC).replace(microsecond=0)
    hash_ = stage.chain.block_hash(SEED_BLOCK)
    samples = [Sample(Text(text), "hub_text", None, None, moment, SEED_BLOCK, hash_) for text in texts(pool)]
    assert pool == Pool(tuple(samples), (), {}, "seed", 1, 1.0)
    assert len({sample.id for sample in samples}) == 40
    assert [sample.id for sample in samples] == sorted(sample.id for sample in samples)


def test_the_table_finds_the_source_by_its_kind() -> None:
    assert SOURCES[HubTextSpec] is HubText


def test_two_validators_hold_the_same_samples_and_another_seed_chooses_others(stage: Stage) -> None:
    spec = stage.publish()
    one, two = (stage.source(kept=name).pool(spec, occasion(40)) for name in ("one", "two"))
    other = stage.source().pool(spec, occasion(40, b"\x08" * 32))
    assert one == two
    assert len(set(texts(other)) & set(texts(one))) < 20


def test_the_order_of_rows_is_this_one_on_every_machine() -> None:
    a, b, c, d = (TextFile(Path(name), rows, 0) for name, rows in [("a", 3), ("b", 0), ("c", 4), ("d", 2)])
    for seed, order in [(SEED, "c0 a1 a2 c1 a0 c2 c3 d1 d0"), (b"\x08" * 32, "c3 c0 a2 a0 c1 c2 a1 d0 d1")]:
        rows = in_seed_order(seed, iter([[a, b, c], [d]]))
        assert " ".join(f"{texts.path}{row}" for texts, row in rows) == order


def test_what_is_drawn_comes_from_the_row_groups_the_seed_chose(stage: Stage) -> None:
    spec = stage.publish()
    counts = {path: pq.read_metadata(io.BytesIO(data)).num_row_groups for path, data in DATA.items()}
    sizes = {path: len(data) for path, data in DATA.items()}
    chosen = list(islice(row_groups(SEED, sizes, counts.__getitem__), 3))
    tables = {path: pq.ParquetFile(io.BytesIO(data)) for path, data in DATA.items()}
    groups = [set(tables[one.path].read_row_group(one.place)["text"].to_pylist()) for one in chosen]
    drawn = set(texts(stage.source().pool(spec, occasion(100))))
    assert drawn <= set.union(*groups)
    assert all(drawn & group for group in groups)


def test_further_row_groups_are_drawn_where_the_first_do_not_suffice(stage: Stage) -> None:
    spec = stage.publish()
    pool = stage.source().pool(spec, occasion(1000))
    assert len(set(texts(pool))) == 1000


def test_a_dataset_that_is_used_up_is_too_little(stage: Stage) -> None:
    spec = replace(stage.publish({"a.parquet": parquet(numbered("a", 20))}), row_groups=100)
    assert len(texts(stage.source().pool(spec, occasion(20)))) == 20
    assert held(stage.source().pool(spec, occasion(21))) == (
        Cause.TOO_FEW,
        "20 of 21 texts in the row groups of this seed; dropped {}",
    )


def test_only_parquet_files_below_the_path_count(stage: Stage) -> None:
    files = {"x/a.parquet": parquet(numbered("x", 50)), "xy/b.parquet": b"no Parquet", "x/c.txt": b"no Parquet"}
    spec = replace(stage.publish(files), path="x/")
    assert sorted(texts(stage.source().pool(spec, occasion(50)))) == sorted(numbered("x", 50))


# What is left out --------------------------------------------------------------------------------------------------


def test_rows_are_left_out_under_the_first_rule_they_break(stage: Stage) -> None:
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe"))
    plain = pa.array([None, "", "x" * 101, "please BUY NOW, friend", "the same", "the same", "alone here"])
    near = pa.array([f"the quick brown fox jumps over the lazy dog while nobody looks {end}" for end in "ab"])
    spec = stage.publish({"a.parquet": parquet(pa.concat_arrays([bad, plain, near]))})
    phrases = PhraseList("someone", 1, ("buy now",))
    screen = Screen(max_bytes=100, phrases=phrases, near_duplicate=0.8)
    pool = stage.source().pool(replace(spec, screen=screen), occasion(3))
    counted = stage.source().pool(replace(spec, screen=screen), occasion(4))
    assert isinstance(pool, Pool)
    assert {text[:9] for text in texts(pool)} == {"the same", "alone her", "the quick"}
    assert held(counted)[1].endswith(
        "dropped {'duplicate': 1, 'length': 1, 'malformed': 3, 'near_duplicate': 1, 'phrase': 1}"
    )


def test_texts_in_another_language_are_left_out(stage: Stage) -> None:
    german = "Der schnelle braune Fuchs springt über den faulen Hund, während niemand hinsieht."
    english = "The quick brown fox jumps over the lazy dog while nobody is looking at him."
    spec = stage.publish({"a.parquet": parquet([german, english])})
    spec = replace(spec, screen=Screen(language="en"))
    assert held(stage.source().pool(spec, occasion(2)))[1].endswith(
        "1 of 2 texts in the row groups of this seed; dropped {'language': 1}"
    )
    assert texts(stage.source().pool(spec, occasion(1))) == [english]


def test_a_round_draws_all_it_needs_from_a_pool_without_near_duplicates(stage: Stage) -> None:
    spec = replace(stage.publish(), screen=Screen(near_duplicate=0.6))
    pool = stage.source().pool(spec, occasion(12))
    assert isinstance(pool, Pool)
    assert pool.counts["near_duplicate"] > 0
    drawn = draw({"open": pool}, [TaskSpec("text_loss", 12, 1.0, 8.0, source="open")], SEED)
    assert isinstance(drawn, Drawn)
    assert (set(drawn.bundle.of("text_loss")), drawn.near_duplicates) == (set(pool.samples), 0)


# What travels, and what is kept ------------------------------------------------------------------------------------


def test_only_footers_and_the_one_column_of_the_chosen_row_groups_travel_and_only_once(stage: Stage) -> None:
    spec = stage.publish()
    hub = Asked(stage.root / "hub")
    pool = stage.source(hub).pool(spec, occasion(40))
    meta = {path: pq.read_metadata(io.BytesIO(data)) for path, data in DATA.items()}
    sizes = {path: len(data) for path, data in DATA.items()}
    chosen = list(islice(row_groups(SEED, sizes, lambda path: meta[path].num_row_groups), 3))
    tails = {(path, sizes[path] - 65_536, sizes[path]) for path in {one.path for one in chosen}}
    columns = set()
    for one in chosen:
        column = meta[one.path].row_group(one.place).column(1)
        start = column.dictionary_page_offset or column.data_page_offset
        stop = min(start + column.total_compressed_size, sizes[one.path] - 65_536)
        columns |= {(one.path, start, stop)} if start < stop else set()
    assert columns
    assert sorted(hub.parts) == sorted(tails | columns)
    again = Asked(stage.root / "hub")
    assert stage.source(again).pool(spec, occasion(40)) == pool
    assert again.parts == []


def test_long_footers_and_long_columns_come_in_pieces(stage: Stage) -> None:
    long = [f"{row} " * 500_000 for row in range(18)]
    spec = stage.publish({"a.parquet": parquet(long, compression="none"), "b.parquet": parquet(numbered("b", 300), 1)})
    spec = replace(spec, screen=Screen(max_bytes=100, near_duplicate=1.0))
    hub = Asked(stage.root / "hub")
    whole = stage.source(hub).pool(replace(spec, row_groups=301), occasion(300))
    assert sorted(texts(whole)) == sorted(numbered("b", 300))
    assert max(stop - start for _, start, stop in hub.parts) == PIECE_BYTES
    assert min(size for size in whole.counts.values()) == whole.counts["length"] == 18


def test_a_kept_part_that_was_damaged_is_fetched_again(stage: Stage) -> None:
    spec = stage.publish()
    pool = stage.source().pool(spec, occasion(40))
    damaged = next((stage.root / "kept/hub_text/ranges").iterdir())
    data = bytearray(damaged.read_bytes())
    data[5] ^= 1
    damaged.write_bytes(data)
    hub = Asked(stage.root / "hub")
    assert stage.source(hub).pool(spec, occasion(40)) == pool
    assert len(hub.parts) == 1


def test_a_round_that_was_cut_short_goes_on_where_it_ended(stage: Stage) -> None:
    class Failing(Asked):
        def read_range(self, *asked: Any) -> Iterator[bytes]:
            if len(self.parts) == 2:
                raise HubUnreachable("no answer")
            return super().read_range(*asked)

    spec = stage.publish()
    first, second, whole = Failing(stage.root / "hub"), Asked(stage.root / "hub"), Asked(stage.root / "hub")
    assert held(stage.source(first).pool(spec, occasion(40)))[0] is Cause.UNREACHABLE
    pool = stage.source(second).pool(spec, occasion(40))
    assert pool == stage.source(whole, "elsewhere").pool(spec, occasion(40))
    assert first.parts + second.parts == whole.parts


def test_of_what_was_fetched_only_the_last_used_is_kept(tmp_path: Path) -> None:
    store = RangeStore(tmp_path)
    for number, key in enumerate("abc"):
        os.utime(store.put(key * 64, [b"12345", b"67890"]), (number, number))
    assert store.get("a" * 64, 10) is not None  # used last from now on
    store.prune(2 * (10 + 32))
    assert sorted(file.name[0] for file in tmp_path.iterdir()) == ["a", "c"]


def test_nothing_but_what_was_fetched_is_left_behind(stage: Stage) -> None:
    spec = stage.publish()
    stage.source().pool(spec, occasion(40))
    assert [entry.name for entry in (stage.root / "kept/hub_text").iterdir()] == ["ranges"]
    assert running("evaluation.sources.parquet_worker") == []


# Datasets gone bad -------------------------------------------------------------------------------------------------

NUMBERS = parquet(pa.array(range(300)))
BOMB = parquet(
    pa.DictionaryArray.from_arrays(pa.array([0] * 100), ["b" * 60_000_000]),
    compression="zstd",
    store_schema=False,
    dictionary_pagesize_limit=1 << 27,
)
"""One text of 60 MB, a hundred times: a few kilobytes, and 60 MB by its own account."""
SPARE = parquet(numbered("a", 300))


def zeroed(data: bytes) -> bytes:
    """The file with its text column overwritten."""
    column = pq.read_metadata(io.BytesIO(data)).row_group(0).column(1)
    start = column.dictionary_page_offset or column.data_page_offset
    return data[:start] + bytes(column.total_compressed_size) + data[start + column.total_compressed_size :]


@pytest.mark.parametrize(
    ("files", "bounds", "said"),
    [
        ({"a.txt": b"text"}, Bounds(), "none of the 2 files is a Parquet file"),
        ({"a.parquet": b"PAR1"}, Bounds(), "it is no Parquet file"),
        ({"a.parquet": b"<html>" * 20_000}, Bounds(), "it is no Parquet file"),
        ({"a.parquet": b"PAR1" + b"\xff" * 500 + b"\xf4\x01\0\0PAR1"}, Bounds(), "a.parquet: "),
        ({"a.parquet": b"PAR1\xff\xff\xff\x7fPAR1"}, Bounds(), "it is no Parquet file"),
        (
            {"a.parquet": parquet(numbered("a", 9), column="content")},
            Bounds(),
            "its columns are before, content, after",
        ),
        ({"a.parquet": NUMBERS}, Bounds(), "holds int64, no text"),
        ({"a.parquet": parquet(pa.array([["a"]] * 9))}, Bounds(), "'text'"),
        ({"a.parquet": SPARE}, Bounds(footer_bytes=500), "500 are read"),
        ({"a.parquet": parquet(numbered("a", 300), 1)}, Bounds(row_groups=299), "300 row groups; 299 are read"),
        ({"a.parquet": SPARE}, Bounds(rows=99), "it has 100 rows; 99 are read"),
        ({"a.parquet": SPARE}, Bounds(row_group_bytes=1000), "1000 are read: choose a dataset with smaller row groups"),
        ({"a.parquet": SPARE}, Bounds(round_bytes=10_000), "choose fewer row groups"),
        ({"a.parquet": zeroed(SPARE)}, Bounds(), "of a.parquet: "),
        (
            {"a.parquet": parquet(["b" * 100_000] * 100, compression="zstd")},
            Bounds(row_group_bytes=1_000_000),
            "unpacks to more than 2000000 rows or 1000000 bytes of text",
        ),
        (
            {"a.parquet": parquet(["b" * 100_000] * 100, compression="zstd")},
            Bounds(round_bytes=1_000_000),
            "choose fewer row groups",
        ),
        (
            {"a.parquet": BOMB},
            Bounds(memory_bytes=600_000_000),
            "takes more than 600000000 bytes of memory",
        ),
    ],
    ids=[
        *("no Parquet", "too short", "a page", "garbage", "a footer longer than the file", "no such column", "numbers"),
        *("lists", "long footer", "many row groups", "many rows", "large row group", "large round", "zeroed column"),
        *("bomb", "bomb in a round", "larger bomb"),
    ],
)
def test_a_dataset_that_cannot_be_read_within_bounds_is_the_tables_fault(
    files: Files, bounds: Bounds, said: str, stage: Stage
) -> None:
    spec = stage.publish(files)
    cause, detail = held(stage.source(bounds=bounds).pool(spec, occasion(10)))
    assert cause is Cause.TOO_FEW
    assert detail.startswith(f"alice/texts at {spec.revision} is of no use")
    assert said in detail
    assert len(detail) < 600


@pytest.mark.parametrize(
    "one",
    [
        Place(-1, 4, 50, 10),
        Place(5, 3, 50, 10),
        Place(5, 50, 50, 10),
        Place(5, 60, 50, 10),
        Place(5, -5, 50, 10),
        Place(5, 4, 101, 10),
        Place(5, 4, 50, 2**62),
        Place(2**40, 4, 50, 10),
    ],
    ids=str,
)
def test_a_footer_that_leads_elsewhere_is_refused(one: Place) -> None:
    check_place(Place(5, 4, 100, 10), 100, Bounds())
    with pytest.raises(BadParquet):
        check_place(one, 100, Bounds())


def test_a_file_cannot_have_anything_read_but_what_was_fetched_of_it(tmp_path: Path) -> None:
    footer = len(SPARE) - 8 - int.from_bytes(SPARE[-8:-4], "little")
    (tmp_path / "footer").write_bytes(SPARE[footer:])
    end = Fetched(len(SPARE), footer, (Part(footer, len(SPARE), tmp_path / "footer"),))
    with ParquetProcess(Bounds()) as process:
        places = process.places(end, "text")
        with pytest.raises(BadParquet, match=f"the file leads to byte {places[1].start}, which is no part"):
            process.texts(end, "text", 1, tmp_path / "texts")


def test_a_footer_that_miscounts_its_rows_is_refused(stage: Stage, tmp_path: Path) -> None:
    class Fewer(ParquetProcess):
        def texts(self, *asked: Any) -> TextFile:
            return replace(super().texts(*asked), rows=99)

    spec = stage.publish({"a.parquet": SPARE})
    hub = FolderHub(stage.root / "hub", None)
    ranges = Ranges(hub, RangeStore(tmp_path / "ranges"), REPO, spec.revision, Deadline(1.0, lambda: 0.0))
    (tmp_path / "texts").mkdir()
    with Fewer(Bounds()) as process, pytest.raises(BadParquet, match="holds 99 rows where its footer says 100"):
        HubRows("text", {"a.parquet": len(SPARE)}, ranges, process, tmp_path / "texts").texts(RowGroup("a.parquet", 1))


# Hubs gone bad, and time -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["describe", "read_range"])
@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (HubUnreachable("no answer"), Cause.UNREACHABLE),
        (HubError("odd"), Cause.UNREACHABLE),
        (CorruptDownload("short"), Cause.UNREACHABLE),
        (RateLimited("slow down", 3.0), Cause.RATE_LIMITED),
        (NotFound("gone"), Cause.WITHHELD),
        (Denied("bad token"), Cause.WITHHELD),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_hub_that_fails_holds_the_round(method: str, error: HubError, cause: Cause, stage: Stage) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise error

    spec = stage.publish()
    hub = FolderHub(stage.root / "hub", None)
    setattr(hub, method, fail)
    assert held(stage.source(hub).pool(spec, occasion(10)))[0] is cause
    assert isinstance(stage.source().pool(spec, occasion(10)), Pool)


def test_an_unknown_revision_may_still_come(stage: Stage) -> None:
    spec = replace(stage.publish(), revision="0" * 40)
    assert held(stage.source().pool(spec, occasion(10)))[0] is Cause.WITHHELD


def test_time_that_is_up_holds_the_round_and_what_came_is_kept(stage: Stage) -> None:
    spec = stage.publish()
    ticks = iter(range(1000))
    hub = Asked(stage.root / "hub")
    slow = stage.source(hub, bounds=Bounds(seconds=5.0), clock=lambda: float(next(ticks)))
    assert held(slow.pool(spec, occasion(40)))[0] is Cause.OVERRUN
    came = len(list((stage.root / "kept/hub_text/ranges").iterdir()))
    again = Asked(stage.root / "hub")
    pool = stage.source(again).pool(spec, occasion(40))
    assert isinstance(pool, Pool)
    assert came > 0
    assert len(set(hub.parts[:came]) & set(again.parts)) == 0


def test_a_row_group_that_takes_too_long_to_decode_holds_the_round(stage: Stage) -> None:
    spec = stage.publish()
    assert held(stage.source(bounds=Bounds(decode_s=0.0)).pool(spec, occasion(10)))[0] is Cause.OVERRUN
    assert running("evaluation.sources.parquet_worker") == []


def test_a_reading_process_that_dies_holds_the_round(stage: Stage) -> None:
    class Deadly(Asked):
        def read_range(self, *asked: Any) -> Iterator[bytes]:
            for child in running("evaluation.sources.parquet_worker"):
                child.kill()
            return super().read_range(*asked)

    spec = stage.publish()
    cause, detail = held(stage.source(Deadly(stage.root / "hub")).pool(spec, occasion(10)))
    assert (cause, "was killed by SIGKILL" in detail) == (Cause.OVERRUN, True)


# The vendor's own library over HTTP --------------------------------------------------------------------------------


@dataclass
class Streamed:
    """A dataset pushed to a Hub that answers over HTTP, as the `datasets` library streams it."""

    endpoint: str
    faults: Faults
    revision: str
    rows: list[str]
    row_groups: list[list[str]]

    def hub(self) -> HuggingFaceHub:
        return HuggingFaceHub(self.endpoint, None)


@pytest.fixture(scope="module")
def streamed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streamed]:
    home = tmp_path_factory.mktemp("home")
    root, faults, report = tmp_path_factory.mktemp("served"), Faults(), home / "report.json"
    token = HubStore(root).add_user("alice")
    with serving(root, faults) as endpoint:
        script = str(Path(__file__).parent / "streaming_client.py")
        env = environment(endpoint, home, HF_HUB_DISABLE_XET="1", HF_TOKEN=token)
        done = subprocess.run(
            [sys.executable, script, REPO, str(report)], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        seen = json.loads(report.read_text())
        yield Streamed(endpoint, faults, seen["revision"], seen["rows"], seen["row groups"])


@pytest.fixture
def spec(streamed: Streamed) -> Iterator[HubTextSpec]:
    streamed.faults.clear()
    yield HubTextSpec(kind="hub_text", repo=REPO, revision=streamed.revision, row_groups=3, screen=ALL)
    streamed.faults.clear()


def test_all_samples_together_are_the_rows_that_datasets_streams(streamed: Streamed, spec, stage: Stage) -> None:
    pool = stage.source(streamed.hub()).pool(replace(spec, row_groups=1000), occasion(400))
    assert len(streamed.row_groups) > 6
    assert sorted(texts(pool)) == sorted(streamed.rows)


def test_samples_are_rows_of_row_groups_that_datasets_reshards_to(streamed: Streamed, spec, stage: Stage) -> None:
    files = [
        file for file in streamed.hub().describe(REPO, "dataset", streamed.revision).files if ".parquet" in file.path
    ]
    opened = {
        file.path: pq.ParquetFile(
            io.BytesIO(b"".join(streamed.hub().read_range(REPO, "dataset", streamed.revision, file.path, 0, file.size)))
        )
        for file in files
    }
    order = [(path, number) for path in sorted(opened) for number in range(opened[path].num_row_groups)]
    chosen = islice(
        row_groups(SEED, {file.path: file.size for file in files}, lambda path: opened[path].num_row_groups), 3
    )
    groups = [set(streamed.row_groups[order.index((one.path, one.place))]) for one in chosen]
    drawn = set(texts(stage.source(streamed.hub()).pool(spec, occasion(30))))
    assert drawn <= set.union(*groups)
    assert all(drawn & group for group in groups)


def test_every_request_for_content_is_for_a_part(streamed: Streamed, spec, stage: Stage) -> None:
    class Watched(HuggingFaceHub):
        parts = 0

        def read_range(self, *asked: Any) -> Iterator[bytes]:
            self.parts += 1
            return super().read_range(*asked)

    hub = Watched(streamed.endpoint, None)
    streamed.faults.plan(Fault("slow", path="*/resolve/*"))
    assert isinstance(stage.source(hub).pool(spec, occasion(30)), Pool)
    assert (streamed.faults.seen(), hub.parts > 0) == ([hub.parts], True)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault("429", retry_after_s=600, path="*/resolve/*"), Cause.RATE_LIMITED),
        (Fault("429", retry_after_s=600, path="/api/*"), Cause.RATE_LIMITED),
        (Fault("503", path="*/resolve/*", after=1), Cause.UNREACHABLE),
        (Fault("truncated", path="*/resolve/*", at=100), Cause.UNREACHABLE),
    ],
    ids=["429", "429 at once", "503", "truncated"],
)
def test_a_hub_that_falters_holds_the_round_and_the_next_attempt_has_it(
    fault: Fault, cause: Cause, streamed: Streamed, spec, stage: Stage
) -> None:
    streamed.faults.plan(fault)
    assert held(stage.source(streamed.hub()).pool(spec, occasion(30)))[0] is cause
    streamed.faults.clear()
    assert stage.source(streamed.hub()).pool(spec, occasion(30)) == stage.source(streamed.hub(), "new").pool(
        spec, occasion(30)
    )
