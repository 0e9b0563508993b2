"""How often a lock has been run against: a pass after retries is worth less."""

from __future__ import annotations

import json
import os
from pathlib import Path


class AttemptLedger:
    """An append-only file with a line for each finished run."""

    def __init__(self, path: Path) -> None:
        """Use a file, which need not exist yet."""
        self._path = path

    def count(self, key: str) -> int:
        """Return how many finished runs are on record for a lock (or a charter without one)."""
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return 0
        return sum(_key(line) == key for line in lines)

    def add(self, key: str, evidence: str) -> None:
        """Record a finished run in one append, on a line of its own even after a torn line."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"lock": key, "evidence": evidence}) + "\n"
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            os.write(handle, (b"\n" if torn else b"") + line.encode())
        finally:
            os.close(handle)


def _key(line: bytes) -> str | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry.get("lock") if isinstance(entry, dict) else None
