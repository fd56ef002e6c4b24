"""What the life of a model after its release needs.

Only additions, each in a function of its own: the release before works with them.
"""

from __future__ import annotations

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and tables."""


def downgrade() -> None:
    """Remove them in the reverse order."""
