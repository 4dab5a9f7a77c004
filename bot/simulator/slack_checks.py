"""What Slack refuses in blocks and views, with the words that it gives.

Each problem names its place: `[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]`.
The limits are those of https://docs.slack.dev/reference/block-kit; the size of all blocks together
(about 12,000 bytes) is in no document of Slack's, people met it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

LARGEST_BLOCKS = 12_000
LONGEST_TEXT = 40_000
Problems = Iterator[str]
Part = Mapping[str, Any]

_OPTIONS = {"radio_buttons": 10, "checkboxes": 10, "overflow": 5, "static_select": 100, "multi_static_select": 100}
_BY_SLACK = {
    "users_select", "multi_users_select", "conversations_select", "multi_conversations_select", "channels_select",
    "multi_channels_select", "external_select", "multi_external_select",
}  # fmt: skip
_INPUTS = {"plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input", "file_input"}
_PICKERS = {"datepicker", "timepicker", "datetimepicker"}
ELEMENTS = {"button", "image", "workflow_button"} | set(_OPTIONS) | _BY_SLACK | _INPUTS | _PICKERS
_UNCHECKED = {"rich_text", "video", "file", "table", "context_actions", "call"}


def block_problems(blocks: object, most: int, at: str = "/blocks") -> list[str]:
    """Everything that is wrong with the blocks of a message (at most 50) or of a view (at most 100)."""
    if not isinstance(blocks, list):
        return [_error("must be an array", at)]
    problems = [] if len(blocks) <= most else [_error(f"no more than {most} items allowed", at)]
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        here = f"{at}/{place}"
        if not isinstance(block, dict):
            problems.append(_error("must be an object", here))
            continue
        block_id = block.get("block_id")
        if block_id is not None and block_id in seen:
            problems.append(_error(f"block_id already exists: {block_id}", f"{here}/block_id"))
        seen.add(block_id or "")
        problems += _length(block, "block_id", 255, here)
        check = _BLOCKS.get(block.get("type", ""))
        if check is not None:
            problems += check(block, here)
        elif block.get("type") not in _UNCHECKED:
            problems.append(_error(f"unsupported type: {block.get('type')}", f"{here}/type"))
    return problems


def view_problems(view: object) -> list[str]:
    """Everything that is wrong with a modal or a home tab."""
    if not isinstance(view, dict):
        return [_error("must be an object", "/view")]
    problems = []
    kind = view.get("type")
    if kind not in {"modal", "home"}:
        problems.append(_error("must be modal or home", "/view/type"))
    if kind == "modal":
        problems += _text(view.get("title"), 24, "/view/title", plain=True)
        for name in ("submit", "close"):
            if name in view:
                problems += _text(view[name], 24, f"/view/{name}", plain=True)
        needs = any(isinstance(block, dict) and block.get("type") == "input" for block in view.get("blocks") or ())
        if needs and "submit" not in view:
            problems.append(_error("missing required field: submit", "/view"))
    problems += _length(view, "private_metadata", 3000, "/view")
    problems += _length(view, "callback_id", 255, "/view")
    return problems + block_problems(view.get("blocks"), 100, "/view/blocks")


def too_large(blocks: object) -> bool:
    """More than Slack takes of all blocks together."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST_BLOCKS


def _error(words: str, at: str) -> str:
    return f"[ERROR] {words} [json-pointer:{at}]"


def _length(part: Part, name: str, most: int, at: str) -> Problems:
    value = part.get(name)
    if value is not None and not isinstance(value, str):
        yield _error("must be a string", f"{at}/{name}")
    elif value is not None and len(value) > most:
        yield _error(f"must be less than {most + 1} characters", f"{at}/{name}")


def _text(part: object, most: int, at: str, *, plain: bool = False) -> Problems:
    """A text object: plain_text or mrkdwn, at least one character."""
    if not isinstance(part, dict):
        yield _error("missing required field: text", at)
        return
    kinds = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
    if part.get("type") not in kinds:
        yield _error(f"must be {' or '.join(sorted(kinds))}", f"{at}/type")
    if not part.get("text"):
        yield _error("must be more than 0 characters", f"{at}/text")
    yield from _length(part, "text", most, at)


def _section(block: Part, at: str) -> Problems:
    if "text" not in block and not block.get("fields"):
        yield _error("missing required field: text", at)
    if "text" in block:
        yield from _text(block["text"], 3000, f"{at}/text")
    fields = block.get("fields") or ()
    if len(fields) > 10:
        yield _error("no more than 10 items allowed", f"{at}/fields")
    for place, one in enumerate(fields):
        yield from _text(one, 2000, f"{at}/fields/{place}")
    if "accessory" in block:
        yield from _element(block["accessory"], f"{at}/accessory")


def _header(block: Part, at: str) -> Problems:
    yield from _text(block.get("text"), 150, f"{at}/text", plain=True)


def _markdown(block: Part, at: str) -> Problems:
    if not block.get("text"):
        yield _error("must be more than 0 characters", f"{at}/text")
    yield from _length(block, "text", 12_000, at)


def _divider(block: Part, at: str) -> Problems:
    del block, at
    yield from ()


def _image(block: Part, at: str) -> Problems:
    if not block.get("image_url") and not block.get("slack_file"):
        yield _error("must define either `slack_file` or `image_url`", at)
    if not isinstance(block.get("alt_text"), str):
        yield _error("missing required field: alt_text", at)
    yield from _length(block, "alt_text", 2000, at)
    yield from _length(block, "image_url", 3000, at)
    if "title" in block:
        yield from _text(block["title"], 2000, f"{at}/title", plain=True)


def _context(block: Part, at: str) -> Problems:
    elements = block.get("elements") or ()
    if not 1 <= len(elements) <= 10:
        yield _error("between 1 and 10 items allowed", f"{at}/elements")
    for place, one in enumerate(elements):
        here = f"{at}/elements/{place}"
        yield from _image(one, here) if one.get("type") == "image" else _text(one, 3000, here)


def _actions(block: Part, at: str) -> Problems:
    elements = block.get("elements") or ()
    if not 1 <= len(elements) <= 25:
        yield _error("between 1 and 25 items allowed", f"{at}/elements")
    seen: set[str] = set()
    for place, one in enumerate(elements):
        here = f"{at}/elements/{place}"
        yield from _element(one, here)
        action_id = one.get("action_id") if isinstance(one, dict) else None
        if action_id is not None and action_id in seen:
            yield _error(f'`action_id` "{action_id}" already exists', f"{here}/action_id")
        seen.add(action_id or "")


def _input(block: Part, at: str) -> Problems:
    yield from _text(block.get("label"), 2000, f"{at}/label", plain=True)
    if "hint" in block:
        yield from _text(block["hint"], 2000, f"{at}/hint", plain=True)
    element = block.get("element")
    if isinstance(element, dict) and element.get("type") in {"button", "image", "overflow"}:
        yield _error(f"unsupported type: {element['type']}", f"{at}/element/type")
    yield from _element(element, f"{at}/element")


def _element(element: object, at: str) -> Problems:
    """Something to tap, choose or type into."""
    if not isinstance(element, dict) or element.get("type") not in ELEMENTS:
        yield _error("unsupported type", f"{at}/type")
        return
    kind = element["type"]
    yield from _length(element, "action_id", 255, at)
    if "placeholder" in element:
        yield from _text(element["placeholder"], 150, f"{at}/placeholder", plain=True)
    if kind == "button":
        yield from _text(element.get("text"), 75, f"{at}/text", plain=True)
        yield from _length(element, "value", 2000, at)
        yield from _length(element, "url", 3000, at)
        if element.get("style") not in {None, "primary", "danger"}:
            yield _error("must be primary or danger", f"{at}/style")
    elif kind == "image":
        yield from _image(element, at)
    elif kind in _OPTIONS:
        yield from _choices(element, _OPTIONS[kind], at)
    elif kind == "plain_text_input":
        yield from _length(element, "initial_value", 3000, at)
        if not 0 <= element.get("min_length", 0) <= 3000 or not 1 <= element.get("max_length", 3000) <= 3000:
            yield _error("must be less than 3001", f"{at}/max_length")


def _choices(element: Part, most: int, at: str) -> Problems:
    groups = element.get("option_groups")
    if groups is not None and element["type"] in {"static_select", "multi_static_select"}:
        if not 1 <= len(groups) <= 100:
            yield _error("between 1 and 100 items allowed", f"{at}/option_groups")
        for place, group in enumerate(groups):
            here = f"{at}/option_groups/{place}"
            yield from _text(group.get("label"), 75, f"{here}/label", plain=True)
            yield from _options(group.get("options"), most, f"{here}/options")
        return
    yield from _options(element.get("options"), most, f"{at}/options")


def _options(options: object, most: int, at: str) -> Problems:
    if not isinstance(options, list) or not 1 <= len(options) <= most:
        yield _error(f"between 1 and {most} items allowed", at)
        return
    for place, option in enumerate(options):
        here = f"{at}/{place}"
        yield from _text(option.get("text"), 75, f"{here}/text")
        yield from _length(option, "value", 150, here)
        if "description" in option:
            yield from _text(option["description"], 75, f"{here}/description")


_BLOCKS: dict[str, Callable[[Part, str], Problems]] = {
    "section": _section,
    "header": _header,
    "markdown": _markdown,
    "divider": _divider,
    "image": _image,
    "context": _context,
    "actions": _actions,
    "input": _input,
}
