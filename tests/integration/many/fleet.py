"""The product as an operator runs it: processes, what each of them says, and how each ends."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.sending import until
from tests.warm import Forked, Warm

PATIENCE = 60.0


@dataclass(slots=True)
class Member:
    """One process."""

    command: Sequence[str]
    said: Path
    complained: Path
    process: Forked | subprocess.Popen[bytes]

    @property
    def ready(self) -> bool:
        """It has said so; AssertionError with its last words if it has ended instead."""
        if b" ready" in self.said.read_bytes():
            return True
        assert self.process.poll() is None, f"{self.command} ended: {self.complained.read_text()[-800:]}"
        return False

    def events(self) -> list[dict[str, Any]]:
        """Its log."""
        lines = self.complained.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def told(self, *names: str) -> list[str]:
        """Which of these events it logged, in order."""
        return [each["event"] for each in self.events() if each["event"] in names]

    def end(self) -> int:
        """SIGTERM, and its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


@dataclass(slots=True)
class Fleet:
    """Processes of one installation, with this environment."""

    warm: Warm
    folder: Path
    environment: dict[str, str]
    members: list[Member] = field(default_factory=list)

    def start(self, *command: str, **changes: str) -> Member:
        """Start one; `changes` to its environment."""
        number = len(self.members)
        said, complained = (self.folder / f"{number}-{command[0]}.{end}" for end in ("out", "err"))
        with said.open("wb") as out, complained.open("wb") as err:
            process = self.warm.start(command, self.environment | changes, self.folder, out.fileno(), err.fileno())
        member = Member(command, said, complained, process)
        self.members.append(member)
        return member

    def started(self, *commands: Sequence[str]) -> list[Member]:
        """Start these and wait until they are ready."""
        members = [self.start(*command) for command in commands]
        until(lambda: all(member.ready for member in members), PATIENCE)
        return members

    def end(self) -> Mapping[str, int]:
        """SIGTERM to everybody at once; exit codes other than 0."""
        for member in self.members:
            member.process.terminate()
        codes = {f"{n} {member.command[0]}": member.process.wait(PATIENCE) for n, member in enumerate(self.members)}
        return {name: code for name, code in codes.items() if code}

    def kill(self) -> None:
        """Whatever is left."""
        for member in self.members:
            member.process.kill()
            member.process.wait(PATIENCE)
