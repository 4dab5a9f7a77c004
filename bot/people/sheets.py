"""A file as people export it, read into a header and numbered rows.

Spreadsheets write UTF-8 with a mark, UTF-16 with or without one, or the old Windows code page, and separate
by comma, semicolon or tab, depending on the country; some say so in a first line "sep=;". What can't be
read as a table is refused as a whole and in one sentence: half a file is worse than none.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from bot.errors import BadInput

MOST_BYTES = 100 * 1024 * 1024
LONGEST_CELL = csv.field_size_limit()
SEPARATORS = (",", ";", "\t")

Row = tuple[int, list[str]]
"""(number as a spreadsheet shows it, cells); the header is row 1, and a cell of several lines counts once."""

_SEPARATOR = re.compile(r"\"?sep=(?P<separator>[^\"\r\n])\"?\r?\n", re.IGNORECASE)
_END = "\x1e\x1d\x1e"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class SheetRefused(BadInput):
    """This file can't be read as a table."""

    code = "sheet_refused"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first row, and the others in turn; reading on may still raise SheetRefused."""

    header: tuple[str, ...]
    rows: Iterator[Row]


def read(content: bytes) -> Sheet:
    """`content` as a table. SheetRefused in one sentence where it is none."""
    text = _text(content)
    told = _SEPARATOR.match(text)
    # Excel's line about the separator counts as a row to whoever looks at the file, and is none to us
    records = _records(text, told["separator"] if told else _separator(text), skip=1 if told else 0)
    _, header = next(records, (1, []))
    if not any(header):
        raise SheetRefused("The first row is empty: it has to name the columns.")
    return Sheet(tuple(header), records)


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise SheetRefused(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB: split it.")
    if not content.strip():
        raise SheetRefused("The file is empty.")
    if content.startswith(_WORKBOOKS):
        raise SheetRefused("This is an Excel workbook. XLSX comes later: save it as CSV and import that.")
    text = _decoded(content)
    if not text.strip():
        raise SheetRefused("The file is empty.")
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise SheetRefused(f"Line {line} holds a NUL character: this is no text file. Save it as CSV (UTF-8).")
    return unicodedata.normalize("NFC", text)


def _decoded(content: bytes) -> str:
    if content.startswith(_UTF16):
        return _strictly(content, "utf-16", "UTF-16")
    if (order := _unmarked_utf16(content)) is not None:
        return _strictly(content, order, "UTF-16").removeprefix("\ufeff")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # In the Windows code page hardly any two letters in a row look like UTF-8. Where some do, the file
        # is UTF-8 with a broken place, and reading it the other way would garble every name in it.
        if not content.decode("utf-8", "ignore").isascii():
            line = content.count(b"\n", 0, error.start) + 1
            raise SheetRefused(f"Line {line} holds a byte that is no UTF-8. Save the file as CSV (UTF-8).") from None
    return _strictly(content, "cp1252", "UTF-8 nor Windows-1252")


def _unmarked_utf16(content: bytes) -> str | None:
    """The byte order of UTF-16 without its mark: every other byte of plain letters is NUL."""
    head = content[:2_000]
    low, high = head[1::2], head[0::2]
    if low and low.count(0) > len(low) // 2 and not high.count(0):
        return "utf-16-le"
    if high and high.count(0) > len(high) // 2 and not low.count(0):
        return "utf-16-be"
    return None


def _strictly(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise SheetRefused(f"The file is no text in {name}. Save it as CSV (UTF-8).") from None


def _separator(text: str) -> str:
    """The one of `SEPARATORS` that makes the most columns of the first row without tearing a quote apart."""
    lines = text[: LONGEST_CELL * 2]

    def fits(separator: str) -> tuple[bool, int]:
        try:
            cells = next(csv.reader(io.StringIO(lines, newline=""), delimiter=separator), [])
        except csv.Error:
            return False, 0
        return not any('"' in cell for cell in cells), len(cells)

    return max(SEPARATORS, key=fits)


def _records(text: str, separator: str, *, skip: int = 0) -> Iterator[Row]:
    """Every row that isn't blank, after the first `skip`.

    The reader takes an open quote to the end of the file without a word, and all rows after it would be
    lost in one cell. So a mark is put after the end: where it doesn't come back alone, a quote has eaten it.
    """
    records = csv.reader(chain(io.StringIO(text, newline=""), [_END]), delimiter=separator)
    number = 0
    try:
        for number, cells in enumerate(records, 1):
            if cells == [_END]:
                return
            if cells and cells[-1].endswith(_END):
                raise SheetRefused(f"Row {number} opens a quote that is never closed.")
            if number <= skip:
                continue
            if number == 1 + skip or any(cell and not cell.isspace() for cell in cells):
                yield number, [cell.strip() for cell in cells]
    except csv.Error:
        raise SheetRefused(
            f"Row {number + 1} has a cell of more than {LONGEST_CELL:,} characters: is a quote left open?"
        ) from None
