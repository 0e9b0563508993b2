"""Arrays, and what holds them, kept as long as they fit: the last ones used stay."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

_MOST_BYTES = 512 * 1024**2


class KeptArrays:
    """Values by key, up to 512 MiB of NumPy arrays in them; the one used longest ago goes first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return a value, made now where it is not kept."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][1]
        value = make()
        self._kept[key] = (_bytes(value), value)
        while len(self._kept) > 1 and sum(size for size, _ in self._kept.values()) > _MOST_BYTES:
            self._kept.popitem(last=False)
        return value


def _bytes(value: object, depth: int = 3) -> int:
    """Return the bytes of an array, or of those that an object holds in a few levels of parts."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    parts = getattr(value, "__dict__", {}) if depth else {}
    return sum(_bytes(part, depth - 1) for part in parts.values())
