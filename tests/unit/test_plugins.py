"""Names in a charter to somebody else's classes."""

from __future__ import annotations

import re
import sys

import pytest

from qgate import plugins
from qgate.errors import UsageError

ALLOWED = frozenset({"sklearn", "tests"})
CLASSES = "tests.unit.arms.plugin_classes"


def _refusal(path: str, **params: object) -> str:
    with pytest.raises(UsageError) as caught:
        plugins.build(path, params, 1, ALLOWED)
    return str(caught.value)


def test_a_class_is_built_with_its_parameters() -> None:
    assert plugins.build("sklearn.svm.SVC", {"C": 3.0}, 1, ALLOWED).C == 3.0


def test_random_state_is_the_seed_unless_it_is_given() -> None:
    path = f"{CLASSES}.Majority"
    assert plugins.build(path, {}, 17, ALLOWED).random_state == 17
    assert plugins.build(path, {"random_state": 3}, 17, ALLOWED).random_state == 3
    assert plugins.build(f"{CLASSES}.Unseeded", {}, 17, ALLOWED).random_state == 0


def test_a_package_that_is_not_allowed_is_not_imported() -> None:
    message = _refusal("this.Zen")
    assert "package 'this' may not be imported" in message
    assert "--allow-import this" in message
    with pytest.raises(UsageError, match="may not be imported"):
        plugins.build("sklearn.svm.SVC", {}, 1, frozenset())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("sklearn.svmm.SVC", "cannot import sklearn.svmm: ModuleNotFoundError"),
        ("sklearn..svm.SVC", "cannot import sklearn..svm"),
        ("sklearn", "'sklearn' is no class path, such as sklearn.svm.SVC"),
        ("tests.unit.arms.plugin_broken.A", "RuntimeError: this plugin is broken"),
        (
            "tests.unit.arms.plugin_exits.A",
            "cannot import tests.unit.arms.plugin_exits: SystemExit",
        ),
        ("sklearn.svm.SVCC", "sklearn.svm has no estimator 'SVCC'; did you mean 'SVC'?"),
        ("sklearn.svm.", "sklearn.svm has no estimator ''"),
        (f"{CLASSES}.NoEstimator", "has no estimator 'NoEstimator'"),
        (f"{CLASSES}.np", "has no estimator 'np'"),
    ],
)
def test_what_is_no_estimator_is_refused(path: str, expected: str) -> None:
    assert expected in _refusal(path)


def test_an_unknown_parameter_is_refused_with_the_nearest_known_one() -> None:
    message = _refusal("sklearn.svm.SVC", gama=1.0)
    assert re.search(
        r"sklearn\.svm\.SVC takes no parameter 'gama'; did you mean 'gamma'\?", message
    )


def test_an_open_ended_class_takes_any_parameter() -> None:
    built = plugins.build(f"{CLASSES}.OpenEnded", {"depth": 3}, 17, ALLOWED)
    assert built.others == {"depth": 3}
    assert built.random_state == 17


def test_a_class_that_cannot_be_built_is_refused() -> None:
    assert "refuses its parameters: no licence for 1" in _refusal(f"{CLASSES}.Unbuildable")


def test_a_list_becomes_a_tuple_where_the_default_is_one() -> None:
    """YAML has no tuples, and scikit-learn refuses a list for this range."""
    path, wide = "sklearn.preprocessing.MinMaxScaler", [-1.5, 1.5]
    scaler = plugins.build(path, {"feature_range": wide}, 1, ALLOWED)
    assert scaler.feature_range == (-1.5, 1.5)
    assert scaler.fit_transform([[0.0], [2.0]]).tolist() == [[-1.5], [1.5]]
    assert wide == [-1.5, 1.5]


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("sklearn.compose.ColumnTransformer", "transformers", [["a", "passthrough", [0]]]),
        ("sklearn.preprocessing.OneHotEncoder", "categories", [["a", "b"]]),
        (f"{CLASSES}.OpenEnded", "depths", [3, 4]),
        ("sklearn.preprocessing.MinMaxScaler", "feature_range", "0 to 1"),
    ],
    ids=["no default", "a default that is no tuple", "an open-ended class", "no list"],
)
def test_nothing_else_is_changed(path: str, name: str, value: object) -> None:
    built = plugins.build(path, {name: value}, 1, ALLOWED)
    assert getattr(built, name, None) == value or built.others[name] == value


def test_takes_says_which_parameters_a_class_has() -> None:
    assert plugins.takes("sklearn.svm.SVC", "kernel", ALLOWED)
    assert not plugins.takes("sklearn.svm.LinearSVC", "kernel", ALLOWED)


def test_a_missing_package_names_the_extra_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qiskit_machine_learning.algorithms", None)
    with pytest.raises(UsageError, match=re.escape("'qgate[qiskit-machine-learning]'")):
        plugins.build("qiskit_machine_learning.algorithms.QSVC", {}, 1, {"qiskit_machine_learning"})
