"""What arms share: outcomes, errors that travel."""

from __future__ import annotations

import pickle

import numpy as np

from qgate.arms.arm import Outcome, TrialError, fingerprint, generator
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


def test_draws_have_a_fingerprint_of_their_own_where_they_are_many() -> None:
    chances = np.full((10, 10), 0.5)
    streams = [generator("candidate", seed, 64, 0, "training") for seed in (1, 1, 2)]
    found = [fingerprint(stream.binomial(64, chances) / 64) for stream in streams]
    assert found[0] == found[1] != found[2]
    assert fingerprint(chances[:6]) is None
    assert fingerprint(np.eye(100)) is None
