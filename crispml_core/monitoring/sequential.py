"""Is the challenger better than the champion? A test that may be looked at after every record.

The gain of a record is the loss of the champion less that of the challenger, a number in [-b, b].
Somebody who believes that the mean gain is at most m bets against us: before each record we stake a
share of our capital, chosen from the records before it, on a gain above m,

    capital_n(m) = product over i <= n of (1 + stake_i * (gain_i - m)).

If the mean gain is at most m, whatever was seen before, the capital is a nonnegative
supermartingale that begins with 1. By Ville's inequality it ever reaches 1/alpha with probability
at most alpha, so one may look as often as one likes, stop at any time, and go on. Hence

- **promote** when the capital against "the mean gain is at most 0" has reached 1/alpha;
- **keep** when the capital against "the mean gain is at least the minimum effect", staked the other
  way, has reached 1/beta;
- the means m against which the capital is below 1/alpha (below 1/beta) are a lower (an upper)
  confidence sequence: it covers the mean gain at all times at once.

The stake is the one of a challenger that is better by exactly the minimum effect e: e / (v + e^2)
with the variance v of the gains so far maximises the expected growth of the capital in the second
order (Kelly 1956). It takes about 2 v log(1/alpha) / e^2 records to win then, which is the
asymptotic sample size of Wald's sequential test.

Sources: Ville 1939; Waudby-Smith and Ramdas 2024, Estimating means of bounded random variables by
betting, section 4 and appendix B; Howard, Ramdas, McAuliffe and Sekhon 2021, Time-uniform,
nonparametric, nonasymptotic confidence sequences, section 4.2 for shares that are known.

What it assumes: the mean gain given the past is on one side of the border. Labels that come sooner
for one outcome than for the other can break that while they are few.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

PROMOTE, KEEP, WAIT = "promote", "keep", "wait"
_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialResult:
    """What the gains say so far.

    Parameters
    ----------
    decision : str
        ``promote``, ``keep`` or ``wait``; the first that was reached stands.
    decided_at : int or None
        After how many records it was reached.
    n : int
        How many records there are.
    gain : float or None
        The mean gain per record; None without records.
    low, high : float
        Its confidence sequence after all records: below `low` with probability at most alpha,
        above `high` with probability at most beta, at all times at once.
    evidence, counter_evidence : float
        The logarithm of the capital against "not better" and against "better by the minimum
        effect", divided by the logarithm of what decides: from 1 on it is decided.
    """

    decision: str
    decided_at: int | None
    n: int
    gain: float | None
    low: float
    high: float
    evidence: float
    counter_evidence: float


def sequential_test(
    gains: np.ndarray,
    *,
    bound: float,
    min_effect: float,
    alpha: float,
    beta: float,
    min_labels: int = 1,
) -> SequentialResult:
    """Test gains in the order in which they became known.

    Parameters
    ----------
    gains : ndarray of shape (n,)
        Each in [-bound, bound].
    bound : float
        What a gain can be at most.
    min_effect : float
        The mean gain that is worth a promotion, above 0 and at most `bound`.
    alpha, beta : float
        Largest probability to promote a challenger that is not better, and to keep the champion
        although the challenger is better by `min_effect`.
    min_labels : int
        Nothing is decided on fewer records.

    Raises
    ------
    ValueError
        If a gain is not a number within the bound, or the minimum effect is not.
    """
    gains = np.asarray(gains, float)
    if not 0.0 < min_effect <= bound:
        raise ValueError("min_effect must be above 0 and at most the bound")
    if len(gains) and not np.abs(gains).max() <= bound * (1.0 + 1e-12):
        raise ValueError("a gain is beyond the bound")
    stakes = _stakes(gains, bound, min_effect)
    for_it = np.cumsum(np.log1p(stakes * gains)) / log(1.0 / alpha)
    against = np.cumsum(np.log1p(stakes * (min_effect - gains))) / log(1.0 / beta)
    decision, decided_at = _first(for_it, against, min_labels)
    return SequentialResult(
        decision=decision,
        decided_at=decided_at,
        n=len(gains),
        gain=float(gains.mean()) if len(gains) else None,
        low=_low(gains, stakes, bound, log(1.0 / alpha)),
        high=-_low(-gains, stakes, bound, log(1.0 / beta)),
        evidence=float(for_it[-1]) if len(gains) else 0.0,
        counter_evidence=float(against[-1]) if len(gains) else 0.0,
    )


def split_gains(
    losses: np.ndarray, is_challenger: np.ndarray, shares: np.ndarray, largest_loss: float
) -> tuple[np.ndarray, float]:
    """Return what each record of a split says about the gain, though one version answered it.

    With the share p of the challenger, and the mean losses a and b of the champion and the
    challenger before the record, a record of the champion says ``a - b + (loss - a) / (1 - p)`` and
    one of the challenger ``a - b - (loss - b) / p``. Its mean over the split is the gain, whatever
    a and b are, because they are known before (augmented inverse probability weighting; the shares
    are known, not estimated).

    Parameters
    ----------
    losses : ndarray of shape (n,)
        Each in [0, largest_loss].
    is_challenger : ndarray of bool, shape (n,)
        Who answered.
    shares : ndarray of shape (n,)
        The share of the challenger when the record was answered, above 0 and below 1.

    Returns
    -------
    gains : ndarray of shape (n,)
    bound : float
        What they can be at most.
    """
    of_champion = _mean_before(losses, ~is_challenger)
    of_challenger = _mean_before(losses, is_challenger)
    means = np.where(is_challenger, of_challenger, of_champion)
    weights = np.where(is_challenger, -1.0 / shares, 1.0 / (1.0 - shares))
    gains = of_champion - of_challenger + (losses - means) * weights
    rarest = min(float(shares.min()), float(1.0 - shares.max())) if len(shares) else 1.0
    return gains, largest_loss * (1.0 + 1.0 / rarest)


def _stakes(gains: np.ndarray, bound: float, min_effect: float) -> np.ndarray:
    """Return the share of the capital at stake on each record, from those before it.

    At most half of what could lose everything against any mean within the bound.
    """
    before = np.arange(len(gains))
    sums = np.concatenate(([0.0], np.cumsum(gains)))[:-1]
    squares = np.concatenate(([0.0], np.cumsum(gains**2)))[:-1]
    means = sums / np.maximum(before, 1)
    spread = np.maximum(squares - before * means**2, 0.0)
    # As if one gain had been as far from the mean as it can: so that the first are staked low.
    variance = (bound**2 + spread) / (before + 1)
    most = 0.5 / (bound + min_effect)
    return np.minimum(min_effect / (variance + min_effect**2), most)


def _first(for_it: np.ndarray, against: np.ndarray, min_labels: int) -> tuple[str, int | None]:
    """Return what was decided first, and after how many records; of two at once `KEEP`."""
    reached = {KEEP: against >= 1.0, PROMOTE: for_it >= 1.0}
    found = [
        (int(np.argmax(where[min_labels - 1 :])) + min_labels, name)
        for name, where in reached.items()
        if where[min_labels - 1 :].any()
    ]
    if not found:
        return WAIT, None
    at, name = min(found)
    return name, at


def _low(gains: np.ndarray, stakes: np.ndarray, bound: float, needed: float) -> float:
    """Return the largest mean that the capital refutes; it falls as the mean grows."""

    def capital(mean: float) -> float:
        return float(np.log1p(stakes * (gains - mean)).sum())

    low, high = -bound, bound
    if capital(low) < needed:
        return low
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if capital(middle) >= needed else (low, middle)
    return low


def _mean_before(values: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Return for each record the mean of those before it that count; 0 before the first."""
    counts = np.cumsum(which) - which
    sums = np.cumsum(np.where(which, values, 0.0)) - np.where(which, values, 0.0)
    return np.asarray(sums / np.maximum(counts, 1))
