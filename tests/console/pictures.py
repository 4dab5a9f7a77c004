"""The pictures of the console in docs/, taken anew: `python -m tests.console.pictures`.

A demonstration is started, the sample quiz goes to everybody, some answer on the phone and in Slack, and three pages are
photographed, signed in as the sample manager. Nothing here is a test; dice are loaded, so that a new picture
differs from the old one where the page does, and in the time of day.
"""

from __future__ import annotations

import json
import random  # noqa: TID251 - which answers are in a picture is no product's randomness
import re
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from tests.conftest import chromium
from tests.console.test_simulator_page import FLAGS, Demo, started

DOCS = Path(__file__).parents[2] / "docs"
SIZE = {"width": 1280, "height": 860}
ANSWERS = 60
RIGHT = ("Block the aisle and put up the sign", "False", "Rubber gloves, Safety goggles", "15")
WRONG = ("Go and find the manager", "True", "Rubber gloves, Earbuds", "5")
DICE = random.Random(4)


def post(demo: Demo, path: str, **given: Any) -> Any:
    """What the simulator's page would post; with patience, because it takes a few at a time."""
    headers = {"Content-Type": "application/json", "X-Requested-With": "shiftline"}
    asked = urllib.request.Request(f"{demo.url}/simulator/api{path}", json.dumps(given).encode(), headers)
    for _ in range(20):
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            if refused.code not in {424, 429}:  # a webhook that was late, too much at once
                raise
            time.sleep(0.5)
    raise TimeoutError(path)


def everybody(demo: Demo) -> list[dict[str, Any]]:
    """English speakers with a phone or Slack, in an order that the dice decide."""
    found = {each["id"]: each for letter in "aeiou" for each in demo.get(f"/workers?q={letter}")["workers"]}
    people = [each for each in found.values() if each["language"] == "en" and each["active"]]
    people.sort(key=lambda each: each["external_id"])
    DICE.shuffle(people)
    return people


def latest(demo: Demo, person: dict[str, Any], number: int) -> tuple[str, dict[str, Any]] | None:
    """The message that asks a question of the quiz, once it is there, and its channel."""
    for _ in range(20):
        seen = demo.get(f"/conversation/{person['id']}?wait=1")
        for channel in ("slack", "sms"):
            for message in reversed((seen[channel] or {}).get("messages", ())):
                if f"({number}/4)" in message.get("text", message.get("body", "")):
                    return channel, message
    return None


def answer(demo: Demo, person: dict[str, Any], questions: int) -> None:
    """Answer the first questions of the quiz, mostly right; digits on a phone, taps or words in Slack."""
    for number in range(1, questions + 1):
        asked = latest(demo, person, number)
        if asked is None:
            return
        channel, message = asked
        wanted = (RIGHT if DICE.random() < 0.72 else WRONG)[number - 1]
        if channel == "sms":
            post(demo, "/text", worker_id=person["id"], text=digits(message, wanted))
        elif button := tapped(message, wanted):
            post(demo, "/tap", worker_id=person["id"], ts=message["ts"], **button)
        else:
            post(demo, "/dm", worker_id=person["id"], text=wanted)


def digits(message: dict[str, Any], wanted: str) -> str:
    """The labels of the wanted words on this phone."""
    labels = {words: label for label, words in re.findall(r"^(\d+)\) (.+)$", message["body"], re.MULTILINE)}
    return " ".join(labels.get(each, each) for each in wanted.split(", "))


def tapped(message: dict[str, Any], wanted: str) -> dict[str, Any] | None:
    """The button with these words."""
    for block, element in elements(message):
        if element["type"] == "button" and element["text"]["text"] == wanted:
            return {"action_id": element["action_id"], "block_id": block, "value": element["value"]}
    return None


def elements(message: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in message.get("blocks", ()):
        yield from ((block["block_id"], element) for element in block.get("elements", ()))


def send(demo: Demo, kind: str, segment: str) -> None:
    catalogue = demo.get("/catalogue")
    content = next(each["id"] for each in catalogue["contents"] if each["kind"] == kind)
    chosen = next(each["id"] for each in catalogue["segments"] if segment in each["name"])
    post(demo, "/broadcasts", content_id=content, segment_id=chosen, channel="preference")


def photograph(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.screenshot(path=DOCS / f"console-{name}.png")
    sys.stderr.write(f"docs/console-{name}.png: {(DOCS / f'console-{name}.png').stat().st_size // 1024} KB\n")


def take(page: Page, demo: Demo, person: str) -> None:
    """Sign in and take the three."""
    page.goto(f"{demo.url}/sign-in")
    page.get_by_role("button", name="Dana Whitfield").click()
    page.get_by_role("link", name="Spill in aisle 4").first.click()
    expect(page.locator(".facts .state")).to_have_text("Finished", timeout=60_000)
    page.set_viewport_size({**SIZE, "height": 1120})
    photograph(page, "broadcast")
    page.set_viewport_size(SIZE)
    page.goto(f"{demo.url}/people/{person}")
    photograph(page, "person")
    page.goto(f"{demo.url}/segments")
    page.get_by_role("link", name="Forklift drivers in the DC").click()
    photograph(page, "segment")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as demo:
        send(demo, "text", "Everyone")
        people = everybody(demo)
        send(demo, "quiz", "Everyone")
        for person in people[:ANSWERS]:
            answer(demo, person, 4 if DICE.random() < 0.8 else DICE.randint(1, 3))
        both = [each for each in people[:ANSWERS] if each["sms"] and each["slack"]]
        best = max(both, key=lambda each: demo.get(f"/workers/{each['id']}")["points"])
        post(demo, "/text", worker_id=best["id"], text="Thanks, good one!")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
            take(browser.new_page(viewport=SIZE), demo, best["id"])
            browser.close()


if __name__ == "__main__":
    main()
