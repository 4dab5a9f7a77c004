"""The foundation: organizations, workers, segments, contents, the outbox and the answers.

The names of constraints and indexes come from the naming convention of `models.base`. Types are spelled
out here and not taken from there: what was once migrated must stay as it was.

Revision: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import CheckConstraint as Check
from sqlalchemy import Index
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import JSONB

from models.migrations.wall import build_wall

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Text is ordered by code point on both databases: PostgreSQL would go by the locale of its machine.
Chars = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Moment = sa.DateTime(timezone=True)
Json = sa.JSON().with_variant(JSONB(), "postgresql")
TextList = sa.JSON().with_variant(sa.ARRAY(sa.Text()), "postgresql")
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up only what is called INTEGER

# In the order in which they can be made: a table points only to those before it.
TABLES = (
    "organizations", "roles", "integrations", "audit_events",
    "workers", "worker_contacts", "worker_employments", "worker_engagements", "worker_wellbeings",
    "worker_gamifications",
    "users", "user_preferences", "sessions", "sign_in_attempts", "import_jobs",
    "channel_identities", "consent_events",
    "segments", "segment_memberships", "membership_events", "segment_sync_jobs",
    "contents", "content_versions", "tags", "content_tags", "collections", "collection_items",
    "media_assets", "text_contents", "image_contents", "video_contents", "audio_contents", "document_contents",
    "quiz_contents", "reflection_contents", "template_contents",
    "broadcasts", "broadcast_segments", "deliveries", "messages", "delivery_events", "inbound_keys", "sender_paces",
    "prompts", "quiz_attempts", "question_responses", "reflection_responses", "points_entries",
)  # fmt: skip


def upgrade() -> None:
    """From nothing."""
    create_organizations()
    create_workers()
    create_users()
    create_reach()
    create_segments()
    create_contents()
    create_kinds()
    create_outbox()
    create_answers()
    for table in TABLES[1:]:  # all but the organizations themselves
        build_wall(table)


def downgrade() -> None:
    """To nothing: every row is lost."""
    for table in reversed(TABLES):
        op.drop_table(table)


def must(name: str, kind: Any, *more: sa.schema.SchemaItem) -> sa.Column[Any]:
    """A column that is never empty."""
    return sa.Column(name, kind, *more, nullable=False)


def may(name: str, kind: Any, *more: sa.schema.SchemaItem) -> sa.Column[Any]:
    """A column that may be empty."""
    return sa.Column(name, kind, *more, nullable=True)


def identified() -> sa.Column[Any]:
    """An id that Shiftline makes, in time order."""
    return sa.Column("id", sa.Uuid, primary_key=True)


def numbered() -> sa.Column[Any]:
    """An id that the database makes, for tables filled by INSERT … SELECT."""
    return sa.Column("id", BigId, primary_key=True)


def owned() -> sa.Column[Any]:
    """Whose row it is."""
    return must("organization_id", sa.Uuid, sa.ForeignKey("organizations.id"))


def stamped() -> tuple[sa.Column[Any], sa.Column[Any]]:
    """When a row was made and last changed."""
    return must("created_at", Moment), must("updated_at", Moment)


def owned_key(column: str, table: str, *, cascade: bool = False) -> sa.ForeignKeyConstraint:
    """A key that holds the organization too, so that no row can point into another one's."""
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        [f"{table}.organization_id", f"{table}.id"],
        ondelete="CASCADE" if cascade else None,
    )


def one_of(*words: str, of: str = "state") -> Check:
    """The words that a column may hold."""
    return Check(f"{of} IN ({', '.join(map(repr, words))})", name=of)


def partial(name: str, *columns: str, where: str) -> Index:
    """An index of the few rows that somebody looks for."""
    return Index(name, *columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def create_organizations() -> None:
    """Organizations and those who run them, but for the users: they may be workers too."""
    op.create_table(
        "organizations",
        identified(),
        must("slug", Chars),
        must("name", Chars),
        may("description", Chars),
        may("website", Chars),
        must("subscription_tier", Chars),
        may("logo_url", Chars),
        may("custom_terminology", Json),
        may("settings", Json),
        *stamped(),
        Unique("slug"),
    )
    op.create_table(
        "roles",
        identified(),
        owned(),
        must("name", Chars),
        must("display_name", Chars),
        may("description", Chars),
        must("is_default", sa.Boolean),
        must("permissions", Json),
        *stamped(),
        Unique("organization_id", "name"),
        Unique("organization_id", "id"),
    )
    op.create_table(
        "integrations",
        identified(),
        owned(),
        must("type", Chars),
        must("channel", Chars),
        must("address", Chars),
        must("config", Json),
        must("status", Chars),
        may("status_reason", Chars),
        *stamped(),
        Unique("type", "address"),
        Unique("organization_id", "id"),
        one_of("untested", "connected", "failing", "revoked", "paused", "removed", of="status"),
    )
    op.create_table(
        "audit_events",
        numbered(),
        owned(),
        may("user_id", sa.Uuid),
        must("action", Chars),
        may("subject", Chars),
        may("details", Json),
        must("at", Moment),
        Index(None, "organization_id", "at"),
    )


def create_workers() -> None:
    """Workers and the five rows beside each."""
    op.create_table(
        "workers",
        identified(),
        owned(),
        may("external_id", Chars),
        must("first_name", Chars),
        must("last_name", Chars),
        may("date_of_birth", Moment),
        must("tags", TextList),
        may("custom_fields", Json),
        may("supervisor_id", sa.Uuid),
        must("is_active", sa.Boolean),
        may("time_zone", Chars),
        *stamped(),
        Unique("organization_id", "id"),
        Unique("organization_id", "external_id"),
        owned_key("supervisor_id", "workers"),
        Index(None, "organization_id", "supervisor_id"),
        Index(None, "organization_id", "updated_at"),
    )
    op.create_table(
        "worker_contacts",
        identified(),
        owned(),
        may("location_city", Chars),
        may("location_state_province", Chars),
        may("location_country", Chars),
        may("primary_phone_number", Chars),
        must("preferred_language", Chars),
        must("communication_consent", sa.Boolean),
        may("email_address", Chars),
        may("slack_user_id", Chars),
        must("worker_id", sa.Uuid),
        *stamped(),
        Unique("worker_id"),
        Unique("organization_id", "primary_phone_number"),
        owned_key("worker_id", "workers", cascade=True),
    )
    op.create_table(
        "worker_employments",
        identified(),
        owned(),
        may("job_title", Chars),
        may("department", Chars),
        may("team", Chars),
        may("hire_date", Moment),
        must("worker_id", sa.Uuid),
        *stamped(),
        Unique("worker_id"),
        owned_key("worker_id", "workers", cascade=True),
        Index(None, "organization_id"),
    )
    op.create_table(
        "worker_engagements",
        identified(),
        owned(),
        may("last_active_at", Moment),
        may("last_interaction_date", Moment),
        must("worker_id", sa.Uuid),
        *stamped(),
        Unique("worker_id"),
        owned_key("worker_id", "workers", cascade=True),
        Index(None, "organization_id"),
    )
    op.create_table(
        "worker_wellbeings",
        identified(),
        owned(),
        may("last_wellbeing_assessment_date", Moment),
        may("overall_wellbeing_score", sa.Double),
        must("worker_id", sa.Uuid),
        *stamped(),
        Unique("worker_id"),
        owned_key("worker_id", "workers", cascade=True),
        Index(None, "organization_id"),
    )
    op.create_table(
        "worker_gamifications",
        identified(),
        owned(),
        must("points_balance", sa.Integer),
        must("badges_earned_count", sa.Integer),
        must("worker_id", sa.Uuid),
        *stamped(),
        Unique("worker_id"),
        owned_key("worker_id", "workers", cascade=True),
        Index(None, "organization_id"),
    )


def create_users() -> None:
    """Users, and what carries the name of one."""
    op.create_table(
        "users",
        identified(),
        must("email", Chars),
        may("name", Chars),
        must("password", Chars),
        may("status", Chars),
        may("last_login_at", Moment),
        may("organization_id", sa.Uuid, sa.ForeignKey("organizations.id")),
        may("role_id", sa.Uuid),
        may("worker_id", sa.Uuid),
        *stamped(),
        Unique("organization_id", "email"),
        Unique("organization_id", "id"),
        owned_key("role_id", "roles"),
        owned_key("worker_id", "workers"),
        one_of("active", "invited", "suspended", of="status"),
        Check("organization_id IS NOT NULL OR (role_id IS NULL AND worker_id IS NULL)", name="service_points_nowhere"),
    )
    op.create_table(
        "user_preferences",
        identified(),
        owned(),
        must("user_id", sa.Uuid),
        must("theme", Chars),
        must("language", Chars),
        must("email_notifications", sa.Boolean),
        must("push_notifications", sa.Boolean),
        must("timezone", Chars),
        must("date_format", Chars),
        may("custom_settings", Json),
        *stamped(),
        Unique("user_id"),
        owned_key("user_id", "users", cascade=True),
        Index(None, "organization_id"),
    )
    op.create_table(
        "sessions",
        identified(),
        owned(),
        must("user_id", sa.Uuid),
        must("token_hash", Chars),
        may("browser", Chars),
        must("created_at", Moment),
        must("seen_at", Moment),
        must("expires_at", Moment),
        may("ended_at", Moment),
        Unique("token_hash"),
        owned_key("user_id", "users", cascade=True),
        Index(None, "organization_id"),
        Index(None, "user_id"),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("key", Chars, primary_key=True),
        must("failures", sa.Integer),
        must("last_at", Moment),
        may("blocked_until", Moment),
        may("organization_id", sa.Uuid, sa.ForeignKey("organizations.id")),
        Index(None, "last_at"),
    )
    op.create_table(
        "import_jobs",
        identified(),
        owned(),
        must("file_name", Chars),
        must("state", Chars),
        must("created", sa.Integer),
        must("updated", sa.Integer),
        must("unchanged", sa.Integer),
        must("rejected", Json),
        may("error_message", Chars),
        may("created_by_id", sa.Uuid),
        *stamped(),
        owned_key("created_by_id", "users"),
        one_of("running", "finished", "failed"),
        Index(None, "organization_id", "created_at"),
    )


def create_reach() -> None:
    """How a worker is reached, and whether they agreed."""
    op.create_table(
        "channel_identities",
        identified(),
        owned(),
        must("integration_id", sa.Uuid),
        must("worker_id", sa.Uuid),
        must("channel", Chars),
        must("address", Chars),
        must("state", Chars),
        may("reason", Chars),
        may("last_inbound_at", Moment),
        *stamped(),
        Unique("organization_id", "id"),
        Unique("integration_id", "address"),
        owned_key("integration_id", "integrations", cascade=True),
        owned_key("worker_id", "workers", cascade=True),
        one_of("verified", "unverified", "blocked", "dead", "replaced"),
        Index(None, "organization_id", "worker_id", "channel"),
    )
    op.create_table(
        "consent_events",
        numbered(),
        owned(),
        must("channel", Chars),
        must("address", Chars),
        may("worker_id", sa.Uuid),
        must("state", Chars),
        must("source", Chars),
        may("wording", Chars),
        may("user_id", sa.Uuid),
        must("at", Moment),
        owned_key("worker_id", "workers"),
        one_of("granted", "revoked"),
        Index("ix_consent_events_newest", "organization_id", "channel", "address", "id"),
        sqlite_autoincrement=True,
    )


def create_segments() -> None:
    """Who belongs together."""
    op.create_table(
        "segments",
        identified(),
        owned(),
        must("name", Chars),
        may("description", Chars),
        may("rule_definition", Json),
        must("worker_count", sa.Integer),
        may("last_sync_at", Moment),
        may("created_by_id", sa.Uuid),
        may("updated_by_id", sa.Uuid),
        *stamped(),
        Unique("organization_id", "id"),
        Unique("organization_id", "name"),
        owned_key("created_by_id", "users"),
        owned_key("updated_by_id", "users"),
    )
    op.create_table(
        "segment_memberships",
        numbered(),
        owned(),
        must("worker_id", sa.Uuid),
        must("segment_id", sa.Uuid),
        must("rule_match", sa.Boolean),
        may("rule_match_reason", Chars),
        must("added_at", Moment),
        Unique("segment_id", "worker_id"),
        owned_key("segment_id", "segments", cascade=True),
        owned_key("worker_id", "workers", cascade=True),
        Index(None, "worker_id"),
    )
    op.create_table(
        "membership_events",
        numbered(),
        owned(),
        must("segment_id", sa.Uuid),
        must("worker_id", sa.Uuid),
        must("change", Chars),
        may("reason", Chars),
        must("at", Moment),
        owned_key("segment_id", "segments", cascade=True),
        owned_key("worker_id", "workers", cascade=True),
        one_of("joined", "left", of="change"),
        Index(None, "segment_id", "id"),
        Index(None, "worker_id"),
    )
    op.create_table(
        "segment_sync_jobs",
        identified(),
        owned(),
        must("segment_id", sa.Uuid),
        may("started_at", Moment),
        may("completed_at", Moment),
        must("processed_count", sa.Integer),
        must("match_count", sa.Integer),
        may("error_message", Chars),
        *stamped(),
        owned_key("segment_id", "segments", cascade=True),
        Index(None, "organization_id"),
        Index(None, "segment_id", "created_at"),
    )


def create_contents() -> None:
    """Contents, their versions, and how they are sorted."""
    op.create_table(
        "contents",
        identified(),
        owned(),
        must("kind", Chars),
        must("title", Chars),
        may("description", Chars),
        must("language", Chars),
        may("archived_at", Moment),
        may("created_by_id", sa.Uuid),
        may("updated_by_id", sa.Uuid),
        *stamped(),
        Unique("organization_id", "id"),
        owned_key("created_by_id", "users"),
        owned_key("updated_by_id", "users"),
        one_of("text", "image", "video", "audio", "document", "quiz", "reflection", "template", of="kind"),
        Index(None, "organization_id", "kind"),
    )
    op.create_table(
        "content_versions",
        identified(),
        owned(),
        must("content_id", sa.Uuid),
        must("version_number", sa.Integer),
        must("version_data", Json),
        may("change_note", Chars),
        must("created_at", Moment),
        may("created_by_id", sa.Uuid),
        may("approval_status", Chars),
        may("approval_reason", Chars),
        may("decided_by_id", sa.Uuid),
        may("decided_at", Moment),
        Unique("organization_id", "id"),
        Unique("content_id", "version_number"),
        owned_key("content_id", "contents", cascade=True),
        owned_key("created_by_id", "users"),
        owned_key("decided_by_id", "users"),
    )
    op.create_table(
        "tags",
        identified(),
        owned(),
        must("name", Chars),
        may("color", Chars),
        Unique("organization_id", "name"),
        Unique("organization_id", "id"),
    )
    op.create_table(
        "content_tags",
        identified(),
        owned(),
        must("content_id", sa.Uuid),
        must("tag_id", sa.Uuid),
        Unique("content_id", "tag_id"),
        owned_key("content_id", "contents", cascade=True),
        owned_key("tag_id", "tags", cascade=True),
        Index(None, "organization_id", "tag_id"),
    )
    op.create_table(
        "collections",
        identified(),
        owned(),
        must("name", Chars),
        may("description", Chars),
        may("created_by_id", sa.Uuid),
        *stamped(),
        Unique("organization_id", "id"),
        owned_key("created_by_id", "users"),
    )
    op.create_table(
        "collection_items",
        identified(),
        owned(),
        must("collection_id", sa.Uuid),
        must("content_id", sa.Uuid),
        must("order", sa.Integer),
        must("added_at", Moment),
        Unique("collection_id", "order"),
        owned_key("collection_id", "collections", cascade=True),
        owned_key("content_id", "contents"),
        Index(None, "organization_id", "content_id"),
    )


def create_kinds() -> None:
    """A table for each kind of content."""
    op.create_table(
        "media_assets",
        identified(),
        owned(),
        must("file_name", Chars),
        must("file_size", sa.Integer),
        must("mime_type", Chars),
        must("url", Chars),
        may("thumbnail_url", Chars),
        may("alt_text", Chars),
        may("metadata", Json),
        may("uploaded_by_id", sa.Uuid),
        *stamped(),
        Unique("organization_id", "id"),
        owned_key("uploaded_by_id", "users"),
    )
    op.create_table(
        "text_contents",
        identified(),
        owned(),
        must("text", Chars),
        may("formatting", Json),
        must("content_id", sa.Uuid),
        Unique("content_id"),
        owned_key("content_id", "contents", cascade=True),
        Index(None, "organization_id"),
    )
    op.create_table(
        "image_contents",
        identified(),
        owned(),
        may("alt_text", Chars),
        may("caption", Chars),
        must("media_asset_id", sa.Uuid),
        must("content_id", sa.Uuid),
        Unique("content_id"),
        owned_key("content_id", "contents", cascade=True),
        owned_key("media_asset_id", "media_assets"),
        Index(None, "organization_id"),
    )
    op.create_table(
        "video_contents",
        identified(),
        owned(),
        may("caption", Chars),
        may("transcript", Chars),
        may("duration", sa.Integer),
        must("media_asset_id", sa.Uuid),
        must("content_id", sa.Uuid),
        Unique("content_id"),
        owned_key("content_id", "contents", cascade=True),
        owned_key("media_asset_id", "media_assets"),
        Index(None, "organization_id"),
    )
    op.create_table(
        "audio_contents",
        identified(),
        owned(),
        may("caption", Chars),
        may("transcript", Chars),
        may("duration", sa.Integer),
        must("media_asset_id", sa.Uuid),
        must("content_id", sa.Uuid),
        Unique("content_id"),
        owned_key("content_id", "contents", cascade=True),
        owned_key("media_asset_id", "media_assets"),
        Index(None, "organization_id"),
    )
    op.create_table(
        "document_contents",
        identified(),
        owned(),
        may("description", Chars),
        must("media_asset_id", sa.Uuid),
        must("content_id", sa.Uuid),
        Unique("content_id"),
        owned_key("content_id", "contents", cascade=True),
        owned_key("media_asset_id", "media_assets"),
        Index(None, "organization_id"),
    )
    op.create_table(
        "quiz_contents",
        identified(),
        owned(),
        must("questions", Json),
        may("scoring_type", Chars),
        may("time_limit", sa.Integer),
        may("passing_score", sa.Double),
        may("grade_method", Chars),
        must("content_id", sa.Uuid),
        Unique("content_id"),
        owned_key("content_id", "contents", cascade=True),
        Index(None, "organization_id"),
    )
    op.create_table(
        "reflection_contents",
        identified(),
        owned(),
        must("prompt_text", Chars),
        may("guidance_text", Chars),
        may("settings", Json),
        must("content_id", sa.Uuid),
        Unique("content_id"),
        owned_key("content_id", "contents", cascade=True),
        Index(None, "organization_id"),
    )
    op.create_table(
        "template_contents",
        identified(),
        owned(),
        must("template_text", Chars),
        must("variables", Json),
        must("channel", Chars),
        may("approval_status", Chars),
        must("content_id", sa.Uuid),
        Unique("content_id"),
        owned_key("content_id", "contents", cascade=True),
        one_of("draft", "pending", "approved", "rejected", "archived", of="approval_status"),
        Index(None, "organization_id"),
    )


def create_outbox() -> None:
    """What is to be said, what was said and heard."""
    op.create_table(
        "broadcasts",
        identified(),
        owned(),
        must("content_id", sa.Uuid),
        must("content_version_id", sa.Uuid),
        must("name", Chars),
        must("state", Chars),
        may("channels", Json),
        may("variables", Json),
        may("send_at", Moment),
        may("started_at", Moment),
        may("fan_out_after", sa.Uuid),
        may("fanned_out_at", Moment),
        may("finished_at", Moment),
        may("reason", Chars),
        may("created_by_id", sa.Uuid),
        *stamped(),
        Unique("organization_id", "id"),
        owned_key("content_id", "contents"),
        owned_key("content_version_id", "content_versions"),
        owned_key("created_by_id", "users"),
        one_of("draft", "awaiting_approval", "scheduled", "running", "paused", "finished", "cancelled"),
        Index(None, "state", "send_at"),
    )
    op.create_table(
        "broadcast_segments",
        identified(),
        owned(),
        must("broadcast_id", sa.Uuid),
        must("segment_id", sa.Uuid),
        Unique("broadcast_id", "segment_id"),
        owned_key("broadcast_id", "broadcasts", cascade=True),
        owned_key("segment_id", "segments"),
        Index(None, "organization_id"),
    )
    op.create_table(
        "deliveries",
        numbered(),
        owned(),
        must("source_kind", Chars),
        must("source_id", sa.Uuid),
        must("recipient", Chars),
        must("step", sa.Integer),
        must("part", sa.Integer),
        may("integration_id", sa.Uuid),
        may("channel", Chars),
        may("worker_id", sa.Uuid),
        may("identity_id", sa.Uuid),
        may("address", Chars),
        may("content_version_id", sa.Uuid),
        must("verb", Chars),
        may("body", Json),
        may("asks", Json),
        must("bypass", sa.Boolean),
        must("priority", sa.Integer),
        must("state", Chars),
        must("rank", sa.Integer),
        may("reason", Chars),
        may("due_at", Moment),
        may("expires_at", Moment),
        must("attempts", sa.Integer),
        must("forgiven", sa.Integer),
        may("parts", sa.Integer),
        may("lease", sa.Uuid),
        may("lease_until", Moment),
        may("settle_at", Moment),
        must("search_count", sa.Integer),
        may("flagged", Chars),
        may("provider_id", Chars),
        may("error_code", Chars),
        must("created_at", Moment),
        may("submitted_at", Moment),
        may("finished_at", Moment),
        Unique("organization_id", "id"),
        Unique("source_kind", "source_id", "recipient", "step", "part"),
        owned_key("integration_id", "integrations"),
        owned_key("worker_id", "workers", cascade=True),
        owned_key("content_version_id", "content_versions"),
        one_of(
            "queued", "claimed", "sending", "submitted", "sent", "delivered", "read", "failed",
            "skipped", "cancelled", "expired", "in_doubt",
        ),
        one_of("send", "update", of="verb"),
        partial("ix_deliveries_doubt", "settle_at", where="state = 'in_doubt'"),
        partial("ix_deliveries_due", "integration_id", "priority", "due_at", "id", where="state = 'queued'"),
        partial("ix_deliveries_flight", "integration_id", "address", where="state IN ('claimed', 'sending')"),
        partial("ix_deliveries_leases", "lease_until", where="state IN ('claimed', 'sending')"),
        Index("ix_deliveries_worker", "organization_id", "worker_id", "id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "messages",
        identified(),
        owned(),
        must("integration_id", sa.Uuid),
        may("worker_id", sa.Uuid),
        must("address", Chars),
        must("direction", Chars),
        may("delivery_id", BigId),
        may("attempt", sa.Integer),
        may("provider_id", Chars),
        may("body", Chars),
        may("payload", Json),
        may("outcome", Chars),
        must("at", Moment),
        Unique("integration_id", "provider_id"),
        Unique("delivery_id", "attempt"),
        owned_key("integration_id", "integrations"),
        owned_key("worker_id", "workers", cascade=True),
        owned_key("delivery_id", "deliveries"),
        one_of("in", "out", of="direction"),
        Index("ix_messages_address", "integration_id", "address", "at"),
        Index("ix_messages_worker", "organization_id", "worker_id", "at"),
    )
    op.create_table(
        "delivery_events",
        numbered(),
        owned(),
        must("delivery_id", BigId),
        may("attempt", sa.Integer),
        may("provider_id", Chars),
        must("status", Chars),
        may("error_code", Chars),
        must("at", Moment),
        owned_key("delivery_id", "deliveries", cascade=True),
        Index(None, "delivery_id", "id"),
    )
    op.create_table(
        "inbound_keys",
        owned(),
        must("integration_id", sa.Uuid),
        must("key", Chars),
        must("received_at", Moment),
        sa.PrimaryKeyConstraint("integration_id", "key"),
        owned_key("integration_id", "integrations", cascade=True),
    )
    op.create_table(
        "sender_paces",
        owned(),
        must("integration_id", sa.Uuid),
        must("tokens", sa.Double),
        must("refilled_at", Moment),
        may("resume_at", Moment),
        may("resume_reason", Chars),
        may("day", sa.Date),
        must("day_parts", sa.Integer),
        sa.PrimaryKeyConstraint("integration_id"),
        owned_key("integration_id", "integrations", cascade=True),
    )


def create_answers() -> None:
    """What is asked, what came back, and what it earned."""
    op.create_table(
        "prompts",
        identified(),
        owned(),
        must("worker_id", sa.Uuid),
        must("identity_id", sa.Uuid),
        must("delivery_id", BigId),
        must("content_version_id", sa.Uuid),
        must("source_kind", Chars),
        must("source_id", sa.Uuid),
        may("question_id", Chars),
        may("position", sa.Integer),
        must("token", Chars),
        may("option_order", Json),
        must("first_label", sa.Integer),
        must("labels", sa.Integer),
        must("tries", sa.Integer),
        must("state", Chars),
        must("asked_at", Moment),
        may("expires_at", Moment),
        may("answered_at", Moment),
        may("response_id", sa.Uuid),
        may("joins_until", Moment),
        Unique("organization_id", "id"),
        Unique("token"),
        Unique("delivery_id"),
        owned_key("worker_id", "workers", cascade=True),
        owned_key("identity_id", "channel_identities", cascade=True),
        owned_key("delivery_id", "deliveries"),
        owned_key("content_version_id", "content_versions"),
        one_of("open", "answered", "expired", "withdrawn"),
        partial("ix_prompts_joining", "identity_id", where="response_id IS NOT NULL"),
        partial("ix_prompts_open", "identity_id", "asked_at", where="state = 'open'"),
        partial("ix_prompts_timed", "expires_at", where="state = 'open' AND expires_at IS NOT NULL"),
        Index(None, "worker_id"),
    )
    op.create_table(
        "quiz_attempts",
        identified(),
        owned(),
        must("worker_id", sa.Uuid),
        must("content_id", sa.Uuid),
        must("content_version_id", sa.Uuid),
        must("source_kind", Chars),
        must("source_id", sa.Uuid),
        must("started_at", Moment),
        may("deadline", Moment),
        may("finished_at", Moment),
        must("expired", sa.Boolean),
        must("score", sa.Double),
        must("max_score", sa.Double),
        may("passed", sa.Boolean),
        Unique("organization_id", "id"),
        Unique("worker_id", "source_kind", "source_id", "content_id"),
        owned_key("worker_id", "workers", cascade=True),
        owned_key("content_version_id", "content_versions"),
        partial("ix_quiz_attempts_timed", "deadline", where="finished_at IS NULL AND deadline IS NOT NULL"),
    )
    op.create_table(
        "question_responses",
        identified(),
        owned(),
        must("attempt_id", sa.Uuid),
        must("prompt_id", sa.Uuid),
        must("worker_id", sa.Uuid),
        must("source_kind", Chars),
        must("source_id", sa.Uuid),
        must("question_id", Chars),
        must("channel", Chars),
        must("try_number", sa.Integer),
        may("typed", Chars),
        may("understood", Json),
        may("correct", sa.Boolean),
        must("score", sa.Double),
        must("max_score", sa.Double),
        must("late", sa.Boolean),
        must("at", Moment),
        Unique("prompt_id", "try_number"),
        owned_key("attempt_id", "quiz_attempts", cascade=True),
        owned_key("prompt_id", "prompts", cascade=True),
        owned_key("worker_id", "workers", cascade=True),
        Index(None, "attempt_id"),
        Index(None, "organization_id", "source_kind", "source_id"),
        Index(None, "worker_id"),
    )
    op.create_table(
        "reflection_responses",
        identified(),
        owned(),
        may("worker_id", sa.Uuid),
        must("content_id", sa.Uuid),
        must("content_version_id", sa.Uuid),
        must("source_kind", Chars),
        must("source_id", sa.Uuid),
        must("question_id", Chars),
        must("visibility", Chars),
        must("channel", Chars),
        must("text", Chars),
        may("rating", sa.Integer),
        must("parts", sa.Integer),
        must("at", Moment),
        owned_key("worker_id", "workers", cascade=True),
        owned_key("content_id", "contents"),
        owned_key("content_version_id", "content_versions"),
        Index(None, "organization_id", "source_kind", "source_id"),
        Index(None, "worker_id"),
    )
    op.create_table(
        "points_entries",
        numbered(),
        owned(),
        must("worker_id", sa.Uuid),
        must("reason", Chars),
        must("subject_id", sa.Uuid),
        must("source_id", sa.Uuid),
        must("points", sa.Integer),
        must("at", Moment),
        Unique("worker_id", "reason", "subject_id"),
        owned_key("worker_id", "workers", cascade=True),
        Index(None, "organization_id", "worker_id", "at"),
        Index(None, "worker_id", "source_id"),
    )
