"""The process that reads wandb: `python -m evaluation.sources.wandb_child` answers orders until its stdin ends.

Its client retries, parses and starts a service of its own; all of that lives and dies here, with memory and files
bounded. It holds no credentials but wandb's API key. Deadlines are the parent's to keep.

Runs are asked for by queries of our own through the client's private `_service_api` (wandb is pinned): its public
`runs` parses all of every run while it lists, and one that nobody can parse would end the listing.
"""

import argparse
import resource
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from evaluation.sources.held import Cause
from evaluation.sources.wandb_queries import LAST_STEP, RUNS, listed_run, listing
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

_ROWS_A_PAGE = 250


class Reading:
    """The client, connected at its first order."""

    def __init__(self, retries: int) -> None:
        """Imports the client, with the limits set and stdout claimed."""
        import wandb
        from wandb.apis.public import Api, HistoryScan

        wandb.setup(wandb.Settings(silent=True, x_graphql_retry_max=retries))
        self._connect = Api
        self._scan = HistoryScan
        self._client: Api | None = None

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
        asked = listing(order)
        listed: list[ListedRun] = []
        size = 0
        while True:
            project = self._service().execute_graphql(RUNS, asked)["project"]
            if project is None:
                return NotHad(Cause.WITHHELD, f"Could not find project {order.entity}/{order.project}")
            edges = project["runs"]["edges"]
            for node in (edge["node"] for edge in edges):
                size += len(node["config"] or "")
                if len(listed) == order.max_claims or size > order.max_claim_bytes:
                    return Listed(tuple(listed))
                listed.append(listed_run(node, order))
            if not edges or not project["runs"]["pageInfo"]["hasNextPage"]:
                return Listed(tuple(listed))
            asked["cursor"] = edges[-1]["cursor"]

    def _read(self, order: ReadRows) -> Rows:
        """The rows; where they cannot be parsed it is the run's fault: a server hands on what was logged."""
        service = self._service()
        run = SimpleNamespace(entity=order.entity, project=order.project, id=order.run)

        def stretch(first: int, last: int) -> Iterator[Mapping[str, Any]]:
            # without `keys`: with them the server leaves out, uncounted, whatever lacks a column
            return iter(
                self._scan(
                    run, service_api=service, min_step=first, max_step=last, page_size=_ROWS_A_PAGE, use_cache=False
                )
            )

        try:
            return rows_of(order, self._last_step(order), stretch)
        except Exception as error:
            if not _is_unparsable(error):
                raise
            return Rows((), fault=f"its history cannot be read: {_printable(str(error) or type(error).__name__)}")

    def _last_step(self, order: ReadRows) -> int:
        """The newest step that was logged; -1 where there is none."""
        asked = {"project": order.project, "entity": order.entity, "name": order.run}
        project = self._service().execute_graphql(LAST_STEP, asked).get("project")
        if not isinstance(project, Mapping):
            raise RuntimeError(f"{order.entity}/{order.project} is no longer to be found")
        return int(((project["run"] or {}).get("historyKeys") or {}).get("lastStep", -1))

    def _service(self) -> Any:
        """What asks the server, connected; it asks at once, so that failing to is an answer."""
        self._client = self._client or self._connect()
        return self._client._service_api


def not_had(error: BaseException) -> NotHad:
    """What the client raised, as the reason why a round waits."""
    told = " <- ".join(str(one) or type(one).__name__ for one in _chain(error))
    if isinstance(error, MemoryError) or "service process is not running" in told:
        cause = Cause.OVERRUN  # its service ends by itself only where its memory does
    elif "HTTP 429" in told or any(_status(one) == 429 for one in _chain(error)):
        cause = Cause.RATE_LIMITED
    else:
        cause = Cause.UNREACHABLE
    return NotHad(cause, _printable(told))


def _printable(told: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in told)[:300]


def _is_unparsable(error: Exception) -> bool:
    """Whether an answer came, and it is of no use: the client's service tells so of a row by its parser's texts alone,
    where an end of the connection would name the address."""
    told = str(error)
    parsing = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, AttributeError)
    return isinstance(error, parsing) or told == "EOF" or told.startswith("simple json: ")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _status(error: BaseException) -> int | None:
    """The HTTP status that the client's service was answered, where it says so."""
    status = getattr(getattr(error, "response", None), "http_status", None)
    return status if isinstance(status, int) else None


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
