"""What a Ray actor is on each machine of a cluster: one warm worker process, and the files that were brought for it.
All that crosses is bytes of our own making; the model stays in the worker, which knows no cluster.
"""

import dataclasses
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation import parcels
from evaluation.node_files import NodeFiles
from evaluation.verdicts import Abandoned
from evaluation.wire import decode_request, encode_verdict
from evaluation.worker_process import WorkerProcess
from models.rejections import Rejection


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """How every machine judges. `cache` is where it keeps what is brought to it, `~` being the home of who runs Ray."""

    device: str
    dtype: str
    threads: int
    memory_bytes: int | None
    start_s: float
    program: Sequence[str]
    cache: str
    cache_bytes: int

    def encode(self) -> bytes:
        """As JSON."""
        return json.dumps(dataclasses.asdict(self)).encode()


class RayNode:
    """One worker on one machine. Ray calls it from several threads, but only `end` comes while another call runs."""

    def __init__(self, options: bytes) -> None:
        """`options` is a NodeOptions as JSON."""
        chosen = NodeOptions(**json.loads(options))
        self._worker = WorkerProcess(
            device=chosen.device,
            dtype=chosen.dtype,
            threads=chosen.threads,
            memory_bytes=chosen.memory_bytes,
            start_s=chosen.start_s,
            program=chosen.program,
        )
        self._files = NodeFiles(Path(chosen.cache).expanduser(), chosen.cache_bytes)

    def name(self) -> str:
        """What people call this machine."""
        return socket.gethostname()

    def warm(self) -> bytes | None:
        """Make ready for a request; why there is no worker then, as a verdict."""
        self._files.release()
        failed = self._worker.warm()
        return None if failed is None else encode_verdict(failed)

    def sees(self, path: str, look: parcels.Look) -> bool:
        """Whether the same files are at the same place here, as on one machine or a shared file system."""
        return parcels.look(Path(path)) == look

    def find(self, parcel: bytes) -> str | None:
        """Where a parcel is kept here; None where it must be brought."""
        found = self._files.find(parcels.decode(parcel))
        return None if found is None else str(found)

    def begin(self, parcel: bytes) -> None:
        """A parcel comes. Raises OSError where there is no room."""
        self._files.begin(parcels.decode(parcel))

    def write(self, place: str, data: bytes) -> None:
        """The next piece of a file."""
        self._files.write(place, data)

    def finish(self) -> str:
        """Where the parcel is, now that all has come. Raises OSError where it is damaged."""
        return str(self._files.finish())

    def judge(self, request: bytes) -> bytes:
        """The verdict on a request whose paths are this machine's."""
        try:
            verdict = self._worker.judge(decode_request(request))
            if isinstance(verdict, Rejection) and (damage := self._files.damage()):
                verdict = Abandoned(f"rejected, {verdict.reason}; but {damage}", is_ours_alone=True)
            return encode_verdict(verdict)
        finally:
            self._files.release()

    def end(self) -> None:
        """End the worker, then this process: where the cluster's head is gone, nobody else would end it soon."""
        self._worker.close()
        self._files.abort()
        os._exit(0)
