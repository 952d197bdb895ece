"""The ledger's tables. Facts are rows that are added and never changed; only what mirrors the present is overwritten.

Knows no queries. A change here needs a migration beside it in `ledger.migrations.versions`; a test compares the two.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chain.types import BeaconRound, Block, Coldkey, Hotkey, NetUid, Uid

INT = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits everywhere; SQLite numbers its rows only in a column called INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """Moments in UTC; what has no time zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """To the database."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone: pass a datetime in UTC")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """From the database; SQLite forgets the zone."""
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


class Base(DeclarativeBase):
    """Root of the tables; constraints have names so that later migrations can reach them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class NeuronRow(Base):
    """The present: who holds which uid, as of the newest poll."""

    __tablename__ = "neurons"

    netuid: Mapped[NetUid] = mapped_column(INT, primary_key=True)
    uid: Mapped[Uid] = mapped_column(INT, primary_key=True, autoincrement=False)
    hotkey: Mapped[Hotkey] = mapped_column(String)
    coldkey: Mapped[Coldkey] = mapped_column(String)
    stake: Mapped[float]
    permit: Mapped[bool]
    registered_at: Mapped[Block] = mapped_column(INT)


class PollRow(Base):
    """The present: block of the newest poll of a subnet, in which all its neurons were seen."""

    __tablename__ = "polls"

    netuid: Mapped[NetUid] = mapped_column(INT, primary_key=True)
    block: Mapped[Block] = mapped_column(INT)


class CommitmentRow(Base):
    """A commitment at first sight. Keys of its owner are None where the hotkey held no uid then.

    `sealed` is empty where the chain had failed to open it before it was first seen.
    """

    __tablename__ = "commitments"
    __table_args__ = (UniqueConstraint("netuid", "hotkey", "commit_block"),)

    id: Mapped[int] = mapped_column(INT, primary_key=True)
    netuid: Mapped[NetUid] = mapped_column(INT)
    hotkey: Mapped[Hotkey] = mapped_column(String)
    commit_block: Mapped[Block] = mapped_column(INT)
    coldkey: Mapped[Coldkey | None] = mapped_column(String)
    uid: Mapped[Uid | None] = mapped_column(INT)
    registered_at: Mapped[Block | None] = mapped_column(INT)
    first_seen: Mapped[Block] = mapped_column(INT)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    reveal_round: Mapped[BeaconRound | None] = mapped_column(INT)
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    surplus: Mapped[bool] = mapped_column(default=False)
    """Whether it held a second sealed or a second clear field."""


class OpeningRow(Base):
    """A text the chain opened, and the commitment it belongs to if that was seen."""

    __tablename__ = "openings"
    __table_args__ = (UniqueConstraint("netuid", "hotkey", "open_block", "data"),)

    id: Mapped[int] = mapped_column(INT, primary_key=True)
    netuid: Mapped[NetUid] = mapped_column(INT)
    hotkey: Mapped[Hotkey] = mapped_column(String)
    open_block: Mapped[Block] = mapped_column(INT)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    commitment_id: Mapped[int | None] = mapped_column(INT, ForeignKey("commitments.id"), index=True)


class UnreadableRow(Base):
    """A commitment that could not be read, once per hotkey and reason."""

    __tablename__ = "unreadables"
    __table_args__ = (UniqueConstraint("netuid", "hotkey", "reason"),)

    id: Mapped[int] = mapped_column(INT, primary_key=True)
    netuid: Mapped[NetUid] = mapped_column(INT)
    hotkey: Mapped[Hotkey] = mapped_column(String)
    reason: Mapped[str]
    first_seen: Mapped[Block] = mapped_column(INT)


class GapRow(Base):
    """Blocks, both ends included, of which a part had to be read and no node has the state any more."""

    __tablename__ = "gaps"
    __table_args__ = (UniqueConstraint("netuid", "first_block", "last_block"),)

    id: Mapped[int] = mapped_column(INT, primary_key=True)
    netuid: Mapped[NetUid] = mapped_column(INT)
    first_block: Mapped[Block] = mapped_column(INT)
    last_block: Mapped[Block] = mapped_column(INT)
    cause: Mapped[str]


class RefusalRow(Base):
    """A commitment meant as a pointer that names no submission."""

    __tablename__ = "refusals"

    commitment_id: Mapped[int] = mapped_column(INT, ForeignKey("commitments.id"), primary_key=True)
    reason: Mapped[str]
    detail: Mapped[str]


class WithdrawalRow(Base):
    """A commitment of the empty pointer."""

    __tablename__ = "withdrawals"

    commitment_id: Mapped[int] = mapped_column(INT, ForeignKey("commitments.id"), primary_key=True)


class SubmissionRow(Base):
    """The model a commitment names, with the commitment's owner as at first sight.

    A pointer in clear tells no digest: it is empty here, and found with the files. `secure_hash` is what it tells.
    """

    __tablename__ = "submissions"

    id: Mapped[int] = mapped_column(INT, primary_key=True)
    commitment_id: Mapped[int] = mapped_column(INT, ForeignKey("commitments.id"), unique=True)
    competition: Mapped[str] = mapped_column(index=True)
    repo: Mapped[str]
    revision: Mapped[str]
    digest: Mapped[str]
    secure_hash: Mapped[str | None]
    hotkey: Mapped[Hotkey] = mapped_column(String)
    coldkey: Mapped[Coldkey] = mapped_column(String)
    uid: Mapped[Uid] = mapped_column(INT)
    registered_at: Mapped[Block] = mapped_column(INT)
    commit_block: Mapped[Block] = mapped_column(INT)
    revealed_block: Mapped[Block] = mapped_column(INT)


class IntakeRow(Base):
    """One attempt at a submission's files; `outcome` is accepted, rejected or retry, the first two final."""

    __tablename__ = "intakes"
    __table_args__ = (UniqueConstraint("submission_id", "block", "outcome"),)

    id: Mapped[int] = mapped_column(INT, primary_key=True)
    submission_id: Mapped[int] = mapped_column(INT, ForeignKey("submissions.id"))
    block: Mapped[Block] = mapped_column(INT)
    outcome: Mapped[str]
    parameters: Mapped[int | None] = mapped_column(INT)
    bytes: Mapped[int | None] = mapped_column(INT)
    digest: Mapped[str | None]
    """Of the files that were accepted."""
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    retry_block: Mapped[Block | None] = mapped_column(INT)


class SketchRow(Base):
    """A vetted model in a megabyte, once for each digest: its lineage can be traced when nobody has it any more."""

    __tablename__ = "sketches"

    digest: Mapped[str] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class LineageRow(Base):
    """What a model is to certain known ones; `known` is a hash of their digests, `parents` and `weights` are JSON."""

    __tablename__ = "lineages"
    __table_args__ = (UniqueConstraint("digest", "known"),)

    id: Mapped[int] = mapped_column(INT, primary_key=True)
    digest: Mapped[str]
    known: Mapped[str]
    kind: Mapped[str]
    parents: Mapped[str]
    weights: Mapped[str]
    distance: Mapped[float | None]
    """None where none of them compares."""
    confidence: Mapped[float]


class RoundRow(Base):
    """A round and the seed it was opened with."""

    __tablename__ = "rounds"
    __table_args__ = (UniqueConstraint("competition", "number"),)

    id: Mapped[int] = mapped_column(INT, primary_key=True)
    competition: Mapped[str]
    number: Mapped[int] = mapped_column(INT)
    seed_block: Mapped[Block] = mapped_column(INT)
    seed_hash: Mapped[str]
    seed: Mapped[bytes] = mapped_column(LargeBinary)


class WaitRow(Base):
    """What a round had to wait for, once for each cause; `times`, `detail` and `last_block` mirror the present.

    `cause` is empty and the blocks are None where an older version recorded it, which kept the words alone.
    """

    __tablename__ = "waits"
    __table_args__ = (UniqueConstraint("round_id", "cause"),)

    id: Mapped[int] = mapped_column(INT, primary_key=True)
    round_id: Mapped[int] = mapped_column(INT, ForeignKey("rounds.id"))
    cause: Mapped[str]
    detail: Mapped[str]
    times: Mapped[int] = mapped_column(INT)
    """In how many blocks it was tried in vain."""
    since_block: Mapped[Block | None] = mapped_column(INT)
    last_block: Mapped[Block | None] = mapped_column(INT)


class BundleRow(Base):
    """The samples of a round."""

    __tablename__ = "bundles"

    round_id: Mapped[int] = mapped_column(INT, ForeignKey("rounds.id"), primary_key=True)
    root: Mapped[str]
    near_duplicates: Mapped[int | None] = mapped_column(INT)
    """How many samples were passed over beside nearly equal ones; None where an older version drew the bundle."""


class PoolRow(Base):
    """What a source gave the round whose bundle was drawn from it."""

    __tablename__ = "pools"

    round_id: Mapped[int] = mapped_column(INT, ForeignKey("bundles.round_id"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    proof: Mapped[str]
    root: Mapped[str]
    samples: Mapped[int] = mapped_column(INT)


class PoolProducerRow(Base):
    """A producer of a pool; `batch_root` is empty where its source knows none."""

    __tablename__ = "pool_producers"
    __table_args__ = (ForeignKeyConstraint(["round_id", "source"], ["pools.round_id", "pools.source"]),)

    round_id: Mapped[int] = mapped_column(INT, primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    hotkey: Mapped[Hotkey] = mapped_column(String, primary_key=True)
    coldkey: Mapped[Coldkey] = mapped_column(String)
    batch_root: Mapped[str]
    samples: Mapped[int] = mapped_column(INT)
    fault: Mapped[str | None]


class PoolDropRow(Base):
    """How many samples, or whole batches, a rule kept out of a pool."""

    __tablename__ = "pool_drops"
    __table_args__ = (ForeignKeyConstraint(["round_id", "source"], ["pools.round_id", "pools.source"]),)

    round_id: Mapped[int] = mapped_column(INT, primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    samples: Mapped[int] = mapped_column(INT)


class MakersRow(Base):
    """Who made a task's samples: the coldkey of each one's producer, a line each, empty for what nobody made."""

    __tablename__ = "sample_makers"

    round_id: Mapped[int] = mapped_column(INT, ForeignKey("bundles.round_id"), primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    makers: Mapped[str]


class PresenceRow(Base):
    """Whether the repository of a round's incumbent was there, as a Hub said that had other repositories."""

    __tablename__ = "king_presence"

    round_id: Mapped[int] = mapped_column(INT, ForeignKey("rounds.id"), primary_key=True)
    submission_id: Mapped[int] = mapped_column(INT, ForeignKey("submissions.id"))
    since_round: Mapped[int] = mapped_column(INT)
    """The first round of the reign, which tells two reigns of one submission apart."""
    at_block: Mapped[Block] = mapped_column(INT)
    present: Mapped[bool]


class FlagRow(Base):
    """A producer to be looked at: on its samples some entrant stands otherwise than on the others'."""

    __tablename__ = "producer_flags"

    round_id: Mapped[int] = mapped_column(INT, ForeignKey("closings.round_id"), primary_key=True)
    maker: Mapped[Coldkey] = mapped_column(String, primary_key=True)
    z: Mapped[float]


class ClosingRow(Base):
    """The end of a round."""

    __tablename__ = "closings"

    round_id: Mapped[int] = mapped_column(INT, ForeignKey("rounds.id"), primary_key=True)
    at_block: Mapped[Block] = mapped_column(INT)


class ReignRow(Base):
    """Who reigns after a closed round; no row where nobody does."""

    __tablename__ = "reigns"

    round_id: Mapped[int] = mapped_column(INT, ForeignKey("closings.round_id"), primary_key=True)
    submission_id: Mapped[int] = mapped_column(INT, ForeignKey("submissions.id"))
    hotkey: Mapped[Hotkey] = mapped_column(String)
    since_round: Mapped[int] = mapped_column(INT)
    crown_block: Mapped[Block] = mapped_column(INT)
    digest_block: Mapped[Block] = mapped_column(INT)
    earned: Mapped[float]
    confirmed: Mapped[bool]


class StandingRow(Base):
    """A submission's place after a round."""

    __tablename__ = "standings"

    round_id: Mapped[int] = mapped_column(INT, ForeignKey("rounds.id"), primary_key=True)
    submission_id: Mapped[int] = mapped_column(INT, ForeignKey("submissions.id"), primary_key=True, index=True)
    place: Mapped[int] = mapped_column(INT)
    role: Mapped[str]
    score: Mapped[float | None]
    improvement: Mapped[float | None]
    needed: Mapped[float | None]
    why: Mapped[str]


class EvidenceRow(Base):
    """What a challenger's standing rests on: see `competitions.records.Evidence`."""

    __tablename__ = "evidence"
    __table_args__ = (
        ForeignKeyConstraint(["round_id", "submission_id"], ["standings.round_id", "standings.submission_id"]),
    )

    round_id: Mapped[int] = mapped_column(INT, primary_key=True)
    submission_id: Mapped[int] = mapped_column(INT, primary_key=True)
    state: Mapped[str]
    rounds: Mapped[int] = mapped_column(INT)
    samples: Mapped[int] = mapped_column(INT)
    p: Mapped[float | None]
    rho: Mapped[float | None]
    enough: Mapped[float | None]
    hope: Mapped[float]
    wins_at: Mapped[Block | None] = mapped_column(INT)
    rung: Mapped[int | None] = mapped_column(INT)


class VerdictRow(Base):
    """One attempt at judging; `outcome` is scored or rejected, which are final, or outraced or abandoned."""

    __tablename__ = "verdicts"
    __table_args__ = (UniqueConstraint("round_id", "submission_id", "attempt"),)

    id: Mapped[int] = mapped_column(INT, primary_key=True)
    round_id: Mapped[int] = mapped_column(INT, ForeignKey("rounds.id"))
    submission_id: Mapped[int] = mapped_column(INT, ForeignKey("submissions.id"), index=True)
    attempt: Mapped[int] = mapped_column(INT)
    outcome: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[str]


class ScoringRow(Base):
    """What a scored or outraced verdict took, and where it was computed."""

    __tablename__ = "scorings"

    verdict_id: Mapped[int] = mapped_column(INT, ForeignKey("verdicts.id"), primary_key=True)
    seconds: Mapped[float]
    tokens: Mapped[int] = mapped_column(INT)
    peak_memory_bytes: Mapped[int] = mapped_column(INT)
    environment: Mapped[str]


class RaceRow(Base):
    """How an outraced verdict's race ended: see `evaluation.verdicts.Outraced`."""

    __tablename__ = "races"

    verdict_id: Mapped[int] = mapped_column(INT, ForeignKey("scorings.verdict_id"), primary_key=True)
    rung: Mapped[int] = mapped_column(INT)
    improvement: Mapped[float]
    at_best: Mapped[float]


class ValuesRow(Base):
    """A verdict's values on one task: little-endian float64, in the order of the sample list."""

    __tablename__ = "task_values"

    verdict_id: Mapped[int] = mapped_column(INT, ForeignKey("scorings.verdict_id"), primary_key=True)
    position: Mapped[int] = mapped_column(INT, primary_key=True)
    task: Mapped[str]
    sample_list: Mapped[str] = mapped_column(ForeignKey("sample_lists.digest"))
    values: Mapped[bytes] = mapped_column(LargeBinary)
    nats_per_token: Mapped[float | None]
    notes: Mapped[str] = mapped_column(default="{}", server_default="{}")
    """What was found of how many samples, as a JSON object."""


class SampleListRow(Base):
    """The ordered sample ids of a task, one a line, once for all who were judged on them; named by their sha256."""

    __tablename__ = "sample_lists"

    digest: Mapped[str] = mapped_column(primary_key=True)
    ids: Mapped[str]


class SendingRow(Base):
    """Weights on their way to the chain, recorded before they leave, so that a lost answer is known to be missing."""

    __tablename__ = "sendings"

    id: Mapped[int] = mapped_column(INT, primary_key=True)
    block: Mapped[Block] = mapped_column(INT)
    fingerprint: Mapped[str]
    cause: Mapped[str]
    """Why they were due."""
    terms: Mapped[str]
    """What besides the weights decides whether the chain takes them."""
    sealed: Mapped[bool]
    """Whether they were committed, for the chain to reveal later."""


class SendingWeightRow(Base):
    """One hotkey's weight in a sending, as wanted."""

    __tablename__ = "sending_weights"

    sending_id: Mapped[int] = mapped_column(INT, ForeignKey("sendings.id"), primary_key=True)
    hotkey: Mapped[Hotkey] = mapped_column(String, primary_key=True)
    weight: Mapped[float]


class SendingValueRow(Base):
    """One uid's u16 weight in a sending, as sent; a refusal known beforehand has none."""

    __tablename__ = "sending_values"

    sending_id: Mapped[int] = mapped_column(INT, ForeignKey("sendings.id"), primary_key=True)
    uid: Mapped[Uid] = mapped_column(INT, primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(INT)


class AnswerRow(Base):
    """What the chain said of a sending; `included_block` is None where it was refused."""

    __tablename__ = "answers"

    sending_id: Mapped[int] = mapped_column(INT, ForeignKey("sendings.id"), primary_key=True)
    answer: Mapped[str]
    """The extrinsic, or the chain's own name for the refusal."""
    included_block: Mapped[Block | None] = mapped_column(INT)
    message: Mapped[str | None]


class ReadbackRow(Base):
    """The block at which sent weights were first read back from the chain."""

    __tablename__ = "readbacks"

    sending_id: Mapped[int] = mapped_column(INT, ForeignKey("sendings.id"), primary_key=True)
    block: Mapped[Block] = mapped_column(INT)


class AnnouncementRow(Base):
    """A table that the subnet's owner announced in time."""

    __tablename__ = "announcements"

    commitment_id: Mapped[int] = mapped_column(INT, ForeignKey("commitments.id"), primary_key=True)
    activation_block: Mapped[Block] = mapped_column(INT)
    repo: Mapped[str]
    digest: Mapped[str]
    """Of the file."""
    reader: Mapped[int] = mapped_column(INT)
    """Version of readers that it needs."""


class AdoptionRow(Base):
    """An announced table that was had, and holds from its activation on unless a newer announcement replaces it."""

    __tablename__ = "adoptions"

    commitment_id: Mapped[int] = mapped_column(INT, ForeignKey("announcements.commitment_id"), primary_key=True)
    fingerprint: Mapped[str]
    text: Mapped[str]


class DismissalRow(Base):
    """A commitment meant as an announcement that never comes to hold, and why."""

    __tablename__ = "dismissals"

    commitment_id: Mapped[int] = mapped_column(INT, ForeignKey("commitments.id"), primary_key=True)
    reason: Mapped[str]
    detail: Mapped[str]


class HeartbeatRow(Base):
    """The present: what a loop last said of itself."""

    __tablename__ = "heartbeats"

    loop: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    block: Mapped[Block | None] = mapped_column(INT)
    ok: Mapped[bool]
    message: Mapped[str]
    ok_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FactRow(Base):
    """The present: what readers must know of the network, as JSON by name."""

    __tablename__ = "facts"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
