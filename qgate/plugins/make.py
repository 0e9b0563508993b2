"""Instances of classes that a charter names, with the parameters that it states."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from qgate.errors import UsageError
from qgate.plugins.names import load, suggest, target_of
from qgate.plugins.params import FORMS, ParamError, ParamPath, accepts, forms, is_form, parameters

_ASKED_FOR = ("shots", "shot_seed")


@dataclass(frozen=True)
class Draws:
    """What a trial measures with: its shots, None for exact, and the seed of their draws."""

    shots: int | None
    seed: int


def build(
    path: str,
    params: Mapping[str, Any],
    seed: int,
    allowed: Collection[str],
    draws: Draws | None = None,
) -> Any:
    """Return an instance of a scikit-learn-style class; `random_state` is the seed unless given.

    A list, as YAML has it, becomes a tuple where the constructor's default for it is one. Anywhere
    in the parameters, `{call: PATH, with: {...}}` stands for what that class or function returns,
    and `{import: PATH}` for the class or function itself.

    With `draws`, a constructor that takes `shots` is given them, and `shot_seed` the draws' seed;
    where it takes `shots` but no `shot_seed`, finite shots make its `random_state` the draws' seed.
    What is called within the parameters is given the same, and the draws' seed as `seed`: where
    shots are finite, and the seed itself where they are exact.

    Args:
        path: A class path, or the name of an entry point of the group `qgate.estimators`.
        params: The constructor's parameters, as a charter has them.
        seed: The training seed.
        allowed: Packages that may be imported, besides qgate itself.
        draws: What the trial measures with; None where that does not concern the class.

    Raises:
        UsageError: When the package may not be imported, the class does not exist or does not
            take the parameters.
        ParamError: When the same is true of a value within the parameters.

    """
    cls, known = _known(path, params, allowed)
    values = {
        name: _value(value, (name,), _Maker(seed, allowed, draws)) for name, value in params.items()
    }
    given = _given(known, seed, draws)
    if draws is not None:
        _refuse_stated(params, known, ())
    try:
        return cls(**{**given, **_tuples_where_default(values, known)})
    except (Exception, SystemExit) as error:
        raise UsageError(f"{path} refuses its parameters: {error}") from error


def refuse_unknown(path: str, params: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Refuse a class, or calls and imports within its parameters, that `build` would refuse.

    Nothing is made: only names are looked up, of classes, functions and their parameters.

    Raises:
        UsageError: When the class may not be imported or does not exist.
        ParamError: When it takes no such parameter, or one within its parameters is wrong.

    """
    _known(path, params, allowed)
    for spec, place in forms(params, ()):
        _target(spec, place, allowed)


def _known(
    path: str, params: Mapping[str, Any], allowed: Collection[str]
) -> tuple[Any, Mapping[str, inspect.Parameter]]:
    """Return a class and its parameters, which those stated must be among."""
    cls = load(path, allowed)
    known = parameters(cls)
    for name in params:
        if not accepts(known, name):
            message = f"{path} takes no parameter {name!r}{suggest(name, known)}"
            raise ParamError((name,), message)
    return cls, known


def takes(path: str, parameter: str, allowed: Collection[str]) -> bool:
    """Return whether a class's constructor takes a parameter."""
    return parameter in parameters(load(path, allowed))


def takes_shots(path: str, params: Mapping[str, Any], allowed: Collection[str]) -> bool:
    """Return whether a class, or anything called within its parameters, takes `shots`."""
    if takes(path, "shots", allowed):
        return True
    calls = (spec["call"] for spec, _ in forms(params, ()) if "call" in spec)
    return any("shots" in parameters(target_of(call, (), allowed), through=True) for call in calls)


@dataclass(frozen=True)
class _Maker:
    seed: int
    allowed: Collection[str]
    draws: Draws | None

    def make(self, spec: Mapping[str, Any], place: ParamPath) -> Any:
        """Return what a `call` returns, or what an `import` names."""
        target = _target(spec, place, self.allowed)
        if "import" in spec:
            return target
        path, stated, inner = spec["call"], spec.get("with", {}), (*place, "with")
        known = parameters(target)
        wide = parameters(target, through=True)
        if self.draws is not None:
            _refuse_stated(stated, wide, inner)
        values = {name: _value(value, (*inner, name), self) for name, value in stated.items()}
        given = _given(wide, self.seed, self.draws, nested=True)
        try:
            return target(**{**given, **_tuples_where_default(values, known)})
        except (Exception, SystemExit) as error:  # not our class or function: it may do anything
            raise ParamError(place, f"{path} refuses its parameters: {error}") from error


def _target(spec: Mapping[str, Any], place: ParamPath, allowed: Collection[str]) -> Any:
    """Return what a `call` or an `import` names, which must take what the call states."""
    if frozenset(spec) not in FORMS:
        raise ParamError(place, "takes `call` and `with`, or `import` alone")
    if "import" in spec:
        return target_of(spec["import"], (*place, "import"), allowed)
    path, stated = spec["call"], spec.get("with", {})
    target = target_of(path, (*place, "call"), allowed)
    inner = (*place, "with")
    if not isinstance(stated, Mapping):
        raise ParamError(inner, "expected keyword arguments")
    known = parameters(target)
    for name in stated:
        if not accepts(known, name):
            message = f"{path} takes no parameter {name!r}{suggest(name, known)}"
            raise ParamError((*inner, name), message)
    return target


def _value(value: Any, place: ParamPath, maker: _Maker) -> Any:
    """Return a parameter with its calls made; what holds none is returned as it is."""
    if next(forms(value, ()), None) is None:
        return value
    if isinstance(value, Mapping):
        if is_form(value):
            return maker.make(value, place)
        return {key: _value(inner, (*place, key), maker) for key, inner in value.items()}
    return [_value(inner, (*place, i), maker) for i, inner in enumerate(value)]


def _given(
    known: Mapping[str, inspect.Parameter],
    seed: int,
    draws: Draws | None,
    *,
    nested: bool = False,
) -> dict[str, Any]:
    """Return the seeds and shots that a constructor asks for by their names."""
    sampled = draws is not None and draws.shots is not None
    samples = draws.seed if draws is not None and sampled else seed
    ours: dict[str, Callable[[], Any]] = {
        "random_state": lambda: samples if "shots" in known and "shot_seed" not in known else seed,
    }
    if draws is not None:
        ours |= {"shots": lambda: draws.shots, "shot_seed": lambda: draws.seed}
    if nested:
        ours["seed"] = lambda: _fitting(samples, known["seed"])
    return {name: value() for name, value in ours.items() if name in known}


def _fitting(seed: int, parameter: inspect.Parameter) -> Any:
    """Return a generator where an annotation names one: it moves on, an integer starts anew."""
    if "Generator" not in str(parameter.annotation):
        return seed
    import numpy as np  # the module is imported by `check`, which needs no numbers

    return np.random.default_rng(seed)


def _refuse_stated(
    params: Mapping[str, Any], known: Mapping[str, inspect.Parameter], place: ParamPath
) -> None:
    for name in _ASKED_FOR:
        if name in params and name in known:
            raise ParamError((*place, name), f"the schedule says what {name} is: remove this")


def _tuples_where_default(
    params: Mapping[str, Any], known: Mapping[str, inspect.Parameter]
) -> dict[str, Any]:
    tuples = {name for name, p in known.items() if isinstance(p.default, tuple)}
    return {
        name: tuple(value) if name in tuples and isinstance(value, list) else value
        for name, value in params.items()
    }
