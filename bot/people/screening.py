"""Which rows of a workers file may go in, given each other and who is here already. Pure.

A row may be right by itself and still be impossible: somebody else has its phone, its supervisor is
nobody, two workers would supervise each other. That is settled for the whole file before the first
row is written, because a worker who goes in without a supervisor is not what the file says.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.people.rows import WorkerRow

Id = uuid.UUID


@dataclass(frozen=True, slots=True)
class Known:
    """What the database says of the people in a file, as far as screening has to know.

    `ids`: external_id → worker, of rows and supervisors; `phones` and `slack`: address → its worker;
    `supervisors`: worker → supervisor, all the way up.
    """

    ids: Mapping[str, Id]
    phones: Mapping[str, Id]
    slack: Mapping[str, Id]
    supervisors: Mapping[Id, Id]


@dataclass(frozen=True, slots=True)
class Screened:
    """`rows` may go in, supervisors before those they supervise; `ids` has every worker of them, also new ones."""

    rows: Sequence[WorkerRow]
    refused: Mapping[int, str]
    ids: Mapping[str, Id]


def screen(rows: Sequence[WorkerRow], known: Known, new_id: Callable[[], Id]) -> Screened:
    """Refuse what can't be, with the reason per row number; give the new workers their ids."""
    refused: dict[int, str] = {}
    taken = _Taken(known)
    for row in rows:
        if reason := taken.reason(row):
            refused[row.number] = reason
        else:
            taken.take(row)
    ids = dict(known.ids) | {row.external_id: new_id() for row in rows if row.external_id not in known.ids}
    accepted = [row for row in rows if row.number not in refused]
    accepted = _with_supervisors(accepted, rows, refused, known, ids)
    return Screened(_supervisors_first(accepted, known), refused, ids)


@dataclass(slots=True)
class _Taken:
    """Who and what the rows so far have claimed: by row number."""

    known: Known
    people: dict[str, int] = field(default_factory=dict)
    phones: dict[str, int] = field(default_factory=dict)
    slack: dict[str, int] = field(default_factory=dict)

    def reason(self, row: WorkerRow) -> str | None:
        """Why `row` can't be beside those before it and those in the database."""
        if row.external_id in self.people:
            return f'external_id "{row.external_id}" stands in row {self.people[row.external_id]} already'
        me = self.known.ids.get(row.external_id)
        if me is None and (missing := [name for name in ("first_name", "last_name") if name not in row.worker]):
            return f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing, and this worker is new"
        addresses = (
            ("phone", row.phone, self.phones, self.known.phones),
            ("slack_user_id", row.slack_user_id, self.slack, self.known.slack),
        )
        for name, address, in_file, in_database in addresses:
            if address and address in in_file:
                return f"{name} {address} stands in row {in_file[address]} already"
            if address and in_database.get(address, me) != me:
                return f"{name} {address} belongs to another worker"
        return None

    def take(self, row: WorkerRow) -> None:
        """Keep what `row` claims."""
        self.people[row.external_id] = row.number
        if row.phone:
            self.phones[row.phone] = row.number
        if row.slack_user_id:
            self.slack[row.slack_user_id] = row.number


def _with_supervisors(
    accepted: list[WorkerRow],
    rows: Sequence[WorkerRow],
    refused: dict[int, str],
    known: Known,
    ids: Mapping[str, Id],
) -> list[WorkerRow]:
    """Those whose supervisor is there and above them. Each refusal may cost others theirs, so: until none falls."""
    in_file = {row.external_id: row.number for row in rows}
    while True:
        reasons = dict(_without_supervisor(accepted, known, in_file)) or dict(_in_circles(accepted, known, ids))
        if not reasons:
            return accepted
        refused.update(reasons)
        accepted = [row for row in accepted if row.number not in reasons]


def _without_supervisor(
    accepted: Sequence[WorkerRow], known: Known, in_file: Mapping[str, int]
) -> Iterator[tuple[int, str]]:
    there = {row.external_id for row in accepted}
    waiting: dict[str, list[WorkerRow]] = {}
    for row in accepted:
        if row.supervisor and row.supervisor not in known.ids:
            waiting.setdefault(row.supervisor, []).append(row)
    gone = [supervisor for supervisor in waiting if supervisor not in there]
    while gone:
        supervisor = gone.pop()
        for row in waiting.get(supervisor, ()):
            number = in_file.get(supervisor)
            why = f"is row {number}, which is refused" if number else "is neither in the file nor known here"
            yield row.number, f'supervisor_external_id "{supervisor}" {why}'
            gone.append(row.external_id)


def _in_circles(accepted: Sequence[WorkerRow], known: Known, ids: Mapping[str, Id]) -> Iterator[tuple[int, str]]:
    """The rows that close a circle of supervisors: those on it that change something."""
    changed = {
        ids[row.external_id]: row
        for row in accepted
        if row.supervisor and known.supervisors.get(ids[row.external_id]) != ids[row.supervisor]
    }
    above = {**known.supervisors, **{worker: ids[row.supervisor or ""] for worker, row in changed.items()}}
    names = {worker: external_id for external_id, worker in ids.items()}
    for circle in _circles(above, changed):
        shown = [names.get(worker, "…") for worker in circle[:6]] + (["…"] if len(circle) > 6 else [])
        for worker in circle:
            if worker in changed:
                yield changed[worker].number, f"supervisors go in a circle: {' → '.join((*shown, shown[0]))}"


def _circles(above: Mapping[Id, Id], starts: Iterable[Id]) -> Iterator[list[Id]]:
    seen: dict[Id, Id] = {}
    for start in starts:
        path: list[Id] = []
        worker: Id | None = start
        while worker is not None and worker not in seen:
            seen[worker] = start
            path.append(worker)
            worker = above.get(worker)
        if worker is not None and seen[worker] == start:
            yield path[path.index(worker) :]


def _supervisors_first(accepted: Sequence[WorkerRow], known: Known) -> list[WorkerRow]:
    """New workers after the new supervisors whom their rows point to; otherwise as in the file."""
    new = {row.external_id: row for row in accepted if row.external_id not in known.ids}
    depth: dict[str, int] = {}
    for row in accepted:
        path: list[str] = []
        each: WorkerRow | None = row
        while each and each.external_id not in depth:
            path.append(each.external_id)
            each = new.get(each.supervisor or "")
        base = depth[each.external_id] if each else -1
        for external_id in reversed(path):
            base += 1
            depth[external_id] = base
    return sorted(accepted, key=lambda row: depth[row.external_id])
