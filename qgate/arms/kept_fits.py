"""Fitted estimators that several blocks of items share."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Hashable
from typing import Any

_MOST_BYTES = 256 * 1024**2


class KeptFits:
    """Fits by key, pickled: each use has a copy, so that predicting leaves no trace in the next.

    What cannot be pickled, or goes beyond 256 MiB in all, is fitted anew each time.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, bytes] = {}

    def get(self, key: Hashable, fit: Callable[[], Any]) -> Any:
        """Return a fitted estimator, from an earlier fit where there is one."""
        if key in self._kept:
            return pickle.loads(self._kept[key])  # noqa: S301  # pickled below, in this process
        fitted = fit()
        try:
            data = pickle.dumps(fitted)
        except Exception:  # noqa: BLE001  # not our class: it may refuse in any way
            return fitted
        if sum(map(len, self._kept.values())) + len(data) <= _MOST_BYTES:
            self._kept[key] = data
        return fitted

    def __getstate__(self) -> dict[str, Any]:
        """Leave the fits behind when an arm goes to another process."""
        return {"_kept": {}}
