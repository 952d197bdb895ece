"""Tables that the owner announces: adopted at their activation block alone, by everybody alike, or dismissed with a
reason; and the shares that a change of rules moves."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from chain.embedded.hyperparameters import Hyperparameters
from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.types import Block, BlockCount, NetUid, Uid
from competitions.announcement_codec import MAX_TABLE_BYTES, encode, path_of
from competitions.announcements import NOTICE_BLOCKS, READER, Announcement
from competitions.notes import CLEAR as NOTES
from competitions.notes import StandingNote
from competitions.notes import encode as encode_notes
from competitions.table import parse, shares_at
from hub.folder import FolderHub
from ledger import announcements, network, weights
from ledger.announcements import Dismissal
from ledger.board import board
from ledger.database import Ledger, open_ledger
from neurons import tables
from neurons.adoption import Place, signed_file
from neurons.loops.adopt import Adopt
from neurons.loops.watch import Watch
from neurons.loops.weigh import Weigh
from neurons.pointers import is_all_read, read_pointers
from neurons.reporting import Silent
from neurons.rulebook import Listening, Rulebook
from neurons.supervisor import Wakes
from tests.neurons.crowning import crown

NETUID = NetUid(1)
TEXT = tables.read("pocket")
FIRST = parse(TEXT)
STEP = Block(300)
"""Block at which the pocket table's own schedule moves shares."""
NEXT = TEXT.replace("{ answers = 0.4, text = 0.6 }", "{ answers = 0.25, text = 0.5 }")
"""What is announced: other shares, and a quarter for nobody."""
REPO = "owner/tables"


@dataclass
class Life:
    """One validator's loops around its ledger; it may end at any moment and begin anew."""

    chain: SimulatedChain
    wallet: Wallet
    path: Path
    hub: FolderHub

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Open the ledger and wire the loops, as a process does when it starts."""
        self.ledger: Ledger = open_ledger(self.path)
        self.rulebook = Rulebook(FIRST, Listening(self.ledger, NETUID))
        chain, ledger, wakes = self.chain, self.ledger, Wakes()
        self.watch = Watch(chain, ledger, NETUID, self.rulebook, wakes)
        self.adopt = Adopt(chain, ledger, NETUID, self.hub, self.rulebook, wakes)
        refresh = BlockCount(10_000)
        self.weigh = Weigh(chain, chain, self.wallet, ledger, NETUID, self.rulebook, refresh, Silent())

    def restart(self) -> None:
        """End and begin anew."""
        self.ledger.close()
        self.begin()

    def step(self) -> None:
        """All that is due at the newest final block."""
        while self.watch.step():
            pass
        while self.adopt.step():
            pass
        self.weigh.step()

    def wanted(self) -> dict[str, float]:
        """The newest vector that was sent, by hotkey."""
        return dict(weights.history(self.ledger)[0].weights)

    def dismissed(self) -> list[Dismissal]:
        """Why announcements came to nothing."""
        return [reason for _, _, reason, _ in announcements.dismissals(self.ledger)]

    def holding(self, block: int) -> str | None:
        """Fingerprint of the table that holds at a block, as far as this validator knows."""
        table = self.rulebook.succession().at(Block(block))
        return table and table.fingerprint


@dataclass
class Scene:
    """A subnet with its owner (uid 0), two validators (1 and 2), a king of `answers` (3) and one of `text` (4)."""

    chain: SimulatedChain
    owner: Wallet
    kings: tuple[Wallet, Wallet]
    lives: tuple[Life, Life]
    hub: FolderHub

    def at(self, block: int) -> None:
        """Let both validators do what is due when a block is the newest final one."""
        self.chain.advance_to(block)
        self.chain.hold_finality(block)
        for life in self.lives:
            life.step()

    def announce(
        self,
        activation: int,
        text: str = NEXT,
        by: Wallet | None = None,
        signed_for: int | None = None,
        reader: int = READER,
    ) -> Announcement:
        """Sign, upload and commit in the next block; whoever commits, and whatever the owner signed for."""
        signer, block = by or self.owner, Block(activation if signed_for is None else signed_for)
        place = Place(self.chain.block_hash(Block(0)), NETUID)
        content = signed_file(signer, place, block, text)
        announced = Announcement(REPO, hashlib.sha256(content).hexdigest(), Block(activation), reader)
        self.upload(announced, content)
        self.chain.hold_finality(None)
        self.chain.put(NETUID, signer.hotkey, encode(announced))
        return announced

    def upload(self, announced: Announcement, content: bytes) -> None:
        """Put a file where an announcement names one."""
        self.hub.create(REPO, "dataset", private=False)
        self.hub.upload_files(REPO, "dataset", {path_of(announced.digest): content}, message="a table")

    def vectors(self) -> list[dict[str, float]]:
        """What each validator wants."""
        return [life.wanted() for life in self.lives]


@pytest.fixture
def scene(tmp_path: Path, made_ledger: Path, wallets: Callable[[str], Wallet]) -> Iterator[Scene]:
    chain = SimulatedChain(block_time_s=1.0)
    rules = Hyperparameters(tempo=1_000, commit_reveal=False, weights_rate_limit=0, immunity_period=0)
    chain.create_subnet(NETUID, rules)
    owner, *others = (wallets(f"adopting {n}") for n in ("owner", "one", "two", "answers", "text"))
    for wallet in (owner, *others):
        chain.register(NETUID, wallet.hotkey, wallet.coldkey)
    one, two, *kings = others
    lives = []
    for wallet in (one, two):
        chain.permit(NETUID, wallet.hotkey)
        path = tmp_path / f"{wallet.name}.sqlite"
        path.write_bytes(made_ledger.read_bytes())
        lives.append(Life(chain, wallet, path, FolderHub(tmp_path / "hub", None)))
    chain.advance_to(20)
    for life in lives:
        for king, competition in zip(kings, ("answers", "text"), strict=True):
            crown(life.ledger, chain, NETUID, king.hotkey, competition, 0)
    yield Scene(chain, owner, (kings[0], kings[1]), (lives[0], lives[1]), FolderHub(tmp_path / "hub", "owner"))
    for life in lives:
        life.ledger.close()


def shares(scene: Scene, answers: float, text: float, burn: float = 0.0) -> dict[str, float]:
    """The vector that gives these shares to the kings."""
    paid = {scene.kings[0].hotkey: answers, scene.kings[1].hotkey: text}
    return {**paid, "burn": burn} if burn else dict(paid)


def moved(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """What each hotkey has more, or less, than before."""
    return {who: after.get(who, 0.0) - before.get(who, 0.0) for who in before | after}


def test_a_step_of_the_schedule_moves_the_shares_between_two_blocks_on_two_validators(scene: Scene) -> None:
    scene.at(STEP - 1)
    before = scene.vectors()
    scene.at(STEP)
    after = scene.vectors()
    assert before == [shares(scene, 0.7, 0.3)] * 2
    assert after == [shares(scene, 0.4, 0.6)] * 2
    old, new = shares_at(FIRST, Block(STEP - 1)), shares_at(FIRST, STEP)
    told = {king.hotkey: new[name] - old[name] for king, name in zip(scene.kings, ("answers", "text"), strict=True)}
    assert [moved(*pair) for pair in zip(before, after, strict=True)] == [told] * 2
    standing = scene.chain.weights(NETUID)
    assert standing[Uid(1)] == standing[Uid(2)] == {3: pytest.approx(0.4, abs=1e-4), 4: pytest.approx(0.6, abs=1e-4)}


def test_an_announced_table_moves_the_shares_at_its_activation_block_on_two_validators(scene: Scene) -> None:
    scene.announce(800)
    scene.at(400)
    assert [life.holding(400) for life in scene.lives] == [FIRST.fingerprint] * 2
    scene.at(799)
    before = scene.vectors()
    scene.at(800)
    after = scene.vectors()
    assert before == [shares(scene, 0.4, 0.6)] * 2
    assert after == [shares(scene, 0.25, 0.5, burn=0.25)] * 2
    assert [(life.holding(799), life.holding(800)) for life in scene.lives] == [
        (FIRST.fingerprint, parse(NEXT).fingerprint)
    ] * 2
    assert [weights.history(life.ledger)[0].fingerprint for life in scene.lives] == [parse(NEXT).fingerprint] * 2


def test_a_validator_that_ends_between_announcement_and_activation_adopts_like_the_other(scene: Scene) -> None:
    scene.announce(800)
    scene.at(60)
    scene.lives[0].restart()
    scene.chain.put(NETUID, scene.owner.hotkey, b"something else")
    scene.at(790)
    scene.lives[1].restart()
    scene.at(800)
    assert [life.holding(800) for life in scene.lives] == [parse(NEXT).fingerprint] * 2
    assert scene.vectors() == [shares(scene, 0.25, 0.5, burn=0.25)] * 2


def test_what_is_wrong_with_an_announcement_or_its_file_is_told_once_and_nothing_adopted(scene: Scene) -> None:
    stranger = scene.kings[0]
    scene.announce(800, by=stranger)
    scene.at(21)
    scene.announce(Block(scene.chain.head() + NOTICE_BLOCKS))
    scene.at(23)
    scene.announce(800, signed_for=801)
    scene.at(25)
    scene.announce(800, text="burn_uid = 0")
    scene.at(27)
    scene.announce(800, text=NEXT.replace("round_blocks = 24", "round_blocks = 30", 1))
    scene.at(29)
    scene.chain.hold_finality(None)
    scene.chain.put(NETUID, scene.owner.hotkey, b"crucible/table1 what")
    scene.at(31)
    scene.at(800)
    reasons = [Dismissal.NOT_OWNER, Dismissal.TOO_LATE, Dismissal.SIGNATURE, Dismissal.FAULTY, Dismissal.FORBIDDEN]
    for life in scene.lives:
        assert life.dismissed() == [*reasons, Dismissal.MALFORMED]
        assert life.holding(800) == FIRST.fingerprint
        (*_, forbidden, _) = announcements.dismissals(life.ledger)
        assert forbidden[3].startswith("competitions.answers.round_blocks: answers has rounds already")
    assert scene.vectors() == [shares(scene, 0.4, 0.6)] * 2


def test_who_owned_the_subnet_at_the_announcement_is_heeded_and_nobody_else(scene: Scene) -> None:
    scene.announce(500)
    heir = scene.kings[1]
    scene.chain.hand_over(NETUID, heir.hotkey)
    scene.announce(800, by=heir, text=NEXT.replace("0.25", "0.3"))
    scene.announce(900)
    scene.at(500)
    assert scene.lives[0].holding(500) == FIRST.fingerprint, "the new owner's replaced it"
    scene.at(900)
    for life in scene.lives:
        assert life.dismissed() == [Dismissal.NOT_OWNER]
        assert life.holding(900) == parse(NEXT.replace("0.25", "0.3")).fingerprint


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda _: b"other bytes", id="another digest"),
        pytest.param(lambda content: content + b"#" * MAX_TABLE_BYTES, id="too long"),
    ],
)
def test_bytes_that_were_not_announced_are_no_table_and_nothing_goes_on_by_the_old_one(
    scene: Scene, spoil: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    place = Place(scene.chain.block_hash(Block(0)), NETUID)
    content = signed_file(scene.owner, place, Block(700), NEXT)
    announced = replace(scene.announce(700), digest=hashlib.sha256(content).hexdigest())
    scene.upload(announced, spoil(content))
    scene.chain.put(NETUID, scene.owner.hotkey, encode(announced))
    scene.at(699)
    assert [life.holding(699) for life in scene.lives] == [FIRST.fingerprint] * 2
    scene.at(700)
    scene.at(800)
    assert [life.holding(700) for life in scene.lives] == [None, None]
    assert scene.vectors() == [shares(scene, 0.4, 0.6)] * 2, "as in the block before"
    assert "the table announced for block 700 is not here" in caplog.text
    assert {record.levelname for record in caplog.records if "not here" in record.message} == {"WARNING", "ERROR"}
    scene.upload(announced, content)
    scene.at(870)
    assert [life.holding(700) for life in scene.lives] == [parse(NEXT).fingerprint] * 2
    assert scene.vectors() == [shares(scene, 0.25, 0.5, burn=0.25)] * 2


def test_a_table_for_newer_readers_holds_everything_up_rather_than_being_misread(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.announce(700, reader=READER + 1)
    scene.at(700)
    assert [(life.holding(699), life.holding(700)) for life in scene.lives] == [(FIRST.fingerprint, None)] * 2
    assert "upgrade Crucible" in caplog.text


def test_a_newer_announcement_replaces_what_is_not_activated_yet_and_follows_what_is(scene: Scene) -> None:
    third = NEXT.replace("0.25", "0.125")
    scene.announce(500)
    scene.at(100)
    scene.announce(600, text=third)
    scene.at(500)
    assert scene.vectors() == [shares(scene, 0.4, 0.6)] * 2
    scene.at(600)
    scene.announce(970)
    scene.at(969)
    assert scene.vectors() == [shares(scene, 0.125, 0.5, burn=0.375)] * 2
    scene.at(970)
    assert scene.vectors() == [shares(scene, 0.25, 0.5, burn=0.25)] * 2


def test_announcements_and_notes_are_no_pointers_and_refused_as_none(scene: Scene) -> None:
    life, validator = scene.lives[0], scene.lives[1].wallet.hotkey
    note = encode_notes([StandingNote("answers", 3, None, None)], validator).encode()
    scene.announce(800)
    scene.chain.put(NETUID, validator, scene.chain.sealed(note, Block(40)), NOTES)
    scene.at(30)
    scene.at(50)
    read_pointers(life.ledger)
    assert is_all_read(life.ledger)
    told = {seen.hotkey: (seen.state, seen.reason) for seen in board(life.ledger).submissions}
    assert (told[scene.owner.hotkey], told[validator]) == (("ignored", None), ("revealed", None))


def test_readers_of_the_ledger_see_the_table_that_holds_now(scene: Scene) -> None:
    life = scene.lives[0]
    own = network.Identity("local", NETUID, life.wallet.hotkey, FIRST.fingerprint, TEXT, "https://hub.example")
    network.record_identity(life.ledger, own)
    scene.announce(800)

    def seen() -> tuple[str, list[float | None]]:
        now = board(life.ledger)
        assert now.identity is not None
        return now.identity.table_fingerprint, [contest.share for contest in now.contests]

    scene.at(799)
    before = seen()
    scene.at(800)
    assert (before, seen()) == ((FIRST.fingerprint, [0.6, 0.4]), (parse(NEXT).fingerprint, [0.5, 0.25]))
