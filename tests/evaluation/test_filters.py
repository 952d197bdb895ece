"""Which samples count: each way of breaking a rule ends under that rule's name."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec import structs

from chain.signing import Wallet
from chain.types import Block, BlockCount, BlockHash, Coldkey, Hotkey, NetUid
from evaluation.sources.content import Pair, Text
from evaluation.sources.drops import Drop
from evaluation.sources.filters import Rules, broken_rule, sift, without_duplicates
from evaluation.sources.occasion import Occasion
from evaluation.sources.sample import Malformed, Sample
from evaluation.sources.signed import SignedSample, sign
from evaluation.sources.spec import PhraseList, Screen, SignedBatchesSpec

SPEC = SignedBatchesSpec(
    kind="signed_batches",
    netuid=NetUid(2),
    min_stake=100.0,
    min_producers=2,
    max_age_blocks=BlockCount(50),
    screen=Screen(max_bytes=100, phrases=PhraseList("owner", 1, ("Buy  now",))),
)


def occasion(youngest_commit: int) -> Occasion:
    """The round of seed block 100."""
    return Occasion(Block(100), b"seed", Block(youngest_commit), {})


@pytest.fixture
def rules(data_chain) -> Rules:
    """Anchors in (60, 100] count: the age window opens at 50, the newest commit judged stands in block 60."""
    data_chain.advance_to(100)
    return Rules.of(SPEC, occasion(60), data_chain.block_hash)


@pytest.mark.parametrize(
    ("content", "anchor", "outcome"),
    [
        (Text("fine"), 61, None),
        (Text("fine"), 100, None),
        (Text("fine"), 60, Drop.WINDOW),
        (Text("fine"), 101, Drop.WINDOW),
        (Text("ü" * 50), 90, None),
        (Text("ü" * 51), 90, Drop.LENGTH),
        (Pair("p" * 101, "fine"), 90, Drop.LENGTH),
        (Pair("fine", "please bUY  NOW!"), 90, Drop.PHRASE),
        (Pair("BUY  NOW", "fine"), 90, Drop.PHRASE),
        (Pair("fine", "buy\nnow"), 90, Drop.PHRASE),
        (Text("b\u200bu\u00ady\u00a0\u2060now"), 90, Drop.PHRASE),
        (Text("buynow"), 90, None),
    ],
    ids=[
        "oldest",
        "newest",
        "at a commit judged",
        "unmade block",
        "longest",
        "too long",
        "long prompt",
        "poison",
        "bait",
        "poison over two lines",
        "poison in disguise",
        "no poison",
    ],
)
def test_content_and_anchor_decide(
    rules: Rules, wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample], content, anchor: int, outcome
) -> None:
    signed = sign(make_sample(wallets[0], content, anchor), wallets[0])
    assert broken_rule(signed, wallets[0].hotkey, rules) is outcome


def test_without_a_late_commit_the_window_opens_at_the_oldest_age(data_chain) -> None:
    rules = Rules.of(SPEC, occasion(10), data_chain.block_hash)
    assert (rules.after, rules.until) == (50, 100)


def test_forgeries_end_under_the_rule_they_break(
    rules: Rules, wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    one, other = wallets[:2]
    honest = make_sample(one, Text("text"))
    lines = [
        Malformed("no JSON"),
        sign(make_sample(other, Text("another's")), other),
        sign(structs.replace(honest, netuid=NetUid(3)), one),
        sign(structs.replace(honest, anchor_hash=BlockHash("0x" + "00" * 32)), one),
        SignedSample(honest, ""),
        SignedSample(honest, sign(make_sample(one, Text("replayed")), one).signature),
        sign(honest, one),
    ]
    sifted = sift(lines, one.hotkey, rules)
    dropped = {Drop.MALFORMED: 1, Drop.PRODUCER: 2, Drop.ANCHOR: 1, Drop.SIGNATURE: 2}
    assert (sifted.samples, sifted.dropped) == ((honest,), Counter(dropped))


def test_a_sample_counts_under_the_first_rule_it_breaks(
    data_chain, wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    """One that breaks them all, mended rule by rule."""
    data_chain.advance_to(100)
    spec = replace(SPEC, screen=replace(SPEC.screen, language="en"))
    rules, own = Rules.of(spec, occasion(60), data_chain.block_hash), wallets[0].hotkey
    worst = structs.replace(make_sample(wallets[1], Text("buy  now " * 20)), anchor_block=None, anchor_hash=None)
    german = "Gib die Anzahl der Elemente zurück, oder melde einen Fehler."
    mended = [
        Malformed("no JSON"),
        worst,
        worst := structs.replace(worst, producer=own),
        worst := structs.replace(worst, anchor_block=Block(90), anchor_hash=BlockHash("0x" + "00" * 32)),
        worst := structs.replace(worst, content=Text(f"buy  now! {german}")),
        worst := structs.replace(worst, content=Text(german)),
        worst := structs.replace(worst, anchor_hash=data_chain.block_hash(Block(90))),
        sign(worst, wallets[0]),
        sign(structs.replace(worst, content=Text("Return the number of items in a container.")), wallets[0]),
    ]
    lines = [SignedSample(one, "00" * 64) if isinstance(one, Sample) else one for one in mended]
    told = [broken_rule(line, own, rules) for line in lines]
    assert told == [
        Drop.MALFORMED,
        Drop.PRODUCER,
        Drop.WINDOW,
        Drop.LENGTH,
        Drop.PHRASE,
        Drop.ANCHOR,
        Drop.SIGNATURE,
        Drop.LANGUAGE,
        None,
    ]
    order = list(Drop)
    assert [order.index(drop) for drop in told if drop] == sorted(order.index(drop) for drop in told if drop)


def test_a_flood_out_of_the_window_asks_the_chain_nothing(
    wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    asked: list[Block] = []
    rules = Rules.of(SPEC, occasion(60), lambda block: asked.append(block) or BlockHash("0x"))
    flood = [SignedSample(make_sample(wallets[0], Text("old"), anchor), "") for anchor in range(50)]
    assert (sift(flood, wallets[0].hotkey, rules).dropped, asked) == (Counter({Drop.WINDOW: 50}), [])


def owners_of(wallets: tuple[Wallet, ...]) -> dict[Hotkey, Coldkey]:
    return {wallet.hotkey: wallet.coldkey for wallet in wallets}


def test_equal_contents_count_once_whoever_made_them_first(
    wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    copies = [make_sample(wallet, Text("the same"), anchor) for wallet in wallets for anchor in (70, 80)]
    alone = make_sample(wallets[0], Pair("the same", "the same"))
    one = without_duplicates([*copies, alone], owners_of(wallets), b"salt")
    other = without_duplicates([alone, *reversed(copies)], owners_of(wallets), b"salt")
    assert one == other
    assert (len(one.samples), alone in one.samples, one.dropped) == (2, True, Counter({Drop.DUPLICATE: 7}))


def test_the_copy_that_stays_is_not_the_copiers_to_choose(
    wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    copies = [make_sample(wallet, Text("the same")) for wallet in wallets]
    owners = owners_of(wallets)
    kept = {without_duplicates(copies, owners, bytes([salt])).samples[0].producer for salt in range(64)}
    assert kept == {wallet.hotkey for wallet in wallets}


def test_copying_a_content_many_times_wins_it_no_oftener(
    wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    """Neither with many samples of one hotkey nor with the several hotkeys of one owner."""
    one, *others = wallets
    copier = dict.fromkeys((wallet.hotkey for wallet in others), others[0].coldkey)
    copies = [make_sample(wallet, Text("the same"), anchor) for wallet in others for anchor in range(70, 90)]
    samples, owners = [make_sample(one, Text("the same")), *copies], {one.hotkey: one.coldkey, **copier}
    kept = [without_duplicates(samples, owners, bytes([salt])).samples[0].producer for salt in range(128)]
    assert 32 < kept.count(one.hotkey) < 96  # one in two, give or take more than five standard deviations
