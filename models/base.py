"""What every table shares: the metadata, the column types that make two databases one, the owner.

SQLite and PostgreSQL differ in arrays, JSON, big integers, time zones and how they order text. The
types here hide that, so that nothing above this package knows which database it talks to.
"""

from __future__ import annotations

import unicodedata
import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator

from bot import chance, clock


class Timestamp(TypeDecorator[datetime]):
    """An aware moment in UTC. A naive one is refused: nobody could say what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware to what the database keeps."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a timestamp needs a time zone: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """What the database keeps, as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Chars(TypeDecorator[str]):
    """Text as people write it: composed (NFC), never empty (NULL instead), without NUL, ordered by code point."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """PostgreSQL orders by its locale unless it is told otherwise; `type_descriptor` would make it VARCHAR."""
        return Text(collation="C") if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Compose, refuse NUL, turn the empty text into none."""
        if not value:
            return None
        if "\x00" in value:
            raise ValueError("text holds a NUL character")
        return value if value.isascii() else unicodedata.normalize("NFC", value)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
TextList = JSON(none_as_null=True).with_variant(ARRAY(Text), "postgresql")
BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """The declarative base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: Timestamp,
        str: Chars,
        uuid.UUID: Uuid,
        dict[str, Any]: Json,
        list[Any]: Json,
    }


class Identified:
    """A table whose ids are made here, in time order."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=chance.new_id, sort_order=-10)


class Numbered:
    """A table filled by INSERT … SELECT: the database makes the ids."""

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True, sort_order=-10)


class Owned:
    """A table whose rows belong to one organization; a session of another one never sees them.

    No index by itself: nearly every table has one that begins with the organization, and a second is
    paid for with each row of a fan-out.
    """

    @declared_attr
    @classmethod
    def organization_id(cls) -> Mapped[uuid.UUID]:
        """The owner."""
        return mapped_column(ForeignKey("organizations.id"), sort_order=-9)


class Stamped:
    """A table that knows when its rows were made and last changed."""

    created_at: Mapped[datetime] = mapped_column(default=clock.now, sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now, sort_order=91)


def owned_key(column: str, table: str, *, ondelete: str | None = None, name: str | None = None) -> ForeignKeyConstraint:
    """A foreign key that also holds the organization, so that no row can point into another one's."""
    return ForeignKeyConstraint(
        ["organization_id", column], [f"{table}.organization_id", f"{table}.id"], ondelete=ondelete, name=name
    )


def partial_index(name: str, *columns: str, where: str) -> Index:
    """An index of the few rows that somebody looks for, on both databases."""
    return Index(name, *columns, postgresql_where=text(where), sqlite_where=text(where))
