"""What lies in the repository: the top level that was agreed, locked dependencies, and nobody's registry.

A lock file or a script that names the registry of the machine it was made on works on no other machine.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = {
    "pyproject.toml", "bot", "templates", "models", "scheduler", "tests", "README.md",
    "LICENSE", "CHANGELOG.md", "Makefile", "requirements.lock", ".ci", ".gitignore", "docs",
}  # fmt: skip
IGNORED = [
    pattern.strip("/") for pattern in (ROOT / ".gitignore").read_text(encoding="utf-8").split() if pattern[0] != "#"
]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
INDEX, SIMPLE = "index-url", "simple"  # in pieces, or this file would be found
REGISTRY = re.compile(
    rf"--(?:extra-)?{INDEX}[ =]+\S|--find-links[ =]+\S|https?://[^\s\"'<>]*/{SIMPLE}(?:/|\b)"
    r"|https?://(?:files\.pythonhosted|registry\.npmjs|registry\.yarnpkg)",
    re.IGNORECASE,
)


def ignored(name: str) -> bool:
    return name == ".git" or any(fnmatch(name, pattern) for pattern in IGNORED)


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Every file that git would take, tracked or not."""
    for entry in os.scandir(folder):
        if ignored(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from files(Path(entry.path))
        else:
            yield Path(entry.path)


def test_the_top_level_is_what_was_agreed() -> None:
    here = {entry.name for entry in ROOT.iterdir() if not ignored(entry.name)}
    assert here <= TOP
    assert {"pyproject.toml", "bot", "templates", "models", "scheduler", "tests", "requirements.lock"} <= here


def test_no_file_names_a_registry() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): match[0]
        for path in files()
        if (match := REGISTRY.search(path.read_text(encoding="utf-8", errors="ignore")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        f"--{INDEX} http://packages.example.org/",
        f"pip install --extra-{INDEX}=https://packages.example.org shiftline",
        f"registry at https://packages.example.org/root/pypi/{SIMPLE}/",
        "resolved https://registry.npm" + "js.org/htmx",
    ],
)
def test_a_registry_is_recognised(line: str) -> None:
    assert REGISTRY.search(line)


def test_every_locked_package_is_hashed() -> None:
    requirements = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(requirements) > 50
    wanted = re.compile(r"[a-z0-9._-]+(\[[a-z0-9,._-]+\])?==\S+( ; [^\\]+?)?( \\\n    --hash=sha256:[0-9a-f]{64})+")
    assert [line.splitlines()[0] for line in requirements if not wanted.fullmatch(line)] == []


def test_the_lock_names_no_address() -> None:
    assert "://" not in LOCK
    assert " @ " not in LOCK


def test_every_dependency_is_locked_as_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    locked = dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^ \n]+)", LOCK, re.MULTILINE))
    for requirement in wanted:
        name, _, pinned = requirement.partition("==")
        name = re.split(r"[\[>=<]", name)[0].lower().replace("_", "-")
        assert name in locked, requirement
        assert not pinned or locked[name] == pinned, requirement
