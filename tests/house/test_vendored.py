"""Files of other people are the ones that their packages hold: each folder's LOCK has the hash of every one."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "bot" / "web" / "static" / "vendor", ROOT / "tests" / "console" / "vendor"]
LINE = re.compile(r"([0-9a-f]{64})  (\S+)  (@?[a-z0-9./-]+@\d+\.\d+\.\d+)  (\S.*)")


def locked(folder: Path) -> dict[str, str]:
    """File → hash, as LOCK says."""
    lines = (folder / "LOCK").read_text(encoding="utf-8").splitlines()
    found = [LINE.fullmatch(line) for line in lines if not line.startswith("#")]
    assert all(found), "a line of LOCK can't be read"
    return {match[2]: match[1] for match in found if match}


def test_every_such_folder_is_known() -> None:
    here = {path.parent for path in ROOT.glob("[bt]*/**/LOCK")}
    assert here == set(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_file_is_as_it_was_published(folder: Path) -> None:
    wanted = locked(folder)
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.name != "LOCK"
    }
    assert found == wanted


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_package_brings_its_licence(folder: Path) -> None:
    names = set(locked(folder))
    code = {name.split(".")[0] for name in names if "LICENSE" not in name}
    assert code
    assert {f"{name}.LICENSE.txt" for name in code} <= names


def test_nothing_is_fetched_from_elsewhere() -> None:
    """No stylesheet, script or page of ours loads anything from another host."""
    pages = [
        *ROOT.glob("templates/**/*.html"),
        *ROOT.glob("bot/web/static/**/*.css"),
        *ROOT.glob("bot/web/static/**/*.js"),
    ]
    assert len(pages) > 20
    loads = re.compile(
        r"""(?:src|href|action|hx-get|hx-post)=["'](?:https?:)?//|url\(["']?(?:https?:)?//|@import|from ["']https?:"""
    )
    assert [path.name for path in pages if loads.search(path.read_text(encoding="utf-8"))] == []
