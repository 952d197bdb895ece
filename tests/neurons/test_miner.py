"""A model is published once, however often the command is killed, and nothing leaves the machine before every check."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chain.signing import Wallet
from chain.types import Block, BlockCount, Commitment, Refused
from competitions.reveal import Pace
from hub.folder import FolderHub
from hub.port import Denied, HubUnreachable, NotFound
from models import publishing
from models.ref import CLEAR, WITHDRAWN, HashedRef, ModelRef, decode_clear, encode_sealed, matches
from neurons.errors import MinerError, UsageError
from neurons.journal import Encoding, Journal
from neurons.miner import Order
from neurons.terms import pace
from tests.neurons.conftest import Mine
from tests.neurons.scenes import NETUID, commit, standing_still, subnet
from tests.neurons.tiny_model import write_model


class Killed(BaseException):
    """The process ends here; nothing may catch it."""


class Mortal:
    """Passes calls on and kills the process before or after the given one; counts them."""

    def __init__(self, inner: Any, calls: Iterator[int], kill_at: tuple[int, str] | None) -> None:
        self._inner, self._calls, self._kill_at = inner, calls, kill_at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            number = next(self._calls)
            if self._kill_at == (number, "before"):
                raise Killed
            answer = found(*args, **kwargs)
            if self._kill_at == (number, "after"):
                raise Killed
            return answer

        return call


def _counter(limit: int = 10_000) -> Iterator[int]:
    yield from range(limit)


def _run_mortal(mine: Mine, encoding: Encoding, kill_at: tuple[int, str] | None) -> int:
    """Publish with chain and Hub that may kill; how many calls there were."""
    calls = _counter()
    chain, hub = Mortal(mine.chain, calls, kill_at), Mortal(mine.hub(), calls, kill_at)
    mine.miner(chain, hub).publish(replace(mine.order, encoding=encoding))  # type: ignore[arg-type] # a proxy has every method of what it stands for
    return next(calls)


def test_publishing_ends_with_one_sealed_commitment_opened_by_the_chain_and_a_public_repository(mine: Mine) -> None:
    done = mine.miner().publish(mine.order)
    ((block, raw),) = mine.commits
    public = mine.hub(user=None).describe("alice/chat", "model")
    (entry,) = mine.chain.commitments(NETUID)
    assert isinstance(entry, Commitment)
    opened = entry.opened[-1]
    assert (done.stage, done.commit_block, done.opened_block) == ("public", block, opened.block)
    assert (raw, public.private, public.revision) == (CLEAR, False, done.revision)


def test_the_repository_stays_private_until_the_chain_has_opened_the_pointer(mine: Mine) -> None:
    mine.miner().publish(mine.order)
    waited = next(line for line in mine.told if line.startswith("committed in block"))
    assert mine.told.index(waited) < mine.told.index(mine.told[-1])
    assert mine.told[-1].endswith("making alice/chat public")


def test_what_is_sealed_is_the_pointer_with_the_digest_of_what_can_be_downloaded(mine: Mine) -> None:
    done = mine.miner().publish(mine.order)
    status = mine.miner().status()
    vetted = publishing.prepare(Path(mine.order.source), publishing.WIDEST)
    assert status.pointer == ModelRef("answers", "alice/chat", done.revision, getattr(vetted, "digest", ""))


@pytest.mark.parametrize("encoding", ["sealed", "hashed"])
def test_a_publication_killed_before_or_after_any_call_is_finished_by_the_same_command_with_one_commitment(
    mine: Mine, tmp_path: Path, encoding: Encoding
) -> None:
    calls = _run_mortal(_afresh(mine, tmp_path / "whole"), encoding, None)
    outcomes = set()
    for number in range(calls):
        for moment in ("before", "after"):
            again = _afresh(mine, tmp_path / f"{number}-{moment}")
            with pytest.raises(Killed):
                _run_mortal(again, encoding, (number, moment))
            done = again.miner().publish(replace(again.order, encoding=encoding))
            outcomes.add((done.stage, len(again.commits), again.hub(None).describe("alice/chat", "model").private))
    assert (calls > 10, outcomes) == (True, {("public", 1, False)})


def _afresh(mine: Mine, folder: Path) -> Mine:
    write_model(folder / "model")
    return replace(mine, chain=subnet(blocks_a_look=1, block_time_s=12.0), folder=folder)


def test_publishing_the_same_model_again_commits_nothing(mine: Mine) -> None:
    first = mine.miner().publish(mine.order)
    assert (mine.miner().publish(mine.order), len(mine.commits)) == (first, 1)


def test_a_model_whose_commitment_the_chain_no_longer_has_is_committed_again(mine: Mine) -> None:
    mine.miner().publish(mine.order)
    mine.chain.deregister(NETUID, mine.wallet.hotkey)
    mine.chain.register(NETUID, mine.wallet.hotkey, mine.wallet.coldkey)
    done = mine.miner().publish(mine.order)
    assert (done.stage, len(mine.commits)) == ("public", 2)


def test_a_public_model_of_another_can_be_published_by_its_repository_and_revision(
    mine: Mine, wallets: Callable[[str], Wallet]
) -> None:
    original = mine.miner().publish(mine.order)
    copier = replace(mine, wallet=wallets("dave"))
    order = Order(f"alice/chat@{original.revision}", "dave/mine", "answers")
    copy = copier.miner(hub=mine.hub("dave")).publish(order)
    assert (copy.stage, copy.repo, copy.digest) == ("public", "dave/mine", original.digest)


def test_another_model_is_refused_while_one_is_on_its_way_unless_that_one_is_abandoned(mine: Mine) -> None:
    with standing_still(mine.chain), pytest.raises(MinerError, match=r"run the same command again"):
        mine.miner().publish(mine.order, timeout_s=0)
    other = Order(str(write_model(mine.folder / "other", seed=1)), "alice/other", "answers")
    with pytest.raises(
        MinerError, match=r"is on its way to alice/chat for answers .sealed, committed.: .* or give --abandon"
    ):
        mine.miner().publish(other)
    assert mine.miner().publish(other, abandon=True).repo == "alice/other"


def test_a_timeout_while_waiting_keeps_the_journal_so_that_the_same_command_finishes(mine: Mine) -> None:
    with (
        standing_still(mine.chain),
        pytest.raises(MinerError, match=r"has not opened at .*: run the same command again to go on"),
    ):
        mine.miner().publish(mine.order, timeout_s=0)
    done = mine.miner().publish(mine.order)
    assert (done.stage, len(mine.commits)) == ("public", 1)


def test_a_pointer_that_the_chain_cannot_open_is_said_and_published_anew_on_the_next_run(mine: Mine) -> None:
    mine.chain.faults.spoil()
    with pytest.raises(MinerError, match=r"could not be opened by the chain: run the same command again"):
        mine.miner().publish(mine.order)
    assert (mine.miner().status().state, mine.hub().describe("alice/chat", "model").private) == ("failed", True)
    assert mine.miner().publish(mine.order).stage == "public"


def test_a_refusal_by_the_chain_is_told_by_name_and_the_upload_is_used_by_the_next_run(mine: Mine) -> None:
    mine.chain.faults.refuse(Refused("SpaceLimitExceeded", "too many bytes this epoch"))
    with pytest.raises(MinerError, match=r"refused the commitment: SpaceLimitExceeded .too many bytes this epoch."):
        mine.miner().publish(mine.order)
    uploaded = mine.hub().describe("alice/chat", "model").revision
    assert mine.miner().publish(mine.order).revision == uploaded


def test_an_upload_that_was_deleted_from_the_hub_is_repeated(mine: Mine) -> None:
    mine.chain.faults.refuse(Refused("SpaceLimitExceeded", "too many bytes this epoch"))
    with pytest.raises(MinerError):
        mine.miner().publish(mine.order)
    shutil.rmtree(mine.folder / "hub")
    assert (mine.miner().publish(mine.order).stage, _uploads(mine)) == ("public", True)


def test_a_second_command_of_the_same_hotkey_is_kept_out(mine: Mine) -> None:
    mine.miner().publish(mine.order)
    (journal,) = (mine.folder / "home" / "publications").glob("*.json")
    with Journal(journal).held(), pytest.raises(MinerError, match=r"another command is publishing with this hotkey"):
        mine.miner().publish(mine.order)


def test_a_journal_that_is_none_is_told_with_its_path(mine: Mine) -> None:
    path = mine.folder / "home" / "a.json"
    path.parent.mkdir()
    path.write_text('{"stage": "half', encoding="utf-8")
    with pytest.raises(MinerError, match=r"cannot be read .*: remove it to start afresh"):
        Journal(path).read()


def test_a_seal_opens_as_late_as_the_round_allows_unless_asked_and_the_round_is_told(mine: Mine) -> None:
    rules = mine.table.competitions[0]
    done = mine.miner().publish(mine.order)
    sealing = next(line for line in mine.told if line.startswith("sealing"))
    first = mine.miner().status().first_round_block
    assert first is not None
    assert sealing == f"sealing the pointer until block {done.open_at}, for the round at block {first}"
    assert done.open_at == first - rules.fetch_blocks - pace(rules, 12.0).margin
    wished = mine.miner().publish(replace(mine.order, repo="alice/other"), reveal_in=20)
    assert wished.open_at - wished.commit_block in range(15, 20)


def test_fast_chains_get_more_blocks_for_sealing_and_longer_delays_a_wider_margin(mine: Mine) -> None:
    rules = mine.table.competitions[0]
    live = replace(rules, eval_delay_blocks=BlockCount(460))
    paces = [pace(rules, block_time) for block_time in (12.0, 0.5, 0.05)] + [pace(live, 12.0)]
    assert paces == [Pace(BlockCount(a), BlockCount(b)) for a, b in ((8, 2), (8, 2), (40, 2), (8, 12))]


def test_a_wish_or_a_competition_that_leaves_no_room_for_a_seal_is_refused_before_the_upload(mine: Mine) -> None:
    with pytest.raises(MinerError, match=r"a seal of 60 blocks is not possible .*: ask for 1 to 59"):
        mine.miner().publish(mine.order, reveal_in=60)
    rules = replace(mine.table.competitions[0], max_seal_blocks=BlockCount(11))
    tight = replace(mine, table=replace(mine.table, competitions=(rules,)))
    with pytest.raises(MinerError, match=r"no sealed pointer can meet competition answers: .*--encoding hashed"):
        tight.miner().publish(mine.order)
    assert (_uploads(mine), tight.miner().publish(replace(mine.order, encoding="hashed")).stage) == (False, "public")


def test_sealing_that_takes_longer_than_the_seal_is_told_and_commits_nothing(mine: Mine) -> None:
    mine.chain.blocks_a_look = 3
    with pytest.raises(MinerError, match=r"sealing took 3 blocks, longer than the seal of 2: ask for more blocks"):
        mine.miner().publish(mine.order, reveal_in=2)
    mine.chain.blocks_a_look = 1
    assert (mine.commits, mine.miner().publish(mine.order).stage) == ([], "public")


def test_a_hashed_pointer_stands_in_clear_before_the_repository_is_public(mine: Mine) -> None:
    seen: list[tuple[bool, int]] = []

    class Watched(FolderHub):
        def set_visibility(self, *arguments: Any, **private: bool) -> None:
            seen.append((self.describe("alice/chat", "model").private, len(mine.commits)))
            super().set_visibility(*arguments, **private)

    done = mine.miner(hub=Watched(mine.folder / "hub", "alice")).publish(replace(mine.order, encoding="hashed"))
    ((block, raw),) = mine.commits
    pointer = decode_clear(raw)
    assert isinstance(pointer, HashedRef)
    named = pointer.competition, pointer.repo, pointer.revision, matches(pointer, done.digest, mine.wallet.hotkey)
    assert named == ("answers", "alice/chat", done.revision, True)
    assert (done.stage, done.commit_block, done.opened_block, seen) == ("public", block, block, [(True, 1)])


def test_status_of_a_hashed_model_counts_from_its_commit_alone(mine: Mine) -> None:
    rules = mine.table.competitions[0]
    done = mine.miner().publish(replace(mine.order, encoding="hashed"))
    status = mine.miner().status()
    told = (status.state, status.commit_block, status.revealed_block, status.eligible_from, status.note)
    assert told == ("hashed", done.commit_block, done.commit_block, done.commit_block + rules.eval_delay_blocks, "")
    assert status.pointer == decode_clear(mine.commits[0][1])


def test_the_same_model_is_committed_once_whichever_encoding_is_asked_for_later(mine: Mine) -> None:
    first = mine.miner().publish(replace(mine.order, encoding="hashed"))
    assert (mine.miner().publish(mine.order), len(mine.commits)) == (first, 1)


@pytest.mark.parametrize(
    ("order", "reveal_in", "message"),
    [
        (
            {"repo": "alice/" + "a" * 40},
            None,
            r"takes 140 bytes in clear .*: shorten the repository's name by 12, or seal",
        ),
        ({}, 5, r"--reveal-in 5 means nothing for a pointer in clear: leave it out"),
    ],
)
def test_a_pointer_that_cannot_be_hashed_is_refused_before_the_upload(
    mine: Mine, order: dict[str, str], reveal_in: int | None, message: str
) -> None:
    with pytest.raises(MinerError, match=message):
        mine.miner().publish(replace(mine.order, encoding="hashed", **order), reveal_in=reveal_in)
    assert (_uploads(mine), mine.commits) == (False, [])


def test_a_withdrawal_is_committed_once_said_and_undone_by_publishing_again(mine: Mine) -> None:
    miner = mine.miner()
    nothing = miner.reset()
    miner.publish(mine.order)
    done, again, status = miner.reset(), miner.reset(), miner.status()
    assert (nothing.block, mine.commits[1:]) == (None, [(done.block, WITHDRAWN)])
    assert done.note == (
        f"no round from block {done.block} on judges what this hotkey committed before; publish to enter again"
    )
    assert (again.block, again.note) == (done.block, f"withdrawn already, in block {done.block}")
    assert (status.state, status.commit_block, status.pointer) == ("withdrawn", done.block, None)
    back = miner.publish(mine.order)
    assert (back.stage, back.commit_block > (done.block or 0)) == ("public", True)


def test_a_withdrawal_beside_a_seal_is_none_as_validators_see_it_and_can_be_made_good(mine: Mine) -> None:
    head = mine.chain.head()
    line = encode_sealed(ModelRef("answers", "alice/chat", "a" * 40, "d" * 64), mine.wallet.hotkey).encode()
    mine.chain.put(NETUID, mine.wallet.hotkey, mine.chain.sealed(line, Block(head + 5)), WITHDRAWN)
    mine.chain.advance(10)
    status = mine.miner().status()
    assert (status.state, status.note) == ("none", "the commitment holds more than one pointer: publish again")
    assert (mine.miner().reset().block, mine.miner().status().state) == (mine.commits[-1][0], "withdrawn")


def test_a_withdrawal_voids_a_seal_and_the_same_command_publishes_anew(mine: Mine) -> None:
    with standing_still(mine.chain):
        with pytest.raises(MinerError, match=r"has not opened"):
            mine.miner().publish(mine.order, timeout_s=0)
        done = mine.miner().reset()
    assert "; the seal that had not opened is void;" in done.note
    assert (mine.miner().publish(mine.order).stage, len(mine.commits)) == ("public", 3)


def test_a_refused_withdrawal_is_told_by_name_and_leaves_everything_as_it_was(mine: Mine) -> None:
    mine.miner().publish(mine.order)
    mine.chain.faults.refuse(Refused("SpaceLimitExceeded", "commit again in the next epoch"))
    with pytest.raises(MinerError, match=r"SpaceLimitExceeded .commit again in the next epoch.; .* still counts"):
        mine.miner().reset()
    assert mine.miner().status().state == "revealed"


def test_a_publication_begun_by_an_older_version_is_told_apart_or_finished(mine: Mine) -> None:
    with standing_still(mine.chain), pytest.raises(MinerError, match=r"has not opened"):
        mine.miner().publish(mine.order, timeout_s=0)
    (path,) = (mine.folder / "home" / "publications").glob("*.json")
    older = {name: value for name, value in json.loads(path.read_text()).items() if name not in ("encoding", "line")}
    path.write_text(json.dumps(older))
    with pytest.raises(MinerError, match=r"by an older version, whose pointers no longer count: give --abandon"):
        mine.miner().publish(mine.order)
    path.write_text(json.dumps(older | {"stage": "uploaded"}))
    done = mine.miner().publish(mine.order)
    assert (done.stage, done.revision) == ("public", older["revision"])


def test_status_of_a_revealed_model_names_the_first_block_and_round_that_can_judge_it(mine: Mine) -> None:
    rules = mine.table.competitions[0]
    done = mine.miner().publish(mine.order)
    status = mine.miner().status()
    eligible = max(done.commit_block + rules.eval_delay_blocks, done.opened_block + rules.fetch_blocks)
    first = next(b for b in range(rules.first_block, 10**6, rules.round_blocks) if b >= eligible)
    told = (status.state, status.commit_block, status.revealed_block, status.eligible_from, status.first_round_block)
    assert told == ("revealed", done.commit_block, done.opened_block, eligible, first)


def test_status_says_when_a_submission_is_void_unregistered_or_no_pointer(mine: Mine) -> None:
    chain, hotkey = mine.chain, mine.wallet.hotkey
    line = encode_sealed(ModelRef("answers", "alice/chat", "a" * 40, "d" * 64), hotkey).encode()
    notes = []
    for committed, opens in ((200, 261), (300, 310), (400, 0)):
        commit(chain, hotkey, committed, line if opens else None, opens)
        chain.advance_to(opens)
        if committed == 300:
            chain.deregister(NETUID, hotkey, purge=False)
            chain.register(NETUID, hotkey, mine.wallet.coldkey)
        notes.append(mine.miner().status().note.partition(":")[0])
    assert notes == [
        "void",
        "the hotkey was not registered when it committed",
        "the commitment holds no pointer to a model",
    ]


def _uploads(mine: Mine) -> bool:
    try:
        mine.hub().describe("alice/chat", "model")
    except NotFound:
        return False
    return True


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        pytest.param(
            {"competition": "chess"}, MinerError, "no competition 'chess': the table has answers", id="competition"
        ),
        pytest.param({"source": "/nowhere"}, MinerError, "'/nowhere' is no folder and no repository", id="source"),
        pytest.param({"repo": "alice"}, Exception, "namespace/name", id="repository name"),
        pytest.param({"repo": "bob/chat"}, Denied, "own namespace", id="another's namespace"),
    ],
)
def test_a_wrong_order_is_refused_in_one_line_before_anything_is_committed(
    mine: Mine, change: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as told:
        mine.miner().publish(replace(mine.order, **change))
    assert ("\n" in str(told.value), _uploads(mine), mine.commits) == (False, False, [])


def test_an_unregistered_hotkey_is_refused_before_anything_is_uploaded(mine: Mine) -> None:
    with pytest.raises(UsageError, match=r"is not registered on netuid 1: register it with"):
        mine.miner(subnet()).publish(mine.order)
    assert _uploads(mine) is False


def test_a_hub_without_token_is_refused_before_anything_is_uploaded(mine: Mine) -> None:
    with pytest.raises(Denied):
        mine.miner(hub=mine.hub(user=None)).publish(mine.order)
    assert (_uploads(mine), mine.commits) == (False, [])


def test_an_unreachable_hub_is_told_as_such(mine: Mine) -> None:
    class Down(type(mine.hub())):  # type: ignore[misc] # a class computed from an instance
        def whoami(self) -> str:
            raise HubUnreachable("http://127.0.0.1:1 does not answer: check HF_ENDPOINT")

    with pytest.raises(HubUnreachable):
        mine.miner(hub=Down(mine.folder / "hub", "alice")).publish(mine.order)
    assert mine.commits == []


def test_a_model_that_validators_would_refuse_is_refused_with_their_reason_before_the_upload(mine: Mine) -> None:
    (mine.folder / "model" / "tokenizer.json").unlink()
    with pytest.raises(MinerError, match=r"would be rejected as tokenizer: .* no tokenizer.json"):
        mine.miner().publish(mine.order)
    assert (_uploads(mine), mine.commits, NETUID) == (False, [], 1)
