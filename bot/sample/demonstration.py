"""Getting a demonstration ready: a sample organization in the database and its people in the simulator.

It refuses a database in which anybody else lives: their messages would go to simulated phones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from bot import chance
from bot.content.media import Store
from bot.database import Database
from bot.errors import Misconfigured
from bot.sample import seed
from bot.sample.seed import Sample
from bot.settings import Settings
from bot.simulator.client import Control
from bot.tenancy import integrations
from bot.tenancy.sign_in import DEMONSTRATION_PASSWORD
from models import Integration, Organization


class NotForDemonstration(Misconfigured):
    """This database belongs to a real installation: set DATABASE_URL or SHIFTLINE_DATA to a place of its own."""

    code = "not_for_demonstration"


def prepare(settings: Settings, simulator_url: str, said: Callable[[str], None], slack_at: str = "") -> Settings:
    """Seed what is missing, introduce the sample people to the simulator; the settings to serve with.

    Slack posts to `slack_at` where that isn't PUBLIC_URL: its signature, unlike Twilio's, says nothing of the address.
    """
    urls = {"TWILIO_API_URL": simulator_url, "SLACK_API_URL": f"{simulator_url}/slack/api/"}
    settings = replace(settings, demo=True, simulator_url=simulator_url, api_urls=urls)
    database = Database(settings.database_url)
    try:
        sample = seed.seeded(database)
        if sample is None:
            _refuse_others(database)
            said("Making the sample organization …")
            store = Store(Path(settings.media_url.removeprefix("file://")), settings.public_url, settings.secret_key)
            sample = seed.seed(database, settings, store, twilio=_twilio(), slack=_slack(), progress=said)
        _introduce(database, settings, sample, Control(simulator_url), slack_at or settings.public_url)
    finally:
        database.dispose()
    return settings


def ways_in(url: str) -> list[str]:
    """What to tell whoever starts it: the two pages, and how to come in."""
    managers = " or ".join(email for email, *_ in (seed.MANAGER, seed.APPROVER))
    return [
        f"Phone and Slack: {url}/simulator",
        f"Console:         {url}/  as {managers}, password {DEMONSTRATION_PASSWORD}",
    ]


def _refuse_others(database: Database) -> None:
    with database.reading(None) as session:
        ours = sa.and_(Organization.slug == seed.SLUG, Organization.website == seed.WEBSITE)
        if session.scalar(sa.select(sa.exists().where(sa.not_(sa.func.coalesce(ours, sa.false()))))):
            raise NotForDemonstration


def _twilio() -> dict[str, str]:
    return {"account_sid": f"AC{chance.random_id().hex}", "auth_token": chance.random_id().hex, "from": "+12125550100"}


def _slack() -> dict[str, str]:
    return {"team_id": "T0SAMPLE", "bot_token": f"xoxb-{chance.token(18)}", "signing_secret": chance.random_id().hex}


def _introduce(database: Database, settings: Settings, sample: Sample, control: Control, slack_at: str) -> None:
    """Tell the simulator which accounts exist and where their webhooks go."""
    with database.reading(None) as session:
        rows = session.scalars(sa.select(Integration).where(Integration.organization_id == sample.organization_id))
        configs = {row.type: integrations.config_of(row, settings.encryption_keys) for row in rows}
    twilio, slack = configs["twilio"], configs["slack"]
    control.add_account(
        twilio["account_sid"],
        twilio["auth_token"],
        [twilio["from"]],
        messages_url=f"{settings.public_url}/hooks/twilio/messages",
    )
    control.add_team(
        slack["team_id"],
        slack["bot_token"],
        signing_secret=slack["signing_secret"],
        hook_url=f"{slack_at}/hooks/slack",
        users=seed.people_of_slack(database, sample),
    )
