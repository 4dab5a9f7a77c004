"""The commands in their order: each answers with one JSON document, and with plain words without --json."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa

from models import AuditEvent, Broadcast, Content, Organization, Segment
from tests import factories
from tests.integration.cli.conftest import EVERYBODY, QUIZ, TEMPLATE, WORKERS, Command, Shop

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
    [again] = shop("content", "import", shop.file("again.yaml", text)).document
    assert (again["id"], again["version"], again["status"]) == (content, 1, "unchanged")
    assert shop("content", "export", content).document[content] == text
    assert shop.plain("content", "export", content).out == text
    folder = shop.folder / "out"
    assert shop.plain("content", "export", "--to", folder).out == f"Wrote 1 file to {folder}.\n"
    assert [path.name for path in folder.iterdir()] == [f"{content}.yaml"]
    shop.content(QUIZ.replace("Spills", "Ladders"))
    shop("content", "export").refused("one content's id, or a folder")


def test_a_file_that_says_something_new_is_a_new_version(shop: Shop) -> None:
    content = shop.content()
    path = shop.file("again.yaml", QUIZ.replace("Mop it", "Call your lead"))
    [changed] = shop("content", "import", path).document
    assert changed == {"id": content, "kind": "quiz", "version": 2, "title": "Spills", "status": "updated"}
    assert f"{content}  quiz  version 2 (unchanged)  Spills" in shop.plain("content", "import", path).out
    with shop.database.reading(None) as session:
        acts = session.scalars(
            sa.select(AuditEvent.action).where(AuditEvent.subject == content).order_by(AuditEvent.id)
        )
        assert acts.all() == ["content.added", "content.changed"]
    listed = shop("content", "list").document
    assert [(row["version"], row["title"]) for row in listed] == [(2, "Spills")]


def test_a_template_that_changes_asks_for_approval_again(shop: Shop) -> None:
    shop.user("boss@x.org", "approver")
    content = shop.content(TEMPLATE)
    shop("template", "submit", content)
    shop("template", "approve", content, "--as", "boss@x.org")
    same = shop.plain("content", "import", shop.file("same.yaml", TEMPLATE))
    assert "(unchanged)" in same.out
    assert "approval" not in same.out
    assert shop("content", "list").document[0]["approval_status"] == "approved"
    told = shop.plain("content", "import", shop.file("new.yaml", TEMPLATE.replace("at six", "at seven"))).out
    assert f"shiftline template submit {content} --org harbor" in told
    assert shop("content", "list").document[0]["approval_status"] == "draft"


def test_one_content_in_two_files(shop: Shop) -> None:
    first, second = shop.file("a.yaml", QUIZ), shop.file("b.yaml", QUIZ.replace("Mop it", "Walk on"))
    shop("content", "import", first, second).refused("b.yaml: is the same quiz as a.yaml")
    assert shop("content", "list").document == []


def test_content_check_says_what_each_channel_cannot_carry(shiftline: Command, shop: Shop) -> None:
    good = shiftline("content", "check", shop.file("quiz.yaml", QUIZ), "--json")
    assert good.code == 0
    assert good.document["sms"]["encoding"] == "gsm7"
    assert good.document["errors"] == []
    slack = TEMPLATE.replace("channel: sms", "channel: slack")
    assert shiftline("content", "check", shop.file("slack.yaml", slack), "--json").document["sms"] is None
    assert "Not for SMS." in shiftline("content", "check", shop.file("slack.yaml", slack)).out
    assert "\n1 SMS part, in plain letters (GSM-7).\n" in "\n" + shiftline("content", "check", "quiz.yaml").out


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
    assert placed.document["send_at_local"] == "2199-07-01T09:00:00-05:00"
    assert placed.document["time_zone"] == "America/Chicago"
    with shop.database.reading(None) as session:
        [broadcast] = session.scalars(sa.select(Broadcast))
        assert broadcast.send_at is not None
        assert broadcast.send_at.isoformat() == "2199-07-01T14:00:00+00:00"


def test_lists_say_so_when_they_are_empty(shop: Shop) -> None:
    assert shop("content", "list").document == []
    assert "shiftline content import FILE" in shop.plain("content", "list").out
    assert shop("integration", "list").document == []
    assert "integration add --help" in shop.plain("integration", "list").out
    assert shop("segment", "list").document == shop("broadcast", "list").document == []
    assert "shiftline segment add NAME --rule FILE --org harbor" in shop.plain("segment", "list").out
    empty = shop.plain("broadcast", "list").out
    assert empty.startswith(
        "No broadcasts yet. Send one: shiftline broadcast send --content ID --segment ID --org harbor"
    )


def test_no_organizations_yet(shiftline: Command) -> None:
    shiftline("migrate")
    assert shiftline("org", "list", "--json").document == []
    assert shiftline("org", "list").out.startswith("No organizations yet. Make one: shiftline org add NAME")


def test_lists(shop: Shop) -> None:
    shop("workers", "import", shop.file("w.csv", WORKERS))
    integration, segment, content = connected(shop), shop.segment(), shop.content()
    later = shop("broadcast", "send", "--content", content, "--segment", segment, "--at", "2199-07-01T09:00").document
    now = shop("broadcast", "send", "--content", content, "--segment", segment).document
    assert [(row["slug"], row["timezone"]) for row in shop.give("org", "list", "--json").document] == [
        ("harbor", "America/Chicago")
    ]
    assert "America/Chicago" in shop.give("org", "list").out
    [row] = shop("integration", "list").document
    assert (row["id"], row["sender"], row["address"]) == (integration, "+15550001111", f"{SID}:+15550001111")
    assert f"{integration}  twilio  +15550001111      untested\n" == shop.plain("integration", "list").out
    [row] = shop("segment", "list").document
    assert (row["id"], row["name"], row["worker_count"], row["rule"]) == (segment, "All", 2, True)
    assert shop.plain("segment", "list").out.endswith("2 workers  All\n")
    rows = shop("broadcast", "list").document
    assert [(row["id"], row["status"], row["recipients"]) for row in rows] == [
        (now["id"], "running", 2), (later["id"], "scheduled", 0)
    ]  # fmt: skip
    assert len(shop("broadcast", "list", "--limit", "1").document) == 1
    shown = shop.plain("broadcast", "list").out
    assert "scheduled  2199-07-01 09:00 America/Chicago (CDT, UTC-05:00; 14:00 UTC)  Spills → All" in shown
    assert "(2 recipients)" in shown


def test_a_connection_is_removed_and_it_is_said_what_happens(shop: Shop) -> None:
    shop("workers", "import", shop.file("w.csv", WORKERS))
    integration, segment, content = connected(shop), shop.segment(), shop.content()
    to = ("--content", content, "--segment", segment)
    shop("broadcast", "send", *to)
    shop("broadcast", "send", *to, "--at", "2199-07-01T09:00")
    shop("integration", "remove", integration).refused("1 message waits to go out", "--cancel-queued")
    told = shop.plain("integration", "remove", integration, "--cancel-queued").out.splitlines()
    assert told == [
        "Removed twilio +15550001111 and its credentials.",
        "1 message that waited for it was cancelled.",
        "What was said by it stays in transcripts and reports; what still comes in by it is refused.",
        "Nothing else sends by sms: 1 scheduled broadcast will reach nobody there until something is connected.",
    ]
    assert shop("integration", "list").document == []
    shop("integration", "remove", integration).refused("There is no integration")
    shop("integration", "test", integration).refused("There is no integration")
    again = connected(shop)
    assert shop("integration", "remove", again).document == {"id": again, "status": "removed", "cancelled": 0}


def test_a_preview_says_it_in_words(shop: Shop) -> None:
    shop("workers", "import", shop.file("w.csv", WORKERS))
    segment, content = shop.segment(), shop.content()
    to = ("--content", content, "--segment", segment)
    nobody = shop.plain("broadcast", "preview", *to).out
    assert nobody == (
        "2 workers in the segments, 0 can be reached.\n  not: 2 (has no phone or Slack on a channel that carries this)\n"
    )
    connected(shop)
    assert shop.plain("broadcast", "preview", *to).out == (
        "2 workers in the segments, 1 can be reached.\n  by sms: 1\n  not: 1 (has not agreed to get texts)\n"
        "About 1 SMS part in all, 1 for each phone.\n"
    )


def test_a_report_of_what_never_went_out(shop: Shop) -> None:
    segment, content = shop.segment(), shop.content()
    placed = shop("broadcast", "send", "--content", content, "--segment", segment, "--at", "2199-07-01T09:00").document
    assert shop.plain("report", "broadcast", placed["id"]).out == "No recipients yet: the broadcast is scheduled.\n"
    shop("broadcast", "cancel", placed["id"])
    assert shop.plain("report", "broadcast", placed["id"]).out == "No recipients: the broadcast is cancelled.\n"


def test_an_hour_that_does_not_exist_or_comes_twice(shop: Shop) -> None:
    to = ("--content", shop.content(), "--segment", shop.segment())
    shop("broadcast", "send", *to, "--at", "2036-03-09T02:30").refused(
        "2036-03-09T01:59 before or 2036-03-09T03:00 after"
    )
    assert shop("broadcast", "list").document == []
    sent = shop.plain("broadcast", "send", *to, "--at", "2036-11-02T01:30").out
    assert "goes out 2036-11-02 01:30 America/Chicago (CDT, UTC-05:00; 06:30 UTC)." in sent
    assert "01:30 comes twice that day; the first one is meant" in sent
    document = shop("broadcast", "send", *to, "--at", "2036-11-02T01:30").document
    assert document["send_at"] == "2036-11-02T06:30:00+00:00"
    assert "comes twice" in document["note"]


SITE = """
kind: template
title: Site
template_text: "Meet at {{ site }} at {{ hour }}."
variables: [{name: site, max_length: 20}, {name: hour, type: integer, max_length: 2, default: 6}]
"""


def test_values_of_a_template(shop: Shop) -> None:
    shop.user("boss@x.org", "approver")
    content, segment = shop.content(SITE), shop.segment()
    shop("template", "submit", content)
    shop("template", "approve", content, "--as", "boss@x.org")
    for verb in ("send", "preview"):
        to = ("broadcast", verb, "--content", content, "--segment", segment)
        shop(*to).refused("The variable site needs a value: --set site=VALUE")
        shop(*to, "--set", "sight=Dock 4").refused('no variable "sight"; it has site, hour')
        shop(*to, "--set", "site=Dock 4", "--set", "hour=six").refused('"six" is no integer for the variable hour')
        assert shop(*to, "--set", "site=Dock 4", "--set", "hour=7").code == 0
    quiz = shop.content()
    shop("broadcast", "send", "--content", quiz, "--segment", segment, "--set", "site=x").refused("it has none")


def test_a_custom_field_that_nobody_has_is_warned_of(shop: Shop) -> None:
    shop("workers", "import", shop.file("w.csv", WORKERS.replace("consent", "depot")))
    rule = {"combinator": "and", "rules": [{"field": "custom.deopt", "operator": "!=", "value": "North"}]}
    path = shop.file("depot.json", rule)
    words = 'depot.json: rules[0].field: no worker has the custom field "deopt" now; there is depot.'
    for command in (("preview",), ("add", "Not north")):
        done = shop("segment", *command, "--rule", path)
        assert done.document["warnings"] == [words]
        assert done.err == ""
    plain = shop.plain("segment", "preview", "--rule", path)
    assert (plain.code, plain.err) == (0, f"Warning: {words}\n")
    path = shop.file("depot.json", {"combinator": "and", "rules": [{"field": "custom.depot", "operator": "notNull"}]})
    assert "warnings" not in shop("segment", "preview", "--rule", path).document


def test_single_answers_are_for_whoever_may_read_them(shop: Shop) -> None:
    content, segment = shop.content(), shop.segment()
    broadcast = shop("broadcast", "send", "--content", content, "--segment", segment).document["id"]
    with shop.database.organization_session(shop.id) as session:
        about = {"source_kind": "broadcast", "source_id": uuid.UUID(broadcast)}
        for visibility in ("private", "aggregate", "supervisor", "admins"):
            factories.reflection_response(session, shop.id, text=visibility, visibility=visibility, **about)
        factories.question_response(session, shop.id, typed="2", **about)
    shop.user("m@x.org", "manager")
    shop.user("a@x.org", "analyst")

    def read(*more: str) -> list[str | None]:
        return [row["typed"] for row in shop("report", "broadcast", broadcast, *more).document["responses"]]

    for who in ((), ("--as", "m@x.org")):
        assert read(*who) == ["2", None, None, "supervisor", "admins"]
        assert read("--private", *who) == ["2", "private", "aggregate", "supervisor", "admins"]
    assert read("--as", "a@x.org") == []
    assert "your role may not read them" in shop.plain("report", "broadcast", broadcast, "--as", "a@x.org").out
    shop("report", "broadcast", broadcast, "--private", "--as", "a@x.org").refused("You may not read single answers")
    assert "(words not shown)" in shop.plain("report", "broadcast", broadcast).out
    with shop.database.reading(None) as session:
        reads = sa.select(sa.func.count()).where(AuditEvent.action == "report.private_read")
        assert session.scalar(reads) == 2


def test_a_setting_that_nothing_goes_by_is_warned_of(shop: Shop) -> None:
    patch = shop.file("patch.json", {"delivery": {"budget": {"monthly_micros": 5}, "caps": None}, "retention": {}})
    words = ["delivery.budget is kept, and nothing goes by it yet.", "retention is kept, and nothing goes by it yet."]
    assert shop("org", "set", "--file", patch).document["warnings"] == words
    assert shop.plain("org", "set", "--file", patch).err == "".join(f"Warning: {each}\n" for each in words)


def test_why_says_what_would_change_it(shop: Shop) -> None:
    shop("workers", "import", shop.file("w.csv", WORKERS))
    rule = {"combinator": "and", "rules": [{"field": "worker.first_name", "operator": "=", "value": "Ana"}]}
    segment = shop("segment", "add", "Anas", "--rule", shop.file("ana.json", rule)).document["id"]
    assert shop("segment", "why", segment, "W1").document["would_match_if"] is None
    verdict = shop("segment", "why", segment, "W2").document
    assert not verdict["member"]
    assert '"Ana"' in verdict["would_match_if"]
    assert "They would be in it if: " in shop.plain("segment", "why", segment, "W2").out


def test_what_is_odd_in_a_workers_file_is_said(shop: Shop) -> None:
    path = shop.file("w.csv", WORKERS.replace("W2,Bob,Petrov,+12025550102,", "W2,Bob,Petrov"))
    plain = shop.plain("workers", "import", path).out
    assert "Not refused, but look at:\n  row 3: has 3 cells where the header has 5" in plain
    assert [row["row"] for row in shop("workers", "import", path).document["warnings"]] == [3]


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
