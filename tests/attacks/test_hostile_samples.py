"""Whatever a producer, or a Hub, does to a round's samples ends as stated, counted, in bounded time and memory."""

import gc
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from msgspec import structs

from chain.signing import Wallet, create_wallet
from chain.simulated.chain import SimulatedChain
from evaluation.sources.bundle import Drawn, draw
from evaluation.sources.content import Pair
from evaluation.sources.doors import Doors
from evaluation.sources.held import Cause, Held
from evaluation.sources.pool import Pool
from evaluation.sources.sample import Sample
from evaluation.sources.signed import sign
from evaluation.sources.signed_batches import SignedBatches
from evaluation.tasks.spec import TaskSpec
from hub.huggingface import HuggingFaceHub
from hub.patience import Patience
from localnet.hub_server.server import serving
from tests.attacks.on_samples import EACH, NETUID, OCCASION, ON_SAMPLES, SEED_BLOCK, SPEC, SampleAttack, Stage
from tests.serving import Reply, replying

MAX_SECONDS = 10.0
"""Of the processors, so that it is the same on a busy machine."""
MAX_WAIT_S = 60.0
MAX_BYTES = 300_000_000
TASK = TaskSpec("reference_loss", 6, 1.0, 16.0)


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> tuple[Wallet, ...]:
    folder = tmp_path_factory.mktemp("wallets")
    return tuple(create_wallet(name, "default", folder) for name in ("ann", "ben", "cyd", "mallory"))


@pytest.fixture
def stage(cast: tuple[Wallet, ...], tmp_path: Path) -> Stage:
    """Three honest producers have published; the hostile one is as able as they are."""
    chain = SimulatedChain()
    chain.create_subnet(NETUID)
    chain.advance_to(92)
    with chain.block():
        for wallet in cast:
            chain.register(NETUID, wallet.hotkey, wallet.coldkey)
            chain.stake(NETUID, wallet.hotkey, 1_000.0)
            chain.permit(NETUID, wallet.hotkey)
    stage = Stage(chain, tmp_path / "hub", cast[:3], cast[3])
    for wallet in stage.honest:
        stage.publish(wallet, stage.signed(wallet))
    return stage


@pytest.fixture
def read(stage: Stage, tmp_path: Path) -> Iterator[Callable[[], Pool | Held]]:
    """Gives the pool at the seed block, by a real Hub client over HTTP, within bounds."""
    with serving(stage.hub) as endpoint:
        yield lambda: bounded(lambda: pool_at(stage, endpoint, tmp_path / "sources"))


def pool_at(stage: Stage, endpoint: str, folder: Path) -> Pool | Held:
    if stage.chain.head() < SEED_BLOCK:
        stage.chain.advance_to(SEED_BLOCK)
    hub = HuggingFaceHub(endpoint, None, timeout_s=1.0, patience=Patience(sleep=lambda _: None))
    return SignedBatches(Doors(stage.chain, hub, folder)).pool(SPEC, OCCASION)


def bounded(run: Callable[[], Pool | Held]) -> Pool | Held:
    """What a run answers, once it is known to have kept its time and its memory."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before, started, worked = memory("VmRSS"), time.monotonic(), time.process_time()
    answer = run()
    assert time.process_time() - worked < MAX_SECONDS
    assert time.monotonic() - started < MAX_WAIT_S
    assert memory("VmHWM") - before < MAX_BYTES
    return answer


def memory(name: str) -> int:
    """A figure of this process's memory, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


def honest_samples(stage: Stage) -> set[str]:
    return {stage.sample(wallet, number).id for wallet in stage.honest for number in range(EACH)}


def test_without_an_attack_four_producers_samples_are_in_the_pool(stage: Stage, read) -> None:
    stage.publish(stage.hostile, stage.signed(stage.hostile))
    pool = read()
    assert isinstance(pool, Pool), pool
    assert (len(pool.samples), pool.counts) == (4 * EACH, {})


@pytest.mark.parametrize("attack", ON_SAMPLES.values(), ids=ON_SAMPLES.keys())
def test_a_hostile_producers_samples_are_dropped_and_counted(attack: SampleAttack, stage: Stage, read) -> None:
    attack.act(stage)
    pool = read()
    assert isinstance(pool, Pool), pool
    assert pool.counts == {str(drop): number for drop, number in attack.counts.items()}
    if {"malformed", "duplicate"} & pool.counts.keys():  # as many are left as are good, whoever made them first
        assert len(pool.samples) == (4 if "malformed" in pool.counts else 3) * EACH
    else:
        assert {sample.id for sample in pool.samples} == honest_samples(stage)
    drawn = draw({"": pool}, [TASK], OCCASION.seed)
    assert isinstance(drawn, Drawn), drawn


def test_a_flood_of_nearly_equal_samples_gives_its_producer_no_part(stage: Stage, read) -> None:
    """Each differs by one word from the others, so no two are equal and any two are nearly so."""

    def alike(number: int) -> Sample:
        text = "The harbour master writes down each ship, its cargo and the hour at which it has come in. " * 4
        return structs.replace(stage.sample(stage.hostile, number), content=Pair("q", f"{text}{number}"))

    stage.publish(stage.hostile, [sign(alike(number), stage.hostile) for number in range(50)])
    pool = read()
    drawn = draw({"": pool}, [replace(TASK, samples=12)], OCCASION.seed)
    assert isinstance(drawn, Drawn)
    assert {sample.producer for sample in drawn.bundle.of("reference_loss")} == {one.hotkey for one in stage.honest}
    assert drawn.near_duplicates == 0  # the pass that found them too few began anew without them


def listing(size: int, body: Callable[[BaseHTTPRequestHandler], None]) -> Reply:
    """A Hub that says of every file that it has so many bytes, and answers whoever asks for one with `body`."""

    def reply(request: BaseHTTPRequestHandler) -> None:
        if "/paths-info/" not in request.path:
            body(request)
            return
        asked = parse_qs(request.rfile.read(int(request.headers["Content-Length"])).decode())
        files = [{"type": "file", "path": path, "size": size, "oid": "a" * 40} for path in asked["paths"]]
        answer = json.dumps(files).encode()
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    return reply


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    for name, value in {"ETag": "a" * 40, "X-Repo-Commit": "b" * 40, "Content-Length": str(10**10)}.items():
        request.send_header(name, value)
    request.end_headers()
    try:
        while True:
            request.wfile.write(b"x" * 65_536)
    except OSError:
        pass


def status(code: int, **headers: str) -> Reply:
    def reply(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in {"Content-Length": "0", **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()

    return reply


def never(request: BaseHTTPRequestHandler) -> None:
    request.rfile.read()


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (listing(10**10, endless), Cause.TOO_FEW),
        (listing(1_000, endless), Cause.UNREACHABLE),
        (status(302, Location="/again"), Cause.UNREACHABLE),
        (status(429, Retry_After="1"), Cause.RATE_LIMITED),
        (status(429, Retry_After="86400"), Cause.RATE_LIMITED),
        (status(503), Cause.UNREACHABLE),
        (never, Cause.UNREACHABLE),
        (None, Cause.UNREACHABLE),
    ],
    ids=["10 GB row", "endless row", "endless redirect", "429 storm", "429 for a day", "503", "silence", "down"],
)
def test_a_hub_that_fails_or_floods_us_holds_the_round(
    reply: Reply | None, cause: Cause, stage: Stage, tmp_path: Path
) -> None:
    with replying(reply) as endpoint:
        held = bounded(lambda: pool_at(stage, endpoint, tmp_path / "sources"))
    assert isinstance(held, Held), held
    assert held.cause is cause, held
    with serving(stage.hub) as healthy:
        pool = pool_at(stage, healthy, tmp_path / "sources")
    assert isinstance(pool, Pool)
    assert {sample.id for sample in pool.samples} == honest_samples(stage)
