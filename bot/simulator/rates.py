"""Token buckets, one per sender, channel or workspace: how much a provider takes before it says 429."""

from __future__ import annotations

import math
import time


class Rates:
    """Buckets by key; each holds `burst` tokens and gains `per_second`. A rate of 0 is no limit."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key: str, per_second: float, burst: float) -> int:
        """Take one token: 0 if there was one, else the whole seconds to wait (Retry-After, at least 1)."""
        if per_second <= 0:
            return 0
        now = time.monotonic()
        tokens, then = self._buckets.get(key, (burst, now))
        tokens = min(burst, tokens + (now - then) * per_second)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            return max(1, math.ceil((1 - tokens) / per_second))
        self._buckets[key] = (tokens - 1, now)
        return 0

    def clear(self) -> None:
        """Fill every bucket."""
        self._buckets.clear()
