"""Settings: complete when read, only differences when stored, and every mistake named by its path."""

from __future__ import annotations

from datetime import time

import pytest

from bot import wording
from bot.tenancy import settings
from bot.tenancy.refusals import SettingsRefused

DOCUMENTED = {
    "locale": {
        "timezone": "UTC", "default_language": "en", "supported_languages": ["en"],
        "date_format": "iso", "week_start": "monday",
    },
    "delivery": {
        "quiet_hours": {"start": "20:00", "end": "08:00", "days": "all"},
        "holidays": "US", "unknown_timezone": "strictest", "past_due": "skip", "catch_up_minutes": 120,
        "caps": {"per_day": 3, "per_week": 10}, "approval_above": None, "channel_preference": ["slack", "sms"],
        "failover": {"on_hard_failure": True, "after_minutes": None},
        "pace": {"sms": {"segments_per_second": 1.0, "per_day": 2000}, "slack": {"per_minute": 200}},
        "budget": {"currency": "USD", "monthly_micros": None, "on_exceeded": "hold"},
        "in_doubt": "flag",
    },
    "reminders": {"offsets_minutes": [120, 1440], "max": 2},
    "consent": {"sms": "required", "legal_name": None, "help_text": None, "stop_scope": "organization", "introduce_first_sms": True},
    "gamification": {
        "enabled": True,
        "points": {"answered": 1, "correct": "point_value", "first_try": 0, "course_finished": 5},
        "levels": [], "leaderboard": "opt_in", "streak_freezes_per_week": 1,
    },
    "wellbeing": {"min_group": 5, "min_group_comments": 10, "crisis_help": {}},
    "retention": {"messages_days": None, "audit_days": None},
    "templates": {"own_approval": False},
    "wording": {},
}  # fmt: skip


def test_the_defaults_are_those_of_formats():
    assert settings.DEFAULTS.model_dump(mode="json") == DOCUMENTED


@pytest.mark.parametrize("nothing", [None, {}])
def test_nothing_stored_means_the_defaults(nothing):
    assert settings.load(nothing) == settings.DEFAULTS


def test_the_same_document_is_read_once():
    document = {"delivery": {"in_doubt": "resend"}}
    assert settings.load(document) is settings.load({"delivery": {"in_doubt": "resend"}})
    assert settings.load(document).delivery.in_doubt == "resend"


def test_quiet_hours_are_clock_times():
    quiet = settings.load({"delivery": {"quiet_hours": {"start": "21:30"}}}).delivery.quiet_hours
    assert (quiet.start, quiet.end, quiet.days) == (time(21, 30), time(8), "all")


@pytest.mark.parametrize(
    ("stored", "patch", "left"),
    [
        (None, {}, {}),
        (None, {"locale": {"timezone": "America/Chicago"}}, {"locale": {"timezone": "America/Chicago"}}),
        (None, {"delivery": {"quiet_hours": None, "caps": None}}, {"delivery": {"quiet_hours": None, "caps": None}}),
        ({"delivery": {"quiet_hours": None}}, {"delivery": {"quiet_hours": {}}}, {}),
        (
            {"delivery": {"quiet_hours": None}},
            {"delivery": {"quiet_hours": {"start": "21:00"}}},
            {"delivery": {"quiet_hours": {"start": "21:00"}}},
        ),
        ({"delivery": {"in_doubt": "resend", "past_due": "send"}}, {"delivery": {"in_doubt": None}}, {"delivery": {"past_due": "send"}}),
        ({"delivery": {"in_doubt": "resend"}}, {"delivery": None}, {}),
        ({"reminders": {"max": 1}}, {"reminders": {"max": 2}}, {}),
        ({"delivery": {"caps": {"per_day": 9}}}, {"delivery": {"caps": {"per_day": None}}}, {"delivery": {"caps": {"per_day": None}}}),
        (
            {"wellbeing": {"crisis_help": {"en": "Call 988.", "es": "Llame al 988."}}},
            {"wellbeing": {"crisis_help": {"es": None}}},
            {"wellbeing": {"crisis_help": {"en": "Call 988."}}},
        ),
        (None, {"consent": {"help_text": {"en": "Ask Ana."}}}, {"consent": {"help_text": {"en": "Ask Ana."}}}),
        ({"consent": {"help_text": "Ask Ana."}}, {"consent": {"help_text": None}}, {}),
    ],
)  # fmt: skip
def test_a_patch_leaves_the_differences(stored, patch, left):
    assert settings.merged(stored, patch) == left


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        ({"delivry": {}}, "delivry: is not known here"),
        ({"delivry": None}, "delivry: is not known here"),
        ({"delivery": {"caps": {"per_day": 0}}}, "delivery.caps.per_day: must be at least 1"),
        ({"delivery": {"quiet_hours": {"start": "24:00"}}}, 'delivery.quiet_hours.start: must be a time such as "20:00"'),
        ({"delivery": {"quiet_hours": {"start": "08:00"}}}, "delivery.quiet_hours: start and end are the same"),
        ({"delivery": {"channel_preference": ["sms", "sms"]}}, "delivery.channel_preference: names something twice"),
        ({"delivery": {"channel_preference": []}}, "delivery.channel_preference: needs at least 1"),
        ({"delivery": {"in_doubt": "hope"}}, "delivery.in_doubt: must be flag or resend"),
        ({"delivery": {"pace": {"sms": {"segments_per_second": 0}}}}, "delivery.pace.sms.segments_per_second: must be above 0"),
        ({"locale": {"timezone": "Mars/Olympus"}}, "locale.timezone: is no time zone"),
        ({"locale": {"default_language": "English"}}, "locale.default_language: is not of the right form"),
        ({"gamification": {"enabled": "yes"}}, "gamification.enabled: must be true or false"),
        ({"reminders": {"offsets_minutes": [120, 0]}}, "reminders.offsets_minutes[1]: must be at least 1"),
        ({"reminders": "never"}, "reminders: must be an object"),
        ({"wellbeing": {"min_group": 2}}, "wellbeing.min_group: must be at least 3"),
        ({"consent": {"legal_name": object()}}, "must be JSON"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_path(patch, path):
    with pytest.raises(SettingsRefused) as refused:
        settings.merged(None, patch)
    assert path in refused.value.words


def test_many_mistakes_are_all_named_up_to_a_limit():
    patch = {f"wrong{n}": 1 for n in range(10)}
    with pytest.raises(SettingsRefused, match="and 2 more"):
        settings.merged(None, patch)


def test_languages_begin_with_the_default_one():
    locale = settings.load({"locale": {"default_language": "es", "supported_languages": ["en", "es"]}}).locale
    assert locale.languages == ("es", "en")


@pytest.fixture
def sentences(monkeypatch):
    monkeypatch.setattr(
        wording, "sentences", lambda language: {"points": "{points} points!"} if language == "en" else {}
    )


@pytest.mark.parametrize("sentence", ["You have {points}.", "Well done!", "{{{points}}}"])
def test_own_words_may_use_the_placeholders_of_the_original(sentences, sentence):
    assert settings.merged(None, {"wording": {"en": {"points": sentence}}}) == {"wording": {"en": {"points": sentence}}}


@pytest.mark.parametrize(
    ("own", "mistake"),
    [
        ({"en": {"pints": "x"}}, "wording.en.pints: is none of the bot's sentences"),
        ({"es": {"points": "{puntos}"}}, "asks for 'puntos'; its placeholders are: points"),
        ({"en": {"points": "{points.__class__}"}}, "asks for"),
        ({"en": {"points": "{points:>99999999}"}}, "braces that can't be read"),
        ({"en": {"points": "{points!r}"}}, "braces that can't be read"),
        ({"en": {"points": "{points"}}, "braces that can't be read"),
        ({"en": {"points": ""}}, "is empty"),
    ],
)
def test_own_words_that_could_fail_in_an_answer_are_refused(sentences, own, mistake):
    with pytest.raises(SettingsRefused) as refused:
        settings.merged(None, {"wording": own})
    assert mistake in refused.value.words


def test_own_words_of_an_older_release_can_still_be_read(sentences):
    assert settings.load({"wording": {"en": {"gone": "{since} then"}}}).wording["en"]["gone"] == "{since} then"
