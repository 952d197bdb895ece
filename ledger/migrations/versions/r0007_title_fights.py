"""What title fights rest on: who made each sample, what each challenger's standing was found on, whether the king's
repository was there, and which producers are to be looked at.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; of older rounds nobody noted any of it."""
    op.create_table(
        "sample_makers",
        sa.Column("round_id", INT, nullable=False),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("makers", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["bundles.round_id"], name="fk_sample_makers_round_id_bundles"),
        sa.PrimaryKeyConstraint("round_id", "task", name="pk_sample_makers"),
    )
    op.create_table(
        "king_presence",
        sa.Column("round_id", INT, nullable=False),
        sa.Column("submission_id", INT, nullable=False),
        sa.Column("since_round", INT, nullable=False),
        sa.Column("at_block", INT, nullable=False),
        sa.Column("present", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_king_presence_round_id_rounds"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name="fk_king_presence_submission_id_submissions"
        ),
        sa.PrimaryKeyConstraint("round_id", name="pk_king_presence"),
    )
    op.create_table(
        "evidence",
        sa.Column("round_id", INT, nullable=False),
        sa.Column("submission_id", INT, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("rounds", INT, nullable=False),
        sa.Column("samples", INT, nullable=False),
        sa.Column("p", sa.Double, nullable=True),
        sa.Column("rho", sa.Double, nullable=True),
        sa.Column("enough", sa.Double, nullable=True),
        sa.Column("hope", sa.Double, nullable=False),
        sa.Column("wins_at", INT, nullable=True),
        sa.Column("rung", INT, nullable=True),
        sa.ForeignKeyConstraint(
            ["round_id", "submission_id"],
            ["standings.round_id", "standings.submission_id"],
            name="fk_evidence_round_id_standings",
        ),
        sa.PrimaryKeyConstraint("round_id", "submission_id", name="pk_evidence"),
    )
    op.create_index("ix_verdicts_submission_id", "verdicts", ["submission_id"])
    op.create_table(
        "producer_flags",
        sa.Column("round_id", INT, nullable=False),
        sa.Column("maker", sa.String, nullable=False),
        sa.Column("z", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["closings.round_id"], name="fk_producer_flags_round_id_closings"),
        sa.PrimaryKeyConstraint("round_id", "maker", name="pk_producer_flags"),
    )


def downgrade() -> None:
    """Refused: going back would drop recorded facts."""
    raise NotImplementedError("the ledger only grows: restore a copy made before the upgrade")
