"""The commented charter that `qgate init` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass

_MOST_QUBITS = 8


@dataclass(frozen=True)
class Answers:
    """What only the user knows; paths are relative to the charter's folder."""

    name: str
    owner: str
    data: str
    target: str
    features: tuple[str, ...]
    """Numeric columns besides the target."""
    all_features: tuple[str, ...]
    lockfile: str | None


def charter_text(answers: Answers) -> str:
    """Return a charter that validates and says what each part is for."""
    quoted = {key: json.dumps(value, ensure_ascii=False) for key, value in vars(answers).items()}
    components = min(_MOST_QUBITS, len(answers.features))
    features = ""
    if answers.features != answers.all_features:
        features = f"  features: {quoted['features']}  # the numeric columns\n"
    environment = (
        f"environment: {{lockfile: {quoted['lockfile']}}}"
        if answers.lockfile
        else "# environment: {lockfile: ../requirements.lock}   # pin what you install"
    )
    return f"""\
# The terms on which this pilot may take production traffic. Reviewed like code.
version: 1

pilot:
  name: {quoted["name"]}
  owner: {quoted["owner"]}
  success_metrics:                  # short form of gates; `qgate metrics` lists them all
    - name: latency_p95_ms
      max: 120                      # milliseconds
    - name: latency_p99_ms
      max: 200

data:
  path: {quoted["data"]}
  target: {quoted["target"]}
{features}  validation: {{fraction: 0.5, seed: 1}}   # stratified; `qgate lock` fixes the rows

baseline:                           # the classical service that must not be worsened
  id: classical_v1
  preprocess: [sklearn.preprocessing.StandardScaler]
  estimator: sklearn.svm.SVC
  params: {{C: 10.0, gamma: scale}}

candidate:
  id: quantum_v1
  preprocess:                       # fitted on training rows only; one qubit a component
    - sklearn.preprocessing.StandardScaler
    - sklearn.decomposition.PCA: {{n_components: {components}}}
  quantum_kernel:
    layers:                         # named, so that a remediation can disable one
      - {{name: encode, kind: angle, gate: ry, scale: 0.2}}
    estimator: sklearn.svm.SVC
    params: {{C: 10.0}}

schedule:
  seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  shots: [4096]                     # or `exact`
  replicates: 2

gates:                              # long form: metric, threshold, owner, remediation
  - name: parity
    metric: val_accuracy_gap_vs_classical
    max: 0.05                       # at most 5 points worse, shown with 95% confidence
    owner: {quoted["owner"]}
    remediation:
      - set_shots: 16384
      - rerun: parity

{environment}

rollback:
  traffic: blue_green_to_classical_v1
  approver: {quoted["owner"]}
"""
