"""The real command in a process of its own: exit codes, streams and signals as a shell sees them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.settings import NAMES
from tests.warm import Warm

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-c", "from bot.cli import main; main()"]


@pytest.fixture
def clean(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in NAMES}
    return {**kept, "SHIFTLINE_DATA": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}


def given(clean: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, env=clean, cwd=folder, timeout=60,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


@contextmanager
def running(clean: dict[str, str], folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`up` and the address of its ready line."""
    process = subprocess.Popen(
        [*COMMAND, "up", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean, cwd=folder
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def test_from_any_folder_without_a_terminal(clean: dict[str, str], tmp_path: Path) -> None:
    shown = given(clean, tmp_path, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    refused = given(clean, tmp_path, "content", "list", "--org", "x", "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(
        f"There is no database at {tmp_path}/data/shiftline.db yet. Run `shiftline migrate`,"
    )
    checked = given(clean, tmp_path, "check", "--json")
    assert checked.returncode == 1
    assert isinstance(json.loads(checked.stdout), list)
    assert list(tmp_path.iterdir()) == []


def test_progress_and_logs_stay_out_of_the_document(clean: dict[str, str], tmp_path: Path, warm: Warm) -> None:
    clean["LOG_LEVEL"] = "DEBUG"
    assert warm.run(["migrate"], clean, tmp_path).code == 0
    add = ["org", "add", "Harbor", "--slug", "harbor", "--timezone", "UTC", "--json"]
    assert warm.run(add, clean, tmp_path).json["slug"] == "harbor"
    (tmp_path / "w.csv").write_text("external_id,first_name,last_name\nW1,Ana,Okafor\n", encoding="utf-8")
    imported = warm.run(["workers", "import", "w.csv", "--org", "harbor", "--json"], clean, tmp_path)
    assert imported.json["created"] == 1
    assert "Traceback" not in imported.err


def test_a_reader_that_goes_away(clean: dict[str, str], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        ended = subprocess.run(
            [*COMMAND, "--help"], stdout=gone, stderr=subprocess.PIPE, text=True, env=clean, cwd=tmp_path, timeout=60,
            check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("arguments", [("--help",), ("check",), ("check", "--json"), ("broadcast", "--help")])
def test_a_disk_that_is_full(clean: dict[str, str], tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, env=clean, cwd=tmp_path, timeout=60,
            check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == "The output can't be written: No space left on device.\n"


def test_a_key_is_made_when_it_is_needed_and_said_where(clean: dict[str, str], tmp_path: Path) -> None:
    for command in (("migrate",), ("org", "add", "Harbor", "--slug", "harbor", "--timezone", "UTC")):
        assert given(clean, tmp_path, *command).returncode == 0
    assert not list((tmp_path / "data").glob("*key*"))
    (tmp_path / "token").write_text("x", encoding="utf-8")
    connect = ("integration", "add", "slack", "--org", "harbor", "--team-id", "T0ABC", "--bot-token-file", "token")
    made = given(clean, tmp_path, *connect, "--json")
    assert json.loads(made.stdout)["status"] == "untested"
    assert made.stderr.startswith(f"A key was made in {tmp_path}/data/encryption_keys: keep it")
    assert given(clean, tmp_path, "integration", "list", "--org", "harbor").stderr == ""


def test_up_is_ready_refuses_a_second_and_ends_in_order(clean: dict[str, str], tmp_path: Path) -> None:
    port = str(_free_port())
    with running(clean, tmp_path, "--port", port) as (process, line):
        url = f"http://127.0.0.1:{port}"
        assert line == f"Shiftline is ready: {url}"
        with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:
            assert json.load(answer)["status"] == "ready"
        second = given(clean, tmp_path, "up", "--port", port)
        assert (second.returncode, second.stdout) == (1, "")
        assert f"Port {port}" in second.stderr
        assert "Traceback" not in second.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
