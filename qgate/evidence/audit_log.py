"""The audit log: who did what to which digests, each line chained to the one before."""

from __future__ import annotations

import datetime
import errno
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qgate.digest import canonical, sha256
from qgate.errors import ExecutionError, Finding, InvalidFileError
from qgate.evidence.actor import actor as actor
from qgate.evidence.log_entry import FIRST as FIRST
from qgate.evidence.log_entry import Entry as Entry
from qgate.evidence.log_entry import Head as Head
from qgate.evidence.log_entry import entry_of, head_at, head_in
from qgate.evidence.regular_file import open_regular
from qgate.files import keep_out_of_git, shown, write_atomically

ACTIONS = (
    "start", "judge", "run", "calibrate", "lock", "sign", "approve", "override", "promote",
    "refuse", "rollback", "incident", "prune", "repair",
)  # fmt: skip
"""What is logged: `start` where a run began, `judge` where it told a verdict before its end, `run`
where it ended; `repair` where a write was cut off, which is what power failures do."""
_MOST_OF_HEAD = 4096
_MOST_BYTES = 256_000_000
"""Of a log that is read: some hundred thousand entries, and no sparse file."""
_TAIL = 65_536
"""Bytes that are read at once from the end, in search of the last entry."""


class AuditLog:
    """An append-only file of JSON lines, with a head beside it that says how long it is.

    An entry is on disk before the head tells of it, so a log is never shorter than its head says
    and never more than one entry longer. A log cut together with its head is whole by itself:
    only a signed head, or a copy elsewhere, shows that.
    """

    def __init__(self, path: Path) -> None:
        """Use a file, which need not exist yet."""
        self.path = path
        self.head_path = path.with_suffix(".head.json")

    def append(
        self,
        action: str,
        *,
        pilot: str,
        reason: str = "",
        digests: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Add an entry, under a lock that other processes respect; return it.

        Of what stands there only the end is read: the time taken does not grow with the log.

        Raises:
            InvalidFileError: When the last entry is not whole or not what the head says.
            ExecutionError: When the file cannot be written.

        """
        body = {
            "actor": actor(),
            "action": action,
            "pilot": _encodable(pilot),
            "reason": _encodable(reason),
            "digests": dict(digests or {}),
            "facts": dict(facts or {}),
        }
        with self._locked() as handle:
            return self._write(handle, self._mended(handle), body)

    def entries(self) -> list[Entry]:
        """Return every entry, the chain checked from the first to the head.

        Raises:
            InvalidFileError: With the line where the chain breaks, or that the end is missing.

        """
        try:
            head, data = self._as_it_is()
        except OSError as error:
            raise self._refused(self.path, 1, f"cannot read: {error.strerror}") from None
        return self._checked(head, data)

    def head(self) -> Head:
        """Return the head of the whole, checked log."""
        found = self.entries()
        return head_at(found[-1] if found else None)

    def _as_it_is(self) -> tuple[Head | None, bytes]:
        """Return head and log as they are between two appends."""
        while True:
            try:
                stream = os.fdopen(open_regular(self.path), "rb")
            except FileNotFoundError:
                head = self._stored_head()
                if head is not None and self.path.exists():
                    continue  # another process began it just now
                return head, b""
            with stream:
                fcntl.flock(stream, fcntl.LOCK_SH)
                _refuse_size(stream.fileno())
                return self._stored_head(), stream.read()

    def _checked(self, head: Head | None, data: bytes) -> list[Entry]:
        """Return a file's entries; what follows the last line feed is of a write cut off."""
        found: list[Entry] = []
        for number, line in enumerate(data.split(b"\n")[:-1], 1):
            entry = entry_of(line)
            if entry is None or entry.number != number:
                raise self._broken(number, "this entry was changed, or is none")
            if entry.previous != (found[-1].digest if found else FIRST):
                message = "the entry before this one was changed, removed or added"
                raise self._broken(number, message)
            found.append(entry)
        if not _agree(head, found[-1] if found else None):
            raise self._broken(*_disagreement(head, len(found), shown(self.head_path)))
        return found

    def _broken(self, line: int, message: str) -> InvalidFileError:
        return self._refused(self.path, max(line, 1), message)

    def _refused(self, path: Path, line: int, message: str) -> InvalidFileError:
        """Return the error with what helps: each file that is left would tell of the others."""
        advice = (
            f"put back copies, or move {self.path.name}, {self.head_path.name} and "
            f"{self.path.stem}.head.*.dsse.json away together (as far as they are there): "
            "attempts, overrides and spending are then counted anew"
        )
        return InvalidFileError([Finding(shown(path), line, 1, f"{message}; {advice}")])

    def _stored_head(self) -> Head | None:
        try:
            with os.fdopen(open_regular(self.head_path), "rb") as stream:
                data = stream.read(_MOST_OF_HEAD)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused(self.head_path, 1, f"cannot read: {error.strerror}") from None
        if (head := head_in(data)) is None:
            message = "expected the number of entries and the digest of the last, as qgate wrote it"
            raise self._refused(self.head_path, 1, message)
        return head

    @contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():  # once: who removes the file wants the state in git
                keep_out_of_git(self.path.parent)
            handle = open_regular(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        except OSError as error:
            raise ExecutionError(f"{shown(self.path)}: {error.strerror}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            _refuse_size(handle)
            yield handle
        except OSError as error:
            raise ExecutionError(f"{shown(self.path)}: {error.strerror}") from None
        finally:
            os.close(handle)

    def _mended(self, handle: int) -> Head:
        """Return the head to go on from; bytes of a write that was cut off are put on record."""
        stored = self._stored_head()
        line, torn = _end_of(handle)
        last = entry_of(line) if line else None
        if (line and last is None) or not _agree(stored, last):
            self._checked(stored, self.path.read_bytes())  # says where it breaks
        head = head_at(last)
        if stored != head:  # a new log, or one whose writer was killed before the head
            self._write_head(head)
        if not torn:
            return head
        os.ftruncate(handle, os.fstat(handle).st_size - len(torn))
        body = {
            "actor": actor(),
            "action": "repair",
            "pilot": "",
            "reason": "the last write was cut off",
            "digests": {"torn": sha256(torn)},
            "facts": {"bytes": len(torn)},
        }
        return head_at(self._write(handle, head, body))

    def _write(self, handle: int, head: Head, body: Mapping[str, Any]) -> Entry:
        time = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        fields = {"number": head.entries + 1, "time": time, "previous": head.digest, **body}
        line = canonical(fields)
        if (entry := entry_of(line)) is None:
            raise ValueError(f"no reader takes this for an entry: {line.decode()}")
        before = os.fstat(handle).st_size
        try:
            if os.write(handle, line + b"\n") <= len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, before)
            raise
        self._write_head(head_at(entry))
        return entry

    def _write_head(self, head: Head) -> None:
        write_atomically(self.head_path, canonical(vars(head)))
        folder = os.open(self.head_path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # else a power failure could bring back a head of long ago
        finally:
            os.close(folder)


def _refuse_size(handle: int) -> None:
    """Refuse a log that no memory may hold.

    Raises:
        OSError: Saying so.

    """
    if os.fstat(handle).st_size > _MOST_BYTES:
        raise OSError(errno.EFBIG, f"more than the {_MOST_BYTES:,} bytes of a log that are read")


def _agree(head: Head | None, last: Entry | None) -> bool:
    """Return whether a log may end so: at its head, or one entry after it."""
    if last is None or head is None:
        return last is None and head in (None, Head())
    following = (head.entries + 1, head.digest)
    return head == head_at(last) or following == (last.number, last.previous)


def _disagreement(head: Head | None, entries: int, where: str) -> tuple[int, str]:
    """Return the line, and why a log whose chain is whole cannot end so."""
    if head is None:
        return entries, f"{where} is gone, which tells how many entries there must be"
    if entries < head.entries:
        gone = head.entries - entries
        words = "1 entry is" if gone == 1 else f"{gone} entries are"
        return entries, f"{words} missing after this one"
    if entries > head.entries + 1:
        return entries, f"{where} tells of {head.entries} entries: it was put back or changed"
    return head.entries, f"this entry is not the one that {where} tells of"


def _end_of(handle: int) -> tuple[bytes, bytes]:
    """Return a file's last whole line, empty where there is none, and the bytes after it."""
    start = os.fstat(handle).st_size
    data = b""
    while start and data.count(b"\n") < 2:
        step = min(_TAIL, start)
        start -= step
        data = os.pread(handle, step, start) + data
    *lines, torn = data.split(b"\n")
    return (lines[-1] if lines else b""), torn


def _encodable(text: str) -> str:
    """Return text without half characters, which a command line can hold and UTF-8 cannot."""
    return text.encode(errors="backslashreplace").decode()
