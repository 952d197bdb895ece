"""Every error of the vendor's client is either translated or known not to come from what we call."""

import inspect
import json

import httpx2
import pytest
from huggingface_hub import errors

from hub.huggingface_errors import translated, translation_of
from hub.port import Denied, HubError, HubUnreachable, InvalidName, NotFound, RateLimited

ENDPOINT = "https://hub.example"
REQUEST = httpx2.Request("GET", f"{ENDPOINT}/api/models/a/b")

TRANSLATED: dict[str, type[HubError]] = {
    "BadRequestError": HubError,
    "DisabledRepoError": NotFound,
    "EntryNotFoundError": NotFound,
    "FileMetadataError": HubUnreachable,
    "GatedRepoError": NotFound,
    "HFValidationError": InvalidName,
    "HfHubHTTPError": HubError,
    "HfUriError": InvalidName,
    "IncompleteSnapshotError": HubUnreachable,
    "LocalEntryNotFoundError": HubUnreachable,
    "LocalTokenNotFoundError": Denied,
    "OfflineModeIsEnabled": HubUnreachable,
    "RemoteEntryNotFoundError": NotFound,
    "RepositoryNotFoundError": NotFound,
    "RevisionNotFoundError": NotFound,
    "RevisionResolutionError": HubUnreachable,
    "XetDownloadError": HubUnreachable,
}

NEVER_RAISED_BY_WHAT_WE_CALL = {
    "inference": {
        *("InferenceTimeoutError", "InferenceEndpointError", "InferenceEndpointTimeoutError", "TextGenerationError"),
        *("ValidationError", "GenerationError", "OverloadedError", "IncompleteGenerationError", "UnknownError"),
    },
    "signing in": {"OIDCError", "DeviceCodeError"},
    "the client's cache": {"CacheNotFound", "CorruptedCacheException", "CachedRepoTreeNotFoundError", "DryRunError"},
    "safetensors and DDUF metadata": {
        *("SafetensorsParsingError", "NotASafetensorsRepoError", "DDUFError", "DDUFCorruptedFileError"),
        *("DDUFExportError", "DDUFInvalidEntryNameError"),
    },
    "strict dataclasses": {
        *("StrictDataclassError", "StrictDataclassDefinitionError"),
        *("StrictDataclassFieldValidationError", "StrictDataclassClassValidationError"),
    },
    "buckets, jobs, copies": {"BucketNotFoundError", "BucketBatchError", "JobNotFoundError", "FileDuplicationError"},
    "its command line and sandboxes": {
        *("CLIError", "ConfirmationError", "CLIExtensionInstallError", "SandboxError", "SandboxCommandError"),
    },
}


def answered(status: int, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, request=REQUEST, headers=headers, content=b"")


def vendor_error(name: str) -> Exception:
    kind = getattr(errors, name)
    if issubclass(kind, errors.HfHubHTTPError):
        return kind("said", response=answered(418))
    return kind("said", "more") if name in ("HfUriError", "IncompleteSnapshotError") else kind("said")


def test_every_error_class_of_the_client_is_accounted_for():
    raised = {
        name for name, kind in vars(errors).items() if inspect.isclass(kind) and kind.__module__ == errors.__name__
    }
    raised = {name for name in raised if issubclass(getattr(errors, name), Exception)}
    assert raised == TRANSLATED.keys() | set().union(*NEVER_RAISED_BY_WHAT_WE_CALL.values())


@pytest.mark.parametrize(("name", "kind"), TRANSLATED.items(), ids=TRANSLATED)
def test_errors_of_the_client_are_translated(name, kind):
    assert type(translation_of(vendor_error(name), "describe it", ENDPOINT)) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((400, HubError), (401, Denied), (403, Denied), (404, NotFound), (408, HubUnreachable), (409, HubError)),
        *((410, NotFound), (413, HubError), (429, RateLimited), (500, HubUnreachable), (503, HubUnreachable)),
    ],
)
def test_an_answer_is_translated_by_its_status(status, kind):
    error = errors.HfHubHTTPError("said", response=answered(status))
    assert type(translation_of(error, "describe it", ENDPOINT)) is kind


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [({"Retry-After": "7"}, 7.0), ({"RateLimit": '"api";r=0;t=55'}, 55.0), ({"Retry-After": "soon"}, 60.0), ({}, 60.0)],
)
def test_a_rate_limit_says_how_long_to_wait(headers, wait_s):
    error = translation_of(errors.HfHubHTTPError("said", response=answered(429, **headers)), "describe it", ENDPOINT)
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == wait_s


@pytest.mark.parametrize(
    "error",
    [
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("too slow"),
        httpx2.RemoteProtocolError("peer closed connection"),
        httpx2.TooManyRedirects("loop"),
        httpx2.UnsupportedProtocol("gopher"),
        json.JSONDecodeError("no JSON", "<html>", 0),
        KeyError("sha"),
        TypeError("string indices"),
        RuntimeError("xet stopped"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_answer_or_no_hubs_answer_is_unreachable(error):
    assert type(translation_of(error, "describe it", ENDPOINT)) is HubUnreachable


def test_a_failed_upload_is_translated_by_its_cause():
    error = RuntimeError("Error while uploading 'x' to the Hub.")
    error.__cause__ = errors.HfHubHTTPError("said", response=answered(403))
    assert type(translation_of(error, "upload it", ENDPOINT)) is Denied


def test_errors_of_ones_own_disk_pass_through():
    with pytest.raises(PermissionError), translated("upload it", ENDPOINT, None):
        raise PermissionError("secret.bin")


def test_a_message_gives_action_endpoint_and_remedy_but_never_the_token():
    response = httpx2.Response(403, request=REQUEST, json={"error": "hf_secret lacks the right"})
    with pytest.raises(Denied) as caught, translated("upload to model 'a/b'", ENDPOINT, "hf_secret"):
        raise errors.HfHubHTTPError("said", response=response, server_message="hf_secret lacks the right")
    assert str(caught.value) == (
        "could not upload to model 'a/b' at https://hub.example: 403 (<token> lacks the right); "
        "check that HF_TOKEN is valid and has the right"
    )
