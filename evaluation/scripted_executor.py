"""An executor that answers from a script, for tests of whatever asks for verdicts. Judges nothing, needs no torch."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import NormalDist

from chain.types import Hotkey
from evaluation.executor import Request
from evaluation.sources.bundle import read_bundle
from evaluation.sources.sample import Sample
from evaluation.verdicts import Abandoned, Scored, TaskValues, Verdict

Answer = Verdict | Callable[[Request], Verdict]


class ScriptedExecutor:
    """Answers each model, known by its directory's name (its digest), with the next of its answers, the last for ever.

    `requests` keeps all that was asked, in order.
    """

    def __init__(self, script: Mapping[str, Sequence[Answer]]) -> None:
        self._script = {name: list(answers) for name, answers in script.items()}
        self._closed = False
        self.requests: list[Request] = []

    def judge(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Verdict]]:
        """See Executor.judge; requests are answered in order. A model that the script does not name is abandoned."""
        for request in requests:
            yield request, self._answer(request)

    def close(self) -> None:
        """See Executor.close."""
        self._closed = True

    def _answer(self, request: Request) -> Verdict:
        if self._closed:
            return Abandoned("the executor was closed", is_ours_alone=True)
        self.requests.append(request)
        answers = self._script.get(request.model.name)
        if not answers:
            return Abandoned(f"the script has no answer for {request.model.name!r}; it has {sorted(self._script)}")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request) if callable(answer) else answer


def losing(
    loss: float, spread: float = 0.1, *, noise: float = 0.0, name: str = "", known: Mapping[Hotkey, float] | None = None
) -> Callable[[Request], Scored]:
    """An answer that scores every sample of the request's bundle about `loss`, up to `spread` of it harder or easier.

    How hard a sample is depends on its id alone, so that models differ on the same samples as their losses do; and by a
    `noise` of their own, a relative standard deviation, drawn from `name` and the id. On samples of `known` producers
    the loss is another one.
    """

    def answer(request: Request) -> Scored:
        bundle = read_bundle(request.bundle)
        tasks = []
        for spec in request.tasks:
            samples = bundle.of(spec.name)
            values = (_loss(sample) * (1 + noise * _deviation(name, sample.id)) for sample in samples)
            capped = tuple(min(max(0.0, value), spec.cap) for value in values)
            tasks.append(TaskValues(spec.name, tuple(sample.id for sample in samples), capped))
        tokens = sum(len(task.values) for task in tasks)
        return Scored(tuple(tasks), seconds=0.0, tokens=tokens, peak_memory_bytes=0, environment="scripted")

    def _loss(sample: Sample) -> float:
        mine = loss if known is None or sample.producer is None else known.get(sample.producer, loss)
        return mine * (1 + spread * (2 * _hardness(sample.id) - 1))

    return answer


def _hardness(sample_id: str) -> float:
    """Between 0 and 1, neither of them."""
    return (int.from_bytes(hashlib.sha256(sample_id.encode()).digest()[:6], "big") + 0.5) / 2**48


def _deviation(name: str, sample_id: str) -> float:
    return NormalDist().inv_cdf(_hardness(f"{name}/{sample_id}"))
