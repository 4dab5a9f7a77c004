"""What a header means: ours by name, custom otherwise, and a mapping where the file speaks differently."""

from __future__ import annotations

import pytest

from bot.errors import BadInput
from bot.people.columns import columns_of


@pytest.mark.parametrize(
    ("header", "mapping", "columns"),
    [
        (["external_id", "phone"], None, ("external_id", "phone")),
        (["External ID", " First Name ", "HIRE-DATE"], None, ("external_id", "first_name", "hire_date")),
        (["external_id", "Store No", "custom.shift", ""], None, ("external_id", "custom.Store No", "custom.shift", "")),
        (["Emp #", "Mobile"], {"Emp #": "external_id", "Mobile": "phone"}, ("external_id", "phone")),
        (["Emp #", "Mobile"], {"external_id": "Emp #", "phone": "Mobile"}, ("external_id", "phone")),
        (["external_id", "phone"], {"phone": None}, ("external_id", None)),
        (["external_id", "phone"], {"phone": "custom.desk"}, ("external_id", "custom.desk")),
        (["external_id", "Home", "phone"], {"Home": "phone", "phone": ""}, ("external_id", "phone", None)),
    ],
)
def test_columns(header, mapping, columns):
    assert columns_of(header, mapping) == columns


@pytest.mark.parametrize(
    ("header", "mapping", "words"),
    [
        (["phone"], None, "no column external_id"),
        (["a|b", " c "], None, 'name it in the first row, or give a mapping. There is "a|b", "c".'),
        (["x"] * 13, None, '"x", "x" ….'),
        (
            ["external_id", "phone", "Phone"],
            None,
            'Columns 2 and 3 ("phone", "Phone") both are phone: keep one, or leave',
        ),
        (["external_id", "shift", "shift"], None, 'Columns 2 and 3 ("shift", "shift") both are shift: keep one.'),
        (["external_id", "Mobile", "phone"], {"Mobile": "phone"}, 'Columns 2 and 3 ("Mobile", "phone") both are phone'),
        (["external_id"], {"Mobile": "phone"}, 'The mapping names a column "Mobile", which the file doesn\'t have'),
        (["external_id", "Mobile"], {"Mobile": "phon"}, 'The mapping leads to "phon", which is none of ours'),
        (["external_id", "Mobile"], {"Mobile": 7}, 'The mapping of "Mobile" must be a name or null'),
        (["external_id", "x" * 61], None, "needs a name of 1 to 60 letters"),
        (["external_id", "two\nlines"], None, "needs a name of 1 to 60 letters"),
        (["external_id", "custom."], None, "needs a name of 1 to 60 letters"),
    ],
)
def test_headers_that_mean_nothing_certain(header, mapping, words):
    with pytest.raises(BadInput) as refused:
        columns_of(header, mapping)
    assert words in refused.value.words
