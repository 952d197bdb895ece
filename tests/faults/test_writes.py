"""Weights whose answer is lost, or that are refused once, end as weights that went well."""

import contextlib
from itertools import count
from pathlib import Path

import pytest

from chain.reader import ChainUnreachable
from chain.types import Refused
from tests.faults.story import Cast, Turn, Validator, told


def first_write_goes_wrong(wrong: str) -> Turn:
    """The first setting of weights, and every third one after it, goes wrong."""
    writes = count()

    def turn(validator: Validator, name: str) -> None:
        faults = validator.chain.faults
        if name == "weigh" and next(writes) % 3 == 0:
            if wrong == "refused":
                faults.refuse(Refused("SettingWeightsTooFast", "wait"), "set_weights")
            else:
                faults.lose("set_weights", landed=wrong == "landed")
        with contextlib.suppress(ChainUnreachable):
            validator.turn(name)
        faults.forget()

    return turn


@pytest.mark.parametrize("wrong", ["lost", "landed", "refused"])
def test_weights_that_go_wrong_once_stand_in_the_end(wrong: str, cast: Cast, calm: Validator, tmp_path: Path) -> None:
    shaken = told(cast, tmp_path / "run", first_write_goes_wrong(wrong))
    assert shaken.outcome() == calm.outcome()
