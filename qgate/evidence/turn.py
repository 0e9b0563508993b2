"""One run of a contract at a time: a second waits, and then finds what the first came to."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qgate.errors import ExecutionError
from qgate.files import shown


@contextmanager
def turn(folder: Path, contract: str, tell: Callable[[str], None]) -> Iterator[bool]:
    """Hold the turn of a contract; yield whether another process had it first.

    So two runs are never the same attempt. The file's lock ends with the process, however it ends.

    Args:
        folder: Where the turns stand; it need not exist yet.
        contract: The digest that attempts are counted on.
        tell: Who is told that there is another run to wait for.

    Raises:
        ExecutionError: When the file cannot be written or locked.

    """
    path = folder / f"{contract}.lock"
    try:
        handle, waited = _acquired(path, tell)
    except OSError as error:
        raise ExecutionError(f"{shown(path)}: {error.strerror}") from None
    try:
        yield waited
    finally:
        path.unlink(missing_ok=True)  # while it is held: who waits for it looks again
        os.close(handle)


def _acquired(path: Path, tell: Callable[[str], None]) -> tuple[int, bool]:
    """Return the locked file that stands at a path, and whether it was waited for."""
    waited = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if not _locks(handle):
                waited = True
                tell("another qgate run of this charter goes on: waiting for its end")
                fcntl.flock(handle, fcntl.LOCK_EX)
            if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                return handle, waited
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _locks(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
