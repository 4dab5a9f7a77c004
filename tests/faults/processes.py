"""The product's processes, and the harness as their init: what dies is started again.

Killed and frozen is a process with all its children, at one blow: the web's parent must find no time to
start another worker.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.site import OURS, Site, until

ROOT = Path(__file__).parents[2]


class Process:
    """One of the product's processes; `starts` counts how often it had to be started."""

    def __init__(self, site: Site, command: Sequence[str], without: str, number: int) -> None:
        self.command = tuple(command)
        self.starts = 0
        self.said = site.folder / f"{number}-{command[0]}.out"
        self.complained = site.folder / f"{number}-{command[0]}.err"
        kept = {name: value for name, value in os.environ.items() if name not in OURS}
        self._environment = {**kept, **site.environment, "PYTHONPATH": str(ROOT)}
        self._line = [sys.executable, "-m", "tests.faults.launcher", without, *command]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it (again); `ready` tells when it works."""
        self.starts += 1
        with self.said.open("wb") as out, self.complained.open("ab") as err:
            self._process = subprocess.Popen(
                self._line, env=self._environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True,
            )  # fmt: skip

    @property
    def ready(self) -> bool:
        """It has said so since its last start."""
        return b"ready" in self.said.read_bytes()

    @property
    def alive(self) -> bool:
        """It has not ended."""
        return self._process is not None and self._process.poll() is None

    def freeze(self) -> None:
        """SIGSTOP to all of it."""
        for pid in self._everyone():
            _signal(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT to all of it."""
        for pid in self._everyone():
            _signal(pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL to all of it. Frozen first, so that nobody is born meanwhile."""
        if self._process is None:
            return
        self.freeze()
        for pid in reversed(self._everyone()):
            _signal(pid, signal.SIGKILL)
        self._process.wait()

    def _everyone(self) -> list[int]:
        return [] if self._process is None or self._process.poll() is not None else _family(self._process.pid)


@contextmanager
def running(site: Site, *commands: Sequence[str], without: str = "nothing") -> Iterator[list[Process]]:
    """The product as these processes, ready; whatever is left of it at the end is killed."""
    processes = [Process(site, command, without, number) for number, command in enumerate(commands)]
    try:
        for process in processes:
            process.start()
        until(lambda: all(process.ready for process in processes) or _ended(processes), 60, "the processes are ready")
        yield processes
    finally:
        for process in processes:
            process.kill()


def distributed(site: Site, workers: int) -> list[tuple[str, ...]]:
    """`serve`, `work` several times and `clock`."""
    return [("serve", "--port", site.port, "--workers", "1"), *[("work",)] * workers, ("clock",)]


def tend(processes: Sequence[Process]) -> int:
    """Start again what has died. Returns how many those were."""
    dead = [process for process in processes if not process.alive]
    for process in dead:
        process.start()
    return len(dead)


def _ended(processes: Sequence[Process]) -> bool:
    """False; RuntimeError with its last words if one ended instead of being ready."""
    for process in processes:
        if not process.alive:
            words = process.complained.read_text(encoding="utf-8", errors="replace")[-800:]
            raise RuntimeError(f"shiftline {' '.join(process.command)} ended at once: {words}")
    return False


def _family(pid: int) -> list[int]:
    """A process and its children, parents first."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return [pid]
    return [pid, *(member for child in children for member in _family(int(child)))]


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
