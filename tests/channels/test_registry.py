"""A new channel is one file: the toy here shows what it has to have and that nothing else needs to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import aiohttp
import pytest

from bot.channels import registry
from bot.channels.channel import (
    Abilities,
    Accepted,
    Channel,
    Config,
    Field,
    Inbound,
    Outbound,
    Person,
    Receipt,
    Request,
)
from tests.channels.test_contract import declares


class Pigeon:
    """Carries notes."""

    name: ClassVar[str] = "pigeon"
    kind: ClassVar[str] = "loft"
    hook: ClassVar[str] = "/hooks/loft"
    receipts_hook: ClassVar[str | None] = None
    api_url_setting: ClassVar[str] = "LOFT_API_URL"
    default_api_url: ClassVar[str] = "https://loft.example"
    fields: ClassVar[tuple[Field, ...]] = (Field("loft", "Loft"), Field("whistle", "Whistle", secret=True))
    abilities: ClassVar[Abilities] = Abilities(taps=False, max_text=20, media_types=(), receipts=False, max_options=10)

    def address_of(self, config: Config) -> str:
        return config["loft"]

    def addresses_in(self, request: Request) -> Sequence[str]:
        return [request.header("Loft")]

    def verify(self, request: Request, config: Config) -> bool:
        return request.header("Whistle") == config["whistle"]

    def read(self, request: Request) -> Sequence[Inbound | Receipt]:
        return [Inbound(key=request.header("Ring"), address="roof", text=request.body.decode())]

    async def send(self, http: aiohttp.ClientSession, api_url: str, config: Config, out: Outbound) -> Accepted:
        return Accepted(f"{api_url}/{out.delivery}")

    async def find(
        self,
        http: aiohttp.ClientSession,
        api_url: str,
        config: Config,
        out: Outbound,
        since: datetime,
        known: frozenset[str],
    ) -> Accepted | None:
        return None

    async def check(self, http: aiohttp.ClientSession, api_url: str, config: Config) -> str:
        return "Coo."

    async def people(self, http: aiohttp.ClientSession, api_url: str, config: Config) -> list[Person]:
        return []


def test_a_channel_of_a_tests_own_is_known_for_a_while() -> None:
    pigeon: Channel = Pigeon()
    declares(pigeon)
    with registry.registered(pigeon):
        assert registry.by_kind("loft") is pigeon
        assert registry.by_name("pigeon") is pigeon
        assert registry.CHANNELS[-1] is pigeon
    assert pigeon not in registry.CHANNELS
    with pytest.raises(KeyError):
        registry.by_name("pigeon")


def test_it_goes_also_when_its_test_fails() -> None:
    before = registry.CHANNELS
    with pytest.raises(ZeroDivisionError), registry.registered(Pigeon()):
        raise ZeroDivisionError
    assert before == registry.CHANNELS


@pytest.mark.parametrize("taken", [{"name": "sms"}, {"kind": "slack"}, {"hook": "/hooks/slack"}])
def test_two_channels_never_share_a_name_a_kind_or_a_hook(taken: dict[str, str]) -> None:
    impostor = type("Impostor", (Pigeon,), taken)()
    with pytest.raises(ValueError, match="already"):
        registry.register(impostor)


def test_ours() -> None:
    assert [(channel.name, channel.kind) for channel in registry.CHANNELS] == [("sms", "twilio"), ("slack", "slack")]
    assert registry.by_kind("twilio").name == "sms"
