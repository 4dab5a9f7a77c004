"""The simulator as a subprocess, for tests, the demo and benchmarks.

with SimulatorProcess(ledger=path) as simulator:
    control = simulator.control
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from bot.simulator.client import Control

READY = "Simulator is ready: "
ROOT = Path(__file__).resolve().parents[2]


class SimulatorProcess:
    """Starts `python -m bot.simulator` on a free port and waits until it is ready."""

    def __init__(
        self,
        *,
        ledger: Path | str | None = None,
        lean: bool = False,
        port: int = 0,
        config: Mapping[str, Any] | None = None,
        die_with_parent: bool = True,
    ) -> None:
        self.url = ""
        self.complaints: list[str] = []  # what it wrote to stderr
        self._folder = tempfile.TemporaryDirectory(prefix="simulator-")
        folder = Path(self._folder.name)
        self.ledger = Path(ledger) if ledger is not None else folder / "ledger.sqlite3"
        self._command = [sys.executable, "-m", "bot.simulator", "--port", str(port), "--ledger", str(self.ledger)]
        if lean:
            self._command.append("--lean")
        if die_with_parent:
            self._command.append("--die-with-parent")
        if config is not None:
            written = folder / "config.json"
            written.touch(mode=0o600)
            written.write_text(json.dumps(dict(config)), encoding="utf-8")
            self._command += ["--config", str(written)]
        self._process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []

    @property
    def twilio_url(self) -> str:
        """For TWILIO_API_URL."""
        return self.url

    @property
    def slack_url(self) -> str:
        """For SLACK_API_URL."""
        return f"{self.url}/slack/api/"

    @property
    def control(self) -> Control:
        """A client for the control API."""
        return Control(self.url)

    @property
    def pid(self) -> int:
        """The process id; 0 if it does not run."""
        return self._process.pid if self._process is not None else 0

    def start(self, timeout: float = 20.0) -> Self:
        """Start and wait for the ready line. RuntimeError with what it said if it ends instead."""
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            self._command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        lines: queue.Queue[str] = queue.Queue()
        self._readers = [
            threading.Thread(target=_read, args=(self._process.stdout, lines.put, lines.put), daemon=True),
            threading.Thread(target=_read, args=(self._process.stderr, self.complaints.append, str), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        try:
            line = lines.get(timeout=timeout)
        except queue.Empty:
            line = "no answer"
        if not line.startswith(READY):
            self.kill()
            raise RuntimeError(f"The simulator did not start: {''.join(self.complaints).strip() or line}")
        self.url = line.removeprefix(READY).strip()
        return self

    def stop(self, timeout: float = 10.0) -> None:
        """End it with SIGTERM, and with SIGKILL if it does not. Its temporary files go with it."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
        self.kill()
        self._folder.cleanup()

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone. `start` may be called again, on the same ledger."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _read(pipe: IO[str] | None, keep: Callable[[str], object], end: Callable[[str], object]) -> None:
    """Read a pipe to its end, for a full one would stop the simulator; `end` is called with nothing at last."""
    if pipe is None:
        return
    with pipe:
        for line in pipe:
            keep(line)
    end("")
