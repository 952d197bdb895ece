"""Attacks on whose model it is: copies, plain and in disguise, and pointers that are another's, two at once, or say
more than a pointer says. The king's model is public from block 16 on.
"""

from chain.types import Block, Hotkey
from competitions.spec import LineageSpec
from models.lineage import Kind
from models.ref import encode_hashed, encode_sealed
from neurons.descent import Descent
from tests.attacks.contest import Contest
from tests.attacks.contest_attack import attack
from tests.attacks.files import (
    Files,
    doubled,
    head_written_out,
    in_shards,
    merged,
    model,
    noisy,
    renamed,
    reordered,
    with_readme,
)

KING = model(1)
MERGES = LineageSpec((*LineageSpec().refused, Kind.MERGE))


def stolen(contest: Contest, files: Files) -> str:
    """Somebody else uploads what was made of the king's model, and commits it."""
    contest.enters("king", 1.0, at=10, files=KING)
    contest.enters("thief", 0.97, at=20, files=files)
    contest.play(1)
    return contest.fate("thief")


@attack("first_committer", "rejected copy", "scored")
def plain_copy(contest: Contest) -> str:
    """The same files in a repository of one's own."""
    return stolen(contest, KING)


@attack("first_committer", "rejected copy", "scored")
def copy_with_another_readme(contest: Contest) -> str:
    """A hash over the folder would take it for another model."""
    return stolen(contest, with_readme(KING))


@attack("first_committer", "rejected copy", "scored")
def copy_in_other_shards(contest: Contest) -> str:
    """The same tensors in two files and another order."""
    return stolen(contest, in_shards(KING))


@attack("first_committer", "rejected copy", "scored")
def copy_with_its_head_written_out(contest: Contest) -> str:
    """A tensor more than the original has, which says the same."""
    return stolen(contest, head_written_out(KING))


@attack("tensors_by_name", "rejected weights", "rejected digest")
def copy_with_renamed_tensors(contest: Contest) -> str:
    """Names that the architecture does not have; a loader that guesses would fill the rest with random numbers."""
    return stolen(contest, renamed(KING))


@attack("first_committer", "rejected copy", "scored")
def pointer_to_anothers_repository(contest: Contest) -> str:
    """No upload at all: a pointer of one's own to the king's repository, revision and digest."""
    ref = contest.enters("king", 1.0, at=10, files=KING)
    contest.joins("thief")
    contest.says("thief", ref, 20, 26)
    contest.play(1)
    return contest.fate("thief")


@attack("first_committer", "king? king; king scored rejected copy", "king? king; king scored scored")
def one_model_under_many_hotkeys(contest: Contest) -> str:
    """The king's own coldkey may move it; another coldkey may not, whatever it commits it as."""
    contest.enters("king", 1.0, at=10, files=KING)
    contest.enters("spare", 1.0, at=11, files=KING, coldkey="cold-king")
    contest.enters("thief", 1.0, at=20, files=KING, hashed=True)
    return f"{contest.play(2)}; {' '.join(map(contest.fate, ('king', 'spare', 'thief')))}"


@attack("lineage", "rejected copy", "scored")
def copy_with_noise(contest: Contest) -> str:
    """Every number a thousandth of the spread off."""
    return stolen(contest, noisy(KING, seed=7))


@attack("lineage", "rejected copy", "scored")
def copy_with_its_neurons_in_another_order(contest: Contest) -> str:
    """Computes the same, and no matrix is the same."""
    return stolen(contest, reordered(KING))


@attack("lineage", "rejected copy", "scored")
def copy_times_two(contest: Contest) -> str:
    """A matrix in other units."""
    return stolen(contest, doubled(KING))


def merge(contest: Contest) -> str:
    """The mean of the king's and another leader's model, half a percent better than either."""
    contest.enters("king", 1.0, at=10, files=KING)
    contest.enters("bob", 1.0, at=20, files=model(2))
    contest.enters("merger", 0.995, at=60, files=merged(KING, model(2)))
    return f"{contest.play(5)}; {contest.fate('merger')}"


@attack("lineage", "king? king king king king; rejected copy", "king? king king king king; scored", lineage=MERGES)
def merge_where_the_table_refuses_merges(contest: Contest) -> str:
    """Half a percent for no work, under a table that says that this is no work."""
    return merge(contest)


@attack("epsilon", "king? king king king king; scored; merge", "king? king king king merger; king; merge")
def merge_of_two_leaders(contest: Contest) -> str:
    """Half a percent for no work: named for what it is, and by less than epsilon better."""
    told = merge(contest)
    lineage = Descent(contest.ledger)._told(*_asked(contest))
    return f"{told}; {lineage.kind}"


def _asked(contest: Contest) -> tuple[str, tuple[str, ...]]:
    known = [contest.submission(name).digest or "" for name in ("king", "bob")]
    return contest.submission("merger").digest or "", tuple(known)


@attack("bound_to_its_hotkey", "king? king king bob; rejected pointer", "king? king king thief; king")
def pointer_replayed_before_its_owners(contest: Contest) -> str:
    """Copies a ciphertext on its way into a block, without knowing what it says, and is the senior by a block."""
    contest.enters("king", 1.0, at=10)
    ref = contest.enters("bob", 0.97, at=61, opens=67)
    contest.joins("thief")
    contest.puts_sealed("thief", 60, 67, encode_sealed(ref, Hotkey("bob")).encode())
    return f"{contest.play(4)}; {contest.fate('thief')}"


@attack("bound_to_its_hotkey", "king?; rejected pointer", "liar?; scored")
def payload_that_names_its_own_block(contest: Contest) -> str:
    """Says that it was committed in block 1. Seniority is the chain's to tell, and a pointer has no such field."""
    contest.enters("king", 1.0, at=10)
    contest.joins("liar")
    ref = contest.uploads("liar", model(5), public_at=26)
    contest.answers[ref.digest] = [contest.loses("liar", 0.97)]
    contest.puts_sealed("liar", 20, 26, encode_sealed(ref, Hotkey("liar")).encode() + b" 1")
    return f"{contest.play(1)}; {contest.fate('liar')}"


@attack("one_pointer_each", "king?; rejected pointer", "king?; scored")
def two_pointers_in_one_commitment(contest: Contest) -> str:
    """One in clear and another sealed beside it, to choose from once the others are known."""
    contest.enters("king", 1.0, at=10)
    contest.joins("twins")
    open_, kept = (contest.uploads("twins", model(seed), public_at=20) for seed in (5, 6))
    contest.answers |= {ref.digest: [contest.loses("twins", 1.1)] for ref in (open_, kept)}
    sealed = encode_sealed(kept, Hotkey("twins")).encode()
    clear = encode_hashed(open_, Hotkey("twins")).encode()
    contest.puts("twins", 20, lambda: (contest.chain.sealed(sealed, Block(26)), clear))
    return f"{contest.play(1)}; {contest.fate('twins')}"
