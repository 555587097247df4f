"""In which language something was said, and what the model thought before its reply."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("messages", sa.Column("language", sa.String(16)))
    op.add_column("messages", sa.Column("thinking", sa.Text))
