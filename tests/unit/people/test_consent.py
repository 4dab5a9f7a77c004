"""What a file may say about somebody's consent: a yes never over the person's own no."""

from __future__ import annotations

import uuid

import pytest

from bot.people.consent import IMPORT, NUMBER_MOVED, PERSONAL, Newest, Statement, decide

ANA, BEN = uuid.UUID(int=1), uuid.UUID(int=2)
YES, NO = ("granted", IMPORT), ("revoked", IMPORT)


@pytest.mark.parametrize(
    ("newest", "said", "appended"),
    [
        (None, "granted", YES),
        (None, "revoked", NO),
        (None, None, None),
        (Newest("granted", IMPORT, ANA), "granted", None),
        (Newest("granted", "stop_word", ANA), "revoked", NO),
        (Newest("granted", IMPORT, ANA), None, None),
        (Newest("granted", "console", None), "granted", None),
        (Newest("granted", "console", None), None, None),
        # a file's own no can be undone by a file
        (Newest("revoked", IMPORT, ANA), "granted", YES),
        (Newest("revoked", "import: paper form", ANA), "granted", YES),
        (Newest("revoked", "imported by hand", ANA), "granted", None),
        (Newest("revoked", NUMBER_MOVED, ANA), "granted", YES),
        (Newest("revoked", IMPORT, ANA), "revoked", None),
        (Newest("revoked", IMPORT, ANA), None, None),
        # the person's no, or one of unknown origin, can't
        *[(Newest("revoked", source, ANA), "granted", None) for source in (*PERSONAL, "console", "who knows")],
        *[(Newest("revoked", source, None), "granted", None) for source in PERSONAL],
        (Newest("revoked", "stop_word", BEN), "granted", None),
        # the number was somebody else's
        (Newest("granted", "console", BEN), None, ("revoked", NUMBER_MOVED)),
        (Newest("granted", "console", BEN), "granted", YES),
        (Newest("granted", "console", BEN), "revoked", NO),
        (Newest("revoked", IMPORT, BEN), "granted", YES),
    ],
)  # fmt: skip
def test_decide(newest, said, appended):
    assert decide(Statement("sms", "+14155550101", ANA, said), newest) == appended
