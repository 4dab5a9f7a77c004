"""Questions for tests, each in one line."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from bot.content.documents import Question

_question: TypeAdapter[Question] = TypeAdapter(Question)

SPILL = ("Block the area", "Mop it", "Call the supervisor")
IDS = "abcdefghijklmnopqrstuvwxyz"


def question(kind: str, **fields: Any) -> Question:
    return _question.validate_python({"id": "q", "kind": kind, "prompt": "What now?", **fields})


def of_choices(kind: str, texts: Any = SPILL, correct: Any = (), **fields: Any) -> Question:
    choices = [{"id": IDS[place], "text": text} for place, text in enumerate(texts)]
    grading = {"correct_answers": list(correct), **fields.pop("grading", {})}
    return question(kind, choices=choices, grading=grading, **fields)


def single(texts: Any = SPILL, **fields: Any) -> Question:
    return of_choices("single_choice", texts, **fields)


def multiple(texts: Any = SPILL, **fields: Any) -> Question:
    return of_choices("multiple_choice", texts, **fields)


def ordering(texts: Any = SPILL, **fields: Any) -> Question:
    return of_choices("ordering", texts, **fields)


def true_false(**fields: Any) -> Question:
    return question("true_false", **fields)


def number(**fields: Any) -> Question:
    return question("number", **fields)


def short_text(correct: Any = ("fire exit", "exit"), **fields: Any) -> Question:
    return question("short_text", grading={"correct_answers": list(correct)}, **fields)


def rating(**scale: Any) -> Question:
    return question("rating", scale=scale)


def matching(left: Any = ("Bleach", "Soap"), right: Any = ("Hands", "Floor", "Glass"), **fields: Any) -> Question:
    sides = {"left": [{"id": f"l{n}", "text": text} for n, text in enumerate(left, 1)]}
    sides["right"] = [{"id": f"r{n}", "text": text} for n, text in enumerate(right, 1)]
    return question("matching", **sides, **fields)
