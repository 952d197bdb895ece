"""The content of files at the Hub, over the client's session: from any byte on, as it comes, and not checked here."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from huggingface_hub import get_session, hf_hub_url
from huggingface_hub.utils._headers import build_hf_headers  # public as huggingface_hub.utils, which mypy cannot follow
from huggingface_hub.utils._http import hf_raise_for_status
from huggingface_hub.utils.tqdm import tqdm

from hub.bandwidth import Bandwidth
from hub.checksums import Fingerprint
from hub.download import check_part, check_start
from hub.huggingface_errors import translated
from hub.patience import paced
from hub.port import RepoKind

LEAST_BYTES = 64 << 10
"""Bytes that must come while `timeout_s` is spent waiting for them."""


@dataclass(frozen=True, slots=True)
class HubContent:
    """How files are read from one Hub: as whom, how long one waits, and how fast at most."""

    endpoint: str
    token: str | None = field(repr=False)
    timeout_s: float
    progress: bool
    bandwidth: Bandwidth | None

    @contextmanager
    def opened(
        self, repo: str, kind: RepoKind, revision: str, expected: Fingerprint, start: int = 0
    ) -> Iterator[Iterator[bytes]]:
        """Open a file from a byte on. Raises CannotResume, and the port's errors, also while it is read."""
        asked = {"Range": f"bytes={start}-"} if start else {}
        with self._answer(repo, kind, revision, expected.path, asked) as response:
            check_start(response, start)
            hf_raise_for_status(response)
            yield self._held_back(response.iter_bytes(), expected.path, expected.size, start)

    @contextmanager
    def part(
        self, repo: str, kind: RepoKind, revision: str, path: str, start: int, stop: int
    ) -> Iterator[Iterator[bytes]]:
        """Open the bytes [start, stop) of a file. Raises the port's errors, also while they are read."""
        with self._answer(repo, kind, revision, path, {"Range": f"bytes={start}-{stop - 1}"}) as response:
            check_part(response, path, start, stop)
            hf_raise_for_status(response)
            yield self._held_back(response.iter_bytes(), path, stop - start, 0)

    @contextmanager
    def _answer(
        self, repo: str, kind: RepoKind, revision: str, path: str, asked: Mapping[str, str]
    ) -> Iterator[httpx2.Response]:
        url = hf_hub_url(repo, path, repo_type=kind, revision=revision, endpoint=self.endpoint)
        headers = {**build_hf_headers(token=self.token or False), "Accept-Encoding": "identity", **asked}
        with (
            translated(f"download {path!r} of {repo!r}", self.endpoint, self.token),
            get_session().stream("GET", url, headers=headers, timeout=self.timeout_s) as response,
        ):
            yield response

    def _held_back(self, chunks: Iterator[bytes], path: str, size: int, start: int) -> Iterator[bytes]:
        with self._bar(path, size, start) as bar:
            for chunk in paced(chunks, self.timeout_s, LEAST_BYTES):
                if self.bandwidth is not None:
                    self.bandwidth.spend(len(chunk))
                bar.update(len(chunk))
                yield chunk

    def _bar(self, path: str, size: int, start: int) -> Any:
        make: Callable[..., Any] = tqdm
        shown = {"desc": path, "unit": "B", "unit_scale": True, "disable": not self.progress}
        return make(total=size, initial=start, **shown)
