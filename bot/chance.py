"""The only door to randomness: ids, tokens, jitter and shuffles.

Ids are made in time order (UUID version 7) so that indexes grow at one end.
Shuffles and jitter come from a generator that a test may seed; tokens never do,
because whoever knows the seed could guess them.
"""

from __future__ import annotations

import random  # noqa: TID251 - this is the one door
import secrets
import uuid
from collections.abc import Sequence
from typing import TypeVar

import uuid_utils

T = TypeVar("T")

_dice = random.Random()  # noqa: S311 - shuffles and jitter, never secrets


def seed(value: int) -> None:
    """Make shuffles and jitter repeatable."""
    _dice.seed(value)


def new_id() -> uuid.UUID:
    """A new UUIDv7."""
    return uuid.UUID(bytes=uuid_utils.uuid7().bytes)


def random_id() -> uuid.UUID:
    """A UUID that doesn't tell when it was made: for rows that nobody may link to a moment."""
    return uuid.UUID(bytes=secrets.token_bytes(16), version=4)


def token(size: int = 12) -> str:
    """A URL-safe secret of `size` random bytes."""
    return secrets.token_urlsafe(size)


def jitter(seconds: float, spread: float = 0.25) -> float:
    """`seconds`, moved by up to `spread` of itself either way."""
    return seconds * (1 + _dice.uniform(-spread, spread))


def shuffled(items: Sequence[T]) -> list[T]:
    """A shuffled copy of `items`."""
    copy = list(items)
    _dice.shuffle(copy)
    return copy
