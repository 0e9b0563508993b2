"""Tuning: what is tried, what is chosen, and that no validation row is ever looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from qgate.arms import tuning
from qgate.arms.arm import Outcome, Workshop
from qgate.arms.configuration import configured
from qgate.arms.strongest import FAMILIES, members
from qgate.arms.tuning import as_tuned, configurations, tune
from qgate.charter.arm_spec import ArmSpec, Layer, Step, Training, Tuning, Variational
from qgate.charter.derived import SURROGATE, derived_arms, separable
from qgate.errors import ExecutionError, TermError
from tests.unit.arms import small

SCALER = (Step("sklearn.preprocessing.StandardScaler", {}),)
COSTS = (0.01, 0.1, 1.0, 10.0)
WIDTHS = (0.01, 0.1, 1.0)


def _svc(budget: int = 100, **space: tuple[object, ...]) -> ArmSpec:
    spec = small.classical("sklearn.svm.SVC", preprocess=SCALER)
    return replace(spec, tuning=Tuning(budget, 4, space))


def test_it_chooses_what_scikit_learns_own_search_chooses() -> None:
    split = small.small_split()
    found = tune(_svc(C=COSTS, gamma=WIDTHS), small.workshop(split))
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SVC()),
        {"svc__C": COSTS, "svc__gamma": WIDTHS},
        cv=StratifiedKFold(4, shuffle=True, random_state=0),
    ).fit(*split.fit_on)
    scores = dict(
        zip(
            [(p["svc__C"], p["svc__gamma"]) for p in search.cv_results_["params"]],
            search.cv_results_["mean_test_score"],
            strict=True,
        )
    )
    chosen = found.record["chosen"]
    assert found.record["score"] == pytest.approx(search.best_score_)
    assert scores[chosen["C"], chosen["gamma"]] == pytest.approx(search.best_score_)
    assert (found.record["configurations"], found.record["folds"]) == (12, 4)
    assert found.spec.estimator is not None
    assert found.spec.estimator.params == chosen
    assert found.spec.tuning is None


def test_a_budget_below_the_grid_draws_without_repeating() -> None:
    spec = _svc(7, C=COSTS, gamma=WIDTHS)
    drawn = configurations(spec)
    assert len({tuple(config.items()) for config in drawn}) == 7
    assert configurations(spec) == drawn
    assert len(configurations(_svc(100, C=COSTS, gamma=WIDTHS))) == 12


def test_validation_rows_are_never_looked_at() -> None:
    split = small.small_split()
    features, labels = split.dataset.features.copy(), split.dataset.labels.copy()
    features[split.validation] = 50.0
    labels[split.validation] = 1 - labels[split.validation]
    changed = small.with_dataset(split, features=features, labels=labels)
    spec = replace(small.kernel(preprocess=SCALER), tuning=Tuning(4, 3, {"bandwidth": (0.3, 1.0)}))
    for tuned in (_svc(C=COSTS, gamma=WIDTHS), spec):
        before = tune(tuned, small.workshop(split)).record
        assert tune(tuned, small.workshop(changed)).record == before


def test_the_strongest_baseline_is_the_best_family_on_training_rows() -> None:
    split = small.small_split()
    spec = ArmSpec("baseline", "b", strongest=("logistic_regression", "rbf_svc"))
    found = tune(replace(spec, tuning=Tuning(10, 4)), small.workshop(split))
    alone = {
        name: tune(replace(spec, strongest=(name,), tuning=Tuning(5, 4)), small.workshop(split))
        for name in ("logistic_regression", "rbf_svc")
    }
    best = max(alone, key=lambda name: alone[name].record["score"])
    assert found.record["chosen"]["family"] == best
    assert found.record["score"] == alone[best].record["score"]
    assert found.record["configurations"] == 10
    assert found.spec == replace(alone[best].spec)


@pytest.mark.parametrize("budget", [4, 7, 32])
def test_families_share_the_budget(budget: int) -> None:
    spec = ArmSpec("baseline", "b", strongest=tuple(FAMILIES), tuning=Tuning(budget))
    shares = [m.tuning.budget for m in members(spec, classes=True).values() if m.tuning]
    assert sum(shares) == budget
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize("classes", [(0, 1), ()])
def test_every_family_can_be_fitted_with_everything_that_is_tried(classes: tuple[int, ...]) -> None:
    split = small.small_split(classes)
    for name in FAMILIES:
        spec = ArmSpec("baseline", "b", strongest=(name,), tuning=Tuning(6, 2))
        assert tune(spec, small.workshop(split)).record["failed"] == 0, name


def test_numbers_are_tuned_by_their_error() -> None:
    split = small.small_split(())
    spec = replace(
        small.classical("sklearn.linear_model.Ridge", preprocess=SCALER),
        tuning=Tuning(10, 4, {"alpha": (0.01, 1.0, 1e6)}),
    )
    found = tune(spec, small.workshop(split)).record
    assert found["chosen"]["alpha"] != 1e6
    assert found["score"] < 0


def test_what_was_chosen_is_taken_up_again() -> None:
    split = small.small_split()
    for spec in (
        _svc(C=COSTS, gamma=WIDTHS),
        ArmSpec("baseline", "b", strongest=("mlp", "rbf_svc"), tuning=Tuning(6, 3)),
        replace(small.kernel(), tuning=Tuning(4, 3, {"encode.scale": (0.1, 0.9)})),
    ):
        found = tune(spec, small.workshop(split))
        assert as_tuned(spec, found.record, classes=True) == found.spec


def test_values_go_where_their_names_say() -> None:
    spec = replace(
        small.kernel(), preprocess=(Step("sklearn.decomposition.PCA", {"n_components": 3}),)
    )
    chosen = {"C": 7.0, "encode.scale": 0.5, "PCA.n_components": 2}
    found = configured(spec, chosen)
    assert found.quantum_kernel is not None
    assert found.quantum_kernel.estimator.params == {"C": 7.0}
    assert [layer.scale for layer in found.quantum_kernel.layers] == [0.5, 0.3]
    assert found.preprocess[0].params == {"n_components": 2}
    wide = configured(small.kernel(), {"bandwidth": 2.0}).quantum_kernel
    assert wide is not None
    assert [layer.scale for layer in wide.layers] == [1.4, 1.2]  # a product of two: its square
    circuit = Variational((small.ANGLE,), 1, training=Training())
    slow = configured(
        ArmSpec("candidate", "v", variational=circuit), {"training.learning_rate": 0.2}
    )
    assert slow.variational is not None
    assert slow.variational.training.learning_rate == 0.2


@pytest.mark.parametrize(
    "name", ["nobody.scale", "training.steps", "PCA.n_components", "encode.reps", "entangle.gate"]
)
def test_a_name_that_the_arm_does_not_have_is_refused_with_its_place(name: str) -> None:
    spec = replace(small.kernel(), tuning=Tuning(2, 2, {name: (1, 2)}))
    with pytest.raises(TermError) as caught:
        tune(spec, small.workshop(small.small_split()))
    assert caught.value.path == ("candidate", "tuning", "space", name)


def test_an_ablation_leaves_out_what_it_no_longer_has() -> None:
    space = {"entangle.scale": (0.1, 0.2), "C": (1.0, 10.0)}
    kernel = small.kernel(small.ANGLE)
    spec = replace(kernel, role=SURROGATE, tuning=Tuning(9, 2, space))
    assert configurations(spec) == [{"C": 1.0}, {"C": 10.0}]


def test_a_configuration_that_fails_is_counted_and_never_chosen() -> None:
    split = small.small_split()
    found = tune(_svc(C=(-1.0, 1.0)), small.workshop(split)).record
    assert (found["failed"], found["chosen"]) == (1, {"C": 1.0})
    with pytest.raises(ExecutionError, match="no configuration could be tuned"):
        tune(_svc(C=(-1.0, -2.0)), small.workshop(split))


def test_more_folds_than_rows_of_a_class_are_refused() -> None:
    spec = replace(small.classical(), tuning=Tuning(2, 20, {"C": (1.0, 2.0)}))
    with pytest.raises(ExecutionError, match="24 training rows cannot be tuned on"):
        tune(spec, small.workshop(small.small_split()))


def test_a_space_is_needed_where_no_family_knows_one() -> None:
    spec = replace(small.classical("sklearn.tree.DecisionTreeClassifier"), tuning=Tuning(2))
    with pytest.raises(TermError, match="add `space`"):
        configurations(spec)


def test_layers_of_one_name_are_changed_alone() -> None:
    spec = small.kernel(small.ANGLE, Layer("again", "angle", "rz", scale=0.2))
    found = configured(spec, {"again.scale": np.float64(0.9)}).quantum_kernel
    assert found is not None
    assert [layer.scale for layer in found.layers] == [0.7, 0.9]


ENTANGLED = [
    (Layer("a", "real_amplitudes", seed=1), {"a.pairs": ("linear", "ring")}),
    (Layer("a", "reupload", "cx", seed=1), {"a.gate": ("cx", "cz"), "a.pairs": ("ring",)}),
    (Layer("a", "zz_feature_map"), {"a.pairs": ("linear", "ring")}),
    (Layer("a", "pauli_feature_map"), {"a.pairs": ("linear", "ring")}),
    (Layer("a", "iqp"), {"a.pair_scale": (0.1, 1.0), "a.pairs": ("full",)}),
]


@pytest.mark.parametrize(("layer", "space"), ENTANGLED)
def test_tuning_never_brings_entanglers_back(
    layer: Layer, space: dict[str, tuple[object, ...]]
) -> None:
    asked = Tuning(50, 2, {**space, "C": (1.0, 10.0)})
    candidate = replace(small.kernel(small.ANGLE, layer), tuning=asked)
    ablation, _ = derived_arms(candidate, ["quantum_contribution"])
    tried = configurations(ablation)
    assert tried == [{"C": 1.0}, {"C": 10.0}]
    for chosen in tried:
        kernel = configured(ablation, chosen).quantum_kernel
        assert kernel is not None
        assert separable(kernel.layers) == kernel.layers


def test_a_value_that_stands_twice_is_tried_once() -> None:
    assert configurations(_svc(9, C=(1.0, 1.0, 2.0, 1))) == [{"C": 1.0}, {"C": 2.0}]


def test_of_configurations_equal_but_for_the_last_bits_the_first_is_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same shares in another order of the folds have a mean that differs in the last bit."""
    right = {1.0: [3, 2, 1, 0, 0], 2.0: [1, 2, 3, 0, 0]}
    means: dict[float, list[float]] = {1.0: [], 2.0: []}

    def outcome(spec: ArmSpec, workshop: Workshop) -> Outcome:
        assert spec.estimator is not None
        cost, truth = spec.estimator.params["C"], workshop.split.validate_on[1]
        known = np.arange(len(truth)) < right[cost].pop(0)
        means[cost].append(float(known.mean()))
        return Outcome(tuple(np.where(known, truth, 1 - truth).tolist()), None)

    monkeypatch.setattr(tuning, "_outcome", outcome)
    spec = replace(_svc(), tuning=Tuning(2, 5, {"C": (1.0, 2.0)}))
    found = tune(spec, small.workshop(small.small_split()))
    assert np.mean(means[2.0]) > np.mean(means[1.0])
    assert np.mean(means[2.0]) == pytest.approx(np.mean(means[1.0]))
    assert found.record["chosen"] == {"C": 1.0}


def test_a_key_that_training_does_not_have_and_a_value_of_the_wrong_kind_are_told() -> None:
    spec = ArmSpec(
        "candidate", "v", variational=Variational((small.ANGLE,), 1, training=Training(steps=1))
    )
    with pytest.raises(TermError, match=r"training\.pace"):
        tune(
            replace(spec, tuning=Tuning(2, 2, {"training.pace": (1,)})),
            small.workshop(small.small_split()),
        )
    with pytest.raises(ExecutionError, match="no configuration could be tuned"):
        tune(
            replace(spec, tuning=Tuning(2, 2, {"bandwidth": ("wide",)})),
            small.workshop(small.small_split()),
        )


def test_a_configuration_that_does_not_converge_is_scored_without_a_word(
    recwarn: pytest.WarningsRecorder,
) -> None:
    spec = ArmSpec(
        "baseline", "b",
        estimator=Step("sklearn.neural_network.MLPClassifier", {"max_iter": 1}),
        tuning=Tuning(2, 2, {"alpha": (0.1, 1.0)}),
    )  # fmt: skip
    assert tune(spec, small.workshop(small.small_split())).record["configurations"] == 2
    assert not [warning for warning in recwarn if "onverge" in str(warning.message)]
