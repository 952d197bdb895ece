"""The real client against servers that fail: the rest of the house sees the port's error, soon, and no files."""

import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from hub.huggingface import HuggingFaceHub
from hub.patience import Patience
from hub.port import CorruptDownload, Denied, HubError, HubUnreachable, InvalidName, RateLimited
from tests.hub.conftest import LocalHub
from tests.serving import Reply, replying


def status(code: int, body: bytes = b"", **headers: str) -> Reply:
    def reply(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return reply


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (status(500), HubUnreachable),
        (status(502, b"<html>bad gateway</html>", Content_Type="text/html"), HubUnreachable),
        (status(429, Retry_After="99"), RateLimited),
        (status(403), Denied),
        (status(401, X_Error_Message="Invalid credentials in Authorization header"), Denied),
        (status(400, b'{"error": "odd"}'), HubError),
        (status(200, b"<html>a captive portal</html>"), HubUnreachable),
        (status(200, b'{"sha": null, "id": "a/b"}'), HubUnreachable),
        (status(200, b"[]"), HubUnreachable),
        (status(200, b'{"id": "a', Content_Length="100"), HubUnreachable),
    ],
    ids=["500", "502", "429", "403", "bad token", "400", "portal", "no revision", "list", "cut off"],
)
def test_a_failing_hub_is_named_by_the_ports_errors(reply, kind):
    with replying(reply) as endpoint, pytest.raises(HubError) as caught:
        HuggingFaceHub(endpoint, "hf_secret", timeout_s=5).describe("a/b", "model")
    assert type(caught.value) is kind
    assert endpoint in str(caught.value)
    assert "hf_secret" not in str(caught.value)


def test_a_hub_that_never_answers_is_given_up():
    release = threading.Event()
    with replying(lambda _request: release.wait(10) and None) as endpoint:
        with pytest.raises(HubUnreachable):
            HuggingFaceHub(endpoint, None, timeout_s=0.2).describe("a/b", "model")
        release.set()


def test_nobody_listening_is_unreachable():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(HubUnreachable):
            HuggingFaceHub(endpoint, "hf_secret").whoami()


@pytest.mark.parametrize("endpoint", ["", "huggingface.co", "ftp://huggingface.co", "http://"])
def test_an_endpoint_that_is_no_address_is_refused_at_once(endpoint):
    with pytest.raises(InvalidName):
        HuggingFaceHub(endpoint, None)


def test_an_endpoint_with_a_password_is_refused_without_repeating_it():
    with pytest.raises(InvalidName) as caught:
        HuggingFaceHub("https://me:secret@hub.example", None)
    assert "secret" not in str(caught.value)
    assert "set HF_TOKEN instead" in str(caught.value)


def test_a_token_of_nobody_is_denied(local_hub: LocalHub):
    with pytest.raises(Denied):
        HuggingFaceHub(local_hub.endpoint, "hf_" + "0" * 40).whoami()


@pytest.mark.parametrize(("path", "content"), [("weights.bin", bytes(4000)), ("notes.txt", b"a" * 4000)])
@pytest.mark.parametrize("damaged", [b"x" * 4000, b"x" * 4001, b"x" * 10], ids=["other", "longer", "shorter"])
def test_damaged_content_is_noticed_and_not_kept(local_hub, path, content, damaged, tmp_path: Path, request):
    repo = f"alice/{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]}"
    own = content + request.node.nodeid.encode()
    hub = HuggingFaceHub(local_hub.endpoint, local_hub.alice)
    hub.create(repo, "model", private=False)
    revision = hub.upload_files(repo, "model", {path: own, "good.txt": b"good"}, message="first")
    local_hub.store.archive.blobs.path(hashlib.sha256(own).hexdigest()).write_bytes(damaged)
    with pytest.raises(CorruptDownload):
        hub.fetch(repo, "model", revision, ["good.txt", path], tmp_path / "into")
    with pytest.raises(CorruptDownload):
        hub.read(repo, "model", revision, path, max_bytes=5000)
    assert list((tmp_path / "into").iterdir()) == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (status(200, b"0123456789"), HubUnreachable),
        (status(206, b"23456", Content_Range="bytes 2-6/10"), CorruptDownload),
        (status(206, b"12345"), CorruptDownload),
        (status(206, b"123", Content_Range="bytes 1-5/10"), CorruptDownload),
        (status(206, b"123456", Content_Range="bytes 1-5/10"), CorruptDownload),
        (status(206, b"123", Content_Range="bytes 1-5/10", Content_Length="5"), HubUnreachable),
        (status(416), CorruptDownload),
        (status(429, Retry_After="99"), RateLimited),
        (status(503), HubUnreachable),
    ],
    ids=["whole file", "other part", "unnamed part", "shorter", "longer", "cut off", "beyond the end", "429", "503"],
)
def test_a_part_that_is_not_the_one_asked_for_is_an_error(reply, kind):
    with replying(reply) as endpoint, pytest.raises(HubError) as caught:
        b"".join(HuggingFaceHub(endpoint, None, timeout_s=5).read_range("a/b", "dataset", "0" * 40, "c", 1, 6))
    assert type(caught.value) is kind


def test_a_part_is_asked_for_again_where_the_hub_asks_for_patience():
    waits: list[float] = []
    answers = [status(429, Retry_After="3"), status(206, b"12345", Content_Range="bytes 1-5/10")]
    with replying(lambda request: answers.pop(0)(request)) as endpoint:
        hub = HuggingFaceHub(endpoint, None, patience=Patience(sleep=waits.append))
        assert b"".join(hub.read_range("a/b", "dataset", "0" * 40, "c", 1, 6)) == b"12345"
    assert waits == [3.0]


@pytest.mark.parametrize("progress", [False, True])
def test_progress_is_shown_only_when_asked_for(local_hub, progress, tmp_path: Path, capfd):
    repo = f"alice/progress-{progress}"
    hub = HuggingFaceHub(local_hub.endpoint, local_hub.alice, progress=progress)
    hub.create(repo, "model", private=False)
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "weights.bin").write_bytes(repo.encode())
    revision = hub.upload_folder(repo, "model", tmp_path / "up", message="first")
    uploading = capfd.readouterr().err
    hub.fetch(repo, "model", revision, ["weights.bin"], tmp_path / "down")
    downloading = capfd.readouterr().err
    assert ["weights.bin" in uploading, "weights.bin" in downloading] == [progress, progress]
