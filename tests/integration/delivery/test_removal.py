"""A connection goes only when nothing of it is on its way; what was said by it stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.delivery import removal
from bot.errors import NotFound
from bot.people import identities
from bot.tenancy import integrations
from models import ChannelIdentity, Delivery, Integration, SentMessage
from tests.integration.sending import CONFIGS, KEY


def remove(house, integration_id, **more):
    with house.session() as session:
        return removal.remove(session, integration_id, **more)


def test_one_that_said_nothing_is_gone_with_its_people(house):
    sms = house.connect()
    house.hire(sms, 2)
    assert remove(house, sms) == removal.Removed(cancelled=0, kept=False)
    assert (house.all(Integration), house.all(ChannelIdentity)) == ([], [])


def test_what_was_said_stays_and_the_number_is_free(house):
    sms = house.connect()
    who = house.hire(sms)[0]
    sent = house.queue(who)
    house.send_all(sms)
    address = house.all(Integration)[0].address
    assert remove(house, sms) == removal.Removed(cancelled=0, kept=True)
    [kept] = house.all(Integration)
    assert (kept.status, kept.config, integrations.sender_of(kept)) == ("removed", {}, address.split(":")[1])
    assert house.row(sent).state == "submitted"
    assert len(house.all(SentMessage)) == 1
    assert house.all(ChannelIdentity)[0].state == "replaced"
    with house.session() as session:
        assert integrations.by_address(session.connection(), "twilio", [address]) is None
        assert integrations.every(session, house.organization_id) == []
        with pytest.raises(NotFound):
            integrations.get(session, sms)
        identities.link(session, house.organization_id)  # an import must not bring it back
        assert [each.state for each in session.scalars(sa.select(ChannelIdentity))] == ["replaced"]
    assert house.dispatcher.line(sms) is None
    with pytest.raises(NotFound):
        remove(house, sms)
    account, number = address.split(":")
    again = {**CONFIGS["twilio"], "account_sid": account, "from": number}
    with house.session() as session:
        from bot.channels.registry import by_kind
        from models import Organization

        organization = session.get_one(Organization, house.organization_id)
        assert integrations.add(session, [KEY], organization, by_kind("twilio"), again).address == address


def test_what_waits_is_refused_and_cancelled_only_when_asked(house):
    sms = house.connect()
    first, second = house.hire(sms, 2)
    waiting = house.queue(first)
    with pytest.raises(removal.StillNeeded, match="1 message waits to go out by this connection: let it go"):
        remove(house, sms)
    other = house.queue(second)
    with pytest.raises(removal.StillNeeded, match=r"2 messages wait .* cancel them with --cancel-queued"):
        remove(house, sms)
    assert house.states(waiting, other) == ["queued", "queued"]
    assert remove(house, sms, cancel_queued=True) == removal.Removed(cancelled=2, kept=True)
    row = house.row(waiting)
    assert (row.state, row.reason, row.finished_at is None) == ("cancelled", "sender_removed", False)


@pytest.mark.parametrize("state", ["claimed", "sending", "in_doubt"])
def test_what_is_on_its_way_is_waited_for(house, state):
    sms = house.connect()
    settle = {"settle_at": clock.now() + timedelta(minutes=1)} if state == "in_doubt" else {}
    row = house.queue(house.hire(sms)[0], state=state, **settle)
    with pytest.raises(removal.StillNeeded, match="1 message of this connection is on the way or in doubt"):
        remove(house, sms, cancel_queued=True)
    house.set(row, state="in_doubt", settle_at=None, flagged="maybe_lost")
    assert remove(house, sms).kept  # a doubt that a human has to weigh stands in nobody's way


def test_a_broadcast_finds_nobody_there_any_more(house):
    sms = house.connect()
    who = house.hire(sms)[0]
    house.queue(who)
    house.send_all(sms)
    remove(house, sms)
    broadcast = house.place(house.write(), house.segment([who]))
    house.launch(broadcast)
    assert [(row.state, row.reason) for row in house.all(Delivery, source_id=broadcast)] == [("skipped", "no_address")]
