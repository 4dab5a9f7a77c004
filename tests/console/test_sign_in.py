"""The door: who comes in, who doesn't, how slow guessing is, and that nothing of a password or a token is kept."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from bot import clock
from bot.tenancy import attempts, sessions, users
from bot.tenancy import sign_in as door
from bot.tenancy.sign_in import DEMONSTRATION_PASSWORD
from models import AuditEvent, Organization, User, UserSession
from tests.console.conftest import BROWSER, COOKIE, words

PASSWORD = "correct horse battery"
SITE = "https://bot.example"


@pytest.fixture
def dana(console):
    with console.session() as session:
        organization = session.get_one(Organization, console.ours.id)
        return users.add(session, organization, "dana@example.org", "manager", PASSWORD).id


def try_in(client, email="dana@example.org", password=PASSWORD, token=None, path="/sign-in", **more):
    page = client.get(path, headers=BROWSER, base_url=SITE).get_data(as_text=True)
    found = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', page)
    form = {"csrf_token": unescape(found[1]) if token is None and found else token or "", "email": email, **more}
    form |= {"password": password, "next": unescape(re.search(r'name="next" type="hidden" value="([^"]*)"', page)[1])}
    return client.post("/sign-in", data=form, headers={**BROWSER, "Referer": SITE}, base_url=SITE)


def cookie(answer):
    return next((each for each in answer.headers.getlist("Set-Cookie") if each.startswith(COOKIE)), None)


def test_the_right_password_opens_the_door(console, dana):
    client = console.app.test_client()
    answer = try_in(client)
    assert (answer.status_code, answer.location) == (303, "/")
    kept = cookie(answer)
    assert all(each in kept for each in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in kept
    assert "Broadcasts" in words(client.get("/broadcasts", headers=BROWSER, base_url=SITE))
    with console.session() as session:
        assert session.get_one(User, dana).last_login_at == clock.now()
        assert session.scalars(sa.select(AuditEvent.action)).all() == ["user.signed_in"]
        token = kept.split("=", 1)[1].split(";")[0]
        row = session.scalars(sa.select(UserSession)).one()
        assert row.token_hash == sessions.hashed(token)
        assert token not in repr([getattr(row, column.name) for column in UserSession.__table__.columns])


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [
        ("dana@example.org", "wrong password", "don't belong together"),
        ("nobody@example.org", PASSWORD, "don't belong together"),
        ("dana@example.org", "x" * 999, "don't belong together"),
        ("eve\x00@example.org", "with\x00nul", "don't belong together"),
        ("", PASSWORD, "Type your e-mail address."),
        ("dana@example.org", "", "Type your password."),
        ("dana@example.org", DEMONSTRATION_PASSWORD, "don't belong together"),
    ],
)
def test_anything_else_does_not(console, dana, email, password, said):
    answer = try_in(console.app.test_client(), email, password)
    assert answer.status_code == 422
    assert said in words(answer)
    assert cookie(answer) is None
    assert answer.headers["Cache-Control"] == "no-store"
    assert not password or f'value="{password}"' not in answer.get_data(as_text=True)


def test_an_email_is_taken_in_any_spelling(console, dana):
    assert try_in(console.app.test_client(), " DANA@Example.org ").status_code == 303


@pytest.mark.parametrize(("status", "said"), [("suspended", "suspended"), ("invited", "invitation")])
def test_who_is_not_active_stays_out(console, dana, status, said):
    with console.session() as session:
        session.get_one(User, dana).status = status
    answer = try_in(console.app.test_client())
    assert answer.status_code == 422
    assert said in words(answer)
    assert said not in words(try_in(console.app.test_client(), password="wrong password"))


def test_guessing_slows_down_and_a_pause_helps(console, dana, moment):
    client = console.app.test_client()
    for _ in range(attempts.FREE_TOGETHER):
        assert try_in(client, password="wrong password").status_code == 422
    answer = try_in(client)  # also the right one has to wait
    assert answer.status_code == 429
    assert "Wait 15 seconds" in words(answer)
    assert answer.headers["Retry-After"] == "15"
    moment.shift(timedelta(seconds=16))
    assert try_in(client, password="wrong password").status_code == 422
    assert "Wait 30 seconds" in words(try_in(client))
    moment.shift(timedelta(seconds=31))
    assert try_in(client).status_code == 303
    again = console.app.test_client()
    for _ in range(attempts.FREE_TOGETHER - 1):  # forgiven
        assert try_in(again, password="wrong password").status_code == 422
    assert try_in(again).status_code == 303


def test_an_email_that_nobody_has_slows_down_too(console):
    client = console.app.test_client()
    for _ in range(attempts.FREE_TOGETHER):
        try_in(client, "nobody@example.org", "wrong password")
    assert try_in(client, "nobody@example.org", "wrong password").status_code == 429
    assert try_in(client, "other@example.org", "wrong password").status_code == 422


def test_an_email_of_two_organizations_asks_which_one(console, dana):
    with console.database.organization_session(console.theirs.id) as session:
        users.add(session, session.get_one(Organization, console.theirs.id), "dana@example.org", "manager", PASSWORD)
        users.add(
            session, session.get_one(Organization, console.theirs.id), "eve@example.org", "manager", "another one!"
        )
    with console.session() as session:
        users.add(session, session.get_one(Organization, console.ours.id), "eve@example.org", "manager", PASSWORD)
    client = console.app.test_client()
    answer = try_in(client)
    assert answer.status_code == 422
    assert "Harbor Foods" in words(answer)
    assert "Somebody Else" in words(answer)
    assert try_in(client, organization="else").status_code == 303
    assert "Somebody Else" in words(client.get("/broadcasts", headers=BROWSER, base_url=SITE))
    other = console.app.test_client()
    assert try_in(other, "eve@example.org").status_code == 303  # the password says which
    assert "Harbor Foods" in words(other.get("/broadcasts", headers=BROWSER, base_url=SITE))


def test_a_form_without_its_token_changes_nothing(console, dana):
    answer = try_in(console.app.test_client(), token="forged")
    assert answer.status_code == 400
    assert "open for too long" in words(answer)
    assert cookie(answer) is None
    assert console.alice.client.post("/sign-out", headers=BROWSER, base_url=SITE).status_code == 400


def test_signing_out_ends_the_session_everywhere(console):
    alice = console.alice
    kept = alice.client.get_cookie(COOKIE, domain="bot.example").value
    assert alice.post("/sign-out").location == "/sign-in"
    assert "You are signed out." in words(alice.get("/sign-in"))
    assert alice.get("/broadcasts").location.startswith("/sign-in?")
    thief = console.app.test_client()
    thief.set_cookie(COOKIE, kept, domain="bot.example", secure=True)
    assert thief.get("/broadcasts", headers=BROWSER, base_url=SITE).status_code == 303


def test_a_session_ends_by_itself(console, moment):
    alice = console.alice
    for _ in range(13):  # there every eleven hours, so never idle, but a week is a week
        moment.shift(timedelta(hours=11))
        assert alice.get("/broadcasts").status_code == 200
    moment.shift(sessions.LONGEST - timedelta(hours=13 * 11 - 1))
    assert alice.get("/broadcasts").status_code == 303


def test_an_idle_session_ends_and_polls_do_not_keep_it(console, moment):
    alice = console.alice
    for _ in range(11):
        moment.shift(timedelta(hours=1))
        assert alice.get("/broadcasts", headers={"HX-Request": "true"}).status_code == 200
    moment.shift(timedelta(hours=1))
    answer = alice.get("/broadcasts", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"], answer.data) == (401, "/sign-in", b"")


def test_whoever_is_suspended_is_out_at_once(console):
    alice = console.alice
    assert alice.get("/broadcasts").status_code == 200
    with console.session() as session:
        session.get_one(User, alice.id).status = "suspended"
    assert alice.get("/broadcasts").status_code == 303


def test_all_sessions_of_somebody_can_be_ended(console):
    alice = console.alice
    with console.session() as session:
        sessions.end_all(session, alice.id, clock.now())
    assert alice.get("/broadcasts").status_code == 303


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/broadcasts?state=over", "/broadcasts?state=over"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/sign-out", "/"),
        ("\n//evil.example", "/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_the_door_leads_nowhere_else(console, dana, wanted, given):
    answer = try_in(console.app.test_client(), path=f"/sign-in?{urlencode({'next': wanted})}")
    assert answer.location == given


def test_a_page_that_was_wanted_is_shown_after_the_door(console):
    stranger = console.app.test_client()
    answer = stranger.get("/broadcasts?state=over&page=2", headers=BROWSER, base_url=SITE)
    assert answer.location == "/sign-in?next=%2Fbroadcasts%3Fstate%3Dover%26page%3D2"
    assert stranger.get("/broadcasts", base_url=SITE).get_json() == {
        "error": "not_signed_in",
        "message": "Sign in first.",
    }
    assert stranger.get("/", headers=BROWSER, base_url=SITE).location == "/sign-in"


def test_whoever_is_in_is_not_asked_again(console):
    assert console.alice.get("/sign-in?next=/people").location == "/people"


def test_an_old_hash_is_renewed(console, dana, monkeypatch):
    monkeypatch.setattr(type(door._hasher), "check_needs_rehash", lambda *_: True)
    with console.session() as session:
        before = session.get_one(User, dana).password
    assert try_in(console.app.test_client()).status_code == 303
    with console.session() as session:
        assert session.get_one(User, dana).password != before
    assert try_in(console.app.test_client()).status_code == 303


def test_without_https_the_cookie_has_no_such_claim(console, dana, tmp_path):
    from tests.integration.web.conftest import joined

    app = joined(console.database, tmp_path, PUBLIC_URL="http://127.0.0.1:8000")
    client = app.test_client()
    page = client.get("/sign-in", headers=BROWSER).get_data(as_text=True)
    token = unescape(re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', page)[1])
    form = {"csrf_token": token, "email": "dana@example.org", "password": PASSWORD, "next": "/"}
    answer = client.post("/sign-in", data=form, headers=BROWSER)
    kept = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith("shiftline="))
    assert "Secure" not in kept
    assert "HttpOnly" in kept
