"""STOP, START and HELP: the words that carriers and the law own.

They are asked before anything else, in every state of a dialogue and on every channel, and only
when they are the *whole* message: "stop" ends everything, "stop the line" is an answer. US law
(47 CFR 64.1200(a)(10)) accepts any reasonable wording of a stop, so that side is generous: who is
stopped by mistake is told so and comes back with START, who is texted against their will sues.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from bot.conversation.folding import fold

Keyword = Literal["stop", "start", "help"]

_LONGEST: Final = 120
"""Characters. A stop that somebody types is a sentence at most; an answer may be a page."""


def _phrases(table: str) -> frozenset[str]:
    return frozenset(fold(phrase) for line in table.strip().splitlines() for phrase in line.split("|"))


# Twilio's default lists; carriers act on these whatever we do.
_CARRIERS = _phrases("stop|stopall|unsubscribe|cancel|end|quit|revoke|optout|start|yes|unstop|help|info")
_STOP = _phrases("""
    stop|stopall|stop all|unsubscribe|cancel|end|quit|revoke|optout|opt out
    s t o p|stpo|sotp|stopp|stop it|stop this|reply stop|text stop|send stop|end all|cancel all|quit all
    unsub|unsuscribe|unsubcribe|unsubscribed|unsubscribe all|opting out|i revoke consent|i revoke my consent
    remove me|delete me|forget me|unsubscribe me|opt me out|remove my number|delete my number|lose my number
    leave me alone|go away
    alto|para|para ya|parar|pare|paren|basta|basta ya|baja|dar de baja|dame de baja|darme de baja|denme de baja
    quiero darme de baja|cancelar|cancela|cancelen|fin|anular|desuscribir|desuscribirme|desuscribirse
    arrêt|arrêter|arrête|arrêtez|stopper|désabonner|me désabonner|se désabonner|désabonnement|désinscription
    abmelden|abbestellen|aufhören|descadastrar|cancelar inscrição|sispann|itigil|tigil|hinto
    стоп|отписаться|отписка|отмена|توقف|ايقاف|إيقاف|الغاء|إلغاء|बंद|बंद करो|बंद करें|रोको|रुको
    停止|停|退订|退訂|取消|配信停止|中止|중지|수신거부|그만
""")
_START = _phrases("start|unstop")
_START_AGAIN = _phrases("""
    yes|y|yeah|yep|subscribe|resubscribe|resume|restart|start again|start all|start texting me|opt in|optin|opt me in
    unstop me|continue|sí|alta|empezar|comenzar|iniciar|reanudar|continuar|suscribir|oui|sim|ja|да|نعم|हाँ|是|はい|네
""")
_HELP = _phrases("""
    help|info|help info|help me|i need help|more info|information
    ayuda|ayúdame|ayúdenme|necesito ayuda|información|aide|aidez moi|ajuda|hilfe|tulong
    помощь|مساعدة|मदद|帮助|幫助|ヘルプ|도움말
""")

_ME = r"(?:me|us|(?:my|this) (?:phone|number))"
_WHICH = r"(?:(?:all|any|of|more|my|the|these|this|those|your) )*"
_MESSAGES = r"(?:(?:text |sms )?(?:messages?|msgs?|notifications?|reminders?|sms|spam|texts?))"
_SENDING = rf"(?:(?:getting|receiving|sending) )?(?:{_ME} )?"
_TEXTING = r"(?:bothering|bugging|calling|contacting|harassing|messaging|spamming|texting|writing(?: to)?)"
_LIST = rf"(?:{_WHICH}(?:lists?|group|program|service|everything|{_MESSAGES}))"
_MENSAJES = r"(?:mensajes|textos|sms)"
_WISH = (
    r"(?:(?:i (?:need|said|want|wish|would like)|id like)(?: you)?(?: to)? |(?:can|could|will|would) (?:you|u) "
    r"|you (?:must|need to) )?"
)
_SENTENCES = (
    r"s+t+o+p+(?: s+t+o+p+)*|unsubscribe|opt out|cancel|quit",
    rf"(?:stop|quit) {_TEXTING} {_ME}",
    r"(?:stop|quit) (?:contacting|messaging|sending|spamming|texting)",
    rf"(?:stop|quit|cancel|end|no more) {_SENDING}{_WHICH}{_MESSAGES}(?:(?: to)? {_ME}| from you)?",
    r"(?:stop|quit|cancel|end) (?:(?:my|the|this|your) )?(?:membership|subscription)s?",
    rf"(?:do not|dont|never)(?: ever)? (?:bother|call|contact|message|msg|sms|text|write|write to) {_ME}",
    rf"(?:do not|dont|never)(?: ever)? send {_ME} {_WHICH}(?:{_MESSAGES}|anything|stuff)",
    rf"(?:i )?(?:do not|dont) want (?:to (?:get|have|receive) )?{_WHICH}{_MESSAGES}",
    rf"(?:cancel|delete|opt|remove|take|unsubscribe) {_ME} (?:from|off|out)(?: of| from)?(?: {_LIST})?",
    rf"(?:opt out|unsubscribe) (?:from|of) {_LIST}",
    # Spanish
    rf"no (?:me|nos) (?:contact|escrib|envi|mand|molest)\w+(?: mas)?(?: {_MENSAJES})?(?: mas)?",
    rf"(?:dej|par)(?:a|e|en) de (?:contactar|enviar|escribir|mandar|molestar)(?:me|nos)?(?: (?:mas )?{_MENSAJES})?",
    rf"(?:no mas|no quiero(?: recibir)?|basta de|cancelar?|parar) (?:(?:estos|los|mas|mi|sus) )?{_MENSAJES}",
    r"cancelar? (?:la |mi )?suscripcion",
    # French, Portuguese
    r"(?:arrete[rz]?|cessez) de (?:m|me |nous )(?:contacter|deranger|ecrire|envoyer)(?: (?:ces|des|les|vos) \w+)?",
    r"ne (?:m|me |nous )(?:contactez|ecrivez|envoyez) plus(?: (?:de |rien)\w*)?",
    r"(?:pare|parem) de me (?:enviar|escrever|mandar)(?: mensagens)?",
)
_STOP_SENTENCE = re.compile(rf"{_WISH}(?:{'|'.join(_SENTENCES)})(?: (?:again|any ?more|ever|ever again|mas|plus))*")
_COURTESY = re.compile(
    r"\b(?:already|asap|hello|hey|hi|immediately|just|now|ok|okay|please|pls|plz|right now|sorry|thank (?:u|you)"
    r"|thanks|thx|ahora|gracias|por ?favor|ya|bitte|danke|merci|obrigad[ao]|s ?il vous plait|svp)\b"
)
_SIGNATURE = re.compile(r" (?:sent from my|get outlook for|enviado desde mi|envoye de mon)\b.*")


def keyword(text: str, *, stopped: bool = False) -> Keyword | None:
    """What a whole message asks for, if it is one of the reserved words; else None.

    Case, accents, punctuation, quotes, emoji, invisible characters, courtesies ("please") and a
    phone's signature don't matter. YES and its like start again only somebody who is `stopped`; to
    anybody else they are ordinary words. START and UNSTOP always start. Asked about a choice's words
    with `stopped=True`, None means that no carrier owns them.
    """
    if len(text) > _LONGEST:
        return None
    folded = _SIGNATURE.sub("", fold(text))
    return _meaning(folded, stopped=stopped) or _meaning(" ".join(_COURTESY.sub(" ", folded).split()), stopped=stopped)


def carriers_own(text: str) -> bool:
    """Would a carrier act on this message by itself? Then it can't be an answer, whatever was asked.

    The other stop words are ours to weigh: "baja" is a wish to leave, unless it is, to the letter, a
    choice of the question that is open ("¿Prioridad? 1) Alta 2) Baja").
    """
    return len(text) <= _LONGEST and fold(text) in _CARRIERS


def _meaning(folded: str, *, stopped: bool) -> Keyword | None:
    if folded in _STOP or _STOP_SENTENCE.fullmatch(folded):
        return "stop"
    if folded in _START or (stopped and folded in _START_AGAIN):
        return "start"
    return "help" if folded in _HELP else None
