"""The scripted executor keeps the contract of the real one as far as its callers can see."""

from pathlib import Path
from statistics import fmean, stdev

from evaluation.executor import Request
from evaluation.scripted_executor import ScriptedExecutor, losing
from evaluation.sources.bundle import Bundle, TaskSamples, write_bundle
from evaluation.sources.content import Pair
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Abandoned
from models.rejections import Reason, Rejection

TASK = TaskSpec("reference_loss", 50, 1.0, 16.0)


def request(model: str, bundle: Path = Path("none")) -> Request:
    """A request for a model of that digest."""
    return Request(Path("/cache", model), bundle, (TASK,), 128, 1.0)


def test_answers_come_in_turn_and_the_last_stays() -> None:
    refused = Rejection(Reason.NOT_FINITE, "nan")
    executor = ScriptedExecutor({"a": [Abandoned("busy"), refused]})
    assert [verdict for _, verdict in executor.judge([request("a")] * 3)] == [Abandoned("busy"), refused, refused]
    assert executor.requests == [request("a")] * 3


def test_a_model_without_a_script_is_abandoned() -> None:
    ((_, verdict),) = ScriptedExecutor({"a": []}).judge([request("b")])
    assert verdict == Abandoned("the script has no answer for 'b'; it has ['a']")


def test_after_close_nothing_is_judged() -> None:
    executor = ScriptedExecutor({"a": [Abandoned("busy")]})
    executor.close()
    assert list(executor.judge([request("a")])) == [
        (request("a"), Abandoned("the executor was closed", is_ours_alone=True))
    ]


def test_losses_differ_between_models_on_every_sample_alike(wallets, make_sample, tmp_path: Path) -> None:
    samples = tuple(make_sample(wallets[0], Pair("q", f"a {number}")) for number in range(50))
    write_bundle(Bundle((TaskSamples("reference_loss", samples),)), tmp_path / "bundle.jsonl")
    executor = ScriptedExecutor({"good": [losing(2.0)], "bad": [losing(2.5)]})
    asked = [request(name, tmp_path / "bundle.jsonl") for name in ("good", "bad")]
    good, bad = (verdict.tasks[0] for _, verdict in executor.judge(asked))
    assert good.sample_ids == tuple(sample.id for sample in samples)
    assert all(abs(worse / better - 1.25) < 1e-9 for better, worse in zip(good.values, bad.values, strict=True))
    assert (1.8 <= min(good.values) < 1.9, 2.1 < max(good.values) <= 2.2) == (True, True)


def test_a_model_may_have_noise_of_its_own_and_know_a_producers_samples(wallets, make_sample, tmp_path: Path) -> None:
    samples = tuple(make_sample(wallets[n % 2], Pair("q", f"a {n}")) for n in range(200))
    write_bundle(Bundle((TaskSamples("reference_loss", samples),)), tmp_path / "bundle.jsonl")
    known = {wallets[1].hotkey: 1.0}
    executor = ScriptedExecutor({"a": [losing(2.0, 0.0)], "b": [losing(2.0, 0.0, noise=0.1, name="b", known=known)]})
    asked = [request(name, tmp_path / "bundle.jsonl") for name in ("a", "b", "b")]
    plain, noisy, again = (verdict.tasks[0].values for _, verdict in executor.judge(asked))
    mine, theirs = (noisy[n::2] for n in (0, 1))
    assert (set(plain), noisy) == ({2.0}, again)
    assert (abs(fmean(mine) - 2.0) < 0.06, abs(fmean(theirs) - 1.0) < 0.03) == (True, True)
    assert (0.15 < stdev(mine) < 0.25, 0.075 < stdev(theirs) < 0.125) == (True, True)
