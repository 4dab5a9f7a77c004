"""A file that is imported again is the same content: by its id, else by its kind and title."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa

from bot import clock
from bot.content import importing, intake, versions, write
from bot.content.documents import parse
from bot.content.media import Store
from bot.errors import BadInput
from models import ContentTag, ContentVersion, MediaAsset, Tag, TextContent
from tests import factories

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def session(database, organization):
    with database.organization_session(organization.id) as session:
        yield session


@pytest.fixture
def elsewhere(database):
    """A content and a file of another organization. Ask for it first: SQLite has one writer."""
    with database.service_session() as session:
        other = factories.organization(session)
        return factories.content(session, other).id, str(factories.media_asset(session, other).id)


@pytest.fixture
def bring(session, organization):
    def brought(content_id=None, **told):
        document = parse({"kind": "text", "title": "Spills", "text": "Mop it.", **told})
        return importing.bring(session, organization.id, content_id, document)

    return brought


def test_the_same_again_is_no_version(bring):
    first, again = bring(), bring()
    assert (first.status, again.status) == ("added", "unchanged")
    assert (again.content.id, again.version.version_number) == (first.content.id, 1)


def test_what_differs_is_the_next_version_and_shows(bring, session):
    first = bring(tags=["wet", "night"])
    changed = bring(text="Call your lead.", tags=["night", "safety"])
    assert (changed.status, changed.content.id, changed.version.version_number) == ("updated", first.content.id, 2)
    assert changed.version.change_note == "Imported"
    assert session.scalars(sa.select(TextContent.text)).all() == ["Call your lead."]
    carried = sa.select(Tag.name).join(ContentTag, ContentTag.tag_id == Tag.id).order_by(Tag.name)
    assert session.scalars(carried).all() == ["night", "safety"]


def test_another_kind_or_title_is_another_content(bring, session):
    ids = {bring().content.id, bring(title="Ladders").content.id}
    reflection = parse({"kind": "reflection", "title": "Spills", "prompt_text": "What did you see?"})
    ids.add(importing.bring(session, session.info["organization_id"], None, reflection).content.id)
    assert len(ids) == 3


def test_the_id_outlives_a_new_title(bring):
    first = bring()
    renamed = bring(first.content.id, title="Wet floors")
    assert (renamed.status, renamed.content.id, renamed.content.title) == ("updated", first.content.id, "Wet floors")


def test_an_id_of_elsewhere_leaves_it_to_kind_and_title(elsewhere, bring):
    for content_id in (elsewhere[0], uuid.UUID(int=1)):
        assert bring(content_id).content.id != content_id
    assert bring().status == "unchanged"


def test_an_id_of_another_kind_is_refused(bring, session, organization):
    quiz = factories.content(session, organization, kind="quiz", title="Quiz").id
    with pytest.raises(BadInput, match=r'^id: names the quiz "Quiz", and this file is a text$'):
        bring(quiz)


def test_what_was_put_away_is_not_changed_but_its_title_is_free(bring, session):
    first = bring()
    write.archive(session, first.content, clock.now())
    with pytest.raises(versions.Archived, match='names the text "Spills", which is archived'):
        bring(first.content.id)
    assert bring().status == "added"


def test_two_of_one_name_have_to_be_told_apart(bring, session, organization):
    first, second = (
        write.add(session, organization.id, parse({"kind": "text", "title": "Spills", "text": text})) for text in "ab"
    )
    with pytest.raises(
        importing.Ambiguous, match=f'2 contents are the text "Spills": write id: {first.id} or {second.id}'
    ):
        bring()
    assert bring(second.id, text="c").content.id == second.id


def picture(session, organization, folder, **told):
    store = Store(folder / "store", "", "s" * 16)
    document = parse({"kind": "image", "title": "Sign", "alt_text": "A sign", **told})
    return intake.with_media(session, organization.id, store, folder, document)


def test_the_same_file_is_stored_once(session, organization, tmp_path):
    (tmp_path / "sign.png").write_bytes(PNG)
    first, again = (picture(session, organization, tmp_path, file="sign.png") for _ in range(2))
    assert first == again
    assert session.scalar(sa.select(sa.func.count()).select_from(MediaAsset)) == 1
    importing.bring(session, organization.id, None, first)
    assert importing.bring(session, organization.id, None, again).status == "unchanged"
    (tmp_path / "sign.png").write_bytes(PNG + b"1")
    changed = importing.bring(session, organization.id, None, picture(session, organization, tmp_path, file="sign.png"))
    assert changed.status == "updated"


def test_a_stored_file_of_elsewhere_is_refused_unless_it_lies_beside(elsewhere, session, organization, tmp_path):
    theirs = elsewhere[1]
    for stored in (theirs, "nonsense"):
        with pytest.raises(BadInput, match=f'media_asset_id: there is no file "{stored}" here; name one with file'):
            picture(session, organization, tmp_path, media_asset_id=stored)
    (tmp_path / "sign.png").write_bytes(PNG)
    found = picture(session, organization, tmp_path, file="sign.png", media_asset_id=theirs)
    assert found.media_asset_id not in {theirs, None}


def test_a_file_that_is_not_there_is_named(session, organization, tmp_path):
    with pytest.raises(BadInput, match=r"file: .*sign\.png can't be read: No such file"):
        picture(session, organization, tmp_path, file="sign.png")
    assert session.scalars(sa.select(ContentVersion.id)).all() == []
