"""The defences that stand in other rooms than the contest, and what stands in for each when it is switched off."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from chain.types import Block, Head, Hotkey, Neuron
from competitions.records import Submission
from evaluation.executor import Request
from evaluation.sources.drops import Drop
from evaluation.sources.filters import Sifted, broken_rule
from evaluation.sources.sample import Sample
from evaluation.verdicts import Verdict
from evaluation.worker_process import WorkerProcess
from ledger.submissions import Retry
from models.ref import Malformed, ModelRef, decode_sealed
from models.rejections import Reason, Rejection
from neurons.loops.fetch import Fetch, Outcome
from tests.attacks.contest_switches import OF_CONTEST
from tests.attacks.switches import Switch

_DECODE, _BROKEN, _ASK = decode_sealed, broken_rule, WorkerProcess._ask
_TAKE = Fetch._take_in


def _forgiving(*drops: Drop) -> Callable[..., Drop | None]:
    """A sample that breaks one of these rules counts."""

    def broken(*about: Any) -> Drop | None:
        found = _BROKEN(*about)
        return None if found in drops else found

    return broken


def _equals_too(samples: Iterable[Sample], *_: object) -> Sifted:
    return Sifted(tuple(sorted(samples, key=lambda one: one.id)), Counter())


def _whoever(neuron: Neuron | None, _: object) -> Drop | None:
    return None if neuron is not None else Drop.MALFORMED


def _newest(chain: Any) -> Head:
    head = chain.advance(0)
    return Head(head, chain.block_hash(head))


def _raising(data: bytes, hotkey: Hotkey) -> ModelRef:
    found = _DECODE(data, hotkey)
    if isinstance(found, Malformed):
        raise ValueError(found.reason)
    return found


def _patient(worker: WorkerProcess, request: Request) -> Verdict:
    return _ASK(worker, replace(request, deadline_s=request.deadline_s + 40))


def _miners_fault(_: object, error: Exception) -> Rejection:
    return Rejection(Reason.UNLOADABLE, str(error))


def _charged(fetch: Fetch, submission: Submission, head: Block) -> Outcome:
    """What the Hub fails at is the model's fault."""
    found = _TAKE(fetch, submission, head)
    return Rejection(Reason.UNAVAILABLE, found.cause) if isinstance(found, Retry) else found


def _lasting(_: object) -> bool:
    return True


def _nothing(*_: object) -> Iterator[NoReturn]:
    return iter(())


ELSEWHERE_OFF: Mapping[str, Switch] = {
    "probe": Switch(
        "evaluation.causality:refusal", lambda *_: None, "no model's earlier predictions are looked at twice"
    ),
    "deadline": Switch(
        "evaluation.worker_process:WorkerProcess._ask", _patient, "a judging may take as long as it likes"
    ),
    "our_fault": Switch(
        "evaluation.worker_process:WorkerProcess._failed", _miners_fault, "what ends a worker is the model's fault"
    ),
    "sample_signature": Switch(
        "evaluation.sources.signed:is_authentic", lambda _: True, "whatever a sample is signed with is good"
    ),
    "sample_maker": Switch(
        "evaluation.sources.filters:broken_rule", _forgiving(Drop.PRODUCER), "anybody's samples count"
    ),
    "sample_window": Switch(
        "evaluation.sources.filters:broken_rule", _forgiving(Drop.WINDOW), "samples of any age count"
    ),
    "sample_anchor": Switch(
        "evaluation.sources.filters:broken_rule", _forgiving(Drop.ANCHOR), "no anchor is looked up"
    ),
    "sample_screen": Switch(
        "evaluation.sources.filters:broken_rule", _forgiving(Drop.PHRASE, Drop.LENGTH), "whatever a sample says is good"
    ),
    "sample_shape": Switch(
        "evaluation.sources.filters:broken_rule",
        _forgiving(Drop.MALFORMED),
        "lines that are no samples are passed over in silence",
    ),
    "able_producers": Switch("evaluation.sources.qualified:_drop", _whoever, "permit and stake do not matter"),
    "each_content_once": Switch(
        "evaluation.sources.filters:without_duplicates", _equals_too, "equal contents count each"
    ),
    "committed_batch": Switch(
        "evaluation.sources.batch:fault_of", lambda *_: None, "a batch is whatever the Hub has under its name"
    ),
    "batch_bytes": Switch(
        "evaluation.sources.batch:MAX_BATCH_BYTES", 10**9, "a batch of any length is read", alone=True
    ),
    "patience_ends": Switch(
        "evaluation.sources.occasion:Occasion.has_waited", lambda *_: False, "a round waits for a batch for ever"
    ),
    "no_near_equals": Switch(
        "evaluation.sources.novelty:Novelty.admits", lambda *_: True, "nearly equal samples are drawn"
    ),
    "rounds_are_held": Switch(
        "evaluation.sources.held:Held.lasting", property(_lasting), "a round without samples ends unjudged"
    ),
    "hubs_fault": Switch("neurons.loops.fetch:Fetch._take_in", _charged, "what the Hub fails at is the model's fault"),
    "whole_arrivals": Switch("models.cache:ModelCache._sweep", lambda _: None, "what a kill left lying is never swept"),
    "final_blocks": Switch(
        "chain.simulated.chain:SimulatedChain.finalized", _newest, "the newest block is taken for final"
    ),
    "whole_history": Switch("neurons.history:hints", _nothing, "what no poll met is never looked for"),
    "answers_are_looked_for": Switch(
        "neurons.weighing:has_arrived", lambda *_: False, "a sending without an answer is taken for lost"
    ),
    "texts_are_values": Switch(
        "models.ref:decode_sealed", _raising, "a text that is no pointer stops whoever reads it"
    ),
    "hashed_for_its_hotkey": Switch("models.ref:matches", lambda *_: True, "a secure hash is not checked"),
    "bound_to_its_hotkey": OF_CONTEST["bound_to_its_hotkey"],
}
"""By the defence's name."""
