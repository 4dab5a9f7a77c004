"""Configuration: read once, and every mistake is one sentence that names the variable and the remedy."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest

from bot.errors import Misconfigured
from bot.settings import LEVELS, NAMES, load

KEY, OLDER = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"1", b"2"))


@pytest.fixture
def base(tmp_path: Path) -> dict[str, str]:
    return {"SHIFTLINE_DATA": str(tmp_path / "data"), "SECRET_KEY": "s" * 16, "ENCRYPTION_KEYS": KEY}


def test_an_empty_environment_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = load({})
    assert found.data == tmp_path / "data"
    assert found.database_url == f"sqlite:///{tmp_path}/data/shiftline.db"
    assert (found.broker_url, found.public_url, found.log_level) == ("memory://", "", "INFO")
    assert found.media_url == f"{tmp_path}/data/media"
    assert (found.embedded, found.on_sqlite, found.demo) == (True, True, False)
    assert not (tmp_path / "data" / "shiftline.db").exists()


def test_keys_are_made_once_and_are_nobody_elses(tmp_path: Path) -> None:
    first, second = (load({"SHIFTLINE_DATA": str(tmp_path)}) for _ in range(2))
    assert (first.secret_key, first.encryption_keys) == (second.secret_key, second.encryption_keys)
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("secret_key", "encryption_keys")} == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encryption_keys", "secret_key"]


def test_whoever_only_looks_makes_nothing(tmp_path: Path) -> None:
    looked = load({"SHIFTLINE_DATA": str(tmp_path / "data")}, make=False)
    assert (looked.secret_key, looked.encryption_keys) == ("", ())
    assert list(tmp_path.iterdir()) == []
    made = load({"SHIFTLINE_DATA": str(tmp_path / "data")})
    assert load({"SHIFTLINE_DATA": str(tmp_path / "data")}, make=False) == made
    with pytest.raises(Misconfigured, match="ENCRYPTION_KEYS must be"):
        load({"ENCRYPTION_KEYS": "nonsense"}, make=False)


def test_a_kept_key_that_was_spoilt_names_its_file(tmp_path: Path) -> None:
    load({"SHIFTLINE_DATA": str(tmp_path)})
    for name, words in (("encryption_keys", "must be Fernet keys"), ("secret_key", "is shorter than 16")):
        kept = (tmp_path / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text("x", encoding="utf-8")
        with pytest.raises(Misconfigured, match=f"{name} .*{words}"):
            load({"SHIFTLINE_DATA": str(tmp_path)}, make=False)
        (tmp_path / name).write_text(kept, encoding="utf-8")


def test_secrets_do_not_show(base: dict[str, str]) -> None:
    found = load(
        base | {"SLACK_SIGNING_SECRET": "hush", "SLACK_CLIENT_SECRET": "hush2", "SMTP_URL": "smtp://u:hush3@h"}
    )
    for secret in (KEY, "s" * 16, "hush"):
        assert secret not in repr(found)


def test_several_keys_the_newest_first(base: dict[str, str]) -> None:
    assert load(base | {"ENCRYPTION_KEYS": f" {KEY} ,\n{OLDER},"}).encryption_keys == (KEY, OLDER)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://h/d?sslmode=require", "postgresql+psycopg://h/d?sslmode=require"),
        ("postgresql+psycopg:///d", "postgresql+psycopg:///d"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
        ("  sqlite:///x.db\n", "sqlite:///x.db"),
    ],
)
def test_forms_of_the_database(base: dict[str, str], value: str, url: str) -> None:
    assert load(base | {"DATABASE_URL": value}).database_url == url


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("DATABASE_URL", "mysql://h/d", "sqlite:/// or postgresql+psycopg://"),
        ("DATABASE_URL", "shiftline.db", "sqlite:/// or postgresql+psycopg://"),
        ("DATABASE_URL", "postgresql://h:port/d", "write it like postgresql+psycopg://"),
        ("DATABASE_URL", "postgresql://u:p@ss@h:x/d", "%40"),
        ("DATABASE_URL", "sqlite:///", "names no file"),
        ("DATABASE_URL", "sqlite:///:memory:", "names no file"),
        ("BROKER_URL", "redis://h", "amqp://"),
        ("PUBLIC_URL", "bot.example.org", "https://shiftline.example.org"),
        ("PUBLIC_URL", "ftp://bot.example.org", "https://shiftline.example.org"),
        ("PUBLIC_URL", "https://", "https://shiftline.example.org"),
        ("PUBLIC_URL", "https://[", "https://shiftline.example.org"),
        ("PUBLIC_URL", "https://h:99999", "https://shiftline.example.org"),
        ("PUBLIC_URL", "https://a b.example", "https://shiftline.example.org"),
        ("PUBLIC_URL", "https://bot.example.org/app", "must not have a path"),
        ("PUBLIC_URL", "https://bot.example.org/?x=1", "must not have a path"),
        ("PUBLIC_URL", "https://me:secret@bot.example.org", "must not hold a user"),
        ("SECRET_KEY", "tiny-key", "shorter than 16"),
        ("ENCRYPTION_KEYS", "not-a-key", "Fernet keys"),
        ("ENCRYPTION_KEYS", f"{KEY},nö", "Fernet keys"),
        ("ENCRYPTION_KEYS", " , ,", "Fernet keys"),
        ("MEDIA_URL", "s3://bucket/media", "must be a folder"),
        ("SMTP_URL", "mail.example.org:587", "smtp://"),
        ("SMTP_URL", "smtp://h:x", "smtp://"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR"),
        ("TWILIO_API_URL", "api.twilio.com", "http:// or https://"),
        ("SLACK_API_URL", "http://[", "http:// or https://"),
    ],
)
def test_a_mistake_is_one_sentence_with_the_way_out(base: dict[str, str], name: str, value: str, remedy: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        load(base | {name: value})
    words = caught.value.words
    assert words.startswith(name)
    assert remedy in words
    assert words.endswith(".")
    assert "\n" not in words
    if name in {"SECRET_KEY", "ENCRYPTION_KEYS"}:
        assert value not in words
    assert "secret" not in words.replace("SECRET_KEY", "")
    assert caught.value.__cause__ is None


def test_a_public_address_is_kept_without_its_slash(base: dict[str, str]) -> None:
    assert load(base | {"PUBLIC_URL": "https://bot.example.org:8443/"}).public_url == "https://bot.example.org:8443"


def test_slacks_address_ends_with_its_slash(base: dict[str, str]) -> None:
    found = load(base | {"SLACK_API_URL": "http://127.0.0.1:9/slack/api", "TWILIO_API_URL": "http://127.0.0.1:9"})
    assert found.api_urls == {"SLACK_API_URL": "http://127.0.0.1:9/slack/api/", "TWILIO_API_URL": "http://127.0.0.1:9"}


def test_a_new_channels_address_counts_and_anothers_variable_does_no_harm(base: dict[str, str]) -> None:
    found = load(base | {"PIGEON_API_URL": "http://127.0.0.1:9/x", "SOMEBODYS_API_URL": "nonsense"})
    assert found.api_urls == {"PIGEON_API_URL": "http://127.0.0.1:9/x"}


@pytest.mark.parametrize("level", [*LEVELS, "debug", " info "])
def test_levels(base: dict[str, str], level: str) -> None:
    assert load(base | {"LOG_LEVEL": level}).log_level == level.strip().upper()


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"SHIFTLINE_DATA"}))
def test_every_name_may_be_a_file(base: dict[str, str], tmp_path: Path, name: str) -> None:
    values = {"DATABASE_URL": "sqlite:////tmp/x.db", "BROKER_URL": "memory://", "LOG_LEVEL": "DEBUG", "ENCRYPTION_KEYS": KEY,
              "SMTP_URL": "smtp://h", "MEDIA_URL": "/tmp/m"}  # fmt: skip
    value = values.get(name, "https://x.example" if name.endswith("_URL") else "a-long-enough-value")
    file = tmp_path / "value"
    file.write_text(f"{value}\n", encoding="utf-8")
    base.pop(name, None)
    assert load(base | {f"{name}_FILE": str(file)}) == load(base | {name: value})


def test_both_forms_are_one_too_many(base: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="Both SECRET_KEY and SECRET_KEY_FILE are set: keep one"):
        load(base | {"SECRET_KEY_FILE": str(tmp_path / "x")})


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "can't be read: No such file"), (b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe", "no text file")],
)
def test_a_file_that_cannot_be_used(base: dict[str, str], tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "value"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Misconfigured, match=f"^SLACK_SIGNING_SECRET_FILE names .*{words}"):
        load(base | {"SLACK_SIGNING_SECRET_FILE": str(file)})


def test_a_folder_is_no_file(base: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"SMTP_URL_FILE names .*can't be read"):
        load(base | {"SMTP_URL_FILE": str(tmp_path)})


@pytest.mark.parametrize("place", ["/proc/nowhere", "{}/file/below"])
def test_a_data_folder_that_cannot_be(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(Misconfigured, match="set SHIFTLINE_DATA to a folder of your own"):
        load({"SHIFTLINE_DATA": place.format(tmp_path)})


def test_the_processs_own_environment_is_the_default(monkeypatch: pytest.MonkeyPatch, base: dict[str, str]) -> None:
    for name in list(os.environ):
        if name in NAMES:
            monkeypatch.delenv(name)
    for name, value in base.items():
        monkeypatch.setenv(name, value)
    assert load().secret_key == "s" * 16
