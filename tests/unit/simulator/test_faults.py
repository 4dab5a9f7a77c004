"""A schedule of faults is the same for the same seed and count, and refuses what it does not understand."""

from __future__ import annotations

from collections import Counter

import pytest

from bot.simulator.faults import ACCEPTS, Faults, Schedule, ScheduleWrong

RATES = {"drop_after_accept": 0.1, "error_before": 0.1, "rate_limited": 0.2}


def drawn(seed: int, count: int = 2000) -> list[str | None]:
    schedule = Schedule.read(RATES, seed)
    return [schedule.draw(send=True) for _ in range(count)]


def test_the_same_seed_gives_the_same_faults() -> None:
    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_the_nth_fault_depends_on_n_alone() -> None:
    schedule = Schedule.read(RATES, 7)
    schedule.count = 1000
    assert [schedule.draw(send=True) for _ in range(1000)] == drawn(7)[1000:]


def test_faults_come_as_often_as_asked() -> None:
    seen = Counter(drawn(1, 10_000))
    assert {name: round(seen[name] / 10_000, 1) for name in RATES} == RATES


def test_only_sends_are_hit_and_counted_unless_all_are_meant() -> None:
    sends, everything = Schedule.read({"reset": 1}, 0), Schedule.read({"reset": 1, "on": "all"}, 0)
    assert [sends.draw(send=False), sends.count, sends.draw(send=True), sends.count] == [None, 0, "reset", 1]
    assert [everything.draw(send=False), everything.count] == ["reset", 1]


def test_a_script_comes_before_the_dice() -> None:
    schedule = Schedule.read({"script": ["hang_after", None], "reset": 1}, 0)
    assert [schedule.draw(send=True) for _ in range(3)] == ["hang_after", None, "reset"]


@pytest.mark.parametrize(
    "given",
    [
        {"twilio": {"explode": 0.5}},
        {"twilio": {"reset": 1.5}},
        {"twilio": {"reset": "often"}},
        {"twilio": {"reset": 0.6, "hang": 0.6}},
        {"twilio": {"callbacks": {"burn": 0.1}}},
        {"twilio": {"script": ["explode"]}},
        {"twilio": {"on": "mondays"}},
        {"whatsapp": {}},
    ],
)
def test_a_schedule_with_a_mistake_is_refused(given: dict[str, object]) -> None:
    faults = Faults()
    with pytest.raises(ScheduleWrong):
        faults.set(given)
    assert faults.schedules["twilio"].rates == {}


def test_callbacks_are_doubled_shuffled_and_lost() -> None:
    both = ["sent", "delivered"]
    assert Schedule().distort(1, both) == [("sent", False), ("delivered", False)]
    mixed = Schedule.read({"callbacks": {"double": 1, "shuffle": 1}}, 0)
    assert [status for status, _ in mixed.distort(1, both)] == ["delivered", "sent", "delivered", "sent"]
    assert all(lost for _, lost in Schedule.read({"callbacks": {"lose": 1}}, 0).distort(1, both))


def test_every_fault_says_whether_the_message_was_accepted() -> None:
    assert {name for name, accepted in ACCEPTS.items() if accepted} == {
        "error_after",
        "html_502_after",
        "drop_after_accept",
        "hang_after",
    }
