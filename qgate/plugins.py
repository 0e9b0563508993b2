"""The only place that turns a name in a charter into somebody else's class."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Collection, Mapping
from typing import Any

from qgate.errors import UsageError


def build(path: str, params: Mapping[str, Any], seed: int, allowed: Collection[str]) -> Any:
    """Return an instance of a scikit-learn-style class; `random_state` is the seed unless given.

    A list, as YAML has it, becomes a tuple where the constructor's default for it is one.

    Raises:
        UsageError: When the package may not be imported, the class does not exist or does not
            take the parameters.

    """
    cls = _load(path, allowed)
    known = _parameters(cls)
    open_ended = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values())
    for name in params:
        if name not in known and not open_ended:
            raise UsageError(f"{path} takes no parameter {name!r}{_suggest(name, known)}")
    seeded = {"random_state": seed} if "random_state" in known else {}
    try:
        return cls(**{**seeded, **_tuples_where_default(params, known)})
    except (Exception, SystemExit) as error:
        raise UsageError(f"{path} refuses its parameters: {error}") from error


def _tuples_where_default(
    params: Mapping[str, Any], known: Mapping[str, inspect.Parameter]
) -> dict[str, Any]:
    tuples = {name for name, p in known.items() if isinstance(p.default, tuple)}
    return {
        name: tuple(value) if name in tuples and isinstance(value, list) else value
        for name, value in params.items()
    }


def takes(path: str, parameter: str, allowed: Collection[str]) -> bool:
    """Return whether a class's constructor takes a parameter."""
    return parameter in _parameters(_load(path, allowed))


def _parameters(cls: Any) -> Mapping[str, inspect.Parameter]:
    """Return a constructor's parameters; one without a readable signature takes anything."""
    try:
        return inspect.signature(cls).parameters
    except (TypeError, ValueError):
        return {"params": inspect.Parameter("params", inspect.Parameter.VAR_KEYWORD)}


def _load(path: str, allowed: Collection[str]) -> Any:
    module_name, _, name = path.rpartition(".")
    package = path.partition(".")[0]
    if package not in allowed:
        raise UsageError(
            f"package {package!r} may not be imported; if you trust it, add it to the charter's "
            f"`plugins` or pass --allow-import {package}"
        )
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a plugin's module may do anything
        raise UsageError(
            f"cannot import {module_name or path}: {type(error).__name__}: {error}"
        ) from error
    found = getattr(module, name, None)
    if not (inspect.isclass(found) and hasattr(found, "fit")):
        classes = [n for n, c in inspect.getmembers(module, inspect.isclass) if hasattr(c, "fit")]
        raise UsageError(f"{module_name} has no estimator {name!r}{_suggest(name, classes)}")
    return found


def _suggest(word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
