"""The second wall between organizations: PostgreSQL's row-level security.

`bot.database` tells PostgreSQL in each transaction whose it is. Where it is an organization's, no statement,
however it was written, sees or writes a row of another. Where it is nobody's (the clock's sweeps, the
operator, a migration), everything is open. A row without an organization is seen only then.

FORCE, because the tables' owner is who connects in most installations; a superuser passes all the same,
so a service should not be one.
"""

from __future__ import annotations

from alembic import op

_SESSION = "nullif(current_setting('shiftline.organization', true), '')"  # '' once a transaction that set it has ended
POLICY = f"{_SESSION} IS NULL OR organization_id = {_SESSION}::uuid"


def build_wall(table: str) -> None:
    """Keep rows of `table` to their organization, for reads and for writes. SQLite has no such thing."""
    if op.get_context().dialect.name != "postgresql":
        return
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY organization ON {table} USING ({POLICY}) WITH CHECK ({POLICY})")
