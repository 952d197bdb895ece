"""Streamed public text: rows of a Parquet dataset on the Hub at a pinned revision, chosen by the round's seed. Whoever
likes may have trained on all of it; which rows count is known only with the seed.
"""

import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC
from functools import partial
from itertools import accumulate, islice
from pathlib import Path

from evaluation.child import Died, Late
from evaluation.sources.choice import RowGroup, row_groups, shuffled
from evaluation.sources.doors import Doors
from evaluation.sources.gathering import Gathering
from evaluation.sources.held import Cause, Held
from evaluation.sources.hub_rows import HubRows
from evaluation.sources.occasion import Occasion
from evaluation.sources.parquet import BadParquet, Bounds, ParquetProcess
from evaluation.sources.pool import Pool
from evaluation.sources.ranges import Deadline, Ranges, RangeStore, TimeUp
from evaluation.sources.sample import Sample
from evaluation.sources.spec import HubTextSpec
from evaluation.sources.text_file import TextFile
from evaluation.wire import Garbled
from hub.port import Denied, HubError, InvalidName, NotFound, RateLimited

NAME = "hub_text"
_WAVES = 4
"""How often further row groups are drawn where too many rows are dropped."""
_ROWS_PER_SAMPLE = 50
_KEPT_BYTES = 4_000_000_000

Row = tuple[TextFile, int]
_Fault = HubError | TimeUp | Late | Died | Garbled | BadParquet


class HubText:
    """Reads pools from the Hub; what it fetched is kept below the doors' folder."""

    def __init__(
        self, doors: Doors, *, bounds: Bounds | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._chain = doors.chain
        self._hub = doors.hub
        self._folder = doors.folder / NAME
        self._store = RangeStore(self._folder / "ranges")
        self._bounds = bounds or Bounds()
        self._clock = clock

    def pool(self, spec: HubTextSpec, occasion: Occasion) -> Pool | Held:
        """See Source.pool: as many texts as the round needs, no two nearly the same. Held where the Hub does not give
        what it lists, where time is up, and where the dataset has too little that can be read."""
        moment = self._chain.timestamp(occasion.seed_block).astimezone(UTC).replace(microsecond=0)
        hash_ = self._chain.block_hash(occasion.seed_block)
        sample = partial(
            Sample,
            source=NAME,
            producer=None,
            netuid=None,
            created_at=moment,
            anchor_block=occasion.seed_block,
            anchor_hash=hash_,
        )
        gathering = Gathering(spec.screen, occasion.needs.get("text", 0), sample)
        deadline = Deadline(self._clock() + self._bounds.seconds, self._clock)
        try:
            self._gather(spec, occasion.seed, gathering, deadline)
        except (HubError, TimeUp, Late, Died, Garbled, BadParquet) as error:
            return _held(spec, error)
        finally:
            self._store.prune(_KEPT_BYTES)
        return gathering.pool()

    def _gather(self, spec: HubTextSpec, seed: bytes, gathering: Gathering, deadline: Deadline) -> None:
        sizes = self._files(spec)
        ranges = Ranges(self._hub, self._store, spec.repo, spec.revision, deadline)
        self._folder.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=self._folder, prefix=".texts-") as folder,
            ParquetProcess(self._bounds) as process,
        ):
            rows = HubRows(spec.column, sizes, ranges, process, Path(folder))
            waves = _waves(rows, row_groups(seed, sizes, rows.count_of), spec.row_groups)
            for row in islice(in_seed_order(seed, waves), _ROWS_PER_SAMPLE * gathering.needed):
                deadline.check()
                gathering.take(*row)
                if gathering.is_complete:
                    return

    def _files(self, spec: HubTextSpec) -> dict[str, int]:
        """The dataset's Parquet files, path → bytes."""
        folder = f"{spec.path.strip('/')}/" if spec.path.strip("/") else ""
        listed = self._hub.describe(spec.repo, "dataset", spec.revision).files
        sizes = {
            file.path: file.size
            for file in listed
            if file.path.startswith(folder) and file.path.endswith(".parquet") and file.size
        }
        if not sizes:
            raise BadParquet(f"none of the {len(listed)} files is a Parquet file below {folder or 'the top'!r}")
        return sizes


def in_seed_order(seed: bytes, waves: Iterator[list[TextFile]]) -> Iterator[Row]:
    """Every row of each wave's texts once, in an order that the seed decides, wave after wave."""
    for number, wave in enumerate(waves):
        ends = list(accumulate(texts.rows for texts in wave))
        for place in shuffled(seed, f"rows of wave {number}", ends[-1]):
            which = bisect_right(ends, place)
            yield wave[which], place - (ends[which] - wave[which].rows)


def _waves(rows: HubRows, chosen: Iterator[RowGroup], size: int) -> Iterator[list[TextFile]]:
    """The texts of the chosen row groups, so many at a time, as far as there are any."""
    for _ in range(_WAVES):
        if wave := [rows.texts(row_group) for row_group in islice(chosen, size)]:
            yield wave


def _held(spec: HubTextSpec, error: _Fault) -> Held:
    what = f"{spec.repo} at {spec.revision}"
    match error:
        case BadParquet() | InvalidName():
            return Held(Cause.TOO_FEW, f"{what} is of no use, and the table should name another dataset: {error}")
        case NotFound() | Denied():
            return Held(Cause.WITHHELD, f"{what}: {type(error).__name__}: {error}")
        case RateLimited():
            return Held(Cause.RATE_LIMITED, f"{what}: {error}")
        case HubError():
            return Held(Cause.UNREACHABLE, f"{what}: {type(error).__name__}: {error}")
        case Late():
            return Held(Cause.OVERRUN, f"{what}: a part of it took too long to decode")
        case Died() | Garbled():
            return Held(Cause.OVERRUN, f"{what}: the process that decodes it {error}")
        case TimeUp():
            return Held(Cause.OVERRUN, f"{what}: {error}; what was fetched is kept")
