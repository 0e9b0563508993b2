"""Names for what evidence of confidential data must not show.

Every name is keyed by the data themselves: who holds the files can make it again, and who holds
only a bundle can neither read it nor test a guess of one row, since the key is of all bytes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qgate.digest import canonical

_PURPOSE = b"qgate opaque items v1"
_CHUNK = 1024**2
ITEM_DIGITS = 32
"""Hexadecimal digits of an item's id: 128 bits."""
_SLICE_DIGITS = 16
ITEM_PATTERN = rf"[0-9a-f]{{{ITEM_DIGITS}}}"
SLICE_PATTERN = rf"slice-[0-9a-f]{{{_SLICE_DIGITS}}}"
MESSAGE_PATTERN = r"message withheld, keyed digest [0-9a-f]{16}"


@dataclass(frozen=True)
class Opaque:
    """A data set's key, which is never written, and the names that it gives."""

    _key: bytes = field(repr=False)
    _ids: Sequence[str] = field(repr=False)

    @classmethod
    def of_files(cls, paths: Iterable[Path], ids: Sequence[str] = ()) -> Opaque:
        """Return the names of a data set, keyed by HMAC-SHA256 (RFC 2104) of its files' bytes.

        Args:
            paths: The files, in the charter's order.
            ids: The id column's value of each row; () where there is no such column.

        """
        key = hmac.new(_PURPOSE, digestmod=hashlib.sha256)
        for path in paths:
            with path.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    key.update(chunk)
        return cls(key.digest(), ids)

    def digest(self, value: Any) -> str:
        """Return the keyed SHA-256 of a value's canonical JSON, 64 hexadecimal digits."""
        return hmac.digest(self._key, canonical(value), "sha256").hex()

    def items(self, rows: Sequence[int], seed: int | None = None) -> list[str]:
        """Return an id for each row: 32 hexadecimal digits, keyed by its number and its own id.

        With a `seed` ids hold for that seed's split alone. Were they the same in all splits, then
        the seeds in which an item validates would tell its row, since anyone can draw the splits.
        """
        named = ((row, self._ids[row] if self._ids else None) for row in rows)
        return [self.digest(["item", seed, row, name])[:ITEM_DIGITS] for row, name in named]

    def slice(self, value: str) -> str:
        """Return what stands for a value of the slice column."""
        return f"slice-{self.digest(['slice', value])[:_SLICE_DIGITS]}"

    def message(self, text: str) -> str:
        """Return what stands for the message of a failure, which may quote a row."""
        return f"message withheld, keyed digest {self.digest(['message', text])[:16]}"


def class_names(count: int) -> list[str]:
    """Return what stands for class labels, in the order of their codes."""
    return [f"class-{code}" for code in range(count)]
