"""May it go now? Every reason, and their order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery import gate
from bot.delivery.gate import GO, Candidate, End, Later
from bot.tenancy.settings import Delivery

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 23, tzinfo=UTC)
MORNING = datetime(2026, 3, 3, 8, tzinfo=UTC)
SETTINGS = Delivery.model_validate_json("{}")
FINE = Candidate(
    id=1, source_kind="broadcast", verb="send", bypass=False, part=0, channel="sms", consent="granted",
    identity_state="verified", worker_active=True, broadcast_state="running", expires_at=None, is_reply=False,
    fresh=True, zones=("UTC",),
)  # fmt: skip
FULL = tuple(NOON - timedelta(hours=hours) for hours in (1, 2, 3))


@pytest.mark.parametrize(
    ("change", "now", "decision"),
    [
        ({}, NOON, GO),
        ({"consent": "revoked"}, NOON, End("skipped", "opted_out")),
        ({"consent": None}, NOON, End("skipped", "no_consent")),
        ({"consent": None, "channel": "slack"}, NOON, GO),
        ({"consent": "revoked", "channel": "slack"}, NOON, End("skipped", "opted_out")),
        ({"consent": "revoked", "is_reply": True, "source_kind": "reply"}, NOON, End("skipped", "opted_out")),
        ({"consent": "revoked", "bypass": True, "source_kind": "confirmation"}, NOON, GO),
        ({"identity_state": "dead"}, NOON, End("skipped", "address_dead")),
        ({"identity_state": "blocked"}, NOON, End("skipped", "address_blocked")),
        ({"identity_state": "replaced"}, NOON, End("skipped", "address_replaced")),
        ({"identity_state": "unverified"}, NOON, End("skipped", "address_unverified")),
        ({"identity_state": "unverified", "source_kind": "reply", "is_reply": True}, NOON, GO),
        ({"identity_state": None, "source_kind": "reply", "is_reply": True}, NOON, GO),
        ({"worker_active": False}, NOON, End("skipped", "inactive")),
        ({"broadcast_state": "cancelled"}, NOON, End("cancelled", "broadcast_cancelled")),
        ({"broadcast_state": "paused"}, NOON, Later(NOON + gate.UNTIL_RESUMED, "broadcast_paused")),
        ({"broadcast_state": "paused", "consent": "revoked"}, NOON, End("skipped", "opted_out")),
        ({"expires_at": NOON}, NOON, End("expired", "too_late")),
        ({"expires_at": NOON + timedelta(seconds=1)}, NOON, GO),
        ({}, NIGHT, Later(MORNING, "quiet_hours")),
        ({"is_reply": True, "source_kind": "reply"}, NIGHT, GO),
        ({"is_reply": False, "source_kind": "reply"}, NIGHT, Later(MORNING, "quiet_hours")),
        ({"verb": "update"}, NIGHT, GO),
        ({"part": 1}, NIGHT, GO),
        ({"part": 1, "fresh": False}, NIGHT, Later(MORNING, "quiet_hours")),
        ({"zones": ("UTC", "Asia/Tokyo")}, NOON, Later(datetime(2026, 3, 2, 23, tzinfo=UTC), "quiet_hours")),
        ({"opened": FULL}, NOON, Later(NOON + timedelta(hours=21), "cap")),
        ({"opened": FULL, "source_kind": "reply"}, NOON, GO),
        ({"opened": FULL, "part": 1, "fresh": False}, NOON, GO),
    ],
)
def test_decisions(change, now, decision):
    found = gate.decide(replace(FINE, **change), SETTINGS, now)
    if "Asia/Tokyo" in change.get("zones", ()):
        assert found in {decision, End("skipped", "no_common_daytime"), Later(MORNING, "quiet_hours")}
        return
    assert found == decision


CANDIDATES = st.builds(
    Candidate,
    id=st.just(1),
    source_kind=st.sampled_from(["broadcast", "journey", "reminder", "reply", "notice", "confirmation"]),
    verb=st.sampled_from(["send", "update"]),
    bypass=st.just(False),
    part=st.integers(0, 2),
    channel=st.sampled_from(["sms", "slack"]),
    consent=st.sampled_from([None, "granted", "revoked"]),
    identity_state=st.sampled_from([None, "verified", "unverified", "dead", "blocked", "replaced"]),
    worker_active=st.booleans(),
    broadcast_state=st.sampled_from([None, "running", "paused", "cancelled", "finished"]),
    expires_at=st.none() | st.just(NOON) | st.just(NOON + timedelta(days=2)),
    is_reply=st.booleans(),
    fresh=st.booleans(),
    zones=st.just(("UTC",)),
    opened=st.sampled_from([(), FULL]),
)
MOMENTS = st.integers(0, 48 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))


@given(CANDIDATES, MOMENTS)
def test_whoever_said_no_is_never_written_to(candidate, now):
    decision = gate.decide(candidate, SETTINGS, now)
    if candidate.consent == "revoked" or (candidate.channel == "sms" and candidate.consent is None):
        assert isinstance(decision, End)


@given(CANDIDATES, MOMENTS)
def test_later_is_later_and_comes_to_an_end(candidate, now):
    moment = now
    for _ in range(12):
        decision = gate.decide(candidate, SETTINGS, moment)
        if not isinstance(decision, Later) or decision.reason == "broadcast_paused":
            return
        assert decision.due_at > moment
        moment = decision.due_at
    raise AssertionError("put off for ever")


@pytest.mark.parametrize(
    ("change", "now", "seconds"),
    [
        ({}, NOON, 8 * 3600),
        ({"is_reply": True}, NOON, None),
        ({"is_reply": True, "expires_at": NOON + timedelta(minutes=5)}, NOON, 300),
        ({"expires_at": NOON + timedelta(minutes=5)}, NOON, 300),
        ({}, NOON.replace(hour=19, minute=59, second=58), gate.LEAST_VALID),
    ],
)
def test_how_long_a_provider_may_keep_it(change, now, seconds):
    assert gate.valid_for(replace(FINE, **change), SETTINGS, now) == seconds
