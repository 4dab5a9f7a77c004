"""The channels that there are. Routes, settings and command-line options are made from this list.

Read it as `registry.CHANNELS` where it is used and not when a module is loaded: a test adds a channel
of its own to prove that one file is all that a new one takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.channels.channel import Channel
from bot.channels.slack import Slack
from bot.channels.sms import Sms

CHANNELS: tuple[Channel, ...] = (Sms(), Slack())


def by_kind(kind: str) -> Channel:
    """The channel of an integration's type ("twilio"). KeyError if there is none."""
    return _one("kind", kind)


def by_name(name: str) -> Channel:
    """The channel as managers call it ("sms"). KeyError if there is none."""
    return _one("name", name)


def register(channel: Channel) -> None:
    """Add a channel. ValueError if its name, kind or hook is taken."""
    global CHANNELS  # noqa: PLW0603 - the one list of the process
    for known in CHANNELS:
        if channel.name == known.name or channel.kind == known.kind or channel.hook == known.hook:
            raise ValueError(f"the channel {known.name!r} has this name, kind or hook already")
    CHANNELS = (*CHANNELS, channel)


@contextmanager
def registered(channel: Channel) -> Iterator[Channel]:
    """Know one more channel for a while."""
    global CHANNELS  # noqa: PLW0603 - as above
    register(channel)
    try:
        yield channel
    finally:
        CHANNELS = tuple(known for known in CHANNELS if known is not channel)


def _one(attribute: str, value: str) -> Channel:
    for channel in CHANNELS:
        if getattr(channel, attribute) == value:
            return channel
    raise KeyError(value)
