"""Twilio's doors: what is genuine is taken in once, what is not changes nothing, and nothing is ever a traceback."""

from __future__ import annotations

import hashlib
import io
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from models import Delivery, DeliveryEvent
from tests import factories
from tests.integration.web.conftest import KEY, NUMBER, PUBLIC, SID, TOKEN, House, joined


def test_a_text_is_taken_in_once(house: House) -> None:
    answers = [house.twilio(Body="hello") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert answers[0].data == b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
    assert answers[0].content_type.startswith("text/xml")
    assert house.heard() == ["hello"]


@pytest.mark.parametrize(
    "query", ["a=%2Fb", "name=O%27Neill", "caf=%C3%A9", "a=b%20c&d=", "x=%252F", "plus=a+b", "e=1&e=2", "empty"]
)
def test_the_query_is_verified_as_it_was_sent(house: House, query: str) -> None:
    assert house.twilio(query=query).status_code == 200


def test_the_public_address_counts_and_not_the_one_behind_the_proxy(house: House) -> None:
    said = {"AccountSid": SID, "To": NUMBER, "From": house.phone, "Body": "hi", "MessageSid": "SM2"}
    for base, status in ((PUBLIC, 200), ("http://localhost", 403)):
        signature = RequestValidator(TOKEN).compute_signature(f"{base}/hooks/twilio/messages", said)
        answer = house.post(
            "/hooks/twilio/messages", urlencode(said).encode(), headers={"X-Twilio-Signature": signature}
        )
        assert answer.status_code == status


def test_without_a_public_address_the_hosts_own_counts(house: House, tmp_path) -> None:
    house.app = joined(house.database, tmp_path, PUBLIC_URL="")
    said = {"AccountSid": SID, "To": NUMBER, "From": house.phone, "Body": "hi", "MessageSid": "SM2"}
    signature = RequestValidator(TOKEN).compute_signature("http://localhost/hooks/twilio/messages", said)
    answer = house.post("/hooks/twilio/messages", urlencode(said).encode(), headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "forged",
    [
        {"token": "another-token"},
        {"AccountSid": "AC" + "b" * 32},
        {"To": "+15550009999"},
        {"AccountSid": ""},
        {"To": "'; DROP TABLE workers; --"},
    ],
)
def test_forged_or_nobodys(house: House, forged: dict[str, str]) -> None:
    answer = house.twilio(**forged)
    assert answer.status_code == 403
    assert answer.get_json() == {"error": "forbidden", "message": "This request isn't signed by the provider."}
    assert house.heard() == []


@pytest.mark.parametrize("signature", [None, "", "x", "é", "=" * 5000])
def test_without_a_proper_signature(house: House, signature: str | None) -> None:
    body = urlencode({"AccountSid": SID, "To": NUMBER, "From": house.phone, "MessageSid": "SM3"}).encode()
    headers = {} if signature is None else {"X-Twilio-Signature": signature}
    assert house.post("/hooks/twilio/messages", body, headers=headers).status_code == 403


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"a=%FF%FE", b"{}", b"[1]", b"\x00" * 100, b"=&=&=", b"%"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json", "text/plain", "x", ""])
def test_what_is_no_form_is_refused(house: House, body: bytes, kind: str) -> None:
    headers = {"X-Twilio-Signature": "abc", "Content-Type": kind}
    assert house.post("/hooks/twilio/messages", body, headers=headers).status_code == 403


def test_genuine_json_where_a_form_belongs(house: House) -> None:
    """Twilio can sign JSON, by a hash in the query; but a JSON body names no account, so it is nobody's."""
    body = b'{"Body": "hi"}'
    query = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
    signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}/hooks/twilio/messages?{query}", {})
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/json"}
    assert house.post("/hooks/twilio/messages", body, query, headers).status_code == 403


@pytest.mark.parametrize(
    "odd", [{"From": ""}, {"MessageSid": "", "SmsSid": ""}, {"NumMedia": "many"}, {"MessageSid": "../"}]
)
def test_genuine_nonsense_is_a_400(house: House, odd: dict[str, str]) -> None:
    answer = house.twilio(**odd)
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "misshapen"
    assert house.heard() == []


def test_whatsapp_is_none_of_ours(house: House) -> None:
    assert house.twilio(From="whatsapp:+15551234567").status_code == 200
    assert house.heard() == []


def test_too_large(house: House) -> None:
    assert house.twilio(Body="x" * 2_000_000).status_code == 413
    assert house.heard() == []


@pytest.mark.parametrize(("size", "status", "heard"), [(10, 200, 1), (2**20, 413, 0), (2_000_000, 413, 0)])
def test_a_body_in_chunks_is_read_whole_or_is_too_large(house: House, size: int, status: int, heard: int) -> None:
    said = {"AccountSid": SID, "To": NUMBER, "From": house.phone, "Body": "x" * size, "MessageSid": "SM" + "1" * 32}
    signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}/hooks/twilio/messages", said)
    answer = house.client.post(
        "/hooks/twilio/messages",
        input_stream=io.BytesIO(urlencode(said).encode()),
        headers={
            "X-Twilio-Signature": signature,
            "Content-Type": "application/x-www-form-urlencoded",
            "Transfer-Encoding": "chunked",
        },
        environ_overrides={"wsgi.input_terminated": True},  # as Granian says it
    )
    assert (answer.status_code, len(house.heard())) == (status, heard)


@pytest.mark.parametrize("path", ["/hooks/twilio/messages", "/hooks/twilio/status/1", "/hooks/slack", "/hooks/slack/x"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post(house: House, path: str, method: str) -> None:
    answer = house.client.open(path, method=method)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.get_json()["error"] == "method_not_allowed"


def test_a_report_moves_its_delivery(house: House) -> None:
    with house.database.organization_session(house.organization.id) as session:
        sent = factories.delivery(
            session, house.organization, integration_id=house.ids["twilio"], state="submitted", attempts=1
        ).id
    path = f"/hooks/twilio/status/{sent}"
    for status in ("delivered", "sent", "delivered"):
        assert house.twilio(path, "attempt=1", From=NUMBER, To=house.phone, MessageStatus=status).status_code == 200
    with house.database.reading(None) as session:
        assert session.get_one(Delivery, sent).state == "delivered"
        assert session.query(DeliveryEvent).count() == 3
    assert house.heard() == []


def test_a_report_on_anothers_delivery_changes_nothing(house: House) -> None:
    with house.database.service_session() as session:
        foreign = factories.delivery(session, factories.organization(session), state="submitted", attempts=1).id
    answer = house.twilio(f"/hooks/twilio/status/{foreign}", "attempt=1", From=NUMBER, MessageStatus="failed")
    assert answer.status_code == 200
    with house.database.reading(None) as session:
        assert session.get_one(Delivery, foreign).state == "submitted"
        assert session.query(DeliveryEvent).count() == 0


@pytest.mark.parametrize(
    ("path", "status"), [("/hooks/twilio/status/x", 404), ("/hooks/twilio/status/-1", 404), ("/hooks/twilio", 404)]
)
def test_no_such_address(house: House, path: str, status: int) -> None:
    answer = house.twilio(path)
    assert (answer.status_code, answer.is_json) == (status, True)


def test_the_messaging_services_texts_are_found(house: House) -> None:
    from bot.tenancy import integrations

    service = "MG" + "c" * 32
    with house.database.service_session() as session:
        other = factories.organization(session)
        config = integrations.seal([KEY], other.id, {"account_sid": SID, "auth_token": "of-the-service"})
        factories.integration(session, other, address=f"{SID}:{service}", config=config)
    assert house.twilio(token="of-the-service", MessagingServiceSid=service, Body="to the service").status_code == 200
    assert house.twilio(MessagingServiceSid=service, Body="with the number's token").status_code == 403
    assert house.heard() == ["to the service"]
