"""Attacks whose tests stand in the room that is attacked, and the defence without which each of these tests fails."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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
_ON_SAMPLES = "tests/attacks/test_hostile_samples.py::test_a_hostile_producers_samples_are_dropped_and_counted"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An attack, what must come of it, the defence, and the tests that show it: all of them fail without.

    Where two defences stop it, one behind the other, `also` names the other, and both are switched off.
    """

    attack: str
    outcome: str
    defence: str
    tests: tuple[str, ...]
    also: tuple[str, ...] = ()

    @property
    def defences(self) -> tuple[str, ...]:
        """All that must be switched off for it."""
        return (self.defence, *self.also)


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


def _samples(defence: str, *names: str, also: tuple[str, ...] = ()) -> Iterator[Elsewhere]:
    for name in names:
        yield Elsewhere(f"samples: {name}", "dropped and counted", defence, (f"{_ON_SAMPLES}[{name}]",), also)


ELSEWHERE: tuple[Elsewhere, ...] = (
    Elsewhere(
        "attention to the future that no config names",
        "refused `not_causal`",
        "probe",
        (
            "tests/evaluation/test_causality.py::test_a_model_that_sees_the_future_is_caught",
            "tests/evaluation/test_causality.py::test_a_look_into_the_rest_of_a_block_is_caught",
        ),
    ),
    Elsewhere(
        "loading or answering that never ends",
        "killed at the deadline, abandoned",
        "deadline",
        (
            "tests/evaluation/test_worker_process.py::test_a_hanging_model_is_killed_at_its_deadline_and_the_next_is_judged",
        ),
    ),
    Elsewhere(
        "a crash, or all the memory there is",
        "abandoned: the miner pays nothing for what may be our fault",
        "our_fault",
        (
            "tests/evaluation/test_worker_process.py::test_a_crash_is_abandoned_with_its_signal_and_the_next_is_judged",
            "tests/evaluation/test_worker_process.py::test_more_memory_than_allowed_is_ours",
        ),
    ),
    *_samples("sample_signature", "unsigned", "signed by another", "an old batch with a new anchor"),
    *_samples("sample_maker", "another's samples", "another's pointer", "made for another subnet"),
    *_samples(
        "sample_window",
        "an old batch with a new time",
        "an old batch with a new time, signed again",
        "made before a commit",
        "anchored in the future",
    ),
    *_samples("sample_anchor", "an invented anchor"),
    *_samples("sample_screen", "a poisoned phrase", "too long"),
    *_samples("sample_shape", "a row nested a million deep"),
    *_samples("able_producers", "below stake", "without permit", "deregistered"),
    *_samples("each_content_once", "copied contents"),
    *_samples(
        "committed_batch",
        "another's root over spoiled signatures",
        "other signatures than were committed",
        "a million rows",
    ),
    *_samples("batch_bytes", "a row of 17 MB", also=("committed_batch",)),
    *_samples("patience_ends", "withdrawn"),
    Elsewhere(
        "samples: a flood of nearly equal ones",
        "no part in the round",
        "no_near_equals",
        ("tests/attacks/test_hostile_samples.py::test_a_flood_of_nearly_equal_samples_gives_its_producer_no_part",),
    ),
    Elsewhere(
        "a source that hangs, floods us or answers 429",
        "the round is held, other competitions go on",
        "rounds_are_held",
        ("tests/neurons/test_rounds.py::test_a_round_without_samples_is_held_and_others_go_on",),
    ),
    Elsewhere(
        "a Hub that answers 429 or 503, cuts files short or changes their bytes",
        "asked again; nobody is refused for it",
        "hubs_fault",
        (
            "tests/faults/test_intake.py::"
            "test_a_hub_at_fault_refuses_nobody_and_once_it_is_well_all_is_as_on_a_calm_day",
        ),
    ),
    Elsewhere(
        "a kill while a model comes in",
        "same models afterwards, and nothing left lying",
        "whole_arrivals",
        ("tests/faults/test_intake.py::test_a_kill_around_arrival_loses_nothing",),
    ),
    Elsewhere(
        "a chain that takes blocks back",
        "same standings afterwards",
        "final_blocks",
        ("tests/faults/test_answers.py::test_blocks_that_are_given_up_leave_no_trace",),
    ),
    Elsewhere(
        "a chain that stalls, or answers half",
        "same standings afterwards",
        "whole_history",
        ("tests/neurons/test_agreement.py",),
    ),
    Elsewhere(
        "a socket that drops, or a kill, while weights are sent",
        "sent once, and found",
        "answers_are_looked_for",
        (
            "tests/neurons/test_weigh_through_faults.py::test_an_answer_that_never_came_is_found_on_chain",
            "tests/neurons/test_weigh_through_faults.py::test_a_process_killed_while_it_sent_leaves_a_row_that_the_next_one_settles",
        ),
    ),
    Elsewhere(
        "garbage in every form that a commitment takes",
        "refused `pointer`, and nobody else is held up",
        "texts_are_values",
        ("tests/faults/test_answers.py::test_a_stranger_who_commits_garbage_costs_nobody_else_anything",),
    ),
    Elsewhere(
        "a ciphertext copied under another hotkey, on a chain that seals",
        "refused `pointer`",
        "bound_to_its_hotkey",
        (
            "tests/neurons/test_copied_lines.py::test_a_ciphertext_copied_under_another_hotkey_opens_to_a_pointer_that_is_refused",
        ),
    ),
    Elsewhere(
        "a line in clear copied under another hotkey",
        "refused `digest`",
        "hashed_for_its_hotkey",
        (
            "tests/neurons/test_copied_lines.py::test_a_hashed_line_copied_under_another_hotkey_does_not_match_its_files_and_is_refused",
        ),
    ),
)
