"""The web: hooks of the providers, health, media links and, in the demo, the simulator's page."""

from __future__ import annotations

from bot.web.assembly import build

__all__ = ["build"]
