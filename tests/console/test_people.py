"""People in the console: found by their words, known by their facts, read by their conversation; and not by everybody."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from bot import chance, clock
from bot.channels.channel import Ask, Media, Message, Option
from bot.delivery import outbox
from models import Organization, Worker
from tests import factories
from tests.console.conftest import words

OURS = {"direction": "out", "outcome": "accepted"}


class Ana:
    """A worker with a phone and Slack, and what was said between us."""

    def __init__(self, console, **columns):
        self.console = console
        with console.session() as session:
            told = {"first_name": "Ana", "last_name": "Lopez", "external_id": "W-7", **columns}
            worker = factories.worker(session, console.ours, **told)
            self.id = worker.id
            self.phone = factories.integration(session, console.ours).id
            self.slack = factories.integration(session, console.ours, type="slack").id
            made = {}
            for name, integration in (("sms", self.phone), ("slack", self.slack)):
                who = factories.channel_identity(session, console.ours, worker_id=self.id, integration_id=integration)
                made[name] = (who.id, who.address, integration)
            self.identities = made
        self.path = f"/people/{self.id}"

    def hears(
        self, text, channel="sms", minutes=0, *, state="delivered", ask=None, attempt=1, delivery_id=None, **columns
    ):
        """Something of ours; the delivery's id."""
        identity_id, address, integration_id = self.identities[channel]
        at = clock.now() + timedelta(minutes=minutes)
        message = columns.pop("message", None) or Message(text, ask=ask)
        line = {name: columns.pop(name) for name in ("outcome",) if name in columns}
        with self.console.session() as session:
            provider_id = columns.pop("provider_id", f"P{factories.number()}")
            if delivery_id is None:
                told = {"source_kind": "reply", "content_version_id": None, "provider_id": provider_id, **columns}
                delivery_id = factories.delivery(
                    session, self.console.ours, identity_id=identity_id, state=state, attempts=attempt, **told
                ).id
            factories.sent_message(
                session, self.console.ours, integration_id=integration_id, worker_id=self.id, address=address,
                delivery_id=delivery_id, attempt=attempt, body=text, payload=outbox.pack(message), at=at,
                provider_id=provider_id, **{**OURS, **line},
            )  # fmt: skip
        return delivery_id

    def says(self, text, channel="sms", minutes=0, **columns):
        _, address, integration_id = self.identities[channel]
        with self.console.session() as session:
            factories.sent_message(
                session, self.console.ours, integration_id=integration_id, worker_id=self.id, address=address, body=text,
                at=clock.now() + timedelta(minutes=minutes), **columns,
            )  # fmt: skip

    def text(self, visitor=None):
        """What the conversation says."""
        page = (visitor or self.console.alice).text(self.path)
        return page.split("Conversation", 1)[1]


# looking for somebody


def test_the_empty_roll_says_what_to_do(console):
    said = console.alice.text("/people")
    assert "No workers yet" in said
    assert "shiftline workers import" in said


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", {"Ana Lopez", "Émile Zola", "Bo % Abel"}),
        ("ana", {"Ana Lopez"}), ("LOPEZ ana", {"Ana Lopez"}), ("w-7", {"Ana Lopez"}), ("émile", {"Émile Zola"}),
        ("Émile", {"Émile Zola"}), ("picker", {"Ana Lopez", "Émile Zola", "Bo % Abel"}), ("%", {"Bo % Abel"}), ("_", set()),
        ("ana zola", set()), ("5550177", {"Ana Lopez"}), ("' OR 1=1 --", set()), ("x" * 500, set()), ("a b c d e f g h", set()),
    ],
)  # fmt: skip
def test_people_are_found_by_their_words(console, wanted, found):
    with console.session() as session:
        factories.worker(
            session, console.ours, first_name="Ana", last_name="Lopez", external_id="W-7",
            contact={"primary_phone_number": "+12125550177"},
        )  # fmt: skip
        factories.worker(session, console.ours, first_name="Émile", last_name="Zola", external_id="X1")
        factories.worker(session, console.ours, first_name="Bo %", last_name="Abel", external_id="X2", contact=None)
    answer = console.alice.get("/people", query_string={"q": wanted})
    said = words(answer)
    assert {
        name for name in ("Ana Lopez", "Émile Zola", "Bo % Abel") if f"{name} " in said.split("Find", 1)[1]
    } == found
    if wanted and not found:
        assert "Nobody found" in said


def test_typing_asks_for_the_list_alone(console):
    Ana(console)
    page = console.alice.get("/people?q=ana", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert "Ana Lopez" in words(page)
    assert "<html" not in page.get_data(as_text=True)
    assert "1 worker found" in words(page)


def test_the_roll_has_pages(console):
    with console.session() as session:
        for number in range(51):
            factories.worker(session, console.ours, last_name=f"N{number:03}", first_name="A")
    assert "1–50 of 51 workers" in console.alice.text("/people")
    assert "A N050" in console.alice.text("/people?page=2")


# one person


def test_facts_stand_on_the_page(console):
    with console.session() as session:
        boss = factories.worker(session, console.ours, first_name="Vera", last_name="Boss").id
    ana = Ana(
        console, supervisor_id=boss, tags=["forklift", "night"], custom_fields={"shoe_size": 42},
        contact={"location_city": "Chicago", "location_state_province": "IL", "email_address": "ana@example.org"},
        employment={"job_title": "Picker", "department": "Warehouse", "hire_date": clock.now()},
        gamification={"points_balance": 1234}, engagement={"last_interaction_date": clock.now()},
    )  # fmt: skip
    with console.session() as session:
        segment = factories.segment(session, console.ours, name="Pickers")
        factories.segment_membership(
            session, console.ours, segment_id=segment.id, worker_id=ana.id, rule_match=True,
            rule_match_reason='job title is "Picker"',
        )  # fmt: skip
        factories.points_entry(session, console.ours, worker_id=ana.id, points=3, reason="correct")
        address = ana.identities["sms"][1]
        about = {"channel": "sms", "address": address, "worker_id": ana.id}
        factories.consent_event(session, console.ours, source="import: paper form", **about)
        factories.consent_event(
            session, console.ours, state="revoked", source="stop_word", wording="stop it", **about
        )  # fmt: skip
    said = console.alice.text(ana.path)
    for fact in (
        "Ana Lopez", "Active", "Picker", "Warehouse", "Vera Boss", "Chicago, IL, US", "America/Chicago", "forklift, night",
        "Shoe size 42", "Points 1,234", "Last answer Today, 04:30", "2026-03-02", address, "Said no",
        "No to SMS: they wrote a stop word stop it", "Yes to SMS: a workers file said so (paper form)",
        'Pickers Job title is "Picker"', "+3 Answered right", "ana@example.org",
    ):  # fmt: skip
        assert fact in said, fact
    assert said.index("No to SMS") < said.index("Yes to SMS")
    assert "stop_word" not in said


def test_somebody_of_whom_nothing_is_known_has_a_page_too(console):
    with console.session() as session:
        beside = dict.fromkeys(factories.SATELLITES)
        worker = factories.worker(session, console.ours, external_id=None, is_active=False, **beside)
        path = f"/people/{worker.id}"
    said = console.alice.text(path)
    assert "Neither a phone nor a Slack account is known." in said
    assert "Inactive: gets nothing" in said
    assert "Nothing said yet" in said


def test_a_name_is_never_markup(console):
    ana = Ana(console, first_name="<script>alert(1)</script>", custom_fields={"<b>": "<i>x</i>"})
    ana.says("<img src=x onerror=alert(1)>")
    ana.hears("x", message=Message("**b** <script> [x](javascript:alert(1))", markup=True), channel="slack")
    page = console.alice.get(ana.path).get_data(as_text=True)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="javascript' not in page
    assert "<strong>b</strong> &lt;script&gt;" in page


# the conversation


def test_both_sides_stand_in_their_order(console):
    ana = Ana(console)
    ask = Ask("buttons", "t1", (Option("block", "1", "Block the area"), Option("mop", "2", "Mop it")))
    ana.hears("What first?", "slack", 0, ask=ask, state="sent")
    ana.says("mop", "slack", 1, payload={"tap": "t1"})
    ana.hears("Not quite.", "sms", 2)
    ana.says("ok then", "sms", 3)
    said = ana.text()
    order = [said.index(each) for each in ("What first?", "Block the area", "Not quite.", "ok then")]
    assert order == sorted(order)
    assert said.count("Mop it") == 2  # the button, and what was tapped, in the words that stood on it
    assert re.search(r"Not quite\. Delivered", said)


@pytest.mark.parametrize(
    ("state", "columns", "said"),
    [
        ("delivered", {}, "Delivered"), ("read", {}, "Read"), ("sent", {}, "Sent"), ("submitted", {}, "Sent"), ("sending", {}, "On its way"),
        ("queued", {"reason": "The phone is switched off or out of reach."}, "Being tried again: The phone is switched off or out of reach"),
        ("failed", {"reason": "The carrier filtered this text as unwanted."}, "Not delivered: The carrier filtered this text as unwanted"),
        ("in_doubt", {"reason": "interrupted"}, "Nobody knows yet whether it arrived: the connection broke off"),
        ("in_doubt", {"reason": "can't be searched: away", "flagged": "maybe_lost"}, "Possibly lost: can't be searched: away"),
        ("sent", {"flagged": "possibly_twice"}, "Possibly arrived twice"),
        ("cancelled", {"reason": "broadcast_cancelled"}, "Not delivered: the broadcast was cancelled"),
    ],
)  # fmt: skip
def test_what_became_of_it_is_in_words(console, state, columns, said):
    ana = Ana(console)
    ana.hears("Hello", state=state, **columns)
    assert f"Hello {said}" in ana.text()


def test_further_tries_are_one_bubble(console):
    ana = Ana(console)
    delivery = ana.hears("Hello", state="delivered", attempt=2, minutes=5)
    ana.hears("Hello", attempt=1, minutes=0, delivery_id=delivery, outcome="retry")
    said = ana.text()
    assert said.count("Hello") == 1
    assert "Delivered, try 2" in said


def test_an_edit_changes_what_was_there(console):
    ana = Ana(console)
    ask = Ask("buttons", "t1", (Option("block", "1", "Block the area"),))
    ana.hears("What first?", "slack", ask=ask, state="sent", provider_id="17.1")
    ana.hears(
        "You answered: Block", "slack", 1, state="sent", verb="update", provider_id=None,
        body={"text": "x", "target": "17.1"}, message=Message("What first?\n\nYou answered: Block"),
    )  # fmt: skip
    said = ana.text()
    assert "What first? You answered: Block" in said
    assert said.count("What first?") == 1
    assert "edited" in said
    assert "Block the area" not in said


def test_what_never_went_out_says_why(console):
    ana = Ana(console)
    with console.session() as session:
        sent = factories.broadcast(session, console.ours, name="Spills → Stores", state="finished")
        identity_id = ana.identities["sms"][0]
        told = {"identity_id": identity_id, "source_id": sent.id}
        factories.delivery(session, console.ours, state="skipped", reason="opted_out", **told)
        other = factories.broadcast(session, console.ours, name="Ladders", state="running")
        factories.delivery(
            session, console.ours, identity_id=identity_id, source_id=other.id, state="queued", reason="quiet_hours"
        )
    said = ana.text()
    assert "Not sent: has opted out – Spills → Stores" in said
    assert "Not sent yet: it is quiet hours where they are – Ladders" in said


def test_files_are_named(console):
    ana = Ana(console)
    media = Media("https://bot.example/media/secret-token", "image/png", "sign.png", "A wet floor sign")
    ana.hears("Look", message=Message("Look", media=(media,)))
    page = console.alice.get(ana.path).get_data(as_text=True)
    assert "sign.png" in page
    assert "A wet floor sign" in page
    assert "secret-token" not in page


def test_words_that_were_not_kept_are_not_shown(console):
    ana = Ana(console)
    ana.says(None)
    assert "Answered; the words are not for reading here." in ana.text()


@pytest.mark.parametrize(
    ("visibility", "manager", "admin"),
    [("private", False, False), ("anonymous", False, False), ("aggregate", False, False), ("admins", False, True), ("supervisor", True, True)],
)  # fmt: skip
def test_words_of_a_reflection_follow_its_visibility(console, visibility, manager, admin):
    ana = Ana(console)
    with console.session() as session:
        head = factories.content(session, console.ours, kind="reflection")
        data = factories.document(session, console.ours, "reflection", settings={"visibility": visibility})
        version = factories.content_version(session, console.ours, content_id=head.id, version_data=data).id
    delivery = ana.hears("What got in the way?", content_version_id=version)
    with console.session() as session:
        factories.prompt(
            session, console.ours, delivery_id=delivery, content_version_id=version, state="answered",
            answered_at=clock.now() + timedelta(minutes=2), question_id="reflection",
        )  # fmt: skip
    ana.says("before that", minutes=-5)
    ana.says("my boss shouts", minutes=2)
    ana.says("at night too", minutes=3)
    ana.says("STOP", minutes=2, outcome="stopped")
    ana.says("long after", minutes=60)
    for visitor, readable in ((console.alice, manager), (console.enter("admin"), admin)):
        said = ana.text(visitor)
        assert ("my boss shouts" in said) == readable
        assert ("at night too" in said) == readable
        assert "before that" in said
        assert "long after" in said
        assert "STOP" in said


def test_a_long_conversation_is_read_page_by_page(console):
    ana = Ana(console)
    for number in range(95):
        ana.says(f"word-{number:02}.", minutes=number)
    page = console.alice.get(ana.path).get_data(as_text=True)
    seen = re.findall(r"word-(\d\d)\.", page)
    assert seen == [f"{number:02}" for number in range(55, 95)]
    for expected in (range(15, 55), range(15)):
        link = re.search(r'hx-get="(/people/[^"]+)"', page)[1].replace("&amp;", "&")
        page = console.alice.get(link, headers={"HX-Request-Type": "partial"}).get_data(as_text=True)
        assert "<html" not in page
        assert re.findall(r"word-(\d\d)\.", page) == [f"{number:02}" for number in expected]
    assert "Earlier messages" not in page
    assert "word-14" in console.alice.text(link)  # without scripts the link is a page
    for odd in ("x", "", "9" * 40, "0001-01-01T00:00:00-14:00", "2026-13-01"):
        assert console.alice.get(f"{ana.path}/conversation", query_string={"until": odd}).status_code == 200


# who may


def test_bob_may_not_look_at_people(console):
    ana = Ana(console)
    for path in ("/people", ana.path, f"{ana.path}/conversation"):
        answer = console.bob.get(path)
        assert answer.status_code == 403
        assert "Lopez" not in words(answer)
    assert "/people" not in console.bob.get("/broadcasts").get_data(as_text=True)


def test_charlie_finds_nobody(console):
    ana = Ana(console)
    for path in (ana.path, f"{ana.path}/conversation", f"/people/{chance.new_id()}"):
        assert console.charlie.get(path).status_code == 404
    assert "Nobody found" in console.charlie.text("/people?q=lopez")


def test_a_conversation_needs_a_permission_of_its_own(console):
    ana = Ana(console)
    ana.says("between us")
    reader = console.enter(console.role({"permission": "worker:read"}))
    said = reader.text(ana.path)
    assert "between us" not in said
    assert "Your role doesn't read the conversations" in said
    assert reader.get(f"{ana.path}/conversation").status_code == 403
    assert "Segments" not in said


def test_a_supervisor_reads_their_own_people(console):
    with console.session() as session:
        boss = factories.worker(
            session, console.ours, first_name="Vera", last_name="Boss", contact={"email_address": "Vera@Example.org"}
        ).id
    ana, otto = Ana(console, supervisor_id=boss), Ana(console, first_name="Otto", external_id="W-8")
    for each in (ana, otto):
        each.says("between us")
    grants = [{"permission": "worker:read"}, {"permission": "conversation:read", "scope": {"type": "supervised"}}]
    vera = console.enter(console.role(*grants), email="vera@example.org")  # tied to her record by the e-mail alone
    assert "between us" in vera.text(ana.path)
    assert "between us" not in vera.text(otto.path)
    assert vera.get(f"{otto.path}/conversation").status_code == 404
    narrow = console.enter(console.role({"permission": "worker:read", "scope": {"type": "supervised"}}), worker_id=boss)
    said = narrow.text("/people")
    assert "Ana Lopez" in said
    assert "Otto" not in said
    assert narrow.get(otto.path).status_code == 404


# how it is shown


def test_own_terms_stand_everywhere(console):
    with console.session() as session:
        session.get_one(Organization, console.ours.id).custom_terminology = {
            "en": {"worker": {"one": "associate", "other": "associates"}, "segment": {"one": "crew", "other": "crews"}}
        }
    Ana(console)
    said = console.alice.text("/people")
    assert "Associates" in said
    assert "1 associate" in said
    assert "orker" not in said
    assert "No crews yet" in console.alice.text("/segments")


def test_preferences_change_what_is_seen(console):
    ana = Ana(console, engagement={"last_interaction_date": clock.now()})
    alice = console.alice
    assert "Today, 04:30" in alice.text(ana.path)
    form = {"theme": "dark", "date_format": "us", "timezone": "Asia/Tokyo"}
    assert alice.post("/preferences", **form).location == "/preferences"
    assert "Your preferences are stored." in alice.text("/preferences")
    assert "Today, 6:30 PM" in alice.text(ana.path)
    assert 'data-bs-theme="dark"' in alice.get(ana.path).get_data(as_text=True)
    assert "Today, 04:30" in console.enter("manager").text(ana.path)  # hers alone
    assert alice.post("/preferences", **form | {"theme": "light"}).status_code == 303  # once more: the same row
    assert 'data-bs-theme="light"' in alice.get("/people").get_data(as_text=True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"timezone": "Mars/Olympus"}, 'There is no time zone "Mars/Olympus". Give one such as'),
        ({"timezone": ""}, "Choose a time zone."),
        ({"theme": "pink"}, "Not a valid choice"),
        ({"date_format": "x" * 99}, "Not a valid choice"),
    ],
)
def test_a_wrong_preference_is_said_beside_its_field(console, wrong, said):
    answer = console.alice.post("/preferences", **{"theme": "dark", "date_format": "us", "timezone": "UTC", **wrong})
    assert answer.status_code == 422
    assert said in words(answer)
    page = answer.get_data(as_text=True)
    if "timezone" in wrong:
        assert 'aria-invalid="true"' in page
        assert 'id="timezone-wrong"' in page
        assert re.search(r'aria-describedby="timezone-help timezone-wrong"', page)


def test_a_role_that_opens_nothing_is_told_so(console):
    nobody = console.enter(console.role())
    said = nobody.text("/")
    assert "opens none of the console's pages" in said
    assert console.alice.get("/").location == "/broadcasts"
    assert console.enter("wellbeing_officer").get("/").location == "/people"


def test_errors_are_pages_for_people_and_json_for_programs(console):
    missing = console.alice.get("/nothing/here")
    assert missing.status_code == 404
    assert "Nothing here" in words(missing)
    assert "Back to the console" in words(missing)
    plain = console.app.test_client().get("/nothing/here")
    assert plain.get_json()["error"] == "not_found"
    stranger = console.app.test_client().get("/nothing/here", headers={"Accept": "text/html"})
    assert "To the start" in words(stranger)


def test_nothing_of_it_is_kept_by_the_browser(console):
    assert console.alice.get("/people").headers["Cache-Control"] == "no-store"


def test_a_mistake_of_ours_shows_no_secret(console, monkeypatch):
    from bot.people import roll

    monkeypatch.setattr(roll, "listed", lambda *_a, **_k: 1 / 0)
    answer = console.alice.get("/people")
    assert answer.status_code == 500
    assert "Something went wrong on our side." in words(answer)
    assert "ZeroDivision" not in answer.get_data(as_text=True)


def test_a_stylesheet_is_small_and_kept(console):
    page = console.alice.get("/people").get_data(as_text=True)
    address = re.search(r'href="(/static/vendor/tabler[^"]+)"', page)[1]
    answer = console.app.test_client().get(address, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) < 100_000
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.content_type == "text/css; charset=utf-8"
    again = console.app.test_client().get(
        address, headers={"If-None-Match": answer.headers["ETag"], "Accept-Encoding": "gzip"}
    )
    assert again.status_code == 304
    whole = console.app.test_client().get(address)
    assert len(whole.data) > 500_000
    for path in (
        "/static/vendor/LOCK",
        "/static/vendor/../errors.py",
        "/static/simulator/api.js",
        "/static/console/none.css",
    ):
        assert console.app.test_client().get(path).status_code == 404


def test_an_inactive_worker_is_marked(console):
    ana = Ana(console)
    with console.session() as session:
        session.get_one(Worker, ana.id).is_active = False
    assert "inactive" in console.alice.text("/people")
