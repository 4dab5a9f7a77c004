"""Markdown as a phone can show it: the words, the links in brackets, lists with a dash.

Only what managers may write (bold, italic, links, lists) and what slips in from other editors
(headings, quotes, code) is cleaned; an underscore in a file name or the stars of `2 * 3` are no markup.
"""

from __future__ import annotations

import re

_INLINE = re.compile(
    r"""\\(?P<escaped>[\\`*_{}\[\]()#+\-.!>~|])
    | !?\[(?P<words>[^\[\]\n]*)\]\((?P<target>[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)(?:\s+"[^"\n]*")?\)
    | <(?P<pointed>https?://[^\s<>]+)>
    | (?P<bare>https?://[^\s<>]+)
    | `(?P<code>[^`\n]+)`
    | (?<![\w*])(?P<stars>\*{1,3})(?=[^\s*])(?P<starred>(?:[^*\n]|(?<=\s)\*(?=\s))+?)(?<=[^\s*])(?P=stars)(?![\w*])
    | (?<![\w_])(?P<lines>_{1,3})(?=[^\s_])(?P<lined>[^\n]{1,500}?)(?<=[^\s_])(?P=lines)(?![\w_])
    | (?<!~)~~(?=\S)(?P<struck>[^~\n]+)(?<=\S)~~(?!~)
    """,
    re.VERBOSE,
)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*$", re.MULTILINE)
_QUOTE = re.compile(r"^ {0,3}> ?", re.MULTILINE)
_BULLET = re.compile(r"^([ \t]*)[*+•-][ \t]+", re.MULTILINE)
_HARD_BREAK = re.compile(r"(?:[ \t]+|\\)$", re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")
_DEEPEST = 3  # bold within italic within a link


def plain(markdown: str) -> str:
    """The words of a markdown text without its marks; `[words](address)` becomes `words (address)`."""
    text = _HARD_BREAK.sub("", _BULLET.sub(r"\1- ", _QUOTE.sub("", _HEADING.sub(r"\1", markdown))))
    return _GAPS.sub("\n\n", _unmarked(text, _DEEPEST)).strip()


def _unmarked(text: str, depth: int) -> str:
    return _INLINE.sub(lambda match: _said(match, depth), text) if depth else text


def _said(match: re.Match[str], depth: int) -> str:
    if match["target"] is not None:
        return _link(_unmarked(match["words"], depth - 1).strip(), match["target"])
    kept = match["escaped"] or match["pointed"] or match["bare"] or match["code"]
    return kept or _unmarked(match["starred"] or match["lined"] or match["struck"], depth - 1)


def _link(words: str, target: str) -> str:
    if not target:
        return words
    same = words.removeprefix("https://").removeprefix("http://").rstrip("/")
    if not words or same == target.removeprefix("https://").removeprefix("http://").removeprefix("mailto:").rstrip("/"):
        return target.removeprefix("mailto:")
    return f"{words} ({target})"
