"""`shiftline demo`, `up`, `serve`, `work`, `clock` and `migrate`: the same service with other parts started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from bot import log, schema
from bot import settings as configuration
from bot.cli.desk import OPERATOR, stderr
from bot.errors import Misconfigured, Unavailable
from bot.settings import Settings
from bot.web import server
from bot.web.server import Application, Place


class OneProcessOnly(Misconfigured):
    """Separate processes need PostgreSQL and RabbitMQ: set DATABASE_URL and BROKER_URL, or use `shiftline up`."""

    code = "one_process_only"


class SimulatorAway(Unavailable):
    """The simulator did not start."""

    code = "simulator_away"


def _listening(function: Callable[..., Any]) -> Callable[..., Any]:
    host = click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
    port = click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
    return host(port(function))


@click.command("demo")
@_listening
def demo(host: str, port: int) -> None:
    """Everything in one, with a sample organization and simulated phones."""
    from bot.sample import demonstration

    place = Place(host, port)
    settings = _prepared(place)
    server.free(place)
    simulator, url = _simulator(settings.data)
    try:
        settings = demonstration.prepare(settings, url, _said)
        _said("\n".join(demonstration.ways_in(place.url)))
        _said("Starting …")
        server.serve(place, partial(_all_in_one, settings))
    finally:
        simulator.terminate()
        simulator.wait(timeout=10)


@click.command("up")
@_listening
def up(host: str, port: int) -> None:
    """Everything in one, for a small real installation."""
    place = Place(host, port)
    settings = _prepared(place)
    server.free(place)
    server.serve(place, partial(_all_in_one, settings))


@click.command("serve")
@_listening
@click.option("--workers", default=os.cpu_count() or 1, show_default=True, type=click.IntRange(1, 256))
def serve(host: str, port: int, workers: int) -> None:
    """The web only (PostgreSQL and RabbitMQ)."""
    place = Place(host, port, workers)
    settings = _distributed(place)
    server.serve(place, partial(_web, settings))


@click.command("work")
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 256))
def work(threads: int) -> None:
    """Actors only (PostgreSQL and RabbitMQ)."""
    from bot import app

    service = app.join(_distributed(None))
    schema.check(service.database)
    service.start_actors(threads)
    _until_ended("Shiftline's actors are ready.", service.stop)


@click.command("clock")
def clock() -> None:
    """The scheduler only (PostgreSQL and RabbitMQ)."""
    from bot import app

    service = app.join(_distributed(None))
    schema.check(service.database)
    service.start_clock()
    _until_ended("Shiftline's clock is ready.", service.stop)


@click.command("migrate")
@click.option("--to", "revision", help="Go back to this revision; what came after is lost.")
def migrate(revision: str | None) -> None:
    """Bring the database to this version's shape."""
    settings = configuration.load()
    log.start(settings.log_level)
    if revision is None:
        schema.upgrade(settings.database_url)
        click.echo("The database has this version's shape.", err=True)
    else:
        schema.downgrade(settings.database_url, revision)
        click.echo(f"The database is at {revision}.", err=True)


def _said(words: str) -> None:
    stderr.print(words)


def _prepared(place: Place) -> Settings:
    """Settings of an all-in-one start, with its tables made."""
    settings = configuration.load()
    log.start(settings.log_level)
    if not settings.public_url:
        settings = replace(settings, public_url=place.url)
    schema.upgrade(settings.database_url)
    return settings


def _distributed(place: Place | None) -> Settings:
    settings = configuration.load()
    log.start(settings.log_level)
    if settings.on_sqlite or settings.embedded:
        raise OneProcessOnly
    if not settings.public_url:
        if place is None:
            raise Misconfigured("PUBLIC_URL is not set: providers could not tell us what became of messages.")
        settings = replace(settings, public_url=place.url)
    return settings


def _all_in_one(settings: Settings) -> Application:
    from bot import app

    log.start(settings.log_level)
    service = app.join(settings)
    flask = app.create_app(service)
    service.start_actors()
    service.start_clock()
    return Application(flask, service.stop)


def _web(settings: Settings) -> Application:
    from bot import app

    log.start(settings.log_level)
    service = app.join(settings)
    return Application(app.create_app(service), service.stop)


def _until_ended(words: str, stop: Callable[[], None]) -> None:
    ended = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    click.echo(words)
    ended.wait()
    stop()


def _simulator(data: Path) -> tuple[subprocess.Popen[str], str]:
    """The simulator as a process of its own. No thread may be started here: the server forks later."""
    data.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "bot.simulator", "--port", "0", "--die-with-parent"]
    command += ["--ledger", str(data / "simulator.sqlite3")]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)  # noqa: S603 - our own module
    assert process.stdout is not None, "it has a pipe"
    line = process.stdout.readline()
    if "http" not in line:
        raise SimulatorAway
    return process, line.split()[-1].strip()


COMMANDS = {"demo": demo, "up": up, "serve": serve, "work": work, "clock": clock, "migrate": migrate}
for _command in COMMANDS.values():
    _command.permission = OPERATOR  # type: ignore[attr-defined]
