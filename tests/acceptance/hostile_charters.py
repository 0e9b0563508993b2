"""Charters that ask for too much: huge grids, huge numbers, and YAML that grows as it is read."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import yaml

from tests.acceptance.hostile_json import place_in
from tests.acceptance.test_mutations import CHARTERS

DOCUMENTS: Mapping[str, Any] = {name: yaml.safe_load(text) for name, text in CHARTERS.items()}
Document = dict[str, Any]

EXTREMES = (
    *(0, 1, -1, 2, 3, 16, 64, 100, 1000, 10_000, 10**6, 10**9, 2**31, 2**32, 2**53 - 1, -(2**53)),
    *(0.5, 1.0, 1.5, -0.5, 1e-12, 1e-99, 1e-101, 5e-324, 1e15, 1e99, 1e101, 1.79e308, -1.79e308),
    *(0.1 + 0.2, 1 - 2**-53, 0.5 + 2**-53),
)
_PRICES = {"source": "x", "date": "2026-01-01"}


def other_number(document: Document, rng: random.Random) -> None:
    """Put another number in a number's place."""
    for _ in range(40):
        found = place_in(document, rng)
        if found and isinstance(found[0][found[1]], int | float):
            found[0][found[1]] = rng.choice(EXTREMES)
            return


def longer_list(document: Document, rng: random.Random) -> None:
    """Repeat a list's items, numbers counted up and names numbered."""
    for _ in range(40):
        found = place_in(document, rng)
        if found and isinstance(items := found[0][found[1]], list) and items:
            count = rng.choice((20, 64, 100, 101, 1000, 10_000))
            found[0][found[1]] = [_numbered(items[i % len(items)], i) for i in range(count)]
            return


def grid(document: Document, rng: random.Random) -> None:
    schedule = document.setdefault("schedule", {})
    sizes = rng.choice(
        ((1000, 100, 1), (10_000, 1, 10), (100, 1, 1000), (10_000, 100, 1000), (100, 100, 10))
    )
    schedule["seeds"] = list(range(sizes[0]))
    if schedule.get("shots", ["exact"]) != ["exact"] or rng.random() < 0.3:
        schedule["shots"] = list(range(1, sizes[1] + 1))
        schedule["replicates"] = sizes[2]


def looks(document: Document, rng: random.Random) -> None:
    start, step = rng.choice(((3, 1), (10, 10), (1, 1), (5, 3)))
    count = rng.choice((1, 5, 20, 21, 3000))
    after = list(range(start, start + step * count, step))
    if rng.random() < 0.2:
        after = [rng.choice((2**53 - 1, 10**9, 2))]
    by = rng.choice(("after_seeds", "after_items"))
    document.setdefault("schedule", {})["looks"] = {by: after}


def search(document: Document, rng: random.Random) -> None:
    """Tune over a huge grid."""
    count = rng.choice((1, 10, 1000))
    names = rng.sample(("C", "gamma", "tol", "coef0", "bandwidth", "PCA.n_components"), 3)
    space = {name: [float(i + 1) for i in range(count)] for name in names[: rng.choice((1, 2, 3))]}
    budget = {"budget": rng.choice((1, 10_000)), "cv": rng.choice((2, 100)), "space": space}
    at = rng.choice((document, document["candidate"], document["baseline"]))
    if isinstance(at, dict):
        at["tuning"] = budget


def circuit(document: Document, rng: random.Random) -> None:
    """Make the candidate's circuit wide, deep, or both."""
    arm = document["candidate"]
    if "preprocess" in arm and rng.random() < 0.5:
        width = rng.choice((-1, 0, 1, 12, 26, 30, 31, 64, 10**6, 2**53 - 1))
        arm["preprocess"] = [{"sklearn.decomposition.PCA": {"n_components": width}}]
    for section in arm.values():
        if isinstance(section, dict) and isinstance(section.get("layers"), list):
            many = rng.choice((1, 16, 64, 65)) // max(1, len(section["layers"]))
            section["layers"] = [
                {**layer, "name": f"l{i}_{j}"} if isinstance(layer, dict) else layer
                for i in range(max(1, many))
                for j, layer in enumerate(section["layers"])
            ]
            section["repeat"] = rng.choice((1, 2, 100, 101))
            for layer in section["layers"]:
                if isinstance(layer, dict) and rng.random() < 0.2:
                    layer["reps"] = rng.choice((1, 2, 100))


def money(document: Document, rng: random.Random) -> None:
    """Bound what is spent by extreme amounts at extreme prices."""
    amounts = {name: abs(rng.choice(EXTREMES)) for name in ("usd", "minutes", "qpu_seconds")}
    prices = {name: abs(rng.choice(EXTREMES)) for name in ("per_shot", "per_task", "per_second")}
    document["budget"] = {
        **rng.choice((amounts, {})),
        "seconds_per_shot": abs(rng.choice(EXTREMES)),
        "prices": _PRICES | prices,
        "per_month": rng.choice((amounts, {"shots": rng.choice((0, 2**53 - 1))})),
    }


def long_text(document: Document, rng: random.Random) -> None:
    part = rng.choice(("x", "a/", "a.", "é", "a b ", "_to_", "[b]"))
    text = part * rng.choice((50, 1300, 99_999))
    for _ in range(40):
        found = place_in(document, rng)
        if found and isinstance(found[0][found[1]], str):
            found[0][found[1]] += text
            return


BOMBS: tuple[Callable[[Document, random.Random], None], ...] = (
    *(other_number,) * 6,
    *(longer_list, longer_list, grid, looks, search, circuit, circuit, money, money, long_text),
)


def bomb(rng: random.Random) -> str:
    """Return a charter that asks for too much, or YAML that does."""
    if rng.random() < 0.05:
        return rng.choice(list(TEXTS.values()))
    document = copy.deepcopy(DOCUMENTS[rng.choice(list(DOCUMENTS))])
    for _ in range(rng.choice((1, 1, 2, 3))):
        rng.choice(BOMBS)(document, rng)
    return json.dumps(document)


def _numbered(item: Any, number: int) -> Any:
    if isinstance(item, int | float) and not isinstance(item, bool):
        return item + number
    if isinstance(item, dict) and "name" in item:
        return {**item, "name": f"{item['name']}_{number}"}
    return f"{item}{number}" if isinstance(item, str) and number % 3 else copy.deepcopy(item)


def _aliases(width: int, depth: int) -> str:
    names = [f"a{level}" for level in range(depth)]
    lines = [f"{names[0]}: &{names[0]} [{','.join('1' * width)}]"]
    for before, name in pairwise(names):
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * width)}]")
    return "\n".join(lines)


TEXTS: Mapping[str, str] = {
    "aliases": _aliases(9, 20),
    "aliases in a charter": CHARTERS["hold.yaml"] + _aliases(9, 9),
    "an alias of itself": "a: &a [*a]",
    "an alias as a key": "? &a [*a]\n: 1",
    "a deep list": "[" * 100_000,
    "a deep mapping": "{a: " * 100_000,
    "a deep block": "".join(" " * i + "a:\n" for i in range(1400)),
    "dashes": "- " * 500_000,
    "questions": "? " * 500_000,
    "items": "[" + "1," * 500_000 + "]",
    "anchors": "".join(f"a{i}: &a{i} 1\n" for i in range(60_000)),
    "tags": "[" + "!x 1," * 100_000 + "]",
    "documents": "---\n" * 250_000,
    "lines": "\n" * 1_000_000,
    "backslashes": '"' + "\\" * 999_999,
    "a long text": "a: " + "x" * 1_000_000,
    "digits": "a: " + "1" * 1_000_000,
    "digits in part": "a: " + "1_" * 500_000 + "x",
    "an exponent": "a: 1e" + "9" * 1_000_000,
    "one key": "a: 1\n" * 100_000,
    "merge keys": "a: &a {b: 1}\n" + "c: {<<: *a}\n" * 40_000,
    "unknown keys": json.dumps({**DOCUMENTS["hold.yaml"], **{f"k{i}": 1 for i in range(40_000)}}),
}


def changed(name: str, *changes: tuple[Sequence[Any], Any]) -> str:
    """Return a charter with other values at some paths."""
    document = copy.deepcopy(DOCUMENTS[name])
    for path, value in changes:
        at: Any = document
        for key in path[:-1]:
            at = at.setdefault(key, {}) if isinstance(at, dict) else at[key]
        at[path[-1]] = value
    return json.dumps(document)


_SEEDS, _SHOTS = ("schedule", "seeds"), ("schedule", "shots")
_TIMES = ("schedule", "replicates")
_GATE = DOCUMENTS["hold.yaml"]["gates"][0]
_LATENCY = {"requests": 10**7, "sessions": 10**6, "rate_per_s": 1e-101, "batch": 10**6}
ASKED: Mapping[str, str] = {
    "trials": changed(
        "hold.yaml",
        (_SEEDS, list(range(10_000))), (_SHOTS, list(range(1, 101))), (_TIMES, 1000),
    ),
    "blocks": changed(
        "hold.yaml",
        (_SEEDS, list(range(1000))), (_TIMES, 20),
        (("schedule", "looks"), {"after_items": list(range(10, 210, 10))}),
    ),
    "looks": changed("hold.yaml", (("schedule", "looks"), {"after_seeds": list(range(3, 3003))})),
    "close looks": changed(
        "hold.yaml", (_SEEDS, list(range(5000))), (_TIMES, 1),
        (("schedule", "looks"), {"after_seeds": [3, 4, 4000]}),
    ),
    "splits": changed(
        "hold.yaml", (_SEEDS, list(range(10_000))), (_TIMES, 1),
        (("data", "validation", "resample"), True),
    ),
    "gates": changed(
        "hold.yaml", (("gates",), [{**_GATE, "name": f"g{i}"} for i in range(5000)])
    ),
    "metrics": changed(
        "hold.yaml",
        (("pilot", "success_metrics"), [{"name": "latency_p95_ms", "max": i} for i in range(5000)]),
    ),
    "prices": changed(
        "hold.yaml", (("budget", "prices"), {**_PRICES, "per_shot": 1e308, "per_second": 1e308}),
        (("budget", "usd"), 1e308),
    ),
    "seconds": changed(
        "hold.yaml", (("budget", "seconds_per_shot"), 1e308), (("budget", "qpu_seconds"), 1e308)
    ),
    "a rate": changed("hold.yaml", (("latency",), _LATENCY)),
    "discordance": changed("hold.yaml", (("gates", 0, "assume", "discordance"), 5e-324)),
    "a long path": changed("hold.yaml", (("data", "path"), "a/" * 400_000)),
    "a long class": changed("hold.yaml", (("baseline", "estimator"), "sklearn." + "a." * 400_000)),
    "a long metric": changed("hold.yaml", (("gates", 0, "metric"), "x" * 900_000)),
    "a long name": changed("hold.yaml", (("pilot", "name"), "x" * 900_000)),
    "unknown names": changed("hold.yaml", (("baseline",), {"id": "x", "strongest": ["a"] * 9000})),
}  # fmt: skip
"""Charters that each ask for one thing too much: all are refused."""
