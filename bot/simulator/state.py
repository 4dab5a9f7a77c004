"""The whole world in one place: the ledger, what follows from it, and who waits for news.

`record` is the only way to change anything: it writes the row, lets it happen and wakes those
who wait. A world that is built on an old ledger replays it first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import aiohttp

from bot.simulator.bell import Bell
from bot.simulator.faults import Faults
from bot.simulator.ledger import RESET, Ledger, Row
from bot.simulator.phones import Account, Phones
from bot.simulator.rates import Rates
from bot.simulator.triggers import Triggers
from bot.simulator.workspaces import Team, Workspaces


class World:
    """Both providers, the people on the other end, and everything that was said."""

    def __init__(self, ledger: Ledger, *, lean: bool = False) -> None:
        self.ledger = ledger
        self.lean = lean
        self.url = ""
        self.bell = Bell()
        self.faults = Faults()
        self.rates = Rates()
        self.triggers = Triggers()
        self.phones = Phones()
        self.workspaces = Workspaces()
        self.counts: dict[str, dict[str, int]] = {}
        self.routes: dict[str, str] = {}  # public address -> where it is really served
        self._http: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._restore()

    def record(
        self,
        kind: str,
        data: dict[str, Any],
        *,
        key: str = "",
        decision: str = "",
        accepted: bool | None = None,
        fault: str | None = None,
    ) -> Row:
        """Write a row, let it happen, wake those who wait for it."""
        row = self.ledger.append(kind, data, key=key, decision=decision, accepted=accepted, fault=fault)
        changed = self._happen(row)
        if changed is not None:
            self.bell.ring(changed)
        self.bell.ring("ledger")
        return row

    def add_account(self, given: Mapping[str, Any]) -> Account:
        """Register an account (again)."""
        account = Account.read(given)
        self.ledger.register("account", account.account_sid, dict(given))
        self.phones.accounts[account.account_sid] = account
        return account

    def add_team(self, given: Mapping[str, Any]) -> Team:
        """Register a workspace (again)."""
        team = Team.read(given)
        self.ledger.register("team", team.team_id, dict(given))
        self.workspaces.add_team(team)
        return team

    def set_faults(self, given: Mapping[str, Any]) -> None:
        """Begin a schedule of faults; its request count begins at 0."""
        self.faults.set(given)
        self.record("control.faults", dict(given))

    def set_routes(self, given: Mapping[str, str]) -> None:
        """Where webhooks to a public address are really POSTed: the world's reverse proxy."""
        self.routes = {public.rstrip("/"): served.rstrip("/") for public, served in given.items()}
        self.ledger.register("routes", "", self.routes)

    def forget(self, *, everything: bool) -> None:
        """Begin again: no messages, no faults and, if `everything`, no accounts or teams either."""
        for task in list(self._tasks):
            task.cancel()
        self.ledger.append(RESET, {"everything": everything})
        accounts, teams = self.phones.accounts, self.workspaces.teams
        self.phones, self.workspaces = Phones(), Workspaces()
        if everything:
            self.ledger.forget_registrations()
            self.routes = {}
        else:
            self.phones.accounts = accounts
            for team in teams.values():
                self.workspaces.add_team(team)
        self.faults.set({})
        self.rates.clear()
        self.counts.clear()
        self.bell.ring_all()

    @property
    def http(self) -> aiohttp.ClientSession:
        """The one client session that webhooks leave through."""
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=64), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._http

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Let `work` happen beside everything else; it ends with the server."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Stop what is under way and write everything down."""
        self.bell.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()
        self.ledger.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Write down what broke: nobody waits for such a task, and a mistake of ours must not look like a fault."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.record("control.broken", {"error": repr(error)}, decision="broken")

    def _happen(self, row: Row) -> str | None:
        counts = self.counts.setdefault(row.kind, {})
        decision = row.fault or row.decision
        counts[decision] = counts.get(decision, 0) + 1
        return self.workspaces.apply(row) if row.kind.startswith("slack.") else self.phones.apply(row)

    def _restore(self) -> None:
        for given in self.ledger.registered("account"):
            self.phones.accounts[given["account_sid"]] = Account.read(given)
        for given in self.ledger.registered("team"):
            self.workspaces.add_team(Team.read(given))
        for given in self.ledger.registered("routes"):
            self.routes = given
        for row in self.ledger.replay():
            self._happen(row)
            if row.kind == "control.faults":
                self.faults.set(row.data)
            elif "drawn" in row.data:
                self.faults.schedules["slack" if row.kind.startswith("slack.") else "twilio"].count = row.data["drawn"]
