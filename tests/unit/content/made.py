"""Documents of every kind as hypothesis draws them: what a writer could have written and we must accept."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Drawn = dict[str, Any]

# Every character that we accept, odd ones first: what breaks a YAML file hides among them.
ODD = "\n\t \"'#:-?&*!|>%@`{}[],~=\u00a0\u2028\u2029\ufeff\u200dé́😀0179eE.xnN"
texts = (
    st.text(st.sampled_from(ODD) | st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
    .filter(str.strip)
    .map(str)
) | st.sampled_from(
    ["no", "yes", "on", "null", "~", "true", "007", "1e3", "0x1F", "1_000", "2024-01-01", "1:30", "<<", "="]
)
lines = texts.map(lambda text: " ".join(text.split())).filter(lambda text: bool(text) and "\n" not in text)
languages = st.sampled_from(["en", "es", "es-MX", "no", "pt-BR", "zh-Hant", "ht"])
worded = texts | st.dictionaries(languages, texts, min_size=1, max_size=3)
ids = st.from_regex(r"[a-z0-9_-]{1,8}", fullmatch=True)


def optional(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Drawn]:
    return st.fixed_dictionaries({}, optional=parts)


def merged(*drawn: st.SearchStrategy[Drawn]) -> st.SearchStrategy[Drawn]:
    return st.tuples(*drawn).map(lambda parts: {key: value for part in parts for key, value in part.items()})


plain = st.recursive(
    st.booleans() | st.integers(-(10**14), 10**14) | st.floats(-1e14, 1e14) | texts | st.just(""),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(lines, inner, max_size=3),
    max_leaves=5,
)
described = merged(
    st.fixed_dictionaries({"title": lines}),
    optional(
        language=st.just("fr"),
        description=worded,
        tags=st.lists(lines, max_size=3, unique_by=str.casefold),
        translations=st.dictionaries(
            languages.filter("en".__ne__), st.dictionaries(lines, plain, max_size=2), max_size=2
        ),
    ),
)
attachments = st.lists(
    st.just("media/a.png") | st.fixed_dictionaries({"media_asset_id": ids, "alt_text": worded}), max_size=2
)
asked = optional(
    media=attachments, required=st.booleans(), time_limit=st.integers(1, 600), max_attempts=st.integers(1, 5)
)
feedback = optional(point_value=st.integers(0, 9), when_right=worded, when_wrong=worded, general_feedback=worded)
choice_text = worded.map(
    lambda text: f"{text} it" if isinstance(text, str) else {k: f"{v} it" for k, v in text.items()}
)


@st.composite
def choices(draw: st.DrawFn, least: int = 2) -> list[Drawn]:
    names = draw(st.lists(ids, min_size=least, max_size=5, unique=True))
    return [{"id": name, "text": draw(choice_text), **draw(optional(feedback=worded))} for name in names]


@st.composite
def questions(draw: st.DrawFn, kind: str) -> Drawn:
    question = {"kind": kind, "prompt": draw(worded), **draw(asked)}
    grading = draw(feedback)
    if kind in {"single_choice", "multiple_choice", "ordering"}:
        question["choices"] = draw(choices())
        names = [choice["id"] for choice in question["choices"]]
        question |= draw(optional(shuffle_choices=st.booleans()))
        if kind == "ordering":
            grading["correct_answers"] = draw(st.permutations(names))
            question |= draw(optional(partial=st.sampled_from(["exact", "adjacent_pairs"])))
        elif kind == "single_choice" and draw(st.booleans()):
            question["choices"][0]["fraction"] = 1
            question["choices"][1]["fraction"] = draw(st.sampled_from([0, 0.5, -0.25]))
        else:
            several = len(names) if kind == "multiple_choice" else 1
            grading["correct_answers"] = draw(
                st.lists(st.sampled_from(names), min_size=1, max_size=several, unique=True)
            )
    elif kind == "true_false":
        grading["correct_answers"] = [draw(st.booleans())]
        question |= draw(optional(labels=optional(true=worded, false=worded)))
    elif kind == "short_text":
        grading["correct_answers"] = draw(st.lists(texts, min_size=1, max_size=3))
        question |= draw(
            optional(match=st.sampled_from(["exact", "fuzzy"]), max_distance=st.integers(0, 3), case=st.booleans())
        )
    elif kind == "number":
        number = st.floats(-1e9, 1e9) | st.integers(-5, 5)
        exact = st.fixed_dictionaries({"value": number}, optional={"tolerance": st.floats(0, 10)})
        grading["correct_answers"] = draw(
            st.lists(number | exact | st.just({"min": -1, "max": 2.5}), min_size=1, max_size=3)
        )
        question |= draw(optional(unit=worded))
    elif kind == "rating":
        scale = optional(
            min=st.integers(0, 1),
            max=st.integers(3, 10),
            style=st.sampled_from(["likert", "stars"]),
            reverse=st.booleans(),
        )
        question["scale"] = draw(
            scale | st.just({"style": "nps"}) | st.just({"labels": {"1": {"en": "Never"}, 5: "Always"}})
        )
    elif kind == "matching":
        question["left"], question["right"] = draw(choices()), draw(choices())
        grading["correct_answers"] = [[item["id"], question["right"][0]["id"]] for item in question["left"]]
    else:
        question |= draw(optional(min_length=st.integers(0, 10), max_length=st.integers(10, 100)))
    return question | ({"grading": grading} if grading else {})


KINDS = "single_choice multiple_choice true_false short_text number rating ordering matching long_text".split()  # noqa: SIM905


@st.composite
def quizzes(draw: st.DrawFn) -> Drawn:
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    own = optional(
        scoring_type=st.sampled_from(["partial_credit", "ungraded", "weighted"]),
        time_limit=st.integers(1, 3600),
        passing_score=st.floats(0, 1),
        grade_method=st.sampled_from(["average", "last"]),
    )
    asked = [{"id": f"q{number}", **draw(questions(kind))} for number, kind in enumerate(kinds)]
    return {"kind": "quiz", "questions": asked, **draw(described), **draw(own)}


def of(kind: str, needed: Drawn, **optionals: st.SearchStrategy[Any]) -> st.SearchStrategy[Drawn]:
    return merged(st.just({"kind": kind}), described, st.fixed_dictionaries(needed, optional=optionals))


stored = {"media_asset_id": ids}
in_file = {"file": st.sampled_from(["a.png", "media/b c.mp4", "é.pdf"])}
lengths = st.integers(0, 300)
settings_of_reflections = optional(
    response_kind=st.sampled_from(["text", "rating", "photo"]),
    max_length=st.integers(1, 500),
    join_window_seconds=lengths,
    visibility=st.sampled_from(["private", "anonymous"]),
    follow_ups=st.lists(worded, max_size=2),
    points_awarded=st.integers(0, 5),
)
variables = st.lists(
    merged(
        st.fixed_dictionaries({"name": st.from_regex(r"x[a-z0-9_]{0,5}", fullmatch=True)}),
        optional(
            source=st.just("worker.first_name"),
            required=st.booleans(),
            pii=st.booleans(),
            max_length=st.integers(30, 99),
        ),
        optional(default=texts, example=texts)
        | st.fixed_dictionaries({"type": st.just("integer"), "default": st.integers(0, 9)}),
    ),
    max_size=3,
    unique_by=lambda variable: variable["name"],
)
documents = st.one_of(
    of("text", {"text": worded}, formatting=st.just({"markdown": False})),
    of("image", in_file, alt_text=worded, caption=worded),
    of("video", stored, caption=worded, transcript=worded, duration=lengths),
    of("audio", {**stored, **in_file}, caption=worded, transcript=worded, duration=lengths),
    of("document", in_file),
    of("reflection", {"prompt_text": worded}, guidance_text=worded, settings=settings_of_reflections),
    of("template", {"template_text": texts, "variables": variables}, channel=st.sampled_from(["sms", "slack", "any"])),
    quizzes(),
)
