"""The form that `make bench` and `make prove` share: what a script reads from stdout, and what the exit code means."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.figures import Context, Figure, Missing, meets, run


def one(context: Context) -> Iterable[Figure]:
    """One figure that holds."""
    yield Figure("one", 3, "messages", floor=4, ratio=0.75, target=">= 0.5")
    yield Figure("one.part", context.seed, "seed")


def missed(context: Context) -> Iterable[Figure]:
    """One figure that misses its target."""
    yield Figure("missed", 2, target="== 0")


def broken(context: Context) -> Iterable[Figure]:
    """Breaks."""
    raise RuntimeError("broken on purpose")


def absent(context: Context) -> Iterable[Figure]:
    """Needs what is not here."""
    raise Missing("it needs a moon.")


REGISTRY = {"one": one, "missed": missed, "broken": broken, "absent": absent}


def test_each_figure_is_one_json_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prove", REGISTRY, ["one", "--seed", "7"]) == 0
    shown = capsys.readouterr()
    assert [json.loads(line) for line in shown.out.splitlines()] == [
        {
            "name": "one",
            "value": 3,
            "unit": "messages",
            "floor": 4,
            "peer": None,
            "ratio": 0.75,
            "target": ">= 0.5",
            "holds": True,
        },
        {
            "name": "one.part",
            "value": 7,
            "unit": "seed",
            "floor": None,
            "peer": None,
            "ratio": None,
            "target": None,
            "holds": None,
        },
    ]
    assert "Seed 7" in shown.err
    assert "one.part" in shown.err


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["one"], 0),
        (["missed"], 1),
        (["one", "missed"], 1),
        (["broken", "one"], 1),
        (["absent"], 2),
        (["absent", "one"], 2),
        (["absent", "missed"], 1),
    ],
)
def test_the_exit_code_says_whether_the_targets_held(names: list[str], code: int) -> None:
    assert run("prove", REGISTRY, names) == code


def test_an_unknown_name_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prove", REGISTRY, ["one", "other"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "prove: there is no 'other'; there are one, missed, broken, absent.\n"


def test_without_a_name_everything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prove", {"one": one, "missed": missed}, ["--quick"]) == 1
    assert [json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()] == ["one", "one.part", "missed"]


def test_one_that_breaks_does_not_take_the_others_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    run("prove", REGISTRY, ["broken", "one"])
    shown = capsys.readouterr()
    assert "broken on purpose" in shown.err
    assert json.loads(shown.out.splitlines()[0])["name"] == "one"


@pytest.mark.parametrize(("value", "target", "held"), [(0, "== 0", True), (1, "<= 0", False), (0.4, ">= 0.4", True)])
def test_targets(value: float, target: str, held: bool) -> None:
    assert meets(value, target) is held


def test_a_page_gets_only_the_block_of_what_was_measured(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Before\n<!-- one -->\nstale\n<!-- /one -->\n<!-- missed -->\nkept\n<!-- /missed -->\nAfter\n")
    assert run("prove", REGISTRY, ["one", "--seed", "7", "--write"], page) == 0
    written = page.read_text()
    assert "stale" not in written
    assert "kept" in written
    assert "seed 7" in written
    assert "| one | 3 | messages | 4 | 0.75 | >= 0.5 | yes |" in written
