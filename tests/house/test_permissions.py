"""Every address and every command says who may use it; one that doesn't is found here, not by a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from bot import settings
from bot.channels.registry import CHANNELS
from bot.cli.desk import OPERATOR
from bot.cli.main import GROUPS, HELP, tree
from bot.content.media import Store
from bot.database import Database
from bot.delivery.dispatch import Dispatcher
from bot.tenancy.roles import PERMISSIONS
from bot.web import build
from bot.web.security import OPEN, SIGNED_IN

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("web")
    loaded = settings.load({"SHIFTLINE_DATA": str(folder)})
    database = Database(loaded.database_url)
    store = Store(folder / "media", "", loaded.secret_key)
    return build(loaded, database, Dispatcher(database, loaded, None, store), store, CHANNELS)  # type: ignore[arg-type]


def test_every_route_declares_a_permission(app: Flask) -> None:
    rules = list(app.url_map.iter_rules())
    assert len(rules) >= 6
    declared = {rule.rule: getattr(app.view_functions[rule.endpoint], "permission", None) for rule in rules}
    assert {rule for rule, name in declared.items() if name not in OPEN | {SIGNED_IN} | set(PERMISSIONS)} == set()


def test_a_route_without_one_is_never_served(tmp_path: Path) -> None:
    loaded = settings.load({"SHIFTLINE_DATA": str(tmp_path)})
    database, store = Database(loaded.database_url), Store(tmp_path, "", loaded.secret_key)
    app = build(loaded, database, Dispatcher(database, loaded, None, store), store, ())  # type: ignore[arg-type]
    app.add_url_rule("/forgotten", view_func=lambda: "secret", endpoint="forgotten")
    answer = app.test_client().get("/forgotten")
    assert answer.status_code == 403
    assert b"secret" not in answer.data


def test_hooks_are_the_providers_and_take_nothing_but_post(app: Flask) -> None:
    hooks = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/hooks/")]
    assert {rule.rule for rule in hooks} == {
        "/hooks/twilio/messages", "/hooks/twilio/status/<int:delivery>", "/hooks/slack", "/hooks/slack/<integration>",
    }  # fmt: skip
    for rule in hooks:
        assert (rule.methods or set()) - {"OPTIONS"} == {"POST"}
        assert app.view_functions[rule.endpoint].permission == "provider"  # type: ignore[attr-defined]


def commands(group: click.Group, path: str = "shiftline") -> Iterator[tuple[str, click.Command]]:
    """Every command that can be given, by its whole path; lazy groups are loaded."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None, f"{path} {name}"
        if isinstance(found, click.Group):
            yield from commands(found, f"{path} {name}")
        else:
            yield f"{path} {name}", found


COMMANDS = dict(commands(tree))


def test_the_tree_is_whole() -> None:
    assert set(GROUPS) == set(HELP)
    assert {"shiftline demo", "shiftline integration add twilio", "shiftline broadcast send"} <= set(COMMANDS)
    assert len(COMMANDS) >= 30


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_every_command_declares_a_permission_and_explains_itself(path: str) -> None:
    command = COMMANDS[path]
    assert getattr(command, "permission", None) in {OPERATOR, *PERMISSIONS}
    assert command.help
    assert command.help.strip().endswith(".")


@pytest.mark.parametrize(
    "path",
    sorted(set(COMMANDS) - {f"shiftline {name}" for name in ("demo", "up", "serve", "work", "clock", "migrate")}),
)
def test_every_command_that_answers_can_answer_in_json(path: str) -> None:
    assert "--json" in {option for parameter in COMMANDS[path].params for option in parameter.opts}


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_a_command_of_an_organization_can_be_given_as_somebody(path: str) -> None:
    options = {option for parameter in COMMANDS[path].params for option in parameter.opts}
    assert ("--org" in options) == ("--as" in options)
    assert ("--org" in options) == (COMMANDS[path].permission != OPERATOR) or path == "shiftline content check"  # type: ignore[attr-defined]


def test_no_secret_is_given_as_an_argument() -> None:
    """What stands on a command line stands in the process list and in the shell's history."""
    for path, command in COMMANDS.items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert not options & {"--password", "--auth-token", "--bot-token", "--signing-secret", "--token"}, path


def test_every_setting_is_documented() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in settings.NAMES if name not in text] == []


def test_every_setting_that_is_read_has_a_name() -> None:
    import re

    read = set(
        re.findall(
            r'source\.get\("([A-Z_]+)"\)', (ROOT / "bot" / "settings" / "__init__.py").read_text(encoding="utf-8")
        )
    )
    apis = {channel.api_url_setting for channel in CHANNELS}
    assert read | apis == set(settings.NAMES)
