"""Files behind links: short, expiring, and worth nothing when a letter is changed."""

from __future__ import annotations

import re
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from urllib.parse import quote

import pytest
import time_machine
from werkzeug.test import TestResponse

from bot.content.media import LINK_SECONDS, TOKEN_LENGTH, Store
from models import MediaAsset
from tests import factories
from tests.integration.web.conftest import PUBLIC, House

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


@pytest.fixture
def store(house: House) -> Store:
    return house.app.extensions["shiftline"].store


@pytest.fixture
def asset(house: House, store: Store) -> MediaAsset:
    with house.database.organization_session(house.organization.id) as session:
        kept = store.add(session, house.organization.id, "wet floor.png", PNG)
        session.expunge(kept)
    return kept


@pytest.fixture
def path(store: Store, asset: MediaAsset) -> str:
    return store.link(asset).removeprefix(PUBLIC)


def fetch(house: House, path: str, method: str = "GET", **headers: str) -> TestResponse:
    return house.client.open(path, method=method, headers=headers, buffered=True)


def test_a_link_is_short_and_the_file_comes_whole_in_part_or_not_at_all(house: House, path: str) -> None:
    assert re.fullmatch(r"/media/[\w-]{40}", path)
    assert TOKEN_LENGTH == 40
    whole = fetch(house, path)
    assert (whole.status_code, whole.data, whole.mimetype) == (200, PNG, "image/png")
    assert "wet floor.png" in whole.headers["Content-Disposition"]
    head = fetch(house, path, "HEAD")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(len(PNG)))
    part = fetch(house, path, Range="bytes=8-15")
    assert (part.status_code, part.data) == (206, PNG[8:16])
    assert part.headers["Content-Range"] == f"bytes 8-15/{len(PNG)}"


def test_links_of_one_hour_are_the_same_and_each_lasts_two_weeks(
    house: House, store: Store, asset: MediaAsset, moment: time_machine.Traveller
) -> None:
    link = store.link(asset)
    moment.shift(600)
    assert store.link(asset) == link
    moment.shift(3600)
    assert store.link(asset) != link
    moment.shift(LINK_SECONDS - 4200)
    assert fetch(house, link.removeprefix(PUBLIC)).status_code == 200
    moment.shift(3600)
    ended = fetch(house, link.removeprefix(PUBLIC))
    assert (ended.status_code, ended.get_json()["error"]) == (410, "link_expired")


@pytest.mark.parametrize("place", [0, 7, 15, 16, 19, 20, 29])
def test_a_changed_bit_anywhere_is_no_link(house: House, path: str, place: int) -> None:
    said = bytearray(urlsafe_b64decode(path.removeprefix("/media/")))
    said[place] ^= 1
    assert fetch(house, f"/media/{urlsafe_b64encode(bytes(said)).decode()}").status_code == 404


@pytest.mark.parametrize("token", ["", "x", "A" * 39, "A" * 40, "A" * 41, "=" * 40, "é" * 40, "A" * 4000, "../" * 13])
def test_nonsense_is_not_found(house: House, token: str) -> None:
    answer = fetch(house, f"/media/{quote(token)}")
    assert (answer.status_code, answer.is_json) == (404, True)


def test_another_secret_signs_nothing_for_us(house: House, store: Store, asset: MediaAsset) -> None:
    forged = replace(store, secret_key="another").link(asset)
    assert fetch(house, forged.removeprefix(PUBLIC)).status_code == 404


def test_a_link_is_for_one_file_of_one_organization(house: House, store: Store, asset: MediaAsset) -> None:
    with house.database.service_session() as session:
        other = factories.organization(session)
        theirs = store.add(session, other.id, "theirs.png", PNG + b"theirs")
        session.expunge(theirs)
    assert fetch(house, store.link(theirs).removeprefix(PUBLIC)).data == PNG + b"theirs"
    assert fetch(house, store.link(asset).removeprefix(PUBLIC)).data == PNG


def test_a_file_that_is_gone_and_one_that_never_was(house: House, store: Store, asset: MediaAsset, path: str) -> None:
    never = MediaAsset(id=uuid.UUID(int=7))
    assert fetch(house, store.link(never).removeprefix(PUBLIC)).status_code == 404
    (store.folder / asset.url).unlink()
    assert fetch(house, path).status_code == 404
