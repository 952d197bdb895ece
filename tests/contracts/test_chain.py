"""What whoever reads or writes a chain may rely on, be it the chain in memory or the adapter on a real one."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chain.embedded.hyperparameters import Hyperparameters
from chain.reader import UnknownBlock, UnknownSubnet
from chain.signing import Wallet
from chain.types import (
    BeaconRound,
    Block,
    BlockCount,
    BlockHash,
    Commitment,
    CommitmentRoom,
    Head,
    Included,
    NetUid,
    Neuron,
    Opened,
    Refused,
    Sealed,
    Subnet,
    Uid,
    Unreadable,
    WeightRules,
)
from tests.contracts.chain_networks import BLOCK_S, START, Chain, Network

NETUID, OTHER, NOWHERE = NetUid(1), NetUid(2), NetUid(9)
TEMPO = 10
RULES = Hyperparameters(tempo=TEMPO, commit_reveal=False, weights_rate_limit=0)
BEYOND = Block(1_000)
NO_HASH = BlockHash("0x" + "ab" * 32)

Wallets = Callable[[str], Wallet]


@pytest.fixture
def network(open_network: Callable[..., Network], wallets: Wallets) -> Network:
    """At block 1: a subnet of an owner (uid 0), a validator (1) with 1,000 TAO and a miner (2); another of the owner
    alone."""
    network = open_network()
    _found(network, wallets)
    network.advance()
    return network


def _found(network: Network, wallets: Wallets) -> None:
    for netuid in (NETUID, OTHER):
        network.create_subnet(netuid, wallets("owner"), RULES)
    for name in ("validator", "miner"):
        network.register(NETUID, wallets(name))
    network.stake(NETUID, wallets("validator"), 1_000.0)


@pytest.fixture
def chain(network: Network) -> Chain:
    return network.chain


def _neuron(uid: int, wallet: Wallet, stake: float = 0.0, permit: bool = False, block: int = 0) -> Neuron:
    return Neuron(Uid(uid), wallet.hotkey, wallet.coldkey, stake, permit, Block(block), Block(block))


def _landed(answer: Included | Refused) -> Block:
    assert isinstance(answer, Included), answer
    return answer.block


def _refused(answer: Included | Refused) -> str | None:
    return answer.name if isinstance(answer, Refused) else None


def _only(chain: Chain, block: Block | None = None) -> Commitment | Unreadable:
    (entry,) = chain.commitments(NETUID, block)
    return entry


# Blocks ---------------------------------------------------------------------------------------------------------------


def test_blocks_follow_one_another_each_with_its_hash_and_its_time(network: Network, chain: Chain) -> None:
    network.advance(4)
    hashes = [chain.block_hash(Block(number)) for number in range(6)]
    assert (chain.head(), chain.finalized(), chain.block_time()) == (5, Head(Block(5), hashes[5]), BLOCK_S)
    assert [chain.timestamp(Block(n)) for n in (0, 5)] == [START, START + timedelta(seconds=5)]
    assert (len(set(hashes)), {len(one) for one in hashes}, {one[:2] for one in hashes}) == (6, {66}, {"0x"})


def test_what_may_be_reverted_is_not_final_and_a_write_is_answered_once_it_is(
    open_network: Callable[..., Network], wallets: Wallets
) -> None:
    network = open_network(finality_lag=3)
    _found(network, wallets)
    network.advance(10)
    assert (network.chain.head(), network.chain.finalized().number) == (10, 7)
    block = _landed(network.chain.commit(NETUID, wallets("miner"), raw=b"x"))
    assert (block, network.chain.finalized().number, network.chain.head()) == (11, 11, 14)


def test_a_reorganisation_replaces_blocks_that_were_not_final_and_nothing_else(
    open_network: Callable[..., Network], wallets: Wallets
) -> None:
    network = open_network(finality_lag=3)
    _found(network, wallets)
    network.advance(10)
    before = [network.chain.block_hash(Block(n)) for n in range(11)]
    network.reorganise(3)
    after = [network.chain.block_hash(Block(n)) for n in range(11)]
    assert (before[:8] == after[:8], set(before[8:]) & set(after[8:]), network.chain.head()) == (True, set(), 11)
    with pytest.raises(UnknownBlock):
        network.chain.subnet(NETUID, Head(Block(10), before[10]))


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda chain: chain.block_hash(BEYOND), id="block_hash"),
        pytest.param(lambda chain: chain.timestamp(BEYOND), id="timestamp"),
        pytest.param(lambda chain: chain.neurons(NETUID, BEYOND), id="neurons"),
        pytest.param(lambda chain: chain.commitments(NETUID, BEYOND), id="commitments"),
        pytest.param(lambda chain: chain.weights(NETUID, BEYOND), id="weights"),
        pytest.param(lambda chain: chain.subnet_owner(NETUID, BEYOND), id="subnet_owner"),
        pytest.param(lambda chain: chain.subnet(NETUID, Head(Block(1), NO_HASH)), id="subnet"),
    ],
)
def test_a_block_that_is_none_is_unknown(chain: Chain, ask: Callable[[Chain], object]) -> None:
    with pytest.raises(UnknownBlock):
        ask(chain)


# The metagraph --------------------------------------------------------------------------------------------------------


def test_the_metagraph_tells_every_uid_with_its_keys_stake_and_permit(chain: Chain, wallets: Wallets) -> None:
    owner, validator, miner = (wallets(name) for name in ("owner", "validator", "miner"))
    assert chain.neurons(NETUID) == (
        _neuron(0, owner),
        _neuron(1, validator, 1_000.0, permit=True),
        _neuron(2, miner),
    )


def test_a_past_block_is_read_as_it_was(network: Network, chain: Chain, wallets: Wallets) -> None:
    before, then = chain.neurons(NETUID), chain.head()
    network.register(NETUID, wallets("late"))
    since = chain.head()
    network.advance(3)
    assert chain.neurons(NETUID)[3] == _neuron(3, wallets("late"), block=since)
    assert (chain.neurons(NETUID, then), chain.neurons(NETUID, since)) == (before, chain.neurons(NETUID))


def test_stake_buys_a_permit_at_the_next_epoch(network: Network, chain: Chain, wallets: Wallets) -> None:
    network.stake(NETUID, wallets("miner"), 2_000.5)
    shown = [chain.neurons(NETUID)[2]]
    network.advance(TEMPO)
    shown.append(chain.neurons(NETUID)[2])
    assert [(neuron.stake, neuron.permit) for neuron in shown] == [(2_000.5, False), (2_000.5, True)]


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda chain: chain.neurons(NOWHERE), id="neurons"),
        pytest.param(lambda chain: chain.subnet(NOWHERE, chain.finalized()), id="subnet"),
        pytest.param(lambda chain: chain.subnet_owner(NOWHERE), id="subnet_owner"),
    ],
)
def test_a_subnet_that_is_none_is_unknown(chain: Chain, ask: Callable[[Chain], object]) -> None:
    with pytest.raises(UnknownSubnet, match="netuid 9 does not exist"):
        ask(chain)


def test_a_subnet_that_is_none_has_neither_commitments_nor_weights(chain: Chain) -> None:
    assert (chain.commitments(NOWHERE), chain.weights(NOWHERE)) == ((), {})


def test_the_owner_of_a_subnet_is_told_and_the_past_keeps_the_former_one(
    network: Network, chain: Chain, wallets: Wallets
) -> None:
    before = chain.head()
    network.hand_over(NETUID, wallets("miner"))
    network.advance()
    owners = chain.subnet_owner(NETUID), chain.subnet_owner(NETUID, before), chain.subnet_owner(OTHER)
    assert owners == (wallets("miner").hotkey, wallets("owner").hotkey, wallets("owner").hotkey)


def test_an_empty_subnet_is_empty(chain: Chain, wallets: Wallets) -> None:
    head = chain.finalized()
    empty = Subnet(head, chain.timestamp(head.number), (_neuron(0, wallets("owner")),), ())
    assert (chain.subnet(OTHER, head), chain.commitments(OTHER), chain.weights(OTHER)) == (empty, (), {})


def test_one_look_shows_what_the_single_reads_show_of_that_block(
    network: Network, chain: Chain, wallets: Wallets
) -> None:
    chain.commit(NETUID, wallets("miner"), raw=b"first")
    head = chain.finalized()
    chain.commit(NETUID, wallets("miner"), raw=b"second")
    network.register(NETUID, wallets("late"))
    parts = chain.timestamp(head.number), chain.neurons(NETUID, head.number), chain.commitments(NETUID, head.number)
    assert chain.subnet(NETUID, head) == Subnet(head, *parts)


def test_a_full_subnet_gives_its_oldest_uid_away_and_purges_what_its_hotkey_committed(
    network: Network, chain: Chain, wallets: Wallets
) -> None:
    sealed = chain.seal("first", Block(chain.head() + 2))
    committed = _landed(chain.commit(NETUID, wallets("miner"), raw=b"x", sealed=sealed))
    network.set_rules(NETUID, replace(RULES, max_uids=3, immunity_period=0))
    network.advance(3)
    chain.commit(NETUID, wallets("validator"), raw=b"y")
    known = chain.commitments(NETUID)
    network.register(NETUID, wallets("late"))
    replaced = chain.head()
    assert [neuron.hotkey for neuron in chain.neurons(NETUID)] == [
        wallets("owner").hotkey,
        wallets("late").hotkey,
        wallets("miner").hotkey,
    ]
    assert [entry.hotkey for entry in chain.commitments(NETUID)] == [wallets("miner").hotkey]
    network.register(NETUID, wallets("validator"))
    assert (chain.commitments(NETUID), chain.neurons(NETUID)[2].hotkey) == ((), wallets("validator").hotkey)
    assert len(known) == 2
    assert chain.commitments(NETUID, Block(replaced - 1)) == known
    assert isinstance(_only(chain, committed), Commitment)


# Commitments ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [b"n:n:c:h:2", b"", b"\xff\x00\xfe", "ключ 鍵 🙂".encode(), b"0x41", b"0xzz", b"a" * 128],
    ids=["text", "empty", "binary", "languages", "hex-like", "half-hex", "longest"],
)
def test_a_clear_commitment_is_read_back_byte_for_byte_with_its_block(
    chain: Chain, wallets: Wallets, raw: bytes
) -> None:
    miner = wallets("miner")
    block = _landed(chain.commit(NETUID, miner, raw=raw))
    assert _only(chain) == Commitment(miner.hotkey, block, None, raw, ())


def test_a_newer_commitment_replaces_the_one_that_stood_and_the_past_keeps_it(chain: Chain, wallets: Wallets) -> None:
    miner = wallets("miner")
    first = _landed(chain.commit(NETUID, miner, raw=b"first"))
    second = _landed(chain.commit(NETUID, miner, raw=b"second"))
    assert _only(chain) == Commitment(miner.hotkey, second, None, b"second", ())
    assert _only(chain, first) == Commitment(miner.hotkey, first, None, b"first", ())
    assert chain.commitments(NETUID, Block(first - 1)) == ()
    assert chain.commitments(OTHER) == ()


@pytest.mark.parametrize("text", ["https://x", "é鍵🙂", "x" * 700], ids=["url", "languages", "long"])
def test_a_sealed_text_opens_in_its_block_exactly_and_the_commit_block_stays(
    network: Network, chain: Chain, wallets: Wallets, text: str
) -> None:
    miner, open_at = wallets("miner"), Block(chain.head() + 4)
    sealed = chain.seal(text, open_at)
    block = _landed(chain.commit(NETUID, miner, raw=b"clear", sealed=sealed))
    assert _only(chain) == Commitment(miner.hotkey, block, sealed, b"clear", ())
    network.advance(open_at - block - 1)
    assert _only(chain) == Commitment(miner.hotkey, block, sealed, b"clear", ())
    network.advance()
    opened = Opened(text.encode(), open_at)
    assert _only(chain) == Commitment(miner.hotkey, block, None, b"clear", (opened,))


def test_nothing_of_a_text_shows_in_its_seal_and_no_two_seals_are_alike(chain: Chain) -> None:
    one, other = (chain.seal("a secret pointer", Block(9)) for _ in range(2))
    assert (b"secret" in one.ciphertext, one.ciphertext == other.ciphertext) == (False, False)
    assert (len(one.ciphertext), one.reveal_round) == (244 + len("a secret pointer"), other.reveal_round)


def test_an_entry_of_which_nothing_is_left_at_its_opening_still_has_its_block(
    network: Network, chain: Chain, wallets: Wallets
) -> None:
    miner = wallets("miner")
    network.put(NETUID, miner, chain.seal("alone", Block(3)))
    network.advance()
    assert _only(chain) == Commitment(miner.hotkey, Block(2), None, None, (Opened(b"alone", Block(3)),))


def test_openings_add_up_newest_last(network: Network, chain: Chain, wallets: Wallets) -> None:
    miner = wallets("miner")
    for text in ("one", "two"):
        chain.commit(NETUID, miner, raw=b"x", sealed=chain.seal(text, Block(chain.head() + 2)))
        network.advance()
    assert _only(chain) == Commitment(
        miner.hotkey, Block(4), None, b"x", (Opened(b"one", Block(3)), Opened(b"two", Block(5)))
    )


def test_a_seal_that_is_replaced_before_its_round_never_opens(network: Network, chain: Chain, wallets: Wallets) -> None:
    miner = wallets("miner")
    chain.commit(NETUID, miner, raw=b"x", sealed=chain.seal("overwritten", Block(4)))
    block = _landed(chain.commit(NETUID, miner, raw=b"y"))
    network.advance(5)
    assert _only(chain) == Commitment(miner.hotkey, block, None, b"y", ())


@pytest.mark.parametrize("ciphertext", [b"garbage", b"", bytes(300)], ids=["short", "empty", "long"])
def test_a_seal_that_cannot_be_opened_has_failed_and_costs_nobody_else(
    network: Network, chain: Chain, wallets: Wallets, ciphertext: bytes
) -> None:
    miner, validator = wallets("miner"), wallets("validator")
    network.put(NETUID, miner, Sealed(ciphertext, chain.beacon_round(chain.timestamp(chain.head()))), b"x")
    chain.commit(NETUID, validator, raw=b"fine")
    failed = Commitment(miner.hotkey, Block(2), None, b"x", (), failed=True)
    fine = Commitment(validator.hotkey, Block(3), None, b"fine", ())
    assert chain.commitments(NETUID) == tuple(sorted((failed, fine), key=lambda entry: entry.hotkey))


def test_a_seal_cut_short_has_failed(network: Network, chain: Chain, wallets: Wallets) -> None:
    sealed = chain.seal("a pointer", Block(3))
    network.put(NETUID, wallets("miner"), replace(sealed, ciphertext=sealed.ciphertext[:-3]))
    network.advance()
    assert _only(chain) == Commitment(wallets("miner").hotkey, Block(2), None, None, (), failed=True)


def test_a_seal_to_a_round_beyond_all_numbers_stays_closed(network: Network, chain: Chain, wallets: Wallets) -> None:
    never = Sealed(b"whatever", BeaconRound(2**64 - 1))
    network.put(NETUID, wallets("miner"), never)
    network.advance()
    assert _only(chain) == Commitment(wallets("miner").hotkey, Block(2), never, None, ())


def test_a_second_pointer_in_one_commitment_is_told(network: Network, chain: Chain, wallets: Wallets) -> None:
    one, other = (chain.seal(text, Block(4)) for text in ("one", "other"))
    network.put(NETUID, wallets("miner"), one, other)
    network.put(NETUID, wallets("validator"), b"one", b"other")
    network.advance(2)
    mine, theirs = (wallets(name).hotkey for name in ("miner", "validator"))
    assert {entry.hotkey: entry for entry in chain.commitments(NETUID, Block(3))} == {
        mine: Commitment(mine, Block(2), one, None, (), surplus=True),
        theirs: Commitment(theirs, Block(3), None, b"one", (), surplus=True),
    }
    both = Opened(b"one", Block(4)), Opened(b"other", Block(4))
    assert {entry.hotkey: entry for entry in chain.commitments(NETUID)}[mine] == Commitment(
        mine, Block(2), None, None, both
    )


@pytest.mark.parametrize("text", [b"0x", b"0x0", b"0x41", b"\xff\x00", "鍵".encode()], ids=repr)
def test_strangers_texts_open_byte_for_byte(network: Network, chain: Chain, wallets: Wallets, text: bytes) -> None:
    """A text that only looks like a hexadecimal number must not be taken for the number's bytes."""
    network.put(NETUID, wallets("miner"), network.seal(text, Block(3)))
    network.advance()
    assert _only(chain) == Commitment(wallets("miner").hotkey, Block(2), None, None, (Opened(text, Block(3)),))


@pytest.mark.parametrize("netuid", [NOWHERE, NetUid(65_535)])
def test_a_subnet_that_is_none_has_no_weight_rules_and_no_room(chain: Chain, wallets: Wallets, netuid: NetUid) -> None:
    with pytest.raises(UnknownSubnet, match=f"netuid {netuid} does not exist"):
        chain.weight_rules(netuid)
    with pytest.raises(UnknownSubnet, match=f"netuid {netuid} does not exist"):
        chain.commitment_room(netuid, wallets("miner").hotkey)


def test_a_hotkey_without_a_uid_may_not_commit(chain: Chain, wallets: Wallets) -> None:
    answers = [chain.commit(netuid, wallets("stranger"), raw=b"x") for netuid in (NETUID, NOWHERE)]
    assert [_refused(answer) for answer in answers] == ["AccountNotAllowedCommit"] * 2
    assert chain.commitments(NETUID) == ()


@pytest.mark.parametrize(
    ("raw", "sealed"),
    [(b"x" * 129, None), (b"x", Sealed(b"c" * 1_025, BeaconRound(9)))],
    ids=["clear", "sealed"],
)
def test_a_field_too_long_for_the_chain_is_refused(
    chain: Chain, wallets: Wallets, raw: bytes, sealed: Sealed | None
) -> None:
    answer = chain.commit(NETUID, wallets("miner"), raw=raw, sealed=sealed)
    assert (_refused(answer), chain.commitments(NETUID)) == ("BadFormat", ())


def test_space_runs_out_within_an_epoch_and_comes_back_with_the_next(
    network: Network, chain: Chain, wallets: Wallets
) -> None:
    miner, heavy = wallets("miner"), Sealed(bytes(1_000), BeaconRound(2**40))
    answers = [chain.commit(NETUID, miner, raw=b"x" * 30, sealed=heavy) for _ in range(4)]
    assert [_refused(answer) for answer in answers] == [None] * 3 + ["SpaceLimitExceeded"]
    network.advance(TEMPO)
    assert isinstance(chain.commit(NETUID, miner, raw=b"y"), Included)


def test_the_room_left_in_an_epoch_is_told(network: Network, chain: Chain, wallets: Wallets) -> None:
    miner, whole = wallets("miner"), CommitmentRoom(3_100, 3_100, BlockCount(TEMPO))
    told = [chain.commitment_room(NETUID, miner.hotkey)]
    for raw in (b"x" * 128, b"y"):
        chain.commit(NETUID, miner, raw=raw)
        told.append(chain.commitment_room(NETUID, miner.hotkey))
    others = [chain.commitment_room(OTHER, miner.hotkey), chain.commitment_room(NETUID, wallets("validator").hotkey)]
    network.advance(TEMPO)
    assert told == [whole, replace(whole, free=2_972), replace(whole, free=2_872)]
    assert [*others, chain.commitment_room(NETUID, miner.hotkey)] == [whole] * 3
    assert (whole.times(128), whole.times(1)) == (24, 31)


# Weights --------------------------------------------------------------------------------------------------------------


def test_weights_stand_normalised_and_the_past_keeps_what_stood(chain: Chain, wallets: Wallets) -> None:
    validator = wallets("validator")
    first = _landed(chain.set_weights(NETUID, validator, {Uid(0): 1.0, Uid(2): 3.0}))
    second = _landed(chain.set_weights(NETUID, validator, {Uid(2): 0.5}))
    told = {Uid(1): {Uid(0): 21_845 / 87_380, Uid(2): 65_535 / 87_380}}
    assert (chain.weights(NETUID, first), chain.weights(NETUID)) == (told, {Uid(1): {Uid(2): 1.0}})
    assert (chain.weights(NETUID, Block(first - 1)), chain.neurons(NETUID)[1].last_update) == ({}, second)


def test_the_smallest_winner_keeps_a_weight(chain: Chain, wallets: Wallets) -> None:
    chain.set_weights(NETUID, wallets("validator"), {Uid(0): 1.0, Uid(1): 0.0, Uid(2): 1e-9})
    assert chain.weights(NETUID) == {Uid(1): {Uid(0): 65_535 / 65_536, Uid(2): 1 / 65_536}}


@pytest.mark.parametrize(
    "weights",
    [{}, {Uid(0): 0.0}, {Uid(0): -0.1, Uid(2): 1.0}, {Uid(0): math.nan}, {Uid(0): math.inf}, {Uid(70_000): 1.0}],
    ids=["none", "zero", "negative", "NaN", "infinite", "no uid"],
)
def test_weights_that_mean_nothing_are_refused_and_never_sent(
    chain: Chain, wallets: Wallets, weights: dict[Uid, float]
) -> None:
    before = chain.head()
    answer = chain.set_weights(NETUID, wallets("validator"), weights)
    assert (_refused(answer), chain.head(), chain.weights(NETUID)) == (
        "InvalidWeights",
        before,
        {},
    )


@pytest.mark.parametrize(
    ("who", "rules", "weights", "name"),
    [
        pytest.param("stranger", RULES, {Uid(0): 1.0}, "HotKeyNotRegisteredInSubNet", id="unregistered"),
        pytest.param("miner", RULES, {Uid(0): 1.0}, "NeuronNoValidatorPermit", id="no permit"),
        pytest.param("validator", RULES, {Uid(0): 1.0, Uid(7): 1.0}, "UidVecContainInvalidOne", id="unknown uid"),
        pytest.param(
            "validator", replace(RULES, weights_version=5), {Uid(0): 1.0}, "IncorrectWeightVersionKey", id="version"
        ),
        pytest.param(
            "validator", replace(RULES, min_allowed_weights=2), {Uid(0): 1.0}, "WeightVecLengthIsLow", id="too few"
        ),
        pytest.param(
            "validator",
            replace(RULES, max_weight_limit=13_107),
            {Uid(0): 3.0, Uid(2): 1.0},
            "MaxWeightExceeded",
            id="too large a share",
        ),
        pytest.param(
            "stranger",
            replace(RULES, commit_reveal=True),
            {Uid(0): 1.0},
            "HotKeyNotRegisteredInSubNet",
            id="committing",
        ),
    ],
)
def test_a_refusal_has_the_chains_own_name(
    network: Network,
    chain: Chain,
    wallets: Wallets,
    who: str,
    rules: Hyperparameters,
    weights: dict[Uid, float],
    name: str,
) -> None:
    network.set_rules(NETUID, rules)
    answer = chain.set_weights(NETUID, wallets(who), weights, version_key=4)
    assert (_refused(answer), chain.weights(NETUID)) == (name, {})


@pytest.mark.parametrize(
    ("commit_reveal", "name"),
    [(False, "SettingWeightsTooFast"), (True, "CommittingWeightsTooFast")],
    ids=["clear", "commit-reveal"],
)
def test_the_rate_limit_is_told_beforehand_and_is_the_one_that_refuses(
    network: Network, chain: Chain, wallets: Wallets, commit_reveal: bool, name: str
) -> None:
    rules = replace(RULES, weights_rate_limit=5, commit_reveal=commit_reveal)
    network.set_rules(NETUID, rules)
    first = _landed(chain.set_weights(NETUID, wallets("validator"), {Uid(0): 1.0}))
    answer = chain.set_weights(NETUID, wallets("validator"), {Uid(2): 1.0})
    assert _refused(answer) == name
    network.advance(first + chain.weight_rules(NETUID).rate_limit - chain.head())
    assert isinstance(chain.set_weights(NETUID, wallets("validator"), {Uid(2): 1.0}), Included)


def test_a_new_registration_counts_as_a_setting_for_the_rate_limit(
    network: Network, chain: Chain, wallets: Wallets
) -> None:
    network.set_rules(NETUID, replace(RULES, weights_rate_limit=20))
    network.register(NETUID, wallets("late"))
    since = chain.head()
    answer = chain.set_weights(NETUID, wallets("late"), {Uid(3): 1.0})
    assert _refused(answer) == "SettingWeightsTooFast"
    assert chain.neurons(NETUID)[3].last_update == since


def test_a_single_weight_on_oneself_needs_no_permit(chain: Chain, wallets: Wallets) -> None:
    chain.set_weights(NETUID, wallets("miner"), {Uid(2): 1.0})
    assert chain.weights(NETUID) == {Uid(2): {Uid(2): 1.0}}


def test_the_largest_share_is_kept(network: Network, chain: Chain, wallets: Wallets) -> None:
    network.set_rules(NETUID, replace(RULES, max_weight_limit=32_768))
    chain.set_weights(NETUID, wallets("validator"), {Uid(0): 9.0, Uid(1): 1.0, Uid(2): 1.0})
    (standing,) = chain.weights(NETUID).values()
    expected = {0: 0.5, 1: 0.25, 2: 0.25}
    assert standing == pytest.approx(expected, abs=1e-4)


def test_committed_weights_show_when_the_chain_reveals_them_an_epoch_later(
    network: Network, chain: Chain, wallets: Wallets
) -> None:
    network.set_rules(NETUID, replace(RULES, commit_reveal=True))
    block = _landed(chain.set_weights(NETUID, wallets("validator"), {Uid(0): 1.0, Uid(2): 1.0}))
    assert (chain.weights(NETUID), chain.neurons(NETUID)[1].last_update) == ({}, block)
    network.advance(2 * TEMPO)
    assert chain.weights(NETUID) == {Uid(1): {Uid(0): 0.5, Uid(2): 0.5}}
    assert chain.neurons(NETUID)[1].last_update == block


def test_committed_weights_that_the_chain_would_refuse_are_never_revealed(
    network: Network, chain: Chain, wallets: Wallets
) -> None:
    network.set_rules(NETUID, replace(RULES, commit_reveal=True, weights_version=5))
    assert isinstance(chain.set_weights(NETUID, wallets("validator"), {Uid(0): 1.0}, version_key=4), Included)
    network.advance(2 * TEMPO)
    assert chain.weights(NETUID) == {}


def test_the_rules_of_weights_are_told_as_the_owner_set_them(network: Network, chain: Chain) -> None:
    values = {"weights_rate_limit": 7, "min_allowed_weights": 3, "max_weight_limit": 13_107, "weights_version": 42}
    network.set_rules(NETUID, replace(RULES, commit_reveal=True, **values))
    told = WeightRules(BlockCount(7), commit_reveal=True, min_weights=3, max_share=0.2, version_key=42)
    assert (chain.weight_rules(NETUID), chain.weight_rules(OTHER)) == (
        told,
        WeightRules(BlockCount(0), commit_reveal=False),
    )


# The beacon -----------------------------------------------------------------------------------------------------------


def test_the_beacon_speaks_for_a_round_once_chain_time_has_reached_it_and_always_the_same(
    network: Network, chain: Chain
) -> None:
    moments = [START, START + timedelta(seconds=0.2), START + timedelta(seconds=1), START + timedelta(seconds=5)]
    rounds = [chain.beacon_round(moment) for moment in moments]
    assert rounds == [1, 2, 2, 6]
    early = chain.beacon_signature(BeaconRound(6))
    network.advance(4)
    spoken = [chain.beacon_signature(BeaconRound(round_)) for round_ in (5, 6, 7)]
    assert (early, [signature and len(signature) for signature in spoken]) == (None, [48, 48, None])
    assert (spoken[0] == spoken[1], chain.beacon_signature(BeaconRound(6)) == spoken[1]) == (False, True)


def test_a_seal_opens_at_the_first_round_after_its_block_is_expected(chain: Chain) -> None:
    head = chain.head()
    rounds = [chain.seal("x", Block(open_at)).reveal_round for open_at in (head + 3, head + 1, head, head - 1)]
    assert rounds == [chain.beacon_round(chain.timestamp(head) + timedelta(seconds=ahead)) for ahead in (3, 1, 1, 1)]
