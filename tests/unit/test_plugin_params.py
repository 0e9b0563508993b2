"""Calls and imports within a charter's params, entry points, and what a trial's shots reach."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qgate import plugins
from qgate.errors import UsageError
from tests.unit.arms import plugin_nested

ALLOWED = frozenset({"sklearn", "tests"})
NESTED = "tests.unit.arms.plugin_nested"
HOLDER = f"{NESTED}.Holder"
TREE = {"call": "sklearn.tree.DecisionTreeClassifier", "with": {"max_depth": 2}}


def _held(part: Any, draws: plugins.Draws | None = None, allowed: Any = ALLOWED) -> Any:
    return plugins.build(HOLDER, {"part": part}, 17, allowed, draws).part


def _refused(part: Any, **changes: Any) -> plugins.ParamError:
    with pytest.raises(plugins.ParamError) as caught:
        _held(part, **changes)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301  # ours
    return caught.value


def test_a_call_stands_for_its_result_at_any_depth() -> None:
    inner = {"call": f"{NESTED}.doubled", "with": {"value": 4}}
    assert _held(inner) == 8
    assert _held({"call": f"{NESTED}.doubled", "with": {"value": inner}}) == 16
    assert _held([1, inner, {"deep": [inner]}]) == [1, 8, {"deep": [8]}]
    assert _held({"call": f"{NESTED}.nothing"}) is None
    assert _held({"import": f"{NESTED}.doubled"}) is plugin_nested.doubled


def test_params_without_calls_are_handed_over_as_they_are() -> None:
    part = {"a": [1, {"b": 2}]}
    assert _held(part) is part


def test_a_nested_estimator_is_seeded_unless_that_is_stated() -> None:
    ensemble = plugins.build(
        "sklearn.ensemble.AdaBoostClassifier", {"estimator": TREE}, 17, ALLOWED
    )
    assert (ensemble.estimator.max_depth, ensemble.estimator.random_state) == (2, 17)
    stated = {**TREE, "with": {"random_state": 5}}
    assert _held(stated).random_state == 5


def test_an_integer_seed_or_a_generator_as_the_annotation_has_it() -> None:
    """An integer would give each circuit of a call the same draws."""
    assert _held({"call": f"{NESTED}.Sampler"}).seed == 17
    moving = _held({"call": f"{NESTED}.MovingSampler"}).seed
    assert moving.random() == np.random.default_rng(17).random()


@pytest.mark.parametrize(
    ("part", "path", "message"),
    [
        (
            {"call": "this.zen"},
            ("part", "call"),
            "add it to the charter's `plugins` or pass --allow",
        ),
        ({"call": f"{NESTED}.double"}, ("part", "call"), "did you mean 'doubled'?"),
        ({"call": f"{NESTED}.missing.A"}, ("part", "call"), "cannot import"),
        ({"call": "doubled"}, ("part", "call"), "is no path"),
        ({"call": 3}, ("part", "call"), "is no path"),
        (
            {"call": f"{NESTED}.doubled", "with": {"valve": 1}},
            ("part", "with", "valve"),
            "takes no parameter 'valve'; did you mean 'value'?",
        ),
        ({"call": f"{NESTED}.doubled", "with": [1]}, ("part", "with"), "expected keyword"),
        ({"call": f"{NESTED}.doubled", "value": 1}, ("part",), "takes `call` and `with`"),
        ({"import": f"{NESTED}.doubled", "with": {}}, ("part",), "or `import` alone"),
        ({"call": f"{NESTED}.doubled"}, ("part",), "refuses its parameters: "),
        ([{"call": f"{NESTED}.fails"}], ("part", 0), "refuses its parameters: no luck"),
        ({"call": f"{NESTED}.system"}, ("part", "call"), "system is of posix, not of tests"),
        (
            {"call": "sklearn.datasets.fetch_openml"},
            ("part", "call"),
            "only classes with get_params",
        ),
        ({"call": "qgate.files.resolved"}, ("part", "call"), "only classes with get_params"),
    ],
)
def test_what_cannot_be_made_is_refused_with_its_path(
    part: Any, path: tuple[str | int, ...], message: str
) -> None:
    error = _refused(part)
    assert error.path == path
    assert message in str(error)
    assert str(error).startswith("params.part")


def test_calls_that_nest_without_end_are_refused() -> None:
    part: Any = 1
    for _ in range(60):
        part = [part]
    assert "nested too deep" in str(_refused(part))


def test_every_path_is_named() -> None:
    params = {"a": {"call": "x.y", "with": {"b": [{"import": "z.w"}, {"call": "u.v"}]}}, "c": 1}
    assert list(plugins.named(params)) == [
        ("x.y", ("a", "call")),
        ("z.w", ("a", "with", "b", 0, "import")),
        ("u.v", ("a", "with", "b", 1, "call")),
    ]


@pytest.mark.parametrize(("shots", "random_state"), [(None, 17), (64, 5)])
def test_shots_make_the_random_state_where_there_is_no_shot_seed(
    shots: int | None, random_state: int
) -> None:
    draws = plugins.Draws(shots, 5)
    for built in (
        plugins.build(f"{NESTED}.Measures", {}, 17, ALLOWED, draws),
        _held({"call": f"{NESTED}.Measures"}, draws),
    ):
        assert (built.shots, built.random_state) == (shots, random_state)


def test_a_class_with_a_shot_seed_keeps_its_training_seed() -> None:
    built = plugins.build(f"{NESTED}.MeasuresApart", {}, 17, ALLOWED, plugins.Draws(64, 5))
    assert (built.shots, built.shot_seed, built.random_state) == (64, 5, 17)
    alone = plugins.build(f"{NESTED}.MeasuresApart", {}, 17, ALLOWED)
    assert (alone.shots, alone.shot_seed, alone.random_state) == (None, None, 17)


def test_shots_and_seed_reach_a_base_class_that_takes_the_rest() -> None:
    built = _held({"call": f"{NESTED}.HandsOn"}, plugins.Draws(64, 5))
    assert (built.shots, built.seed, built.others) == (64, 5, {})


def test_shots_are_not_stated() -> None:
    draws = plugins.Draws(64, 5)
    with pytest.raises(plugins.ParamError, match="the schedule says what shots is"):
        plugins.build(f"{NESTED}.Measures", {"shots": 3}, 17, ALLOWED, draws)
    nested = {"call": f"{NESTED}.Measures", "with": {"shots": 3}}
    assert _refused(nested, draws=draws).path == ("part", "with", "shots")
    assert _held(nested).shots == 3


def test_takes_shots_looks_into_calls() -> None:
    assert plugins.takes_shots(f"{NESTED}.Measures", {}, ALLOWED)
    assert plugins.takes_shots(HOLDER, {"part": {"call": f"{NESTED}.HandsOn"}}, ALLOWED)
    assert not plugins.takes_shots(HOLDER, {"part": TREE}, ALLOWED)


def _distribution(folder: Path, name: str, points: str) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{plugins.GROUP}]\n{points}\n")


def test_a_name_without_a_dot_is_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _distribution(tmp_path, "vendor_models", f"vendor_majority = {NESTED}:Measures")
    monkeypatch.syspath_prepend(tmp_path)
    assert plugins.class_path("vendor_majority") == f"{NESTED}.Measures"
    built = plugins.build("vendor_majority", {}, 17, ALLOWED)
    assert type(built) is plugin_nested.Measures
    with pytest.raises(UsageError, match="package 'tests' may not be imported"):
        plugins.build("vendor_majority", {}, 17, frozenset({"sklearn"}))
    with pytest.raises(UsageError, match="did you mean 'vendor_majority'"):
        plugins.class_path("vendor_majorty")
    _distribution(tmp_path, "rival_models", f"vendor_majority = {NESTED}:Holder")
    with pytest.raises(UsageError, match="several distributions offer 'vendor_majority'"):
        plugins.class_path("vendor_majority")


def test_our_own_estimators_are_always_allowed() -> None:
    built = plugins.build("qgate.arms.braket_models.KernelClassifier", {"C": 2.0}, 17, frozenset())
    assert built.get_params()["C"] == 2.0


def test_our_own_estimators_name_the_sdk_that_they_run_on() -> None:
    found = plugins.distributions("qgate.arms.pennylane_models.VariationalClassifier")
    assert "pennylane" in found
    assert plugins.distributions("sklearn.svm.SVC") == ()
