"""What people answered to a broadcast: question by question in figures, and person by person in words.

Words of a reflection are shown by its visibility: private ones never, those for figures only never one by one,
those for administrators to administrators; anonymous ones without a name, and only where enough people
answered that nobody can be picked out.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from bot.content import render
from bot.content.answers import as_answer, shown_answer
from bot.content.documents import (
    Document,
    Matching,
    MultipleChoice,
    Ordering,
    Question,
    QuizDocument,
    Rating,
    SingleChoice,
    TrueFalse,
    words,
)
from bot.engagement.report import CLOSED
from bot.tenancy.rows import Rows
from models import QuestionResponse, ReflectionResponse, Worker

MOST_KINDS = 12
"""Different answers to one question that are counted one by one; the rest is "other answers"."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that several gave. `right` is None where nothing is right or wrong."""

    text: str
    count: int
    right: bool | None


@dataclass(frozen=True, slots=True)
class Figures:
    """One question in figures: its last answers, once a person."""

    number: int
    text: str
    answered: int
    right: int | None
    choices: Sequence[Choice]


class Given(NamedTuple):
    """One answer of one person."""

    number: int
    question: str
    text: str | None
    right: bool | None
    tries: int
    late: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Respondent:
    """Somebody with everything that they answered."""

    worker_id: uuid.UUID
    name: str
    external_id: str | None
    channel: str
    last_at: datetime
    answers: Sequence[Given]

    @property
    def right(self) -> int:
        """How many of their answers are right."""
        return sum(each.right is True for each in self.answers)

    @property
    def graded(self) -> int:
        """How many of their answers are right or wrong at all."""
        return sum(each.right is not None for each in self.answers)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the rows that they may see, their languages, whether they are an administrator.

    `fewest` anonymous answers must be there before their words are shown.
    """

    rows: Rows
    languages: tuple[str, ...] = ("en",)
    administrator: bool = False
    fewest: int = 5


def figures(session: Session, broadcast_id: uuid.UUID, document: Document, reader: Reader) -> list[Figures]:
    """Every question of a quiz; nothing for what isn't graded and counted."""
    if not isinstance(document, QuizDocument):
        return []
    response = QuestionResponse
    kept = sa.cast(response.understood, sa.Text)
    found = session.execute(
        sa.select(response.question_id, kept, response.correct, sa.func.count())
        .where(*_of(response, broadcast_id), reader.rows.workers(response.worker_id), _last_try())
        .group_by(response.question_id, kept, response.correct)
    )
    counts: dict[str, Counter[tuple[str, bool | None]]] = defaultdict(Counter)
    for question_id, understood, correct, count in found:
        counts[question_id][understood, correct] += count
    return [
        _figures(number, question, counts[question.id], (*reader.languages, document.language))
        for number, question in enumerate(document.questions, 1)
    ]


def respondents(
    session: Session, broadcast_id: uuid.UUID, document: Document, reader: Reader, *, offset: int = 0, limit: int = 25
) -> tuple[list[Respondent], int]:
    """Who answered, the latest first, and how many they are."""
    table: Any = QuestionResponse if isinstance(document, QuizDocument) else ReflectionResponse
    mine = (*_of(table, broadcast_id), table.worker_id.is_not(None), reader.rows.workers(table.worker_id))
    total = session.scalar(sa.select(sa.func.count(table.worker_id.distinct())).where(*mine)) or 0
    last = sa.func.max(table.at, type_=table.at.type)
    people = session.execute(
        sa.select(Worker.id, Worker.first_name, Worker.last_name, Worker.external_id, last)
        .join(table, table.worker_id == Worker.id)
        .where(*mine)
        .group_by(Worker.id, Worker.first_name, Worker.last_name, Worker.external_id)
        .order_by(last.desc(), Worker.id)
        .offset(offset)
        .limit(limit)
    ).all()
    rows = session.scalars(
        sa.select(table)
        .where(*_of(table, broadcast_id), table.worker_id.in_([person[0] for person in people]))
        .order_by(table.at, table.id)
    ).all()
    given: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for row in rows:
        given[row.worker_id].append(row)
    return [
        Respondent(
            worker_id, f"{first} {family}", external_id, given[worker_id][-1].channel, at,
            _answers(document, given[worker_id], reader),
        )
        for worker_id, first, family, external_id, at in people
    ], total  # fmt: skip


def nameless(session: Session, broadcast_id: uuid.UUID, reader: Reader) -> tuple[list[str], int]:
    """The words of anonymous answers in no order that tells anything, and how many there are.

    No words where they are too few, or where the reader sees some of the people only: in a small group one
    knows who said it.
    """
    response = ReflectionResponse
    mine = (*_of(response, broadcast_id), response.worker_id.is_(None))
    count = session.scalar(sa.select(sa.func.count()).select_from(response).where(*mine)) or 0
    if not reader.rows.whole or count < reader.fewest:
        return [], count if reader.rows.whole else 0
    texts = session.scalars(sa.select(response.text).where(*mine).order_by(response.text).limit(200))
    return list(texts), count


def _of(table: Any, broadcast_id: uuid.UUID) -> tuple[sa.ColumnElement[bool], ...]:
    return table.source_kind == "broadcast", table.source_id == broadcast_id


def _last_try() -> sa.ColumnElement[bool]:
    later = aliased(QuestionResponse)
    newer = sa.and_(later.prompt_id == QuestionResponse.prompt_id, later.try_number > QuestionResponse.try_number)
    return ~sa.exists().where(newer).correlate(QuestionResponse)


def _figures(
    number: int, question: Question, counts: Counter[tuple[str, bool | None]], languages: Sequence[str]
) -> Figures:
    told: Counter[tuple[str, bool | None]] = Counter()
    for (understood, correct), count in counts.items():
        text = _text(question, json.loads(understood) if understood else None, languages)
        told[text or "?", correct] += count
    graded = [correct for (_, correct), count in told.items() if correct is not None]
    return Figures(
        number=number,
        text=words(question.prompt, languages),
        answered=told.total(),
        right=sum(count for (_, correct), count in told.items() if correct) if graded else None,
        choices=_choices(question, told, languages),
    )


def _choices(question: Question, told: Counter[tuple[str, bool | None]], languages: Sequence[str]) -> Sequence[Choice]:
    """The answers with their counts, in the question's own order where it has one; also those that nobody gave."""
    offered = dict(_offered(question, languages))
    given = {text: Choice(text, count, right) for (text, right), count in told.most_common()}
    listed = [given.pop(text, Choice(text, 0, right)) for text, right in offered.items()]
    rest = list(given.values())
    listed += rest[:MOST_KINDS]
    if beyond := sum(choice.count for choice in rest[MOST_KINDS:]):
        listed.append(Choice("other answers", beyond, None))
    return listed


def _offered(question: Question, languages: Sequence[str]) -> Iterable[tuple[str, bool | None]]:
    """What a question with few answers offers."""
    right = tuple(map(str, getattr(question.grading, "correct_answers", ())))
    match question:
        case SingleChoice():
            for choice in question.choices:
                yield words(choice.text, languages), (choice.id in right) if right else None
        case TrueFalse():
            for value in (True, False):
                yield shown_answer(question, value, languages), (str(value) in right) if right else None
        case Rating():
            for step in range(question.scale.min, question.scale.max + 1):
                yield shown_answer(question, step, languages), None
        case _:
            return


def _answers(document: Document, rows: Sequence[Any], reader: Reader) -> list[Given]:
    languages = (*reader.languages, document.language)
    questions = {
        question.id: (number, question)
        for number, question in enumerate(render.answerable(document, languages=languages), 1)
    }
    newest: dict[str, Given] = {}
    for row in rows:
        number, question = questions.get(row.question_id, (0, None))
        asked = words(question.prompt, languages) if question else row.question_id
        if isinstance(row, QuestionResponse):
            text = _text(question, row.understood, languages) if question else row.typed
            told = Given(number, asked, text, row.correct, row.try_number, row.late, row.at)
        else:
            told = Given(number, asked, _readable(row, reader), None, 1, late=False, at=row.at)
        newest[row.question_id] = told
    return sorted(newest.values(), key=lambda each: each.number)


def _readable(row: ReflectionResponse, reader: Reader) -> str | None:
    """The words, where this reader may read them; None where not."""
    if row.visibility in CLOSED or (row.visibility == "admins" and not reader.administrator):
        return None
    return row.text


def _text(question: Question, understood: Any, languages: Sequence[str]) -> str | None:
    """A stored answer in the words that the person saw."""
    if not understood:
        return None
    single = not isinstance(question, SingleChoice | MultipleChoice | Ordering | Matching)
    try:
        return shown_answer(question, as_answer(understood[0] if single else understood), languages)
    except (TypeError, ValueError):
        return None
