"""Tables that the subnet's owner announces on chain: what was announced, had, and dismissed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; nobody listened for announcements before."""
    op.create_table(
        "announcements",
        sa.Column("commitment_id", INT, nullable=False),
        sa.Column("activation_block", INT, nullable=False),
        sa.Column("repo", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("reader", INT, nullable=False),
        sa.ForeignKeyConstraint(
            ["commitment_id"], ["commitments.id"], name="fk_announcements_commitment_id_commitments"
        ),
        sa.PrimaryKeyConstraint("commitment_id", name="pk_announcements"),
    )
    op.create_table(
        "adoptions",
        sa.Column("commitment_id", INT, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.ForeignKeyConstraint(
            ["commitment_id"], ["announcements.commitment_id"], name="fk_adoptions_commitment_id_announcements"
        ),
        sa.PrimaryKeyConstraint("commitment_id", name="pk_adoptions"),
    )
    op.create_table(
        "dismissals",
        sa.Column("commitment_id", INT, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("detail", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["commitment_id"], ["commitments.id"], name="fk_dismissals_commitment_id_commitments"),
        sa.PrimaryKeyConstraint("commitment_id", name="pk_dismissals"),
    )


def downgrade() -> None:
    """Refused: going back would drop recorded facts."""
    raise NotImplementedError("the ledger only grows: restore a copy made before the upgrade")
