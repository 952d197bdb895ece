"""The defences of the contest, and what stands in for each of them when it is switched off."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chain.simulated.state import SubnetState
from chain.simulated.weights import set_weights
from chain.types import Block, BlockCount, Hotkey
from competitions.bouts import Bouts
from competitions.entrant import Entrant, Setting
from competitions.entrants import Judged, Lane, Throne
from competitions.epsilon import epsilon
from competitions.records import Reign, Submission
from competitions.scores import score
from competitions.spec import EntrantsSpec
from hub.port import HubError
from ledger import submissions
from ledger.clear_texts import ClearText
from ledger.database import Ledger
from models.configs import Blueprint
from models.ref import HashedRef, Malformed, ModelRef, decode_clear, decode_sealed
from models.tensors import Tensor
from models.weights import Matched
from neurons.king_presence import KingPresence
from tests.attacks.switches import Switch

_DECODE, _SET_WEIGHTS = decode_sealed, set_weights


def _crown(setting: Setting, winner: Entrant, gain: float) -> Reign:
    its = winner.submission
    at = setting.number, setting.seed_block, winner.digest_block
    return Reign(its.id, its.hotkey, *at, gain, confirmed=True)


def _by_wins(setting: Setting, entrants: Sequence[Entrant], bouts: Bouts) -> Reign | None:  # noqa: ARG001
    """Everybody against everybody, the junior of two needing an epsilon that falls with the senior's age: most wins."""
    spec = setting.competition.epsilon
    scores = {e: score(setting.competition, e.result) for e in entrants if isinstance(e.result, tuple)}

    def beats(one: Entrant, other: Entrant) -> bool:
        senior, junior = sorted((one, other), key=lambda e: (e.digest_block, e.submission.id))
        bar = epsilon(spec, spec.start, BlockCount(setting.seed_block - senior.digest_block))
        winner = junior if scores[junior] < scores[senior] * (1 - bar) else senior
        return winner is one

    won = {e: sum(beats(e, other) for other in scores if other is not e) for e in scores}
    best = min(won, key=lambda e: (-won[e], e.digest_block, e.submission.id), default=None)
    return None if best is None else _crown(setting, best, spec.end)


def _most_senior(setting: Setting, entrants: Sequence[Entrant], bouts: Bouts) -> Reign | None:
    passed = [e for e in entrants if e.submission.id in bouts and bouts[e.submission.id].evidence.state == "passed"]
    if not passed:
        return None
    first = min(passed, key=lambda e: e.submission.commit_block)
    return _crown(setting, first, bouts[first.submission.id].improvement)


def _says_more(data: bytes, hotkey: Hotkey) -> ModelRef | Malformed:
    """Five words are enough; what stands behind them, and for whom, is nobody's business."""
    return _DECODE(b" ".join((*data.split(b" ")[:5], hotkey.encode())), hotkey)


def _clear_alone(ledger: Ledger, text: ClearText) -> bool:
    """A pointer in clear, whatever stands beside it."""
    said = decode_clear(text.text)
    if isinstance(said, HashedRef):
        named = said.competition, said.repo, said.revision, said.secure_hash
        submissions.add_hashed(ledger, text.commitment_id, *named)
    return isinstance(said, HashedRef)


def _at_its_word(presence: KingPresence, king: Submission, others: Sequence[Submission]) -> bool:  # noqa: ARG001
    try:
        return presence._shows(king)
    except HubError:
        return False


def _whatever_is_there(found: Mapping[str, Tensor], blueprint: Blueprint) -> Matched:
    return Matched(blueprint, tuple(found.values()))


def _first_come(queue: Sequence[Submission], rules: EntrantsSpec) -> list[Submission]:
    return list(queue[: rules.most])


def _always(past: Sequence[Judged], throne: Throne) -> Lane:  # noqa: ARG001
    return "first"


def _in_clear(subnet: SubnetState, *sent: Any) -> SubnetState:
    open_ = replace(subnet, rules=replace(subnet.rules, commit_reveal=False))
    return replace(_SET_WEIGHTS(open_, *sent), rules=subnet.rules)


OF_CONTEST: Mapping[str, Switch] = {
    "met_by_the_king_alone": Switch(
        "competitions.ranking:_crowned", _by_wins, "everybody meets everybody, and the most wins take the crown"
    ),
    "coldkeys_places": Switch("competitions.entrants:_capped", _first_come, "the oldest are judged, whoever owns them"),
    "who_lost_waits_no_more": Switch("competitions.entrants:lane", _always, "everybody is judged again in every round"),
    "best_of_those_that_passed": Switch(
        "competitions.ranking:_crowned", _most_senior, "the most senior of those that passed is crowned"
    ),
    "epsilon": Switch("competitions.entrant:epsilon", lambda *_: 0.0, "any improvement that is proven is enough"),
    "most_favourable_producers": Switch("competitions.title_fight:favourites", lambda *_: (), "no producer is removed"),
    "hopeless_models": Switch(
        "neurons.refusals:Refusals._unloadable", lambda *_: {}, "what is abandoned is tried for ever"
    ),
    "refused_for_good": Switch("ledger.verdicts:rejections_before", lambda *_: {}, "what was refused is judged again"),
    "first_committer": Switch("competitions.ownership:Ownership.copied_from", lambda *_: None, "a model is anybody's"),
    "lineage": Switch("neurons.descent:Descent.disguised", lambda *_: {}, "nobody asks what a model was made of"),
    "tensors_by_name": Switch("models.weights:match", _whatever_is_there, "whatever tensors are there are taken"),
    "bound_to_its_hotkey": Switch(
        "models.ref:decode_sealed", _says_more, "a pointer counts for whoever committed it, whatever else it says"
    ),
    "one_pointer_each": Switch(
        "neurons.pointers:_read_clear", _clear_alone, "nobody looks at what stands beside a pointer"
    ),
    "longest_seal": Switch("competitions.eligibility:is_void", lambda *_: False, "a seal may last for ever"),
    "opened_in_time": Switch(
        "competitions.eligibility:eligible_from",
        lambda its, rules: Block(max(its.commit_block + rules.eval_delay_blocks, its.revealed_block)),
        "a round takes in what opened just before it",
    ),
    "files_when_due": Switch(
        "neurons.loops.fetch:eligible_from",
        lambda its, _: Block(its.commit_block + 100_000),
        "files that are not there are waited for",
        alone=True,
    ),
    "kings_are_looked_for": Switch("neurons.king_presence:KingPresence.look", lambda *_: None, "nobody looks"),
    "believed_of_a_healthy_hub": Switch(
        "neurons.king_presence:KingPresence._is_there", _at_its_word, "a Hub that has nothing, or is away, is believed"
    ),
    "age_of_the_digest": Switch(
        "competitions.ownership:Ownership.first_commit",
        lambda _, its: its.commit_block,
        "an age runs from the last commit",
    ),
    "sealed_weights": Switch("chain.simulated.weights:set_weights", _in_clear, "weights can be read as they are set"),
    "nobody_finite_changes_nothing": Switch(
        "competitions.ranking:scored", list, "a king that fails falls though nobody else was scored"
    ),
}
"""By the defence's name."""
