"""An executor that answers from a script, for tests of whatever asks for verdicts. Judges nothing, needs no torch."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from evaluation.executor import Request
from evaluation.sources.bundle import read_bundle
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


def losing(loss: float, spread: float = 0.1) -> Callable[[Request], Scored]:
    """An answer that scores every sample of the request's bundle about `loss`, up to `spread` of it harder or easier.

    How hard a sample is depends on its id alone, so that models differ on the same samples as their losses do.
    """

    def answer(request: Request) -> Scored:
        bundle = read_bundle(request.bundle)
        tasks = []
        for spec in request.tasks:
            ids = tuple(sample.id for sample in bundle.of(spec.name))
            values = (loss * (1 + spread * (2 * _hardness(sample_id) - 1)) for sample_id in ids)
            tasks.append(TaskValues(spec.name, ids, tuple(min(value, spec.cap) for value in values)))
        tokens = sum(len(task.values) for task in tasks)
        return Scored(tuple(tasks), seconds=0.0, tokens=tokens, peak_memory_bytes=0, environment="scripted")

    return answer


def _hardness(sample_id: str) -> float:
    return int.from_bytes(hashlib.sha256(sample_id.encode()).digest()[:6], "big") / 2**48
