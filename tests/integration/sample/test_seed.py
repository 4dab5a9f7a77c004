"""What a stranger finds in the demonstration, in both databases, however often it is started."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.audience import segments
from bot.content import versions, write
from bot.errors import Conflict
from bot.sample import seed
from bot.tenancy import integrations, organizations
from bot.tenancy import settings as organization_settings
from models import (
    Base,
    ChannelIdentity,
    Content,
    ContentVersion,
    Integration,
    MediaAsset,
    MembershipEvent,
    Organization,
    Segment,
    SegmentSyncJob,
    TemplateContent,
    User,
    Worker,
    WorkerContact,
    WorkerEmployment,
)
from tests import factories
from tests.integration.sample.conftest import SLACK, TWILIO

FLOOR, NEW, FORKLIFT = "Everyone on the floor", "New hires, last 30 days", "Forklift drivers in the DC"
KINDS = {"text", "image", "video", "audio", "document", "quiz", "reflection", "template"}


def counts(database):
    with database.reading(None) as session:
        return {
            table.name: session.scalar(sa.select(sa.func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        }


def rows(database, sample, *wanted):
    with database.reading(sample.organization_id) as session:
        return session.execute(sa.select(*wanted)).all()


def test_every_table_of_the_sample_is_filled(database, sample):
    found = counts(database)
    expected = {
        "organizations": 1, "users": 2, "roles": 8, "integrations": 2, "workers": 200, "worker_contacts": 200,
        "worker_employments": 200, "worker_engagements": 200, "worker_gamifications": 200, "worker_wellbeings": 200,
        "segments": 3, "segment_sync_jobs": 3, "contents": 8, "content_versions": 8, "media_assets": 4,
        "text_contents": 1, "image_contents": 1, "video_contents": 1, "audio_contents": 1, "document_contents": 1,
        "quiz_contents": 1, "reflection_contents": 1, "template_contents": 1, "import_jobs": 1, "deliveries": 0,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    assert sample.slug == "harbor-pine"
    assert set(sample.contents) == KINDS
    assert set(sample.segments) == {FLOOR, NEW, FORKLIFT}


def test_everybody_came_in_by_the_workers_file(database, sample):
    with database.reading(sample.organization_id) as session:
        people = session.execute(
            sa.select(Worker, WorkerContact)
            .join(WorkerContact, WorkerContact.worker_id == Worker.id)
            .join(WorkerEmployment, WorkerEmployment.worker_id == Worker.id)
        ).all()
    assert len(people) == 200
    assert sum(worker.supervisor_id is None for worker, _ in people) == 1
    assert sum(not worker.is_active for worker, _ in people) == 1
    assert sum(contact.primary_phone_number is None for _, contact in people) == 2
    assert sum(contact.communication_consent for _, contact in people) == 191
    assert sum(contact.preferred_language == "es" for _, contact in people) == 50


def test_people_can_be_reached_on_both_channels(database, sample):
    assert len(rows(database, sample, ChannelIdentity.worker_id, ChannelIdentity.address)) == 198 + 120
    with database.reading(sample.organization_id) as session:
        assert segments.reachable(session, sample.organization_id, sa.true()) == {"sms": 190, "slack": 120}


def test_the_demonstration_is_neither_quiet_nor_slow(database, sample):
    [(stored,)] = rows(database, sample, Organization.settings)
    delivery = organization_settings.load(stored).delivery
    assert (delivery.quiet_hours, delivery.holidays, delivery.caps) == (None, None, None)
    assert (delivery.pace.sms.segments_per_second, delivery.pace.sms.per_day) == (50, None)
    assert delivery.pace.slack.per_minute == 6000
    assert organization_settings.load(stored).locale.timezone == "America/New_York"


def test_the_senders_are_those_that_were_given(database, plot, sample):
    with database.reading(sample.organization_id) as session:
        found = {each.type: each for each in session.scalars(sa.select(Integration))}
    keys = plot.settings.encryption_keys
    assert {kind: integrations.config_of(each, keys) for kind, each in found.items()} == {
        "twilio": TWILIO,
        "slack": SLACK,
    }


def test_every_segment_has_members_and_says_why(database, sample):
    for name, size in {FLOOR: 196, NEW: 14, FORKLIFT: 18}.items():
        with database.reading(sample.organization_id) as session:
            segment = segments.find(session, name)
            members = segments.members(session, segment.id)
            job = session.scalar(sa.select(SegmentSyncJob).where(SegmentSyncJob.segment_id == segment.id))
            joined = sa.select(sa.func.count()).where(MembershipEvent.segment_id == segment.id)
            assert session.scalar(joined) == size
        assert (segment.worker_count, len(members), job.match_count, job.error_message) == (size, size, size, None)
        assert segment.id == sample.segments[name]
        assert all(member.reason for member in members)


def test_the_template_was_approved_by_somebody_else(database, sample):
    with database.reading(sample.organization_id) as session:
        version = write.newest(session, write.find(session, sample.contents["template"]))
        email = {user.id: user.email for user in session.scalars(sa.select(User))}
        assert session.scalar(sa.select(TemplateContent.approval_status)) == "approved"
    assert version.approval_status == "approved"
    assert email[version.created_by_id] == "dana.whitfield@harborpine.example"
    assert email[version.decided_by_id] == "marcus.bell@harborpine.example"


def test_the_managers_are_people_of_the_organization(database, sample):
    of_workers = {address for (address,) in rows(database, sample, WorkerContact.email_address)}
    assert {address for (address,) in rows(database, sample, User.email)} <= of_workers


def test_every_content_is_stored_with_its_file(database, plot, sample):
    with database.reading(sample.organization_id) as session:
        stored = {version.id: version.version_data for version in session.scalars(sa.select(ContentVersion))}
        assets = {str(asset.id): asset for asset in session.scalars(sa.select(MediaAsset))}
    documents = [versions.DOCUMENTS.of(*version) for version in stored.items()]
    named = {found for document in documents if (found := getattr(document, "media_asset_id", None))}
    assert named == set(assets)
    for asset in assets.values():
        with database.reading(None) as session:
            path, mime_type, _ = plot.store.resolve(session, plot.store.link(asset).rsplit("/", 1)[1])
        assert (path.stat().st_size, mime_type) == (asset.file_size, asset.mime_type)


def test_slack_knows_its_people(database, sample):
    members = seed.people_of_slack(database, sample)
    assert (
        len(members) == len({member["id"] for member in members}) == len({member["name"] for member in members}) == 120
    )
    assert members[0] == {
        "id": "U0L6RW6TV9", "name": "eleanor.marsh", "real_name": "Eleanor Marsh",
        "email": "eleanor.marsh@harborpine.example", "tz": "America/New_York",
    }  # fmt: skip
    assert {member["tz"] for member in members} == {"America/New_York", "America/Chicago", "America/Denver"}


def test_seeding_twice_is_seeding_once(database, plot, sample):
    before = counts(database)
    assert seed.seeded(database) == sample
    assert plot.sow() == sample
    assert counts(database) == before
    assert len(plot.said) == 3  # the second time there was nothing to tell


def test_what_a_manager_adds_is_not_the_sample(database, sample):
    with database.organization_session(sample.organization_id) as session:
        factories.content(session, sample.organization_id, kind="quiz")
    assert seed.seeded(database).contents == sample.contents


@pytest.mark.parametrize("step", ["_people", "_segments", "_contents"])
def test_an_interrupted_seeding_is_taken_up(database, plot, monkeypatch, step):
    with monkeypatch.context() as patched:
        patched.setattr(seed, step, lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            plot.sow()
    assert seed.seeded(database) is None
    sample = plot.sow()
    found = counts(database)
    assert [found[name] for name in ("organizations", "users", "workers", "segments", "contents")] == [1, 2, 200, 3, 8]
    assert seed.seeded(database) == sample


def test_a_customer_of_that_name_is_not_the_sample(database, plot):
    with database.service_session() as session:
        organizations.add(session, "Harbor & Pine Law", "harbor-pine", "America/Chicago")
    assert seed.seeded(database) is None
    with pytest.raises(Conflict, match="harbor-pine"):
        plot.sow()
    with database.reading(None) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Content)) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(Segment)) == 0
