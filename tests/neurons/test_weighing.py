"""When weights are sent and why, decided from one look at the chain and the rows before it."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.types import Block, BlockCount, Coldkey, Hotkey, Included, Neuron, Refused, Uid, WeightRules
from chain.u16 import quantise
from competitions.weights import Pay
from ledger.weights import Sending
from neurons.weighing import BURN, Cause, Look, cause, is_lost, is_rested, is_waiting, pause, plan, terms, to_uids

KING, OWN = Hotkey("king"), Hotkey("own")
RULES = WeightRules(BlockCount(100), commit_reveal=False)
WANTED = Pay({KING: 0.7}, 0.3)
VALUES = quantise({Uid(0): 0.3, Uid(2): 0.7})
STANDING = {Uid(1): {Uid(uid): value / sum(VALUES.values()) for uid, value in VALUES.items()}}


def neuron(uid: int, hotkey: str, *, since: int = 10, updated: int = 10, permit: bool = False) -> Neuron:
    return Neuron(Uid(uid), Hotkey(hotkey), Coldkey("cold"), 5.0, permit, Block(since), Block(updated))


def look(block: int = 1_000, *, updated: int = 903, since: int = 10, king_since: int = 10) -> Look:
    """The chain after weights that were sent at 900 and stand since 903."""
    own = neuron(1, OWN, since=since, updated=updated, permit=True)
    return Look(Block(block), (neuron(0, "owner"), own, neuron(2, KING, since=king_since)), own, STANDING, RULES)


TERMS = terms(look(), 1)
SENT = Sending(1, Block(900), "f", {KING: 0.7, BURN: 0.3}, Included(Block(903), "903-1"), None, VALUES, "first", TERMS)
REFUSED = replace(SENT, id=2, answer=Refused("NotEnoughStakeToSetWeights", "more"), block=Block(990))
LOST = replace(REFUSED, answer=None)


@pytest.mark.parametrize(
    ("last", "tries", "wanted", "seen", "because"),
    [
        (None, (), WANTED, look(), Cause.FIRST),
        (SENT, (), WANTED, look(), None),
        (SENT, (), WANTED, look(1_099), None),
        (SENT, (), WANTED, look(1_100), Cause.REFRESH),
        (SENT, (), Pay({KING: 0.6}, 0.4), look(), Cause.CHANGED),
        (SENT, (), Pay({KING: 0.7 - 1e-6}, 0.3 + 1e-6), look(), Cause.CHANGED),
        (SENT, (), Pay({KING: 0.7 + 1e-16}, 0.3), look(), None),
        (SENT, (), WANTED, look(king_since=901), Cause.MOVED),
        (SENT, (), WANTED, look(updated=850), Cause.LOST),
        (SENT, (), WANTED, look(902, updated=850), None),
        (SENT, (), WANTED, look(since=950, updated=950), Cause.LOST),
        (SENT, (), WANTED, replace(look(), standing={Uid(1): {Uid(0): 1.0}}), Cause.LOST),
        (replace(SENT, sealed=True), (), WANTED, replace(look(), standing={Uid(1): {Uid(0): 1.0}}), None),
        (SENT, (), WANTED, replace(look(), standing={}), None),
        (SENT, (), WANTED, replace(look(), own=None), Cause.LOST),
        (SENT, (LOST,), WANTED, look(), Cause.LOST),
        (SENT, (REFUSED, LOST), WANTED, look(), None),
    ],
    ids=[
        "nothing-yet",
        "all-well",
        "not-yet-old",
        "old",
        "others-paid",
        "one-part-in-a-million",
        "float-noise",
        "king-registered-since",
        "no-trace",
        "not-final-yet",
        "registered-anew",
        "other-weights-stand",
        "sealed-until-the-reveal",
        "map-read-short",
        "no-uid",
        "no-answer",
        "refused-since",
    ],
)
def test_why_weights_are_sent(
    last: Sending | None, tries: tuple[Sending, ...], wanted: Pay, seen: Look, because: Cause | None
) -> None:
    assert cause(last, tries, wanted, seen, BlockCount(200)) == because


@pytest.mark.parametrize(
    ("tries", "block", "waits"),
    [
        ((), 1_000, False),
        ((REFUSED,), 997, True),
        ((REFUSED,), 998, False),
        ((REFUSED, replace(REFUSED, block=Block(980))), 1_005, True),
        ((REFUSED, replace(REFUSED, block=Block(980))), 1_006, False),
        ((REFUSED, replace(REFUSED, answer=Refused("TooManyUnrevealedCommits", ""))), 998, False),
        ((replace(REFUSED, terms="others"),), 991, False),
        ((replace(REFUSED, weights={BURN: 1.0}),), 991, False),
        ((LOST,), 997, True),
        ((replace(LOST, weights={BURN: 1.0}),), 997, True),
        ((LOST,), 998, False),
    ],
    ids=[
        "no-tries",
        "refused-just-now",
        "refused-a-while-ago",
        "refused-twice",
        "refused-twice-a-while-ago",
        "refused-otherwise-before",
        "other-terms",
        "other-weights",
        "under-way",
        "others-under-way",
        "given-up",
    ],
)
def test_how_long_a_try_holds_up_the_next(tries: tuple[Sending, ...], block: int, waits: bool) -> None:
    assert is_waiting(tries, WANTED, VALUES, TERMS, Block(block)) == waits


def test_a_refusal_known_without_asking_lasts_until_what_it_names_has_changed() -> None:
    known = Refused("NeuronNoValidatorPermit", "no permit")
    row = replace(REFUSED, answer=known, values={})
    assert [
        is_waiting((row,), WANTED, planned, TERMS, Block(9_999))
        for planned in (known, Refused("WeightVecLengthIsLow", "few"), VALUES)
    ] == [True, False, False]


@given(st.integers(1, 10_000))
def test_pauses_grow_and_are_bounded(tries: int) -> None:
    assert 8 <= pause(tries) <= pause(tries + 1) <= 360


def test_pauses_double() -> None:
    pauses = [pause(tries) for tries in range(1, 8)]
    assert pauses == [8, 16, 32, 64, 128, 256, 360]
    assert all(after <= 2 * before for before, after in pairwise(pauses))


@pytest.mark.parametrize(
    ("seen", "rested"),
    [
        (look(1_002), False),
        (look(1_003), True),
        (look(1_003, since=950), False),
        (look(5, updated=0, since=0), True),
        (replace(look(), own=None), True),
    ],
    ids=["too-soon", "rested", "registered-since", "since-genesis", "no-uid"],
)
def test_the_rate_limit_counts_from_the_last_update_and_from_the_registration(seen: Look, rested: bool) -> None:
    assert is_rested(seen) == rested


def test_weights_in_a_block_that_was_given_up_are_lost_once_its_successor_is_final() -> None:
    assert [is_lost(SENT, look(block, updated=850)) for block in (902, 903)] == [False, True]


def test_refusals_known_beforehand_come_in_the_chains_order_and_words() -> None:
    seen = look()
    assert seen.own is not None
    without = replace(seen, own=replace(seen.own, permit=False))
    newer = replace(seen, rules=replace(RULES, version_key=2))
    many = replace(seen, rules=replace(RULES, min_weights=3))
    names = []
    for each in (replace(seen, own=None), without, newer, many, seen):
        planned = plan(WANTED, each, Uid(0), 1, OWN)
        names.append(planned.name if isinstance(planned, Refused) else planned)
    assert names == [
        "HotKeyNotRegisteredInSubNet",
        "NeuronNoValidatorPermit",
        "IncorrectWeightVersionKey",
        "WeightVecLengthIsLow",
        VALUES,
    ]


def test_terms_tell_everything_that_decides_besides_the_weights() -> None:
    assert TERMS == (
        "uid 1 since block 10, a permit; set in the clear, every 100 blocks, at least 1 uids, at most 1.0000 each, "
        "version 1 of at least 0"
    )


@given(
    st.dictionaries(st.sampled_from(["king", "owner", "gone", "away"]).map(Hotkey), st.floats(0.001, 0.2), max_size=4)
)
def test_nothing_is_lost_between_hotkeys_and_uids(paid: dict[Hotkey, float]) -> None:
    wanted = Pay(paid, 1.0 - sum(paid.values()))
    vector = to_uids(wanted, look().neurons, Uid(0))
    assert (sum(vector.values()), vector.keys() <= {0, 2}) == (pytest.approx(1.0), True)
    assert vector.get(Uid(2), 0.0) == paid.get(KING, 0.0)
