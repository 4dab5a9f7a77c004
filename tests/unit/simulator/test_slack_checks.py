"""Each of Slack's limits, at the last value that is taken and at the first that is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.simulator.slack_checks import block_problems, too_large, view_problems

Block = dict[str, Any]


def plain(length: int) -> Block:
    return {"type": "plain_text", "text": "x" * length}


def section(length: int) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * length}}


def button(text: int = 1, value: int = 1, action_id: int = 1) -> Block:
    return {"type": "button", "text": plain(text), "value": "v" * value, "action_id": "a" * action_id}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def choices(kind: str, count: int, text: int = 1, value: int = 3) -> Block:
    return {
        "type": kind,
        "action_id": "a",
        "options": [{"text": plain(text), "value": f"{n:0{value}}"} for n in range(count)],
    }


def typed(element: Block, label: int = 1) -> Block:
    return {"type": "input", "label": plain(label), "element": element}


LIMITS: list[tuple[str, Callable[[int], Block], int, str]] = [
    ("section", section, 3000, "/blocks/0/text/text"),
    ("header", lambda n: {"type": "header", "text": plain(n)}, 150, "/blocks/0/text/text"),
    ("button text", lambda n: actions(button(text=n)), 75, "/blocks/0/elements/0/text/text"),
    ("button value", lambda n: actions(button(value=n)), 2000, "/blocks/0/elements/0/value"),
    ("action id", lambda n: actions(button(action_id=n)), 255, "/blocks/0/elements/0/action_id"),
    ("block id", lambda n: section(1) | {"block_id": "b" * n}, 255, "/blocks/0/block_id"),
    (
        "option text",
        lambda n: actions(choices("checkboxes", 1, text=n)),
        75,
        "/blocks/0/elements/0/options/0/text/text",
    ),
    ("option value", lambda n: actions(choices("checkboxes", 1, value=n)), 150, "/blocks/0/elements/0/options/0/value"),
    ("checkboxes", lambda n: actions(choices("checkboxes", n)), 10, "/blocks/0/elements/0/options"),
    ("radio", lambda n: actions(choices("radio_buttons", n)), 10, "/blocks/0/elements/0/options"),
    ("select", lambda n: actions(choices("static_select", n)), 100, "/blocks/0/elements/0/options"),
    ("elements", lambda n: actions(*(button(action_id=k + 1) for k in range(n))), 25, "/blocks/0/elements"),
    ("label", lambda n: typed({"type": "plain_text_input"}, n), 2000, "/blocks/0/label/text"),
    (
        "typed",
        lambda n: typed({"type": "plain_text_input", "initial_value": "x" * n}),
        3000,
        "/blocks/0/element/initial_value",
    ),
    (
        "alt text",
        lambda n: {"type": "image", "image_url": "https://x.example", "alt_text": "x" * n},
        2000,
        "/blocks/0/alt_text",
    ),
]


@pytest.mark.parametrize(("make", "most", "place"), [limit[1:] for limit in LIMITS], ids=[limit[0] for limit in LIMITS])
def test_a_limit_holds_and_its_place_is_named(make: Callable[[int], Block], most: int, place: str) -> None:
    assert block_problems([make(most)], 50) == []
    problems = block_problems([make(most + 1)], 50)
    assert len(problems) == 1
    assert problems[0].endswith(f"[json-pointer:{place}]")


def test_no_more_than_50_blocks() -> None:
    assert block_problems([section(1)] * 50, 50) == []
    assert block_problems([section(1)] * 51, 50) == ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]


@pytest.mark.parametrize(
    "blocks",
    [
        "section",
        [{"type": "sektion"}],
        ["section"],
        [section(0)],
        [{"type": "section"}],
        [{"type": "section", "text": "bare"}],
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        [actions()],
        [actions({"type": "slider"})],
        [actions(button(), button())],
        [section(1) | {"block_id": "same"}, section(2) | {"block_id": "same"}],
        [actions(choices("radio_buttons", 0))],
        [typed(button())],
        [{"type": "image", "image_url": "https://x.example"}],
        [{"type": "context", "elements": []}],
    ],
)
def test_what_is_malformed_is_refused(blocks: Any) -> None:
    assert block_problems(blocks, 50)


def test_blocks_together_have_a_size() -> None:
    assert not too_large([section(2900)] * 4)
    assert too_large([section(2950)] * 4)
    assert too_large([{"type": "section", "text": {"type": "mrkdwn", "text": "é" * 2900}}] * 3)


def modal(**more: Any) -> Block:
    return {"type": "modal", "title": plain(5), "blocks": [section(1)], **more}


def test_a_modal_may_be_this_large() -> None:
    view = modal(title=plain(24), submit=plain(24), close=plain(24), private_metadata="x" * 3000, callback_id="c" * 255)
    assert view_problems(view | {"blocks": [section(1)] * 100}) == []


@pytest.mark.parametrize(
    "view",
    [
        None,
        {"type": "drawer", "blocks": []},
        modal(title=plain(25)),
        modal(submit=plain(25)),
        modal(close=plain(25)),
        modal(private_metadata="x" * 3001),
        modal(callback_id="c" * 256),
        modal(blocks=[section(1)] * 101),
        modal(blocks=[typed({"type": "plain_text_input"})]),
        {"type": "modal", "blocks": [section(1)]},
    ],
)
def test_a_view_that_slack_refuses(view: Any) -> None:
    assert view_problems(view)
