"""The Hugging Face client's errors in the words of the Hub port. It makes no request.

Errors of the caller's own disk pass through untouched; everything the client or its HTTP library raises becomes one of
the port's errors.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from huggingface_hub.errors import (
    DisabledRepoError,
    EntryNotFoundError,
    FileMetadataError,
    HfHubHTTPError,
    HfUriError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    RevisionResolutionError,
    XetDownloadError,
)

from hub.port import Denied, HubError, HubUnreachable, InvalidName, NotFound, RateLimited

_DEFAULT_WAIT_S = 60.0
_HIDDEN = (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError, DisabledRepoError)
_NO_ANSWER = (
    *(httpx2.HTTPError, httpx2.StreamError, OfflineModeIsEnabled, LocalEntryNotFoundError, RevisionResolutionError),
    *(FileMetadataError, XetDownloadError),
)
_MALFORMED = (json.JSONDecodeError, KeyError, TypeError)


@contextmanager
def translated(action: str, endpoint: str, token: str | None) -> Iterator[None]:
    """Turn what the client raises inside the block into a HubError that says which `action` failed where."""
    try:
        yield
    except HubError:
        raise
    except Exception as error:
        translation = translation_of(error, action, endpoint)
        if translation is None:
            raise
        if token:
            translation.args = tuple(str(text).replace(token, "<token>") for text in translation.args)
        raise translation from error


def translation_of(error: BaseException, action: str, endpoint: str) -> HubError | None:
    """Return the port's error for one of the client's, or None for an error that is not about the Hub."""
    where = f"could not {action} at {endpoint}"
    match error:
        case LocalEntryNotFoundError():
            return HubUnreachable(f"{where}: the client found it neither there nor on disk; check the connection")
        case HfHubHTTPError():
            return _answered(error, where)
        case EntryNotFoundError():
            return NotFound(f"{where}: no such file; describe the repository to see its files")
        case LocalTokenNotFoundError():
            return Denied(f"{where}: no token; set HF_TOKEN to a token of the Hub")
        case HFValidationError() | HfUriError():
            return InvalidName(f"{where}: {error}")
        case _ if isinstance(error, _NO_ANSWER):
            return HubUnreachable(f"{where}: {_reason(error)}; check the endpoint and the connection, then try again")
        case _ if isinstance(error, _MALFORMED):
            return HubUnreachable(f"{where}: the answer is not a Hub's ({_reason(error)}); check the endpoint")
        case ValueError():
            return HubError(f"{where}: {error}")
        case RuntimeError():
            cause = None if error.__cause__ is None else translation_of(error.__cause__, action, endpoint)
            return cause or HubUnreachable(f"{where}: {error}; try again")
    return None


def _answered(error: HfHubHTTPError, where: str) -> HubError:
    status = error.response.status_code
    said = error.server_message or error.response.reason_phrase
    if status == 429:
        wait_s = _asked_s(error.response)
        wait_s = _DEFAULT_WAIT_S if wait_s is None else wait_s
        return RateLimited(f"{where}: too many requests; wait {wait_s:g} s before the next", wait_s)
    if status >= 500 or status == 408:
        wait_s = _asked_s(error.response)
        later = "later" if wait_s is None else f"in {wait_s:g} s"
        return HubUnreachable(f"{where}: the Hub answered {status} ({said}); try again {later}", wait_s)
    if isinstance(error, _HIDDEN) or status in (404, 410):
        return NotFound(f"{where}: not there for this user ({status}: {said}); check names, revision and visibility")
    if status in (401, 403):
        return Denied(f"{where}: {status} ({said}); check that HF_TOKEN is valid and has the right")
    return HubError(f"{where}: the Hub refused with {status} ({said})")


def _asked_s(response: httpx2.Response) -> float | None:
    """Return how many seconds the Hub asks to wait; None where it does not say."""
    after = response.headers.get("retry-after", "")
    # IETF draft-ietf-httpapi-ratelimit-headers: `"api";r=0;t=55` asks to wait t seconds.
    window = re.search(r";\s*t\s*=\s*(\d+)", response.headers.get("ratelimit", ""))
    return float(after) if after.isdigit() else float(window[1]) if window else None


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__} {error}".strip()
