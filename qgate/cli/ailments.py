"""The checks of `qgate doctor`, as a table of functions; none of them changes anything."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from importlib import import_module, metadata
from pathlib import Path

from qgate.cli.ailments_here import HERE, Check, note, ok

_NEEDED = (
    "qiskit", "qiskit-aer", "numpy", "scipy", "scikit-learn", "cryptography", "jsonschema",
    "junitparser", "pebble", "PyYAML", "rfc8785", "rich", "threadpoolctl", "typer",
)  # fmt: skip
_IMPORTED = {"qiskit-aer": "qiskit_aer", "scikit-learn": "sklearn", "PyYAML": "yaml"}
"""Modules that are named otherwise than their packages."""
_FOR_DEVELOPERS = frozenset({"bench", "test"})
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)")
_REQUIRED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*).*extra\s*==\s*['\"]([^'\"]+)['\"]")
_ESSENTIAL = {"simulators": "pip install --force-reinstall qiskit-aer"}
"""Checks without whose answer nothing runs, and what to type."""
_MOST_NAMED = 4


def examined() -> list[Check]:
    """Return every check's findings; one that fails itself is told as broken."""
    found: list[Check] = []
    for name, examine in (*_INSTALLED.items(), *HERE.items()):
        try:
            found += examine()
        except Exception as error:  # noqa: BLE001  # what is installed can fail in any way
            words = f"could not be found out: {type(error).__name__}: {error}"
            status = "broken" if name in _ESSENTIAL else "note"
            found.append(Check(name, status, words, _ESSENTIAL.get(name, "")))
    return found


def _qgate() -> Iterator[Check]:
    yield ok("qgate", f"qgate {metadata.version('qgate')}")


def _python() -> Iterator[Check]:
    words = f"{platform.python_implementation()} {platform.python_version()}, {platform.platform()}"
    yield ok("python", words)


def _packages() -> Iterator[Check]:
    """Yield the versions of what qgate needs, and what of it is missing or cannot be loaded."""
    versions = []
    for name in _NEEDED:
        module = _IMPORTED.get(name, name)
        try:
            version = metadata.version(name)
            import_module(module)
        except Exception as error:  # noqa: BLE001  # a broken package may raise anything
            words = f"{name} cannot be loaded: {type(error).__name__}: {error}"
            yield Check("packages", "broken", words, f"pip install --force-reinstall {name}")
        else:
            versions.append(f"{name} {version}")
    yield ok("packages", ", ".join(versions))


def _simulators() -> Iterator[Check]:
    from qiskit_aer import AerSimulator

    found = AerSimulator()
    words = f"Aer on {', '.join(found.available_devices())}: {', '.join(found.available_methods())}"
    yield ok("simulators", words)


def _extras() -> Iterator[Check]:
    wanted: dict[str, list[str]] = {}
    for line in metadata.requires("qgate") or []:
        if (found := _REQUIRED.match(line)) and found[2] not in _FOR_DEVELOPERS:
            wanted.setdefault(found[2], []).append(found[1])
    present = [extra for extra, names in wanted.items() if all(_version(name) for name in names)]
    yield ok("extras", f"present: {', '.join(present) or 'none'}")
    for extra in sorted(wanted.keys() - set(present)):
        lacks = ", ".join(name for name in wanted[extra] if not _version(name))
        yield note("extras", f"{extra} is missing ({lacks})", f"pip install 'qgate[{extra}]'")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _pinned() -> Iterator[Check]:
    """Yield whether what is installed is what a lock file of this folder names."""
    path = next((p for p in _lock_files() if p.is_file()), None)
    if path is None:
        yield ok("requirements", "no requirements.lock here")
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    pins = {found[1]: found[2] for line in lines if (found := _PINNED.match(line))}
    have = {name: _version(name) for name in pins}
    other = [f"{n} {have[n]} for {pins[n]}" for n in pins if have[n] and have[n] != pins[n]]
    missing = [name for name in pins if not have[name]]
    if not other:
        rest = f", {len(missing)} not installed" if missing else ""
        yield ok("requirements", f"{path}: {len(pins) - len(missing)} as it says{rest}")
        return
    named = ", ".join(other[:_MOST_NAMED]) + (", ..." if other[_MOST_NAMED:] else "")
    words = f"{len(other)} versions are not those of {path}: {named}"
    yield note("requirements", words, f"pip install -r {path}")


def _lock_files() -> Iterator[Path]:
    from qgate.files import repository_top

    yield Path("requirements.lock")
    yield repository_top() / "requirements.lock"


def _machine() -> Iterator[Check]:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    free = shutil.disk_usage(Path()).free / 1e9
    words = f"{usable} CPUs, {memory:.1f} GB of memory, {free:.1f} GB of disk free here"
    if free < 1:
        yield Check("machine", "note", words, "qgate cache prune --max-size 1GB")
    else:
        yield ok("machine", words)


def _blas() -> Iterator[Check]:
    import_module("numpy")
    from threadpoolctl import threadpool_info

    pools = [f"{p['internal_api']} {p['num_threads']} threads" for p in threadpool_info()]
    stated = [f"{name}={os.environ[name]}" for name in _THREADS if name in os.environ]
    yield ok("BLAS", ", ".join([*(pools or ["no pool of threads found"]), *stated]))


_INSTALLED: dict[str, Callable[[], Iterator[Check]]] = {
    "qgate": _qgate,
    "python": _python,
    "packages": _packages,
    "simulators": _simulators,
    "extras": _extras,
    "requirements": _pinned,
    "machine": _machine,
    "BLAS": _blas,
}
