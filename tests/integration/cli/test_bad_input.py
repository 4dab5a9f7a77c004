"""Whatever is typed wrong is one sentence on stderr and exit 2; what is out of reach is exit 1; never a traceback."""

from __future__ import annotations

import socket
import sqlite3
import time
from pathlib import Path

import pytest

from tests.integration.cli.conftest import EVERYBODY, QUIZ, Command, Ended, Shop

ID = "0198c6d2-0000-7000-8000-000000000000"


def test_no_command_shows_what_there_is(shiftline: Command) -> None:
    shown = shiftline("--help")
    assert (shown.code, shown.err) == (0, "")
    for word in ("demo", "broadcast", "check"):
        assert word in shown.out
    bare = shiftline()
    assert (bare.code, bare.out) == (2, "")
    assert bare.err.rstrip().endswith(shown.out.rstrip().splitlines()[-1])
    group = shiftline("broadcast")
    assert "  preview  Say who would get it" in group.err
    assert 'See "' not in group.err


@pytest.mark.parametrize("arguments", [("sendit",), ("broadcast", "snd"), ("--nope",), ("check", "--nope"), ("up", "--port", "x"),
                                       ("up", "--port", "0"), ("up", "--port", "65536"), ("org", "add", "x")])  # fmt: skip
def test_what_is_no_command(shiftline: Command, arguments: tuple[str, ...]) -> None:
    shiftline(*arguments).refused("--help")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("content", "export", "12"), "no id of a content"),
        (("content", "export", ID), "There is no content"),
        (("broadcast", "status", "x"), "no id of a broadcast"),
        (("broadcast", "status", ID), "There is no broadcast"),
        (("broadcast", "pause", ID), "There is no broadcast"),
        (("broadcast", "send", "--content", ID, "--segment", "x"), 'There is no segment "x"'),
        (("broadcast", "send", "--content", ID, "--segment", ID), "There is no segment"),
        (("broadcast", "list", "--limit", "0"), "--limit"),
        (("report", "broadcast", "'; --"), "no id of a broadcast"),
        (("segment", "members", "nobody"), "no segment"),
        (("segment", "sync", "nobody"), "no segment"),
        (("segment", "why", "nobody", "W1"), "no segment"),
        (("template", "submit", ID), "no "),
        (("integration", "test", ID), "There is no integration"),
        (("workers", "show", "nobody"), "no worker"),
        (("workers", "import", "/nowhere.csv"), "/nowhere.csv"),
        (("content", "import", "/nowhere.yaml"), "can't be read"),
        (("media", "add", "/"), "can't be read"),
        (("segment", "add", "x", "--rule", "/nowhere.json"), "can't be read"),
        (("user", "add", "no-mail", "--role", "owner", "--password-file", "/etc/hostname"), "e-mail"),
        (("user", "add", "a@b.org", "--role", "king", "--password-file", "/etc/hosts"), 'no role "king"'),
    ],
)  # fmt: skip
def test_what_is_not_there_or_has_no_form(shop: Shop, arguments: tuple[str, ...], words: str) -> None:
    shop(*arguments).refused(words)


def test_an_unknown_organization(shop: Shop) -> None:
    shop.give("content", "list", "--org", "nowhere", "--json").refused("nowhere")


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "is no JSON: line 1"), ("[1]", ""), ("null", ""), ("[" * 100_000, "nested too deeply"), ("{}", "")],
)
@pytest.mark.parametrize(
    "command", [("segment", "preview", "--rule"), ("segment", "add", "x", "--rule"), ("org", "set", "--file")]
)
def test_files_that_are_no_documents(shop: Shop, text: str, words: str, command: tuple[str, ...]) -> None:
    if command[0] == "org" and text == "{}":
        return  # nothing to change is no mistake
    shop(*command, shop.file("x.json", text)).refused(words)


def test_a_rule_about_an_unknown_field(shop: Shop) -> None:
    rule = {"combinator": "and", "rules": [{"field": "worker.shoe_size", "operator": "=", "value": 42}]}
    for command in (("segment", "preview"), ("segment", "add", "Big feet")):
        shop(*command, "--rule", shop.file("feet.json", rule)).refused("feet.json: rules[0]", "shoe_size")


def test_a_rule_about_a_segment_that_is_not_there(shop: Shop) -> None:
    rule = {"combinator": "and", "rules": [{"field": "segment", "operator": "inSegment", "value": ["Nights"]}]}
    for command in (("segment", "preview"), ("segment", "add", "Days")):
        shop(*command, "--rule", shop.file("days.json", rule)).refused(
            'days.json: rules[0].value: there is no segment "Ni'
        )


def test_settings_with_a_mistake_name_their_file(shop: Shop) -> None:
    patch = shop.file("quiet.json", {"delivery": {"quiet_hours": {"start": "25:00"}}})
    shop("org", "set", "--file", patch).refused("quiet.json: ", "delivery.quiet_hours.start")


@pytest.mark.parametrize("mapping", ["[]", '"x"', "null"])
def test_a_mapping_that_is_none(shop: Shop, mapping: str) -> None:
    from tests.integration.cli.conftest import WORKERS

    people = shop.file("w.csv", WORKERS)
    shop("workers", "import", people, "--map", shop.file("map.json", mapping)).refused("map.json must be an object")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "people.csv: The file is empty."),
        ("id,name\nW1,Ana\n", 'There is "id", "name".'),
        ("external_id,phone,Phone\nW1,1,2\n", "Columns 2 and 3"),
        ("external_id,first_name\nW1,A\x00na\n", "Line 2 holds a NUL character"),
    ],
)
def test_a_workers_file_that_is_none(shop: Shop, content: str, words: str) -> None:
    shop("workers", "import", shop.file("people.csv", content)).refused("people.csv: ", words)


def test_a_folder_is_no_workers_file(shop: Shop) -> None:
    shop("workers", "import", shop.folder).refused("can't be read: Is a directory")


def test_an_export_that_cannot_be_written(shop: Shop) -> None:
    shop.content()
    shop("content", "export", "--to", shop.file("file", "x") / "below").refused("below", "can't be written")


def test_a_file_that_is_no_text(shop: Shop) -> None:
    path = shop.folder / "x"
    path.write_bytes(b"\xff\xfe\x00")
    shop("segment", "preview", "--rule", path).refused("no UTF-8")
    shop("content", "import", path).refused("no UTF-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((", {id: b, text: Block the area}]", "]"), "choices"),
        (("kind: single_choice", "kind: guess"), "questions[0]"),
        (("text: Mop it", "text: STOP"), "questions[0].choices[0]"),
        (("title: Spills", "titel: Spills"), "titel"),
        (("kind: quiz", "kind: opera"), "kind"),
        (("questions:", "questions: ["), ""),
    ],
)
def test_a_content_with_a_mistake_names_the_place(shop: Shop, change: tuple[str, str], words: str) -> None:
    text = QUIZ.replace(*change)
    assert text != QUIZ
    path = shop.file("broken.yaml", text)
    shop("content", "import", path).refused("broken.yaml", words)
    assert shop.give("content", "check", path, "--json").code == 2
    assert shop("content", "list").document == []


def test_one_broken_file_keeps_all_of_them_out(shop: Shop) -> None:
    good, bad = shop.file("good.yaml", QUIZ), shop.file("bad.yaml", "kind: quiz\n")
    shop("content", "import", good, bad).refused("bad.yaml")
    assert shop("content", "list").document == []


@pytest.mark.parametrize(
    ("at", "words"),
    [("2020-01-01T09:00", "passed"), ("2020-01-01T09:00Z", "passed"), ("tomorrow", "is no moment"), ("", "is no moment"),
     ("2026-13-01", "is no moment"), ("0001-01-01T00:00", ""), ("9999-12-31T23:59", "beyond every calendar")],
)  # fmt: skip
def test_moments(shop: Shop, at: str, words: str) -> None:
    shop("broadcast", "send", "--content", ID, "--segment", ID, "--at", at).refused(words)


def test_a_channel_that_there_is_not(shop: Shop) -> None:
    to = ("--content", shop.content(), "--segment", shop.segment(), "--channel", "pigeon")
    for verb in ("send", "preview"):
        shop("broadcast", verb, *to).refused('There is no channel "pigeon": there is sms and slack.')


@pytest.mark.parametrize("value", ["name", "=x", " =x"])
def test_values_that_set_nothing(shop: Shop, value: str) -> None:
    shop("broadcast", "send", "--content", ID, "--segment", ID, "--set", value).refused("sets nothing")


@pytest.mark.parametrize("config", [("--account-sid", "AC1", "--from", "+15550001111"), ("--account-sid", "AC" + "0" * 32),
    ("--account-sid", "AC" + "0" * 32, "--from", "+15550001111", "--messaging-service", "MG" + "0" * 32),
    *(("--account-sid", "AC" + "0" * 32, "--from", number)
      for number in ("555", "5551234", "13125550100", "+1312555010", "+13125550100x", "+0123456789", "(312) 555-0100", "+")),
    ("--account-sid", "SK" + "0" * 32, "--from", "+13125550100"),
    ("--account-sid", "AC" + "0" * 31, "--from", "+13125550100"),
    ("--account-sid", "AC" + "0" * 32, "--messaging-service", "MG12")])  # fmt: skip
def test_connections_of_the_wrong_form(shop: Shop, config: tuple[str, ...]) -> None:
    token = shop.file("token", "the-secret")
    ended = shop("integration", "add", "twilio", "--auth-token-file", token, *config)
    ended.refused()
    assert "the-secret" not in ended.err
    shop(
        "integration",
        "add",
        "twilio",
        "--account-sid",
        "AC" + "0" * 32,
        "--auth-token-file",
        "/nowhere",
        "--from",
        "+15550001111",
    ).refused("can't be read")


@pytest.mark.parametrize("team", ["acme", "t0123", "T", "T0 12", "https://acme.slack.com", "U0123ABCD"])
def test_teams_of_the_wrong_form(shop: Shop, team: str) -> None:
    token = shop.file("token", "xoxb-1")
    shop("integration", "add", "slack", "--bot-token-file", token, "--team-id", team).refused("Team ID", "T0123ABCD")


def test_numbers_of_the_right_form(shop: Shop) -> None:
    token = shop.file("token", "x")
    for number in ("24273", "894546", "+447700900123", "+13125550100"):
        given = ("--account-sid", "AC" + "0" * 32, "--auth-token-file", token, "--from", number)
        assert shop("integration", "add", "twilio", *given).code == 0, number


def test_a_number_that_is_connected_already(shop: Shop) -> None:
    given = ("--account-sid", "AC" + "0" * 32, "--auth-token-file", shop.file("token", "x"), "--from", "+15550001111")
    assert shop("integration", "add", "twilio", *given).code == 0
    shop("integration", "add", "twilio", *given).refused("connected already")


def test_a_provider_that_does_not_answer(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_API_URL", "http://127.0.0.1:9")
    given = ("--account-sid", "AC" + "0" * 32, "--auth-token-file", shop.file("token", "x"), "--from", "+15550001111")
    made = shop("integration", "add", "twilio", *given).document["id"]
    shop("integration", "test", made).refused("twilio says", code=1)
    assert [row["status"] for row in shop("integration", "list").document] == ["failing"]


# who may


@pytest.mark.parametrize(
    ("role", "command"),
    [
        ("analyst", ("segment", "add", "x", "--rule", "RULE")),
        ("analyst", ("broadcast", "send", "--content", ID, "--segment", ID)),
        ("writer", ("broadcast", "cancel", ID)),
        ("writer", ("template", "approve", ID)),
        ("manager", ("integration", "list")),
        ("manager", ("user", "add", "x@y.org", "--role", "owner", "--password-file", "RULE")),
        ("auditor", ("workers", "show", "W1")),
        ("wellbeing_officer", ("content", "list")),
    ],
)
def test_without_permission(shop: Shop, role: str, command: tuple[str, ...]) -> None:
    shop.user("bob@x.org", role)
    rule = shop.file("rule.json", EVERYBODY)
    arguments = [rule if word == "RULE" else word for word in command]
    shop(*arguments, "--as", "bob@x.org").refused("You may not")


def test_as_somebody_unknown_or_suspended(shop: Shop) -> None:
    from models import User

    shop("content", "list", "--as", "nobody@x.org").refused("no user nobody@x.org")
    shop.user("bob@x.org", "owner")
    with shop.database.organization_session(shop.id) as session:
        session.query(User).update({"status": "suspended"})
    shop("content", "list", "--as", "bob@x.org").refused("suspended")


def test_a_grant_for_some_is_none_for_all(shop: Shop) -> None:
    from models import Role

    shop.user("lead@x.org", "manager")
    grants = [{"permission": "segment:read", "scope": {"type": "supervised"}}]
    with shop.database.organization_session(shop.id) as session:
        session.query(Role).filter(Role.name == "manager").update({"permissions": {"grants": grants, "deny": []}})
    shop("segment", "preview", "--rule", shop.file("r.json", EVERYBODY), "--as", "lead@x.org").refused(
        "some workers only"
    )


def test_a_limit_of_recipients(shop: Shop) -> None:
    from models import Role
    from tests.integration.cli.conftest import WORKERS

    shop("workers", "import", shop.file("w.csv", WORKERS))
    shop.user("lead@x.org", "manager")
    content, segment = shop.content(), shop.segment()
    for most, code in ((1, 2), (2, 0)):
        grant = {"permission": "broadcast:send", "scope": {"type": "organization"}, "limits": {"max_recipients": most}}
        with shop.database.organization_session(shop.id) as session:
            session.query(Role).filter(Role.name == "manager").update({"permissions": {"grants": [grant], "deny": []}})
        done = shop("broadcast", "send", "--content", content, "--segment", segment, "--as", "lead@x.org")
        assert done.code == code, done.err
        if code:
            done.refused("1 recipient at most", "these are 2")


# what is out of reach


def gone(shiftline: Command, *arguments: str) -> Ended:
    began = time.monotonic()
    ended = shiftline(*arguments)
    assert time.monotonic() - began < 10
    return ended


@pytest.mark.parametrize(
    "command",
    [("content", "list", "--org", "x"), ("migrate",), ("org", "add", "x", "--slug", "x", "--timezone", "UTC")],
)
def test_a_database_that_is_not_there(
    shiftline: Command, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:hush@127.0.0.1:9/none")
    ended = gone(shiftline, *command)
    ended.refused("database can't be reached", code=1)
    assert "hush" not in ended.err


def test_no_tables(shiftline: Command, environment: Path) -> None:
    shiftline("content", "list", "--org", "x").refused("shiftline migrate")
    assert not list((environment / "data").glob("*.db"))


def test_a_newer_shape(
    shiftline: Command, sqlite_template: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = environment / "newer.db"
    path.write_bytes(sqlite_template.read_bytes())
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_tomorrow'")
    connection.close()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    shiftline("content", "list", "--org", "x").refused("newer Shiftline", "9999_tomorrow")
    shiftline("migrate").refused("newer Shiftline")


def test_a_file_that_is_no_database(shiftline: Command, environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = environment / "x.db"
    path.write_text("this is no database, but a long enough text to be read as one" * 50, encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    ended = shiftline("content", "list", "--org", "x")
    assert ended.code in {1, 2}
    assert "unforeseen" not in ended.err


@pytest.mark.parametrize(
    ("name", "value"), [("DATABASE_URL", "oracle://x"), ("LOG_LEVEL", "LOUD"), ("ENCRYPTION_KEYS", "x")]
)
@pytest.mark.parametrize("command", [("content", "list", "--org", "x"), ("migrate",), ("check",), ("up",), ("work",)])
def test_a_setting_with_a_mistake(
    shiftline: Command, monkeypatch: pytest.MonkeyPatch, name: str, value: str, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv(name, value)
    shiftline(*command).refused(name)


@pytest.mark.parametrize(
    "given", [{}, {"DATABASE_URL": "postgresql://me@127.0.0.1:9/x"}, {"BROKER_URL": "amqp://127.0.0.1:9"}]
)
@pytest.mark.parametrize("command", [("serve",), ("work",), ("clock",), ("demo", "--many")])
def test_separate_processes_need_both_servers(
    shiftline: Command, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], given: dict[str, str]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    shiftline(*command).refused("PostgreSQL and RabbitMQ", "DATABASE_URL", "BROKER_URL", "shiftline up")


@pytest.mark.parametrize("command", ["work", "clock"])
def test_separate_processes_need_their_database_and_their_address(
    shiftline: Command, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@127.0.0.1:9/x")
    monkeypatch.setenv("BROKER_URL", "amqp://127.0.0.1:9")
    shiftline(command).refused("PUBLIC_URL is not set")
    monkeypatch.setenv("PUBLIC_URL", "https://bot.example.org")
    shiftline(command).refused("The database can't be reached", code=1)


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_port_in_use(shiftline: Command, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        shiftline(command, "--port", port).refused(f"Port {port}", "--port", code=1)


def test_a_host_that_is_not_ours(shiftline: Command) -> None:
    shiftline("up", "--host", "192.0.2.1").refused("192.0.2.1", code=1)


def test_a_revision_that_there_is_not(shiftline: Command) -> None:
    assert shiftline("migrate").code == 0
    shiftline("migrate", "--to", "nowhere").refused("nowhere")


def test_what_nobody_foresaw_is_a_sentence_too(shiftline: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.cli import checkup

    monkeypatch.setattr(checkup.configuration, "load", lambda **_: 1 / 0)
    ended = shiftline("check")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "Something unforeseen happened (ZeroDivisionError). LOG_LEVEL=DEBUG shows where.\n"
