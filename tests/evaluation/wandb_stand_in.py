"""A local server that speaks as much of wandb's API as its real client asks for to write runs and to read them back,
and that answers as badly as a test wants.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

API_KEY = "local-" + "c" * 40
_OPERATION = re.compile(r"(?:query|mutation)\s+(\w+)")
_STREAM = re.compile(r"/files/([^/]+)/([^/]+)/([^/]+)/file_stream")
_CHUNK = b"a" * (1 << 20)


@dataclass
class StoredRun:
    """A run; the step of a row is its place."""

    name: str
    created_at: datetime
    heartbeat_at: datetime
    config: dict[str, Any] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    odd: dict[str, Any] = field(default_factory=dict)
    """Fields that are served in place of the right ones."""

    def fields(self) -> dict[str, Any]:
        """Every field that any operation asks of a run."""
        return {
            "id": f"id-{self.name}",
            "name": self.name,
            "displayName": self.name,
            "projectId": "1",
            "state": "running",
            "config": json.dumps({key: {"value": value} for key, value in self.config.items()}),
            "createdAt": _iso(self.created_at),
            "heartbeatAt": _iso(self.heartbeat_at),
            "summaryMetrics": "{}",
            "systemMetrics": "{}",
            "historyLineCount": len(self.rows),
            "historyKeys": {"lastStep": len(self.rows) - 1},
            "tags": [],
            "user": {"name": "someone", "username": "someone"},
            **self.odd,
        }


Trouble = tuple[int, bytes] | Literal["hang", "endless"]
"""Another answer than the right one: a status and a body, none at all, or one that never ends."""


class StandIn:
    """The runs of every project by entity, project and name, and what to do instead of answering, by operation."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        """What this server stamps new runs with."""
        self.projects: dict[tuple[str, str], dict[str, StoredRun]] = {}
        self.trouble: dict[str, Trouble] = {}
        self.asked: Counter[str] = Counter()
        self.keys: set[str | None] = set()
        """What clients sent as their credentials."""
        self.left = threading.Event()
        """A client has gone away from a hanging or an endless answer."""
        self.url = ""

    def put(self, run: StoredRun, entity: str = "ent", project: str = "proj") -> StoredRun:
        """Store a run as if a client had written it."""
        return self.projects.setdefault((entity, project), {}).setdefault(run.name, run)

    def answer(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        """The `data` of one GraphQL operation."""
        if operation in ("Viewer", "GetDefaultEntity"):
            viewer = {"id": "v", "entity": "ent", "username": "someone", "email": "", "flags": "{}"}
            return {"viewer": {**viewer, "teams": {"edges": []}}}
        if operation == "UpsertBucket":
            return {"upsertBucket": {"bucket": self._upserted(given), "inserted": True}}
        if operation == "CreateRunFiles":
            return {"createRunFiles": {"runID": given["run"], "uploadHeaders": [], "files": []}}
        runs = self.projects.get((given["entity"], given["project"]))
        if runs is None:
            return {"project": None}
        return {"project": _runs(runs, given) if operation == "Runs" else {"run": _of_run(operation, runs, given)}}

    def stream(self, entity: str, project: str, name: str, files: dict[str, Any]) -> None:
        """Take what a client's file stream says of a run's history."""
        if history := files.get("wandb-history.jsonl"):
            rows = self.projects[entity, project][name].rows
            rows[history["offset"] :] = history["content"]

    def _upserted(self, given: dict[str, Any]) -> dict[str, Any]:
        entity, project = given["entity"] or "ent", given["project"]
        run = self.put(StoredRun(given["name"], self.now, self.now), entity, project)
        run.config = {key: item["value"] for key, item in json.loads(given["config"] or "{}").items()}
        return {**run.fields(), "project": {"id": "1", "name": project, "entity": {"id": "1", "name": entity}}}


def _runs(runs: dict[str, StoredRun], given: dict[str, Any]) -> dict[str, Any]:
    filters = json.loads(given["filters"])
    alive = [
        run
        for run in sorted(runs.values(), key=lambda run: (run.created_at, run.name))
        if _iso(run.created_at) <= filters["createdAt"]["$lte"] + "Z"
        and _iso(run.heartbeat_at) >= filters["heartbeatAt"]["$gte"]
        and any(_has(run.config, key, value) for one in filters["$or"] for key, value in one.items())
    ]
    first = int(given["cursor"] or 0)
    page = alive[first : first + given["perPage"]]
    edges = [{"node": run.fields(), "cursor": str(first + place)} for place, run in enumerate(page, 1)]
    info = {"endCursor": str(first + len(page)), "hasNextPage": first + len(page) < len(alive)}
    return {
        "internalId": "1",
        "runCount": len(alive),
        "readOnly": False,
        "runs": {"edges": edges, "pageInfo": info},
    }


def _has(config: dict[str, Any], key: str, value: str) -> bool:
    """Whether a filter by `config.KEY` or `config.KEY.value` finds it."""
    return config.get(key.removeprefix("config.").removesuffix(".value")) == value


def _of_run(operation: str, runs: dict[str, StoredRun], given: dict[str, Any]) -> dict[str, Any] | None:
    run = runs.get(given.get("name") or given.get("runName") or given.get("run") or "")
    if run is None:
        return None
    if operation == "RunParquetHistory":
        return {"parquetHistory": {"parquetUrls": [], "liveData": []}}
    if operation == "HistoryPage":
        return {"history": run.rows[given["minStep"] : given["maxStep"]]}
    return run.fields()


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def stand_in(now: datetime) -> Iterator[StandIn]:
    """A server on a free port of this machine, for as long as the block lasts."""
    server = StandIn(now)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.keys.add(self.headers["Authorization"])
            if match := _STREAM.fullmatch(self.path):
                server.stream(*match.groups(), body.get("files") or {})
                return self._send(200, b'{"exitcode":null,"limits":{}}')
            found = _OPERATION.search(body["query"])
            operation = found[1] if found else ""
            server.asked[operation] += 1
            trouble = server.trouble.get(operation)
            if isinstance(trouble, str):
                return self._never_end(trouble)
            if trouble is not None:
                return self._send(*trouble)
            data = server.answer(operation, body.get("variables") or {})
            return self._send(200, json.dumps({"data": data}).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _never_end(self, trouble: str) -> None:
            self.close_connection = True
            try:
                if trouble == "endless":
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(b'{"data":{"project":{"internalId":"')
                while trouble == "endless":
                    self.wfile.write(_CHUNK)
                self.connection.recv(1)  # nothing comes: it returns when the client is gone
            except OSError:
                pass
            server.left.set()

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server.url = f"http://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, name="wandb-stand-in", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


WRITER = """
import json, sys
import wandb

order = json.load(sys.stdin)
settings = wandb.Settings(silent=True, console="off", disable_git=True, x_disable_meta=True, x_disable_stats=True)
run = wandb.init(entity="ent", project="proj", id=order["run"], config={"hotkey": order["hotkey"]}, settings=settings)
run.config.update({"signature": order["signature"]})
for row in order["rows"]:
    run.log(row)
run.finish()
"""
"""A data subnet's side, with the real client: what it is told on stdin becomes a run."""
