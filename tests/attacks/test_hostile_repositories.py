"""Every hostile repository is refused by its own defence in bounds, touches nothing, and without it gets further."""

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors import safe_open

import tests.attacks.on_adapter
import tests.attacks.on_config
import tests.attacks.on_listing
import tests.attacks.on_tokenizer
import tests.attacks.on_weights  # noqa: F401 - the modules enter their attacks
from models.defences import DEFENCES
from models.vetting import Vetted, vet
from tests.attacks.attack import ATTACKS, Attack, Bait
from tests.attacks.canaries import canaries
from tests.attacks.child import Outcome
from tests.attacks.honest import LIMITS, write_honest

TakeIn = Callable[..., tuple[Outcome, list[str]]]

MAX_SECONDS = 10.0
MAX_BYTES = 1 << 30


def named(attacks: dict[str, Attack]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("attack", attacks.values(), ids=attacks.keys())


def test_the_honest_model_passes_and_touches_nothing(take_in: TakeIn):
    outcome, touched = take_in(None)
    assert (outcome.said.partition(":")[0], touched) == ("vetted", [])


def test_the_honest_adapter_passes_and_touches_nothing(take_in: TakeIn):
    outcome, touched = take_in(Attack("none", lambda *_: None, "", "", "", way="adapter"))
    assert (outcome.said.partition(":")[0], touched) == ("vetted", [])


def test_what_is_never_fetched_may_say_what_it_likes(take_in: TakeIn, tmp_path: Path):
    """Honest trainers write these files, so they are no reason to refuse; and nothing of them reaches the model."""

    def beside(folder: Path, bait: Bait) -> None:
        (folder / "chat_template.jinja").write_text("{% for a in range(10**12) %}{{ a }}{% endfor %}")
        (folder / "tokenizer_config.json").write_text(json.dumps({"auto_map": {"AutoTokenizer": [bait.url, None]}}))
        (folder / "generation_config.json").write_text(json.dumps({"custom_generate": bait.url}))

    write_honest(tmp_path / "honest")
    honest = vet(tmp_path / "honest", tmp_path / "clean", LIMITS)
    assert isinstance(honest, Vetted)
    outcome, touched = take_in(Attack("beside", beside, "", "", ""))
    assert (f"has the digest {honest.digest};" in outcome.said, touched) == (True, [])


@named(ATTACKS)
def test_a_hostile_repository_is_refused_by_its_defence_within_bounds(attack: Attack, take_in: TakeIn):
    outcome, touched = take_in(attack)
    reason, _, detail = outcome.said.partition(": ")
    allowed = {code for name in (attack.defence, *attack.also) for code in DEFENCES[name].reasons}
    assert (reason in allowed, attack.words in detail, detail.splitlines(), touched) == (True, True, [detail], []), (
        outcome.said
    )
    assert (outcome.seconds < MAX_SECONDS, outcome.peak < MAX_BYTES) == (True, True), outcome
    assert outcome.idle_growth < 1 << 20


@named(ATTACKS)
def test_without_its_defence_the_attack_gets_further(attack: Attack, take_in: TakeIn):
    patience = 4.0 if "killed" in attack.further else 60.0
    outcome, touched = take_in(attack, attack.defence, *attack.also, seconds=patience)
    said = f"{outcome.said} touched {' '.join(touched)}"
    assert re.match(attack.further, said, re.DOTALL), said
    assert attack.words not in outcome.said


def test_every_defence_has_an_attack_that_it_stops():
    assert {attack.defence for attack in ATTACKS.values()} == set(DEFENCES)


def test_canaries_hear_compiled_code_and_connections(tmp_path: Path):
    write_honest(tmp_path / "theirs")
    with canaries() as listening:
        listening.watch(tmp_path / "theirs")
        before = listening.heard()
        with safe_open(tmp_path / "theirs" / "model.safetensors", "numpy"):
            opened = listening.heard()
        with socket.create_connection(("127.0.0.1", int(listening.url.rpartition(":")[2]))):
            assert (before, opened, listening.heard()) == ([], ["model.safetensors"], ["connection"])
