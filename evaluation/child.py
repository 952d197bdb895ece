"""One worker process as its parent sees it: frames with deadlines, an end that leaves nothing behind. Knows neither
requests nor verdicts.
"""

import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence

from evaluation.wire import HEADER_BYTES, frame, length_of

_LAST_WORDS_BYTES = 2_000


class Died(Exception):
    """The process ended; the message says how, and what it last wrote to stderr."""


class Late(Exception):
    """No whole frame came in time."""


class Child:
    """A process in a group of its own, so that whatever it starts ends with it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=environment,
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        os.set_blocking(self._to.fileno(), False)  # a process that reads nothing must not hold us up

    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def send(self, message: bytes, until: float) -> None:
        """Send one frame. Raises Died, and Late where the process has not read it at the time `until`."""
        data = memoryview(frame(message))
        poller = select.poll()
        poller.register(self._to, select.POLLOUT)
        while data:
            if not poller.poll(max(0.0, until - time.monotonic()) * 1000):
                raise Late
            try:
                data = data[os.write(self._to.fileno(), data) :]
            except BrokenPipeError as error:
                raise Died(self._last_words()) from error

    def receive(self, until: float) -> bytes:
        """The next frame. Raises Died where the process ends first, and Late at the time `until` (time.monotonic)."""
        return self._read(length_of(self._read(HEADER_BYTES, until)), until)

    def kill(self) -> None:
        """End the whole group at once. May be called from any thread; what waits in `receive` then raises Died."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def discard(self) -> None:
        """Kill, reap and close everything."""
        self.kill()
        self._process.wait()
        for file in (self._to, self._from, self._stderr):
            file.close()

    def _read(self, length: int, until: float) -> bytes:
        data = bytearray()
        poller = select.poll()
        poller.register(self._from, select.POLLIN)
        while len(data) < length:
            if not poller.poll(max(0.0, until - time.monotonic()) * 1000):
                raise Late
            some = os.read(self._from.fileno(), min(length - len(data), 1 << 20))
            if not some:
                raise Died(self._last_words())
            data += some
        return bytes(data)

    def _last_words(self) -> str:
        self.kill()
        status = self._process.wait()
        how = f"exited with status {status}" if status >= 0 else f"was killed by {signal.Signals(-status).name}"
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - _LAST_WORDS_BYTES))
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return f"{how}, last words: {_printable(lines[-1][:200])}" if lines else how


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text)
