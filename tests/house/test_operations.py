"""What operators copy, units and the compose file, names what there is.

They are not run here. That a command, a flag, a variable, a file or a span of time in them is the product's own
can be seen without.
"""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from cryptography.fernet import Fernet

from bot import settings
from bot.cli.main import tree
from bot.cli.processes import ENDS_WITHIN
from bot.errors import Misconfigured

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
UNITS = sorted((DOCS / "systemd").glob("*.service"))
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
COMPOSE: Mapping[str, Any] = yaml.safe_load((DOCS / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: each for name, each in COMPOSE["services"].items() if each.get("image") == "shiftline"}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
KNOWN = set(settings.NAMES) | {f"{name}_FILE" for name in settings.NAMES}


def parsed(arguments: Sequence[str]) -> click.Context:
    """The command line as `shiftline` itself reads it. click.UsageError where it isn't one."""
    name, command, rest = tree.resolve_command(click.Context(tree), list(arguments))
    assert command is not None, name
    return command.make_context(name, rest)


def unit(path: Path) -> configparser.ConfigParser:
    """A unit file; a key that is given twice would be two."""
    found = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",), strict=True)
    found.optionxform = str  # type: ignore[assignment, method-assign]
    found.read_string(path.read_text(encoding="utf-8"))
    return found


def seconds(given: str) -> float:
    return float(given.removesuffix("s"))


def test_there_is_a_unit_for_each_process() -> None:
    assert {path.name for path in UNITS} == {
        f"shiftline-{name}.service" for name in ("serve@", "work@", "clock@", "migrate")
    }


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_gives_a_command_that_there_is(path: Path) -> None:
    service = unit(path)["Service"]
    program, *arguments = shlex.split(service["ExecStart"].replace("%i", "8000"))
    assert program == "/opt/shiftline/.venv/bin/shiftline"
    assert f"shiftline-{parsed(arguments).info_name}" == path.stem.removesuffix("@")
    assert service["EnvironmentFile"] == "/etc/shiftline/environment"
    assert "@" in path.stem or service["Type"] == "oneshot"


@pytest.mark.parametrize("path", [path for path in UNITS if "@" in path.stem], ids=lambda path: path.stem)
def test_a_unit_leaves_the_time_to_end(path: Path) -> None:
    service = unit(path)["Service"]
    assert seconds(service["TimeoutStopSec"]) > ENDS_WITHIN
    assert service["Restart"] == "always", "PostgreSQL may come up later than we do"
    assert ("KillMode" in service) == path.stem.startswith("shiftline-serve"), "its parent ends its workers"


def test_the_example_environment_is_whole_and_refused_until_it_is_filled_in() -> None:
    lines = (DOCS / "systemd" / "environment").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert given.keys() <= KNOWN
    filled = {"ENCRYPTION_KEYS": Fernet.generate_key().decode(), "SECRET_KEY": "x" * 32}
    for name in filled:
        with pytest.raises(Misconfigured, match=name):
            settings.load({**given, **filled, name: given[name]})
    loaded = settings.load({**given, **filled})
    assert not loaded.on_sqlite
    assert not loaded.embedded


@pytest.mark.parametrize("name", OURS)
def test_the_compose_file_gives_commands_that_there_are(name: str) -> None:
    service = OURS[name]
    assert parsed(service["command"]).info_name == name
    assert service["environment"].keys() <= KNOWN
    assert {"DATABASE_URL", "BROKER_URL", "PUBLIC_URL", "ENCRYPTION_KEYS", "SECRET_KEY", "MEDIA_URL"} <= service[
        "environment"
    ].keys()
    assert seconds(service["stop_grace_period"]) > ENDS_WITHIN


def test_the_compose_file_runs_each_process_and_hangs_together() -> None:
    services = COMPOSE["services"]
    assert OURS.keys() == {"migrate", "serve", "work", "clock"}
    assert [services[name]["deploy"]["replicas"] for name in ("serve", "work", "clock")] == [2, 3, 2]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= services.keys()
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in COMPOSE["volumes"]
        for config in service.get("configs", ()):
            assert config["source"] in COMPOSE["configs"]
    environment = services["serve"]["environment"]
    for url, host in (("DATABASE_URL", "postgresql"), ("BROKER_URL", "rabbitmq")):
        assert f"@{host}/" in environment[url]
        assert host in services
    port = services["serve"]["command"][services["serve"]["command"].index("--port") + 1]
    assert f"reverse_proxy serve:{port} " in COMPOSE["configs"]["caddyfile"]["content"]
    assert f"127.0.0.1:{port}/livez" in services["serve"]["healthcheck"]["test"][-1]


def test_the_image_takes_files_that_there_are() -> None:
    recipe = OURS["migrate"]["build"]["dockerfile_inline"]
    taken = [name for line in re.findall(r"^COPY (.+) \S+$", recipe, re.MULTILINE) for name in line.split()]
    assert {"requirements.lock", "bot", "models", "scheduler", "templates"} <= set(taken)
    assert [name for name in taken if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_what_make_can_make(page: Path) -> None:
    blocks = re.sub(r"#.*", "", "".join(re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)))
    named = set(re.findall(r"(?:^|[ ;])make ([a-z]+)", blocks, re.MULTILINE))
    assert [name for name in sorted(named) if not re.search(rf"^{name}:", MAKEFILE, re.MULTILINE)] == []


def test_the_guide_names_units_and_log_lines_that_there_are() -> None:
    guide = (DOCS / "many-machines.md").read_text(encoding="utf-8")
    units = {path.stem.removesuffix("@") for path in UNITS}
    assert set(re.findall(r"\bshiftline-(?:serve|work|clock|migrate)\b", guide)) == units
    (table,) = re.findall(r"\| log line \|.*?\n\n", guide, re.DOTALL)
    named = re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in table.splitlines()[2:] if row))
    code = "".join(
        path.read_text(encoding="utf-8") for room in ("bot", "scheduler") for path in (ROOT / room).rglob("*.py")
    )
    assert len(named) > 5
    assert [name for name in named if f'"{name}"' not in code] == []
