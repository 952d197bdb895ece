"""The reading process as the validator sees it: started for one round, asked order by order, killed at the round's
deadline. Its client, and whatever that imports, stays out of the validator.
"""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from evaluation.child import Child, Died, Late
from evaluation.sources.held import Cause, Held
from evaluation.sources.spec import WANDB_URL
from evaluation.sources.wandb_wire import Limits, Listed, NotHad, Order, Rows, decode_answer, encode_order
from evaluation.wire import Garbled

_INHERITED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")
_PROGRAM = "evaluation.sources.wandb_child"


class WandbProcess:
    """One process with one deadline for all that it is asked."""

    def __init__(self, child: Child, host: str, limits: Limits) -> None:
        self._child = child
        self._host = host
        self._limits = limits
        self._until: float | None = None
        self._left = limits.max_bytes

    def ask(self, order: Order) -> Listed | Rows | Held:
        """The answer, or why the round waits."""
        try:
            message = self._answered(order)
            answer = decode_answer(message)
        except Late:
            return self._overrun(f"took more than {self._allowed():g} s and was killed")
        except (Died, Garbled) as error:
            return self._overrun(str(error))
        self._left -= len(message)
        if self._left < 0:
            return self._overrun(f"gave more than {self._limits.max_bytes} bytes")
        return Held(answer.cause, f"{self._host}: {answer.detail}") if isinstance(answer, NotHad) else answer

    def _answered(self, order: Order) -> bytes:
        if self._until is None:
            self._child.receive(time.monotonic() + self._limits.start_s)
            self._until = time.monotonic() + self._limits.deadline_s
        self._child.send(encode_order(order), self._until)
        return self._child.receive(self._until)

    def _allowed(self) -> float:
        return self._limits.start_s if self._until is None else self._limits.deadline_s

    def _overrun(self, how: str) -> Held:
        return Held(Cause.OVERRUN, f"reading {self._host} {how}")


@contextlib.contextmanager
def wandb_process(base_url: str, limits: Limits) -> Iterator[WandbProcess | Held]:
    """A process that reads one server, and leaves nothing behind; Held where this validator has no key for it."""
    key = _key(base_url)
    if key is None:
        yield Held(
            Cause.UNREACHABLE,
            f"{base_url}: no API key; set WANDB_API_KEY, and WANDB_BASE_URL={base_url} where it is not {WANDB_URL}",
        )
        return
    command = [sys.executable, "-P", "-m", _PROGRAM, "--retries", str(limits.retries)]
    command += ["--memory-bytes", str(limits.memory_bytes), "--file-bytes", str(limits.max_bytes)]
    # a service that is still ending may write meanwhile; what it leaves is the system's to sweep
    with tempfile.TemporaryDirectory(prefix="crucible-wandb-", ignore_cleanup_errors=True) as folder:
        child = Child(command, _environment(base_url, key, folder))
        try:
            yield WandbProcess(child, base_url, limits)
        finally:
            child.discard()


def _key(base_url: str) -> str | None:
    """Our API key, if it is for this server: a table names servers, and must not send our key to one of its choice."""
    ours = os.environ.get("WANDB_BASE_URL", WANDB_URL)
    return os.environ.get("WANDB_API_KEY") if ours.rstrip("/") == base_url.rstrip("/") else None


def _environment(base_url: str, key: str, folder: str) -> dict[str, str]:
    """No home, and every folder of the client's in one that is thrown away."""
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent.parent),
        "HOME": folder,
        "TMPDIR": folder,
        "WANDB_API_KEY": key,
        "WANDB_BASE_URL": base_url,
        "WANDB_DIR": folder,
        "WANDB_CACHE_DIR": folder,
        "WANDB_CONFIG_DIR": folder,
        "WANDB_DATA_DIR": folder,
        "WANDB_ERROR_REPORTING": "false",
        "GOTRACEBACK": "none",
    }
