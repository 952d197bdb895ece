"""The local Hub goes wrong exactly where, how and how often it was asked to."""

import http.client
import time

import pytest

from hub.huggingface import HuggingFaceHub
from localnet.hub_server.faults import Fault, Faults, InvalidFault, parse_fault
from localnet.hub_server.server import serving
from localnet.hub_server.store import HubStore
from tests.hub.asking import ask

CONTENT = b"0123456789" * 100
FILE = "/alice/x/resolve/main/a.bin"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Faults]:
    root, faults = tmp_path_factory.mktemp("faulty"), Faults()
    with serving(root, faults) as endpoint:
        hub = HuggingFaceHub(endpoint, HubStore(root).add_user("alice"))
        hub.create("alice/x", "model", private=False)
        hub.upload_files("alice/x", "model", {"a.bin": CONTENT}, message="first")
        yield endpoint, faults


@pytest.fixture
def endpoint(place) -> str:
    return place[0]


@pytest.fixture
def faults(place) -> Faults:
    place[1].clear()
    yield place[1]
    place[1].clear()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("503", Fault("503")),
        ("429,retry-after=2,times=3,after=1", Fault("429", retry_after_s=2, times=3, after=1)),
        ("slow,seconds=0.5,rate=1000", Fault("slow", seconds=0.5, rate=1000)),
        ("truncated,path=*/resolve/*,at=10", Fault("truncated", path="*/resolve/*", at=10)),
        ("tampered,method=get,path=*=*", Fault("tampered", method="GET", path="*=*")),
    ],
)
def test_a_fault_is_read_from_words(text, fault):
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", ["", "500", "503,", "503,times", "503,times=-1", "slow,seconds=nan", "503,colour=red"])
def test_other_words_are_refused_with_the_grammar(text):
    with pytest.raises(InvalidFault, match=r"is no fault|which no fault has"):
        parse_fault(text)


@pytest.mark.parametrize("kind", ["429", "503"])
def test_so_many_requests_are_refused_and_only_for_the_path_named(endpoint, faults, kind):
    faults.plan(Fault(kind, path="*/resolve/*", after=1, times=2, retry_after_s=7))
    answers = [ask(endpoint, "GET", FILE) for _ in range(4)]
    other = ask(endpoint, "GET", "/api/models/alice/x")
    assert [answer.status for answer in (*answers, other)] == [200, int(kind), int(kind), 200, 200]
    assert [answer.headers.get("retry-after") for answer in answers] == [None, "7", "7", None]


def test_a_truncated_body_ends_before_its_announced_length(endpoint, faults):
    faults.plan(Fault("truncated", path=FILE, at=15, times=1))
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(endpoint, "GET", FILE)
    assert (caught.value.partial, caught.value.expected) == (CONTENT[:15], len(CONTENT) - 15)
    assert ask(endpoint, "GET", FILE).body == CONTENT


def test_a_tampered_body_differs_in_one_byte(endpoint, faults):
    faults.plan(Fault("tampered", path=FILE, at=3))
    head, body = ask(endpoint, "HEAD", FILE), ask(endpoint, "GET", FILE).body
    assert head.headers["content-length"] == str(len(body)) == "1000"
    assert [(place, byte) for place, byte in enumerate(body) if byte != CONTENT[place]] == [(3, 0xFF ^ ord("3"))]


def test_a_slow_answer_is_the_same_answer_later(endpoint, faults):
    faults.plan(Fault("slow", path=FILE, seconds=0.1, rate=5000))
    begun = time.monotonic()
    assert ask(endpoint, "GET", FILE).body == CONTENT
    assert time.monotonic() - begun >= 0.3


def test_several_faults_may_befall_one_request(endpoint, faults):
    faults.plan(Fault("tampered", path=FILE, at=0))
    faults.plan(Fault("tampered", path=FILE, at=999))
    body = ask(endpoint, "GET", FILE).body
    assert [place for place, byte in enumerate(body) if byte != CONTENT[place]] == [0, 999]
