"""A packed message is the same message, also after a journey through JSON."""

from __future__ import annotations

import json
import uuid

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Ask, Media, Message, Option
from bot.delivery import outbox

WORDS = st.text(max_size=40)
MEDIA = st.builds(Media, url=WORDS, mime_type=WORDS, name=WORDS, alt_text=WORDS, size=st.integers(0, 10**9))
OPTIONS = st.lists(st.builds(Option, value=WORDS, label=WORDS, text=WORDS), max_size=4).map(tuple)
ASKS = st.builds(
    Ask,
    kind=st.sampled_from(["buttons", "checkboxes", "number", "text", "long_text"]),
    token=WORDS, options=OPTIONS, submit=WORDS, placeholder=WORDS, max_length=st.none() | st.integers(1, 3000),
    min_length=st.none() | st.integers(1, 3000),
)  # fmt: skip
MESSAGES = st.builds(
    Message,
    text=WORDS,
    body=WORDS,
    media=st.lists(MEDIA, max_size=3).map(tuple),
    ask=st.none() | ASKS,
    markup=st.booleans(),
)


@given(MESSAGES, st.none() | WORDS)
def test_packing_keeps_everything(message, target):
    packed = json.loads(json.dumps(outbox.pack(message, target)))
    assert outbox.unpack(packed) == message
    assert packed.get("target") == (target or None)


@given(st.uuids())
def test_a_worker_as_a_recipient(worker_id: uuid.UUID):
    assert outbox.of_worker(worker_id) == f"worker:{worker_id.hex}"
