"""`wandb_runs` with wandb's real client on both ends, against a stand-in for its server on this machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.simulated.stage import START
from chain.types import Block, BlockCount, NetUid
from evaluation.sources.content import Pair
from evaluation.sources.doors import Doors
from evaluation.sources.held import Cause, Held
from evaluation.sources.occasion import Occasion
from evaluation.sources.pool import Pool
from evaluation.sources.spec import PhraseList, Screen, WandbRunsSpec
from evaluation.sources.wandb_runs import WandbRuns
from evaluation.sources.wandb_wire import Limits
from tests.evaluation.wandb_stand_in import API_KEY, WRITER, StandIn, StoredRun, Trouble, stand_in

OCCASION = Occasion(Block(100), b"seed", Block(40), {"pair": 4})
SPEC = WandbRunsSpec(
    kind="wandb_runs",
    entity="ent",
    project="proj",
    netuid=NetUid(2),
    min_stake=100.0,
    min_producers=1,
    max_age_blocks=BlockCount(50),
    screen=Screen(max_bytes=2_000, phrases=PhraseList("tests", 1, ("as a language model",))),
)
LIMITS = Limits(retries=1)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A stand-in whose clock shows the chain's block 90, and this validator's key for it."""
    with stand_in(moment(90)) as server:
        monkeypatch.setenv("WANDB_API_KEY", API_KEY)
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        yield server


@pytest.fixture
def pool_of(data_chain: SimulatedChain, hub, server: StandIn, tmp_path: Path):
    """Reads the round's pool, by other limits where a test gives them."""

    def read(limits: Limits = LIMITS, spec: WandbRunsSpec = SPEC) -> Pool | Held:
        data_chain.advance_to(OCCASION.seed_block)
        source = WandbRuns(Doors(data_chain, hub, tmp_path), limits)
        return source.pool(replace(spec, base_url=server.url), OCCASION)

    return read


def signature(wallet: Wallet, run: str) -> str:
    """As older subnets sign: the bare id."""
    return bytes(wallet.sdk.hotkey.sign(run.encode())).hex()


def moment(block: float) -> datetime:
    """When a block of the tests' chain is made."""
    return START + timedelta(seconds=12 * block)


def row(text: str, block: float = 90.1, **columns: object) -> dict[str, object]:
    """A history row by its text and its own time, in blocks."""
    return {"prompt": f"say {text}", "reference": text, "_timestamp": moment(block).timestamp(), **columns}


def put(server: StandIn, name: str, wallet: Wallet, rows: list[dict[str, object]], **config: str | None) -> StoredRun:
    """A run that its wallet signed, but for what `config` says instead."""
    claims = {"hotkey": wallet.hotkey, "signature": signature(wallet, name), **config}
    kept = {key: value for key, value in claims.items() if value is not None}
    return server.put(StoredRun(name, server.now, server.now, kept, [json.dumps(one) for one in rows]))


def texts(pool: Pool | Held) -> list[str]:
    """What the pool's samples answer, sorted."""
    assert isinstance(pool, Pool), pool
    return sorted(sample.content.reference for sample in pool.samples if isinstance(sample.content, Pair))


def test_what_the_real_client_logged_is_read_back_by_the_real_client(
    producers, wallets, pool_of, tmp_path: Path
) -> None:
    producers.join(*wallets[:1])
    wallet = wallets[0]
    rows = [row("one"), row("two", loss=0.5), {"loss": 1.0}]
    order = {"run": "r1", "hotkey": wallet.hotkey, "signature": signature(wallet, "r1"), "rows": rows}
    environment = {**os.environ, "WANDB_DIR": str(tmp_path), "HOME": str(tmp_path), "WANDB_ERROR_REPORTING": "false"}
    command = [sys.executable, "-c", WRITER]
    subprocess.run(command, input=json.dumps(order).encode(), env=environment, cwd=tmp_path, check=True)

    pool = pool_of()
    assert texts(pool) == ["one", "two"]
    assert {(one.source, one.producer, one.netuid, one.anchor_block, one.created_at) for one in pool.samples} == {
        ("wandb", wallet.hotkey, 2, None, moment(90) + timedelta(seconds=1))
    }
    assert (pool.proof, dict(pool.counts), pool.producers[0].samples) == ("run", {"malformed": 1}, 2)
    assert pool_of() == pool


def test_each_run_and_row_that_does_not_count_is_counted_under_its_rule(producers, wallets, server, pool_of) -> None:
    producers.join(*wallets[:1])
    producers.join(wallets[1], stake=99.0)
    producers.join(wallets[2], permit=False)
    good, poor, forbidden, stranger = wallets
    rows = [
        row("the seed block's", 100),
        row("the first after the window's start", 50.1),
        row("the window's start", 50),
        row("too late", 100.1),
        row("too old", 10),
        row("and As A Language Model I must not"),
        row("x" * 10_000_000),
        row(""),
        row("no prompt", prompt=None),
        row("no number", _timestamp="soon"),
        row("twice"),
    ]
    put(server, "a", good, rows)
    put(server, "b", good, [row("twice", 91), row("of another run")])
    put(server, "unsigned", good, [row("unsigned")], signature=None)
    put(server, "nameless", good, [row("nameless")], hotkey=None)
    put(server, "foreign", good, [row("foreign")], signature=signature(stranger, "foreign"))
    put(server, "copied", good, [row("copied")], signature=signature(good, "a"))
    put(server, "garbled", good, [row("garbled")], signature="no hex")
    put(server, "poor", poor, [row("poor")])
    put(server, "forbidden", forbidden, [row("forbidden")])
    put(server, "stranger", stranger, [row("stranger")])
    late = put(server, "late", good, [row("begun after the seed block")])
    late.created_at = late.heartbeat_at = moment(101)

    pool = pool_of()
    assert texts(pool) == ["of another run", "the first after the window's start", "the seed block's", "twice"]
    assert dict(pool.counts) == {
        "signature": 4,
        "malformed": 3,
        "window": 3,
        "length": 1,
        "phrase": 1,
        "duplicate": 1,
    }
    assert [(one.hotkey, one.samples, one.fault) for one in pool.producers] == [(good.hotkey, 4, None)]
    assert pool_of() == pool


def test_the_table_may_name_the_keys_and_columns_otherwise(producers, wallets, server, pool_of) -> None:
    producers.join(wallets[0])
    claims = {"HOTKEY_SS58": wallets[0].hotkey, "SIGNATURE": signature(wallets[0], "r")}
    asked = row("said") | {"challenge": "why", "answer": "because"}
    put(server, "r", wallets[0], [asked], hotkey=None, signature=None, **claims)
    spec = replace(
        SPEC, hotkey_key="HOTKEY_SS58", signature_key="SIGNATURE", prompt_key="challenge", reference_key="answer"
    )
    assert texts(pool_of(spec=spec)) == ["because"]


DEEP = "[" * 5_000 + "]" * 5_000
ODD: dict[str, dict[str, object]] = {
    "deep config": {"config": f'{{"deep": {DEEP}}}'},
    "config of no object": {"config": "[]"},
    "no config": {"config": None},
    "garbage config": {"config": "\x00{\ud800"},
    "flat config": {"config": '{"hotkey": 1, "signature": []}'},
    "odd name": {"name": "../../\n\ud800"},
    "summary of no object": {"summaryMetrics": "[]"},
    "deep summary": {"summaryMetrics": DEEP},
    "no user": {"user": None},
    "no times": {"createdAt": None, "heartbeatAt": None},
}


@pytest.mark.parametrize("claims", ["stranger", "producer"])
def test_an_odd_run_costs_itself_alone(claims: str, producers, wallets, server, pool_of) -> None:
    """Whether the hotkey that it names may produce or not."""
    producers.join(*wallets[:2])
    honest, other, *_, stranger = wallets
    for place, odd in enumerate(ODD.values()):
        run = put(server, f"{place}-odd", honest if claims == "producer" else stranger, [])
        run.odd = odd
    put(server, "honest", honest, [row("honest")])
    put(server, "other", other, [row("other")])
    pool = pool_of()
    assert texts(pool) == ["honest", "other"]
    assert dict(pool.counts) == ({"signature": 6} if claims == "producer" else {})
    assert [one.fault for one in pool.producers] == [None, None]


@pytest.mark.parametrize(
    "line",
    ["{", "", "[]", "{} more", '{"prompt": no}', '{"prompt": "', f'{{"prompt": {DEEP}}}', "\x00\ud800"],
    ids=range(8),
)
def test_a_signed_history_that_cannot_be_parsed_is_its_producers_fault(
    line: str, producers, wallets, server, pool_of
) -> None:
    producers.join(*wallets[:2])
    put(server, "odd", wallets[0], [row("before")]).rows.append(line)
    put(server, "other", wallets[1], [row("of another")])
    pool = pool_of()
    assert (texts(pool), dict(pool.counts)) == (["of another"], {"faulty": 1})
    assert str(pool.producers[0].fault).startswith("run odd: its history cannot be read: ")


@pytest.mark.parametrize("odd", [{"lastStep": "soon"}, ["x"], "{}", {"lastStep": {}}, {"lastStep": 1 << 70}], ids=str)
def test_a_signed_run_without_a_usable_last_step_is_its_producers_fault(
    odd: object, producers, wallets, server, pool_of
) -> None:
    producers.join(*wallets[:2])
    put(server, "odd", wallets[0], [row("one")]).odd = {"historyKeys": odd}
    put(server, "other", wallets[1], [row("of another")])
    pool = pool_of()
    assert (texts(pool), dict(pool.counts)) == (["of another"], {"faulty": 1})
    assert str(pool.producers[0].fault).startswith("run odd: its history cannot be read: ")


def test_strangers_runs_crowd_nobody_out(producers, wallets, server, pool_of) -> None:
    producers.join(*wallets[:2])
    honest, other, *_, stranger = wallets
    for place in range(600):
        put(server, f"foreign-{place}", stranger, [])
        put(server, f"claimed-{place}", stranger, [], hotkey=honest.hotkey)
    put(server, "honest", honest, [row("honest")]).created_at -= timedelta(seconds=12)
    put(server, "z", other, [row("other")])
    pool = pool_of(replace(LIMITS, max_claims=300))
    assert texts(pool) == ["honest", "other"]
    assert dict(pool.counts) == {"signature": 299}


def test_configs_that_anyone_wrote_are_read_up_to_a_limit(producers, wallets, server, pool_of) -> None:
    producers.join(wallets[0])
    put(server, "honest", wallets[0], [row("honest")]).created_at -= timedelta(seconds=12)
    for place in range(60):
        put(server, f"wide-{place}", wallets[3], [], hotkey=wallets[0].hotkey, note="x" * 100_000)
    pool = pool_of(replace(LIMITS, max_claim_bytes=1_000_000))
    assert (texts(pool), dict(pool.counts), server.asked["Runs"]) == (["honest"], {"signature": 9}, 1)


def test_too_many_signed_runs_are_their_producers_fault(producers, wallets, server, pool_of) -> None:
    producers.join(*wallets[:2])
    for place in range(3):
        put(server, f"many-{place}", wallets[0], [row(f"one of {place}")])
    put(server, "other", wallets[1], [row("of another")])
    pool = pool_of(replace(LIMITS, max_runs=2))
    assert texts(pool) == ["of another"]
    assert (dict(pool.counts), pool.producers[0].fault) == (
        {"faulty": 1},
        "more than 2 signed runs lie in the window; have fewer, and longer ones",
    )


def test_a_flood_is_its_producers_fault_and_the_others_count(producers, wallets, server, pool_of) -> None:
    producers.join(*wallets[:2])
    put(server, "flood", wallets[0], []).rows = [json.dumps(row("again"))] * 100_000
    put(server, "late", wallets[0], [row("of the flood's hotkey")])
    put(server, "other", wallets[1], [row("of another")])
    pool = pool_of(replace(LIMITS, max_rows=5_000))
    assert texts(pool) == ["of another"]
    assert (dict(pool.counts), pool.producers[0].fault) == (
        {"faulty": 1},
        "run flood: more than 5000 rows or 16000000 bytes in the window",
    )
    assert server.asked["HistoryPage"] < 30


def test_many_long_runs_of_one_hotkey_take_no_more_steps_than_one(producers, wallets, server, pool_of) -> None:
    """Or a producer with hundreds of them would use up all the time there is, and hold every round."""
    producers.join(*wallets[:2])
    for name in ("a", "b", "c"):
        put(server, name, wallets[0], []).rows = [json.dumps({"loss": 1.0})] * 1_500
    put(server, "other", wallets[1], [row("of another")])
    pool = pool_of(replace(LIMITS, max_steps=2_000))
    assert texts(pool) == ["of another"]
    assert pool.producers[0].fault == "run b: its window is not reached within 500 steps"


def test_only_as_much_of_a_long_run_is_read_as_lies_in_the_window(producers, wallets, server, pool_of) -> None:
    producers.join(wallets[0])
    run = put(server, "long", wallets[0], [])
    run.rows = [json.dumps(row("old", 10))] * 50_000 + [json.dumps(row("new"))]
    assert texts(pool_of()) == ["new"]
    assert server.asked["HistoryPage"] < 10


@pytest.mark.parametrize(
    ("operation", "trouble", "limits", "cause"),
    [
        ("Viewer", (429, b"{}"), LIMITS, Cause.RATE_LIMITED),
        ("Runs", (429, b"{}"), LIMITS, Cause.RATE_LIMITED),
        ("HistoryPage", (429, b"{}"), LIMITS, Cause.RATE_LIMITED),
        ("Runs", (500, b"{}"), LIMITS, Cause.UNREACHABLE),
        ("Runs", (200, b"\x00<html>{]"), LIMITS, Cause.UNREACHABLE),
        ("HistoryPage", (200, b'{"data":{"project":[]}}'), LIMITS, Cause.UNREACHABLE),
        ("RunHistoryKeys", (200, b'{"data":{"project":null}}'), LIMITS, Cause.UNREACHABLE),
        ("Viewer", (401, b"{}"), LIMITS, Cause.UNREACHABLE),
        ("Runs", (200, b'{"data":{"project":null}}'), LIMITS, Cause.WITHHELD),
        ("Runs", "hang", replace(LIMITS, deadline_s=8.0), Cause.OVERRUN),
        ("Runs", "endless", replace(LIMITS, memory_bytes=500_000_000), Cause.OVERRUN),
    ],
)
def test_a_server_that_fails_holds_the_round(
    operation: str, trouble: Trouble, limits: Limits, cause: Cause, producers, wallets, server, pool_of
) -> None:
    producers.join(wallets[0])
    put(server, "r", wallets[0], [row("one")])
    server.trouble[operation] = trouble
    held = pool_of(limits)
    assert isinstance(held, Held), held
    assert (held.cause, server.asked[operation] > 0) == (cause, True), held
    assert ("at run r of" in held.detail) == (operation in ("HistoryPage", "RunHistoryKeys"))
    if isinstance(trouble, str):  # nothing of the reading process is left that could wait for more
        assert server.left.wait(60)
    elif trouble[0] in (429, 500):
        assert server.asked[operation] == 1 + limits.retries


def test_more_bytes_than_a_round_may_read_hold_it(producers, wallets, server, pool_of) -> None:
    producers.join(wallets[0])
    put(server, "a", wallets[0], [row("a")])
    held = pool_of(replace(LIMITS, max_bytes=100))
    assert isinstance(held, Held), held
    assert held.cause is Cause.OVERRUN


def test_a_project_that_stays_away_ends_the_rounds_patience(data_chain, producers, wallets, server, pool_of) -> None:
    producers.join(wallets[0])
    held = pool_of()
    data_chain.advance_to(Block(OCCASION.seed_block + SPEC.patience_blocks))
    given_up = pool_of()
    assert isinstance(held, Held), held
    assert isinstance(given_up, Held), given_up
    assert (held.cause, given_up.cause, server.asked["Runs"]) == (Cause.WITHHELD, Cause.TOO_FEW, 2)


def test_our_key_goes_to_no_server_that_only_the_table_names(pool_of, server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example")
    held = pool_of()
    assert isinstance(held, Held), held
    assert (held.cause, "WANDB_API_KEY" in held.detail, server.keys) == (Cause.UNREACHABLE, True, set())


def test_the_validators_process_does_not_import_wandbs_client() -> None:
    asked = "import sys, evaluation.sources.registry; print(sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True, text=True)
    assert "'evaluation'" in done.stdout
    assert "'wandb'" not in done.stdout
