"""The simulator as one HTTP server: both providers' APIs and the control API on one port."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.simulator import twilio_hooks
from bot.simulator.control import Control
from bot.simulator.ledger import Ledger
from bot.simulator.phones import FINAL
from bot.simulator.slack_api import SlackApi
from bot.simulator.state import World
from bot.simulator.twilio_api import TwilioApi

LARGEST_BODY = 8 * 1024 * 1024
BACKLOG = 1024


class PortTaken(Exception):
    """Something else listens there."""


class Server:
    """A world behind a port. Belongs to one event loop."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> str:
        """Listen; the URL. Port 0 picks a free one. Raises PortTaken."""
        listening = _listen(host, port)
        app = web.Application(client_max_size=LARGEST_BODY)
        app.add_routes(TwilioApi(self.world).routes())
        app.add_routes(SlackApi(self.world).routes())
        app.add_routes(Control(self.world).routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.SockSite(self._runner, listening, backlog=BACKLOG).start()
        shown = f"[{host}]" if ":" in host else host
        self.world.url = f"http://{shown}:{listening.getsockname()[1]}"
        self._resume()
        return self.world.url

    async def stop(self) -> None:
        """Answer what is being asked, wake those who wait, write everything down."""
        self.world.bell.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        await self.world.close()

    def _resume(self) -> None:
        """Texts that were under way when an earlier simulator ended still arrive."""
        if self.world.lean:
            return
        for text in self.world.phones.texts.values():
            account = self.world.phones.accounts.get(text.account)
            if text.direction == "outbound-api" and text.status not in FINAL and account is not None:
                self.world.later(twilio_hooks.deliver(self.world, account, text))


def build(ledger: str, *, lean: bool = False, config: Mapping[str, Any] | None = None) -> Server:
    """A server on a ledger file, with what a configuration registers: {"twilio": […], "slack": […], "faults": {…}}."""
    world = World(Ledger(ledger, lean=lean), lean=lean)
    for account in (config or {}).get("twilio", ()):
        world.add_account(account)
    for team in (config or {}).get("slack", ()):
        world.add_team(team)
    if config and "faults" in config:
        world.set_faults(config["faults"])
    if config and "routes" in config:
        world.set_routes(config["routes"])
    return Server(world)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"Port {port} on {host} is taken by another program.") from error
        raise PortTaken(f"The simulator can't listen on {host}, port {port}: {error.strerror}.") from error
    return listening
