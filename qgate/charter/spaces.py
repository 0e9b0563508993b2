"""What a charter lets be tuned: names that an arm has, values that they can take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qgate.charter.arm_spec import ArmSpec, Layer
from qgate.charter.charter import Charter
from qgate.charter.schema import load_schema, suggest, value_complaint
from qgate.charter.vocabulary import Vocabulary
from qgate.charter.yaml_reader import Path_, Source
from qgate.errors import Finding

LAYER_KEYS = ("scale", "pair_scale", "alpha", "reps", "pairs", "angle", "gate")
"""What of a layer may be tuned, where its kind takes it."""

Rule = Mapping[str, Any]
_NUMBER: Rule = {"type": "number"}
_NUMBERS = ("scale", "angle")
"""Keys that a charter may also write as text, which a search does not read."""
_BANDWIDTH: Rule = {"type": "number", "exclusiveMinimum": 0}
_START: Rule = {"type": "array", "minItems": 2, "maxItems": 2, "items": _NUMBER}


def space_findings(charter: Charter, source: Source, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield what is wrong with the searches: names and values that no arm could be given."""
    if charter.data.problems and "tuning" in charter.document:
        message = "problems have no training rows to tune on: remove this"
        yield source.finding(("tuning",), message)
        return
    for arm in charter.arms:
        stated = "tuning" in charter.section(arm.role)
        place: Path_ = (arm.role, "tuning", "space") if stated else ("tuning", "space")
        if arm.tuning is None or not arm.tuning.space or arm.kind == "recorded":
            continue
        if arm.strongest:
            if stated:
                message = "each family of `strongest` has a space of its own: remove this"
                yield source.finding(place, message)
            continue
        for name, values in arm.tuning.space.items():
            found = _rule(arm, name, vocabulary)
            if isinstance(found, str):
                yield source.finding((*place, name), found)
                continue
            yield from _values(values, found, (*place, name), source)


def _values(values: tuple[Any, ...], rule: Rule, place: Path_, source: Source) -> Iterator[Finding]:
    for i, value in enumerate(values):
        if complaint := value_complaint(value, rule):
            yield source.finding((*place, i), f"{place[-1]}: {complaint}")
        elif any(value == other and type(value) is type(other) for other in values[:i]):
            yield source.finding((*place, i), f"{place[-1]}: {value!r} stands twice")


def _rule(arm: ArmSpec, name: str, vocabulary: Vocabulary) -> Rule | str:
    """Return what an arm's named value must be, or why the arm has no such thing."""
    owner, _, key = name.rpartition(".")
    if name == "bandwidth" and arm.layered is not None:
        return _BANDWIDTH
    if not owner:
        own = arm.estimator or getattr(arm.layered, "estimator", None)
        return {} if own and key else f"{arm.id} has no parameter {name!r}{_known(arm, name)}"
    if owner == "training" and arm.variational is not None:
        rules = _properties("variational")["training"]["properties"]
        if key not in rules:
            return f"training has no {key!r}{suggest(key, rules)} (known: {', '.join(rules)})"
        return _START if key == "start" else rules[key]
    layer = next((one for one in _layers(arm) if one.name == owner), None)
    if layer is not None:
        return _layer_rule(layer, key, vocabulary)
    if owner in _classes(arm):
        return {}
    return f"{arm.id} has no {name!r} to tune{_known(arm, name)}"


def _layer_rule(layer: Layer, key: str, vocabulary: Vocabulary) -> Rule | str:
    terms = vocabulary.layers[layer.kind]
    known = [key for key in LAYER_KEYS if key in terms.keys]
    if key not in known:
        words = ", ".join(known) or "nothing"
        return f"layer {layer.name!r} ({layer.kind}) has no {key!r} to tune (known: {words})"
    if key == "gate":
        return {"enum": list(terms.gates)}
    if key in _NUMBERS:
        return _NUMBER
    rules: dict[str, Rule] = load_schema("charter.v1.json")["definitions"]["layers"]["items"][
        "properties"
    ]
    return rules[key]


def _known(arm: ArmSpec, name: str) -> str:
    """Return what an arm has, as the end of a message."""
    owners = [layer.name for layer in _layers(arm)] + _classes(arm)
    owners += ["training"] if arm.variational else []
    bare = ["bandwidth"] if arm.layered else []
    own = arm.estimator or getattr(arm.layered, "estimator", None)
    bare += ["a parameter of its estimator"] if own else []
    owner, _, key = name.rpartition(".")
    near = suggest(owner, owners) if owner and key else ""
    return f"{near} (known: {', '.join([*bare, *(f'{owner}.KEY' for owner in owners)])})"


def _layers(arm: ArmSpec) -> tuple[Layer, ...]:
    if arm.layered is None:
        return ()
    return (*arm.layered.layers, *getattr(arm.layered, "closing", ()))


def _classes(arm: ArmSpec) -> list[str]:
    return [step.path.rpartition(".")[2] for step in arm.preprocess]


def _properties(definition: str) -> dict[str, Any]:
    found: dict[str, Any] = load_schema("charter.v1.json")["definitions"][definition]["properties"]
    return found
