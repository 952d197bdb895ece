"""Attacks on time: commits made early for what is shown late, repositories that go, and ages that begin anew.

Rounds are due at blocks 48, 72, 96, …; a seal of more than 60 blocks is void.
"""

from chain.types import BlockCount
from competitions.spec import EpsilonSpec
from ledger import rounds
from tests.attacks.contest import Contest
from tests.attacks.contest_attack import attack
from tests.attacks.contest_parts import NAME
from tests.attacks.files import model

SLOW = EpsilonSpec(0.05, 0.01, BlockCount(144))


@attack(
    "longest_seal",
    "king? king king king bob; rejected late_reveal",
    "king? king king king sleeper; king",
)
def sleeper_who_publishes_late(contest: Contest) -> str:
    """Commits in block 20, and opens when somebody else has something: the senior of the two, if that were allowed."""
    contest.enters("king", 1.0, at=10)
    contest.enters("sleeper", 0.97, at=20, opens=95)
    contest.enters("bob", 0.97, at=85, opens=95)
    return f"{contest.play(5)}; {contest.fate('sleeper')}"


@attack(
    "opened_in_time",
    "king? king king bob; - - - challenger",
    "king? king king late; - - challenger king",
)
def early_commit_opened_just_before_a_round(contest: Contest) -> str:
    """Committed long before, opened two blocks before the seed block: nobody could have fetched it by then."""
    contest.enters("king", 1.0, at=10)
    contest.enters("late", 0.97, at=40, opens=94)
    contest.enters("bob", 0.97, at=60)
    return f"{contest.play(4)}; {contest.roles('late')}"


@attack("files_when_due", "king? king king bob; rejected unavailable", "king? king king late; king")
def commits_first_and_uploads_later(contest: Contest) -> str:
    """The pointer opens in time and the repository stays private: the senior of whatever it turns out to be."""
    contest.enters("king", 1.0, at=10)
    contest.enters("late", 0.97, at=50, public_at=110)
    contest.enters("bob", 0.97, at=60)
    return f"{contest.play(4)}; {contest.fate('late')}"


@attack("files_when_due", "king? king king bob; rejected unavailable", "king? king; vetting")
def private_until_a_rival_leads(contest: Contest) -> str:
    """A pointer in clear, which nobody waits to open, to a repository that is shown once it pays."""
    contest.enters("king", 1.0, at=10)
    contest.enters("hider", 0.97, at=50, hashed=True, public_at=130)
    contest.enters("bob", 0.97, at=60)
    return f"{contest.play(4)}; {contest.fate('hider')}"


@attack(
    "kings_are_looked_for",
    "king? king king king - bob? bob; rejected unavailable; pays bob=1",
    "king? king king king king king king; king; pays king=1",
)
def repository_deleted_after_crowning(contest: Contest) -> str:
    """Nobody can check, or use, what is paid for."""
    ref = contest.enters("king", 1.0, at=10)
    contest.enters("bob", 1.02, at=20)
    contest.removes(ref.repo, at=90)
    return f"{contest.play(7)}; {contest.fate('king')}; pays {contest.weighs()}"


@attack("believed_of_a_healthy_hub", "king? king king king king king", "king? king king king - bob?")
def hub_that_has_nothing_any_more(contest: Contest) -> str:
    """Answers, and does not have the king's repository; nor anybody else's."""
    contest.enters("king", 1.0, at=10)
    contest.enters("bob", 1.02, at=20)
    contest.mood("ill", at=90)
    return contest.play(6)


@attack("believed_of_a_healthy_hub", "king? king king king king king", "king? king king king - bob?")
def hub_that_is_away(contest: Contest) -> str:
    """Cut off for an hour, by whomever."""
    contest.enters("king", 1.0, at=10)
    contest.enters("bob", 1.02, at=20)
    contest.mood("away", at=90)
    return contest.play(6)


@attack(
    "age_of_the_digest",
    "king? king king king other other eve; age from 60",
    "king? king king king other other other; age from 80",
    epsilon=SLOW,
)
def committed_anew_under_another_hotkey(contest: Contest) -> str:
    """The same model under a fresh hotkey of its coldkey, so that epsilon would begin to fall twenty blocks later."""
    contest.enters("king", 1.0, at=10)
    contest.enters("mine", 0.94, at=60, files=model(3))
    contest.enters("mine", 2.0, at=80)
    contest.enters("other", 0.94, at=80, files=model(3), coldkey="cold-mine")
    contest.enters("eve", 0.94 * 0.984, at=130)
    return f"{contest.play(7)}; age from {_age_from(contest, 4)}"


@attack(
    "age_of_the_digest",
    "king? king king king mine mine eve; age from 60",
    "king? king king king mine mine mine; age from 80",
    epsilon=SLOW,
)
def committed_anew_under_the_same_hotkey(contest: Contest) -> str:
    """The same model from another repository."""
    contest.enters("king", 1.0, at=10)
    contest.enters("mine", 0.94, at=60, files=model(3))
    contest.enters("mine", 0.94, at=80, files=model(3))
    contest.enters("eve", 0.94 * 0.984, at=130)
    return f"{contest.play(7)}; age from {_age_from(contest, 4)}"


def _age_from(contest: Contest, number: int) -> int:
    reign = rounds.reign_after(contest.ledger, NAME, number)
    assert reign is not None
    return reign.digest_block
