"""Listeners for what people say and tap in a direct message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.web import intake


def said(context: dict[str, Any]) -> None:
    """A direct message; edits, bots and our own words are read as nothing."""
    _take_in(context)


def tapped(ack: Callable[[], None], context: dict[str, Any]) -> None:
    """A hand on a button of ours."""
    _take_in(context)
    ack()


def _take_in(context: dict[str, Any]) -> None:
    intake.take_in(context["verified"], context["said"])
