"""Sendings: recorded before their answer, with the cause, the terms and the exact values."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the new tables and carry what is recorded over; its causes, terms and values nobody knows any more."""
    _create()
    op.execute(
        "INSERT INTO sendings (id, block, fingerprint, cause, terms, sealed) "
        "SELECT id, block, fingerprint, '', '', false FROM sends"
    )
    op.execute("INSERT INTO sending_weights SELECT send_id, hotkey, weight FROM send_weights")
    op.execute("INSERT INTO answers SELECT id, answer, included_block, message FROM sends")
    op.execute("INSERT INTO readbacks SELECT send_id, block FROM confirmations")
    for table in ("confirmations", "send_weights", "sends"):
        op.drop_table(table)


def downgrade() -> None:
    """Refused: going back would drop recorded facts."""
    raise NotImplementedError("the ledger only grows: restore a copy made before the upgrade")


def _create() -> None:
    op.create_table(
        "sendings",
        sa.Column("id", INT, nullable=False),
        sa.Column("block", INT, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.Column("terms", sa.String, nullable=False),
        sa.Column("sealed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sendings"),
    )
    _create_part(
        "sending_weights",
        sa.Column("hotkey", sa.String, nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        key=["hotkey"],
    )
    _create_part(
        "sending_values",
        sa.Column("uid", INT, nullable=False),
        sa.Column("value", INT, nullable=False),
        key=["uid"],
    )
    _create_part(
        "answers",
        sa.Column("answer", sa.String, nullable=False),
        sa.Column("included_block", INT, nullable=True),
        sa.Column("message", sa.String, nullable=True),
        key=[],
    )
    _create_part("readbacks", sa.Column("block", INT, nullable=False), key=[])


def _create_part(name: str, *columns: sa.Column[object], key: list[str]) -> None:
    op.create_table(
        name,
        sa.Column("sending_id", INT, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["sending_id"], ["sendings.id"], name=f"fk_{name}_sending_id_sendings"),
        sa.PrimaryKeyConstraint("sending_id", *key, name=f"pk_{name}"),
    )
