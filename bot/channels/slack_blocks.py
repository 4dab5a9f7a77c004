"""From a message to what Slack shows: its text for screen readers and its blocks for hands and eyes.

Plain dictionaries and not slack_sdk's classes, because every message passes here on its way out;
tests hold the result to those classes and to Slack's limits (https://docs.slack.dev/reference/block-kit).
`fits` says beforehand what Slack would refuse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from bot.channels.channel import Ask, Media, Message, Option
from bot.channels.markup import BOLD, ITALIC, LINK, plain

ANSWER: Final = "answer"  # action_id "answer:<token>:<option>": a button that is the answer
SUBMIT: Final = "submit"  # action_id "submit:<token>": the answer stands in state.values...
ASK: Final = "ask"  # ...under block_id "ask:<token>"

MOST_BLOCKS = 50
LARGEST_BLOCKS = 12_000
"""Bytes of all blocks together; in no document of Slack's, found by running into msg_blocks_too_long."""
LONGEST_TEXT = 40_000
IMAGES = ("image/jpeg", "image/png", "image/gif")
MOST_OPTIONS = 100

_SECTION, _BUTTON, _OPTION, _PLACEHOLDER, _LABEL = 3000, 75, 75, 150, 2000
_OPTION_VALUE, _ID, _URL, _INPUT, _ALT_TEXT = 150, 255, 3000, 3000, 2000
_MOST_BUTTONS, _MOST_BOXES = 5, 10
_SURELY_SMALL = 2000  # characters of text whose blocks need no weighing

_URLS = re.compile(r"https?://\S")
_BULLET = re.compile(r"^([ \t]*)[-*] (?=\S)", re.MULTILINE)
_WORD = re.compile(r"\s+")
_SEAMS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…])\s+"), _WORD)

Block = dict[str, Any]


def render(message: Message) -> tuple[str, list[Block]]:
    """The text (the whole message, for readers and notifications) and the blocks.

    A text that is too large for blocks and asks nothing goes out without them, as text alone.
    """
    ask = message.ask
    shown = (message.body or message.text) if ask else message.text
    blocks = [_image(media) for media in message.media if media.mime_type in IMAGES]
    blocks += _sections(_with_lines(shown, message, ask), markup=message.markup)
    if ask:
        blocks += _answering(ask)
    elif len(shown) > _SURELY_SMALL and (len(blocks) > MOST_BLOCKS or _weight(blocks) > LARGEST_BLOCKS):
        words = _with_lines(shown, message, None, images=True)
        return (mrkdwn(words) if message.markup else escape(words)), []
    text = escape(plain(message.text) if message.markup else message.text)
    return text if text.strip() else _names(message), blocks


def fits(message: Message) -> list[str]:
    """What Slack would refuse in this message, a sentence each with the way out; empty if it can go."""
    problems = list(_ask_problems(message.ask)) if message.ask else []
    if _surely_fits(message):  # nearly all of them: weighing the blocks costs more than making them
        return problems
    if not message.text.strip() and not message.media:
        problems.append("The message is empty: give it a text or a picture.")
    if len(message.text) > LONGEST_TEXT:
        problems.append(f"The text has {len(message.text)} characters and Slack takes {LONGEST_TEXT}: split it.")
    if any(len(media.url) > _URL for media in message.media):
        problems.append(f"A file's address is longer than {_URL} characters: shorten it.")
    blocks = render(message)[1]
    if len(blocks) > MOST_BLOCKS:
        problems.append(f"The message makes {len(blocks)} blocks and Slack takes {MOST_BLOCKS}: split it.")
    if _weight(blocks) > LARGEST_BLOCKS:
        problems.append(f"The message and its options are larger than {LARGEST_BLOCKS} bytes: shorten or split it.")
    return problems


def _surely_fits(message: Message) -> bool:
    """Say whether its blocks can't be too many or too large, whatever its letters are: each is six bytes at most."""
    if message.media or not message.text.strip():
        return False
    letters = len(message.text) + len(message.body)
    count = 0
    if message.ask:
        letters += len(message.ask.placeholder) * 2 + len(message.ask.submit)
        letters += sum(2 * (len(option.text) + len(option.label) + len(option.value)) for option in message.ask.options)
        count = len(message.ask.options) + 3
    return 6 * letters + 250 * count <= LARGEST_BLOCKS


def escape(text: str) -> str:
    """The three characters that mean something to Slack: without it a name like <!channel> would call everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(text: str) -> str:
    """Our markup in Slack's spelling: one star for bold, links in angles, round bullets. Italic is the same."""
    linked = LINK.sub(lambda link: f"<{link[2]}|{link[1]}>", escape(text))
    return _BULLET.sub(r"\1• ", BOLD.sub(r"*\1*", linked))


def _sections(text: str, *, markup: bool) -> Iterator[Block]:
    """As many sections as the text needs, cut between paragraphs, lines, sentences or words."""
    if not text.strip():
        return
    shown = _text_object(text, markup=markup)
    if len(shown["text"]) <= _SECTION:
        yield {"type": "section", "text": shown}
        return
    middle = _middle(text)
    yield from _sections(text[:middle].rstrip(), markup=markup)
    yield from _sections(text[middle:].lstrip("\n"), markup=markup)


def _text_object(text: str, *, markup: bool) -> Block:
    """Letters as they stand where nothing is to be marked or linked: mrkdwn would make 5*3*2 bold."""
    if markup:
        return {"type": "mrkdwn", "text": mrkdwn(text)}
    if _URLS.search(text):
        return {"type": "mrkdwn", "text": escape(text)}
    return {"type": "plain_text", "text": text}


def _middle(text: str) -> int:
    """The best place near the middle to cut, outside of anything that is marked up."""
    half, quarter = len(text) // 2, len(text) // 4
    marked = [found.span() for pattern in (LINK, BOLD, ITALIC) for found in pattern.finditer(text)]
    for seam, margin in (*((seam, quarter) for seam in _SEAMS), (_WORD, 1)):
        cuts = [
            found.end()
            for found in seam.finditer(text, margin, len(text) - margin)
            if not any(start < found.end() < end for start, end in marked)
        ]
        if cuts:
            return min(cuts, key=lambda cut: abs(cut - half))
    return half


def _with_lines(text: str, message: Message, ask: Ask | None, *, images: bool = False) -> str:
    """The text, with what no block carries below it: links to files, and options too long for their buttons."""
    lines = [text] if text.strip() else []
    for media in message.media:
        if images or media.mime_type not in IMAGES:
            name = _name(media)
            linked = message.markup and not set("[]\n") & set(name) and LINK.fullmatch(f"[{name}]({media.url})")
            lines.append(f"[{name}]({media.url})" if linked else f"{name}: {media.url}")
    if ask and any(len(option.text) > _BUTTON for option in ask.options):
        lines += [f"• {option.text}" for option in ask.options]
    return "\n".join(lines)


def _image(media: Media) -> Block:
    alt_text = _cut(media.alt_text or _name(media), _ALT_TEXT)
    return {"type": "image", "image_url": media.url, "alt_text": alt_text}


def _answering(ask: Ask) -> list[Block]:
    """The blocks by which a question is answered."""
    if ask.kind == "buttons" and len(ask.options) <= _MOST_BUTTONS:
        return [_row(f"{ASK}:{ask.token}", [_button(ask, option) for option in ask.options])]
    if ask.kind in {"buttons", "checkboxes"}:
        return [_row(f"{ASK}:{ask.token}", [_picker(ask), _submit(ask)])]
    return [_input(ask), _row(f"send:{ask.token}", [_submit(ask)])]


def _row(block_id: str, elements: list[Block]) -> Block:
    return {"type": "actions", "block_id": block_id, "elements": elements}


def _button(ask: Ask, option: Option) -> Block:
    return {
        "type": "button",
        "action_id": f"{ANSWER}:{ask.token}:{option.value}",
        "text": _plain_text(option.text or option.label or option.value, _BUTTON),
        "value": option.value,
    }


def _submit(ask: Ask) -> Block:
    return {
        "type": "button",
        "action_id": f"{SUBMIT}:{ask.token}",
        "text": _plain_text(ask.submit or "OK", _BUTTON),
        "value": ask.token,
        "style": "primary",
    }


def _picker(ask: Ask) -> Block:
    few, several = len(ask.options) <= _MOST_BOXES, ask.kind == "checkboxes"
    kind = {
        (True, True): "checkboxes",
        (True, False): "radio_buttons",
        (False, True): "multi_static_select",
        (False, False): "static_select",
    }[few, several]
    options = [
        {"text": _plain_text(option.text or option.label or option.value, _OPTION), "value": option.value}
        for option in ask.options
    ]
    picker: Block = {"type": kind, "action_id": f"pick:{ask.token}", "options": options}
    if ask.placeholder and not few:
        picker["placeholder"] = _plain_text(ask.placeholder, _PLACEHOLDER)
    return picker


def _input(ask: Ask) -> Block:
    """A field for words; also for numbers, since Slack's number field refuses "5,5" and "five"."""
    field: Block = {
        "type": "plain_text_input",
        "action_id": f"typed:{ask.token}",
        "multiline": ask.kind == "long_text",
        "max_length": _INPUT if ask.max_length is None else max(1, min(ask.max_length, _INPUT)),
    }
    if ask.min_length:
        field["min_length"] = min(ask.min_length, field["max_length"])
    if ask.placeholder:
        field["placeholder"] = _plain_text(ask.placeholder, _PLACEHOLDER)
    label = _plain_text(ask.placeholder or ask.submit or "…", _LABEL)
    return {"type": "input", "block_id": f"{ASK}:{ask.token}", "label": label, "element": field}


def _plain_text(text: str, most: int) -> Block:
    return {"type": "plain_text", "text": _cut(text, most)}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _name(media: Media) -> str:
    return media.name or media.alt_text or media.url.rsplit("/", 1)[-1] or media.url


def _names(message: Message) -> str:
    """What is read aloud of a message without words; Slack wants a text."""
    return escape(", ".join(media.alt_text.strip() or _name(media) for media in message.media)).strip() or "…"


def _weight(blocks: list[Block]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")).encode()) if blocks else 0


def _ask_problems(ask: Ask) -> Iterator[str]:
    values = [option.value for option in ask.options]
    if ask.kind in {"buttons", "checkboxes"} and not values:
        yield "The question has no options: give it some."
    if len(values) > MOST_OPTIONS:
        yield f"The question has {len(values)} options and Slack takes {MOST_OPTIONS}: ask in two steps."
    if len(set(values)) < len(values):
        yield "Two options have the same id: give each its own."
    if any(len(value) > _OPTION_VALUE for value in values):
        yield f"An option's id is longer than {_OPTION_VALUE} characters: shorten it."
    if max(map(len, values), default=0) + len(f"{ANSWER}:{ask.token}:") > _ID or len(ask.token) > _ID - len("submit:"):
        yield f"An option's id makes a button's id longer than {_ID} characters: shorten it."
