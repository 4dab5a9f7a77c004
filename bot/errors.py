"""Every error that a person may meet, in families.

A class's docstring is its public sentence unless the raiser gives a better one; `code` is for
programs, `status` is the HTTP status. Exactly one place per door (CLI, web, Slack) turns them
into words, so nothing else needs to catch them.
"""

from __future__ import annotations


class ShiftlineError(Exception):
    """Something went wrong."""

    code = "error"
    status = 500

    def __init__(self, words: str | None = None) -> None:
        super().__init__(words or (type(self).__doc__ or "").strip().splitlines()[0])

    @property
    def words(self) -> str:
        """The public sentence."""
        return str(self.args[0])


class Refused(ShiftlineError):
    """This can't be done as asked."""

    code, status = "refused", 422


class BadInput(Refused):
    """What was given has a mistake in it."""

    code, status = "bad_input", 422


class NotFound(Refused):
    """There is no such thing here."""

    code, status = "not_found", 404


class Forbidden(Refused):
    """You may not do this."""

    code, status = "forbidden", 403


class Conflict(Refused):
    """Something of that name is there already."""

    code, status = "conflict", 409


class Misconfigured(ShiftlineError):
    """The configuration has a mistake in it."""

    code, status = "misconfigured", 500


class Unavailable(ShiftlineError):
    """Something that Shiftline needs can't be reached."""

    code, status = "unavailable", 503
