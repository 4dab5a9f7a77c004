"""Reads the recorded samples: a request as the web hands it to a channel, and what is to be made of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from bot.channels.channel import Config, Inbound, Media, Receipt, Request, SendFailed, Tap

FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True, slots=True)
class Sample:
    """`reads` is None where the shape is to be refused with ValueError."""

    name: str
    why: str
    request: Request
    config: Config
    addresses: tuple[str, ...]
    verifies: bool
    reads: list[Inbound | Receipt] | None
    revoked: bool = False


def of(channel: str) -> list[Sample]:
    """Every sample in a channel's folder."""
    return [_sample(path) for path in sorted((FOLDER / channel).glob("*.json"))]


def named(channel: str, name: str) -> Sample:
    """One sample."""
    return _sample(FOLDER / channel / f"{name}.json")


def with_body(request: Request, body: bytes) -> Request:
    """The same request around another body."""
    return replace(request, body=body, form=_form(request.header("Content-Type"), body))


def comparable(facts: Sequence[Inbound | Receipt] | None) -> Any:
    """Facts with their failures spelt out, since exceptions are equal to nothing but themselves."""
    if facts is None:
        return None
    return [
        (replace(fact, failure=None), fact.failure and (fact.failure.kind, fact.failure.code))
        if isinstance(fact, Receipt)
        else fact
        for fact in facts
    ]


def _sample(path: Path) -> Sample:
    given = json.loads(path.read_text(encoding="utf-8"))
    request, reads = given["request"], given["reads"]
    body = _body(request)
    return Sample(
        path.stem,
        given["why"],
        Request(
            url=request["url"],
            path=request["path"],
            headers=request["headers"],
            body=body,
            form=_form(request["headers"].get("Content-Type", ""), body),
            now=datetime.fromisoformat(request["now"]),
        ),
        given["config"],
        tuple(given["addresses"]),
        given["verifies"],
        None if reads == "ValueError" else [_fact(**fact) for fact in reads],
        given.get("revoked", False),
    )


def _body(request: dict[str, str]) -> bytes:
    if "body_of" in request:
        return request["body_of"].encode() * int(request["times"])
    return base64.b64decode(request["body_base64"]) if "body_base64" in request else request["body"].encode()


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if "urlencoded" not in content_type:
        return {}
    return dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True, errors="replace"))


def _fact(type: str, **fields: Any) -> Inbound | Receipt:
    if type == "receipt":
        failure = fields.pop("failure", None)
        return Receipt(**fields, failure=failure and SendFailed(failure["kind"], "", code=failure["code"]))
    tap = fields.pop("tap", None)
    media = tuple(Media(**one) for one in fields.pop("media", ()))
    return Inbound(**fields, tap=tap and Tap(**tap | {"values": tuple(tap["values"])}), media=media)
