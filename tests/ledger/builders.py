"""Neurons, commitments and submissions in a line each, with all that a test does not care about filled in."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from chain.types import (
    BeaconRound,
    Block,
    BlockHash,
    Coldkey,
    Commitment,
    Hotkey,
    NetUid,
    Neuron,
    Opened,
    Sealed,
    Uid,
)
from competitions.records import Reign, RoundOutcome, Standing
from evaluation.sources.content import Pair
from evaluation.sources.held import Cause, Held
from evaluation.sources.pool import Pool, Producer
from evaluation.sources.sample import Sample
from evaluation.verdicts import Scored, TaskValues
from ledger import commitments, rounds, submissions
from ledger.database import Ledger

NETUID = NetUid(7)
REVISION = "a" * 40
AWAY = Held(Cause.UNREACHABLE, "the Hub is away")
DIGEST = "d" * 64


def neuron(uid: int, hotkey: str | None = None, since: int = 1) -> Neuron:
    """A neuron called after its uid."""
    name = hotkey or f"hot{uid}"
    return Neuron(Uid(uid), Hotkey(name), Coldkey(f"cold-{name}"), 1.5, False, Block(since), Block(since))


def sealed(hotkey: str, block: int, reveal_round: int = 900, opened: tuple[Opened, ...] = ()) -> Commitment:
    """A standing entry whose seal is still closed."""
    return Commitment(Hotkey(hotkey), Block(block), Sealed(b"cipher", BeaconRound(reveal_round)), b"clear", opened)


def clear(hotkey: str, block: int | None, opened: tuple[Opened, ...] = ()) -> Commitment:
    """A standing entry without a seal; without a block only opened texts are left of it."""
    return Commitment(Hotkey(hotkey), Block(block) if block is not None else None, None, b"clear", opened)


def text(data: str, block: int) -> Opened:
    """A text the chain opened in a block."""
    return Opened(data.encode(), Block(block))


def opened_commitment(ledger: Ledger, uid: int = 1, commit: int = 10, opens: int = 20) -> int:
    """Id of a commitment of `hot<uid>` that has opened and waits to be decoded."""
    entry = clear(f"hot{uid}", commit, (text(f"pointer {uid} {commit}", opens),))
    commitments.record_poll(ledger, NETUID, Block(opens), [neuron(n) for n in range(1, 9)], [entry])
    waiting = submissions.undecoded(ledger)
    return next(w.commitment_id for w in waiting if (w.hotkey, w.commit_block) == (f"hot{uid}", commit))


def submission(ledger: Ledger, uid: int = 1, commit: int = 10, opens: int = 20, competition: str = "chat") -> int:
    """Id of a submission whose files are due."""
    commitment = opened_commitment(ledger, uid, commit, opens)
    return submissions.add(ledger, commitment, competition, f"user{uid}/model", REVISION, DIGEST)


def pool(samples: Mapping[str, int], dropped: Mapping[str, int] | None = None, faults: Sequence[str] = ()) -> Pool:
    """A pool of so many samples by hotkey; the producers of `faults` gave none."""
    noon = datetime(2026, 3, 14, 12, tzinfo=UTC)
    asked = [f"{hotkey} asks {number}" for hotkey, many in samples.items() for number in range(many)]
    kept = [Sample(Pair(prompt, "answer"), "answers", None, None, noon, None, None) for prompt in asked]
    given = {**samples, **dict.fromkeys(faults, 0)}
    producers = tuple(
        Producer(
            Hotkey(hotkey),
            Coldkey(f"cold-{hotkey}"),
            hashlib.sha256(f"{hotkey} {many}".encode()).hexdigest(),
            many,
            "no batch is to be found" if hotkey in faults else None,
        )
        for hotkey, many in given.items()
    )
    return Pool(tuple(sorted(kept, key=lambda sample: sample.id)), producers, dropped or {})


def open_round(ledger: Ledger, number: int = 0, competition: str = "chat") -> rounds.Round:
    """A round whose seed block is 100 + 50 · number."""
    return rounds.open_round(
        ledger, competition, number, Block(100 + 50 * number), BlockHash(f"0x{number:064x}"), bytes([number]) * 32
    )


def closed_round(ledger: Ledger, number: int, holder: int, competition: str = "chat") -> rounds.Round:
    """A round that one submission holds afterwards, as the confirmed king since round 0."""
    round_ = open_round(ledger, number, competition)
    rounds.close_round(ledger, round_.id, outcome(holder), Block(110 + 50 * number))
    return round_


def outcome(holder: int, *others: int) -> RoundOutcome:
    """The holder first, the others behind it."""
    rows = tuple(standing(id_, place) for place, id_ in enumerate((holder, *others), start=1))
    return RoundOutcome(rows, reign(holder))


def standing(id_: int, place: int = 1) -> Standing:
    """The king where the place is 1, a challenger otherwise."""
    gain = None if place == 1 else -0.5
    return Standing(
        id_, place, "king" if place == 1 else "challenger", 2.0 + place, gain, gain and 0.05, f"place {place}"
    )


def reign(id_: int, since: int = 0, confirmed: bool = True) -> Reign:
    """A reign that earned five percent."""
    return Reign(id_, Hotkey(f"hot{id_}"), since, Block(100 + 50 * since), Block(10), 0.05, confirmed)


def scored(*values: float, environment: str = "cpu") -> Scored:
    """A score on one task, with a sample for each value."""
    ids = tuple(f"sample{n}" for n in range(len(values)))
    return Scored((TaskValues("reference_loss", ids, values),), 1.5, 100, 2**20, environment)
