"""From qualified producers and sifted samples to a pool: who may, what a source is asked for, and when it is enough."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.types import Block, BlockCount, Coldkey, Hotkey, NetUid
from evaluation.sources.content import Text
from evaluation.sources.drops import Drop
from evaluation.sources.filters import Rules
from evaluation.sources.held import Cause, Held
from evaluation.sources.occasion import Occasion, needs_of
from evaluation.sources.pool import Pool, Producer
from evaluation.sources.pooling import pooled
from evaluation.sources.qualified import qualified
from evaluation.sources.sample import Sample
from evaluation.sources.spec import Screen, SignedBatchesSpec
from evaluation.tasks.spec import TaskName, TaskSpec

SPEC = SignedBatchesSpec(
    kind="signed_batches",
    netuid=NetUid(2),
    min_stake=100.0,
    min_producers=2,
    max_age_blocks=BlockCount(50),
    screen=Screen(near_duplicate=0.7),
)
OCCASION = Occasion(Block(100), b"seed", Block(40), {})


def test_who_is_registered_with_permit_and_stake_may_produce(data_chain: SimulatedChain, producers, wallets) -> None:
    producers.join(wallets[0], stake=100.0)
    producers.join(wallets[1], stake=99.999)
    producers.join(wallets[2], permit=False, stake=0.0)
    producers.join(wallets[3])
    claimed = [wallets[3].hotkey, Hotkey("stranger"), *(wallet.hotkey for wallet in wallets[:3]), Hotkey("other")]
    able, turned = qualified(data_chain, SPEC, data_chain.head(), claimed)
    assert [neuron.hotkey for neuron in able] == [wallets[0].hotkey, wallets[3].hotkey]
    assert turned == Counter({Drop.UNREGISTERED: 2, Drop.NO_PERMIT: 1, Drop.LOW_STAKE: 1})


def test_who_has_nothing_to_offer_is_neither_able_nor_turned_away(
    data_chain: SimulatedChain, producers, wallets
) -> None:
    producers.join(wallets[0])
    producers.join(wallets[1], permit=False)
    assert qualified(data_chain, SPEC, data_chain.head(), []) == ((), Counter())


def test_only_what_held_at_the_seed_block_decides_who_may(data_chain: SimulatedChain, producers, wallets) -> None:
    producers.join(*wallets[:2])
    seed_block = data_chain.head()
    producers.join(wallets[2])
    with data_chain.block():
        data_chain.permit(SPEC.netuid, wallets[0].hotkey, False)
        data_chain.stake(SPEC.netuid, wallets[1].hotkey, -950.0)
    able, turned = qualified(data_chain, SPEC, seed_block, [wallet.hotkey for wallet in wallets])
    assert [neuron.hotkey for neuron in able] == [wallet.hotkey for wallet in wallets[:2]]
    assert turned == Counter({Drop.UNREGISTERED: 2})


def spec_of(name: TaskName, samples: int, source: str) -> TaskSpec:
    return TaskSpec(name, samples, 1.0, 16.0, source)


def test_a_source_is_asked_for_the_largest_need_of_each_kind_that_names_it() -> None:
    tasks = [
        spec_of("text_loss", 5, "web"),
        spec_of("reference_loss", 3, "people"),
        spec_of("text_loss", 9, "web"),
        spec_of("text_loss", 7, "web"),
        spec_of("text_loss", 20, "people"),
    ]
    assert [needs_of(tasks, source) for source in ("web", "people", "nobody")] == [
        {"text": 9},
        {"pair": 3, "text": 20},
        {},
    ]


@pytest.mark.parametrize(("head", "waited"), [(99, False), (109, False), (110, True), (111, True)])
def test_a_round_has_waited_once_its_patience_is_over(head: int, waited: bool) -> None:
    assert OCCASION.has_waited(BlockCount(10), Block(head)) is waited


@pytest.fixture
def rules(data_chain: SimulatedChain) -> Rules:
    data_chain.advance_to(OCCASION.seed_block)
    return Rules.of(SPEC, OCCASION, data_chain.block_hash)


def members(wallets: Sequence[Wallet], *coldkeys: str) -> list[Producer]:
    return [
        Producer(wallet.hotkey, Coldkey(coldkey), wallet.name, 0)
        for wallet, coldkey in zip(wallets, coldkeys, strict=False)
    ]


def test_a_pool_holds_each_content_once_and_counts_what_each_producer_has_in_it(
    rules: Rules, wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    samples = [make_sample(wallet, Text(text)) for wallet in wallets[:2] for text in (wallet.name, "the same")]
    three = members(wallets, "one", "two", "three")
    counts = Counter({str(Drop.SIGNATURE): 4, str(Drop.DUPLICATE): 1, str(Drop.LENGTH): 0})
    pool = pooled(SPEC, rules, samples, three, counts, "run")
    assert isinstance(pool, Pool)
    assert sorted(made.content.text for made in pool.samples) == ["producer0", "producer1", "the same"]
    assert [made.id for made in pool.samples] == sorted(made.id for made in pool.samples)
    share = Counter(made.producer for made in pool.samples)
    assert pool.producers == tuple(replace(one, samples=share[one.hotkey]) for one in three)
    assert list(pool.counts.items()) == [("duplicate", 2), ("signature", 4)]
    assert (pool.proof, pool.min_producers, pool.near_duplicate) == ("run", 2, 0.7)


def test_of_equal_contents_the_seed_blocks_hash_decides_which_stays(
    rules: Rules, wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    copies = [make_sample(wallet, Text("the same")) for wallet in wallets]
    own = [make_sample(wallet, Text(wallet.name)) for wallet in wallets]
    coldkeys = members(wallets, "a", "b", "c", "d")
    asked: list[Block] = []

    def kept(hash_: str) -> str | None:
        fixed = replace(rules, hash_of=lambda block: asked.append(block) or hash_)
        pool = pooled(SPEC, fixed, [*copies, *own], coldkeys, Counter())
        assert isinstance(pool, Pool)
        return next(made.producer for made in pool.samples if made in copies)

    assert {kept(f"0x{number:064x}") for number in range(32)} == {wallet.hotkey for wallet in wallets}
    assert set(asked) == {OCCASION.seed_block}


def test_hotkeys_of_one_coldkey_and_those_without_samples_are_not_enough(
    rules: Rules, wallets: tuple[Wallet, ...], make_sample: Callable[..., Sample]
) -> None:
    samples = [make_sample(wallet, Text(wallet.name)) for wallet in wallets[:2]]
    four = members(wallets, "one", "one", "two", "three")
    four[2] = replace(four[2], fault="NotFound: no batch")
    counts = Counter({str(Drop.WINDOW): 3, str(Drop.PHRASE): 1})
    assert pooled(SPEC, rules, samples, four, counts) == Held(
        Cause.TOO_FEW,
        "1 producers with usable samples, 2 needed; dropped: 1 phrase, 3 window; 4 had committed some; "
        f"{wallets[2].hotkey}: NotFound: no batch",
    )
    third = [make_sample(wallets[3], Text("a third"))]
    assert isinstance(pooled(SPEC, rules, samples + third, four, counts), Pool)


def test_where_nothing_was_dropped_a_held_pool_says_so(rules: Rules) -> None:
    assert pooled(SPEC, rules, [], [], Counter()) == Held(
        Cause.TOO_FEW, "0 producers with usable samples, 2 needed; dropped: nothing; 0 had committed some"
    )


def test_only_what_is_too_few_for_good_ends_a_round_and_every_cause_is_told_with_its_detail() -> None:
    held = [Held(cause, "a fact") for cause in Cause]
    assert [str(one) for one in held if one.lasting] == ["too_few: a fact"]
    assert [str(one) for one in held] == [f"{cause.value}: a fact" for cause in Cause]
