"""No body, phone number or secret reaches a log line, whoever writes it and however."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from bot import log
from bot.log import FIELDS, Lines, Log

PRIVATE = [
    "+14155550123",
    "(415) 555-0123",
    "415.555.0123",
    "ana@example.org",
    "xoxb-12-34-abc",
    "Bearer abc.def",
    "Basic QUM6dG9r",
]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """The root logger writes our lines here."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_a_moment_a_level_a_room_an_event_and_fields(written: io.StringIO) -> None:
    Log("bot.delivery.claim").info(
        "claimed", deliveries=12, seconds=0.5, integration="0198c6d2-1111-7000-8000-123456789012"
    )
    [line] = lines(written)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "info", "room": "bot.delivery.claim", "event": "claimed", "deliveries": 12, "seconds": 0.5,
        "integration": "0198c6d2-1111-7000-8000-123456789012",
    }  # fmt: skip


@pytest.mark.parametrize("level", ["debug", "info", "warning", "failure"])
def test_a_field_that_is_not_on_the_list_is_dropped(written: io.StringIO, level: str) -> None:
    getattr(Log("bot.x"), level)("heard", body="I am ill", phone="+14155550123", address="U1", token="t", worker_id="w")
    [line] = lines(written)
    assert set(line) - {"at", "level", "room", "event", "where", "error"} == {"worker_id"}
    assert not {"body", "phone", "address", "text", "token", "email", "name", "password"} & FIELDS


@pytest.mark.parametrize("private", PRIVATE)
def test_what_slips_into_an_allowed_field_is_blotted_out(written: io.StringIO, private: str) -> None:
    Log("bot.x").warning("refused", reason=f"The number {private} is not valid", url=f"https://x/{private}")
    assert private not in written.getvalue()


def test_a_password_in_an_address_is_blotted_out(written: io.StringIO) -> None:
    Log("bot.x").warning("refused", url="amqp://me:hush@rabbit:5672/%2f")
    assert "hush" not in written.getvalue()
    assert "rabbit:5672" in written.getvalue()


@pytest.mark.parametrize("private", PRIVATE)
def test_another_librarys_words_are_not_trusted(written: io.StringIO, private: str) -> None:
    logger = logging.getLogger("twilio.http_client")
    logger.warning("To: %s", private)
    logger.warning("POST Request: To=" + private)  # noqa: G003 - so they do it
    logger.error("broken", exc_info=(ValueError, ValueError(private), None))
    assert private not in written.getvalue()
    assert lines(written)[0]["event"] == "To: %s"


def test_an_exception_is_its_type_and_place(written: io.StringIO) -> None:
    def inner(secret: str) -> None:
        raise KeyError(secret)

    try:
        inner("+14155550123")
    except KeyError:
        Log("bot.x").failure("broke", job="dispatch")
    [line] = lines(written)
    assert (line["error"], line["job"], line["level"]) == ("KeyError", "dispatch", "error")
    assert line["where"][-1].endswith(" inner")
    assert "4155550123" not in written.getvalue()


def test_ids_and_counts_stay_readable(written: io.StringIO) -> None:
    Log("bot.x").info(
        "x", delivery=14_155_550_123, count=10_000_000, reason="30005", broadcast="12345678-1234-7123-8123-123456789012"
    )
    [line] = lines(written)
    assert (line["delivery"], line["count"], line["reason"]) == (14_155_550_123, 10_000_000, "30005")
    assert line["broadcast"] == "12345678-1234-7123-8123-123456789012"


def test_odd_values_make_a_line_all_the_same(written: io.StringIO) -> None:
    Log("bot.x").info("x", reason="two\nlines ✓", state=object, count=None)
    [line] = lines(written)
    assert line["reason"] == "two\nlines ✓"


def test_libraries_that_talk_of_people_are_kept_to_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        log.start("DEBUG")
        assert {logging.getLogger(name).getEffectiveLevel() for name in log.TALKATIVE} == {logging.WARNING}
        assert logging.getLogger("bot").getEffectiveLevel() == logging.DEBUG
        log.start("ERROR")
        assert logging.getLogger("twilio").getEffectiveLevel() == logging.ERROR
    finally:
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
        for name in log.TALKATIVE:
            logging.getLogger(name).setLevel(logging.NOTSET)
