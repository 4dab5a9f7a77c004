"""What `make bench` and `make prove` have in common: how a figure looks, and how a run is asked for.

A run writes one JSON object per figure to stdout, as soon as it is known, and a table for people to stderr.
Its callables yield figures; whether the targets held decides the exit code. With `--write` each name's block
of a page in docs/ is replaced by what was just measured, so that no figure there was ever typed by hand.
"""

from __future__ import annotations

import argparse
import json
import operator
import os
import platform
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from bot import chance, clock

COMPARE = {"<=": operator.le, ">=": operator.ge, "==": operator.eq, "<": operator.lt, ">": operator.gt}
LARGEST_SEED = 2**31
HEAD = ("figure", "value", "unit", "floor", "peer", "ratio", "target", "holds")
NUMBERS = {"value", "floor", "peer", "ratio"}


class Missing(Exception):
    """Something this machine would need for it is not here; the message says what."""


@dataclass(frozen=True)
class Figure:
    """One measured number.

    `floor` is what the bare machine does, `peer` what somebody else's way does, both in `unit`; `ratio` is ours
    over the floor (or the peer). `target` ("<= 0.4") is asked of the ratio where there is one, else of the value.
    """

    name: str
    value: float
    unit: str = ""
    floor: float | None = None
    peer: float | None = None
    ratio: float | None = None
    target: str | None = None
    holds: bool | None = None

    def judged(self) -> Figure:
        """The same figure with `holds` worked out, where a target is set and nobody has judged it yet."""
        if self.target is None or self.holds is not None:
            return self
        return replace(self, holds=meets(self.value if self.ratio is None else self.ratio, self.target))


@dataclass(frozen=True)
class Context:
    """How this run was asked for."""

    quick: bool
    seed: int
    began: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Progress, to stderr."""
        sys.stderr.write(f"{time.monotonic() - self.began:7.1f} s  {text}\n")
        sys.stderr.flush()


Measure = Callable[[Context], Iterable[Figure]]


def meets(value: float, target: str) -> bool:
    """Whether a value meets a target such as ">= 0.4"."""
    sign, _, bound = target.partition(" ")
    return bool(COMPARE[sign](value, float(bound)))


def run(
    prog: str,
    registry: Mapping[str, Measure],
    argv: Sequence[str],
    page: Path | None = None,
    servers: Callable[[], str] = str,
) -> int:
    """Measure the names asked for (all of them if none is): 0, 1 when a target is missed, 2 for bad input.

    2 as well where this machine lacks something for one of them; the others are measured.
    `page` offers `--write`; `servers` then names what else it was measured on.
    """
    options = _options(prog, registry, page).parse_args(argv)
    unknown = [name for name in options.names if name not in registry]
    if unknown:
        sys.stderr.write(f"{prog}: there is no {unknown[0]!r}; there are {', '.join(registry)}.\n")
        return 2
    seed = int.from_bytes(os.urandom(4)) % LARGEST_SEED if options.seed is None else options.seed
    context = Context(quick=options.quick, seed=seed)
    sys.stderr.write(f"Seed {seed} (again: --seed {seed}){', quick' if options.quick else ''}\n")
    broken, missing, figures = False, False, list[Figure]()
    for name in options.names or registry:
        chance.seed(seed)
        try:
            measured = list(_measured(name, registry[name], context))
        except Missing as reason:
            sys.stderr.write(f"{prog}: {name}: {reason}\n")
            missing, measured = True, []
        except Exception:  # noqa: BLE001 - one that breaks must not take the others with it
            traceback.print_exc()
            broken, measured = True, []
        figures += measured
        if measured and page is not None and options.write:
            _write(page, name, measured, context, servers())
    sys.stderr.write("\n" + table(figures) + "\n")
    if broken or any(figure.holds is False for figure in figures):
        return 1
    return 2 if missing else 0


def table(figures: Sequence[Figure]) -> str:
    """For people at a terminal."""
    rows = [HEAD, *map(_cells, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def markdown(figures: Sequence[Figure]) -> str:
    """For a page in docs/: only the columns that say something."""
    columns = list(zip(HEAD, *map(_cells, figures), strict=True))
    kept = [(name, *cells) for name, *cells in columns if any(cells)]
    head, *rows = zip(*kept, strict=True)
    rule = ["---:" if name in NUMBERS else "---" for name in head]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))


def machine() -> str:
    """What it was measured on, in a few words."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _options(prog: str, registry: Mapping[str, Measure], page: Path | None) -> argparse.ArgumentParser:
    listed = "\n".join(
        f"  {name:12} {(measure.__doc__ or '').strip().splitlines()[0]}" for name, measure in registry.items()
    )
    parser = argparse.ArgumentParser(prog, epilog=listed, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="all of them if none is given")
    parser.add_argument("--quick", action="store_true", help="smaller counts; at most two minutes a name")
    parser.add_argument("--seed", type=int, help="repeat an earlier run's dice")
    if page is not None:
        parser.add_argument("--write", action="store_true", help=f"put what was measured into {page.name}")
    return parser


def _measured(name: str, measure: Measure, context: Context) -> Iterable[Figure]:
    for figure in measure(context):
        if figure.name != name and not figure.name.startswith(f"{name}."):
            raise ValueError(f"The figure {figure.name!r} does not belong to {name!r}.")
        judged = figure.judged()
        sys.stdout.write(json.dumps(asdict(judged)) + "\n")
        sys.stdout.flush()
        yield judged


def _write(page: Path, name: str, figures: Sequence[Figure], context: Context, servers: str) -> None:
    """Replace what stands between `<!-- NAME -->` and `<!-- /NAME -->`."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    on = ", ".join(filter(None, (machine(), servers)))
    how = f"{clock.now():%Y-%m-%d}, {on}, seed {context.seed}{', quick' if context.quick else ''}."
    text = page.read_text(encoding="utf-8")
    if begin not in text or end not in text:
        raise ValueError(f"{page.name} has no place for {name}: {begin} … {end}.")
    block = f"{begin}\n{how}\n\n{markdown(figures)}\n{end}"
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    page.write_text(re.sub(pattern, lambda _: block, text, count=1, flags=re.DOTALL), encoding="utf-8")


def _cells(figure: Figure) -> tuple[str, ...]:
    numbers = [_short(value) for value in (figure.floor, figure.peer, figure.ratio)]
    holds = {None: "", True: "yes", False: "NO"}[figure.holds]
    return (figure.name, _short(figure.value), figure.unit, *numbers, figure.target or "", holds)


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.3g}"
