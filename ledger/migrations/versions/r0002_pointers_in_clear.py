"""Pointers in clear, withdrawals, commitments of several fields, and gaps in what was read."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns and tables; what is recorded stays as it is."""
    op.add_column("commitments", sa.Column("surplus", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("submissions", sa.Column("secure_hash", sa.String, nullable=True))
    op.add_column("intakes", sa.Column("digest", sa.String, nullable=True))
    op.create_table(
        "gaps",
        sa.Column("id", INT, nullable=False),
        sa.Column("netuid", INT, nullable=False),
        sa.Column("first_block", INT, nullable=False),
        sa.Column("last_block", INT, nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gaps"),
        sa.UniqueConstraint("netuid", "first_block", "last_block", name="uq_gaps_netuid_first_block_last_block"),
    )
    op.create_table(
        "withdrawals",
        sa.Column("commitment_id", INT, nullable=False),
        sa.ForeignKeyConstraint(["commitment_id"], ["commitments.id"], name="fk_withdrawals_commitment_id_commitments"),
        sa.PrimaryKeyConstraint("commitment_id", name="pk_withdrawals"),
    )


def downgrade() -> None:
    """Refused: going back would drop recorded facts."""
    raise NotImplementedError("the ledger only grows: restore a copy made before the upgrade")
