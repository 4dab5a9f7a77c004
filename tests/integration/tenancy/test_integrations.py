"""Integrations: checked by what the channel declares, found by address, never opened by others."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from bot.channels.channel import Field
from bot.errors import BadInput, Conflict, NotFound
from bot.tenancy import integrations
from models import Integration
from tests import factories

KEYS = (Fernet.generate_key().decode(),)


class Pigeon:
    """A channel that is only declared."""

    name, kind = "pigeon", "loft"
    fields = (
        Field("loft_id", "Loft ID", pattern=r"L\d+", example="L12"),
        Field("whistle", "Whistle", secret=True, pattern=r"\w{4,}"),
        Field("tower", "Tower", required=False),
    )

    def address_of(self, config):
        if config.get("tower") == "none":
            raise ValueError("a tower or none at all")
        return config["loft_id"]


def add(database, organization, **config):
    with database.organization_session(organization.id) as session:
        given = {"loft_id": "L1", "whistle": "pfiff"} | config
        return integrations.add(session, KEYS, organization, Pigeon(), given).id


@pytest.fixture
def other(database):
    with database.service_session() as session:
        made = factories.organization(session)
        session.expunge(made)
    return made


def test_an_integration_is_stored_sealed_and_untested(database, organization):
    made = add(database, organization, loft_id=" L1 ", tower="")
    with database.organization_session(organization.id) as session:
        found = integrations.get(session, made)
        assert (found.type, found.channel, found.address, found.status) == ("loft", "pigeon", "L1", "untested")
        assert "pfiff" not in str(found.config)
        assert integrations.config_of(found, KEYS) == {"loft_id": "L1", "whistle": "pfiff"}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"loft_id": "12"}, "Loft ID is not of the right form; it looks like L12."),
        ({"loft_id": "L1 and more"}, "Loft ID is not of the right form"),
        ({"loft_id": " "}, "Loft ID is missing."),
        ({"whistle": "abc"}, "Whistle is not of the right form."),
        ({"perch": "x"}, "perch is not known here; this connection has loft_id, tower, whistle."),
        ({"tower": "none"}, "no address to be found by: a tower or none at all."),
    ],
)
def test_each_field_is_checked_by_its_name(database, organization, config, words):
    with pytest.raises(BadInput) as refused:
        add(database, organization, **config)
    assert words in refused.value.words
    assert "abc" not in refused.value.words


@pytest.mark.parametrize("elsewhere", [True, False])
def test_an_address_is_connected_once_and_nobody_is_told_where(database, organization, other, elsewhere):
    add(database, other if elsewhere else organization)
    with pytest.raises(Conflict) as refused:
        add(database, organization)
    assert refused.value.words == "This loft sender is connected already."


def test_a_config_copied_into_another_organization_does_not_open(database, organization, other):
    made = add(database, organization)
    with database.service_session() as session:
        mine = session.get(Integration, made)
        integrations.config_of(mine, KEYS)
        theirs = factories.integration(session, other, config=mine.config)
        with pytest.raises(integrations.SealBroken):
            integrations.config_of(theirs, KEYS)


def test_keys_that_open_nothing_are_another_machines(database, organization, other):
    def check(*keys):
        with database.service_session() as session:
            integrations.check_keys(session, keys)

    check(Fernet.generate_key().decode())  # nothing is stored yet
    add(database, organization)
    with pytest.raises(integrations.KeysOfAnother):
        check(Fernet.generate_key().decode())
    check(*KEYS)
    with database.organization_session(other.id) as session:
        factories.integration(session, other.id, config={"sealed": "broken"})
    check(*KEYS)  # one that is broken keeps nobody from the others


def test_a_changed_config_is_seen_at_once(database, organization):
    made = add(database, organization)
    with database.organization_session(organization.id) as session:
        found = integrations.get(session, made)
        integrations.config_of(found, KEYS)
        found.config = integrations.seal(KEYS, organization.id, {"loft_id": "L1", "whistle": "newer"})
        assert integrations.config_of(found, KEYS)["whistle"] == "newer"


def test_a_hook_finds_its_integration_without_an_organization(database, organization, other):
    first, second = add(database, organization), add(database, other, loft_id="L2")
    with database.looking_up() as connection:
        for addresses, found in [(["L1"], first), (["L9", "L2", "L1"], second), (["L9"], None), ([], None)]:
            integration = integrations.by_address(connection, "loft", addresses)
            assert (integration and integration.id) == found
        assert integrations.by_address(connection, "twilio", ["L1"]) is None
        assert integrations.by_id(connection, "loft", first).address == "L1"
        assert integrations.by_id(connection, "twilio", first) is None


def test_another_organizations_integration_is_not_found(database, organization, other):
    made = add(database, other)
    with database.organization_session(organization.id) as session, pytest.raises(NotFound):
        integrations.get(session, made)


def test_senders_are_those_that_may_send(database, organization, other):
    ids = {status: add(database, organization, loft_id=f"L{n}") for n, status in enumerate(integrations.STATUSES)}
    add(database, other, loft_id="L99")
    with database.organization_session(organization.id) as session:
        for status, made in ids.items():
            integrations.set_status(session, made, status, f"because {status}")
        found = integrations.senders(session, organization.id)
        assert [each.id for each in found] == [ids[status] for status in ("untested", "connected", "failing")]
        assert found[2].status_reason == "because failing"
        with pytest.raises(ValueError, match="no status"):
            integrations.set_status(session, made, "happy")
