"""What a text costs as SMS, how to spell it cheaper, and where to cut it.

Carriers bill by the part, and one curly quote makes a text of 160 characters cost three parts
instead of one, so managers see these numbers while they write and the pace counts them when we
send. The counter agrees with Twilio's own (`sms-segments-calculator`; tests hold it to a file of
that program's answers), which the Python packages that we tried do not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from bot.channels.graphemes import CLUSTER, CLUSTERED

LIMIT: Final = 1600  # Twilio error 21617: a body may have no more characters than this
_GSM_ALONE, _GSM_PART = 160, 153
_UCS_ALONE, _UCS_PART = 70, 67

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = "^{}\\[~]|€\f"
_OUTSIDE_GSM = re.compile(f"[^{re.escape(_BASIC + _ESCAPED)}]")
_COSTS_TWO = re.compile(f"[{re.escape(_ESCAPED)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Parts:
    """What is billed: `parts` of one text in `encoding`; `units` are septets (gsm7) or UTF-16 units (ucs2)."""

    parts: int
    encoding: Literal["gsm7", "ucs2"]
    units: int


def measure(text: str) -> Parts:
    """Count the parts of one SMS with this body, as Twilio's calculator does.

    160 septets alone or 153 a part in GSM-7; 70 or 67 UTF-16 units in UCS-2. An escaped septet
    pair, a surrogate pair or an emoji sequence never straddles two parts. An empty body is one
    part of no units (an MMS without words), as at Twilio. One difference is on purpose: a cluster
    that no part can hold (a letter under 70 accents) is counted cut, not as one overfull part.
    """
    if _OUTSIDE_GSM.search(text):
        return _measure_ucs2(text)
    escapes = len(_COSTS_TWO.findall(text))
    units = len(text) + escapes
    if units <= _GSM_ALONE:
        return Parts(1, "gsm7", units)
    if not escapes:
        return Parts(-(-units // _GSM_PART), "gsm7", units)
    return Parts(_pack((2 if character in _ESCAPED else 1 for character in text), _GSM_PART), "gsm7", units)


def _measure_ucs2(text: str) -> Parts:
    units = utf16(text)
    if units <= _UCS_ALONE:
        return Parts(1, "ucs2", units)
    if units == len(text) and not CLUSTERED.search(text):
        return Parts(-(-units // _UCS_PART), "ucs2", units)
    return Parts(_pack(_cluster_widths(text), _UCS_PART), "ucs2", units)


def _cluster_widths(text: str) -> Iterator[int]:
    for cluster in CLUSTER.findall(text):
        width = 1 if len(cluster) == 1 and cluster <= "\uffff" else utf16(cluster)
        if width <= _UCS_PART:
            yield width
        else:
            yield from map(utf16, cluster)


def _pack(widths: Iterable[int], room: int) -> int:
    """How many parts of `room` units hold these unbreakable widths in their order."""
    parts, free = 1, room
    for width in widths:
        if width > free:
            parts, free = parts + 1, room
        free -= width
    return parts


def utf16(text: str) -> int:
    """The length by which Twilio and UCS-2 count: an emoji is two."""
    return len(text) + len(_ASTRAL.findall(text))


_SPELLINGS = (
    ("'", "‘’‚‛′‵`´ʹʻʼʽˈˊˋ＇❛❜"),
    ('"', "“”„‟″‶«»＂❝❞〝〞ʺ"),
    ("-", "‐‑‒–—―−⁃－﹣"),
    ("...", "…"),
    (" ", "\t\v\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"),
    ("\n", "\x85\u2028\u2029"),
    ("", "\u200b\u2060\ufeff\u00ad\u180e"),
)
_PLAIN = {ord(odd): plain for plain, odds in _SPELLINGS for odd in odds}
# Joiners and direction marks mean something in Persian, Hindi, Arabic and emoji; beside GSM-7 letters they are litter.
_DIRECTIONS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_INVISIBLE = dict.fromkeys([*_DIRECTIONS, 0x200C, 0x200D, 0xFE0E, 0xFE0F])


def gsm_safe(text: str) -> str:
    """The same words, spelt with GSM-7's quotes, dashes, dots and spaces where such a spelling exists.

    Never drops or changes a letter or an accent (a letter and its combining accent become one, which GSM-7 may
    know), so the result can still be UCS-2; offer it, and let `measure` say whether it is cheaper.
    """
    plain = unicodedata.normalize("NFC", text).translate(_PLAIN)
    bare = plain.translate(_INVISIBLE)
    return plain if _OUTSIDE_GSM.search(bare) else bare


_SEAMS = (
    re.compile(r"\n[^\S\n]*\n\s*"),
    re.compile(r"""(?:[.!?…。؟।][\"'”’»)\]]*\s+|\n\s*)"""),
    re.compile(r"\s+"),
)


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Cut a text into pieces of at most `limit` UTF-16 units that join up to the same text again.

    Cuts after a paragraph, else a sentence (either only in the second half of a piece: a short
    message costs a whole part), else a word, else a visible character, else a code point. The
    white space of a seam stays at the end of its piece. ValueError below a limit of 2.
    """
    if limit < 2:
        msg = "a piece must have room for a surrogate pair"
        raise ValueError(msg)
    pieces, start = [], 0
    while utf16(text[start : start + limit + 1]) > limit:
        end = _seam(text, start, _reach(text, start, limit))
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]] if start < len(text) or not pieces else pieces


def _reach(text: str, start: int, limit: int) -> int:
    """The index after the last code point that fits in `limit` units from `start`."""
    end = start + limit
    while (over := utf16(text[start:end]) - limit) > 0:
        end -= -(-over // 2)
    return end


def _seam(text: str, start: int, end: int) -> int:
    for seam, earliest in zip(_SEAMS, (start + (end - start) // 2,) * 2 + (start + 1,), strict=True):
        # White space may run over the edge: then the piece ends at the edge, inside the seam.
        cuts = [min(found.end(), end) for found in seam.finditer(text, start, end + 1) if found.start() < end]
        if cuts and cuts[-1] >= earliest:
            return cuts[-1]
    return _between_clusters(text, start, end)


def _between_clusters(text: str, start: int, end: int) -> int:
    last = start
    for found in CLUSTER.finditer(text, start):
        if found.end() > end:
            break
        last = found.end()
    return last if last > start else end
