"""`python -m tests.faults [NAME…] [--quick] [--seed N] [--write]`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tests.faults import site
from tests.faults.dups import dups
from tests.faults.freeze import freeze
from tests.faults.kill import kill
from tests.faults.many import many
from tests.figures import Measure, run

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
REGISTRY: dict[str, Measure] = {"kill": kill, "freeze": freeze, "many": many, "dups": dups}


def main(argv: list[str]) -> int:
    """Prove what is asked for."""
    return run("prove", REGISTRY, argv, PAGE, site.servers)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whatever was started has to be ended
    sys.exit(main(sys.argv[1:]))
