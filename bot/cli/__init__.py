"""The `shiftline` command: thin, each command calls one function and prints what comes back."""

from __future__ import annotations

from bot.cli.main import main

__all__ = ["main"]
