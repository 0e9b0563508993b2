"""The commented charter that `qgate init` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass

MOST_QUBITS = 8
_MOST_LEFT_OUT = 20
"""Columns that a comment names: a wide table would fill pages."""
_MARGIN, _PENALTY, _TUBE = 0.05, 1.0, 0.1
"""Of the target's standard deviation: the gap that is agreed, and SVR's C and epsilon."""


@dataclass(frozen=True)
class Answers:
    """What only the user and the data know; paths are relative to the charter's folder."""

    name: str
    owner: str
    data: str
    target: str
    features: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    """Columns that are no features, each with the reason."""
    qubits: int
    spread: float | None
    """Standard deviation of a target of numbers, in its unit; None where it holds classes."""
    lockfile: str | None


def charter_text(answers: Answers) -> str:
    """Return a charter that validates and says what each part is for."""
    name, owner = quoted(answers.name), quoted(answers.owner)
    return f"""\
# The terms on which this pilot may take production traffic. Reviewed like code.
version: 1

pilot:
  name: {name}
  owner: {owner}
  success_metrics:                  # short form of gates; `qgate metrics` lists them all
    - name: latency_p95_ms
      max: 120                      # milliseconds
    - name: latency_p99_ms
      max: 200

data:
  path: {quoted(answers.data)}
  target: {quoted(answers.target)}
{_task(answers)}{_features(answers)}
{_arms(answers)}
schedule:
  seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  shots: [4096]                     # or `exact`
  replicates: 2

gates:                              # long form: metric, threshold, owner, remediation
  - name: parity
{_threshold(answers)}
    owner: {owner}
    remediation:
      - {"disable: entangle" if answers.qubits > 1 else "set_shots: 16384"}
      - rerun: parity

# 20 s: p99 needs some 300 independent requests, and those of a session are alike. Lower the rate
# where an answer takes longer than 5 ms.
latency: {{requests: 2000, sessions: 100, rate_per_s: 200}}
{_environment(answers)}

rollback:
  traffic: blue_green_to_classical_v1
  approver: {owner}
"""


def quoted(text: str) -> str:
    """Return text as a scalar in double quotes, which YAML reads as JSON does."""
    return json.dumps(text, ensure_ascii=False)


def _task(answers: Answers) -> str:
    if answers.spread is None:
        return """\
  validation: {fraction: 0.5, seed: 1}   # stratified; `qgate lock` fixes the rows
"""
    return """\
  task: regression                  # the target holds numbers; for classes: --task classification
  validation: {fraction: 0.5, seed: 1}   # `qgate lock` fixes the rows
"""


def _features(answers: Answers) -> str:
    """Return the features, where not every column is one, and why the others are none."""
    if not answers.left_out:
        return ""
    names = ", ".join(map(quoted, answers.features))
    shown = answers.left_out[:_MOST_LEFT_OUT]
    reasons = [f"  #   {quoted(name)}: {reason}\n" for name, reason in shown]
    if more := len(answers.left_out) - len(shown):
        reasons.append(f"  #   and {more} more\n")
    return f"""\
  features: [{names}]
  # Left out; to use one, add its name above (first encode text, and fill gaps):
{"".join(reasons)}"""


def _arms(answers: Answers) -> str:
    if answers.spread is None:
        estimator, params = "sklearn.svm.SVC", "C: 10.0"
        note = ""
    else:
        penalty, tube = _rounded(_PENALTY * answers.spread), _rounded(_TUBE * answers.spread)
        estimator, params = "sklearn.svm.SVR", f"C: {penalty}, epsilon: {tube}"
        note = f"   # {_PENALTY:g} and {_TUBE:g} standard deviations of the target"
    entangle = """
      - {name: entangle, kind: zz, pairs: ring, scale: 0.02}"""
    return f"""\
baseline:                           # the classical service that must not be worsened
  id: classical_v1
  preprocess: [sklearn.preprocessing.StandardScaler]
  estimator: {estimator}
  params: {{{params}, gamma: scale}}{note}

candidate:
  id: quantum_v1
  preprocess:                       # fitted on training rows only; one qubit a component
    - sklearn.preprocessing.StandardScaler
    - sklearn.decomposition.PCA: {{n_components: {answers.qubits}}}
  quantum_kernel:
    layers:                         # named, so that a remediation can disable one
      - {{name: encode, kind: angle, gate: ry, scale: 0.2}}{entangle if answers.qubits > 1 else ""}
    estimator: {estimator}
    params: {{{params}}}
"""


def _threshold(answers: Answers) -> str:
    if answers.spread is None:
        return """\
    metric: val_accuracy_gap_vs_classical
    max: 0.05                       # at most 5 points worse, shown with 95% confidence"""
    margin = str(_rounded(_MARGIN * answers.spread))
    return f"""\
    metric: val_rmse_gap_vs_classical
    max: {margin:<26} # in the target's unit: {_MARGIN:g} standard deviations; agree on it"""


def _environment(answers: Answers) -> str:
    if answers.lockfile:
        return f"environment: {{lockfile: {quoted(answers.lockfile)}}}"
    return "# environment: {lockfile: ../requirements.lock}   # pin what you install"


def _rounded(value: float) -> float:
    """Return a number with two significant digits."""
    return float(f"{value:.2g}")
