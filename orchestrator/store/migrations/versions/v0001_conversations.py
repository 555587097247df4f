"""Conversations and what was said and heard in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_conversations_owner_created_at_id", "conversations", ["owner", "created_at", "id"])
    op.create_index("ix_conversations_updated_at", "conversations", ["updated_at"])
    conversation = sa.ForeignKey("conversations.id", ondelete="CASCADE")
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("conversation_id", sa.String(64), conversation, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cut", sa.Boolean, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.UniqueConstraint("uid", name="uq_messages_uid"),
    )
    op.create_index("ix_messages_conversation_id_id", "messages", ["conversation_id", "id"])
