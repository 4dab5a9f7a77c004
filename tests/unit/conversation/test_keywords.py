"""STOP wins in every state of a dialogue, and only as a whole message."""

from __future__ import annotations

import pytest

from bot.conversation.keywords import carriers_own, keyword

CARRIERS_STOPS = "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT".split()  # noqa: SIM905


@pytest.mark.parametrize("word", CARRIERS_STOPS)
@pytest.mark.parametrize(
    "dress", ["{}", " {} ", "{}.", "{}!!!", "“{}”", "'{}'", "{} 🛑", "\u200b{}\ufeff", "- {}", "({})", "{}\n"]
)
def test_the_carriers_stop_words_in_any_dress(word: str, dress: str) -> None:
    for cased in (word, word.lower(), word.title()):
        assert keyword(dress.format(cased)) == "stop"


@pytest.mark.parametrize(
    "text",
    [
        "OPT OUT", "opt-out", "STOP ALL", "stop-all", "Stop please", "please stop", "pls stop", "ok stop", "just stop", "stop now",
        "STOP STOP STOP", "stoppp", "S.T.O.P", "s t o p", "ＳＴＯＰ", "𝐒𝐓𝐎𝐏", "stop\n\nSent from my iPhone", "Stop, thanks",
        "stop texting me", "Stop texting", "please stop sending me messages", "stop sending these texts", "stop the messages",
        "Can you stop sending me these messages please?", "I want you to stop texting me", "quit texting me", "stop messaging us",
        "unsubscribe me", "Unsubscribe me from this list", "unsubscribe from all messages", "remove me", "Remove me from your list please",
        "take me off this list", "take me off", "opt me out", "I want to opt out", "opt out of everything", "delete my number",
        "do not text me", "don't text me", "Don’t text me anymore", "dont contact me ever again", "never text this number",
        "do not send me any more messages", "I don't want these texts", "no more messages", "No more texts please", "leave me alone",
        "cancel my subscription", "end subscription", "I revoke my consent", "stop it", "stpo", "unsuscribe",
        "alto", "¡Alto!", "parar", "para", "pare por favor", "baja", "dar de baja", "Quiero darme de baja", "cancelar", "basta", "ya basta",
        "no me manden más mensajes", "ya no me escriban", "dejen de escribirme", "Deja de enviarme mensajes", "no quiero mas mensajes",
        "no más mensajes", "cancelar suscripción",
        "ARRET", "arrêt", "Arrêtez !", "arrêtez de m'envoyer des messages", "ne m'écrivez plus", "stop svp", "désabonner",
        "stopp", "bitte abmelden", "pare de me enviar mensagens", "СТОП", "отписаться", "إيقاف", "बंद करो", "停止", "退订", "중지",
    ],
)  # fmt: skip
def test_any_reasonable_wording_of_stop(text: str) -> None:
    assert keyword(text) == "stop"


@pytest.mark.parametrize(
    "text",
    [
        "bus stop", "stop the machine", "Stop the line", "stop work and call Ana", "the stop button", "don't stop", "do not stop",
        "stop sign", "non-stop", "I stopped", "stopped", "unstoppable", "end of shift", "the end", "weekend", "cancel the order",
        "quit smoking", "I quit", "cancel 4 boxes", "opt for gloves", "stop, look, listen", "emergency stop", "stop and report",
        "text me", "call me", "end user", "no", "No more questions", "never", "remove the guard", "remove", "2", "b", "", " ", "🛑", "...",
        "alto voltaje", "alta", "parar la máquina", "para el lunes", "baja la palanca", "fin de turno", "paro", "no me acuerdo",
        "I would stop the machine and unplug it before I call the supervisor, then put up a sign so that nobody starts it again. stop",
    ],
)  # fmt: skip
def test_a_sentence_that_contains_stop_is_an_answer(text: str) -> None:
    assert keyword(text) is None


@pytest.mark.parametrize("text", ["START", "start", "Unstop", "UNSTOP!", "start please"])
def test_start_always_starts(text: str) -> None:
    assert keyword(text) == "start"
    assert keyword(text, stopped=True) == "start"


@pytest.mark.parametrize(
    "text", ["YES", "yes", "Yes!", "yes please", "sí", "subscribe", "opt in", "resume", "start texting me"]
)
def test_yes_starts_only_who_is_stopped(text: str) -> None:
    assert keyword(text) is None
    assert keyword(text, stopped=True) == "start"


@pytest.mark.parametrize(
    "text", ["HELP", "help!", "Info", "info?", "help me", "please help", "AYUDA", "aide", "помощь", "帮助"]
)
def test_help(text: str) -> None:
    assert keyword(text) == "help"


@pytest.mark.parametrize("text", ["start the machine", "help the customer", "yes and no", "info desk"])
def test_sentences_are_no_keywords(text: str) -> None:
    assert keyword(text, stopped=True) is None


def test_a_stop_wins_for_the_stopped_too() -> None:
    assert keyword("stop", stopped=True) == "stop"


@pytest.mark.parametrize("text", [*CARRIERS_STOPS, "Start", "yes", "UNSTOP", "help", "Info."])
def test_what_carriers_own(text: str) -> None:
    assert carriers_own(text)


@pytest.mark.parametrize("text", ["baja", "alto", "stop texting me", "no", "2", ""])
def test_what_is_ours_to_weigh(text: str) -> None:
    assert not carriers_own(text)


def test_a_long_text_costs_nothing() -> None:
    assert keyword("stop " * 10_000) is None
