"""What the life of a model after its release needs.

Only additions, each in a function of its own: the release before works with them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and tables."""
    _add_label_columns()


def downgrade() -> None:
    """Remove them in the reverse order."""
    _drop_label_columns()


def _add_label_columns() -> None:
    """Keep the logged probability of a label beside it."""
    op.add_column("labels", sa.Column("propensity", sa.Double, nullable=True))


def _drop_label_columns() -> None:
    op.drop_column("labels", "propensity")
