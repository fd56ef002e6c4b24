"""Making probabilities mean what they say, with the labels that have come.

Expected KPIs are only as good as the probabilities. Where there are labels, the logarithms of the
probabilities are scaled by one slope and shifted by one intercept per class, fitted by maximum
likelihood: for two classes Platt scaling on the logit (Platt 1999; Cox 1958), for more
bias-corrected temperature scaling (Alexandari, Kundaje, Shrikumar 2020). A penalty worth one record
pulls towards no change, so that a perfect separation stays finite.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crispml_core.monitoring.masses import one_hot

MIN_LABELS = 200
MIN_OF_CLASS = 20
FOLDS = 5
MOST_FITTED = 50_000
"""More labels would make the fit slower and the answer no better."""

_TINY = 1e-6
_PENALTY = 1.0
_STEPS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Recalibration:
    """Probabilities that the labels have corrected, or the stored ones.

    Parameters
    ----------
    Q : ndarray of shape (k, n)
        Probabilities by class. Those of a labelled record come from a fit that has not seen its
        label.
    fitted : ndarray of shape (m,)
        Positions of the labelled records that the parameters come from.
    influence : ndarray of shape (k, m)
        What each of them adds to the error of each parameter; zero when `reason` is given.
    parameters : ndarray of shape (k,)
        The slope and, for each class but the first, its intercept.
    reason : str
        Why the stored probabilities are kept; empty when they are not.
    """

    Q: np.ndarray
    fitted: np.ndarray
    influence: np.ndarray
    parameters: np.ndarray
    reason: str = ""


def recalibrate(
    P: np.ndarray, y: np.ndarray, labelled: np.ndarray, *, cross_fit: bool = True
) -> Recalibration:
    """Return probabilities for all records, corrected by the labels of some.

    Parameters
    ----------
    P : ndarray of shape (k, n)
        The stored probabilities. The folds follow the order of the records, so the caller orders
        them by content.
    y : ndarray of shape (n,)
        Class codes; read only where `labelled`.
    labelled : ndarray of bool, shape (n,)
        Which records have a label.
    cross_fit : bool
        False where the labelled records are not asked for: their answers have then seen their own
        labels, and five sixths of the work are saved.
    """
    rows = np.flatnonzero(labelled)
    fitted = thinned(rows)
    reason = _too_few(np.bincount(y[rows].astype(np.int64), minlength=len(P)))
    if reason:
        still = np.zeros((len(P), len(fitted)))
        return Recalibration(P, fitted, still, _identity(len(P)), reason)
    X = logs(P)
    theta = fit(X[:, fitted], y[fitted])
    Q = answer(X, theta)
    # Every fifth labelled record, so that each fold is spread over all scores.
    fold = np.full(P.shape[1], -1)
    fold[rows] = np.arange(len(rows)) % FOLDS
    for number in range(FOLDS if cross_fit else 0):
        asked, seen = np.flatnonzero(fold == number), fitted[fold[fitted] != number]
        Q[:, asked] = answer(X[:, asked], fit(X[:, seen], y[seen]))
    return Recalibration(Q, fitted, influence(X[:, fitted], y[fitted], theta), theta)


def thinned(rows: np.ndarray, most: int = MOST_FITTED) -> np.ndarray:
    """Return at most so many of the positions, evenly spread."""
    return rows[:: max(1, -(-len(rows) // most))]


def logs(P: np.ndarray) -> np.ndarray:
    """Return logarithms of probabilities, kept finite."""
    return np.asarray(np.log(np.clip(P, _TINY, 1.0)))


def answer(X: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return the probabilities, shape (k, n), that parameters make of logarithms."""
    eta = _linear(X, theta)
    eta -= eta.max(axis=0)
    np.exp(eta, out=eta)
    eta /= eta.sum(axis=0)
    return eta


def fit(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the parameters of greatest penalised likelihood, by Newton's method.

    The likelihood is concave in them; a step that would make it smaller is halved.
    """
    Y = one_hot(y, len(X))
    theta = _identity(len(X))
    value = _objective(X, Y, theta)
    for _ in range(_STEPS):
        scores, information = _derivatives(X, Y, theta)
        step = np.linalg.solve(information, scores.sum(axis=1) - _pull(theta))
        if np.abs(step).max() < 1e-10:
            break
        for _ in range(_STEPS):
            found = _objective(X, Y, theta + step)
            if found >= value - 1e-9 * abs(value):
                break
            step = step / 2
        theta, value = theta + step, found
    return theta


def influence(X: np.ndarray, y: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return what each record adds to the error of each parameter, shape (k, n).

    The sum of its outer products is the sandwich variance of the fit (Huber 1967).
    """
    scores, information = _derivatives(X, one_hot(y, len(X)), theta)
    inverse = np.linalg.inv(information)
    # Row by row: the last bits of a matrix product depend on the number of threads.
    return np.stack([(row[:, None] * scores).sum(axis=0) for row in inverse])


def gradients(P: np.ndarray, Q: np.ndarray) -> list[np.ndarray]:
    """Return the derivative of recalibrated probabilities by each parameter, each (k, n)."""
    X = logs(P)
    by_slope = Q * (X - (Q * X).sum(axis=0))
    codes = np.arange(len(Q))[:, None]
    return [by_slope, *(Q * ((codes == c) - Q[c]) for c in range(1, len(Q)))]


def _linear(X: np.ndarray, theta: np.ndarray) -> np.ndarray:
    return np.asarray(theta[0] * X + np.append(0.0, theta[1:])[:, None])


def _derivatives(X: np.ndarray, Y: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the score of each record, shape (k, n), and the penalised information (k, k)."""
    Q = answer(X, theta)
    rest = Y - Q
    scores = np.vstack(((rest * X).sum(axis=0), rest[1:]))
    mean = (Q * X).sum(axis=0)
    information = np.eye(len(X)) * _PENALTY
    information[0, 0] += float((Q * X**2).sum() - (mean**2).sum())
    for c in range(1, len(X)):
        cross = float((Q[c] * (X[c] - mean)).sum())
        information[0, c] += cross
        information[c, 0] += cross
        for other in range(1, len(X)):
            same = Q[c] if c == other else 0.0
            information[c, other] += float((same - Q[c] * Q[other]).sum())
    return scores, information


def _objective(X: np.ndarray, Y: np.ndarray, theta: np.ndarray) -> float:
    eta = _linear(X, theta)
    top = eta.max(axis=0)
    normal = np.log(np.exp(eta - top).sum(axis=0)) + top
    away = theta - _identity(len(theta))
    return float(((Y * eta).sum(axis=0) - normal).sum()) - _PENALTY / 2 * float((away**2).sum())


def _pull(theta: np.ndarray) -> np.ndarray:
    return np.asarray(_PENALTY * (theta - _identity(len(theta))))


def _identity(k: int) -> np.ndarray:
    """Return the parameters that change nothing."""
    return np.append(1.0, np.zeros(k - 1))


def _too_few(counts: np.ndarray) -> str:
    if counts.sum() < MIN_LABELS:
        return f"fewer than {MIN_LABELS} labels, so the probabilities are taken as they were stored"
    if counts.min() < MIN_OF_CLASS:
        return (
            f"a class has fewer than {MIN_OF_CLASS} labels, so the probabilities are taken as they"
            " were stored"
        )
    return ""
