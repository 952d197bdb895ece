"""Signals that end a command: they interrupt it once, and never between starting a process and putting it on record."""

import signal
from collections.abc import Iterator

import pytest

from localnet.interruption import interruptible, undivided


@pytest.fixture(autouse=True)
def _signals_of_a_terminal() -> Iterator[None]:
    """The handlers a command has on a terminal, whoever started the tests (a job in the background ignores Ctrl-C)."""
    usual = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_an_ending_signal_interrupts_and_leaves_the_handlers_as_they_were(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(number)
    assert signal.getsignal(number) == before


def test_a_signal_within_an_undivided_block_waits_for_its_end() -> None:
    done: list[str] = []

    def start_and_record() -> None:
        with undivided(), undivided():
            done.append("started")
            signal.raise_signal(signal.SIGTERM)
            done.append("recorded")
        done.append("went on")

    with pytest.raises(KeyboardInterrupt), interruptible():
        start_and_record()
    assert done == ["started", "recorded"]


def test_an_undivided_block_without_a_signal_changes_nothing() -> None:
    with interruptible():
        with undivided():
            pass
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_second_signal_does_not_cut_the_tidying_short() -> None:
    done: list[str] = []

    def work_and_tidy() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGINT)
            done.append("tidied")

    with pytest.raises(KeyboardInterrupt), interruptible():
        work_and_tidy()
    assert done == ["tidied"]
