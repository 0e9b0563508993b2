"""What `qgate` without a command says: what to do next in this folder, in a few lines."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from qgate.errors import InvalidFileError, QgateError
from qgate.files import printable, shown, typed

if TYPE_CHECKING:
    from qgate.charter.charter import Charter
    from qgate.evidence.audit_log import Entry

_T = TypeVar("_T")
MOST_LINES = 10
_MOST_CHARTERS = 30
"""That are read: more would make it slow, and ten lines tell of fewer."""
_MOST_BYTES = 1_000_000
_LONGEST = 160
_PILOT = re.compile(rb"^pilot\s*:", re.MULTILINE)
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Step:
    """What stands with a charter, and what to type; the smallest `rank` is told first."""

    rank: int
    charter: str
    state: str
    command: str

    def __str__(self) -> str:
        """Return its line."""
        return f"{self.charter}  {self.state}: {self.command}"


def what_next() -> str:
    """Return at most ten lines; what cannot be read is told in one of them, never raised."""
    odd: list[str] = []
    values: dict[str, Any] = _told(_configured, odd, {})
    entries: list[Entry] = _told(_entries, odd, [])
    paths: list[Path] = _told(lambda: list(_charters(values.get("charters"))), odd, [])
    incidents: list[str] = _told(_incidents, odd, [])
    overrides: list[str] = _told(lambda: _overrides(entries), odd, [])
    about = [*incidents, *overrides, *odd]
    steps = sorted((_step(path, entries) for path in paths[:_MOST_CHARTERS]), key=lambda s: s.rank)
    room = MOST_LINES - min(len(about), MOST_LINES // 2)
    lines = [str(step) for step in steps]
    if not paths:
        lines = ["no charter here, neither in charters/ nor as *.yaml: qgate init"]
    elif len(paths) > room:
        lines = [*lines[: room - 1], f"and {len(paths) - room + 1} more charters: qgate check"]
    told = [*lines, *about[: MOST_LINES // 2]]
    return "".join(f"{_cut(printable(line))}\n" for line in told)


def _told(read: Callable[[], _T], odd: list[str], otherwise: _T) -> _T:
    """Return what was read; where it cannot be, say why among `odd`."""
    try:
        return read()
    except InvalidFileError as error:
        odd.append(str(error.findings[0]))
    except (QgateError, OSError, ValueError) as error:
        odd.append(str(error).partition("\n")[0])
    return otherwise


def _configured() -> dict[str, Any]:
    from qgate.cli.configuration import configured

    return configured()


def _entries() -> list[Entry]:
    from qgate.evidence.audit_log import AuditLog
    from qgate.plan.settings import Settings

    return AuditLog(Settings().log).entries()


def _charters(places: Sequence[Path] | None) -> Iterator[Path]:
    """Yield the charters that are named, else those of charters/, else those that stand here."""
    here = Path("charters") if Path("charters").is_dir() else Path()
    for place in places or [here]:
        if place.is_dir():
            inside = sorted(p for p in place.iterdir() if p.suffix in _SUFFIXES and p.is_file())
            yield from (path for path in inside if _is_charter(path))
        else:
            yield place


def _is_charter(path: Path) -> bool:
    """Return whether a file has a pilot, or cannot be read, which is told then."""
    try:
        with path.open("rb") as stream:
            return _PILOT.search(stream.read(_MOST_BYTES)) is not None
    except OSError:
        return True


def _step(path: Path, entries: Sequence[Entry]) -> Step:
    from qgate.lock.lock import lock_path
    from qgate.pipeline import load
    from qgate.plan.settings import Settings

    name = shown(path)
    try:
        charter = load(path, Settings(files=False))
        locked = lock_path(path).is_file()
    except InvalidFileError as error:
        count = len(error.findings)
        words = f"{count} finding{'' if count == 1 else 's'}"
        return Step(1, name, words, f"qgate check {typed(name)}")
    except (QgateError, OSError, ValueError) as error:
        return Step(1, name, str(error).partition("\n")[0], f"qgate check {typed(name)}")
    runs = [e for e in entries if e.action == "run" and e.pilot == charter.pilot.name]
    if not locked:
        return Step(3, name, "not locked", f"qgate lock {typed(name)}")
    if not runs:
        return Step(4, name, "locked, never run", f"qgate run {typed(name)}")
    return _after(name, charter, runs[-1], entries)


def _after(name: str, charter: Charter, run: Entry, entries: Sequence[Entry]) -> Step:
    """Return what follows the last run of a charter."""
    decision, place = str(run.facts.get("decision")), _bundle(run)
    words = f"{decision} (attempt {run.facts.get('attempt', '?')}, {run.time[:10]})"
    acts = [e for e in entries if e.digests.get("bundle") == run.digests.get("bundle")]
    if run.digests.get("charter") != charter.digest:
        return Step(2, name, "changed since its last run", f"qgate run {typed(name)}")
    if decision == "rollback":
        later = (e for e in entries[run.number :] if e.pilot == run.pilot)  # the first is number 1
        if any(entry.action == "rollback" for entry in later):
            return Step(6, name, f"{words}, rolled back", f"qgate run {typed(name)}")
        return Step(0, name, words, f"qgate rollback {typed(name)} --dry-run")
    if place is None:
        return Step(2, name, f"{words}, its evidence is gone", f"qgate run {typed(name)}")
    if decision != "promote":
        return Step(5, name, words, f"qgate judge {typed(place)}")
    missing = charter.approvals.required - len(
        {act.facts.get("key") for act in acts if act.action == "approve"}
    )
    if missing > 0:
        words += f", {missing} approval{'' if missing == 1 else 's'} to come"
        return Step(5, name, words, f"qgate approve {typed(place)} --key KEY")
    if any(act.action == "promote" for act in acts):
        return Step(7, name, f"{words}, may be promoted", f"qgate report {typed(place)}")
    return Step(5, name, words, f"qgate promote --check {typed(place)}")


def _bundle(run: Entry) -> str | None:
    """Return the folder of a run's bundle, None where it is gone; the log's path may be relative.

    It is relative to where the run was started, which may have been another folder.
    """
    from qgate.plan.settings import Settings

    logged = Path(str(run.facts.get("path", "")))
    for path in (logged, Settings().store / logged.name):
        if logged.name and path.is_dir():
            return shown(path)
    return None


def _incidents() -> list[str]:
    from qgate.cli.opening import incidents_at
    from qgate.plan.settings import Settings

    folder = Settings().state
    if (folder / "incidents").is_dir():
        list((folder / "incidents").iterdir())  # a glob is silent about one that may not be read
    found, findings = incidents_at(folder).read()
    open_ones = [incident for incident in found if incident.is_open]
    count = f"{len(open_ones)} open incident{'' if len(open_ones) == 1 else 's'}"
    lines = [f"{count}: qgate incident list"] if open_ones else []
    return lines + [str(finding) for finding in findings[:1]]


def _overrides(entries: Sequence[Entry]) -> list[str]:
    given = [entry for entry in entries if entry.action == "override"]
    if not given:
        return []
    from qgate.review.overrides import still_open

    now = datetime.datetime.now(datetime.UTC)
    return [
        f"override of {entry.pilot} until {entry.facts['until']}: qgate log --action override"
        for entry in given
        if still_open(entry.facts, now)
    ]


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
