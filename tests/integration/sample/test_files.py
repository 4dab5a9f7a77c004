"""The files that the sample is made of: right in themselves, and fit to be copied by a customer."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.audience import rules
from bot.content import check, documents, interchange, rehearsal
from bot.content.media import recognise
from bot.people.columns import columns_of
from bot.people.rows import read_row
from bot.sample import people

FOLDER = Path(people.__file__).parent
CONTENTS = sorted((FOLDER / "contents").glob("*.yaml"))
FICTIONAL = re.compile(r"\+1[2-9]\d\d55501\d\d")
"""What the North American numbering plan sets aside for stories: 555-0100 to 555-0199."""


def table(day: date = people.WRITTEN) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(people.as_of(day).decode())))


def document(path: Path) -> documents.Document:
    return interchange.load(path.read_text(encoding="utf-8"), path.name)


def test_on_its_own_day_the_file_is_as_it_stands():
    assert people.as_of(people.WRITTEN) == people.FILE.read_bytes()


def test_every_row_can_be_read():
    header, *lines = csv.reader(io.StringIO(people.FILE.read_text(encoding="utf-8")))
    columns = columns_of(header)
    assert [column for column in columns if column.startswith("custom.")] == [
        "custom.store", "custom.shift", "custom.forklift_cert_until",
    ]  # fmt: skip
    assert len([read_row(number, cells, columns) for number, cells in enumerate(lines, 2)]) == 200


@pytest.mark.parametrize("column", ["external_id", "phone", "email", "slack_user_id"])
def test_nobody_is_mistaken_for_somebody_else(column):
    found = [row[column] for row in table() if row[column]]
    assert len(found) == len(set(found))
    assert len({(row["first_name"], row["last_name"]) for row in table()}) == 200


def test_no_phone_rings_anywhere_and_none_is_the_demonstrations_sender():
    phones = {row["phone"] for row in table()} - {""}
    assert all(FICTIONAL.fullmatch(phone) for phone in phones)
    assert "+12125550100" not in phones
    assert all(row["email"].endswith(("@harborpine.example", "")) for row in table())


def test_everybody_has_one_line_of_supervisors_up_to_the_top():
    above = {row["external_id"]: row["supervisor_external_id"] for row in table()}
    for worker in above:
        line = [worker]
        while above[line[-1]]:
            line.append(above[line[-1]])
            assert len(line) < 10
        assert line[-1] == "HP-1001"


def test_the_people_are_as_mixed_as_promised():
    rows = table()
    assert Counter(row["department"] for row in rows) == {
        "Stores": 111, "Distribution Center": 50, "Fleet": 22, "Facilities": 14, "Head Office": 3,
    }  # fmt: skip
    assert Counter(row["language"] for row in rows) == {"en": 147, "es": 50, "pt": 2, "fr": 1}
    assert sum(bool(row["slack_user_id"]) for row in rows) == 120
    tags = Counter(tag for row in rows for tag in row["tags"].split(";") if tag)
    assert set(tags) == {"forklift", "first-aid", "night-shift", "new-hire", "driver", "key-holder", "on-leave"}
    assert all(bool(row["forklift_cert_until"]) == ("forklift" in row["tags"]) for row in rows)


@pytest.mark.parametrize("days", [-400, -1, 0, 1, 6, 7, 265, 1000, 5000])
def test_whoever_is_new_stays_new(days):
    today = people.WRITTEN + timedelta(days=days)
    rows, written = table(today), table()
    recent = {row["external_id"] for row in rows if today - timedelta(days=30) <= date.fromisoformat(row["hire_date"])}
    assert recent == {row["external_id"] for row in rows if "new-hire" in row["tags"]}
    assert all(date.fromisoformat(row["hire_date"]) <= today for row in rows)
    assert [date.fromisoformat(row["hire_date"]).weekday() for row in rows] == [
        date.fromisoformat(row["hire_date"]).weekday() for row in written
    ]
    ended = sum(date.fromisoformat(row["forklift_cert_until"]) < today for row in rows if row["forklift_cert_until"])
    assert ended == 2


def test_there_is_one_content_of_each_kind():
    assert sorted(document(path).kind for path in CONTENTS) == sorted(
        ["text", "image", "video", "audio", "document", "quiz", "reflection", "template"]
    )


@pytest.mark.parametrize("path", CONTENTS, ids=lambda path: path.stem)
def test_a_content_can_be_sent_as_it_is(path):
    report = check.check(document(path))
    assert report.errors == ()
    assert {problem.words for problem in report.warnings if "goes out as a link" not in problem.words} == set()
    assert report.sms.encoding == "gsm7"  # in Spanish too: an í would double the price


@pytest.mark.parametrize("path", CONTENTS, ids=lambda path: path.stem)
def test_a_content_is_told_in_english_and_spanish(path):
    found = document(path)
    assert rehearsal.languages(found) == ["en", "es"]
    assert all(set(words) == {"en", "es"} for _, words in rehearsal.maps(found))
    assert interchange.load(interchange.export(found), path.name) == found


def test_the_quiz_asks_in_four_ways_and_answers_back():
    quiz = next(found for path in CONTENTS if (found := document(path)).kind == "quiz")
    assert [question.kind for question in quiz.questions] == [
        "single_choice",
        "true_false",
        "multiple_choice",
        "number",
    ]
    assert all(question.grading.when_right for question in quiz.questions)


def test_the_files_are_small_of_their_kind_and_all_in_use():
    used = {path.parent / found.file: found.kind for path in CONTENTS if hasattr(found := document(path), "file")}
    assert set(used) == set((FOLDER / "contents" / "media").iterdir())
    for path, kind in used.items():
        recognise(path.name, path.read_bytes(), kind)
    assert sum(path.stat().st_size for path in used) < 300_000


def test_every_rule_can_be_read():
    found = json.loads((FOLDER / "segments.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in found if rules.parse(each["rule"]) and each["description"]] == [
        "Everyone on the floor", "New hires, last 30 days", "Forklift drivers in the DC",
    ]  # fmt: skip
