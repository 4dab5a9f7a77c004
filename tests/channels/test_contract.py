"""What every channel promises, held against the requests that were recorded for it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels import registry
from bot.channels.channel import Channel
from tests.channels import samples
from tests.channels.samples import Sample

PAIRS = [
    pytest.param(channel, sample, id=f"{channel.name}-{sample.name}")
    for channel in registry.CHANNELS
    for sample in samples.of(channel.name)
]
every_sample = pytest.mark.parametrize(("channel", "sample"), PAIRS)
every_channel = pytest.mark.parametrize("channel", registry.CHANNELS, ids=lambda channel: channel.name)


def declares(channel: Channel) -> None:
    """Everything that routes, settings and command-line options are made from."""
    assert re.fullmatch(r"[a-z]+", channel.name)
    assert re.fullmatch(r"[a-z]+", channel.kind)
    assert re.fullmatch(r"(/[a-z]+)+", channel.hook)
    assert channel.hook.startswith("/hooks/")
    assert channel.receipts_hook is None or re.fullmatch(r"(/[a-z]+)+/<int:delivery>", channel.receipts_hook)
    assert (channel.receipts_hook is not None) == channel.abilities.receipts
    assert re.fullmatch(r"[A-Z]+_API_URL", channel.api_url_setting)
    assert channel.default_api_url.startswith("https://")
    names = [field.name for field in channel.fields]
    assert len(set(names)) == len(names)
    assert any(field.secret for field in channel.fields)
    for field in channel.fields:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", field.name)
        assert field.label[0].isupper()
        re.compile(field.pattern)
    assert channel.abilities.max_text > 0
    assert channel.abilities.max_options >= 10


@every_channel
def test_declares(channel: Channel) -> None:
    declares(channel)


@every_channel
def test_has_samples_of_friends_and_of_foes(channel: Channel) -> None:
    recorded = samples.of(channel.name)
    assert len([sample for sample in recorded if sample.verifies and sample.reads]) >= 10
    assert len([sample for sample in recorded if not sample.verifies]) >= 5
    assert len([sample for sample in recorded if sample.reads is None]) >= 5
    assert all(sample.why for sample in recorded)


@every_sample
def test_finds_whose_it_is(channel: Channel, sample: Sample) -> None:
    assert tuple(channel.addresses_in(sample.request)) == sample.addresses


@every_sample
def test_verifies(channel: Channel, sample: Sample) -> None:
    assert channel.verify(sample.request, sample.config) is sample.verifies


@every_sample
def test_reads(channel: Channel, sample: Sample) -> None:
    if sample.reads is None:
        with pytest.raises(ValueError, match=r"\w") as refusal:
            channel.read(sample.request)
        assert type(refusal.value) is not KeyError
    else:
        assert samples.comparable(channel.read(sample.request)) == samples.comparable(sample.reads)


@every_sample
def test_believes_nothing_that_was_changed(channel: Channel, sample: Sample) -> None:
    changed = samples.with_body(sample.request, sample.request.body + b"&Extra=1")
    assert channel.verify(changed, sample.config) is False


@every_sample
def test_believes_nobody_with_other_credentials(channel: Channel, sample: Sample) -> None:
    secrets = {field.name: "something-else" for field in channel.fields if field.secret}
    assert channel.verify(sample.request, {**sample.config, **secrets}) is False
    assert channel.verify(sample.request, {}) is False


@every_sample
def test_reads_the_same_again(channel: Channel, sample: Sample) -> None:
    """The dedupe key must not depend on when or how often something comes."""
    later = replace(sample.request, now=sample.request.now + timedelta(days=2))
    if sample.reads is not None:
        assert samples.comparable(channel.read(later)) == samples.comparable(sample.reads)


@every_sample
def test_configs_have_the_declared_form(channel: Channel, sample: Sample) -> None:
    config = {name: value for name, value in sample.config.items() if value}
    for field in channel.fields:
        assert field.name in config or field.secret or not field.required
        assert re.fullmatch(field.pattern, config.get(field.name, "")) or field.name not in config
    assert 0 < len(channel.address_of(config)) <= 255


def test_slack_tells_when_it_was_removed() -> None:
    slack = registry.by_name("slack")
    for sample in samples.of("slack"):
        assert slack.revoked(sample.request) is sample.revoked, sample.name  # type: ignore[attr-defined]


def test_a_field_of_100_000_letters() -> None:
    """Size is the door's business; here it must only not take long or break."""
    sample, channel = samples.named("sms", "text"), registry.by_name("sms")
    huge = replace(sample.request, form={**sample.request.form, "Body": "x" * 100_000, "To": "+" + "1" * 100_000})
    assert channel.addresses_in(huge) == ()
    assert channel.verify(huge, sample.config) is False
    assert channel.read(huge)[0].text == "x" * 100_000  # type: ignore[union-attr]
