"""`python -m tests.faults [NAME…] [--quick] [--seed N] [--write]`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.faults.dups import dups
from tests.faults.freeze import freeze
from tests.figures import Measure, run

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
REGISTRY: dict[str, Measure] = {"dups": dups, "freeze": freeze}


def main(argv: list[str]) -> int:
    """Prove what is asked for."""
    return run("prove", REGISTRY, argv, PAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
