"""Processes under measurement: started, waited for, weighed and ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
FOREIGN = ("SHIFTLINE", "DATABASE_URL", "BROKER_URL", "PUBLIC_URL", "TWILIO", "SLACK", "MEDIA_URL", "SMTP")
SHIFTLINE = ("-c", "from bot.cli import main; main()")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(arguments: Sequence[str], environment: Mapping[str, str], ready: str, folder: Path) -> Iterator[int]:
    """A Python process with these arguments; its pid once it has said `ready` on stdout."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    told = folder / f"stderr-{free_port()}"
    with told.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=plain | dict(environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
    try:
        _await(process, ready.encode(), told)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _await(process: subprocess.Popen[bytes], ready: bytes, told: Path, seconds: float = 60) -> None:
    assert process.stdout is not None
    end, said = time.monotonic() + seconds, b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := end - time.monotonic()) > 0 and selector.select(left):
            part = os.read(process.stdout.fileno(), 4096)
            said += part
            if ready in said:
                return
            if not part:
                break
    raise RuntimeError(f"It did not start: {told.read_text()[-2000:]}")


def tree(pid: int) -> list[int]:
    """A process and all that come from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                found += tree(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """CPU that a process and its living descendants have used, in user and system mode."""
    total = 0
    for each in tree(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_mb(pid: int) -> float:
    """The proportional set size of a process tree in MB (10^6 bytes): pages that are shared count once."""
    total = 0
    for each in tree(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total * 1024 / 1e6
