"""An answer to a quiz question: graded, recorded, paid and replied to, in one transaction.

The worker sees one message back: what their answer was worth and, where the quiz goes on, the next question.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import chance
from bot.content import worth
from bot.content.answers import Answer, shown_answer
from bot.content.documents import LongText, QuizDocument
from bot.conversation import quiz
from bot.conversation.quiz import Grade
from bot.conversation.reflection import LONGEST
from bot.conversation.router import Attempt, OpenPrompt
from bot.conversation.talk import Talk
from bot.engagement import record
from bot.engagement.record import Award
from models import QuestionResponse, QuizAttempt

JOIN_WINDOW: Final = timedelta(seconds=90)
"""How long more parts of a long text may follow; what a reflection's is unless its writer says otherwise."""


def answered(talk: Talk, prompt: OpenPrompt, answer: Answer, typed: str) -> None:
    """Record `answer` to a question of a quiz and say what follows."""
    document = prompt.document
    assert isinstance(document, QuizDocument), "a reflection is answered elsewhere"
    late = prompt.expires_at is not None and prompt.expires_at < talk.now
    graded = quiz.grade(prompt.question, answer, scoring_type=document.scoring_type)
    given = quiz.unanswered(prompt.question, scoring_type=document.scoring_type) if late else graded
    again = not late and graded.correct is False and prompt.tries + 1 < prompt.question.max_attempts
    attempt = prompt.attempt or _begun(prompt, document)
    response_id = _respond(talk, prompt, attempt.id, answer, typed, given, late=late)
    _close(talk, prompt, response_id, still_open=again)
    if again:
        _move(talk, prompt, attempt, {})
        talk.reply(_verdict(talk, prompt, graded, late=late, left=prompt.question.max_attempts - prompt.tries - 1))
        return
    points = _pay(talk, prompt, () if late else _awards(talk, prompt, given))
    _follow(talk, prompt, attempt, given, _verdict(talk, prompt, graded, late=late), points)
    shown = shown_answer(prompt.question, answer, (*talk.languages, document.language), talk.say)
    talk.show_answered(prompt, talk.words("answer.yours", answer=shown))


def joined(talk: Talk, prompt: OpenPrompt, typed: str) -> None:
    """Append to a long text whose first part came a moment ago. Nothing is right or wrong about it: no score moves."""
    response = QuestionResponse
    before = talk.session.scalar(sa.select(response.typed).where(response.id == prompt.response_id))
    whole = f"{before or ''}\n{typed}".strip()[:LONGEST]
    talk.session.execute(
        sa.update(response)
        .where(response.id == prompt.response_id)
        .values(typed=whole, understood=[whole])
        .execution_options(synchronize_session=False)
    )


def _begun(prompt: OpenPrompt, document: QuizDocument) -> Attempt:
    """The worker's attempt at this quiz begins with the first question that was asked."""
    deadline = prompt.asked_at + timedelta(seconds=document.time_limit) if document.time_limit else None
    return Attempt(chance.new_id(), 0.0, 0.0, deadline, None)


def _move(talk: Talk, prompt: OpenPrompt, attempt: Attempt, moved: Mapping[str, Any]) -> None:
    """Write the attempt as it is after this answer, `moved` being what changes."""
    values = {
        "id": attempt.id, "finished_at": None, "expired": False, "score": attempt.score,
        "max_score": attempt.max_score, "passed": None, **moved,
    }  # fmt: skip
    if prompt.attempt is not None:
        if moved:
            talk.writes["attempt"] = {**values, "was_score": attempt.score, "was_max_score": attempt.max_score}
        return
    begun = {
        "content_id": prompt.content_id,
        "content_version_id": prompt.content_version_id,
        "source_kind": prompt.source_kind,
        "source_id": prompt.source_id,
        "started_at": prompt.asked_at,
        "deadline": attempt.deadline,
    }
    talk.writes = {"begun": {**values, **begun}, **talk.writes}  # before the answer, which points to it


def _respond(  # noqa: PLR0917 - one row, written in one place
    talk: Talk, prompt: OpenPrompt, attempt_id: uuid.UUID, answer: Answer, typed: str, given: Grade, *, late: bool
) -> uuid.UUID:
    response_id = chance.new_id()
    talk.writes["response"] = {
        "id": response_id,
        "attempt_id": attempt_id,
        "prompt_id": prompt.id,
        "source_kind": prompt.source_kind,
        "source_id": prompt.source_id,
        "question_id": prompt.question.id,
        "try_number": prompt.tries + 1,
        "typed": typed or None,
        "understood": list(answer) if isinstance(answer, tuple) else [answer],
        "correct": given.correct,
        "score": given.score,
        "max_score": given.max_score,
        "late": late,
    }
    return response_id


def _close(talk: Talk, prompt: OpenPrompt, response_id: uuid.UUID, *, still_open: bool) -> None:
    joins = isinstance(prompt.question, LongText)
    talk.tried(
        prompt,
        answered=not still_open,
        response_id=response_id if joins else prompt.response_id,
        joins_until=talk.now + JOIN_WINDOW if joins else prompt.joins_until,
    )


def _awards(talk: Talk, prompt: OpenPrompt, given: Grade) -> Sequence[Award]:
    """What the answer pays by the organization's rules; a wrong one is still an answer."""
    rules = talk.settings.gamification
    if not rules.enabled:
        return ()
    awards = [Award("answered", rules.points.answered)]
    if given.correct:
        worth = rules.points.correct
        awards.append(Award("correct", round(prompt.question.grading.point_value) if worth == "point_value" else worth))
        if rules.points.first_try and prompt.tries == 0 and not _answered_before(talk, prompt):
            awards.append(Award("first_try", rules.points.first_try))
    return awards


def _answered_before(talk: Talk, prompt: OpenPrompt) -> bool:
    """Whether they have answered this question when an earlier broadcast brought it."""
    person = talk.person
    assert person is not None, "a stranger has no open questions"
    earlier = sa.exists().where(
        QuizAttempt.worker_id == person.worker_id,
        QuizAttempt.content_id == prompt.content_id,
        QuestionResponse.attempt_id == QuizAttempt.id,
        QuestionResponse.question_id == prompt.question.id,
        QuestionResponse.prompt_id != prompt.id,
    )
    return bool(talk.session.scalar(sa.select(earlier)))


def _pay(talk: Talk, prompt: OpenPrompt, awards: Sequence[Award]) -> int:
    """Once for each question of a content, however often it is sent: see `engagement.record`. The points."""
    new = record.new(awards, prompt.paid)
    subject = record.question_subject(prompt.content_id, prompt.question.id)
    talk.writes |= record.payment(prompt.id, new, subject_id=subject)
    return sum(award.points for award in new)


def _verdict(talk: Talk, prompt: OpenPrompt, graded: Grade, *, late: bool, left: int = 0) -> str:
    """What is said to the answer: the writer's words, else ours."""
    if late:
        return talk.words("answer.late")
    own = quiz.remark(prompt.question, graded, (*talk.languages, prompt.document.language))
    key = {True: "answer.correct", False: "answer.wrong", None: "answer.noted"}[graded.correct]
    said = own or talk.words(key)
    return f"{said}\n{talk.words('answer.try_again', left=left)}" if left else said


def _follow(  # noqa: PLR0917 - what was answered, and what is said to it
    talk: Talk, prompt: OpenPrompt, attempt: Attempt, given: Grade, verdict: str, points: int
) -> None:
    """The next question, or how the whole quiz went. When its time is over, what wasn't asked isn't any more."""
    document = prompt.document
    assert isinstance(document, QuizDocument), "asked by the caller"
    if attempt.finished_at is not None:  # the clock was first, and has counted this question as unanswered
        talk.reply(_result(talk, prompt, verdict, attempt.score, attempt.max_score, points))
        return
    over = attempt.deadline is not None and talk.now > attempt.deadline
    score, best = attempt.score + given.score, attempt.max_score + given.max_score
    moved: dict[str, Any] = {"score": score, "max_score": best}
    if prompt.position + 1 < len(document.questions) and not over:
        talk.ask(prompt, prompt.position + 1, verdict, attempt.deadline)
    else:
        score, best = max(score, 0.0), worth.total(document)
        passed = worth.passed(score, best, document.passing_score)
        moved = {"finished_at": talk.now, "expired": over, "score": score, "max_score": best, "passed": passed}
        talk.reply(_result(talk, prompt, verdict, score, best, points))
    _move(talk, prompt, attempt, moved)


def _result(  # noqa: PLR0917 - as above
    talk: Talk, prompt: OpenPrompt, verdict: str, score: float, best: float, points: int
) -> str:
    """The verdict, and the score and the points of the whole quiz, not only of its last question."""
    document = prompt.document
    assert isinstance(document, QuizDocument), "asked by the caller"
    lines = []
    points += prompt.earned
    if len(document.questions) > 1 and best > 0 and document.scoring_type != "instrument":
        lines.append(talk.words("quiz.score", score=_figure(score), best=_figure(best)))
    if points:
        lines.append(talk.words("points.one" if points == 1 else "points.other", count=points))
    return "\n".join(filter(None, (verdict, " ".join(lines))))


def _figure(number: float) -> str:
    return f"{number:g}"
