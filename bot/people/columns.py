"""What each column of a workers file means: one of ours by its name, else a custom field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.errors import BadInput

KNOWN = (
    "external_id", "first_name", "last_name", "date_of_birth", "time_zone", "is_active", "tags",
    "phone", "email", "slack_user_id", "language", "city", "region", "country",
    "job_title", "department", "team", "hire_date", "supervisor_external_id", "consent", "consent_source",
)  # fmt: skip
CUSTOM = "custom."
LONGEST_NAME = 60

Columns = tuple[str | None, ...]
"""Per column of the file: a name of `KNOWN`, "custom.<name>", None to leave it out, "" where it has no name."""


def columns_of(header: Sequence[str], mapping: Mapping[str, str | None] | None = None) -> Columns:
    """The meaning of each column.

    `mapping` says what a column of the file is to us ({"Emp #": "external_id"}; the other way round is
    understood, too), null leaves one out. BadInput for an unknown name, a doubled one, or no external_id.
    """
    told = _told([name.strip() for name in header], mapping or {})
    columns = tuple(told[name] if name in told else _usual(name) for name in map(str.strip, header))
    if "external_id" not in columns:
        raise BadInput(
            "The file has no column external_id: name it in the first row, or give a mapping. "
            f"There is {_names(header)}."
        )
    _refuse_doubled(header, columns)
    return columns


def _usual(name: str) -> str:
    """What a header means by itself: "First Name" is first_name."""
    plain = name.casefold().replace(" ", "_").replace("-", "_")
    if plain in KNOWN or not name:
        return plain
    return CUSTOM + _custom_name(name.removeprefix(CUSTOM))


def _told(header: Sequence[str], mapping: Mapping[str, str | None]) -> dict[str, str | None]:
    told = {}
    for left, right in mapping.items():
        if not isinstance(right, str | None):
            raise BadInput(f'The mapping of "{left[:60]}" must be a name or null.')
        turned = right is not None and left not in header and right in header
        theirs, ours = (right, left) if turned and right else (left, right)
        if theirs not in header:
            raise BadInput(f'The mapping names a column "{theirs[:60]}", which the file doesn\'t have.')
        told[theirs] = _meaning(ours) if ours else None
    return told


def _meaning(name: str) -> str:
    if name in KNOWN:
        return name
    if name.startswith(CUSTOM):
        return CUSTOM + _custom_name(name.removeprefix(CUSTOM))
    raise BadInput(f'The mapping leads to "{name[:60]}", which is none of ours; a custom field is custom.{name[:60]}.')


def _custom_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadInput(f'The column "{name[:LONGEST_NAME]}" needs a name of 1 to {LONGEST_NAME} letters in one line.')
    return name


def _refuse_doubled(header: Sequence[str], columns: Columns) -> None:
    seen: dict[str, int] = {}
    for place, name in enumerate(columns):
        if name and name in seen:
            first, both = seen[name], (header[seen[name]], header[place])
            other = "." if both[0] == both[1] else ", or leave one out with a mapping to null."
            raise BadInput(
                f"Columns {first + 1} and {place + 1} ({_names(both)}) both are {name.removeprefix(CUSTOM)}: "
                f"keep one{other}"
            )
        if name:
            seen[name] = place


def _names(header: Sequence[str]) -> str:
    """The file's own names for a sentence, cut to what one can hold."""
    shown = ", ".join(f'"{name.strip()[:40]}"' for name in header[:12])
    return shown + (" …" if len(header) > 12 else "")
