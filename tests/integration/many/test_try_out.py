"""The one command by which somebody tries out many processes, as it stands in the documents."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sample import people
from bot.settings import NAMES
from bot.simulator.client import Control
from tests.conftest import postgresql_copy
from tests.integration.outside.outsider import free_port
from tests.integration.sending import until
from tests.warm import ROOT, Warm

pytestmark = [pytest.mark.postgresql, pytest.mark.rabbitmq, pytest.mark.long]
PATIENCE = 180.0  # seven processes are started from nothing
RULE = {"combinator": "and", "rules": [{"field": "tags", "operator": "hasAny", "value": ["forklift"]}]}
ADDRESS, PID = re.compile(r"--simulator (\S+)"), re.compile(r"^(\S+) +\| pid (\d+):", re.MULTILINE)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An empty database, the machine's RabbitMQ, and nothing else of ours."""
    kept = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in NAMES}
    with postgresql_copy("_many") as url:
        yield {
            **kept,
            "PYTHONPATH": str(ROOT),
            "SHIFTLINE_DATA": str(tmp_path / "data"),
            "DATABASE_URL": url,
            "BROKER_URL": os.environ["SHIFTLINE_TEST_BROKER_URL"],
        }


class Tried:
    """`shiftline demo --many` and what it says."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.port = two_free_ports()
        self.said, self.told = folder / "many.out", folder / "many.err"
        with self.said.open("wb") as out, self.told.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "demo", "--many", "--port", str(self.port)],
                env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )  # fmt: skip

    def ready(self) -> list[str]:
        """The addresses of the line that says so."""
        until(lambda: "\n" in self.said.read_text() or self.process.poll() is not None, PATIENCE)
        (line,) = self.said.read_text().splitlines() or [f"ended: {self.told.read_text()[-1500:]}"]
        assert line.startswith("Shiftline is ready: "), line
        until(lambda: len(self.pids()) == 7)
        return line.removeprefix("Shiftline is ready: ").split()

    def pids(self) -> dict[str, int]:
        return {name: int(pid) for name, pid in PID.findall(self.told.read_text())}

    @property
    def simulator(self) -> Control:
        (url,) = set(ADDRESS.findall(self.told.read_text()))
        return Control(url)


def test_make_many_is_ready_survives_a_kill_and_ends_in_order(
    environment: dict[str, str], tmp_path: Path, warm: Warm
) -> None:
    tried = Tried(environment, tmp_path)
    try:
        first, second = urls = tried.ready()
        assert urls == [f"http://127.0.0.1:{tried.port}", f"http://127.0.0.1:{tried.port + 1}"]
        assert [answer(f"{url}/{page}") for url in urls for page in ("readyz", "simulator")] == [200] * 4
        pids = tried.pids()
        assert Counter(name.partition(".")[0] for name in pids) == {"serve": 2, "work": 3, "clock": 2}
        os.kill(pids["work.2"], signal.SIGKILL)
        until(lambda: "work.2  | ended with -9; nothing starts it again" in tried.told.read_text())
        everybody_gets_it_once(tried, environment | {"PUBLIC_URL": first}, tmp_path, warm)
        assert both_webs_take_hooks(tried) == [200, 200]
        tried.process.send_signal(signal.SIGINT)
        assert tried.process.wait(PATIENCE) == 0
    finally:
        tried.process.kill()
        tried.process.wait()
    assert not [name for name, pid in pids.items() if Path(f"/proc/{pid}").exists()]
    assert second.endswith(str(tried.port + 1))


def everybody_gets_it_once(tried: Tried, environment: dict[str, str], folder: Path, warm: Warm) -> None:
    """A broadcast to everybody who drives a forklift."""

    def shiftline(*arguments: str) -> dict[str, object]:
        done = warm.run([*arguments, "--org", "harbor-pine", "--json"], environment, folder)
        assert done.code == 0, done.err
        return done.json

    (folder / "rule.json").write_text(json.dumps(RULE))
    (folder / "text.yaml").write_text("kind: text\ntitle: Dock\ntext: The loading dock is closed until noon.\n")
    segment = str(shiftline("segment", "add", "Drivers", "--rule", "rule.json")["id"])
    content = str(shiftline("content", "import", "text.yaml")[0]["id"])  # type: ignore[index]
    placed = str(shiftline("broadcast", "send", "--content", content, "--segment", segment)["id"])
    until(lambda: shiftline("broadcast", "status", placed)["status"] == "finished", PATIENCE)
    rows = [row for kind in ("twilio.send", "slack.chat.postMessage") for row in tried.simulator.all_rows(kind)]
    got = Counter(row["data"].get("phone") or row["data"]["channel"] for row in rows)
    assert len(got) > 5
    assert set(got.values()) == {1}


def both_webs_take_hooks(tried: Tried) -> list[int]:
    """Twilio's go to the first, Slack's to the second: the statuses that they answered."""
    control = tried.simulator
    (sent, *_) = control.ledger(kind="twilio.send")
    with people.FILE.open(encoding="utf-8", newline="") as file:
        somebody = next(row["slack_user_id"] for row in csv.DictReader(file) if row["slack_user_id"])
    texted = control.text(sent["data"]["phone"], sent["data"]["sender"], "Thanks!")
    return [texted["status_code"], control.dm("T0SAMPLE", somebody, "Thanks!")["status_code"]]


def answer(url: str) -> int:
    with urllib.request.urlopen(url, timeout=20) as got:
        return int(got.status)


def two_free_ports() -> int:
    """The first of two neighbours."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port + 1)):
                return port
