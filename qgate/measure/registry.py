"""Every metric, as a table; a family's code is imported when one of its metrics is measured."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from qgate.charter.vocabulary import MetricTerms
from qgate.errors import UsageError

if TYPE_CHECKING:
    from qgate.charter.charter import Gate
    from qgate.evidence.evidence import Evidence
    from qgate.lock.lock import Lock
    from qgate.measure.measurement import Forecast, Measurement
    from qgate.plan.plan import Plan


class Family(Protocol):
    """A module that measures some metrics and knows their power."""

    def measure(self, evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
        """Return the measurement that a gate asks for.

        What would decide an open gate takes most of the time: without `advise` it is left out.
        """
        ...

    def forecast(
        self, plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None
    ) -> Forecast:
        """Return whether the gate can be decided by the plan's trials, as past evidence varied."""
        ...


_GAPS = {
    "accuracy": ("share of validation items predicted right", "Tango 1998; Gallas et al. 2009"),
    "balanced_accuracy": ("mean of the per-class recalls", "Brodersen et al. 2010"),
    "f1": ("F1 of the positive class, mean over classes if several", "van Rijsbergen 1979"),
    "roc_auc": ("area under the ROC curve, from scores", "DeLong et al. 1988"),
}
_ERRORS = {
    "rmse": ("root mean squared error", "infinitesimal jackknife (Jaeckel 1972)"),
    "mae": ("mean absolute error", "mean over items"),
}
_LATENCY = "milliseconds from the intended send to the answer, open loop, one queue an arm"
_LARGE = 1e12
_GAP = "_gap_vs_classical"

_SNAPSHOTS = frozenset({"circuit", "snapshots"})
_CIRCUIT = frozenset({"circuit"})
_HEALTH = (
    MetricTerms(
        "state_fidelity", "proportion", "higher",
        "fidelity of a training row's state behind the device's noise with the ideal one, "
        "mean over rows (modelled)",
        "Jozsa 1994", 0, 1, _CIRCUIT,
    ),
    MetricTerms(
        "purity", "proportion", "higher",
        "purity of a training row's state behind the device's noise, mean over rows "
        "(modelled)",
        "Nielsen and Chuang 2010, 2.4", 0, 1, _CIRCUIT,
    ),
    MetricTerms(
        "l1_coherence", "number", "higher",
        "l1 norm of coherence of a training row's state, mean over rows",
        "Baumgratz, Cramer and Plenio 2014", 0, _LARGE, _CIRCUIT,
    ),
    MetricTerms(
        "meyer_wallach", "proportion", "higher",
        "global entanglement Q of a training row's state without noise, mean over rows",
        "Meyer and Wallach 2002; Brennen 2003", 0, 1, _CIRCUIT,
    ),
    MetricTerms(
        "concurrence", "proportion", "higher",
        "concurrence of the strongest pair of qubits of each training row's state, mean over "
        "rows",
        "Wootters 1998", 0, 1, _CIRCUIT,
    ),
    MetricTerms(
        "negativity", "proportion", "higher",
        "negativity of the strongest pair of qubits of each training row's state, mean over "
        "rows",
        "Vidal and Werner 2002", 0, 0.5, _CIRCUIT,
    ),
    MetricTerms(
        "decoherence", "proportion", "lower",
        "modelled: 1 - exp(-t / min(T1, T2)) of the worst qubit, t being the time of its own "
        "gates",
        "Nielsen and Chuang 2010, 8.3.5", 0, 1, _CIRCUIT,
    ),
    MetricTerms(
        "success_probability", "proportion", "higher",
        "modelled: chance that no gate and no readout of the circuit errs",
        "Nishio et al. 2020", 0, 1, _CIRCUIT,
    ),
    MetricTerms(
        "kernel_variance", "number", "higher",
        "variance of the exact kernel over pairs of training rows, which vanishes where the "
        "kernel concentrates",
        "Thanasilp et al. 2024", 0, 1, _CIRCUIT,
    ),
    MetricTerms(
        "geometric_difference", "number", "higher",
        "g(RBF || kernel), the root of the norm of sqrt(K) (K_RBF + 0.01)^-1 sqrt(K) on training "
        "rows: near 1 the classical kernel learns as much",
        "Huang et al. 2021", 0, _LARGE, _CIRCUIT,
    ),
    MetricTerms(
        "kernel_alignment", "proportion", "lower",
        "centred alignment of the exact kernel with an RBF kernel of the same training rows",
        "Cortes, Mohri and Rostamizadeh 2012", -1, 1, _CIRCUIT,
    ),
    MetricTerms(
        "gradient_variance", "number", "higher",
        "variance of the loss's gradient over random starting weights, which vanishes on a "
        "barren plateau",
        "McClean et al. 2018", 0, _LARGE, _CIRCUIT,
    ),
)  # fmt: skip


def _of_classes() -> Iterator[MetricTerms]:
    for name, (meaning, source) in _GAPS.items():
        needs = frozenset({"scores"}) if name == "roc_auc" else frozenset[str]()
        for metric, better, text, low in (
            (f"val_{name}_gap_vs_classical", "lower", f"baseline minus candidate: {meaning}", -1),
            (f"val_{name}", "higher", meaning, 0),
        ):
            yield MetricTerms(
                metric, "proportion", better, text, source, low, 1, needs, "classification", True
            )


def _of_numbers() -> Iterator[MetricTerms]:
    for name, (meaning, source) in _ERRORS.items():
        for metric, text, low in (
            (f"val_{name}_gap_vs_classical", f"candidate minus baseline: {meaning}", -_LARGE),
            (f"val_{name}", meaning, 0.0),
        ):
            yield MetricTerms(
                metric, "target units", "lower", text, source, low, _LARGE, frozenset(),
                "regression", True,
            )  # fmt: skip


def _of_solutions() -> Iterator[MetricTerms]:
    share = "value of the solution over the best value known, mean over problems"
    source = "Johnson 1974; Farhi et al. 2014"
    for metric, better, text, high in (
        (f"val_approximation_ratio{_GAP}", "lower", f"baseline minus candidate: {share}", _LARGE),
        ("val_approximation_ratio", "higher", share, 1.0),
    ):
        yield MetricTerms(
            metric, "proportion", better, text, source, -_LARGE, high, frozenset(),
            "optimization", True,
        )  # fmt: skip
    yield MetricTerms(
        "optimum_reached", "proportion", "higher",
        "share of problems, over seeds, whose solution has the best value known",
        "Clopper and Pearson 1934", 0, 1, frozenset(), "optimization", True,
    )  # fmt: skip


_OTHERS: dict[str, tuple[MetricTerms, ...]] = {
    "latency": (
        *(
            MetricTerms(
                f"latency_p{percent}_ms", "ms", "lower", f"{percent}% quantile of {_LATENCY}",
                "Conover 1999, order statistics", 1e-3, _LARGE, frozenset({"latency"}),
            )
            for percent in (50, 95, 99)
        ),
        MetricTerms(
            "latency_p95_ratio_vs_classical", "ratio", "lower",
            "95% latency quantile of the candidate over that of the baseline",
            "Conover 1999, order statistics of both arms", 1e-3, _LARGE,
            frozenset({"latency", "baseline"}),
        ),
    ),
    "reproducibility": (
        MetricTerms(
            "reproducibility", "mismatches", "exact",
            "inputs that differ from the lock, and replays in a new process that differ",
            "exact comparison of digests", 0, 0,
            frozenset({"lock"}),
        ),
    ),
    "baseline_drift": (
        MetricTerms(
            "baseline_drift", "mismatches", "exact",
            "1 if the baseline's predictions differ from the locked ones, else 0",
            "exact comparison of digests", 0, 0,
            frozenset({"lock"}),
        ),
    ),
    "residency": (
        MetricTerms(
            "residency", "mismatches", "exact",
            "arms that are run in a region where the data may not be processed",
            "exact comparison of declared regions", 0, 0,
        ),
    ),
    "comparison": (
        MetricTerms(
            "comparison", "mismatches", "exact",
            "rules of an honest comparison that were not kept: equal tuning, a strong baseline, "
            "several seeds, no leakage, ablations, finite shots",
            "Bowles, Ahmed and Schuld 2024", 0, 0,
        ),
    ),
    "contribution": (
        MetricTerms(
            "quantum_contribution", "proportion", "higher",
            "the candidate's accuracy, or approximation ratio, minus that of its strongest "
            "ablation: without entanglement, or a classical surrogate of its circuit",
            "Berger 1982; Landman et al. 2022; Bowles et al. 2024", -1, 1, difference=True,
        ),
        MetricTerms(
            "label_leak", "proportion", "lower",
            "balanced accuracy of the candidate trained on permuted labels, minus that of "
            "chance: 1 over the number of classes",
            "Ojala and Garriga 2010; Brodersen et al. 2010", -1, 1, task="classification",
            difference=True,
        ),
    ),
    "drift": (
        MetricTerms(
            "calibration_drift", "ratio", "lower",
            "largest mean factor by which a property of the used qubits changed since the locked "
            "snapshot, whichever way",
            "Schuirmann 1987; Yuen 1974; Holm 1979", 1, _LARGE, _SNAPSHOTS,
        ),
    ),
    "drift_effect": (
        MetricTerms(
            "calibration_drift_effect", "proportion", "lower",
            "the candidate's accuracy under the locked snapshot minus that under the current one",
            "Tango 1998; Gallas et al. 2009", -1, 1, _SNAPSHOTS, "classification", True, True,
        ),
    ),
    "shots": (
        MetricTerms(
            "shot_noise_sd", "proportion", "lower",
            "standard deviation of validation accuracy over replicates, within seeds",
            "Hald 1952, chi-square bounds", 0, 1, frozenset({"replicates"}),
            "classification", True,
        ),
    ),
    "cost": (
        MetricTerms(
            "cost_per_1k_usd", "USD", "lower",
            "modelled: price list times the circuits and shots of 1,000 predictions",
            "the charter's price list", 0, _LARGE, frozenset({"prices"}),
        ),
        MetricTerms(
            "cost_total_usd", "USD", "lower",
            "modelled: price list times all circuits and shots of the run",
            "the charter's price list", 0, _LARGE, frozenset({"prices"}),
        ),
    ),
}  # fmt: skip
_BY_FAMILY = {
    "parity": (*_of_classes(), *_of_numbers(), *_of_solutions()),
    "health": _HEALTH,
    **_OTHERS,
}
_FAMILIES = {terms.name: family for family, table in _BY_FAMILY.items() for terms in table}
METRICS = {terms.name: terms for table in _BY_FAMILY.values() for terms in table}


def family(metric: str) -> Family:
    """Return the module that measures a metric.

    Raises:
        UsageError: When there is no such metric, as in evidence of a later version.

    """
    if metric not in _FAMILIES:
        raise UsageError(f"unknown metric {metric!r}: `qgate metrics` lists those of this version")
    module: Family = importlib.import_module(f"qgate.measure.{_FAMILIES[metric]}")
    return module
