"""The runs of many bundles in one SQLite file: an index, made again from bundles when need be."""

from __future__ import annotations

import math
import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from qgate.errors import ExecutionError
from qgate.evidence.turn import turn
from qgate.files import shown
from qgate.history.run import READING_FIELDS, RUN_FIELDS, Reading, Run

FILE = "history.sqlite"
Warn = Callable[[str], None]
_MARK = int.from_bytes(b"qgat")
"""The file's application id."""
_PATIENCE = 60.0
"""Seconds to wait for a process that writes the file without our lock."""
_BESIDE = ("", "-journal", "-wal", "-shm")
_TYPES = {
    "position": "INTEGER NOT NULL",
    "attempt": "INTEGER NOT NULL",
    "exact": "INTEGER NOT NULL",
    **dict.fromkeys(
        ("value", "low", "high", "standard_error", "threshold_min", "threshold_max",
         "threshold_vs_baseline", "baseline_value"), "REAL",
    ),
}  # fmt: skip


def _columns(names: Collection[str]) -> str:
    return ", ".join(f"{name} {_TYPES.get(name, 'TEXT NOT NULL')}" for name in names)


_READING_KEYS = ("bundle", "position", *READING_FIELDS)
_TABLES = (
    "CREATE TABLE maker (version TEXT NOT NULL) STRICT",
    "CREATE TABLE rehearsals (bundle TEXT PRIMARY KEY) STRICT",
    f"CREATE TABLE runs ({_columns(RUN_FIELDS)}, PRIMARY KEY (bundle)) STRICT",
    f"CREATE TABLE readings ({_columns(_READING_KEYS)}, PRIMARY KEY (bundle, position)) STRICT",
)


class Index:
    """An open index; its process has it alone."""

    def __init__(self, connection: sqlite3.Connection, lost: tuple[str, ...] = ()) -> None:
        """Use a connection to a database that has our tables."""
        self._connection = connection
        self.lost = lost
        """Where the bundles stood that an index was of which had to be made again."""

    def bundles(self) -> set[str]:
        """Return the digests of all bundles that need not be read again."""
        rows = self._connection.execute("SELECT bundle FROM runs UNION SELECT * FROM rehearsals")
        return {bundle for (bundle,) in rows}

    def add(self, bundle: str, run: Run | None) -> None:
        """Keep what a bundle came to, None of a rehearsal; one that is in already stays."""
        with self._connection:
            if run is None:
                self._connection.execute("INSERT OR IGNORE INTO rehearsals VALUES (?)", (bundle,))
                return
            added = self._connection.execute(
                _insert("runs", RUN_FIELDS), [getattr(run, name) for name in RUN_FIELDS]
            ).rowcount
            if added:
                self._connection.executemany(
                    _insert("readings", _READING_KEYS),
                    [
                        (bundle, i, *(getattr(reading, name) for name in READING_FIELDS))
                        for i, reading in enumerate(run.readings)
                    ],
                )

    def runs(self) -> tuple[Run, ...]:
        """Return all runs, the oldest first."""
        readings: defaultdict[str, list[Reading]] = defaultdict(list)
        select = f"SELECT bundle, {', '.join(READING_FIELDS)} FROM readings"  # noqa: S608  # ours
        for bundle, *values in self._connection.execute(f"{select} ORDER BY bundle, position"):
            readings[bundle].append(Reading(*map(_finite, values)))
        select = f"SELECT {', '.join(RUN_FIELDS)} FROM runs ORDER BY time, bundle"  # noqa: S608
        return tuple(
            Run(**dict(zip(RUN_FIELDS, values, strict=True)), readings=tuple(readings[values[0]]))
            for values in self._connection.execute(select)
        )


@contextmanager
def open_index(state: Path, warn: Warn) -> Iterator[Index]:
    """Yield the index of a project, alone among processes; an unusable one is made anew.

    Where nothing can be written it is made in memory, and gone at the end.

    Args:
        state: The folder of the project's state, which need not exist yet.
        warn: Who is told what went wrong.

    Raises:
        ExecutionError: When the database fails while it is used, as where the disk is full.

    """
    path = state / FILE
    with ExitStack() as stack:
        try:
            stack.enter_context(turn(state, FILE, _untold))
            connection, lost = _opened(path, warn)
        except (sqlite3.Error, OSError, ExecutionError) as error:
            warn(f"{shown(path)} cannot be used ({error}): nothing is kept of what is read")
            connection, lost = _created(":memory:"), ()
        stack.callback(connection.close)
        try:
            yield Index(connection, lost)
        except sqlite3.Error as error:
            raise ExecutionError(
                f"{shown(path)}: {error}: delete it, and it is made anew"
            ) from None


def _untold(message: str) -> None:
    """Tell nobody that another process has the index: it is a matter of seconds."""
    del message


def _opened(path: Path, warn: Warn) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """Return a database with our tables, and the places of the bundles of one that had to go."""
    if not os.path.lexists(path):
        return _created(str(path)), ()
    lost: tuple[str, ...] = ()
    why = "is no regular file"
    if path.is_file() and not path.is_symlink():
        connection = _connected(str(path))
        try:
            why = _unusable(connection)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                connection.close()
                raise
            why = f"is damaged ({error})"
        if not why:
            return connection, ()
        lost = _places(connection)
        connection.close()
    warn(f"{shown(path)} {why}: it is made again from the bundles")
    for suffix in _BESIDE:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return _created(str(path)), lost


def _connected(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, timeout=_PATIENCE)
    connection.text_factory = lambda data: data.decode(errors="backslashreplace")
    return connection


def _created(name: str) -> sqlite3.Connection:
    connection = _connected(name)
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA application_id = {_MARK}")
        for table in _TABLES:
            connection.execute(table)
        connection.execute("INSERT INTO maker VALUES (?)", (_version(),))
    return connection


def _unusable(connection: sqlite3.Connection) -> str:
    """Return why a database is not one that this version wrote; empty where it is."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    stated = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    tables = tuple(sql for (sql,) in connection.execute(stated))
    if mark != _MARK or tables != _TABLES:
        return "is of another version of qgate, or of something else"
    if connection.execute("SELECT version FROM maker").fetchall() != [(_version(),)]:
        return "was made by another version of qgate, which may measure otherwise"
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return "" if found == "ok" else f"is damaged ({found})"


def _places(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return where bundles stood, as far as what is left of an index tells it."""
    with suppress(sqlite3.Error):
        return tuple(str(place) for (place,) in connection.execute("SELECT place FROM runs"))
    return ()


def _finite(value: Any) -> Any:
    """Return a value as we write it: no infinity, which others could have written."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _insert(table: str, names: Collection[str]) -> str:
    marks = ", ".join("?" * len(names))
    return f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608


def _version() -> str:
    return metadata.version("qgate")
