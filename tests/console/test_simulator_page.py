"""The demonstration as a visitor meets it: `shiftline demo` in a process of its own, clicked through in Chromium.

One quiz is answered by typing on the phone and by tapping in Slack; what the page shows in between has crossed
the real protocol, signed webhooks included.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from bot.engagement.report import REASONS
from tests.conftest import chromium

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
READY = "Shiftline is ready: "
PATIENCE = 20_000
RIGHT = "Block the aisle and put up the sign"


@dataclass
class Demo:
    """A running demonstration."""

    url: str

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/simulator/api{path}", timeout=30) as answer:
            return json.load(answer)

    def workers(self) -> list[dict[str, Any]]:
        """English speakers who are in a small segment and have both a phone that agreed and Slack."""
        segments = {each["id"]: each["count"] for each in self.get("/catalogue")["segments"]}
        found = []
        for listed in self.get("/workers?q=associate")["workers"]:
            if listed["language"] == "en" and listed["sms"] and listed["slack"] and listed["active"]:
                worker = self.get(f"/workers/{listed['id']}")
                if worker["consent"]["sms"] == "granted" and worker["consent"]["slack"] != "revoked":
                    found.append(worker | {"smallest": min(segments[each] for each in worker["segments"])})
        return sorted(found, key=lambda worker: (worker["smallest"], worker["name"]))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with started(tmp_path_factory.mktemp("demo")) as running:
        yield running


@contextmanager
def started(folder: Path) -> Iterator[Demo]:
    """`shiftline demo` on a port of its own, its data in `folder`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = ("SHIFTLINE", "DATABASE_URL", "BROKER_URL", "PUBLIC_URL", "TWILIO", "SLACK", "MEDIA_URL")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(kept)}
    environment |= {"SHIFTLINE_DATA": str(folder / "data"), "PYTHONWARNINGS": "default"}
    command = [sys.executable, "-c", "from bot.cli import main; main()", "demo", "--port", str(port)]
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, cwd=ROOT, env=environment)
    try:
        yield Demo(awaited(process, folder / "stderr"))
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def awaited(process: subprocess.Popen[bytes], errors: Path, seconds: float = 120) -> str:
    """The address in the ready line."""
    end, said = time.monotonic() + seconds, b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := end - time.monotonic()) > 0 and selector.select(left):
            part = os.read(process.stdout.fileno(), 4096)
            said += part
            if found := re.search(rf"^{READY}(\S+)\n", said.decode(), re.MULTILINE):
                return found[1]
            if not part:
                break
    pytest.fail(f"The demonstration did not start: {errors.read_text()[-2000:]}", pytrace=False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for this module only: Playwright's event loop runs in the thread until it is closed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(demo: Demo, browser: Browser) -> Iterator[Page]:
    """A fresh page at 1280 px. Whatever its console complains of (a breach of the CSP, an error) fails the test."""
    yield from opened(browser, width=1280, height=800)


def opened(browser: Browser, **viewport: int) -> Iterator[Page]:
    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert complaints == []


def meet(page: Page, demo: Demo, worker: dict[str, Any]) -> None:
    """Open the page with this worker chosen, the quiz selected and the forecast made."""
    page.goto(f"{demo.url}/simulator?worker={worker['id']}")
    expect(page.locator("#worker .name")).to_have_text(worker["name"])
    expect(page.locator("#forecast")).to_contain_text("gets it")


def send(page: Page, channel: str) -> None:
    page.locator("#send .choice label", has_text=channel).click()
    words = "by SMS" if channel == "SMS" else "in Slack"
    expect(page.locator("#forecast")).to_contain_text(f"gets it {words}")
    page.locator("#go").click()


def points(page: Page) -> int:
    return int(page.locator("[data-figure=points]").inner_text())


def test_a_quiz_is_answered_by_typing_on_the_phone(page: Page, demo: Demo) -> None:
    meet(page, demo, demo.workers()[0])
    expect(page.locator("#phone-empty")).to_be_visible()
    expect(page.locator("#content option:checked")).to_contain_text("Quiz: ")
    expect(page.locator("[data-figure=last-interaction]")).to_have_text("never")
    before = points(page)

    send(page, "SMS")
    question = page.locator("#texts .theirs").last
    expect(question).to_contain_text(RIGHT)
    expect(question.locator(".note")).to_contain_text("delivered")
    label = re.search(rf"(\d+)\) {RIGHT}", question.inner_text())[1]
    page.locator("#phone-text").fill(label)
    page.keyboard.press("Enter")

    expect(page.locator("#texts .mine .bubble")).to_have_text(label)
    expect(page.locator("#texts .theirs").last).to_contain_text("First keep people out of it, then clean.")
    expect(page.locator("#texts .theirs").last).to_contain_text("(2/4)")
    expect(page.locator("[data-figure=points]")).not_to_have_text(str(before))
    assert points(page) > before
    expect(page.locator("[data-figure=last-interaction]")).not_to_have_text("never")
    expect(page.locator("#phone-text")).to_be_focused()
    expect(page.locator("#recent > li").first).to_contain_text("1 answer, 1 right")
    expect(page.locator("#spoken")).to_contain_text("New text on the phone")


def test_a_quiz_is_answered_by_tapping_in_slack(page: Page, demo: Demo) -> None:
    meet(page, demo, demo.workers()[1])
    send(page, "Slack")
    first = page.locator("#posts .bot", has=page.get_by_role("button", name=RIGHT)).last
    before = points(page)
    ts = first.get_attribute("data-ts")
    first.get_by_role("button", name=RIGHT).click()

    answered = page.locator(f"#posts [data-ts='{ts}']")
    expect(answered).to_contain_text(f"You answered: {RIGHT}")
    expect(answered.get_by_role("button")).to_have_count(0)
    second = page.locator("#posts .bot", has_text="(2/4)").last
    expect(second).to_contain_text("First keep people out of it, then clean.")
    expect(page.locator("[data-figure=points]")).not_to_have_text(str(before))
    second.get_by_role("button", name="False").click()

    third = page.locator("#posts .bot", has_text="(3/4)").last
    third.get_by_role("checkbox", name="Rubber gloves").check()
    third.get_by_role("checkbox", name="Safety goggles").check()
    expect(third.get_by_role("checkbox", name="Rubber gloves")).to_be_checked()
    third.get_by_role("button", name="Submit").click()
    expect(third).to_contain_text("You answered: Rubber gloves, Safety goggles")

    fourth = page.locator("#posts .bot", has_text="(4/4)").last
    fourth.get_by_role("textbox").fill("fifteen")
    fourth.get_by_role("textbox").press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#posts .bot").last).to_contain_text("You got 5 of 5.")


def test_a_typed_answer_in_slack_stands_in_the_conversation(page: Page, demo: Demo) -> None:
    meet(page, demo, demo.workers()[1])
    words = "<b>not bold</b> & <script>alert(1)</script>"
    page.locator("#slack-text").fill(words)
    page.keyboard.press("Enter")
    expect(page.locator("#posts .person").last).to_contain_text(words)


def test_stop_shows_in_the_figures_and_before_the_next_send(page: Page, demo: Demo) -> None:
    worker = demo.workers()[-1]
    meet(page, demo, worker)
    expect(page.locator("[data-consent=sms]")).to_have_text("SMS: agreed")
    page.locator("#phone").get_by_role("button", name="STOP").click()

    expect(page.locator("#texts .theirs").last).to_contain_text("unsubscribed")
    expect(page.locator("[data-consent=sms]")).to_have_text("SMS: said STOP")
    page.locator("#send .choice label", has_text="SMS").click()
    expect(page.locator("#forecast .warning")).to_contain_text(
        f"{worker['first_name']} won't get it: {REASONS['opted_out']}"
    )

    page.locator("#phone").get_by_role("button", name="START").click()
    expect(page.locator("[data-consent=sms]")).to_have_text("SMS: agreed")


def test_what_was_foretold_for_another_choice_is_not_sent(page: Page, demo: Demo) -> None:
    meet(page, demo, demo.workers()[0])
    expect(page.locator("#go")).to_be_enabled()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)  # the forecast of the next choice takes its time

    page.route("**/simulator/api/preview*", hold)
    page.locator("#segment").select_option(index=1)
    expect(page.locator("#go")).to_be_disabled()
    expect(page.locator("#go")).to_have_text("Send")
    page.unroute("**/simulator/api/preview*", hold)
    page.locator("#segment").select_option(index=0)  # nothing holds this one up
    expect(page.locator("#go")).to_be_enabled()
    expect(page.locator("#go")).to_contain_text("Send to")


def test_the_front_door_is_the_consoles_and_leads_here(page: Page, demo: Demo) -> None:
    page.goto(demo.url)
    page.get_by_role("link", name="play a worker").click()
    expect(page.locator("#worker .name")).not_to_be_empty()
    page.get_by_role("link", name="The managers' console").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_worker_is_found_by_keys_and_missed_segments_are_named(page: Page, demo: Demo) -> None:
    meet(page, demo, demo.workers()[0])
    page.locator("#find").focus()
    page.keyboard.type("forklift")
    expect(page.locator("#found [role=option]").first).to_contain_text("Forklift")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#worker .small").first).to_contain_text("Forklift")
    expect(page.locator("#found")).to_be_hidden()

    page.locator("#segment").select_option(index=page.locator("#segment option").count() - 1)
    expect(page.locator("#forecast .warning")).to_contain_text("is not in this segment")


def test_a_small_screen_has_a_tab_for_each_device(demo: Demo, browser: Browser) -> None:
    for page in opened(browser, width=390, height=844):
        meet(page, demo, demo.workers()[2])
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        expect(page.locator("#phone")).to_be_hidden()
        send(page, "SMS")
        expect(page.get_by_role("tab", name="Phone")).to_have_attribute("aria-selected", "true")
        expect(page.locator("#texts .theirs").last).to_contain_text(RIGHT)
        page.keyboard.press("Tab")
        page.get_by_role("tab", name="Phone").press("ArrowRight")
        expect(page.locator("#slack")).to_be_visible()
        expect(page.locator("#phone")).to_be_hidden()
