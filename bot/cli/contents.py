"""`shiftline content`, `media` and `template`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from bot.app import media_store
from bot.channels.registry import CHANNELS
from bot.cli.desk import Desk, about, bytes_of, command, identifier, text_of
from bot.cli.words import counted
from bot.content import approval, check, importing, intake, interchange, versions, write
from bot.content.documents import Document
from bot.content.media import Store
from bot.errors import BadInput
from bot.tenancy import settings as tenancy_settings
from models import Content, ContentVersion, Organization

content = click.Group("content", help="What can be sent.")
media = click.Group("media", help="Files that contents carry.")
template = click.Group("template", help="Approval of templates.")
COMMANDS = {"content": content, "media": media, "template": template}

ABILITIES = {channel.name: channel.abilities for channel in CHANNELS}

ENCODINGS = {"gsm7": "in plain letters (GSM-7)", "ucs2": "with letters that cost more (UCS-2)"}


class Unsendable(BadInput):
    """This content has mistakes that would show on somebody's phone."""

    code = "unsendable"


@click.argument("paths", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
def import_files(desk: Desk, paths: tuple[Path, ...]) -> None:
    """Store contents from YAML files: all of them, or none if one has a mistake.

    A content that is here already (by the file's id, else by kind and title) gets a new version, if the file
    says anything new.
    """
    read = [(path, interchange.read(text_of(path, "a content"), path.name)) for path in paths]
    for path, written in read:
        _refuse_errors(path, written.document)
    store = media_store(desk.settings)
    brought: dict[uuid.UUID, Path] = {}
    stored: list[dict[str, Any]] = []
    with desk.writing() as session:
        for path, written in read:
            with about(path):
                row = _stored(desk, session, store, path, written)
                if other := brought.get(row.content.id):
                    raise BadInput(f"is the same {row.content.kind} as {other.name}: give one another title")
            brought[row.content.id] = path
            stored.append(_row(row))
            if row.status != "unchanged":
                desk.note(session, f"content.{_ACTS[row.status]}", row.content.id, kind=row.content.kind)
    desk.give(stored, *(line for row in stored for line in _brought(row, desk.slug)))


_ACTS = {"added": "added", "updated": "changed"}


def _refuse_errors(path: Path, document: Document) -> None:
    errors = check.check(document, ABILITIES).errors
    if errors:
        raise Unsendable(f"{path.name}: " + "; ".join(f"{problem.path}: {problem.words}" for problem in errors) + ".")


def _stored(desk: Desk, session: Session, store: Store, path: Path, written: interchange.Written) -> importing.Brought:
    kept = intake.with_media(session, desk.organization_id, store, path.parent, written.document, desk.user_id)
    return importing.bring(session, desk.organization_id, written.id, kept, desk.user_id)


def _row(brought: importing.Brought) -> dict[str, Any]:
    return {
        "id": str(brought.content.id),
        "kind": brought.content.kind,
        "version": brought.version.version_number,
        "title": brought.content.title,
        "status": brought.status,
    }


def _brought(row: dict[str, Any], slug: str) -> Iterator[str]:
    yield f"{row['id']}  {row['kind']}  version {row['version']} ({row['status']})  {row['title']}"
    if row["kind"] == "template" and row["status"] != "unchanged":
        yield f"  It needs approval before it goes out: shiftline template submit {row['id']} --org {slug}"


@click.argument("content_id", required=False)
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="A folder for one file each.")
def export(desk: Desk, content_id: str | None, folder: Path | None) -> None:
    """Write contents as YAML: one to stdout, or all of them into a folder."""
    with desk.reading() as session:
        found = [write.find(session, identifier(content_id, "content"))] if content_id else write.every(session)
        texts = {str(each.id): interchange.export(_newest(session, each), each.id) for each in found}
    if folder is None and len(texts) != 1:
        raise BadInput(
            "Give one content's id, or a folder with --to." if texts else "There is no content to export yet."
        )
    if folder is not None:
        _write(folder, texts)
    wrote = f"Wrote {counted(len(texts), 'file')} to {folder}."
    desk.give(texts, *([text.rstrip("\n") for text in texts.values()] if folder is None else [wrote]))


def _write(folder: Path, texts: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{error.filename or folder} can't be written: {error.strerror}.") from None


def _newest(session: Session, found: Content) -> Document:
    version = write.newest(session, found)
    return versions.DOCUMENTS.of(version.id, version.version_data)


@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
def check_file(desk: Desk, path: Path) -> None:
    """Hold a YAML file against what each channel can carry."""
    report = check.check(interchange.load(text_of(path, "a content"), path.name), ABILITIES)
    document = {
        "errors": [{"path": each.path, "message": each.words} for each in report.errors],
        "warnings": [{"path": each.path, "message": each.words} for each in report.warnings],
        "sms": asdict(report.sms) if report.sms else None,
    }
    lines = [f"error    {each.path}: {each.words}" for each in report.errors]
    lines += [f"warning  {each.path}: {each.words}" for each in report.warnings]
    if report.sms:
        lines.append(f"{counted(report.sms.parts, 'SMS part')}, {ENCODINGS[report.sms.encoding]}.")
    else:
        lines.append("Not for SMS.")
    desk.give(document, *lines)
    if report.errors:
        click.get_current_context().exit(2)


def listed(desk: Desk) -> None:
    """The contents of the organization, newest first."""
    with desk.reading() as session:
        rows = [
            {
                "id": str(found.id),
                "kind": found.kind,
                "title": found.title,
                "version": version.version_number,
                "approval_status": version.approval_status,
            }
            for found, version in write.newest_of_all(session)
        ]
    lines = [
        f"{row['id']}  {row['kind']:<10}  version {row['version']}  {row['title']}"
        + (f"  ({row['approval_status']})" if row["approval_status"] else "")
        for row in rows
    ]
    desk.give(rows, *(lines or [f"No content yet. Bring some: shiftline content import FILE --org {desk.slug}"]))


@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
def add_media(desk: Desk, path: Path) -> None:
    """Store a file that contents may carry."""
    stored_bytes = bytes_of(path)
    with desk.writing() as session:
        asset = media_store(desk.settings).add(
            session, desk.organization_id, path.name, stored_bytes, user_id=desk.user_id
        )
        desk.note(session, "media.added", asset.id)
        given = {"id": str(asset.id), "mime_type": asset.mime_type}
    desk.give(given, f"Stored {path.name} as {given['id']} ({given['mime_type']}).")


@click.argument("content_id")
def submit(desk: Desk, content_id: str) -> None:
    """Ask for approval of a template's newest version."""
    with desk.writing() as session:
        _told(desk, session, approval.submit(session, identifier(content_id, "template")), "submitted")


@click.argument("content_id")
def approve(desk: Desk, content_id: str) -> None:
    """Let a template go out; needs --as somebody other than its author."""
    with desk.writing() as session:
        settings = tenancy_settings.load(session.get_one(Organization, desk.organization_id).settings)
        version = approval.approve(
            session, identifier(content_id, "template"), _somebody(desk), own_allowed=settings.templates.own_approval
        )
        _told(desk, session, version, "approved")


@click.argument("content_id")
@click.option("--reason", required=True, help="What its author has to change.")
def reject(desk: Desk, content_id: str, reason: str) -> None:
    """Send a template back, with a reason; needs --as."""
    with desk.writing() as session:
        _told(
            desk,
            session,
            approval.reject(session, identifier(content_id, "template"), _somebody(desk), reason),
            "rejected",
        )


def _somebody(desk: Desk) -> uuid.UUID:
    if desk.user_id is None:
        raise BadInput("An approval needs a name: say who decides with --as EMAIL.")
    return desk.user_id


def _told(desk: Desk, session: Session, version: ContentVersion, act: str) -> None:
    desk.note(session, f"template.{act}", version.content_id, version=version.version_number)
    document = {
        "id": str(version.content_id),
        "approval_status": version.approval_status,
        "version": version.version_number,
    }
    desk.give(document, f"Version {version.version_number} is {version.approval_status}.", *_after(act, document, desk))


def _after(act: str, document: dict[str, Any], desk: Desk) -> Iterator[str]:
    """What comes next, and whose turn it is."""
    if act == "submitted":
        yield f"Somebody else approves it: shiftline template approve {document['id']} --as EMAIL --org {desk.slug}"
    elif act == "approved":
        yield f"Send it: shiftline broadcast send --content {document['id']} --segment ID --org {desk.slug}"


command(content, "import", "content:import")(import_files)
command(content, "export", "content:read")(export)
command(content, "check", "content:read", organization=False, tables=False)(check_file)
command(content, "list", "content:read")(listed)
command(media, "add", "content:write")(add_media)
command(template, "submit", "content:write")(submit)
command(template, "approve", "template:approve")(approve)
command(template, "reject", "template:approve")(reject)
