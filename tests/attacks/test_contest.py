"""Every attack on the contest comes to nothing in the real loops, and succeeds once its own defence is switched off."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import tests.attacks.on_claims
import tests.attacks.on_crown
import tests.attacks.on_time  # noqa: F401 - the modules enter their attacks
from chain.signing import Wallet, create_wallet
from tests.attacks.contest import contest
from tests.attacks.contest_attack import ON_CONTEST, ContestAttack
from tests.attacks.contest_parts import rules
from tests.attacks.contest_switches import OF_CONTEST
from tests.attacks.switches import without

Tell = Callable[[ContestAttack], str]


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Wallet:
    return create_wallet("judge", "default", tmp_path_factory.mktemp("judge"))


@pytest.fixture
def tell(judge: Wallet, made_ledger: Path, tmp_path: Path) -> Tell:
    """A function that plays an attack out, and says what came of it."""

    def played(attack: ContestAttack) -> str:
        ledger = Path(shutil.copy(made_ledger, tmp_path))
        with contest(tmp_path, ledger, judge, rules(**attack.rules)) as its:
            return attack.play(its)

    return played


every_attack = pytest.mark.parametrize("attack", ON_CONTEST.values(), ids=ON_CONTEST.keys())


@every_attack
def test_an_attack_on_the_contest_ends_as_stated(attack: ContestAttack, tell: Tell) -> None:
    assert tell(attack) == attack.outcome


@every_attack
def test_without_its_defence_an_attack_on_the_contest_ends_otherwise(attack: ContestAttack, tell: Tell) -> None:
    with without(OF_CONTEST[attack.defence]):
        assert tell(attack) == attack.without
    assert attack.without != attack.outcome
