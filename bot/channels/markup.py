"""The little that managers may mark up: **bold**, _italic_ and [words](https://…).

Channels that show plain letters get the words without the marks; the others translate them.
"""

from __future__ import annotations

import re

LINK = re.compile(r"\[([^\[\]\n]+)\]\((https?://[^\s()<>|]+(?:\([^\s()<>|]*\)[^\s()<>|]*)*)\)")
BOLD = re.compile(r"\*\*(?=[^\s*])([^*\n]*[^*\s])\*\*")
ITALIC = re.compile(r"(?<!\w)_(?=[^\s_])([^_\n]*[^_\s])_(?!\w)")


def plain(text: str) -> str:
    """The words alone: a link is its words with the address after them, once."""
    return ITALIC.sub(r"\1", BOLD.sub(r"\1", LINK.sub(_written_out, text)))


def _written_out(link: re.Match[str]) -> str:
    words, url = link.groups()
    return url if words == url else f"{words}: {url}"
