"""The process that reads strangers' Parquet files: `python -m evaluation.sources.parquet_worker MEMORY_BYTES` answers
orders until its stdin ends. It sees of a file only the parts it is given, and opens no network.
"""

import io
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from console.loopback import guard
from evaluation.sources.parquet import (
    ANSWER,
    ORDER,
    Answer,
    Bad,
    BadParquet,
    Bounds,
    Fetched,
    Order,
    Place,
    Places,
    Written,
)
from evaluation.sources.text_file import TextWriter, ends_of
from evaluation.worker import Channel, go_first, limit_memory, serve_frames

_ROWS_AT_ONCE = 64
_TEXT = (pa.string(), pa.large_string())
_FAULTS = (pa.ArrowException, ValueError, KeyError, IndexError, OverflowError, RuntimeError, EOFError)


class InParts(io.RawIOBase):
    """A file of which only some parts are at hand; whoever reads elsewhere gets BadParquet."""

    def __init__(self, file: Fetched) -> None:
        self._size = file.size
        self._parts = file.parts
        self._at = 0

    def readable(self) -> bool:
        """See io.RawIOBase."""
        return True

    def seekable(self) -> bool:
        """See io.RawIOBase."""
        return True

    def tell(self) -> int:
        """See io.RawIOBase."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See io.RawIOBase."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """See io.RawIOBase."""
        stop = self._size if size < 0 else min(self._size, self._at + size)
        data = b"".join(self._pieces(self._at, stop))
        self._at += len(data)
        return data

    def _pieces(self, start: int, stop: int) -> Iterator[bytes]:
        while start < stop:
            part = next((part for part in self._parts if part.start <= start < part.stop), None)
            if part is None:
                raise BadParquet(f"the file leads to byte {start}, which is no part of its footer or of the column")
            with part.file.open("rb") as file:
                file.seek(start - part.start)
                data = file.read(min(stop, part.stop) - start)
            if not data:
                raise OSError(0, f"{part.file} was cut short meanwhile")
            yield data
            start += len(data)


def answer(order: Order) -> Answer:
    """The order's answer; what the file does wrong is Bad, whatever else goes wrong ends the process."""
    try:
        with _opened(order.file) as file:
            return _places(file, order) if order.into is None else _written(file, order, order.into)
    except BadParquet as error:
        return Bad(str(error))
    except MemoryError:
        return Bad(f"it takes more than {order.bounds.memory_bytes} bytes of memory to read")
    except OSError as error:
        if error.errno is not None:  # of a file of ours
            raise
        return Bad(_words(error))
    except _FAULTS as error:
        return Bad(_words(error))


def _opened(fetched: Fetched) -> Any:
    """The file, its footer read apart from it: how much the library would read of a file's end is its own affair."""
    content = InParts(fetched)
    content.seek(fetched.footer)
    footer = pq.read_metadata(pa.BufferReader(b"PAR1" + content.read()))
    return pq.ParquetFile(pa.PythonFile(content, mode="r"), metadata=footer, page_checksum_verification=True)


def _places(file: Any, order: Order) -> Places:
    meta, bounds = file.metadata, order.bounds
    if meta.num_row_groups > bounds.row_groups:
        raise BadParquet(f"it has {meta.num_row_groups} row groups; {bounds.row_groups} are read")
    leaf = _leaf(file, order.column)
    return Places(tuple(_place(meta.row_group(group), leaf) for group in range(meta.num_row_groups)))


def _leaf(file: Any, column: str) -> int:
    """Which of the file's columns it is."""
    leaves = [place for place in range(file.metadata.num_columns) if file.schema.column(place).path == column]
    if len(leaves) != 1 or file.schema_arrow.names.count(column) != 1:
        names = ", ".join(name[:40] for name in file.schema_arrow.names[:20])
        raise BadParquet(f"it has {len(leaves)} plain columns {column!r}; its columns are {names}")
    if (kind := file.schema_arrow.field(column).type) not in _TEXT:
        raise BadParquet(f"its column {column!r} holds {str(kind)[:80]}, no text")
    return leaves[0]


def _place(row_group: Any, leaf: int) -> Place:
    chunk = row_group.column(leaf)
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset is not None:
        start = min(start, chunk.dictionary_page_offset) if chunk.dictionary_page_offset > 0 else start
    return Place(row_group.num_rows, start, start + chunk.total_compressed_size, chunk.total_uncompressed_size)


def _written(file: Any, order: Order, into: Path) -> Written:
    _leaf(file, order.column)
    with into.open("wb") as texts, ends_of(into).open("wb") as ends:
        writer = TextWriter(texts, ends)
        batches = file.iter_batches(_ROWS_AT_ONCE, [order.row_group], [order.column], use_threads=False)
        for batch in batches:
            for text in batch.column(0).cast(pa.large_binary()).to_pylist():
                _check(writer.rows + 1, writer.size + len(text or b""), order.bounds)
                writer.add(text)
    return Written(writer.rows, writer.size)


def _check(rows: int, size: int, bounds: Bounds) -> None:
    if rows > bounds.rows or size > bounds.row_group_bytes:
        raise BadParquet(
            f"it unpacks to more than {bounds.rows} rows or {bounds.row_group_bytes} bytes of text, whatever its "
            "footer says"
        )


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def main() -> None:
    """Answer orders within bounds."""
    guard()
    go_first()
    channel = Channel()
    limit_memory(int(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    serve_frames(channel, lambda message: ANSWER.dump_json(answer(ORDER.validate_json(message))))


if __name__ == "__main__":
    main()
