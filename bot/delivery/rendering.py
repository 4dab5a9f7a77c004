"""The exact words of a batch: what is read for them in bulk, and composed row by row.

A row that can't be rendered must end with its reason and not take its neighbours along: an error that escaped
here would give the whole batch back to the queue, again and again, ahead of everybody else.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.channels.channel import Abilities, Media
from bot.content import render
from bot.content.documents import Document
from bot.content.media import Store
from bot.content.render import Shown
from bot.content.versions import DOCUMENTS
from bot.delivery import outbox
from bot.delivery.compose import Composed, Reader, compose, media_of
from bot.delivery.gate import OPENINGS
from bot.delivery.introduction import introduced
from bot.errors import BadInput
from bot.log import Log
from bot.tenancy.settings import OrganizationSettings
from models import Delivery, MediaAsset, Prompt

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Unsayable:
    """There are no words for this row: the state in which it ends, and why."""

    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Material:
    """What the words of a batch are made from."""

    settings: OrganizationSettings
    abilities: Abilities
    documents: Mapping[uuid.UUID, Document]
    media: Mapping[str, Media]
    asked: Mapping[int, Shown]
    taken: Mapping[uuid.UUID, Sequence[range]]

    def words(self, row: Any) -> Composed | Unsayable:
        """The messages of one row."""
        try:
            composed = self._introduced(row, self._composed(row))
            problems = next(filter(None, map(self.abilities.fits, composed.messages)), None)
            return Unsayable("failed", problems[0]) if problems else composed
        except BadInput as error:
            return Unsayable("skipped", error.words)
        except Exception as error:  # noqa: BLE001 - one broken content must not hold up the queue
            log.failure("unsayable", delivery=row.id)
            return Unsayable("failed", f"cannot be rendered: {type(error).__name__}")

    def _introduced(self, row: Any, composed: Composed) -> Composed:
        """With whose it is and how to stop it, where it is the first that opens a conversation with somebody."""
        if row.opened_before or row.source_kind not in OPENINGS or row.part > 0 or row.verb != "send":
            return composed
        reader = reader_of(row, self.settings)
        return introduced(composed, row.organization_name, reader, self.settings, self.abilities)

    def _composed(self, row: Any) -> Composed:
        if row.body is not None:
            message = outbox.unpack(row.body)
            whole = row.asks is not None or row.part > 0 or row.verb == "update"
            return Composed((message,) if whole else render.fitted(message, self.abilities.max_text))
        asks = row.asks or {}
        return compose(
            self.documents[row.content_version_id],
            reader_of(row, self.settings),
            self.abilities,
            position=asks.get("position", 0),
            intro=asks.get("intro"),
            shown=self.asked.get(row.id),
            taken=self.taken.get(row.identity_id, ()),
            media=self.media,
            values=row.variables,
        )


def gather(
    session: Session, rows: Sequence[Any], settings: OrganizationSettings, abilities: Abilities, store: Store
) -> Material:
    """Read what the words of `rows` need, in a handful of statements."""
    documents = DOCUMENTS.load(session, {row.content_version_id for row in rows if row.body is None})
    return Material(
        settings=settings,
        abilities=abilities,
        documents=documents,
        media=_media(session, documents.values(), store),
        asked=_asked_before(session, [row.id for row in rows]),
        taken=_labels_taken(session, rows),
    )


def _media(session: Session, documents: Iterable[Document], store: Store) -> dict[str, Media]:
    ids = {found for document in documents for found in media_of(document)}
    if not ids:
        return {}
    assets = session.scalars(sa.select(MediaAsset).where(MediaAsset.id.in_(ids)))
    return {str(asset.id): store.media(asset) for asset in assets}


def _asked_before(session: Session, ids: Sequence[int]) -> dict[int, Shown]:
    """How earlier attempts of these deliveries showed their question; a withdrawn one was seen by nobody."""
    if not ids:
        return {}
    query = sa.select(Prompt.delivery_id, Prompt.token, Prompt.first_label, Prompt.option_order).where(
        Prompt.delivery_id.in_(ids), Prompt.state != "withdrawn"
    )
    return {
        row.delivery_id: Shown(row.token, row.first_label, tuple(row.option_order or ()))
        for row in session.execute(query)
    }


def _labels_taken(session: Session, rows: Sequence[Any]) -> dict[uuid.UUID, list[range]]:
    """The labels in front of each person, now or as soon as a message's later parts have gone out."""
    taken: dict[uuid.UUID, list[range]] = defaultdict(list)
    identities = {row.identity_id for row in rows if row.identity_id}
    if not identities:
        return taken
    shown = sa.select(Prompt.identity_id, Prompt.first_label, Prompt.labels).where(
        Prompt.identity_id.in_(identities), Prompt.state == "open", Prompt.labels > 0
    )
    for row in session.execute(shown):
        taken[row.identity_id].append(range(row.first_label, row.first_label + row.labels))
    promised = sa.select(Delivery.identity_id, Delivery.asks).where(
        Delivery.worker_id.in_({row.worker_id for row in rows if row.worker_id}),
        Delivery.identity_id.in_(identities),
        Delivery.part > 0,
        Delivery.state == "queued",
        Delivery.asks.is_not(None),
    )
    for row in session.execute(promised):
        first, labels = row.asks.get("shown", [None, 1])[1], row.asks.get("labels", 0)
        if labels:
            taken[row.identity_id].append(range(first, first + labels))
    return taken


def reader_of(row: Any, settings: OrganizationSettings) -> Reader:
    """The person of a row, as the words need them."""
    own = {f"custom.{key}": str(value) for key, value in (row.custom_fields or {}).items() if value is not None}
    return Reader(
        languages=tuple(filter(None, (row.preferred_language, settings.locale.default_language))),
        facts={
            "worker.first_name": row.first_name,
            "worker.last_name": row.last_name,
            "worker.external_id": row.external_id,
            "contact.city": row.location_city,
            "contact.email": row.email_address,
            "employment.job_title": row.job_title,
            "employment.department": row.department,
            "employment.team": row.team,
            "organization.name": row.organization_name,
            **own,
        },
        own_wording=settings.wording,
    )
