"""Where things are: each address checked when it is read, because a wrong one is found out by ten thousand people."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import Misconfigured
from bot.settings.environment import Environment
from bot.settings.names import NAMES


def database_url(value: str | None, data: Path) -> str:
    """The database, by its full name; a SQLite file under `data` where none is given."""
    if value is None:
        return f"sqlite:///{data / 'shiftline.db'}"
    if value.startswith(("postgres://", "postgresql://")):
        value = "postgresql+psycopg://" + value.split("://", 1)[1]
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise Misconfigured("DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://.")
    try:
        database = make_url(value).database
    except (ArgumentError, ValueError):
        raise Misconfigured(
            "DATABASE_URL can't be understood: write it like postgresql+psycopg://user:password@host:5432/shiftline, "
            "with @, / and : of a password as %40, %2F and %3A."
        ) from None
    if value.startswith("sqlite") and database in {None, "", ":memory:"}:
        raise Misconfigured("DATABASE_URL names no file: write it like sqlite:////var/lib/shiftline/shiftline.db.")
    return value


def broker_url(value: str | None) -> str:
    """The broker; memory:// is this process itself."""
    if value is None:
        return "memory://"
    if value.startswith(("memory://", "amqp://", "amqps://")):
        return value
    raise Misconfigured("BROKER_URL must be memory:// or begin with amqp://.")


def public_url(value: str | None) -> str:
    """The service as providers reach it, without a slash at the end; "" where nobody said."""
    if value is None:
        return ""
    parts = _address(value)
    if parts is None:
        raise Misconfigured("PUBLIC_URL must be an address such as https://shiftline.example.org.")
    if parts.username is not None or parts.password is not None:
        raise Misconfigured("PUBLIC_URL must not hold a user or a password: it stands in links that workers get.")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise Misconfigured("PUBLIC_URL must not have a path: hooks and links are added to it.")
    return f"{parts.scheme}://{parts.netloc}"


def _address(value: str) -> SplitResult | None:
    """An http(s) address in its parts; None for what isn't one."""
    try:
        parts = urlsplit(value)
        proper = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if proper and not any(character.isspace() for character in value) else None


def media_url(value: str | None, data: Path) -> str:
    """The folder for files."""
    if value is None:
        return str(data / "media")
    folder = value.removeprefix("file://")
    if "://" in folder:
        raise Misconfigured("MEDIA_URL must be a folder, as a path or as file:///path: there is no other store yet.")
    return folder


def smtp_url(value: str | None) -> str | None:
    """The mail server."""
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        proper = parts.scheme in {"smtp", "smtps"} and parts.hostname and parts.port != 0
    except ValueError:
        proper = False
    if not proper:
        raise Misconfigured("SMTP_URL must be like smtp://user:password@mail.example.org:587, or smtps://….")
    return value


def api_urls(source: Environment) -> dict[str, str]:
    """Where providers are. Channels name these variables, so any may be one; others' (GITHUB_API_URL) do no harm."""
    urls = {}
    for name in source.names("_API_URL"):
        value = source.get(name) if name in NAMES else source.plain(name)
        if not value:
            continue
        if _address(value) is not None:
            urls[name] = f"{value.rstrip('/')}/" if name == "SLACK_API_URL" else value
        elif name in NAMES:
            raise Misconfigured(f"{name} must be an address that begins with http:// or https://.")
    return urls
