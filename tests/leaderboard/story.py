"""A ledger as a small network leaves it after some hours: kings that changed, a copy, refusals, and work under way."""

import hashlib
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources

from chain.types import (
    BeaconRound,
    Block,
    BlockHash,
    Coldkey,
    Commitment,
    Hotkey,
    Included,
    NetUid,
    Neuron,
    Opened,
    Refused,
    Sealed,
    Uid,
    Unreadable,
)
from competitions.records import Reign, RoundOutcome, Standing
from evaluation.sources.content import Pair
from evaluation.sources.held import Cause, Held
from evaluation.sources.pool import Pool, Producer
from evaluation.sources.sample import Sample
from evaluation.verdicts import Scored, TaskValues
from ledger import commitments, heartbeats, lineages, network, rounds, submissions, verdicts, waits, weights
from ledger.database import Ledger
from models.lineage import Kind, Lineage
from models.rejections import Reason, Rejection

NETUID = NetUid(37)
NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
HEAD = Block(508)

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def key(name: str) -> str:
    """An address that looks like one and is the same in every run."""
    number = int.from_bytes(hashlib.sha512(name.encode()).digest())
    return "5" + "".join(_BASE58[number // 58**place % 58] for place in range(47))


def sha(text: str, length: int = 64) -> str:
    """Hex digits that look like a revision or a digest."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


@dataclass(frozen=True)
class Miner:
    """One miner of the story, and what it committed where."""

    uid: int
    user: str
    model: str
    competition: str
    commit_block: int

    @property
    def hotkey(self) -> Hotkey:
        """Its address."""
        return Hotkey(key(self.user))


MINERS = (
    Miner(2, "hephaestus", "answers-anvil", "answers", 12),
    Miner(3, "wayland", "answers-quench", "answers", 14),
    Miner(4, "goibniu", "tiny-temper", "answers", 58),
    Miner(5, "vulcan", "text-slag-2", "text", 20),
    Miner(6, "ilmarinen", "sampo-text", "text", 22),
    Miner(7, "mimir", "borrowed-well", "answers", 190),
    Miner(8, "brokkr", "overweight", "text", 230),
    Miner(9, "volund", "late-forge", "answers", 452),
    Miner(10, "sindri", "draupnir-text", "text", 489),
    Miner(11, "ptah", "sealed-still", "text", 501),
)
VALIDATOR = Hotkey(key("validator"))


def build(ledger: Ledger, *, now: datetime = NOW) -> None:
    """Write the whole story."""
    network.record_identity(ledger, _identity())
    network.record_head(ledger, HEAD, now - timedelta(seconds=3))
    _poll(ledger)
    ids = _submissions(ledger)
    _answers(ledger, ids)
    _text(ledger, ids)
    _weights(ledger)
    _beats(ledger, now)


def _identity() -> network.Identity:
    table = resources.files("competitions").joinpath("tables/localnet.toml").read_text()
    return network.Identity("local", NETUID, VALIDATOR, sha("table"), table, "https://huggingface.co")


def _neurons() -> list[Neuron]:
    others = [("owner", 0, 0.0), ("validator", 1, 120_000.0)]
    keys = others + [(miner.user, miner.uid, 12.5) for miner in MINERS]
    return [
        Neuron(Uid(uid), Hotkey(key(n)), Coldkey(key(f"{n}/cold")), stake, stake > 1e3, Block(1), Block(480))
        for n, uid, stake in keys
    ]


def _poll(ledger: Ledger) -> None:
    entries: list[Commitment | Unreadable] = []
    for miner in MINERS:
        sealed = Sealed(b"\1" * 280, BeaconRound(9_000 + miner.commit_block))
        entries.append(Commitment(miner.hotkey, Block(miner.commit_block), sealed, b"crucible/1", ()))
    bad = Unreadable(Hotkey(key("loki")), "the chain's entry has an unknown shape: KeyError('fields')")
    commitments.record_poll(ledger, NETUID, Block(502), _neurons(), [*entries, bad])
    opened = [
        Commitment(m.hotkey, Block(m.commit_block), None, b"crucible/1", (Opened(b"p", Block(m.commit_block + 9)),))
        for m in MINERS
        if m.user != "ptah"
    ]
    commitments.record_poll(ledger, NETUID, HEAD, _neurons(), opened)


def _submissions(ledger: Ledger) -> dict[str, int]:
    """Submission ids by user; each model's files are taken in as its fate wants it."""
    by_hotkey = {miner.hotkey: miner for miner in MINERS}
    ids: dict[str, int] = {}
    for opened in submissions.undecoded(ledger):
        miner = by_hotkey[opened.hotkey]
        copied = MINERS[0] if miner.user == "mimir" else miner
        repo, revision = f"{miner.user}/{miner.model}", sha(miner.model, 40)
        id_ = submissions.add(ledger, opened.commitment_id, miner.competition, repo, revision, sha(copied.model))
        ids[miner.user] = id_
        after = Block(opened.open_block + 4)
        if miner.user == "brokkr":
            detail = "6,291,456 parameters, the competition allows 5,000,000: make the model smaller"
            submissions.record_intake(ledger, id_, after, Rejection(Reason.LIMITS, detail))
        elif miner.user == "sindri":
            cause = "the Hub answered 503 for draupnir-text"
            submissions.record_intake(ledger, id_, after, submissions.Retry(cause, Block(HEAD + 2)))
        else:
            submissions.record_intake(ledger, id_, after, submissions.Accepted(2_385_600, 9_561_344))
    one, other = (sha(MINERS[number].model) for number in (0, 1))
    lineages.record(ledger, other, (one,), Lineage(Kind.FINE_TUNE, (one,), (1.0,), 0.0312, 0.99))
    return ids


def _answers(ledger: Ledger, ids: dict[str, int]) -> None:
    """A vacant throne, its confirmation, two challengers that won, and a round under way."""
    story = [
        # number, holder, confirmed, since, scores by user
        (0, "hephaestus", False, 0, {"hephaestus": 2.914, "wayland": 3.127}),
        (1, "hephaestus", True, 1, {"hephaestus": 2.921, "wayland": 3.131, "goibniu": 2.890}),
        (2, "hephaestus", True, 1, {"hephaestus": 2.907, "wayland": 3.119, "goibniu": 2.886}),
        (3, "goibniu", True, 3, {"hephaestus": 2.918, "wayland": 3.122, "goibniu": 2.741}),
        (4, "goibniu", True, 3, {"hephaestus": 2.911, "wayland": 3.117, "goibniu": 2.733}),
        (5, "goibniu", True, 3, {"hephaestus": 2.902, "wayland": 3.108, "goibniu": 2.729}),
        (6, "goibniu", True, 3, {"hephaestus": 2.913, "wayland": 2.690, "goibniu": 2.736}),
    ]
    for number, holder, confirmed, since, scores in story:
        copies = ("mimir",) if number >= 5 else ()
        _close(ledger, ids, "answers", number, 60 + 60 * number, holder, confirmed, since, scores, copies)
    current = rounds.open_round(ledger, "answers", 7, Block(480), _hash("answers", 480), b"\7" * 32)
    rounds.set_bundle(ledger, current.id, sha("answers bundle 7"), {"questions": _pool(7)}, 2)
    for user in ("hephaestus", "goibniu"):
        verdicts.record_verdict(ledger, current.id, ids[user], _scored(2.7))


def _text(ledger: Ledger, ids: dict[str, int]) -> None:
    """A king from early on, and a round that waits for its samples."""
    for number in range(6):
        scores = {"vulcan": 3.402 - 0.004 * number, "ilmarinen": 3.655 - 0.003 * number}
        since = min(number, 1)
        _close(ledger, ids, "text", number, 90 + 60 * number, "vulcan", number > 0, since, scores, ())
    current = rounds.open_round(ledger, "text", 6, Block(450), _hash("text", 450), b"\6" * 32)
    for block in range(451, 454):
        waits.hold(ledger, current.id, Held(Cause.RATE_LIMITED, "the Hub answered 429 for ore/texts"), Block(block))
    gone = Held(Cause.WITHHELD, f"no batch of {key('ore')} at ore/texts; the round waits for it until block 550")
    waits.hold(ledger, current.id, gone, Block(454))


def _close(
    ledger: Ledger,
    ids: dict[str, int],
    competition: str,
    number: int,
    seed_block: int,
    holder: str,
    confirmed: bool,
    since: int,
    scores: dict[str, float],
    copies: tuple[str, ...],
) -> None:
    round_ = rounds.open_round(
        ledger, competition, number, Block(seed_block), _hash(competition, seed_block), bytes([number]) * 32
    )
    rounds.set_bundle(ledger, round_.id, sha(f"{competition} bundle {number}"), {"questions": _pool(number)}, number)
    for user, score in scores.items():
        verdicts.record_verdict(ledger, round_.id, ids[user], _scored(score))
    king = scores[holder]
    rows = [
        _standing(ids[user], place, user == holder, confirmed, score, king)
        for place, (user, score) in enumerate(sorted(scores.items(), key=lambda p: (p[0] != holder, p[1])), start=1)
    ]
    first = MINERS[0]
    why = f"copy: {first.hotkey} committed this model first, in block {first.commit_block}"
    rows += [Standing(ids[user], len(rows) + 1, "copy", None, None, None, why) for user in copies]
    hotkey = Hotkey(key(holder))
    commit = next(miner.commit_block for miner in MINERS if miner.user == holder)
    reign = Reign(ids[holder], hotkey, since, Block(seed_block), Block(commit), 0.058, confirmed)
    rounds.close_round(ledger, round_.id, RoundOutcome(tuple(rows), reign), Block(seed_block + 17))


def _pool(number: int) -> Pool:
    """What two producers gave a round, and what was dropped; a third one's batch was lost."""
    made = tuple(
        Producer(Hotkey(key(name)), Coldkey(key(f"{name}/cold")), sha(f"{name} batch {number}"), samples, fault)
        for name, samples, fault in (("ore", 2, None), ("bellows", 1, None), ("clinker", 0, "NotFound: clinker/texts"))
    )
    asked = [Pair(f"question {number}.{n}", "answer") for n in range(3)]
    samples = [Sample(content, "questions", None, None, NOW, None, None) for content in asked]
    return Pool(tuple(sorted(samples, key=lambda sample: sample.id)), made, {"faulty": 1, "window": 12})


def _standing(id_: int, place: int, holds: bool, confirmed: bool, score: float, king: float) -> Standing:
    if holds:
        why = "no challenger improved by epsilon" if confirmed else "best score; a second round must confirm it"
        return Standing(id_, place, "king" if confirmed else "challenger", score, None, None, why)
    gain = (king - score) / king
    return Standing(id_, place, "challenger", score, gain, 0.048, f"improved {gain:.2%} on the incumbent, 4.80% needed")


def _scored(mean: float) -> Scored:
    draw = random.Random(mean)
    values = tuple(draw.gauss(mean, 0.4) for _ in range(64))
    task = TaskValues("reference_loss", tuple(sha(str(n)) for n in range(64)), values)
    return Scored((task,), 6.2, 21_804, 611_000_000, sha("environment"))


def _weights(ledger: Ledger) -> None:
    king, other = Hotkey(key("goibniu")), Hotkey(key("vulcan"))
    old = weights.record(
        ledger,
        weights.Attempt(Block(402), sha("table"), {king: 0.7, other: 0.3}),
        Included(Block(402), "0x" + sha("extrinsic 1")),
    )
    weights.confirm(ledger, old, Block(403))
    refusal = Refused("SettingWeightsTooFast", "the chain allows one every 100 blocks")
    weights.record(ledger, weights.Attempt(Block(431), sha("table"), {king: 0.5, other: 0.5}), refusal)
    new = weights.record(
        ledger,
        weights.Attempt(Block(503), sha("table"), {king: 0.5, other: 0.5}),
        Included(Block(503), "0x" + sha("extrinsic 2")),
    )
    weights.confirm(ledger, new, Block(504))
    network.record_chain_weights(ledger, HEAD, {Uid(1): {Uid(4): 0.5, Uid(5): 0.5}})


def _beats(ledger: Ledger, now: datetime) -> None:
    for loop, age, block, ok, message in (
        ("watch", 1, 508, True, ""),
        ("fetch", 2, 508, True, ""),
        ("rounds", 4, 507, True, ""),
        ("weigh", 3, 508, True, ""),
        ("prune", 51, 500, False, "OSError: [Errno 28] No space left on device: 'models/ab12'"),
    ):
        if not ok:
            heartbeats.beat(ledger, loop, now - timedelta(seconds=340), Block(470), True, "")
        heartbeats.beat(ledger, loop, now - timedelta(seconds=age), Block(block), ok, message)


def _hash(competition: str, block: int) -> BlockHash:
    return BlockHash("0x" + sha(f"{competition} {block}"))
