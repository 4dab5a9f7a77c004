"""`python -m tests.benchmarks [NAME…] [--quick] [--write]`."""

import sys
from pathlib import Path

from tests.benchmarks import dispatch, inbound, start
from tests.figures import run

BENCHMARKS = {
    "inbound": inbound.measure,
    "slack": inbound.measure_slack,
    "dispatch": dispatch.measure,
    "start": start.measure,
}
PAGE = Path(__file__).parents[2] / "docs" / "performance.md"

if __name__ == "__main__":
    sys.exit(run("bench", BENCHMARKS, sys.argv[1:], PAGE))
