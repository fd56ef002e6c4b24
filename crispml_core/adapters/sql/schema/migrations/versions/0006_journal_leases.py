"""Who writes to which journal on a volume that several machines share.

Only an addition: the release before works with it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
step = "expand"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "journal_leases",
        sa.Column("journal", sa.String(128), nullable=False),
        sa.Column("holder", sa.String(128), nullable=False),
        sa.Column("renewals", sa.BigInteger, nullable=False),
        sa.Column("renewed_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("journal", name="pk_journal_leases"),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("journal_leases")
