"""The child process in which models are judged: `python -m evaluation.worker` answers requests until its stdin ends.

It holds no token and opens no network; a parent that dies takes it along. Deadlines are the parent's to keep.
"""

import argparse
import contextlib
import os
import queue
import resource
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from console.loopback import guard
from evaluation.executor import Request
from evaluation.verdicts import Verdict
from evaluation.wire import HEADER_BYTES, READY, decode_request, encode_verdict, frame, length_of

_OOM_SCORE = Path("/proc/self/oom_score_adj")


class Channel:
    """Requests in, answers out, on descriptors that no library can print to or read from."""

    def __init__(self) -> None:
        self._requests: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._answers: BinaryIO = os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)

    def send(self, message: bytes) -> None:
        """Send one frame."""
        self._answers.write(frame(message))
        self._answers.flush()

    def receive(self) -> bytes | None:
        """The next frame; None once there is nobody left to send one."""
        header = self._requests.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES:
            return None
        length = length_of(header)
        message = self._requests.read(length)
        return message if len(message) == length else None


def serve(channel: Channel, answer: Callable[[Request], Verdict]) -> None:
    """Answer request after request; see `serve_frames`."""
    serve_frames(channel, lambda message: encode_verdict(answer(decode_request(message))))


def serve_frames(channel: Channel, answer: Callable[[bytes], bytes]) -> None:
    """Answer frame after frame; never returns: the process ends with its parent, in the middle of an answer too."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(channel, waiting), name="requests", daemon=True).start()
    channel.send(READY)
    while True:
        channel.send(answer(waiting.get()))


def limit_memory(limit_bytes: int | None) -> None:
    """Refuse this process more private memory than this; its own malloc then fails, and nobody else's."""
    if limit_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


def go_first() -> None:
    """Where the machine's memory runs out, let Linux end this process: only one verdict is lost, and due again."""
    with contextlib.suppress(OSError):
        _OOM_SCORE.write_text("1000")


def main() -> None:
    """Run a worker with the command line's device, dtype, threads and memory limit."""
    guard()
    go_first()
    channel = Channel()
    options = _options()
    limit_memory(options.memory_bytes)
    # Imported here, not above: what torch prints while it is imported must find stdout already claimed, and what it
    # allocates must find the limit already set.
    from evaluation.judging import Judging

    serve(channel, Judging(options.device, options.dtype, options.threads))


def _listen(channel: Channel, waiting: queue.SimpleQueue[bytes]) -> None:
    try:
        while (message := channel.receive()) is not None:
            waiting.put(message)
    finally:
        os._exit(0)  # whoever asked is gone: an answer, however near, would reach nobody


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation.worker", description=__doc__)
    parser.add_argument("--device", required=True, help="cpu, cuda or cuda:N")
    parser.add_argument("--dtype", required=True, help="float32, float16 or bfloat16")
    parser.add_argument("--threads", type=int, required=True, help="threads of one operation")
    parser.add_argument("--memory-bytes", type=int, help="most private memory of the process")
    return parser.parse_args()


if __name__ == "__main__":
    main()
