"""Block elements as a hand meets them: finding one, tapping it, and what `state.values` says of it then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.simulator.slack_wire import elements

Part = dict[str, Any]
State = dict[str, dict[str, Any]]

_ONE = {"radio_buttons", "static_select", "overflow"}
_SEVERAL = {"checkboxes", "multi_static_select"}
_PICKED = {
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
}


class NotThere(LookupError):
    """What somebody wants to touch is not there."""


def find(blocks: Sequence[Part], action_id: str, block_id: str | None, value: object) -> tuple[Part, Part]:
    """The block and the element with this action id (and value, where several buttons share one)."""
    there = [(block, element) for block in blocks for element in elements(block) if element.get("action_id")]
    found = [
        (block, element)
        for block, element in there
        if element["action_id"] == action_id and block_id in {None, block["block_id"]}
    ]
    exact = [pair for pair in found if pair[1]["type"] == "button" and pair[1].get("value") == value]
    if not found:
        names = ", ".join(f"{block['block_id']}/{element['action_id']}" for block, element in there) or "nothing"
        wanted = action_id if block_id is None else f"{block_id}/{action_id}"
        raise NotThere(f"There is no element {wanted!r} to touch here; there is {names}.")
    return (exact or found)[0]


def action(block: Part, element: Part, given: Mapping[str, Any]) -> Part:
    """The entry in `actions` for touching `element` as `given` says. NotThere for an option that it has not."""
    kind = element["type"]
    done: Part = {"type": kind, "action_id": element["action_id"], "block_id": block["block_id"]}
    if kind == "button":
        value = given.get("value")
        if value is not None and value != element.get("value"):
            raise NotThere(
                f"The button {element['action_id']!r} has the value {element.get('value')!r}, not {value!r}."
            )
        return done | {"text": element["text"], "value": element.get("value")}
    if kind in _ONE:
        wanted = given.get("selected_option", given.get("value"))
        return done | {"selected_option": None if wanted is None else _option(element, wanted)}
    if kind in _SEVERAL:
        several = given.get("selected_options", given.get("value")) or []
        if isinstance(several, str):
            several = [several]
        return done | {"selected_options": [_option(element, wanted) for wanted in several]}
    return done | {_PICKED.get(kind, "value"): given.get("value")}


def state_of(element: Part, done: Part) -> Part:
    """What state.values says of an element after this action."""
    kept = {"selected_option", "selected_options", "value", *_PICKED.values()}
    return {"type": element["type"], **{name: value for name, value in done.items() if name in kept}}


def starting_state(blocks: Sequence[Part]) -> State:
    """state.values before anybody touched anything: what is chosen or filled in from the start."""
    values: State = {}
    for block in blocks:
        for element in elements(block):
            kind = element["type"]
            if kind in _ONE - {"overflow"}:
                state: Part = {"selected_option": element.get("initial_option")}
            elif kind in _SEVERAL:
                state = {"selected_options": element.get("initial_options", [])}
            elif kind in _PICKED or kind.endswith("_input"):
                name = _PICKED.get(kind, "value")
                state = {name: element.get(name.replace("selected", "initial") if kind in _PICKED else "initial_value")}
            else:
                continue
            values.setdefault(block["block_id"], {})[element["action_id"]] = {"type": kind, **state}
    return values


def _option(element: Part, wanted: Any) -> Part:
    value = wanted.get("value") if isinstance(wanted, dict) else wanted
    groups = element.get("option_groups") or [{"options": element.get("options") or []}]
    options = [option for group in groups for option in group["options"]]
    for option in options:
        if option.get("value") == value:
            return dict(option)
    there = ", ".join(repr(option.get("value")) for option in options)
    raise NotThere(f"{element['action_id']!r} has no option {value!r}; it has {there}.")
