"""Ids in the providers' forms. Nothing here is a secret, so they need not ask the kernel 60,000 times a minute."""

from __future__ import annotations

import random  # noqa: TID251 - another world has its own dice

_dice = random.Random()


def hex_id(digits: int) -> str:
    """So many hexadecimal digits; 32 make a sid of Twilio's behind its two letters."""
    return f"{_dice.getrandbits(4 * digits):0{digits}x}"


def short_id() -> str:
    """What Slack calls a block or an element that the app did not name."""
    return hex_id(5)
