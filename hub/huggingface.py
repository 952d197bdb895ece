"""The Hugging Face Hub, or a server that speaks like it, through the vendor's client. It keeps no cache, and uses no
token but the one it is given.

Uploads and metadata go through the client's API. Downloads are streamed over the client's session (hub/content.py): the
client does not check content, and leaves notes and locks beside the files.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile as TreeFile
from huggingface_hub.utils.tqdm import disable_progress_bars

from hub.arrival import Arrival, arriving
from hub.bandwidth import Bandwidth
from hub.checksums import Fingerprint, check_range, check_total, complete, verified
from hub.content import HubContent
from hub.download import bring
from hub.huggingface_errors import translated
from hub.login import OFFICIAL_HOST
from hub.names import check_commit, check_path, split_repo
from hub.patience import Patience
from hub.port import Denied, InvalidName, NotFound, RepoFile, RepoInfo, RepoKind, TooLarge
from hub.session import asking, use_own_session
from hub.unfinished import Unfinished, partial_name
from hub.upload import files_below

TIMEOUT_S = 60.0
_PATHS_PER_REQUEST = 500

CommitOperation = CommitOperationAdd | CommitOperationDelete

T = TypeVar("T")


class HuggingFaceHub:
    """What the owner of `token` sees of the Hub at `endpoint`; None is a visitor. Safe to use from several threads.

    A step of a download that moves next to nothing for `timeout_s` fails; in `unfinished` downloads that were cut
    short wait for the next attempt. `bandwidth` holds downloads back; `progress` shows bars on the terminal."""

    def __init__(
        self,
        endpoint: str,
        token: str | None,
        *,
        timeout_s: float = TIMEOUT_S,
        progress: bool = False,
        patience: Patience | None = None,
        unfinished: Path | None = None,
        bandwidth: Bandwidth | None = None,
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
        use_own_session()
        self._endpoint = endpoint.rstrip("/")
        self._token = token or None
        self._timeout_s = timeout_s
        self._progress = progress
        self._patience = patience or Patience()
        self._unfinished = None if unfinished is None else Unfinished(unfinished)
        self._content = HubContent(self._endpoint, self._token, timeout_s, progress, bandwidth)
        # False, not None: the client would take None for "look for a token in the user's home".
        self._api = HfApi(endpoint=self._endpoint, token=self._token or False)

    def whoami(self) -> str:
        """See Hub.whoami."""
        return self._signed_in("ask for one's name", lambda: str(self._api.whoami()["name"]))

    def create(self, repo: str, kind: RepoKind, *, private: bool) -> None:
        """See Hub.create."""

        def create() -> None:
            try:
                self._api.create_repo(repo, repo_type=kind, private=private)
            except HfHubHTTPError as error:
                if error.response.status_code != httpx2.codes.CONFLICT:
                    raise

        self._signed_in(_action("create", repo, kind), create)

    def upload_folder(self, repo: str, kind: RepoKind, folder: Path, *, message: str, to: str = "") -> str:
        """See Hub.upload_folder."""
        return self._commit(repo, kind, files_below(folder, to), message)

    def upload_files(
        self, repo: str, kind: RepoKind, files: Mapping[str, bytes], *, message: str, remove: Sequence[str] = ()
    ) -> str:
        """See Hub.upload_files."""
        named = {check_path(path): content for path, content in files.items()}
        return self._commit(repo, kind, named, message, [check_path(path) for path in remove])

    def describe(self, repo: str, kind: RepoKind, revision: str | None = None) -> RepoInfo:
        """See Hub.describe."""
        ask = self._api.model_info if kind == "model" else self._api.dataset_info

        def describe() -> RepoInfo:
            info = ask(repo, revision=revision, files_metadata=True, timeout=self._timeout_s)
            files = [
                RepoFile(file.rfilename, _known(file.size), file.lfs.sha256 if file.lfs else None)
                for file in info.siblings or []
            ]
            files.sort(key=lambda file: file.path)
            return RepoInfo(repo, kind, _known(info.sha), bool(info.private), tuple(files), bool(info.gated))

        return self._ask(_action("describe", repo, kind, revision), describe)

    def fetch(
        self,
        repo: str,
        kind: RepoKind,
        revision: str,
        paths: Sequence[str],
        into: Path,
        *,
        max_bytes: int | None = None,
    ) -> None:
        """See Hub.fetch."""
        expected = self._expected(repo, kind, revision, paths)
        check_total(expected, max_bytes, repo)
        with arriving(into) as arrival, self._partials(repo, kind, revision, arrival) as folder:
            for file in expected:
                self._bring(repo, kind, revision, file, folder / partial_name(file))
            for file in expected:
                arrival.adopt(file.path, folder / partial_name(file))

    def read(self, repo: str, kind: RepoKind, revision: str, path: str, *, max_bytes: int) -> bytes:
        """See Hub.read."""
        (expected,) = self._expected(repo, kind, revision, [path])
        if expected.size > max_bytes:
            raise TooLarge(f"{path!r} of {repo!r} has {expected.size} bytes, over the {max_bytes} allowed here")

        def read() -> bytes:
            with self._content.opened(repo, kind, revision, expected) as content:
                return b"".join(verified(content, expected))

        return self._patience.repeat(read)

    def read_range(self, repo: str, kind: RepoKind, revision: str, path: str, start: int, stop: int) -> Iterator[bytes]:
        """See Hub.read_range."""
        check_range(start, stop)
        split_repo(repo)
        check_commit(revision)
        check_path(path)
        with ExitStack() as answer:
            part = self._content.part
            chunks = self._patience.repeat(lambda: answer.enter_context(part(repo, kind, revision, path, start, stop)))
            yield from complete(chunks, path, stop - start)

    def set_visibility(self, repo: str, kind: RepoKind, *, private: bool) -> None:
        """See Hub.set_visibility."""
        self._change(repo, kind, lambda: self._api.update_repo_settings(repo, repo_type=kind, private=private))

    def set_gated(self, repo: str, kind: RepoKind, *, gated: bool) -> None:
        """See Hub.set_gated."""
        mode: Literal["manual", False] = "manual" if gated else False
        self._change(repo, kind, lambda: self._api.update_repo_settings(repo, repo_type=kind, gated=mode))

    def grant(self, repo: str, kind: RepoKind, user: str) -> None:
        """See Hub.grant."""

        def grant() -> None:
            try:
                self._api.grant_access(repo, user, repo_type=kind)
            except HfHubHTTPError as error:
                # the same answer for one who has access already and for what is not gated
                if error.response.status_code != httpx2.codes.BAD_REQUEST:
                    raise
                accepted = self._api.list_accepted_access_requests(repo, repo_type=kind)
                if user not in {request.username for request in accepted}:
                    raise

        self._change(repo, kind, grant)

    def _commit(
        self, repo: str, kind: RepoKind, files: Mapping[str, Path | bytes], message: str, remove: Sequence[str] = ()
    ) -> str:
        def commit() -> str:
            with nullcontext() if self._progress else disable_progress_bars():
                changes: list[CommitOperation] = [CommitOperationAdd(path, content) for path, content in files.items()]
                changes += [CommitOperationDelete(path, is_folder=False) for path in remove]
                return self._api.create_commit(repo, changes, commit_message=message, repo_type=kind).oid

        return self._signed_in(_action("upload to", repo, kind), commit, uploads=True)

    def _change(self, repo: str, kind: RepoKind, change: Callable[[], object]) -> None:
        self._signed_in(_action("change", repo, kind), change)

    def _expected(self, repo: str, kind: RepoKind, revision: str, paths: Sequence[str]) -> list[Fingerprint]:
        wanted = [check_path(path) for path in dict.fromkeys(paths)]
        check_commit(revision)
        action = _action("list files of", repo, kind, revision)
        found: dict[str, Fingerprint] = {}
        for start in range(0, len(wanted), _PATHS_PER_REQUEST):
            batch = wanted[start : start + _PATHS_PER_REQUEST]
            ask = self._api.get_paths_info
            for item in self._ask(action, lambda: ask(repo, batch, revision=revision, repo_type=kind)):  # noqa: B023
                if isinstance(item, TreeFile):
                    sha256 = item.lfs.sha256 if item.lfs else None
                    found[item.path] = Fingerprint(item.path, item.size, sha256, item.blob_id)
        missing = [path for path in wanted if path not in found]
        if missing:
            raise NotFound(f"{kind} {repo!r} holds no {missing[0]!r} at {revision}; describe it to see its files")
        return [found[path] for path in wanted]

    @contextmanager
    def _partials(self, repo: str, kind: RepoKind, revision: str, arrival: Arrival) -> Iterator[Path]:
        """Lend the folder that files of a revision are gathered in: one that outlives failures, if it is free."""
        with ExitStack() as held:
            kept = None
            if self._unfinished is not None:
                kept = held.enter_context(self._unfinished.held(self._endpoint, kind, repo, revision))
            yield kept or arrival.scratch

    def _bring(self, repo: str, kind: RepoKind, revision: str, expected: Fingerprint, partial: Path) -> None:
        bring(
            lambda start: self._content.opened(repo, kind, revision, expected, start),
            expected,
            partial,
            self._patience.repeat,
        )

    def _ask(self, action: str, call: Callable[[], T], *, uploads: bool = False) -> T:
        """Call the client, again where the Hub asks for patience; its errors become the port's."""

        def once() -> T:
            with translated(action, self._endpoint, self._token), asking(None if uploads else self._timeout_s):
                return call()

        return self._patience.repeat(once)

    def _signed_in(self, action: str, call: Callable[[], T], *, uploads: bool = False) -> T:
        if self._token is None:
            raise Denied(f"could not {action} at {self._endpoint} without a token; set HF_TOKEN to one of this Hub's")
        return self._ask(action, call, uploads=uploads)


def _action(verb: str, repo: str, kind: RepoKind, revision: str | None = None) -> str:
    split_repo(repo)
    return f"{verb} {kind} {repo!r}" + ("" if revision is None else f" at {revision}")


def _known(value: T | None) -> T:
    if value is None:
        raise KeyError("the description lacks a size or a revision")
    return value
