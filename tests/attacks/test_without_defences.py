"""Each defence outside the contest is needed: with it switched off, every test that shows what it stops fails."""

import pytest

from tests.attacks.elsewhere import ELSEWHERE_OFF
from tests.attacks.without_defences import survivors


@pytest.mark.slow
@pytest.mark.parametrize("defence", ELSEWHERE_OFF)
def test_without_a_defence_its_tests_fail(defence: str) -> None:
    assert survivors(defence) == []
