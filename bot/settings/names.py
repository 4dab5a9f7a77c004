"""What each variable of the environment is for: what the README lists and what `shiftline check` looks at."""

from __future__ import annotations

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
