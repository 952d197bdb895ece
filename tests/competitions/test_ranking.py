"""Who holds a competition after a round: a challenger meets the incumbent alone, and must beat it by epsilon in two."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.types import Block, Coldkey, Hotkey
from competitions.entrant import Entrant, Result, Setting
from competitions.ownership import Claim, tie_break
from competitions.ranking import decide, race_against
from competitions.records import Reign
from competitions.spec import Competition
from competitions.table import parse
from evaluation.executor import Race
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Abandoned, Outraced, Scored, TaskValues
from models.rejections import Reason, Rejection
from tests.competitions.builders import TABLE, around, bout, scored, submit

KING = Reign(1, Hotkey("hot1"), 0, Block(100), Block(10), 0.01, confirmed=True)


@pytest.fixture
def setting(chat: Competition) -> Setting:
    return Setting(chat, 3, Block(250), b"seed")


def entrant(id_: int, loss: float, commit: int | None = None) -> Entrant:
    """Judged with just this mean loss in this round, and so beside a king of mean loss 1 in the round before it."""
    values, before = around(loss, id_), bout(2, around(1.0, 1), around(loss, id_))
    return Entrant(submit(id_, commit or 10 * id_), Block(10 * id_), scored(*values), (before,), ("open",))


def reigning(setting: Setting, incumbent: Reign | None, entrants: Sequence[Entrant]) -> tuple[int, bool] | None:
    reign = decide(setting, incumbent, entrants).reign
    return (reign.submission_id, reign.confirmed) if reign else None


def test_a_challenger_wins_with_epsilon_and_not_with_less(setting: Setting) -> None:
    assert reigning(setting, KING, [entrant(1, 1.0), entrant(2, 0.991)]) == (1, True)
    assert reigning(setting, KING, [entrant(1, 1.0), entrant(2, 0.98)]) == (2, True)


def test_nobody_is_crowned_in_its_first_round(setting: Setting) -> None:
    first = replace(entrant(2, 0.5), earlier=(), past=())
    outcome = decide(setting, KING, [entrant(1, 1.0), first])
    assert (outcome.reign, outcome.standings[1].evidence.state) == (KING, "open")  # type: ignore[union-attr]


def test_a_crowning_keeps_what_was_earned_rounded_down(setting: Setting) -> None:
    reign = decide(setting, KING, [entrant(1, 1.0), entrant(2, 0.9376)]).reign
    assert reign == Reign(2, Hotkey("hot2"), 3, Block(250), Block(20), 0.062, confirmed=True)


def test_clones_of_the_king_change_nothing(setting: Setting) -> None:
    """The predecessor's round robin counted clones: two of them and a 2 % better model got nothing."""
    clones = [entrant(n, 1.0) for n in range(3, 9)]
    assert reigning(setting, KING, [entrant(1, 1.0), *clones, entrant(2, 0.98)]) == (2, True)


def test_the_most_senior_within_eps_end_of_the_best_wins(setting: Setting) -> None:
    rivals = [entrant(1, 1.0), entrant(2, 0.905, commit=50), entrant(3, 0.90, commit=60), entrant(4, 0.95, commit=20)]
    assert reigning(setting, KING, rivals) == (2, True)


def test_of_commits_in_one_block_the_seed_decides(setting: Setting) -> None:
    rivals = [entrant(1, 1.0), entrant(2, 0.90, commit=50), entrant(3, 0.905, commit=50)]
    crowned = {(reigning(replace(setting, seed=bytes([n])), KING, rivals) or (0,))[0] for n in range(20)}
    first = min((2, 3), key=lambda n: tie_break(setting.seed, Hotkey(f"hot{n}")))
    assert (crowned, reigning(setting, KING, rivals)) == ({2, 3}, (first, True))


def test_who_passed_but_was_outdone_keeps_its_fight_and_may_win_later(setting: Setting) -> None:
    outcome = decide(setting, KING, [entrant(1, 1.0), entrant(2, 0.95), entrant(3, 0.90)])
    assert [(s.submission_id, s.evidence and s.evidence.state) for s in outcome.standings] == [
        (3, "passed"),
        (2, "passed"),
        (1, None),
    ]


def test_a_vacant_throne_needs_the_same_best_model_twice(setting: Setting) -> None:
    field = [entrant(1, 1.0), entrant(2, 0.9)]
    trial = decide(setting, None, field).reign
    assert trial == Reign(2, Hotkey("hot2"), 3, Block(250), Block(20), 0.01, confirmed=False)
    assert reigning(setting, trial, field) == (2, True)
    assert reigning(setting, trial, [entrant(1, 0.8), entrant(2, 0.9)]) == (1, False)


def test_our_own_fault_with_the_king_changes_nothing(setting: Setting) -> None:
    broken = replace(entrant(1, 1.0), result="the device ran out of memory")
    outcome = decide(setting, KING, [broken, entrant(2, 0.5)])
    assert outcome.reign == KING
    assert [(s.submission_id, s.role) for s in outcome.standings] == [(1, "abandoned"), (2, "challenger")]


def test_our_own_fault_with_the_best_of_a_vacant_throne_changes_nothing(setting: Setting) -> None:
    trial = replace(KING, confirmed=False)
    broken = replace(entrant(1, 1.0), result="the device ran out of memory")
    assert decide(setting, trial, [broken, entrant(2, 0.5)]).reign == trial


GONE = Rejection(Reason.UNAVAILABLE, "the repository is gone")


@pytest.mark.parametrize("confirmed", [True, False])
@pytest.mark.parametrize(
    ("result", "others", "expected"),
    [
        (GONE, [], None),
        (GONE, ["late"], None),
        (GONE, [0.9], (2, False)),
        (Claim(Coldkey("cold9"), Hotkey("hot9"), Block(1)), [], None),
        (Rejection(Reason.NOT_FINITE, "loss is NaN"), [], "kept"),
        (Rejection(Reason.NOT_FINITE, "loss is NaN"), ["late", GONE], "kept"),
        (Rejection(Reason.NOT_FINITE, "loss is NaN"), [0.9, 5.0], (2, False)),
        ("late", [0.9], "kept"),
        ("late", [], "kept"),
    ],
)
def test_the_throne_falls_vacant_where_its_holder_is_gone_or_it_alone_is_refused(
    setting: Setting, confirmed: bool, result: Result, others: list[float | Result], expected: object
) -> None:
    held = replace(KING, confirmed=confirmed)
    field = [replace(entrant(1, 1.0), result=result)]
    for id_, one in enumerate(others, start=2):
        field.append(entrant(id_, one) if isinstance(one, float) else replace(entrant(id_, 1.0), result=one))
    assert reigning(setting, held, field) == ((1, confirmed) if expected == "kept" else expected)


def test_a_throne_whose_holder_takes_no_part_any_more_goes_to_the_best_of_the_others(setting: Setting) -> None:
    assert reigning(setting, KING, [entrant(2, 2.0), entrant(3, 1.0)]) == (3, False)
    assert reigning(setting, KING, []) is None


def test_of_a_vacant_throne_the_most_senior_within_eps_end_of_the_best_score_is_on_trial(setting: Setting) -> None:
    near, far = [[entrant(2, 1.0 + more, commit=20), entrant(3, 1.0, commit=30)] for more in (0.0099, 0.0101)]
    assert [reigning(setting, None, field) for field in (near, far)] == [(2, False), (3, False)]
    perfect = [replace(one, result=scored(0.0, 0.0)) for one in far]
    assert reigning(setting, None, [*perfect, entrant(1, 1.0)]) == (2, False)


def test_whoever_is_on_trial_is_not_fought_but_outscored(setting: Setting) -> None:
    trial = replace(KING, confirmed=False)
    outcome = decide(setting, trial, [entrant(1, 1.0), entrant(2, 0.9)])
    assert (outcome.reign and outcome.reign.submission_id, {s.evidence for s in outcome.standings}) == (2, {None})


def test_places_of_equals_do_not_depend_on_who_was_seen_first(setting: Setting) -> None:
    field = [entrant(n, 2.0, commit=30) for n in range(1, 9)]
    assert decide(setting, None, field).standings == decide(setting, None, field[::-1]).standings


def test_a_king_that_is_refused_leaves_the_throne_to_be_won(setting: Setting) -> None:
    refused = replace(entrant(1, 1.0), result=Rejection(Reason.NOT_FINITE, "loss is NaN"))
    assert reigning(setting, KING, [refused, entrant(2, 2.0)]) == (2, False)


def outraced(improvement: float) -> Outraced:
    return Outraced((TaskValues("reference_loss", ("a", "b"), (1.0, 1.1)),), 1.0, 9, 9, "env", 1, improvement, 0.004)


def test_the_outraced_stand_behind_the_scored_by_what_they_improved_and_are_never_crowned(setting: Setting) -> None:
    stopped = [Entrant(submit(n, n), Block(n), outraced(-0.01 * n)) for n in (4, 3)]
    outcome = decide(setting, KING, [*stopped, entrant(2, 1.5), entrant(1, 1.0)])
    assert [(s.submission_id, s.role, s.score) for s in outcome.standings] == [
        (1, "king", 1.0),
        (2, "challenger", 1.5),
        (3, "challenger", None),
        (4, "challenger", None),
    ]
    assert outcome.standings[2].why == (
        "stopped after 2 samples: -3.00% on the incumbent so far, and at most +0.40% after all of them; 1.00% is needed"
    )


def test_challengers_race_against_a_confirmed_incumbents_values_in_the_same_round(setting: Setting) -> None:
    asked = (TaskSpec("text_loss", 1, 0.5, 16.0), TaskSpec("reference_loss", 2, 0.5, 16.0))
    setting = replace(setting, competition=replace(setting.competition, tasks=asked))
    tasks = TaskValues("reference_loss", ("a", "b"), (1.0, 2.0)), TaskValues("text_loss", ("c",), (3.0,))
    values = Scored(tasks, 1.0, 9, 9, "env")
    assert race_against(setting, KING, {1: values}) == Race(((3.0,), (1.0, 2.0)), 0.01)
    assert race_against(setting, KING, {1: replace(values, tasks=tasks[:1])}) is None  # of another table
    on_trial = replace(KING, confirmed=False)
    for incumbent, verdict in [(None, values), (on_trial, values), (KING, Abandoned("late")), (KING, outraced(0.0))]:
        assert race_against(setting, incumbent, {1: verdict}) is None
    assert race_against(setting, KING, {}) is None


def test_nobody_scored_keeps_a_vacant_throne_vacant(setting: Setting) -> None:
    refused = replace(entrant(2, 1.0), result=Rejection(Reason.CONFIG, "is_causal"))
    assert decide(setting, None, [refused]).reign is None


def test_standings_name_the_reason_of_everyone_without_a_score(setting: Setting) -> None:
    copy = replace(entrant(3, 1.0), result=Claim(Coldkey("cold1"), Hotkey("hot1"), Block(10)))
    refused = replace(entrant(4, 1.0), result=Rejection(Reason.CONFIG, "is_causal is not allowed"))
    outcome = decide(setting, KING, [refused, copy, entrant(2, 0.995), entrant(1, 1.0)])
    assert [(s.place, s.submission_id, s.role, s.why) for s in outcome.standings] == [
        (1, 1, "king", "no challenger has won a title fight"),
        (2, 2, "challenger", "improved 0.50% on the incumbent over 2 rounds, 1.00% needed"),
        (3, 3, "copy", "copy: hot1 committed this model first, in block 10"),
        (4, 4, "rejected", "config: is_causal is not allowed"),
    ]


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=6), st.randoms())
def test_the_outcome_does_not_depend_on_the_order_of_entrants(losses: list[float], random: object) -> None:
    setting = Setting(parse(TABLE).competitions[0], 3, Block(250), b"seed")
    field = [entrant(n, loss) for n, loss in enumerate(losses, start=1)]
    shuffled = field.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert decide(setting, KING, shuffled) == decide(setting, KING, field)


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=6))
def test_a_king_never_falls_to_a_model_that_is_not_better(losses: list[float]) -> None:
    setting = Setting(parse(TABLE).competitions[0], 3, Block(250), b"seed")
    field = [entrant(1, 1.0), *(entrant(n, loss) for n, loss in enumerate(losses, start=2))]
    reign = decide(setting, KING, field).reign
    assert reign is not None
    assert reign == KING or losses[reign.submission_id - 2] <= 0.99
