"""Broadcasts: the list, how far one is, who didn't get it and why, who answered what, and the steering wheel."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, flash, make_response, redirect, request, url_for
from sqlalchemy.orm import Session

from bot.broadcast import plan, progress
from bot.content.templates import TemplateRefused
from bot.content.versions import DOCUMENTS
from bot.engagement import outcome, responses
from bot.engagement.outcome import Shown, Tally
from bot.errors import Forbidden, NotFound, Refused
from bot.tenancy import audit
from bot.web.console import paging
from bot.web.console.page import show
from bot.web.security import permission
from bot.web.visitor import reading, visitor, writing

FILTERS: Mapping[str, tuple[str, ...]] = {
    "": (),
    "running": ("running", "paused"),
    "planned": ("draft", "awaiting_approval", "scheduled"),
    "over": ("finished", "cancelled"),
}
LIVE: Mapping[str, int] = {"running": 2, "paused": 5, "scheduled": 10}
"""State → seconds after which its page looks again; in the other states nothing moves any more."""
REASONS = {"past_due": "Its time had passed by more than your organization allows, so nothing was sent."}
"""Why the whole broadcast ended, in words."""

Act = Callable[[Session, uuid.UUID], Any]
VERBS: Mapping[str, tuple[Act, str]] = {
    "pause": (progress.pause, "Paused: nothing more goes out until it is resumed."),
    "resume": (progress.resume, "It goes on where it stood."),
    "cancel": (progress.cancel, "Cancelled: nothing more goes out."),
    "retry": (progress.retry, "What failed is tried once more."),
}


def install(app: Flask) -> None:
    """The addresses under /broadcasts."""
    one = "/broadcasts/<uuid:broadcast_id>"
    app.add_url_rule("/broadcasts", "broadcasts", listed)
    app.add_url_rule(one, "broadcast", overview)
    app.add_url_rule(f"{one}/progress", "broadcast_progress", pulse)
    app.add_url_rule(f"{one}/missed", "broadcast_missed", missed)
    app.add_url_rule(f"{one}/answers", "broadcast_answers", answers)
    app.add_url_rule(f"{one}/<any({', '.join(VERBS)}):verb>", "broadcast_steer", steer, methods=("POST",))


@permission("broadcast:read")
def listed() -> Response:
    """?state= and ?page=."""
    chosen = request.args.get("state", "")
    states = FILTERS.get(chosen, ())
    asked = paging.asked(20)
    with reading() as session:
        rows = visitor().rows(session, "broadcast:read")
        found = outcome.listed(session, rows, states=states, offset=asked.offset, limit=asked.size)
    return show("broadcasts/list.html", page=asked.of(found), filters=FILTERS, chosen=chosen if states else "")


@permission("broadcast:read")
def overview(broadcast_id: uuid.UUID) -> Response:
    """How far it is, what stands in the way, what went out."""
    with reading() as session:
        context = _overview(session, broadcast_id)
        return show("broadcasts/overview.html", **context, messages=_sample(session, context["shown"]))


@permission("broadcast:read")
def pulse(broadcast_id: uuid.UUID) -> Response:
    """The part of the page that moves."""
    with reading() as session:
        return show("broadcasts/live.html", **_overview(session, broadcast_id))


@permission("report:read")
def missed(broadcast_id: uuid.UUID) -> Response:
    """Who didn't get it, by name; ?why= for one reason."""
    asked, why = paging.asked(50), request.args.get("why", "")[:500].replace("\x00", "") or None
    with reading() as session:
        context = _header(session, broadcast_id)
        rows = visitor().rows(session, "report:read")
        found = outcome.missed(session, broadcast_id, rows, reason=why, offset=asked.offset, limit=asked.size)
        reasons = outcome.reasons(session, broadcast_id, rows)
    return show("broadcasts/missed.html", **context, page=asked.of(found), reasons=reasons, why=why)


@permission("response:read")
def answers(broadcast_id: uuid.UUID) -> Response:
    """Who answered what."""
    asked = paging.asked(25)
    with reading() as session:
        context = _header(session, broadcast_id)
        document, reader = _document(context["shown"]), _reader(session, "response:read")
        found = responses.respondents(session, broadcast_id, document, reader, offset=asked.offset, limit=asked.size)
        texts, nameless = responses.nameless(session, broadcast_id, reader)
        questions = responses.figures(session, broadcast_id, document, reader)
    return show(
        "broadcasts/answers.html", **context, page=asked.of(found), texts=texts, nameless=nameless,
        fewest=reader.fewest, questions=questions,
    )  # fmt: skip


@permission("broadcast:send")
def steer(broadcast_id: uuid.UUID, verb: str) -> Response:
    """Pause, resume, cancel or retry; then back to the broadcast, with a word about it."""
    act, words = VERBS[verb]
    who = visitor()
    try:
        with writing() as session:
            _refuse_others(session, broadcast_id)
            act(session, broadcast_id)
            audit.record(session, who.organization_id, who.actor, f"broadcast.{verb}", str(broadcast_id))
    except (Forbidden, NotFound):
        raise
    except Refused as refused:  # somebody else was quicker
        flash(refused.words, "warning")
    else:
        flash(words)
    return make_response(redirect(url_for("broadcast", broadcast_id=broadcast_id), 303))


def _refuse_others(session: Session, broadcast_id: uuid.UUID) -> None:
    """NotFound for what they can't see, Forbidden for what also goes to people who aren't theirs."""
    rows = visitor().rows(session, "broadcast:send")
    outcome.shown(session, broadcast_id, rows)
    if not rows.whole_broadcast(session, broadcast_id):
        raise Forbidden("This broadcast also goes to people who are not in your care, so you can't steer it.")


def _header(session: Session, broadcast_id: uuid.UUID) -> dict[str, Any]:
    """What every page of one broadcast shows at its top."""
    rows = visitor().rows(session, "broadcast:read")
    shown = outcome.shown(session, broadcast_id, rows)
    tally = outcome.tally(session, broadcast_id, rows)
    return {
        "shown": shown,
        "tally": tally,
        "answered": outcome.answered(session, [broadcast_id], rows)[broadcast_id],
        "verbs": _verbs(session, shown, tally),
        "ended": REASONS.get(shown.broadcast.reason or ""),
        "asks": shown.content.kind in {"quiz", "reflection"},
    }


def _overview(session: Session, broadcast_id: uuid.UUID) -> dict[str, Any]:
    context = _header(session, broadcast_id)
    rows = visitor().rows(session, "broadcast:read")
    shown = context["shown"]
    return context | {
        "reasons": outcome.reasons(session, broadcast_id, rows),
        "waiting": outcome.waiting(session, broadcast_id, rows),
        "questions": _figures(session, shown),
        "seconds": LIVE.get(shown.broadcast.state),
    }


def _verbs(session: Session, shown: Shown, tally: Tally) -> list[str]:
    """What this visitor can do with it now."""
    who, broadcast = visitor(), shown.broadcast
    if not who.may("broadcast:send"):
        return []
    possible = {
        "pause": broadcast.state in {"running", "scheduled"},
        "resume": broadcast.state == "paused",
        "retry": broadcast.state in {"running", "finished"} and tally.among(("failed",)) > 0,
        "cancel": broadcast.state in {"draft", "awaiting_approval", "scheduled", "running", "paused"},
    }
    verbs = [verb for verb, can in possible.items() if can]
    mine = bool(verbs) and who.rows(session, "broadcast:send").whole_broadcast(session, broadcast.id)
    return verbs if mine else []


def _document(shown: Shown) -> Any:
    return DOCUMENTS.of(shown.version.id, shown.version.version_data)


def _figures(session: Session, shown: Shown) -> list[responses.Figures]:
    if not visitor().may("report:read"):
        return []
    return responses.figures(session, shown.broadcast.id, _document(shown), _reader(session, "report:read"))


def _reader(session: Session, needed: str) -> responses.Reader:
    who = visitor()
    return responses.Reader(
        rows=who.rows(session, needed),
        languages=(who.preferences.language, who.settings.locale.default_language),
        administrator=who.may("organization:change"),
        fewest=who.settings.wellbeing.min_group,
    )


def _sample(session: Session, shown: Shown) -> list[tuple[str, Any]]:
    """What goes out, as it looks on each channel that may carry it."""
    channels = shown.broadcast.channels or visitor().settings.delivery.channel_preference
    found = []
    for channel in channels:
        try:
            found += [(channel, message) for message in plan.sample(session, shown.broadcast, channel)]
        except (TemplateRefused, KeyError):  # a look must not keep anybody from the figures
            continue
    return found
