"""Files from a command line that must be regular and small before they are trusted to memory."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from qgate.errors import UsageError
from qgate.files import shown


def read_small(path: Path, most: int, remedy: str = "") -> tuple[bytes, int]:
    """Return a regular file's bytes, and its permission bits at the moment of reading.

    Args:
        path: The file; links are followed.
        most: The largest size that is read, in bytes.
        remedy: What to type when the file is missing; it ends the message.

    Raises:
        UsageError: When the file is missing, no regular file, too large or not readable.

    """
    try:
        if not path.exists():
            raise UsageError(f"{shown(path)} does not exist" + (f"; {remedy}" if remedy else ""))
        if not path.is_file():  # a pipe would be waited for, a device may have no end
            raise UsageError(f"{shown(path)} is no regular file")
        with path.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            data = stream.read(most + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{shown(path)} cannot be read: {reason}") from error
    if len(data) > most:
        raise UsageError(f"{shown(path)} has more than the {most:,} bytes that are read")
    return data, mode
