"""A reflection: free words, recorded and thanked at once; what follows within its window joins it.

People write on small screens, so one thought often comes as three texts. Where the words are private or
anonymous, they stand here only: the transcript keeps that something was said, not what.

Nothing that is said is lost for its length. Fewer words than `min_length` are kept and more are asked for, and
what comes then is added to them; thanks and points wait until it is enough. More than `max_length` is taken whole
(Slack's field stops there by itself; a text that has been sent can't be made shorter), up to `LONGEST`.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Final, cast

import sqlalchemy as sa

from bot import chance
from bot.content import render
from bot.content.answers import Answer, shown_answer
from bot.content.documents import Document, LongText, Rating, ReflectionDocument
from bot.conversation.router import OpenPrompt
from bot.conversation.talk import Talk
from bot.engagement import record
from bot.engagement.record import Award
from models import ReflectionResponse

CLOSED = frozenset({"private", "anonymous"})
"""Visibilities under which the transcript keeps no readable words."""


LONGEST: Final = 40_000
"""Characters of one reflection; the most that Slack takes at once. A machine that goes on for ever ends here."""


def answered(talk: Talk, prompt: OpenPrompt, answer: Answer, typed: str) -> None:
    """Record the words of a reflection, thank for them and ask what follows."""
    if prompt.response_id is None:
        _finish(talk, prompt, answer, _record(talk, prompt, answer, typed))
    else:
        joined(talk, prompt, typed)
        _finish(talk, prompt, answer, prompt.response_id)


def grown(talk: Talk, prompt: OpenPrompt, typed: str) -> bool:
    """Keep words that are too few by themselves. Whether they are an answer with those that came before them."""
    if not isinstance(prompt.document, ReflectionDocument) or not isinstance(prompt.question, LongText):
        return False
    if prompt.response_id is None:
        _begin(talk, prompt, _record(talk, prompt, typed, typed))
        return False
    if joined(talk, prompt, typed) < prompt.question.min_length:
        return False
    _finish(talk, prompt, typed, prompt.response_id)
    return True


def joined(talk: Talk, prompt: OpenPrompt, typed: str) -> int:
    """Append to words that came before: no second thanks, no second points. How many characters they are now."""
    response = ReflectionResponse
    whole = sa.func.substr(response.text + "\n" + typed, 1, LONGEST)
    length = talk.session.scalar(
        sa.update(response)
        .where(response.id == prompt.response_id)
        .values(text=whole, parts=response.parts + 1)
        .returning(sa.func.length(response.text))
        .execution_options(synchronize_session=False)
    )
    return length or 0


def _begin(talk: Talk, prompt: OpenPrompt, response_id: uuid.UUID) -> None:
    """The question stays open and knows what was said to it; of an anonymous one only as long as its window."""
    anonymous = _document(prompt).settings.visibility == "anonymous"
    window = _window(prompt)
    linked = not anonymous or bool(window)
    until = talk.now + window if linked and anonymous else None
    talk.tried(prompt, answered=False, response_id=response_id if linked else None, joins_until=until)


def _finish(talk: Talk, prompt: OpenPrompt, answer: Answer, response_id: uuid.UUID) -> None:
    """Close the question, pay, thank and ask what follows."""
    document, window = _document(prompt), _window(prompt)
    joins = response_id if window else None
    talk.tried(prompt, answered=True, response_id=joins, joins_until=talk.now + window if window else None)
    new = record.new(_awards(talk, prompt, document), ())
    talk.writes |= record.payment(prompt.id, new)
    _follow(talk, prompt, document, sum(award.points for award in new))
    talk.show_answered(prompt, _told(talk, prompt, answer))


def _document(prompt: OpenPrompt) -> ReflectionDocument:
    assert isinstance(prompt.document, ReflectionDocument), "a quiz is answered elsewhere"
    return prompt.document


def _window(prompt: OpenPrompt) -> timedelta:
    """How long words may be added to an answer; a rating is whole at once."""
    seconds = 0 if isinstance(prompt.question, Rating) else _document(prompt).settings.join_window_seconds
    return timedelta(seconds=seconds)


def closed(prompt: OpenPrompt) -> bool:
    """Whether the transcript must forget the words that answer this."""
    return closes(prompt.document)


def closes(document: Document) -> bool:
    """Whether the words that answer this document stand in their own table only."""
    return isinstance(document, ReflectionDocument) and document.settings.visibility in CLOSED


def _told(talk: Talk, prompt: OpenPrompt, answer: Answer) -> str:
    """What stands below the question from now on; closed words must not come back by this way."""
    if closed(prompt):
        return talk.words("answer.noted")
    shown = shown_answer(prompt.question, answer, (*talk.languages, prompt.document.language), talk.say)
    return talk.words("answer.yours", answer=shown)


def _record(talk: Talk, prompt: OpenPrompt, answer: Answer, typed: str) -> uuid.UUID:
    document, person = _document(prompt), talk.person
    anonymous = document.settings.visibility == "anonymous"
    assert person is not None, "asked by the caller"
    response_id = chance.random_id() if anonymous else chance.new_id()
    talk.session.execute(
        sa.insert(cast("sa.Table", ReflectionResponse.__table__)).values(
            id=response_id,
            organization_id=talk.hook.organization_id,
            worker_id=None if anonymous else person.worker_id,
            content_id=prompt.content_id,
            content_version_id=prompt.content_version_id,
            source_kind=prompt.source_kind,
            source_id=prompt.source_id,
            question_id=prompt.question.id,
            visibility=document.settings.visibility,
            channel=talk.hook.channel.name,
            text=(typed.strip() or str(answer))[:LONGEST],
            rating=int(str(answer)) if isinstance(prompt.question, Rating) else None,
            at=datetime.combine(talk.now.date(), time(), UTC) if anonymous else talk.now,
        )
    )
    return response_id


def _awards(talk: Talk, prompt: OpenPrompt, document: ReflectionDocument) -> list[Award]:
    rules = talk.settings.gamification
    if not rules.enabled or prompt.position > 0:
        return []
    own = document.settings.points_awarded
    return [Award("reflected", rules.points.answered if own is None else own)]


def _follow(talk: Talk, prompt: OpenPrompt, document: ReflectionDocument, new: int) -> None:
    """The follow-up question, or thanks."""
    thanks = talk.words("reflection.thanks")
    questions = render.answerable(document, languages=talk.languages, say=talk.say)
    if prompt.position + 1 < len(questions):
        talk.ask(prompt, prompt.position + 1, thanks)
    else:
        points = prompt.earned + new
        earned = talk.words("points.one" if points == 1 else "points.other", count=points) if points else ""
        talk.reply(" ".join(filter(None, (thanks, earned))))
