"""What STOP, START and HELP do, in every state of a dialogue and for people whom we don't know.

Consent is written for the address; the one confirmation of it is all that may still be said after a STOP.
"""

from __future__ import annotations

from typing import Literal

from bot.channels.channel import Inbound
from bot.content.documents import words
from bot.conversation import talk
from bot.conversation.keywords import Keyword, carriers_own, keyword
from bot.conversation.router import names_choice
from bot.conversation.talk import MOST, Talk
from bot.people import consent

Done = Literal["stopped", "started", "helped"]


def word_of(conversation: Talk, inbound: Inbound) -> Keyword | None:
    """The reserved word that this is. What no carrier acts on may be, to the letter, an open question's choice."""
    if inbound.keyword or inbound.tap is not None:
        return inbound.keyword
    word = keyword(inbound.text)
    if word is None and keyword(inbound.text, stopped=True) == "start":
        word = "start" if consent_of(conversation) == "revoked" else None
    if word is None or carriers_own(inbound.text):
        return word
    chosen = names_choice(inbound.text, talk.open_prompts(conversation), conversation.languages)
    return None if chosen else word


def consent_of(conversation: Talk) -> str:
    """What the address agreed to: "granted", "revoked" or "none"."""
    channel = conversation.hook.channel.name
    return consent.states(conversation.session, conversation.hook.organization_id, {channel: conversation.address})[
        channel
    ]


def act(conversation: Talk, inbound: Inbound, word: Keyword) -> Done:
    """Do what the word asks for. Where the provider has answered already we stay silent."""
    match word:
        case "stop":
            return _stop(conversation, inbound)
        case "start":
            return _start(conversation, inbound)
        case "help":
            return _help(conversation, inbound)


def _stop(conversation: Talk, inbound: Inbound) -> Done:
    """It counts from this commit. Said twice it is confirmed once."""
    before = consent_of(conversation)
    _agree(conversation, inbound, "revoked", "stop_word")
    if before != "revoked" and not inbound.answered_by_provider:
        conversation.confirm(conversation.words("stopped", organization=conversation.organization_name))
    return "stopped"


def _start(conversation: Talk, inbound: Inbound) -> Done:
    """A stranger who had not stopped is told who we are: nothing will come to a number that nobody has registered."""
    before = consent_of(conversation)
    _agree(conversation, inbound, "granted", "start_word")
    if inbound.answered_by_provider:
        return "started"
    if conversation.person is None and before != "revoked":
        tell_stranger(conversation)
        return "started"
    said = conversation.words("started", organization=conversation.organization_name)
    if before == "granted":
        conversation.notice("started", said)
    else:
        conversation.reply(said)
    return "started"


def tell_stranger(conversation: Talk) -> None:
    """Somebody whom we don't know hears once an hour who we are."""
    text = conversation.words("stranger", organization=conversation.organization_name)
    conversation.notice("stranger", text, bypass=True)


def _help(conversation: Talk, inbound: Inbound) -> Done:
    if not inbound.answered_by_provider:
        conversation.notice("help", _help_text(conversation), most=MOST, bypass=True)
    return "helped"


def _agree(conversation: Talk, inbound: Inbound, state: consent.State, source: str) -> None:
    consent.record(
        conversation.session,
        conversation.hook.organization_id,
        conversation.hook.channel.name,
        conversation.address,
        state,
        source if not inbound.answered_by_provider else f"{source}:provider",
        worker_id=conversation.person.worker_id if conversation.person else None,
        wording=inbound.text[:200] or None,
        at=conversation.now,
    )


def _help_text(conversation: Talk) -> str:
    """Who has stopped asks for help because nothing comes any more: they are told the way back."""
    settings, stopped = conversation.settings.consent, consent_of(conversation) == "revoked"
    if settings.help_text:
        own = words(settings.help_text, conversation.languages)
        return f"{own} {conversation.words('help.come_back')}" if stopped else own
    name = settings.legal_name or conversation.organization_name
    return conversation.words("help.stopped" if stopped else "help", organization=name)
