"""The forms that stand for classes, functions and their results within a charter's params."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from qgate.errors import UsageError

FORMS = (frozenset({"call"}), frozenset({"call", "with"}), frozenset({"import"}))
"""The keys of a call and of an import."""
_MOST_DEPTH = 20

ParamPath = tuple[str | int, ...]


class ParamError(UsageError):
    """A value within `params` cannot be used; `path` leads to it from there."""

    def __init__(self, path: ParamPath, message: str) -> None:
        """Keep the path apart from the message, so that a caller can locate it."""
        self.path, self.message = path, message
        super().__init__(path, message)  # both, so that it can travel between processes

    def __str__(self) -> str:
        """Return the message for people, which begins with the path."""
        return f"{_dotted(self.path)}: {self.message}"


def refuse_no_count(name: str, value: Any) -> None:
    """Raise a ParamError unless a parameter is a whole number of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ParamError((name,), f"{value!r} is no whole number of at least 1")


def named(params: Mapping[str, Any]) -> Iterator[tuple[str, ParamPath]]:
    """Yield every dotted path that parameters call or import, with its place within them."""
    for spec, place in forms(params, ()):
        key = "call" if "call" in spec else "import"
        if isinstance(spec[key], str):
            yield spec[key], (*place, key)


def forms(value: Any, place: ParamPath) -> Iterator[tuple[Mapping[str, Any], ParamPath]]:
    """Yield every call and import within a value, those within them too."""
    if len(place) > _MOST_DEPTH:
        raise ParamError(place[:3], "nested too deep")
    if isinstance(value, Mapping):
        if is_form(value):
            yield value, place
        for key, inner in value.items():
            yield from forms(inner, (*place, key))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from forms(inner, (*place, i))


def is_form(value: Mapping[str, Any]) -> bool:
    """Return whether a mapping is a call or an import, well formed or not."""
    return "call" in value or "import" in value


def parameters(target: Any, *, through: bool = False) -> Mapping[str, inspect.Parameter]:
    """Return a target's parameters; one without a readable signature takes anything.

    With `through`, those of its base classes too, as long as each hands on what it does not know.
    """
    try:
        known = dict(inspect.signature(target).parameters)
    except (TypeError, ValueError):
        return {"params": inspect.Parameter("params", inspect.Parameter.VAR_KEYWORD)}
    bases = target.__mro__[1:-1] if through and inspect.isclass(target) else ()
    for base in bases:
        if not _open_ended(known):
            break
        rest = parameters(base)
        known = {n: p for n, p in known.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}
        known = {**rest, **known}
    return known


def accepts(known: Mapping[str, inspect.Parameter], name: str) -> bool:
    """Return whether a target takes a parameter of that name."""
    return name in known or _open_ended(known)


def _open_ended(known: Mapping[str, inspect.Parameter]) -> bool:
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values())


def _dotted(path: ParamPath) -> str:
    parts = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"params{parts}"
