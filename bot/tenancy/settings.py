"""What an organization may decide for itself, and what holds where it decided nothing.

The defaults live here and nowhere else; the database keeps only the differences, so that a better
default reaches everybody who never touched it. `load` is on the path of every message: the same
document is read once and then remembered.

`null` means "off" where a setting can be off (quiet hours, caps, holidays …); anywhere else, in a
patch, it means "back to the default".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import time
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bot.tenancy import differences, own_words
from bot.tenancy.differences import Document
from bot.tenancy.refusals import SettingsRefused, listed, sentences_of
from bot.tenancy.time_zones import is_known

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _clock_time(value: object) -> object:
    """Read "20:00" and nothing else: 24:00, seconds and bare numbers leave room for doubt."""
    if isinstance(value, time):
        return value
    if isinstance(value, str) and len(value) == 5 and value[2] == ":" and (value[:2] + value[3:]).isdecimal():
        hour, minute = int(value[:2]), int(value[3:])
        if hour < 24 and minute < 60:
            return time(hour, minute)
    raise PydanticCustomError("clock_time", 'must be a time such as "20:00"')


def _zone(value: str) -> str:
    if not is_known(value):
        raise PydanticCustomError("zone", "is no time zone; give one such as America/Chicago")
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("distinct", "names something twice")
    return values


ClockTime = Annotated[time, BeforeValidator(_clock_time), PlainSerializer(lambda at: at.strftime("%H:%M"))]
Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z][A-Za-z]{1,3})?(-[A-Z]{2})?$")]
Text = Annotated[str, Field(min_length=1, max_length=1600)]
Words = Text | dict[Language, Text]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    """A closed, frozen piece of the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Locale(_Part):
    """Where and in which languages the organization lives."""

    timezone: Zone = "UTC"
    default_language: Language = "en"
    supported_languages: tuple[Language, ...] = ("en",)
    date_format: Literal["iso", "us", "eu"] = "iso"
    week_start: Literal["monday", "sunday", "saturday"] = "monday"

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language spoken here, the default one first."""
        return tuple(dict.fromkeys((self.default_language, *self.supported_languages)))


class QuietHours(_Part):
    """From `start` to `end` of the recipient's own day nothing of ours begins; over midnight where end < start."""

    start: ClockTime = time(20)
    end: ClockTime = time(8)
    days: Literal["all"] | Annotated[tuple[Weekday, ...], Field(min_length=1), AfterValidator(_distinct)] = "all"

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start == self.end:
            raise PydanticCustomError("quiet_hours", "start and end are the same; null turns quiet hours off")
        return self


class Caps(_Part):
    """The most openings (broadcast, journey, reminder) that one worker gets; null is no cap."""

    per_day: Positive | None = 3
    per_week: Positive | None = 10


class Failover(_Part):
    """When the next channel is tried. `after_minutes`: an SMS that nobody reports as delivered."""

    on_hard_failure: bool = True
    after_minutes: Positive | None = None


class SmsPace(_Part):
    """What the carrier allows one sender, counted in parts."""

    segments_per_second: Annotated[float, Field(gt=0, le=10_000)] = 1.0
    per_day: Positive | None = 2000


class SlackPace(_Part):
    """Messages to one workspace."""

    per_minute: Annotated[int, Field(ge=1, le=600_000)] = 200


class Pace(_Part):
    """How fast we speak, per channel."""

    sms: SmsPace = SmsPace()
    slack: SlackPace = SlackPace()


class Budget(_Part):
    """Money in integer micros; null is no limit."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    monthly_micros: Count | None = None
    on_exceeded: Literal["hold", "skip"] = "hold"


class Delivery(_Part):
    """When, how often, how fast and by which channel messages leave."""

    quiet_hours: QuietHours | None = QuietHours()
    holidays: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")] | None = "US"
    unknown_timezone: Literal["strictest"] = "strictest"
    past_due: Literal["skip", "send"] = "skip"
    catch_up_minutes: Count = 120
    caps: Caps | None = Caps()
    approval_above: Count | None = None
    channel_preference: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...], Field(min_length=1), AfterValidator(_distinct)
    ] = ("slack", "sms")
    failover: Failover = Failover()
    pace: Pace = Pace()
    budget: Budget = Budget()
    in_doubt: Literal["flag", "resend"] = "flag"


class Reminders(_Part):
    """How long after an unanswered question we ask again, and how often at most."""

    offsets_minutes: tuple[Positive, ...] = (120, 1440)
    max: Count = 2


class Consent(_Part):
    """What the law wants said and asked. `stop_scope`: a STOP holds for every sender of the organization.

    `introduce_first_sms`: the first text that opens a conversation with somebody says whose it is and how to stop it.
    """

    sms: Literal["required"] = "required"
    legal_name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    help_text: Words | None = None
    stop_scope: Literal["organization"] = "organization"
    introduce_first_sms: bool = True


class Points(_Part):
    """What an act pays; `correct` may be the question's own `point_value`."""

    answered: Count = 1
    correct: Count | Literal["point_value"] = "point_value"
    first_try: Count = 0
    course_finished: Count = 5


class Level(_Part):
    """A name that a balance earns."""

    name: Words
    points: Count


class Gamification(_Part):
    """Points, levels, streaks and who sees them."""

    enabled: bool = True
    points: Points = Points()
    levels: tuple[Level, ...] = ()
    leaderboard: Literal["off", "opt_in", "on"] = "opt_in"
    streak_freezes_per_week: Count = 1


class Wellbeing(_Part):
    """Smaller groups than these are never shown: with two in a group, one knows what the other said."""

    min_group: Annotated[int, Field(ge=3)] = 5
    min_group_comments: Annotated[int, Field(ge=3)] = 10
    crisis_help: dict[Language, Text] = Field(default_factory=dict)


class Retention(_Part):
    """Days after which the transcript and the audit log are cleared; null keeps them."""

    messages_days: Positive | None = None
    audit_days: Positive | None = None


class Templates(_Part):
    """Whether an author may approve the own text."""

    own_approval: bool = False


class OrganizationSettings(_Part):
    """Everything of `organizations.settings`, complete: what wasn't decided has its default."""

    locale: Locale = Locale()
    delivery: Delivery = Delivery()
    reminders: Reminders = Reminders()
    consent: Consent = Consent()
    gamification: Gamification = Gamification()
    wellbeing: Wellbeing = Wellbeing()
    retention: Retention = Retention()
    templates: Templates = Templates()
    wording: dict[Language, dict[str, Text]] = Field(default_factory=dict)


DEFAULTS = OrganizationSettings()

IDLE = (
    "locale.week_start", "locale.supported_languages", "delivery.holidays",
    "delivery.approval_above", "delivery.failover", "delivery.budget", "reminders", "gamification.levels",
    "gamification.leaderboard", "gamification.streak_freezes_per_week",
    "gamification.points.course_finished", "wellbeing.min_group_comments", "wellbeing.crisis_help", "retention",
)  # fmt: skip
"""What is kept and checked, and what nothing goes by yet. Whoever sets a budget must not believe that it holds."""


def idle(patch: Mapping[str, Any]) -> list[str]:
    """The paths of a patch that nothing goes by yet."""
    return [path for path in IDLE if _names(patch, path.split("."))]


def _names(patch: Any, steps: Sequence[str]) -> bool:
    for step in steps:
        if not isinstance(patch, Mapping) or step not in patch:
            return False
        patch = patch[step]
    return True


def load(document: Mapping[str, Any] | None) -> OrganizationSettings:
    """`organizations.settings` as a complete, frozen document; SettingsRefused names each path that is wrong."""
    return _read(json.dumps(document, sort_keys=True)) if document else DEFAULTS


def merged(document: Mapping[str, Any] | None, patch: Mapping[str, Any]) -> Document:
    """What to store after `patch` (a JSON merge patch): the differences from the defaults, and nothing else."""
    whole = differences.patched(OrganizationSettings, _dumped(load(document)), patch)
    try:
        wanted = OrganizationSettings.model_validate_json(json.dumps(whole))
    except (ValidationError, TypeError) as error:
        raise SettingsRefused(sentences_of(error)) from None
    if mistakes := own_words.mistakes(wanted.wording):
        raise SettingsRefused(listed(mistakes))
    return differences.between(_dumped(wanted), _dumped(DEFAULTS))


@lru_cache(maxsize=1024)
def _read(document: str) -> OrganizationSettings:
    try:
        return OrganizationSettings.model_validate_json(document)
    except ValidationError as error:
        raise SettingsRefused(sentences_of(error)) from None


def _dumped(settings: BaseModel) -> Document:
    return settings.model_dump(mode="json")
