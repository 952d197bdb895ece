"""The Hugging Face Hub, or a server that speaks like it, through the vendor's client. It keeps no cache, and uses no
token but the one it is given.

Uploads and metadata go through the client's API. Downloads are streamed here over the client's session: the client
does not check content, and leaves notes and locks beside the files.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi, constants, get_session, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile as TreeFile
from huggingface_hub.utils._headers import build_hf_headers  # public as huggingface_hub.utils, which mypy cannot follow
from huggingface_hub.utils._http import hf_raise_for_status
from huggingface_hub.utils.tqdm import disable_progress_bars, tqdm

from hub.arrival import arriving
from hub.blobs import CHUNK_BYTES
from hub.checksums import Fingerprint, verified
from hub.huggingface_errors import translated
from hub.names import check_commit, check_path, split_repo
from hub.port import Denied, InvalidName, NotFound, RepoFile, RepoInfo, RepoKind, TooLarge
from hub.upload import files_below

OFFICIAL_HOST = "huggingface.co"
TIMEOUT_S = 60.0
_UPLOAD_TIMEOUT_S = 300.0
_PATHS_PER_REQUEST = 500

T = TypeVar("T")


class HuggingFaceHub:
    """What the owner of `token` sees of the Hub at `endpoint`; None is a visitor. Safe to use from several threads.

    A step of a download that moves nothing for `timeout_s` fails. `progress` shows bars on the terminal."""

    def __init__(
        self, endpoint: str, token: str | None, *, timeout_s: float = TIMEOUT_S, progress: bool = False
    ) -> None:
        address = urlsplit(endpoint)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise InvalidName(f"{endpoint!r} is no Hub's address; write http(s)://host[:port], as in HF_ENDPOINT")
        if "@" in address.netloc:
            # messages and the validator's public page name the endpoint
            raise InvalidName(f"the address of the Hub at {address.hostname} holds a password; set HF_TOKEN instead")
        if address.hostname != OFFICIAL_HOST:
            # The client's documented switch (HF_HUB_DISABLE_XET): other servers have no Xet storage, and without it the
            # client stops at the first large file rather than use git LFS.
            constants.HF_HUB_DISABLE_XET = True
        self._endpoint = endpoint.rstrip("/")
        self._token = token or None
        self._timeout_s = timeout_s
        self._progress = progress
        # False, not None: the client would take None for "look for a token in the user's home".
        self._api = HfApi(endpoint=self._endpoint, token=self._token or False)

    def whoami(self) -> str:
        """See Hub.whoami."""
        self._signed_in("ask for one's name")
        with self._calling("ask for one's name"):
            return str(self._api.whoami()["name"])

    def create(self, repo: str, kind: RepoKind, *, private: bool) -> None:
        """See Hub.create."""
        action = self._action("create", repo, kind)
        self._signed_in(action)
        with self._calling(action):
            try:
                self._api.create_repo(repo, repo_type=kind, private=private)
            except HfHubHTTPError as error:
                if error.response.status_code != httpx2.codes.CONFLICT:
                    raise

    def upload_folder(self, repo: str, kind: RepoKind, folder: Path, *, message: str, to: str = "") -> str:
        """See Hub.upload_folder."""
        return self._commit(repo, kind, files_below(folder, to), message)

    def upload_files(self, repo: str, kind: RepoKind, files: Mapping[str, bytes], *, message: str) -> str:
        """See Hub.upload_files."""
        return self._commit(repo, kind, {check_path(path): content for path, content in files.items()}, message)

    def describe(self, repo: str, kind: RepoKind, revision: str | None = None) -> RepoInfo:
        """See Hub.describe."""
        with self._calling(self._action("describe", repo, kind, revision)):
            ask = self._api.model_info if kind == "model" else self._api.dataset_info
            info = ask(repo, revision=revision, files_metadata=True, timeout=self._timeout_s)
            files = [
                RepoFile(file.rfilename, _known(file.size), file.lfs.sha256 if file.lfs else None)
                for file in info.siblings or []
            ]
            files.sort(key=lambda file: file.path)
            return RepoInfo(repo, kind, _known(info.sha), bool(info.private), tuple(files))

    def fetch(self, repo: str, kind: RepoKind, revision: str, paths: Sequence[str], into: Path) -> None:
        """See Hub.fetch."""
        expected = self._expected(repo, kind, revision, paths)
        with arriving(into) as arrival:
            for fingerprint in expected:
                arrival.write(fingerprint.path, self._content(repo, kind, revision, fingerprint))

    def read(self, repo: str, kind: RepoKind, revision: str, path: str, *, max_bytes: int) -> bytes:
        """See Hub.read."""
        (expected,) = self._expected(repo, kind, revision, [path])
        if expected.size > max_bytes:
            raise TooLarge(f"{path!r} of {repo!r} has {expected.size} bytes, over the {max_bytes} allowed here")
        return b"".join(self._content(repo, kind, revision, expected))

    def set_visibility(self, repo: str, kind: RepoKind, *, private: bool) -> None:
        """See Hub.set_visibility."""
        action = self._action("change", repo, kind)
        self._signed_in(action)
        with self._calling(action):
            self._api.update_repo_settings(repo, repo_type=kind, private=private)

    def _commit(self, repo: str, kind: RepoKind, files: Mapping[str, Path | bytes], message: str) -> str:
        action = self._action("upload to", repo, kind)
        self._signed_in(action)
        with self._calling(action), nullcontext() if self._progress else disable_progress_bars():
            additions = [CommitOperationAdd(path, content) for path, content in files.items()]
            return self._api.create_commit(repo, additions, commit_message=message, repo_type=kind).oid

    def _expected(self, repo: str, kind: RepoKind, revision: str, paths: Sequence[str]) -> list[Fingerprint]:
        wanted = [check_path(path) for path in dict.fromkeys(paths)]
        check_commit(revision)
        found: dict[str, Fingerprint] = {}
        with self._calling(self._action("list files of", repo, kind, revision)):
            for start in range(0, len(wanted), _PATHS_PER_REQUEST):
                batch = wanted[start : start + _PATHS_PER_REQUEST]
                for item in self._api.get_paths_info(repo, batch, revision=revision, repo_type=kind):
                    if isinstance(item, TreeFile):
                        sha256 = item.lfs.sha256 if item.lfs else None
                        found[item.path] = Fingerprint(item.path, item.size, sha256, item.blob_id)
        missing = [path for path in wanted if path not in found]
        if missing:
            raise NotFound(f"{kind} {repo!r} holds no {missing[0]!r} at {revision}; describe it to see its files")
        return [found[path] for path in wanted]

    def _content(self, repo: str, kind: RepoKind, revision: str, expected: Fingerprint) -> Iterator[bytes]:
        url = hf_hub_url(repo, expected.path, repo_type=kind, revision=revision, endpoint=self._endpoint)
        headers = build_hf_headers(token=self._token or False) | {"Accept-Encoding": "identity"}
        with (
            self._calling(f"download {expected.path!r} of {repo!r}"),
            get_session().stream("GET", url, headers=headers, timeout=self._timeout_s) as response,
            self._bar(expected) as bar,
        ):
            hf_raise_for_status(response)
            for chunk in verified(response.iter_bytes(CHUNK_BYTES), expected):
                bar.update(len(chunk))
                yield chunk

    def _bar(self, expected: Fingerprint) -> Any:
        make: Callable[..., Any] = tqdm
        return make(total=expected.size, unit="B", unit_scale=True, desc=expected.path, disable=not self._progress)

    @contextmanager
    def _calling(self, action: str) -> Iterator[None]:
        with translated(action, self._endpoint, self._token):
            # The client waits for ever by default, and has no argument for it where it uploads.
            get_session().timeout = httpx2.Timeout(_UPLOAD_TIMEOUT_S)
            yield

    def _signed_in(self, action: str) -> None:
        if self._token is None:
            raise Denied(f"could not {action} at {self._endpoint} without a token; set HF_TOKEN to one of this Hub's")

    def _action(self, verb: str, repo: str, kind: RepoKind, revision: str | None = None) -> str:
        split_repo(repo)
        return f"{verb} {kind} {repo!r}" + ("" if revision is None else f" at {revision}")


def _known(value: T | None) -> T:
    if value is None:
        raise KeyError("the description lacks a size or a revision")
    return value
