"""What rounds' samples were drawn from, and what rounds waited for, counted by cause."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; of older rounds the pools stay unknown, and of their holds the cause's code and the blocks."""
    op.add_column("bundles", sa.Column("near_duplicates", INT, nullable=True))
    op.create_table(
        "pools",
        sa.Column("round_id", INT, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("proof", sa.String, nullable=False),
        sa.Column("root", sa.String, nullable=False),
        sa.Column("samples", INT, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["bundles.round_id"], name="fk_pools_round_id_bundles"),
        sa.PrimaryKeyConstraint("round_id", "source", name="pk_pools"),
    )
    _create_part(
        "pool_producers",
        "hotkey",
        sa.Column("coldkey", sa.String, nullable=False),
        sa.Column("batch_root", sa.String, nullable=False),
        sa.Column("samples", INT, nullable=False),
        sa.Column("fault", sa.String, nullable=True),
    )
    _create_part("pool_drops", "reason", sa.Column("samples", INT, nullable=False))
    _count_holds()


def downgrade() -> None:
    """Refused: going back would drop recorded facts."""
    raise NotImplementedError("the ledger only grows: restore a copy made before the upgrade")


def _create_part(name: str, key: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("round_id", INT, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column(key, sa.String, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["round_id", "source"], ["pools.round_id", "pools.source"], name=f"fk_{name}_round_id_source_pools"
        ),
        sa.PrimaryKeyConstraint("round_id", "source", key, name=f"pk_{name}"),
    )


def _count_holds() -> None:
    """A row for each change of words becomes a row for each round: its newest words, and how often they changed."""
    op.create_table(
        "waits",
        sa.Column("id", INT, nullable=False),
        sa.Column("round_id", INT, nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.Column("detail", sa.String, nullable=False),
        sa.Column("times", INT, nullable=False),
        sa.Column("since_block", INT, nullable=True),
        sa.Column("last_block", INT, nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name="fk_waits_round_id_rounds"),
        sa.PrimaryKeyConstraint("id", name="pk_waits"),
        sa.UniqueConstraint("round_id", "cause", name="uq_waits_round_id_cause"),
    )
    op.execute(
        "INSERT INTO waits (round_id, cause, detail, times) SELECT holds.round_id, '', holds.cause, counted.times "
        "FROM holds JOIN (SELECT max(id) AS newest, count(*) AS times FROM holds GROUP BY round_id) AS counted "
        "ON holds.id = counted.newest"
    )
    op.drop_table("holds")
