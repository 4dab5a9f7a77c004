"""The whole way, as somebody goes it who has the README and nothing of ours: an empty folder, a command, two providers.

Nothing of the product is imported. What is looked at is what an operator, a worker's phone and a provider see: the
documents that commands print, the messages that the stand-in accepted, the answers that webhooks got.
"""

from __future__ import annotations

import csv
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.integration.outside.outsider import APPROVER, AUTHOR, Outsider, together
from tests.integration.outside.stand_in import Sent, StandIn

pytestmark = pytest.mark.long
FILES = Path(__file__).with_name("files")
ANA, BEN, CY, DORA, ELI, FAY, GUS, HILDA, JO = (f"+121255501{n:02}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 10))
KIM, LEA, MO = "U0KIM", "U0LEA", "U0MO"
STRANGER = "+12125550199"
FLOOR = {
    "combinator": "and",
    "rules": [{"field": "employment.department", "operator": "in", "value": ["Stores", "Warehouse"]}],
}
REFUSED_IN_THE_FILE, NEVER_ASKED, WITHOUT_ADDRESS = {"H-401", "H-403"}, {"H-402"}, {"H-404"}
AT_HALF_PAST_FIVE = "starts_at=5:30 AM"


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the workers file, as somebody reads it who has only the file."""

    external_id: str
    name: str
    department: str
    spanish: bool
    phone: str | None
    slack: str | None
    agreed: bool
    active: bool

    @property
    def address(self) -> str | None:
        """Where a message has to arrive: in Slack before the phone, on the phone only with a yes."""
        return self.slack or (self.phone if self.agreed else None)


@dataclass(slots=True)
class Way:
    """How far we have come."""

    outsider: Outsider
    people: dict[str, Person]
    floor: str = ""
    contents: dict[str, str] = field(default_factory=dict)

    @property
    def stand_in(self) -> StandIn:
        return self.outsider.stand_in

    @property
    def on_the_floor(self) -> list[Person]:
        return [each for each in self.people.values() if each.active and each.department != "Office"]

    @property
    def reachable(self) -> list[Person]:
        return [each for each in self.on_the_floor if each.address]

    def last(self, address: str, count: int) -> Sent:
        """The newest message to this person, once they have got so many."""
        return self.stand_in.wait(lambda: len(self.stand_in.to(address)) >= count and self.stand_in.to(address))[-1]

    def send(self, content: str, *more: str) -> str:
        placed = self.outsider.json(
            "broadcast", "send", "--content", self.contents[content], "--segment", self.floor, *more
        )
        assert placed["status"] == ("scheduled" if "--at" in more else "running")
        return placed["id"]

    def report(self, broadcast: str) -> dict[str, Any]:
        return self.outsider.json("report", "broadcast", broadcast)

    def came(self, kind: str, count: int) -> list[Sent]:
        """The messages of a kind, once so many have come."""

        def found() -> list[Sent]:
            return [each for each in self.stand_in.sent if kind_of(each) == kind]

        return self.stand_in.wait(lambda: len(found()) >= count and found())


def test_the_whole_way(outsider: Outsider) -> None:
    way = Way(outsider, people_of(FILES / "people.csv"))
    with outsider.up() as service:
        the_organization_is_set_up(way)
        people_come_from_a_file(way)
        a_template_needs_somebody_elses_approval(way)
        everybody_is_called_by_their_name(way)
        quiz = the_first_question_goes_out_and_is_answered(way)
        stop_is_confirmed_once(way)
        tip, at = a_broadcast_waits_for_its_time(way)
        assert service.terminate() == 0
    with outsider.up():
        the_second_question_is_answered(way)
        it_is_told_who_answered_what(way, quiz)
        it_went_out_at_its_time(way, tip, at)
        nobody_else_is_believed(way)
        strangers_and_the_helpless_get_one_sentence(way)
        start_brings_back(way)
        nobody_got_anything_twice(way)
    assert way.stand_in.strange == []


def the_organization_is_set_up(way: Way) -> None:
    outsider = way.outsider
    added = outsider.json("org", "add", "Harbor Foods", "--slug", "harbor", "--timezone", "America/Phoenix", org=False)
    assert added["slug"] == "harbor"
    outsider.connect()


def people_come_from_a_file(way: Way) -> None:
    outsider = way.outsider
    told = outsider.json("workers", "import", FILES / "people.csv")
    (broken,) = told.pop("rejected")
    assert told == {"created": 30, "updated": 0, "unchanged": 0}
    assert broken["row"] == 18, "as a spreadsheet counts, the header is 1"
    assert '"12-34"' in broken["reason"]
    assert '"2024-02-30"' in broken["reason"], "every mistake of a row is named at once"
    rule = outsider.file("floor.json", FLOOR)
    preview, made = together(
        [
            partial(outsider.json, "segment", "preview", "--rule", rule, "--ids"),
            partial(outsider.json, "segment", "add", "On the floor", "--rule", rule),
        ]
    )
    assert preview["external_ids"] == sorted(each.external_id for each in way.on_the_floor)
    assert preview["count"] == made["worker_count"] == len(way.on_the_floor)
    assert preview["reachable"] == {
        "sms": sum(1 for each in way.on_the_floor if each.phone and each.agreed),
        "slack": sum(1 for each in way.on_the_floor if each.slack),
    }
    way.floor = made["id"]


def a_template_needs_somebody_elses_approval(way: Way) -> None:
    outsider = way.outsider
    files = [FILES / name for name in ("hello.yaml", "quiz.yaml", "tip.yaml")]
    stored = outsider.json("content", "import", *files, "--as", AUTHOR)
    assert [(each["kind"], each["version"]) for each in stored] == [("template", 1), ("quiz", 1), ("text", 1)]
    way.contents = {each["kind"]: each["id"] for each in stored}
    hello = way.contents["template"]
    submitted, words = together(
        [
            partial(outsider.json, "template", "submit", hello, "--as", AUTHOR),
            partial(outsider.refused, "broadcast", "send", "--content", hello, "--segment", way.floor),
        ]
    )
    assert "approved" in words
    assert submitted["approval_status"] == "pending"
    assert "own" in outsider.refused("template", "approve", hello, "--as", AUTHOR)
    assert outsider.json("template", "approve", hello, "--as", APPROVER)["approval_status"] == "approved"


def everybody_is_called_by_their_name(way: Way) -> None:
    outsider, stand_in = way.outsider, way.stand_in
    said = outsider.json("broadcast", "preview", "--content", way.contents["template"], "--segment", way.floor)
    sent = way.send("template", "--set", AT_HALF_PAST_FIVE)
    stand_in.wait(lambda: len(stand_in.sent) >= len(way.reachable))
    for person in way.reachable:
        (message,) = stand_in.to(person.address or "")
        said_to_them = (
            f"Hola {person.name}: mañana tu turno en {person.department} empieza a las 5:30 AM."
            if person.spanish
            else f"Hi {person.name}, your {person.department.lower()} shift starts at 5:30 AM tomorrow."
        )
        if message.provider == "twilio":  # the first text to a phone says whose it is and how to stop it
            way_out = "Responde STOP para terminar." if person.spanish else "Reply STOP to end."
            said_to_them = f"Harbor Foods: {said_to_them}\n{way_out}"
        assert message.text == said_to_them
    texts = [each for each in stand_in.sent if each.provider == "twilio"]
    its_status_comes_doubled_and_in_any_order(way, texts)
    outsider.until(lambda status: status["status"] == "finished", "broadcast", "status", sent)
    report = way.report(sent)
    assert report["recipients"] == said["recipients"] == len(way.on_the_floor)
    assert said["reachable"] == len(stand_in.sent) == len(way.reachable)
    assert said["channels"] == Counter("sms" if each.provider == "twilio" else "slack" for each in stand_in.sent)
    assert said["parts"] == len(texts)
    missed = {each["external_id"]: each["reason"] for each in report["skipped"] if each["external_id"] != "H-106"}
    assert said["skipped"] == Counter(missed.values())
    assert missed.keys() == {each.external_id for each in way.on_the_floor if not each.address}
    assert {missed[each] for each in NEVER_ASKED} == {"no_consent"}
    assert {missed[each] for each in WITHOUT_ADDRESS} == {"no_address"}
    assert {missed[each] for each in REFUSED_IN_THE_FILE} <= {"opted_out", "no_consent"}
    assert report["deliveries"] == {
        "delivered": len(texts) - 2,  # all but Fay's, who has a landline, and Gus's, of whom the carrier says no more
        "sent": len(way.reachable) - len(texts) + 1,  # Slack tells nothing later
        "failed": 1,
        "skipped": len(missed),
    }
    (failed,) = (each for each in report["skipped"] if each["external_id"] == "H-106")
    assert "landline" in failed["reason"]


def its_status_comes_doubled_and_in_any_order(way: Way, texts: list[Sent]) -> None:
    status = way.outsider.status
    for text in texts:
        match text.to:
            case _ if text.to == FAY:
                reports = [status(text, "sent"), status(text, "undelivered", 30006), status(text, "sent")]
            case _ if text.to == GUS:
                reports = [status(text, "sent"), status(text, "queued"), status(text, "sending")]
            case _:
                reports = [status(text, "delivered"), status(text, "sent"), status(text, "queued")]
        answers = [*together([hook.post for hook in [*reports[:2], *reports[:2]]]), reports[2].post()]
        assert {code for code, _ in answers} == {200}


def the_first_question_goes_out_and_is_answered(way: Way) -> str:
    outsider, stand_in = way.outsider, way.stand_in
    quiz = way.send("quiz")
    asked = len(way.reachable) - 1  # not Fay: a landline is not asked twice
    first = {each.to: each for each in way.came("first", asked)}
    assert first.keys() == {each.address for each in way.reachable} - {FAY}
    outsider.text(ANA, label(first[ANA], "Cerrar el paso")).deliver()
    outsider.text(BEN, "block the area").deliver()
    outsider.text(CY, "Blok the aera").deliver()
    outsider.text(DORA, f"{label(first[DORA], 'Mop it up')})").deliver()
    outsider.text(JO, "purple").deliver()
    assert kind_of(way.last(JO, 3)) == "hint"
    outsider.text(JO, label(first[JO], "Block the area")).deliver()
    outsider.tap(first[KIM], "Block the area").deliver()
    outsider.tap(first[MO], "Mop it up").deliver()
    outsider.slack_hook += f"/{outsider.integrations['slack']}"
    outsider.say(LEA, "cerrar el paso").deliver()
    for address, count in {ANA: 3, BEN: 3, CY: 3, DORA: 3, JO: 4, KIM: 3, MO: 3, LEA: 3}.items():
        assert kind_of(way.last(address, count)) == "second"
    outsider.tap(first[MO], "Block the area").deliver()
    assert kind_of(way.last(MO, 4)) == "already"
    (edit,) = stand_in.wait(lambda: first[KIM].edits)
    assert "Block the area" in edit["text"]
    assert not [block for block in edit["blocks"] if block["type"] == "actions"], "an answered question has no buttons"
    return quiz


def stop_is_confirmed_once(way: Way) -> None:
    way.outsider.text(ELI, "Stop").deliver()
    assert kind_of(way.last(ELI, 3)) == "stopped"


def a_broadcast_waits_for_its_time(way: Way) -> tuple[str, float]:
    at = int(time.time() + 5 + 2 * way.outsider.slowest)  # the command itself has to come before it
    here = datetime.fromtimestamp(at, ZoneInfo("America/Phoenix")).replace(tzinfo=None)
    return way.send("text", "--at", here.isoformat()), at


def the_second_question_is_answered(way: Way) -> None:
    outsider, stand_in = way.outsider, way.stand_in
    second = {each.to: each for each in stand_in.sent if kind_of(each) == "second"}
    outsider.text(ANA, label(second[ANA], "Falso")).deliver()
    outsider.text(BEN, "true").deliver()
    outsider.text(CY, "two").deliver()
    outsider.text(DORA, "False").deliver()
    outsider.tap(second[KIM], "False").deliver()
    outsider.tap(second[MO], "True").deliver()
    outsider.say(LEA, "falso").deliver()
    scores = {ANA: 2, BEN: 1, CY: 2, DORA: 1, KIM: 2, MO: 0, LEA: 2}
    for address, score in scores.items():
        result = stand_in.wait(lambda who=address: [each for each in stand_in.to(who) if kind_of(each) == "result"])
        assert re.search(rf"\b{score} (of|de) 2\b", result[0].text), result[0].text


def it_is_told_who_answered_what(way: Way, quiz: str) -> None:
    outsider = way.outsider
    report, ana, mo = together(
        [
            partial(way.report, quiz),
            partial(outsider.json, "workers", "show", "H-101"),
            partial(outsider.json, "workers", "show", "H-203"),
        ]
    )
    answers = {
        (each["external_id"], each["question"]): (each["channel"], each["correct"], each["score"])
        for each in report["responses"]
    }
    right, wrong = (True, 1), (False, 0)
    assert answers == {
        ("H-101", "first"): ("sms", *right),
        ("H-101", "second"): ("sms", *right),
        ("H-102", "first"): ("sms", *right),
        ("H-102", "second"): ("sms", *wrong),
        ("H-103", "first"): ("sms", *right),
        ("H-103", "second"): ("sms", *right),
        ("H-104", "first"): ("sms", *wrong),
        ("H-104", "second"): ("sms", *right),
        ("H-110", "first"): ("sms", *right),
        ("H-201", "first"): ("slack", *right),
        ("H-201", "second"): ("slack", *right),
        ("H-202", "first"): ("slack", *right),
        ("H-202", "second"): ("slack", *right),
        ("H-203", "first"): ("slack", *wrong),
        ("H-203", "second"): ("slack", *wrong),
    }
    assert len(report["responses"]) == len(answers), "four deliveries of a webhook are one answer"
    typed = {(each["external_id"], each["question"]): each["typed"] for each in report["responses"]}
    assert typed["H-103", "first"] == "Blok the aera"
    understood = {(each["external_id"], each["question"]): each["understood"] for each in report["responses"]}
    assert understood["H-103", "first"] in ("block", ["block"])
    missed = {each["external_id"]: each["reason"] for each in report["skipped"]}
    assert missed["H-106"] == "address_dead", "a landline is not tried again"
    assert ana["gamification"]["points_balance"] == 4, "a point for each answer and one for each right one"
    assert mo["gamification"]["points_balance"] == 2
    assert ana["engagement"]["last_interaction_date"] is not None
    assert ana["consent"]["sms"] == "granted"


def it_went_out_at_its_time(way: Way, tip: str, at: float) -> None:
    expected = {each.address for each in way.reachable} - {ELI, FAY}
    tips = way.came("tip", len(expected))
    assert {each.to for each in tips} == expected
    assert min(each.at for each in tips) >= at
    missed = {each["external_id"]: each["reason"] for each in way.report(tip)["skipped"]}
    assert missed["H-105"] == "opted_out"


def nobody_else_is_believed(way: Way) -> None:
    outsider = way.outsider
    before = len(way.stand_in.sent)
    gus = outsider.text(GUS, "STOP")
    second = next(each for each in way.stand_in.to(JO) if kind_of(each) == "second")
    kim = next(each for each in way.stand_in.to(KIM) if kind_of(each) == "second")
    body = outsider.tap(kim, "True").body
    forgeries = [
        gus.forged(),
        gus.without_signature(),
        outsider.text(JO, label(second, "False")).forged(),
        outsider.status(way.stand_in.to(JO)[0], "undelivered", 30006).forged(),
        outsider.say(LEA, "STOP").forged(),
        outsider.say(LEA, "STOP").without_signature(),
        outsider.slack(body, "application/x-www-form-urlencoded", secret="somebody else's"),
        outsider.slack(body, "application/x-www-form-urlencoded", age=301),
    ]
    assert [code for code, _ in together([each.post for each in forgeries])] == [403] * len(forgeries)
    assert len(way.stand_in.sent) == before


def strangers_and_the_helpless_get_one_sentence(way: Way) -> None:
    outsider = way.outsider
    together(
        [
            outsider.text(STRANGER, "Is this the pizza place?").deliver,
            outsider.text(HILDA, "help").deliver,
            outsider.say(LEA, "HELP").deliver,
        ]
    )
    assert kind_of(way.last(STRANGER, 1)) == "stranger"
    for address in (HILDA, LEA):
        way.stand_in.wait(lambda who=address: [each for each in way.stand_in.to(who) if kind_of(each) == "help"])


def start_brings_back(way: Way) -> None:
    way.outsider.text(ELI, "START").deliver()
    assert kind_of(way.last(ELI, 4)) == "started"
    way.send("text")
    reached = len(way.reachable) - 1  # all but Fay; the first time Eli was away too
    way.came("tip", 2 * reached - 1)


def nobody_got_anything_twice(way: Way) -> None:
    """All that anybody was ever sent.

    The last broadcast went to everybody, and replies leave before broadcasts: whatever was to come twice is here now.
    """
    everybody = Counter({"hello": 1, "first": 1, "tip": 2})
    through = everybody + Counter({"second": 1, "result": 1})
    expected = dict.fromkeys((each.address for each in way.reachable), everybody) | {
        **dict.fromkeys((ANA, BEN, CY, DORA, KIM), through),
        MO: through + Counter(["already"]),
        LEA: through + Counter(["help"]),
        JO: everybody + Counter(["hint", "second"]),
        HILDA: everybody + Counter(["help"]),
        ELI: Counter(["hello", "first", "stopped", "started", "tip"]),
        FAY: Counter(["hello"]),
        STRANGER: Counter(["stranger"]),
    }
    came = {address: Counter() for address in expected}
    for each in way.stand_in.sent:
        came.setdefault(each.to, Counter())[kind_of(each)] += 1
    assert came == expected
    assert len({each.id for each in way.stand_in.sent}) == len(way.stand_in.sent)


def people_of(path: Path) -> dict[str, Person]:
    """The file's rows but the broken one, by external id."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["external_id"] != "H-999"]
    return {
        row["external_id"]: Person(
            external_id=row["external_id"],
            name=row["First Name"],
            department=row["department"],
            spanish=row["language"].startswith("es"),
            phone="+1" + re.sub(r"\D", "", row["phone"])[-10:] if row["phone"] else None,
            slack=row["slack_user_id"] or None,
            agreed=row["consent"] in {"yes", "true", "1"},
            active=row["is_active"] == "yes",
        )
        for row in rows
    }


def label(question: Sent, words: str) -> str:
    """What to type for these words, read from the message as it came: "2) Block the area"."""
    found = re.search(rf"^(\d+)\W+{re.escape(words)}$", question.text, re.MULTILINE)
    assert found, question.text
    return found[1]


KINDS = {
    "hello": r"^(Hi|Hola) \w+[,:]|^Harbor Foods: (Hi|Hola) \w+[,:].*\n(Reply STOP to end\.|Responde STOP para terminar\.)$",
    "first": r"(Spill in aisle 4|Derrame en el pasillo 4)",
    "second": r"(Bleach and ammonia|El cloro y el amoniaco)",
    "result": r"\b\d (of|de) 2\b",
    "tip": r"(Lift with your legs|Levanta con las piernas)",
    "hint": r"(?i)\bfrom 1 to 3\b",
    "already": r"(?i)\balready\b",
    "stopped": r"(?i)\bunsubscribed\b.*\bSTART\b",
    "started": r"(?i)\bagain\b.*\bSTOP\b",
    "help": r"Harbor Foods.*\bSTOP\b",
    "stranger": r"(?i)\bdon't know this number\b",
}


def kind_of(message: Sent) -> str:
    """Which of the things that are said on the way this is; its own words if it is none of them."""
    return next((kind for kind, pattern in KINDS.items() if re.search(pattern, message.text)), message.text)
