"""What a template may name is what a delivery knows, no more and no less."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

from bot.content.variables import SOURCES
from bot.delivery import rendering
from bot.tenancy.settings import DEFAULTS


class Row(SimpleNamespace):
    """Says its column's name in every column."""

    def __getattr__(self, name: str) -> Any:
        return defaultdict(str) if name == "custom_fields" else name


def test_every_source_has_a_value_and_every_value_is_a_source() -> None:
    assert tuple(rendering.reader_of(Row(), DEFAULTS).facts) == SOURCES
