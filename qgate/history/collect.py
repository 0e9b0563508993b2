"""Runs from bundles: those of the project's store, and those that are imported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qgate.errors import UsageError
from qgate.evidence.store import MANIFEST, bundles_in, open_bundle
from qgate.files import shown
from qgate.history.index import Index, Warn, open_index
from qgate.history.run import Run, run_of

_ARCHIVES = "*.tar"
_MOST_LINES = 3
"""Of what is wrong with a bundle; qgate verify tells it all."""
_MOST_MANIFEST = 4_000_000
"""Bytes of a manifest that are looked into before the bundle is read as it must be."""


@dataclass(frozen=True)
class LeftOut:
    """A bundle that is not in the history, and why."""

    place: str
    why: str


@dataclass(frozen=True)
class Collected:
    """All runs that are known, the oldest first, and the bundles that could not be read."""

    runs: tuple[Run, ...]
    left_out: tuple[LeftOut, ...]


def collect(state: Path, store: Path, imports: Sequence[Path], warn: Warn) -> Collected:
    """Return every run of the project's bundles and of those that were ever imported.

    A bundle of the store that is known by its digest is not read again.

    Args:
        state: The folder of the project's state, where the index stands; made for imports.
        store: The project's bundles.
        imports: Bundles, their archives, or folders of either.
        warn: Who is told what went wrong with the index.

    Raises:
        UsageError: When there is nothing to import at a place.
        ExecutionError: When the index fails while it is used.

    """
    asked = [place for path in imports for place in _bundles_at(path)]
    if not asked and not state.is_dir():
        return Collected((), ())
    with open_index(state, warn) as index:
        known = index.bundles()
        fresh = [place for place in sorted(bundles_in(store)) if _stated(place) not in known]
        again = [Path(place) for place in index.lost]
        gone = sum(not place.exists() for place in again)
        if gone:
            what = "bundle that was imported is" if gone == 1 else "bundles that were imported are"
            warn(f"{gone} {what} gone: qgate history --import it from another place")
        places = dict.fromkeys([*asked, *(p for p in again if p.exists()), *fresh])
        left_out = tuple(_added(index, places, known))
        return Collected(index.runs(), left_out)


def _added(index: Index, places: Iterable[Path], known: set[str]) -> Iterator[LeftOut]:
    """Add bundles that are not known; yield those that are not as a run wrote them."""
    for place in places:
        try:
            bundle = open_bundle(str(place))
            if bundle.digest not in known:
                index.add(bundle.digest, run_of(bundle))
                known.add(bundle.digest)
        except (UsageError, OverflowError) as error:
            yield LeftOut(shown(place), _why(str(error), shown(place)))


def _why(message: str, place: str) -> str:
    """Return the first lines of what is wrong with a bundle, in one, without its place."""
    lines = [line.strip().removeprefix(place).lstrip(": ") for line in message.splitlines()]
    more = "; and more" if len(lines) > _MOST_LINES else ""
    return "; ".join(lines[:_MOST_LINES]).replace(":; ", ": ") + more


def _bundles_at(path: Path) -> list[Path]:
    """Return the bundle or archive at a path, or those in it, by name.

    Raises:
        UsageError: When there are none.

    """
    if path.is_file() or (path / MANIFEST).is_file():
        return [path]
    if not path.is_dir():
        raise UsageError(f"--import {shown(path)}: there is nothing")
    found = sorted([*bundles_in(path), *(p for p in path.glob(_ARCHIVES) if p.is_file())])
    if not found:
        raise UsageError(f"--import {shown(path)}: no bundle (a folder or a .tar) stands in it")
    return found


def _stated(place: Path) -> str | None:
    """Return the digest that a bundle's manifest states of itself, None where it is no manifest."""
    try:
        with (place / MANIFEST).open("rb") as stream:
            found = json.loads(stream.read(_MOST_MANIFEST))["digest"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) else None
