"""The page: everything on it, nothing that runs or loads from elsewhere, and strangers' words shown as words."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from chain.types import Block, Coldkey, Hotkey, Uid, Unreadable
from competitions.records import RoundOutcome, Standing
from evaluation.sources.held import Cause, Held
from evaluation.sources.pool import Pool, Producer
from leaderboard.app import SECURITY_HEADERS, create_app
from ledger import commitments, heartbeats, network, rounds, submissions, waits
from ledger.database import Ledger, open_ledger
from models.rejections import Reason, Rejection
from tests.leaderboard.story import HEAD, NETUID, NOW, VALIDATOR, build, key
from tests.ledger.builders import AWAY, clear, neuron, open_round, pool, text

VOID = {"meta", "link", "img", "rect", "line", "polyline", "wbr", "br"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"


class Outline(HTMLParser):
    """What a page is made of: every tag with its attributes, its text, and whether tags nest as they should."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def outline(client: TestClient, path: str = "/") -> Outline:
    return Outline(client.get(path).text)


def test_the_page_tells_the_whole_story(client: TestClient) -> None:
    said = outline(client).text
    for words in (
        "37 on local",
        "508",
        "answers, round 7 is being judged on seed block 480: 2 models done",
        "at ore/texts; the round waits for it until block 550 "
        "(a producer's batch, or a source's data, is nowhere to be found, tried in 1 block since block 454)",
        "goibniu/ tiny-temper @",
        "−6.47%",
        "copy: 5G2nth…UesH36 committed this model first, in block 12",
        "rejected limits",
        "opens by itself at beacon round 9501",
        "files accepted: 2,385,600 parameters, 9.6 MB",
        "refused SettingWeightsTooFast",
        "1 commitment could not be read",
        "failing",
    ):
        assert words in said


def test_headers_forbid_everything_that_the_page_does_not_need(client: TestClient) -> None:
    for path in ("/", "/api/board.json", "/healthz", "/static/style.css", "/none"):
        headers = client.get(path).headers
        assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_the_page_runs_and_loads_nothing_but_its_own_files(client: TestClient) -> None:
    page = outline(client)
    loaded = [a.get("src") or a.get("href") or "" for tag in ("script", "link", "img") for a in page.all(tag)]
    assert set(loaded) == {"/static/refresh.js", "/static/style.css", "/static/mark.svg"}
    assert [
        name for _, attributes in page.tags for name in attributes if name == "style" or name.startswith("on")
    ] == []
    assert page.all("style") == []
    for file in set(loaded):
        assert client.get(file).status_code == 200
        assert "http" not in client.get(file).text.replace("http://www.w3.org/2000/svg", "")


def test_models_link_to_their_pinned_revision_on_the_hub_and_nothing_else_leaves(client: TestClient) -> None:
    hrefs = {a["href"] or "" for a in outline(client).all("a")}
    outside = {href for href in hrefs if not href.startswith(("/", "#"))}
    assert outside
    assert all(re.fullmatch(r"https://huggingface\.co/\w+/[\w.-]+/tree/[0-9a-f]{40}", href) for href in outside)


def test_what_is_pointed_at_exists_once(client: TestClient) -> None:
    page = outline(client)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {(a["href"] or "")[1:] for a in page.all("a") if (a["href"] or "").startswith("#")}
    labels = {attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes}
    assert targets | labels <= set(ids)


def test_tables_pictures_and_the_page_itself_can_be_read_aloud(client: TestClient) -> None:
    page = outline(client)
    assert page.all("html") == [{"lang": "en"}]
    assert [a for a in page.all("th") if a.get("scope") not in ("col", "row")] == []
    assert [a for a in page.all("svg") if not (a.get("aria-hidden") or (a.get("role") and a.get("aria-label")))] == []
    assert [
        a for _, a in page.tags if a.get("role") == "region" and not (a.get("aria-label") or a.get("aria-labelledby"))
    ] == []
    assert len(page.all("h1")) == len(page.all("main")) == 1


def test_a_page_of_a_full_subnet_stays_under_100_kb_on_the_wire(ledger: Ledger, client_of: TestClient) -> None:
    names = [f"miner{n}" for n in range(256)]
    neurons = [neuron(n, key(name)) for n, name in enumerate(names)]
    entries = [clear(key(name), 10 + n, (text(name, 300),)) for n, name in enumerate(names)]
    commitments.record_poll(ledger, NETUID, Block(300), neurons, entries)
    ids = [
        submissions.add(ledger, opened.commitment_id, "chat", f"user{n}/model-{n}", f"{n:040x}", f"{n:064x}")
        for n, opened in enumerate(submissions.undecoded(ledger))
    ]
    for id_ in ids:
        submissions.record_intake(ledger, id_, Block(301), submissions.Accepted(2_400_000, 9_600_000))
    why = "improved -7.63% on the incumbent, 4.80% needed"
    rows = tuple(Standing(id_, n, "challenger", 2.5 + n, -0.0763, 0.048, why) for n, id_ in enumerate(ids, start=1))
    rounds.close_round(ledger, open_round(ledger).id, RoundOutcome(rows, None), Block(320))
    answer = client_of.get("/")
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 100_000
    assert answer.text.count('<tr class="challenger">') == 256


def test_the_page_says_what_a_round_was_judged_on(client: TestClient) -> None:
    page = outline(client)
    assert [a["id"] for a in page.all("details") if a.get("class") == "samples"] == [
        *("samples-1-6", "samples-1-5"),  # held, and the newest to close
        *("samples-2-7", "samples-2-6"),  # being judged, and the newest to close
    ]
    for words in (
        "Samples of round 7 3 in the pool of questions",
        ", 2 near duplicates passed over in the draw",
        "questions : 3 samples, signed by sample, pool",
        "NotFound: clinker/texts",
        "made outside the round's window 12",
        "a source asks for patience, tried in 3 blocks since block 451 the Hub answered 429 for ore/texts",
    ):
        assert words in page.text


def test_a_held_round_shows_its_cause_and_how_often(ledger: Ledger, client_of: TestClient) -> None:
    round_ = open_round(ledger)
    for block in range(101, 115):
        waits.hold(ledger, round_.id, AWAY, Block(block))
    said = outline(client_of).text
    assert (
        "chat, round 0 is held: the Hub is away (a source does not answer, tried in 14 blocks since block 101)" in said
    )
    assert "Samples of round 0 none Waited for: a source does not answer, tried in 14 blocks" in said


def test_weaker_proof_and_samples_without_producers_are_called_so(ledger: Ledger, client_of: TestClient) -> None:
    given = pool({"hot1": 2})
    pools = {"runs": replace(given, proof="run"), "web": Pool(given.samples, (), {}, "seed")}
    rounds.set_bundle(ledger, open_round(ledger).id, "root", pools, 0)
    page = outline(client_of)
    assert "runs : 2 samples, signed by run (weaker), pool" in page.text
    assert "web : 2 samples, drawn by seed, pool" in page.text
    assert (page.text.count("Nothing was dropped"), len([a for a in page.all("table") if a.get("class")])) == (2, 1)


def test_strangers_words_are_words(ledger: Ledger, client_of: TestClient) -> None:
    network.record_identity(ledger, network.Identity(HOSTILE, NETUID, Hotkey(HOSTILE), HOSTILE, HOSTILE, HOSTILE))
    owners = [neuron(1), neuron(2)]
    odd = Unreadable(Hotkey("hot9"), HOSTILE)
    entries = [clear("hot1", 10, (text("p", 20),)), clear("hot2", 10, (text("p", 20),)), odd]
    commitments.record_poll(ledger, NETUID, Block(30), owners, entries)
    one, two = submissions.undecoded(ledger)
    submissions.refuse(ledger, two.commitment_id, Rejection(Reason.POINTER, HOSTILE))
    id_ = submissions.add(ledger, one.commitment_id, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    round_ = rounds.open_round(ledger, HOSTILE, 0, Block(1), open_round(ledger).seed_hash, b"s")
    rounds.close_round(
        ledger, round_.id, RoundOutcome((Standing(id_, 1, "copy", 1.0, None, None, HOSTILE),), None), HEAD
    )
    heartbeats.beat(ledger, HOSTILE, NOW, None, False, HOSTILE)
    given = Pool((), (Producer(Hotkey(HOSTILE), Coldkey(HOSTILE), HOSTILE, 0, HOSTILE),), {HOSTILE: 1})
    rounds.set_bundle(ledger, open_round(ledger).id, HOSTILE, {HOSTILE: given}, 0)
    waits.hold(ledger, open_round(ledger, 1).id, Held(Cause.WITHHELD, HOSTILE), HEAD)
    page = outline(client_of)
    assert page.all("script") == [{"src": "/static/refresh.js", "defer": None}]
    assert [a for a in page.all("img") if a.get("src") != "/static/mark.svg"] == []
    assert "onerror" not in {name for _, attributes in page.tags for name in attributes}
    assert page.text.count("<script>alert(1)</script>") >= 8
    assert "49" not in page.text


@pytest.mark.parametrize("endpoint", ["javascript:alert(1)", "file:///etc", ""])
def test_a_hub_that_is_no_web_address_is_not_linked_to(ledger: Ledger, client_of: TestClient, endpoint: str) -> None:
    build(ledger)
    network.record_identity(ledger, network.Identity("local", NETUID, VALIDATOR, "print", "", endpoint))
    assert [a["href"] for a in outline(client_of).all("a") if not (a["href"] or "").startswith(("/", "#"))] == []


def test_folders_of_the_machine_are_not_shown(ledger: Ledger, client_of: TestClient) -> None:
    message = "OSError: [Errno 28] No space left on device: '/home/smith/.crucible/models/ab12'"
    heartbeats.beat(ledger, "fetch", NOW, None, False, message)
    shown = client_of.get("/").text + client_of.get("/api/board.json").text
    assert "smith" not in shown
    assert "/ab12" in shown


def test_an_empty_ledger_is_a_whole_page(client_of: TestClient) -> None:
    said = outline(client_of).text
    for words in ("No round is under way", "has not said yet which competitions", "Nobody has committed a model yet"):
        assert words in said


def test_a_subnet_without_a_round_shows_its_vacant_thrones(ledger: Ledger, client_of: TestClient) -> None:
    table = resources.files("competitions").joinpath("tables/localnet.toml").read_text()
    network.record_identity(ledger, network.Identity("local", NETUID, VALIDATOR, "print", table, "https://hub.example"))
    network.record_head(ledger, Block(1), NOW)
    said = outline(client_of).text
    assert (said.count("Vacant"), said.count("No round of this competition has been closed yet")) == (2, 2)


def test_a_round_that_nobody_entered_is_called_so(ledger: Ledger, client_of: TestClient) -> None:
    round_ = open_round(ledger)
    rounds.close_round(ledger, round_.id, RoundOutcome((), None), Block(110))
    said = outline(client_of).text
    assert ("Nobody entered round 0, the newest to close" in said, "No round of this" in said) == (True, False)


def test_a_ledger_that_comes_later_is_found(tmp_path: Path) -> None:
    with TestClient(create_app(tmp_path / "ledger.db")) as client:
        before = [client.get(path).status_code for path in ("/", "/api/board.json", "/healthz")]
        assert "cannot be read now" in outline(client).text
        assert str(tmp_path) not in client.get("/").text + client.get("/healthz").text
        ledger = open_ledger(tmp_path / "ledger.db")
        build(ledger)
        after = [client.get(path).status_code for path in ("/", "/api/board.json", "/healthz")]
        ledger.close()
    assert (before, after) == ([503, 503, 503], [200, 200, 200])


def test_what_does_not_exist_is_said_in_the_form_that_was_asked_for(client: TestClient) -> None:
    page, document = client.get("/wp-admin"), client.get("/api/none.json")
    assert (page.status_code, "Not Found" in Outline(page.text).text) == (404, True)
    assert (document.status_code, document.json()) == (404, {"status": "refused", "detail": "Not Found"})


def test_nothing_can_be_written(client: TestClient) -> None:
    answers = {
        client.request(method, path).status_code
        for method in ("POST", "PUT", "DELETE")
        for path in ("/", "/api/board.json")
    }
    assert answers == {405}


def test_a_check_without_a_body_is_answered(client: TestClient) -> None:
    assert [client.head(path).status_code for path in ("/", "/healthz")] == [200, 200]
    assert client.get("/healthz").json() == {"status": "ok"}


def test_uids_are_those_of_now(ledger: Ledger, client_of: TestClient) -> None:
    build(ledger)
    commitments.record_poll(ledger, NETUID, Block(HEAD + 1), [neuron(200, key("goibniu"))], [])
    network.record_chain_weights(ledger, HEAD, {Uid(1): {Uid(4): 1.0}})
    assert "UID 200" in outline(client_of).text
