"""Waiting without sleeping, and buckets without drift."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.simulator.bell import Bell
from bot.simulator.rates import Rates


def test_who_waits_is_woken_by_the_ring_and_not_by_the_clock() -> None:
    async def story() -> tuple[list[int], float]:
        bell, seen = Bell(), []
        waiting = asyncio.create_task(bell.until("phone", 20, lambda: seen))
        await asyncio.sleep(0)
        bell.ring("somebody else")
        seen.append(1)
        bell.ring("phone")
        began = time.monotonic()
        return await waiting, time.monotonic() - began

    seen, seconds = asyncio.run(story())
    assert seen == [1]
    assert seconds < 5


def test_nothing_new_is_an_empty_answer_in_time() -> None:
    assert asyncio.run(Bell().until("phone", 0.01, list[int])) == []


def test_a_server_that_stops_keeps_nobody_waiting() -> None:
    async def story() -> list[int]:
        bell = Bell()
        waiting = asyncio.create_task(bell.until("phone", 20, list[int]))
        await asyncio.sleep(0)
        bell.stop()
        return await asyncio.wait_for(waiting, 5)

    assert asyncio.run(story()) == []


def test_a_bucket_gives_its_burst_and_then_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("bot.simulator.rates.time.monotonic", lambda: now[0])
    rates = Rates()
    assert [rates.take("C1", 0.25, 2) for _ in range(3)] == [0, 0, 4]
    assert rates.take("C2", 0.25, 2) == 0
    now[0] += 4
    assert [rates.take("C1", 0.25, 2) for _ in range(2)] == [0, 4]
    now[0] += 1000
    assert [rates.take("C1", 0.25, 2) for _ in range(3)] == [0, 0, 4]
    assert [rates.take("C3", 0, 1) for _ in range(9)] == [0] * 9
