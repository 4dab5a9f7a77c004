"""A hand can touch what is there, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from bot.simulator.slack_elements import NotThere, action, find, starting_state, state_of

TEXT = {"type": "plain_text", "text": "x"}
OPTIONS = [{"text": TEXT, "value": "a"}, {"text": TEXT, "value": "b"}]
YES = {"type": "button", "action_id": "answer", "value": "yes", "text": TEXT}
NO = {"type": "button", "action_id": "answer", "value": "no", "text": TEXT}
TICKS = {"type": "checkboxes", "action_id": "ticks", "options": OPTIONS, "initial_options": [OPTIONS[1]]}
NOTE = {"type": "plain_text_input", "action_id": "note"}
BLOCKS: list[dict[str, Any]] = [
    {"type": "actions", "block_id": "b1", "elements": [YES, NO]},
    {"type": "section", "block_id": "b2", "text": TEXT, "accessory": TICKS},
    {"type": "input", "block_id": "b3", "label": TEXT, "element": NOTE},
]


def test_buttons_that_share_an_action_id_are_told_apart_by_value() -> None:
    assert find(BLOCKS, "answer", None, "no") == (BLOCKS[0], NO)
    assert find(BLOCKS, "answer", None, None) == (BLOCKS[0], YES)


@pytest.mark.parametrize(("action_id", "block_id"), [("other", None), ("answer", "b2")])
def test_what_is_not_there_is_refused_with_what_is(action_id: str, block_id: str | None) -> None:
    with pytest.raises(NotThere, match="b1/answer, b1/answer, b2/ticks, b3/note"):
        find(BLOCKS, action_id, block_id, None)


def test_a_button_sends_its_own_value_and_no_other() -> None:
    assert action(BLOCKS[0], YES, {}) == {
        "type": "button",
        "action_id": "answer",
        "block_id": "b1",
        "text": TEXT,
        "value": "yes",
    }
    with pytest.raises(NotThere, match="'yes', not 'maybe'"):
        action(BLOCKS[0], YES, {"value": "maybe"})


def test_options_are_found_by_value() -> None:
    done = action(BLOCKS[1], TICKS, {"selected_options": ["a", {"value": "b"}]})
    assert done["selected_options"] == OPTIONS
    assert state_of(TICKS, done) == {"type": "checkboxes", "selected_options": OPTIONS}
    with pytest.raises(NotThere, match="no option 'c'; it has 'a', 'b'"):
        action(BLOCKS[1], TICKS, {"selected_options": ["c"]})


def test_one_of_several_is_chosen_or_cleared() -> None:
    radio = TICKS | {"type": "radio_buttons"}
    assert action(BLOCKS[1], radio, {"value": "a"})["selected_option"] == OPTIONS[0]
    assert action(BLOCKS[1], radio, {"selected_option": None})["selected_option"] is None


def test_a_surface_starts_with_what_is_filled_in() -> None:
    assert starting_state(BLOCKS) == {
        "b2": {"ticks": {"type": "checkboxes", "selected_options": [OPTIONS[1]]}},
        "b3": {"note": {"type": "plain_text_input", "value": None}},
    }
