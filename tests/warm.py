"""The product's commands without their start: a process that has imported everything forks each of them.

To import the product takes a command a second or more of the processor's time, and the tests give hundreds of
commands. A fork is still a process of its own, with its own arguments, environment, folder, streams, signals and
exit code. What it would hide, an import that looks at the environment, shows where tests start `shiftline` itself.
The fault harness's launcher is their last step, for queues and spans of a test's own (PROVE_QUEUES, PROVE_TIMING).

`python -m tests.warm DESCRIPTOR` is that process; where the system isn't Linux each command is started cold.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import launcher

ROOT = Path(__file__).parents[1]
COLD = [sys.executable, "-m", "tests.faults.launcher"]
LARGEST = 1 << 17  # bytes of arguments and environment
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """A command's end."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on stdout."""
        return json.loads(self.out)


class Forked:
    """A process that isn't our child; as much of `subprocess.Popen` as tests need."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        self.pid = int(answers.recv(64))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""
        with suppress(TimeoutError):
            self.wait(1e-6)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code. TimeoutError while it runs."""
        if self.returncode is None:
            self._answers.settimeout(timeout)
            self.returncode = int(self._answers.recv(64) or -signal.SIGKILL)
            self._answers.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class Warm:
    """Gives commands. It starts when the first one is given, and ends with `close` or with us."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, timeout: float = 60
    ) -> Answer:
        """Give a command and wait for its end."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self.start(arguments, environment, folder, out.fileno(), err.fileno())
            try:
                code = process.wait(timeout)
            except (TimeoutError, subprocess.TimeoutExpired):
                process.kill()
                raise
            out.seek(0)
            err.seek(0)
            return Answer(code, out.read().decode(), err.read().decode())

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        out: int,
        err: int,
        *,
        without: str = "nothing",
    ) -> Forked | subprocess.Popen[bytes]:
        """Give a command, in a session of its own, that writes to these descriptors; a part may be taken out."""
        if sys.platform != "linux":
            return subprocess.Popen(
                [*COLD, without, *arguments], env={**environment, "PYTHONPATH": str(ROOT)}, cwd=folder,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
            )  # fmt: skip
        asked = json.dumps([[without, *arguments], dict(environment), str(folder)]).encode()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._guard:
            socket.send_fds(self._started(), [asked], [out, err, theirs.fileno()])
        return Forked(ours)

    def close(self) -> None:
        """End it, and with it whatever it started."""
        if self._process is not None and self._control is not None:
            self._control.close()
            self._process.wait(10)

    def _started(self) -> socket.socket:
        if self._control is None:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * LARGEST)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.warm", str(theirs.fileno())], cwd=ROOT, pass_fds=[theirs.fileno()],
                    env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                )  # fmt: skip
        return self._control


def serve(control: socket.socket) -> None:
    """Fork for every packet. Returns in each command's own process, ready to run, and at the end."""
    while True:
        packet, descriptors, _flags, _address = socket.recv_fds(control, LARGEST, 3)
        if not packet:
            os._exit(0)
        if os.fork() == 0:
            break
        for descriptor in descriptors:
            os.close(descriptor)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # watchers that have ended
                pass
    control.close()
    _die_with_parent()
    out, err, answers = descriptors
    if pid := os.fork():
        _watch(pid, socket.socket(fileno=answers))
    os.close(answers)
    _become(json.loads(packet), out, err)


def _watch(pid: int, answers: socket.socket) -> None:
    """Tell the pid, wait for its end, tell how it ended."""
    answers.send(str(pid).encode())
    _, status = os.waitpid(pid, 0)
    with suppress(OSError):  # nobody waits for it any more
        answers.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(asked: tuple[list[str], dict[str, str], str], out: int, err: int) -> None:
    arguments, environment, folder = asked
    _die_with_parent()
    os.setsid()
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["launcher", *arguments]


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _import_everything() -> None:
    """All that a command or a process would import, and nothing that starts a thread or opens anything."""
    import sqlalchemy.dialects.sqlite
    import sqlalchemy.orm

    from bot.cli.main import GROUPS

    later = [f"bot.cli.{module}" for module in set(GROUPS.values())]
    later += ["bot.app", "bot.web.slack.app", "bot.sample.demonstration", "granian.server", "psycopg", "pika"]
    later += ["sqlalchemy.dialects.postgresql.psycopg"]
    for module in later:
        importlib.import_module(module)
    sqlalchemy.orm.configure_mappers()
    gc.collect()
    gc.freeze()  # shared with every fork until somebody writes to it
    assert threading.active_count() == 1, "a fork would have none of these threads"


def main(descriptor: str) -> None:
    """Wait for commands; in a fork, be one."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the tests' own: they close us
    _import_everything()
    serve(socket.socket(fileno=int(descriptor)))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    launcher.main(*sys.argv[1:])


if __name__ == "__main__":
    main(sys.argv[1])
