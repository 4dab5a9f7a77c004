"""The console in a real browser: what moves by itself, what keys do, and that everybody can read it.

A few people and broadcasts in a database of this module's own; a whole demonstration would take longer to start than
all of this takes to run. Whatever the browser's console complains of (a breach of the CSP, an error) fails the test.
"""

from __future__ import annotations

import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from werkzeug.serving import make_server

from bot import clock
from bot.audience import segments as audience
from bot.audience.sync import sync
from bot.broadcast import progress
from bot.channels.channel import Ask, Message, Option
from bot.database import Database
from bot.delivery import outbox
from bot.tenancy import organizations, sessions, users
from models import Broadcast, Delivery, Organization, User
from tests import factories
from tests.conftest import chromium
from tests.console.test_simulator_page import FLAGS
from tests.integration.web.conftest import joined

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("console_page")]

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
PASSWORD = "correct horse battery"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PATIENCE = 15_000


@dataclass
class Served:
    """The console at an address, and what is in it."""

    url: str
    database: Database
    organization: Organization
    running: str
    finished: str
    person: str
    segment: str

    def session(self) -> Any:
        return self.database.organization_session(self.organization.id)

    def cookie(self, email: str) -> str:
        """A session's token for somebody."""
        with self.database.service_session() as session:
            return sessions.start(session, users.find(session, email), clock.now())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("console")
    database = Database(f"sqlite:///{shutil.copyfile(sqlite_template, folder / 'shiftline.db')}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = make_server("127.0.0.1", port, joined(database, folder, PUBLIC_URL=url), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(url, database, **furnished(database))
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()
    database.dispose()


def furnished(database: Database) -> dict[str, Any]:
    """Two organizations; in ours a running and a finished quiz, a segment, and somebody with a conversation."""
    with database.service_session() as session:
        ours = organizations.add(session, "Harbor Foods", "harbor", "America/New_York")
        theirs = organizations.add(session, "Somebody Else", "else", "UTC")
        for owner, email, role in (
            (ours, "alice", "manager"),
            (ours, "bob", "analyst"),
            (theirs, "charlie", "manager"),
        ):
            users.add(session, owner, f"{email}@example.org", role, PASSWORD)
        segment = audience.add(
            session, ours.id, "Warehouse",
            {"combinator": "and", "rules": [{"field": "employment.department", "operator": "=", "value": "Warehouse"}]},
        )  # fmt: skip
        segment_id = segment.id
        phone = factories.integration(session, ours).id
        head = factories.content(session, ours, kind="quiz", title="Spill in aisle 4")
        data = factories.document(session, ours, "quiz", title="Spill in aisle 4")
        version = factories.content_version(session, ours, content_id=head.id, version_data=data).id
        made = {}
        for name in ("running", "finished"):
            row = factories.broadcast(
                session, ours, content_id=head.id, content_version_id=version, name=f"Spill → {name}", state=name,
                started_at=clock.now(), fanned_out_at=clock.now(),
            )  # fmt: skip
            factories.broadcast_segment(session, ours, broadcast_id=row.id, segment_id=segment_id)
            made[name] = row.id
        states = ["delivered", "delivered", "sent", "queued", "queued", "skipped", "in_doubt", "failed"]
        for number, state in enumerate(states * 2):
            who = factories.worker(session, ours)
            identity = factories.channel_identity(session, ours, worker_id=who.id, integration_id=phone)
            reason = {"skipped": "opted_out", "in_doubt": "interrupted", "failed": "The carrier gave no reason."}.get(
                state
            )
            of = made["running"] if number < len(states) else made["finished"]
            sent = factories.delivery(
                session, ours, identity_id=identity.id, source_id=of, state=state, reason=reason, attempts=state != "queued",
                content_version_id=version,
            )  # fmt: skip
            if state == "delivered":
                person = talked(session, ours, who.id, identity, sent, version)
        session.expunge_all()
    sync(database, ours.id, segment_id)
    paths = {name: f"/broadcasts/{broadcast_id}" for name, broadcast_id in made.items()}
    return {"organization": ours, "person": f"/people/{person}", "segment": f"/segments/{segment_id}", **paths}


def talked(session: Any, ours: Any, worker_id: Any, identity: Any, sent: Any, version: Any) -> Any:
    """A question, its answer, and thanks."""
    ask = Ask("buttons", "t", (Option("b", "1", "Block the area"), Option("a", "2", "Walk on")))
    told = {"worker_id": worker_id, "address": identity.address, "integration_id": identity.integration_id}
    asked = Message(
        "Spill in aisle 4. First step?\n1) Block the area\n2) Walk on", "Spill in aisle 4. First step?", ask=ask
    )
    factories.sent_message(
        session,
        ours,
        direction="out",
        delivery_id=sent.id,
        attempt=1,
        body=asked.text,
        payload=outbox.pack(asked),
        **told,
    )
    factories.sent_message(session, ours, body="1", at=clock.now() + timedelta(seconds=9), **told)
    factories.sent_message(session, ours, body=None, at=clock.now() + timedelta(seconds=19), **told)
    prompt = factories.prompt(session, ours, delivery_id=sent.id, question_id="q1", content_version_id=version)
    factories.question_response(session, ours, prompt_id=prompt.id, understood=["b"], correct=True)
    factories.points_entry(session, ours, worker_id=worker_id)
    factories.consent_event(session, ours, address=identity.address, worker_id=worker_id)
    return worker_id


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for this module only: Playwright's event loop runs in the thread until it is closed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def enter(browser: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """A page of somebody who is signed in (or of nobody); what it complains of fails the test, but for `expected`."""
    opened: list[tuple[BrowserContext, list[str]]] = []

    def made(email: str | None = None, *, expected: str = "(?!)", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        if email:
            token = served.cookie(f"{email}@example.org")
            context.add_cookies([{"name": "shiftline", "value": token, "url": served.url}])
        page, complaints = context.new_page(), []
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text) if said.type == "error" and not re.search(expected, said.text) else None
            ),
        )
        opened.append((context, complaints))
        return page

    yield made
    for context, _ in opened:
        context.close()
    assert [complaint for _, complaints in opened for complaint in complaints] == []


def test_alice_comes_in_by_keys_alone(enter: Callable[..., Page], served: Served) -> None:
    page = enter(expected="422")
    page.goto(f"{served.url}{served.running}")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type("alice@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("don't belong together")
    page.get_by_label("Password").focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Spill → running")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.get_by_text("Manager").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("You are signed out.")


def test_progress_moves_by_itself_and_stops_when_it_is_finished(enter: Callable[..., Page], served: Served) -> None:
    page = enter("alice")
    polls: list[str] = []
    page.on("request", lambda request: polls.append(request.url) if request.url.endswith("/progress") else None)
    broadcast_id = factories.uuid.UUID(served.running.rpartition("/")[2])
    page.goto(f"{served.url}{served.running}")
    moving = page.locator(".legend div", has_text="On the way").locator("dd")
    expect(moving).to_have_text("2")
    ask = page.locator("details.ask")
    ask.locator("summary").click()
    expect(page.get_by_text("Nothing more goes out, for good.")).to_be_visible()
    with served.session() as session:
        queued = sa.select(Delivery.id).where(Delivery.source_id == broadcast_id, Delivery.state == "queued").limit(1)
        session.execute(sa.update(Delivery).where(Delivery.id == queued.scalar_subquery()).values(state="delivered"))
    expect(moving).to_have_text("1")
    expect(page.get_by_text("Nothing more goes out, for good.")).to_be_visible()  # what was open stays open
    page.keyboard.press("Escape")
    expect(page.get_by_text("Nothing more goes out, for good.")).to_be_hidden()
    expect(ask.locator("summary")).to_be_focused()

    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".facts .state")).to_have_text("Paused")
    expect(page.get_by_role("status").first).to_contain_text("Paused: nothing more goes out")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".facts .state")).to_have_text("Running")
    with served.session() as session:
        session.execute(sa.update(Delivery).where(Delivery.source_id == broadcast_id).values(state="delivered"))
        progress.finish(session, clock.now())
        assert session.get_one(Broadcast, broadcast_id).state == "finished"
    expect(page.locator(".facts .state")).to_have_text("Finished")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    expect(page.locator("[hx-trigger^=every]")).to_have_count(0)
    before = len(polls)
    page.wait_for_timeout(2600)  # longer than the pace of the polls: there must be none
    assert len(polls) == before > 1


def test_a_lost_connection_is_said_until_it_is_back(enter: Callable[..., Page], served: Served) -> None:
    with served.session() as session:
        running = factories.broadcast(session, served.organization.id, state="running").id
    page = enter("alice", expected="ERR_FAILED|Failed to fetch|htmx|503")
    page.goto(f"{served.url}/broadcasts/{running}")

    def away(route: Route) -> None:
        route.abort()

    page.route("**/progress", away)
    expect(page.locator("#trouble")).to_be_visible()
    page.unroute("**/progress", away)
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.get_by_role("heading", name="Delivery")).to_be_visible()


def test_whoever_is_shut_out_while_a_page_polls_meets_the_door(enter: Callable[..., Page], served: Served) -> None:
    with served.session() as session:
        running = factories.broadcast(session, served.organization.id, state="running").id
    page = enter("bob", expected="401")
    page.goto(f"{served.url}/broadcasts/{running}")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)  # bob may only look
    with served.session() as session:
        bob = session.scalars(sa.select(User).where(User.email == "bob@example.org")).one()
        sessions.end_all(session, bob.id, clock.now())
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_charlie_meets_a_page_that_says_nothing(enter: Callable[..., Page], served: Served) -> None:
    page = enter("charlie", expected="404")
    for path in (served.running, served.person, served.segment):
        page.goto(f"{served.url}{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")
        expect(page.locator("body")).not_to_contain_text("Spill")
        expect(page.locator("body")).not_to_contain_text("Warehouse")


def test_somebody_is_found_while_one_types(enter: Callable[..., Page], served: Served) -> None:
    with served.session() as session:
        factories.worker(session, served.organization.id, first_name="Zuzanna", last_name="Unlikely")
    page = enter("alice")
    page.goto(f"{served.url}/people")
    expect(page.locator("#found tbody tr").nth(1)).to_be_visible()
    page.get_by_role("searchbox").press_sequentially("unlik")
    expect(page.locator("#found tbody tr")).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/people?q=unlik")
    page.get_by_role("link", name="Zuzanna Unlikely").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Zuzanna Unlikely")


def test_a_conversation_is_read_from_its_end_and_back(enter: Callable[..., Page], served: Served) -> None:
    with served.session() as session:
        owner = served.organization.id
        worker = factories.worker(session, owner, first_name="Lena", last_name="Long").id
        phone = factories.integration(session, owner).id
        for number in range(60):
            factories.sent_message(
                session, owner, integration_id=phone, worker_id=worker, body=f"Word {number}.",
                at=clock.now() + timedelta(seconds=number),
            )  # fmt: skip
    page = enter("alice")
    page.goto(f"{served.url}/people/{worker}")
    expect(page.get_by_text("Word 59.")).to_be_in_viewport()
    expect(page.get_by_text("Word 3.", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Earlier messages").click()
    expect(page.get_by_text("Word 3.", exact=True)).to_be_attached()
    expect(page.get_by_role("link", name="Earlier messages")).to_have_count(0)
    assert page.url.endswith(f"/people/{worker}")


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "light"), (DESKTOP, "dark")], ids=["desktop", "phone", "dark"],
)  # fmt: skip
def test_everybody_can_read_every_page(
    enter: Callable[..., Page], served: Served, viewport: dict[str, int], scheme: str
) -> None:
    found = []
    stranger = enter(expected="422", viewport=viewport, color_scheme=scheme)
    stranger.goto(f"{served.url}/sign-in")
    found += barriers(stranger, "sign-in")
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.get_by_text("Type your password.")).to_be_visible()
    found += barriers(stranger, "sign-in, refused")
    alice = enter("alice", expected="404", viewport=viewport, color_scheme=scheme)
    for path in (
        "/broadcasts", "/broadcasts?state=planned", served.finished, f"{served.finished}/missed", f"{served.finished}/answers",
        "/people", "/people?q=nobody", served.person, "/segments", served.segment, "/preferences", "/nowhere",
    ):  # fmt: skip
        alice.goto(f"{served.url}{path}")
        found += barriers(alice, path)
        assert alice.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
    alice.goto(f"{served.url}{served.finished}")
    alice.locator(".me summary").click()
    found += barriers(alice, "the menu")
    assert found == []


def barriers(page: Page, name: str) -> list[str]:
    """What axe finds on the page, a line each."""
    page.evaluate(AXE)
    violations = page.evaluate("axe.run()")["violations"]
    return [
        f"{name}: {each['id']} at {node['target']}: {node['failureSummary']}"
        for each in violations
        for node in each["nodes"]
    ]
