"""What the operator decides, read once from the environment.

Each name may also be given as NAME_FILE, whose content counts (how secrets are mounted). A mistake is
one sentence that names the variable and the remedy; nothing starts on a guess.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot import chance
from bot.errors import Misconfigured

NAMES = {
    "SHIFTLINE_DATA": "folder for the SQLite file, media, keys and logs (default: ./data)",
    "DATABASE_URL": "sqlite:///… or postgresql+psycopg://… (default: a SQLite file under SHIFTLINE_DATA)",
    "BROKER_URL": "memory:// (actors in this process, the default) or amqp://… (RabbitMQ)",
    "PUBLIC_URL": "the address under which providers reach this service, without a path",
    "SECRET_KEY": "signs links and sessions (default: made once and kept under SHIFTLINE_DATA)",
    "ENCRYPTION_KEYS": "Fernet keys, comma-separated, newest first (default: made once and kept under SHIFTLINE_DATA)",
    "TWILIO_API_URL": "in place of https://api.twilio.com",
    "SLACK_API_URL": "in place of https://slack.com/api/, with the slash at the end",
    "SLACK_CLIENT_ID": "the Slack app's client id, for installation by link",
    "SLACK_CLIENT_SECRET": "the Slack app's client secret",
    "SLACK_SIGNING_SECRET": "the Slack app's signing secret, where an integration has none of its own",
    "MEDIA_URL": "where files are kept (default: a folder under SHIFTLINE_DATA)",
    "SMTP_URL": "smtp://user:password@host:port for invitations and notices",
    "LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR (default: INFO)",
}
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class Settings:
    """The service's configuration: frozen, typed, without defaults left to find out."""

    data: Path
    database_url: str
    broker_url: str
    public_url: str
    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    media_url: str
    log_level: str = "INFO"
    slack_client_id: str | None = None
    slack_client_secret: str | None = field(default=None, repr=False)
    slack_signing_secret: str | None = field(default=None, repr=False)
    smtp_url: str | None = field(default=None, repr=False)
    api_urls: Mapping[str, str] = field(default_factory=dict)
    demo: bool = False
    simulator_url: str | None = None

    @property
    def on_sqlite(self) -> bool:
        """One process tree, one file."""
        return self.database_url.startswith("sqlite")

    @property
    def embedded(self) -> bool:
        """Actors run inside the web's own process."""
        return self.broker_url.startswith("memory:")


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environment` (default: the process's). Misconfigured names the variable and the way out."""
    source = _Source(os.environ if environment is None else environment)
    data = Path(source.get("SHIFTLINE_DATA") or "data").expanduser().absolute()
    return Settings(
        data=data,
        database_url=_database_url(source.get("DATABASE_URL"), data),
        broker_url=_broker_url(source.get("BROKER_URL")),
        public_url=_public_url(source.get("PUBLIC_URL")),
        secret_key=_secret_key(source.get("SECRET_KEY"), data),
        encryption_keys=_encryption_keys(source.get("ENCRYPTION_KEYS"), data),
        media_url=_media_url(source.get("MEDIA_URL"), data),
        log_level=_log_level(source.get("LOG_LEVEL")),
        slack_client_id=source.get("SLACK_CLIENT_ID"),
        slack_client_secret=source.get("SLACK_CLIENT_SECRET"),
        slack_signing_secret=source.get("SLACK_SIGNING_SECRET"),
        smtp_url=_smtp_url(source.get("SMTP_URL")),
        api_urls=_api_urls(source),
    )


class _Source:
    """The environment, with NAME_FILE in place of NAME."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment

    def get(self, name: str) -> str | None:
        """The value without surrounding space, or None."""
        plain, path = self.environment.get(name), self.environment.get(f"{name}_FILE")
        if plain and path:
            raise Misconfigured(f"Both {name} and {name}_FILE are set: keep one.")
        if path:
            plain = _read(name, path)
        return (plain or "").strip() or None

    def names(self, ending: str) -> list[str]:
        """Names that are set, as NAME or as NAME_FILE, and end so."""
        return sorted({plain for name in self.environment if (plain := name.removesuffix("_FILE")).endswith(ending)})


def _read(name: str, path: str) -> str:
    """A mounted secret. An empty one is a mistake: with a default in its place nobody would notice."""
    try:
        found = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"{name}_FILE names {path}, which can't be read: {error.strerror}.") from None
    except ValueError:
        raise Misconfigured(f"{name}_FILE names {path}, which is no text file: put the value alone into it.") from None
    if not found.strip():
        raise Misconfigured(f"{name}_FILE names {path}, which is empty: put the value into it, or unset {name}_FILE.")
    return found


def _database_url(value: str | None, data: Path) -> str:
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


def _broker_url(value: str | None) -> str:
    if value is None:
        return "memory://"
    if value.startswith(("memory://", "amqp://", "amqps://")):
        return value
    raise Misconfigured("BROKER_URL must be memory:// or begin with amqp://.")


def _public_url(value: str | None) -> str:
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


def _media_url(value: str | None, data: Path) -> str:
    if value is None:
        return str(data / "media")
    folder = value.removeprefix("file://")
    if "://" in folder:
        raise Misconfigured("MEDIA_URL must be a folder, as a path or as file:///path: there is no other store yet.")
    return folder


def _smtp_url(value: str | None) -> str | None:
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


def _secret_key(value: str | None, data: Path) -> str:
    key = value or _kept(data / "secret_key", lambda: chance.token(32))
    if len(key) < 16:
        raise Misconfigured("SECRET_KEY is shorter than 16 characters: give a longer one, or none to have one made.")
    return key


def _encryption_keys(value: str | None, data: Path) -> tuple[str, ...]:
    text = value or _kept(data / "encryption_keys", lambda: Fernet.generate_key().decode())
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    try:
        proper = bool([Fernet(key) for key in keys])
    except ValueError:
        proper = False
    if not proper:
        raise Misconfigured("ENCRYPTION_KEYS must be Fernet keys (32 bytes in URL-safe base64), separated by commas.")
    return keys


def _log_level(value: str | None) -> str:
    level = (value or "INFO").upper()
    if level not in LEVELS:
        raise Misconfigured(f"LOG_LEVEL must be one of {', '.join(LEVELS)}.")
    return level


def _api_urls(source: _Source) -> dict[str, str]:
    """Where providers are. Channels name these variables, so any may be one; others' (GITHUB_API_URL) do no harm."""
    urls = {}
    for name in source.names("_API_URL"):
        value = source.get(name) if name in NAMES else source.environment.get(name)
        if not value:
            continue
        if _address(value) is not None:
            urls[name] = f"{value.rstrip('/')}/" if name == "SLACK_API_URL" else value
        elif name in NAMES:
            raise Misconfigured(f"{name} must be an address that begins with http:// or https://.")
    return urls


def _kept(path: Path, make: Callable[[], str]) -> str:
    """What stands in `path`; made and kept there the first time."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(f".{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(make(), encoding="utf-8")
            try:
                os.link(draft, path)  # never over a key that another process has just made
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Misconfigured(
            f"{path} can't be written or read ({error.strerror}): set SHIFTLINE_DATA to a folder of your own."
        ) from None
