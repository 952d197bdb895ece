"""Each defence outside the contest is needed: with it switched off, every test that shows what it stops fails."""

import pytest

from tests.attacks.without_defences import DEFENCES, survivors


@pytest.mark.defences
@pytest.mark.parametrize("defences", DEFENCES, ids=" and ".join)
def test_without_a_defence_its_tests_fail(defences: tuple[str, ...]) -> None:
    assert survivors(defences) == []
