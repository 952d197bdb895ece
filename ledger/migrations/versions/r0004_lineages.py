"""Sketches of vetted models, and the lineages traced from them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; models that were vetted before have no sketch."""
    op.create_table(
        "sketches",
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sketches"),
    )
    op.create_table(
        "lineages",
        sa.Column("id", INT, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("known", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("parents", sa.String, nullable=False),
        sa.Column("weights", sa.String, nullable=False),
        sa.Column("distance", sa.Double(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lineages"),
        sa.UniqueConstraint("digest", "known", name="uq_lineages_digest_known"),
    )


def downgrade() -> None:
    """Refused: going back would drop recorded facts."""
    raise NotImplementedError("the ledger only grows: restore a copy made before the upgrade")
