"""Writes the samples: `python -m tests.channels.record`. Run it after adding one; the files are what is tested.

The requests are those of Twilio's and Slack's documents and logs, with invented people. They are signed by the
simulator's own code, which was written from the providers' documents and not with the SDKs that verify here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, quote_plus, urlencode, urlsplit

from bot.simulator import signatures

SAMPLES = Path(__file__).parent / "samples"
NOW = "2026-03-02T09:30:00+00:00"
AT = 1772443800  # the same moment
FORM = "application/x-www-form-urlencoded; charset=utf-8"

# Twilio -----------------------------------------------------------------------------------------------------------

ACCOUNT, SERVICE = "AC" + "0a1b2c3d" * 4, "MG" + "00ff11ee" * 4
OURS, THEIRS = "+15550100001", "+15550109999"
SID = "SM" + "1234abcd" * 4
TOKEN, OLDER = "a-token-for-samples", "the-token-before-it"
SMS_CONFIG = {"account_sid": ACCOUNT, "auth_token": TOKEN, "from": OURS}
MESSAGES = "https://bot.example/hooks/twilio/messages"
STATUS = "https://bot.example/hooks/twilio/status/41?attempt=2"
Pairs = list[tuple[str, str]]

TEXT: Pairs = [
    ("ToCountry", "US"), ("ToState", "CA"), ("SmsMessageSid", SID), ("NumMedia", "0"), ("ToCity", ""),
    ("FromZip", "60601"), ("SmsSid", SID), ("FromState", "IL"), ("SmsStatus", "received"), ("FromCity", "CHICAGO"),
    ("Body", "2"), ("FromCountry", "US"), ("To", OURS), ("ToZip", ""), ("NumSegments", "1"), ("MessageSid", SID),
    ("AccountSid", ACCOUNT), ("From", THEIRS), ("ApiVersion", "2010-04-01"),
]  # fmt: skip
PLACES = {"city": "CHICAGO", "region": "IL", "postal_code": "60601", "country": "US"}
HEARD: dict[str, Any] = {"type": "inbound", "key": SID, "address": THEIRS, "text": "2", "places": PLACES}
REPORT: Pairs = [
    ("SmsSid", SID), ("SmsStatus", "delivered"), ("MessageStatus", "delivered"), ("To", THEIRS), ("MessageSid", SID),
    ("AccountSid", ACCOUNT), ("From", OURS), ("ApiVersion", "2010-04-01"),
]  # fmt: skip
REPORTED: dict[str, Any] = {
    "type": "receipt", "delivery": 41, "attempt": 2, "provider_id": SID, "status": "delivered", "rank": 60,
}  # fmt: skip
MINE, SERVED = f"{ACCOUNT}:{OURS}", f"{ACCOUNT}:{SERVICE}"


def but(pairs: Pairs, *gone: str, **changed: str) -> Pairs:
    """The same form without some fields and with others changed or added."""
    kept = [(name, changed.pop(name, value)) for name, value in pairs if name not in gone]
    return kept + list(changed.items())


def sms(
    name: str,
    why: str,
    pairs: Pairs,
    reads: Sequence[Mapping[str, Any]] | str,
    *,
    url: str = MESSAGES,
    signed_url: str | None = None,
    token: str = TOKEN,
    config: Mapping[str, str] = SMS_CONFIG,
    headers: Mapping[str, str | None] | None = None,
    body: bytes | None = None,
    verifies: bool = True,
    addresses: Sequence[str] = (MINE,),
) -> None:
    """One sample of Twilio's."""
    signature = signatures.twilio(token, signed_url or url, pairs if body is None else [])
    given: dict[str, str | None] = {"Content-Type": FORM, "X-Twilio-Signature": signature, **(headers or {})}
    content = urlencode(pairs).encode() if body is None else body
    write("sms", name, why, url, given, content, config, verifies, addresses, reads)


def twilio_samples() -> None:
    """Every sample of Twilio's."""
    picture = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"
    sms("text", "a text to a number", TEXT, [HEARD])
    sms(
        "text_to_a_service", "a messaging service's number: the service is asked for first",
        but(TEXT, MessagingServiceSid=SERVICE), [HEARD], addresses=[SERVED, MINE],
        config={"account_sid": ACCOUNT, "auth_token": TOKEN, "messaging_service": SERVICE},
    )  # fmt: skip
    mms = but(TEXT, "Body", NumMedia="2", MediaUrl0=picture, MediaContentType0="image/jpeg", MediaUrl1="javascript:1")
    media = [{"url": picture, "mime_type": "image/jpeg"}]
    sms("picture_without_body", "Body may be missing", mms, [{**HEARD, "text": "", "media": media}])
    sms("odd_letters", "signs that a form has to encode, and one that no database takes",
        but(TEXT, Body="a+b & c=d 100% é ñ 👩‍🍳\n“ok”\0"), [{**HEARD, "text": "a+b & c=d 100% é ñ 👩‍🍳\n“ok”"}])  # fmt: skip
    sms("without_places", "a sender whose place is not known", but(TEXT, "FromCity", "FromState", "FromZip", FromCountry=""),
        [{**HEARD, "places": {}}])  # fmt: skip
    sms("stop", "STOP where Twilio leaves the answer to us: the words are all that we get", but(TEXT, Body="STOP"),
        [{**HEARD, "text": "STOP"}])  # fmt: skip
    for keyword in ("STOP", "START", "HELP"):
        heard = {**HEARD, "text": keyword.title(), "keyword": keyword.lower(), "answered_by_provider": True}
        sms(f"{keyword.lower()}_answered_by_twilio", "Advanced Opt-Out has answered already",
            but(TEXT, Body=keyword.title(), OptOutType=keyword), [heard])  # fmt: skip
    sms("short_code", "the sender is a short code", but(TEXT, From="55512"), [{**HEARD, "address": "55512"}])
    sms("whatsapp", "another channel's sender says nothing here", but(TEXT, From=f"whatsapp:{THEIRS}"), [])
    sms("alphanumeric_sender", "a name can't be answered", but(TEXT, From="MYBANK"), [])
    sms(
        "whatsapp_to",
        "another channel's address is nobody's here",
        but(TEXT, To=f"whatsapp:{OURS}"),
        [HEARD],
        addresses=[],
    )

    sms(
        "report_delivered",
        "our delivery id stands in the path, the attempt in the query",
        REPORT,
        [REPORTED],
        url=STATUS,
    )
    sms("report_by_a_service", "the sender of ours is From, not To", but(REPORT, MessagingServiceSid=SERVICE), [REPORTED],
        url=STATUS, addresses=[SERVED, MINE])  # fmt: skip
    sms("report_without_attempt", "the query may be gone", REPORT, [{**REPORTED, "attempt": None}],
        url=STATUS.partition("?")[0])  # fmt: skip
    for status, rank in (
        ("accepted", 10),
        ("queued", 20),
        ("sending", 30),
        ("sent", 40),
        ("read", 70),
        ("teleported", 0),
    ):
        sms(f"report_{status}", "statuses come doubled and in any order; the rank tells which is newer",
            but(REPORT, MessageStatus=status, SmsStatus=status), [{**REPORTED, "status": status, "rank": rank}], url=STATUS)  # fmt: skip
    sms("report_by_sms_status", "MessageStatus may be missing", but(REPORT, "MessageStatus"), [REPORTED], url=STATUS)
    for status, code, kind in (
        ("undelivered", "30006", "address_dead"), ("failed", "21610", "opted_out"), ("undelivered", "30003", "retry"),
        ("undelivered", "30007", "content_refused"), ("undelivered", "30034", "misconfigured"),
        ("failed", "39999", "rejected"), ("canceled", "", "rejected"),
    ):  # fmt: skip
        failure = {"kind": kind, "code": code or None}
        sms(f"report_{status}_{code or 'without_a_code'}", "the carrier's reason, later",
            but(REPORT, MessageStatus=status, SmsStatus=status, ErrorCode=code),
            [{**REPORTED, "status": status, "rank": 50, "failure": failure}], url=STATUS)  # fmt: skip

    rotated = {**SMS_CONFIG, "auth_token": f"{TOKEN}\n{OLDER}"}
    sms("older_token", "while tokens are exchanged, both are right", TEXT, [HEARD], token=OLDER, config=rotated)
    sms("newer_token", "while tokens are exchanged, both are right", TEXT, [HEARD], config=rotated)
    sha256 = base64.b64encode(
        hmac.digest(TOKEN.encode(), (MESSAGES + "".join(f"{k}{v}" for k, v in sorted(TEXT))).encode(), "sha256")
    ).decode()
    algorithm = "X-Twilio-Webhooks-Signature-Settings"
    sms("sha256", "the newer scheme", TEXT, [HEARD],
        headers={"X-Twilio-Signature": sha256, algorithm: "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"})  # fmt: skip
    sms(
        "unknown_algorithm",
        "a scheme that nobody knows",
        TEXT,
        [HEARD],
        headers={algorithm: "algorithm=HMAC_MD5"},
        verifies=False,
    )
    sms("header_in_small_letters", "headers have no capitals", TEXT, [HEARD],
        headers={"X-Twilio-Signature": None, "x-twilio-signature": signatures.twilio(TOKEN, MESSAGES, TEXT)})  # fmt: skip

    escaped = MESSAGES + "?from=a%2Fb&name=O%27Neill&city=Orl%C3%A9ans&sp=a+b"
    sms(
        "escaped_query",
        "the URL is signed letter by letter, not as a framework un-escapes it",
        TEXT,
        [HEARD],
        url=escaped,
    )
    sms("unescaped_query", "this is what Flask's request.url makes of it", TEXT, [HEARD], signed_url=escaped, verifies=False,
        url=MESSAGES + "?from=a/b&name=O'Neill&city=Orléans&sp=a+b")  # fmt: skip
    port = "http://127.0.0.1:8443/hooks/twilio/messages"
    sms("odd_port", "development on another port", TEXT, [HEARD], url=port)
    sms("signed_without_port", "Twilio is not sure whether the port belongs to it", TEXT, [HEARD], url=port,
        signed_url=port.replace(":8443", ""))  # fmt: skip
    sms("impossible_port", "Twilio's validator raises on this", TEXT, [HEARD], verifies=False,
        url="https://bot.example:99999/hooks/twilio/messages")  # fmt: skip
    sms("ipv6", "Twilio's validator takes this host apart wrongly; the exact URL is right all the same", TEXT, [HEARD],
        url="http://[::1]:8000/hooks/twilio/messages")  # fmt: skip

    sms("signature_missing", "nobody signed this", TEXT, [HEARD], headers={"X-Twilio-Signature": None}, verifies=False)
    sms("signature_empty", "nobody signed this", TEXT, [HEARD], headers={"X-Twilio-Signature": ""}, verifies=False)
    sms("signature_of_another", "signed with a token that is not ours", TEXT, [HEARD], token="guessed", verifies=False)
    sms(
        "signature_not_ascii",
        "a header may hold anything",
        TEXT,
        [HEARD],
        headers={"X-Twilio-Signature": "é" * 28},
        verifies=False,
    )
    sms("signature_of_other_words", "the words were changed on the way", but(TEXT, Body="3"), [{**HEARD, "text": "3"}],
        headers={"X-Twilio-Signature": signatures.twilio(TOKEN, MESSAGES, TEXT)}, verifies=False)  # fmt: skip
    sms("no_token", "an integration without a token believes nobody", TEXT, [HEARD], verifies=False, token="",
        config={**SMS_CONFIG, "auth_token": ""})  # fmt: skip

    said = json.dumps({"AccountSid": ACCOUNT, "To": OURS}).encode()
    hashed = f"{MESSAGES}?bodySHA256={hashlib.sha256(said).hexdigest()}"
    kind = {"Content-Type": "application/json"}
    sms("json", "JSON is vouched for by its hash in the URL, but is no text", [], "ValueError", url=hashed, body=said,
        headers=kind, addresses=[])  # fmt: skip
    sms("json_changed", "the hash is another body's", [], "ValueError", url=hashed, body=said.replace(b"A", b"B"),
        headers=kind, verifies=False, addresses=[])  # fmt: skip
    sms("json_without_hash", "nothing vouches for this body", [], "ValueError", body=said, headers=kind, verifies=False,
        addresses=[])  # fmt: skip
    sms("json_hash_beside_the_query", "the hash stands where it does not count", [], "ValueError", body=said, headers=kind,
        url=f"{MESSAGES}/bodySHA256=1", verifies=False, addresses=[])  # fmt: skip
    sms("not_utf8", "bytes that are no text", [], "ValueError", url=hashed, body=b"\xff\xfe{", headers=kind, verifies=False,
        addresses=[])  # fmt: skip
    latin = b"&".join(f"{quote_plus(name)}=".encode() + (b"caf%E9" if name == "Body" else quote_plus(value).encode())
                      for name, value in TEXT)  # fmt: skip
    sms("form_not_utf8", "a form in Latin-1 was not signed by Twilio like this", TEXT, [{**HEARD, "text": "caf\ufffd"}],
        body=latin, verifies=False)  # fmt: skip
    sms("empty", "nothing at all, signed", [], "ValueError", body=b"", addresses=[])

    sms(
        "sid_missing",
        "a text without an id can't be deduped",
        but(TEXT, "MessageSid", "SmsSid", "SmsMessageSid"),
        "ValueError",
    )
    sms("sid_odd", "an id with a space in it", but(TEXT, MessageSid="SM 1"), "ValueError")
    sms("sid_huge", "an id that no column takes", but(TEXT, MessageSid="S" * 300), "ValueError")
    sms("from_missing", "a text without a sender", but(TEXT, "From"), "ValueError")
    sms("media_count_odd", "a count that is no number", but(TEXT, NumMedia="two"), "ValueError")
    sms("media_count_huge", "a count that promises more than there is", but(TEXT, NumMedia="999999999"), [HEARD])
    sms(
        "status_missing",
        "a report without a status",
        but(REPORT, "MessageStatus", "SmsStatus"),
        "ValueError",
        url=STATUS,
    )
    sms("status_odd", "a status with a NUL in it", but(REPORT, MessageStatus="sent\0"), "ValueError", url=STATUS)
    sms("attempt_odd", "an attempt that is no number", REPORT, "ValueError", url=STATUS.replace("=2", "=two"))
    sms(
        "address_with_nul",
        "what is looked up before the signature must be harmless",
        but(TEXT, To="+1555\0"),
        [HEARD],
        addresses=[],
    )
    sms("account_odd", "an account that is none", but(TEXT, AccountSid="AC' OR 1=1"), [HEARD], addresses=[])


# Slack ------------------------------------------------------------------------------------------------------------

TEAM, ENTERPRISE, USER, DM, TS = "T0TEAM", "E0ENTER", "U0ANA", "D0ANA", "1772443700.000100"
SECRET, OLD_SECRET = "a-signing-secret-for-samples", "the-secret-before-it"
SLACK_CONFIG = {"team_id": TEAM, "bot_token": "xoxb-for-samples", "signing_secret": SECRET}
SLACK = "https://bot.example/hooks/slack"
ACTION_TS = "1772443799.500000"


def slack(
    name: str,
    why: str,
    body: bytes | Mapping[str, Any],
    reads: Sequence[Mapping[str, Any]] | str,
    *,
    form: bool = False,
    secret: str = SECRET,
    config: Mapping[str, str] = SLACK_CONFIG,
    at: int = AT,
    headers: Mapping[str, str | None] | None = None,
    verifies: bool = True,
    revoked: bool = False,
    addresses: Sequence[str] = (TEAM,),
) -> None:
    """One sample of Slack's."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    if form and not isinstance(body, bytes):
        content = urlencode({"payload": content}).encode()
    given: dict[str, str | None] = {
        "Content-Type": FORM if form else "application/json",
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": signatures.slack(secret, at, content),
        **(headers or {}),
    }
    write("slack", name, why, SLACK, given, content, config, verifies, addresses, reads, revoked=revoked)


def event(inner: Any, **changed: Any) -> dict[str, Any]:
    """An event as Slack wraps it."""
    authorization = {"enterprise_id": None, "team_id": TEAM, "user_id": "U0BOT", "is_bot": True}
    return {
        "token": "unused", "team_id": TEAM, "api_app_id": "A0APP", "event": inner, "type": "event_callback",
        "event_id": "Ev0123ABCD", "event_time": AT, "authorizations": [authorization], **changed,
    }  # fmt: skip


def dm(text: Any, **changed: Any) -> dict[str, Any]:
    """A direct message."""
    return {
        "type": "message", "user": USER, "ts": TS, "client_msg_id": "1", "text": text, "team": TEAM, "channel": DM,
        "event_ts": TS, "channel_type": "im", **changed,
    }  # fmt: skip


def tap(*actions: Any, values: Any = None, **changed: Any) -> dict[str, Any]:
    """A tap on a message."""
    return {
        "type": "block_actions", "user": {"id": USER, "username": "ana", "team_id": TEAM}, "api_app_id": "A0APP",
        "container": {"type": "message", "message_ts": TS, "channel_id": DM, "is_ephemeral": False},
        "trigger_id": "1.2.3", "team": {"id": TEAM, "domain": "x"}, "enterprise": None,
        "actions": [{"block_id": "ask:tok_EN-1", "action_ts": ACTION_TS, "type": "button", **action} if isinstance(action, dict)
                    else action for action in actions],
        "state": {"values": values or {}}, **changed,
    }  # fmt: skip


def tapped(
    action_id: str, *values: str, token: str = "tok_EN-1", message_id: str | None = f"{DM}:{TS}"
) -> dict[str, Any]:
    """What a tap is read as."""
    hand = {"token": token, "values": list(values), "message_id": message_id}
    verb = action_id.split(":", maxsplit=1)[0]
    return {"type": "inbound", "key": f"{ACTION_TS}:{verb}:{token}:{USER}", "address": USER, "tap": hand}


def slack_samples() -> None:
    """Every sample of Slack's."""
    said = {"type": "inbound", "key": "Ev0123ABCD", "address": USER}
    slack("words", "somebody writes to the app", event(dm("two")), [{**said, "text": "two"}])
    slack("words_escaped", "Slack escapes three letters and puts links and mentions in angles",
          event(dm("a &lt; b &amp;&amp; c &gt; d <https://x.example/?a=1&amp;b=2> <http://y.example|y.example> "
                   "<@U0BOB|bob> <@U0BOB> <#C0GEN|general> <!here> <mailto:a@b.example|a@b.example> <!date^1^x|noon> &amp;lt;")),
          [{**said, "text": "a < b && c > d https://x.example/?a=1&b=2 y.example @bob @U0BOB #general @here a@b.example noon &lt;"}])  # fmt: skip
    slack("words_repeated", "a repetition has the same key", event(dm("two")), [{**said, "text": "two"}],
          headers={"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"})  # fmt: skip
    photo = {
        "url_private": "https://files.slack.example/F1/p.jpg",
        "mimetype": "image/jpeg",
        "name": "p.jpg",
        "size": 9,
    }
    slack("photo", "a file with words", event(dm("done", subtype="file_share", files=[photo, None, {"id": "F2"}])),
          [{**said, "text": "done", "media": [{"url": photo["url_private"], "mime_type": "image/jpeg", "name": "p.jpg"}]}])  # fmt: skip
    slack("words_in_a_thread", "a reply under a message of ours", event(dm("2", thread_ts="1772443600.000200")),
          [{**said, "text": "2", "in_reply_to": f"{DM}:1772443600.000200"}])  # fmt: skip
    slack("words_in_a_thread_and_here", "a reply that is also sent to the conversation",
          event(dm("2", thread_ts="1772443600.000200", subtype="thread_broadcast", root={"text": "?"})),
          [{**said, "text": "2", "in_reply_to": f"{DM}:1772443600.000200"}])  # fmt: skip
    slack("words_that_began_a_thread", "somebody's own message, which they replied to later", event(dm("2", thread_ts=TS)),
          [{**said, "text": "2"}])  # fmt: skip
    slack("thread_odd", "a thread that is none", event(dm("2", thread_ts=[1])), [{**said, "text": "2"}])
    slack("words_without_text", "a message of blocks alone", event(dm(None)), [{**said, "text": ""}])
    slack("words_with_nul", "what no database takes", event(dm("a\0b")), [{**said, "text": "ab"}])
    slack("event_id_long", "a key that no column takes is hashed", event(dm("x"), event_id="E" * 300),
          [{**said, "text": "x", "key": hashlib.sha256(b"E" * 300).hexdigest()}])  # fmt: skip
    for name, why, inner in (
        ("edited", "an edit is not said again", dm("x", subtype="message_changed")),
        ("deleted", "a deletion says nothing", dm("x", subtype="message_deleted")),
        ("by_a_bot", "our own message comes back as an event", dm("x", bot_id="B0BOT")),
        ("in_a_channel", "words that were not meant for us", dm("x", channel_type="channel")),
        ("reaction", "another kind of event", {"type": "reaction_added", "user": USER}),
        ("home_opened", "the web's business", {"type": "app_home_opened", "user": USER, "tab": "home"}),
    ):
        slack(name, why, event(inner), [])
    slack("uninstalled", "the app was removed", event({"type": "app_uninstalled"}), [], revoked=True)
    slack("bot_token_revoked", "the bot's token is gone", event({"type": "tokens_revoked", "tokens": {"bot": ["U0BOT"]}}), [],
          revoked=True)  # fmt: skip
    slack(
        "user_token_revoked",
        "somebody else's token is gone",
        event({"type": "tokens_revoked", "tokens": {"oauth": [USER], "bot": []}}),
        [],
    )
    slack("tokens_revoked_odd", "tokens that are no object", event({"type": "tokens_revoked", "tokens": [1]}), [])
    slack(
        "url_verification",
        "the web answers it",
        {"type": "url_verification", "challenge": "c", "token": "unused"},
        [],
        addresses=[],
    )
    allowed = [{"enterprise_id": ENTERPRISE, "team_id": TEAM, "user_id": "U0BOT"}]
    slack("shared_channel", "the sender's team comes second", event(dm("x"), team_id="T0OTHER", authorizations=allowed),
          [{**said, "text": "x"}], addresses=[TEAM, ENTERPRISE, "T0OTHER"])  # fmt: skip
    slack("enterprise_event", "installed for a whole organization",
          event(dm("x"), enterprise_id=ENTERPRISE, authorizations=[{"enterprise_id": ENTERPRISE, "team_id": None}]),
          [{**said, "text": "x"}], addresses=[ENTERPRISE, TEAM])  # fmt: skip

    button = "answer:tok_EN-1:b"
    slack(
        "button", "a button is the answer", tap({"action_id": button, "value": "b"}), [tapped(button, "b")], form=True
    )
    odd = "answer:tok_EN-1:a:b c/é"
    slack(
        "button_odd_value",
        "a choice's id may hold a colon",
        tap({"action_id": odd}),
        [tapped(odd, "a:b c/é")],
        form=True,
    )
    long = "x" * 239
    slack("button_long", "a key that no column takes is hashed", tap({"action_id": f"answer:{long}:b"}), form=True, reads=[
        {**tapped("answer", "b", token=long), "key": hashlib.sha256(f"{ACTION_TS}:answer:{long}:{USER}".encode()).hexdigest()}])  # fmt: skip
    send = {"action_id": "submit:tok_EN-1", "block_id": "send:tok_EN-1"}

    def state(**field: Any) -> dict[str, Any]:
        return {"ask:tok_EN-1": {"pick:tok_EN-1": field}, "ask:other": {"pick:other": {"value": "not this"}}}

    for name, why, field, values in (
        ("submit_radio", "one of many", {"type": "radio_buttons", "selected_option": {"value": "c"}}, ["c"]),
        (
            "submit_boxes",
            "several",
            {"type": "checkboxes", "selected_options": [{"value": "a"}, {"value": "c"}]},
            ["a", "c"],
        ),
        ("submit_no_box", "nothing is ticked", {"type": "checkboxes", "selected_options": []}, []),
        ("submit_no_radio", "nothing is chosen", {"type": "radio_buttons", "selected_option": None}, []),
        (
            "submit_words",
            "what was typed, as it was typed",
            {"type": "plain_text_input", "value": "5,5 & <b>\0"},
            ["5,5 & <b>"],
        ),
        ("submit_nothing", "an empty field", {"type": "plain_text_input", "value": None}, []),
    ):
        slack(name, why, tap(send, values=state(**field)), [tapped("submit:tok_EN-1", *values)], form=True)
    slack(
        "submit_without_state",
        "Slack left the state out",
        tap(send, state=None),
        [tapped("submit:tok_EN-1")],
        form=True,
    )
    tick = {"action_id": "pick:tok_EN-1", "type": "checkboxes", "selected_options": [{"value": "a"}]}
    slack("tick", "a tick alone is not yet an answer", tap(tick), [], form=True)
    slack("foreign_button", "a button of the web's own surfaces", tap({"action_id": "open_settings"}), [], form=True)
    view = {"id": "V1", "state": {"values": state(value="typed")}}
    slack("submit_in_a_view", "a field in a modal or in App Home",
          {**tap(send, container={"type": "view", "view_id": "V1"}, view=view), "state": None},
          [tapped("submit:tok_EN-1", "typed", message_id=None)], form=True)  # fmt: skip
    slack(
        "view_submission",
        "the web answers modals",
        {"type": "view_submission", "team": {"id": TEAM}, "view": {}},
        [],
        form=True,
    )
    slack("enterprise_tap", "installed for a whole organization", tap({"action_id": button}, enterprise={"id": ENTERPRISE}),
          [tapped(button, "b")], form=True, addresses=[TEAM, ENTERPRISE])  # fmt: skip
    command = urlencode(
        {"team_id": TEAM, "user_id": USER, "command": "/points", "text": "", "enterprise_id": "E' OR 1"}
    )
    slack("command", "a slash command is the web's business", command.encode(), [], form=True)
    slack(
        "ssl_check",
        "Slack looks whether our certificate holds",
        b"ssl_check=1&token=unused",
        [],
        form=True,
        addresses=[],
    )

    rotated = {**SLACK_CONFIG, "signing_secret": f"{SECRET},{OLD_SECRET}"}
    slack("older_secret", "while secrets are exchanged, both are right", event(dm("x")), [{**said, "text": "x"}],
          secret=OLD_SECRET, config=rotated)  # fmt: skip
    for name, why, at, verifies in (
        ("old_but_in_time", "exactly five minutes", AT - 300, True), ("replayed", "five minutes and a second", AT - 301, False),
        ("fast_clock", "Slack's clock is ahead of ours", AT + 300, True), ("from_the_future", "too far ahead", AT + 301, False),
    ):  # fmt: skip
        slack(name, why, event(dm("x")), [{**said, "text": "x"}], at=at, verifies=verifies)
    stamp, signature = "X-Slack-Request-Timestamp", "X-Slack-Signature"
    right = signatures.slack(SECRET, AT, json.dumps(event(dm("x")), ensure_ascii=False).encode())
    for name, why, headers in (
        ("timestamp_missing", "no timestamp", {stamp: None}),
        ("timestamp_words", "a timestamp that is no number", {stamp: "now"}),
        ("timestamp_float", "a number that Python would take", {stamp: f"{AT}.0"}),
        ("timestamp_foreign_digits", "digits that Python would take", {stamp: "١٧٧٢٤٤٣٨٠٠"}),
        ("timestamp_huge", "a number that is no moment", {stamp: "9" * 400}),
        ("signature_missing", "nobody signed this", {signature: None}),
        ("signature_of_another_version", "there is no version 1", {signature: right.replace("v0", "v1")}),
        ("signature_capitals", "not as Slack writes it", {signature: right.upper()}),
        ("signature_short", "half of it", {signature: right[:35]}),
        ("signature_not_ascii", "a header may hold anything", {signature: "v0=" + "é" * 64}),
    ):
        slack(name, why, event(dm("x")), [{**said, "text": "x"}], headers=headers, verifies=False)
    slack("headers_in_small_letters", "headers have no capitals", event(dm("x")), [{**said, "text": "x"}],
          headers={stamp: None, signature: None, stamp.lower(): str(AT), signature.lower(): right})  # fmt: skip
    slack("signature_of_another", "signed with a secret that is not ours", event(dm("x")), [{**said, "text": "x"}],
          secret="guessed", verifies=False)  # fmt: skip
    slack("no_secret", "an integration without a secret believes nobody", event(dm("x")), [{**said, "text": "x"}],
          secret="", config={**SLACK_CONFIG, "signing_secret": ""}, verifies=False)  # fmt: skip

    slack(
        "not_utf8",
        "signed bytes that are no text: verified, then refused",
        b'{"type": "event_callback\xff"}',
        "ValueError",
        addresses=[],
    )
    slack("empty", "nothing at all", b"", "ValueError", addresses=[])
    slack("not_json", "not JSON", b"hello", "ValueError", addresses=[])
    slack("a_list", "JSON that is no object", b"[1]", "ValueError", addresses=[])
    slack("nested", "deeper than Python goes", b"[" * 100_000, "ValueError", addresses=[])
    slack("type_missing", "an object that says nothing", {"team_id": TEAM}, "ValueError")
    slack("event_null", "an event that is none", event(None), "ValueError")
    slack("event_id_missing", "an event that can't be deduped", event(dm("x"), event_id=None), "ValueError")
    slack("user_missing", "words of nobody", event(dm("x", user=None)), "ValueError")
    slack("authorizations_odd", "authorizations that are none", event(dm("x"), authorizations=[1, {"team_id": ["T1"]}]),
          [{**said, "text": "x"}])  # fmt: skip
    for name, why, content in (
        ("payload_list", "a payload that is no object", "[1]"), ("payload_words", "a payload that is no JSON", "hello"),
        ("payload_empty", "an empty payload", ""),
    ):  # fmt: skip
        slack(name, why, urlencode({"payload": content}).encode(), "ValueError", form=True, addresses=[])
    slack("payload_not_utf8", "a payload in no encoding", b"payload=" + quote_from_bytes(b'{"type": "\xff"').encode(), "ValueError",
          form=True, addresses=[])  # fmt: skip
    for name, why, payload in (
        ("actions_missing", "a tap on nothing", tap(actions=None)), ("action_odd", "an action that is none", tap("b")),
        ("action_without_id", "a button without a name", tap({"value": "b"})),
        ("action_without_moment", "a tap at no time", tap({"action_id": button, "action_ts": None})),
        ("tap_of_nobody", "a tap without a person", tap({"action_id": button}, user=None)),
        ("state_odd", "a state that is none", tap(send, state=[1])),
        ("field_odd", "a field that is none", tap(send, values={"ask:tok_EN-1": {"typed": 1}})),
    ):  # fmt: skip
        slack(name, why, payload, "ValueError", form=True)


# Both -------------------------------------------------------------------------------------------------------------


def write(
    channel: str,
    name: str,
    why: str,
    url: str,
    headers: Mapping[str, str | None],
    body: bytes,
    config: Mapping[str, str],
    verifies: bool,
    addresses: Sequence[str],
    reads: Sequence[Mapping[str, Any]] | str,
    **more: Any,
) -> None:
    """One file: the request as it comes, and what is to be made of it."""
    try:
        content: dict[str, str] = (
            {"body": body.decode()} if len(body) < 5000 else {"body_base64": base64.b64encode(body).decode()}
        )
    except UnicodeDecodeError:
        content = {"body_base64": base64.b64encode(body).decode()}
    if len(body) > 50_000 and len(set(body)) == 1:
        content = {"body_of": chr(body[0]), "times": str(len(body))}
    given = {header: value for header, value in headers.items() if value is not None}
    request = {"url": url, "path": urlsplit(url).path, "headers": given, **content, "now": NOW}
    sample = {
        "why": why,
        "request": request,
        "config": dict(config),
        "addresses": list(addresses),
        "verifies": verifies,
        "reads": reads,
    }
    path = SAMPLES / channel / f"{name}.json"
    if path in _written:
        raise ValueError(f"{path} is written twice")
    _written.add(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sample | more, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


_written: set[Path] = set()

if __name__ == "__main__":
    twilio_samples()
    slack_samples()
    for stale in set(SAMPLES.glob("*/*.json")) - _written:
        stale.unlink()
