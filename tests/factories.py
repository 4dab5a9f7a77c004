"""One function per table that saves a believable row: `factories.worker(session, organization, tags=["night"])`.

Every function takes the session, the organization (or its id) and any column by name; what a row needs and
isn't told (its parents, unique names and numbers) is made. Rows are flushed, so ids are there at once.
A house test holds that every table has one here.
"""

from __future__ import annotations

import copy
import itertools
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

import models as m
from bot import chance, clock

Row = TypeVar("Row", bound=m.Base)
Owner = m.Organization | uuid.UUID
Columns = dict[str, Any]

FACTORIES: dict[type[m.Base], Callable[..., Any]] = {}
QUESTION: Columns = {
    "id": "q1", "kind": "single_choice", "prompt": "Spill in aisle 4. First step?",
    "choices": [{"id": "a", "text": "Walk on"}, {"id": "b", "text": "Block the area"}],
    "grading": {"correct_answers": ["b"]},
}  # fmt: skip
DOCUMENTS: dict[str, Columns] = {
    "text": {"text": "Mop up spills at once, then tell your lead."},
    "image": {"alt_text": "A wet floor sign"},
    "video": {"duration": 12},
    "audio": {"duration": 8},
    "document": {},
    "quiz": {"questions": [QUESTION]},
    "reflection": {"prompt_text": "What would make your shift safer?"},
    "template": {
        "template_text": "Hi {{ first_name }}, your shift starts at six.",
        "variables": [{"name": "first_name", "type": "string", "source": "worker.first_name", "example": "Ana"}],
    },
}
PEOPLE = (
    ("Amina", "Okafor"), ("Bogdan", "Petrov"), ("Chipo", "Moyo"), ("Dolores", "Ramírez"), ("Eun-ji", "Park"),
    ("Farid", "Haidari"), ("Grace", "O’Neill"), ("Hồng", "Nguyễn"), ("Ikram", "El Amrani"), ("Jakob", "Weiß"),
)  # fmt: skip
AREAS = (202, 206, 212, 213, 214, 303, 305, 310, 312, 404, 415, 503, 512, 602, 612, 617, 702, 713, 718, 720)
_numbers = itertools.count(1)


def number() -> int:
    """A number that this process hasn't used yet."""
    return next(_numbers)


def phone() -> str:
    """A valid number that rings nowhere (555-01XX); 2,000 of them before they repeat."""
    each, last = divmod(number(), 100)
    return f"+1{AREAS[each % len(AREAS)]}55501{last:02d}"


def _save(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row


def _factory(model: type[Row]) -> Callable[[Callable[..., Row]], Callable[..., Row]]:
    def registered(function: Callable[..., Row]) -> Callable[..., Row]:
        FACTORIES[model] = function
        return function

    return registered


def _id(owner: Owner) -> uuid.UUID:
    return owner if isinstance(owner, uuid.UUID) else owner.id


def _make(session: Session, model: type[Row], owner: Owner, columns: Columns, **defaults: Any) -> Row:
    """Save a row; a default may be a function, called only where the column isn't told."""
    told = dict(columns)
    for name, default in defaults.items():
        if name not in told:
            told[name] = default() if callable(default) else default
    return _save(session, model(organization_id=_id(owner), **told))


# organizations and those who run them


@_factory(m.Organization)
def organization(session: Session, **columns: Any) -> m.Organization:
    """A customer with nothing set differently, except that its texts are just what a test writes: no introductions."""
    n = number()
    usual = {
        "slug": f"harbor-{n}",
        "name": f"Harbor Foods {n}",
        "settings": {"consent": {"introduce_first_sms": False}},
    }
    return _save(session, m.Organization(**{**usual, **columns}))


@_factory(m.Role)
def role(session: Session, organization: Owner, **columns: Any) -> m.Role:
    """A role that may do nothing yet."""
    n = number()
    return _make(
        session, m.Role, organization, columns,
        name=f"role-{n}", display_name=f"Role {n}", permissions=lambda: {"grants": [], "deny": []},
    )  # fmt: skip


@_factory(m.User)
def user(session: Session, organization: Owner, **columns: Any) -> m.User:
    """An active user without a role and with a password that no words hash to."""
    n = number()
    return _make(session, m.User, organization, columns, email=f"user{n}@example.org", name=f"User {n}", password="!")


@_factory(m.UserPreference)
def user_preference(session: Session, organization: Owner, **columns: Any) -> m.UserPreference:
    """The defaults, for a new user."""
    return _make(session, m.UserPreference, organization, columns, user_id=lambda: user(session, organization).id)


@_factory(m.UserSession)
def user_session(session: Session, organization: Owner, **columns: Any) -> m.UserSession:
    """Somebody signed in just now, for a day; nobody has the token."""
    return _make(
        session, m.UserSession, organization, columns, user_id=lambda: user(session, organization).id,
        token_hash=lambda: f"{number():064x}", created_at=clock.now, seen_at=clock.now,
        expires_at=lambda: clock.now() + timedelta(days=1),
    )  # fmt: skip


@_factory(m.SignInAttempt)
def sign_in_attempt(session: Session, organization: Owner, **columns: Any) -> m.SignInAttempt:
    """One wrong password."""
    return _make(
        session, m.SignInAttempt, organization, columns, key=lambda: f"{number():064x}", failures=1, last_at=clock.now
    )


@_factory(m.Integration)
def integration(session: Session, organization: Owner, **columns: Any) -> m.Integration:
    """A Twilio number, untested; `type="slack"` makes it a workspace. `config` is empty: seal your own."""
    n = number()
    if columns.get("type") == "slack":
        return _make(session, m.Integration, organization, columns, channel="slack", address=f"T{n:08d}", config=dict)
    address = f"AC{n:032x}:{phone()}"
    return _make(
        session, m.Integration, organization, columns, type="twilio", channel="sms", address=address, config=dict
    )


@_factory(m.AuditEvent)
def audit_event(session: Session, organization: Owner, **columns: Any) -> m.AuditEvent:
    """Something that the operator did."""
    return _make(session, m.AuditEvent, organization, columns, action="worker.created", at=clock.now)


# workers


@_factory(m.Worker)
def worker(session: Session, organization: Owner, **columns: Any) -> m.Worker:
    """A worker with their five satellites.

    `contact`, `employment`, `engagement`, `wellbeing` and `gamification` may each be a dictionary of
    columns, or None for no such row.
    """
    beside = {
        name: columns.pop(name, {}) for name in ("contact", "employment", "engagement", "wellbeing", "gamification")
    }
    n = number()
    first, last = PEOPLE[n % len(PEOPLE)]
    saved = _make(session, m.Worker, organization, columns, external_id=f"W-{n}", first_name=first, last_name=last)
    for name, told in beside.items():
        if told is not None:
            SATELLITES[name](session, organization, worker_id=saved.id, **told)
    return saved


def _of_worker(session: Session, model: type[Row], organization: Owner, columns: Columns, **defaults: Any) -> Row:
    """A row of a worker; a new one, who lacks only this very row, where none is told."""
    own = {BESIDE[model]: None} if model in BESIDE else {}
    return _make(
        session, model, organization, columns, worker_id=lambda: worker(session, organization, **own).id, **defaults
    )


@_factory(m.WorkerContact)
def worker_contact(session: Session, organization: Owner, **columns: Any) -> m.WorkerContact:
    """A mobile phone in Chicago; consent isn't given."""
    return _of_worker(
        session, m.WorkerContact, organization, columns,
        primary_phone_number=phone, location_city="Chicago", location_state_province="IL", location_country="US",
    )  # fmt: skip


@_factory(m.WorkerEmployment)
def worker_employment(session: Session, organization: Owner, **columns: Any) -> m.WorkerEmployment:
    """A picker in the warehouse."""
    return _of_worker(session, m.WorkerEmployment, organization, columns, job_title="Picker", department="Warehouse")


@_factory(m.WorkerEngagement)
def worker_engagement(session: Session, organization: Owner, **columns: Any) -> m.WorkerEngagement:
    """Never active yet."""
    return _of_worker(session, m.WorkerEngagement, organization, columns)


@_factory(m.WorkerWellbeing)
def worker_wellbeing(session: Session, organization: Owner, **columns: Any) -> m.WorkerWellbeing:
    """Never asked yet."""
    return _of_worker(session, m.WorkerWellbeing, organization, columns)


@_factory(m.WorkerGamification)
def worker_gamification(session: Session, organization: Owner, **columns: Any) -> m.WorkerGamification:
    """No points yet."""
    return _of_worker(session, m.WorkerGamification, organization, columns)


SATELLITES: dict[str, Callable[..., Any]] = {
    "contact": worker_contact,
    "employment": worker_employment,
    "engagement": worker_engagement,
    "wellbeing": worker_wellbeing,
    "gamification": worker_gamification,
}
BESIDE: dict[type[m.Base], str] = {
    m.WorkerContact: "contact",
    m.WorkerEmployment: "employment",
    m.WorkerEngagement: "engagement",
    m.WorkerWellbeing: "wellbeing",
    m.WorkerGamification: "gamification",
}


@_factory(m.ImportJob)
def import_job(session: Session, organization: Owner, **columns: Any) -> m.ImportJob:
    """An import that has just begun."""
    return _make(session, m.ImportJob, organization, columns, file_name="workers.csv")


# how they are reached


@_factory(m.ChannelIdentity)
def channel_identity(session: Session, organization: Owner, **columns: Any) -> m.ChannelIdentity:
    """A verified identity: the worker's phone on an SMS integration, a user id on a Slack one."""
    on = session.get(m.Integration, columns.pop("integration_id", None) or integration(session, organization).id)
    assert on is not None
    saved = columns.pop("worker_id", None) or worker(session, organization).id
    address = _slack_user_id if on.channel == "slack" else lambda: _phone_of(session, saved)
    return _make(
        session, m.ChannelIdentity, organization, columns,
        integration_id=on.id, worker_id=saved, channel=on.channel, address=address,
    )  # fmt: skip


def _slack_user_id() -> str:
    return f"U{number():08d}"


def _phone_of(session: Session, worker_id: uuid.UUID) -> str:
    known = session.scalar(select(m.WorkerContact.primary_phone_number).where(m.WorkerContact.worker_id == worker_id))
    return known or phone()


@_factory(m.ConsentEvent)
def consent_event(session: Session, organization: Owner, **columns: Any) -> m.ConsentEvent:
    """A yes by SMS, of an address that belongs to nobody known."""
    return _make(
        session, m.ConsentEvent, organization, columns,
        channel="sms", address=phone, state="granted", source="import", at=clock.now,
    )  # fmt: skip


# segments


@_factory(m.Segment)
def segment(session: Session, organization: Owner, **columns: Any) -> m.Segment:
    """A hand-picked segment without members."""
    return _make(session, m.Segment, organization, columns, name=lambda: f"Segment {number()}")


def _of_segment(session: Session, model: type[Row], organization: Owner, columns: Columns, **defaults: Any) -> Row:
    return _make(
        session, model, organization, columns, segment_id=lambda: segment(session, organization).id, **defaults
    )


@_factory(m.SegmentMembership)
def segment_membership(session: Session, organization: Owner, **columns: Any) -> m.SegmentMembership:
    """A member picked by hand."""
    return _of_segment(
        session, m.SegmentMembership, organization, columns,
        worker_id=lambda: worker(session, organization).id, rule_match=False, added_at=clock.now,
    )  # fmt: skip


@_factory(m.MembershipEvent)
def membership_event(session: Session, organization: Owner, **columns: Any) -> m.MembershipEvent:
    """Somebody joined."""
    return _of_segment(
        session, m.MembershipEvent, organization, columns,
        worker_id=lambda: worker(session, organization).id, change="joined", at=clock.now,
    )  # fmt: skip


@_factory(m.SegmentSyncJob)
def segment_sync_job(session: Session, organization: Owner, **columns: Any) -> m.SegmentSyncJob:
    """A sync that hasn't begun."""
    return _of_segment(session, m.SegmentSyncJob, organization, columns)


# contents


@_factory(m.Content)
def content(session: Session, organization: Owner, **columns: Any) -> m.Content:
    """A content's head alone, of kind text; its words come by `text_content` and `content_version`."""
    return _make(session, m.Content, organization, columns, kind="text", title=lambda: f"Slips and trips {number()}")


def _of_content(session: Session, model: type[Row], organization: Owner, columns: Columns, **defaults: Any) -> Row:
    """The row of a content in its kind's table, with what DOCUMENTS says of that kind."""
    kind = model.__tablename__.removesuffix("_contents")
    words = copy.deepcopy(DOCUMENTS[kind])
    made = partial(content, session, organization, kind=kind)
    return _make(session, model, organization, columns, content_id=lambda: made().id, **words, **defaults)


def _of_media(session: Session, model: type[Row], organization: Owner, columns: Columns, mime: str) -> Row:
    made = partial(media_asset, session, organization, mime_type=mime)
    return _of_content(session, model, organization, columns, media_asset_id=lambda: made().id)


@_factory(m.TextContent)
def text_content(session: Session, organization: Owner, **columns: Any) -> m.TextContent:
    """One sentence."""
    return _of_content(session, m.TextContent, organization, columns)


@_factory(m.ImageContent)
def image_content(session: Session, organization: Owner, **columns: Any) -> m.ImageContent:
    """A picture with its alternative text."""
    return _of_media(session, m.ImageContent, organization, columns, "image/png")


@_factory(m.VideoContent)
def video_content(session: Session, organization: Owner, **columns: Any) -> m.VideoContent:
    """A film of twelve seconds."""
    return _of_media(session, m.VideoContent, organization, columns, "video/mp4")


@_factory(m.AudioContent)
def audio_content(session: Session, organization: Owner, **columns: Any) -> m.AudioContent:
    """A recording of eight seconds."""
    return _of_media(session, m.AudioContent, organization, columns, "audio/mpeg")


@_factory(m.DocumentContent)
def document_content(session: Session, organization: Owner, **columns: Any) -> m.DocumentContent:
    """A PDF."""
    return _of_media(session, m.DocumentContent, organization, columns, "application/pdf")


@_factory(m.QuizContent)
def quiz_content(session: Session, organization: Owner, **columns: Any) -> m.QuizContent:
    """A quiz with one question of two choices."""
    return _of_content(session, m.QuizContent, organization, columns)


@_factory(m.ReflectionContent)
def reflection_content(session: Session, organization: Owner, **columns: Any) -> m.ReflectionContent:
    """One open question."""
    return _of_content(session, m.ReflectionContent, organization, columns)


@_factory(m.TemplateContent)
def template_content(session: Session, organization: Owner, **columns: Any) -> m.TemplateContent:
    """A draft with one variable."""
    return _of_content(session, m.TemplateContent, organization, columns)


@_factory(m.MediaAsset)
def media_asset(session: Session, organization: Owner, **columns: Any) -> m.MediaAsset:
    """A picture's row; there is no file."""
    n = number()
    return _make(
        session, m.MediaAsset, organization, columns,
        file_name=f"floor-{n}.png", file_size=48_213, mime_type="image/png", url=f"media/floor-{n}.png",
    )  # fmt: skip


@_factory(m.ContentVersion)
def content_version(session: Session, organization: Owner, **columns: Any) -> m.ContentVersion:
    """The next version of a content, of its kind and with its title; a new text's first where none is told."""
    told = columns.pop("content_id", None)
    head = session.get_one(m.Content, told) if told else content(session, organization)
    before = session.scalars(
        select(m.ContentVersion.version_number).where(m.ContentVersion.content_id == head.id)
    ).all()
    return _make(
        session, m.ContentVersion, organization, columns,
        content_id=head.id, version_number=max(before, default=0) + 1, created_at=clock.now,
        version_data=lambda: document(session, organization, head.kind, title=head.title),
    )  # fmt: skip


def document(session: Session, organization: Owner, kind: str, **told: Any) -> Columns:
    """A content of that kind as a version keeps it (formats.md); a kind with a file gets one."""
    words = copy.deepcopy(DOCUMENTS[kind])
    if kind in {"image", "video", "audio", "document"}:
        words["media_asset_id"] = str(media_asset(session, organization).id)
    return {"kind": kind, "title": "Slips and trips", **words, **told}


@_factory(m.Tag)
def tag(session: Session, organization: Owner, **columns: Any) -> m.Tag:
    """A label."""
    return _make(session, m.Tag, organization, columns, name=lambda: f"safety-{number()}")


@_factory(m.ContentTag)
def content_tag(session: Session, organization: Owner, **columns: Any) -> m.ContentTag:
    """A content carries a tag."""
    return _make(
        session, m.ContentTag, organization, columns,
        content_id=lambda: content(session, organization).id, tag_id=lambda: tag(session, organization).id,
    )  # fmt: skip


@_factory(m.Collection)
def collection(session: Session, organization: Owner, **columns: Any) -> m.Collection:
    """A course without steps."""
    return _make(session, m.Collection, organization, columns, name=lambda: f"First week {number()}")


@_factory(m.CollectionItem)
def collection_item(session: Session, organization: Owner, **columns: Any) -> m.CollectionItem:
    """The next step of a course."""
    of = columns.pop("collection_id", None) or collection(session, organization).id
    before = session.scalars(select(m.CollectionItem.order).where(m.CollectionItem.collection_id == of)).all()
    return _make(
        session, m.CollectionItem, organization, columns, collection_id=of, order=max(before, default=0) + 1,
        content_id=lambda: content(session, organization).id, added_at=clock.now,
    )  # fmt: skip


# what is said and heard


def _pinned(session: Session, organization: Owner, columns: Columns) -> Columns:
    """`columns` with a content and the version of it that is meant."""
    if columns.get("content_version_id") is None:
        version = content_version(session, organization, **{k: columns[k] for k in ("content_id",) if k in columns})
    else:
        version = session.get_one(m.ContentVersion, columns["content_version_id"])
    return {**columns, "content_id": version.content_id, "content_version_id": version.id}


@_factory(m.Broadcast)
def broadcast(session: Session, organization: Owner, **columns: Any) -> m.Broadcast:
    """A draft with its content pinned."""
    pinned = _pinned(session, organization, columns)
    return _make(session, m.Broadcast, organization, pinned, name=lambda: f"Monday {number()}")


@_factory(m.BroadcastSegment)
def broadcast_segment(session: Session, organization: Owner, **columns: Any) -> m.BroadcastSegment:
    """A broadcast goes to a segment."""
    return _make(
        session, m.BroadcastSegment, organization, columns,
        broadcast_id=lambda: broadcast(session, organization).id, segment_id=lambda: segment(session, organization).id,
    )  # fmt: skip


@_factory(m.Delivery)
def delivery(session: Session, organization: Owner, **columns: Any) -> m.Delivery:
    """A queued row of a broadcast to a worker whom we can reach.

    Told an `identity_id`, it takes worker, integration and address from there; told `worker_id` and
    `integration_id` alone, it makes the identity.
    """
    if columns.get("identity_id") is None:
        reach = channel_identity(
            session, organization, **{k: columns[k] for k in ("worker_id", "integration_id", "address") if k in columns}
        )
    else:
        reach = session.get_one(m.ChannelIdentity, columns["identity_id"])
    version = None if "content_version_id" in columns else content_version(session, organization).id
    return _make(
        session, m.Delivery, organization, columns,
        source_kind="broadcast", source_id=chance.new_id, recipient=f"worker:{reach.worker_id}",
        integration_id=reach.integration_id, channel=reach.channel, worker_id=reach.worker_id, identity_id=reach.id,
        address=reach.address, content_version_id=version, due_at=clock.now, created_at=clock.now,
    )  # fmt: skip


@_factory(m.SentMessage)
def sent_message(session: Session, organization: Owner, **columns: Any) -> m.SentMessage:
    """Something heard, from an address that may be told."""
    return _make(
        session, m.SentMessage, organization, columns,
        integration_id=lambda: integration(session, organization).id, address=phone, direction="in",
        provider_id=lambda: f"SM{number():032x}", body="2", at=clock.now,
    )  # fmt: skip


@_factory(m.InboundKey)
def inbound_key(session: Session, organization: Owner, **columns: Any) -> m.InboundKey:
    """A message that was processed already."""
    return _make(
        session, m.InboundKey, organization, columns,
        integration_id=lambda: integration(session, organization).id, key=lambda: f"SM{number():032x}", received_at=clock.now,
    )  # fmt: skip


@_factory(m.DeliveryEvent)
def delivery_event(session: Session, organization: Owner, **columns: Any) -> m.DeliveryEvent:
    """The provider says: delivered."""
    return _make(
        session, m.DeliveryEvent, organization, columns,
        delivery_id=lambda: delivery(session, organization).id, status="delivered", at=clock.now,
    )  # fmt: skip


@_factory(m.SenderPace)
def sender_pace(session: Session, organization: Owner, **columns: Any) -> m.SenderPace:
    """An empty bucket, filled just now."""
    return _make(
        session, m.SenderPace, organization, columns,
        integration_id=lambda: integration(session, organization).id, refilled_at=clock.now,
    )  # fmt: skip


# what is asked and answered


@_factory(m.Prompt)
def prompt(session: Session, organization: Owner, **columns: Any) -> m.Prompt:
    """A quiz's first question, open; told a `delivery_id`, it is in front of that delivery's person."""
    sent = session.get(m.Delivery, columns.pop("delivery_id", 0))
    if sent is None:
        reach = {k: columns[k] for k in ("worker_id", "identity_id") if k in columns}
        sent = delivery(session, organization, state="submitted", **reach)
    return _make(
        session, m.Prompt, organization, columns,
        delivery_id=sent.id, worker_id=sent.worker_id, identity_id=sent.identity_id, source_kind=sent.source_kind,
        source_id=sent.source_id, content_version_id=sent.content_version_id, question_id="q1",
        position=0, token=lambda: f"token-{number()}", option_order=lambda: ["a", "b"], labels=2, asked_at=clock.now,
    )  # fmt: skip


@_factory(m.QuizAttempt)
def quiz_attempt(session: Session, organization: Owner, **columns: Any) -> m.QuizAttempt:
    """A way through a quiz that has begun."""
    pinned = _pinned(session, organization, columns)
    return _of_worker(
        session,
        m.QuizAttempt,
        organization,
        pinned,
        source_kind="broadcast",
        source_id=chance.new_id,
        started_at=clock.now,
    )


@_factory(m.QuestionResponse)
def question_response(session: Session, organization: Owner, **columns: Any) -> m.QuestionResponse:
    """A right answer by SMS."""
    asked = session.get(m.Prompt, columns.pop("prompt_id", uuid.UUID(int=0))) or prompt(session, organization)
    same = {name: getattr(asked, name) for name in ("worker_id", "source_kind", "source_id")}
    begun = partial(quiz_attempt, session, organization, content_version_id=asked.content_version_id, **same)
    return _make(
        session, m.QuestionResponse, organization, columns, prompt_id=asked.id, attempt_id=lambda: begun().id, **same,
        question_id=asked.question_id, channel="sms", typed="2", understood=lambda: ["b"], correct=True, score=1.0,
        max_score=1.0, at=clock.now,
    )  # fmt: skip


@_factory(m.ReflectionResponse)
def reflection_response(session: Session, organization: Owner, **columns: Any) -> m.ReflectionResponse:
    """Free words that the supervisor may read."""
    pinned = _pinned(session, organization, columns)
    return _of_worker(
        session, m.ReflectionResponse, organization, pinned, source_kind="broadcast", source_id=chance.new_id,
        question_id="prompt", visibility="supervisor", channel="sms", text="A second person at night.", at=clock.now,
    )  # fmt: skip


@_factory(m.PointsEntry)
def points_entry(session: Session, organization: Owner, **columns: Any) -> m.PointsEntry:
    """One point for an answer."""
    return _of_worker(
        session,
        m.PointsEntry,
        organization,
        columns,
        reason="answered",
        subject_id=chance.new_id,
        source_id=chance.new_id,
        points=1,
        at=clock.now,
    )


def everything(session: Session, organization: Owner) -> dict[type[m.Base], Any]:
    """At least one row of every table that is an organization's; the row of each that was made for its own sake."""
    return {model: make(session, organization) for model, make in FACTORIES.items() if model is not m.Organization}
