"""What arms share: outcomes, errors that travel."""

from __future__ import annotations

import pickle

from qgate.arms.arm import Outcome, TrialError
from qgate.errors import ExitCode


def test_a_trial_error_travels_between_processes() -> None:
    error = pickle.loads(pickle.dumps(TrialError("kind", "what happened")))  # noqa: S301  # ours
    assert isinstance(error, TrialError)
    assert (error.kind, str(error)) == ("kind", "what happened")


def test_a_trial_error_is_no_bug_of_ours() -> None:
    assert TrialError("kind", "message").exit_code == ExitCode.COULD_NOT_RUN


def test_an_outcomes_digest_is_of_predictions_and_scores_only() -> None:
    outcome = Outcome((0, 1), (0.5, 1.0))
    assert outcome.digest == Outcome((0, 1), (0.5, 1.0), 7, 8).digest
    assert outcome.digest != Outcome((0, 0), (0.5, 1.0)).digest
    assert outcome.digest != Outcome((0, 1), (0.5, 1.1)).digest
    assert outcome.digest != Outcome((0, 1), None).digest
