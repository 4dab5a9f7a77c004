"""`shiftline demo`, `up`, `serve`, `work`, `clock` and `migrate`: the same service with other parts started."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import make_url

from bot import log, schema
from bot import settings as configuration
from bot.cli.desk import OPERATOR, stderr
from bot.database import Database
from bot.errors import Misconfigured, Unavailable
from bot.settings import Settings
from bot.web import server
from bot.web.server import Application, Place

ENDS_WITHIN = 40.0
"""Seconds from SIGTERM: the longest that a piece of work may take, and closing everything after it."""


class OneProcessOnly(Misconfigured):
    """Separate processes need PostgreSQL and RabbitMQ: set DATABASE_URL and BROKER_URL, or use `shiftline up`."""

    code = "one_process_only"


class SimulatorAway(Unavailable):
    """The simulator did not start."""

    code = "simulator_away"


def _listening(function: Callable[..., Any]) -> Callable[..., Any]:
    host = click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
    port = click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="On which port.")
    return host(port(function))


@click.command("demo")
@_listening
@click.option("--many", is_flag=True, help="As many processes, on PostgreSQL and RabbitMQ.")
def demo(host: str, port: int, many: bool) -> None:
    """Everything in one, with a sample organization and simulated phones."""
    (_demonstrate_many if many else _demonstrate)(Place(host, port))


def _demonstrate(place: Place) -> None:
    from bot.sample import demonstration

    settings = _prepared(place)
    server.free(place)
    with _simulator(settings.data) as url:
        settings = demonstration.prepare(settings, url, _said)
        _said("\n".join(demonstration.ways_in(place.url)))
        _said("Starting …")
        server.serve(place, partial(_all_in_one, settings))


def _demonstrate_many(place: Place) -> None:
    """Two webs, three workers and two clocks; exit 1 if one of them did not end in order."""
    from bot.sample import demonstration, many

    settings = replace(_distributed(place), public_url=place.url)
    for web in many.places(place):
        server.free(web)
    schema.upgrade(settings.database_url)
    with _simulator(settings.data) as url:
        settings = demonstration.prepare(settings, url, _said, slack_at=many.places(place)[1].url)
        if not many.run(settings, place, _plainly):
            sys.exit(1)


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
@click.option("--simulator", hidden=True, help="Where `demo --many` has its simulated providers, for their page.")
def serve(host: str, port: int, workers: int, simulator: str | None) -> None:
    """The web only (PostgreSQL and RabbitMQ)."""
    from bot import app

    place = Place(host, port, workers)
    settings = _distributed(place)
    app.check(settings)
    if simulator:
        settings = replace(settings, demo=True, simulator_url=simulator)
    server.serve(place, partial(_web, settings))


@click.command("work")
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 256))
def work(threads: int) -> None:
    """Actors only (PostgreSQL and RabbitMQ)."""
    from bot import app

    settings = _distributed(None)
    app.check(settings)
    service = app.join(settings)
    _say_if_away(service.away())
    service.start_actors(threads)
    _until_ended("Shiftline's actors are ready.", service.stop, service.consuming)


@click.command("clock")
def clock() -> None:
    """The scheduler only (PostgreSQL and RabbitMQ)."""
    from bot import app

    settings = _distributed(None)
    app.check(settings)
    service = app.join(settings)
    _say_if_away(service.away())
    service.start_clock()
    _until_ended("Shiftline's clock is ready.", service.stop)


@click.command("migrate")
@click.option("--to", "revision", help="Go back to this revision; what came after is lost.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def migrate(revision: str | None, *, as_json: bool) -> None:
    """Bring the database to this version's shape."""
    settings = configuration.load(make=False)
    log.start(settings.log_level)
    database = Database(settings.database_url)
    schema.refuse_missing_folder(settings.database_url, settings.data)
    try:
        if revision is None:
            schema.upgrade(settings.database_url)
        elif schema.current(database) is None:
            raise schema.SchemaMissing
        else:
            schema.downgrade(settings.database_url, revision)
        now_at = schema.current(database)
    finally:
        database.dispose()
    if as_json:
        click.echo(json.dumps({"revision": now_at}))
    elif revision is None:
        click.echo(f"The database has this version's shape{_place_of(settings)}.", err=True)
    else:
        click.echo(f"The database is at {revision}.", err=True)


def _said(words: str) -> None:
    stderr.print(words)


def _plainly(words: str) -> None:
    """A process's own line, as it said it."""
    click.echo(words, err=True)


def _prepared(place: Place) -> Settings:
    """Settings of an all-in-one start, with its tables made."""
    looked = configuration.load(make=False)
    schema.refuse_missing_folder(looked.database_url, looked.data)
    settings = configuration.load()
    log.start(settings.log_level)
    if not settings.public_url:
        settings = replace(settings, public_url=place.url)
    schema.upgrade(settings.database_url)
    return settings


def _place_of(settings: Settings) -> str:
    return f": {make_url(settings.database_url).database}" if settings.on_sqlite else ""


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
    flask = app.create_app(service)
    # In a thread: a broker that is silent must not keep the web from answering.
    threading.Thread(target=service.look_for_broker, name="broker", daemon=True).start()
    return Application(flask, service.stop)


def _say_if_away(place: str | None) -> None:
    if place:
        words = "Trying again until it answers; webhooks are taken meanwhile, and what is to be sent waits."
        click.echo(f"RabbitMQ (BROKER_URL) can't be reached at {place}. {words}", err=True)


def _until_ended(words: str, stop: Callable[[], None], ready: Callable[[], bool] = lambda: True) -> None:
    """Say `words` when it is ready; at SIGTERM or Ctrl-C finish what runs, within ENDS_WITHIN seconds."""
    hears, tells = os.pipe()  # a signal's handler must take no lock, and an Event has one
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: os.write(tells, b"."))
    while not ready():
        if select.select([hears], [], [], 0.1)[0]:
            break
    else:
        click.echo(words)
    os.read(hears, 1)
    hard = threading.Timer(ENDS_WITHIN, _end_hard)
    hard.daemon = True
    hard.start()
    stop()
    hard.cancel()


def _end_hard() -> None:
    """What still runs is left as after a kill -9: leases and doubts are there for that."""
    log.Log(__name__).warning("ended_hard", seconds=ENDS_WITHIN)
    os._exit(1)


@contextmanager
def _simulator(data: Path) -> Iterator[str]:
    """The simulator as a process of its own, and its address. No thread may be started here: the server forks later."""
    data.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "bot.simulator", "--port", "0", "--die-with-parent"]
    command += ["--ledger", str(data / "simulator.sqlite3")]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(  # noqa: S603 - our own module
        command, stdout=subprocess.PIPE, text=True, cwd=root, process_group=0
    )
    assert process.stdout is not None, "it has a pipe"
    try:
        line = process.stdout.readline()
        if "http" not in line:
            raise SimulatorAway
        yield line.split()[-1].strip()
    finally:
        process.terminate()
        process.wait(timeout=10)


COMMANDS = {"demo": demo, "up": up, "serve": serve, "work": work, "clock": clock, "migrate": migrate}
for _command in COMMANDS.values():
    _command.permission = OPERATOR  # type: ignore[attr-defined]
