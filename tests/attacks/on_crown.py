"""Attacks on the crown by models that pass every check: clones, floods, blockers, small steps, and helpful producers.

The king stands at 1.00 from block 10 on and is confirmed in the second round; whoever is committed by block 72 meets it
in the third, and nobody is crowned before the fourth.
"""

from dataclasses import replace

from competitions.spec import EntrantsSpec
from evaluation.verdicts import Abandoned
from models.rejections import Reason, Rejection
from tests.attacks.contest import Contest
from tests.attacks.contest_attack import attack
from tests.attacks.contest_parts import MAKERS
from tests.attacks.files import model
from tests.neurons.scenes import NETUID, RULES

NARROW = EntrantsSpec(most=3, per_coldkey=1)


@attack("met_by_the_king_alone", "king? king king bob; pays king=0.5 bob=0.5", "king? king king king; pays king=1")
def clones_between_king_and_challenger(contest: Contest) -> str:
    """Models as good as the king, older than a better one, and moved to new hotkeys so that it meets them in every
    round."""
    contest.enters("king", 1.0, at=10)
    for number in (1, 2):
        contest.enters(f"clone{number}", 1.0, at=66, files=model(number))
        contest.enters(f"moved{number}", 1.0, at=90, files=model(number), coldkey=f"cold-clone{number}")
    contest.enters("bob", 0.98, at=70)
    return f"{contest.play(4)}; pays {contest.weighs()}"


@attack("coldkeys_places", "king? king king bob", "king? king king king", entrants=NARROW)
def many_hotkeys_of_few_coldkeys(contest: Contest) -> str:
    """Two coldkeys fill the queue with models of theirs, all committed before a better one."""
    contest.enters("king", 1.0, at=10)
    for number in range(6):
        contest.enters(f"junk{number}", 2.0, at=50 + number, coldkey=f"cold{number % 2}")
    contest.enters("bob", 0.97, at=70)
    return contest.play(4)


@attack("who_lost_waits_no_more", "king? king king king bob", "king? king king king king", entrants=NARROW)
def one_hotkey_of_each_of_many_coldkeys(contest: Contest) -> str:
    """As many coldkeys as hotkeys: the queue is served three a round, and whoever has lost does not come back."""
    contest.enters("king", 1.0, at=10)
    for number in range(4):
        contest.enters(f"junk{number}", 2.0, at=50 + number)
    contest.enters("bob", 0.97, at=70)
    return contest.play(5)


@attack("best_of_those_that_passed", "king? king king bob", "king? king king blocker")
def senior_just_over_epsilon(contest: Contest) -> str:
    """Keeps a better model back, and enters early what is just good enough, to be the senior of whoever comes."""
    contest.enters("king", 1.0, at=10)
    contest.enters("blocker", 0.98, at=60)
    contest.enters("bob", 0.95, at=70)
    return contest.play(4)


@attack("epsilon", "king? king king king king; 0 passed", "king? king king third third; 1 passed")
def cartel_of_small_steps(contest: Contest) -> str:
    """Each a little better than the one before, none by epsilon better than the king."""
    contest.enters("king", 1.0, at=10)
    for name, loss in (("first", 0.998), ("second", 0.996), ("third", 0.993)):
        contest.enters(name, loss, at=60)
    kings = contest.play(5)
    return f"{kings}; {len({*kings.split()} - {'king?', 'king'})} passed"


@attack("most_favourable_producers", "king? king king king king", "king? king king friend friend")
def producer_that_helps_one_miner(contest: Contest) -> str:
    """One producer in eight shows a miner its samples beforehand; on all others the model is as good as the king's."""
    contest.enters("king", 1.0, at=10)
    contest.enters("friend", contest.loses("friend", 1.0, {MAKERS[3]: 0.7}), at=60)
    return contest.play(5)


@attack(
    "hopeless_models",
    "- - abandoned abandoned abandoned rejected; rejected unloadable",
    "- - abandoned abandoned abandoned abandoned; abandoned",
)
def judging_without_end(contest: Contest) -> str:
    """Killed at the deadline in every round: our own fault at first, until others were judged in three of them."""
    contest.enters("king", 1.0, at=10)
    contest.enters("endless", lambda _: Abandoned("killed at its deadline of 120 s"), at=60)
    contest.play(6)
    return f"{contest.roles('endless')}; {contest.fate('endless')}"


@attack(
    "refused_for_good",
    "king? king king king; - - rejected -; asked once",
    "king? king king king; - - rejected rejected; asked twice",
)
def losses_that_are_no_numbers(contest: Contest) -> str:
    """Answers with NaN whatever it is asked, and is due again in every round if it may."""
    contest.enters("king", 1.0, at=10)
    asked = []

    def nan(_: object) -> Rejection:
        asked.append(True)
        return Rejection(Reason.NOT_FINITE, "the loss is NaN")

    contest.enters("nan", nan, at=60)
    return f"{contest.play(4)}; {contest.roles('nan')}; asked {['never', 'once', 'twice'][len(asked)]}"


@attack("nobody_finite_changes_nothing", "king? king king king; pays king=1", "king? king - -; pays owner=1")
def everybody_fails_at_once(contest: Contest) -> str:
    """A round in which no model has a finite loss, the king's among them."""
    ref = contest.enters("king", 1.0, at=10)
    (honest,) = contest.answers[ref.digest]
    assert callable(honest)
    contest.answers[ref.digest] = [honest, honest, Rejection(Reason.NOT_FINITE, "the loss is NaN")]
    contest.enters("nan", lambda _: Rejection(Reason.NOT_FINITE, "the loss is NaN"), at=60)
    return f"{contest.play(4)}; pays {contest.weighs()}"


@attack("sealed_weights", "nobody; king=0.5 bob=0.5", "king=0.5 bob=0.5; king=0.5 bob=0.5")
def weights_copied_off_the_chain(contest: Contest) -> str:
    """A validator that judges nothing looks up what others have set, at once and an epoch later."""
    contest.chain.set_rules(NETUID, replace(RULES, commit_reveal=True))
    contest.enters("king", 1.0, at=10)
    contest.enters("bob", 0.97, at=60)
    contest.play(4)
    at_once = contest.weighs()
    contest.chain.advance(2 * RULES.tempo)
    return f"{at_once}; {contest.weights}"
