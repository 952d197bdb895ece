"""The first tables of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "commitments",
        sa.Column("id", INT, nullable=False),
        sa.Column("netuid", INT, nullable=False),
        sa.Column("hotkey", sa.String, nullable=False),
        sa.Column("commit_block", INT, nullable=False),
        sa.Column("coldkey", sa.String, nullable=True),
        sa.Column("uid", INT, nullable=True),
        sa.Column("registered_at", INT, nullable=True),
        sa.Column("first_seen", INT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("reveal_round", INT, nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_commitments"),
        sa.UniqueConstraint("netuid", "hotkey", "commit_block", name="uq_commitments_netuid_hotkey_commit_block"),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_facts"),
    )
    op.create_table(
        "heartbeats",
        sa.Column("loop", sa.String, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("block", INT, nullable=True),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("loop", name="pk_heartbeats"),
    )
    op.create_table(
        "neurons",
        sa.Column("netuid", INT, nullable=False),
        sa.Column("uid", INT, autoincrement=False, nullable=False),
        sa.Column("hotkey", sa.String, nullable=False),
        sa.Column("coldkey", sa.String, nullable=False),
        sa.Column("stake", sa.Double(), nullable=False),
        sa.Column("permit", sa.Boolean(), nullable=False),
        sa.Column("registered_at", INT, nullable=False),
        sa.PrimaryKeyConstraint("netuid", "uid", name="pk_neurons"),
    )
    op.create_table(
        "polls",
        sa.Column("netuid", INT, nullable=False),
        sa.Column("block", INT, nullable=False),
        sa.PrimaryKeyConstraint("netuid", name="pk_polls"),
    )
    op.create_table(
        "rounds",
        sa.Column("id", INT, nullable=False),
        sa.Column("competition", sa.String, nullable=False),
        sa.Column("number", INT, nullable=False),
        sa.Column("seed_block", INT, nullable=False),
        sa.Column("seed_hash", sa.String, nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rounds"),
        sa.UniqueConstraint("competition", "number", name="uq_rounds_competition_number"),
    )
    op.create_table(
        "sample_lists",
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("ids", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sample_lists"),
    )
    op.create_table(
        "sends",
        sa.Column("id", INT, nullable=False),
        sa.Column("block", INT, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("answer", sa.String, nullable=False),
        sa.Column("included_block", INT, nullable=True),
        sa.Column("message", sa.String, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sends"),
        sa.UniqueConstraint("block", "fingerprint", "answer", name="uq_sends_block_fingerprint_answer"),
    )
    op.create_table(
        "unreadables",
        sa.Column("id", INT, nullable=False),
        sa.Column("netuid", INT, nullable=False),
        sa.Column("hotkey", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("first_seen", INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_unreadables"),
        sa.UniqueConstraint("netuid", "hotkey", "reason", name="uq_unreadables_netuid_hotkey_reason"),
    )
    op.create_table(
        "bundles",
        sa.Column("round_id", INT, nullable=False),
        sa.Column("root", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_bundles_round_id_rounds"),
        sa.PrimaryKeyConstraint("round_id", name="pk_bundles"),
    )
    op.create_table(
        "closings",
        sa.Column("round_id", INT, nullable=False),
        sa.Column("at_block", INT, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_closings_round_id_rounds"),
        sa.PrimaryKeyConstraint("round_id", name="pk_closings"),
    )
    op.create_table(
        "confirmations",
        sa.Column("send_id", INT, nullable=False),
        sa.Column("block", INT, nullable=False),
        sa.ForeignKeyConstraint(["send_id"], ["sends.id"], name="fk_confirmations_send_id_sends"),
        sa.PrimaryKeyConstraint("send_id", name="pk_confirmations"),
    )
    op.create_table(
        "holds",
        sa.Column("id", INT, nullable=False),
        sa.Column("round_id", INT, nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_holds_round_id_rounds"),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    op.create_index("ix_holds_round_id", "holds", ["round_id"], unique=False)
    op.create_table(
        "openings",
        sa.Column("id", INT, nullable=False),
        sa.Column("netuid", INT, nullable=False),
        sa.Column("hotkey", sa.String, nullable=False),
        sa.Column("open_block", INT, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("commitment_id", INT, nullable=True),
        sa.ForeignKeyConstraint(["commitment_id"], ["commitments.id"], name="fk_openings_commitment_id_commitments"),
        sa.PrimaryKeyConstraint("id", name="pk_openings"),
        sa.UniqueConstraint("netuid", "hotkey", "open_block", "data", name="uq_openings_netuid_hotkey_open_block_data"),
    )
    op.create_index("ix_openings_commitment_id", "openings", ["commitment_id"], unique=False)
    op.create_table(
        "refusals",
        sa.Column("commitment_id", INT, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("detail", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["commitment_id"], ["commitments.id"], name="fk_refusals_commitment_id_commitments"),
        sa.PrimaryKeyConstraint("commitment_id", name="pk_refusals"),
    )
    op.create_table(
        "send_weights",
        sa.Column("send_id", INT, nullable=False),
        sa.Column("hotkey", sa.String, nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["send_id"], ["sends.id"], name="fk_send_weights_send_id_sends"),
        sa.PrimaryKeyConstraint("send_id", "hotkey", name="pk_send_weights"),
    )
    op.create_table(
        "submissions",
        sa.Column("id", INT, nullable=False),
        sa.Column("commitment_id", INT, nullable=False),
        sa.Column("competition", sa.String, nullable=False),
        sa.Column("repo", sa.String, nullable=False),
        sa.Column("revision", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("hotkey", sa.String, nullable=False),
        sa.Column("coldkey", sa.String, nullable=False),
        sa.Column("uid", INT, nullable=False),
        sa.Column("registered_at", INT, nullable=False),
        sa.Column("commit_block", INT, nullable=False),
        sa.Column("revealed_block", INT, nullable=False),
        sa.ForeignKeyConstraint(["commitment_id"], ["commitments.id"], name="fk_submissions_commitment_id_commitments"),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sa.UniqueConstraint("commitment_id", name="uq_submissions_commitment_id"),
    )
    op.create_index("ix_submissions_competition", "submissions", ["competition"], unique=False)
    op.create_table(
        "intakes",
        sa.Column("id", INT, nullable=False),
        sa.Column("submission_id", INT, nullable=False),
        sa.Column("block", INT, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("parameters", INT, nullable=True),
        sa.Column("bytes", INT, nullable=True),
        sa.Column("reason", sa.String, nullable=True),
        sa.Column("detail", sa.String, nullable=True),
        sa.Column("retry_block", INT, nullable=True),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_intakes_submission_id_submissions"),
        sa.PrimaryKeyConstraint("id", name="pk_intakes"),
        sa.UniqueConstraint("submission_id", "block", "outcome", name="uq_intakes_submission_id_block_outcome"),
    )
    op.create_table(
        "reigns",
        sa.Column("round_id", INT, nullable=False),
        sa.Column("submission_id", INT, nullable=False),
        sa.Column("hotkey", sa.String, nullable=False),
        sa.Column("since_round", INT, nullable=False),
        sa.Column("crown_block", INT, nullable=False),
        sa.Column("digest_block", INT, nullable=False),
        sa.Column("earned", sa.Double(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["closings.round_id"], name="fk_reigns_round_id_closings"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_reigns_submission_id_submissions"),
        sa.PrimaryKeyConstraint("round_id", name="pk_reigns"),
    )
    op.create_table(
        "standings",
        sa.Column("round_id", INT, nullable=False),
        sa.Column("submission_id", INT, nullable=False),
        sa.Column("place", INT, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("improvement", sa.Double(), nullable=True),
        sa.Column("needed", sa.Double(), nullable=True),
        sa.Column("why", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_standings_round_id_rounds"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_standings_submission_id_submissions"),
        sa.PrimaryKeyConstraint("round_id", "submission_id", name="pk_standings"),
    )
    op.create_index("ix_standings_submission_id", "standings", ["submission_id"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("id", INT, nullable=False),
        sa.Column("round_id", INT, nullable=False),
        sa.Column("submission_id", INT, nullable=False),
        sa.Column("attempt", INT, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=True),
        sa.Column("detail", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_verdicts_round_id_rounds"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_verdicts_submission_id_submissions"),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
        sa.UniqueConstraint("round_id", "submission_id", "attempt", name="uq_verdicts_round_id_submission_id_attempt"),
    )
    op.create_table(
        "scorings",
        sa.Column("verdict_id", INT, nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("tokens", INT, nullable=False),
        sa.Column("peak_memory_bytes", INT, nullable=False),
        sa.Column("environment", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["verdict_id"], ["verdicts.id"], name="fk_scorings_verdict_id_verdicts"),
        sa.PrimaryKeyConstraint("verdict_id", name="pk_scorings"),
    )
    op.create_table(
        "task_values",
        sa.Column("verdict_id", INT, nullable=False),
        sa.Column("position", INT, nullable=False),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("sample_list", sa.String, nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_list"], ["sample_lists.digest"], name="fk_task_values_sample_list_sample_lists"
        ),
        sa.ForeignKeyConstraint(["verdict_id"], ["scorings.verdict_id"], name="fk_task_values_verdict_id_scorings"),
        sa.PrimaryKeyConstraint("verdict_id", "position", name="pk_task_values"),
    )


def downgrade() -> None:
    """Refused: going back would drop recorded facts."""
    raise NotImplementedError("the ledger only grows: restore a copy made before the upgrade")
