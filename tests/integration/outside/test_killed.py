"""Kill -9 in the middle of a broadcast: every person has the message exactly once, whatever the provider's state was.

Some were answered, some accepted and the answer was lost, some never accepted, some not even tried. What is in doubt
takes its time (a lease of 30 s, then 20 s until the provider's records are complete): hence a test of its own, on
one database.
"""

from __future__ import annotations

from collections import Counter
from itertools import cycle
from pathlib import Path

import pytest

from tests.integration.outside.outsider import Outsider
from tests.integration.outside.stand_in import StandIn
from tests.warm import Warm

pytestmark = pytest.mark.long
TEXT = "The loading dock is closed until noon."
FIRST_TEXT = f"Harbor Foods: {TEXT}\nReply STOP to end."
PHONES = [f"+1212555{n:04}" for n in range(100, 115)]
MEMBERS = [f"U0KILL{n:02}" for n in range(10)]
EVERYBODY = {"combinator": "and", "rules": [{"field": "worker.external_id", "operator": "notNull", "value": None}]}
SLOW = {"sms": {"segments_per_second": 4, "per_day": None}, "slack": {"per_minute": 240}}
"""So that at the moment of the kill some are still waiting for their turn."""


@pytest.fixture
def outsider(tmp_path: Path, stand_in: StandIn, warm: Warm) -> Outsider:
    return Outsider(tmp_path, stand_in, warm)


def test_a_broadcast_survives_kill_9(outsider: Outsider, stand_in: StandIn) -> None:
    with outsider.up() as service:
        segment, content = prepared(outsider)
        later = cycle(["hold", "lose"])
        stand_in.fate = lambda number: "answer" if number <= 4 else next(later)
        sent = outsider.json("broadcast", "send", "--content", content, "--segment", segment)
        stand_in.wait(lambda: len(stand_in.fates) >= 12)
        service.kill()
    fates = Counter(stand_in.fates)
    assert fates["answer"] == 4
    assert min(fates["hold"], fates["lose"]) >= 4
    assert sum(fates.values()) < len(PHONES) + len(MEMBERS), "nobody was still waiting"
    doubtful = {each.to for each, fate in zip(stand_in.sent, accepted(stand_in), strict=True) if fate == "hold"}
    stand_in.release()
    with outsider.up():
        stand_in.wait(lambda: {each.to for each in stand_in.sent} == {*PHONES, *MEMBERS}, 150)
        status = outsider.until(lambda each: each["status"] == "finished", "broadcast", "status", sent["id"])
        report = outsider.json("report", "broadcast", sent["id"])
    assert Counter(each.to for each in stand_in.sent) == Counter([*PHONES, *MEMBERS])
    assert {each.text for each in stand_in.sent if each.provider == "slack"} == {TEXT}
    assert {each.text for each in stand_in.sent if each.provider == "twilio"} == {FIRST_TEXT}
    assert status["deliveries"] == {"submitted": len(PHONES), "sent": len(MEMBERS)}
    assert (report["recipients"], report["skipped"]) == (25, [])
    asked = {call.params["To"] for call in stand_in.named("GET Messages.json")}
    asked |= {f"U{call.params['channel'][1:]}" for call in stand_in.named("conversations.history")}
    assert asked >= doubtful, "who has it already was found at the provider, not guessed"
    assert stand_in.strange == []


def accepted(stand_in: StandIn) -> list[str]:
    """What fate had in mind for each message that was accepted, in order."""
    return [fate for fate in stand_in.fates if fate != "lose"]


def prepared(outsider: Outsider) -> tuple[str, str]:
    """Twenty-five people, on both channels, and a text for all of them: segment and content."""
    outsider.json("org", "add", "Harbor Foods", "--slug", "harbor", "--timezone", "America/Phoenix", org=False)
    outsider.connect(**SLOW)
    rows = [f"K-{n},Kit,No{n},{phone},,yes" for n, phone in enumerate(PHONES)]
    rows += [f"M-{n},Mel,No{n},,{member}," for n, member in enumerate(MEMBERS)]
    header = "external_id,first_name,last_name,phone,slack_user_id,consent"
    told = outsider.json("workers", "import", outsider.file("people.csv", "\n".join([header, *rows, ""])))
    assert (told["created"], told["rejected"]) == (25, [])
    segment = outsider.json("segment", "add", "Everybody", "--rule", outsider.file("all.json", EVERYBODY))
    text = outsider.file("text.yaml", f"kind: text\ntitle: Dock\ntext: {TEXT}\n")
    (content,) = outsider.json("content", "import", text)
    return segment["id"], content["id"]
