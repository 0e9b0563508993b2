"""Whether what is here now is what was locked; nothing runs and nothing is written."""

from __future__ import annotations

from pathlib import Path

from qgate.charter.charter import Charter
from qgate.charter.yaml_reader import Source
from qgate.data.split import load_split
from qgate.errors import InvalidFileError, TermError
from qgate.lock.inputs import differences, observe
from qgate.lock.lock import Lock


def departures(charter: Charter, source: Source, folder: Path, lock: Lock) -> list[str]:
    """Return what differs from the lock, by name and value; empty when all is as locked.

    The baseline's fingerprint is what a run of it gives: it is taken from the lock, not held
    against it.

    Args:
        charter: A valid charter.
        source: Its file.
        folder: The charter's folder, from which its paths start.
        lock: What was locked.

    Raises:
        UsageError: When the data or a device's snapshot cannot be read.

    """
    looks = charter.schedule.looks
    shuffled = looks is not None and looks.by == "items"
    try:
        split = load_split(charter.data, folder, charter.schedule.seeds, shuffled=shuffled)
    except TermError as error:
        raise InvalidFileError([source.finding(error.path, str(error), code=error.code)]) from None
    return differences(lock.inputs, observe(charter, split, folder))
