"""`shiftline demo` in an empty folder: how long until it is ready, seeding included, and what it weighs idle."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from tests.benchmarks import processes
from tests.figures import Context, Figure

STARTS = 5
STILL = 0.02
"""A tree that uses less than this share of one core between two looks is idle."""


def measure(context: Context) -> Iterable[Figure]:
    """From the command to the ready line, and the proportional set size of the whole tree once it idles."""
    seconds, weights = [], []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            arguments = [*processes.SHIFTLINE, "demo", "--port", str(processes.free_port())]
            environment = {"SHIFTLINE_DATA": str(folder / "data")}
            began = time.perf_counter()
            with processes.running(arguments, environment, "Shiftline is ready", folder) as pid:
                seconds.append(time.perf_counter() - began)
                _idle(pid)
                weights.append(processes.memory_mb(pid))
                context.say(f"start: {seconds[-1]:.2f} s, {weights[-1]:.0f} MB")
    yield Figure("start", median(seconds), "s", target="<= 5")
    yield Figure("start.memory", median(weights), "MB (sum of PSS)", target="<= 250")


def _idle(pid: int, patience: float = 20) -> None:
    """Wait until the tree does next to nothing for a second."""
    end, before = time.monotonic() + patience, processes.cpu_seconds(pid)
    while time.monotonic() < end:
        time.sleep(1)
        now = processes.cpu_seconds(pid)
        if now - before <= STILL:
            return
        before = now
