"""The top of the command tree, and the one place where an error becomes a sentence and an exit code."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import traceback
from contextlib import suppress

import click

from bot.errors import Misconfigured, Refused, ShiftlineError

GROUPS = {
    "check": "checkup", "demo": "processes", "up": "processes", "serve": "processes", "work": "processes",
    "clock": "processes", "migrate": "processes", "org": "organizations", "user": "organizations",
    "integration": "integrations", "workers": "workers", "segment": "segments", "content": "contents",
    "media": "contents", "template": "contents", "broadcast": "broadcasts", "report": "reports",
}  # fmt: skip
"""Command → the module that has it, so that `shiftline --help` imports almost nothing."""

HELP = {
    "demo": "Everything in one, with a sample organization and simulated phones.",
    "up": "Everything in one, for a small real installation.",
    "serve": "The web only (PostgreSQL and RabbitMQ).",
    "work": "Actors only (PostgreSQL and RabbitMQ).",
    "clock": "The scheduler only (PostgreSQL and RabbitMQ).",
    "migrate": "Bring the database to this version's shape.",
    "check": "Say what is misconfigured, in plain words.",
    "org": "Organizations.",
    "user": "Those who sign in.",
    "integration": "Connections to Twilio and Slack.",
    "workers": "The people on the floor.",
    "segment": "Audiences by rule.",
    "content": "What can be sent.",
    "media": "Files that contents carry.",
    "template": "Approval of templates.",
    "broadcast": "Send, watch, pause, cancel.",
    "report": "Who got it, who answered what.",
}


class Tree(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature, also below
        """In the order of the table."""
        return list(HELP)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module that has it."""
        module = GROUPS.get(cmd_name)
        if module is None:
            return None
        found: click.Command = importlib.import_module(f"bot.cli.{module}").COMMANDS[cmd_name]
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(HELP.items()))


@click.command(cls=Tree, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="shiftline", prog_name="shiftline")
def tree() -> None:
    """Shiftline: content, quizzes and reflections for workers without a desk, over SMS and Slack."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command; exit 2 for bad input or configuration, 1 for what is out of reach or unforeseen."""
    try:
        code = tree.main(args=arguments, prog_name="shiftline", standalone_mode=False)
        if isinstance(code, int) and code:  # a command that chose its own exit code
            sys.exit(code)
    except click.exceptions.NoArgsIsHelpError as error:
        _fail(error.format_message(), 2)
    except click.ClickException as error:
        _fail(_sentence(error), 2)
    except click.Abort:
        _fail("Interrupted.", 130)
    except ShiftlineError as error:
        _fail(error.words, 2 if isinstance(error, Refused | Misconfigured) else 1)
    except OSError as error:
        _fail(_unwritten(error), 1)
    except Exception as error:  # noqa: BLE001 - the last door: a person must not meet a traceback
        _fail(_unforeseen(error), 1)


def _unwritten(error: OSError) -> str:
    """A file that failed in the midst of a command, by its name; without one it is stdout that failed.

    A full disk is a sentence; a reader who went away (`| head`) hears nothing more. What Python may still hold
    for stdout goes nowhere, or it would try once more at the end and show a traceback.
    """
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    if error.errno not in _OUTPUT:
        return _unforeseen(error)
    with suppress(OSError, ValueError):  # stdout may be no file at all
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return "" if isinstance(error, BrokenPipeError) else f"The output can't be written: {error.strerror}."


_OUTPUT = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def _unforeseen(error: Exception) -> str:
    if os.environ.get("LOG_LEVEL", "").upper() == "DEBUG":
        traceback.print_exc()
    return f"Something unforeseen happened ({type(error).__name__}). LOG_LEVEL=DEBUG shows where."


def _sentence(error: click.ClickException) -> str:
    words = error.format_message().rstrip(".").strip()
    hint = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
    return f"{words}." + (f' See "{hint} --help".' if hint else "")


def _fail(words: str, code: int) -> None:
    if words:
        with suppress(OSError):  # stderr may be as full as stdout
            click.echo(words if words.endswith((".", "!", "?", '"')) else f"{words}.", err=True)
    sys.exit(code)
