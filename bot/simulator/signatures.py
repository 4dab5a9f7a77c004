"""How the two providers sign what they send, written from their documents and not with their SDKs.

The product verifies with the SDKs; a shared implementation would agree with itself.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence


def twilio(auth_token: str, url: str, params: Sequence[tuple[str, str]]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the URL and the sorted parameters.

    The fragment (`#rc=5&rp=all`, Twilio's own wishes about retries) never leaves Twilio and is not signed.
    """
    said = url.partition("#")[0] + "".join(name + value for name, value in sorted(set(params)))
    return base64.b64encode(hmac.digest(auth_token.encode(), said.encode(), "sha1")).decode()


def slack(signing_secret: str, timestamp: int, body: bytes) -> str:
    """X-Slack-Signature, version 0: HMAC-SHA256 over the timestamp and the raw body."""
    said = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.digest(signing_secret.encode(), said, "sha256").hex()
