"""The process that reads wandb: `python -m evaluation.sources.wandb_child` answers orders until its stdin ends.

Its client retries, parses and starts a service of its own; all of that lives and dies here, with memory and files
bounded. It holds no credentials but wandb's API key. Deadlines are the parent's to keep.
"""

import argparse
import re
import resource
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from evaluation.sources.held import Cause
from evaluation.sources.wandb_rows import rows_of
from evaluation.sources.wandb_wire import (
    Answer,
    Listed,
    ListedRun,
    ListRuns,
    NotHad,
    ReadRows,
    Rows,
    decode_order,
    encode_answer,
)
from evaluation.worker import Channel, go_first, limit_memory, serve_frames

_RUNS_A_PAGE = 50
_ROWS_A_PAGE = 250
_CLAIM = re.compile(r"[A-Za-z0-9_.-]{1,200}")
"""What an id, an address and a signature look like; no other text crosses to the parent."""


class Reading:
    """The client, and the runs it has listed."""

    def __init__(self, retries: int) -> None:
        """Imports the client, with the limits set and stdout claimed."""
        import wandb
        from wandb.apis.public import Api

        wandb.setup(wandb.Settings(silent=True, x_graphql_retry_max=retries))
        self._connect = Api
        self._client: Api | None = None
        self._runs: dict[str, Any] = {}

    def answer(self, message: bytes) -> bytes:
        """One order's answer; whatever the client raises is one too."""
        try:
            return encode_answer(self._obey(message))
        except Exception as error:  # noqa: BLE001 - the client raises whatever its parts do; each is told by its text
            return encode_answer(not_had(error))

    def _obey(self, message: bytes) -> Answer:
        order = decode_order(message)
        return self._list(order) if isinstance(order, ListRuns) else self._read(order)

    def _list(self, order: ListRuns) -> Answer:
        runs = self._api().runs(
            f"{order.entity}/{order.project}",
            filters={
                "createdAt": {"$lte": _iso(order.window.until)},
                "heartbeatAt": {"$gte": _iso(order.window.since)},
            },
            order="+created_at",
            per_page=_RUNS_A_PAGE,
            lazy=False,
        )
        listed: list[ListedRun] = []
        for run in runs:
            if len(listed) == order.max_runs:
                cause = f"more than {order.max_runs} runs of {order.entity}/{order.project} lie in the window"
                return NotHad(Cause.OVERRUN, cause)
            if _claim(run.id) is not None:
                self._runs[run.id] = run
                config = run.config if isinstance(run.config, Mapping) else {}
                claims = _claim(config.get(order.hotkey_key)), _claim(config.get(order.signature_key))
                listed.append(ListedRun(run.id, *claims))
        return Listed(tuple(listed))

    def _read(self, order: ReadRows) -> Rows:
        run = self._runs[order.run]

        def stretch(first: int, last: int) -> Iterator[Mapping[str, Any]]:
            # without `keys`: with them the server leaves out, uncounted, whatever lacks a column
            return iter(run.scan_history(page_size=_ROWS_A_PAGE, min_step=first, max_step=last, use_cache=False))

        return rows_of(order, int(run.lastHistoryStep), stretch)

    def _api(self) -> Any:
        """The connected client; it asks the server at once, so that failing to is an answer."""
        self._client = self._client or self._connect()
        return self._client


def not_had(error: BaseException) -> NotHad:
    """What the client raised, as the reason why a round waits."""
    told = " <- ".join(str(one) or type(one).__name__ for one in _chain(error))
    if isinstance(error, MemoryError) or "service process is not running" in told:
        cause = Cause.OVERRUN  # its service ends by itself only where its memory does
    elif "HTTP 429" in told or any(_status(one) == 429 for one in _chain(error)):
        cause = Cause.RATE_LIMITED
    elif "Could not find project" in told:
        cause = Cause.WITHHELD
    else:
        cause = Cause.UNREACHABLE
    return NotHad(cause, "".join(letter if letter.isprintable() else " " for letter in told)[:300])


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _status(error: BaseException) -> int | None:
    """The HTTP status that the client's service was answered, where it says so."""
    status = getattr(getattr(error, "response", None), "http_status", None)
    return status if isinstance(status, int) else None


def _claim(value: object) -> str | None:
    return value if isinstance(value, str) and _CLAIM.fullmatch(value) else None


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _bound(memory_bytes: int, file_bytes: int) -> None:
    """Limits for this process and whatever it starts."""
    limit_memory(memory_bytes)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer orders within the command line's bounds."""
    go_first()
    channel = Channel()
    parser = argparse.ArgumentParser(prog="python -m evaluation.sources.wandb_child", description=__doc__)
    parser.add_argument("--memory-bytes", type=int, required=True, help="most private memory of each process")
    parser.add_argument("--file-bytes", type=int, required=True, help="largest file that may be written")
    parser.add_argument("--retries", type=int, required=True, help="of each request")
    options = parser.parse_args()
    _bound(options.memory_bytes, options.file_bytes)
    serve_frames(channel, Reading(options.retries).answer)


if __name__ == "__main__":
    main()
