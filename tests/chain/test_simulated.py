"""The simulated chain's own switches: blocks told alike again, state forgotten, finality held, calls that go wrong."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from chain.embedded.hyperparameters import Hyperparameters
from chain.reader import ChainThrottled, ChainTimeout, ChainUnreachable, UnknownBlock
from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.simulated.state import Refusal
from chain.types import Block, Coldkey, Commitment, Hotkey, Included, NetUid, Refused, Uid, Unreadable

NETUID = NetUid(1)
RULES = Hyperparameters(tempo=10, commit_reveal=False, weights_rate_limit=0)


def wallet(name: str) -> Wallet:
    return Wallet(name, "default", Hotkey(name), Coldkey(f"cold-{name}"), None)


def subnet(*hotkeys: str, **options: int) -> SimulatedChain:
    chain = SimulatedChain(block_time_s=1.0, **options)  # type: ignore[arg-type]  # the tests name real options
    chain.create_subnet(NETUID, RULES)
    for hotkey in ("owner", *hotkeys):
        chain.register(NETUID, Hotkey(hotkey), Coldkey(f"cold-{hotkey}"))
    chain.advance()
    return chain


def test_the_same_story_told_twice_is_the_same_chain() -> None:
    def tell() -> tuple[object, ...]:
        chain = subnet("miner", finality_lag=2)
        chain.commit(NETUID, wallet("miner"), raw=b"x", sealed=chain.seal("text", Block(5)))
        chain.advance(9)
        return chain.finalized(), chain.subnet(NETUID, chain.finalized())

    assert tell() == tell()


def test_everything_within_one_block_stands_in_it_and_is_seen_afterwards() -> None:
    chain = subnet("one", "other")
    with chain.block() as block:
        chain.put(NETUID, Hotkey("one"), b"1")
        chain.put(NETUID, Hotkey("other"), b"2")
        assert chain.commitments(NETUID) == ()
    assert [(e.hotkey, e.block) for e in chain.commitments(NETUID) if isinstance(e, Commitment)] == [
        ("one", block),
        ("other", block),
    ]


def test_a_block_that_could_not_be_finished_was_never_made() -> None:
    chain = subnet("miner")
    head = chain.head()

    def write() -> None:
        with chain.block():
            chain.put(NETUID, Hotkey("miner"), b"1")
            chain.put(NETUID, Hotkey("nobody"), b"2")

    with pytest.raises(Refusal, match="AccountNotAllowedCommit"):
        write()
    assert (chain.head(), chain.commitments(NETUID)) == (head, ())


def test_forgotten_state_is_unknown_and_its_hash_is_not() -> None:
    chain = subnet("miner")
    chain.advance(9)
    chain.prune(5)
    assert (len(chain.block_hash(Block(4))), len(chain.neurons(NETUID, Block(5)))) == (66, 2)
    for ask in (chain.timestamp, lambda block: chain.neurons(NETUID, block), lambda b: chain.commitments(NETUID, b)):
        with pytest.raises(UnknownBlock, match="discarded"):
            ask(Block(4))


def test_finality_can_be_held_and_let_go() -> None:
    chain = subnet(finality_lag=2)
    chain.advance(9)
    chain.hold_finality(6)
    chain.advance(5)
    held = chain.finalized().number
    chain.hold_finality(None)
    assert (held, chain.finalized().number) == (6, 13)


def test_a_reorganisation_takes_writes_in_again_unless_they_are_lost() -> None:
    for lost, standing in ((False, 1), (True, 0)):
        chain = subnet("miner", finality_lag=4)
        chain.advance(5)
        chain.put(NETUID, Hotkey("miner"), b"x")
        chain.advance()
        chain.reorganise(3, lose_writes=lost)
        assert (chain.head(), len(chain.commitments(NETUID))) == (9, standing)


def test_final_blocks_are_never_given_up() -> None:
    chain = subnet(finality_lag=2)
    chain.advance(5)
    with pytest.raises(ValueError, match="block 4 is final"):
        chain.reorganise(3)


def test_calls_fail_as_the_script_says_and_then_no_more() -> None:
    chain = subnet()
    chain.faults.fail(ChainTimeout("slow"), "head", after=1)
    chain.faults.fail(ChainThrottled("429"), times=2)
    answers: list[str] = []
    for ask in (chain.block_time, chain.head, chain.head, chain.head, chain.block_time):
        try:
            answers.append(str(ask()))
        except ChainUnreachable as error:
            answers.append(type(error).__name__)
    assert answers == ["ChainThrottled", "ChainThrottled", "ChainTimeout", "1", "1.0"]
    assert (chain.faults.calls["head"], chain.faults.forget()) == (3, False)


@pytest.mark.parametrize("landed", [False, True])
def test_a_lost_write_raises_and_stands_or_not(landed: bool) -> None:
    chain = subnet("miner")
    chain.faults.lose("commit", landed=landed)
    with pytest.raises(ChainUnreachable, match="whether it stands is unknown"):
        chain.commit(NETUID, wallet("miner"), raw=b"x")
    assert (len(chain.commitments(NETUID)), chain.head()) == ((1, 2) if landed else (0, 1))


def test_a_refusal_from_the_script_changes_nothing() -> None:
    chain, answer = subnet("miner"), Refused("SpaceLimitExceeded", "full")
    chain.faults.refuse(answer)
    assert (chain.commit(NETUID, wallet("miner"), raw=b"x"), chain.commitments(NETUID)) == (answer, ())
    assert isinstance(chain.commit(NETUID, wallet("miner"), raw=b"x"), Included)


def test_short_answers_leave_out_every_second_and_the_next_is_whole() -> None:
    chain = subnet("a", "b", "c")
    for name in ("a", "b", "c"):
        chain.commit(NETUID, wallet(name), raw=b"x")
        chain.permit(NETUID, Hotkey(name))
        chain.set_weights(NETUID, wallet(name), {Uid(0): 1.0})
    chain.faults.halve(times=3)
    short = chain.commitments(NETUID), chain.subnet(NETUID, chain.finalized()).commitments, chain.weights(NETUID)
    told = [[entry.hotkey for entry in entries] for entries in short[:2]]
    assert (told, list(short[2])) == ([["a", "c"], ["a", "c"]], [1, 3])
    assert (len(chain.commitments(NETUID)), len(chain.neurons(NETUID))) == (3, 4)


def test_a_garbled_hotkey_is_unreadable_among_the_others() -> None:
    chain = subnet("a", "b")
    for name in ("a", "b"):
        chain.commit(NETUID, wallet(name), raw=b"x")
    chain.faults.garbled[Hotkey("a")] = "an unknown shape"
    assert [type(entry) for entry in chain.commitments(NETUID)] == [Unreadable, Commitment]


def test_a_spoiled_seal_never_opens() -> None:
    chain = subnet("miner")
    chain.faults.spoil()
    chain.commit(NETUID, wallet("miner"), raw=b"x", sealed=chain.seal("text", Block(3)))
    chain.advance(3)
    assert chain.commitments(NETUID) == (Commitment(Hotkey("miner"), Block(2), None, b"x", (), failed=True),)


def test_a_call_that_hangs_leaves_the_other_threads_alone() -> None:
    chain = subnet("miner")
    with ThreadPoolExecutor(1) as pool:
        with chain.faults.held("subnet") as held:
            waiting = pool.submit(chain.subnet, NETUID, chain.finalized())
            assert held.met.wait(60)
            assert (chain.head(), waiting.done()) == (1, False)
        assert len(waiting.result(10).neurons) == 2


def test_writes_of_many_threads_all_stand_each_in_a_block_of_its_own() -> None:
    names = [f"miner{number}" for number in range(8)]
    chain, start = subnet(*names), threading.Barrier(len(names))

    def write(name: str) -> Included | Refused:
        start.wait(60)
        return chain.commit(NETUID, wallet(name), raw=name.encode())

    with ThreadPoolExecutor(len(names)) as pool:
        answers = list(pool.map(write, names))
    assert sorted(answer.block for answer in answers if isinstance(answer, Included)) == list(range(2, 10))
    assert len(chain.commitments(NETUID)) == len(names)
