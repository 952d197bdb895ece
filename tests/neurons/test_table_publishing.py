"""An owner's announcement of a table: what validators would refuse never leaves, and what leaves they adopt."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from chain.signing import Wallet
from chain.simulated.chain import SimulatedChain
from chain.types import Block, NetUid, Refused
from competitions.announcement_codec import MAX_TABLE_BYTES, decode
from competitions.announcements import NOTICE_BLOCKS, Announcement
from competitions.table import parse
from hub.folder import FolderHub
from hub.port import NotFound
from neurons import tables
from neurons.adoption import Adopted, Place, bring, judge
from neurons.errors import UsageError
from neurons.table_publishing import Order, TablePublisher

NETUID = NetUid(1)
TEXT = tables.read("pocket")
NEXT = TEXT.replace("settle_blocks = 6", "settle_blocks = 7")
ORDER = Order(NEXT, "owner/tables", Block(1_000), parse(TEXT))


@dataclass
class Scene:
    """A subnet, its owner, and a stranger."""

    chain: SimulatedChain
    hub: FolderHub
    visitor: FolderHub
    owner: Wallet
    stranger: Wallet

    def publisher(self, wallet: Wallet | None = None) -> TablePublisher:
        return TablePublisher(self.chain, self.chain, self.hub, wallet or self.owner, NETUID)


@pytest.fixture
def scene(tmp_path: Path, wallets: Callable[[str], Wallet]) -> Scene:
    chain = SimulatedChain(block_time_s=1.0)
    chain.create_subnet(NETUID)
    owner, stranger = wallets("publishing owner"), wallets("publishing stranger")
    for wallet in (owner, stranger):
        chain.register(NETUID, wallet.hotkey, wallet.coldkey)
    chain.advance_to(10)
    hubs = FolderHub(tmp_path / "hub", "owner"), FolderHub(tmp_path / "hub", None)
    return Scene(chain, *hubs, owner, stranger)


def committed(scene: Scene) -> list[bytes | None]:
    """Every clear field that stands on chain."""
    return [entry.raw for entry in scene.chain.commitments(NETUID)]  # type: ignore[union-attr]


def test_what_is_announced_is_what_validators_adopt(scene: Scene) -> None:
    published = scene.publisher().publish(ORDER)
    (line,) = committed(scene)
    assert line == published.line.encode()
    announced = decode(line)
    assert isinstance(announced, Announcement)
    content = bring(scene.visitor, announced)
    assert isinstance(content, bytes)
    place = Place(scene.chain.block_hash(Block(0)), NETUID)
    assert judge(content, announced, scene.owner.hotkey, place, [ORDER.before]) == Adopted(parse(NEXT), NEXT)
    assert (published.block, published.fingerprint, announced.activation) == (11, parse(NEXT).fingerprint, 1_000)


def test_a_dry_run_finds_out_the_same_and_leaves_nothing(scene: Scene) -> None:
    published = scene.publisher().publish(ORDER, dry_run=True)
    assert (published.block, published.fingerprint, committed(scene)) == (None, parse(NEXT).fingerprint, [])
    with pytest.raises(NotFound):
        scene.hub.describe(ORDER.repo, "dataset")


@pytest.mark.parametrize(
    ("order", "why"),
    [
        pytest.param(
            replace(ORDER, text="burn_uid = 0"), "faulty: line 1: schedule: field required", id="lint refuses it"
        ),
        pytest.param(
            replace(ORDER, text=TEXT.replace("first_block = 48", "first_block = 49")),
            "forbidden: competitions.answers.first_block",
            id="a running competition cannot take it",
        ),
        pytest.param(
            replace(ORDER, activation=Block(10 + NOTICE_BLOCKS)), "too soon: .* name block 378", id="too soon"
        ),
        pytest.param(replace(ORDER, repo="o" * 60 + "/t"), "shorten the repository's name by", id="too long a name"),
        pytest.param(replace(ORDER, repo="tables"), "is not namespace/name", id="no name"),
        pytest.param(replace(ORDER, text=NEXT + "#" * MAX_TABLE_BYTES), "validators read 1000000", id="too long"),
    ],
)
def test_what_validators_would_refuse_is_refused_before_anything_is_sent(scene: Scene, order: Order, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        scene.publisher().publish(order)
    assert committed(scene) == []
    with pytest.raises(NotFound):
        scene.hub.describe(ORDER.repo, "dataset")


def test_only_the_owner_announces(scene: Scene) -> None:
    with pytest.raises(UsageError, match=rf"does not own netuid 1, {scene.owner.hotkey} does"):
        scene.publisher(scene.stranger).publish(ORDER)


def test_what_others_cannot_read_is_not_announced(scene: Scene) -> None:
    scene.hub.create(ORDER.repo, "dataset", private=True)
    with pytest.raises(UsageError, match="is private, so nothing is announced"):
        scene.publisher().publish(ORDER)
    assert committed(scene) == []


def test_a_refusal_by_the_chain_is_told(scene: Scene) -> None:
    scene.chain.faults.refuse(Refused("SpaceLimitExceeded", "no room"), "commit")
    with pytest.raises(UsageError, match="SpaceLimitExceeded"):
        scene.publisher().publish(ORDER)
