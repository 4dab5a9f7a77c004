"""An installation on PostgreSQL and RabbitMQ, reached by a road that can be closed, and its processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.site import Site
from tests.faults.site import site as made_site
from tests.integration.many.fleet import Fleet
from tests.road import Road
from tests.warm import Warm

PEOPLE = 60
PACE = 5.0  # messages a second and channel, and twice that at first: there is a middle in which things can happen


@pytest.fixture(scope="session")
def built() -> Iterator[Site]:
    """Made once for all of these tests: they are of one xdist group."""
    with made_site(PEOPLE, pace=PACE) as made:
        yield made


@pytest.fixture
def site(built: Site) -> Site:
    """People on both channels; the providers have forgotten what other tests sent."""
    built.simulator.control.reset(everything=False)
    return built


@pytest.fixture
def road(site: Site) -> Iterator[Road]:
    """The processes' way to RabbitMQ."""
    parts = urlsplit(site.environment["BROKER_URL"])
    with Road(parts.hostname or "localhost", parts.port or 5672) as made:
        yield made


@pytest.fixture
def fleet(site: Site, road: Road, warm: Warm, tmp_path: Path) -> Iterator[Fleet]:
    """Nobody yet; whoever is left at the end is killed."""
    there = urlsplit(site.environment["BROKER_URL"])
    by_road = there._replace(netloc=f"{there.username}:{there.password}@127.0.0.1:{road.port}").geturl()
    ours = {*site.environment, "SHIFTLINE_DATA"}
    kept = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in ours}
    made = Fleet(warm, tmp_path, {**kept, **site.environment, "BROKER_URL": by_road, "LOG_LEVEL": "INFO"})
    yield made
    made.kill()
