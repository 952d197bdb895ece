"""A stand-in for an OpenAI-compatible server on this machine: answers by a script, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """What is sent back."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def says(text: object, finish_reason: str = "stop", refusal: str | None = None) -> Reply:
    """A completion of one choice."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    return Reply(json.dumps({"id": "c", "object": "chat.completion", "choices": [choice]}).encode())


def fails(status: int, again_ms: int | None = 1) -> Reply:
    """A refusal; `again_ms` is what the server asks to wait, in the form that clients read first."""
    headers = {} if again_ms is None else {"retry-after-ms": str(again_ms)}
    return Reply(b'{"error": {"message": "no"}}', status, headers)


@dataclass
class Completions:
    """The server: `reply` is called in a thread of the request's own with its JSON, and may wait."""

    reply: Callable[[dict[str, Any]], Reply]
    base_url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    """Set at the end: whoever hangs waits for it."""

    @property
    def prompts(self) -> list[str]:
        """What was asked, in the order it came in."""
        return [request["messages"][0]["content"] for request in self.requests]

    def hang(self, _: dict[str, Any]) -> Reply:
        """A reply that never comes."""
        self.closing.wait()
        return says("too late")


@contextmanager
def completions(reply: Callable[[dict[str, Any]], Reply] | None = None) -> Iterator[Completions]:
    """Serve until the block ends; without a reply of its own, it hangs."""
    served = Completions(reply or (lambda request: served.hang(request)))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            served.requests.append(request)
            served.keys.append(self.headers["Authorization"])
            told = served.reply(request) if self.path == "/v1/chat/completions" else Reply(b"", 404)
            self.send_response(told.status)
            for name, value in {"Content-Type": "application/json", **told.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the client has left
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
