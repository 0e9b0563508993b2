"""From a name in a charter to the class or function of that name."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Collection
from importlib import metadata
from typing import Any

from qgate.errors import UsageError
from qgate.plugins.params import ParamError, ParamPath

GROUP = "qgate.estimators"
"""The entry-point group in which a distribution names its estimators."""
_OURS = "qgate"
_UNASKED = frozenset({_OURS, "sklearn"})
"""Trusted without a word in the charter; of them a call makes only what has `get_params`."""


_BEHIND_OURS = {
    "qgate.arms.braket_models": ("amazon-braket-default-simulator", "amazon-braket-sdk"),
    "qgate.arms.pennylane_models": ("pennylane", "pennylane-lightning"),
}
"""The distributions that our own estimators run on, by module."""
_EXTRAS = {
    "braket": "braket",
    "pennylane": "pennylane",
    "qiskit_machine_learning": "qiskit-machine-learning",
}
"""The extra that installs a package, by its name in an import."""


def distributions(name: str) -> tuple[str, ...]:
    """Return the distributions that one of our own estimators runs on; () for all other classes.

    Raises:
        UsageError: When the name is no class path and no entry point.

    """
    return _BEHIND_OURS.get(class_path(name).rpartition(".")[0], ())


def extra_of(name: str) -> str:
    """Return qgate's extra that installs what one of our own estimators runs on.

    Raises:
        UsageError: When the name is no class path and no entry point.

    """
    return class_path(name).rpartition(".")[0].rpartition(".")[2].removesuffix("_models")


def class_path(name: str) -> str:
    """Return a class path; a name without a dot is that of an installed entry point.

    Raises:
        UsageError: When no distribution, or more than one, has an entry point of that name.

    """
    if "." in name:
        return name
    points = metadata.entry_points(group=GROUP)
    found = sorted({point.value.replace(":", ".") for point in points if point.name == name})
    if len(found) > 1:
        raise UsageError(f"several distributions offer {name!r}: name one of {', '.join(found)}")
    if not found:
        known = sorted({point.name for point in points})
        offered = f"; installed are {', '.join(known)}" if known else ""
        raise UsageError(
            f"{name!r} is no class path, such as sklearn.svm.SVC, and no installed entry point of "
            f"the group {GROUP}{suggest(name, known) or offered}"
        )
    return found[0]


def load(path: str, allowed: Collection[str]) -> Any:
    """Return an estimator's class by its path or entry point.

    Raises:
        UsageError: When its package may not be imported, or has no such estimator.

    """
    path = class_path(path)
    module_name, _, name = path.rpartition(".")
    _refuse_package(path, allowed)
    module = _import(module_name, path)
    found = getattr(module, name, None)
    if not (inspect.isclass(found) and hasattr(found, "fit")):
        classes = [n for n, c in inspect.getmembers(module, inspect.isclass) if hasattr(c, "fit")]
        raise UsageError(f"{module_name} has no estimator {name!r}{suggest(name, classes)}")
    return found


def target_of(path: Any, place: ParamPath, allowed: Collection[str]) -> Any:
    """Return a class or function by its path; it must be of an allowed package itself.

    What a module merely imported, such as the operating system's functions, is not the package's.

    Raises:
        ParamError: When it is not there, not callable, or of a package that is not allowed.

    """
    if not (isinstance(path, str) and "." in path):
        raise ParamError(
            place, f"{path!r} is no path, such as qiskit.circuit.library.z_feature_map"
        )
    module_name, _, name = path.rpartition(".")
    try:
        _refuse_package(path, allowed)
        module = _import(module_name, path)
    except UsageError as error:
        raise ParamError(place, str(error)) from error
    found = getattr(module, name, None)
    if not callable(found):
        names = [n for n, member in inspect.getmembers(module) if callable(member)]
        message = f"{module_name} has no class or function {name!r}{suggest(name, names)}"
        raise ParamError(place, message)
    home = str(getattr(found, "__module__", None) or "builtins")
    try:
        _refuse_package(home, allowed)
    except UsageError as error:
        raise ParamError(place, f"{name} is of {home}, not of {module_name}: {error}") from error
    plain = inspect.isclass(found) and hasattr(found, "get_params")
    if home.partition(".")[0] in _UNASKED and not plain:
        raise ParamError(place, f"{path}: only classes with get_params may be named here")
    return found


def _refuse_package(path: str, allowed: Collection[str]) -> None:
    package = path.partition(".")[0]
    if package != _OURS and package not in allowed:
        raise UsageError(
            f"package {package!r} may not be imported; if you trust it, add it to the charter's "
            f"`plugins` or pass --allow-import {package}"
        )


def _import(module_name: str, path: str) -> Any:
    try:
        return importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a plugin's module may do anything
        lacks = error.name if isinstance(error, ModuleNotFoundError) else None
        extra = _EXTRAS.get((lacks or "").partition(".")[0])
        hint = f": pip install 'qgate[{extra}]'" if extra else ""
        raise UsageError(
            f"cannot import {module_name or path}: {type(error).__name__}: {error}{hint}"
        ) from error


def suggest(word: str, known: Collection[str]) -> str:
    """Return a hint at the nearest of the known words, empty where none is near."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
