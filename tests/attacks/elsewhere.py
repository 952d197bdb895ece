"""Attacks whose tests stand in the room that is attacked, and the defence without which each of these tests fails."""

from collections.abc import Iterator
from dataclasses import dataclass

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
        (
            "tests/neurons/test_history.py::test_whatever_was_missed_the_same_rows_result",
            "tests/neurons/test_history.py::"
            "test_what_a_purged_hotkey_had_committed_between_two_polls_is_history_and_its_uid_is_anothers",
        ),
    ),
    Elsewhere(
        "a socket that drops while weights are sent",
        "sent once, and found",
        "answers_are_looked_for",
        ("tests/neurons/test_weigh_through_faults.py::test_an_answer_that_never_came_is_found_on_chain",),
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
