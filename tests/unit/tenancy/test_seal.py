"""The seal of an integration's credentials: keys rotate, and no other organization opens it."""

from __future__ import annotations

import uuid

import pytest
from cryptography.fernet import Fernet

from bot.tenancy.integrations import SealBroken, seal, unseal

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
MINE, YOURS = uuid.UUID(int=1), uuid.UUID(int=2)
CONFIG = {"account_sid": "AC1", "auth_token": "s3cret"}


def test_what_was_sealed_comes_back():
    sealed = seal([NEW], MINE, CONFIG)
    assert "s3cret" not in str(sealed)
    assert unseal([NEW], MINE, sealed) == CONFIG


def test_an_older_key_still_opens():
    assert unseal([NEW, OLD], MINE, seal([OLD], MINE, CONFIG)) == CONFIG


def test_the_newest_key_seals():
    assert unseal([NEW], MINE, seal([NEW, OLD], MINE, CONFIG)) == CONFIG


@pytest.mark.parametrize(
    ("keys", "organization", "change"),
    [
        ([OLD], MINE, lambda sealed: sealed),
        ([NEW], YOURS, lambda sealed: sealed),
        ([NEW], MINE, lambda sealed: {"sealed": sealed["sealed"][:-4] + "AAAA"}),
        ([NEW], MINE, lambda _: {}),
    ],
)
def test_a_broken_seal(keys, organization, change):
    sealed = seal([NEW], MINE, CONFIG)
    unseal([NEW], MINE, sealed)  # opened before: what is remembered must not open it for others
    with pytest.raises(SealBroken):
        unseal(keys, organization, change(sealed))


def test_changing_what_came_back_changes_nothing_remembered():
    sealed = seal([NEW], MINE, CONFIG)
    unseal([NEW], MINE, sealed)["auth_token"] = "other"
    assert unseal([NEW], MINE, sealed) == CONFIG
