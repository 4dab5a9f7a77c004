"""The door of every content: what is filled in, what is refused, and in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.content.documents import (
    Between,
    Document,
    Exactly,
    MultipleChoice,
    Ordering,
    QuizDocument,
    ReflectionDocument,
    SingleChoice,
    TemplateDocument,
    TextDocument,
    dump,
    parse,
)
from bot.content.refusal import DocumentRefused
from bot.errors import BadInput
from tests.unit.content import made

AB = [{"id": "a", "text": "Block it"}, {"id": "b", "text": "Mop it"}]
ABC = [*AB, {"id": "c", "text": "Wait"}]


def quiz(*questions: dict[str, Any], **keys: Any) -> dict[str, Any]:
    asked = [{"id": f"q{number}", "prompt": "What first?", **question} for number, question in enumerate(questions)]
    return {"kind": "quiz", "title": "Spills", "questions": asked, **keys}


def single(choices: Any = AB, correct: Any = ("a",), **keys: Any) -> dict[str, Any]:
    return {"kind": "single_choice", "choices": choices, "grading": {"correct_answers": list(correct)}, **keys}


def multiple(choices: Any = ABC, correct: Any = ("a", "b"), **keys: Any) -> dict[str, Any]:
    return {**single(choices, correct), "kind": "multiple_choice", **keys}


def first(document: Document) -> Any:
    assert isinstance(document, QuizDocument)
    return document.questions[0]


def sentence(data: object) -> str:
    with pytest.raises(DocumentRefused) as refused:
        parse(data)
    return refused.value.words


# What is filled in


@given(made.documents)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_dumped_reads_as_the_same_document(written: dict[str, Any]) -> None:
    document = parse(written)
    kept = dump(document)
    assert next(iter(kept)) == "kind"
    assert parse(json.loads(json.dumps(kept))) == document
    assert dump(parse(kept)) == kept
    assert parse(dump(document, brief=True)) == document


def test_a_dump_keeps_todays_defaults() -> None:
    kept = dump(parse(quiz(single())))
    assert kept["scoring_type"] == "all_or_nothing"
    assert kept["grade_method"] == "highest"
    assert kept["questions"][0]["max_attempts"] == 1
    assert [choice["fraction"] for choice in kept["questions"][0]["choices"]] == [1.0, 0.0]


def test_fractions_follow_from_the_right_answer() -> None:
    question = first(parse(quiz(single())))
    assert isinstance(question, SingleChoice)
    assert [choice.fraction for choice in question.choices] == [1.0, 0.0]


def test_the_right_answer_follows_from_fractions() -> None:
    choices = [{**AB[0], "fraction": 0.5}, {**AB[1], "fraction": 1}]
    question = first(parse(quiz({"kind": "single_choice", "choices": choices})))
    assert question.grading.correct_answers == ("b",)
    assert [choice.fraction for choice in question.choices] == [0.5, 1.0]


def test_several_right_answers_share_the_points() -> None:
    question = first(parse(quiz(multiple(correct=("c", "a")))))
    assert isinstance(question, MultipleChoice)
    assert [choice.fraction for choice in question.choices] == [0.5, 0.0, 0.5]
    assert question.grading.correct_answers == ("c", "a")


def test_three_times_a_third_is_whole_enough() -> None:
    thirds = [{**choice, "fraction": 0.33} for choice in ABC]
    question = first(parse(quiz({"kind": "multiple_choice", "choices": thirds})))
    assert question.grading.correct_answers == ("a", "b", "c")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ([5], (Exactly(value=5),)),
        ([{"value": 5, "tolerance": 0.5}], (Exactly(value=5, tolerance=0.5),)),
        ({"min": 1, "max": 2}, (Between(min=1, max=2),)),
        ([{"min": 1}, 7], (Between(min=1), Exactly(value=7))),
    ],
)
def test_numbers_are_exact_or_a_range(written: Any, read: Any) -> None:
    question = first(parse(quiz({"kind": "number", "grading": {"correct_answers": written}})))
    assert question.grading.correct_answers == read


@pytest.mark.parametrize(
    ("answer", "right", "wrong"),
    [
        (Exactly(value=5), 5, 5.01),
        (Exactly(value=0.3), 0.1 + 0.2, 0.31),
        (Exactly(value=5, tolerance=0.5), 5.5, 5.51),
        (Between(min=1, max=2), 2, 2.01),
        (Between(min=1), 1e9, 0.99),
    ],
)
def test_numbers_are_accepted_within_their_bounds(answer: Exactly | Between, right: float, wrong: float) -> None:
    assert answer.accepts(right)
    assert not answer.accepts(wrong)


def test_nps_goes_from_nought_to_ten() -> None:
    scale = first(parse(quiz({"kind": "rating", "scale": {"style": "nps"}}))).scale
    assert (scale.min, scale.max) == (0, 10)


def test_ids_may_be_written_as_numbers() -> None:
    document = parse(quiz(single([{"id": 1, "text": "A…"}, {"id": 2, "text": "B…"}], correct=[2]), title="T"))
    assert first(document).grading.correct_answers == ("2",)


def test_texts_are_made_equal_before_they_are_kept() -> None:
    document = parse({"kind": "text", "title": "  Cafe\u0301 ", "text": {"ES-mx": "a\r\nb\rc", "en": "Cafe\u0301"}})
    assert isinstance(document, TextDocument)
    assert document.title == "Café"
    assert document.text == {"es-MX": "a\nb\nc", "en": "Café"}


def test_a_reflection_is_private_until_somebody_says_otherwise() -> None:
    document = parse({"kind": "reflection", "title": "T", "prompt_text": "What went well?"})
    assert isinstance(document, ReflectionDocument)
    assert dump(document)["settings"] == {
        "response_kind": "text",
        "min_length": 0,
        "max_length": 3000,
        "join_window_seconds": 90,
        "visibility": "private",
        "follow_ups": [],
    }


def test_the_template_of_the_format_is_accepted() -> None:
    variable = {
        "name": "first_name", "type": "string", "source": "worker.first_name", "required": True,
        "default": "there", "max_length": 20, "example": "Ana", "pii": True,
    }  # fmt: skip
    document = parse(
        {"kind": "template", "title": "T", "template_text": "Hi {{ first_name }}", "variables": [variable]}
    )
    assert isinstance(document, TemplateDocument)
    assert dump(document)["variables"] == [variable]


def test_the_quiz_of_the_format_is_accepted() -> None:
    question = {
        "id": "q1", "kind": "single_choice", "prompt": {"en": "Spill in aisle 4. First step?"}, "media": [],
        "choices": [{"id": "a", "text": {"en": "Block the area"}, "fraction": 1.0, "feedback": {"en": "Right."}},
                    {"id": "b", "text": {"en": "Mop it"}, "fraction": 0}],
        "shuffle_choices": True, "required": True, "time_limit": 120, "max_attempts": 1,
        "grading": {"point_value": 1, "correct_answers": ["a"], "when_right": {"en": "Yes!"},
                    "when_wrong": {"en": "Block it first."}, "general_feedback": {}},
    }  # fmt: skip
    document = parse({"kind": "quiz", "title": "Spills", "questions": [question]})
    assert first(document).grading.general_feedback is None


@pytest.mark.parametrize("label", ["Yes", "NO", "stop"])
def test_true_and_false_may_be_called_anything(label: str) -> None:
    question = {"kind": "true_false", "labels": {"true": label}, "grading": {"correct_answers": [True]}}
    assert first(parse(quiz(question))).labels.true == label


@pytest.mark.parametrize("scoring", ["ungraded", "completion"])
def test_what_is_not_graded_needs_no_right_answer(scoring: str) -> None:
    parse(quiz(single(correct=()), {"kind": "short_text"}, {"kind": "ordering", "choices": ABC}, scoring_type=scoring))


def test_ratings_and_long_texts_stand_in_a_graded_quiz() -> None:
    parse(quiz({"kind": "rating"}, {"kind": "long_text"}, single()))


@pytest.mark.parametrize("text", ["Stop the belt", "Yes, at once", "Help a colleague", "Nonstop", "The end"])
def test_a_keyword_within_a_choice_is_fine(text: str) -> None:
    parse(quiz(single([{"id": "a", "text": text}, AB[1]])))


# What is refused


def who5(scale: dict[str, int]) -> dict[str, Any]:
    return quiz(*[{"kind": "rating", "scale": scale}] * 5, scoring_type="instrument", instrument="who5")


def test_who5_is_accepted_on_its_own_scale() -> None:
    parse(who5({"min": 0, "max": 5}))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "must be a map of keys"),
        (None, "must be a map of keys"),
        ({}, "kind: is missing"),
        ({"kind": "poem"}, "kind: must be one of text, image, video, audio, document, quiz, reflection, template"),
        ({"kind": "text"}, "title: is missing; text: is missing"),
        ({"kind": "text", "title": "T", "text": "x", "txet": 1}, "txet: is not known here"),
        ({"kind": "text", "title": "T", "text": "x", "a b": 1}, '["a b"]: is not known here'),
        ({"kind": "text", "title": 5, "text": "x"}, "title: must be text; put quotes around it"),
        ({"kind": "text", "title": "a\nb", "text": "x"}, "title: must be one line"),
        ({"kind": "text", "title": "T", "text": " "}, "text: is empty"),
        ({"kind": "text", "title": "T", "text": {}}, "text: is empty"),
        ({"kind": "text", "title": "T", "text": "a\x00b"}, "text: holds a character that can't be sent (U+0000)"),
        ({"kind": "text", "title": "T", "text": "\ud83d"}, "text: holds a character that can't be sent (U+D83D)"),
        ({"kind": "text", "title": "T", "text": "x" * 10_001}, "text: takes at most 10000 characters"),
        ({"kind": "text", "title": "T", "text": {"en": "x", "english": "y"}}, "text.english: is no language code such as en or es-MX"),
        ({"kind": "text", "title": "T", "text": {"es-mx": "x", "ES-MX": "y"}}, "text.ES-MX: gives the language es-MX twice"),
        ({"kind": "text", "title": "T", "text": {"en": "x", "es": ["y"]}}, "text.es: must be text"),
        ({"kind": "text", "title": "T", "text": "x", "language": "en_US"}, "language: is no language code such as en or es-MX"),
        ({"kind": "text", "title": "T", "text": "x", "tags": ["Safety", "safety"]}, 'tags[1]: "safety" is there twice'),
        ({"kind": "text", "title": "T", "text": "x", "translations": {"en": {}}}, "translations.en: is the language of the document itself"),
        ({"kind": "text", "title": "T", "text": "x", "translations": {"es": {}, "ES": {}}}, "translations.ES: gives the language es twice"),
        ({"kind": "text", "title": "T", "text": "x", "translations": {"es": {"n": float("nan")}}}, "translations.es: must be text, numbers, lists and maps"),
        ({"kind": "text", "title": "T", "text": "x", "formatting": {"markdown": 1}}, "formatting.markdown: must be true or false"),
        ({"kind": "image", "title": "T"}, "file: is missing"),
        ({"kind": "image", "title": "T", "file": "../../etc/passwd"}, "file: must be a path inside the document's own folder"),
        ({"kind": "image", "title": "T", "file": "/etc/passwd"}, "file: must be a path inside the document's own folder"),
        ({"kind": "image", "title": "T", "file": "http://a/b.png"}, "file: must be a path inside the document's own folder"),
        ({"kind": "video", "title": "T", "file": "a.mp4", "duration": 1.5}, "duration: must be a whole number"),
        ({"kind": "quiz", "title": "T", "questions": []}, "questions: needs at least 1"),
        ({"kind": "quiz", "title": "T", "questions": {}}, "questions: must be a list"),
        ({"kind": "quiz", "title": "T", "questions": ["x"]}, "questions[0]: must be a map of keys"),
        (quiz({"kind": "essay"}), "questions[0].kind: must be one of single_choice, multiple_choice, true_false, short_text, number, rating, ordering, matching, long_text"),
        (quiz({}), "questions[0].kind: is missing"),
        (quiz(single(), single(), single(AB[:1])), "questions[2].choices: needs at least 2"),
        (quiz(single([*AB, {"id": "A", "text": "x"}])), 'questions[0].choices[2].id: "A" is there twice'),
        (quiz(single(), {**single(), "id": "q0"}), 'questions[1].id: "q0" is there twice'),
        (quiz(single([{"id": "a b", "text": "x"}, AB[1]])), "questions[0].choices[0].id: must be up to 64 letters, digits, - or _"),
        (quiz(single(correct=("z",))), 'questions[0].grading.correct_answers[0]: "z" is none of the choices'),
        (quiz(single(correct=("a", "a"))), 'questions[0].grading.correct_answers[1]: "a" is there twice'),
        (quiz(single(correct=())), 'questions[0].grading.correct_answers: needs at least 1, or a scoring_type such as "ungraded"'),
        (quiz({"kind": "short_text"}), 'questions[0].grading.correct_answers: needs at least 1, or a scoring_type such as "ungraded"'),
        (quiz(single([{**AB[0], "fraction": 0}, {**AB[1], "fraction": 1}])), 'questions[0].choices[0].fraction: disagrees with correct_answers, where "a" is; questions[0].choices[1].fraction: disagrees with correct_answers, where "b" is not'),
        (quiz(single([{**AB[0], "fraction": 2}, AB[1]])), "questions[0].choices[0].fraction: must be at most 1"),
        (quiz(multiple([{**AB[0], "fraction": 0.5}, {**AB[1], "fraction": 0.4}], correct=())), "questions[0].choices: positive fractions must sum to 1, not 0.9"),
        (quiz(multiple(min=3, max=2)), "questions[0].min: is above max"),
        (quiz(multiple(min=4)), "questions[0].min: is above the number of choices, 3"),
        (quiz(multiple(max=4)), "questions[0].max: is above the number of choices, 3"),
        (quiz(multiple(max=1)), "questions[0].grading.correct_answers: has 2, which min and max don't allow"),
        (quiz({"kind": "true_false", "grading": {"correct_answers": [True, False]}}), "questions[0].grading.correct_answers: takes at most 1"),
        (quiz({"kind": "true_false", "grading": {"correct_answers": ["true"]}}), "questions[0].grading.correct_answers[0]: must be true or false"),
        (quiz({"kind": "number", "grading": {"correct_answers": [{"min": 5, "max": 1}]}}), "questions[0].grading.correct_answers[0].min: is above max"),
        (quiz({"kind": "number", "grading": {"correct_answers": [{"value": "5"}]}}), "questions[0].grading.correct_answers[0].value: must be a number"),
        (quiz({"kind": "number", "grading": {"correct_answers": [{"value": 5, "tolerance": -1}]}}), "questions[0].grading.correct_answers[0].tolerance: must be at least 0"),
        (quiz({"kind": "rating", "scale": {"min": 5, "max": 5}}), "questions[0].scale.min: must be below max"),
        (quiz({"kind": "rating", "scale": {"style": "nps", "min": 1}}), "questions[0].scale.style: goes from 0 to 10"),
        (quiz({"kind": "rating", "scale": {"labels": {"6": "x"}}}), "questions[0].scale.labels.6: is not on the scale"),
        (quiz({"kind": "rating", "grading": {"correct_answers": ["5"]}}), "questions[0].grading.correct_answers: has no place here: nothing is right or wrong about this kind"),
        (quiz({"kind": "ordering", "choices": ABC, "grading": {"correct_answers": ["b", "a"]}}), 'questions[0].grading.correct_answers: leaves out "c"'),
        (quiz({"kind": "matching", "left": AB, "right": ABC, "grading": {"correct_answers": [["a", "x"]]}}), 'questions[0].grading.correct_answers[0][1]: "x" is none of the choices; questions[0].grading.correct_answers: leaves out "b"'),
        (quiz({"kind": "matching", "left": AB, "right": ABC, "grading": {"correct_answers": [["a"]]}}), "questions[0].grading.correct_answers[0][1]: is missing"),
        (quiz({"kind": "long_text", "min_length": 9, "max_length": 8}), "questions[0].min_length: is above max_length"),
        (quiz(single(time_limit=0)), "questions[0].time_limit: must be at least 1"),
        (quiz(single(media=[{"alt_text": "x"}])), "questions[0].media[0].file: is missing"),
        (quiz(single(), passing_score=1.5), "passing_score: must be at most 1"),
        (quiz(single(), passing_score="0.5"), "passing_score: must be a number"),
        (quiz(single(), scoring_type="hard"), "scoring_type: must be one of ungraded, completion, all_or_nothing, partial_credit, weighted, negative_marking, confidence_based, instrument"),
        (quiz({"kind": "rating"}, scoring_type="instrument"), "instrument: is missing"),
        (quiz({"kind": "rating"}, instrument="enps"), 'instrument: needs scoring_type "instrument"'),
        (who5({"min": 1, "max": 5}), "questions: must be 5 ratings from 0 to 5 for who5"),
        ({"kind": "reflection", "title": "T", "prompt_text": "x", "settings": {"min_length": 5, "max_length": 4}}, "settings.min_length: is above max_length"),
        ({"kind": "reflection", "title": "T", "prompt_text": "x", "settings": {"visibility": "all"}}, "settings.visibility: must be one of private, supervisor, admins, aggregate, anonymous"),
        ({"kind": "template", "title": "T", "template_text": "x", "variables": [{"name": "a"}, {"name": "A"}]}, 'variables[1].name: "A" is there twice'),
        ({"kind": "template", "title": "T", "template_text": "x", "variables": [{"name": "_a"}]}, "variables[0].name: must be up to 40 letters, digits and _, a letter first"),
        ({"kind": "template", "title": "T", "template_text": "x", "variables": [{"name": "self"}]}, "variables[0].name: is a word of the template language itself"),
        ({"kind": "template", "title": "T", "template_text": "x", "variables": [{"name": "a", "type": "integer", "default": "x"}]}, "variables[0].default: is no integer"),
        ({"kind": "template", "title": "T", "template_text": "x", "variables": [{"name": "a", "default": "xxx", "max_length": 2}]}, "variables[0].default: is longer than max_length 2"),
        ({"kind": "template", "title": "T", "template_text": "x", "variables": [{"name": "a", "type": "url", "example": "javascript:x"}]}, "variables[0].example: is no url"),
        ({"kind": "template", "title": "T", "template_text": "x", "channel": "fax"}, "channel: must be one of sms, slack, any"),
    ],
)  # fmt: skip
def test_what_is_refused_and_how_it_is_said(data: object, words: str) -> None:
    assert sentence(data) == words


@pytest.mark.parametrize(
    "keyword",
    ["STOP", "stop", "Stop!", " Yes. ", "start", "HELP", "End", "cancel", "¿Info?", "Quit", "unsubscribe", "Arret"],
)
@pytest.mark.parametrize("kind", ["single_choice", "multiple_choice"])
def test_no_choice_is_a_word_that_carriers_own(keyword: str, kind: str) -> None:
    path, text = "questions[0].choices[1].text", json.dumps(keyword, ensure_ascii=False)
    for written, where in ((keyword, path), ({"en": "Halt it", "es": keyword}, f"{path}.es")):
        question = single([AB[0], {"id": "b", "text": written}], kind=kind)
        assert sentence(quiz(question)) == f"{where}: {text} alone is a word that carriers act on; say more"


def test_several_mistakes_are_told_at_once_and_ten_at_most() -> None:
    told = sentence({"kind": "text", "title": "T", "text": "x", **{f"key{number}": 1 for number in range(14)}})
    assert told.count("is not known here") == 10
    assert told.endswith("; and 4 more")


def test_a_refusal_carries_its_mistakes_one_by_one() -> None:
    with pytest.raises(BadInput) as refused:
        parse({"kind": "text", "title": "T"})
    assert isinstance(refused.value, DocumentRefused)
    assert refused.value.mistakes == (("text", "is missing"),)
    assert (refused.value.status, refused.value.code) == (422, "document_refused")


def test_a_document_cannot_be_changed() -> None:
    question = first(parse(quiz({"kind": "ordering", "choices": ABC, "grading": {"correct_answers": ["c", "a", "b"]}})))
    assert isinstance(question, Ordering)
    with pytest.raises(ValueError, match="frozen"):
        question.partial = "adjacent_pairs"


KEYS = "kind id choices text grading correct_answers scale labels min prompt translations".split()  # noqa: SIM905
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(made.KINDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(made.documents, st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_but_a_plain_refusal_comes_out_of_a_spoilt_document(
    written: dict[str, Any], data: st.DataObject
) -> None:
    told = ""
    try:
        parse(spoil(written, data))
    except BadInput as refused:
        told = refused.words
    assert not [word for word in ("pydantic", "http", "Input", "can't be read") if word in told]


def spoil(value: Any, data: st.DataObject) -> Any:
    """Put something else in one place of a document."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 5)):
        key = data.draw(st.sampled_from(list(value)))
        return {**value, key: spoil(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 5)):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], spoil(value[place], data), *value[place + 1 :]]
    return data.draw(json_values)
