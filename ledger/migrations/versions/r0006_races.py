"""How races ended: which verdicts rest on some of a round's samples only. And what verdicts say beside their values."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table and the columns; all older verdicts rest on all samples."""
    op.add_column("task_values", sa.Column("nats_per_token", sa.Double, nullable=True))
    op.add_column("task_values", sa.Column("notes", sa.String, nullable=False, server_default="{}"))
    op.create_table(
        "races",
        sa.Column("verdict_id", INT, nullable=False),
        sa.Column("rung", INT, nullable=False),
        sa.Column("improvement", sa.Double, nullable=False),
        sa.Column("at_best", sa.Double, nullable=False),
        sa.ForeignKeyConstraint(["verdict_id"], ["scorings.verdict_id"], name="fk_races_verdict_id_scorings"),
        sa.PrimaryKeyConstraint("verdict_id", name="pk_races"),
    )


def downgrade() -> None:
    """Refused: going back would drop recorded facts."""
    raise NotImplementedError("the ledger only grows: restore a copy made before the upgrade")
