"""The harness' own judgement: a proof that overlooks a loss or a double is worse than none."""

from __future__ import annotations

import pytest

from tests.faults.truth import Message, Told, Verdict, judge

ANA = "+12025550100"
ONE, TWO = Message(ANA, "SM1"), Message(ANA, "SM2")
LOST, DOUBLED = Verdict(lost=[ANA]), Verdict(doubled=[ANA])
UNTRUE, UNFINISHED = Verdict(untrue=[ANA]), Verdict(unfinished=[ANA])


@pytest.mark.parametrize(
    ("told", "messages", "verdict"),
    [
        (Told(ANA, "delivered", "SM1"), [ONE], Verdict()),
        (Told(ANA, "delivered", "SM1"), [ONE, ONE], Verdict()),
        (Told(ANA, "delivered", "SM1"), [], LOST),
        (None, [], LOST),
        (None, [ONE], DOUBLED),
        (Told(ANA, "delivered", "SM1"), [ONE, TWO], Verdict(doubled=[ANA], unflagged=[ANA])),
        (Told(ANA, "delivered", "SM1", flagged="possibly_twice"), [ONE, TWO], DOUBLED),
        (Told(ANA, "failed", reason="no such number"), [], Verdict()),
        (Told(ANA, "failed", reason="no such number"), [ONE], UNTRUE),
        (Told(ANA, "submitted", "SM2"), [ONE], UNTRUE),
        (Told(ANA, "in_doubt", flagged="maybe_lost"), [], Verdict()),
        (Told(ANA, "in_doubt"), [ONE], UNFINISHED),
        (Told(ANA, "queued"), [], UNFINISHED),
    ],
)
def test_what_happened_beside_what_is_told(told: Told | None, messages: list[Message], verdict: Verdict) -> None:
    assert judge([ANA], [told] if told else [], messages) == verdict
