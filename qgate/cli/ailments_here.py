"""The checks of `qgate doctor` on the folder, the person's settings and the terminal."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from qgate.errors import QgateError
from qgate.files import printable, shown, state_folder, typed

_MOST_SKEW = 5.0
"""Seconds that a new file's time may differ from the clock's: disks of other machines round."""


@dataclass(frozen=True)
class Check:
    """One finding: `ok`, `note` (worth knowing), or `broken` (it would stop a run)."""

    name: str
    status: str
    detail: str
    remedy: str = ""
    """What to type, empty where there is nothing to mend."""


def ok(name: str, detail: str) -> Check:
    """Return that all is well."""
    return Check(name, "ok", detail)


def note(name: str, detail: str, remedy: str = "") -> Check:
    """Return what stops no run."""
    return Check(name, "note", detail, remedy)


def _state() -> Iterator[Check]:
    """Yield whether files of the state folder can be written, locked, and dated rightly."""
    state = state_folder()
    place = state if state.is_dir() else state.parent
    if place != state and (state.exists() or state.is_symlink()):
        yield Check("state", "broken", f"{shown(state)} is no folder", f"rm {typed(shown(state))}")
        return
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".doctor-") as stream:
            stream.write(b"\n")
            stream.flush()
            yield ok("state", f"{shown(state)} can be written")
            yield _locking(Path(stream.name), place)
            yield _clock(Path(stream.name))
    except OSError as error:
        words = f"{shown(place)} cannot be written: {error.strerror}"
        yield Check("state", "broken", words, f"chmod u+rwx {typed(shown(place))}")


def _locking(path: Path, place: Path) -> Check:
    held, other = os.open(path, os.O_RDWR), os.open(path, os.O_RDWR)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return ok("locking", f"files in {shown(place)} can be locked")
        words = f"locks in {shown(place)} hold nobody off"
    except OSError as error:
        words = f"files in {shown(place)} cannot be locked: {error.strerror}"
    finally:
        os.close(held)
        os.close(other)
    advice = "move the project to a local disk: runs would write over one another"
    return Check("locking", "broken", f"{words}; {advice}", "df .")


def _clock(path: Path) -> Check:
    skew = path.stat().st_mtime - time.time()
    if abs(skew) > _MOST_SKEW:
        words = f"a file written now is {skew:+.0f} s off the clock: ages and ends are not right"
        return note("clock", words, "date; timedatectl")
    log = state_folder() / "log.jsonl"
    ahead = log.stat().st_mtime - time.time() if log.exists() else 0.0
    if ahead > _MOST_SKEW:
        return note("clock", f"{shown(log)} is {ahead:.0f} s in the future", "date; timedatectl")
    return ok("clock", f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}, as files have it")


def _log() -> Iterator[Check]:
    from qgate.evidence.audit_log import AuditLog
    from qgate.plan.settings import Settings

    try:
        count = AuditLog(Settings().log).head().entries
    except QgateError as error:
        yield Check("audit log", "broken", str(error).partition("\n")[0], "qgate log")
    else:
        yield ok("audit log", f"{count} entries, the chain whole" if count else "none yet")


def _configuration() -> Iterator[Check]:
    from qgate.cli.configuration import configured

    try:
        values = configured()
    except QgateError as error:
        for line in str(error).split("\n"):
            yield Check("configuration", "broken", line, "qgate explain QG-E03")
    else:
        told = ", ".join(f"{key} {value}" for key, value in values.items())
        yield ok("configuration", told or "no tool.qgate in pyproject.toml, no QGATE_ variables")


def _git() -> Iterator[Check]:
    where = shutil.which("git")
    inside = any((folder / ".git").exists() for folder in (Path.cwd(), *Path.cwd().parents))
    if where is None:
        yield note("git", "not found: `qgate` itself needs none", "apt-get install git")
    elif not inside:
        yield note("git", "this folder is in no repository: state stands in it alone", "git init")
    else:
        yield ok("git", "found, and this folder is in a repository")


def _keys() -> Iterator[Check]:
    """Yield the names of private keys, which are not opened."""
    folder = Path.home() / ".ssh"
    public = sorted(folder.glob("*.pub")) if os.access(folder, os.R_OK | os.X_OK) else []
    names = [printable(path.stem) for path in public if path.with_suffix("").is_file()]
    stated = os.environ.get("QGATE_KEY")
    if stated and not Path(stated).is_file():
        yield note("keys", "the file that QGATE_KEY names is not there", "unset QGATE_KEY")
    elif names or stated:
        yield ok("keys", ", ".join([*names, *(["QGATE_KEY"] if stated else [])]))
    else:
        yield note("keys", "no SSH key to sign with", "ssh-keygen -t ed25519")


def _terminal() -> Iterator[Check]:
    from qgate.cli.console import console, width_of

    colour = "without colour" if console(sys.stdout).no_color else "in colour"
    kind = "a terminal" if sys.stdout.isatty() else "no terminal"
    set_ones = [name for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS") if os.environ.get(name)]
    by = f" (by {', '.join(set_ones)})" if set_ones else ""
    words = f"stdout is {kind}, {width_of(sys.stdout)} columns, {colour}{by}"
    yield ok("terminal", f"{words}, {sys.stdout.encoding}")


HERE: dict[str, Callable[[], Iterator[Check]]] = {
    "configuration": _configuration,
    "state": _state,
    "audit log": _log,
    "git": _git,
    "keys": _keys,
    "terminal": _terminal,
}
