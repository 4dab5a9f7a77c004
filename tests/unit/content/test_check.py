"""What a writer is told about a content before it is sent, channel by channel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bot.channels.channel import Abilities
from bot.channels.slack import Slack
from bot.channels.sms import Sms
from bot.channels.sms_text import Parts, measure
from bot.content.check import Report, check
from bot.content.documents import parse
from tests.unit.content import made

PHONE, DESK = Sms.abilities, Slack.abilities
AB = [{"id": "a", "text": "Block it"}, {"id": "b", "text": "Mop it"}]


def report(abilities: dict[str, Abilities] | None = None, /, **document: Any) -> Report:
    return check(parse({"title": "Spills", **document}), abilities)


def quiz(question: dict[str, Any], abilities: dict[str, Abilities] | None = None) -> Report:
    asked = {"id": "q1", "prompt": "What first?", "grading": {"correct_answers": ["a"]}, **question}
    return report(abilities, kind="quiz", questions=[asked])


def single(*texts: Any, **keys: Any) -> dict[str, Any]:
    choices = [{"id": name, "text": text} for name, text in zip("abcdefgh", texts, strict=False)]
    return {"kind": "single_choice", "choices": choices, **keys}


def errors(found: Report) -> list[str]:
    return [str(problem) for problem in found.errors]


def warnings(found: Report) -> list[str]:
    return [str(problem) for problem in found.warnings]


def test_a_good_quiz_has_nothing_to_be_said_about() -> None:
    found = quiz(single("Block it", "Mop it"))
    assert (errors(found), warnings(found)) == ([], [])
    said = "Spills\nWhat first?\n1) Block it\n2) Mop it\nReply with a number."
    assert found.sms == measure(said)


def test_the_price_is_that_of_all_messages_in_the_dearest_language() -> None:
    found = report(kind="text", text={"en": "x" * 160, "es": "ñ" * 161, "ru": "ж" * 140})
    assert found.sms == Parts(3, "ucs2", 140)
    asked = [{"id": f"q{number}", "kind": "long_text", "prompt": "x" * 140} for number in range(3)]
    found = report(kind="quiz", questions=asked)
    assert found.sms is not None
    assert found.sms.parts == 6


def test_without_sms_there_is_no_price() -> None:
    assert report({"slack": DESK}, kind="text", text="x").sms is None
    assert report(kind="template", template_text="x", channel="slack").sms is None


def test_every_channel_there_is_is_asked_unless_some_are_named() -> None:
    image = {"kind": "image", "file": "a.webp", "alt_text": "A spill"}
    assert warnings(report(**image)) == [
        "file: goes out as a link: sms doesn't carry image/webp",
        "file: goes out as a link: slack doesn't carry image/webp",
    ]
    assert warnings(report({"sms": PHONE}, **image)) == ["file: goes out as a link: sms doesn't carry image/webp"]


@pytest.mark.parametrize(
    ("file", "carried"), [("a.png", True), ("a.jpg", True), ("a.jpeg", True), ("a.pdf", False), ("a", True)]
)
def test_pictures_travel_and_other_files_are_links(file: str, carried: bool) -> None:
    found = report({"sms": PHONE}, kind="image", file=file, alt_text="x")
    assert (warnings(found) == []) is carried


def test_a_question_that_is_too_long_is_an_error_where_it_is_too_long() -> None:
    assert errors(quiz(single("x" * 800, "y" * 800))) == ["questions[0]: has 1647 characters in en; sms carries 1600"]
    assert errors(quiz(single("x" * 800, "y" * 800), {"slack": DESK})) == []
    (only,) = errors(quiz(single({"en": "x", "es": "x" * 1600}, "y"), {"sms": PHONE}))
    assert only.startswith("questions[0]: has 16")
    assert only.endswith(" characters in es; sms carries 1600")


def test_what_slack_would_refuse_is_refused_when_it_is_written() -> None:
    """A hundred options can be tapped, but not with so many words."""
    choices = [{"id": f"choice-{number}", "text": f"{number} " + "слово " * 11} for number in range(100)]
    asked = {"kind": "single_choice", "choices": choices, "grading": {"correct_answers": ["choice-1"]}}
    (only,) = errors(quiz(asked, {"slack": DESK}))
    assert only == (
        "questions[0]: The message and its options are larger than 12000 bytes: shorten or split it. (slack, en)"
    )
    assert errors(quiz({**asked, "choices": choices[:5]}, {"slack": DESK})) == []


def test_letters_that_count_twice_over_sms_count_twice() -> None:
    (only,) = errors(quiz(single("👷" * 700, "👷" * 90), {"sms": PHONE}))
    assert only.startswith("questions[0]: The text has 16")
    assert only.endswith("characters and an SMS carries 1600: shorten or split it. (sms, en)")


def test_a_text_that_is_too_long_goes_out_in_pieces() -> None:
    found = report({"sms": PHONE}, kind="text", text="word " * 400)
    assert errors(found) == []
    assert "text: goes out as 2 messages on sms in en" in warnings(found)


def test_many_parts_are_worth_a_word() -> None:
    assert warnings(report(kind="text", text="x" * 459)) == []
    assert warnings(report(kind="text", text="x" * 460)) == ["text: takes 4 SMS parts in en"]
    assert warnings(report(kind="text", text={"en": "x", "es": "ж" * 210})) == ["text: takes 4 SMS parts in es"]


def test_a_character_that_doubles_the_bill_is_pointed_out() -> None:
    assert warnings(report(kind="text", text="It’s " + "x" * 100)) == [
        "text: takes 2 SMS parts in en, and 1 with plain quotes and dashes"
    ]
    assert warnings(report(kind="text", text="It’s fine")) == []


def test_more_options_than_can_be_tapped_are_typed_and_more_than_can_be_typed_refused() -> None:
    question = single("a it", "b it", "c it", "d it")
    few = replace(PHONE, max_options=3)
    assert errors(quiz(question, {"sms": few})) == ["questions[0]: has 4 options; sms carries 3"]
    found = quiz(question, {"slack": replace(DESK, max_options=3)})
    assert errors(found) == []
    assert warnings(found) == ["questions[0]: has 4 options; slack carries 3, so the answer is typed"]


def test_a_word_that_a_channel_acts_on_is_no_choice_there() -> None:
    toy = replace(PHONE, keywords=frozenset({"BASTA"}))
    found = quiz(single({"en": "Enough", "es": "Basta"}, "More"), {"toy": toy})
    assert errors(found) == ['questions[0].choices[0].text.es: "Basta" alone is a word that toy acts on; say more']
    assert errors(quiz(single("Basta", "More"), {"sms": PHONE})) == []


def test_a_choice_that_reads_like_the_number_of_another_is_pointed_out() -> None:
    assert warnings(quiz(single("2", "3"), {"sms": PHONE})) == [
        'questions[0].choices[0].text: "2" may be meant when somebody types the number of a choice'
    ]
    assert warnings(quiz(single("1", "2"), {"sms": PHONE})) == []
    assert len(warnings(quiz(single("1", "2", shuffle_choices=True), {"sms": PHONE}))) == 2
    assert warnings(quiz(single("2", "3"), {"slack": DESK})) == []


def test_choices_with_the_same_words_are_pointed_out() -> None:
    assert warnings(quiz(single("Mop it", "mop it "), {"sms": PHONE})) == [
        'questions[0].choices[1].text: "mop it " is there twice'
    ]


def test_the_right_answer_must_not_opt_out_whoever_knows_it() -> None:
    path = "questions[0].grading.correct_answers"
    alone = quiz({"kind": "short_text", "grading": {"correct_answers": ["Stop"]}})
    assert errors(alone) == [f'{path}[0]: "Stop" can\'t be an answer on sms: it acts on that word']
    among = quiz({"kind": "short_text", "grading": {"correct_answers": ["halt", "stop"]}})
    assert errors(among) == []
    assert warnings(among) == [f'{path}[1]: "stop" can\'t be an answer on sms: it acts on that word']
    assert errors(quiz({"kind": "short_text", "grading": {"correct_answers": ["Stop"]}}, {"slack": DESK})) == []


@pytest.mark.parametrize(
    ("document", "warning"),
    [
        (
            {"kind": "image", "file": "a.png"},
            "alt_text: is missing: say what the picture shows for those who can't see it",
        ),
        (
            {"kind": "video", "file": "a.mp4"},
            "transcript: is missing: write down what is said for those who can't listen",
        ),
        (
            {"kind": "audio", "file": "a.mp3"},
            "transcript: is missing: write down what is said for those who can't listen",
        ),
    ],
)
def test_who_cannot_see_or_hear_is_thought_of(document: dict[str, Any], warning: str) -> None:
    assert warning in warnings(report(**document))
    assert warning not in warnings(report(**document, **{warning.partition(":")[0]: "Said"}))


def test_a_picture_beside_a_question_needs_words_too() -> None:
    question = single("Block it", "Mop it", media=["a.png", {"file": "b.png", "alt_text": "A spill"}])
    assert warnings(quiz(question)) == [
        "questions[0].media[0].alt_text: is missing: say what the picture shows for those who can't see it"
    ]


def test_words_that_lack_a_language_are_named() -> None:
    question = single({"en": "Block it", "es": "Bloquear"}, {"en": "Mop it"}, prompt={"en": "What?", "ht": "Kisa?"})
    assert warnings(quiz(question, {"slack": DESK})) == [
        "questions[0].prompt: has no es",
        "questions[0].choices[0].text: has no ht",
        "questions[0].choices[1].text: has no ht, es",
    ]


def test_labels_of_a_scale_are_words_as_well() -> None:
    labels = {"1": {"en": "Never", "es": "Nunca"}, "5": {"en": "Always"}}
    question = {"kind": "rating", "scale": {"labels": labels}, "grading": {}}
    assert warnings(quiz(question)) == ["questions[0].scale.labels.5: has no es"]


def test_a_templates_problems_are_errors_in_every_language() -> None:
    found = report(
        kind="template",
        template_text="Hi {{ name }}",
        variables=[{"name": "name", "max_length": 20}],
        translations={"es": {"template_text": "Hola {{ nombre }}"}},
    )
    assert errors(found) == [
        'translations.es.template_text: line 1: "nombre" is not declared in variables',
        'translations.es.variables[0].name: "name" is not used in the template',
    ]


def test_a_template_is_weighed_at_its_longest() -> None:
    found = report(kind="template", template_text="Hi {{ name }}", variables=[{"name": "name", "max_length": 20}])
    assert (errors(found), warnings(found)) == ([], [])
    assert found.sms == Parts(1, "gsm7", 23)
    found = report(kind="template", template_text="{{ name }}!", variables=[{"name": "name", "max_length": 1600}])
    assert errors(found) == ["template_text: has 1601 characters in en; sms carries 1600"]


def test_a_length_that_is_not_declared_is_only_a_guess() -> None:
    found = report(
        kind="template",
        template_text="Hi {{ name }}{{ n }}",
        variables=[{"name": "name"}, {"name": "n", "type": "integer"}],
    )
    assert warnings(found) == ["variables[0].max_length: is missing, so the longest SMS is only a guess"]


def test_a_template_for_one_channel_is_held_against_that_one_only() -> None:
    long = {"kind": "template", "template_text": "{{ name }}!", "variables": [{"name": "name", "max_length": 1600}]}
    assert errors(report(**long, channel="slack")) == []
    assert len(errors(report(**long, channel="sms"))) == 1


@given(made.documents)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_every_document_can_be_checked(written: dict[str, Any]) -> None:
    found = check(parse(written))
    assert found.sms is not None or written.get("channel") == "slack"
    assert all(problem.severity == "error" for problem in found.errors)
    assert all(problem.severity == "warning" for problem in found.warnings)


def test_a_source_that_tells_nothing_is_pointed_out() -> None:
    def found(source: str) -> list[str]:
        variable = {"name": "name", "source": source, "max_length": 20}
        return warnings(report(kind="template", template_text="Hi {{ name }}", variables=[variable]))

    assert found("worker.first_name") == found("custom.shoe size") == []
    [words] = found("worker.nickname")
    assert words.startswith('variables[0].source: "worker.nickname" tells nothing; there is worker.first_name, ')
    assert words.endswith(", and custom.<name>")
