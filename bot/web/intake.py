"""What a genuine request says goes to the conversation or to the receipts, each item in its own transaction.

Reading comes first and for itself: a request whose shape is not the provider's is a 400 that nobody repeats,
but a mistake of our own while we deal with it is not, or the provider would take the message for read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot import clock
from bot.channels import channel as vocabulary
from bot.channels.channel import Inbound, Receipt
from bot.conversation.receive import receive
from bot.conversation.talk import Hook
from bot.delivery import receipts
from bot.errors import BadInput
from bot.log import Log
from bot.nudge import nudge
from bot.web.parts import parts

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Verified:
    """A genuine request and where it came in."""

    hook: Hook
    request: vocabulary.Request


class Misshapen(BadInput):
    """This request is genuine, but nothing in it can be understood."""

    code, status = "misshapen", 400


def read(verified: Verified) -> Sequence[Inbound | Receipt]:
    """Everything that a genuine request says. Misshapen if its shape is not the provider's."""
    try:
        return verified.hook.channel.read(verified.request)
    except ValueError:
        kind, integration = verified.hook.channel.kind, str(verified.hook.integration_id)
        log.warning("hook_misshapen", kind=kind, integration=integration)
        raise Misshapen from None


def take_in(verified: Verified, items: Sequence[Inbound | Receipt]) -> None:
    """Deal with everything that a genuine request says."""
    database = parts().database
    for item in items:
        if isinstance(item, Inbound):
            outcome = receive(database, verified.hook, item, clock.now())
            log.info("received", kind=outcome, integration=str(verified.hook.integration_id))
        else:
            with database.organization_session(verified.hook.organization_id) as session:
                receipts.apply(session, item, clock.now())
                nudge(session, "dispatch", str(verified.hook.integration_id))
