"""Files as spreadsheets of the world write them, and files that are none."""

from __future__ import annotations

import codecs

import pytest

from bot.people import sheets
from bot.people.sheets import SheetRefused

TABLE = "external_id,first_name\r\nW1,Zoë\r\nW2,Ana\r\n"
ROWS = [(2, ["W1", "Zoë"]), (3, ["W2", "Ana"])]


def read(content):
    sheet = sheets.read(content)
    return sheet.header, list(sheet.rows)


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        codecs.BOM_UTF8 + TABLE.encode(),
        TABLE.encode("utf-16"),
        codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"),
        TABLE.encode("utf-16-le"),
        TABLE.encode("utf-16-be"),
        TABLE.encode("cp1252"),
        TABLE.replace(",", ";").encode(),
        TABLE.replace(",", "\t").encode(),
        TABLE.replace("\r\n", "\n").encode(),
        TABLE.replace("\r\n", "\r").encode(),
        TABLE.strip().encode(),
        TABLE.replace("ë", "e\u0308").encode(),  # decomposed, as macOS writes it
        TABLE.replace("Ana", '"Ana"').replace("W2", " W2 ").encode(),
    ],
)
def test_the_same_table_in_every_dress(content):
    assert read(content) == (("external_id", "first_name"), ROWS)


def test_rows_are_numbered_as_a_spreadsheet_shows_them():
    content = b'external_id,note\nW1,"two\nlines"\n\n,\nW2,x\n'
    assert read(content)[1] == [(2, ["W1", "two\nlines"]), (5, ["W2", "x"])]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_excels_line_about_the_separator_is_no_header(first, encoding):
    content = f"{first}\r\nexternal_id;note\r\nW1;Zoë, 2\r\n".encode(encoding)
    assert read(content) == (("external_id", "note"), [(3, ["W1", "Zoë, 2"])])


def test_quotes_hide_separators():
    assert read(b'external_id;"a;b,c"\nW1;"x, y"\n') == (("external_id", "a;b,c"), [(2, ["W1", "x, y"])])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b" \n \n", "The file is empty."),
        (codecs.BOM_UTF8, "The file is empty."),
        ("\n ".encode("utf-16"), "The file is empty."),
        (b",,\nW1,x,\n", "The first row is empty"),
        (b"\nexternal_id\nW1\n", "The first row is empty"),
        (b"PK\x03\x04rest", "XLSX comes later: save it as CSV"),
        (b"\xd0\xcf\x11\xe0rest", "XLSX comes later"),
        (b"external_id\nW1\nW\x002\n", "Line 3 holds a NUL character"),
        (b"external_id,a\n" + b"\x00" * 50, "Line 2 holds a NUL character"),
        (b"external_id\n\x81\x8d\n", "no text in UTF-8 nor Windows-1252"),
        (codecs.BOM_UTF16_LE + b"e\x00x", "no text in UTF-16"),
        ("external_id\nZoë\nAna".encode() + b"\xff\n", "Line 3 holds a byte that is no UTF-8"),
        (b'external_id,note\nW1,x\nW2,"open\nW3,x\nW4,x\n', "Row 3 opens a quote that is never closed."),
        (b'external_id,"note\nW1,x\n', "Row 1 opens a quote"),
        (b"external_id\nW1\n" + b"x" * 140_000, "Row 3 has a cell of more than 131,072 characters"),
    ],
)
def test_what_is_no_table(content, words):
    with pytest.raises(SheetRefused) as refused:
        read(content)
    assert words in refused.value.words


def test_a_file_that_is_too_large(monkeypatch):
    monkeypatch.setattr(sheets, "MOST_BYTES", 2 * 1024 * 1024)
    with pytest.raises(SheetRefused, match="larger than 2 MB"):
        read(b"x" * (2 * 1024 * 1024 + 1))
