"""Answers that are short, that change, or that a stranger spoiled, cost nothing but what is the stranger's own."""

import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from chain.simulated.chain import SimulatedChain
from chain.types import BeaconRound, Block, Hotkey, Sealed
from models.ref import CLEAR, WITHDRAWN, ModelRef, encode_sealed
from neurons.supervisor import Beat, Scheduled, Supervisor, Wakes
from tests.faults.story import MODELS, Cast, Event, Turn, Validator, line, put, told


def every_other_answer_is_short() -> Turn:
    """Watch sees every second commitment, weigh every second setter, at every other turn."""
    turns = {"watch": count(), "weigh": count()}

    def turn(validator: Validator, name: str) -> None:
        if name in turns and next(turns[name]) % 2:
            validator.chain.faults.halve(times=100)
        validator.turn(name)
        validator.chain.faults.forget()

    return turn


def test_what_an_answer_leaves_out_is_not_taken_for_gone(cast: Cast, calm: Validator, tmp_path: Path) -> None:
    shaken = told(cast, tmp_path / "run", every_other_answer_is_short())
    assert shaken.outcome() == calm.outcome()


def test_one_unreadable_hotkey_costs_only_itself(cast: Cast, calm: Validator, tmp_path: Path) -> None:
    def turn(validator: Validator, name: str) -> None:
        validator.chain.faults.garbled[cast.stranger.hotkey] = "an unknown shape"
        validator.turn(name)

    assert told(cast, tmp_path / "run", turn).outcome() == calm.outcome()


def garbage(cast: Cast) -> Iterator[tuple[str, Event]]:
    """Everything a stranger might commit to be a nuisance, each under what it is."""
    hotkey = cast.stranger.hotkey
    own = ModelRef("answers", "stranger/model", "a" * 40, "d" * 64)
    good = encode_sealed(own, hotkey)
    elsewhere = Hotkey("15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5")  # an address of another network

    def sealed(text: bytes) -> Event:
        return lambda chain: put(chain, MODELS, hotkey, chain.sealed(text, Block(chain.advance(0) + 2)), CLEAR)

    def clear(text: bytes) -> Event:
        return lambda chain: put(chain, MODELS, hotkey, text)

    def unopenable(chain: SimulatedChain) -> None:
        put(chain, MODELS, hotkey, Sealed(b"cipher", BeaconRound(chain.advance(0) // 3)), CLEAR)

    def never(chain: SimulatedChain) -> None:
        put(chain, MODELS, hotkey, Sealed(bytes(300), BeaconRound(2**64 - 1)), CLEAR)

    def twice(chain: SimulatedChain) -> None:
        opens = Block(chain.advance(0) + 2)
        other = good.replace("a" * 40, "b" * 40)
        put(chain, MODELS, hotkey, *(chain.sealed(text.encode(), opens) for text in (good, other)))

    yield "undecodable", sealed(b"\xff\x00\xfe")
    yield "oversized", sealed(b"crucible/1 " + b"x" * 768)
    yield "truncated", sealed(good.encode()[:-30])
    yield "future-versioned", sealed(good.replace("crucible/1", "crucible/2").encode())
    yield "foreign-language", sealed("модель 模型 🙂".encode())
    yield "duplicate-field", sealed(f"{good} {hotkey}".encode())
    yield "ss58 of another network", sealed(encode_sealed(own, elsewhere).encode())
    yield "another's line", sealed(line(cast, "alice"))
    yield "unknown competition", sealed(good.replace("answers", "chess").encode())
    yield "empty", sealed(b"")
    yield "binary in clear", clear(bytes(range(128)))
    yield "a broken pointer in clear", clear(b"a:b:c:d:e")
    yield "a withdrawal of nothing", clear(WITHDRAWN)
    yield "unopenable", unopenable
    yield "never opened", never
    yield "two pointers", twice


def test_a_stranger_who_commits_garbage_costs_nobody_else_anything(cast: Cast, calm: Validator, tmp_path: Path) -> None:
    more = {31 + 3 * place: event for place, (_, event) in enumerate(garbage(cast))}
    assert set(more) & {44, 50, 60, 68, 80, 92} == set()
    assert told(cast, tmp_path / "run", more=more).outcome() == calm.outcome()


def test_blocks_that_are_given_up_leave_no_trace(cast: Cast, tmp_path: Path) -> None:
    """The validator that looked while a fork stood ends as one that never saw it."""
    seen, unseen = (reorganised(cast, tmp_path / str(blind), blind) for blind in (False, True))
    assert seen.facts() == unseen.facts()


def reorganised(cast: Cast, folder: Path, blind: bool) -> Validator:
    """The story with a reorganisation of four blocks at block 62, seen coming or not."""
    given_up: list[int] = []

    def turn(validator: Validator, name: str) -> None:
        head = validator.chain.advance(0)
        if head in (60, 61, 62) and not given_up and blind:
            return
        validator.turn(name)

    def give_up(validator: Validator, name: str) -> None:
        turn(validator, name)
        if validator.chain.advance(0) >= 62 and not given_up and name == "weigh":
            given_up.append(validator.chain.reorganise(4))

    return told(cast, folder, give_up, finality_lag=4, every=1)


def test_a_call_that_hangs_holds_up_its_own_loop_alone(cast: Cast, calm: Validator, tmp_path: Path) -> None:
    stalled = told(cast, tmp_path / "run")
    beats: dict[str, threading.Event] = {"watch": threading.Event(), "weigh": threading.Event()}
    failures: list[Beat] = []

    def heard(beat: Beat) -> None:
        failures.extend([beat] if beat.message else [])
        beats[beat.loop].set()

    wakes = Wakes()
    supervisor = Supervisor([Scheduled(stalled.loops[name], 0.01) for name in beats], wakes, heard)
    with stalled.chain.faults.held("weights") as held:
        supervisor.start()
        assert held.met.wait(60)
        assert beats["watch"].wait(60)
        assert not beats["weigh"].is_set()
    assert beats["weigh"].wait(60)
    assert (supervisor.stop(60), failures) == ((), [])
    assert stalled.facts() == calm.facts()
