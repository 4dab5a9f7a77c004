"""The commands in their order: each answers with one JSON document, and with plain words without --json."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa

from models import AuditEvent, Broadcast, Content, Organization, Segment
from tests.integration.cli.conftest import EVERYBODY, TEMPLATE, WORKERS, Command, Shop

SID = "AC" + "0" * 32


def connected(shop: Shop) -> str:
    token = shop.file("token", "a-secret-token\n")
    done = shop(
        "integration", "add", "twilio", "--account-sid", SID, "--auth-token-file", token, "--from", "+15550001111"
    )
    assert done.document["status"] == "untested"
    assert "a-secret-token" not in done.out + done.err
    return str(done.document["id"])


def test_from_an_empty_database_to_a_report(shop: Shop) -> None:
    connected(shop)
    imported = shop("workers", "import", shop.file("workers.csv", WORKERS)).document
    assert imported == {"created": 2, "updated": 0, "unchanged": 0, "rejected": []}
    assert shop("workers", "import", shop.file("workers.csv", WORKERS)).document["unchanged"] == 2
    segment, content = shop.segment(), shop.content()
    seen = shop("segment", "preview", "--rule", shop.file("rule.json", EVERYBODY), "--ids").document
    assert (seen["count"], seen["external_ids"]) == (2, ["W1", "W2"])
    assert seen["reachable"].get("sms") == 1
    assert [row["external_id"] for row in shop("segment", "members", segment).document] == ["W1", "W2"]
    assert shop("segment", "why", segment, "W1").document["member"] is True
    preview = shop("broadcast", "preview", "--content", content, "--segment", segment).document
    assert (preview["recipients"], preview["reachable"]) == (2, 1)
    sent = shop("broadcast", "send", "--content", content, "--segment", segment).document
    assert uuid.UUID(sent["id"])
    assert sent["status"] == "running"
    assert sent["deliveries"] == {"queued": 1, "skipped": 1}
    assert datetime.fromisoformat(sent["send_at"]).tzinfo is not None
    assert "T" in sent["send_at"]
    report = shop("report", "broadcast", sent["id"]).document
    assert (report["recipients"], report["responses"]) == (2, [])
    assert [(row["external_id"], row["reason"]) for row in report["skipped"]] == [("W2", "no_consent")]
    assert "W2: not reached, has not agreed to get texts" in shop.plain("report", "broadcast", sent["id"]).out
    for verb, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert shop("broadcast", verb, sent["id"]).document["status"] == status


def test_org_add_and_set(shiftline: Command, shop: Shop) -> None:
    added = shiftline("org", "add", "Night Shift", "--slug", "night", "--timezone", "Europe/Berlin", "--json").document
    assert added["slug"] == "night"
    patch = shop.file("patch.json", {"delivery": {"caps": None}})
    assert shop("org", "set", "--file", patch).document["settings"] == {
        "delivery": {"caps": None},
        "locale": {"timezone": "America/Chicago"},
    }
    with shop.database.reading(None) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Organization)) == 2


def test_a_template_needs_somebody_else(shop: Shop) -> None:
    writer, approver = shop.user("writer@x.org", "writer"), shop.user("boss@x.org", "approver")
    assert writer != approver
    content, segment = shop.content(TEMPLATE), shop.segment()
    shop("broadcast", "send", "--content", content, "--segment", segment).refused("approv")
    assert shop("template", "submit", content).document["approval_status"] == "pending"
    shop("broadcast", "send", "--content", content, "--segment", segment).refused("approv")
    shop("template", "approve", content).refused("--as EMAIL")
    assert (
        shop("template", "reject", content, "--reason", "Too long", "--as", "boss@x.org").document["approval_status"]
        == "rejected"
    )
    shop("template", "submit", content)
    assert shop("template", "approve", content, "--as", "boss@x.org").document["approval_status"] == "approved"
    assert shop("broadcast", "send", "--content", content, "--segment", segment).code == 0


def test_who_acts_is_who_is_written_down(shop: Shop) -> None:
    manager = shop.user("m@x.org", "manager")
    rule = shop.file("rule.json", EVERYBODY)
    for name, more in (("By hand", ()), ("By her", ("--as", "M@x.org"))):
        assert shop("segment", "add", name, "--rule", rule, *more).code == 0
    with shop.database.reading(None) as session:
        authors = {row.name: row.created_by_id for row in session.scalars(sa.select(Segment))}
        assert authors == {"By hand": None, "By her": uuid.UUID(manager)}
        noted = {row.action for row in session.scalars(sa.select(AuditEvent))}
    assert {"user.added", "segment.added"} <= noted


def test_content_goes_out_and_comes_back_the_same(shop: Shop) -> None:
    content = shop.content()
    text = shop("content", "export", content).document[content]
    again = shop("content", "import", shop.file("again.yaml", text)).document[0]["id"]
    assert shop("content", "export", again).document[again] == text
    folder = shop.folder / "out"
    assert shop.plain("content", "export", "--to", folder).out == f"Wrote 2 files to {folder}.\n"
    assert len(list(folder.iterdir())) == 2
    shop("content", "export").refused("one content's id, or a folder")


def test_content_check_says_what_each_channel_cannot_carry(shiftline: Command, shop: Shop) -> None:
    from tests.integration.cli.conftest import QUIZ

    good = shiftline("content", "check", shop.file("quiz.yaml", QUIZ), "--json")
    assert good.code == 0
    assert good.document["sms"]["encoding"] == "gsm7"
    assert good.document["errors"] == []
    slack = TEMPLATE.replace("channel: sms", "channel: slack")
    assert shiftline("content", "check", shop.file("slack.yaml", slack), "--json").document["sms"] is None
    assert "Not for SMS." in shiftline("content", "check", shop.file("slack.yaml", slack)).out


def test_a_broken_row_is_reported_and_the_others_go_in(shop: Shop) -> None:
    rows = WORKERS + "W3,Cem,Kaya,12,yes\n,Dee,Ng,+12025550104,yes\n"
    dry = shop("workers", "import", shop.file("w.csv", rows), "--dry-run")
    assert (dry.code, dry.document["created"]) == (0, 2)
    done = shop("workers", "import", shop.file("w.csv", rows))
    assert done.code == 0
    assert done.document["created"] == 2
    assert [row["row"] for row in done.document["rejected"]] == [4, 5]
    assert all(row["reason"] for row in done.document["rejected"])
    plain = shop.plain("workers", "import", shop.file("w.csv", rows))
    assert "unchanged 2, rejected 2." in plain.out
    assert "  row 4: " in plain.out


def test_one_worker(shop: Shop) -> None:
    shop("workers", "import", shop.file("w.csv", WORKERS))
    shown = shop("workers", "show", "W1").document
    assert shown["external_id"] == "W1"
    assert shown["gamification"]["points_balance"] == 0


def test_a_time_of_the_organizations_own(shop: Shop) -> None:
    placed = shop(
        "broadcast", "send", "--content", shop.content(), "--segment", shop.segment(), "--at", "2199-07-01T09:00"
    )
    assert placed.document["status"] == "scheduled"
    with shop.database.reading(None) as session:
        [broadcast] = session.scalars(sa.select(Broadcast))
        assert broadcast.send_at is not None
        assert broadcast.send_at.isoformat() == "2199-07-01T14:00:00+00:00"


def test_lists_say_so_when_they_are_empty(shop: Shop) -> None:
    assert shop("content", "list").document == []
    assert "shiftline content import FILE" in shop.plain("content", "list").out
    assert shop("integration", "list").document == []
    assert "integration add --help" in shop.plain("integration", "list").out


def test_nothing_of_another_organization_is_seen(shop: Shop, shiftline: Command) -> None:
    content, segment = shop.content(), shop.segment()
    shiftline("org", "add", "Other", "--slug", "other", "--timezone", "UTC")
    for command in (
        ("content", "export", content), ("segment", "members", segment), ("segment", "sync", segment),
        ("broadcast", "send", "--content", content, "--segment", segment), ("template", "submit", content),
    ):  # fmt: skip
        shiftline(*command, "--org", "other", "--json").refused("no ")
    with shop.database.reading(None) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Content)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Broadcast)) == 0
